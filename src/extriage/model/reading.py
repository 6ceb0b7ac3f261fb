"""What reading evidence gives: per artifact its account, its coverage and the rules it met.

Counts are exact, lines are kept to a bound: of each rule the earliest and the latest, and of rules
about ways back in those of each object that is named. Which lines these are does not depend on the
order of reading or on how the work was shared out, so every run gives the same case.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from extriage.model.detection import Evidence, Held, Match
from extriage.model.evidence import Entry, Tally
from extriage.model.state import Fact

EARLIEST = 12
LATEST = 6
OBJECTS = 500
"""Objects whose lines are kept for one rule."""
KNOCKED_PAGES = 5
"""Foreign pages that are kept of one address that only knocks."""
OBJECT_TEXT = 400
"""Characters of a line that is kept for its object only."""

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
    objects: dict[str, tuple[Evidence, Evidence]] = field(default_factory=dict)
    """Of each object and what is said of it the earliest and the latest line, cut short."""
    crowded: bool = False
    """True if there were more objects than are kept."""

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
        if evidence.object:
            short = _short(evidence)
            self._object(short, short)
            if len(self.objects) > 2 * OBJECTS:
                self._fewer()

    def merge(self, other: "Kept") -> None:
        """Take in what another reader found."""
        self.count += other.count
        self._span(other.first, other.last)
        self.lines = trim(self.lines + other.lines)
        for first, last in other.objects.values():
            self._object(first, last)
        self.crowded = self.crowded or other.crowded
        self._fewer()

    def told(self) -> list[Evidence]:
        """Return the lines to tell, in order; what stands in several copies of a log comes once."""
        lines = trim(self.lines)
        copies = {_copy(line) for line in lines if line.time}
        places = {_place(line) for line in lines}
        for line in (one for pair in self.objects.values() for one in pair):
            if _place(line) not in places and not (line.time and _copy(line) in copies):
                copies.add(_copy(line))
                places.add(_place(line))
                lines.append(line)
        return sorted(lines, key=order)

    def named(self) -> int:
        """Return how many objects the lines name; an estimate if there are more than are kept."""
        if not self.crowded:
            return len({first.object.casefold() for first, _ in self.objects.values()})
        # NOTE: those with the lowest digests are kept; how low they are tells how many there were.
        highest = max(_digest(key) for key in self.objects)
        return (OBJECTS - 1) * 2**64 // max(highest, 1)

    def shift(self, by: timedelta) -> None:
        """Move all times, for evidence whose clock was found wrong."""
        self.first = self.first + by if self.first else None
        self.last = self.last + by if self.last else None
        self.move(lambda e: replace(e, time=e.time + by if e.time else None))

    def move(self, change: Callable[[Evidence], Evidence]) -> None:
        """Change every line, in place or time."""
        self.lines = [change(line) for line in self.lines]
        self.objects = {
            key: (change(first), change(last)) for key, (first, last) in self.objects.items()
        }

    def _object(self, first: Evidence, last: Evidence) -> None:
        key = f"{first.sign}\0{first.object.casefold()}"
        known = self.objects.get(key)
        if known is not None:
            first, last = min(first, known[0], key=order), max(last, known[1], key=order)
        self.objects[key] = (first, last)

    def _fewer(self) -> None:
        """Keep the objects with the lowest digests: the same ones in whatever order they came."""
        if len(self.objects) > OBJECTS:
            kept = sorted(self.objects, key=_digest)[:OBJECTS]
            self.objects = {key: self.objects[key] for key in sorted(kept)}
            self.crowded = True

    def _span(self, first: datetime | None, last: datetime | None) -> None:
        if first and (self.first is None or first < self.first):
            self.first = first
        if last and (self.last is None or last > self.last):
            self.last = last


def _digest(key: str) -> int:
    data = hashlib.sha256(key.encode(errors="surrogatepass")).digest()
    return int.from_bytes(data[:8], "big")


def _short(line: Evidence) -> Evidence:
    reasons = tuple(one[:OBJECT_TEXT] for one in line.reasons)
    text, summary = line.text[:OBJECT_TEXT], line.summary[:OBJECT_TEXT]
    return replace(line, text=text, summary=summary, reasons=reasons)


def _copy(line: Evidence) -> tuple[str, datetime | None, str]:
    return (line.sha256, line.time, line.object)


def _place(line: Evidence) -> tuple[str, int, int]:
    return (line.path, line.line, line.offset)


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
class Knocks:
    """What one address asked of one computer in one log, as far as rules know it.

    Of those who turn out to be strangers it is all they did; of others it is not told.
    """

    computer: str
    kind: str
    address: str
    """Empty for all addresses beyond those that are kept apart."""
    first: datetime
    last: datetime
    requests: int = 0
    """Requests that meet a rule, each once."""
    probes: int = 0
    """Of them, those that meet a rule about mere knocking."""
    pages: list[str] = field(default_factory=list)
    """Foreign pages among them, a few."""

    def see(self, time: datetime, page: str) -> None:
        """Count one more request."""
        self.requests += 1
        self.first, self.last = min(self.first, time), max(self.last, time)
        self._page(page)

    def merge(self, other: "Knocks") -> None:
        """Take in what another part of the log has of it."""
        self.requests += other.requests
        self.probes += other.probes
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        for page in other.pages:
            self._page(page)

    def _page(self, page: str) -> None:
        if page and len(self.pages) < KNOCKED_PAGES and page not in self.pages:
            self.pages.append(page)


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
    knocks: list[Knocks] = field(default_factory=list)
    """Who met rules about mere knocking."""
