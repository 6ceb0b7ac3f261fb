"""7z archives, and files packed with bzip2, xz, Zstandard or Deflate64, honest and hostile."""

import bz2
import importlib
import io
import lzma
import subprocess
import sys
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import inflate64
import py7zr
import pytest
from collected import zipped_deflate64
from evidence_making import account, kept, lines, taped, zipped
from hypothesis import given, settings
from hypothesis import strategies as st
from py7zr.properties import FILTER_DEFLATE64

from extriage.errors import SourceError
from extriage.sources import DEFAULT, Limits
from extriage.sources.archives import sevenarchive, sevenzip
from extriage.sources.archives.expansion import ChainReader, bzip2_codec, xz_codec
from extriage.sources.files import open_file
from extriage.sources.limits import Budget
from extriage.sources.stream import Stream

LOG = lines(20_000)
PROGRAM = b"MZ" + bytes(range(256)) * 40 + b"\xe8\x10\x20\x00\x00" * 500
FILES = {"C/inetpub/u_ex1.log": LOG, "C/b.txt": b"hello\n", "C/empty.txt": b"", "C/p.exe": PROGRAM}
ZSTD: Any = importlib.import_module(
    "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
)

CHAINS: dict[str, list[dict[str, int]]] = {
    "LZMA2": [{"id": py7zr.FILTER_LZMA2, "preset": 6}],
    "LZMA": [{"id": py7zr.FILTER_LZMA, "preset": 6}],
    "LZMA2 after BCJ": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA2, "preset": 6}],
    "LZMA after BCJ": [{"id": py7zr.FILTER_X86}, {"id": py7zr.FILTER_LZMA, "preset": 6}],
    "LZMA2 after delta": [
        {"id": py7zr.FILTER_DELTA, "dist": 4},
        {"id": py7zr.FILTER_LZMA2, "preset": 6},
    ],
    "copy": [{"id": py7zr.FILTER_COPY}],
    "bzip2": [{"id": py7zr.FILTER_BZIP2}],
    "deflate": [{"id": py7zr.FILTER_DEFLATE}],
    "Deflate64": [{"id": FILTER_DEFLATE64}],
    "Zstandard": [{"id": py7zr.FILTER_ZSTD, "level": 3}],
}


def seven(files: dict[str, bytes], chain: str = "LZMA2", password: str | None = None) -> bytes:
    made = io.BytesIO()
    filters = None if password else CHAINS[chain]
    with py7zr.SevenZipFile(made, "w", filters=filters, password=password) as archive:
        for name, data in files.items():
            archive.writestr(data, name)
    return made.getvalue()


@pytest.mark.parametrize("chain", CHAINS)
def test_files_of_a_7z_archive_are_read_whatever_it_is_compressed_with(
    chain: str, tmp_path: Path
) -> None:
    result = account(kept(tmp_path, "x.7z", seven(FILES, chain)))
    assert result.files == {f"x.7z!/{name}": data for name, data in FILES.items()}
    assert (result.entries, result.broken) == ([], {})


def test_an_encrypted_7z_archive_says_so_for_each_file(tmp_path: Path) -> None:
    result = account(kept(tmp_path, "x.7z", seven({"a.log": LOG}, password="secret")))
    assert result.reason("x.7z!/a.log") == "unreadable: encrypted: password needed"


def test_archives_inside_a_7z_archive_are_read(tmp_path: Path) -> None:
    inner = zipped([("u_ex.log", LOG)])
    result = account(kept(tmp_path, "x.7z", seven({"EX01.zip": inner, "t": taped([("a", b"a")])})))
    assert result.files == {"x.7z!/EX01.zip!/u_ex.log": LOG, "x.7z!/t!/a": b"a"}


def test_a_page_inside_a_7z_archive_stays_a_page(tmp_path: Path) -> None:
    page = zipped([("a", b"a")])
    assert account(kept(tmp_path, "x.7z", seven({"x.aspx": page}))).files == {"x.7z!/x.aspx": page}


def test_damage_in_a_7z_archive_costs_what_stands_behind_it(tmp_path: Path) -> None:
    raw = bytearray(seven({"a.log": LOG, "b.log": LOG[::-1]}, "copy"))
    raw[32 + 100] ^= 0xFF
    result = account(kept(tmp_path, "x.7z", bytes(raw)))
    assert result.broken == {"x.7z!/a.log": "its checksum (CRC-32) is wrong: the data is damaged"}
    assert result.files["x.7z!/b.log"] == LOG[::-1]


def test_a_7z_archive_that_is_cut_off_is_unreadable(tmp_path: Path) -> None:
    raw = seven({"a.log": LOG})
    result = account(kept(tmp_path, "x.7z", raw[: len(raw) // 2]))
    assert result.reason("x.7z") == ("unreadable: cut off: the directory at its end is missing")


def test_a_7z_bomb_is_cut_off(tmp_path: Path) -> None:
    raw = seven({"zeros": bytes(5_000_000)})
    result = account(kept(tmp_path, "x.7z", raw), limits=Limits(ratio_from=1_000_000))
    assert "more than 200 to 1" in result.broken["x.7z!/zeros"]


def test_a_7z_archive_that_asks_for_much_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sevenarchive, "MAX_DICTIONARY", 1 << 16)
    result = account(kept(tmp_path, "x.7z", seven({"a.log": LOG})))
    assert "LZMA dictionary is larger than 65,536 bytes" in result.reason("x.7z!/a.log")


def test_only_so_many_entries_of_a_7z_archive_are_read(tmp_path: Path) -> None:
    raw = seven({f"{number}.log": b"x" for number in range(9)})
    result = account(kept(tmp_path, "x.7z", raw), limits=Limits(entries=3))
    assert len(result.files) == 3
    assert result.reason("x.7z") == "partial: holds more than 3 entries: the rest was not read"


def test_without_the_extra_the_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sevenzip, "_LIBRARIES", dict.fromkeys(sevenzip._LIBRARIES, ("extriage_no_such_library",))
    )
    kept(tmp_path, "in/a.7z", seven({"a.log": LOG}))
    kept(tmp_path, "in/b.zip", zipped_deflate64([("b.log", LOG)]))
    kept(tmp_path, "in/c.zst", ZSTD.compress(LOG))
    result = account(tmp_path / "in")
    command = 'needs the extra 7z: install it with: pip install "extriage[7z]"'
    assert result.files == {}
    assert result.reason("in/a.7z") == f"unreadable: 7z archive {command}"
    assert result.reason("in/b.zip!/b.log") == f"unreadable: Deflate64 {command}"
    assert result.reason("in/c.zst") == f"unreadable: Zstandard compression {command}"


def test_the_zip_of_windows_explorer_is_read(tmp_path: Path) -> None:
    made = zipped_deflate64([("a.log", LOG), ("b.log", b"b" * 300_000)])
    result = account(kept(tmp_path, "x.zip", made))
    assert result.files == {"x.zip!/a.log": LOG, "x.zip!/b.log": b"b" * 300_000}
    nested = account(kept(tmp_path, "y.zip", zipped([("x.zip", made)])))
    assert nested.files == {f"y.zip!/{name}": data for name, data in result.files.items()}


def test_a_bomb_in_deflate64_is_cut_off(tmp_path: Path) -> None:
    made = zipped_deflate64([("zeros", bytes(5_000_000))])
    result = account(kept(tmp_path, "x.zip", made), limits=Limits(ratio_from=1_000_000))
    assert "more than 200 to 1" in result.broken["x.zip!/zeros"]


def test_damaged_deflate64_gives_what_stands_before_the_damage(tmp_path: Path) -> None:
    raw = bytearray(zipped_deflate64([("a.log", LOG)]))
    for at in range(60_000, 60_100):
        raw[at] ^= 0xFF
    result = account(kept(tmp_path, "x.zip", bytes(raw)))
    assert "damaged" in result.broken["x.zip!/a.log"]
    assert LOG.startswith(result.files["x.zip!/a.log"][:10_000])


PACKED = {
    "a.log.bz2": bz2.compress(LOG),
    "a.log.xz": lzma.compress(LOG),
    "a.log.zst": ZSTD.compress(LOG),
}


@pytest.mark.parametrize("name", PACKED)
def test_packed_files_are_read(name: str, tmp_path: Path) -> None:
    result = account(kept(tmp_path, f"in/{name}", PACKED[name]))
    assert result.files == {f"{name}!/a.log": LOG}


@pytest.mark.parametrize("name", PACKED)
def test_packed_files_may_consist_of_several_streams(name: str, tmp_path: Path) -> None:
    result = account(kept(tmp_path, f"in/{name}", PACKED[name] * 2))
    assert result.files == {f"{name}!/a.log": LOG * 2}


@pytest.mark.parametrize("name", PACKED)
def test_packed_files_that_are_cut_off_say_so(name: str, tmp_path: Path) -> None:
    result = account(kept(tmp_path, f"in/{name}", PACKED[name][:-20]))
    assert "cut off" in result.broken[f"{name}!/a.log"]


@pytest.mark.parametrize("name", PACKED)
def test_what_follows_packed_data_is_not_passed_over(name: str, tmp_path: Path) -> None:
    result = account(kept(tmp_path, f"in/{name}", PACKED[name] + b"and more"))
    assert "data of another kind follows" in result.broken[f"{name}!/a.log"]


def test_packed_tars_are_read(tmp_path: Path) -> None:
    tape = taped([("C/u_ex.log", LOG)])
    kept(tmp_path, "in/a.tar.xz", lzma.compress(tape))
    kept(tmp_path, "in/b.tbz2", bz2.compress(tape))
    kept(tmp_path, "in/c.tar.zst", ZSTD.compress(tape))
    assert account(tmp_path / "in").files == {
        f"in/{name}!/C/u_ex.log": LOG for name in ("a.tar.xz", "b.tbz2", "c.tar.zst")
    }


def test_an_xz_file_that_asks_for_much_memory_is_refused(tmp_path: Path) -> None:
    small = lzma.LZMACompressor(filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 16}])
    raw = bytearray(small.compress(b"text") + small.flush())
    at = raw.index(b"\x21\x01") + 2
    raw[at] = 36  # the code of a dictionary of one gigabyte
    raw[20:24] = zlib.crc32(raw[12:20]).to_bytes(4, "little")
    result = account(kept(tmp_path, "a.xz", bytes(raw)))
    assert "Memory usage limit" in result.broken["a.xz!/a"]


@pytest.fixture(scope="module")
def archives() -> dict[str, bytes]:
    files = {"a": LOG[:3000], "b/c": PROGRAM[:500], "d": b""}
    return {chain: seven(files, chain) for chain in CHAINS}


@given(
    st.sampled_from(sorted(CHAINS)),
    st.lists(st.tuples(st.integers(0, 9_999), st.integers(0, 255)), min_size=1, max_size=4),
    st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_no_damage_to_a_7z_archive_stops_a_scan(
    tmp_path_factory: pytest.TempPathFactory,
    archives: dict[str, bytes],
    chain: str,
    changes: list[tuple[int, int]],
    fitting: bool,
) -> None:
    raw = bytearray(archives[chain])
    for place, value in changes:
        raw[place * len(raw) // 10_000] = value
    if fitting:  # whoever changes a directory on purpose makes its checksums fit
        start, size = (int.from_bytes(raw[at : at + 8], "little") for at in (12, 20))
        if 32 + start + size <= len(raw):
            raw[28:32] = zlib.crc32(raw[32 + start : 32 + start + size]).to_bytes(4, "little")
        raw[8:12] = zlib.crc32(raw[12:32]).to_bytes(4, "little")
    path = tmp_path_factory.mktemp("garbage") / "x.7z"
    path.write_bytes(raw)
    result = account(path)
    assert result.files or result.entries


@given(st.binary(max_size=400), st.sampled_from(["bzip2", "xz", "zstd"]))
@settings(max_examples=60, deadline=None)
def test_no_packed_garbage_raises_anything_but_a_source_error(data: bytes, kind: str) -> None:
    codec = {"bzip2": bzip2_codec, "xz": xz_codec, "zstd": sevenzip.zstd_codec}[kind]
    mark = {"bzip2": b"BZh", "xz": b"\xfd7zXZ\0", "zstd": sevenzip.ZSTANDARD_MARK}[kind]
    pieces = iter([mark + data])
    reader = ChainReader(Stream(lambda _: next(pieces, b"")), codec, mark, Budget(DEFAULT))
    with suppress(SourceError):
        for _ in range(10_000):
            assert len(reader.fetch(1000)) <= 1000


@given(st.binary(max_size=2000), st.binary(max_size=100))
@settings(max_examples=40, deadline=None)
def test_deflate64_gives_back_what_went_in(data: bytes, after: bytes) -> None:
    deflater = inflate64.Deflater()
    packed = bytes(deflater.deflate(data * 9) + deflater.flush())
    codec, made = sevenzip.deflate64_codec(), b""
    pieces = [packed[at : at + 777] for at in range(0, len(packed), 777)]
    while not codec.eof:
        made += codec.decompress(pieces.pop(0) if codec.needs_input else b"", 100)
    assert made == data * 9


def test_nothing_of_the_extra_is_imported_before_it_is_needed() -> None:
    command = (
        "import sys, extriage.cli, extriage.sources;"
        "sys.exit(any(name in sys.modules for name in ('py7zr', 'inflate64', 'backports.zstd')))"
    )
    assert subprocess.run([sys.executable, "-c", command], check=False).returncode == 0


def test_the_directory_is_read_where_it_stands(tmp_path: Path) -> None:
    path = kept(tmp_path, "x.7z", seven({"a.log": LOG}))
    with open_file(str(path)) as file:
        (member,) = sevenarchive.read_sevenzip(file, Budget(DEFAULT))
    assert (getattr(member, "name", ""), getattr(member, "size", 0)) == ("a.log", len(LOG))
