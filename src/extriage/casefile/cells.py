"""Cells of `case.db`: times as text that sorts, lists as JSON."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeAlias

Row: TypeAlias = tuple[str | int | float | None, ...]


def pairs(values: Iterable[tuple[str, str | int]]) -> str:
    """Write pairs as a JSON list of lists."""
    return json.dumps([list(pair) for pair in values])


def listed(values: Iterable[str]) -> str:
    """Write texts as a JSON list."""
    return json.dumps(list(values))


def iso(time: datetime | None) -> str | None:
    """Write a UTC time so that text sorts as time; None stays None."""
    if time is None:
        return None
    # NOTE: always six digits, so that text sorts as time.
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
