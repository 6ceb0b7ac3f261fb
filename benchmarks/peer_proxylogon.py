"""Peer: what Test-ProxyLogon.ps1 of March 2021 does with a server's files, done in Python.

For each vulnerability the files are gone through again, as the script does it:

* CVE-2021-26855: each HttpProxy log is searched for `ServerInfo~` up to the first hit; one that
  holds it is read whole, row by row as Import-Csv does, for anchors with a path that is neither
  autodiscover nor on localhost.
* CVE-2021-26857: errors of Unified Messaging in the Application log that name an InvalidCast.
* CVE-2021-26858: lines of the OABGenerator log about a download that failed, below another folder.
* CVE-2021-27065: cmdlets in the ECP server log that put markup into a URL; then each HttpProxy log
  of the control panel once more, for the reset of a virtual directory that was answered with 200.

Written from descriptions of what it does, not from its code. Prints what it found as JSON.

    python benchmarks/peer_proxylogon.py FOLDER
"""

import csv
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, cast

from evtx import PyEvtxParser

Row = dict[str, str]
CMDLET = re.compile(r"Set-.+VirtualDirectory.+?(?=Url).+<\w+.*>", re.IGNORECASE)
FAILED = re.compile(r"Download failed and temporary file '?(.*?)'? needs to be removed", re.I)
OAB = r"\clientaccess\oab"


def logs(folder: Path, below: str) -> list[Path]:
    """Return the logs of one folder of the server's Logging folder."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() == ".log" and f"/logging/{below}/" in path.as_posix().lower()
    )


def holds(log: Path, text: bytes) -> bool:
    """Search a log up to the first line that holds a text, whatever the case."""
    with log.open("rb") as file:
        return any(text in line.lower() for line in file)


def rows(log: Path) -> Iterator[Row]:
    """Read a log row by row under its first line, or under the line that names the columns."""
    with log.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        names: list[str] | None = None
        lines = iter(file)
        for line in lines:
            if not line.startswith("#"):
                names = next(csv.reader([line]))
                break
        yield from csv.DictReader(lines, names or [])


def forged(row: Row) -> bool:
    """Tell whether a row went where its client wanted."""
    anchor = (row.get("AnchorMailbox") or "").lower()
    return (
        fnmatchcase(anchor, "serverinfo~*/*")
        and not fnmatchcase(anchor, "serverinfo~*/autodiscover*")
        and not fnmatchcase(anchor, "serverinfo~localhost*/*")
    )


def reset(row: Row) -> bool:
    """Tell whether a row wrote a virtual directory to a file."""
    anchor = (row.get("AnchorMailbox") or "").lower()
    written = fnmatchcase(anchor, "serverinfo~*/*reset*virtualdirectory#")
    return written and row.get("HttpStatus") == "200"


def by_rows(found: Iterable[Path], wanted: Callable[[Row], bool]) -> int:
    """Count the rows that are wanted, in the logs that hold an anchor at all."""
    return sum(sum(map(wanted, rows(log))) for log in found if holds(log, b"serverinfo~"))


def by_lines(found: Iterable[Path], pattern: re.Pattern[str], known: str = "\0") -> int:
    """Count the lines that a pattern meets, unless what it found lies in a known place."""
    many = 0
    for log in found:
        with log.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                met = pattern.search(line)
                many += bool(met and known not in (met.group(met.re.groups) or "").lower())
    return many


def cast_errors(folder: Path) -> int:
    """Count the errors of Unified Messaging that name an InvalidCast."""
    return sum(
        '"MSExchange Unified Messaging"' in text
        and "System.InvalidCastException" in text
        and _level(text) == 2
        for text in application(folder)
    )


def application(folder: Path) -> Iterator[str]:
    """Yield the events of the Application log, from EVTX or an export, as JSON."""
    for path in sorted(folder.rglob("Application.*")):
        if path.suffix == ".evtx":
            for record in PyEvtxParser(str(path)).records_json():
                yield cast("dict[str, str]", record)["data"]
        else:
            yield from path.read_text("utf-8").splitlines()


def _level(text: str) -> Any:
    return json.loads(text)["Event"]["System"]["Level"]


def main(folder: Path) -> None:
    """Look for all four."""
    found = {
        "CVE-2021-26855": by_rows(logs(folder, "httpproxy"), forged),
        "CVE-2021-26857": cast_errors(folder),
        "CVE-2021-26858": by_lines(logs(folder, "oabgeneratorlog"), FAILED, OAB),
        "CVE-2021-27065": by_lines(logs(folder, "ecp/server"), CMDLET)
        + by_rows(logs(folder, "httpproxy/ecp"), reset),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
