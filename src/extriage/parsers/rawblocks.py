"""Files of fixed structures, block by block: numbers of a disk's own tables, wherever they stand.

The tables of NTFS are gigabytes of little-endian numbers. They are read forward in blocks, and the
numbers of a whole block at once.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Numbers = NDArray[Any]

EMPTY: Ints = np.zeros(0, dtype=np.int64)
PADDING = 128
"""Zero bytes behind a block, so that a number may be looked at before its place is judged."""
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
_TICKS = 10_000_000
_LAST = 2_650_467_744_000_000_000
"""The first moment of the year 10000, which no calendar of ours holds."""


def filled(stream: ByteStream, buffer: memoryview) -> tuple[int, SourceError | None]:
    """Fill a buffer as far as the stream goes; return how far, and why it broke off."""
    done = 0
    try:
        while done < len(buffer) and (count := stream.readinto(buffer[done:])):
            done += count
    except SourceError as error:
        return done, error
    return done, None


def blocks(stream: ByteStream, size: int) -> Iterator[tuple[bytearray, int]]:
    """Yield blocks with `PADDING` behind them, and how many bytes each holds; the last is shorter.

    SourceError if the stream breaks off, after what came of it.
    """
    error = None
    count = size
    while count == size:
        block = bytearray(size + PADDING)
        count, error = filled(stream, memoryview(block)[:size])
        if count:
            yield block, count
    if error is not None:
        raise error


def loads(block: bytearray, kind: str) -> Numbers:
    """Show a block as numbers that begin at every byte: `loads(b, '<u4')[7]` is at offset 7."""
    dtype = np.dtype(kind)
    count = len(block) - dtype.itemsize + 1
    return np.ndarray(count, dtype, buffer=block, strides=(1,))


def moment(ticks: int) -> datetime | None:
    """Return a time of Windows, in 100 ns since 1601, as UTC; None if no calendar holds it."""
    return _EPOCH + timedelta(microseconds=ticks // 10) if 0 < ticks < _LAST else None


def written(ticks: int) -> str:
    """Write such a time with all its digits, `2021-03-03 05:01:02.1234567`; empty without one."""
    time = moment(ticks)
    return f"{time:%Y-%m-%d %H:%M:%S}.{ticks % _TICKS:07d}" if time else ""
