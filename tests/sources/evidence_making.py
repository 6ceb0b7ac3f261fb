"""Archives made at run time, honest and hostile, and a short account of what was read of them."""

import gzip
import io
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from extriage.errors import SourceError
from extriage.model.evidence import Entry
from extriage.sources import DEFAULT, Limits, Opened, read, survey

Files = Sequence[tuple[str, bytes]]


def lines(count: int, start: int = 0) -> bytes:
    """Return text that compresses like a log, not like a bomb."""
    return b"".join(b"%d,%08x\n" % (n, n * 2654435761 % 2**32) for n in range(start, start + count))


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED, *, stream: bool = False) -> bytes:
    """Return a zip archive; `stream` writes sizes behind the data, as a pipe forces it."""
    target: io.BytesIO = _Unseekable() if stream else io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(target, "w", method) as archive:
        warnings.simplefilter("ignore")  # duplicate names are what some tests want
        for name, data in files:
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return target.getvalue()


class _Unseekable(io.BytesIO):
    def seekable(self) -> bool:
        return False

    def seek(self, offset: int, whence: int = 0) -> int:
        raise io.UnsupportedOperation

    def tell(self) -> int:
        raise io.UnsupportedOperation


OPEN_TAR: Any = tarfile.open
"""Its types name every mode apart; tests have the mode as a parameter."""


def taped(files: Files, mode: str = "w", extra: Iterable[tarfile.TarInfo] = ()) -> bytes:
    """Return a tar archive."""
    target = io.BytesIO()
    with OPEN_TAR(fileobj=target, mode=mode) as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in extra:
            archive.addfile(info)
    return target.getvalue()


def patched(data: bytes, old: bytes, new: bytes) -> bytes:
    """Return bytes with something of the same length in place of something else."""
    assert len(old) == len(new)
    assert old in data
    return data.replace(old, new)


def flagged(archive: bytes, bit: int) -> bytes:
    """Return a zip archive all of whose entries have a flag set."""
    raw = bytearray(archive)
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = raw.find(mark)
        while at >= 0:
            flags = struct.unpack_from("<H", raw, at + place)[0]
            struct.pack_into("<H", raw, at + place, flags | bit)
            at = raw.find(mark, at + 1)
    return bytes(raw)


def damaged_gzip(data: bytes) -> bytes:
    """Return a gzip file with a wrong checksum."""
    packed = bytearray(gzip.compress(data, mtime=0))
    packed[-8] ^= 0xFF
    return bytes(packed)


class Account:
    """What was read, what was listed instead, and where a stream broke off."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.notes: dict[str, str] = {}
        self.broken: dict[str, str] = {}
        self.entries: list[Entry] = []

    def reason(self, path: str) -> str:
        """Return status and reason of the one manifest row of a path."""
        (entry,) = [entry for entry in self.entries if entry.path == path]
        return f"{entry.status}: {entry.reason}"


def account(*paths: Path, limits: Limits = DEFAULT) -> Account:
    """Survey and read paths to the end."""
    result = Account()
    found = survey(paths, limits)
    result.entries.extend(found.entries)
    for unit in found.units:
        for item in read(unit, limits):
            if isinstance(item, Opened):
                _read(item, result)
            else:
                result.entries.append(item)
    return result


def _read(item: Opened, result: Account) -> None:
    path = item.artifact.path
    assert path not in result.files, f"{path} was handed out twice"
    result.files[path] = b""
    if item.note:
        result.notes[path] = item.note
    try:
        while data := item.stream.read(50_000):
            result.files[path] += data
    except SourceError as error:
        result.broken[path] = str(error)


def kept(folder: Path, name: str, data: bytes) -> Path:
    """Write a file and return its path."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def crc(data: bytes) -> int:
    """Return the checksum that zip and gzip use."""
    return zlib.crc32(data)
