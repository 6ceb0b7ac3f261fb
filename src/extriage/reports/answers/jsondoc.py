"""Answers as JSON: all of them, with the exact texts, as they are kept in the case folder."""

import msgspec

from extriage.model.answer import Correction, FormAnswers
from extriage.reports.base import RenderOptions


def render(form: FormAnswers, options: RenderOptions) -> str:
    """Return the whole form; times are ISO 8601 in UTC with `Z`."""
    return msgspec.json.format(msgspec.json.encode(form), indent=1).decode() + "\n"


def compared(correction: Correction, options: RenderOptions) -> str:
    """Return what changed."""
    return msgspec.json.format(msgspec.json.encode(correction), indent=1).decode() + "\n"
