"""Peer: the `evtx` library alone makes JSON of every event; prints how many there are.

python benchmarks/peer_evtx.py FOLDER
"""

import sys
from pathlib import Path

from evtx import PyEvtxParser


def main(folder: Path) -> None:
    """Read all logs of a folder."""
    logs = sorted(folder.glob("*.evtx"))
    print(sum(1 for log in logs for _ in PyEvtxParser(str(log)).records_json()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
