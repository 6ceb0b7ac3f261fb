"""Share the work out to processes that may crash or hang without taking the scan along."""

import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import msgspec

from extriage.errors import SourceError
from extriage.model.evidence import Unit
from extriage.model.reading import ArtifactResult
from extriage.pipeline import parts as splitting
from extriage.pipeline.artifact import Progress
from extriage.pipeline.digest import Digests, digest
from extriage.pipeline.pack import Content, load_pack
from extriage.pipeline.parts import Part, PartResult
from extriage.pipeline.unit import failure, read_unit

SMALL = 48 << 20
"""Evidence up to this size is read in one process: workers would take longer to start."""
PATIENCE = 120
SLOWEST = 512 << 10
"""A unit may take `PATIENCE` seconds and one more for each of these bytes."""
BATCH = 8 << 20
FILE_COST = 64 << 10
"""Opening a file takes as long as reading this many bytes."""
SLOWER = {".evtx": 16, ".jsonl": 4, ".zip": 4, ".gz": 4, ".tgz": 4, ".7z": 8, ".e01": 4}
"""So many times as long as a log of its size takes what has such a name; all else is read alike."""
TELL = 256 << 10
"""Bytes that a worker reads before it tells so."""

Keep = Callable[[Unit, bytes], None]

_state: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Workers:
    """How the work is shared out."""

    jobs: int
    content: Content
    debug: bool = False


@dataclass(slots=True)
class _Large:
    """A large log that is read in parts."""

    unit: Unit
    parts: list[Part]
    results: dict[int, PartResult] = field(default_factory=dict)
    sha256: str = ""
    waiting: int = 0
    failed: bool = False

    def result(self) -> list[ArtifactResult] | None:
        """Return what all parts gave; None if the file must be read whole after all."""
        results = [self.results[at] for at in sorted(self.results)]
        whole = not self.failed and len(results) == len(self.parts)
        if not whole or not splitting.fit_together(self.parts, results):
            return None
        return [splitting.put_together(self.parts, results, self.sha256)]


@dataclass(frozen=True, slots=True)
class _Task:
    """What one worker does in one go: some units, or one part of a large log."""

    units: tuple[Unit, ...] = ()
    part: Part | None = None

    def size(self) -> int:
        """Return how many bytes are to be read."""
        if self.part:
            return self.part.end - self.part.start
        return sum(max(unit.size, 0) for unit in self.units)


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes on in this process while workers read."""

    digests: Digests
    meanwhile: Callable[[], object] = bool
    """Called once, when the workers have begun."""


def run_units(
    units: list[Unit],
    workers: Workers,
    progress: Progress,
    keep: Keep,
    beside: Beside | None = None,
) -> Callable[[], None]:
    """Read all units and hand each one's encoded results to `keep` as soon as it is done.

    Call what is returned at the end of it all: it waits until the workers have gone.
    """
    total = sum(map(_cost, units))
    beside = beside or Beside(Digests(max(1, workers.jobs // 2)))
    try:
        if workers.jobs > 1 and total > SMALL:
            pool = _Pool(workers, progress, keep, beside)
            pool.run(units)
            return pool.gone
        _alone(units, workers, progress, keep)
        return _nobody
    finally:
        beside.digests.stop()


def _cost(unit: Unit) -> int:
    """Guess how long a unit takes, as bytes of a log."""
    return FILE_COST + max(unit.size, 0) * SLOWER.get(PurePath(unit.path).suffix.lower(), 1)


def _nobody() -> None:
    """Wait for nobody."""


def _alone(units: list[Unit], workers: Workers, progress: Progress, keep: Keep) -> None:
    """Read all units in this process."""
    pack = load_pack(workers.content)
    _settle()
    for unit in units:
        results = None
        if parts := _plan(unit):
            results = _in_parts(_Large(unit, parts), workers, progress)
        if results is None:
            results = read_unit(unit, pack, progress, debug=workers.debug)
        keep(unit, encode(results))


def _settle() -> None:
    """Let garbage be collected again, but not be looked for in what was loaded and stays."""
    gc.freeze()
    gc.enable()


def _plan(unit: Unit) -> list[Part]:
    try:
        parts = splitting.plan(unit)
    except SourceError:
        return []
    return parts if len(parts) > 1 else []


def _in_parts(large: _Large, workers: Workers, progress: Progress) -> list[ArtifactResult] | None:
    pack = load_pack(workers.content)
    try:
        for number, part in enumerate(large.parts):
            large.results[number] = splitting.read_part(part, pack, progress)
        large.sha256 = digest(large.unit)
    except SourceError:
        return None
    return large.result()


def encode(results: list[ArtifactResult]) -> bytes:
    """Pack results for the ledger and for the way between processes."""
    return msgspec.msgpack.encode(results)


def decode(data: bytes) -> list[ArtifactResult]:
    """Unpack results."""
    return _RESULTS.decode(data)


@dataclass(frozen=True, slots=True)
class _KeptOnly:
    held: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _MetOnly:
    kept: list[_KeptOnly]


_MET = msgspec.msgpack.Decoder(list[_MetOnly])
_RESULTS = msgspec.msgpack.Decoder(list[ArtifactResult])


def findings(data: bytes) -> int:
    """Return how many rules were met in packed results, without unpacking the rest."""
    return sum(not kept.held for result in _MET.decode(data) for kept in result.kept)


class _Pool:
    """The processes, what they are doing, and the large logs that are not yet put together."""

    def __init__(self, workers: Workers, progress: Progress, keep: Keep, beside: Beside) -> None:
        self.workers = workers
        self.progress = progress
        self.keep = keep
        self.waiting: dict[Any, tuple[_Task, _Large | None, int]] = {}
        self.beside = beside
        self.pool: Any = None

    def run(self, units: list[Unit]) -> None:
        """Read all units."""
        planned = [(unit, _plan(unit)) for unit in units]
        large = [_Large(unit, parts) for unit, parts in planned if parts]
        for one in large:
            self._wait(self.beside.digests.of(one.unit), _Task(), one)
        # NOTE: pebble takes its time to import, and small evidence needs no workers.
        from pebble import ProcessPool  # noqa: PLC0415

        pack, started = load_pack(self.workers.content), context()
        if started.get_start_method() == "fork":
            splitting.prepare((part for one in large for part in one.parts), pack)
        _settle()
        counter = started.Value("Q", 0)
        self.pool = ProcessPool(
            max_workers=self.workers.jobs,
            initializer=_start,
            initargs=(self.workers, counter),
            context=started,
        )
        try:
            self._schedule_all(large, [unit for unit, parts in planned if not parts])
            self.beside.meanwhile()
            seen = 0
            while self.waiting:
                done, _ = wait(self.waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                now = counter.value
                self.progress(now - seen)
                seen = now
                for future in done:
                    self._finished(future)
        except BaseException:
            self.beside.digests.stop()
            self.pool.stop()
            self.pool.join()
            raise
        self.pool.close()

    def gone(self) -> None:
        """Wait until all workers have gone."""
        self.pool.join()

    def _schedule_all(self, large: list[_Large], small: list[Unit]) -> None:
        for one in large:
            for number, part in enumerate(one.parts):
                self._schedule(_Task(part=part), one, number)
        for batch in batches(small):
            self._schedule(_Task(units=tuple(batch)))

    def _schedule(self, task: _Task, large: _Large | None = None, number: int = 0) -> None:
        patience = PATIENCE + task.size() / SLOWEST
        self._wait(self.pool.schedule(_work, args=(task,), timeout=patience), task, large, number)

    def _wait(self, future: Any, task: _Task, large: _Large | None, number: int = 0) -> None:
        self.waiting[future] = task, large, number
        if large:
            large.waiting += 1

    def _finished(self, future: Any) -> None:
        task, large, number = self.waiting.pop(future)
        if large and not task.part:
            self._hashed(future, large)
            return
        data = outcome(future)
        if large:
            self._large_finished(large, number, data)
        elif isinstance(data, list):
            for unit, results in zip(task.units, data, strict=True):
                self.keep(unit, results)
        elif len(task.units) == 1:
            self.keep(task.units[0], encode([failure(task.units[0], None, data)]))
        else:
            # NOTE: one of them kills its reader; alone, it fails without the others.
            for unit in task.units:
                self._schedule(_Task(units=(unit,)))

    def _large_finished(self, large: _Large, number: int, data: list[bytes] | str) -> None:
        if isinstance(data, str) or not data:
            large.failed = True
        else:
            large.results[number] = msgspec.msgpack.decode(data[0], type=PartResult)
        self._one_less(large)

    def _hashed(self, future: Any, large: _Large) -> None:
        try:
            large.sha256 = future.result()
        except SourceError:
            large.failed = True
        self._one_less(large)

    def _one_less(self, large: _Large) -> None:
        """Put a large log together when nothing of it is waited for any more."""
        large.waiting -= 1
        if large.waiting:
            return
        results = large.result()
        if results is None:
            self._schedule(_Task(units=(large.unit,)))
        else:
            self.keep(large.unit, encode(results))


def context() -> Any:
    """Return how workers are started: as copies of this process where that is safe."""
    import multiprocessing  # noqa: PLC0415

    copies = sys.platform == "linux" and sys.version_info < (3, 12)
    return multiprocessing.get_context("fork" if copies else "spawn")


def batches(units: list[Unit]) -> Iterator[list[Unit]]:
    """Share units out: large ones alone and first, small ones together."""
    batch: list[Unit] = []
    room = BATCH
    for unit in sorted(units, key=lambda unit: (-_cost(unit), unit.place)):
        size = _cost(unit)
        if batch and size > room:
            yield batch
            batch, room = [], BATCH
        batch.append(unit)
        room -= size
    if batch:
        yield batch


def outcome(future: Any) -> list[bytes] | str:
    """Return the encoded results of a task, or why there are none."""
    from pebble import ProcessExpired  # noqa: PLC0415

    try:
        data: list[bytes] = future.result()
    except TimeoutError:
        return "reading took too long and was stopped"
    except (ProcessExpired, MemoryError) as error:
        return f"the reader's process died ({error}); the rest was read"
    return data


def _start(workers: Workers, counter: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _state["pack"] = load_pack(workers.content)
    _state["counter"] = counter
    _state["debug"] = workers.debug


def _work(task: _Task) -> list[bytes]:
    """Do a task; an empty list says that a large log must be read whole."""
    told = _Told(_state["counter"])
    pack, debug = _state["pack"], _state["debug"]
    try:
        if task.part:
            return [msgspec.msgpack.encode(splitting.read_part(task.part, pack, told.read))]
        return [encode(read_unit(unit, pack, told.read, debug=debug)) for unit in task.units]
    except SourceError:
        return []
    finally:
        told.tell()


@dataclass(slots=True)
class _Told:
    """What a worker tells of its progress: not of each small file, which all would wait for."""

    counter: Any
    waiting: int = 0

    def read(self, count: int) -> None:
        """Count bytes that were read."""
        self.waiting += count
        if self.waiting >= TELL:
            self.tell()

    def tell(self) -> None:
        """Tell what was not told yet."""
        with self.counter.get_lock():
            self.counter.value += self.waiting
        self.waiting = 0


def default_jobs() -> int:
    """Return how many workers suit this machine."""
    return max(1, os.cpu_count() or 1)
