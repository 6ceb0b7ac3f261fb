"""Go through the trail once to learn and once to tell; only open sessions are held in memory."""

from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import merge
from typing import TypeAlias

from extriage.analysis.sessions.acts import Lines
from extriage.analysis.sessions.sitting import Sitting, session_id
from extriage.analysis.sessions.steps import MOST, Steps
from extriage.analysis.sessions.strangers import Knock, strangers_of
from extriage.analysis.sessions.summary import Gist, clauses, intruder_summary
from extriage.analysis.sessions.unfollowed import unfollowed
from extriage.analysis.sessions.whose import Belongs, Own, Whose
from extriage.model.detection import Finding, Sign
from extriage.model.persistence import PageLife
from extriage.model.session import Intruder, Session, Strangers
from extriage.model.trail import TrailRecord

PAUSE = timedelta(minutes=30)
"""A pause that ends a session; what follows it is another one."""
WHOLE = 400
"""Sessions of one server with all their steps; later ones keep fewer."""
_FEWER = 30

Records: TypeAlias = Callable[[], Iterator[tuple[int, TrailRecord]]]
"""The trail of one server, in order of time, from its beginning with each call."""


@dataclass(slots=True)
class Assigned:
    """Which record of the trail is in which session: a few bytes a record."""

    _rows: "array[int]" = field(default_factory=lambda: array("q"))
    _sessions: "array[int]" = field(default_factory=lambda: array("l"))
    _sure: bytearray = field(default_factory=bytearray)
    _ids: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """Return how many records are in a session."""
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[int, str, bool]]:
        """Yield row, session and whether it is sure, in the order of the trail."""
        for row, session, sure in zip(self._rows, self._sessions, self._sure, strict=True):
            yield row, self._ids[session], bool(sure)

    def begin(self, session: str) -> int:
        """Note a session and return its number."""
        self._ids.append(session)
        return len(self._ids) - 1

    def add(self, row: int, session: int, *, sure: bool) -> None:
        """Note that a record is in a session."""
        self._rows.append(row)
        self._sessions.append(session)
        self._sure.append(sure)


@dataclass(frozen=True, slots=True)
class Others:
    """What is known of those who are no intruders."""

    own: Own | None = None
    """Tells the organisation's own scanners by address, agent and time."""
    knocks: Mapping[str, Knock] = field(default_factory=dict)
    """By address, what the logs have of those who only knocked, if they were counted."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one server's visitors."""

    sessions: tuple[Session, ...]
    strangers: Strangers | None
    intruders: tuple[Intruder, ...]
    assigned: Assigned


def tell_sessions(
    host: str,
    who: Sequence[Intruder],
    records: Records,
    findings: Sequence[Finding],
    lives: Sequence[PageLife],
    others: Others | None = None,
) -> Told:
    """Tell what intruders, informed visitors and own scanners did on one server.

    `records` is called twice, and each time gives the whole trail in order of time.
    """
    others = others or Others()
    ordered = sorted(findings, key=lambda one: one.id)
    whose = Whose(who, ordered, sorted(lives, key=lambda one: one.page), others.own)
    teller = _Teller(host, whose, {one.id: one for one in ordered})
    whose.learn(teller.noting(record for _, record in records()))
    alone = ((_NO_ROW, *one) for one in unfollowed(who, ordered, teller.seen))
    followed = ((row, None, record) for row, record in records())
    for row, at, record in merge(followed, alone, key=_place):
        teller.see(row, record, at)
    sessions = teller.told()
    known = frozenset(address for one in sessions for address in one.addresses)
    named = frozenset(value for one in who for name, value, _ in one.keys if name == "address")
    strangers = strangers_of(lives, ordered, known | named, others.knocks)
    intruders = tuple(teller.intruder(one, sessions) for one in who)
    return Told(sessions, strangers, intruders, teller.assigned)


class _Teller:
    """Keeps the sessions that are open, two of each intruder: what is sure, and what is not."""

    def __init__(self, host: str, whose: Whose, findings: dict[str, Finding]) -> None:
        self.assigned = Assigned()
        self.seen: set[tuple[str, int]] = set()
        """Lines of findings that the trail has."""
        self._host = host
        self._whose = whose
        self._findings = findings
        self._lines = _lines(findings)
        self._open: dict[tuple[int, bool], tuple[Sitting, int]] = {}
        self._touched: dict[tuple[int, bool], datetime] = {}
        self._done: list[Session] = []
        self._gists: dict[str, Gist] = {}

    def noting(self, records: Iterator[TrailRecord]) -> Iterator[TrailRecord]:
        """Hand records on, and note which lines of findings are among them."""
        for record in records:
            if (record.path, record.line) in self._lines:
                self.seen.add((record.path, record.line))
            yield record

    def see(self, row: int, record: TrailRecord, at: int | None = None) -> None:
        """Take in one record of the trail, or one that a finding gives to an intruder."""
        key = ("finding", record.deed.object)
        found = self._whose.of(record) if at is None else Belongs(at, sure=True, key=key)
        if found is None:
            return
        lines = self._lines.get((record.path, record.line), _NOTHING)
        if not found.sure and self._proved(found, lines):
            found = replace(found, sure=True)
        sitting, number = self._sitting(found, record)
        sitting.take(record, found, lines)
        if row != _NO_ROW:
            self.assigned.add(row, number, sure=found.sure)

    def _proved(self, found: Belongs, lines: Lines) -> bool:
        """Tell whether a line is one of those that show the intruder."""
        intruder = self._whose.people[found.who].intruder
        return intruder is not None and not set(intruder.findings).isdisjoint(lines.findings)

    def _sitting(self, found: Belongs, record: TrailRecord) -> tuple[Sitting, int]:
        """Return the session that a record belongs to: an open one, or a new one."""
        for slot in ((found.who, True), (found.who, False)):
            if slot in self._open and record.time - self._touched[slot] > PAUSE:
                self._close(slot)
        sure = found.sure or (found.who, True) in self._open
        slot = (found.who, sure)
        if slot not in self._open:
            who = self._whose.people[found.who]
            name = session_id(self._host, who, record, sure=found.sure)
            most = MOST if self._begun() <= WHOLE else _FEWER
            sitting = Sitting(who, name, record.time, record.time, Steps(most))
            self._open[slot] = (sitting, self.assigned.begin(name))
        if found.sure or not sure:
            self._touched[slot] = record.time
        return self._open[slot]

    def _begun(self) -> int:
        return len(self._done) + len(self._open)

    def _close(self, slot: tuple[int, bool]) -> None:
        sitting, _ = self._open.pop(slot)
        self._done.append(sitting.told(self._findings))
        if sitting.sure and sitting.who.intruder:
            self._gists.setdefault(sitting.who.id, Gist()).merge(sitting.gist)

    def told(self) -> tuple[Session, ...]:
        """End all sessions and return them in order of time."""
        for slot in sorted(self._open):
            self._close(slot)
        return tuple(sorted(self._done, key=lambda one: (one.first, one.intruder, one.id)))

    def intruder(self, one: Intruder, sessions: Sequence[Session]) -> Intruder:
        """Return an intruder with his sessions and what he did, over all of them."""
        his = [session for session in sessions if session.intruder == one.id]
        sure = [session for session in his if any(step.sure for step in session.steps)]
        gist = self._gists.get(one.id, Gist())
        gist.findings |= set(one.findings)
        said = tuple(clauses(gist, self._findings))
        addresses = [value for name, value, _ in one.keys if name == "address"]
        addresses += sorted({a for session in sure for a in session.addresses} - {*addresses})
        span = (
            min([one.first, *(session.first for session in sure)]),
            max([one.last, *(session.last for session in sure)]),
        )
        summary = intruder_summary(span, one.summary or addresses, len(sure), said)
        summary += self._whose.company.aside(int(one.id.rpartition("-")[2]) - 1)
        return replace(one, sessions=tuple(session.id for session in his), summary=summary)


_NOTHING = Lines()
_NO_ROW = -1
"""Stands for the row of a record that is not in the trail."""


def _place(one: tuple[int, int | None, TrailRecord]) -> tuple[datetime, str, int, int]:
    record = one[2]
    return (record.time, record.path, record.line, record.offset)


def _lines(findings: dict[str, Finding]) -> dict[tuple[str, int], Lines]:
    """Return what findings say of lines, by their place."""
    found: dict[tuple[str, int], Lines] = {}
    for finding in findings.values():
        for line in finding.evidence if not finding.raw else ():
            known = found.get((line.path, line.line), _NOTHING)
            stages = [stage for stage in (known.stage, finding.stage) if stage]
            furthest = max(stages, key=lambda one: one.rank, default=None)
            names = (*known.findings, finding.id)
            planted = known.planted
            if line.sign is Sign.PLANTED and line.object and finding.stage:
                planted = (*planted, (finding.persistence, line.object))
            found[line.path, line.line] = Lines(tuple(dict.fromkeys(names)), furthest, planted)
    return found
