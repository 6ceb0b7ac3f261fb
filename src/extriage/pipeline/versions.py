"""Which builds does a piece of evidence name, and which of them does each server run now?

No rules are run: only files that tell a build, and the build columns of logs, are of interest. What
a file of the server says holds for the day on which it was collected; a log row for its own time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from extriage.analysis.hosts import assign
from extriage.knowledge.builds import build_table, number, spell
from extriage.model.evidence import Entry, Unit
from extriage.model.exchange import BuildNumber
from extriage.model.reading import ArtifactResult
from extriage.model.state import Fact, Subject
from extriage.pipeline.pack import Content
from extriage.pipeline.scan import Watcher
from extriage.pipeline.worker import Workers, decode, run_units
from extriage.sources import survey

_ALWAYS = datetime(9999, 12, 31, tzinfo=UTC)
CONFLICTS = 5
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
        """Return what speaks against `now`, each in one sentence, and no more than a few."""
        others = [
            f"the evidence does not agree: {self.now.says()}, but {other.says()}"
            for other in self.sightings
            if other.last is None and not _compatible(other, self.now)
        ]
        return (*self._running(), *others[:CONFLICTS])

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


def builds_in(path: Path, jobs: int, watcher: Watcher) -> Builds:
    """Read a file, folder or archive for the builds that it names.

    What cannot be read is in `unread`; only a path that is not there raises SourceError.
    """
    found = survey([path])
    gathered = _Gathered([entry for entry in found.entries if _lost(entry)])
    watcher.total(sum(max(unit.size, 0) for unit in found.units), len(found.units))

    def keep(unit: Unit, data: bytes) -> None:
        for result in decode(data):
            gathered.add(result)
        watcher.done(unit.path, 0)

    workers = Workers(jobs, Content(builtin=False))
    run_units(list(found.units), workers, watcher.read, keep)
    return gathered.builds()


@dataclass(slots=True)
class _Gathered:
    """What was read so far."""

    unread: list[Entry]
    sightings: list[Sighting] = field(default_factory=list)
    named: dict[str, list[str]] = field(default_factory=dict)
    """Path to the computers that it names."""

    def add(self, result: ArtifactResult) -> None:
        """Take in one file."""
        if _lost(result.entry):
            self.unread.append(result.entry)
        self.sightings += _of(result)
        names = [tally.computer for tally in result.tallies]
        names += [fact.computer for fact in result.facts]
        if names:
            self.named[result.entry.path] = list(dict.fromkeys(names))

    def builds(self) -> Builds:
        """Say what each server runs."""
        names = assign(self.named)
        groups: dict[str, list[Sighting]] = {}
        for one in self.sightings:
            groups.setdefault(names.of(one.path, one.computer), []).append(one)
        alone = len(groups) == 1 and not any(one.computer for one in self.sightings)
        servers = [_server("" if alone else name, group) for name, group in sorted(groups.items())]
        return Builds(tuple(servers), tuple(sorted(self.unread, key=lambda entry: entry.path)))


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
