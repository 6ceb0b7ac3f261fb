"""What does the second pass cost, in which suspects are followed through the logs?

Writes an HttpProxy and an IIS log twice: once with a thousand requests to a page that rules call a
web shell, all over each log, once with as many to an image instead; beside each stand twenty
requests of the same visitor for an image. Only the first makes a scan read the logs again, for the
page and for all that its owner did: what it takes longer is the second pass, with the trail written
into the case. It must not take longer than the first.

    python benchmarks/pivot.py [--rounds 3] [--scale 1]
"""

import sys
from pathlib import Path

from contests import Contest, Goal, Maker, Row
from running import main
from scan import LOGS
from stopwatch import MB, ours, scan

SIZE = 500_000_000
REQUESTS, BENIGN = 1000, 20
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


def contest(place: Path, scale: float) -> Contest:
    """Write the logs with and without the page."""
    requests = max(10, int(REQUESTS * scale))
    for evidence in ("with", "without"):
        (place / evidence).mkdir()
    for kind, (file, write) in LOGS.items():
        plain = place / file
        write(plain, int(SIZE * scale) // len(LOGS), 1)
        for evidence, page in (("with", SHELL), ("without", IMAGE)):
            rows = ROWS[kind] % page + ROWS[kind] % IMAGE * BENIGN
            spread(plain, place / evidence / file, rows, requests)
        plain.unlink()
    size = sum(path.stat().st_size for path in (place / "with").iterdir())
    sides = {
        "with": ours("scan with a suspect", scan(place / "with", case=place / "case")),
        "without": ours("scan without", scan(place / "without", case=place / "case2")),
    }
    goal = Goal("times as long", 1.0)
    row = Row("pivot", "with", "without", goal, by="cpu", extra=True)
    return Contest("the second pass beside the first", size / MB, "MB", sides, [row])


CONTESTS: dict[str, Maker] = {"pivot": contest}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
