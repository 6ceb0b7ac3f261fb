"""What do indicators cost a scan?

Writes an HttpProxy and an IIS log of everyday traffic (`--bytes` each) and scans them with none,
ten and ten thousand addresses to look for, and once with a list of domains, hashes and names. Each
scan is a whole process with all bundled rules; its processor time counts, for machines are noisy.

    python benchmarks/indicators.py [--bytes 200000000] [--rounds 3]
"""

import argparse
import hashlib
import ipaddress
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from extriage.samples import write_big_iis, write_big_log

LOGS = {"HttpProxy_2021030200-1.LOG": write_big_log, "u_ex210220.log": write_big_iis}


def lists(folder: Path) -> dict[str, Path | None]:
    """Write the lists of indicators; return them by name."""
    chance = random.Random(1)
    start = int(ipaddress.ip_address("11.0.0.0"))
    some = [str(ipaddress.ip_address(start + chance.randrange(2**28))) for _ in range(10_000)]
    mixed = [f"host{n}.badsite{n % 977}.test" for n in range(4000)]
    mixed += [hashlib.sha256(str(n).encode()).hexdigest() for n in range(4000)]
    mixed += [f"tool{n:04}x.exe" for n in range(2000)]
    files: dict[str, Path | None] = {"none": None}
    for name, values in {
        "10 addresses": some[:10],
        "10,000 addresses": some,
        "10,000 mixed": mixed,
    }.items():
        files[name] = folder / f"{name.replace(' ', '_')}.csv"
        (folder / f"{name.replace(' ', '_')}.csv").write_text("value\n" + "\n".join(values) + "\n")
    return files


def seconds(evidence: Path, case: Path, listed: Path | None) -> float:
    """Scan in a process of its own; return the processor time that it took."""
    more = ["--indicators", str(listed)] if listed else []
    command = [sys.executable, "-m", "extriage", "scan", str(evidence), "--case", str(case)]
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, "--force", "--quiet", "--jobs", "1", *more],
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=kept,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode not in (0, 1, 3):
        raise SystemExit(done.stderr.decode())
    return took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", type=int, default=200_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        evidence = Path(place) / "evidence"
        evidence.mkdir()
        for name, write in LOGS.items():
            write(evidence / name, options.bytes, 1)
        files = lists(Path(place))
        times: dict[str, list[float]] = {name: [] for name in files}
        for _ in range(options.rounds):
            for name, listed in files.items():
                times[name].append(seconds(evidence, Path(place) / "case", listed))
        size = len(LOGS) * options.bytes / 1e6
        alone = statistics.median(times["none"])
        for name, all_times in times.items():
            took = statistics.median(all_times)
            print(f"{name:18} {took:6.2f} s  {size / took:7,.0f} MB/s  {took / alone:.2f} times")


if __name__ == "__main__":
    main()
