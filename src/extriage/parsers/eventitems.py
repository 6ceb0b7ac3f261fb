"""Cut an export of events into its items: lines, or the objects of a JSON text, in constant memory.

One event stands on a line (JSON lines), or is an element of an array, or stands behind the one
before it, printed over many lines. An item that is longer than `LIMIT` is handed out in windows
that share `OVERLAP` bytes, so that all of it can be searched as text.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream

BLOCK = 1 << 20
LIMIT = 16 << 20
OVERLAP = 1 << 16

_GLUE = re.compile(rb"(?:[\s,\[\]\x00]|\xef\xbb\xbf)*+")
"""What stands between the elements of arrays, nested or not."""
_JUNK = re.compile(rb"[^{\n]*+")
_PLAIN = re.compile(rb'(?:[^{}\[\]"]++|"(?:[^"\\\n]++|\\[^\n])*+")*+')
"""Whole strings, and whatever is no bracket."""
_STRING = re.compile(rb'(?:[^"\\\n]++|\\[^\n])*+')
_NUMBERED = re.compile(rb"\s*Record \d{1,20}\s*")
"""What evtx_dump writes above each event."""
_WRAPPER = re.compile(
    rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:value|values|events|records|rows|results|items)"\s*:\s*(?=\[)',
    re.IGNORECASE,
)
"""PowerShell and others put an array into an object of its own."""
_WRAPPER_END = re.compile(rb'(?:"\w{1,32}"\s*:\s*-?\d{1,20})?\s*\}?\s*')
_QUOTE, _BACKSLASH, _BRACE = b'"\\{'
_OPENING = b"{["


@dataclass(frozen=True, slots=True)
class Item:
    """One event of an export as it stands there, or a window of one that is too long."""

    raw: bytes
    document: bytes = b""
    """The event as JSON; empty for what cannot be one."""
    lines: int = 1
    """Physical lines of the file that it takes; 1 for an element of an array."""
    part: int = 0
    """0 for a whole item, else the number of this window, counted from 1."""
    ends: bool = True
    """False for a window that is not the last of its item."""


@dataclass(slots=True)
class Tape:
    """What is in hand of a stream: from the start of an item to the end of the last block."""

    stream: ByteStream
    progress: Callable[[int], None]
    data: bytearray = field(default_factory=bytearray)
    at: int = 0
    """Up to here the item was searched for its end."""
    part: int = 0
    """Windows of this item that were handed out."""
    broken: SourceError | None = None
    unclosed: bool = False
    """The text ended inside an array or an element."""

    def more(self) -> bool:
        """Read the next block; False at the end of the stream, or where it breaks off."""
        if self.broken:
            return False
        try:
            block = self.stream.read(BLOCK)
        except SourceError as error:
            self.broken = error
            return False
        self.progress(len(block))
        self.data += block
        return bool(block)

    def drop(self, size: int) -> None:
        """Let go of bytes that belong to no item."""
        del self.data[:size]
        self.at = 0

    def take(self, end: int, skip: int = 0) -> Item:
        """Take the item in hand up to an end, and so many bytes behind it off the tape."""
        raw = bytes(self.data[:end])
        part = self.part + 1 if self.part else 0
        self.drop(end + skip)
        self.part = 0
        return Item(raw, b"" if part else raw, part=part)

    def windows(self) -> Iterator[Item]:
        """Hand out what was searched, when the item in hand grows too long."""
        if self.at >= (BLOCK if self.part else LIMIT):
            self.part += 1
            yield Item(bytes(self.data[: self.at]), part=self.part, ends=False)
            self.drop(self.at - OVERLAP)
            self.at = OVERLAP


def lines(tape: Tape) -> Iterator[Item]:
    """Yield the lines; SourceError where the stream breaks off, after what was read before."""
    while True:
        end = tape.data.find(b"\n", tape.at)
        if end >= 0:
            yield tape.take(end, 1)
            continue
        tape.at = len(tape.data)
        yield from tape.windows()
        if not tape.more():
            break
    if tape.data:
        yield tape.take(len(tape.data))
    if tape.broken:
        raise tape.broken


@dataclass(slots=True)
class _Nesting:
    """Where in a JSON text the search stands."""

    where: Literal["", "object", "junk"] = ""
    """Between elements, inside one, or in what should not be there."""
    depth: int = 0
    quoted: bool = False
    arrays: int = 0
    """Arrays around the elements that are still open."""


def elements(tape: Tape) -> Iterator[Item]:
    """Yield the objects of a JSON text, and what else stands between them.

    A string is never carried over the end of a line: damage costs the object that it is in.
    """
    wrapped, nesting = _unwrap(tape), _Nesting()
    while True:
        if not nesting.where:
            _begin(tape, nesting)
        if _search(tape, nesting):
            item = tape.take(tape.at)
            if nesting.where == "object" or not _means_nothing(item.raw, wrapped=wrapped):
                yield item
            nesting.where = ""
            continue
        yield from tape.windows()
        if not tape.more():
            break
    tape.unclosed = nesting.where == "object" or nesting.arrays > 0
    if nesting.where and not _means_nothing(tape.data, wrapped=wrapped):
        yield tape.take(len(tape.data))
    if tape.broken:
        raise tape.broken


def _unwrap(tape: Tape) -> bool:
    if not tape.data:
        tape.more()
    found = _WRAPPER.match(tape.data)
    if found:
        tape.drop(found.end())
    return found is not None


def _means_nothing(junk: bytes | bytearray, *, wrapped: bool) -> bool:
    return bool(_NUMBERED.fullmatch(junk) or (wrapped and _WRAPPER_END.fullmatch(junk)))


def _begin(tape: Tape, nesting: _Nesting) -> None:
    """Drop what stands between elements and say what begins behind it."""
    found = _GLUE.match(tape.data)
    assert found is not None
    glue = found[0]
    tape.drop(found.end())
    nesting.arrays += glue.count(b"[") - glue.count(b"]")
    if not tape.data:
        return
    if tape.data[0] == _BRACE:
        nesting.where, nesting.depth, nesting.quoted = "object", 1, False
        tape.at = 1
    else:
        nesting.where = "junk"


def _search(tape: Tape, nesting: _Nesting) -> bool:
    """Look for the end of the item in hand from where the search stopped; False if more is needed.

    What is no element ends with its line, or where an element begins.
    """
    if nesting.where == "object":
        return _search_object(tape, nesting)
    found = _JUNK.match(tape.data, tape.at)
    assert found is not None
    tape.at = found.end()
    return tape.at < len(tape.data)


def _search_object(tape: Tape, nesting: _Nesting) -> bool:
    data, size = tape.data, len(tape.data)
    while tape.at < size:
        found = (_STRING if nesting.quoted else _PLAIN).match(data, tape.at)
        assert found is not None
        tape.at = found.end()
        if tape.at == size:
            return False
        sign = data[tape.at]
        if nesting.quoted:
            if sign == _BACKSLASH and tape.at + 1 == size:
                return False
            if sign != _QUOTE:
                return True
            nesting.quoted = False
        elif sign == _QUOTE:
            nesting.quoted = True
        else:
            nesting.depth += 1 if sign in _OPENING else -1
        tape.at += 1
        if not nesting.depth:
            return True
    return False
