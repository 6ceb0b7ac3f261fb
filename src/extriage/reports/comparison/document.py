"""A comparison as one JSON document (schema extriage.diff/1), for programs."""

import msgspec

from extriage.model.comparison import Comparison
from extriage.reports.base import RenderOptions


def render(comparison: Comparison, options: RenderOptions) -> str:
    """Return the whole comparison, indented; times are ISO 8601 in UTC with `Z`."""
    return msgspec.json.format(msgspec.json.encode(comparison), indent=1).decode() + "\n"
