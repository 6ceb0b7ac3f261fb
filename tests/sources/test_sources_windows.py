"""On Windows a file is opened so that its server is never kept from it, and locks are named."""

import ctypes
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from fake_windows import Kernel

from extriage.errors import SourceError, UsageError
from extriage.sources import drive as drives
from extriage.sources import files, live, winfile
from extriage.sources.drive import MountedDrives, mounted
from extriage.sources.files import EvidenceFile, open_file, trouble
from extriage.sources.stream import Stream

READING, ALL_SHARED, EXISTING = 0x80000000, 7, 3


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """Let files be opened as on Windows."""
    fake = Kernel()
    runtime = SimpleNamespace(open_osfhandle=lambda handle, flags: handle)
    monkeypatch.setitem(sys.modules, "msvcrt", runtime)
    monkeypatch.setattr(winfile, "_kernel", lambda: fake)
    monkeypatch.setattr(winfile, "_last_error", lambda: fake.error)
    return fake


def test_writing_renaming_and_deleting_stay_allowed(kernel: Kernel) -> None:
    assert winfile.shared_descriptor("C:\\logs\\u_ex.log") == kernel.handle
    name, access, sharing, _, how, _, _ = kernel.asked[0]
    assert (name, access, sharing, how) == ("C:\\logs\\u_ex.log", READING, ALL_SHARED, EXISTING)


def test_an_invalid_handle_is_a_refusal(kernel: Kernel) -> None:
    kernel.error = 5
    kernel.handle = ctypes.c_void_p(-1).value or 0
    with pytest.raises(winfile.WindowsRefusal):
        winfile.shared_descriptor("C:\\x")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (32, "in use and locked by another program (Windows error 32): take it from a shadow copy"),
        (33, "locked by another program"),
        (5, "permission denied (Windows error 5): run as administrator"),
        (2, "vanished before it could be read"),
        (1450, "cannot be opened (Windows error 1450)"),
    ],
)
def test_a_file_that_windows_refuses_is_named_with_what_to_do(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    kernel.error = code
    monkeypatch.setattr(files, "_descriptor", winfile.shared_descriptor)
    with pytest.raises(SourceError) as told:
        open_file("C:\\Windows\\System32\\config\\SAM")
    assert words in str(told.value)


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("C:\\short", "C:\\short"),
        ("C:\\" + "a\\" * 200 + "x", "\\\\?\\C:\\" + "a\\" * 200 + "x"),
        ("C:/" + "a/" * 200 + "x", "\\\\?\\C:\\" + "a\\" * 200 + "x"),
        ("\\\\nas\\e\\" + "b" * 300, "\\\\?\\UNC\\nas\\e\\" + "b" * 300),
        ("\\\\?\\C:\\" + "b" * 300, "\\\\?\\C:\\" + "b" * 300),
        ("relative\\" + "b" * 300, "relative\\" + "b" * 300),
    ],
)
def test_long_paths_are_written_as_windows_takes_them(path: str, asked: str) -> None:
    assert winfile.long_name(path) == asked


def test_a_sharing_violation_of_python_itself_is_named_as_a_lock() -> None:
    error = PermissionError(13, "Permission denied")
    assert trouble(error).startswith("permission denied")
    assert "locked by another program" in trouble(_Violation(13, "in use"))


class _Violation(PermissionError):
    winerror = 32


def test_a_file_that_breaks_off_while_it_is_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"0123456789")
    opened = open_file(str(tmp_path / "x"))
    stream = opened.stream()
    os.close(opened._descriptor)
    with pytest.raises(SourceError, match="cannot be read from byte 0 on"):
        stream.take(4)
    with pytest.raises(SourceError, match="cannot be read from byte 0 on"):
        opened_again(opened).readinto(memoryview(bytearray(1 << 20)))


def opened_again(opened: EvidenceFile) -> Stream:
    reading = files._Reading(opened._descriptor, 0, opened.size)
    return Stream(reading.fetch, fill=reading.fill)


def test_live_is_for_windows_and_says_what_is_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "os", SimpleNamespace(name="posix"))
    monkeypatch.setitem(sys.modules, "winreg", None)
    with pytest.raises(UsageError, match="--drive C=/mnt/c"):
        live.fixed_drives()


def test_only_drives_of_the_machine_itself_are_its_drives(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {"C:\\": 3, "D:\\": 5, "E:\\": 3, "Z:\\": 4}
    mask = sum(1 << ord(name[0]) - ord("A") for name in kinds)
    fake = SimpleNamespace(
        GetLogicalDrives=lambda: mask, GetDriveTypeW=lambda name: kinds[name.value]
    )
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: fake, raising=False)
    monkeypatch.setattr(live, "os", SimpleNamespace(name="nt"))
    assert live.fixed_drives() == {"C:": "C:\\", "E:": "E:\\"}


@pytest.mark.parametrize(
    ("given", "drive"),
    [("c", "C:"), ("C=disk", "C:"), ("d:=disk", "D:"), ("disk", "volume1:"), ("E_drive", "E:")],
)
def test_a_mounted_folder_stands_for_a_drive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, drive: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / given.rpartition("=")[2]
    folder.mkdir()
    assert mounted((given,)).roots == {drive: str(folder)}


@pytest.mark.parametrize(
    ("given", "real", "drive"),
    [
        ("E:\\", "E:\\", "E:"),
        ("E:", "E:\\", "E:"),
        ("C=F:", "F:\\", "C:"),
        ("Z:\\", "\\\\server\\share\\", "Z:"),
        (r"C:\mounts\E", r"C:\mounts\E", "E:"),
        (r"C:\mounts\disk", r"C:\mounts\disk", "volume1:"),
    ],
)
def test_a_drive_of_windows_is_its_letter_and_a_folder_on_it_is_not(
    monkeypatch: pytest.MonkeyPatch, given: str, real: str, drive: str
) -> None:
    asked = list[str]()

    def followed(path: str) -> str:
        asked.append(path)
        return real

    paths = SimpleNamespace(realpath=followed, isdir=lambda path: path == real)
    monkeypatch.setattr(drives, "os", SimpleNamespace(name="nt", path=paths))
    assert mounted((given,)).roots == {drive: real}
    assert asked == [given.rpartition("=")[2] + ("\\" if given.endswith(":") else "")]


def test_two_folders_for_one_drive_are_refused(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "c").mkdir(parents=True)
    with pytest.raises(UsageError, match="two folders are named for drive C:"):
        mounted((str(tmp_path / "one/c"), str(tmp_path / "two/c")))


def test_case_of_a_path_does_not_count_and_names_come_as_they_are_stored(tmp_path: Path) -> None:
    (tmp_path / "InetPub/Logs").mkdir(parents=True)
    (tmp_path / "InetPub/Logs/U_ex.LOG").write_bytes(b"hello")
    tree = MountedDrives({"C:": str(tmp_path)})
    assert [item.name for item in tree.listed("c:/inetpub/LOGS")] == ["U_ex.LOG"]
    with tree.open("C:/inetpub/logs/u_EX.log") as stream:
        assert stream.read() == b"hello"
    assert tree.listed("C:/nowhere") == tree.listed("D:/") == []
    assert tree.listed("C:/inetpub/logs/u_ex.log") == []


def test_links_are_told_with_the_place_on_the_server_that_they_lead_to(tmp_path: Path) -> None:
    (tmp_path / "c/real").mkdir(parents=True)
    (tmp_path / "e/logs").mkdir(parents=True)
    for name, target in (
        ("near", "real"),
        ("far", str(tmp_path / "e/logs")),
        ("windows", "D:\\Moved"),
        ("prefixed", "\\\\?\\D:\\Moved"),
        ("outside", "/etc"),
        ("neighbour", str(tmp_path / "elsewhere")),
    ):
        (tmp_path / "c" / name).symlink_to(target)
    tree = MountedDrives({"C:": str(tmp_path / "c"), "E:": str(tmp_path / "e")})
    found = {item.name: (item.link, item.target) for item in tree.listed("C:/")}
    assert found == {
        "real": (False, ""),
        "near": (True, "C:/real"),
        "far": (True, "E:/logs"),
        "windows": (True, "D:/Moved"),
        "prefixed": (True, "D:/Moved"),
        "outside": (True, ""),
        "neighbour": (True, ""),
    }
