"""Disk images: the volumes in them, their file systems and shadow copies, read in place.

The only module that knows dissect (AGPL-3.0, the extra `disk`), and only as access to files: it
opens containers, partitions and file systems. What goes wrong in there, whatever it is, comes out
as `SourceError`; loops and endless structures are cut off (`sources.handle`).
"""

import importlib
import io
import logging
import struct
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from types import ModuleType

from extriage.errors import SourceError
from extriage.sources.careful import careful, tame
from extriage.sources.diskformats import CONVERT, Parts
from extriage.sources.filesystem import FileSystem, Foreign, Node, NtfsFiles, OtherFiles
from extriage.sources.handle import Files, Handle, Joined, Metered, Placed, Purse, Zeros, guarded

MISSING = 'disk images need an extra: pip install "extriage[disk]"'
SECTOR = 512
_SHADOWS = 0x1E00
_SHADOW_MARK = b"\x6b\x87\x08\x38\x76\xc1\x48\x4e\xb7\xae\x04\x04\x6e\x6c\xc7\x52"
_MOST_SHADOWS = 512
_MOST_VOLUMES = 256
_OTHER = ("ext", "fat", "exfat", "xfs", "btrfs", "apfs")
_SNAPSHOT = "holds only what changed since a snapshot: merge it with its base, and give the result"
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
class _Partition:
    offset: int
    size: int
    identity: bytes
    kind: int | str
    cut: int = 0
    """Bytes that lie behind the end of the disk."""


class Image:
    """An open disk image."""

    def __init__(self, parts: Parts) -> None:
        """Open it; SourceError if it cannot be, or if the library for it is not installed."""
        _library("dissect.target.filesystem")
        self._files = Files()
        self._purse = Purse()
        self._copies: dict[int, Foreign] = {}
        self.cut = 0
        """Bytes that its files lack of what they should hold."""
        try:
            with guarded(self._purse):
                self._disk = self._open(parts)
                self._partitions = _partitions(self._disk)
        except BaseException:
            self._files.close()
            raise

    def __enter__(self) -> "Image":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its files."""
        self._files.close()

    @property
    def size(self) -> int:
        """Return the size of the disk in bytes."""
        return self._disk.size

    def volumes(self) -> list[Volume]:
        """Return all volumes as they are now; those that cannot be read say why."""
        return [self.volume(number) for number in range(1, len(self._partitions) + 1)]

    def volume(self, number: int, copy: int = 0) -> Volume:
        """Open a volume or one of its shadow copies; what is wrong is in its `trouble`."""
        if not 0 < number <= len(self._partitions):
            return Volume(number, copy, 0, b"", trouble="is not in the image any more")
        part = self._partitions[number - 1]
        made = Volume(number, copy, part.size, part.identity, cut=part.cut)
        try:
            with guarded(self._purse):
                if copy:
                    store = self._stores(number)[copy - 1 :][0]
                    made.created = (store.creation_time - 116_444_736_000_000_000) * 100
                    _fill_in(made, store.open(), self._purse, part)
                else:
                    _fill_in(made, self._plain(part), self._purse, part)
        except SourceError as error:
            made.trouble = str(error)
        return made

    def shadows(self, number: int) -> int:
        """Return how many shadow copies a volume has; SourceError if that cannot be told."""
        with guarded(self._purse):
            return len(self._stores(number))

    def _plain(self, part: _Partition) -> Placed:
        return Metered(self._disk, part.size, self._purse, part.offset)

    def _stores(self, number: int) -> Foreign:
        if number not in self._copies:
            fh = self._plain(self._partitions[number - 1])
            fh.seek(_SHADOWS)
            head = fh.read(56)
            stores = []
            if head[:16] == _SHADOW_MARK and head[48:] not in (b"", bytes(8)):
                library = _library("dissect.volume.vss")
                stores = library.VSS(fh).catalog.stores
                tame(library, stores)
            if len(stores) > _MOST_SHADOWS:
                raise SourceError("has more shadow copies than Windows makes")
            self._copies[number] = stores
        return self._copies[number]

    def _open(self, parts: Parts) -> Placed:
        """Return the disk that is in a container."""
        handles = [Handle(self._files, str(path), self._purse) for path in parts.files]
        if parts.format == "raw":
            return Joined(handles)
        if parts.format == "VMDK":
            return self._virtual(parts)
        if parts.format == "E01":
            source = _expert_witness(handles)
        else:
            source = _CONTAINERS[parts.format](handles[0])
        return Metered(source, source.size, self._purse)

    def _virtual(self, parts: Parts) -> Placed:
        below = _Below(self._virtual(parts.below)) if parts.below else None
        if not parts.extents:
            return self._sparse(parts.files[0].as_posix(), below, 0)
        pieces: list[Placed] = []
        for extent, path in zip(parts.extents, parts.files, strict=True):
            start, size = sum(one.size for one in pieces), extent.sectors * SECTOR
            if extent.kind == "ZERO":
                pieces.append(Zeros(size))
            elif "SPARSE" in extent.kind:
                pieces.append(self._sparse(str(path), below, start // SECTOR))
            else:
                file = Handle(self._files, str(path), self._purse)
                place = extent.offset * SECTOR
                self.cut += max(place + size - file.size, 0)
                pieces.append(Metered(file, size, self._purse, place))
        return Joined(pieces)

    def _sparse(self, path: str, below: "_Below | None", start: int) -> Placed:
        library = _library("dissect.hypervisor.disk.vmdk")
        careful(library)
        disk = library.SparseDisk(
            Handle(self._files, path, self._purse), below, sector_offset=start
        )
        return _Sparse(disk, self._purse)


class _Sparse(Placed):
    """A VMDK extent of which only the sectors in use are stored."""

    def __init__(self, disk: Foreign, purse: Purse) -> None:
        super().__init__(disk.size)
        self._disk = disk
        self._purse = purse

    def piece(self, offset: int, size: int) -> bytes:
        """Return bytes of the extent."""
        self._purse.pay(offset, size)
        first, last = offset // SECTOR, (offset + size + SECTOR - 1) // SECTOR
        data: bytes = self._disk.read_sectors(first + self._disk.sector_offset, last - first)
        found = data[offset - first * SECTOR :][:size]
        if len(found) < size:
            raise SourceError("is cut off: the image ends before the disk does")
        return found


class _Below:
    """The disk below a snapshot."""

    def __init__(self, disk: Placed) -> None:
        self._disk = disk

    def read_sectors(self, sector: int, count: int) -> bytes:
        """Return whole sectors; zero bytes behind its end."""
        self._disk.seek(sector * SECTOR)
        return self._disk.read(count * SECTOR).ljust(count * SECTOR, b"\0")


def _expert_witness(handles: list[Handle]) -> Foreign:
    library = _library("dissect.evidence.ewf.ewf")
    careful(library)
    image = library.EWF(handles)
    last = image.segment(len(handles) - 1)
    if len(image._segment_offsets) != len(handles) - 1:
        raise SourceError("is damaged: one of its segments cannot be read")
    if last.sections[-1].type != b"done":
        raise SourceError(f"segments after the first {len(handles):,} are missing")
    return image.open()


def _vhdx(handle: Handle) -> Foreign:
    try:
        return _library("dissect.hypervisor.disk.vhdx").VHDX(handle)
    except AttributeError as error:  # it asks for the folder of a parent, and is given none
        raise SourceError(_SNAPSHOT) from error


def _vhd(handle: Handle) -> Foreign:
    handle.seek(-2 * SECTOR, io.SEEK_END)
    if b"conectix" not in handle.read():
        raise SourceError("is cut off: its end is missing")
    disk = _library("dissect.hypervisor.disk.vhd").VHD(handle)
    if disk.disk.footer.disk_type == 4:
        raise SourceError(_SNAPSHOT)
    return disk


def _qcow2(handle: Handle) -> Foreign:
    library = _library("dissect.hypervisor.disk.qcow2")
    disk = library.QCow2(handle, allow_no_data_file=True, allow_no_backing_file=True)
    if disk.auto_backing_file:
        raise SourceError(_SNAPSHOT)
    if disk.data_file is None:
        raise SourceError(f"keeps its data in another file: not supported; {CONVERT}")
    return disk.open()


def _vdi(handle: Handle) -> Foreign:
    disk = _library("dissect.hypervisor.disk.vdi").VDI(handle)
    if disk.header.u32Type == 4:
        raise SourceError(_SNAPSHOT)
    return disk.open()


_CONTAINERS: dict[str, Callable[[Handle], Foreign]] = {
    "VHDX": _vhdx,
    "VHD": _vhd,
    "qcow2": _qcow2,
    "VDI": _vdi,
}


def _partitions(disk: Placed) -> list[_Partition]:
    """Return the partitions of a disk in their order; a disk without any is one volume."""
    disk.seek(0)
    head = disk.read(SECTOR)
    bare = head[3:11] in (b"NTFS    ", b"-FVE-FS-", b"EXFAT   ") or head[3:7] == b"ReFS"
    table = None if bare else _table(disk)
    if table is None:
        return [_Partition(0, disk.size, b"", "")]
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
        found.append(_Partition(int(one.offset), size, identity, kind, stated - size))
    return sorted(found, key=lambda part: part.offset)


def _table(disk: Placed) -> Foreign:
    library = _library("dissect.volume.disk.disk")
    for sector in (512, 4096):
        disk.seek(0)
        try:
            return library.Disk(disk, sector_size=sector)
        except SourceError:
            raise
        except Exception:  # whatever it says of it, it is no table of this kind
            continue
    return None


def _fill_in(made: Volume, source: Foreign, purse: Purse, part: _Partition) -> None:
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
        ntfs = _library("dissect.ntfs.ntfs").NTFS(source)
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
        system = _library("dissect.target.filesystem").open(source)
    except SourceError:
        raise
    except Exception:  # it says so of everything that is no file system
        return None
    return system if system.__type__ in _OTHER else None


def _unread_system(source: Foreign) -> str:
    """Say what file system it is that cannot be read, and what to do; empty if nothing tells."""
    for at, mark, name, library in _SYSTEMS:
        source.seek(at)
        if source.read(len(mark)) == mark:
            if find_spec(library):
                return f"holds {name} that cannot be read: damaged"
            way = f"pip install {library}, or mount it read-only and give its folders"
            return f"holds {name}, which needs one library more: {way}"
    return ""


def registry_values(files: FileSystem, hive: Node, key: str) -> dict[str, bytes | str]:
    """Return the texts and bytes of a key of a registry hive; SourceError if that cannot be."""
    source = files.opened(hive).source
    with guarded(files.purse):
        found = _library("dissect.regf.regf").RegistryHive(source).open(key).values()
        values = {str(value.name).lower(): value.value for value in found}
    return {name: value for name, value in values.items() if isinstance(value, bytes | str)}


def _library(name: str) -> ModuleType:
    """Import a part of the library; SourceError with the command that installs it."""
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise SourceError(MISSING) from error
    # NOTE: it logs what is wrong with evidence; here that is a row of the manifest.
    logging.getLogger("dissect").setLevel(logging.CRITICAL + 1)
    return module
