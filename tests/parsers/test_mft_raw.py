"""The raw $MFT: names, folders, times and content, and what hostile entries cost."""

import io
import random
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import image_making as making
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ntfs_building import (
    CLIENT,
    LONG_AGO,
    OWA,
    ROOT,
    SHELL,
    SYSTEM,
    THEN,
    Volume,
    attribute,
    entry,
    file_name,
    flat,
    outside,
    reference,
    standard,
)
from test_filesystem import MFT

from extriage import parsers
from extriage.errors import SourceError
from extriage.model.evidence import Artifact, Record
from extriage.model.reading import ArtifactResult
from extriage.parsers import foldertree
from extriage.parsers.filemarks import entry_size
from extriage.parsers.filerows import Listed, drive_of, listed_record
from extriage.parsers.foldertree import Lying
from extriage.parsers.mftfile import entries
from extriage.parsers.rawblocks import moment, written
from extriage.pipeline import filetable
from extriage.pipeline.artifact import read_artifact
from extriage.pipeline.batch import Batch
from extriage.pipeline.pack import Content, load_pack

NOT_GIVEN = {
    "ReferenceCount",
    "ReparseTarget",
    "IsAds",
    "uSecZeros",
    "Copied",
    "SiFlags",
    "NameType",
}
"""Columns of MFTECmd that no rule of ours asks for."""
FILLER = [f"f{number}.dll" for number in range(3000)]


def scanned(data: bytes, path: str = "C/$MFT") -> ArtifactResult:
    pack = load_pack(Content())
    return read_artifact(Artifact(path, len(data)), io.BytesIO(data), pack, lambda _: None)


def rules(result: ArtifactResult) -> set[str]:
    return {kept.rule for kept in result.kept}


@pytest.fixture(name="shown")
def _shown(monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """Collect every record that rules would see, whatever they ask for."""
    found: list[Record] = []

    def add(batch: Batch[Listed], text: str, item: Listed) -> None:
        record = batch.make(item)
        assert text in record.text
        found.append(record)

    monkeypatch.setattr(Batch, "add", add)
    return found


def paths(records: list[Record]) -> set[str]:
    return {str(record.fields["Path"]) for record in records}


def test_a_page_has_the_fields_that_exports_have_and_its_content(shown: list[Record]) -> None:
    volume = Volume()
    volume.file(CLIENT, "x.aspx", SHELL, said=LONG_AGO)
    assert scanned(volume.table()).entry.status == "read"
    (page,) = (one for one in shown if one.fields["Extension"] == ".aspx")
    assert page.kind == "file-record"
    assert page.time == THEN
    assert flat(page.fields, "Path", "Deleted", "InUse", "FolderKnown", "Place", "ShippedPath") == (
        r"C:\inetpub\wwwroot\aspnet_client\x.aspx", "no", "True", "yes", "aspnet_client", "no",
    )  # fmt: skip
    assert flat(page.fields, "Created0x10", "Created0x30", "SI<FN", "DaysBackdated") == (
        "2016-07-16 13:23:21.0000000", "2021-03-03 05:01:02.1234560", "True", "1690",
    )  # fmt: skip
    assert page.fields["FileSize"] == str(len(SHELL))
    assert page.fields["Content"] == SHELL.decode()
    number = int(str(page.fields["EntryNumber"]))
    assert (page.origin.line, page.origin.offset) == (number, number * 1024)


def test_raw_and_exported_tables_call_their_fields_alike(shown: list[Record]) -> None:
    volume = Volume()
    volume.file(CLIENT, "x.aspx", b"<%@ Page %>")
    scanned(volume.table())
    mftecmd = set(MFT.split(",")) - NOT_GIVEN
    assert mftecmd <= set(shown[-1].fields)


def test_rules_find_pages_that_are_there_and_those_that_were_deleted() -> None:
    volume = Volume()
    volume.file(OWA, "outlooken.aspx", SHELL)
    volume.file(CLIENT, "gone.aspx", SHELL, deleted=True)
    volume.file(OWA, "logon.aspx", b"<%@ Page %>")
    result = scanned(volume.table())
    kept = {one.rule: one for one in result.kept}
    assert kept["file_record_foreign_page"].count == 1
    assert kept["file_record_foreign_page_deleted"].count == 1
    assert "gone.aspx" in kept["file_record_foreign_page_deleted"].lines[0].summary


def test_a_page_that_says_to_be_older_than_its_name_is_found() -> None:
    for said, found in ((THEN - timedelta(days=40), True), (THEN, False)):
        volume = Volume()
        volume.file(OWA, "x.aspx", said=said)
        assert ("file_record_page_backdated" in rules(scanned(volume.table()))) is found


@pytest.mark.parametrize("deleted", [True, False])
def test_the_content_of_a_small_page_is_read_even_after_it_was_deleted(deleted: bool) -> None:
    volume = Volume()
    volume.file(OWA, "x.aspx", SHELL, deleted=deleted)
    assert "file_record_page_runs_orders" in rules(scanned(volume.table()))
    plain = Volume()
    plain.file(OWA, "x.aspx", b"<%@ Page %><p>Down for maintenance</p>", deleted=deleted)
    assert "file_record_page_runs_orders" not in rules(scanned(plain.table()))


def test_a_folder_whose_entry_comes_later_is_waited_for(shown: list[Record]) -> None:
    volume = Volume()
    root = reference(ROOT, ROOT)
    volume.put(20, "x.aspx", reference(3000, 1), content=SHELL)
    volume.put(3000, "auth", reference(2999, 1), flags=3)
    volume.put(2999, "owa", root, flags=3)
    result = scanned(volume.table())
    assert r"C:\owa\auth\x.aspx" in paths(shown)
    assert (result.entry.status, result.entry.reason) == ("read", "")
    assert result.entry.blank == 3001 - 12 - 3


def test_a_path_is_told_only_as_far_as_it_is_sure(shown: list[Record]) -> None:
    volume = Volume()
    root = reference(ROOT, ROOT)
    volume.put(20, "reused", root, count=7, flags=3)
    volume.put(21, "in_old.aspx", reference(20, 6))
    volume.put(22, "auth", reference(20, 6), flags=3)
    volume.put(23, "deeper.aspx", reference(22, 1))
    volume.put(24, "gone", root, count=4, flags=2)
    volume.put(25, "in_gone.aspx", reference(24, 3), count=2, flags=0)
    volume.put(26, "nowhere.aspx", reference(4_000_000, 1))
    volume.put(27, "loop", reference(28, 1), flags=3)
    volume.put(28, "pool", reference(27, 1), flags=3)
    volume.put(29, "in_file.aspx", reference(21, 1))
    result = scanned(volume.table())
    told = {str(one.fields["FileName"]): one.fields for one in shown}
    assert told["in_old.aspx"]["Path"] == "in_old.aspx", "another folder has the number now"
    assert told["deeper.aspx"]["Path"] == r"?\auth\deeper.aspx"
    assert told["in_gone.aspx"]["Path"] == r"C:\gone\in_gone.aspx", "deleting raises the count"
    assert told["nowhere.aspx"]["Path"] == "nowhere.aspx"
    assert told["in_file.aspx"]["Path"] == "in_file.aspx"
    assert str(told["loop"]["Path"]).startswith("?\\")
    known = {name for name, fields in told.items() if fields["FolderKnown"] == "yes"}
    assert known == {*SYSTEM.values(), "reused", "gone", "in_gone.aspx"}
    assert result.entry.status == "read"
    assert "7 names lie in folders that are gone" in result.entry.reason


def test_a_page_in_a_folder_that_is_known_in_part_is_still_found() -> None:
    volume = Volume()
    volume.put(20, "FrontEnd", reference(4000, 1), flags=3)
    for number, name in enumerate(("HttpProxy", "owa", "auth"), 21):
        volume.put(number, name, reference(number - 1, 1), flags=3)
    volume.put(24, "x.aspx", reference(23, 1), count=2, flags=0)
    assert "file_record_foreign_page_deleted" in rules(scanned(volume.table()))


def test_hard_links_short_names_and_streams(shown: list[Record]) -> None:
    volume = Volume()
    root = reference(ROOT, ROOT)
    more = file_name(root, "LONGNA~1.ASP", THEN, space=2) + file_name(root, "second.aspx", THEN)
    more += attribute(0x80, b"[ZoneTransfer]", "Zone.Identifier")
    volume.put(20, "long name.aspx", root, more=more)
    scanned(volume.table())
    found = {str(one.fields["FileName"]): one for one in shown if one.origin.line == 20}
    assert set(found) == {"long name.aspx", "second.aspx"}
    assert {one.fields["HasAds"] for one in found.values()} == {"True"}


def test_a_name_that_stands_in_another_entry_is_told_of_its_file(shown: list[Record]) -> None:
    volume = Volume()
    root = reference(ROOT, ROOT)
    volume.entries[20] = entry(20, standard(LONG_AGO) + attribute(0x20, b"") + outside(70_000))
    volume.entries[21] = entry(21, file_name(root, "far.aspx", THEN), base=reference(20, 1))
    volume.entries[22] = entry(22, file_name(root, "lost.aspx", THEN), base=reference(99, 3))
    scanned(volume.table())
    found = {str(one.fields["FileName"]): one for one in shown}
    assert found["far.aspx"].origin.line == 20
    assert found["far.aspx"].fields["FileSize"] == "70000"
    assert found["far.aspx"].fields["DaysBackdated"] == "1690"
    assert found["lost.aspx"].fields["Created0x10"] == ""


@pytest.mark.parametrize("size", [1024, 4096])
def test_entries_of_both_sizes_are_read(size: int, shown: list[Record]) -> None:
    volume = Volume(size)
    content = b"<%@ Page %>" + b"x" * (size - 600)
    volume.file(CLIENT, "x.aspx", content)
    assert entry_size(volume.table()) == size
    scanned(volume.table())
    assert shown[-1].fields["Content"] == content.decode(), "sectors are mended"


def test_damage_costs_its_entry_only_and_is_named() -> None:
    volume = Volume()
    for name in FILLER[:40]:
        volume.file(("Windows",), name)
    torn = volume.file(("Windows",), "torn.dll") & 0xFFFF
    volume.file(OWA, "x.aspx", SHELL)
    table = bytearray(volume.table())
    table[torn * 1024 + 1022] ^= 0xFF
    table[30 * 1024 : 30 * 1024 + 4] = b"BAAD"
    result = scanned(bytes(table) + b"FILE0")
    assert (result.entry.status, result.entry.rejected) == ("partial", 3)
    assert "3 damaged entries, the first: 30" in result.entry.reason
    assert "file_record_foreign_page" in rules(result)
    counts = (result.entry.parsed, result.entry.blank, result.entry.rejected)
    assert sum(counts) == result.entry.lines == len(table) // 1024 + 1


def test_a_table_whose_beginning_is_missing_tells_no_wrong_paths(shown: list[Record]) -> None:
    volume = Volume()
    for name in FILLER[:20]:
        volume.file(CLIENT, name)
    result = scanned(volume.table()[17 * 1024 :])
    assert (result.entry.status, shown) == ("unreadable", [])


@dataclass
class Broken:
    """A stream that breaks off at its end."""

    data: io.BytesIO

    def read(self, size: int = -1) -> bytes:
        if found := self.data.read(size):
            return found
        raise SourceError("the disk has a bad sector")

    def readinto(self, buffer: memoryview) -> int:
        if count := self.data.readinto(buffer):
            return count
        raise SourceError("the disk has a bad sector")

    def readline(self, limit: int = -1) -> bytes:
        return self.read(limit)


def test_a_stream_that_breaks_off_keeps_what_came() -> None:
    volume = Volume()
    volume.file(OWA, "x.aspx", SHELL)
    for name in FILLER[:100]:
        volume.file(("Windows",), name)
    data = volume.table()
    stream = Broken(io.BytesIO(data))
    result = read_artifact(Artifact("C/$MFT", -1), stream, load_pack(Content()), lambda _: None)
    assert (result.entry.status, result.entry.reason) == ("partial", "the disk has a bad sector")
    assert "file_record_foreign_page" in rules(result)


def test_rows_that_cannot_wait_are_told_as_far_as_they_are_known(
    monkeypatch: pytest.MonkeyPatch, shown: list[Record]
) -> None:
    monkeypatch.setattr(filetable, "MOST_WAITING", 1)
    volume = Volume()
    for number in range(20, 24):
        volume.put(number, f"{number}.aspx", reference(2500, 1))
    volume.put(2500, "late", reference(ROOT, ROOT), flags=3)
    result = scanned(volume.table())
    assert len([path for path in paths(shown) if path.startswith("C:\\late\\")]) == 1
    assert (result.entry.status, "3 names could not wait" in result.entry.reason) == (
        "partial",
        True,
    )


@pytest.mark.parametrize(
    ("path", "drive"),
    [
        ("C/$MFT", "C:"),
        ("kape/D/$MFT", "D:"),
        ("coll.zip!/uploads/ntfs/%5C%5C.%5CC%3A/$MFT", "C:"),
        ("disk.E01!/C:/$MFT", "C:"),
        ("disk.E01!/HarddiskVolumeShadowCopy3/$MFT", ""),
        ("$MFT", ""),
    ],
)
def test_the_drive_is_told_by_the_collection(path: str, drive: str) -> None:
    assert drive_of(path) == drive


def test_times_have_all_their_digits_and_none_is_none() -> None:
    assert written(132_592_212_621_234_567) == "2021-03-03 05:01:02.1234567"
    for odd in (0, 2**64 - 1, 2**63):
        assert (moment(odd), written(odd)) == (None, "")


def test_other_files_are_no_tables() -> None:
    for head in (b"", b"FILE", b"FILE0" * 500, b"FILE" + bytes(5000), bytes(4096)):
        assert entry_size(head) == 0
        assert parsers.recognise(head, "C/$MFT.txt") == ""


SOUND = Volume()
SOUND.file(CLIENT, "x.aspx", SHELL)
TABLE = SOUND.table()


@settings(max_examples=150, deadline=None)
@given(changes=st.lists(st.tuples(st.integers(16 * 1024, len(TABLE) - 1), st.integers(0, 255))))
def test_no_bytes_stop_the_reader(changes: list[tuple[int, int]]) -> None:
    data = bytearray(TABLE)
    for at, value in changes:
        data[at] = value
    counted = 0
    for found in entries(io.BytesIO(bytes(data)), 1024):
        counted += len(found.counts)
        for at, name in enumerate(found.rows.names):
            assert 0 < len(name) <= 255
            assert len(found.rows.contents[at]) < 1024
            assert int(found.rows.numbers["entry"][at]) < counted
    assert counted == len(TABLE) // 1024


def test_random_tables_are_accounted_for_and_never_stop_the_reader() -> None:
    chance = random.Random(8)
    for _ in range(30):
        data = bytearray(TABLE) + chance.randbytes(64 * 1024)
        for at in range(len(TABLE), len(data), 1024):
            data[at : at + 4] = b"FILE"
            data[at + 4 : at + 8] = b"\x30\x00\x03\x00"
            data[at + 510 : at + 512] = data[at + 1022 : at + 1024] = data[at + 48 : at + 50]
        entry = scanned(bytes(data)).entry
        assert entry.parsed + entry.blank + entry.rejected == entry.lines == len(data) // 1024


ntfs_tools = making.needs("mkntfs", "wimcapture", "wimapply")


@pytest.fixture(name="image", scope="module")
def _image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a real volume with the tools of Debian."""
    place = tmp_path_factory.mktemp("ntfs")
    for folder, name in ((OWA, "outlooken.aspx"), (CLIENT, "x.aspx")):
        (place / "tree" / Path(*folder)).mkdir(parents=True)
        (place / "tree" / Path(*folder) / name).write_bytes(SHELL)
    for number in range(300):
        (place / "tree" / "inetpub" / f"{number} ä.txt").write_text("x" * number * 9)
    return making.ntfs(place / "tree", place / "volume.img", 24 << 20)


@ntfs_tools
def test_a_real_volume_is_read_as_another_reader_reads_it(image: Path, shown: list[Record]) -> None:
    ntfs = pytest.importorskip("dissect.ntfs", reason="dissect is not installed")
    with image.open("rb") as file:
        volume = ntfs.NTFS(file)
        volume.mft.fh.seek(0)
        table = volume.mft.fh.read()
        other = {
            "C:\\" + path.replace("/", "\\").removeprefix(".").removeprefix("\\")
            for record in volume.mft.segments()
            for path in record.full_paths()
        }
    result = scanned(table)
    assert (result.entry.status, result.entry.reason) == ("read", "")
    ours = {path for path in paths(shown) if path != "C:\\."}
    assert len(ours) > 300
    assert {path for path in other if path != "C:\\"} - ours == set()
    assert ours - other == set()


@ntfs_tools
def test_a_shell_of_a_real_volume_is_found(image: Path) -> None:
    ntfs = pytest.importorskip("dissect.ntfs", reason="dissect is not installed")
    with image.open("rb") as file:
        volume = ntfs.NTFS(file)
        volume.mft.fh.seek(0)
        result = scanned(volume.mft.fh.read())
    found = {kept.rule: kept.count for kept in result.kept}
    assert found["file_record_foreign_page"] == 2
    assert found["file_record_page_runs_orders"] == 2


def test_a_record_is_made_of_numbers_that_no_calendar_holds() -> None:
    (found,) = entries(io.BytesIO(TABLE), 1024)
    row = found.rows.numbers[-1].copy()
    row["said"] = row["named"] = np.iinfo(np.uint64).max
    odd = Listed(row, "x.aspx", b"\xff\xfe<\x00%\x00", Lying("?", known=False))
    record = listed_record(odd, "$MFT", "", 1024)
    assert (record.time, record.fields["Created0x30"]) == (None, "")


@pytest.mark.parametrize("name", ["$MFT", "C/$MFT", "$J", "C/$Extend/$J", "$UsnJrnl%3A$J"])
def test_a_table_whose_beginning_is_damaged_is_known_by_its_name(name: str) -> None:
    kind = parsers.recognise(b"\x91\x17" * 4000, name)
    assert kind == ("file-journal" if name.endswith("J") else "file-table")


def test_a_table_with_a_damaged_beginning_is_unreadable_and_not_passed_over() -> None:
    volume = Volume()
    volume.file(CLIENT, "shell.aspx", SHELL)
    data = b"\x91\x17" * 40_000 + volume.table()
    artifact = Artifact("C/$MFT", len(data))
    result = read_artifact(artifact, io.BytesIO(data), load_pack(Content()), lambda _: None)
    assert result.entry.status == "unreadable"
    assert "damaged entries" in result.entry.reason


def test_scattered_entries_beyond_those_that_are_kept_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filetable, "MOST_NAMELESS", 2)
    volume = Volume()
    parent = volume.folder(*CLIENT)
    for _ in range(2):
        for number in range(volume.free(), volume.free() + 3_000):
            named = standard(THEN) + file_name(parent, f"{number}.aspx", THEN)
            volume.entries[number] = entry(number, named, base=reference(number + 9_000, 1))
    data = volume.table()
    artifact = Artifact("C/$MFT", len(data))
    result = read_artifact(artifact, io.BytesIO(data), load_pack(Content()), lambda _: None)
    assert "files with scattered entries were too many" in result.entry.reason


def test_endless_paths_cost_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foldertree, "_MOST_TEXT", 1 << 20)
    folders = foldertree.Folders()
    count = 3_000
    folders.see(np.ones(count, dtype=np.int64), np.ones(count, dtype=np.bool_))
    for number in range(10, count):
        folders.add(
            number, reference(number - 1, 1) if number > 10 else reference(ROOT, ROOT), "d" * 250
        )
    folders.end()
    found = [folders.lying(reference(number, 1)) for number in range(10, count)]
    assert max(len(one.folder) for one in found) <= 33_000
    assert found[50].known
    assert not found[200].known, "Windows has no such path"
    assert sum(len(one.folder) for one in folders._cache.values()) <= 2 << 20
