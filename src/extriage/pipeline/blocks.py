"""Cut a stream of lines into blocks of whole lines, counted, in constant memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from extriage.model.evidence import ByteStream
from extriage.pipeline import census
from extriage.pipeline.census import Census

BLOCK = 2 << 20
MAX_LINE = 1 << 20
SPARE = 4 << 10
OVERLAP = 1 << 12
"""Neighbouring windows of an over-long line share this much, so that no text is cut in two."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines, or a window of a line that is longer than `MAX_LINE`."""

    data: memoryview
    """Valid only until the next block is asked for: buffers are used again."""
    census: Census | None
    """None for a window of an over-long line."""
    read: int
    """Bytes that were read from the stream for it."""
    ends_line: bool = True
    """False for a window that is not the last of its line."""
    closed: bool = True
    """False if the file ends without a newline; one was added."""


def blocks(
    stream: ByteStream,
    delimiter: int,
    size: int = -1,
    take: Callable[[Any, int], Census] = census.take,
) -> Iterator[Block]:
    """Yield the stream in blocks; SourceError when it breaks off, after what was read before.

    `size` is a hint: a small file gets a small buffer. `take` counts the lines of a block.
    """
    room = BLOCK if size < 0 else min(BLOCK, size + SPARE)
    # NOTE: a buffer is filled again while what is left over from the other is copied into it.
    buffer, other = bytearray(), bytearray()
    carry: bytes | memoryview = b""
    long = False
    while True:
        buffer, other = other, buffer
        if len(buffer) <= len(carry) + room:
            buffer = bytearray(len(carry) + room + 1)
        got = _fill(stream, buffer, carry, room)
        end = len(carry) + got
        view = memoryview(buffer)
        cut = buffer.rfind(b"\n", 0, end) + 1
        if long:
            stop = buffer.find(b"\n", 0, end)
            window = view[: stop if stop >= 0 else end]
            long = stop < 0 and got > 0
            yield Block(window, None, got, ends_line=not long)
            carry = bytes(view[end - OVERLAP : end]) if long else view[stop + 1 : end]
            if not got:
                return
        elif not got:
            if end:
                closed = buffer[end - 1] == 10
                buffer[end] = 10
                whole = view[: end if closed else end + 1]
                yield Block(whole, take(whole, delimiter), 0, closed=closed)
            return
        elif cut:
            yield Block(view[:cut], take(view[:cut], delimiter), got)
            carry = view[cut:end]
        elif end >= MAX_LINE:
            long = True
            yield Block(view[:end], None, got, ends_line=False)
            carry = bytes(view[end - OVERLAP : end])
        else:
            carry = view[:end]


def _fill(stream: ByteStream, buffer: bytearray, carry: bytes | memoryview, room: int) -> int:
    """Put what is left over and the next bytes of the stream into a buffer."""
    buffer[: len(carry)] = carry
    view = memoryview(buffer)
    got: int = stream.readinto(view[len(carry) : len(carry) + room])
    return got or 0
