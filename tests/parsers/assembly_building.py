"""Assemblies of .NET made at run time: names of classes, calls and texts, and no code to run.

The layout is ECMA-335, partition II: a header of .NET, five heaps, and the tables Module, TypeRef,
TypeDef, MemberRef, Assembly and AssemblyRef with two bytes for each index.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

RVA, RAW = 0x2000, 0x200
STAMP = 1614747662
"""2021-03-03 05:01:02 UTC."""


@dataclass
class _Heap:
    data: bytearray = field(default_factory=lambda: bytearray(b"\0"))

    def text(self, text: str) -> int:
        at = len(self.data)
        self.data += text.encode() + b"\0"
        return at if text else 0

    def user(self, text: str) -> None:
        raw = text.encode("utf-16-le") + b"\0"
        size = len(raw)
        if size < 0x80:
            self.data += bytes((size,))
        elif size < 0x4000:
            self.data += struct.pack(">H", size | 0x8000)
        else:
            self.data += struct.pack(">I", size | 0xC0000000)
        self.data += raw


def assembly(
    types: Iterable[tuple[str, str]] = (("ASP.auth_x_aspx", "System.Web.UI.Page"),),
    calls: Iterable[str] = (),
    texts: Iterable[str] = (),
    *,
    name: str = "App_Web_abcd1234",
    stamp: int = STAMP,
    streams: int | None = None,
) -> bytes:
    """Return an assembly with these classes and their bases, calls (`System.X.Name`) and texts."""
    strings, users = _Heap(), _Heap()
    for text in texts:
        users.user(text)
    tables = _tables(strings, list(types), list(calls), name)
    heaps = (
        (b"#~\0\0", tables),
        (b"#Strings\0\0\0\0", bytes(strings.data)),
        (b"#US\0", bytes(users.data)),
        (b"#GUID\0\0\0", bytes(16)),
        (b"#Blob\0\0\0", b"\0\4\0\0\1"),
    )
    metadata = _metadata(heaps, len(heaps) if streams is None else streams)
    header = struct.pack("<IHHIIII", 72, 2, 5, RVA + 72, len(metadata), 1, 0)
    return _program(header.ljust(72, b"\0") + metadata, stamp)


def _split(full: str) -> tuple[str, str]:
    space, _, name = full.rpartition(".")
    return space, name


def _tables(
    strings: _Heap, types: list[tuple[str, str]], calls: list[str], assembly_name: str
) -> bytes:
    owners = dict.fromkeys(
        [base for _, base in types] + [call.rpartition(".")[0] for call in calls]
    )
    places = {owner: number for number, owner in enumerate(owners, start=1)}
    module = struct.pack("<HHHHH", 0, strings.text(f"{assembly_name}.dll"), 1, 0, 0)
    refs = b"".join(
        struct.pack("<HHH", 1 << 2 | 2, strings.text(name), strings.text(space))
        for space, name in map(_split, owners)
    )
    defs = struct.pack("<IHHHHH", 0, strings.text("<Module>"), 0, 0, 1, 1)
    for full, base in types:
        space, name = _split(full)
        row = strings.text(name), strings.text(space), places[base] << 2 | 1, 1, 1
        defs += struct.pack("<IHHHHH", 1, *row)
    members = b"".join(
        struct.pack("<HHH", places[owner] << 3 | 1, strings.text(name), 1)
        for owner, _, name in (call.rpartition(".") for call in calls)
    )
    own = struct.pack("<IHHHHIHHH", 0x8004, 1, 0, 0, 0, 0, 0, strings.text(assembly_name), 0)
    needed = struct.pack("<HHHHIHHHH", 4, 0, 0, 0, 0, 0, strings.text("System.Web"), 0, 0)
    rows = {0: 1, 1: len(owners), 2: len(types) + 1, 10: len(calls), 32: 1, 35: 1}
    there = {number: count for number, count in rows.items() if count}
    mask = sum(1 << number for number in there)
    head = struct.pack("<IBBBBQQ", 0, 2, 0, 0, 1, mask, 0)
    counts = b"".join(struct.pack("<I", there[number]) for number in sorted(there))
    body = head + counts + module + refs + defs + members + own + needed
    return body + bytes(-len(body) % 4)


def _metadata(heaps: tuple[tuple[bytes, bytes], ...], streams: int) -> bytes:
    version = b"v4.0.30319\0\0"
    root = struct.pack("<IHHII", 0x424A5342, 1, 1, 0, len(version)) + version
    root += struct.pack("<HH", 0, streams)
    at = len(root) + sum(8 + len(name) for name, _ in heaps)
    table, bodies = b"", b""
    for name, data in heaps:
        padded = data + bytes(-len(data) % 4)
        table += struct.pack("<II", at + len(bodies), len(padded)) + name
        bodies += padded
    return root + table + bodies


def _program(section: bytes, stamp: int) -> bytes:
    directories = [(0, 0)] * 16
    directories[14] = (RVA, 72)
    optional = struct.pack("<HBBIIIII", 0x10B, 8, 0, 0, 0, 0, 0, RVA) + struct.pack(
        "<II", 0, 0x400000
    )
    optional += struct.pack(
        "<IIHHHHHHIIIIHH", RVA, 0x200, 4, 0, 0, 0, 4, 0, 0, 0x8000, RAW, 0, 3, 0
    )
    optional += struct.pack("<4I", 0x100000, 0x1000, 0x100000, 0x1000) + struct.pack("<II", 0, 16)
    optional += b"".join(struct.pack("<II", *one) for one in directories)
    size = len(section) + -len(section) % 0x200
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0"
    head += struct.pack("<HHIIIHH", 0x14C, 1, stamp, 0, 0, len(optional), 0x2102) + optional
    head += b".text\0\0\0"
    head += struct.pack("<IIIIIIHHI", len(section), RVA, size, RAW, 0, 0, 0, 0, 0x60000020)
    return head.ljust(RAW, b"\0") + section.ljust(size, b"\0")
