"""File systems inside a disk image: what a folder holds, and a file's bytes.

NTFS is read from its own structures, as they are on the disk: names, times and sizes of a folder
come from its index (the size there may lag behind for a file that was being written), bytes and
true size from the file's record, and so do further ("alternate") streams, which no listing shows.
`$MFT` and `$Extend/$UsnJrnl:$J` are files like others; all other metadata is left out. Other file
systems are taken as the library gives them.
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeAlias

from extriage.errors import SourceError
from extriage.sources.directory import shown
from extriage.sources.images.handle import Purse, Readable, guarded
from extriage.sources.limits import DEFAULT, GIB, MIB
from extriage.sources.tree import Item

Foreign: TypeAlias = Any
"""An object of the library that reads images; its types are not known here."""
Key: TypeAlias = int | str

ROOT = 5
EXTEND = 11
ORDINARY = 24
"""Number of the first record that is no metadata of NTFS."""
JOURNAL, _RECORDS = "$UsnJrnl", "$J"
MOST_STREAMS = 1_000
"""Further streams of one file that are read."""
LARGEST = 64 * GIB
"""Bytes read of one file at most."""
HOLES = 64 * MIB
"""Bytes of holes that are read of any file."""
_COMPRESSION = 16
"""How many times more than it takes up a compressed file of NTFS can hold."""
_INDEX, _ROOT, _ALLOCATION, _BITMAP, _DATA = "$I30", 0x90, 0xA0, 0xB0, 0x80
_ENTRY = struct.Struct("<IHHHHHxx")
_LAST = 2
_FILE_NAME = struct.Struct("<8x4Q8xQIIBB")
_FOLDER, _REPARSE, _ENCRYPTED = 0x10000000, 0x400, 0x4000
_REPARSE_POINT = 0xC0
_ON_DRIVE = re.compile(r"(?:/\?\?/)?([A-Za-z]):((?:/.*)?)", re.DOTALL)
_DOS_NAME = 2
_COMPRESSED, _ITS_STREAM = 0x80000017, "wofcompresseddata"
_LINKS = (0xA0000003, 0xA000000C)
_REPLACED = {
    0x80000013: "was deduplicated by Windows: its data lies elsewhere and is not read",
    _COMPRESSED: "is compressed by Windows (WOF): not read",
}
_EPOCH = 11_644_473_600 * 10_000_000
_BUFFERS = GIB // 4096
"""Index blocks of the largest folder that is listed."""
MOST = DEFAULT.entries


@dataclass(frozen=True, slots=True)
class Node:
    """A file or folder of a file system."""

    item: Item
    key: Key
    """The number of its record, or its path."""
    state: tuple[int, ...] = ()
    """What is equal as long as the file is the same: sequence, size, times. Empty if not known."""
    reparse: int = 0
    stream: str = ""
    """Its name if this is a further stream of a file; the file's own data have none."""


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file."""

    source: Readable
    start: int
    """Where to begin: behind what is sparse at the head of a journal."""
    size: int
    modified: int
    """Nanoseconds since 1970; 0 if it is not known."""
    most: int
    """Bytes worth reading: a sparse file costs nothing to make, and pretends to hold any amount."""


class FileSystem(Protocol):
    """What is asked of a file system."""

    purse: Purse
    damaged: set[Key]
    """Folders of which a part could not be read."""

    def top(self) -> Key:
        """Return the key of the root folder."""

    def listed(self, folder: Key) -> list[Node]:
        """Return what a folder holds; SourceError if that cannot be read."""

    def opened(self, node: Node) -> Content:
        """Open a file; SourceError if that cannot be."""

    def streams(self, node: Node) -> list[Node]:
        """Return the further streams of a file or folder; SourceError if that cannot be."""


class NtfsFiles:
    """An NTFS volume."""

    def __init__(self, ntfs: Foreign, size: int, purse: Purse) -> None:
        self._mft = ntfs.mft
        self._cluster: int = ntfs.cluster_size
        self._size = size
        self.purse = purse
        self.damaged: set[Key] = set()

    def top(self) -> Key:
        """Return the number of the root folder's record."""
        return ROOT

    def listed(self, folder: Key) -> list[Node]:
        """Return what a folder holds; SourceError if that cannot be read."""
        with guarded(self.purse):
            record = self._mft.get(folder)
            if not record.header.Flags & 1:
                raise SourceError("folder: its record was deleted")
            found = [self._node(folder, *raw) for raw in self._entries(record, folder)]
            return [node for node in found if node and self._wanted(node, folder)]

    def _entries(self, record: Foreign, folder: Key) -> Iterator[tuple[int, int, bytes]]:
        root: bytes = record.open(_INDEX, _ROOT).read()
        yield from _names(root, 16)
        block = int.from_bytes(root[8:12], "little")
        if not record.has_stream(_INDEX, _ALLOCATION):
            return
        count = min(record.size(_INDEX, _ALLOCATION), self._size) // max(block, 512)
        if block < 512 or count > _BUFFERS:
            raise SourceError("folder: its index is damaged")
        step = block // self._cluster if self._cluster <= block else block // 512
        used, index = self._used(record, count), record.index(_INDEX)
        for number in range(count):
            if used[number // 8] >> number % 8 & 1:
                try:
                    yield from _names(index.index_buffer(number * step).data, 24)
                except SourceError:
                    raise
                except Exception:  # one damaged block does not hide the others
                    self.damaged.add(folder)

    @staticmethod
    def _used(record: Foreign, count: int) -> bytes:
        """Return which blocks of the index are in use: freed ones hold names that are gone."""
        size = count // 8 + 1
        if not record.has_stream(_INDEX, _BITMAP):
            return b"\xff" * size
        bits: bytes = record.open(_INDEX, _BITMAP).read(size)
        return bits.ljust(size, b"\0")

    def _node(self, inside: Key, segment: int, sequence: int, raw: bytes) -> Node | None:
        if len(raw) < _FILE_NAME.size:
            return None
        created, modified, changed, _, size, flags, tag, length, space = _FILE_NAME.unpack_from(raw)
        if space == _DOS_NAME:
            return None
        name = raw[_FILE_NAME.size : _FILE_NAME.size + 2 * length]
        folder = bool(flags & _FOLDER)
        reparse = tag if flags & _REPARSE else 0
        text = plain(name.decode("utf-16-le", "surrogatepass"))
        journal = inside == EXTEND and text == JOURNAL
        if journal:
            text, size = f"{text}:{_RECORDS}", self._journal(segment)
        item = Item(
            text,
            folder,
            0 if folder else size,
            max((modified - _EPOCH) * 100, 0),
            reparse in _LINKS,
            self._target(segment) if reparse in _LINKS else "",
        )
        state = (segment, sequence, size, created, modified, changed)
        return Node(item, segment, state, reparse, _RECORDS if journal else "")

    def _target(self, segment: int) -> str:
        """Return where a link leads, `E:/Logs`; empty if that is no place on a drive."""
        try:
            points = self._mft.get(segment).attributes.find("", _REPARSE_POINT)
            text = str(points[0].attribute.substitute_name).replace("\\", "/")
        except SourceError:
            raise
        except Exception:  # the link is told all the same
            return ""
        found = _ON_DRIVE.fullmatch(text)
        return f"{found[1].upper()}:{found[2].rstrip('/')}" if found else ""

    def _journal(self, segment: int) -> int:
        """Return how many bytes the change journal has; its folder tells no sizes of streams."""
        found = self._mft.get(segment).attributes.find(_RECORDS, _DATA)
        return int(found.size()) - self._sparse_head(found) if found else 0

    def _wanted(self, node: Node, folder: Key) -> bool:
        number, name = node.key, node.item.name
        if folder == EXTEND:
            return name == f"{JOURNAL}:{_RECORDS}"
        if not isinstance(number, int) or number >= ORDINARY or name == ".":
            return name != "."
        return folder != ROOT or name == "$MFT" or number == EXTEND

    def opened(self, node: Node) -> Content:
        """Open a file; SourceError if that cannot be."""
        with guarded(self.purse):
            if node.reparse:
                raise SourceError(_REPLACED.get(node.reparse, "is a placeholder: not read"))
            record = self._mft.get(node.key)
            sequence = node.state[1] if node.state else record.header.SequenceNumber
            if not record.header.Flags & 1 or record.header.SequenceNumber != sequence:
                raise SourceError("its record was deleted or belongs to another file by now")
            return self._content(record, node)

    def streams(self, node: Node) -> list[Node]:
        """Return the further streams of a file or folder; SourceError if that cannot be."""
        found: dict[str, Node] = {}
        with guarded(self.purse):
            record = self._mft.get(node.key)
            sequence = node.state[1] if node.state else 0
            if not record.header.Flags & 1 or record.header.SequenceNumber != sequence:
                return []
            for attribute in record.attributes[_DATA]:
                name = str(attribute.header.name)
                hidden = node.reparse == _COMPRESSED and name.lower() == _ITS_STREAM
                if not name or name.lower() in found or hidden:
                    continue
                if len(found) >= MOST_STREAMS:
                    raise SourceError(f"it has more than {MOST_STREAMS:,}")
                found[name.lower()] = self._stream(record, node, name)
        return sorted(found.values(), key=lambda one: one.item.name)

    @staticmethod
    def _stream(record: Foreign, node: Node, name: str) -> Node:
        size = int(record.attributes.find(name, _DATA).size())
        item = replace(node.item, name=f"{node.item.name}:{plain(name)}", folder=False, size=size)
        return Node(item, node.key, (*node.state, size), stream=name)

    def _content(self, record: Foreign, node: Node) -> Content:
        found = record.attributes.find(node.stream, _DATA)
        if not found:
            raise SourceError("has no data in its record")
        if found[0].header.flags & _ENCRYPTED:
            raise SourceError("is encrypted by the file system (EFS): the user's key is needed")
        size = int(found.size())
        start = self._sparse_head(found) if node.item.name == f"{JOURNAL}:{_RECORDS}" else 0
        times = record.attributes.STANDARD_INFORMATION
        modified = int(times.last_modification_time_ns) if times else 0
        most = HOLES + self._stored(found) * _COMPRESSION
        return Content(found.open(), min(start, size), size, max(modified, 0), most)

    def _stored(self, found: Foreign) -> int:
        """Return how many bytes of the volume a file takes up."""
        if found.header.resident:
            return 0
        runs = sum(max(count, 0) for place, count in found.dataruns() if place is not None)
        return min(int(runs) * self._cluster, self._size)

    def _sparse_head(self, found: Foreign) -> int:
        """Return how many bytes of a journal were given back to the file system."""
        if found.header.resident:
            return 0
        clusters = 0
        for place, count in found.dataruns():
            if place is not None:
                break
            clusters += count
        return clusters * self._cluster


def _names(data: bytes, header: int) -> list[tuple[int, int, bytes]]:
    """Return record, sequence and raw name of each entry of a block of an index."""
    first, total = struct.unpack_from("<II", data, header)
    at, end = header + first, min(header + total, len(data))
    found = []
    while at + _ENTRY.size <= end:
        low, high, sequence, length, _, flags = _ENTRY.unpack_from(data, at)
        if flags & _LAST or length < _ENTRY.size:
            break
        found.append((low | high << 32, sequence, data[at + _ENTRY.size : at + length]))
        at += length
    return found


class OtherFiles:
    """A file system other than NTFS."""

    def __init__(self, system: Foreign, purse: Purse) -> None:
        self._system = system
        self.purse = purse
        self.damaged: set[Key] = set()

    def top(self) -> Key:
        """Return the path of the root folder."""
        return "/"

    def listed(self, folder: Key) -> list[Node]:
        """Return what a folder holds; SourceError if that cannot be read."""
        found: list[Node] = []
        with guarded(self.purse):
            for entry in self._system.scandir(str(folder)):
                if len(found) >= MOST:
                    raise SourceError("folder: holds too much to be listed")
                if entry.name not in (".", ".."):
                    found.append(self._node(entry, str(folder)))
        return found

    @staticmethod
    def _node(entry: Foreign, folder: str) -> Node:
        link = bool(entry.is_symlink())
        inner = not link and bool(entry.is_dir(follow_symlinks=False))
        info = entry.stat(follow_symlinks=False)
        size = 0 if inner or link else int(info.st_size)
        modified = max(int(info.st_mtime_ns or 0), 0)
        path = f"{folder.rstrip('/')}/{entry.name}"
        return Node(Item(plain(entry.name), inner, size, modified, link), path)

    def opened(self, node: Node) -> Content:
        """Open a file; SourceError if that cannot be."""
        with guarded(self.purse):
            source = self._system.open(str(node.key))
            return Content(source, 0, node.item.size, node.item.modified, LARGEST)

    def streams(self, _node: Node) -> list[Node]:
        """Return nothing: what lies beside data elsewhere is no file that Windows would run."""
        return []


def plain(name: str) -> str:
    """Return a name that can stand in a path: forged ones hold separators, or lead out of it."""
    if name in ("", ".."):
        return name.replace(".", "\\x2e") or "\\x00"
    return shown(name).replace("/", "\\x2f")
