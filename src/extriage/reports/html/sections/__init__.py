"""The sections of the page, a question each: what a template shows of a case, and how much of it.

A module turns a server into frozen rows of words, times and links; it makes no markup. Ids of the
page come from positions in the case, never from texts of the evidence.
"""
