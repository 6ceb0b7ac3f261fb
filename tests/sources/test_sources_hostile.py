"""Whatever the bytes are: no other error than SourceError, no file written, memory constant."""

import builtins
import contextlib
import gzip
import io
import os
import tempfile
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from evidence_making import account, kept, lines, taped, zipped
from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.errors import SourceError
from extriage.sources import Limits, Opened, read, survey
from extriage.sources.limits import MIB

INNER = zipped([("i/a.log", lines(60)), ("i/b.log", b"b")], stream=True)
SEEDS = (
    zipped([("a.log", lines(80)), ("in.zip", INNER), ("ä/b", b"b")]),
    zipped([("a.log", lines(80)), ("b", b"b")], zipfile.ZIP_LZMA),
    zipped([("a.log", lines(80)), ("b", b"b")], zipfile.ZIP_BZIP2, stream=True),
    zipped([("in.zip", zipped([("s", lines(50))], zipfile.ZIP_STORED, stream=True))]),
    taped([("a.log", lines(80)), ("in.zip", INNER), ("n" * 200, b"b")]),
    taped([("a.log", lines(80)), ("in.zip", INNER)], "w:gz"),
    gzip.compress(lines(200), mtime=0) + gzip.compress(b"more", mtime=0),
)
SMALL = Limits(
    ratio_from=100_000, entries=200, total=3_000_000, file=1_000_000, unit=500, unit_entries=2
)

edits = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "drop", "copy", "zero"]),
        st.integers(0, 1_000_000),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=6,
)


@st.composite
def mutants(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for what, place, value in draw(edits):
        at = place % (len(data) + 1)
        if what == "flip":
            data[at : at + 1] = bytes([value])
        elif what == "cut":
            del data[max(at, 4) :]
        elif what == "drop":
            del data[at : at + value]
        elif what == "copy":
            data[at:at] = data[at : at + value]
        else:
            data[at : at + value] = bytes(value)
    return bytes(data)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@given(data=mutants(), size=st.sampled_from([1, 7, 4096, 1 << 20]))
@settings(max_examples=400, deadline=None)
def test_no_damage_raises_anything_else_or_writes_anything(
    folder: Path, data: bytes, size: int
) -> None:
    path = kept(folder, "x", data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(builtins, "open", _forbidden)
        patch.setattr(os, "mkdir", _forbidden)
        for unit in survey([path], SMALL).units:
            for item in read(unit, SMALL):
                if isinstance(item, Opened):
                    _drain(item, size)
                else:
                    assert item.reason
    assert [entry.name for entry in folder.iterdir()] == ["x"]
    assert path.read_bytes() == data


def _forbidden(*_: object, **__: object) -> None:
    raise AssertionError("nothing may be opened by name or made")


def _drain(item: Opened, size: int) -> None:
    buffer = bytearray(size)
    with contextlib.suppress(SourceError):
        for _ in range(3000):
            if not item.stream.readinto(memoryview(buffer)):
                return


@given(
    files=st.dictionaries(
        st.text("abcäé漢/.- ", min_size=1, max_size=30).filter(lambda name: name.strip("/. ")),
        st.binary(max_size=3000).map(b"#".__add__),
        max_size=6,
    ),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA]),
    stream=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_both_zip_readers_agree_with_the_standard_library(
    folder: Path, files: dict[str, bytes], method: int, stream: bool
) -> None:
    honest = {f"f/{name.strip('/. ')}/x": data for name, data in files.items() if ".." not in name}
    made = zipped(list(honest.items()), method, stream=stream)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        expected = {f"x!/{name}": archive.read(name) for name in archive.namelist()}
    assert account(kept(folder, "x", made)).files == expected
    inner = account(kept(folder, "x", taped([("in", made)]))).files
    assert inner == {path.replace("x!/", "x!/in!/", 1): data for path, data in expected.items()}


@pytest.mark.parametrize("kind", ["zip", "stored zip in tgz", "tgz", "zip in zip"])
def test_memory_does_not_grow_with_the_data(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    block = os.urandom(64 * 1024) + lines(200_000)
    _large(path, kind, block, 15)
    (unit,) = survey([path]).units
    buffer = bytearray(MIB)
    total = 0
    tracemalloc.start()
    try:
        for item in read(unit):
            assert isinstance(item, Opened)
            while count := item.stream.readinto(memoryview(buffer)):
                total += count
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == len(block) * 15
    assert peak < 12 * MIB


def _large(path: Path, kind: str, block: bytes, count: int) -> None:
    if kind == "tgz":
        files = [(str(number), block) for number in range(count)]
        path.write_bytes(gzip.compress(taped(files), compresslevel=1))
        return
    method = zipfile.ZIP_STORED if "stored" in kind else zipfile.ZIP_DEFLATED
    target = io.BytesIO()
    with (
        zipfile.ZipFile(target, "w", method, compresslevel=1) as archive,
        archive.open("large", "w", force_zip64=True) as file,
    ):
        for _ in range(count):
            file.write(block)
    made = target.getvalue()
    if kind == "zip in zip":
        made = zipped([("in.zip", made)])
    elif kind != "zip":
        made = gzip.compress(taped([("in.zip", made)]), compresslevel=1)
    path.write_bytes(made)


def test_a_directory_of_many_entries_is_read_quickly_and_shared(tmp_path: Path) -> None:
    path = kept(tmp_path, "x.zip", zipped([(f"folder/{n}.log", b"") for n in range(6000)]))
    units = survey([path], Limits(unit_entries=1000)).units
    assert len(units) == 1, "a small file is one unit"
    assert sum(isinstance(item, Opened) for item in read(units[0])) == 6000
