"""A pack is taken whole or not at all, whatever is wrong with it, and the old tables stay."""

import contextlib
import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from knowledge_making import as_json, cells_of, changed, members_of, with_rows, zipped

from extriage.cli import main
from extriage.errors import ContentError, UsageError
from extriage.knowledge.active import (
    INSTALLED,
    VARIABLE,
    active,
    forget,
    installed_file,
    knowledge_digest,
    tables_as_of,
)
from extriage.knowledge.builds import build_table, number
from extriage.knowledge.importers import write_folder
from extriage.knowledge.pack import PACK_LIMIT, make_pack, unpack
from extriage.knowledge.tables import MANIFEST, TABLE_LIMIT, TABLES, Knowledge, bundled
from extriage.knowledge.update import pack, reset, update

NEWER = date(2026, 12, 1)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keep installed knowledge in a folder of the test."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "home"))
    forget()
    yield tmp_path
    forget()


def newer() -> Knowledge:
    """Return later tables that know one build more."""
    found = cells_of(bundled(), "builds.csv")
    row = found[-1] | {"su": "Nov26SU", "build": "15.2.2562.99", "kb": "5090000"}
    row |= {"release_date": "2026-11-10", "available_from": "2026-11-10"}
    return replace(with_rows("builds.csv", [*found, row]), as_of=NEWER)


def saved(folder: Path, data: bytes) -> Path:
    file = folder / "new.zip"
    file.write_bytes(data)
    return file


def in_force(build: str) -> bool:
    return number(build) in {one.number for one in build_table().builds}


def test_a_pack_brings_its_tables_into_force_and_reset_takes_them_out(home: Path) -> None:
    before = knowledge_digest()
    data = make_pack(newer())
    done = update(saved(home, data))
    assert (done.before, done.after) == (bundled().as_of, NEWER)
    assert done.sha256 == hashlib.sha256(data).hexdigest()
    assert done.place == home / "home" / INSTALLED == installed_file()
    assert tables_as_of() == NEWER
    assert in_force("15.2.2562.99")
    assert knowledge_digest() == done.digest != before
    assert reset() == done.place
    assert tables_as_of() == bundled().as_of
    assert not in_force("15.2.2562.99")
    assert knowledge_digest() == before
    assert reset() is None


def test_the_same_tables_make_the_same_pack_and_come_out_unchanged() -> None:
    data = make_pack(newer())
    assert data == make_pack(newer())
    found = unpack(data, "here")
    assert found.digest() == newer().digest()
    assert found.tables == dict(newer().tables)
    assert found.place == "here"


def test_a_pack_of_the_same_day_is_no_step_back(home: Path) -> None:
    file = saved(home, make_pack(newer()))
    assert update(file).warnings == ()
    assert update(file).warnings == ()


def test_an_older_pack_is_refused_unless_it_is_forced(home: Path) -> None:
    old = replace(bundled(), as_of=date(2026, 1, 1))
    file = saved(home, make_pack(old))
    with pytest.raises(UsageError, match=r"goes to 2026-01-01.*--force"):
        update(file)
    assert tables_as_of() == bundled().as_of
    assert update(file, force=True).warnings
    assert tables_as_of() == date(2026, 1, 1)


def test_a_pack_that_knows_less_is_refused_unless_it_is_forced(home: Path) -> None:
    rows = [r for r in cells_of(bundled(), "builds.csv") if r["build"] != "15.2.2562.41"]
    file = saved(home, make_pack(replace(with_rows("builds.csv", rows), as_of=NEWER)))
    with pytest.raises(UsageError, match=r"knows less.*15\.2\.2562\.41\) is gone"):
        update(file)
    assert in_force("15.2.2562.41")
    update(file, force=True)
    assert not in_force("15.2.2562.41")


def test_the_hash_of_the_pack_can_be_demanded(home: Path) -> None:
    data = make_pack(newer())
    file = saved(home, data)
    with pytest.raises(UsageError, match="not the one that was demanded"):
        update(file, "0" * 64)
    assert tables_as_of() == bundled().as_of
    update(file, f" {hashlib.sha256(data).hexdigest().upper()} ")
    assert tables_as_of() == NEWER


def test_a_pack_with_one_bad_row_is_refused_whole_and_the_old_one_stays(home: Path) -> None:
    update(saved(home, make_pack(newer())))
    kept = installed_file()
    assert kept is not None
    before = kept.read_bytes()
    bad, line = changed("fixes.csv", {"cve": "CVE-2020-16875", "cu": "CU16"}, {"type": "FU"})
    with pytest.raises(ContentError, match=f"fixes.csv, line {line}: type is 'FU'"):
        update(saved(home, make_pack(replace(bad, as_of=date(2027, 1, 1)))), force=True)
    assert kept.read_bytes() == before
    assert [one.name for one in kept.parent.iterdir()] == [INSTALLED]
    assert tables_as_of() == NEWER


Change = Callable[[dict[str, bytes]], bytes]


def without(name: str) -> Change:
    return lambda members: zipped((k, v) for k, v in members.items() if k != name)


def plus(name: str, data: bytes = b"x") -> Change:
    return lambda members: zipped([*members.items(), (name, data)])


def instead(name: str, data: bytes) -> Change:
    return lambda members: zipped((members | {name: data}).items())


def manifest(**change: object) -> Change:
    def made(members: dict[str, bytes]) -> bytes:
        document = json.loads(members[MANIFEST]) | change
        return zipped((members | {MANIFEST: as_json(document)}).items())

    return made


def bomb(members: dict[str, bytes]) -> bytes:
    return zipped((members | {"builds.csv": bytes(TABLE_LIMIT + 1)}).items())


def encrypted(members: dict[str, bytes]) -> bytes:
    data = bytearray(zipped(members.items()))
    at = data.find(b"PK\x01\x02")
    struct.pack_into("<H", data, at + 8, 1)
    return bytes(data)


def odd_method(members: dict[str, bytes]) -> bytes:
    data = bytearray(zipped(members.items()))
    struct.pack_into("<H", data, data.find(b"PK\x01\x02") + 10, 14)
    return bytes(data)


HOSTILE: list[tuple[Change, str]] = [
    (plus("../../etc/passwd"), "'../../etc/passwd' does not belong into a pack"),
    (plus("/builds.csv"), "'/builds.csv' does not belong into a pack"),
    (plus("x\\builds.csv"), "does not belong into a pack"),
    (plus("\x1b[2Jevil.csv"), r"'\x1b[2Jevil.csv' does not belong into a pack"),
    (plus("extra/"), "'extra/' does not belong into a pack"),
    (without("fixes.csv"), "fixes.csv is missing from the pack"),
    (without(MANIFEST), "manifest.json is missing from the pack"),
    (bomb, "builds.csv: larger than 8192 KiB"),
    (encrypted, "is encrypted or compressed in an unknown way"),
    (odd_method, "is encrypted or compressed in an unknown way"),
    (instead("builds.csv", b"product\n"), "builds.csv: its SHA-256 is not the one in"),
    (instead(MANIFEST, b"\xff"), "manifest.json: not JSON"),
    (instead(MANIFEST, b"[" * 60_000), "manifest.json: not JSON"),
    (instead(MANIFEST, b"[1]"), "manifest.json: no format number"),
    (instead(MANIFEST, b" " * 70_000), "manifest.json: larger than 64 KiB"),
    (manifest(format=2), "manifest.json: format 2, but this version reads format 1"),
    (manifest(format=True), "manifest.json: no format number"),
    (manifest(as_of="soon"), "manifest.json: as_of is not a day"),
    (manifest(as_of=20261010), "manifest.json: as_of is not a day"),
    (manifest(as_of="2027-01-01"), "manifest.json: sha256 is not that of the date and"),
    (manifest(sha256=None), "manifest.json: sha256 is not that of the date and the tables"),
    (manifest(tables={}), "manifest.json: tables does not name each table"),
    (manifest(tables=["builds.csv"]), "manifest.json: tables does not name each table"),
    (lambda _: b"", "not a readable zip file"),
    (lambda _: b"no zip at all", "not a readable zip file"),
    (lambda members: zipped(members.items())[:-9], "not a readable zip file"),
    (lambda _: b"PK" + bytes(PACK_LIMIT), "larger than 4 MiB, so it is no pack"),
]


@pytest.mark.parametrize(("change", "reason"), HOSTILE)
def test_a_hostile_pack_is_refused_in_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], change: Change, reason: str
) -> None:
    file = saved(home, change(members_of(make_pack(newer()))))
    with pytest.raises(SystemExit) as stop:
        main(["knowledge", "update", str(file), "--force"])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert reason in said
    assert len(said.splitlines()) == 1
    assert "\x1b" not in said
    assert tables_as_of() == bundled().as_of
    assert not (home / "home").exists()


def test_a_member_that_is_there_twice_is_refused(home: Path) -> None:
    members = members_of(make_pack(newer()))
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = zipped([*members.items(), ("builds.csv", b"")])
    with pytest.raises(ContentError, match=r"builds\.csv is in the pack twice"):
        update(saved(home, data))


def test_a_pack_that_is_not_there_is_refused(home: Path) -> None:
    with pytest.raises(ContentError, match="cannot be read"):
        update(home / "nowhere.zip")


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=20),
    st.floats(0, 1),
)
def test_no_damage_to_a_pack_ends_otherwise_than_in_a_sentence(
    changes: list[tuple[float, int]], cut: float
) -> None:
    whole = make_pack(bundled())
    data = bytearray(whole)
    for place, value in changes:
        data[int(place * len(data))] = value
    if cut < 0.3:
        del data[int(cut / 0.3 * len(data)) :]
    digest = bundled().digest()
    with contextlib.suppress(ContentError):
        digest = unpack(bytes(data), "here").digest()
    assert digest == bundled().digest()


def test_a_damaged_installed_pack_is_said_and_can_be_replaced(home: Path) -> None:
    place = installed_file()
    assert place is not None
    place.parent.mkdir(parents=True)
    place.write_bytes(b"half a pa")
    forget()
    with pytest.raises(ContentError, match=r"knowledge\.zip is damaged: not a readable zip"):
        active()
    update(saved(home, make_pack(newer())))
    assert tables_as_of() == NEWER


def test_a_folder_makes_the_same_pack_as_its_tables(home: Path) -> None:
    folder = home / "tables"
    write_folder(newer(), folder)
    assert pack(folder) == make_pack(newer())
    (folder / "sources.csv").write_bytes(bytes(TABLE_LIMIT + 1))
    with pytest.raises(ContentError, match=r"sources\.csv: larger than 8 MiB"):
        pack(folder)
    (folder / "lifecycle.csv").unlink()
    with pytest.raises(ContentError, match=r"lifecycle\.csv: cannot be read"):
        pack(folder)


def test_knowledge_lives_in_the_users_own_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert installed_file() == tmp_path / "extriage" / INSTALLED
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert installed_file() == tmp_path / "me" / ".local" / "share" / "extriage" / INSTALLED
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert installed_file() == tmp_path / "local" / "extriage" / INSTALLED


def test_without_a_home_the_bundled_tables_are_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(tmp_path, make_pack(newer()))
    for name in (VARIABLE, "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)

    def homeless() -> Path:
        raise RuntimeError("no home")

    monkeypatch.setattr(Path, "home", homeless)
    forget()
    assert active().tables == bundled().tables
    with pytest.raises(UsageError, match=VARIABLE):
        update(file)
    assert reset() is None
    monkeypatch.undo()
    forget()


def test_a_place_that_cannot_be_written_is_a_sentence(home: Path) -> None:
    (home / "home").write_text("a file where the folder should be")
    with pytest.raises(UsageError, match="cannot be written"):
        update(saved(home, make_pack(newer())))
    assert tables_as_of() == bundled().as_of


def test_every_table_is_in_the_pack() -> None:
    assert set(members_of(make_pack(bundled()))) == {MANIFEST, *TABLES}


def test_tables_of_the_future_are_refused(home: Path) -> None:
    """They would keep every real update out, and hide how old the tables are."""
    file = saved(home, make_pack(newer()))
    with pytest.raises(UsageError, match=r"goes to .*, and today is 2026-11-01"):
        update(file, today=date(2026, 11, 1))
    assert active().as_of == bundled().as_of
    assert update(file, force=True, today=date(2026, 11, 1)).warnings
