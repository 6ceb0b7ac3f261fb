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
