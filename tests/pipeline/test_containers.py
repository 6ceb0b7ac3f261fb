"""What holds the evidence is hashed as it lies on disk, however many workers share it."""

import hashlib
import zipfile
from pathlib import Path

from extriage.model.custody import CONTAINER
from extriage.model.evidence import Unit
from extriage.pipeline.containers import UNHASHED, is_container, ordered, with_containers
from extriage.pipeline.pack import Content, load_pack
from extriage.pipeline.unit import read_unit

NO_RULES = Content(builtin=False)


def rows(units: tuple[Unit, ...], told: list[int] | None = None) -> dict[str, tuple[str, int, str]]:
    """Read units as a worker does; return path, hash, size and note of the containers."""
    hear = [] if told is None else told
    results = [
        result.entry
        for unit in units
        for result in read_unit(unit, load_pack(NO_RULES), hear.append, debug=True)
    ]
    return {one.path: (one.sha256, one.size, one.note) for one in ordered(results)}


def zipped(file: Path, count: int) -> str:
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(count):
            archive.writestr(f"logs/u_ex{number}.log", f"nothing {number}\n")
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_an_archive_that_several_units_share_is_hashed_once(tmp_path: Path) -> None:
    file = tmp_path / "coll.zip"
    sha256, size = zipped(file, 6), file.stat().st_size
    shares = [
        Unit(str(file), "coll.zip", 10, 1, (0, 1, 2)),
        Unit(str(file), "coll.zip", 10, 1, (3, 4)),
    ]
    units = with_containers(shares, images=False)
    assert [is_container(unit) for unit in units] == [True, False, False]
    assert units[0].size == size
    told: list[int] = []
    assert rows(units[:1], told) == {"coll.zip": (sha256, size, "zip archive")}
    assert sum(told) == size
    assert rows(units) == {"coll.zip": (sha256, size, "zip archive")}
    assert len({unit.place for unit in units}) == 3


def test_plain_files_and_small_archives_need_no_unit_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "coll.zip"
    sha256 = zipped(file, 2)
    log = tmp_path / "a.log"
    log.write_bytes(b"text")
    units = (Unit(str(log), "a.log", 4), Unit(str(file), "coll.zip", file.stat().st_size))
    assert with_containers(units, images=True) == units
    assert rows(units) == {"coll.zip": (sha256, file.stat().st_size, "zip archive")}


def test_an_archive_that_cannot_be_opened_is_hashed_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "coll.rar"
    file.write_bytes(b"Rar!\x1a\x07\x01\0" + bytes(100))
    (found,) = rows((Unit(str(file), "coll.rar", 108),)).values()
    assert found == (hashlib.sha256(file.read_bytes()).hexdigest(), 108, "RAR archive")


def test_an_archive_inside_an_archive_is_covered_by_the_outer_hash(tmp_path: Path) -> None:
    zipped(tmp_path / "inner.zip", 2)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(tmp_path / "inner.zip", "inner.zip")
    unit = Unit(str(tmp_path / "outer.zip"), "outer.zip", 1)
    assert set(rows((unit,))) == {"outer.zip"}


def test_an_image_is_hashed_as_a_whole_only_if_asked_and_with_all_its_parts(tmp_path: Path) -> None:
    for number, name in enumerate(("disk.001", "disk.002")):
        (tmp_path / name).write_bytes(b"\xeb\x52\x90NTFS    " * (number + 1) + bytes(2 << 20))
    first = Unit(str(tmp_path / "disk.001"), "srv/disk.001", 9, 1, None, ("C:/a",))
    quick = with_containers([first], images=False)
    assert quick[0].size == 0
    told: list[int] = []
    found = rows(quick[:1], told)
    assert {path: row[0] for path, row in found.items()} == {"srv/disk.001": "", "srv/disk.002": ""}
    assert all(UNHASHED in row[2] for row in found.values())
    assert told == []
    whole = rows(with_containers([first], images=True)[:1])
    for name in ("disk.001", "disk.002"):
        sha256 = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
        assert whole[f"srv/{name}"][0] == sha256
    assert "part of disk.001" in whole["srv/disk.002"][2]


def test_a_container_that_vanished_is_unreadable_and_stops_nothing(tmp_path: Path) -> None:
    unit = Unit(str(tmp_path / "gone.zip"), "gone.zip", 5, 1, ())
    (result,) = read_unit(unit, load_pack(NO_RULES), lambda _: None, debug=True)
    assert result.entry.status == "unreadable"
    assert result.entry.kind != CONTAINER
