"""Which files of a server are read, and where it keeps them: on images, drives, live servers."""
