"""Files are written whole or not at all, and folders too."""

import os
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from extriage.casefile.whole import write_folder, write_whole, zipped


def names(folder: Path) -> list[str]:
    return sorted(item.name for item in folder.iterdir())


def test_a_file_takes_the_place_of_an_earlier_one_and_leaves_nothing_beside_it(
    tmp_path: Path,
) -> None:
    place = tmp_path / "report.json"
    place.write_bytes(b"old")
    write_whole(place, b"new")
    assert place.read_bytes() == b"new"
    assert names(tmp_path) == ["report.json"]


def test_a_disk_that_is_full_leaves_the_earlier_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "report.json"
    place.write_bytes(b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(place, b"new")
    assert place.read_bytes() == b"old"
    assert names(tmp_path) == ["report.json"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_pipe_gets_the_bytes_and_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(pipe, b"new")
        assert os.read(reader, 10) == b"new"
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_a_folder_is_there_whole_or_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "set"
    write_folder(place, {"a.csv": b"1", "b.csv": b"2"})
    assert names(place) == ["a.csv", "b.csv"]
    real = os.fsync
    calls: list[int] = []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) > 1:
            raise OSError(28, "No space left on device")
        real(handle)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            write_folder(place, {"a.csv": b"3", "b.csv": b"4"})
    assert (place / "a.csv").read_bytes() == b"1"
    assert names(tmp_path) == ["set"]
    write_folder(place, {"a.csv": b"5"})
    assert names(place) == ["a.csv"]
    assert names(tmp_path) == ["set"]


def test_a_folder_that_cannot_take_its_name_gives_the_old_one_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "set"
    write_folder(place, {"a.csv": b"1"})
    real = Path.rename

    def refused(self: Path, target: Any) -> Path:
        if self.name.startswith(".tmp-"):
            raise PermissionError(13, "Permission denied")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", refused)
    with pytest.raises(PermissionError):
        write_folder(place, {"a.csv": b"2"})
    assert (place / "a.csv").read_bytes() == b"1"
    assert names(tmp_path) == ["set"]


def test_an_archive_has_no_date_of_its_own() -> None:
    files = {"a.csv": b"1\n" * 500, "b.csv": b"2"}
    made = zipped("set", files)
    assert made == zipped("set", files)
    with zipfile.ZipFile(BytesIO(made)) as archive:
        assert archive.namelist() == ["set/a.csv", "set/b.csv"]
        assert archive.read("set/a.csv") == files["a.csv"]
        assert archive.testzip() is None
