"""Zip archives as collectors, Windows, Go and attackers write them."""

import io
import random
import struct
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from evidence_making import Files, account, crc, flagged, kept, lines, patched, taped, zipped

from extriage.sources import Limits, Opened, read, survey

FILES: Files = [("C/inetpub/x.log", lines(30_000)), ("C/empty", b""), ("y.log", b"y" * 5000)]
EXPECTED = {f"x.zip!/{name}": data for name, data in FILES}
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_read(tmp_path: Path, method: int, stream: bool) -> None:
    result = account(kept(tmp_path, "x.zip", zipped(FILES, method, stream=stream)))
    assert (result.files, result.entries, result.broken) == (EXPECTED, [], {})


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("outer", ["zip", "tar", "tgz"])
def test_an_inner_archive_is_read_in_one_pass(
    tmp_path: Path, method: int, stream: bool, outer: str
) -> None:
    inner = zipped(FILES, method, stream=stream)
    around = [("first", b"1"), ("in.zip", inner), ("last", lines(100))]
    made = zipped(around) if outer == "zip" else taped(around, "w:gz" if outer == "tgz" else "w")
    result = account(kept(tmp_path, "o", made))
    expected = {f"o!/in.zip!/{name}": data for name, data in FILES}
    assert result.files == {"o!/first": b"1", **expected, "o!/last": lines(100)}
    assert (result.entries, result.broken) == ([], {})


def test_stored_data_of_unknown_length_may_hold_marks(tmp_path: Path) -> None:
    rng = random.Random(7)
    data = b"".join(
        rng.choice([b"PK\x07\x08", b"PK\x03\x04", b"PK", b"\0" * 9]) for _ in range(50_000)
    )
    inner = zipped([("a", data), ("b", data[:7])], zipfile.ZIP_STORED, stream=True)
    result = account(kept(tmp_path, "o.tgz", taped([("in.zip", inner)], "w:gz")))
    assert result.files == {"o.tgz!/in.zip!/a": data, "o.tgz!/in.zip!/b": data[:7]}
    assert (result.entries, result.broken) == ([], {})


def test_abandoned_files_do_not_disturb_the_next(tmp_path: Path) -> None:
    for stream in (False, True):
        inner = zipped(FILES, stream=stream)
        path = kept(tmp_path, f"{stream}.tgz", taped([("in.zip", inner), ("z", b"z")], "w:gz"))
        items = []
        for item in read(survey([path]).units[0]):
            assert isinstance(item, Opened)
            items.append((item.artifact.path.rpartition("/")[2], item.stream.read(1)))
        assert items == [("x.log", b"0"), ("empty", b""), ("y.log", b"y"), ("z", b"z")]


def test_the_third_archive_is_named_and_not_opened(tmp_path: Path) -> None:
    third = zipped([("x", b"x")])
    second = zipped([("third.zip", third), ("x.log", b"x")])
    result = account(kept(tmp_path, "first.zip", zipped([("second.zip", second)])))
    assert result.files == {"first.zip!/second.zip!/x.log": b"x"}
    assert result.reason("first.zip!/second.zip!/third.zip") == (
        "unreadable: nested too deep: archives are read 2 deep"
    )


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_encrypted_entries_are_named(tmp_path: Path, nested: bool, stream: bool) -> None:
    made = flagged(zipped([("a", lines(9000)), ("b", b"2")], stream=stream), 1)
    prefix = "x.zip!/"
    if nested:
        made, prefix = zipped([("in.zip", made)]), "x.zip!/in.zip!/"
    result = account(kept(tmp_path, "x.zip", made))
    assert result.files == {}
    for name in "ab":
        assert result.reason(prefix + name) == "unreadable: encrypted: password needed"


@pytest.mark.parametrize("nested", [False, True])
def test_folders_of_an_encrypted_archive_are_no_lost_evidence(tmp_path: Path, nested: bool) -> None:
    made = flagged(zipped([("f/", b""), ("f/a", b"a"), ("/b", b"b")], zipfile.ZIP_STORED), 1)
    prefix = "x.zip!/"
    if nested:
        made, prefix = zipped([("in.zip", made)]), "x.zip!/in.zip!/"
    result = account(kept(tmp_path, "x.zip", made))
    assert result.reason(f"{prefix}f/") == "skipped: folder in the archive: nothing to read"
    assert result.reason(f"{prefix}f/a") == "unreadable: encrypted: password needed"
    assert result.reason(f"{prefix}/b") == (
        "unreadable: absolute path as its name; encrypted: password needed"
    )


def test_compression_that_is_not_supported_is_named(tmp_path: Path) -> None:
    raw = bytearray(zipped([("a", b"a" * 100), ("b", b"b")]))
    struct.pack_into("<H", raw, 8, 98)
    struct.pack_into("<H", raw, raw.find(b"PK\x01\x02") + 10, 98)
    result = account(kept(tmp_path, "x.zip", bytes(raw)))
    assert result.files == {"x.zip!/b": b"b"}
    assert result.reason("x.zip!/a") == "unreadable: compression not supported: PPMd"


def test_symbolic_links_and_pipes_in_a_zip_are_named(tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, mode in (("link", 0o120777), ("pipe", 0o010644), ("file", 0o100644)):
            info = zipfile.ZipInfo(name)
            info.create_system, info.external_attr = 3, mode << 16
            archive.writestr(info, b"/etc/passwd")
    result = account(kept(tmp_path, "x.zip", target.getvalue()))
    assert list(result.files) == ["x.zip!/file"]
    assert result.reason("x.zip!/link").startswith("skipped: symbolic link")
    assert result.reason("x.zip!/pipe").startswith("skipped: pipe")


@pytest.mark.parametrize("nested", [False, True])
def test_a_wrong_checksum_breaks_off_at_the_end(tmp_path: Path, nested: bool) -> None:
    data = lines(30_000)
    made = zipped([("a", data), ("b", b"b")])
    made = patched(made, struct.pack("<I", crc(data)), struct.pack("<I", crc(data) ^ 1))
    prefix = "x.zip!/"
    if nested:
        made, prefix = zipped([("in.zip", made)]), "x.zip!/in.zip!/"
    result = account(kept(tmp_path, "x.zip", made))
    assert result.files == {f"{prefix}a": data, f"{prefix}b": b"b"}
    assert result.broken == {f"{prefix}a": "its checksum (CRC-32) is wrong: the data is damaged"}


def test_damaged_data_is_delivered_up_to_the_damage(tmp_path: Path) -> None:
    data = lines(50_000)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    good = packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)
    made = zipped([("a", good + b"\x07" * 50), ("b", b"b")], zipfile.ZIP_STORED)
    raw = bytearray(made)
    for mark, place in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        struct.pack_into("<H", raw, raw.find(mark) + place, 8)
    result = account(kept(tmp_path, "x.zip", bytes(raw)))
    assert result.files == {"x.zip!/a": data[:-1], "x.zip!/b": b"b"}
    assert result.broken == {"x.zip!/a": "compressed data is damaged (invalid block type)"}


def test_an_archive_without_its_directory_is_salvaged(tmp_path: Path) -> None:
    made = zipped(FILES)
    result = account(kept(tmp_path, "x.zip", made[: made.find(b"PK\x01\x02") - 20]))
    assert result.files.pop("x.zip!/y.log") == b"y" * 5000 or "x.zip!/y.log" in result.broken
    assert result.files == {path: EXPECTED[path] for path in list(EXPECTED)[:2]}
    assert result.reason("x.zip").startswith("partial: the directory at its end is missing")


def test_a_damaged_directory_is_salvaged(tmp_path: Path) -> None:
    made = bytearray(zipped(FILES))
    second = made.find(b"PK\x01\x02", made.find(b"PK\x01\x02") + 4)
    made[second : second + 4] = b"XXXX"
    result = account(kept(tmp_path, "x.zip", bytes(made)))
    assert result.files == EXPECTED
    assert "lists 1 of 3 entries" in result.reason("x.zip")


def test_hidden_entries_of_an_inner_archive_are_noticed(tmp_path: Path) -> None:
    hidden = zipped([("shell.aspx", b"hidden")])
    hidden = hidden[: hidden.find(b"PK\x01\x02")]
    inner = hidden + b"junk between" + zipped([("a", b"a")])
    result = account(kept(tmp_path, "x.zip", zipped([("in.zip", inner)])))
    assert result.files == {"x.zip!/in.zip!/shell.aspx": b"hidden", "x.zip!/in.zip!/a": b"a"}
    reasons = [entry.reason for entry in result.entries]
    assert reasons == [
        f"12 bytes at {len(hidden)} belong to no entry: not read",
        "1 of its entries are not in its own directory (deleted or hidden)",
    ]


def test_data_in_front_of_an_archive_does_not_hide_it(tmp_path: Path) -> None:
    first = zipped([("decoy", b"decoy")])
    result = account(kept(tmp_path, "x.zip", first + zipped(FILES)))
    assert result.files == EXPECTED


def test_a_header_that_names_another_file_is_noted(tmp_path: Path) -> None:
    made = zipped([("name1", b"x")])
    made = made.replace(b"name1", b"name2", 1)
    result = account(kept(tmp_path, "x.zip", made))
    assert result.files == {"x.zip!/name1": b"x"}
    assert result.notes == {"x.zip!/name1": "its own header names it 'name2'"}


def test_overlapping_entries_are_named(tmp_path: Path) -> None:
    made = zipped([("a", lines(1000)), ("b", lines(1000))])
    directory = made.find(b"PK\x01\x02")
    second = made.find(b"PK\x01\x02", directory + 4)
    raw = bytearray(made)
    struct.pack_into("<I", raw, second + 42, 0)
    result = account(kept(tmp_path, "x.zip", bytes(raw)))
    assert list(result.files) == ["x.zip!/a"]
    assert result.reason("x.zip!/b") == "unreadable: its data overlaps another entry's: not read"


def test_an_entry_that_points_nowhere_is_unreadable(tmp_path: Path) -> None:
    raw = bytearray(zipped([("a", b"a"), ("b", b"b")]))
    struct.pack_into("<I", raw, raw.rfind(b"PK\x01\x02") + 42, len(raw) - 40)
    result = account(kept(tmp_path, "x.zip", bytes(raw)))
    assert result.files == {"x.zip!/a": b"a"}
    assert result.reason("x.zip!/b") == (
        "unreadable: its data is not where the archive's directory says"
    )


def test_bombs_are_cut_off_with_a_reason(tmp_path: Path) -> None:
    made = zipped([("bomb", bytes(3_000_000)), ("good", lines(100))])
    limits = Limits(ratio_from=1_000_000)
    for nested in (False, True):
        data = zipped([("in.zip", made)], zipfile.ZIP_STORED) if nested else made
        prefix = "x.zip!/in.zip!/" if nested else "x.zip!/"
        result = account(kept(tmp_path, "x.zip", data), limits=limits)
        assert "more than 200 to 1" in result.broken[f"{prefix}bomb"]
        assert 1_000_000 <= len(result.files[f"{prefix}bomb"]) < 1_200_000
        assert result.files[f"{prefix}good"] == lines(100)


def test_large_files_and_large_totals_are_cut_off(tmp_path: Path) -> None:
    path = kept(tmp_path, "x.zip", zipped([("a", lines(3000)), ("b", lines(3000))]))
    result = account(path, limits=Limits(file=10_000))
    assert {name: len(data) for name, data in result.files.items()} == {
        "x.zip!/a": 10_000,
        "x.zip!/b": 10_000,
    }
    assert set(result.broken.values()) == {"larger than 10,000 bytes: the rest was not read"}
    result = account(path, limits=Limits(total=60_000))
    assert result.files["x.zip!/a"] == lines(3000)
    assert "more than 60,000 bytes in all" in result.broken["x.zip!/b"]


def test_too_many_entries_are_cut_off(tmp_path: Path) -> None:
    made = zipped([(str(n), b"") for n in range(20)])
    for data in (made, zipped([("in.zip", made)])):
        result = account(kept(tmp_path, "x.zip", data), limits=Limits(entries=10))
        assert 8 < len(result.files) <= 10
        assert result.entries
        assert all("10" in entry.reason and entry.status == "partial" for entry in result.entries)


def test_an_archive_of_which_the_caps_leave_nothing_is_unreadable(tmp_path: Path) -> None:
    made = zipped([("in.zip", zipped([("a", b"a")]))])
    result = account(kept(tmp_path, "x.zip", made), limits=Limits(entries=1))
    assert result.files == {}
    assert result.reason("x.zip!/in.zip") == (
        "unreadable: holds more than 1 entries: the rest was not read"
    )


def test_zip64_sizes_and_end_are_read(tmp_path: Path) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(300):
            with archive.open(zipfile.ZipInfo(f"{number}"), "w", force_zip64=True) as file:
                file.write(b"%d" % number)
    made = target.getvalue()
    for data, prefix in ((made, "x.zip!/"), (zipped([("i", made)]), "x.zip!/i!/")):
        result = account(kept(tmp_path, "x.zip", data))
        assert result.files == {f"{prefix}{n}": b"%d" % n for n in range(len(result.files))}
        assert len(result.files) == 300
        assert result.entries == []


def test_the_zip64_end_record_is_used(tmp_path: Path) -> None:
    made = zipped(FILES)
    end = made.rfind(b"PK\x05\x06")
    _, _, _, _, count, size, offset, _ = struct.unpack("<4s4H2IH", made[end:])
    wide = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, size, offset)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    short = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 2**32 - 1, 2**32 - 1, 0)
    result = account(kept(tmp_path, "x.zip", made[:end] + wide + locator + short))
    assert (result.files, result.entries) == (EXPECTED, [])


def test_times_are_those_that_say_utc(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("a", (2021, 3, 3, 1, 2, 4))
    info.extra = struct.pack("<HHBi", 0x5455, 5, 1, 1_614_733_324)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(info, b"a")
        archive.writestr(zipfile.ZipInfo("b", (2021, 3, 3, 1, 2, 4)), b"b")
    items = list(read(survey([kept(tmp_path, "x.zip", target.getvalue())]).units[0]))
    times = [item.artifact.modified for item in items if isinstance(item, Opened)]
    assert times == [datetime(2021, 3, 3, 1, 2, 4, tzinfo=UTC), None]


def test_an_empty_archive_is_a_row(tmp_path: Path) -> None:
    result = account(kept(tmp_path, "x.zip", zipped([])))
    assert result.reason("x.zip") == "read: archive without files"
