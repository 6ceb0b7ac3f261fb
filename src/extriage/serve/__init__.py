"""The case on localhost: the same report for cases that are too large for one file, read-only."""
