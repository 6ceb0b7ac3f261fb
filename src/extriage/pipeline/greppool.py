"""Search with several processes, and hand the matches on in the order of one."""

import shutil
import signal
import tempfile
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from extriage.model.evidence import Unit
from extriage.pipeline.beginning import evidence
from extriage.pipeline.grep import (
    Looked,
    Search,
    Take,
    moved,
    ordered,
    parts_of,
    query_pack,
    search_alone,
    search_part,
    spooled,
    unspooled,
)
from extriage.pipeline.matches import Hit
from extriage.pipeline.parts import Part
from extriage.pipeline.worker import BATCH, FILE_COST, PATIENCE, SLOWEST, SMALL, context, outcome

_AHEAD = 3
"""Tasks for each worker that may wait for earlier ones to be told."""


@dataclass(frozen=True, slots=True)
class _Task:
    """Some units, or one part of a large log."""

    units: tuple[Unit, ...] = ()
    part: Part | None = None

    def size(self) -> int:
        """Return how many bytes are to be read."""
        if self.part:
            return self.part.end - self.part.start
        return sum(max(unit.size, 0) for unit in self.units)


@dataclass(slots=True)
class _Log:
    """A large log whose parts are told one after the other."""

    path: str = ""
    lines: int = 0
    columns: Any = None
    strange: bool = False
    """A part ended with other columns than its log's head names: later parts are read anew."""


@dataclass(slots=True)
class _Pool:
    """The workers, and what they are doing in the order in which it is told."""

    search: Search
    take: Take
    place: str
    processes: Any
    files: list[Looked] = field(default_factory=list)
    waiting: deque[tuple[_Task, Any]] = field(default_factory=deque)
    log: _Log = field(default_factory=_Log)

    def start(self, task: _Task) -> None:
        """Let a worker begin with a task as soon as one is free."""
        patience = PATIENCE + task.size() / SLOWEST
        arguments = (task.part, task.units, self.search, self.place)
        future = self.processes.schedule(_work, args=arguments, timeout=patience)
        self.waiting.append((task, future))

    def tell(self) -> None:
        """Wait for the earliest task and hand its matches on."""
        task, future = self.waiting.popleft()
        data = outcome(future)
        if task.part is not None:
            self._tell_part(task.part, data)
        elif isinstance(data, list):
            self.files += unspooled(data[0], 0, self.take).files
        else:
            self._fell(task, data)

    def _tell_part(self, part: Part, data: list[bytes] | str) -> None:
        if part.unit.path != self.log.path:
            self.log = _Log(part.unit.path, columns=part.columns)
        log = self.log
        if isinstance(data, str):
            self.files.append(Looked(part.unit.path, 0, "partial", data))
            return
        if log.strange:
            lines = log.lines
            numbered = partial(_numbered, lines, self.take)
            done = search_part(moved(part, log.columns), self.search, numbered)
        else:
            done = unspooled(data[0], log.lines, self.take)
        self.files += done.files
        log.strange = log.strange or done.columns != log.columns
        log.columns, log.lines = done.columns, log.lines + done.lines

    def _fell(self, task: _Task, reason: str) -> None:
        """Search the units of a task whose worker fell, each alone; one of them fells it again."""
        if len(task.units) == 1:
            self.files.append(Looked(task.units[0].path, 0, "unreadable", reason))
            return
        later, self.waiting = self.waiting, deque()
        for unit in task.units:
            self.start(_Task(units=(unit,)))
        self.waiting += later


def _numbered(lines: int, take: Take, hit: Hit) -> None:
    take(msgspec.structs.replace(hit, line=hit.line + lines))


def _work(part: Part | None, units: tuple[Unit, ...], search: Search, place: str) -> list[bytes]:
    return [spooled(part, units, search, place)]


def search_evidence(units: list[Unit], search: Search, jobs: int, take: Take) -> list[Looked]:
    """Search evidence and hand every match to `take`, in the order of paths and lines.

    Whatever `take` raises ends it at once: a reader that has gone, for example.
    """
    total = sum(max(unit.size, 0) + FILE_COST for unit in units)
    if jobs < 2 or total <= SMALL:
        return search_alone(units, search, take)
    query_pack(search)
    # NOTE: pebble takes its time to import, and small evidence needs no workers.
    from pebble import ProcessPool  # noqa: PLC0415

    place = tempfile.mkdtemp(prefix="extriage-")
    processes: Any = ProcessPool(max_workers=jobs, initializer=_start, context=context())
    pool = _Pool(search, take, place, processes)
    try:
        for task in _tasks(units, search):
            pool.start(task)
            if len(pool.waiting) >= _AHEAD * jobs:
                pool.tell()
        while pool.waiting:
            pool.tell()
        processes.close()
    except BaseException:
        processes.stop()
        raise
    finally:
        processes.join()
        shutil.rmtree(place, ignore_errors=True)
    return pool.files


def search_paths(paths: list[Path], search: Search, jobs: int, take: Take) -> list[Looked]:
    """Search everything that paths lead to; also tell what there is that cannot be read."""
    found = evidence(paths)
    unread = [Looked(one.path, 0, one.status, one.reason) for one in found.entries]
    return [*unread, *search_evidence(list(found.units), search, jobs, take)]


def _start() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _tasks(units: list[Unit], search: Search) -> Iterator[_Task]:
    """Share units out in the order in which they are told: large ones alone."""
    batch: list[Unit] = []
    size = 0
    for unit in ordered(units):
        parts = parts_of(unit, search)
        cost = max(unit.size, 0) + FILE_COST
        if batch and (parts or size + cost > BATCH):
            yield _Task(units=tuple(batch))
            batch, size = [], 0
        if parts:
            yield from (_Task(part=part) for part in parts)
        else:
            batch.append(unit)
            size += cost
    if batch:
        yield _Task(units=tuple(batch))
