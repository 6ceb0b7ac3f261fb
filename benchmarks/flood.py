"""What does one scanner's flood cost, in time and in memory?

Writes a small server that a scanner asks a million times in one day, scans it as a whole process,
and prints the seconds, the most that any process held, and what the case says of the scanner. The
exit code is 1 if the hits are not all counted, or if the scanner became an intruder.

    python benchmarks/flood.py [--hits 1000000] [--jobs 2]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from extriage.samples.intrusion import flood


def main() -> None:
    """Write, scan, count."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--hits", type=int, default=1_000_000)
    asked.add_argument("--jobs", type=int, default=2)
    options = asked.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder, case = Path(place) / "EX01", Path(place) / "case"
        flood.write(folder, options.hits)
        command = [sys.executable, "-m", "extriage", "scan", str(folder), "--case", str(case)]
        began = time.perf_counter()
        subprocess.run([*command, "-q", "--jobs", str(options.jobs)], check=False)
        took = time.perf_counter() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
        size = (case / "case.json").stat().st_size
        (host,) = json.loads((case / "case.json").read_bytes())["hosts"]
    strangers = host["strangers"] or {"requests": 0, "busiest": []}
    print(f"{options.hits:,} hits: {took:.0f} s, {used} MB, case.json {size / 1e6:.1f} MB")
    print(f"{strangers['requests']:,} requests of strangers, {len(host['intruders'])} intruders")
    right = strangers["requests"] == options.hits and len(host["intruders"]) == 1
    raise SystemExit(0 if right else 1)


if __name__ == "__main__":
    main()
