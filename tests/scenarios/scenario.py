"""Write a server, scan it as a user would, and look at the case."""

import json
from pathlib import Path
from typing import Any

import pytest

from extriage.cli import main
from extriage.samples import ServerSpec, write_server


def scanned(folder: Path, spec: ServerSpec, *words: str) -> tuple[int, dict[str, Any]]:
    """Write a server, scan it as a user would, and return exit code and case."""
    write_server(folder / "EVIDENCE", spec)
    return rescanned(folder, *words)


def rescanned(folder: Path, *words: str) -> tuple[int, dict[str, Any]]:
    case = folder / "case"
    with pytest.raises(SystemExit) as stop:
        main(["scan", str(folder / "EVIDENCE"), "--case", str(case), "-q", *words])
    document: dict[str, Any] = json.loads((case / "case.json").read_bytes())
    return int(stop.value.code or 0), document


def the_host(case: dict[str, Any]) -> dict[str, Any]:
    (host,) = case["hosts"]
    assert isinstance(host, dict)
    return host


def cmdlet(when: str, name: str, parameters: str, error: str = "") -> str:
    """Write a record of MSExchange Management as a collector exports it."""
    data = [name, parameters, "contoso.example/Users/Administrator", *[""] * 8, error, *[""] * 15]
    system = {
        "Provider": {"#attributes": {"Name": "MSExchange CmdletLogs"}},
        "EventID": {"#text": 6 if error else 1},
        "TimeCreated": {"#attributes": {"SystemTime": when}},
        "EventRecordID": 7,
        "Channel": "MSExchange Management",
        "Computer": "EX01.contoso.example",
    }
    return json.dumps({"Event": {"System": system, "EventData": {"Data": {"#text": data}}}})
