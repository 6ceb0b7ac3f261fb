"""The drives of a server that lies in disk images: letters as the server itself gave them.

A disk knows no letters. Windows keeps them in its registry (`MountedDevices`: which partition of
which disk is D:), so disks that were imaged one by one come together again as the drives of one
server. Shadow copies are earlier states of a drive.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream
from extriage.sources.filesystem import FileSystem, Key, Node
from extriage.sources.handle import guarded
from extriage.sources.image import Image, Volume, registry_values
from extriage.sources.limits import GIB
from extriage.sources.stream import Stream
from extriage.sources.tree import Item

LARGEST = 64 * GIB
"""Bytes read of one file: what forged sparse files pretend to hold has no end."""
_FOLDERS = 4096
"""Folders whose lists are kept."""
_HIVES = "Windows/System32/config"
_DOS_DEVICE = "\\dosdevices\\"


@dataclass(frozen=True, slots=True)
class Located:
    """A volume and the image that it lies in."""

    image: int
    """Position of the image among those that were given."""
    volume: Volume


@dataclass(slots=True)
class Server:
    """The drives of one server, or of one image that no server claims."""

    drives: dict[str, Located] = field(default_factory=dict)
    system: str = ""
    """The drive that has Windows; empty if none has."""


class ImageTree:
    """The drives of a server in disk images, as a `Tree`."""

    def __init__(self, drives: Mapping[str, FileSystem]) -> None:
        self._drives = dict(drives)
        self._lists: OrderedDict[tuple[str, Key], _Folder] = OrderedDict()
        self._places: OrderedDict[str, tuple[str, Key | None]] = OrderedDict()

    def drives(self) -> list[str]:
        """Return its drives, such as `C:` and `D:`; `volume2:` where no letter is known."""
        return sorted(self._drives)

    def listed(self, folder: str) -> list[Item]:
        """Return what a folder holds; nothing if there is no such folder."""
        drive, key = self._place(folder)
        return [node.item for node in self._list(drive, key).nodes] if key is not None else []

    @contextmanager
    def open(self, path: str) -> Iterator[ByteStream]:
        """Open a file for reading from its beginning; `SourceError` if that cannot be."""
        stream, _ = self.stream(path)
        # a raw stream has all that ByteStream asks of a reader, only not the name
        yield cast("ByteStream", stream)
        stream.close()

    def stream(self, path: str) -> tuple[Stream, Item]:
        """Open a file; also return what is known of it, its true size among that."""
        node = self.node(path)
        if node is None or node.item.folder or node.item.link:
            raise SourceError("is no file that could be read")
        files = self._drives[self._drive(path)]
        content = files.opened(node)
        size = content.size - content.start
        with guarded(files.purse):
            content.source.seek(content.start)
        left = size

        def fetch(wanted: int) -> bytes:
            nonlocal left
            with guarded(files.purse):
                data = content.source.read(min(wanted, left)) if left else b""
            if left and not data:
                raise SourceError(f"cut off: {left:,} of {size:,} bytes are missing")
            left -= len(data)
            return data

        stream = Stream(fetch)
        stream.cap = LARGEST
        modified = content.modified or node.item.modified
        return stream, replace(node.item, size=size, modified=modified)

    def node(self, path: str) -> Node | None:
        """Return a file or folder; None if there is none, or the path leads through a link."""
        drive, key = self._place(path.rpartition("/")[0])
        if key is None:
            return None
        return self._list(drive, key).named(path.rpartition("/")[2])

    def _drive(self, path: str) -> str:
        low = path.partition("/")[0].lower()
        return next((drive for drive in self._drives if drive.lower() == low), "")

    def _place(self, folder: str) -> tuple[str, Key | None]:
        """Return the drive and the key of a folder; None if there is no such folder."""
        if folder not in self._places:
            self._places[folder] = self._looked_up(folder.rstrip("/"))
            if len(self._places) > _FOLDERS:
                self._places.popitem(last=False)
        return self._places[folder]

    def _looked_up(self, folder: str) -> tuple[str, Key | None]:
        drive = self._drive(folder)
        if not drive:
            return "", None
        if "/" not in folder:
            return drive, self._drives[drive].top()
        node = self.node(folder)
        found = node is not None and node.item.folder and not node.item.link
        return drive, node.key if node and found else None

    def _list(self, drive: str, key: Key) -> "_Folder":
        at = (drive, key)
        if at not in self._lists:
            self._lists[at] = _Folder(self._drives[drive].listed(key))
            if len(self._lists) > _FOLDERS:
                self._lists.popitem(last=False)
        self._lists.move_to_end(at)
        return self._lists[at]


class _Folder:
    """What a folder holds, found by name."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self._exact = {node.item.name: node for node in reversed(nodes)}
        self._alike = {node.item.name.lower(): node for node in reversed(nodes)}

    def named(self, name: str) -> Node | None:
        """Return the entry of a name; upper and lower case do not count unless both exist."""
        return self._exact.get(name) or self._alike.get(name.lower())


def servers(images: Sequence[Image]) -> tuple[list[Server], list[Located]]:
    """Put the volumes of all images together to servers; also return those that cannot be read."""
    located = [Located(at, volume) for at, image in enumerate(images) for volume in image.volumes()]
    readable = [one for one in located if one.volume.files]
    found: list[Server] = []
    for one in readable:
        if letters := _letters(one):
            server = Server(dict.fromkeys([letters[0]], one), letters[0])
            found.append(server)
            _claim(server, letters[1], readable)
    for server in found:
        taken = [one.image for one in server.drives.values()]
        # NOTE: a disk without letters is its neighbour's, if it lies in the same image.
        _unnamed(server, [one for one in readable if one.image in taken], found)
    for at in range(len(images)):
        rest = Server()
        _unnamed(rest, [one for one in readable if one.image == at], [*found, rest])
        if rest.drives:
            found.append(rest)
    return found, [one for one in located if one.volume.trouble]


def _letters(one: Located) -> tuple[str, dict[bytes, str]] | None:
    """Return the letter of a volume that has Windows, and those that Windows gave to others."""
    files = one.volume.files
    tree = ImageTree({"C:": files} if files else {})
    hives = {name: _hive(tree, name) for name in ("SYSTEM", "SOFTWARE")}
    if files is None or not any(hives.values()):
        return None
    own, others = "C:", dict[bytes, str]()
    for name, value in _values(files, hives["SYSTEM"], "MountedDevices").items():
        letter = name.removeprefix(_DOS_DEVICE)
        if isinstance(value, bytes) and len(letter) == 2 and letter != name:
            others[value] = letter.upper()
    key = "Microsoft\\Windows NT\\CurrentVersion"
    root = _values(files, hives["SOFTWARE"], key).get("systemroot", "")
    if isinstance(root, str) and root[1:2] == ":" and root[:1].isalpha():
        own = root[:2].upper()
    return own, others


def _hive(tree: ImageTree, name: str) -> Node | None:
    try:
        return tree.node(f"C:/{_HIVES}/{name}")
    except SourceError:
        return None


def _values(files: FileSystem, hive: Node | None, key: str) -> dict[str, bytes | str]:
    try:
        return registry_values(files, hive, key) if hive else {}
    except SourceError:
        return {}  # reading it as evidence says what is wrong with it


def _claim(server: Server, letters: Mapping[bytes, str], readable: Sequence[Located]) -> None:
    """Give a server the volumes that it has letters for, those of its own image first."""
    own = server.drives[server.system].image
    for one in sorted(readable, key=lambda one: (one.image != own, one.image)):
        letter = letters.get(one.volume.identity) if one.volume.identity else None
        if letter and letter not in server.drives and one not in server.drives.values():
            server.drives[letter] = one


def _unnamed(server: Server, volumes: Sequence[Located], others: Sequence[Server]) -> None:
    taken = [one for other in others for one in other.drives.values()]
    for one in volumes:
        if one not in taken:
            name = f"volume{one.volume.number}:"
            if name in server.drives:
                name = f"disk{one.image + 1}-volume{one.volume.number}:"
            server.drives.setdefault(name, one)
