"""How fast are event logs read, beside SQL and beside the bare parser?

Multiplies the chunks of real event logs to large ones, and scans them with the Sigma rules for
Windows that come from SigmaHQ and those of ours that ask for plain fields, 250 together. Peers:

* `peer_sigma.py`: the same rules as pySigma's SQLite backend writes them, run over a table of all
  events, as Zircolite does it. Each rule must be met equally often.
* `peer_evtx.py`: the `evtx` library alone, which makes JSON of every event, and nothing else.

The logs of this repository have few full chunks; `--evtx FOLDER` (or EXTRIAGE_EVTX) names more.

    python benchmarks/eventlogs.py [--rounds 3] [--scale 1] [--evtx FOLDER]
"""

import io
import json
import os
import shutil
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from contests import EVENT_LOGS, Contest, Goal, Maker, Row
from running import main
from stopwatch import MB, Run, Side, ours, peer, scan

ROOT = Path(__file__).resolve().parents[1]
SIZE, FILES = 200_000_000, 4
HEADER, CHUNK = 4096, 64 << 10
FULL = 48 << 10
"""Bytes that a chunk must use of its 64 KiB to stand for a busy log."""
SELDOM = 50
"""Each so manieth chunk is one that is not full: the rare logs have the odd events."""
MAGIC, DATA = b"ElfChnk\0", 512
"""How a chunk begins, and where in it its first record does: number and time stand at 8."""
MADE = {"Message", "CmdletResult", "Level", "EventData", "Data"}
"""Fields that reading makes, or that are several: SQL has no such columns."""


def sources() -> list[Path]:
    """Return the logs that chunks are taken from."""
    folder = Path(os.environ.get(EVENT_LOGS) or ROOT / "tests" / "evidence" / "evtx")
    return sorted(folder.glob("*.evtx"))


def write_logs(paths: Sequence[Path], size: int) -> None:
    """Write event logs of about so many bytes together, each from chunks of its own.

    A line that lies in two logs of a server counts once, so none may.
    """
    full, other = chunks(sources())
    for number, path in enumerate(paths):
        share = full[number :: len(paths)], other[number :: len(paths)]
        common, odd = (one or two for one, two in (share, share[::-1]))
        count = max(1, size // len(paths) // CHUNK)
        with path.open("wb") as file:
            file.write(header(count))
            for turn in range(count):
                chosen = odd if turn % SELDOM == SELDOM - 1 else common
                file.write(chosen[turn % len(chosen)])


def chunks(logs: Iterable[Path]) -> tuple[list[bytes], list[bytes]]:
    """Return the full chunks, and the others that hold anything; each event once."""
    full, other = list[bytes](), list[bytes]()
    known = set[bytes]()
    for log in logs:
        data = log.read_bytes()
        for start in range(HEADER, len(data) - CHUNK + 1, CHUNK):
            chunk = data[start : start + CHUNK]
            first = chunk[DATA + 8 : DATA + 24]
            if first not in known and sound(chunk):
                known.add(first)
                (full if struct.unpack_from("<I", chunk, 48)[0] >= FULL else other).append(chunk)
    return full, other


def sound(chunk: bytes) -> bool:
    """Tell whether the library reads a chunk to its end."""
    from evtx import PyEvtxParser

    if not chunk.startswith(MAGIC):
        return False
    try:
        first, last = struct.unpack_from("<QQ", chunk, 8)
        parser: Any = PyEvtxParser(io.BytesIO(header(1) + chunk))
        return bool(len(list(parser.records_json())) == last - first + 1)
    except Exception:
        return False


def header(count: int) -> bytes:
    """Return the header of a log with so many chunks, format 3.1, with its checksum."""
    start = b"ElfFile\0" + struct.pack("<QQQIHHHH", 0, count - 1, 1, 128, 1, 3, HEADER, count)
    start = start.ljust(120, b"\0")
    return (start + struct.pack("<II", 0, zlib.crc32(start))).ljust(HEADER, b"\0")


def rules(folder: Path) -> int:
    """Copy the rules for Windows that SQL can run; return how many."""
    folder.mkdir()
    ours = ROOT / "src" / "extriage" / "content" / "rules"
    upstream = ROOT / "tests" / "upstream" / "sigma"
    found = [*sorted(upstream.rglob("*.yml")), *sorted(ours.rglob("*.yml"))]
    names = set[str]()
    for path in found:
        documents = [one for one in yaml.safe_load_all(path.read_text("utf-8")) if one]
        if len(documents) == 1 and plain(documents[0]) and documents[0]["id"] not in names:
            names.add(documents[0]["id"])
            shutil.copy(path, folder / f"{len(names):03}_{path.name}")
    return len(names)


def plain(document: dict[str, Any]) -> bool:
    """Tell whether a rule reads Windows events, and only fields that stand in them."""
    detection = document.get("detection", {})
    if document.get("logsource", {}).get("product") != "windows" or not detection:
        return False
    asked = list(fields({k: v for k, v in detection.items() if k != "condition"}))
    return all(name and name not in MADE for name in asked) and "|" not in str(
        detection["condition"]
    )


def fields(detection: dict[str, Any]) -> Iterator[str]:
    """Yield the fields that a rule asks for; an empty name stands for keywords."""
    for selection in detection.values():
        for one in selection if isinstance(selection, list) else [selection]:
            if isinstance(one, dict):
                yield from (key.split("|")[0] for key in one)
            else:
                yield ""


def contest(place: Path, scale: float) -> Contest:
    """Write the logs and the rules."""
    folder, ruled, case = place / "logs", place / "rules", place / "case"
    folder.mkdir()
    write_logs([folder / f"Log{number}.evtx" for number in range(FILES)], int(SIZE * scale))
    many = rules(ruled)
    size = sum(log.stat().st_size for log in folder.iterdir())
    more = ["--no-builtin-rules", "--rules", str(ruled)]
    sides = {
        "one": ours("extriage scan --jobs 1", scan(folder, case=case, more=more)),
        "two": ours("extriage scan --jobs 2", scan(folder, case=case, jobs=2, more=more)),
        "sql": Side(f"{many} rules in SQLite", peer("peer_sigma.py", folder, ruled)),
        "bare": Side("the evtx library alone", peer("peer_evtx.py", folder)),
    }
    check = partial(same, case)
    rows = [
        Row("evtx", "one", "sql", Goal("times as fast", 6), by="cpu", check=check),
        Row("evtx-two", "two", "sql", Goal("times as fast", 10), check=check),
        Row("evtx-parse", "one", "bare", Goal("times as long", 1.3), by="cpu"),
    ]
    return Contest(f"event logs with {many} rules", size / MB, "MB", sides, rows)


def same(case: Path, _ours: Run, peer: Run | None) -> str:
    """Say which rules the two did not find equally often."""
    document = json.loads((case / "case.json").read_bytes())
    found: dict[str, int] = {}
    for host in [*document["hosts"], *filter(None, [document["unassigned"]])]:
        for one in host["findings"]:
            found[one["rule"]] = found.get(one["rule"], 0) + one["count"]
    theirs: dict[str, int] = json.loads(peer.said) if peer else {}
    names = sorted(name for name in {*found, *theirs} if found.get(name) != theirs.get(name))
    told = (f"{name}: {found.get(name, 0)} and {theirs.get(name, 0)}" for name in names)
    return "; ".join(told)


CONTESTS: dict[str, Maker] = {"evtx": contest}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
