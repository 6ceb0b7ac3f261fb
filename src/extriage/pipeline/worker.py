"""Run units in worker processes that may crash or hang without taking the scan along."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from pebble import ProcessExpired, ProcessPool

from extriage.errors import SourceError
from extriage.model.evidence import Entry, Unit
from extriage.model.reading import ArtifactResult
from extriage.pipeline.artifact import Progress, read_artifact
from extriage.pipeline.pack import Content, Pack, load_pack
from extriage.sources import read

SMALL = 48 << 20
"""Evidence up to this size is read in one process: workers would take longer to start."""
PATIENCE = 120
SLOWEST = 512 << 10
"""A unit may take `PATIENCE` seconds and one more for each of these bytes."""
BATCH = 8 << 20
FILE_COST = 64 << 10
"""Opening a file takes as long as reading this many bytes."""

_state: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Workers:
    """How the work is shared out."""

    jobs: int
    content: Content
    debug: bool = False


def read_unit(unit: Unit, pack: Pack, progress: Progress, *, debug: bool) -> list[ArtifactResult]:
    """Read everything in one unit; a reader's failure is an entry, never an exception."""
    results: list[ArtifactResult] = []
    opened = None
    try:
        for item in read(unit):
            opened = item
            if isinstance(item, Entry):
                results.append(ArtifactResult(item))
            else:
                results.append(
                    _noted(read_artifact(item.artifact, item.stream, pack, progress), item.note)
                )
            opened = None
    except SourceError as error:
        results.append(_failure(unit, opened, str(error)))
    except Exception as error:
        if debug:
            raise
        reason = f"the reader failed ({type(error).__name__}); please report it, --debug shows more"
        results.append(_failure(unit, opened, reason))
    return results


def _noted(result: ArtifactResult, note: str) -> ArtifactResult:
    """Add what its archive says of the file to its manifest row."""
    if note:
        reason = "; ".join(part for part in (note, result.entry.reason) if part)
        result.entry = replace(result.entry, reason=reason)
    return result


def _failure(unit: Unit, opened: Any, reason: str) -> ArtifactResult:
    artifact = getattr(opened, "artifact", None)
    path, size = (artifact.path, artifact.size) if artifact else (unit.path, unit.size)
    return ArtifactResult(Entry(path, size, "", "unreadable", reason))


def run_units(
    units: list[Unit],
    workers: Workers,
    progress: Progress,
    keep: Callable[[Unit, bytes], None],
) -> None:
    """Read all units and hand each one's encoded results to `keep` as soon as it is done."""
    total = sum(unit.size for unit in units)
    if workers.jobs == 1 or total <= SMALL:
        pack = load_pack(workers.content)
        for unit in units:
            keep(unit, encode(read_unit(unit, pack, progress, debug=workers.debug)))
        return
    for unit, data in _pooled(units, workers, progress):
        keep(unit, data)


def encode(results: list[ArtifactResult]) -> bytes:
    """Pack results for the ledger and for the way between processes."""
    return msgspec.msgpack.encode(results)


def decode(data: bytes) -> list[ArtifactResult]:
    """Unpack results."""
    return msgspec.msgpack.decode(data, type=list[ArtifactResult])


def _pooled(
    units: list[Unit], workers: Workers, progress: Progress
) -> Iterator[tuple[Unit, bytes]]:
    context = multiprocessing.get_context("spawn")
    counter = context.Value("Q", 0)
    seen = 0
    with ProcessPool(
        max_workers=workers.jobs,
        initializer=_start,
        initargs=(workers, counter),
        context=context,
    ) as pool:
        try:
            waiting: dict[Any, list[Unit]] = {
                pool.schedule(_work, args=(batch,), timeout=_patience(batch)): batch
                for batch in _batches(units)
            }
            while waiting:
                done, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
                now = counter.value
                progress(now - seen)
                seen = now
                for future in done:
                    batch = waiting.pop(future)
                    outcome = _outcome(future)
                    if isinstance(outcome, list):
                        yield from zip(batch, outcome, strict=True)
                    elif len(batch) == 1:
                        yield batch[0], encode([_failure(batch[0], None, outcome)])
                    else:
                        # NOTE: one of them kills its reader; alone, it fails without the others.
                        again = {
                            pool.schedule(_work, args=([u],), timeout=_patience([u])): [u]
                            for u in batch
                        }
                        waiting.update(again)
        except BaseException:
            pool.stop()  # type: ignore[no-untyped-call]
            raise


def _batches(units: list[Unit]) -> list[list[Unit]]:
    """Share units out: large ones alone and first, small ones together."""
    batches: list[list[Unit]] = []
    room = 0
    for unit in sorted(units, key=lambda unit: (-unit.size, unit.path, unit.members or ())):
        size = max(unit.size, 0) + FILE_COST
        if size > room:
            batches.append([])
            room = BATCH
        batches[-1].append(unit)
        room -= size
    return batches


def _patience(batch: list[Unit]) -> float:
    return PATIENCE + sum(max(unit.size, 0) for unit in batch) / SLOWEST


def _outcome(future: Any) -> list[bytes] | str:
    """Return the encoded results, or why there are none."""
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


def _work(batch: list[Unit]) -> list[bytes]:
    counter = _state["counter"]

    def progress(count: int) -> None:
        with counter.get_lock():
            counter.value += count

    pack, debug = _state["pack"], _state["debug"]
    return [encode(read_unit(unit, pack, progress, debug=debug)) for unit in batch]


def default_jobs() -> int:
    """Return how many workers suit this machine."""
    return max(1, os.cpu_count() or 1)
