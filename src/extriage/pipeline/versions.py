"""Which builds does a piece of evidence name, and which of them does each server run now?

No rules are run: only files that tell a build, and the build columns of logs, are of interest. What
a file of the server says holds for the day on which it was collected; a log row for its own time.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from extriage.analysis.history import history
from extriage.analysis.hosts import assign
from extriage.analysis.sightings import Sighting
from extriage.knowledge.builds import spell
from extriage.model.evidence import Entry, Tally, Unit
from extriage.model.reading import ArtifactResult
from extriage.model.state import Fact
from extriage.parsers import traces
from extriage.pipeline.beginning import evidence
from extriage.pipeline.pack import Content
from extriage.pipeline.scan import Watcher
from extriage.pipeline.worker import Workers, decode, run_units

CONFLICTS = 5


@dataclass(frozen=True, slots=True)
class ServerBuild:
    """What the evidence says of one server."""

    computer: str
    """Empty if no evidence names the server."""
    now: Sighting
    """The build to believe, chosen as a scan does."""
    sightings: tuple[Sighting, ...]
    """One for each build and kind of evidence, in order of time."""
    conflicts: tuple[str, ...]
    """What does not fit together, each in one sentence, and no more than a few."""

    def says(self) -> str:
        """Return the build and where it stands in one phrase."""
        now = self.now
        until = f", until {now.last.isoformat(sep=' ')[:16]} UTC" if now.last else ""
        return f"{spell(now.build)} ({now.name}{until}, {now.path})"


@dataclass(frozen=True, slots=True)
class Builds:
    """What a path tells of the builds of servers."""

    servers: tuple[ServerBuild, ...]
    unread: tuple[Entry, ...]
    """Files that could not, or not wholly, be read."""
    doubts: tuple[str, ...] = ()
    """Why nothing that names a build is believed, of servers whose build is not known."""


def builds_in(path: Path, jobs: int, watcher: Watcher) -> Builds:
    """Read a file, folder or archive for the builds that it names.

    What cannot be read is in `unread`; only a path that is not there raises SourceError.
    """
    found = evidence([path])
    gathered = _Gathered([])
    for entry in found.entries:
        gathered.add(ArtifactResult(entry))
    watcher.total(sum(max(unit.size, 0) for unit in found.units), len(found.units))

    def keep(unit: Unit, data: bytes) -> None:
        for result in decode(data):
            gathered.add(result)
        watcher.done(unit.path, 0)

    workers = Workers(jobs, Content(builtin=False))
    run_units(list(found.units), workers, watcher.read, keep)()
    return gathered.builds()


@dataclass(slots=True)
class _Evidence:
    """What names builds of one server."""

    tallies: list[Tally] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)


@dataclass(slots=True)
class _Gathered:
    """What was read so far."""

    unread: list[Entry]
    results: list[ArtifactResult] = field(default_factory=list)
    folders: list[Entry] = field(default_factory=list)
    """Files below folders that are named after a build."""

    def add(self, result: ArtifactResult) -> None:
        """Take in one file."""
        if _lost(result.entry):
            self.unread.append(result.entry)
        if any(True for _ in traces.path_facts(result.entry.path)):
            self.folders.append(result.entry)
        if result.tallies or result.facts:
            self.results.append(result)

    def builds(self) -> Builds:
        """Say what each server runs."""
        named = {entry.path: list[str]() for entry in self.folders}
        for result in self.results:
            known = named.setdefault(result.entry.path, [])
            known += dict.fromkeys(tally.computer for tally in result.tallies)
            known += dict.fromkeys(fact.computer for fact in result.facts)
        names = assign(named)
        servers: dict[str, _Evidence] = {}
        for result in self.results:
            path = result.entry.path
            for tally in result.tallies:
                server = servers.setdefault(names.of(path, tally.computer), _Evidence())
                server.tallies.append(tally)
            for fact in result.facts:
                server = servers.setdefault(names.of(path, fact.computer), _Evidence())
                server.facts.append(fact)
        for entry in self.folders:
            servers.setdefault(names.of(entry.path), _Evidence()).entries.append(entry)
        nameless = not any(name for names in named.values() for name in names)
        unread = tuple(sorted(self.unread, key=lambda entry: entry.path))
        return _judged(servers, unread, alone=len(servers) == 1 and nameless)


def _judged(servers: dict[str, _Evidence], unread: tuple[Entry, ...], *, alone: bool) -> Builds:
    found = list[ServerBuild]()
    doubts = list[str]()
    for name, server in sorted(servers.items()):
        past = history(server.tallies, server.facts, _by_path(server.entries))
        if past.now:
            said = past.conflicts[:CONFLICTS]
            found.append(ServerBuild("" if alone else name, past.now, past.sightings, said))
        else:
            doubts += past.conflicts[:CONFLICTS]
    return Builds(tuple(found), unread, tuple(doubts))


def _by_path(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda entry: entry.path)


def _lost(entry: Entry) -> bool:
    return entry.status in ("unreadable", "partial")
