"""The same server, handed over in many ways: what is said of it must not depend on the wrapping."""

import json
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from collected import WAYS, Way, exchange_log_collector, no_pages
from scenario import rescanned, the_host

from extriage.parsers.file_name import server_path
from extriage.samples import ServerSpec, write_server

SPEC = ServerSpec(
    attack="chain",
    lines=400,
    hours_per_file=24,
    start=datetime(2021, 3, 1, tzinfo=UTC),
    end=datetime(2021, 3, 5, tzinfo=UTC),
)
EXPORTS = Path(__file__).parents[1] / "evidence" / "exchange-config" / "E16.zip"
"""What HealthChecker reads of a server, as the XML that Export-Clixml writes."""
NAMING = ("file-name", "compiled-page")
"""Kinds whose lines are made here and quote the path in the evidence."""
ON_SERVER = re.compile(r"[A-Z]:\\")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("server")
    write_server(folder, SPEC)
    return folder


@pytest.fixture(scope="module")
def plain(server: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what is told of the plain folder."""
    return told(given(WAYS["zip"], server, tmp_path_factory.mktemp("plain"), folder=True))


def given(way: Way, server: Path, tmp_path: Path, *, folder: bool = False) -> dict[str, Any]:
    """Hand the server over in some way, scan it as a user would, and return the case."""
    evidence = tmp_path / "EVIDENCE"
    if folder:
        write_server(evidence, SPEC)
    else:
        evidence.mkdir(parents=True)
        way(server, evidence)
    code, case = rescanned(tmp_path)
    assert code == 1, case["hosts"]
    return case


def told(case: dict[str, Any]) -> dict[str, Any]:
    """Return all that is said of the server, with the paths that the server had."""
    host = the_host(case)
    back = host["persistence"]
    return {
        "name": host["name"],
        "verdict": host["verdict"],
        "campaigns": host["campaigns"],
        "patch": host["patch"]["build"],
        "findings": sorted(map(_finding, host["findings"])),
        "coverage": sorted(map(_coverage, host["coverage"])),
        "sessions": [_summary(one) for one in host["sessions"]],
        "intruders": [_summary(one) for one in host["intruders"]],
        "ways back": sorted(f"{one['kind']} {one['object']} {one['state']}" for one in back),
    }


def _finding(finding: dict[str, Any]) -> str:
    kept = ("rule", "level", "stage", "certainty", "count", "first", "last")
    return json.dumps([*(finding[name] for name in kept), sorted(_lines(finding))])


def _lines(finding: dict[str, Any]) -> Iterator[str]:
    for one in finding["evidence"]:
        text = "" if one["kind"] in NAMING else one["sha256"]
        yield f"{_place(one['path'])} {one['line']} {one['time']} {text}"


def _place(path: str) -> str:
    """Return the path that the server had; exports of events have none, and other names."""
    place = server_path(path)
    return place.lower() if ON_SERVER.match(place) else "an export"


def _summary(one: dict[str, Any]) -> list[Any]:
    return [one[name] for name in ("first", "last", "stage", "certainty", "summary")]


def _coverage(row: dict[str, Any]) -> str:
    return json.dumps([row[name] for name in ("kind", "records", "first", "last")])


@pytest.mark.parametrize("way", WAYS)
def test_the_same_server_yields_the_same_findings(
    way: str, server: Path, plain: dict[str, Any], tmp_path: Path
) -> None:
    assert len(plain["findings"]) > 40
    assert told(given(WAYS[way], server, tmp_path)) == plain


def test_renamed_folders_of_logs_yield_what_the_logs_yield(server: Path, tmp_path: Path) -> None:
    bare = told(given(no_pages, server, tmp_path / "bare"))
    renamed = told(given(exchange_log_collector, server, tmp_path / "renamed"))
    assert len(bare["findings"]) > 25
    for one in (bare, renamed):
        one["findings"] = [_without_places(row) for row in one["findings"]]
    assert renamed == bare


def _without_places(row: str) -> list[Any]:
    """Take the paths off the lines of a finding: this collector renames all folders."""
    *kept, lines = json.loads(row)
    return [*kept, sorted(re.sub(r"^([a-z]:.*|an export)(?= \d+ )", "", line) for line in lines)]


@pytest.mark.parametrize("way", ["acquire tar", "Velociraptor zip", "folder and zip"])
def test_evidence_that_lies_twice_in_a_collection_counts_once(
    way: str, server: Path, plain: dict[str, Any], tmp_path: Path
) -> None:
    case = given(WAYS[way], server, tmp_path)
    entries = the_host(case)["manifest"]["entries"]
    twice = [one for one in entries if "same content as" in one["reason"]]
    assert any(one["kind"] == "web-file" for one in twice)
    assert any(one["kind"] == "iis" for one in twice)
    assert {one["status"] for one in twice} == {"skipped"}
    assert told(case)["coverage"] == plain["coverage"]


def test_what_kape_left_out_is_in_the_manifest_and_lowers_no_verdict(
    server: Path, tmp_path: Path
) -> None:
    case = given(WAYS["KAPE folder"], server, tmp_path)
    entries = the_host(case)["manifest"]["entries"]
    (left,) = (one for one in entries if one["path"].endswith("u_ex210228.log"))
    assert left["status"] == "skipped"
    assert left["reason"] == "KAPE did not take it: it is empty"


@pytest.mark.parametrize("way", ["7z", "tar.gz", "zip in zip", "KAPE folder"])
def test_exports_of_exchange_are_read_inside_collections(way: str, tmp_path: Path) -> None:
    exports = tmp_path / "server" / "exports"
    exports.mkdir(parents=True)
    with zipfile.ZipFile(EXPORTS) as archive:
        for name in archive.namelist():
            if name.endswith(".xml"):
                (exports / name.rpartition("/")[2]).write_bytes(archive.read(name))
    (tmp_path / "EVIDENCE").mkdir()
    WAYS[way](tmp_path / "server", tmp_path / "EVIDENCE")
    _, case = rescanned(tmp_path)
    host = the_host(case)
    assert host["patch"]["build"] == "15.1.2375.7"
    read = [one["kind"] for one in host["manifest"]["entries"] if one["status"] == "read"]
    assert read.count("powershell-export") == 15
