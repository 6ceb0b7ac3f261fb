"""`extriage scan` of a server's own drives: live, mounted, whole, and out of everybody's way."""

import ctypes
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import drives_making as making
import pytest
from fake_windows import Registry
from hive_building import Node, hive, tree

from extriage.cli import sparing
from extriage.errors import UsageError
from extriage.pipeline.planning import drives as serverdrives
from extriage.pipeline.planning.drives import INSTEAD, KEPT, REGISTRY
from extriage.pipeline.priority import (
    FIRST,
    WORKER,
    live_jobs,
    lower_priority,
    megabytes,
    workers_within,
)
from extriage.samples import ServerSpec, write_server
from keyboard import Keyboard

USER = tree({r"Software\Microsoft\Windows\CurrentVersion\Run": {"mine": r"C:\ProgramData\x.exe"}})


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    monkeypatch.setattr(sparing, "lower_priority", lambda: True)
    return Keyboard(capfd, "scan")


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make this machine the server whose drives lie in a folder."""
    folder = making.server(tmp_path / "server")
    files = {name: hive(USER) for name in ("C/Users/anna/NTUSER.DAT", "C/Users/ben/NTUSER.DAT")}
    making.write(folder, files)
    users = Node({}, {"S-1-5-21-1": USER})
    machine = Node({}, {"SOFTWARE": making.software(), "SYSTEM": making.system()})
    fake = Registry({"HKEY_LOCAL_MACHINE": machine, "HKEY_USERS": users})
    monkeypatch.setitem(sys.modules, "winreg", fake.as_module())
    roots = {f"{name}:": str(folder / name) for name in "CE"}
    monkeypatch.setattr(serverdrives, "fixed_drives", lambda: roots)
    return folder


def case_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "case.json").read_bytes())
    return found


def rows(case: dict[str, Any]) -> dict[str, dict[str, Any]]:
    entries = [*case["unassigned"], *(e for h in case["hosts"] for e in h["manifest"]["entries"])]
    return {entry["path"]: entry for entry in entries}


def test_a_live_server_is_read_by_its_registry_and_its_drives(
    run: Keyboard, live: Path, tmp_path: Path
) -> None:
    place = tmp_path / "case"
    run("--live", "--case", str(place), "-q", "--jobs", "1")
    case = case_of(place)
    assert [host["name"] for host in case["hosts"]] == ["EX01"]
    found = rows(case)
    assert found[REGISTRY]["status"] == "read"
    assert (place / KEPT).read_bytes().startswith(b"Windows Registry Editor Version 5.00")
    assert found["E:/Mail/FrontEnd/HttpProxy/owa/web.config"]["status"] == "read"
    for name in ("Windows/System32/config/SYSTEM", "Windows/System32/config/SOFTWARE",
                 "Users/anna/NTUSER.DAT"):  # fmt: skip
        row = found[f"C:/{name}"]
        assert (row["status"], row["reason"]) == ("skipped", INSTEAD)
    assert found["C:/Users/ben/NTUSER.DAT"]["status"] == "read", "ben is not logged on"


def test_mounted_drives_are_one_server_and_only_evidence_is_read(
    run: Keyboard, tmp_path: Path
) -> None:
    folder, place = making.server(tmp_path / "server"), tmp_path / "case"
    mounts = ("--drive", f"C={folder / 'C'}", "--drive", str(folder / "E"))
    run(*mounts, "--case", str(place), "-q", "--jobs", "1")
    found = rows(case_of(place))
    assert {name.replace("/", ":/", 1) for name in making.KEEP} <= found.keys()
    assert not {name.replace("/", ":/", 1) for name in making.LEAVE} & found.keys()


def test_the_same_drives_give_the_same_case(run: Keyboard, tmp_path: Path) -> None:
    folder = making.server(tmp_path / "server")
    mounts = ("--drive", str(folder / "C"), "--drive", str(folder / "E"))
    for name, jobs in (("one", "1"), ("two", "2")):
        run(*mounts, "--case", str(tmp_path / name), "-q", "--jobs", jobs)
    one, two = ((tmp_path / name / "case.json").read_bytes() for name in ("one", "two"))
    assert one == two


def test_everything_is_read_if_asked_but_never_the_case(run: Keyboard, tmp_path: Path) -> None:
    folder = making.server(tmp_path / "server")
    place = folder / "E/triage"
    making.write(place, {"scan.kept.aspx": b"left over from an earlier scan"})
    run("--drive", str(folder / "C"), "--drive", str(folder / "E"), "--everything",
        "--case", str(place), "-q", "--jobs", "1")  # fmt: skip
    found = rows(case_of(place))
    assert {name.replace("/", ":/", 1) for name in making.KEEP | making.LEAVE} <= found.keys()
    assert not [path for path in found if "triage" in path]


def test_a_drive_that_was_not_given_lowers_the_answer(run: Keyboard, tmp_path: Path) -> None:
    folder, place = making.server(tmp_path / "server"), tmp_path / "case"
    outcome = run("--drive", str(folder / "C"), "--case", str(place), "-q", "--jobs", "1")
    row = rows(case_of(place))["E:/IISLogs"]
    assert row["status"] == "unreadable"
    assert "the drive E: is not in the evidence" in row["reason"]
    assert outcome.code == 3


def test_evidence_is_not_written_to_nor_are_its_times_changed(
    run: Keyboard, tmp_path: Path
) -> None:
    folder = making.server(tmp_path / "server")
    before = {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}
    run("--drive", str(folder / "C"), "--case", str(tmp_path / "case"), "-q", "--jobs", "1")
    assert {path: path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name the evidence"),
        (("--live", "--drive", "."), "scan one after the other"),
        (("--drive", "C=/no/such/place"), "there is no folder /no/such/place"),
        (("--drive", ".", "--max-memory", "much"), "write 2G or 1500M"),
        (("--drive", ".", "--max-memory", "10M"), "needs"),
    ],
)
def test_slips_are_said_in_one_sentence(
    run: Keyboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...],
    said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    outcome = run(*words, "--case", str(tmp_path / "case"))
    assert outcome.code == 2
    assert said in outcome.err


def test_the_case_may_not_lie_in_a_folder_that_is_read(run: Keyboard, tmp_path: Path) -> None:
    folder = making.server(tmp_path / "server")
    outcome = run("--drive", str(folder / "C"), "--case", str(folder / "C/inetpub/wwwroot/x"))
    assert outcome.code == 2
    assert "the case folder lies inside the evidence C:/inetpub/wwwroot" in outcome.err


def test_a_live_server_gives_few_workers_and_memory_bounds_them() -> None:
    assert [live_jobs(count) for count in (1, 4, 8, 64)] == [1, 1, 2, 4]
    assert workers_within(FIRST, 8) == 1
    assert workers_within(FIRST + 3 * WORKER, 8) == 3
    assert workers_within(FIRST + 99 * WORKER, 8) == 8
    assert (megabytes("2G"), megabytes(" 1500 mb")) == (2048, 1500)
    with pytest.raises(UsageError):
        workers_within(FIRST - 1, 1)


def test_priority_is_lowered_for_a_live_server_and_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int] = []

    def refusing() -> bool:
        asked.append(1)
        return False

    monkeypatch.setattr(sparing, "lower_priority", refusing)
    options: dict[str, Any]
    for options in ({"live": True}, {"low_priority": True}, {}):
        sparing.settle(options)
    assert len(asked) == 2
    assert capsys.readouterr().err.count("did not allow a lower priority") == 2


def test_the_whole_process_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def nice(by: int) -> int:
        asked.append(by)
        return 5

    monkeypatch.setattr(os, "nice", nice, raising=False)
    assert lower_priority()
    assert asked == [0, 10]


def test_on_windows_it_is_the_idle_class(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []

    class Call:
        """A function to which ctypes' declarations can be given."""

        def __init__(self, result: int) -> None:
            self.result = result

        def __call__(self, *given: int) -> int:
            asked.append(given)
            return self.result

    kernel = SimpleNamespace(GetCurrentProcess=Call(-1), SetPriorityClass=Call(1))
    monkeypatch.delattr(os, "nice", raising=False)
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: kernel, raising=False)
    assert lower_priority()
    assert asked == [(), (-1, 0x40)]


def test_what_a_live_server_said_is_part_of_the_case_and_verified(
    run: Keyboard,
    live: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    run("--live", "--case", "case", "-q", "--jobs", "1")
    verify = Keyboard(capfd, "verify")
    found = json.loads(verify("case", "--json").out)
    assert {check["path"]: check["state"] for check in found["case_files"]}[KEPT] == "same"
    assert [(one["path"], one["state"]) for one in found["evidence"]["files"]] == [
        (REGISTRY, "same")
    ]
    assert found["verdict"] == "cannot-tell", "the drives themselves went on changing"
    with Path("case", KEPT).open("ab") as registry:
        registry.write(b";")
    found = json.loads(verify("case", "--json").out)
    assert {check["path"]: check["state"] for check in found["case_files"]}[KEPT] == "changed"
    assert [one["state"] for one in found["evidence"]["files"]] == ["changed"]
    Path("case", KEPT).unlink()
    found = json.loads(verify("case", "--json").out)
    assert [one["state"] for one in found["evidence"]["files"]] == ["missing"]
    assert found["verdict"] == "changed"


def test_the_drive_of_a_server_tells_what_its_folder_tells(run: Keyboard, tmp_path: Path) -> None:
    write_server(tmp_path / "EX01", ServerSpec(attack="chain", lines=1_500, hours_per_file=24))
    exports = str(tmp_path / "EX01/exports")
    run(str(tmp_path / "EX01"), "--case", str(tmp_path / "one"), "-q", "--jobs", "1")
    run("--drive", str(tmp_path / "EX01/C"), exports, "--case", str(tmp_path / "two"),
        "-q", "--jobs", "1")  # fmt: skip
    one, two = (
        sorted(
            found["rule"]
            for host in case_of(tmp_path / name)["hosts"]
            for found in host["findings"]
        )
        for name in ("one", "two")
    )
    assert one == two
    assert "compiled_page_foreign" in two
