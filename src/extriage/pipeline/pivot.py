"""The second pass: what the web logs say of the suspects that the first one found.

Which pages are suspect is known only when all evidence was read. Then the logs that show requests
are read once more for these pages alone; without suspects nothing is. What is counted depends on
the evidence alone, never on how the work was shared out.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import msgspec

from extriage import parsers as parsing
from extriage.analysis.hosts import HostNames
from extriage.analysis.suspects import Suspects
from extriage.analysis.visits import Counter, PageTally, Stretch, Visits, Walk
from extriage.errors import SourceError
from extriage.model.evidence import Entry, Unit
from extriage.model.reading import ArtifactResult
from extriage.model.state import Proof
from extriage.parsers.text import open_text
from extriage.pipeline import parts as splitting
from extriage.pipeline.again import SecondReader, Wanted, hunt
from extriage.pipeline.artifact import Progress
from extriage.pipeline.parts import Part
from extriage.pipeline.secondpass import SecondPass
from extriage.pipeline.sharing import Work, share_out
from extriage.pipeline.worker import batches
from extriage.sources import Opened, read, read_range

KINDS = ("iis", "httpproxy")
"""Logs that say who asked for which page, with a time that can be relied on."""


@dataclass(slots=True)
class Seen:
    """What the second pass found on one server."""

    pages: list[PageTally] = field(default_factory=list)
    walks: list[Walk] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    """Logs that could be read the first time, and not again."""


@dataclass(slots=True)
class _FileVisits:
    """What one log says; `path` is empty for a part of a log."""

    path: str
    visits: Visits
    trouble: str = ""
    lines: int = 0
    columns: parsing.Columns | None = None


@dataclass(frozen=True, slots=True)
class _Task:
    """Some units, or one part of a large log."""

    units: tuple[Unit, ...] = ()
    paths: frozenset[str] = frozenset()
    part: Part | None = None

    def size(self) -> int:
        """Return how many bytes are to be read."""
        if self.part:
            return self.part.end - self.part.start
        return sum(max(unit.size, 0) for unit in self.units)


@dataclass(slots=True)
class WebLogs:
    """The logs of the first pass that show requests, each once."""

    logs: dict[tuple[str, str, str], list[tuple[Entry, ArtifactResult]]] = field(
        default_factory=dict
    )
    """By server, kind, and the last two names of the path."""

    def see(self, host: str, result: ArtifactResult) -> None:
        """Take in an artifact that belongs to a server."""
        entry = result.entry
        if entry.kind in KINDS:
            tail = "/".join(entry.path.lower().split("/")[-2:])
            slim = ArtifactResult(entry, result.tallies)
            self.logs.setdefault((host, entry.kind, tail), []).append((entry, slim))

    def chosen(self) -> dict[str, Entry]:
        """Return the logs to read, by path; of copies of one log the one with the most lines.

        Shadow copies hold the beginning of a log that lies elsewhere as a whole.
        """
        found: dict[str, Entry] = {}
        for copies in self.logs.values():
            copies.sort(key=lambda one: (-one[0].lines, one[0].path))
            kept: list[ArtifactResult] = []
            for entry, result in copies:
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
    second: SecondPass,
    results: Iterable[tuple[str, ArtifactResult]],
    logs: Mapping[str, Entry],
    suspects: Mapping[str, Suspects],
    wanted: Wanted,
    names: HostNames,
) -> dict[str, Seen]:
    """Read the web logs again; return by server what they say of its suspects.

    `results` are those of the first pass with the keys of their units, in order.
    """
    units: dict[str, set[str]] = {}
    for key, result in results:
        if result.entry.path in logs:
            units.setdefault(key, set()).add(result.entry.path)
    asked = {second.units[key]: frozenset(paths) for key, paths in units.items()}
    second.announce(sum(max(logs[path].size, 0) for path in logs), len(logs))
    found: dict[str, Seen] = {}
    for one in _read_all(asked, wanted, second):
        _share(one, suspects, names, found)
        if one.trouble and logs[one.path].status == "read":
            found.setdefault(names.of(one.path), Seen()).unread.append(one.path)
    return found


def _share(
    one: _FileVisits,
    suspects: Mapping[str, Suspects],
    names: HostNames,
    found: dict[str, Seen],
) -> None:
    for tally in one.visits.pages:
        host = names.of(one.path, tally.computer)
        its = suspects.get(host, Suspects())
        if tally.page in its.pages or tally.page.rpartition("/")[2] in its.names:
            found.setdefault(host, Seen()).pages.append(tally)
    for walk in one.visits.walks:
        found.setdefault(names.of(one.path, walk.computer), Seen()).walks.append(walk)


def _read_all(
    asked: Mapping[Unit, frozenset[str]], wanted: Wanted, second: SecondPass
) -> Iterator[_FileVisits]:
    """Yield what every log says, in the order of paths."""
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
) -> dict[str, list[_FileVisits]]:
    """Read large logs in parts; leave out those that must be read whole after all."""
    tasks = [_Task(part=part) for parts in large.values() for part in parts]
    results = dict(_done(tasks, wanted, second))
    found: dict[str, list[_FileVisits]] = {}
    for unit, parts in large.items():
        its = [results[task] for task in tasks if task.part and task.part.unit == unit]
        read_well = [one[0] for one in its if not isinstance(one, str) and not one[0].trouble]
        fitting = all(one.columns == parts[0].columns for one in read_well[:-1])
        if len(read_well) == len(parts) and fitting:
            found[unit.path] = _put_together(unit.path, read_well)
    return found


def _put_together(path: str, parts: Iterable[_FileVisits]) -> list[_FileVisits]:
    """Let the lines of every part be counted from the file's first one."""
    found, lines = [], 0
    for part in parts:
        for tally in part.visits.pages:
            tally.stretches = [_moved(one, lines) for one in tally.stretches]
            for visitor in tally.visitors.values():
                if order := visitor.order:
                    visitor.order = replace(order, proof=_later(order.proof, lines))
        found.append(replace(part, path=path))
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
) -> dict[str, list[_FileVisits]]:
    def task(some: Iterable[Unit]) -> _Task:
        listed = tuple(some)
        return _Task(listed, frozenset[str]().union(*(asked[unit] for unit in listed)))

    found: dict[str, list[_FileVisits]] = {}
    tasks = [task(batch) for batch in batches(list(units))]
    again: list[_Task] = []
    for one, data in _done(tasks, wanted, second):
        if not isinstance(data, str):
            _sort_in(data, found)
        elif len(one.units) > 1:
            # NOTE: one of them kills its reader; alone, it fails without the others.
            again += [task([unit]) for unit in one.units]
        else:
            _sort_in([_FileVisits(path, Visits(), data) for path in sorted(one.paths)], found)
    for one, data in _done(again, wanted, second):
        lost = [_FileVisits(path, Visits(), str(data)) for path in sorted(one.paths)]
        _sort_in(lost if isinstance(data, str) else data, found)
    return found


def _sort_in(data: Iterable[_FileVisits], found: dict[str, list[_FileVisits]]) -> None:
    for one in data:
        found.setdefault(one.path, []).append(one)


def _done(
    tasks: list[_Task], wanted: Wanted, second: SecondPass
) -> Iterator[tuple[_Task, list[_FileVisits] | str]]:
    work = Work(partial(read_again, wanted=wanted), _Task.size)
    for at, data in share_out(tasks, work, second.jobs, second.progress):
        if isinstance(data, str):
            yield tasks[at], data
        else:
            yield tasks[at], msgspec.msgpack.decode(data, type=list[_FileVisits])


def read_again(task: _Task, progress: Progress, wanted: Wanted) -> bytes:
    """Do one task, in whatever process; return the encoded visits."""
    if task.part:
        found = [_read_part(task.part, progress, wanted)]
    else:
        found = [one for unit in task.units for one in _read_unit(unit, task, progress, wanted)]
    return msgspec.msgpack.encode(found)


def _read_part(part: Part, progress: Progress, wanted: Wanted) -> _FileVisits:
    format = parsing.KINDS[part.kind].format
    assert format is not None
    counter = Counter(wanted.pages, wanted.names)
    columns = part.columns if part.start else None
    reader = SecondReader(part.unit.path, format, hunt(wanted), counter, columns)
    reader.offset = part.start

    def work() -> None:
        with read_range(part.unit, part.start, part.end) as stream:
            reader.read(stream, progress)

    trouble = _attempt(work)
    return _FileVisits("", counter.visits(), trouble, reader.lines, reader.columns)


def _attempt(work: Callable[[], None]) -> str:
    """Read something; return why it ended early. A reader's failure must not end a scan."""
    try:
        work()
    except SourceError as error:
        return str(error)
    except Exception as error:
        return f"the reader failed ({type(error).__name__})"
    return ""


def _read_unit(
    unit: Unit, task: _Task, progress: Progress, wanted: Wanted
) -> Iterator[_FileVisits]:
    waiting = set(task.paths)
    try:
        for item in read(unit):
            if isinstance(item, Opened) and item.artifact.path in waiting:
                waiting.discard(item.artifact.path)
                yield _read_log(item, progress, wanted)
    except SourceError:
        return


def _read_log(item: Opened, progress: Progress, wanted: Wanted) -> _FileVisits:
    path, counter = item.artifact.path, Counter(wanted.pages, wanted.names)

    def work() -> None:
        head, text, _ = open_text(item.stream)
        kind = parsing.KINDS.get(parsing.recognise(head, path))
        if kind is not None and kind.format is not None:
            reader = SecondReader(path, kind.format, hunt(wanted), counter)
            reader.read(text, progress, item.artifact.size)

    trouble = _attempt(work)
    return _FileVisits(path, counter.visits(), trouble)
