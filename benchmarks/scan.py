"""How fast is a scan of a large log, and how much memory does it take?

Writes a log (HttpProxy, or IIS with both its sites) of about one gigabyte (or `--bytes`) and runs,
in turn and several times,

* `extriage scan` with all bundled rules, the case written,
* ripgrep with the same patterns: the expressions that the scan searches the log for, so that both
  stop at the same lines,
* ripgrep with the literals alone, which stand in many more lines (17 of 100 instead of 3),

each as a whole process. The machine may be noisy, so the ratio of each round counts, and its median
is what the documentation quotes. Needs `rg` (in the `dev` extra) on the path.

    python benchmarks/scan.py [--bytes 1000000000] [--rounds 5] [--jobs 1]
        [--log httpproxy|iis]
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from extriage.pipeline.pack import Content, load_pack
from extriage.samples import write_big_iis, write_big_log

LOGS = {
    "httpproxy": ("HttpProxy_2021030200-1.LOG", write_big_log),
    "iis": ("u_ex210220.log", write_big_iis),
}


@dataclass(frozen=True)
class Run:
    """What one process took."""

    wall: float
    cpu: float
    megabytes: float


def measure(command: list[str]) -> Run:
    """Run a command and return its wall time, processor time and largest process."""
    # NOTE: an installed program has its bytecode; some test machines forbid Python to keep any.
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    quiet = subprocess.DEVNULL
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=quiet, stderr=quiet, env=kept)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 3):
        raise SystemExit(f"{command[0]} failed with exit code {process.returncode}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def ripgrep() -> str:
    """Return ripgrep's path, from this environment or the system's."""
    beside = Path(sys.executable).with_name("rg")
    found = str(beside) if beside.exists() else shutil.which("rg")
    if not found:
        raise SystemExit("rg is not here; install the dev extra")
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", type=int, default=1_000_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--log", choices=sorted(LOGS), default="httpproxy")
    options = parser.parse_args()
    name, write = LOGS[options.log]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / name
        lines = write(log, options.bytes, 1)
        size = log.stat().st_size
        commands = [scanned(log, Path(folder) / "case", options.jobs)]
        prefilter = load_pack(Content()).prefilter(options.log)
        together = prefilter.together(b"," if options.log == "httpproxy" else b" ", size)
        assert together is not None
        for title, patterns in (("same", together.expressions), ("literals", prefilter.literals)):
            file = Path(folder) / title
            file.write_bytes(b"\n".join(patterns) + b"\n")
            commands.append(searched(log, file, options.jobs, fixed=title == "literals"))
        rounds = [[measure(command) for command in commands] for _ in range(options.rounds + 1)]
        counts = (len(together.expressions), len(prefilter.literals))
        report(rounds[1:], size, lines, counts)


def scanned(log: Path, case: Path, jobs: int) -> list[str]:
    """Return the command that scans a log."""
    scan = [sys.executable, "-m", "extriage", "scan", str(log), "--case", str(case), "--force"]
    return [*scan, "--quiet", "--jobs", str(jobs)]


def searched(log: Path, patterns: Path, jobs: int, *, fixed: bool) -> list[str]:
    """Return the command that counts the lines with one of the patterns."""
    kind = ["-F"] if fixed else ["--no-unicode"]
    return [ripgrep(), "-a", "-i", "-c", *kind, "-j", str(jobs), "-f", str(patterns), str(log)]


def report(rounds: list[list[Run]], size: int, lines: int, counts: tuple[int, int]) -> None:
    """Print medians, and the medians of the ratios."""
    print(f"{size / 1e6:,.0f} MB, {lines:,} lines, {len(rounds)} rounds")
    names = ("extriage scan", f"ripgrep, same {counts[0]}", f"ripgrep, {counts[1]} literals")
    for position, name in enumerate(names):
        wall = statistics.median(one[position].wall for one in rounds)
        cpu = statistics.median(one[position].cpu for one in rounds)
        peak = max(one[position].megabytes for one in rounds)
        print(
            f"{name:20} wall {wall:6.2f} s  cpu {cpu:6.2f} s  "
            f"{size / wall / 1e6:7,.0f} MB/s  peak {peak:5.0f} MB"
        )
    for position, name in enumerate(names[1:], 1):
        wall = statistics.median(one[position].wall / one[0].wall for one in rounds)
        cpu = statistics.median(one[position].cpu / one[0].cpu for one in rounds)
        print(f"{wall:.2f} times the speed of {name} by wall time, {cpu:.2f} by cpu time")


if __name__ == "__main__":
    main()
