"""The whole case as JSON: the same bytes as `case.json` in the case folder.

Evidence stands here as it was read: JSON's own escapes make it safe to store, and a reader who
shows it to people has to make it harmless, as the other reports do.
"""

from extriage import casefile
from extriage.model.case import Case
from extriage.reports.base import RenderOptions


def render(case: Case, options: RenderOptions) -> str:
    """Return the case as one JSON document."""
    return casefile.encode(case).decode("utf-8")
