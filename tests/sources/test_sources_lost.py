"""What collections and archives lose is told: damaged logs and heads, names without Unicode."""

import bz2
import gzip
import io
import json
import lzma
import random
import struct
from collections.abc import Callable
from pathlib import Path

import py7zr
import pytest
from evidence_making import account, crc, kept, lines, zipped

from extriage.sources import Limits

HOLE = bytes(3_000_000)
RECORDS = random.Random(8).randbytes(6000)
SMALL = Limits(ratio_from=1_000_000)
HEAD = "\ufeffSourceFile,SourceFileSha1,Reason\r\n"
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}
VOLUME = (b"\xebR\x90NTFS    ").ljust(510, b"\0") + b"\x55\xaa"


def seven(files: dict[str, bytes]) -> bytes:
    made = io.BytesIO()
    with py7zr.SevenZipFile(made, "w") as archive:
        archive.set_encoded_header_mode(False)
        for name, data in files.items():
            archive.writestr(data, name)
    return made.getvalue()


def rows(folder: Path) -> dict[str, str]:
    return {one.path: f"{one.status}: {one.reason}" for one in account(folder).entries}


@pytest.mark.parametrize("name", ["C/$Extend/$J", "$UsnJrnl%3A%24J"])
def test_the_hole_at_the_head_of_a_change_journal_is_no_bomb(tmp_path: Path, name: str) -> None:
    files = [(name, HOLE + RECORDS), ("C/x.log", HOLE + RECORDS)]
    for made in (zipped(files), seven(dict(files))):
        result = account(kept(tmp_path, "x", made), limits=SMALL)
        assert result.files[f"x!/{name}"] == HOLE + RECORDS
        assert result.broken.keys() == {"x!/C/x.log"}, "other zeros are a bomb"
        result = account(tmp_path / "x", limits=Limits(file=2_000_000))
        assert result.broken.keys() == {"x!/C/x.log"}, "other files have less room"


@pytest.mark.parametrize("ending", PACKED)
def test_a_packed_change_journal_is_read_to_its_records(tmp_path: Path, ending: str) -> None:
    path = kept(tmp_path, f"$J.{ending}", PACKED[ending](HOLE + RECORDS))
    result = account(path, limits=SMALL)
    assert result.files == {f"$J.{ending}!/$J": HOLE + RECORDS}
    assert not result.broken


def test_a_journal_that_is_no_hole_is_cut_off_like_any_bomb(tmp_path: Path) -> None:
    path = kept(tmp_path, "x.zip", zipped([("$J", b"A" * 3_000_000)]))
    assert "$J" in next(iter(account(path, limits=SMALL).broken))
    total = Limits(ratio_from=1_000_000, total=2_000_000)
    path = kept(tmp_path, "y.zip", zipped([("$J", HOLE)]))
    assert "y.zip!/$J" in account(path, limits=total).broken, "a hole has an end too"


def test_a_disk_image_in_an_archive_is_named_with_what_to_do(tmp_path: Path) -> None:
    files = [("EX01.vhdx", b"vhdxfile".ljust(9000, b"\0")), ("EX01.dd", VOLUME), ("a.log", b"a")]
    result = account(kept(tmp_path, "x.zip", zipped(files)))
    assert result.files == {"x.zip!/a.log": b"a"}
    said = "inside another file: unpack it and give it by itself"
    assert result.reason("x.zip!/EX01.vhdx") == f"unreadable: disk image (VHDX) {said}"
    assert result.reason("x.zip!/EX01.dd") == f"unreadable: disk image (raw) {said}"


def test_a_stump_of_a_disk_image_is_no_unknown_file(tmp_path: Path) -> None:
    result = account(kept(tmp_path, "EX01.dd", VOLUME + bytes(5000)))
    assert result.reason("EX01.dd") == (
        "unreadable: disk image (raw) of less than a megabyte: cut off, or only a part of one"
    )


def test_names_that_are_no_unicode_can_be_held_by_a_case(tmp_path: Path) -> None:
    failed = {
        "artifact_type": "file",
        "artifact_value": "C:/inetpub/\ud800.aspx",
        "details": "\udcff",
    }
    report = {"target": "local", "modules-successful": [], "x": {"failure": [failed]}}
    kept(tmp_path, "EX01/EX01.report.json", json.dumps(report).encode())
    found = rows(tmp_path / "EX01")
    text = json.dumps(found, ensure_ascii=False).encode("utf-8")
    assert b"C:/inetpub/\\\\ud800.aspx" in text


@pytest.mark.parametrize("row", ["{0},", '"{0},AA,x', "{0}"])
def test_a_damaged_row_of_kapes_log_still_names_its_file(tmp_path: Path, row: str) -> None:
    page = "C:\\inetpub\\wwwroot\\x.aspx"
    whole = "C:\\inetpub\\wwwroot\\after.aspx,AA,Locked\r\n"
    kept(tmp_path, "EX01/run_SkipLog.csv", (HEAD + row.format(page) + "\r\n" + whole).encode())
    found = rows(tmp_path / "EX01")
    assert found["EX01/C:/inetpub/wwwroot/x.aspx"] == (
        "unreadable: KAPE did not take it: its row in the log is damaged"
    )
    assert "EX01/C:/inetpub/wwwroot/after.aspx" in found


@pytest.mark.parametrize("size", ["9" * 5000, "[" * 3000 + "]" * 3000])
def test_a_log_that_no_reader_takes_is_told_as_read_in_part(tmp_path: Path, size: str) -> None:
    row = '{{"Timestamp":"x","vfs_path":"C:/{}.aspx","Type":"","_Components":["C:","{}.aspx"],' \
        '"file_size":{},"uploaded_size":1}}'  # fmt: skip
    text = "\n".join([row.format("x", "x", 9), row.format("y", "y", size), row.format("z", "z", 9)])
    kept(tmp_path, "EX01/uploads.json", text.encode())
    found = rows(tmp_path / "EX01")
    assert any(said.startswith("unreadable: Velociraptor took only 1") for said in found.values())
    said = found["EX01/uploads.json"]
    assert said.startswith("partial")
    assert said.endswith("damaged after 1 files: not read to its end")


def test_a_7z_archive_with_a_damaged_head_is_told_so(tmp_path: Path) -> None:
    raw = bytearray(seven({"a.log": lines(50)}))
    raw[21] ^= 0x01
    result = account(kept(tmp_path, "x.7z", bytes(raw)))
    assert result.reason("x.7z") == "unreadable: its header is damaged: the checksum is wrong"


def test_a_7z_name_that_is_no_unicode_becomes_visible(tmp_path: Path) -> None:
    raw = bytearray(seven({"aQb.log": lines(50)}))
    start, size = struct.unpack_from("<QQ", raw, 12)
    at = raw.index("aQb".encode("utf-16-le")) + 2
    raw[at : at + 2] = b"\x00\xd8"
    raw[28:32] = struct.pack("<I", crc(bytes(raw[32 + start : 32 + start + size])))
    raw[8:12] = struct.pack("<I", crc(bytes(raw[12:32])))
    result = account(kept(tmp_path, "x.7z", bytes(raw)))
    assert result.files == {"x.7z!/a\ufffdb.log": lines(50)}
