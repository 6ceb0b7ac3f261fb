"""Disk images: the disks of a server, volume by volume, read through the optional dissect."""
