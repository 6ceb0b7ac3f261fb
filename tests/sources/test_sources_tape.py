"""Tar and gzip as collectors, GNU tar, bsdtar, Python and attackers write them."""

import gzip
import io
import random
import struct
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from evidence_making import (
    OPEN_TAR,
    Files,
    account,
    damaged_gzip,
    kept,
    lines,
    patched,
    taped,
    zipped,
)

from extriage.sources import Limits, Opened, read, survey

FILES: Files = [("./C/inetpub/x.log", lines(30_000)), ("empty", b""), ("y.log", b"y" * 512)]


def named(prefix: str) -> dict[str, bytes]:
    return {f"{prefix}!/{name.removeprefix('./')}": data for name, data in FILES}


@pytest.mark.parametrize("kind", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_every_dialect_is_read(tmp_path: Path, kind: int, mode: str) -> None:
    target = io.BytesIO()
    long = "folder/" * 30 + "ä" * (20 if kind != tarfile.USTAR_FORMAT else 1)
    if kind == tarfile.USTAR_FORMAT:
        long = "folder/" * 25 + "x"
    with OPEN_TAR(fileobj=target, mode=mode, format=kind) as archive:
        for name, data in [*FILES, (long, b"long")]:
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_614_733_324
            archive.addfile(info, io.BytesIO(data))
    path = kept(tmp_path, "x", target.getvalue())
    result = account(path)
    assert result.files == {**named("x"), f"x!/{long}": b"long"}
    assert (result.entries, result.broken) == ([], {})
    times = {
        item.artifact.modified for item in read(survey([path]).units[0]) if isinstance(item, Opened)
    }
    assert times == {datetime(2021, 3, 3, 1, 2, 4, tzinfo=UTC)}


def test_a_tar_without_a_mark_is_recognised_by_its_checksum(tmp_path: Path) -> None:
    header = bytearray(tarfile.TarInfo("old.log").tobuf(tarfile.USTAR_FORMAT))
    header[257:512] = bytes(255)
    header[124:136] = b"00000000003\0"
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    made = bytes(header) + b"abc".ljust(512, b"\0") + bytes(1024)
    assert account(kept(tmp_path, "x", made)).files == {"x!/old.log": b"abc"}


def test_text_that_says_ustar_at_the_right_place_stays_text(tmp_path: Path) -> None:
    text = (b"2021-03-03 GET /owa/" + b"a" * 300)[:257] + b"ustar" + b" 200 0 0\r\n" * 100
    assert account(kept(tmp_path, "u_ex.log", text)).files == {"u_ex.log": text}


def test_links_pipes_and_devices_are_named(tmp_path: Path) -> None:
    extra = []
    for name, kind in (
        ("symbolic", tarfile.SYMTYPE),
        ("hard", tarfile.LNKTYPE),
        ("a-again", tarfile.LNKTYPE),
        ("pipe", tarfile.FIFOTYPE),
        ("char", tarfile.CHRTYPE),
        ("block", tarfile.BLKTYPE),
        ("label", b"V"),
        ("odd", b"Q"),
        ("volume", b"M"),
    ):
        info = tarfile.TarInfo(name)
        info.type = kind
        info.linkname = "a" if name == "a-again" else "/etc/passwd"
        extra.append(info)
    result = account(kept(tmp_path, "x.tar", taped([("a", b"a")], extra=extra)))
    assert result.files == {"x.tar!/a": b"a"}
    assert result.reason("x.tar!/symbolic") == (
        "skipped: symbolic link to '/etc/passwd' in the archive: not followed"
    )
    assert result.reason("x.tar!/a-again").startswith("skipped: hard link to 'a' in the archive")
    assert result.reason("x.tar!/hard") == (
        "unreadable: hard link to '/etc/passwd', of which the archive holds nothing before it"
    )
    for name in ("pipe", "char", "block", "label", "odd", "volume"):
        status, _, reason = result.reason(f"x.tar!/{name}").partition(": ")
        assert status == ("unreadable" if name in ("odd", "volume") else "skipped")
        assert reason.endswith("in the archive: not read")


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("../x", "path that leads out of the archive as its name"),
        ("a/../../b", "path that leads out of the archive as its name"),
        ("/etc/passwd", "absolute path as its name"),
        ("C:/x", "drive letter in its name"),
        ("", "entry without a name"),
    ],
)
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_files_with_hostile_names_are_read_and_noted(
    tmp_path: Path, name: str, note: str, mode: str
) -> None:
    made = taped([("first", b"1"), (name, b"evil"), ("good", b"good")], mode)
    path = kept(tmp_path, "x.tar", made)
    before = sorted(tmp_path.parent.rglob("*"))
    result = account(path)
    assert result.files == {
        "x.tar!/first": b"1",
        f"x.tar!/{name}": b"evil",
        "x.tar!/good": b"good",
    }
    assert result.notes == {f"x.tar!/{name}": note}
    assert (result.entries, result.broken) == ([], {})
    assert sorted(tmp_path.parent.rglob("*")) == before


def test_a_zero_byte_in_a_pax_name_is_noted(tmp_path: Path) -> None:
    target = io.BytesIO()
    with OPEN_TAR(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.size, info.pax_headers = 4, {"path": "shell.aspx\0.txt"}
        archive.addfile(info, io.BytesIO(b"evil"))
    result = account(kept(tmp_path, "x.tar", target.getvalue()))
    assert result.files == {"x.tar!/shell.aspx\0.txt": b"evil"}
    assert result.notes == {"x.tar!/shell.aspx\0.txt": "zero byte in its name"}


def test_a_file_with_the_name_of_a_folder_is_read(tmp_path: Path) -> None:
    made = taped([("shell.aspx/", b"evil"), ("folder/", b""), ("folder/a", b"a")])
    result = account(kept(tmp_path, "x.tar", made))
    assert result.files == {"x.tar!/shell.aspx/": b"evil", "x.tar!/folder/a": b"a"}
    assert (result.entries, result.broken) == ([], {})


def test_duplicates_are_both_read_and_named(tmp_path: Path) -> None:
    result = account(kept(tmp_path, "x.tar", taped([("a", b"1"), ("a", b"2")])))
    assert result.files == {"x.tar!/a": b"1", "x.tar!/a [entry 2]": b"2"}
    assert result.notes == {"x.tar!/a [entry 2]": "another entry of the archive has the same name"}


def test_a_cut_archive_yields_what_is_there(tmp_path: Path) -> None:
    data = lines(30_000, 500)
    made = taped([("a", lines(100)), ("b", data)])
    result = account(kept(tmp_path, "x.tar", made[: made.find(data) + 80_000]))
    assert result.files == {"x.tar!/a": lines(100), "x.tar!/b": data[:80_000]}
    assert "cut off" in result.broken["x.tar!/b"]
    assert result.reason("x.tar") == "partial: cut off in the middle of an entry"


def test_a_missing_end_mark_is_told(tmp_path: Path) -> None:
    made = taped([("a", b"a")])
    result = account(kept(tmp_path, "x.tar", made[:1024]))
    assert result.files == {"x.tar!/a": b"a"}
    assert result.reason("x.tar") == "partial: its end mark is missing: it may be cut off"


@pytest.mark.parametrize("extra", [b"\0" * 100, b"junk"])
def test_a_last_block_that_is_short_ends_the_archive(tmp_path: Path, extra: bytes) -> None:
    result = account(kept(tmp_path, "x.tar", taped([("a", b"a")]) + extra))
    assert result.files == {"x.tar!/a": b"a"}
    assert [entry.reason for entry in result.entries] == (
        [] if extra[0] == 0 else ["cut off in the header of an entry"]
    )


def test_entries_behind_the_end_mark_are_read(tmp_path: Path) -> None:
    made = taped([("a", b"a")]) + taped([("b", b"b")])
    assert account(kept(tmp_path, "x.tar", made)).files == {"x.tar!/a": b"a", "x.tar!/b": b"b"}


def test_a_damaged_header_costs_one_entry(tmp_path: Path) -> None:
    made = bytearray(taped([("a", b"a"), ("b", b"b"), ("c", b"c")]))
    made[1024] ^= 0xFF
    result = account(kept(tmp_path, "x.tar", bytes(made)))
    assert result.files == {"x.tar!/a": b"a", "x.tar!/c": b"c"}
    assert result.reason("x.tar") == "partial: damaged header at 1,024: 1,024 bytes were not read"


def test_a_huge_long_name_is_refused(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    made = info.tobuf(tarfile.GNU_FORMAT) + bytes(4096)
    result = account(kept(tmp_path, "x.tar", made))
    assert "extended header of 1,073,741,824 bytes" in result.reason("x.tar")


def test_a_size_of_exabytes_is_only_a_cut_off_file(tmp_path: Path) -> None:
    header = bytearray(tarfile.TarInfo("a").tobuf(tarfile.USTAR_FORMAT))
    header[124:136] = b"\x80" + b"\x7f" * 11
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    result = account(kept(tmp_path, "x.tar", bytes(header) + b"abc"))
    assert result.files == {"x.tar!/a": b"abc"}
    assert "cut off" in result.broken["x.tar!/a"]


def test_a_log_that_was_compressed_on_rotation(tmp_path: Path) -> None:
    result = account(kept(tmp_path, "x.log.gz", gzip.compress(lines(30_000))))
    assert result.files == {"x.log.gz!/x.log": lines(30_000)}


def test_several_gzip_members_and_padding(tmp_path: Path) -> None:
    made = (
        gzip.compress(b"one\n", mtime=0)
        + gzip.compress(b"", mtime=0)
        + gzip.compress(b"two\n", mtime=0)
        + bytes(700)
    )
    result = account(kept(tmp_path, "x.gz", made))
    assert (result.files, result.broken) == ({"x.gz!/x": b"one\ntwo\n"}, {})


def test_gzip_headers_with_every_field(tmp_path: Path) -> None:
    body = gzip.compress(b"text", mtime=0)[10:]
    head = (
        b"\x1f\x8b\x08\x1f"
        + bytes(6)
        + struct.pack("<H", 3)
        + b"abc"
        + b"name\0comment\0"
        + b"\0\0"
    )
    assert account(kept(tmp_path, "x.gz", head + body)).files == {"x.gz!/x": b"text"}


@pytest.mark.parametrize(
    ("made", "delivered", "reason"),
    [
        (damaged_gzip(b"text"), b"text", "checksum"),
        (gzip.compress(b"text", mtime=0)[:-8], b"text", "before its checksum"),
        (gzip.compress(b"text", mtime=0) + b"junk", b"text", "not gzip"),
        (gzip.compress(lines(9000), mtime=0)[:5000], None, "cut off"),
        (gzip.compress(b"text", mtime=0)[:10] + b"\x07\x07\x07", b"", "damaged"),
    ],
)
def test_damaged_gzip_breaks_off(
    tmp_path: Path, made: bytes, delivered: bytes | None, reason: str
) -> None:
    result = account(kept(tmp_path, "x.gz", made))
    data = result.files["x.gz!/x"]
    assert data == delivered or (delivered is None and lines(9000).startswith(data) and data)
    assert reason in result.broken["x.gz!/x"]


def test_a_gzip_header_alone_is_unreadable(tmp_path: Path) -> None:
    result = account(kept(tmp_path, "x.gz", b"\x1f\x8b\x08\xff"))
    assert result.reason("x.gz").startswith("unreadable: ")


def test_a_cut_collection_yields_all_before_the_cut(tmp_path: Path) -> None:
    noise = random.Random(5).randbytes(300_000)
    inner = zipped([("i", noise)])
    made = taped([("a", lines(100)), ("in.zip", inner), ("b", b"b")], "w:gz")
    result = account(kept(tmp_path, "x.tgz", made[: len(made) // 2]))
    assert result.files["x.tgz!/a"] == lines(100)
    assert noise.startswith(result.files["x.tgz!/in.zip!/i"])
    assert len(result.files["x.tgz!/in.zip!/i"]) > 100_000
    assert "cut off" in result.reason("x.tgz")
    assert "cut off" in result.reason("x.tgz!/in.zip")


def test_a_compressed_log_in_the_second_archive_is_read(tmp_path: Path) -> None:
    second = zipped(
        [("x.log.gz", gzip.compress(b"text", mtime=0)), ("y.tgz", taped([("y", b"y")], "w:gz"))]
    )
    result = account(kept(tmp_path, "o.zip", zipped([("in.zip", second)])))
    assert result.files == {"o.zip!/in.zip!/x.log.gz!/x.log": b"text"}
    assert result.reason("o.zip!/in.zip!/y.tgz!/y.tar") == (
        "unreadable: nested too deep: archives are read 2 deep"
    )


def test_gzip_around_gzip_has_an_end(tmp_path: Path) -> None:
    made = b"text"
    for _ in range(6):
        made = gzip.compress(made, mtime=0)
    result = account(kept(tmp_path, "x", made))
    assert result.files == {}
    (entry,) = result.entries
    assert entry.status == "unreadable"
    assert "nested too deep" in entry.reason


def test_a_gzip_bomb_is_cut_off(tmp_path: Path) -> None:
    made = gzip.compress(taped([("a", b"a"), ("zeros", bytes(5_000_000))]))
    result = account(kept(tmp_path, "x.tgz", made), limits=Limits(ratio_from=1_000_000))
    assert result.files["x.tgz!/a"] == b"a"
    assert "more than 200 to 1" in result.broken["x.tgz!/zeros"]
    assert "more than 200 to 1" in result.reason("x.tgz")


def test_formats_that_are_not_supported_are_named(tmp_path: Path) -> None:
    kept(tmp_path, "coll/b", b"Rar!\x1a\x07\x01\0" + bytes(100))
    kept(tmp_path, "coll/c", b"MSCF\0\0\0\0" + bytes(100))
    kept(tmp_path, "coll/d", b"MSWIM\0\0\0" + bytes(100))
    kept(tmp_path, "coll/e", zipped([("logs.rar", b"Rar!\x1a\x07\x01\0" + bytes(100))]))
    result = account(tmp_path / "coll")
    assert result.files == {}
    assert [entry.reason for entry in result.entries] == [
        "RAR archive: not supported",
        "cabinet (CAB) archive: not supported",
        "Windows image (WIM): not supported",
        "RAR archive: not supported",
    ]
    assert {entry.status for entry in result.entries} == {"unreadable"}
    assert result.entries[-1].path == "coll/e!/logs.rar"


def test_sparse_files_are_named(tmp_path: Path) -> None:
    made = patched(taped([("a", b"a")]), b"ustar", b"ustar")
    raw = bytearray(made)
    raw[156:157] = b"S"
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    result = account(kept(tmp_path, "x.tar", bytes(raw)))
    assert result.reason("x.tar!/a") == "unreadable: sparse file in the archive: not supported"
