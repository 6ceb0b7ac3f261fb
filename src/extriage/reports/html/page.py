"""The page of a case: what it holds, in which order."""

from extriage.model.case import Case
from extriage.reports.base import RenderOptions
from extriage.reports.html.shell import document


def render(case: Case, options: RenderOptions) -> str:
    """Return the whole case as one HTML document."""
    return document("report.html.j2", {"case": case, "options": options})
