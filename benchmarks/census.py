"""What does it cost to count every line of a log, with its time stamp and columns?

Writes a HttpProxy log (or takes `--log`), and goes over it in turn

* with the census that every scan uses (numpy over raw blocks),
* with a plain loop that splits off each line, counts its commas and reads its time.

Both give the same number of rows. The median of several rounds is printed, in seconds per GB.

    python benchmarks/census.py [--bytes 300000000] [--rounds 5] [--log FILE]
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from extriage.pipeline.blocks import blocks
from extriage.samples import write_big_log

COMMA = ord(",")


def with_census(log: Path) -> int:
    """Count the lines that begin with a time; the census counts their commas and quotes too."""
    rows = 0
    with log.open("rb", buffering=0) as file:
        for block in blocks(file, COMMA):
            if block.census is not None:
                rows += int(block.census.stamped.sum())
    return rows


def with_loop(log: Path) -> int:
    """Do the same line by line."""
    rows = 0
    with log.open("rb") as file:
        for line in file:
            line.count(b",")
            line.count(b'"')
            try:
                datetime.fromisoformat(line[:19].decode("ascii"))
            except ValueError:
                continue
            rows += 1
    return rows


def seconds(count: Callable[[Path], int], log: Path, rounds: int) -> tuple[float, int]:
    """Return the median time of some rounds, after one that warms up, and the rows."""
    taken = []
    rows = count(log)
    for _ in range(rounds):
        start = time.process_time()
        count(log)
        taken.append(time.process_time() - start)
    return statistics.median(taken), rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", type=int, default=300_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log = options.log or Path(folder) / "HttpProxy_2021030200-1.LOG"
        if options.log is None:
            write_big_log(log, options.bytes)
        size = log.stat().st_size / 1e9
        for name, count in (("census", with_census), ("loop", with_loop)):
            taken, rows = seconds(count, log, options.rounds)
            print(f"{name:7} {taken / size:6.2f} s of processor time per GB  {rows:,} rows")


if __name__ == "__main__":
    main()
