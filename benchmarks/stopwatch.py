"""Measure whole processes: time by the clock, processor time, and memory, of all that they start.

Everything that is compared is run as a command, ours and its peer alike: start-up counts, and what
a worker or a thread takes counts too. Memory beyond the largest process is looked up in /proc while
the command runs, so it is known on Linux only.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MB = 1e6
EVERY = 0.05
"""Seconds between two looks at what the processes of a command hold."""
_FINE = (0, 1, 3)
"""Exit codes of ours that are no failure: nothing found, something found, could not tell."""


@dataclass(frozen=True, slots=True)
class Side:
    """One command of a contest."""

    title: str
    command: Sequence[str]
    fine: tuple[int, ...] = (0,)
    """Exit codes that are no failure."""
    watched: bool = False
    """Look at the memory of all its processes while it runs."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one command took."""

    wall: float
    """Seconds by the clock."""
    cpu: float
    """Seconds of a processor, of the command and all that it started."""
    largest: float
    """Most MB that any one of its processes held."""
    worker: float = 0.0
    """Most MB that one of the processes that it started held; its own if it started none."""
    whole: float = 0.0
    """Most MB that all its processes held together at one time, shared pages counted once."""
    said: str = ""
    """What it printed."""


def scan(*evidence: Path | str, case: Path, jobs: int = 1, more: Sequence[str] = ()) -> list[str]:
    """Return the command that scans evidence and writes the case, and prints nothing."""
    paths = [str(path) for path in evidence]
    command = [sys.executable, "-m", "extriage", "scan", *paths, "--case", str(case), "--force"]
    return [*command, "--quiet", "--jobs", str(jobs), *more]


def ours(title: str, command: Sequence[str], *, watched: bool = False) -> Side:
    """Return a side that is a scan, which may find something."""
    return Side(title, command, _FINE, watched)


def peer(script: str, *arguments: Path | str) -> list[str]:
    """Return the command that runs one of the peers that lie beside this module."""
    place = Path(__file__).with_name(script)
    return [sys.executable, str(place), *(str(argument) for argument in arguments)]


def ripgrep() -> str:
    """Return ripgrep's path, from this environment or the system's."""
    beside = Path(sys.executable).with_name("rg")
    found = str(beside) if beside.exists() else shutil.which("rg")
    if not found:
        raise SystemExit("rg is not here; install the dev extra")
    return found


def measure(side: Side) -> Run:
    """Run a command to its end and tell what it took; SystemExit if it failed."""
    # NOTE: an installed program has its bytecode; some test machines forbid Python to keep any.
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as trouble:
        start = time.perf_counter()
        process = subprocess.Popen(side.command, stdout=said, stderr=trouble, env=kept)
        memory = Memory(process.pid)
        if side.watched:
            memory.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        memory.stop()
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        trouble.seek(0)
        if process.returncode not in side.fine:
            told = trouble.read()[-2000:].decode(errors="replace")
            raise SystemExit(f"{side.title}: exit code {process.returncode}\n{told}")
        text = said.read().decode(errors="replace")
    largest = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MB
    cpu = usage.ru_utime + usage.ru_stime
    # NOTE: between two looks a process may hold more, and libraries that other programs use as well
    # count only in part.
    whole = max(memory.whole, largest) if memory.whole else 0.0
    return Run(wall, cpu, largest, memory.worker or largest, whole, text)


class Memory:
    """A thread that watches what the processes of a command hold, all together and one by one."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.whole = 0.0
        self.worker = 0.0

    def start(self) -> None:
        """Begin to watch; where there is no /proc nothing is seen."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no longer."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(EVERY):
            started = descendants(self._process)
            everyone = [self._process, *started]
            self.whole = max(
                self.whole, sum(_held(one, "smaps_rollup", "Pss:") for one in everyone)
            )
            highest = (_held(one, "status", "VmHWM:") for one in started)
            self.worker = max(self.worker, *highest, 0.0)


def descendants(process: int) -> list[int]:
    """Return all processes that a process has started, and those that these started."""
    found: list[int] = []
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        for child in _text(task).split():
            found += [int(child), *descendants(int(child))]
    return found


def _held(process: int, file: str, name: str) -> float:
    """Return a number of a process's account of its memory, in MB; 0 if it has gone."""
    lines = _text(Path(f"/proc/{process}") / file).splitlines()
    kilobytes = next((line.split()[1] for line in lines if line.startswith(name)), "0")
    return int(kilobytes) * 1024 / MB


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii")
    except OSError:
        return ""
