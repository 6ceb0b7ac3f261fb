"""Which builds does a piece of evidence name, and which of them does each server run now?

No rules are run: only files that tell a build, and the build columns of logs, are of interest. What
a file of the server says holds for the day on which it was collected; a log row for its own time.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from extriage.knowledge.builds import build_table, number, spell
from extriage.model.evidence import Entry, Unit
from extriage.model.exchange import BuildNumber
from extriage.model.reading import ArtifactResult
from extriage.model.state import Fact, Subject
from extriage.pipeline.pack import Content
from extriage.pipeline.worker import Workers, decode, run_units
from extriage.sources import survey

_ALWAYS = datetime(9999, 12, 31, tzinfo=UTC)
_SUBJECTS = {Subject.BUILD: "su", Subject.CU_BUILD: "cu"}


@dataclass(frozen=True, slots=True)
class Sighting:
    """One build, as one kind of evidence names it."""

    build: BuildNumber
    precision: str
    """`su` or `cu`."""
    evidence: str
    """What named it: `httpproxy`, `ExSetup.exe` …"""
    path: str
    line: int
    """0 where the builds of a whole log are meant."""
    first: datetime | None
    last: datetime | None
    """None for a file, which tells the state on the day of its collection."""
    computer: str = ""

    def says(self) -> str:
        """Return it in one phrase."""
        until = f", until {self.last.isoformat(sep=' ')[:16]} UTC" if self.last else ""
        return f"{spell(self.build)} ({self.evidence}{until}, {self.path})"


@dataclass(frozen=True, slots=True)
class ServerBuild:
    """What the evidence says of one server."""

    computer: str
    """Empty if no evidence names the server."""
    now: Sighting
    """The newest and most exact sighting."""
    sightings: tuple[Sighting, ...]
    """One for each build and kind of evidence, in order of time."""

    def conflicts(self) -> tuple[str, ...]:
        """Return what speaks against `now`, each in one sentence."""
        return (
            tuple(
                f"the evidence does not agree: {self.now.says()}, but {other.says()}"
                for other in self.sightings
                if other.build != self.now.build
                and other.last is None
                and not _compatible(other, self.now)
            )
            + self._running()
        )

    def _running(self) -> tuple[str, ...]:
        """Tell a file whose build the running processes do not have."""
        dated = [one for one in self.sightings if one.last and one.precision == "su"]
        if self.now.last or not dated:
            return ()
        latest = max(dated, key=lambda one: one.last or _ALWAYS)
        if _compatible(latest, self.now):
            return ()
        return (f"the file says {self.now.says()}, but what was running says {latest.says()}",)


@dataclass(frozen=True, slots=True)
class Builds:
    """What a path tells of the builds of servers."""

    servers: tuple[ServerBuild, ...]
    unread: tuple[Entry, ...]
    """Files that could not, or not wholly, be read."""


def builds_in(path: Path, jobs: int = 1) -> Builds:
    """Read a file, folder or archive for the builds that it names; SourceError never ends it."""
    found = survey([path])
    sightings: list[Sighting] = []
    unread = [entry for entry in found.entries if _lost(entry)]

    def keep(unit: Unit, data: bytes) -> None:
        for result in decode(data):
            sightings.extend(_of(result))
            if _lost(result.entry):
                unread.append(result.entry)

    run_units(list(found.units), Workers(jobs, Content(builtin=False)), lambda size: None, keep)
    servers = tuple(_server(name, group) for name, group in _by_server(sightings))
    return Builds(servers, tuple(sorted(unread, key=lambda entry: entry.path)))


def _lost(entry: Entry) -> bool:
    return entry.status in ("unreadable", "partial")


def _of(result: ArtifactResult) -> Iterator[Sighting]:
    for fact in result.facts:
        build = number(fact.value) if fact.subject in _SUBJECTS else None
        if build and build_table().product(build):
            yield _of_fact(fact, build)
    for tally in result.tallies:
        for text, (first, last) in tally.builds.items():
            build = number(text)
            if build and build_table().product(build):
                computer = tally.computer
                yield Sighting(build, "su", tally.kind, tally.path, 0, first, last, computer)


def _of_fact(fact: Fact, build: BuildNumber) -> Sighting:
    return Sighting(
        build,
        _SUBJECTS[fact.subject],
        f"{fact.evidence} {fact.name}".strip(),
        fact.origin.path,
        fact.origin.line,
        fact.time,
        fact.time,
        fact.computer,
    )


def _by_server(sightings: Iterable[Sighting]) -> list[tuple[str, list[Sighting]]]:
    """Group by server; what names none belongs to the only one that is named, if there is one."""
    groups: dict[str, list[Sighting]] = {}
    names: dict[str, str] = {}
    for one in sightings:
        key = one.computer.casefold().partition(".")[0]
        names.setdefault(key, one.computer)
        groups.setdefault(key, []).append(one)
    if len(groups) == 2 and "" in groups:
        unnamed = groups.pop("")
        next(iter(groups.values())).extend(unnamed)
    return sorted((names[key], group) for key, group in groups.items())


def _server(computer: str, group: list[Sighting]) -> ServerBuild:
    merged: dict[tuple[BuildNumber, str, str], Sighting] = {}
    for one in sorted(group, key=lambda one: (one.path, one.line)):
        key = one.build, one.precision, one.evidence
        merged[key] = _both(merged[key], one) if key in merged else one
    ordered = sorted(merged.values(), key=lambda one: (one.last or _ALWAYS, one.build))
    return ServerBuild(computer, _now(ordered), tuple(ordered))


def _both(one: Sighting, other: Sighting) -> Sighting:
    firsts = [time for time in (one.first, other.first) if time]
    lasts = [time for time in (one.last, other.last) if time]
    newest = max((one, other), key=lambda seen: seen.last or _ALWAYS)
    return Sighting(
        one.build,
        one.precision,
        one.evidence,
        newest.path,
        newest.line,
        min(firsts, default=None),
        max(lasts, default=None),
        one.computer or other.computer,
    )


def _now(ordered: list[Sighting]) -> Sighting:
    """Choose the newest sighting that shows the update, unless a later one shows another CU."""
    newest = max(ordered, key=lambda one: (one.last or _ALWAYS, one.precision, one.build))
    if newest.precision == "su":
        return newest
    exact = [one for one in ordered if one.precision == "su" and _compatible(one, newest)]
    return max(exact, key=lambda one: (one.last or _ALWAYS, one.build), default=newest)


def _compatible(one: Sighting, other: Sighting) -> bool:
    """Tell whether two sightings can be of the same build: equal, or equal as far as they tell."""
    if one.precision == other.precision == "su":
        return one.build == other.build
    return one.build[:3] == other.build[:3]
