"""What an intruder is known by: passwords, contents, addresses, names, habits, hours.

Every value is in a comparable form and short; of each kind only so many are kept, so that a hostile
server cannot make an analysis of thousands of servers slow.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from extriage.analysis.intruderlines import (
    SURE,
    OwnLine,
    lines_of,
    shared_addresses_of,
    sure_span,
    ways_of,
)
from extriage.analysis.objectkeys import base_name, library_key, name_key, page_key, path_key
from extriage.analysis.traittexts import (
    VALUE_LIMIT,
    content_in,
    domains_in,
    exports_in,
    parameters_in,
    planted_hosts_in,
    programs_in,
    routing_in,
)
from extriage.knowledge.executed import is_executed
from extriage.knowledge.joins import is_somebody
from extriage.model.detection import Stage
from extriage.model.host import Host
from extriage.model.indicator import Indicator
from extriage.model.persistence import Persistence, Presence
from extriage.model.session import Intruder, Session, SessionStep

PER_KIND = 200
"""So many values of one kind are kept of an intruder."""
SHAPE_LONGEST = 12
_SHAPE_SHORTEST = 3
_KEYS = {
    "address": "address",
    "canary": "canary",
    "page": "page-name",
    "account": "account",
    "agent": "agent",
    "request": "request-id",
    "session": "request-id",
    "activity": "request-id",
}
_PAGES = frozenset({"web-shell", "credential-logger"})
_TASKS = frozenset({"scheduled-task", "service", "wmi-consumer", "run-key"})
_PROGRAMS = frozenset({"implant", "remote-access-tool", "tunnel"})
_HASHED = frozenset({"web-file", "module-file"})
_HOUR = timedelta(hours=1)
_FAR = 366
"""Days of one session that are counted at most."""

Value = tuple[str, str]
"""Kind of feature and its value."""


@dataclass(frozen=True, slots=True)
class Traits:
    """One intruder, as far as he can be compared with others."""

    member: str
    """`HOST/intruder-1`."""
    host: str
    first: datetime
    last: datetime
    values: frozenset[Value]
    parameters: Mapping[str, frozenset[str]]
    """Name of a page to the parameters that it takes orders by, as far as they are known."""
    hours: tuple[int, ...]
    """Records by hour of the day in UTC."""
    days: int
    """Different days with records, as far as sessions tell."""
    sighted: tuple[Indicator, ...]
    """Indicators that were found in lines of his."""

    def of(self, kind: str) -> list[str]:
        """Return the values of one kind, sorted."""
        return sorted(value for name, value in self.values if name == kind)


def traits_of(host: Host) -> tuple[Traits, ...]:
    """Return what each intruder of one server is known by, in their order."""
    if not host.intruders:
        return ()
    owned = lines_of(host)
    contents = _contents(host)
    claimed = Counter(
        place
        for number, lines in enumerate(owned)
        for place in {*_files(lines), *_pages(ways_of(host, number))}
        if place in contents
    )
    # NOTE: whose a page is that two of them have at one place cannot be told by its content.
    own = {place: digest for place, digest in contents.items() if claimed[place] == 1}
    return tuple(_traits(host, number, lines, own) for number, lines in enumerate(owned))


def _traits(
    host: Host, number: int, lines: tuple[OwnLine, ...], contents: Mapping[str, str]
) -> Traits:
    one = host.intruders[number]
    ways = tuple(ways_of(host, number))
    wanted = frozenset(one.sessions)
    sessions = [session for session in host.sessions if session.id in wanted]
    parameters = _parameters(one, lines, _telling(ways, alone=len(host.intruders) == 1))
    own_sessions = [session for session in sessions if all(step.sure for step in session.steps)]
    told = (
        *_of_keys(one, own_sessions),
        *(("shell-parameter", value) for found in parameters.values() for value in found),
        *_of_lines(lines),
        *_of_ways(ways),
        *_of_contents(lines, ways, contents),
        *_of_exports(host, one),
        *_shape(sessions),
    )
    hours, days = _hours(sessions, lines)
    return Traits(
        f"{host.name}/{one.id}",
        host.name,
        one.first,
        one.last,
        _bounded(_without_shared(told, host), _own_hosts(host)),
        {page: found for page, found in parameters.items() if page},
        hours,
        days,
        _sighted(host, lines, ways, sessions),
    )


def _without_shared(told: Iterable[Value], host: Host) -> Iterator[Value]:
    shared = shared_addresses_of(host)
    yield from (one for one in told if one[0] != "address" or one[1] not in shared)


def _bounded(told: Iterable[Value], own: tuple[str, ...]) -> frozenset[Value]:
    """Keep values that say something, so many of each kind; which ones depends on nothing else."""
    by_kind: dict[str, set[str]] = defaultdict(set)
    for kind, value in told:
        short = value.strip()[:VALUE_LIMIT]
        if short and not (kind == "domain" and short.endswith(own)):
            by_kind[kind].add(short)
    return frozenset(
        (kind, value) for kind, values in by_kind.items() for value in sorted(values)[:PER_KIND]
    )


def _own_hosts(host: Host) -> tuple[str, ...]:
    """Return the ends of names of the server's own domain; its own name if it tells no domain."""
    name, _, domain = host.name.lower().partition(".")
    return (f".{domain}", domain) if domain else (f"{name}.local",)


def _of_keys(one: Intruder, sessions: Iterable[Session]) -> Iterator[Value]:
    for name, value, _ in one.keys:
        kind = _KEYS.get(name)
        if kind:
            yield kind, value.lower()
    for session in sessions:
        yield from (("address", value.lower()) for value in session.addresses)
        yield from (("agent", _agent(value)) for value in session.agents)
        people = (value for value in session.accounts if is_somebody(value))
        yield from (("account", name_key(value)) for value in people)


def _agent(text: str) -> str:
    return text.strip().lower().replace("+", " ")


def _of_lines(lines: Iterable[OwnLine]) -> Iterator[Value]:
    for own in lines:
        line = own.line
        if own.sure >= SURE:
            yield from ((kind, value) for kind, value in line.keys if kind == "agent")
        yield from routing_in(line.summary)
        yield from (("junk-host", host) for host in planted_hosts_in(line.summary or line.text))
        yield from programs_in(line.summary)
        yield from (("domain", host) for host in domains_in(line.summary))
        yield from (("export-file", name) for name in exports_in(line.summary))
        yield "tool-sha256", content_in(line.summary, line.text)


def _of_ways(ways: Iterable[Persistence]) -> Iterator[Value]:
    for way in ways:
        if way.kind in _PAGES:
            page = page_key(way.object)
            yield ("url-path" if page.startswith("/") else "path"), page
            yield "page-name", base_name(page)
        elif way.kind in _TASKS:
            yield "task-name", base_name(name_key(way.object).replace("\\", "/"))
        elif way.kind == "account" and way.state is not Presence.ATTEMPTED:
            yield "account-made", name_key(way.object)
        elif way.kind in _PROGRAMS:
            yield "tool", library_key(way.object)
        yield from (("path", path_key(path)) for path in way.paths[:PER_KIND] if _is_path(path))


def _is_path(text: str) -> bool:
    return "/" in text or "\\" in text


def _parameters(
    one: Intruder, lines: Iterable[OwnLine], ways: Iterable[Persistence]
) -> dict[str, frozenset[str]]:
    """Return the parameters of his pages; those of lines that name no page stand under ``."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, value, _ in one.keys:
        page, blank, parameter = value.partition(" ")
        if name == "password" and blank:
            found[page.lower()].add(parameter[:VALUE_LIMIT])
    for own in lines:
        line = own.line
        pages = [value for kind, value in line.keys if kind == "page"]
        if line.object and is_executed(line.object):
            pages.append(base_name(page_key(line.object)))
        for text in (line.summary, line.text, *line.reasons):
            for value in parameters_in(text):
                found[pages[0] if pages else ""].add(value)
    for way in ways:
        page = base_name(page_key(way.object)) if way.kind in _PAGES else ""
        for text in (*way.reasons, *(proof.text for proof in way.proofs)):
            for value in parameters_in(text):
                found[page].add(value)
    return {page: frozenset(sorted(values)[:PER_KIND]) for page, values in found.items()}


def _telling(ways: Iterable[Persistence], *, alone: bool) -> list[Persistence]:
    """Leave out settings that several changed, one after the other: the lines tell whose."""
    return [way for way in ways if alone or way.kind in _PAGES]


def _contents(host: Host) -> Mapping[str, str]:
    """Return the SHA-256 of pages and modules in the evidence by their path."""
    return {
        entry.path: entry.sha256.lower()
        for entry in host.manifest.entries
        if entry.sha256 and entry.kind in _HASHED
    }


def _of_contents(
    lines: Iterable[OwnLine], ways: Iterable[Persistence], contents: Mapping[str, str]
) -> Iterator[Value]:
    for place in (*_files(lines), *_pages(ways)):
        yield "file-sha256", contents.get(place, "")


def _files(lines: Iterable[OwnLine]) -> Iterator[str]:
    """Yield the files of which a whole line speaks, but for those that Microsoft ships."""
    for own in lines:
        line = own.line
        if line.kind in _HASHED and "ShippedHash=yes" not in line.summary:
            yield line.path


def _pages(ways: Iterable[Persistence]) -> Iterator[str]:
    for way in ways:
        for place in (*way.paths, *(proof.path for proof in way.proofs)):
            if way.kind in _PAGES and is_executed(place):
                yield place


def _of_exports(host: Host, one: Intruder) -> Iterator[Value]:
    for item in host.exposures:
        if item.export is not None and one.id in item.intruders:
            name = base_name(path_key(item.export.file))
            if not is_executed(name):
                yield "export-file", name


def _shape(sessions: Iterable[Session]) -> Iterator[Value]:
    """Tell what was done up to the foothold, each deed once, in order."""
    told: list[str] = []
    for session in sorted(sessions, key=lambda one: (one.first, one.id)):
        for step in filter(_is_sure, session.steps):
            if step.deed and step.deed not in told:
                told.append(step.deed)
            foothold = step.stage is not None and step.stage.rank >= Stage.PLANTED.rank
            if foothold or len(told) >= SHAPE_LONGEST:
                if len(told) >= _SHAPE_SHORTEST:
                    yield "request-shape", " > ".join(told)
                return


def _is_sure(step: SessionStep) -> bool:
    """Tell a step that is his from what the owner of an account may have done."""
    return step.sure


def _hours(sessions: Iterable[Session], lines: Iterable[OwnLine]) -> tuple[tuple[int, ...], int]:
    """Count requests that are surely his by hour of the day; without any, the lines known."""
    counts, days = [0] * 24, set[int]()
    for session in sessions:
        if span := sure_span(session):
            first, last = (time.toordinal() for time in span)
            days.update(range(first, min(last, first + _FAR) + 1))
        for step in filter(_is_sure, session.steps):
            _spread(counts, step.time, step.until, step.requests)
    if not any(counts):
        places = {
            (own.line.path, own.line.line, own.line.offset): own.line.time
            for own in lines
            if own.line.time is not None
        }
        for time in places.values():
            counts[time.hour] += 1
            days.add(time.toordinal())
    return tuple(counts), len(days)


def _spread(counts: list[int], first: datetime, last: datetime, many: int) -> None:
    """Share requests out over the hours in which they came; more than a day fills all of it."""
    hours = min(max(int((last - first) / _HOUR) + 1, 1), 24)
    if hours == 1 and last.hour != first.hour and last > first:
        hours = 2
    share, rest = divmod(max(many, 1), hours)
    for at in range(hours):
        counts[(first.hour + at) % 24] += share + (at < rest)


def _sighted(
    host: Host,
    lines: Iterable[OwnLine],
    ways: Iterable[Persistence],
    sessions: Iterable[Session],
) -> tuple[Indicator, ...]:
    """Return the indicators that were sighted in lines of his."""
    if not host.sightings:
        return ()
    places = {(own.line.path, own.line.line) for own in lines}
    places |= {(proof.path, proof.line) for way in ways for proof in way.proofs}
    places |= {
        (proof.path, proof.line)
        for session in sessions
        for step in session.steps
        for proof in step.proofs
    }
    return tuple(
        one.indicator
        for one in host.sightings
        if any((proof.path, proof.line) in places for proof in one.proofs)
    )
