"""Bytes to text: byte order marks, UTF-16, and lines in whatever encoding they came.

Exchange and IIS write UTF-8, with single cp1252 bytes where a client sent them; PowerShell makes
UTF-16 copies. Matching works on UTF-8 bytes, so UTF-16 is transcoded while it is read.
"""

import codecs
import io
import sys
from typing import Protocol, cast

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream

HEAD = 64 * 1024
BOM = codecs.BOM_UTF8

_SAMPLE = 512
_BINARY = (b"ElfFile\0", b"ElfChnk\0")


class _Source(Protocol):
    def read(self, size: int = -1, /) -> bytes | None: ...
    def readinto(self, buffer: memoryview, /) -> int | None: ...


class _Text(io.RawIOBase):
    """A stream that hands out blocks, whole or line by line."""

    def __init__(self, head: bytes, source: _Source) -> None:
        self._block = head
        self._at = 0
        self._source = source
        self._broken: SourceError | None = None

    def _more(self) -> bytes:
        return self._source.read(HEAD) or b""

    def _refill(self) -> bool:
        if self._at < len(self._block):
            return True
        if self._broken:
            raise self._broken
        self._block, self._at = self._more(), 0
        return bool(self._block)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object, /) -> int:
        target = memoryview(cast("bytearray", buffer)).cast("B")
        if not self._refill():
            return 0
        part = self._block[self._at : self._at + len(target)]
        target[: len(part)] = part
        self._at += len(part)
        return len(part)

    def readline(self, size: int | None = -1, /) -> bytes:
        left = sys.maxsize if size is None or size < 0 else size
        parts: list[bytes] = []
        while left > 0 and self._refill_line(parts):
            end = self._block.find(b"\n", self._at) + 1 or len(self._block)
            part = self._block[self._at : min(end, self._at + left)]
            self._at += len(part)
            left -= len(part)
            parts.append(part)
            if part.endswith(b"\n"):
                break
        return b"".join(parts)

    def _refill_line(self, parts: list[bytes]) -> bool:
        """Refill; an error inside a line waits until what came of the line is delivered."""
        try:
            return self._refill()
        except SourceError as error:
            if not parts:
                raise
            self._broken = error
            return False


class _Plain(_Text):
    """The bytes that were peeked at, then the rest straight from the source."""

    def readinto(self, buffer: object, /) -> int:
        if self._at < len(self._block) or self._broken:
            return super().readinto(buffer)
        return self._source.readinto(memoryview(cast("bytearray", buffer)).cast("B")) or 0


class _Transcoded(_Text):
    """UTF-16 on one side, UTF-8 on the other, block by block."""

    def __init__(self, head: bytes, source: _Source, encoding: str) -> None:
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")
        self._ended = False
        super().__init__(self._utf8(head), source)

    def _utf8(self, block: bytes, *, final: bool = False) -> bytes:
        return self._decoder.decode(block, final).encode("utf-8", "replace")

    def _more(self) -> bytes:
        ready = b""
        while not ready and not self._ended:
            block = self._source.read(HEAD) or b""
            self._ended = not block
            ready = self._utf8(block, final=self._ended)
        return ready


def open_text(source: _Source) -> tuple[bytes, ByteStream, str]:
    """Peek at the first 64 KiB and make UTF-8 of UTF-16; give head, stream and a note."""
    head = _peek(source)
    if head.startswith(BOM):
        head = head[len(BOM) :]
        return head, cast("ByteStream", _Plain(head, source)), ""
    encoding, mark = utf16(head)
    if not encoding:
        return head, cast("ByteStream", _Plain(head, source)), ""
    head = head[mark:]
    shown = head.decode(encoding, "replace").encode("utf-8", "replace")
    return (
        shown,
        cast("ByteStream", _Transcoded(head, source, encoding)),
        f"{encoding}, read as utf-8",
    )


def _peek(source: _Source) -> bytes:
    parts: list[bytes] = []
    size = 0
    while size < HEAD and (block := source.read(HEAD - size)):
        parts.append(block)
        size += len(block)
    return b"".join(parts)


def utf16(head: bytes) -> tuple[str, int]:
    """Tell UTF-16 by its byte order mark, else by NULs beside nothing but ASCII."""
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le", 2
    if head.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be", 2
    sample = head[: _SAMPLE & ~1]
    if len(sample) < 16 or sample.startswith(_BINARY):
        return "", 0
    for encoding, letters, zeros in (
        ("utf-16-le", sample[0::2], sample[1::2]),
        ("utf-16-be", sample[1::2], sample[0::2]),
    ):
        if zeros.count(0) >= 0.95 * len(zeros) and _is_ascii_text(letters):
            return encoding, 0
    return "", 0


def _is_ascii_text(letters: bytes) -> bool:
    printable = sum(1 for byte in letters if 32 <= byte < 127 or byte in b"\t\r\n")
    return printable >= 0.95 * len(letters)


def text_of(line: bytes) -> str:
    """Decode one line: UTF-8, or cp1252 when it is not valid UTF-8."""
    if line[:3] == BOM:
        line = line[3:]
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")
