"""Share tasks out to processes, where a crash or a hang costs one task and not the scan.

What the first reading of the evidence does is in `worker`; this is for everything read after it.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from extriage.pipeline.artifact import Progress
from extriage.pipeline.worker import PATIENCE, SLOWEST, SMALL, context, outcome

Task = TypeVar("Task")

_state: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Work(Generic[Task]):
    """What is to be done with each task, and how much there is of it."""

    do: Callable[[Task, Progress], bytes]
    """Must be a function of a module, or a `partial` of one: it goes to other processes."""
    size: Callable[[Task], int]
    """Bytes to be read."""


def share_out(
    tasks: Sequence[Task], work: Work[Task], jobs: int, progress: Progress
) -> Iterator[tuple[int, bytes | str]]:
    """Do all tasks; yield the position of each with its result, or why there is none.

    They come in the order in which they are done. With few bytes all is done in this process.
    """
    if jobs < 2 or len(tasks) < 2 or sum(map(work.size, tasks)) <= SMALL:
        for at, task in enumerate(tasks):
            yield at, work.do(task, progress)
        return
    # NOTE: pebble takes its time to import, and small evidence needs no workers.
    from pebble import ProcessPool  # noqa: PLC0415

    started = context()
    counter = started.Value("Q", 0)
    pool: Any = ProcessPool(
        max_workers=jobs, initializer=_start, initargs=(work.do, counter), context=started
    )
    try:
        waiting: dict[Any, int] = {
            pool.schedule(_work, args=(task,), timeout=PATIENCE + work.size(task) / SLOWEST): at
            for at, task in enumerate(tasks)
        }
        seen = 0
        while waiting:
            done, _ = wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED)
            now = counter.value
            progress(now - seen)
            seen = now
            for future in done:
                data = outcome(future)
                yield waiting.pop(future), data if isinstance(data, str) else data[0]
        pool.close()
    except BaseException:
        pool.stop()
        raise
    finally:
        pool.join()


def _start(do: Callable[[Any, Progress], bytes], counter: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _state["do"] = do
    _state["counter"] = counter


def _work(task: Any) -> list[bytes]:
    counter = _state["counter"]

    def progress(count: int) -> None:
        with counter.get_lock():
            counter.value += count

    return [_state["do"](task, progress)]
