"""What each kind of evidence is, and how long it may be silent on a running server.

Source: `content/knowledge/evidence.yml`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from extriage.knowledge.content import own_yaml
from extriage.model.evidence import Fields

DEFAULT_SILENCE = 24 * 7
VALUE_LIMIT = 400


@dataclass(frozen=True, slots=True)
class EvidenceKind:
    """One kind of evidence in words."""

    kind: str
    title: str
    place: str
    """Where it lies on a server."""
    silence_hours: int
    show: tuple[str, ...] = ()
    """The fields that an analyst reads first."""


@cache
def evidence_kinds() -> dict[str, EvidenceKind]:
    """Load the kinds by name."""
    rows: dict[str, dict[str, Any]] = own_yaml("knowledge", "evidence.yml")["kinds"]
    return {
        kind: EvidenceKind(
            kind,
            row["title"],
            row["place"],
            int(row.get("silence_hours", DEFAULT_SILENCE)),
            tuple(row.get("show", ())),
        )
        for kind, row in rows.items()
    }


def silence_hours(kind: str) -> int:
    """Return how many hours without a record are a hole for this kind of evidence."""
    known = evidence_kinds().get(kind)
    return known.silence_hours if known else DEFAULT_SILENCE


def summary(kind: str, fields: Fields) -> str:
    """Return the fields that an analyst reads first, as `name=value`."""
    known = evidence_kinds().get(kind)
    words = []
    for name in known.show if known else ():
        value = fields.get(name, "")
        value = value if isinstance(value, str) else " | ".join(value)
        if value:
            words.append(f"{name}={value[:VALUE_LIMIT]}")
    return " ".join(words)


def describe(kind: str) -> str:
    """Return what a kind is called in a report."""
    known = evidence_kinds().get(kind)
    if known:
        return known.title
    return f"{kind.removeprefix('events:')} events" if kind.startswith("events:") else kind
