"""Every file that a path leads to is listed once, in a fixed order; links are not followed."""

import errno
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from evidence_making import account, kept, lines, zipped

from extriage.errors import SourceError, UsageError
from extriage.model.evidence import ByteStream, Unit
from extriage.sources import Limits, Opened, read, survey
from extriage.sources.directory import shown


def test_paths_start_with_the_name_of_what_was_given(tmp_path: Path) -> None:
    kept(tmp_path, "coll/inetpub/x.log", b"x")
    kept(tmp_path, "coll/C%3A/.hidden", b"")
    assert [unit.path for unit in survey([tmp_path / "coll"]).units] == [
        "coll/C%3A/.hidden",
        "coll/inetpub/x.log",
    ]
    assert [unit.path for unit in survey([tmp_path / "coll/inetpub/x.log"]).units] == ["x.log"]


def test_units_carry_size_and_time(tmp_path: Path) -> None:
    path = kept(tmp_path, "x.log", b"12345")
    os.utime(path, ns=(1, 1_600_000_000_000_000_100))
    (unit,) = survey([path]).units
    assert unit == Unit(str(path), "x.log", 5, 1_600_000_000_000_000_100)


def test_order_does_not_depend_on_the_file_system(tmp_path: Path) -> None:
    for name in ("b/1", "a/2", "c", "Bc", "a/10", "a-b/1"):
        kept(tmp_path / "coll", name, b"")
    paths = [unit.path for unit in survey([tmp_path / "coll"]).units]
    assert paths == sorted(paths)
    assert len(paths) == 6


def test_two_servers_with_the_same_folder_name_stay_apart(tmp_path: Path) -> None:
    kept(tmp_path, "ex01/Logging/x.log", b"1")
    kept(tmp_path, "ex02/Logging/x.log", b"2")
    result = account(tmp_path / "ex01/Logging", tmp_path / "ex02/Logging")
    assert result.files == {"ex01/Logging/x.log": b"1", "ex02/Logging/x.log": b"2"}


def test_a_missing_path_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        survey([tmp_path / "nothing"])


def test_the_same_file_is_read_once_and_named(tmp_path: Path) -> None:
    path = kept(tmp_path, "coll/x.log", b"x")
    result = account(path, path, tmp_path / "coll")
    assert list(result.files) == ["coll/x.log"] or list(result.files) == ["x.log"]
    assert len(result.entries) == 2
    assert all("read once" in entry.reason for entry in result.entries)


@pytest.mark.skipif(os.name == "nt", reason="listing a folder on Windows tells no file number")
def test_hard_links_are_read_once(tmp_path: Path) -> None:
    path = kept(tmp_path, "coll/a.log", b"x")
    os.link(path, tmp_path / "coll/b.log")
    result = account(tmp_path / "coll")
    assert result.files == {"coll/a.log": b"x"}
    assert result.reason("coll/b.log") == "skipped: the same file as coll/a.log: read once"


def test_links_below_are_named_and_not_followed(tmp_path: Path) -> None:
    outside = kept(tmp_path, "outside/secret", b"secret")
    kept(tmp_path, "coll/x.log", b"x")
    (tmp_path / "coll/file").symlink_to(outside)
    (tmp_path / "coll/folder").symlink_to(outside.parent)
    (tmp_path / "coll/loop").symlink_to(tmp_path / "coll")
    result = account(tmp_path / "coll")
    assert list(result.files) == ["coll/x.log"]
    assert len(result.entries) == 3
    assert all("not followed" in entry.reason for entry in result.entries)
    assert {entry.status for entry in result.entries} == {"skipped"}


def test_a_link_that_the_user_names_is_followed(tmp_path: Path) -> None:
    kept(tmp_path, "coll/x.log", b"x")
    (tmp_path / "link").symlink_to(tmp_path / "coll")
    assert account(tmp_path / "link").files == {"coll/x.log": b"x"}


def test_pipes_and_sockets_are_named_and_not_opened(tmp_path: Path) -> None:
    folder = tmp_path / "coll"
    folder.mkdir()
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(folder / "socket"))
        result = account(folder)
    assert result.files == {}
    assert result.reason("coll/pipe") == "skipped: named pipe: not read"
    assert result.reason("coll/socket") == "skipped: socket: not read"


def test_what_became_a_pipe_or_a_link_after_the_survey_is_not_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(kept(tmp_path, "x", b"x"))
    (row,) = read(Unit(str(pipe), "pipe", 0))
    assert not isinstance(row, Opened)
    assert (row.status, row.reason) == ("unreadable", "named pipe: not read")
    (row,) = read(Unit(str(link), "link", 0))
    assert not isinstance(row, Opened)
    assert (row.status, row.reason) == ("unreadable", "symbolic link: not followed")


def test_a_file_that_vanished_is_unreadable(tmp_path: Path) -> None:
    (row,) = read(Unit(str(tmp_path / "gone"), "gone", 7))
    assert not isinstance(row, Opened)
    assert (row.status, row.size, row.reason) == (
        "unreadable",
        7,
        "vanished before it could be read",
    )


@pytest.mark.skipif(os.name == "nt", reason="Windows opens otherwise: test_sources_windows")
def test_permission_denied_is_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept(tmp_path, "coll/x.log", b"x")
    real = os.open

    def refuse(file: str, *args: int) -> int:
        if str(file).endswith("x.log"):
            raise PermissionError(errno.EACCES, "Permission denied", file)
        return real(file, *args)

    monkeypatch.setattr(os, "open", refuse)
    (row,) = read(survey([path]).units[0])
    assert not isinstance(row, Opened)
    assert (row.status, row.reason) == ("unreadable", "permission denied (EACCES)")


def test_a_folder_that_cannot_be_listed_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(tmp_path, "coll/a/x.log", b"x")
    kept(tmp_path, "coll/b/x.log", b"x")
    real = os.scandir

    def refuse(folder: str) -> "os._ScandirIterator[str]":
        if folder.endswith("a"):
            raise PermissionError(errno.EACCES, "Permission denied", folder)
        return real(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    result = account(tmp_path / "coll")
    assert list(result.files) == ["coll/b/x.log"]
    assert result.reason("coll/a") == "unreadable: folder: permission denied (EACCES)"


@contextmanager
def opened(path: Path) -> Iterator[ByteStream]:
    items = read(survey([path]).units[0])
    item = next(iter(items))
    assert isinstance(item, Opened)
    yield item.stream
    assert list(items) == []


def test_a_growing_file_is_read_to_the_size_it_had(tmp_path: Path) -> None:
    path = kept(tmp_path, "x.log", lines(20_000))
    with opened(path) as stream:
        with path.open("ab") as file:
            file.write(b"more")
        assert stream.read(10_000_000) == lines(20_000)
        with pytest.raises(SourceError, match="grew while it was read"):
            stream.read(1)


def test_a_shrinking_file_breaks_off(tmp_path: Path) -> None:
    path = kept(tmp_path, "x.log", lines(20_000))
    with opened(path) as stream:
        os.truncate(path, 100_000)
        assert stream.read(10_000_000) == lines(20_000)[:100_000]
        with pytest.raises(SourceError, match="shrank while it was read"):
            stream.read(1)


def test_an_input_output_error_breaks_off_after_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> int:
        raise OSError(errno.EIO, "Input/output error")

    path = kept(tmp_path, "x.log", lines(20_000))
    with opened(path) as stream:
        head = stream.read(1000)
        monkeypatch.setattr(os, "readv", fail, raising=False)
        monkeypatch.setattr(os, "read", fail)
        rest = stream.read(10_000_000)
        assert lines(20_000).startswith(head + rest)
        assert rest
        for _ in range(2):
            with pytest.raises(SourceError, match="Input/output error"):
                stream.read(1)


def test_a_stream_ends_with_its_turn(tmp_path: Path) -> None:
    path = kept(tmp_path, "x.zip", zipped([("a", b"a"), ("b", b"b")]))
    items = [item for item in read(survey([path]).units[0]) if isinstance(item, Opened)]
    assert len(items) == 2
    with pytest.raises(ValueError, match="valid only until the next"):
        items[0].stream.read(1)


def test_names_that_are_no_text_become_visible(tmp_path: Path) -> None:
    coll = tmp_path / os.fsdecode(b"coll\xfe")
    files = {
        b"\xff.log": b"1",
        b"\\xff.log": b"2",
        b"f\xc3\x28/\xe4\xff": b"3",
        b"x\xed\xa0\x80": b"4",
    }
    for name, data in files.items():
        kept(coll, os.fsdecode(name), data)
    kept(coll, os.fsdecode(b"\xff.zip"), zipped([("a", b"5")]))
    (coll / os.fsdecode(b"link\xff")).symlink_to(os.fsdecode(b"to\xff"))
    result = account(coll)
    assert result.files == {
        "coll\\xfe/\\xff.log~": b"1",
        "coll\\xfe/\\xff.log": b"2",
        "coll\\xfe/f\\xc3(/\\xe4\\xff": b"3",
        "coll\\xfe/x\\xed\\xa0\\x80": b"4",
        "coll\\xfe/\\xff.zip!/a": b"5",
    }
    (entry,) = result.entries
    assert entry.path == "coll\\xfe/link\\xff"
    entry.reason.encode()
    for unit in survey([coll]).units:
        unit.path.encode()
        assert Path(unit.file).is_file(), "the name to open stays the system's"
        assert os.fsencode(unit.file).startswith(os.fsencode(coll))


def test_one_file_whose_name_is_no_text_can_be_named_itself(tmp_path: Path) -> None:
    path = kept(tmp_path, os.fsdecode(b"\xff.log"), b"x")
    assert account(path).files == {"\\xff.log": b"x"}
    with pytest.raises(UsageError, match=r"/\\xfe: no such file") as raised:
        survey([tmp_path / os.fsdecode(b"\xfe")])
    str(raised.value).encode()


def test_a_lone_surrogate_of_a_windows_name_becomes_visible() -> None:
    assert shown("a\ud800b\udfffc") == "a\\ud800b\\udfffc"


def test_a_folder_cannot_pass_for_the_inside_of_an_archive(tmp_path: Path) -> None:
    kept(tmp_path, "coll/x.zip", zipped([("a", b"1")]))
    kept(tmp_path, "coll/x.zip!/a", b"2")
    kept(tmp_path, "coll/y!/a", b"3")
    assert account(tmp_path / "coll").files == {
        "coll/x.zip!/a": b"1",
        "coll/x.zip\\x21/a": b"2",
        "coll/y!/a": b"3",
    }


def test_access_times_and_contents_stay_as_they_were(tmp_path: Path) -> None:
    path = kept(tmp_path, "x.zip", zipped([("a", b"a")]))
    os.utime(path, (1_000_000_000, 1_000_000_001))
    before, data = path.stat(), path.read_bytes()
    os.utime(path, (1_000_000_000, 1_000_000_001))
    account(path)
    after = path.stat()
    assert (after.st_atime, after.st_mtime) == (before.st_atime, before.st_mtime) or os.name == "nt"
    assert path.read_bytes() == data


def test_ten_thousand_files_are_listed_quickly(tmp_path: Path) -> None:
    for folder in range(10):
        (tmp_path / str(folder)).mkdir()
        for number in range(1000):
            (tmp_path / str(folder) / f"{number}.log").touch()
    start = time.perf_counter()
    assert len(survey([tmp_path]).units) == 10_000
    assert time.perf_counter() - start < 2


def test_a_large_zip_is_shared_out_evenly(tmp_path: Path) -> None:
    data = os.urandom(1_000_000)
    path = kept(tmp_path, "coll.zip", zipped([(f"{n:02}.bin", data) for n in range(12)], 0))
    limits = Limits(unit=3_000_000)
    units = survey([path], limits).units
    assert [unit.members for unit in units] == [(0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11)]
    assert {unit.path for unit in units} == {"coll.zip"}
    result = account(path, limits=limits)
    assert result.files == {f"coll.zip!/{n:02}.bin": data for n in range(12)}
    assert result.entries == []


def test_duplicates_are_seen_across_shares(tmp_path: Path) -> None:
    data = os.urandom(1_500_000)
    names = ["same", "b", "c", "same"]
    path = kept(tmp_path, "coll.zip", zipped([(name, data) for name in names], 0))
    result = account(path, limits=Limits(unit=1_000_000))
    assert list(result.files) == [
        "coll.zip!/same", "coll.zip!/b", "coll.zip!/c", "coll.zip!/same [entry 4]",
    ]  # fmt: skip
    assert list(result.notes) == ["coll.zip!/same [entry 4]"]
