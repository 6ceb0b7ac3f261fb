"""XML of strangers as a stream of elements: no document types, no entities, no tree.

Configuration files and PowerShell's exports are XML that an intruder may have written. A document
type is refused before it can declare anything, depth and text are bounded, and what stands before
a malformed place is handed out before the error is.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from xml.parsers import expat

from extriage.parsers.base import DocumentError
from extriage.parsers.text import BOM, text_of

MAX_DEPTH = 200
MAX_TEXT = 256 * 1024
"""Characters kept of one element's text."""
_BLOCK = 64 * 1024
_SPACE = b" \t\r\n"
_NAME = re.compile(rb"<([A-Za-z_][\w.:-]{0,100})")


class Start(NamedTuple):
    """An element begins."""

    name: str
    path: tuple[str, ...]
    """Names from the root down to this element."""
    attributes: dict[str, str]
    line: int


class End(NamedTuple):
    """An element ends."""

    name: str
    path: tuple[str, ...]
    text: str
    """Its own text, if it holds no other element."""
    line: int


class _Refused(Exception):
    """Something that no configuration file needs."""


class _Reader:
    """Turns what the parser calls back into a queue of elements."""

    def __init__(self) -> None:
        self._path: tuple[str, ...] = ()
        self._text: list[str] = []
        self._size = 0
        self.queue: list[Start | End] = []
        # NOTE: the bytes are UTF-8 by now, whatever the declaration in them still says.
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._more
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._doctype
        self._parser = parser

    @property
    def line(self) -> int:
        return self._parser.CurrentLineNumber

    def feed(self, block: bytes, *, last: bool) -> None:
        self._parser.Parse(block, last)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= MAX_DEPTH:
            raise _Refused(f"elements nest deeper than {MAX_DEPTH}")
        self._path = (*self._path, name)
        self._text, self._size = [], 0
        self.queue.append(Start(name, self._path, attributes, self.line))

    def _end(self, name: str) -> None:
        self.queue.append(End(name, self._path, "".join(self._text), self.line))
        self._path = self._path[:-1]
        self._text, self._size = [], 0

    def _more(self, text: str) -> None:
        if self._size < MAX_TEXT:
            self._text.append(text[: MAX_TEXT - self._size])
            self._size += len(text)

    def _doctype(self, *_: object) -> None:
        raise _Refused("declares a document type, which no such file needs")


def elements(data: bytes) -> Iterator[Start | End]:
    """Yield the elements of a document in its order; DocumentError where it breaks off."""
    reader, text = _Reader(), _utf8(data)
    for at in range(0, len(text) or 1, _BLOCK):
        broken = ""
        try:
            reader.feed(text[at : at + _BLOCK], last=at + _BLOCK >= len(text))
        except expat.ExpatError as error:
            broken = expat.ErrorString(error.code)
        except _Refused as error:
            broken = str(error)
        yield from reader.queue
        reader.queue.clear()
        if broken:
            raise DocumentError(f"broken at line {reader.line}: {broken}")


def root_of(head: bytes) -> bytes:
    """Return the name of the root element of what may be XML; empty if it begins otherwise."""
    at = len(BOM) if head.startswith(BOM) else 0
    while True:
        while at < len(head) and head[at] in _SPACE:
            at += 1
        for mark, end in ((b"<?", b"?>"), (b"<!--", b"-->")):
            if head.startswith(mark, at):
                at = head.find(end, at) + len(end)
                break
        else:
            found = _NAME.match(head, at)
            return found[1] if found else b""
        if at < len(end):
            return b""


def _utf8(data: bytes) -> bytes:
    """Make sure that the bytes are UTF-8; single cp1252 bytes have been seen in such files."""
    if data.isascii():
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return text_of(data).encode("utf-8", "replace")
    return data
