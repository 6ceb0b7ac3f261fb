"""One question a file: which host, what was covered, which build, what was found, what it means."""
