"""What reading evidence gives: per artifact its account, its coverage and the rules it met.

Counts are exact, lines are kept to a bound: of each rule the earliest and the latest. Which lines
these are does not depend on the order of reading or on how the work was shared out, so every run
gives the same case.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from extriage.model.detection import Evidence, Held, Match
from extriage.model.evidence import Entry, Tally
from extriage.model.state import Fact

EARLIEST = 12
LATEST = 6

_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(slots=True)
class Kept:
    """The matches of one rule on one computer: how many, when, and the lines kept."""

    rule: str
    computer: str
    raw: bool
    count: int = 0
    first: datetime | None = None
    last: datetime | None = None
    lines: list[Evidence] = field(default_factory=list)
    held: Held = ()
    """Entries of suppress files that fit these lines."""

    @property
    def key(self) -> tuple[str, str, bool, Held]:
        """Return what lines of one artifact must share to be kept together."""
        return (self.rule, self.computer, self.raw, self.held)

    def add(self, evidence: Evidence) -> None:
        """Count one more line and keep it if it is among the earliest or latest."""
        self.count += 1
        self._span(evidence.time, evidence.time)
        self.lines.append(evidence)
        if len(self.lines) > 4 * (EARLIEST + LATEST):
            self.lines = trim(self.lines)

    def merge(self, other: "Kept") -> None:
        """Take in what another reader found."""
        self.count += other.count
        self._span(other.first, other.last)
        self.lines = trim(self.lines + other.lines)

    def shift(self, by: timedelta) -> None:
        """Move all times, for evidence whose clock was found wrong."""
        self.first = self.first + by if self.first else None
        self.last = self.last + by if self.last else None
        self.lines = [replace(e, time=e.time + by if e.time else None) for e in self.lines]

    def _span(self, first: datetime | None, last: datetime | None) -> None:
        if first and (self.first is None or first < self.first):
            self.first = first
        if last and (self.last is None or last > self.last):
            self.last = last


def trim(lines: Iterable[Evidence]) -> list[Evidence]:
    """Keep the earliest and the latest lines, in order."""
    ordered = sorted(lines, key=order)
    if len(ordered) <= EARLIEST + LATEST:
        return ordered
    return ordered[:EARLIEST] + ordered[-LATEST:]


def order(evidence: Evidence) -> tuple[datetime, str, int, int]:
    """Sort key of a line: its time, then its place."""
    return (evidence.time or _NEVER, evidence.path, evidence.line, evidence.offset)


@dataclass(slots=True)
class ArtifactResult:
    """What reading one artifact gave."""

    entry: Entry
    tallies: list[Tally] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    joins: list[Match] = field(default_factory=list)
    """Matches that correlation rules join."""
    notes: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    """What it says of the state of the server."""
    first: bytes = b""
    """Its first eight bytes, if they were read as they are in the evidence."""
