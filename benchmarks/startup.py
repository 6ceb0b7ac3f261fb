"""How long does it take until anything happens: help, and the scan of a folder with one small log?

Python itself, doing nothing, is the peer: it says how fast the machine is just now.

    python benchmarks/startup.py [--rounds 3]
"""

import sys
from pathlib import Path

from contests import Contest, Goal, Maker, Row
from running import main
from stopwatch import Side, ours, scan

LOG = "#Fields: date time c-ip cs-method cs-uri-stem sc-status\n2021-03-02 01:00:00 ::1 GET / 200\n"


def contest(place: Path, scale: float) -> Contest:
    """Write one small log; `scale` changes nothing."""
    folder = place / "evidence"
    folder.mkdir()
    (folder / "u_ex210302.log").write_text(LOG, "ascii")
    sides = {
        "help": Side("extriage --help", [sys.executable, "-m", "extriage", "--help"]),
        "tiny": ours("extriage scan of one small log", scan(folder, case=place / "case")),
        "python": Side("python -c pass", [sys.executable, "-c", "pass"]),
    }
    rows = [
        Row("start-help", "help", "python", Goal("s", 0.15)),
        Row("start-tiny", "tiny", "python", Goal("s", 1.0)),
    ]
    return Contest("start-up", 1, "runs", sides, rows, turns=7)


CONTESTS: dict[str, Maker] = {"startup": contest}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
