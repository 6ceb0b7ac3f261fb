"""How much memory does a scan take: of a long log, of one endless line, of very many files?

With two workers; the most that one worker held at any time, and the most that all processes held
together. `--scale 20` makes the long log one of 20 GB.

    python benchmarks/memory.py [long] [line] [files] [--scale 1]
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from contests import Contest, Goal, Maker, Row, Unit
from running import main
from scan import LOGS, bytes_of, write_logs
from stopwatch import MB, ours, scan

LONG, LINE, FILES = 1_000_000_000, 300_000_000, 100_000
HEAD = b"#Fields: date time c-ip cs-method cs-uri-stem cs-uri-query sc-status\r\n"


def long(folder: Path, scale: float) -> float:
    """Write one long log of each kind; return MB."""
    write_logs(folder, LOGS, int(LONG * scale))
    return bytes_of(folder) / MB


def line(folder: Path, scale: float) -> float:
    """Write a log with one endless line between two others; return MB."""
    folder.mkdir()
    with (folder / "u_ex210302.log").open("wb") as file:
        file.write(HEAD + b"2021-03-02 01:00:00 ::1 GET / - 200\r\n2021-03-02 01:00:01 ::1 GET /")
        for _ in range(max(1, int(LINE * scale) >> 20)):
            file.write(b"ab%20" * ((1 << 20) // 5))
        file.write(b" - 200\r\n2021-03-02 01:00:02 ::1 GET / - 200\r\n")
    return bytes_of(folder) / MB


def files(folder: Path, scale: float) -> float:
    """Write very many small logs; return how many."""
    many = max(100, int(FILES * scale))
    for number in range(many):
        place = folder / f"W3SVC{number // 1000}"
        place.mkdir(parents=True, exist_ok=True)
        row = b"2021-03-02 01:00:00 ::1 GET /owa/%d - 200\r\n" % number
        (place / f"u_ex{number:06}.log").write_bytes(HEAD + row)
    return many


def contest(name: str, write: Callable[[Path, float], float], place: Path, scale: float) -> Contest:
    """Write the evidence and watch its scan."""
    folder = place / "evidence"
    size = write(folder, scale)
    command = scan(folder, case=place / "case", jobs=2)
    sides = {name: ours("extriage scan --jobs 2", command, watched=True)}
    rows = [
        Row(f"{name}-worker", name, goal=Goal("MB a worker", 128)),
        Row(f"{name}-whole", name, goal=Goal("MB in all", 300)),
    ]
    what = {"long": "memory: long logs", "line": "memory: one endless line"}
    unit: Unit = "files" if name == "files" else "MB"
    return Contest(what.get(name, "memory: many files"), size, unit, sides, rows, once=True)


CONTESTS: dict[str, Maker] = {
    "long": partial(contest, "long", long),
    "line": partial(contest, "line", line),
    "files": partial(contest, "files", files),
}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
