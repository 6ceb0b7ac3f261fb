"""The page: everything that is said of a case, in one file that needs nothing else.

It is opened from disk on machines without a network, often on the wounded server itself. `shell`
makes the document and locks it: nothing is fetched, and no script or style but our own runs.
"""

from extriage.reports.html.page import render

__all__ = ["render"]
