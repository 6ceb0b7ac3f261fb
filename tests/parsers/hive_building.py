"""Registry hives and their transaction logs, made at run time as Windows lays them out."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from extriage.parsers.hivelog import marvin32

BASE = 4096
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
WRITTEN = datetime(2022, 11, 13, 1, 2, 3, tzinfo=UTC)

Value = str | int | bytes | list[str]


@dataclass(frozen=True)
class Node:
    """One key: its values and the keys below it."""

    values: Mapping[str, Value] = field(default_factory=dict)
    keys: Mapping[str, "Node"] = field(default_factory=dict)
    written: datetime = WRITTEN


def tree(paths: Mapping[str, Mapping[str, Value] | Node]) -> Node:
    r"""Make a tree of keys from paths such as `Microsoft\Windows`."""
    below: dict[str, dict[str, Mapping[str, Value] | Node]] = {}
    own: dict[str, Node] = {}
    for path, what in paths.items():
        name, _, rest = path.partition("\\")
        if rest:
            below.setdefault(name, {})[rest] = what
        else:
            own[name] = what if isinstance(what, Node) else Node(what)
    keys: dict[str, Node] = {}
    for name in sorted({*below, *own}, key=str.upper):
        here = own.get(name, Node())
        inner = tree(below[name]).keys if name in below else {}
        keys[name] = Node(here.values, {**here.keys, **inner}, here.written)
    return Node({}, keys)


def filetime(moment: datetime) -> int:
    return int((moment - EPOCH).total_seconds()) * 10_000_000


class _Cells:
    """The hive bins while they are filled, cell by cell."""

    def __init__(self, leaf: bytes) -> None:
        self.data = bytearray(32)
        self.leaf = leaf

    def add(self, content: bytes) -> int:
        offset = len(self.data)
        size = 4 + len(content)
        size += -size % 8
        self.data += struct.pack("<i", -size) + content
        self.data += bytes(offset + size - len(self.data))
        return offset

    def value(self, name: str, value: Value) -> int:
        raw = name.encode("latin-1")
        kind, data = _encoded(value)
        if len(data) <= 4:
            size, place = len(data) | 0x80000000, int.from_bytes(data.ljust(4, b"\0"), "little")
        else:
            size, place = len(data), self.add(data)
        return self.add(b"vk" + struct.pack("<HIIIHH", len(raw), size, place, kind, 1, 0) + raw)

    def key(self, name: str, node: Node, root: bool = False) -> int:
        raw = name.encode("latin-1")
        offset = self.add(bytes(76 + len(raw)))
        children = [(other, self.key(other, inner)) for other, inner in node.keys.items()]
        values = [self.value(other, value) for other, value in node.values.items()]
        listed = self._list(children) if children else 0xFFFFFFFF
        valued = self.add(struct.pack(f"<{len(values)}I", *values)) if values else 0xFFFFFFFF
        record = (
            b"nk"
            + struct.pack("<HQ", 0x2C if root else 0x20, filetime(node.written))
            + struct.pack("<6I", 0, 0, len(children), 0, listed, 0xFFFFFFFF)
            + struct.pack("<4I", len(values), valued, 0xFFFFFFFF, 0xFFFFFFFF)
            + bytes(20)
            + struct.pack("<HH", len(raw), 0)
            + raw
        )
        self.data[offset + 4 : offset + 4 + len(record)] = record
        return offset

    def _list(self, children: Sequence[tuple[str, int]]) -> int:
        if self.leaf == b"ri":
            halves = (children[: len(children) // 2], children[len(children) // 2 :])
            leaves = [self._leaf(b"lh", half) for half in halves if half]
            return self.add(b"ri" + struct.pack(f"<H{len(leaves)}I", len(leaves), *leaves))
        return self._leaf(self.leaf, children)

    def _leaf(self, mark: bytes, children: Sequence[tuple[str, int]]) -> int:
        rows = [
            struct.pack("<I", offset)
            + (b"" if mark == b"li" else name[:4].encode().ljust(4, b"\0"))
            for name, offset in children
        ]
        return self.add(mark + struct.pack("<H", len(rows)) + b"".join(rows))


def _encoded(value: Value) -> tuple[int, bytes]:
    if isinstance(value, int):
        return (4, struct.pack("<I", value)) if value < 1 << 32 else (11, struct.pack("<Q", value))
    if isinstance(value, bytes):
        return 3, value
    if isinstance(value, list):
        return 7, "".join(f"{one}\0" for one in [*value, ""]).encode("utf-16-le")
    return 1, f"{value}\0".encode("utf-16-le")


def hive(
    root: Node, name: str = "SOFTWARE", sequence: tuple[int, int] = (7, 7), leaf: bytes = b"lh"
) -> bytes:
    """Return a hive; it counts as dirty when the two sequence numbers differ."""
    cells = _Cells(leaf)
    offset = cells.key("ROOT", root, root=True)
    cells.data += bytes(-len(cells.data) % 4096)
    cells.data[:32] = b"hbin" + struct.pack("<II", 0, len(cells.data)) + bytes(20)
    head = block(sequence, offset, len(cells.data), name, 0)
    return head.ljust(BASE, b"\0") + bytes(cells.data)


def block(sequence: tuple[int, int], root: int, size: int, name: str, kind: int) -> bytes:
    """Return the first block of a hive (kind 0) or of a log (kind 1 or 6), with its checksum."""
    place = f"emRoot\\System32\\Config\\{name}"[-31:] if name else ""
    head = b"regf" + struct.pack("<IIQ", *sequence, filetime(WRITTEN))
    head += struct.pack("<7I", 1, 5, kind, 1, root, size, 1)
    head += place.encode("utf-16-le").ljust(64, b"\0")
    head = head.ljust(508, b"\0")
    total = 0
    for (word,) in struct.iter_unpack("<I", head):
        total ^= word
    return head + struct.pack("<I", {0: 1, 0xFFFFFFFF: 0xFFFFFFFE}.get(total, total))


def pages(old: bytes, new: bytes, size: int = 512) -> list[tuple[int, bytes]]:
    """Return the pages of the hive bins that differ, with their places."""
    length = max(len(old), len(new))
    old, new = old.ljust(length, b"\0"), new.ljust(length, b"\0")
    places = range(0, length - BASE, size)
    return [
        (at, new[BASE + at : BASE + at + size])
        for at in places
        if old[BASE + at : BASE + at + size] != new[BASE + at : BASE + at + size]
    ]


def entry(sequence: int, bins: int, changed: Sequence[tuple[int, bytes]]) -> bytes:
    """Return one entry of a log in the new format."""
    body = b"".join(struct.pack("<II", at, len(page)) for at, page in changed)
    body += b"".join(page for _, page in changed)
    body += bytes(-(40 + len(body)) % 512)
    head = b"HvLE" + struct.pack("<5I", 40 + len(body), 0, sequence, bins, len(changed))
    head += struct.pack("<Q", marvin32(body))
    return head + struct.pack("<Q", marvin32(head)) + body


def new_log(entries: Sequence[bytes], name: str = "SOFTWARE") -> bytes:
    """Return a log as Windows 8.1 and later write it."""
    return block((8, 8), 32, 4096, name, 6) + b"".join(entries)


def old_log(
    size: int, changed: Sequence[tuple[int, bytes]], sequence: tuple[int, int] = (8, 8)
) -> bytes:
    """Return a log as Windows XP to 8 write it: a bit for each page of 512 bytes."""
    bitmap = bytearray(size // 512 // 8)
    for at, _ in changed:
        bitmap[at // 512 // 8] |= 1 << at // 512 % 8
    vector = b"DIRT" + bytes(bitmap)
    vector += bytes(-len(vector) % 512)
    return block(sequence, 32, size, "SOFTWARE", 1) + vector + b"".join(p for _, p in changed)
