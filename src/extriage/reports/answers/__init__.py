"""Answers for authorities in every format, and what changed between two versions of them.

All are made from the answers alone; evidence text in them is made harmless as in every report.
"""

from collections.abc import Callable, Mapping

from extriage.model.answer import Correction, FormAnswers
from extriage.reports.answers import csvtable, jsondoc, markdown, page, text
from extriage.reports.base import RenderOptions

__all__ = ["ANSWER_FORMATS", "CORRECTION_FORMATS"]

ANSWER_FORMATS: Mapping[str, Callable[[FormAnswers, RenderOptions], str]] = {
    "text": text.render,
    "markdown": markdown.render,
    "html": page.render,
    "json": jsondoc.render,
    "csv": csvtable.render,
}
CORRECTION_FORMATS: Mapping[str, Callable[[Correction, RenderOptions], str]] = {
    "text": text.compared,
    "markdown": markdown.compared,
    "html": page.compared,
    "json": jsondoc.compared,
    "csv": csvtable.compared,
}
