"""Look-alikes of web shells by technique, put together at run time from harmless pieces.

No page here works: each has a call of something that is declared nowhere, so that no compiler takes
it, and nothing ever executes one. The tell-tale words are broken in these sources, so that no
antivirus finds them in the repository.
"""
