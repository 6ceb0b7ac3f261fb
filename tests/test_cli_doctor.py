"""The doctor: what is there, what is missing and how to get it, what evidence is closed."""

import bz2
import io
import json
import lzma
import os
import re
import tarfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import image_making as making
import pytest

from extriage.errors import SourceError
from extriage.knowledge import active
from extriage.model.evidence import Entry
from extriage.pipeline import checkup
from extriage.sources import Limits
from extriage.sources.files import EvidenceFile, open_file
from keyboard import Keyboard

EVIDENCE = Path(__file__).parent / "evidence"
PROJECT = Path(__file__).parents[1] / "pyproject.toml"


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Keyboard:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("extriage.cli.doctor.today", lambda: date(2026, 11, 1))
    monkeypatch.setattr("extriage.cli.doctor.room", lambda _place: 50 << 30)
    return Keyboard(capfd)


def test_its_extras_are_those_of_the_package() -> None:
    project = tomllib.loads(PROJECT.read_text("utf-8"))["project"]
    declared = {
        name: {re.split(r"[<>=; ]", one)[0] for one in wanted}
        for name, wanted in project["optional-dependencies"].items()
        if name != "dev"
    }
    assert {extra.name: set(extra.distributions) for extra in checkup.EXTRAS} == declared


def test_all_well_is_said_in_one_screen(run: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkup, "_there", lambda _module: True)
    outcome = run("doctor")
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert len(lines) <= 24
    assert max(len(line) for line in lines if "packs of your own" not in line) <= 100
    assert lines[-1] == "  Nothing stands in the way."
    assert "tables as of 2026-10-10, 22 days old" in outcome.out


def test_a_missing_extra_is_named_with_what_it_adds_and_its_command(
    run: Keyboard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkup, "_there", lambda module: module != "py7zr")
    assert run("doctor").code == 0
    assert 'missing: pip install "extriage[7z]"' in run("doctor").out
    (tmp_path / "srv.7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
    outcome = run("doctor", "srv.7z")
    assert outcome.code == 3
    assert 'srv.7z needs the extra 7z: pip install "extriage[7z]"' in outcome.out
    extras = {one["name"]: one for one in json.loads(run("doctor", "--json").out)["extras"]}
    assert (extras["7z"]["there"], extras["web"]["there"]) == (False, True)
    assert "Deflate64" in extras["7z"]["adds"]


def test_every_library_of_an_extra_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    extras = {extra.name: extra for extra in checkup.EXTRAS}
    for name, module in (("7z", "zstd"), ("7z", "inflate64"), ("disk", "dissect.target")):
        monkeypatch.setattr(checkup, "_there", lambda one, gone=module: not one.endswith(gone))
        assert [one for one in extras if not extras[one].there] == [name]


def test_an_archive_that_breaks_off_is_told_and_one_of_which_a_taste_was_taken_is_not(
    run: Keyboard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with tarfile.open(tmp_path / "large.tar.gz", "w:gz") as archive:
        for name in ("u_ex1.log", "u_ex2.log", "u_ex3.log"):
            (tmp_path / name).write_bytes(bytes(900_000))
            archive.add(tmp_path / name, f"W3SVC1/{name}")
    monkeypatch.setattr(checkup, "TASTE", Limits(total=1_000_000))
    outcome = run("doctor", "large.tar.gz")
    assert (outcome.code, "unreadable" in outcome.out) == (0, False)

    def broken(*_: object) -> Iterator[Entry]:
        raise SourceError("the disk said no")
        yield

    monkeypatch.setattr(checkup, "read", broken)
    outcome = run("doctor", "large.tar.gz")
    assert (outcome.code, "large.tar.gz: the disk said no" in outcome.out) == (3, True)


def test_a_module_that_is_not_there_is_missing() -> None:
    assert not checkup._there("extriage_no_such_module.at_all")
    assert checkup._there("json.decoder")


def test_files_that_may_not_be_opened_are_named_with_the_reason(
    run: Keyboard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refusing(file: str) -> EvidenceFile:
        if file.endswith("locked.edb"):
            raise SourceError("permission denied (EACCES)")
        return open_file(file)

    monkeypatch.setattr(checkup, "open_file", refusing)
    (tmp_path / "coll").mkdir()
    (tmp_path / "coll/locked.edb").write_bytes(b"x")
    (tmp_path / "coll/a\x1b.log").write_bytes(b"x")
    outcome = run("doctor", "coll")
    assert outcome.code == 3
    assert "unreadable   coll/locked.edb: permission denied (EACCES)" in outcome.out
    assert "1 file cannot be read" in outcome.out
    assert "\x1b" not in outcome.out
    (row,) = json.loads(run("doctor", "coll", "--json").out)["paths"]
    assert (row["files"], row["unreadable"][0]["path"]) == (2, "coll/locked.edb")


def test_evidence_is_told_by_kind_and_collections_by_their_names(
    run: Keyboard, tmp_path: Path
) -> None:
    log = (EVIDENCE / "iis" / "iis10.log").read_bytes()
    with zipfile.ZipFile(tmp_path / "host.zip", "w") as archive:
        archive.writestr("uploads/auto/C%3A/inetpub/logs/LogFiles/W3SVC1/u_ex1.log", log)
    (tmp_path / "kape").mkdir()
    (tmp_path / "kape/2021-03-05T000000_CopyLog.csv").write_text("SourceFile,Destination\n")
    (tmp_path / "kape/u_ex1.log").write_bytes(log)
    with tarfile.open(tmp_path / "srv.tar", "w") as archive:
        archive.add(EVIDENCE / "iis" / "iis10.log", "fs/C:/logs/u_ex1.log")
    found = json.loads(run("doctor", "host.zip", "kape", "srv.tar", "--json").out)["paths"]
    zipped, folder, tape = found
    assert zipped["seems_to_be"] == ["Velociraptor collection", "IIS logs"]
    assert zipped["holds"] == {"zip": 1}
    assert folder["seems_to_be"] == ["KAPE collection"]
    assert folder["evidence"] == {"iis": 1}
    assert tape["seems_to_be"] == ["acquire collection"]
    assert "seems to be  KAPE collection" in run("doctor", "kape").out


def test_old_tables_little_room_and_a_closed_place_are_told(
    run: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extriage.cli.doctor.today", lambda: date(2027, 3, 1))
    monkeypatch.setattr("extriage.cli.doctor.room", lambda _place: 1 << 20)
    monkeypatch.setattr("extriage.cli.doctor.writable", lambda _place: False)
    outcome = run("doctor", "--case", "c")
    assert outcome.code == 3
    assert "142 days old" in outcome.out
    assert "extriage knowledge update" in outcome.out
    assert "less than 2.1 GB are free at c" in outcome.out
    assert "c cannot be written" in outcome.out


def test_a_damaged_pack_of_the_user_is_told_and_no_error(
    run: Keyboard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own/knowledge.zip").write_bytes(b"no pack")
    monkeypatch.setenv("EXTRIAGE_KNOWLEDGE", str(tmp_path / "own"))
    active.forget()
    try:
        outcome = run("doctor")
    finally:
        monkeypatch.undo()
        active.forget()
    assert outcome.code == 3
    assert "is damaged" in " ".join(outcome.out.split())
    assert "packs of your own: EXTRIAGE_KNOWLEDGE" in outcome.out


def test_a_path_that_is_not_there_is_wrong_usage(run: Keyboard) -> None:
    outcome = run("doctor", "nowhere")
    assert (outcome.code, "there is no nowhere" in outcome.err) == (2, True)


@pytest.mark.parametrize(("ending", "pack"), [("bz2", bz2.compress), ("xz", lzma.compress)])
def test_what_the_core_is_said_to_open_it_opens(
    run: Keyboard, tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]
) -> None:
    (tmp_path / f"u_ex.log.{ending}").write_bytes(pack((EVIDENCE / "iis/iis10.log").read_bytes()))
    run("scan", f"u_ex.log.{ending}", "--case", "c", "-q")
    case = json.loads(Path("c/case.json").read_bytes())
    assert [row["kind"] for h in case["hosts"] for row in h["manifest"]["entries"]] == ["iis"]


def test_an_archive_that_is_damaged_or_closed_stands_in_the_way(
    run: Keyboard, tmp_path: Path
) -> None:
    plain = io.BytesIO()
    with zipfile.ZipFile(plain, "w") as archive:
        archive.writestr("u_ex1.log", (EVIDENCE / "iis" / "iis10.log").read_bytes())
    closed = bytearray(plain.getvalue())
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        closed[closed.index(mark) + flags] |= 1  # "encrypted"
    (tmp_path / "host.zip").write_bytes(closed)
    (tmp_path / "cut.zip").write_bytes(plain.getvalue()[:20])
    outcome = run("doctor", "host.zip", "cut.zip")
    assert outcome.code == 3
    assert "host.zip!/u_ex1.log: encrypted" in outcome.out
    (tmp_path / "tail.zip").write_bytes(plain.getvalue()[:-22])
    tail = run("doctor", "tail.zip")
    assert (tail.code, "the directory at its end is missing" in tail.out) == (3, True)
    own = [line for line in tail.out.splitlines() if os.sep not in line and ".zip" not in line]
    assert max(map(len, own)) <= 100
    assert "unreadable   cut.zip" in outcome.out
    assert "2 files cannot be read" in outcome.out


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes on this system")
def test_where_nothing_is_to_be_read_all_is_not_well(run: Keyboard, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "blank.bin").write_bytes(bytes(4096))
    os.mkfifo(tmp_path / "pipe")
    for name in ("empty", "pipe", "blank.bin"):
        outcome = run("doctor", name)
        assert (outcome.code, "Nothing stands in the way" in outcome.out) == (3, False)
        assert f" at {name}" in outcome.out
    assert "not read     pipe: named pipe: not read" in run("doctor", "pipe").out
    (row,) = json.loads(run("doctor", "pipe", "--json").out)["paths"]
    assert row["not_read"] == [{"path": "pipe", "reason": "named pipe: not read"}]


@making.needs("qemu-img")
def test_a_disk_image_is_opened_and_what_is_closed_in_it_is_told(
    run: Keyboard, tmp_path: Path
) -> None:
    making.run("qemu-img", "create", "-q", "-f", "qcow2", tmp_path / "srv.qcow2", "8M")
    outcome = run("doctor", "srv.qcow2")
    assert outcome.code == 3
    assert "volume holds no file system that can be read" in outcome.out


def test_a_place_for_the_case_that_is_a_file_or_closed_is_told(
    run: Keyboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("")
    (tmp_path / "taken").chmod(0o755)
    (tmp_path / "blocked").mkdir()
    assert "taken cannot be written, or is no folder" in run("doctor", "--case", "taken").out
    monkeypatch.setattr(os, "access", lambda place, _mode: "blocked" not in str(place))
    assert run("doctor", "--case", "blocked/new/case").code == 3
    assert run("doctor", "--case", "new/case").code == 0


def test_what_this_account_may_not_look_into_is_no_error(
    run: Keyboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "x.log").write_bytes((EVIDENCE / "iis/iis10.log").read_bytes())
    asked = Path.is_file

    def barred(path: Path) -> bool:
        if path.name == "knowledge.zip":
            raise PermissionError(13, "Permission denied", str(path))
        return asked(path)

    monkeypatch.setattr(Path, "is_file", barred)
    active.forget()
    try:
        outcome, scan = run("doctor"), run("scan", "x.log", "--case", "c", "-q")
    finally:
        monkeypatch.undo()
        active.forget()
    assert outcome.code == 3
    assert "set EXTRIAGE_KNOWLEDGE to a folder" in " ".join(outcome.out.split())
    assert "cannot be seen (Permission denied)" in scan.err
    assert "internal error" not in scan.err
