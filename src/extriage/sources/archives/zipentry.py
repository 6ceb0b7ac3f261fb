"""The records that a zip archive consists of, and the data of one entry.

Reference: PKWARE APPNOTE 6.3. Headers are read by hand, not by the standard library's reader,
because evidence may be cut off, may lie (names, sizes, overlaps), or may arrive as a stream that
cannot seek, and because a directory of a million entries must not be held in memory.
"""

import stat
import struct
import zlib
from dataclasses import dataclass
from datetime import datetime

from extriage.errors import SourceError
from extriage.sources.archives.expansion import (
    Deflate,
    Expansion,
    bzip2_codec,
    lzma_codec,
    xz_codec,
)
from extriage.sources.archives.sevenzip import deflate64_codec, lacking, zstd_codec
from extriage.sources.contents import Remark, utc
from extriage.sources.limits import Budget
from extriage.sources.stream import Stream

LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
LOCAL_MARK = b"PK\x03\x04"
CENTRAL_MARK = b"PK\x01\x02"
DESCRIPTOR_MARK = b"PK\x07\x08"

STORED, DEFLATED, DEFLATE64, BZIP2, LZMA, ZSTANDARD, XZ = 0, 8, 9, 12, 14, 93, 95
READABLE = (STORED, DEFLATED, DEFLATE64, BZIP2, LZMA, ZSTANDARD, XZ)
FOREIGN = {DEFLATE64: "deflate64", ZSTANDARD: "zstd"}
"""Methods that need a library of the extra `7z`."""
METHODS = {
    1: "Shrink", 2: "Reduce", 3: "Reduce", 4: "Reduce", 5: "Reduce", 6: "Implode",
    9: "Deflate64", 10: "PKWARE Implode", 18: "TERSE", 19: "LZ77", 20: "Zstandard",
    93: "Zstandard", 94: "MP3", 96: "JPEG", 97: "WavPack", 98: "PPMd",
}  # fmt: skip

CODECS = {DEFLATE64: deflate64_codec, BZIP2: bzip2_codec, ZSTANDARD: zstd_codec, XZ: xz_codec}

ENCRYPTED, DESCRIPTOR, STRONG, UTF8, MASKED = 0x0001, 0x0008, 0x0040, 0x0800, 0x2000
AES = 99
HUGE = 0xFFFFFFFF
FILETIME_EPOCH = 11_644_473_600


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """One entry as its header or the archive's directory describes it."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int
    modified: datetime | None
    mode: int = 0
    """Unix file type and rights; 0 when the archive was not made on Unix."""

    @property
    def open_ended(self) -> bool:
        """Tell whether the sizes are known only after the data."""
        return bool(self.flags & DESCRIPTOR) and not self.packed


def central(head: bytes, names: bytes) -> ZipEntry:
    """Read a record of the archive's directory: 46 bytes, then name and extra field."""
    fields = CENTRAL.unpack(head)
    version, flags, method, crc, packed, size = fields[1], *fields[3:5], *fields[7:10]
    raw, extra = names[: fields[10]], names[fields[10] : fields[10] + fields[11]]
    size, packed, offset = _wide(extra, size, packed, fields[16])
    unix = version >> 8 in (3, 19)
    name, modified = _name(raw, flags, extra), _modified(extra)
    mode = fields[15] >> 16 if unix else 0
    flags &= ~DESCRIPTOR  # the directory knows the sizes, whatever the local header knew
    return ZipEntry(name, flags, method, crc, packed, size, offset, modified, mode)


def local(head: bytes, names: bytes, offset: int) -> ZipEntry:
    """Read the header that stands before an entry's data: 30 bytes, then name and extra field."""
    fields = LOCAL.unpack(head)
    flags, method, crc, packed, size = *fields[2:4], *fields[6:9]
    raw, extra = names[: fields[9]], names[fields[9] :]
    size, packed, _ = _wide(extra, size, packed, 0)
    name, modified = _name(raw, flags, extra), _modified(extra)
    return ZipEntry(name, flags, method, crc, packed, size, offset, modified)


def _extras(extra: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        found.setdefault(kind, extra[at + 4 : at + 4 + size])
        at += 4 + size
    return found


def _wide(extra: bytes, size: int, packed: int, offset: int) -> tuple[int, int, int]:
    """Replace the values that did not fit in 32 bits by those of the ZIP64 extra field."""
    if HUGE not in (size, packed, offset):
        return size, packed, offset
    field = _extras(extra).get(1, b"")
    values = iter(struct.unpack_from(f"<{len(field) // 8}Q", field))
    size = next(values, size) if size == HUGE else size
    packed = next(values, packed) if packed == HUGE else packed
    offset = next(values, offset) if offset == HUGE else offset
    return size, packed, offset


def _name(raw: bytes, flags: int, extra: bytes) -> str:
    """Decode a name: UTF-8 where it is valid (many tools forget to say so), else code page 437."""
    if raw.isascii():
        return raw.decode("ascii")
    unicode_path = _extras(extra).get(0x7075, b"")
    if unicode_path[1:5] == zlib.crc32(raw).to_bytes(4, "little"):
        return unicode_path[5:].decode("utf-8", "backslashreplace")
    if flags & UTF8:
        return raw.decode("utf-8", "backslashreplace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp437")


def _modified(extra: bytes) -> datetime | None:
    """Return the UTC time of the extra fields; the DOS time is some unknown zone's local time."""
    found = _extras(extra) if extra else {}
    unix = found.get(0x5455, b"")
    if len(unix) >= 5 and unix[0] & 1:
        return utc(struct.unpack_from("<i", unix, 1)[0])
    ntfs = found.get(0x000A, b"")
    if len(ntfs) >= 16 and ntfs[4:8] == b"\x01\x00\x18\x00":
        return utc(struct.unpack_from("<Q", ntfs, 8)[0] / 10_000_000 - FILETIME_EPOCH)
    return None


def refusal(entry: ZipEntry) -> Remark | None:
    """Say why an entry's data is not read, and whether that is evidence lost; None if it is."""
    if stat.S_ISLNK(entry.mode):
        return Remark("skipped", "symbolic link in the archive: not followed")
    if stat.S_IFMT(entry.mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        return Remark("skipped", "pipe, socket or device in the archive: not read")
    readable = not entry.flags & (ENCRYPTED | STRONG | MASKED) and entry.method in READABLE
    if not readable and entry.name.endswith(("/", "\\")) and not (entry.size or entry.packed):
        return Remark("skipped", "folder in the archive: nothing to read")
    if entry.flags & (ENCRYPTED | STRONG | MASKED) or entry.method == AES:
        return Remark("unreadable", "encrypted: password needed")
    name = METHODS.get(entry.method, f"method {entry.method}")
    if not readable:
        return Remark("unreadable", f"compression not supported: {name}")
    if entry.method in FOREIGN and (reason := lacking(FOREIGN[entry.method], name)):
        return Remark("unreadable", reason)
    if entry.method == DEFLATE64 and entry.open_ended:
        return Remark("unreadable", f"compression not supported without its size: {name}")
    return None


class EntryData:
    """The bytes of one entry, decompressed and compared with what its header promises."""

    def __init__(self, packed: Stream, entry: ZipEntry, budget: Budget) -> None:
        self._packed = packed
        self._entry = entry
        self._budget = budget
        self._start = packed.position
        self._crc = 0
        self._produced = 0
        self._expansion: Expansion | None = None

    def fetch(self, wanted: int) -> bytes:
        """Return between 1 and `wanted` bytes, none at the end."""
        data = self._data(wanted)
        self._crc = zlib.crc32(data, self._crc)
        self._produced += len(data)
        if not data:
            self._verify()
        return data

    def _data(self, wanted: int) -> bytes:
        if self._entry.method == STORED:
            data = self._packed.some(wanted)
            self._budget.expanded(len(data), 0, 0)
            return data
        if self._expansion is None:
            self._expansion = self._expand()
        known_end = self._entry.method == LZMA and not self._entry.open_ended
        if known_end and self._produced == self._entry.size:
            return b""  # LZMA data need not mark its own end
        return self._expansion.fetch(wanted)

    def _expand(self) -> Expansion:
        method = self._entry.method
        if method == DEFLATED:
            return Expansion(self._packed, Deflate(), self._budget)
        if method in CODECS:
            return Expansion(self._packed, CODECS[method](), self._budget)
        return Expansion(self._packed, lzma_codec(self._packed.take(9)), self._budget)

    def _verify(self) -> None:
        entry = self._entry
        if entry.open_ended:
            self._descriptor()
        elif self._produced != entry.size and not entry.flags & DESCRIPTOR:
            raise SourceError(
                f"holds {self._produced:,} bytes, not the {entry.size:,} that the archive states"
            )
        elif self._crc != entry.crc and (entry.crc or not entry.flags & DESCRIPTOR):
            raise SourceError("its checksum (CRC-32) is wrong: the data is damaged")

    def _descriptor(self) -> None:
        """Read the sizes that follow the data: with or without a mark, of 32 or of 64 bits."""
        packed, made = self._packed.position - self._start, self._produced
        ahead = self._packed.peek(24)
        mark = 4 if ahead[:4] == DESCRIPTOR_MARK else 0
        crc = struct.pack("<I", self._crc)
        for sizes in (
            struct.pack("<QQ", packed, made),
            struct.pack("<II", packed & HUGE, made & HUGE),
        ):
            end = mark + 4 + len(sizes)
            if ahead[mark:end] == crc + sizes:
                self._packed.skip(end)
                return
        raise SourceError("its checksum (CRC-32) is wrong: the data is damaged")
