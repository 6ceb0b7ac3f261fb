"""Containers of disk images: from the files of one (E01, VMDK, VHDX …) to the bytes of the disk."""

import io
from collections.abc import Callable

from extriage.errors import SourceError
from extriage.sources.images.careful import careful
from extriage.sources.images.diskformats import CONVERT, Parts
from extriage.sources.images.filesystem import Foreign
from extriage.sources.images.handle import Files, Handle, Joined, Metered, Placed, Purse, Zeros
from extriage.sources.images.library import library

SECTOR = 512
_SNAPSHOT = "holds only what changed since a snapshot: merge it with its base, and give the result"


class Disk:
    """The disk in a container."""

    def __init__(self, parts: Parts, files: Files, purse: Purse) -> None:
        """Open it; SourceError if it cannot be."""
        self._files = files
        self._purse = purse
        self.cut = 0
        """Bytes that its files lack of what they should hold."""
        self.data = self._open(parts)

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
        module = library("dissect.hypervisor.disk.vmdk")
        careful(module)
        disk = module.SparseDisk(Handle(self._files, path, self._purse), below, sector_offset=start)
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
    module = library("dissect.evidence.ewf.ewf")
    careful(module)
    image = module.EWF(handles)
    last = image.segment(len(handles) - 1)
    if len(image._segment_offsets) != len(handles) - 1:
        raise SourceError("is damaged: one of its segments cannot be read")
    if last.sections[-1].type != b"done":
        raise SourceError(f"segments after the first {len(handles):,} are missing")
    return image.open()


def _vhdx(handle: Handle) -> Foreign:
    try:
        return library("dissect.hypervisor.disk.vhdx").VHDX(handle)
    except AttributeError as error:  # it asks for the folder of a parent, and is given none
        raise SourceError(_SNAPSHOT) from error


def _vhd(handle: Handle) -> Foreign:
    handle.seek(-2 * SECTOR, io.SEEK_END)
    if b"conectix" not in handle.read():
        raise SourceError("is cut off: its end is missing")
    disk = library("dissect.hypervisor.disk.vhd").VHD(handle)
    if disk.disk.footer.disk_type == 4:
        raise SourceError(_SNAPSHOT)
    return disk


def _qcow2(handle: Handle) -> Foreign:
    module = library("dissect.hypervisor.disk.qcow2")
    disk = module.QCow2(handle, allow_no_data_file=True, allow_no_backing_file=True)
    if disk.auto_backing_file:
        raise SourceError(_SNAPSHOT)
    if disk.data_file is None:
        raise SourceError(f"keeps its data in another file: not supported; {CONVERT}")
    return disk.open()


def _vdi(handle: Handle) -> Foreign:
    disk = library("dissect.hypervisor.disk.vdi").VDI(handle)
    if disk.header.u32Type == 4:
        raise SourceError(_SNAPSHOT)
    return disk.open()


_CONTAINERS: dict[str, Callable[[Handle], Foreign]] = {
    "VHDX": _vhdx,
    "VHD": _vhd,
    "qcow2": _qcow2,
    "VDI": _vdi,
}
