"""How fast is a scan of a large log, and how much memory does it take?

Writes a log (HttpProxy, or IIS with both its sites) of about one gigabyte (or `--bytes`) and runs,
in turn and several times,

* `extriage scan` with all bundled rules, the case written,
* ripgrep with the very literals that the prefilter of these rules uses, lines counted,

each as a whole process. The machine may be noisy, so the ratio of each pair counts, and its median
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
        patterns = Path(folder) / "literals"
        literals = load_pack(Content()).prefilter(options.log).literals
        patterns.write_bytes(b"\n".join(literals) + b"\n")
        case = Path(folder) / "case"
        jobs = str(options.jobs)
        scan = [sys.executable, "-m", "extriage", "scan", str(log), "--case", str(case), "--force"]
        search = [ripgrep(), "-a", "-i", "-c", "-F", "-j", jobs, "-f", str(patterns), str(log)]
        pairs = []
        for turn in range(options.rounds + 1):
            pair = measure([*scan, "--quiet", "--jobs", jobs]), measure(search)
            if turn:
                pairs.append(pair)
        report(pairs, size, lines, len(literals))


def report(pairs: list[tuple[Run, Run]], size: int, lines: int, literals: int) -> None:
    """Print medians and the median of the ratios."""
    print(f"{size / 1e6:,.0f} MB, {lines:,} lines, {literals} literals, {len(pairs)} rounds")
    for position, name in enumerate(("extriage scan", "ripgrep")):
        wall = statistics.median(pair[position].wall for pair in pairs)
        cpu = statistics.median(pair[position].cpu for pair in pairs)
        peak = max(pair[position].megabytes for pair in pairs)
        print(
            f"{name:14} wall {wall:6.2f} s  cpu {cpu:6.2f} s  "
            f"{size / wall / 1e6:7,.0f} MB/s  peak {peak:5.0f} MB"
        )
    wall = statistics.median(theirs.wall / ours.wall for ours, theirs in pairs)
    cpu = statistics.median(theirs.cpu / ours.cpu for ours, theirs in pairs)
    print(
        f"ratio          {wall:.2f} times the speed of ripgrep by wall time, {cpu:.2f} by cpu time"
    )


if __name__ == "__main__":
    main()
