"""Decompression as a stream: deflate, bzip2, LZMA, and files that one of them (or xz) compressed.

References: RFC 1951 (deflate), RFC 1952 (gzip), PKWARE APPNOTE 4.4.5 and 5.8 (methods in zip),
https://tukaani.org/xz/xz-file-format.txt.
Checksums are compared at the end of the data, so that a damaged file still yields what it holds.
"""

import bz2
import lzma
import struct
import zlib
from collections.abc import Callable
from typing import Protocol

from extriage.errors import SourceError
from extriage.sources.limits import KIB, MIB, Budget
from extriage.sources.stream import CHUNK, Stream

MAX_DICTIONARY = 64 * MIB
"""LZMA streams may ask for gigabytes of memory; more than this is refused."""
XZ_MEMORY = 2 * MAX_DICTIONARY
XZ_MARK = b"\xfd7zXZ\0"
BZIP2_MARK = b"BZh"


class Codec(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...  # noqa: D102
    @property
    def needs_input(self) -> bool: ...  # noqa: D102
    @property
    def unused_data(self) -> bytes: ...  # noqa: D102
    def decompress(self, data: bytes, max_length: int) -> bytes: ...  # noqa: D102


class Deflate:
    """Raw deflate that yields what stands before a damaged place (but for the very last byte)."""

    def __init__(self) -> None:
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._tail = b""
        self._failure = ""
        self.needs_input = True

    @property
    def eof(self) -> bool:
        """Tell whether the data came to its proper end."""
        return self._inflater.eof

    @property
    def unused_data(self) -> bytes:
        """Return what follows the end of the data."""
        return self._inflater.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Return up to `max_length` bytes."""
        if self._failure:
            raise SourceError(self._failure)
        before = self._inflater.copy()
        data = self._tail + data
        try:
            made = self._inflater.decompress(data, max_length)
        except zlib.error as error:
            self._failure = f"compressed data is damaged ({_plain(error)})"
            self.needs_input = False
            made = _until_damage(before, data, max_length)
            if not made:
                raise SourceError(self._failure) from error
            return made
        self._tail = self._inflater.unconsumed_tail
        self.needs_input = not self._tail and len(made) < max_length
        return made


def _until_damage(inflater: "zlib._Decompress", data: bytes, size: int) -> bytes:
    """Decompress again in ever smaller steps up to the place where it fails."""
    made = b""
    step = 4 * KIB
    while step and len(made) < size:
        attempt = inflater.copy()
        try:
            piece = attempt.decompress(data, min(step, size - len(made)))
        except zlib.error:
            step //= 64
            continue
        if not piece:
            break
        made += piece
        inflater, data = attempt, attempt.unconsumed_tail
    return made


def _plain(error: Exception) -> str:
    return str(error).rpartition(": ")[2] or "invalid data"


class Expansion:
    """The bytes that a decompressor makes of a stream, counted against the budget."""

    def __init__(self, parent: Stream, codec: Codec, budget: Budget) -> None:
        self._parent = parent
        self._codec = codec
        self._budget = budget
        self._start = parent.position
        self.produced = 0
        self._spared = 0

    @property
    def consumed(self) -> int:
        """Return how many compressed bytes were used."""
        return self._parent.position - self._start

    def fetch(self, wanted: int) -> bytes:
        """Return between 1 and `wanted` bytes, none at the end of the data."""
        while not self._codec.eof:
            made = self._step(wanted)
            if self._codec.eof:
                self._parent.unread(self._codec.unused_data)
            if made:
                self.produced += len(made)
                self._spared += len(made) if self._budget.spares(made) else 0
                self._budget.expanded(len(made), self.produced - self._spared, self.consumed)
                return made
        return b""

    def _step(self, wanted: int) -> bytes:
        data = b""
        if self._codec.needs_input:
            data = self._parent.some(CHUNK)
            if not data:
                raise SourceError("cut off in the middle of its compressed data")
        try:
            return self._codec.decompress(data, wanted)
        except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
            raise SourceError(f"compressed data is damaged ({_plain(error)})") from error


def bzip2_codec() -> Codec:
    """Return a bzip2 decompressor."""
    return bz2.BZ2Decompressor()


def lzma_codec(header: bytes) -> Codec:
    """Return a decompressor for LZMA as zip holds it, from its first 9 bytes."""
    if len(header) < 9 or header[2:4] != b"\x05\x00":
        raise SourceError("its LZMA header is damaged")
    properties, dictionary = header[4], int.from_bytes(header[5:9], "little")
    if dictionary > MAX_DICTIONARY:
        raise SourceError(f"its LZMA dictionary is larger than {MAX_DICTIONARY:,} bytes")
    pb, rest = divmod(properties, 45)
    lp, lc = divmod(rest, 9)
    settings = {"id": lzma.FILTER_LZMA1, "dict_size": dictionary, "lc": lc, "lp": lp, "pb": pb}
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[settings])
    except (lzma.LZMAError, ValueError) as error:
        raise SourceError("its LZMA settings are damaged") from error


def xz_codec() -> Codec:
    """Return a decompressor for one xz stream; one that asks for too much memory is refused."""
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


class ChainReader:
    """The bytes of a bzip2, xz or Zstandard file: one compressed stream after the other."""

    modified = 0

    def __init__(
        self, parent: Stream, codec: Callable[[], Codec], mark: bytes, budget: Budget
    ) -> None:
        """Read what begins with `mark`, each time with a decompressor of its own."""
        self._parent = parent
        self._codec = codec
        self._mark = mark
        self._budget = budget
        self._expansion = Expansion(parent, codec(), budget)

    def fetch(self, wanted: int) -> bytes:
        """Return between 1 and `wanted` bytes, none at the end of the last stream."""
        while not (data := self._expansion.fetch(wanted)):
            if not self._another():
                return b""
        return data

    def _another(self) -> bool:
        self._parent.skip_zeros()
        if not self._parent.peek(1):
            self._parent.take(1)  # raises if the file broke off rather than ended
            return False
        if not self._parent.peek(len(self._mark)).startswith(self._mark):
            raise SourceError("data of another kind follows its compressed data")
        self._budget.entry()
        self._expansion = Expansion(self._parent, self._codec(), self._budget)
        return True


class GzipReader:
    """The bytes of a gzip file, which may consist of several members one after the other."""

    def __init__(self, parent: Stream, budget: Budget) -> None:
        self._parent = parent
        self._budget = budget
        self._expansion: Expansion | None = None
        self._start = parent.position
        self._crc = 0
        self._produced = 0
        self.modified = 0
        self._header()

    def fetch(self, wanted: int) -> bytes:
        """Return between 1 and `wanted` bytes, none at the end of the last member."""
        while self._expansion is not None or self._another():
            assert self._expansion is not None
            data = self._expansion.fetch(wanted)
            if data:
                self._crc = zlib.crc32(data, self._crc)
                self._produced += len(data)
                return data
            self._trailer(self._expansion.produced)
        return b""

    def _another(self) -> bool:
        self._parent.skip_zeros()
        if not self._parent.peek(1):
            self._parent.take(1)  # raises if the file broke off rather than ended
            return False
        if self._parent.peek(2) != b"\x1f\x8b":
            raise SourceError("data that is not gzip follows its compressed data")
        self._header()
        return True

    def _header(self) -> None:
        self._budget.entry()
        head = self._parent.take(10)
        if len(head) < 10:
            raise SourceError("cut off in its gzip header")
        method, flags, self.modified = head[2], head[3], int.from_bytes(head[4:8], "little")
        if method != 8 or flags & 0xE0:
            raise SourceError("its gzip header is damaged")
        if flags & 4:
            self._parent.skip(int.from_bytes(self._parent.take(2), "little"))
        for _ in range(bool(flags & 8) + bool(flags & 16)):
            self._text()
        if flags & 2:
            self._parent.skip(2)
        self._crc = 0
        self._expansion = Expansion(self._parent, Deflate(), self._budget)

    def _text(self) -> None:
        """Pass over a file name or comment."""
        end = self._parent.peek(CHUNK).find(b"\0")
        if end < 0:
            raise SourceError("its gzip header is damaged")
        self._parent.skip(end + 1)

    def _trailer(self, produced: int) -> None:
        self._expansion = None
        trailer = self._parent.take(8)
        if len(trailer) < 8:
            raise SourceError("cut off before its checksum")
        crc, size = struct.unpack("<II", trailer)
        if crc != self._crc:
            raise SourceError("its checksum (CRC-32) is wrong: the data is damaged")
        if size != produced & 0xFFFFFFFF:
            raise SourceError("its size is not the one that it states: the data is damaged")
