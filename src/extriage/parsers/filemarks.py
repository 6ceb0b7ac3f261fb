"""Tell the file system's own tables, `$MFT` and `$J` as on the disk, by their first bytes.

A journal mostly begins with a hole that reads as zeros; then its name must tell what it is.
"""

import re
import struct

_SECTOR = 512
USUAL_ENTRY = 1024
_ENTRY_SIZES = (USUAL_ENTRY, 4096)
_JOURNAL = re.compile(r"\$J(?:\.[A-Za-z0-9]{1,8})?$", re.IGNORECASE)
_TABLE = re.compile(r"\$MFT$", re.IGNORECASE)
_LENGTHS = struct.Struct("<IHH")
_NAME_AT = {2: 60, 3: 76}
"""Version of a journal's record to where the name in it stands."""
_RANGES = 64
_EXTENT = 16


def table_kind(head: bytes, name: str) -> str:
    """Name the kind of such a table; empty if it is none."""
    if head.startswith((b"FILE", b"BAAD")) and entry_size(head):
        return "file-table"
    return "file-journal" if is_journal(head, name) else ""


def named_kind(name: str) -> str:
    """Name the kind of such a table by its file name alone: its beginning may be damaged."""
    if _TABLE.search(name):
        return "file-table"
    return "file-journal" if _JOURNAL.search(name) else ""


def entry_size(head: bytes) -> int:
    """Return the size of the entries of a table of files by its first bytes; 0 if it is none."""
    for size in _ENTRY_SIZES:
        starts = [head[at : at + 4] for at in range(0, min(len(head), 8 * size), size)]
        good = [start == b"FILE" for start in starts]
        if sum(good) * 2 > len(good) and _is_entry(head[good.index(True) * size :], size):
            return size
    return 0


def _is_entry(entry: bytes, size: int) -> bool:
    fixes, count = (int.from_bytes(entry[at : at + 2], "little") for at in (4, 6))
    allocated = int.from_bytes(entry[0x1C:0x20], "little")
    return allocated == size and count == size // _SECTOR + 1 and 0x28 <= fixes <= 0x40


def is_journal(head: bytes, name: str) -> bool:
    """Tell a journal of changes by its first record, or by its name where it begins with zeros."""
    start = (len(head) - len(head.lstrip(b"\0"))) & ~7
    if start >= len(head) & ~7:
        return bool(head) and _JOURNAL.search(name) is not None
    record = head[start : start + 80]
    if len(record) < _RANGES:
        return False
    length, version, minor = _LENGTHS.unpack_from(record)
    if minor or length % 8 or version not in (2, 3, 4):
        return False
    if version == 4:
        extents, size = struct.unpack_from("<HH", record, 60)
        return bool(size == _EXTENT and length == _RANGES + extents * size)
    place = _NAME_AT[version]
    named, at = struct.unpack_from("<HH", record, place - 4) if len(record) >= place else (0, 0)
    return bool(at == place and named and length == (place + named + 7) // 8 * 8)
