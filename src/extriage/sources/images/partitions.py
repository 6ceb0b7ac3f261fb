"""Volumes of a disk: its partitions, what is on each of them, and why one is not read."""

import struct
from dataclasses import dataclass
from importlib.util import find_spec

from extriage.errors import SourceError
from extriage.sources.images.filesystem import FileSystem, Foreign, NtfsFiles, OtherFiles
from extriage.sources.images.handle import Placed, Purse
from extriage.sources.images.library import library

SECTOR = 512
_MOST_VOLUMES = 256
_OTHER = ("ext", "fat", "exfat", "xfs", "btrfs", "apfs")
_LOCKED = (
    (3, b"-FVE-FS-", "is locked by BitLocker: unlock it with its recovery key and image it again"),
    (0, b"LUKS\xba\xbe", "is encrypted (LUKS): open it and image it again"),
    (3, b"ReFS", "is a ReFS volume: not supported; mount it read-only and give its folders"),
)
_POOLED = (
    (0x42, "af9b60a0-1431-4f62-bc68-3311714a69ad", "belongs to a dynamic disk"),
    (-1, "e75caf8f-f680-4cee-afa3-b001e56efc2d", "belongs to Storage Spaces"),
)
_SYSTEMS = (
    (0x438, b"\x53\xef", "ext (Linux)", "dissect.extfs"),
    (0, b"XFSB", "XFS (Linux)", "dissect.xfs"),
    (0x10040, b"_BHRfS_M", "Btrfs (Linux)", "dissect.btrfs"),
    (3, b"EXFAT   ", "exFAT", "dissect.fat"),
    (82, b"FAT32   ", "FAT", "dissect.fat"),
    (54, b"FAT1", "FAT", "dissect.fat"),
)
"""File systems that need a library of their own, by what stands at a place of the volume."""
_STARTS = (0xEF, "c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
"""Kinds of partition from which a computer starts: nobody's evidence."""
_EXPECTED = (0x07, "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7")
"""Kinds of partition on which Windows keeps its files."""


@dataclass(slots=True)
class Volume:
    """One volume of a disk, or one of its shadow copies."""

    number: int
    """Its place on the disk, counted from 1."""
    copy: int
    """0 for the volume as it is now; shadow copies count from 1, the oldest first."""
    size: int
    identity: bytes
    """What Windows calls it in `MountedDevices`; empty if the disk tells nothing."""
    files: FileSystem | None = None
    trouble: str = ""
    """Why it is not read; empty if there is nothing on it that should be."""
    cut: int = 0
    """Bytes at its end that the image does not have."""
    created: int = 0
    """When a shadow copy was made: nanoseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Partition:
    """Where a volume lies on its disk."""

    offset: int
    size: int
    identity: bytes
    kind: int | str
    cut: int = 0
    """Bytes that lie behind the end of the disk."""


def partitions(disk: Placed) -> list[Partition]:
    """Return the partitions of a disk in their order; a disk without any is one volume."""
    disk.seek(0)
    head = disk.read(SECTOR)
    bare = head[3:11] in (b"NTFS    ", b"-FVE-FS-", b"EXFAT   ") or head[3:7] == b"ReFS"
    table = None if bare else _table(disk)
    if table is None:
        return [Partition(0, disk.size, b"", "")]
    signature = int.from_bytes(head[440:444], "little")
    found = []
    for one in table.partitions[:_MOST_VOLUMES]:
        guid = getattr(one, "guid", None)
        # NOTE: the library counts one sector too few of what a GUID partition table names.
        stated = int(one.size) + (SECTOR if guid else 0)
        size = min(stated, max(disk.size - int(one.offset), 0))
        identity = struct.pack("<IQ", signature, one.offset) if signature else b""
        if guid:
            identity = b"DMIO:ID:" + guid.bytes_le
        kind = one.type if isinstance(one.type, int) else str(one.type).lower()
        found.append(Partition(int(one.offset), size, identity, kind, stated - size))
    return sorted(found, key=lambda part: part.offset)


def _table(disk: Placed) -> Foreign:
    module = library("dissect.volume.disk.disk")
    for sector in (512, 4096):
        disk.seek(0)
        try:
            return module.Disk(disk, sector_size=sector)
        except SourceError:
            raise
        except Exception:  # whatever it says of it, it is no table of this kind
            continue
    return None


def fill_in(made: Volume, source: Foreign, purse: Purse, part: Partition) -> None:
    """Open the file system of a volume, or say why there is none."""
    source.seek(0)
    head = source.read(SECTOR)
    locked = next((why for at, mark, why in _LOCKED if head[at : at + len(mark)] == mark), "")
    pooled = next(
        (
            f"{why}: not supported; mount it read-only and give its folders"
            for *kinds, why in _POOLED
            if part.kind in kinds
        ),
        "",
    )
    made.trouble = locked or pooled
    if made.trouble:
        return
    if head[3:11] == b"NTFS    ":
        stated = int.from_bytes(head[40:48], "little") * int.from_bytes(head[11:13], "little")
        made.cut = max(made.cut, stated - made.size)
        ntfs = library("dissect.ntfs.ntfs").NTFS(source)
        made.files = NtfsFiles(ntfs, made.size, purse)
    elif system := _other(source):
        made.files = OtherFiles(system, purse)
    elif part.kind not in _STARTS and (said := _unread_system(source)):
        made.trouble = said
    elif part.kind in _EXPECTED or not part.kind:
        made.trouble = "holds no file system that can be read: damaged, encrypted or not formatted"


def _other(source: Foreign) -> Foreign:
    source.seek(0)
    try:
        system = library("dissect.target.filesystem").open(source)
    except SourceError:
        raise
    except Exception:  # it says so of everything that is no file system
        return None
    return system if system.__type__ in _OTHER else None


def _unread_system(source: Foreign) -> str:
    """Say what file system it is that cannot be read, and what to do; empty if nothing tells."""
    for at, mark, name, needed in _SYSTEMS:
        source.seek(at)
        if source.read(len(mark)) == mark:
            if find_spec(needed):
                return f"holds {name} that cannot be read: damaged"
            way = f"pip install {needed}, or mount it read-only and give its folders"
            return f"holds {name}, which needs one library more: {way}"
    return ""
