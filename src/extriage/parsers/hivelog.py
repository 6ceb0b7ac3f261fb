"""The transaction logs of a registry hive: changes that Windows had not yet written into it.

A hive that was copied from a running server is usually behind its logs. They are applied in
memory, in both formats: log entries (`HvLE`, Windows 8.1 and later) and dirty vectors (`DIRT`).
Reference: M. Suhanov, "Windows registry file format specification".
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

BASE = 4096
"""Size of the header of a hive; all offsets in it count from its end."""
LOG_HEADER = 512
_PAGE = 512
_CHECKED = 508
_ENTRY = struct.Struct("<4s5I2Q")
_REFERENCE = struct.Struct("<2I")
_SEED = 0x82EF4D887A4E55C5
_WORD = 0xFFFFFFFF
LARGEST = 512 << 20
"""A log cannot make a hive larger than this."""


@dataclass(frozen=True, slots=True)
class HiveHeader:
    """The first block of a hive or of one of its logs."""

    primary: int
    secondary: int
    """Sequence numbers; they differ while changes wait to be written."""
    written: int
    """When the hive was last written, as FILETIME."""
    type: int
    """0 for a hive, other numbers for its logs."""
    root: int
    size: int
    """Bytes of the hive bins that follow the header."""
    name: str
    """The end of the path under which Windows loaded it; empty for hives saved by `reg save`."""
    sound: bool
    """The checksum is right."""

    @property
    def clean(self) -> bool:
        """Tell whether the file holds all changes."""
        return self.sound and self.primary == self.secondary


@dataclass(frozen=True, slots=True)
class _Entry:
    sequence: int
    size: int
    pages: tuple[tuple[int, bytes], ...]
    """Where each page belongs among the hive bins, and what it holds."""


def header(data: bytes) -> HiveHeader | None:
    """Read the header of a hive or log; None if it is none."""
    if len(data) < LOG_HEADER or data[:4] != b"regf":
        return None
    primary, secondary, written = struct.unpack_from("<IIQ", data, 4)
    kind, _, root, size = struct.unpack_from("<4I", data, 28)
    name = data[48:112].decode("utf-16-le", "replace").partition("\0")[0]
    (checksum,) = struct.unpack_from("<I", data, _CHECKED)
    sound = checksum == _checksum(data)
    return HiveHeader(primary, secondary, written, kind, root, size, name, sound)


def _checksum(data: bytes) -> int:
    total = 0
    for (word,) in struct.iter_unpack("<I", data[:_CHECKED]):
        total ^= word
    return {0: 1, _WORD: _WORD - 1}.get(total, total)


def replay(data: bytes, hive: HiveHeader, logs: Sequence[bytes]) -> bytes | None:
    """Return the hive with all changes that its logs hold; None if none of them fits it."""
    entries = sorted(
        (entry for log in logs for entry in _entries(log, hive.secondary)),
        key=lambda entry: entry.sequence,
    )
    if entries:
        return _applied(data, entries)
    for log in logs:
        pages = _dirty_pages(log, hive)
        if pages:
            return _applied(data, [_Entry(hive.primary, hive.size, tuple(pages))])
    return None


def _applied(data: bytes, entries: Sequence[_Entry]) -> bytes:
    """Write the pages of consecutive entries; a gap in their numbers ends it."""
    result = bytearray(data)
    expected = entries[0].sequence
    for entry in entries:
        if entry.sequence > expected:
            break
        expected = entry.sequence + 1
        needed = BASE + entry.size
        result.extend(bytes(max(needed - len(result), 0)))
        for offset, page in entry.pages:
            start = BASE + offset
            if start + len(page) <= len(result):
                result[start : start + len(page)] = page
    return bytes(result)


def _entries(log: bytes, oldest: int) -> Iterator[_Entry]:
    """Yield the log's entries from a number on, up to the first that was not written whole."""
    at = LOG_HEADER
    while at + _ENTRY.size <= len(log):
        mark, size, _, sequence, bins, count, body, head = _ENTRY.unpack_from(log, at)
        if mark != b"HvLE" or size < _ENTRY.size or at + size > len(log) or bins > LARGEST:
            return
        entry = log[at : at + size]
        at += size
        if marvin32(entry[:32]) != head:
            return
        if sequence < oldest:
            continue
        pages = _pages(entry, count)
        if pages is None or marvin32(entry[40:]) != body:
            return
        yield _Entry(sequence, bins, pages)


def _pages(entry: bytes, count: int) -> tuple[tuple[int, bytes], ...] | None:
    start = _ENTRY.size + count * _REFERENCE.size
    if start > len(entry):
        return None
    pages = []
    for offset, size in _REFERENCE.iter_unpack(entry[_ENTRY.size : start]):
        if start + size > len(entry):
            return None
        pages.append((offset, entry[start : start + size]))
        start += size
    return tuple(pages)


def _dirty_pages(log: bytes, hive: HiveHeader) -> list[tuple[int, bytes]]:
    """Return the pages of a log in the old format, if it was made for this very state."""
    found = header(log)
    if found is None or not found.clean or found.written != hive.written:
        return []
    if log[LOG_HEADER : LOG_HEADER + 4] != b"DIRT" or hive.size > LARGEST:
        return []
    start = LOG_HEADER + 4
    end = start + hive.size // _PAGE // 8
    at = end + -end % _PAGE
    pages = []
    for place, flags in enumerate(log[start:end]):
        for bit in range(8):
            if flags >> bit & 1 and at + _PAGE <= len(log):
                pages.append(((place * 8 + bit) * _PAGE, log[at : at + _PAGE]))
                at += _PAGE
    return pages


def marvin32(data: bytes, seed: int = _SEED) -> int:
    """Return the hash that guards the entries of a log (Marvin, 64 bits)."""
    low, high = seed & _WORD, seed >> 32
    whole = len(data) & ~3
    rest = int.from_bytes(data[whole:] + b"\x80", "little")
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        low, high = _mixed(low + word & _WORD, high)
    low, high = _mixed(*_mixed(low + rest & _WORD, high))
    return high << 32 | low


def _mixed(low: int, high: int) -> tuple[int, int]:
    high ^= low
    low = (low << 20 | low >> 12) + high & _WORD
    high = (high << 9 | high >> 23) & _WORD ^ low
    low = (low << 27 | low >> 5) + high & _WORD
    return low, (high << 19 | high >> 13) & _WORD
