"""A scan that keeps out of the server's way: low priority, few workers, a bound on memory.

On Windows the priority class "idle" is handed on to the workers, on other systems the niceness is:
they run when nobody else wants the processor. Reference: Microsoft, "SetPriorityClass function".
"""

import ctypes
import os
import re

from extriage.errors import UsageError

FIRST = 400
"""Megabytes (2^20) that the first process needs at most, with its rules and what it keeps."""
WORKER = 350
"""Megabytes that each worker needs at most, with its rules and its largest usual file."""
LIVE_JOBS = 4
_IDLE_CLASS = 0x40
_NICE = 15
_SIZE = re.compile(r"(\d{1,6})\s*([MG])(?:i?B)?", re.IGNORECASE)


def lower_priority() -> bool:
    """Let everybody else go first; tell whether the system agreed."""
    if hasattr(os, "nice"):
        try:
            os.nice(max(0, _NICE - os.nice(0)))
        except OSError:
            return False
        return True
    kernel = getattr(ctypes, "WinDLL")("kernel32")  # noqa: B009
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.SetPriorityClass.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    return bool(kernel.SetPriorityClass(kernel.GetCurrentProcess(), _IDLE_CLASS))


def live_jobs(processors: int) -> int:
    """Return how many workers a running server can spare: a quarter of its processors, 1 to 4."""
    return max(1, min(LIVE_JOBS, processors // 4))


def megabytes(text: str) -> int:
    """Read a size such as `2G` or `1500M`; UsageError if it is none."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise UsageError(f"--max-memory {text!r} is no size; write 2G or 1500M")
    return int(found[1]) * (1024 if found[2].upper() == "G" else 1)


def workers_within(memory: int, jobs: int) -> int:
    """Return how many workers fit into so many megabytes; UsageError if not even one does.

    One worker alone is no process of its own: the first does its work.
    """
    if memory < FIRST:
        raise UsageError(f"--max-memory: a scan needs {FIRST}M at least")
    fitting = (memory - FIRST) // WORKER
    return max(1, min(jobs, fitting)) if fitting > 1 else 1
