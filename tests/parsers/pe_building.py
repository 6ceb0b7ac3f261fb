"""Program files made at run time: headers, one section, and a version resource, nothing to run."""

import struct
from collections.abc import Mapping

RVA = 0x1000
RAW = 0x200


def program(
    version: tuple[int, int, int, int],
    names: Mapping[str, str] | None = None,
    *,
    resource: bytes | None = None,
    wide: bool = True,
    padding: int = 0,
) -> bytes:
    """Return a program file (64-bit if `wide`) with this version and these texts in it."""
    strings = {"FileVersion": ".".join(map(str, version))} if names is None else names
    block = resource if resource is not None else version_block(version, strings)
    section = _directory(len(block)) + block
    size = len(section) + -len(section) % 0x200
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    optional = _optional(wide, len(section))
    head += b"PE\0\0" + struct.pack(
        "<HHIIIHH", 0x8664 if wide else 0x14C, 1, 0, 0, 0, len(optional), 0x2022
    )
    head += optional
    head += b".rsrc\0\0\0" + struct.pack(
        "<IIIIIIHHI", len(section), RVA, size, RAW, 0, 0, 0, 0, 0x40000040
    )
    return head.ljust(RAW, b"\0") + section.ljust(size, b"\0") + bytes(padding)


def _optional(wide: bool, size: int) -> bytes:
    directories = [(0, 0)] * 16
    directories[2] = (RVA, size)
    head = struct.pack("<HBBIIIII", 0x20B if wide else 0x10B, 8, 0, 0, 0, 0, 0, RVA)
    head += struct.pack("<Q", 0x180000000) if wide else struct.pack("<II", 0, 0x400000)
    head += struct.pack("<IIHHHHHHIIIIHH", RVA, 0x200, 6, 0, 0, 0, 6, 0, 0, 0x3000, RAW, 0, 3, 0)
    head += struct.pack("<4Q" if wide else "<4I", 0x100000, 0x1000, 0x100000, 0x1000)
    head += struct.pack("<II", 0, 16)
    return head + b"".join(struct.pack("<II", *one) for one in directories)


def _directory(size: int) -> bytes:
    """Return the three levels above a version resource: type 16, name 1, language 1033."""
    empty = struct.pack("<IIHH", 0, 0, 0, 0)
    levels = b""
    for level, (kind, target) in enumerate(((16, 24), (1, 48), (1033, 72))):
        offset = target | (0x80000000 if level < 2 else 0)
        levels += empty + struct.pack("<HHII", 0, 1, kind, offset)
    return levels + struct.pack("<IIII", RVA + 88, size, 0, 0)


def version_block(version: tuple[int, int, int, int], names: Mapping[str, str]) -> bytes:
    """Return VS_VERSIONINFO with one table of strings."""
    high, low = version[0] << 16 | version[1], version[2] << 16 | version[3]
    fixed = struct.pack("<13I", 0xFEEF04BD, 0x10000, high, low, high, low, 63, 0, 4, 2, 0, 0, 0)
    table = b"".join(_node(key, value) for key, value in names.items())
    strings = _node("StringFileInfo", "", _node("040904b0", "", table))
    return _node("VS_VERSION_INFO", fixed, strings)


def _node(key: str, value: str | bytes, children: bytes = b"") -> bytes:
    text = isinstance(value, str)
    raw = f"{value}\0".encode("utf-16-le") if isinstance(value, str) and value else value or b""
    data = raw if isinstance(raw, bytes) else b""
    head = _aligned(6, f"{key}\0".encode("utf-16-le"))
    body = _aligned(6 + len(head), data) if children else data
    length = 6 + len(head) + len(body) + len(children)
    count = len(data) // 2 if text else len(data)
    node = struct.pack("<HHH", length, count, int(text)) + head + body + children
    return node + bytes(-len(node) % 4)


def _aligned(before: int, data: bytes) -> bytes:
    return data + bytes(-(before + len(data)) % 4)
