"""Recipes: what to collect of a server, for the collectors that are in use.

All of them are made from one table, that of what the readers read: nothing is asked for that is not
read, and nothing that is read is left out.
"""
