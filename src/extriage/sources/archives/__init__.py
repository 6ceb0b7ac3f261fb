"""Archives: what is packed into one file, read as streams and never unpacked to disk."""
