"""From a disk image to the case: one server, counted once, whatever lies beside the image."""

import json
import shutil
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import image_making as making
import pytest
from image_making import START, needs
from scenario import rescanned, the_host

from extriage.samples import ServerSpec, write_server
from keyboard import Keyboard

ntfs_tools = needs("mkntfs", "wimcapture", "wimapply", "ntfscp", "qemu-img")
SPEC = ServerSpec(
    name="EX01", attack="chain", lines=100, hours_per_file=24,
    start=datetime(2021, 3, 3, tzinfo=UTC), end=datetime(2021, 3, 4, tzinfo=UTC),
)  # fmt: skip
SHELL = b'<%@ Page Language="JScript"%><%eval(Request.Item["x"],"unsafe");%>'
Case = dict[str, Any]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a server, and `EX01.dd`: its disk, with a shadow copy."""
    folder = tmp_path_factory.mktemp("cases")
    write_server(folder / "EX01", SPEC)
    work = folder / "work"
    shutil.copytree(folder / "EX01/C", work / "C")
    hive = making.system_hive({"C:": making.by_signature(START)})
    page = {"Windows/System32/config/SYSTEM": hive, "inetpub/wwwroot/iisstart.htm": b"<html>"}
    now = making.ntfs(making.write(work / "C", page), work / "now.img")
    before = Path(shutil.copy(now, work / "before.img"))
    (work / "x").write_bytes(SHELL)
    making.run("ntfscp", "-f", before, work / "x", "inetpub/wwwroot/gone.aspx")
    making.disk(folder / "EX01.dd", making.with_shadow(now, before))
    shutil.rmtree(work)
    return folder


@pytest.fixture(scope="module")
def alone(place: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Case]:
    """Return the folder of the case of the image by itself, and the case."""
    folder = tmp_path_factory.mktemp("alone")
    (folder / "EVIDENCE").mkdir()
    (folder / "EVIDENCE/EX01.dd").hardlink_to(place / "EX01.dd")
    return folder, rescanned(folder, "--jobs", "1")[1]


def findings(case: Case) -> list[tuple[str, int, int]]:
    rows = the_host(case)["findings"]
    return sorted((row["rule"], row["count"], len(row["evidence"])) for row in rows)


@ntfs_tools
def test_what_is_told_of_an_image_belongs_to_its_server(alone: tuple[Path, Case]) -> None:
    _, case = alone
    assert case["unassigned"] == []
    rows = {row["path"]: row for row in the_host(case)["manifest"]["entries"]}
    image = "EVIDENCE/EX01.dd"
    assert rows[f"{image}!/C:"]["reason"].startswith("volume of ")
    assert rows[f"{image}!/HarddiskVolumeShadowCopy1"]["reason"].startswith("shadow copy of C:")
    ways = {way["object"]: way["state"] for way in the_host(case)["persistence"]}
    assert ways.get("/gone.aspx") == "removed", "the page that only the shadow copy has"
    manifest = the_host(case)["manifest"]
    assert manifest["seen"] == len(manifest["entries"])


@ntfs_tools
def test_any_number_of_workers_gives_the_same_case_of_shadow_copies(
    alone: tuple[Path, Case], tmp_path: Path
) -> None:
    folder, _ = alone
    (tmp_path / "EVIDENCE").symlink_to(folder / "EVIDENCE")
    rescanned(tmp_path, "--jobs", "2")
    one, two = folder / "case", tmp_path / "case"
    assert (one / "case.json").read_bytes() == (two / "case.json").read_bytes()
    dumps = []
    for case in (one, two):
        with sqlite3.connect(case / "case.db") as database:
            dumps.append(list(database.iterdump()))
        database.close()
    assert dumps[0] == dumps[1]


@ntfs_tools
def test_a_disk_that_was_given_twice_counts_once(
    place: Path, alone: tuple[Path, Case], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "EVIDENCE"
    given.mkdir()
    (given / "EX01.dd").hardlink_to(place / "EX01.dd")
    making.packed(place / "EX01.dd", given / "EX01.vhdx", "vhdx")
    _, case = rescanned(tmp_path)
    assert findings(case) == findings(alone[1])
    (again,) = (
        row
        for row in (*case["unassigned"], *the_host(case)["manifest"]["entries"])
        if row["path"] == "EVIDENCE/EX01.vhdx"
    )
    assert again["status"] == "skipped"
    assert again["reason"] == "disk image of the same disk as EVIDENCE/EX01.dd: read once"
    checked = Keyboard(capfd, "verify")(tmp_path / "case", given, "--json")
    states = {one["path"]: one["state"] for one in json.loads(checked.out)["evidence"]["files"]}
    assert states["EVIDENCE/EX01.vhdx"] == "not-hashed", "verify does not take it for changed"
    with (given / "EX01.vhdx").open("ab") as image:
        image.write(bytes(512))
    checked = Keyboard(capfd, "verify")(tmp_path / "case", given, "--json")
    states = {one["path"]: one["state"] for one in json.loads(checked.out)["evidence"]["files"]}
    assert states["EVIDENCE/EX01.vhdx"] == "changed"


@ntfs_tools
def test_an_image_and_a_plain_export_of_a_server_are_one_server(
    place: Path, alone: tuple[Path, Case], tmp_path: Path
) -> None:
    given = tmp_path / "EVIDENCE"
    given.mkdir()
    (given / "disk.dd").hardlink_to(place / "EX01.dd")
    for folder in ("C/inetpub", "C/Program Files"):
        shutil.copytree(place / "EX01" / folder, given / folder)
    _, case = rescanned(tmp_path)
    assert the_host(case)["name"] == "EX01"
    assert findings(case) == findings(alone[1])


@ntfs_tools
def test_a_disk_of_logs_belongs_to_the_server_whose_drive_it_is(
    place: Path, tmp_path: Path
) -> None:
    disks, server = tmp_path / "disks/EVIDENCE", tmp_path / "server"
    shutil.copytree(place / "EX01/C", server / "C")
    (server / "exports").mkdir()
    (server / "E").mkdir()
    (server / "C/inetpub/logs/LogFiles").rename(server / "E/IISLogs")
    disks.mkdir(parents=True)
    making.two_disks(server, disks)
    # beside EX01 a folder or image that is called EX02 is that of another server
    for name, called in (("EX01-disk1.dd", "EX01.dd"), ("EX01-disk2.dd", "EX02.dd")):
        (disks / name).rename(disks / called)
    _, case = rescanned(tmp_path / "disks")
    rows = {row["path"] for row in the_host(case)["manifest"]["entries"]}
    assert {"EVIDENCE/EX01.dd!/C:", "EVIDENCE/EX02.dd!/E:"} <= rows
    assert any(path.startswith("EVIDENCE/EX02.dd!/E:/IISLogs/") for path in rows)
    assert case["unassigned"] == []


def test_a_locked_volume_is_named_on_the_terminal_with_what_to_do(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "v.img").write_bytes(b"\xeb\x58\x90-FVE-FS-".ljust(2 * making.MIB, b"\0"))
    image = making.disk(tmp_path / "EX01.dd", tmp_path / "v.img")
    done = Keyboard(capfd, "scan")(image, "--case", tmp_path / "case", "--jobs", "1")
    assert done.code == 3
    said = " ".join(done.out.split())
    assert "Damaged EX01.dd!/volume1: volume is locked by BitLocker: unlock it" in said
