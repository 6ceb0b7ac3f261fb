"""Windows event logs (EVTX) as a stream: one JSON document per record, chunk by chunk.

A file is a header of 4 KiB and chunks of 64 KiB, each complete in itself. Chunks are handed to the
`evtx` library one by one under a header of our own, so that memory stays constant, a damaged
header or chunk costs nothing but itself, and chunks carved from a disk can be read as well.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream

HEADER = 4096
CHUNK = 64 * 1024

_CHUNK_MAGIC = b"ElfChnk\0"
_LINK = struct.Struct("<I")
_TABLES = struct.Struct("<96I")
"""Where chains of names (64 entries) and templates (32 entries) begin, at `_TABLES_AT`."""
_TABLES_AT = 128
_DATA_AT = 512
_MOST_TROUBLE = 4096
"""No chunk holds more records than this."""


def _header_of_one() -> bytes:
    """Write the header of a log with one chunk, format 3.1, not dirty, with its checksum."""
    start = b"ElfFile\0" + struct.pack("<QQQIHHHH", 0, 0, 1, 128, 1, 3, HEADER, 1)
    start = start.ljust(120, b"\0")
    return (start + struct.pack("<II", 0, zlib.crc32(start))).ljust(HEADER, b"\0")


_HEADER_OF_ONE = _header_of_one()


@dataclass(frozen=True, slots=True)
class EventTrouble:
    """A place in an event log that could not be read, and why; the rest of the log was."""

    reason: str
    chunk: int
    """Chunk of the file, counted from 0."""


def events_binary(stream: ByteStream) -> Iterator[bytes | EventTrouble]:
    """Read an event log's records as JSON, and name every damaged place in it.

    A source that breaks off is read up to the break before its error goes on to the caller.
    """
    start, broken = _read(stream, len(_CHUNK_MAGIC))
    carried = start if start == _CHUNK_MAGIC else b""
    if not carried and not broken:
        rest, broken = _read(stream, HEADER - len(start))
        if len(start) + len(rest) < HEADER and not broken:
            yield EventTrouble("file ends inside its header", 0)
            return
    number = 0
    while not broken:
        chunk, broken = _read(stream, CHUNK - len(carried))
        chunk, carried = carried + chunk, b""
        yield from _chunk(chunk, number)
        if len(chunk) < CHUNK:
            break
        number += 1
    if broken:
        raise broken


def _read(stream: ByteStream, size: int) -> tuple[bytes, SourceError | None]:
    parts: list[bytes] = []
    try:
        while size > 0 and (part := stream.read(size)):
            parts.append(part)
            size -= len(part)
    except SourceError as error:
        return b"".join(parts), error
    return b"".join(parts), None


def _chunk(chunk: bytes, number: int) -> Iterator[bytes | EventTrouble]:
    if not chunk.strip(b"\0"):
        return
    if not chunk.startswith(_CHUNK_MAGIC):
        yield EventTrouble("chunk does not begin with its mark", number)
        return
    if len(chunk) < CHUNK:
        yield EventTrouble("file ends inside this chunk", number)
    whole = chunk.ljust(CHUNK, b"\0")
    endless = _endless(whole)
    if endless:
        yield EventTrouble("names or templates of this chunk are chained in circles", number)
        whole = _without(whole, endless)
    yield from _records(whole, number)


def _endless(chunk: bytes) -> list[int]:
    """Find the table entries whose chain never ends; the library would follow it for ever."""
    known: set[int] = set()
    found: list[int] = []
    for place, start in enumerate(_TABLES.unpack_from(chunk, _TABLES_AT)):
        offset = start
        chain: set[int] = set()
        while offset and offset not in known:
            if offset in chain or not _DATA_AT <= offset <= CHUNK - _LINK.size:
                found.append(_TABLES_AT + place * _LINK.size)
                break
            chain.add(offset)
            (offset,) = _LINK.unpack_from(chunk, offset)
        else:
            known |= chain
    return found


def _without(chunk: bytes, entries: list[int]) -> bytes:
    """Clear table entries; the records name what they need by its place as well."""
    cleared = bytearray(chunk)
    for place in entries:
        _LINK.pack_into(cleared, place, 0)
    return bytes(cleared)


def _records(chunk: bytes, number: int) -> Iterator[bytes | EventTrouble]:
    """Read one chunk; a record that cannot be read costs itself, or what follows it in there."""
    from evtx import PyEvtxParser  # noqa: PLC0415 - only who reads such logs waits for its import

    try:
        records = PyEvtxParser(io.BytesIO(_HEADER_OF_ONE + chunk), 1).records_json()
    except Exception as error:
        yield EventTrouble(_reason(error), number)
        return
    for _ in range(_MOST_TROUBLE):
        try:
            for found in records:
                yield str(cast("dict[str, object]", found)["data"]).encode("utf-8", "replace")
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:
            # NOTE: a panic of the Rust library arrives as BaseException, not as Exception.
            yield EventTrouble(_reason(error), number)
            continue
        return


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
