"""The second pass: what the logs say of the suspects that the first one found.

Who and what is suspect is known only when all evidence was read. Then the logs are read once more
for that alone; without suspects nothing is. What comes out depends on the evidence alone, never on
how the work was shared out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import msgspec

from extriage import parsers as parsing
from extriage.analysis.visits import Counter, Stretch, Visits
from extriage.errors import CaseError, SourceError
from extriage.model.evidence import ByteStream, Entry, Unit
from extriage.model.reading import ArtifactResult
from extriage.model.state import Proof
from extriage.parsers.text import open_text
from extriage.pipeline import parts as splitting
from extriage.pipeline import spill
from extriage.pipeline.again import SecondReader
from extriage.pipeline.artifact import Progress
from extriage.pipeline.eventsagain import SecondEvents
from extriage.pipeline.hunting import EVENTS, WEB, Wanted, hunt
from extriage.pipeline.parts import Part
from extriage.pipeline.secondpass import SecondPass
from extriage.pipeline.sharing import Work, share_out
from extriage.pipeline.spill import Spill
from extriage.pipeline.trails import Follower
from extriage.pipeline.worker import batches
from extriage.sources import Opened, read, read_range

SHAPES = ("lines", "events-binary", "events-json", "acts")
"""Kinds of evidence that are records one after the other."""


@dataclass(slots=True)
class FileSight:
    """What one log says of suspects; `path` is empty for a part of a log."""

    path: str
    visits: Visits
    trouble: str = ""
    lines: int = 0
    columns: parsing.Columns | None = None
    trail: spill.Stretch = field(default_factory=spill.Stretch)
    before: int = 0
    """Lines of the file that stand before this part."""
    shift: timedelta = timedelta()
    """What is to be added to the times of the trail."""
    untimed: int = 0
    """Records of suspects that have no usable time."""


@dataclass(frozen=True, slots=True)
class _Task:
    """Some units, or one part of a large log."""

    units: tuple[Unit, ...] = ()
    paths: frozenset[str] = frozenset()
    part: Part | None = None
    name: str = ""
    """What the file is called that takes the trail."""

    def size(self) -> int:
        """Return how many bytes are to be read."""
        if self.part:
            return self.part.end - self.part.start
        return sum(max(unit.size, 0) for unit in self.units)


@dataclass(slots=True)
class Logs:
    """The logs of the first pass, each once."""

    logs: dict[tuple[str, str, str], list[tuple[Entry, ArtifactResult]]] = field(
        default_factory=dict
    )
    """By server, kind, and the last two names of the path."""
    hosts: dict[str, frozenset[str]] = field(default_factory=dict)
    """By path the servers that a log speaks of."""

    def see(self, host: str, others: Iterable[str], result: ArtifactResult) -> None:
        """Take in an artifact that belongs to a server, and tells of others perhaps."""
        entry = result.entry
        kind = parsing.KINDS.get(entry.kind)
        if kind is not None and kind.shape in SHAPES:
            tail = "/".join(entry.path.lower().split("/")[-2:])
            slim = ArtifactResult(entry, result.tallies)
            self.logs.setdefault((host, entry.kind, tail), []).append((entry, slim))
            self.hosts[entry.path] = frozenset({host, *others})

    def chosen(self, every: set[str], web: set[str]) -> dict[str, Entry]:
        """Return the logs to read, by path; of copies of one log the one with the most lines.

        All logs of the servers `every`, and of those in `web` the ones that show requests. Shadow
        copies hold the beginning of a log that lies elsewhere as a whole.
        """
        found: dict[str, Entry] = {}
        for (_, kind, _), copies in self.logs.items():
            hosts = every | web if kind in WEB else every
            copies.sort(key=lambda one: (-one[0].lines, one[0].path))
            kept: list[ArtifactResult] = []
            for entry, result in copies:
                if self.hosts[entry.path].isdisjoint(hosts):
                    continue
                if not any(_overlap(result, other) for other in kept):
                    kept.append(result)
                    found[entry.path] = entry
        return found


def _overlap(one: ArtifactResult, other: ArtifactResult) -> bool:
    """Tell whether two logs of the same name cover the same time."""
    spans = [
        (min(firsts), max(lasts))
        for result in (one, other)
        if (firsts := [t.first for t in result.tallies if t.first])
        and (lasts := [t.last for t in result.tallies if t.last])
    ]
    return len(spans) == 2 and spans[0][0] <= spans[1][1] and spans[1][0] <= spans[0][1]


def follow(
    second: SecondPass, units: Mapping[str, str], logs: Mapping[str, Entry], wanted: Wanted
) -> Iterator[FileSight]:
    """Read logs again; yield what each says, in the order of their paths.

    `units` has the key of the unit in which each log is.
    """
    inside: dict[str, set[str]] = {}
    for path in logs:
        inside.setdefault(units[path], set()).add(path)
    order = [key for key in second.units if key in inside]
    asked = {second.units[key]: frozenset(inside[key]) for key in order}
    second.announce(sum(max(logs[path].size, 0) for path in logs), len(logs))
    large = {unit: parts for unit in asked if (parts := _parts(unit))}
    found = _in_parts(large, wanted, second)
    small = [unit for unit in asked if unit.path not in found]
    found |= _whole(small, asked, wanted, second)
    for path in sorted(found):
        yield from found[path]


def _parts(unit: Unit) -> list[Part]:
    try:
        parts = splitting.plan(unit)
    except SourceError:
        return []
    return parts if len(parts) > 1 else []


def _in_parts(
    large: Mapping[Unit, list[Part]], wanted: Wanted, second: SecondPass
) -> dict[str, list[FileSight]]:
    """Read large logs in parts; leave out those that must be read whole after all."""
    every = [part for parts in large.values() for part in parts]
    tasks = [_Task(part=part, name=f"part-{at}") for at, part in enumerate(every)]
    results = dict(_done(tasks, wanted, second))
    found: dict[str, list[FileSight]] = {}
    for unit, parts in large.items():
        its = [results[task] for task in tasks if task.part and task.part.unit == unit]
        read_well = [one[0] for one in its if not isinstance(one, str) and not one[0].trouble]
        fitting = all(one.columns == parts[0].columns for one in read_well[:-1])
        if len(read_well) == len(parts) and fitting:
            found[unit.path] = _put_together(unit.path, read_well)
    return found


def _put_together(path: str, parts: Iterable[FileSight]) -> list[FileSight]:
    """Let the lines of every part be counted from the file's first one."""
    found, lines = [], 0
    for part in parts:
        for tally in part.visits.pages:
            tally.stretches = [_moved(one, lines) for one in tally.stretches]
            for visitor in tally.visitors.values():
                if order := visitor.order:
                    visitor.order = replace(order, proof=_later(order.proof, lines))
        found.append(replace(part, path=path, before=lines))
        lines += part.lines
    return found


def _moved(one: Stretch, lines: int) -> Stretch:
    opening, closing = _later(one.opening, lines), _later(one.closing, lines)
    return replace(one, opening=opening, closing=closing)


def _later(proof: Proof, lines: int) -> Proof:
    return replace(proof, line=proof.line + lines)


def _whole(
    units: Iterable[Unit],
    asked: Mapping[Unit, frozenset[str]],
    wanted: Wanted,
    second: SecondPass,
) -> dict[str, list[FileSight]]:
    def task(some: Iterable[Unit], name: str) -> _Task:
        listed = tuple(some)
        paths = frozenset[str]().union(*(asked[unit] for unit in listed))
        return _Task(listed, paths, name=name)

    found: dict[str, list[FileSight]] = {}
    tasks = [task(batch, f"batch-{at}") for at, batch in enumerate(batches(list(units)))]
    again: list[_Task] = []
    for one, data in _done(tasks, wanted, second):
        if not isinstance(data, str):
            _sort_in(data, found)
        elif len(one.units) > 1:
            # NOTE: one of them kills its reader; alone, it fails without the others.
            again += [task([unit], f"{one.name}-{at}") for at, unit in enumerate(one.units)]
        else:
            _sort_in([FileSight(path, Visits(), data) for path in sorted(one.paths)], found)
    for one, data in _done(again, wanted, second):
        lost = [FileSight(path, Visits(), str(data)) for path in sorted(one.paths)]
        _sort_in(lost if isinstance(data, str) else data, found)
    return found


def _sort_in(data: Iterable[FileSight], found: dict[str, list[FileSight]]) -> None:
    for one in data:
        found.setdefault(one.path, []).append(one)


def _done(
    tasks: list[_Task], wanted: Wanted, second: SecondPass
) -> Iterator[tuple[_Task, list[FileSight] | str]]:
    work = Work(partial(read_again, wanted=wanted), _Task.size)
    for at, data in share_out(tasks, work, second.jobs, second.progress):
        if isinstance(data, str):
            yield tasks[at], data
        else:
            yield tasks[at], msgspec.msgpack.decode(data, type=list[FileSight])


def read_again(task: _Task, progress: Progress, wanted: Wanted) -> bytes:
    """Do one task, in whatever process; return what its logs say, encoded."""
    with Spill(wanted.trail.folder, f"{wanted.trail.round}-{task.name}") as kept:
        reading = _Reading(task, progress, wanted, kept)
        if task.part:
            found = [reading.part(task.part)]
        else:
            found = [one for unit in task.units for one in reading.unit(unit)]
    return msgspec.msgpack.encode(found)


def _attempt(work: Callable[[], None]) -> str:
    """Read something; return why it ended early. A reader's failure must not end a scan."""
    try:
        work()
    except SourceError as error:
        return str(error)
    except CaseError:
        raise
    except Exception as error:
        return f"the reader failed ({type(error).__name__})"
    return ""


@dataclass(slots=True)
class _Reading:
    """One task while it is done."""

    task: _Task
    progress: Progress
    wanted: Wanted
    kept: Spill

    def part(self, part: Part) -> FileSight:
        """Read a part of a large log."""
        format = parsing.KINDS[part.kind].format
        assert format is not None
        prepared = hunt(self.wanted, part.kind)
        counter = Counter(self.wanted.pages, self.wanted.names)
        reader = SecondReader(part.unit.path, format, prepared, counter)
        if part.start:
            reader.columns, reader.log_type = part.columns, part.log_type
        reader.follower = self._follower(part.kind)
        reader.offset = part.start

        def work() -> None:
            with read_range(part.unit, part.start, part.end) as stream:
                reader.read(stream, self.progress)

        sight = FileSight("", Visits(), _attempt(work), reader.lines, reader.columns)
        sight.visits = counter.visits()
        return _told(sight, reader.follower)

    def _follower(self, kind: str) -> Follower | None:
        if not self.wanted.trail.suspects:
            return None
        return Follower(hunt(self.wanted, kind), self.kept)

    def unit(self, unit: Unit) -> Iterator[FileSight]:
        """Read the logs of one unit."""
        waiting = set(self.task.paths)
        try:
            for item in read(unit):
                if isinstance(item, Opened) and item.artifact.path in waiting:
                    waiting.discard(item.artifact.path)
                    yield self._log(item)
        except SourceError:
            return

    def _log(self, item: Opened) -> FileSight:
        sight = FileSight(item.artifact.path, Visits())
        followers: list[Follower] = []

        def work() -> None:
            head, text, _ = open_text(item.stream)
            kind = parsing.KINDS.get(parsing.recognise(head, sight.path))
            if kind is None:
                return
            follower = self._follower(EVENTS if kind.shape.startswith("events") else _named(kind))
            followers.extend([follower] if follower else [])
            if kind.format is not None:
                self._lines(kind.format, item, text, sight, follower)
            elif follower is not None:
                self._items(kind.shape, text, sight, follower)

        sight.trouble = _attempt(work)
        return _told(sight, followers[0] if followers else None)

    def _lines(
        self,
        format: parsing.LineFormat,
        item: Opened,
        text: ByteStream,
        sight: FileSight,
        follower: Follower | None,
    ) -> None:
        counter = Counter(self.wanted.pages, self.wanted.names)
        prepared = hunt(self.wanted, format.kind)
        reader = SecondReader(sight.path, format, prepared, counter, follower=follower)
        try:
            reader.read(text, self.progress, item.artifact.size)
        finally:
            sight.visits = counter.visits()

    def _items(self, shape: str, text: ByteStream, sight: FileSight, follower: Follower) -> None:
        reader = SecondEvents(sight.path, follower.hunt, follower)
        how = {
            "events-binary": reader.read_binary,
            "events-json": reader.read_json,
            "acts": reader.read_acts,
        }.get(shape)
        if how is not None:
            try:
                how(text, self.progress)
            finally:
                sight.shift = reader.shift


def _named(kind: parsing.Kind) -> str:
    """Return the kind that the records of a log have."""
    return "audit" if kind.shape == "acts" else kind.name


def _told(sight: FileSight, follower: Follower | None) -> FileSight:
    if follower is not None:
        sight.trail, sight.untimed = follower.stretch(), follower.untimed
    return sight
