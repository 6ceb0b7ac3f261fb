"""The journal of changes of an NTFS volume as it lies on the disk, `$UsnJrnl:$J`.

It tells, for days to weeks, which files were made, written, renamed and deleted, and when. The file
begins with a hole that reads as gigabytes of zeros; records lie in pages and are found wherever one
fits all rules of a record, so that a damaged page costs only what it held. Records of version 2 and
3 name files; those of version 4 tell only which bytes changed, and are counted. Primary source:
https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-usn_record_v2 (_v3, _v4).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from extriage.model.evidence import ByteStream
from extriage.parsers.rawblocks import (
    PADDING,
    Bools,
    Ints,
    Numbers,
    filled,
    loads,
)

BLOCK = 2 << 20
PAGE = 4096
RENAMED = 0x1000
"""The reason of the record that gives the name from before."""
FOLDER = 0x10
"""The attribute of a folder."""
_NAMED = {2: 60, 3: 76}
"""Version to where the name of a record stands."""
_LONGEST_NAME = 510
_RANGES = 64
_EXTENT = 16
_REASONS = (
    (0x00000001, "DataOverwrite"),
    (0x00000002, "DataExtend"),
    (0x00000004, "DataTruncation"),
    (0x00000010, "NamedDataOverwrite"),
    (0x00000020, "NamedDataExtend"),
    (0x00000040, "NamedDataTruncation"),
    (0x00000100, "FileCreate"),
    (0x00000200, "FileDelete"),
    (0x00000400, "EaChange"),
    (0x00000800, "SecurityChange"),
    (0x00001000, "RenameOldName"),
    (0x00002000, "RenameNewName"),
    (0x00004000, "IndexableChange"),
    (0x00008000, "BasicInfoChange"),
    (0x00010000, "HardLinkChange"),
    (0x00020000, "CompressionChange"),
    (0x00040000, "EncryptionChange"),
    (0x00080000, "ObjectIdChange"),
    (0x00100000, "ReparsePointChange"),
    (0x00200000, "StreamChange"),
    (0x00400000, "TransactedChange"),
    (0x00800000, "IntegrityChange"),
    (0x80000000, "Close"),
)
_CHANGES = np.dtype(
    [
        *(("offset", "<i8"), ("file", "<u8"), ("parent", "<u8"), ("usn", "<i8")),
        *(("time", "<u8"), ("reason", "<u4"), ("attributes", "<u4")),
    ]
)


@dataclass(frozen=True, slots=True)
class Changes:
    """What one block of the journal tells, in order."""

    numbers: Numbers
    """`offset` in the file, `file` and `parent` (number and use count), `usn`, `time`, `reason`,
    `attributes`."""
    names: list[str]
    ranges: int
    """Records that name no file."""
    damaged: list[int]
    """Offsets of what is neither a record nor empty."""


@lru_cache(maxsize=4096)
def reasons(flags: int) -> str:
    """Name what was done, `DataExtend|FileCreate|Close`."""
    return "|".join(name for bit, name in _REASONS if flags & bit)


def changes(stream: ByteStream, progress: Callable[[int], None]) -> Iterator[Changes]:
    """Yield all records of a journal, block by block; SourceError if it breaks off."""
    offset, left, error = 0, b"", None
    count = BLOCK
    while count == BLOCK:
        block = bytearray(len(left) + BLOCK + PADDING)
        block[: len(left)] = left
        size = len(left)
        count, error = filled(stream, memoryview(block)[size : size + BLOCK])
        size += count
        progress(count)
        found, done = _block(block, size, offset, last=count < BLOCK)
        if found is not None:
            yield found
        left = bytes(block[done:size])
        offset += done
    if error is not None:
        raise error


def _block(block: bytearray, size: int, offset: int, *, last: bool) -> tuple[Changes | None, int]:
    """Return what a block tells, and how much of it is done with."""
    del block[size + PADDING :]
    # NOTE: comparing whole lengths is how zeros are told fastest; a journal begins with many.
    if block.count(0) == len(block):
        return None, size if last else size - size % PAGE
    starts, ends = _records(block, size)
    # NOTE: a record at the end of a block may go on in the next; none is longer than a page.
    done = size if last else max((size - PAGE) & ~7, int(ends[-1]) if len(ends) else 0)
    here = starts < done
    starts, ends = starts[here], ends[here]
    damaged = _gaps(block, starts, ends, done)
    return _told(block, starts, offset, [offset + at for at in damaged]), done


def _records(block: bytearray, size: int) -> tuple[Ints, Ints]:
    """Find all records: where each begins and ends. What lies in another one is none."""
    words = np.frombuffer(block, dtype="<u4", count=size // 8 * 2)
    lengths, versions = words[0::2], words[1::2]
    # NOTE: the minor version is 0, so that both read as one small number.
    likely = (versions >= 2) & (versions <= 4) & (lengths >= 60) & (lengths <= PAGE)
    starts = np.flatnonzero(likely & (lengths & 7 == 0)).astype(np.int64) * 8
    length = lengths[starts // 8].astype(np.int64)
    ends = starts + length
    good = (ends <= size) & _shaped(block, starts, length, versions[starts // 8])
    starts, ends = starts[good], ends[good]
    if len(starts) and (starts[1:] < ends[:-1]).any():
        apart = _apart(starts, ends)
        return starts[apart], ends[apart]
    return starts, ends


def _shaped(block: bytearray, starts: Ints, length: Ints, versions: Numbers) -> Bools:
    """Tell which places hold a record whose lengths fit each other."""
    shorts = loads(block, "<u2")
    good = np.zeros(len(starts), dtype=np.bool_)
    for version, place in _NAMED.items():
        of_name = shorts[starts + place - 4].astype(np.int64)
        fits = (versions == version) & (shorts[starts + place - 2] == place)
        fits &= (of_name > 0) & (of_name <= _LONGEST_NAME) & (of_name % 2 == 0)
        good |= fits & (length == (place + of_name + 7) // 8 * 8)
    extents = shorts[starts + 60].astype(np.int64)
    ranges = (versions == 4) & (shorts[starts + 62] == _EXTENT)
    good |= ranges & (length == _RANGES + _EXTENT * extents)
    return good


def _apart(starts: Ints, ends: Ints) -> Ints:
    """Choose those that do not lie in an earlier one."""
    chosen, free = [], 0
    for at, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        if start >= free:
            chosen.append(at)
            free = end
    return np.array(chosen, dtype=np.int64)


def _gaps(block: bytearray, starts: Ints, ends: Ints, done: int) -> list[int]:
    """Return where bytes that are not zero begin between records."""
    begins = np.concatenate(([0], ends))
    stops = np.concatenate((starts, [done]))
    wide = np.flatnonzero(stops > begins)
    gaps = zip(begins[wide].tolist(), stops[wide].tolist(), strict=True)
    left = ((stop, block[begin:stop].lstrip(b"\0")) for begin, stop in gaps)
    return [stop - len(rest) for stop, rest in left if rest]


def _told(block: bytearray, starts: Ints, offset: int, damaged: list[int]) -> Changes:
    versions = loads(block, "<u2")[starts + 4]
    named = starts[versions < 4]
    # NOTE: version 3 has references of 16 bytes; on NTFS the upper half of them is zero.
    wide = np.where(versions[versions < 4] == 3, 8, 0)
    longs, words, shorts = loads(block, "<u8"), loads(block, "<u4"), loads(block, "<u2")
    told = np.zeros(len(named), dtype=_CHANGES)
    told["offset"], told["file"] = named + offset, longs[named + 8]
    told["parent"] = longs[named + 16 + wide]
    told["usn"], told["time"] = longs[named + 24 + 2 * wide], longs[named + 32 + 2 * wide]
    told["reason"] = words[named + 40 + 2 * wide]
    told["attributes"] = words[named + 52 + 2 * wide]
    lengths = shorts[named + 56 + 2 * wide].tolist()
    places = (named + 60 + 2 * wide).tolist()
    whole = bytes(block)
    names = [
        whole[at : at + length].decode("utf-16-le", "replace")
        for at, length in zip(places, lengths, strict=True)
    ]
    return Changes(told, names, int(len(starts) - len(named)), damaged)
