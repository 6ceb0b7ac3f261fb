"""What does one scanner's flood cost, in time and in memory?

Writes a small server that a scanner asks a million times in one day, beside an intruder, and scans
it. All hits must be counted, and the scanner must not become an intruder.

    python benchmarks/flood.py [--scale 1]
"""

import json
import sys
from functools import partial
from pathlib import Path

from contests import Contest, Goal, Maker, Row
from running import main
from stopwatch import Run, ours, scan

from extriage.samples.intrusion import flood

HITS = 1_000_000


def contest(place: Path, scale: float) -> Contest:
    """Write the server."""
    folder, case, hits = place / "EX01", place / "case", int(HITS * scale)
    flood.write(folder, hits)
    command = scan(folder, case=case, jobs=2)
    sides = {"flood": ours("extriage scan --jobs 2", command, watched=True)}
    rows = [
        Row(
            "hits-worker", "flood", goal=Goal("MB a worker", 128), check=partial(right, case, hits)
        ),
        Row("hits-whole", "flood", goal=Goal("MB in all", 300)),
    ]
    return Contest("a scanner's flood", hits, "hits", sides, rows, once=True)


def right(case: Path, hits: int, _ours: Run, _peer: Run | None) -> str:
    """Say what the case tells wrongly of the scanner."""
    (host,) = json.loads((case / "case.json").read_bytes())["hosts"]
    strangers = host["strangers"] or {"requests": 0}
    if strangers["requests"] != hits:
        return f"{strangers['requests']:,} of {hits:,} hits counted"
    return "" if len(host["intruders"]) == 1 else f"{len(host['intruders'])} intruders"


CONTESTS: dict[str, Maker] = {"hits": contest}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
