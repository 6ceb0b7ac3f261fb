"""How much longer does a scan take if its evidence comes wrapped?

Writes one large log, wraps it as a plain folder, zip, tar, tar.gz and 7z (the last three hold
everything in one stream), and runs `extriage scan` on each, with one process, in turn and several
times. Processor time is measured, for other programs may be busy; what counts is the median of each
wrapping against the folder of the same round: zip must stay below 2.

    python benchmarks/wrappings.py [--bytes 200000000] [--rounds 3]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import py7zr

from extriage.samples import write_big_iis

OPEN_TAR: Any = tarfile.open
"""Its types name every mode apart; here the mode is a value."""
LOG = "C/inetpub/logs/LogFiles/W3SVC1/u_ex210220.log"


def wrapped(folder: Path, size: int) -> dict[str, Path]:
    """Write the log and its wrappings; return what is to be scanned, by name."""
    plain = folder / "plain"
    log = plain / LOG
    log.parent.mkdir(parents=True, exist_ok=True)
    write_big_iis(log, size)
    with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(log, LOG)
    for name, mode in (("x.tar", "w"), ("x.tar.gz", "w:gz")):
        with OPEN_TAR(folder / name, mode) as tape:
            tape.add(log, LOG)
    chain = [{"id": py7zr.FILTER_LZMA2, "preset": 1}]
    with py7zr.SevenZipFile(folder / "x.7z", "w", filters=chain) as seven:
        seven.write(log, LOG)
    names = {"zip": "x.zip", "tar": "x.tar", "tar.gz": "x.tar.gz", "7z": "x.7z"}
    return {"folder": plain} | {name: folder / file for name, file in names.items()}


def seconds(evidence: Path, case: Path) -> float:
    """Scan in a process of its own; return the processor time that it took."""
    command = [sys.executable, "-m", "extriage", "scan", str(evidence), "--case", str(case)]
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(
        [*command, "--jobs", "1", "-q"], stdout=quiet, stderr=quiet, env=kept
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 3):
        raise SystemExit(f"{evidence.name}: exit code {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=200_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        evidence = wrapped(folder, options.bytes)
        times: dict[str, list[float]] = {name: [] for name in evidence}
        for number in range(options.rounds):
            for name, path in evidence.items():
                times[name].append(seconds(path, folder / f"case-{name}-{number}"))
        for name, taken in times.items():
            ratio = statistics.median(
                one / plain for one, plain in zip(taken, times["folder"], strict=True)
            )
            speed = options.bytes / statistics.median(taken) / 1_000_000
            print(f"{name:8} {statistics.median(taken):6.1f} s  {speed:6.0f} MB/s  {ratio:5.2f}x")


if __name__ == "__main__":
    main()
