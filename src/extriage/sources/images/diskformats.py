"""Which files are disk images, and which files on disk make up one image.

A server is handed over as `srv.E01` with `srv.E02`, as `disk.001` with `disk.002`, as a VMDK
descriptor with its extents. All of them are one disk, and none of them is evidence by itself. What
is inside is read by `sources.images.image` with the extra `disk`; this module needs nothing.

Formats: https://github.com/libyal/libewf/blob/main/documentation/, VMware Virtual Disk Format 5.0,
[MS-VHDX], https://learn.microsoft.com/windows/win32/vstor (VHD), qemu docs/interop/qcow2.txt.
"""

import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from extriage.errors import SourceError
from extriage.sources.files import open_file
from extriage.sources.limits import MIB

HEAD = 2048
SMALLEST = MIB
"""No file system is smaller, but a part of an image is; those are known by their names."""
_PART_NAME = re.compile(r"\.(vmdk|vhdx?|qcow2|vdi|[els]x?01|001)$", re.I)
EWF_MARK = b"EVF\x09\x0d\x0a\xff\0"
_MARKS = (
    (EWF_MARK, "E01"),
    (b"KDMV", "VMDK"),
    (b"COWD", "VMDK"),
    (b"\xbe\xba\xfe\xca\0\0\0\0", "VMDK"),
    (b"# Disk DescriptorFile", "VMDK"),
    (b"vhdxfile", "VHDX"),
    (b"conectix", "VHD"),
    (b"QFI\xfb", "qcow2"),
)
_CLOSED_MARKS = (
    (b"EVF2\r\n\x81\0", "Ex01"),
    (b"LVF\x09\x0d\x0a\xff\0", "L01, single files"),
    (b"LEF2\r\n\x81\0", "Lx01, single files"),
    (b"ADSEGMENTEDFILE", "AD1, single files"),
    (b"AFF10\r\n\0", "AFF"),
)
"""Formats that are known and not read: another program has to make one of the others of it."""
_VDI = b"\x7f\x10\xda\xbe"
_VOLUMES = (b"NTFS    ", b"-FVE-FS-", b"EXFAT   ", b"ReFS\0\0\0\0", b"MSDOS5.0", b"MSWIN4.1")
_RAW_NAME = re.compile(
    r"(?:^|[/\\])(?!\$|%24|mbr)[^/\\]*(?<!\.)(?:\.(?:dd|raw|img|image|ima|bin|vhd|vmdk|disk|\d{3,4}))$"
    r"|(?:^|[/\\])(?!\$|%24|mbr)[^./\\]+$",
    re.I,
)
"""Collections hold boot sectors by themselves (`$Boot`, `MBR.bin`): those are no images."""
_PARTITION = struct.Struct("<B3xB3xII")
_EWF_NAME = re.compile(r"\.[e-z]([0-9]{2}|[a-z]{2})", re.I)
_SPLIT_NAME = re.compile(r"\.[0-9]{3,4}")
_EXTENT = re.compile(
    r'^(?:RW|RDONLY|NOACCESS)[ \t]+(\d+)[ \t]+(\w+)(?:[ \t]+"([^"]*)"(?:[ \t]+(\d+))?)?', re.M
)
_SETTING = re.compile(r'^[ \t]*(\w+)[ \t]*=[ \t]*"?([^"\r\n]*)"?', re.M)
_DESCRIPTOR_LIMIT = 64 * 1024
_MOST_PARTS = 20_000
CONVERT = "make a raw or E01 image of it with the program that wrote it, and give that"


@dataclass(frozen=True, slots=True)
class Extent:
    """A piece of the disk that a VMDK descriptor names."""

    sectors: int
    kind: str
    """`FLAT`, `SPARSE`, `ZERO` …"""
    name: str
    offset: int = 0
    """Sectors of its file that lie before it."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The files that make up one disk image, in their order."""

    format: str
    """`E01`, `raw`, `VMDK` …"""
    files: tuple[Path, ...]
    extents: tuple[Extent, ...] = ()
    """Of a VMDK descriptor: one for each of `files`."""
    below: "Parts | None" = None
    """The disk that a VMDK snapshot builds on."""
    beside: tuple[Path, ...] = field(default=())
    """Files that describe the image and hold none of its data."""

    def all(self) -> tuple[Path, ...]:
        """Return every file that belongs to the image."""
        return self.files + self.beside + (self.below.all() if self.below else ())


def disk_format(head: bytes, name: str) -> str:
    """Say which disk image begins with these bytes: `disk image (E01)`; empty for anything else.

    `head` holds the first 2048 bytes, or as many as there are. Files without a mark of their own
    count if they begin with a partition table or a file system.
    """
    found = _format(head, name) or next(
        (title for mark, title in _CLOSED_MARKS if head.startswith(mark)), ""
    )
    return f"disk image ({found})" if found else ""


def _format(head: bytes, name: str) -> str:
    for mark, title in _MARKS:
        if head.startswith(mark):
            return title
    if head[64:68] == _VDI:
        return "VDI"
    unmarked = _volume(head) or _partitions(head)
    return "raw" if unmarked and _RAW_NAME.search(name) else ""


def _volume(head: bytes) -> bool:
    windows = head[3:11] in _VOLUMES and head[:1] in (b"\xeb", b"\0")
    fat = head[:1] in (b"\xeb", b"\xe9") and (head[54:58] == b"FAT1" or head[82:87] == b"FAT32")
    linux = head[:4] == b"XFSB" or (not any(head[:8]) and head[0x438:0x43A] == b"\x53\xef")
    return windows or (fat and head[510:512] == b"\x55\xaa") or linux


def _partitions(head: bytes) -> bool:
    """Tell whether this is a master boot record with at least one partition that can be."""
    if len(head) < 512 or head[510:512] != b"\x55\xaa":
        return False
    rows = [_PARTITION.unpack_from(head, 446 + 16 * number) for number in range(4)]
    used = [row for row in rows if row[1]]
    sane = all(row[0] in (0, 0x80) for row in rows)
    return sane and bool(used) and all(row[2] and row[3] for row in used)


def may_be_image(name: str, size: int) -> bool:
    """Tell whether a file is worth a look at its first bytes."""
    return size >= SMALLEST or bool(_PART_NAME.search(name))


def parts(file: Path) -> Parts:
    """Find all files of the image that begins with a file; SourceError says what is missing."""
    head = _head(file)
    closed = next((title for mark, title in _CLOSED_MARKS if head.startswith(mark)), "")
    if closed:
        raise SourceError(f"disk image ({closed}): not supported; {CONVERT}")
    found = _format(head, file.name)
    if found == "E01":
        return _ewf(file)
    if found == "VMDK":
        return _vmdk(file, 0)
    if found == "raw":
        return Parts("raw", _split(file))
    if not found:
        raise SourceError("is no disk image that is known")
    return Parts(found, (file,))


def _head(file: Path, size: int = HEAD) -> bytes:
    with open_file(str(file)) as opened:
        return opened.piece(0, size)


def _beside(file: Path, fits: Callable[[str], bool]) -> list[Path]:
    """Return the files of the same folder and the same name whose ending fits."""
    stem = file.stem.lower()
    try:
        with os.scandir(file.parent) as entries:
            names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError as error:
        raise SourceError(f"its folder cannot be listed: {error.strerror or error}") from error
    paths = [file.with_name(name) for name in sorted(names)]
    return [path for path in paths if path.stem.lower() == stem and fits(path.suffix)][:_MOST_PARTS]


def _ewf(file: Path) -> Parts:
    """Return the segments of an E01 image: each tells its own number."""
    numbered: dict[int, Path] = {}
    for path in _beside(file, lambda suffix: bool(_EWF_NAME.fullmatch(suffix))) or [file]:
        head = _head(path, 13)
        if head.startswith(EWF_MARK) and len(head) == 13:
            numbered.setdefault(int.from_bytes(head[9:11], "little"), path)
    _whole(sorted(numbered), 1, "segment")
    return Parts("E01", tuple(numbered[number] for number in sorted(numbered)))


def _whole(numbers: list[int], first: int, what: str) -> None:
    missing = next((at for at, got in enumerate(numbers, first) if at != got), None)
    if missing is not None:
        raise SourceError(f"{what} {missing} of the image is missing: put all of them together")


def _split(file: Path) -> tuple[Path, ...]:
    """Return the pieces of a raw image that was cut: `disk.001`, `disk.002` and so on."""
    if not _SPLIT_NAME.fullmatch(file.suffix):
        return (file,)
    first = int(file.suffix[1:])
    width = len(file.suffix)
    pieces = _beside(file, lambda one: bool(_SPLIT_NAME.fullmatch(one)) and len(one) == width)
    numbered = {int(path.suffix[1:]): path for path in pieces}
    numbers = sorted(number for number in numbered if number >= first)
    _whole(numbers, first, "piece")
    return tuple(numbered[number] for number in numbers)


def _vmdk(file: Path, depth: int) -> Parts:
    """Return the extents of a virtual disk, and below a snapshot those of the disk it builds on."""
    text = _descriptor(file)
    settings = {name.lower(): value.strip() for name, value in _SETTING.findall(text)}
    below = None
    if settings.get("parentcid", "ffffffff").lower() != "ffffffff":
        hint = settings.get("parentfilenamehint", "")
        if depth >= 64:
            raise SourceError("its chain of snapshots leads in a circle")
        below = _vmdk(_named(file, hint, "snapshot of the disk"), depth + 1)
    if not _head(file, 32).startswith(b"#"):
        return Parts("VMDK", (file,), below=below)
    extents = [
        Extent(int(rows), kind.upper(), name, int(start or 0))
        for rows, kind, name, start in _EXTENT.findall(text)
    ]
    if not extents or len(extents) > _MOST_PARTS:
        raise SourceError("its descriptor names no extents that could be read")
    if odd := next((one for one in extents if one.kind not in _EXTENTS), None):
        raise SourceError(f"VMDK with an extent of the kind {odd.kind}: not supported; {CONVERT}")
    files = [file if one.kind == "ZERO" else _named(file, one.name, "extent") for one in extents]
    return Parts("VMDK", tuple(files), tuple(extents), below, (file,))


_EXTENTS = ("FLAT", "VMFS", "SPARSE", "VMFSSPARSE", "SESPARSE", "ZERO")


def _descriptor(file: Path) -> str:
    """Return the text that describes a virtual disk; empty where the file holds none."""
    head = _head(file, 512)
    if head.startswith(b"#"):
        return _head(file, _DESCRIPTOR_LIMIT).decode("utf-8", "replace")
    if not head.startswith(b"KDMV") or len(head) < 44:
        return ""
    at, size = struct.unpack_from("<QQ", head, 28)
    with open_file(str(file)) as opened:
        text = opened.piece(at * 512, min(size * 512, _DESCRIPTOR_LIMIT))
    return text.split(b"\0", 1)[0].decode("utf-8", "replace")


def _named(file: Path, name: str, what: str) -> Path:
    """Return a file that an image names: in its own folder, whatever folder it names."""
    bare = re.split(r"[/\\]", name)[-1]
    if not bare or bare in (".", ".."):
        raise SourceError(f"its {what} is not named")
    path = file.with_name(bare)
    if not path.is_file() or path.is_symlink():
        raise SourceError(f"its {what} {bare!r} is missing: put it beside the image")
    return path
