"""What each kind of evidence is, and how long it may be silent on a running server.

Source: `content/knowledge/evidence.yml`.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from extriage.knowledge.content import own_yaml
from extriage.model.evidence import Fields

DEFAULT_SILENCE = 24 * 7
PART_SILENCE = 14
"""One protocol or site is quieter than all of them together."""
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
    if known:
        return known.silence_hours
    base = _base(kind)
    # NOTE: a log that may be silent for a week as a whole tells no more in its parts.
    return PART_SILENCE if base and base.silence_hours < DEFAULT_SILENCE else DEFAULT_SILENCE


def summary(kind: str, fields: Fields) -> str:
    """Return the fields that an analyst reads first, as `name=value`."""
    words = []
    for name in _shown(kind, fields):
        value = fields.get(name, "")
        value = value if isinstance(value, str) else " | ".join(value)
        if value:
            words.append(f"{name}={value[:VALUE_LIMIT]}")
    return " ".join(words)


def _shown(kind: str, fields: Fields) -> tuple[str, ...]:
    """Return the fields to show of a record: of an event those of its channel."""
    known = evidence_kinds()
    own = known.get(f"{kind}:{fields.get('Channel')}") or known.get(kind)
    general = known.get(kind)
    return (own and own.show) or (general.show if general else ())


def _base(kind: str) -> EvidenceKind | None:
    """Return the kind of which this is one log: `httpproxy` for `httpproxy:Ecp`."""
    base, _, part = kind.partition(":")
    return evidence_kinds().get(base) if part and base != "events" else None


def describe(kind: str) -> str:
    """Return what a kind, or several joined by `+`, is called in a report."""
    if "+" in kind:
        names = [describe(one.strip()) for one in kind.split("+")]
        bases = {name.partition(" (")[0] for name in names}
        parts = ", ".join(name.partition(" (")[2].rstrip(")") for name in names)
        return f"{bases.pop()} ({parts})" if len(bases) == 1 else " with ".join(names)
    known = evidence_kinds().get(kind)
    if known:
        return known.title
    if base := _base(kind):
        return f"{base.title} ({kind.partition(':')[2]})"
    return f"{kind.removeprefix('events:')} events" if kind.startswith("events:") else kind
