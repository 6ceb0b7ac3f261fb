"""Scenes with intruders: what is written can be read, and the truth equals what the files hold.

The recounts here read the files themselves, by columns, and share no code with what wrote them.
"""

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from parsers_reading import line_records

from extriage import parsers
from extriage.model.persistence import Role
from extriage.samples.intrusion import (
    bypass,
    exports,
    farm,
    flood,
    migration,
    strangers,
    two,
    wandering,
)
from extriage.samples.visitor import Truth

SCENES: dict[str, Callable[[Path], Any]] = {
    "two": lambda folder: two.write(folder, 1500),
    "exports": lambda folder: exports.write(folder, 1500),
    "bypass": lambda folder: bypass.write(folder, 1500),
    "changing": lambda folder: wandering.write_changing(folder, 1500),
    "proxy": lambda folder: wandering.write_behind_proxy(folder, 1500),
    "farm": lambda folder: farm.write(folder, 1500),
    "flood": lambda folder: flood.write(folder, 3000, 1500),
    "migration": lambda folder: migration.write(folder, 1500),
}
COLUMNS = {"HttpProxy_": 74, "Ews_": 92, "Rps_Cmdlet_": 67, "ECPServer": 4}


@dataclass(frozen=True)
class Written:
    folder: Path
    truth: Any

    def one(self) -> Truth:
        assert isinstance(self.truth, Truth)
        return self.truth


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Written]:
    @cache
    def write(name: str) -> Written:
        folder = tmp_path_factory.mktemp(name)
        return Written(folder, SCENES[name](folder))

    return write


def rows(folder: Path, mark: str) -> Iterator[dict[str, str]]:
    """Read all rows of one log by the header of their file."""
    for path in sorted(folder.rglob(f"*{mark}*")):
        names: list[str] = []
        for line in path.read_text("utf-8").splitlines():
            if line.startswith("#Fields: "):
                names = line.removeprefix("#Fields: ").split(" " if "u_ex" in mark else ",")
            elif not line.startswith(("#", "DateTime,")):
                values = _values(line, mark)
                assert len(values) == len(names), f"{path.name}: {line}"
                yield dict(zip(names, values, strict=True), site=path.parent.name)


def _values(line: str, mark: str) -> list[str]:
    if "u_ex" in mark:
        values = line.split(" ")
        # The back end leaves two blanks before the user of remote PowerShell.
        if values[6] in ("444", "81") and not values[7]:
            del values[7]
        return values
    if mark == "HttpProxy_":
        return line.split(",")
    (cells,) = csv.reader([line])
    return cells


def front(folder: Path) -> Iterator[dict[str, str]]:
    return (row for row in rows(folder, "u_ex") if row["site"] == "W3SVC1")


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_written_the_same_each_time(
    tmp_path: Path, name: str, scene: Callable[[str], Written]
) -> None:
    written = scene(name)
    assert SCENES[name](tmp_path) == written.truth
    paths = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert paths == {
        path.relative_to(written.folder) for path in written.folder.rglob("*") if path.is_file()
    }
    for path in paths:
        assert (tmp_path / path).read_bytes() == (written.folder / path).read_bytes()


@pytest.mark.parametrize("name", SCENES)
def test_every_line_is_read_with_its_columns(name: str, scene: Callable[[str], Written]) -> None:
    kinds = set()
    for path in sorted(scene(name).folder.rglob("*")):
        if path.suffix not in (".LOG", ".log"):
            continue
        data = path.read_bytes()
        kinds.add(parsers.recognise(data[:65536], path.name))
        records = list(line_records(data, path.name))
        lines = [row for row in data.split(b"\r\n") if row and row[:1] != b"#"]
        headers = sum(row.startswith(b"DateTime,RequestId") for row in lines)
        headers += sum(row.startswith(b"DateTime,StartTime") for row in lines)
        assert len(records) == len(lines) - headers, path.name
        assert not [record for record in records if record.raw or record.time is None], path.name
        times = [record.time for record in records if record.time]
        assert times == sorted(times), f"{path.name}: lines stand in the order of time"
    assert kinds >= {"httpproxy", "iis", "ecp-server", "oab-generator"}
    if name in ("bypass", "changing", "proxy", "migration"):
        assert "ews" in kinds
    if name in ("exports", "migration"):
        assert "rps-cmdlet" in kinds


@pytest.mark.parametrize("name", SCENES)
def test_rows_have_as_many_columns_as_exchange_writes(
    name: str, scene: Callable[[str], Written]
) -> None:
    for mark, count in COLUMNS.items():
        for row in rows(scene(name).folder, mark):
            assert len(row) == count + 1


def test_iis_logs_sizes_only_where_it_was_told_to(scene: Callable[[str], Written]) -> None:
    for name in SCENES:
        sized = {"sc-bytes" in row for row in rows(scene(name).folder, "u_ex")}
        assert sized == {name in ("two", "exports", "migration")}, name


@pytest.mark.parametrize("name", ["two", "exports", "bypass", "changing", "farm", "flood"])
def test_requests_are_those_of_the_front_ends_log(
    name: str, scene: Callable[[str], Written]
) -> None:
    """One request is one line of IIS on the front end, by the visitor's addresses."""
    written = scene(name)
    truths = written.truth if isinstance(written.truth, tuple) else (written.truth,)
    for truth in truths:
        below = written.folder / truth.server if name == "farm" else written.folder
        asked = Counter(row["c-ip"] for row in front(below))
        for visit in truth.visits:
            counted = sum(asked[address] for address in visit.addresses)
            assert visit.requests == counted, visit.name


@pytest.mark.parametrize("name", ["two", "exports"])
def test_bytes_lie_between_bodies_and_whole_answers(
    name: str, scene: Callable[[str], Written]
) -> None:
    written = scene(name)
    for visit in written.one().visits:
        lines = [row for row in front(written.folder) if row["c-ip"] in visit.addresses]
        assert visit.bytes_out.high == sum(int(row["sc-bytes"]) for row in lines)
        assert visit.bytes_in.high == sum(int(row["cs-bytes"]) for row in lines)
        assert visit.bytes_out.low < visit.bytes_out.high or visit.role is not Role.INTRUDER


@pytest.mark.parametrize("name", ["bypass", "changing"])
def test_bytes_are_those_of_the_proxy_where_iis_logs_none(
    name: str, scene: Callable[[str], Written]
) -> None:
    written = scene(name)
    (visit,) = written.one().visits
    lines = [
        row
        for row in rows(written.folder, "HttpProxy_")
        if row["ClientIpAddress"] in visit.addresses
    ]
    assert len(lines) == visit.requests
    assert visit.bytes_in.low == sum(int(row["RequestBytes"]) for row in lines)
    assert visit.bytes_out.low == sum(int(row["ResponseBytes"] or 0) for row in lines)
    silent = [row for row in lines if not row["ResponseBytes"]]
    assert (visit.bytes_out.high is None) == bool(silent)


@pytest.mark.parametrize("name", SCENES)
def test_a_request_stands_in_both_logs_of_the_front_end(
    name: str, scene: Callable[[str], Written]
) -> None:
    folder = scene(name).folder
    proxied = Counter(row["RequestId"] for row in rows(folder, "HttpProxy_"))
    tails = [row["cs-uri-query"] for row in front(folder) if "cafeReqId=" in row["cs-uri-query"]]
    asked = Counter(tail.partition("cafeReqId=")[2].partition(";")[0] for tail in tails)
    assert max(asked.values()) == 1
    absent = {one for one in asked if "-5ca0-" in one}
    assert set(asked) - absent == set(proxied)


def test_mailboxes_are_those_of_the_log_of_web_services(scene: Callable[[str], Written]) -> None:
    written = scene("bypass")
    (visit,) = written.one().visits
    told: dict[str, Counter[str]] = {}
    for row in rows(written.folder, "Ews_"):
        whose = row["ImpersonatedUser"] or row["ActAsUser"]
        if row["ClientIpAddress"] == bypass.CLIENT and whose:
            assert row["AuthenticatedUser"] == "CONTOSO\\EX01$"
            counts = told.setdefault(whose, Counter())
            counts["requests"] += 1
            counts["in"] += int(row["RequestSize"])
            counts["out"] += int(row["ResponseSize"])
            kind = "folders" if row["SoapAction"] == "FindItem" else "items"
            counts[kind] += int(row["LocalIdCount"])
    assert {one.mailbox.partition("@")[0] for one in visit.mailboxes} == set(bypass.READ)
    for one in visit.mailboxes:
        counts = told.pop(one.mailbox)
        assert (one.requests, one.items, one.folders) == (
            counts["requests"],
            counts["items"],
            counts["folders"],
        )
        assert (one.bytes_in, one.bytes_out) == (counts["in"], counts["out"])
    assert not told


def test_a_read_through_the_bypass_has_its_rows(scene: Callable[[str], Written]) -> None:
    folder = scene("bypass").folder
    proxied = {
        row["RequestId"]: row
        for row in rows(folder, "HttpProxy_")
        if row["ClientIpAddress"] == bypass.CLIENT and "/EWS/" in row["AnchorMailbox"]
    }
    assert len(proxied) == 17
    behind = {
        row["cs-uri-query"].partition("request_id=")[2]: row
        for row in rows(folder, "u_ex")
        if row["site"] == "W3SVC2" and row["cs-username"] == "CONTOSO\\EX01$"
    }
    for row in rows(folder, "Ews_"):
        if row["ClientIpAddress"] != bypass.CLIENT:
            continue
        before = proxied.pop(row["RequestId"])
        assert (before["RequestBytes"], before["ResponseBytes"]) == (
            row["RequestSize"],
            row["ResponseSize"],
        )
        assert ":444/EWS/Exchange.asmx" in before["AnchorMailbox"]
        assert behind[row["RequestId"]]["cs-uri-stem"] == "/EWS/Exchange.asmx"
    assert not proxied


def test_the_busy_day_drowns_the_reads(scene: Callable[[str], Written]) -> None:
    others = [
        row
        for row in rows(scene("bypass").folder, "Ews_")
        if row["ClientIpAddress"] != bypass.CLIENT
    ]
    assert len(others) > 300
    read_by_right = {
        row["ImpersonatedUser"] for row in others if row["AuthenticatedUser"].endswith("svc-backup")
    }
    assert {name.partition("@")[0] for name in read_by_right} > set(bypass.READ)


def cmdlets(folder: Path) -> list[tuple[int, list[str]]]:
    (path,) = folder.rglob("MSExchange Management.jsonl")
    found = []
    for line in path.read_text().splitlines():
        event = json.loads(line)["Event"]
        number = event["System"]["EventID"]
        assert number["#attributes"]["Qualifiers"] == {1: 16384, 6: 49152}[number["#text"]]
        found.append((number["#text"], event["EventData"]["Data"]["#text"]))
    return found


def test_each_export_has_the_traces_of_its_outcome(scene: Callable[[str], Written]) -> None:
    written = scene("exports")
    (visit,) = written.one().visits
    events = [(number, data) for number, data in cmdlets(written.folder) if "Export" in data[0]]
    assert {len(data) for _, data in events} == {27}
    shells = {row["CmdletUniqueId"]: row for row in rows(written.folder, "Rps_Cmdlet_")}
    assert len(shells) == len(events) + 1, "the role that was given is no export"
    created = "\n".join(path.read_text() for path in written.folder.rglob("*Sysmon*"))
    fetched = {row["cs-uri-stem"] for row in front(written.folder) if row["sc-status"] == "200"}
    for export in visit.exports:
        name = export.file.rpartition("\\")[2]
        (number,) = (
            number for number, data in events if name in data[1] and data[0].startswith("New-")
        )
        assert number == {"failed": 6, "finished": 1}[export.outcome]
        (row,) = (
            row
            for row in shells.values()
            if name in row["Parameters"] and row["Cmdlet"] == "New-MailboxExportRequest"
        )
        assert row["ExecutionResult"] == {"failed": "Error", "finished": "Success"}[export.outcome]
        assert (name in created) == (export.outcome == "finished")
        assert (f"/owa/auth/{name}" in fetched) == export.fetched
        assert bool(list(written.folder.rglob(name))) == export.on_disk
        removed = [data for _, data in events if data[0].startswith("Remove-")]
        assert any(name in data[1] for data in removed) == export.request_removed
    (kept,) = written.folder.rglob("*.pst")
    assert kept.read_bytes().startswith(b"!BDN")
    (file,) = visit.files
    (got,) = (row for row in front(written.folder) if row["cs-uri-stem"] == exports.URL)
    assert int(got["sc-bytes"]) == file.bytes_out > 80_000_000


def test_the_archive_is_fetched_once_and_larger_than_anything_else(
    scene: Callable[[str], Written],
) -> None:
    written = scene("two")
    (file,) = written.one().named("A").files
    (got,) = (row for row in front(written.folder) if row["cs-uri-stem"] == two.ARCHIVE)
    assert (file.url, file.bytes_out) == (two.ARCHIVE, int(got["sc-bytes"]))
    assert file.bytes_out == max(int(row["sc-bytes"]) for row in front(written.folder))


def test_two_intruders_share_nothing_but_the_server(scene: Callable[[str], Written]) -> None:
    truth = scene("two").one()
    first, second = truth.of(Role.INTRUDER)
    for name in ("addresses", "agents", "canaries", "pages"):
        assert not set(getattr(first, name)) & set(getattr(second, name)), name
    assert two.A["parameter"] != two.B["parameter"]
    pages = [path.read_text() for path in scene("two").folder.rglob("owa/auth/*.aspx")]
    assert len(pages) == 2
    for parameter in (two.A["parameter"], two.B["parameter"]):
        assert sum(parameter in page for page in pages) == 1


def test_strangers_are_what_they_are_called(scene: Callable[[str], Written]) -> None:
    written = scene("two")
    asked: dict[str, list[dict[str, str]]] = {}
    for row in front(written.folder):
        asked.setdefault(row["c-ip"], []).append(row)
    walked = {row["cs-uri-stem"] for row in asked[strangers.WALKER]}
    assert len(walked) == len(asked[strangers.WALKER]) == 48
    (informed,) = asked[strangers.INFORMED]
    assert informed["cs-uri-stem"] in written.one().named("A").pages
    assert (informed["cs-method"], informed["sc-status"]) == ("GET", "200")
    assert {row["sc-status"] for row in asked[strangers.SCANNER]} == {"404", "500"}
    assert strangers.OWN in two.SUPPRESS
    roles = Counter(visit.role for visit in written.one().visits)
    assert roles == {
        Role.INTRUDER: 2,
        Role.STRANGER: 2,
        Role.INFORMED: 1,
        Role.ORGANISATION: 1,
    }


def test_the_canary_stays_while_the_address_changes(scene: Callable[[str], Written]) -> None:
    written = scene("changing")
    (visit,) = written.one().visits
    (canary,) = visit.canaries
    seen = {
        row["ClientIpAddress"]
        for row in rows(written.folder, "HttpProxy_")
        if canary in row["AnchorMailbox"]
    }
    assert seen == set(wandering.ADDRESSES)
    read = {
        row["ClientIpAddress"]
        for row in rows(written.folder, "Ews_")
        if row["AuthenticatedUser"] == visit.accounts[0]
    }
    assert read >= {wandering.FOURTH, wandering.OFFICE}


def test_one_address_hides_everybody(scene: Callable[[str], Written]) -> None:
    folder = scene("proxy").folder
    logs = list(rows(folder, "HttpProxy_"))
    outside = {
        row["ClientIpAddress"]
        for row in logs
        if not row["ClientIpAddress"].startswith(("127.", "10.20.0."))
    }
    assert outside == {wandering.PROXY}
    people = {row["AuthenticatedUser"] for row in logs if row["ClientIpAddress"] == wandering.PROXY}
    assert len(people) > 15


def test_a_flood_is_as_large_as_asked_for(scene: Callable[[str], Written]) -> None:
    written = scene("flood")
    hits = [row for row in front(written.folder) if row["c-ip"] == flood.CLIENT]
    visit = written.one().named("flood")
    assert len(hits) == visit.requests == 3000
    assert {row["sc-status"] for row in hits} == {"302", "404"}
    assert hits[0]["date"] == hits[-1]["date"] == f"{visit.first:%Y-%m-%d}"
    assert f"{visit.last:%H:%M:%S}" == hits[-1]["time"]


def test_two_servers_of_three_have_the_same_password(scene: Callable[[str], Written]) -> None:
    folder = scene("farm").folder
    holders = {
        path.relative_to(folder).parts[0]
        for path in folder.rglob("owa/auth/*.aspx")
        if farm.PARAMETER in path.read_text()
    }
    assert holders == set(farm.SAME)
    agents = {
        path.relative_to(folder).parts[0]
        for path in folder.rglob("u_ex*.log")
        if farm.AGENT.replace(" ", "+") in path.read_text()
    }
    assert agents == set(farm.SAME)


def test_nobody_broke_into_the_migration(scene: Callable[[str], Written]) -> None:
    written = scene("migration")
    assert written.one().visits == ()
    done = Counter(data[0] for _, data in cmdlets(written.folder))
    assert done["New-MailboxExportRequest"] == migration.MOVED
    assert done["Remove-MailboxExportRequest"] == migration.MOVED
    assert not any("ServerInfo~a]" in row["AnchorMailbox"] for row in rows(
        written.folder, "HttpProxy_"
    ))  # fmt: skip
