"""Files beside a file: found in folders and zip archives, whatever the case of their names."""

import os
from pathlib import Path

import pytest
from evidence_making import Files, taped, zipped

from extriage.model.evidence import Unit
from extriage.sources import Limits, survey
from extriage.sources import siblings as module
from extriage.sources.siblings import sibling

HIVE, LOG = b"regf hive", b"regf log"
FILES: Files = [
    ("C/config/SOFTWARE", HIVE),
    ("C/config/SOFTWARE.LOG1", LOG),
    ("D/config/SOFTWARE", HIVE),
    ("SYSTEM", HIVE),
    ("system.log1", b"system log"),
]


def units(path: Path) -> dict[str, Unit]:
    return {unit.path: unit for unit in survey([path]).units}


def test_a_file_in_the_same_folder_is_found(tmp_path: Path) -> None:
    for name, data in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    found = units(tmp_path)
    unit = next(unit for path, unit in found.items() if path.endswith("C/config/SOFTWARE"))
    assert sibling(unit, unit.path, "SOFTWARE.LOG1") == LOG
    assert sibling(unit, unit.path, "SOFTWARE.LOG2") is None
    system = next(unit for path, unit in found.items() if path.endswith("SYSTEM"))
    assert sibling(system, system.path, "SYSTEM.LOG1") == b"system log" or os.name == "nt"


@pytest.mark.parametrize("member", ["C/config/SOFTWARE", "D/config/SOFTWARE"])
def test_a_member_of_the_same_folder_of_a_zip_is_found(tmp_path: Path, member: str) -> None:
    (tmp_path / "x.zip").write_bytes(zipped([*FILES, ("C\\config\\SOFTWARE.LOG2", b"2")]))
    (unit,) = units(tmp_path / "x.zip").values()
    path = f"x.zip!/{member}"
    assert sibling(unit, path, "software.log1") == (LOG if member.startswith("C") else None)
    assert sibling(unit, path, "SOFTWARE.LOG2") == (b"2" if member.startswith("C") else None)
    assert sibling(unit, "x.zip!/SYSTEM", "SYSTEM.LOG1") == b"system log"


def test_a_share_of_a_zip_finds_members_of_other_shares(tmp_path: Path) -> None:
    file = tmp_path / "x.zip"
    file.write_bytes(zipped(FILES))
    unit = Unit(str(file), "x.zip", 1, file.stat().st_mtime_ns, (0,))
    assert sibling(unit, "x.zip!/C/config/SOFTWARE", "SOFTWARE.LOG1") == LOG


def test_archives_that_are_read_forward_have_no_siblings(tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(taped(FILES))
    (tmp_path / "y.zip").write_bytes(zipped([("in.zip", zipped(FILES))]))
    tape, outer = units(tmp_path).values()
    assert sibling(tape, f"{tape.path}!/C/config/SOFTWARE", "SOFTWARE.LOG1") is None
    assert sibling(outer, f"{outer.path}!/in.zip!/C/config/SOFTWARE", "SOFTWARE.LOG1") is None
    assert sibling(outer, "elsewhere!/SYSTEM", "SYSTEM.LOG1") is None


def test_what_cannot_be_read_is_as_if_it_were_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hive = tmp_path / "SOFTWARE"
    hive.write_bytes(HIVE)
    (tmp_path / "SOFTWARE.LOG1").symlink_to(hive)
    (tmp_path / "SOFTWARE.LOG2").write_bytes(b"x" * 2000)
    (unit,) = (unit for path, unit in units(tmp_path).items() if path.endswith("SOFTWARE"))
    monkeypatch.setattr(module, "LARGEST", 1000)
    for name in ("SOFTWARE.LOG1", "SOFTWARE.LOG2", "a\0b", "../x", ""):
        assert sibling(unit, unit.path, name) is None
    damaged = bytearray(zipped(FILES))
    damaged[-3:] = b"???"
    broken = tmp_path / "broken.zip"
    broken.write_bytes(bytes(damaged)[:-30])
    assert sibling(Unit(str(broken), "broken.zip", 1), "broken.zip!/SYSTEM", "SYSTEM.LOG1") is None
    gone = Unit(str(tmp_path / "gone.zip"), "gone.zip", 1)
    assert sibling(gone, "gone.zip!/SYSTEM", "SYSTEM.LOG1") is None


def test_a_link_is_never_followed_out_of_the_evidence(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(LOG)
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "SOFTWARE").write_bytes(HIVE)
    (inside / "SOFTWARE.LOG1").symlink_to(outside)
    (unit,) = survey([inside], Limits()).units
    assert sibling(unit, unit.path, "SOFTWARE.LOG1") is None
