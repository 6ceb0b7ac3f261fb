"""Write `content/ordinary/`: lines as a server writes them all day, from the sample servers.

The prefilter prefers literals that are rare in them. Only speed depends on it, never a result.

    python benchmarks/ordinary.py
"""

import json
import re
import tempfile
from collections import Counter
from importlib.resources import files
from pathlib import Path

from extriage.samples import ServerSpec, write_big_log, write_server

LINES = 160
LENGTH = 500
LONGEST = 4000
SELDOM = 1500
"""A word that stands in every so many lines costs time in a gigabyte: it must not be missed."""
WORD = re.compile(r"[A-Za-z./~]{4,}")
PLACES = {
    "httpproxy": "busy/HttpProxy/**/*.LOG",
    "iis": "**/W3SVC*/*.log",
    "ecp-server": "**/ECP/Server/*.LOG",
    "events": "**/*.jsonl",
}


def shortened(kind: str, line: str) -> str:
    """Keep what rules look at: the columns before the latencies, or an event."""
    if kind == "httpproxy":
        cells = line.split(",")
        return ",".join(cells[6:31] + cells[66:68])
    if kind == "events":
        # NOTE: whole, for names of the envelope (`"Security":`) stand in each of them.
        return json.dumps(json.loads(line), separators=(",", ":"))[:LONGEST]
    return line[:LENGTH]


def spread(lines: list[str]) -> list[str]:
    """Choose lines evenly, and a few more for the words that not every hundredth line holds."""
    step = max(1, len(lines) // LINES)
    chosen = lines[::step][:LINES]
    words = [frozenset(WORD.findall(line.lower())) for line in lines]
    counted = Counter(word for found in words for word in found)
    wanted = {word for word, many in counted.items() if many * SELDOM >= len(lines)}
    wanted -= {word for line in chosen for word in WORD.findall(line.lower())}
    for line, found in zip(lines, words, strict=True):
        if not wanted.isdisjoint(found):
            chosen.append(line)
            wanted -= found
    return chosen


def main() -> None:
    """Write one file for each kind, spread over the sample."""
    target = Path(str(files("extriage"))) / "content" / "ordinary"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        write_server(Path(folder) / "server", ServerSpec(lines=20_000, hours_per_file=24))
        (Path(folder) / "busy" / "HttpProxy" / "All").mkdir(parents=True)
        # NOTE: one server's traffic in its true proportions, which folders by protocol do not give.
        write_big_log(Path(folder) / "busy/HttpProxy/All/HttpProxy_1.LOG", 4_000_000)
        for kind, place in PLACES.items():
            lines = [
                line
                for file in sorted(Path(folder).glob(place))
                for line in file.read_text("utf-8").splitlines()
                if line and not line.startswith(("#", "DateTime,"))
            ]
            chosen = spread([shortened(kind, line) for line in lines])
            (target / f"{kind}.txt").write_text("\n".join(chosen) + "\n", encoding="utf-8")
            print(f"{kind}: {len(chosen)} of {len(lines):,} lines")


if __name__ == "__main__":
    main()
