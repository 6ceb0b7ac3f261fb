"""Whose line is it? Lines of findings, shared out among the intruders of one server.

A finding is of a rule, not of an intruder: its lines may be of several, and of strangers too. A
line is an intruder's if it has one of his keys, the surest first; a line without any key that
names somebody is his if the finding is his alone. An account that several intruders used tells of
neither: there the time decides, if only one of them was at work.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from extriage.model.detection import Evidence, Finding
from extriage.model.host import Host
from extriage.model.persistence import Persistence
from extriage.model.session import Session

MOST_LINES = 2000
"""So many lines of one intruder are looked at."""
_RANKS = {
    **dict.fromkeys(("request", "canary", "activity", "session", "process", "logon"), 4),
    "address": 3,
    "page": 2,
    "account": 1,
}
"""Keys that tell whose a line is, and how surely."""
_NAMING = ("address", "canary")
"""Keys that tell that a line is somebody's, if it is not his who has none of them."""
SURE = 3
_ACCOUNT = _RANKS["account"]
_LATE = timedelta(minutes=1)
"""So long after a request logs of events may tell of it."""


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A line that is an intruder's."""

    finding: Finding
    line: Evidence
    sure: int
    """How surely: `SURE` and above if a request, a session or an address tells it."""


def lines_of(host: Host) -> tuple[tuple[OwnLine, ...], ...]:
    """Return the lines of each intruder of a server, in the order of its findings."""
    keys = [_keys(host, number) for number in range(len(host.intruders))]
    numbers = range(len(keys))
    places, spans = [_places(host, n) for n in numbers], [_spans(host, n) for n in numbers]
    who = _Who(keys, _holders(keys), places, spans)
    owners: dict[str, list[int]] = defaultdict(list)
    for number, one in enumerate(host.intruders):
        # NOTE: a page's own text has no time, so it is known by the way back that it is.
        behind = (name for way in ways_of(host, number) for name in way.findings)
        for name in dict.fromkeys((*one.findings, *behind)):
            owners[name].append(number)
    found: list[list[OwnLine]] = [[] for _ in keys]
    for finding in host.findings:
        for number, own in _shared(finding, owners.get(finding.id, ()), who):
            if len(found[number]) < MOST_LINES:
                found[number].append(own)
    return tuple(map(tuple, found))


@dataclass(frozen=True, slots=True)
class _Who:
    keys: Sequence[frozenset[tuple[str, str]]]
    holders: Mapping[tuple[str, str], Sequence[int]]
    places: Sequence[frozenset[str]]
    """Paths in the evidence that are of an intruder's ways back."""
    spans: Sequence[Sequence[tuple[datetime, datetime]]]
    """When each of them surely was at work."""

    def at_work(self, time: datetime) -> list[int]:
        """Return who surely was at work at a time."""
        return [
            number
            for number, spans in enumerate(self.spans)
            if any(first <= time <= last + _LATE for first, last in spans)
        ]


def _keys(host: Host, number: int) -> frozenset[tuple[str, str]]:
    return frozenset((kind, value.lower()) for kind, value, _ in host.intruders[number].keys)


def _holders(keys: Sequence[frozenset[tuple[str, str]]]) -> Mapping[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number, own in enumerate(keys):
        for key in own:
            found[key].append(number)
    return found


def _places(host: Host, number: int) -> frozenset[str]:
    return frozenset(
        place
        for way in ways_of(host, number)
        for place in (*way.paths, *(proof.path for proof in way.proofs))
    )


def shared_addresses_of(host: Host) -> frozenset[str]:
    """Return the addresses that others use too: a proxy's, or the office's own way out.

    They are those of which the trail says that they are everybody's, and those of sessions that
    may have been somebody else as a whole: an address that is the intruder's alone makes them sure.
    """
    doubted = (
        session for session in host.sessions if session.intruder and sure_span(session) is None
    )
    return frozenset(host.shared) | {one for session in doubted for one in session.addresses}


def sure_span(session: Session) -> tuple[datetime, datetime] | None:
    """Return from when to when it surely was the visitor; None if all may have been others."""
    sure = [step for step in session.steps if step.sure]
    if sure and len(sure) == len(session.steps):
        return session.first, session.last
    return (min(one.time for one in sure), max(one.until for one in sure)) if sure else None


def _spans(host: Host, number: int) -> list[tuple[datetime, datetime]]:
    wanted = frozenset(host.intruders[number].sessions)
    told = (sure_span(session) for session in host.sessions if session.id in wanted)
    return [span for span in told if span]


def ways_of(host: Host, number: int) -> Iterator[Persistence]:
    """Yield the ways back of one intruder."""
    wanted = frozenset(host.intruders[number].ways)
    return (way for way in host.persistence if way.id in wanted)


def _shared(finding: Finding, owners: Sequence[int], who: _Who) -> Iterator[tuple[int, OwnLine]]:
    if not owners:
        return
    for line in finding.evidence:
        sure, found = _owners(line, owners, who)
        for number in found:
            yield number, OwnLine(finding, line, sure)


def _owners(line: Evidence, owners: Sequence[int], who: _Who) -> tuple[int, Sequence[int]]:
    """Return who has the surest key of a line, and how sure it is."""
    best, found = 0, list[int]()
    for kind, value in line.keys:
        rank = _RANKS.get(kind, 0)
        if rank < max(best, 1):
            continue
        holding = [n for n in who.holders.get((kind, value.lower()), ()) if n in owners]
        if holding:
            found = holding if rank > best else sorted({*found, *holding})
            best = rank
    if not found and line.kind in _FILES:
        found = [number for number in owners if line.path in who.places[number]]
        best = 2 if found else 0
    if not found and len(owners) == 1 and not _is_of_others(line, who.keys[owners[0]]):
        found = list(owners)
    return best, found if best > _ACCOUNT else _by_time(line, found, who)


def _by_time(line: Evidence, found: Sequence[int], who: _Who) -> Sequence[int]:
    """Return whose a line is that at most an account speaks for, among several intruders."""
    if len(who.keys) < 2 or not found:
        return found
    names = ((kind, value.lower()) for kind, value in line.keys if _RANKS.get(kind) == _ACCOUNT)
    several = any(len(who.holders.get(name, ())) > 1 for name in names)
    here = who.at_work(line.time) if line.time else []
    if len(here) == 1:
        return here if several or here[0] in found else ()
    return () if several else found


_FILES = frozenset({"web-file", "module-file", "compiled-page", "compiled-assembly", "file-name"})


def _is_of_others(line: Evidence, keys: frozenset[tuple[str, str]]) -> bool:
    """Tell whether a line names somebody, and the intruder is known by other names of that kind."""
    known = {kind for kind, _ in keys}
    return any(kind in known for kind, _ in line.keys if kind in _NAMING)
