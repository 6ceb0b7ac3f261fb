"""The door to the extra `7z`: py7zr, Deflate64 (zip archives of Windows Explorer), Zstandard.

All of it is imported only when evidence needs it. Without the extra nothing of that evidence is
read, and the manifest names the command that installs it.
"""

import importlib
from contextlib import suppress
from importlib.util import find_spec
from typing import Any, BinaryIO, Protocol

from extriage.errors import SourceError
from extriage.sources.archives.expansion import Codec

EXTRA = 'install it with: pip install "extriage[7z]"'
SMALL = 512
"""Deflate64 is handed over in pieces of this size, since each may grow to 13 megabytes."""
LONGEST_NAME = 1 << 17
"""Bytes of a name in a 7z archive; Windows has none longer than half of it."""
ZSTANDARD_MARK = b"\x28\xb5\x2f\xfd"
ENCRYPTED = "encrypted: password needed"


class _Inflater(Protocol):
    @property
    def eof(self) -> bool: ...
    def inflate(self, data: bytes) -> bytes: ...


def lacking(library: str, what: str) -> str:
    """Say what is missing to read something, and how to get it; empty if nothing is."""
    if any(_there(name) for name in _LIBRARIES[library]):
        return ""
    return f"{what} needs the extra 7z: {EXTRA}"


_LIBRARIES = {
    "7z": ("py7zr",),
    "deflate64": ("inflate64",),
    "zstd": ("compression.zstd", "backports.zstd"),
}


def _there(module: str) -> bool:
    with suppress(ImportError, ValueError):
        return find_spec(module) is not None
    return False


def _imported(library: str, what: str) -> Any:
    """Import the first library that is there; SourceError with the command if none is."""
    for name in _LIBRARIES[library]:
        with suppress(ImportError):
            return importlib.import_module(name)
    raise SourceError(f"{what} needs the extra 7z: {EXTRA}")


class _Deflate64:
    """Deflate64 in small pieces: its library returns all that a piece expands to."""

    def __init__(self) -> None:
        self._inflater: _Inflater = _imported("deflate64", "Deflate64").Inflater()
        self._waiting = memoryview(b"")
        self._made = b""
        self._at = 0
        self.unused_data = b""

    @property
    def eof(self) -> bool:
        return self._inflater.eof and self._at >= len(self._made)

    @property
    def needs_input(self) -> bool:
        return not self._waiting and self._at >= len(self._made) and not self._inflater.eof

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if data:
            self._waiting = memoryview(data)
        if self._at >= len(self._made):
            piece, self._waiting = self._waiting[:SMALL], self._waiting[SMALL:]
            self._made, self._at = self._inflater.inflate(bytes(piece)), 0
        made = self._made[self._at : self._at + max_length]
        self._at += len(made)
        return made


def deflate64_codec() -> Codec:
    """Return a decompressor for Deflate64; SourceError without the extra.

    It cannot tell what follows its data, so that their size must be known beforehand.
    """
    return _Deflate64()


class _Zstandard:
    """Zstandard with the errors that all other decompressors have."""

    def __init__(self) -> None:
        library = _imported("zstd", "Zstandard compression")
        self._failure: type[Exception] = library.ZstdError
        self._inner: Codec = library.ZstdDecompressor()

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return self._inner.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        try:
            return self._inner.decompress(data, max_length)
        except self._failure as error:
            raise ValueError(str(error)) from error


def zstd_codec() -> Codec:
    """Return a decompressor for one Zstandard frame; SourceError without the extra."""
    return _Zstandard()


def _any_name(file: BinaryIO) -> str:
    """Read a name up to its end mark; names on NTFS, and so in archives, may be no Unicode."""
    name = bytearray()
    while (unit := file.read(2)) != b"\0\0":
        name += unit
        if len(unit) < 2 or len(name) > LONGEST_NAME:
            raise SourceError("its directory is damaged: a name in it has no end")
    return name.decode("utf-16-le", "surrogatepass")


def seven_archive(file: BinaryIO) -> Any:
    """Have py7zr read the directory of a 7z archive; SourceError for what it stumbles over."""
    library = _imported("7z", "7z archive")
    # NOTE: one name that is no Unicode would cost all files of an archive.
    vars(importlib.import_module("py7zr.archiveinfo"))["read_utf16"] = _any_name
    try:
        return library.SevenZipFile(file)
    except library.PasswordRequired as error:
        raise SourceError(ENCRYPTED) from error
    except SourceError:
        raise
    except Exception as error:
        what = str(error) or type(error).__name__
        raise SourceError(f"its directory is damaged ({what})") from error
