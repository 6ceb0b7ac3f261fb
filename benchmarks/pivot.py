"""What does the second pass cost, in which suspects are followed through the logs?

Writes an HttpProxy and an IIS log of together about half a gigabyte (or `--bytes`) twice: once with
requests to a page that rules call a web shell (`--requests` of them, all over the logs), once with
as many to an image instead. Beside each stand `--benign` requests of the same visitor for an image.
Only the first makes a scan read the logs again, for the page and for all that its owner did. Both
are scanned in turn and several times, each as a whole process; what the first takes longer is the
second pass, with the trail written into the case.

    python benchmarks/pivot.py [--bytes 500000000] [--requests 1000] [--benign 20] [--rounds 5]
        [--jobs 1]
"""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from scan import LOGS, Run, measure

SHELL, IMAGE = b"/owa/auth/qx7tr.aspx", b"/owa/auth/qx7tr01.png"
ROWS = {
    "iis": b"2021-02-20 10:00:00 10.20.0.11 POST %b - 443 - 203.0.113.9 Mozilla/5.0 - 200 0 0 9"
    b"\r\n",
    "httpproxy": b"2021-03-02T00:00:00.000Z,64a2e300-e9c9-4a0f-9487-e8e1afe4f62b,15,1,2106,2,,Owa,"
    b"mail.contoso.example,%b,,FBA,false,,,,Mozilla/5.0,203.0.113.9,EX01,200,,,POST"
    + b"," * 51
    + b"\r\n",
}
"""Rows of the sample servers' logs, with room for the page that is asked for."""


def spread(log: Path, copy: Path, rows: bytes, requests: int) -> None:
    """Copy a log with rows put in, as often as that, at equal distances."""
    step = log.stat().st_size // (requests + 1)
    with log.open("rb") as source, copy.open("wb") as target:
        for _ in range(requests):
            target.write(source.read(step))
            target.write(source.readline())
            target.write(rows)
        while piece := source.read(1 << 20):
            target.write(piece)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bytes", type=int, default=500_000_000)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--benign", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for evidence in ("with", "without"):
            (folder / evidence).mkdir()
        for kind, (file, write) in LOGS.items():
            plain = folder / file
            write(plain, options.bytes // len(LOGS), 1)
            for evidence, page in (("with", SHELL), ("without", IMAGE)):
                rows = ROWS[kind] % page + ROWS[kind] % IMAGE * options.benign
                spread(plain, folder / evidence / file, rows, options.requests)
            plain.unlink()
        size = sum(path.stat().st_size for path in (folder / "with").iterdir())
        scan = [sys.executable, "-m", "extriage", "scan", "--force", "--quiet"]
        more = ["--jobs", str(options.jobs), "--case", str(folder / "case")]
        pairs = []
        for turn in range(options.rounds + 1):
            one, other = (measure([*scan, str(folder / e), *more]) for e in ("with", "without"))
            if turn:
                pairs.append((one, other))
        report(pairs, size, options.requests * (1 + options.benign))


def report(pairs: list[tuple[Run, Run]], size: int, requests: int) -> None:
    """Print medians, and what the second pass takes beside the first."""
    told = f"{requests:,} requests of the suspect in each log"
    print(f"{size / 1e6:,.0f} MB, {told}, {len(pairs)} rounds")
    for position, name in enumerate(("with suspects", "without")):
        wall = statistics.median(pair[position].wall for pair in pairs)
        cpu = statistics.median(pair[position].cpu for pair in pairs)
        peak = max(pair[position].megabytes for pair in pairs)
        print(f"{name:14} wall {wall:6.2f} s  cpu {cpu:6.2f} s  peak {peak:5.0f} MB")
    wall = statistics.median((one.wall - other.wall) / other.wall for one, other in pairs)
    cpu = statistics.median((one.cpu - other.cpu) / other.cpu for one, other in pairs)
    print(f"second pass    {wall:.2f} of the first by wall time, {cpu:.2f} by cpu time")


if __name__ == "__main__":
    main()
