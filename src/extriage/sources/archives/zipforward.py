"""A zip archive read from front to back, entry after entry, without seeking.

This is how archives inside archives are read (in one pass, in constant memory, whatever the outer
one is compressed with), and how an archive is salvaged whose directory is cut off or damaged. The
directory at the end is compared with what was met on the way.
"""

import re
import struct
import zlib
from collections.abc import Iterator

from extriage.errors import SourceError
from extriage.sources.archives.zipentry import (
    CENTRAL,
    CENTRAL_MARK,
    DESCRIPTOR_MARK,
    HUGE,
    LOCAL,
    LOCAL_MARK,
    STORED,
    EntryData,
    ZipEntry,
    central,
    local,
    refusal,
)
from extriage.sources.contents import Member, Remark
from extriage.sources.limits import Budget
from extriage.sources.stream import CHUNK, Stream, drain, section

END_MARKS = (b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x08")
DESCRIPTOR_SIZE = 24
RECORD = re.compile(
    rb"PK(?:\x03\x04[\0-\x3f].{21}(?!\0\0).[\0-\x0f]|\x01\x02..[\0-\x3f]|\x05\x06|\x06[\x06\x08])",
    re.DOTALL,
)
"""A record of the archive: its mark, a version that exists, for an entry a name of sane length."""


def forward(stream: Stream, budget: Budget) -> Iterator[Member | Remark]:
    """Yield the entries of a zip archive in the order in which they stand in it."""
    met: set[int] = set()
    if stream.peek(4) in (DESCRIPTOR_MARK, b"PK00"):
        stream.skip(4)  # what programs leave that were ready to split the archive
    while True:
        mark = stream.peek(4)
        if mark == LOCAL_MARK:
            entry = _header(stream)
            met.add(hash(entry.name))
            yield from _entry(stream, entry, budget)
        elif mark == CENTRAL_MARK:
            yield from _compare(stream, met)
            return
        elif mark in END_MARKS:
            drain(stream)
            return
        else:
            yield from _lost(stream)


def _header(stream: Stream) -> ZipEntry:
    offset = stream.position
    head = stream.take(LOCAL.size)
    if len(head) < LOCAL.size:
        raise SourceError("cut off in the header of an entry")
    length = sum(struct.unpack("<HH", head[26:30]))
    names = stream.take(length)
    if len(names) < length:
        raise SourceError("cut off in the name of an entry")
    return local(head, names, offset)


def _entry(stream: Stream, entry: ZipEntry, budget: Budget) -> Iterator[Member | Remark]:
    end = stream.position + entry.packed
    refused = refusal(entry)
    if refused:
        yield Member(entry.name, entry.size, entry.modified, refused)
    else:
        data = _data(stream, entry, budget)
        yield Member(entry.name, -1 if entry.open_ended else entry.size, entry.modified, data)
        if entry.open_ended:
            drain(data)
    if not entry.open_ended:
        stream.skip(end - stream.position)
    elif refused:
        _search(stream)


def _data(stream: Stream, entry: ZipEntry, budget: Budget) -> Stream:
    if not entry.open_ended:
        return Stream(EntryData(section(stream, entry.packed), entry, budget).fetch)
    if entry.method == STORED:
        return Stream(_StoredUntilDescriptor(stream, budget).fetch)
    return Stream(EntryData(stream, entry, budget).fetch)


class _StoredUntilDescriptor:
    """Uncompressed data of unknown length: it ends where a fitting descriptor follows."""

    def __init__(self, stream: Stream, budget: Budget) -> None:
        self._stream = stream
        self._budget = budget
        self._crc = 0
        self._produced = 0
        self._ended = False
        self._descriptor = 0

    def fetch(self, wanted: int) -> bytes:
        if self._ended:
            return b""
        asked = min(wanted, CHUNK) + DESCRIPTOR_SIZE
        ahead = self._stream.peek(asked)
        end = self._end(ahead)
        if not ahead:
            raise SourceError("cut off: the end of its data is missing")
        self._ended = end >= 0
        if not self._ended:
            end = asked - DESCRIPTOR_SIZE if len(ahead) == asked else min(len(ahead), wanted)
        data = self._stream.take(end)
        if self._ended:
            self._stream.skip(self._descriptor)
        self._crc = zlib.crc32(data, self._crc)
        self._produced += len(data)
        self._budget.expanded(len(data), 0, 0)
        return data

    def _end(self, ahead: bytes) -> int:
        """Return where a descriptor stands that fits the data before it; -1 if none does."""
        crc, done = self._crc, 0
        at = ahead.find(DESCRIPTOR_MARK)
        while at >= 0:
            crc, done = zlib.crc32(ahead[done:at], crc), at
            size = self._produced + at
            for sizes in (struct.pack("<QQ", size, size), struct.pack("<II", *[size & HUGE] * 2)):
                if ahead[at + 4 : at + 8 + len(sizes)] == struct.pack("<I", crc) + sizes:
                    self._descriptor = 8 + len(sizes)
                    return at
            at = ahead.find(DESCRIPTOR_MARK, at + 1)
        return -1


def _lost(stream: Stream) -> Iterator[Remark]:
    """Say what stands between entries where none should, and go on behind it."""
    start = stream.position
    if _search(stream):
        count = stream.position - start
        yield Remark("partial", f"{count:,} bytes at {start:,} belong to no entry: not read")
        return
    if stream.broken:
        raise SourceError(stream.broken)
    raise SourceError("cut off: the directory at its end is missing")


def _search(stream: Stream) -> bool:
    """Go to the next entry or to the directory; tell whether there is any."""
    while window := stream.peek(CHUNK):
        if found := RECORD.search(window):
            stream.skip(found.start())
            return True
        stream.skip(len(window) if len(window) < CHUNK else CHUNK - LOCAL.size)
    return False


def _compare(stream: Stream, met: set[int]) -> Iterator[Member | Remark]:
    """Compare the directory with the entries met."""
    listed: set[int] = set()
    while entry := directory_record(stream):
        listed.add(hash(entry.name))
        if hash(entry.name) not in met:
            lost = "named in the archive's directory, but not found in the archive"
            yield Member(entry.name, entry.size, entry.modified, Remark("unreadable", lost))
    if stream.peek(4) not in END_MARKS:
        yield Remark("partial", "its directory is damaged or cut off")
    elif hidden := len(met - listed):
        yield Remark(
            "read", f"{hidden:,} of its entries are not in its own directory (deleted or hidden)"
        )
    drain(stream)


def directory_record(stream: Stream) -> ZipEntry | None:
    """Read the next record of an archive's directory; None where it ends."""
    if stream.peek(4) != CENTRAL_MARK:
        return None
    head = stream.take(CENTRAL.size)
    length = sum(struct.unpack("<3H", head[28:34])) if len(head) == CENTRAL.size else 0
    names = stream.take(length)
    if len(head) < CENTRAL.size or len(names) < length:
        raise SourceError("cut off in its directory")
    return central(head, names)
