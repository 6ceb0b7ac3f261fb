"""What the trail keeps of a record, and in which fields each kind of log has it.

Source: `content/trail.yml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from extriage.knowledge.content import own_yaml
from extriage.model.evidence import Fields

_MOST_DIGITS = 15
_SLOTS = ("method", "status", "account", "address", "agent", "bytes_in", "bytes_out", "took")


@dataclass(frozen=True, slots=True)
class TrailFields:
    """Where one kind of log has what the trail keeps; of each list the first field counts."""

    method: tuple[str, ...]
    status: tuple[str, ...]
    account: tuple[str, ...]
    address: tuple[str, ...]
    agent: tuple[str, ...]
    bytes_in: tuple[str, ...]
    bytes_out: tuple[str, ...]
    took: tuple[str, ...]
    target: tuple[tuple[str, ...], ...]
    joiner: str


def trail_fields(kind: str) -> TrailFields:
    """Return the fields of one kind of log."""
    known = _loaded()
    return known.get(kind) or known[""]


@cache
def _loaded() -> dict[str, TrailFields]:
    content: Mapping[str, Any] = own_yaml("trail.yml")
    default = content["default"]
    rows = {"": default} | {
        kind: {**default, **row} for kind, row in content["kinds"].items()
    }  # fmt: skip
    return {kind: _row(row) for kind, row in rows.items()}


def _row(row: Mapping[str, Any]) -> TrailFields:
    slots = {name: tuple(row[name]) for name in _SLOTS}
    target = tuple(tuple(piece) for piece in row["target"])
    return TrailFields(target=target, joiner=str(row["joiner"]), **slots)


def told(fields: Fields, names: tuple[str, ...]) -> str:
    """Return the first of these fields that says anything."""
    for name in names:
        value = fields.get(name)
        if value:
            text = value if isinstance(value, str) else " ".join(value)
            if text and text != "-":
                return text
    return ""


def number(fields: Fields, names: tuple[str, ...]) -> int | None:
    """Return the first of these fields as a whole number; None if it is none."""
    text = told(fields, names)
    if not text:
        return None
    text = text.partition(".")[0]
    fits = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if fits else None
