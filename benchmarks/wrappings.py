"""How fast is a scan of packed evidence, beside unpacking it alone with the fastest library?

Packs one HttpProxy log as gz, zip, tar.gz and 7z. Beside each scan stands a program that only
unpacks (`peer_unpack.py`: isal, else zlib-ng, else Python's own zlib; the tar or zip around it is
read as well). A scan must keep 0.8 of that speed; 7z stands beside the plain folder instead, for
there is no other library to unpack it.

    python benchmarks/wrappings.py [--rounds 3] [--scale 1]
"""

import gzip
import shutil
import sys
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import py7zr
from contests import Contest, Goal, Maker, Row
from running import main
from stopwatch import MB, Side, ours, peer, scan

from extriage.samples import write_big_log

SIZE = 500_000_000
OPEN_TAR: Any = tarfile.open
"""Its types name every mode apart; here the mode is a value."""
LOG = "C/Program Files/Microsoft/Exchange Server/V15/Logging/HttpProxy/Owa/HttpProxy_1.LOG"
STREAMS = ("gz", "zip", "tar.gz")


def wrapped(folder: Path, log: Path) -> dict[str, Path]:
    """Pack a log; return what is to be scanned, by name."""
    place = folder / LOG
    place.parent.mkdir(parents=True)
    packed = {name: folder / f"x.{name}" for name in STREAMS}
    packed["gz"] = folder / "HttpProxy_1.LOG.gz"
    with log.open("rb") as source, gzip.open(packed["gz"], "wb", compresslevel=6) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    with zipfile.ZipFile(packed["zip"], "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(log, LOG)
    with OPEN_TAR(packed["tar.gz"], "w:gz", compresslevel=6) as tape:
        tape.add(log, LOG)
    chain = [{"id": py7zr.FILTER_LZMA2, "preset": 1}]
    with py7zr.SevenZipFile(folder / "x.7z", "w", filters=chain) as seven:
        seven.write(log, LOG)
    log.replace(place)
    return packed | {"7z": folder / "x.7z", "plain": folder / "C"}


def contest(place: Path, scale: float) -> Contest:
    """Write the log and its wrappings."""
    log = place / "log"
    write_big_log(log, int(SIZE * scale), 1)
    size = log.stat().st_size
    found = wrapped(place, log)
    sides: dict[str, Side] = {}
    for name, path in found.items():
        sides[name] = ours(f"scan of {name}", scan(path, case=place / f"{name}.case"))
    for name in STREAMS:
        unpack = peer("peer_unpack.py", found[name])
        sides[f"un{name}"] = Side(f"unpacking {name}", unpack)
    goal = Goal("times as fast", 0.8)
    rows = [Row(name, name, f"un{name}", goal, by="cpu") for name in STREAMS]
    rows += [Row(f"{name}-plain", name, "plain", None, by="cpu") for name in (*STREAMS, "7z")]
    return Contest("packed logs, size unpacked", size / MB, "MB", sides, rows)


CONTESTS: dict[str, Maker] = {"wrappings": contest}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
