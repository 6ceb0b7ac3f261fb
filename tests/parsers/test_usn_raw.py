"""The raw $J: holes, pages, versions of records, folders by $MFT, and what damage costs."""

import io
import random
import tarfile
import zipfile
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ntfs_building import (
    CLIENT,
    CLOSE,
    CREATE,
    DELETE,
    NEW,
    OLD,
    OWA,
    ROOT,
    SHELL,
    THEN,
    WRITE,
    Volume,
    change,
    flat,
    journal,
    ranges,
    reference,
)

from extriage import parsers
from extriage.model.evidence import Artifact, ByteStream, Record, Unit
from extriage.model.reading import ArtifactResult
from extriage.parsers.filerows import Changed
from extriage.parsers.usnjournal import BLOCK, Changes, changes, reasons
from extriage.pipeline.around import Around, no_table
from extriage.pipeline.artifact import read_artifact
from extriage.pipeline.batch import Batch
from extriage.pipeline.pack import Content, load_pack
from extriage.pipeline.unit import read_unit
from extriage.sources import Opened, filetable
from extriage.sources.filetable import places, table_beside

VOLUME = Volume()
AUTH, PUBLIC = VOLUME.folder(*OWA), VOLUME.folder(*CLIENT)
TABLE = VOLUME.table()
MADE = change("x.aspx", AUTH, CREATE | WRITE | CLOSE)


def table() -> AbstractContextManager[ByteStream | None]:
    return nullcontext(io.BytesIO(TABLE))


def scanned(data: bytes, *, known: bool = True, path: str = "C/$Extend/$J") -> ArtifactResult:
    around = Around(table=table if known else no_table)
    artifact = Artifact(path, len(data))
    return read_artifact(artifact, io.BytesIO(data), load_pack(Content()), lambda _: None, around)


def rules(result: ArtifactResult) -> set[str]:
    return {kept.rule for kept in result.kept}


def told(data: bytes) -> list[Changes]:
    return list(changes(io.BytesIO(data), lambda _: None))


@pytest.fixture(name="shown")
def _shown(monkeypatch: pytest.MonkeyPatch) -> list[Record]:
    """Collect every record that rules would see, whatever they ask for."""
    found: list[Record] = []

    def add(batch: Batch[Changed], text: str, item: Changed) -> None:
        record = batch.make(item)
        assert text in record.text
        found.append(record)

    monkeypatch.setattr(Batch, "add", add)
    return found


@pytest.mark.parametrize("version", [2, 3])
def test_a_change_has_the_fields_that_exports_have(version: int, shown: list[Record]) -> None:
    record = change("x.aspx", AUTH, CREATE | WRITE | CLOSE, usn=4096, version=version)
    result = scanned(journal([record]))
    (found,) = shown
    assert (found.kind, found.time) == ("file-change", THEN)
    assert flat(found.fields, "Path", "Place", "ShippedPath", "FolderKnown") == (
        "\\".join(("C:", *OWA, "x.aspx")), "front-end", "no", "yes",
    )  # fmt: skip
    assert found.fields["Changes"] == ("written", "created")
    assert flat(found.fields, "UpdateReasons", "UpdateTimestamp", "UpdateSequenceNumber") == (
        "DataExtend|FileCreate|Close", "2021-03-03 05:01:02.1234560", "4096",
    )  # fmt: skip
    assert flat(found.fields, "EntryNumber", "SequenceNumber", "FileAttributes") == (
        "900", "1", "Archive",
    )  # fmt: skip
    assert (result.entry.kind, result.entry.status, result.entry.lines) == (
        "file-journal", "read", 1,
    )  # fmt: skip


def test_rules_find_pages_that_came_and_went() -> None:
    made = scanned(journal([MADE, change("logon.aspx", AUTH, CREATE)]))
    assert {one.rule: one.count for one in made.kept}["file_change_foreign_page_made"] == 1
    for reason in (DELETE | CLOSE, OLD):
        gone = scanned(journal([change("x.aspx", PUBLIC, reason)]))
        assert "file_change_foreign_page_deleted" in rules(gone)
    assert "file_change_foreign_page_made" in rules(scanned(journal([change("a.aspx", AUTH, NEW)])))
    assert rules(scanned(journal([change("x.txt", AUTH, CREATE)]))) == set()


def test_the_journal_covers_the_hours_of_its_changes() -> None:
    later = change("b", AUTH, WRITE, time=THEN + timedelta(hours=30))
    (tally,) = scanned(journal([MADE, later])).tallies
    assert (tally.kind, tally.records, len(tally.hours)) == ("file-change", 2, 2)
    assert (tally.first, tally.last) == (THEN, THEN + timedelta(hours=30))


@pytest.mark.parametrize("hole", [0, 4096, BLOCK - 4096, BLOCK, 3 * BLOCK + 8192])
def test_the_hole_at_the_beginning_is_passed_over(hole: int) -> None:
    records = [change(f"{number}.log", AUTH, WRITE, usn=number) for number in range(200)]
    result = scanned(journal([*records, MADE], hole))
    assert (result.entry.status, result.entry.lines) == ("read", 201)
    (kept,) = (one for one in result.kept if one.rule == "file_change_foreign_page_made")
    data = journal([*records, MADE], hole)
    assert data[kept.lines[0].offset :].startswith(MADE), "the offset is that in the file"
    assert kept.lines[0].line == 201


def test_records_on_the_edges_of_blocks_are_read_once() -> None:
    records = [change("n" * (1 + at % 40), AUTH, WRITE, usn=at) for at in range(45_000)]
    data = journal(records)
    assert len(data) > 2 * BLOCK
    found = told(data)
    assert [int(usn) for one in found for usn in one.numbers["usn"]] == list(range(45_000))
    assert not any(one.damaged for one in found)


def test_records_need_not_lie_in_pages() -> None:
    for lead in (8, 24, 4096 - 16):
        (found,) = told(bytes(lead) + MADE * 3)
        assert (found.names, found.damaged) == (["x.aspx"] * 3, [])


def test_records_that_name_no_file_are_counted() -> None:
    result = scanned(journal([ranges(), MADE, ranges(count=3)]))
    assert (result.entry.lines, result.entry.parsed, result.entry.status) == (3, 3, "read")
    assert parsers.recognise(journal([ranges()])[:4096], "x") == "file-journal"


def test_a_damaged_page_costs_what_it_held_and_is_named() -> None:
    records = [change(f"{number}.log", AUTH, WRITE) for number in range(200)]
    data = bytearray(journal([*records, MADE]))
    data[4096:8192] = random.Random(8).randbytes(4096)
    result = scanned(bytes(data))
    assert result.entry.status == "partial"
    assert "damaged places, the first at byte 4,096" in result.entry.reason
    assert 100 < result.entry.parsed < 201
    assert "file_change_foreign_page_made" in rules(result)


def test_a_record_cut_off_at_the_end_is_damage() -> None:
    result = scanned((MADE * 3)[:-9])
    assert (result.entry.parsed, result.entry.rejected, result.entry.status) == (2, 1, "partial")


def test_a_record_inside_the_name_of_another_is_none() -> None:
    inner = change("fake.aspx", AUTH, CREATE).decode("utf-16-le", "surrogatepass")
    outer = change("aa" + inner, AUTH, CREATE)
    (found,) = told(outer)
    assert len(found.names) == 1


def test_folders_that_only_the_journal_knows_are_told(shown: list[Record]) -> None:
    made, inside = reference(5000, 3), change("p.aspx", reference(5000, 3), CREATE)
    folder = change("made", PUBLIC, CREATE, file=made, attributes=0x10)
    renamed = change("other", PUBLIC, NEW, file=made, attributes=0x10)
    result = scanned(journal([inside, folder, inside, renamed, inside]))
    assert [str(one.fields["Path"]).removeprefix("C:\\inetpub\\wwwroot\\") for one in shown] == [
        "p.aspx",
        r"aspnet_client\made",
        r"aspnet_client\made\p.aspx",
        r"aspnet_client\other",
        r"aspnet_client\other\p.aspx",
    ]
    assert (result.entry.status, result.entry.reason) == (
        "read", "1 changes were in folders that are gone: their paths begin with ?",
    )  # fmt: skip


def test_without_a_table_of_files_the_journal_is_read_in_part() -> None:
    result = scanned(journal([MADE]), known=False)
    assert result.entry.status == "partial"
    told = "the folders of 1 changes are not known: $MFT is not beside it"
    assert result.entry.reason == told
    in_root = scanned(journal([change("a", reference(ROOT, ROOT), CREATE)]), known=False)
    assert in_root.entry.status == "read"


def test_a_table_that_is_none_is_named() -> None:
    around = Around(table=lambda: nullcontext(io.BytesIO(b"no table")))
    data = journal([MADE])
    artifact = Artifact("$J", len(data))
    pack = load_pack(Content())
    entry = read_artifact(artifact, io.BytesIO(data), pack, lambda _: None, around).entry
    assert (entry.status, "is no table of files" in entry.reason) == ("partial", True)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("C/$Extend/$J", "file-journal"),
        ("C/$Extend/$UsnJrnl:$J", "file-journal"),
        ("$Extend/$UsnJrnl%3A$J", "file-journal"),
        ("$UsnJrnl_$J.bin", "file-journal"),
        ("C/$Extend/$UsnJrnl:$Max", ""),
        ("zeros.bin", ""),
    ],
)
def test_a_hole_is_told_by_its_name(name: str, kind: str) -> None:
    assert parsers.recognise(bytes(65536), name) == kind
    assert parsers.recognise(journal([MADE])[:65536], name) == "file-journal"


def test_reasons_are_named_as_analysts_know_them() -> None:
    assert reasons(CREATE | CLOSE) == "FileCreate|Close"
    assert reasons(0) == ""


def test_where_the_table_of_a_journal_may_lie() -> None:
    assert places("a/C/$Extend/$J") == ("a/C/$MFT", "a/C/$Extend/$MFT")
    assert places("z.zip!/C:/$extend/$UsnJrnl:$J")[0] == "z.zip!/C:/$MFT"
    assert places("a/$J") == ("a/$MFT",)
    assert places("$J") == ("$MFT",)


def packed(form: str, place: Path) -> Unit:
    """Lay table and journal down as a collection of this form has them."""
    members = {"C/$Extend/$J": journal([MADE], 8192), "C/$MFT": TABLE, "C/a.txt": b"x"}
    file = place / f"collection.{form}"
    if form == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(file, "w:gz") as archive:
            for name, data in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    return Unit(str(file), file.name, file.stat().st_size)


@pytest.mark.parametrize("form", ["zip", "tar.gz"])
def test_the_table_is_found_in_archives(form: str, tmp_path: Path) -> None:
    results = read_unit(packed(form, tmp_path), load_pack(Content()), lambda _: None, debug=True)
    kinds = {one.entry.kind: one for one in results}
    assert kinds["file-journal"].entry.status == "read", kinds["file-journal"].entry.reason
    assert "file_change_foreign_page_made" in rules(kinds["file-journal"])


def test_the_table_is_found_in_the_same_volume_of_an_image(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, ...]] = []

    def read(unit: Unit) -> list[Opened]:
        asked.append(unit.inside)
        shown = unit.inside[0].partition("/")[2]
        return [Opened(Artifact(f"disk.vhdx!/{shown}", 9), io.BytesIO(TABLE))]

    monkeypatch.setattr(filetable, "read", read)
    inside = ("1.0/C:/$Extend/$UsnJrnl:$J", "2.1/D:/$Extend/$UsnJrnl:$J")
    unit = Unit("/ev/disk.vhdx", "disk.vhdx", 1, inside=inside)
    with table_beside(unit, "disk.vhdx!/D:/$Extend/$UsnJrnl:$J") as found:
        assert found is not None
    assert asked == [("2.1/D:/$MFT",)]


@pytest.mark.parametrize("folder", ["C/$Extend", "C/$extend", "together"])
def test_the_table_is_found_in_folders(folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir(parents=True)
    beside = tmp_path / ("C" if folder.startswith("C") else folder)
    (beside / "$MFT").write_bytes(TABLE)
    file = tmp_path / folder / "$UsnJrnl_$J"
    file.write_bytes(journal([MADE]))
    unit = Unit(str(file), f"ev/{folder}/{file.name}", file.stat().st_size)
    (result,) = read_unit(unit, load_pack(Content()), lambda _: None, debug=True)
    assert "file_change_foreign_page_made" in rules(result)
    (beside / "$MFT").unlink()
    with table_beside(unit, unit.path) as found:
        assert found is None


RECORDS = [change(f"{at}.aspx", AUTH, CREATE, version=2 + at % 2) for at in range(30)]
DATA = journal([*RECORDS, ranges(), change("a", AUTH, CREATE, attributes=0x10), *RECORDS])


@settings(max_examples=150, deadline=None)
@given(changed=st.lists(st.tuples(st.integers(0, len(DATA) - 1), st.integers(0, 255))))
def test_no_bytes_stop_the_reader(changed: list[tuple[int, int]]) -> None:
    data = bytearray(DATA)
    for at, value in changed:
        data[at] = value
    for found in told(bytes(data)):
        assert len(found.names) == len(found.numbers)
        assert all(0 < len(name) <= 255 for name in found.names)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=9000), cut=st.integers(0, len(DATA)))
def test_garbage_between_pages_stops_nothing(data: bytes, cut: int) -> None:
    result = scanned(DATA[:64] + DATA[64:cut] + data + DATA)
    assert result.entry.parsed + result.entry.rejected == result.entry.lines
    assert "the reader failed" not in result.entry.reason


@pytest.mark.parametrize("kind", ["table", "journal"])
def test_the_prefilter_changes_nothing(kind: str) -> None:
    volume = Volume()
    volume.file(OWA, "x.aspx", SHELL, deleted=True)
    volume.file(("Windows",), "a.dll")
    data = volume.table() if kind == "table" else journal([MADE, *RECORDS, ranges()])
    found = []
    for prefilter in (True, False):
        pack = load_pack(Content(prefilter=prefilter))
        artifact = Artifact("C/$Extend/$J", len(data))
        result = read_artifact(
            artifact, io.BytesIO(data), pack, lambda _: None, Around(table=table)
        )
        found.append({one.rule: one.count for one in result.kept})
    assert found[0] == found[1]
    assert found[0]


def test_a_shell_in_both_tables_is_told_by_both(tmp_path: Path) -> None:
    volume = Volume()
    file = volume.file(OWA, "x.aspx", SHELL, deleted=True)
    (tmp_path / "$Extend").mkdir()
    (tmp_path / "$MFT").write_bytes(volume.table())
    gone = change("x.aspx", volume.folder(*OWA), DELETE | CLOSE, file=file)
    (tmp_path / "$Extend" / "$J").write_bytes(journal([gone], 1 << 20))
    found = set[str]()
    for name in ("$MFT", "$Extend/$J"):
        unit = Unit(str(tmp_path / name), name, (tmp_path / name).stat().st_size)
        for result in read_unit(unit, load_pack(Content()), lambda _: None, debug=True):
            found |= rules(result)
    assert {
        "file_record_foreign_page_deleted",
        "file_record_page_runs_orders",
        "file_change_foreign_page_deleted",
    } <= found


def test_a_folder_that_was_renamed_later_is_told_of() -> None:
    root, folder = reference(ROOT, ROOT), PUBLIC
    inside = change("early.aspx", folder, CREATE)
    old = change("staging", root, OLD, file=folder, attributes=0x10)
    new = change("aspnet_client", root, NEW, file=folder, attributes=0x10)
    entry = scanned(journal([inside, old, new])).entry
    assert "1 folders were renamed or moved" in entry.reason
    made = change("staging", root, CREATE, file=folder, attributes=0x10)
    assert not scanned(journal([made, inside, old, new])).entry.reason
