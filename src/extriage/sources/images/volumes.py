"""The drives of a server that lies in disk images: letters as the server itself gave them.

A disk knows no letters. Windows keeps them in its registry (`MountedDevices`: which partition of
which disk is D:), so disks that were imaged one by one come together again as the drives of one
server. Servers that were cloned know each other's disks by the same marks: whose a disk is, is then
told by its place among the evidence. Shadow copies are earlier states of a drive.
"""

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream
from extriage.sources.images.filesystem import LARGEST, FileSystem, Key, Node
from extriage.sources.images.handle import guarded
from extriage.sources.images.image import Image, registry_values
from extriage.sources.images.partitions import Volume
from extriage.sources.stream import Stream
from extriage.sources.tree import Item

_SAME_IMAGE = 1 << 30
_FOLDERS = 4096
"""Folders whose lists are kept."""
_HIVES = "Windows/System32/config"
_DOS_DEVICE = "\\dosdevices\\"
_NAME = "ControlSet00{}\\Control\\ComputerName\\ComputerName"


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
    name: str = ""
    """What its registry calls it; empty if that is not told."""
    letters: Mapping[bytes, str] = field(default_factory=dict)
    """The letters that it gave to volumes."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the volumes of all images are."""

    servers: list[Server]
    unreadable: list[Located]
    doubtful: list[tuple[Located, str]]
    """Volumes that several servers have a letter for, and that letter: they are nobody's here."""


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
        stream.cap = min(content.most, LARGEST)
        modified = content.modified or node.item.modified
        return stream, replace(node.item, size=size, modified=modified)

    def node(self, path: str) -> Node | None:
        """Return a file or folder; None if there is none, or the path leads through a link."""
        drive, key = self._place(path.rpartition("/")[0])
        if key is None:
            return None
        name = path.rpartition("/")[2]
        found, (base, _, stream) = self._list(drive, key).named(name), name.partition(":")
        if found or not stream:
            return found
        node = self._list(drive, key).named(base)
        return next((one for one in self._streams(drive, node) if one.item.name == name), None)

    def streams(self, path: str) -> list[Node]:
        """Return the further streams of a file or folder: `page.aspx:notes` lies beside its data.

        `SourceError` if they cannot be listed.
        """
        node = self.node(path)
        return self._streams(self._drive(path), node)

    def _streams(self, drive: str, node: Node | None) -> list[Node]:
        plain = node is not None and not node.item.link and not node.stream
        return self._drives[drive].streams(node) if node and plain else []

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


def servers(images: Sequence[Image], labels: Sequence[str]) -> Found:
    """Put the volumes of all images together to servers; `labels` say where the images lie."""
    located = [Located(at, volume) for at, image in enumerate(images) for volume in image.volumes()]
    readable = [one for one in located if one.volume.files]
    found = [server for one in readable if (server := _with_windows(one))]
    doubtful = _claim(found, readable, labels)
    for server in found:
        taken = [one.image for one in server.drives.values()]
        # NOTE: a disk without letters is its neighbour's, if it lies in the same image.
        _unnamed(server, [one for one in readable if one.image in taken], found)
    for at in range(len(images)):
        rest = Server()
        _unnamed(rest, [one for one in readable if one.image == at], [*found, rest])
        if rest.drives:
            found.append(rest)
    return Found(found, [one for one in located if one.volume.trouble], doubtful)


def _with_windows(one: Located) -> Server | None:
    """Return the server whose Windows is on a volume; None if none is."""
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
    names = (_values(files, hives["SYSTEM"], _NAME.format(at)) for at in (1, 2))
    called = next((str(found) for one in names if (found := one.get("computername"))), "")
    return Server({own: one}, own, called.lower(), others)


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


def _claim(
    found: Sequence[Server], readable: Sequence[Located], labels: Sequence[str]
) -> list[tuple[Located, str]]:
    """Give servers the volumes that they have letters for; return those that fit several."""
    systems = {id(server.drives[server.system]) for server in found}
    free = [one for one in readable if one.volume.identity and id(one) not in systems]
    wishes, doubtful = list[tuple[bool, int, int, int, str, Located, Server]](), []
    for one in free:
        fitting = _fitting(found, one, labels)
        if len({server.name or id(server) for _, server in fitting}) > 1:
            doubtful.append((one, fitting[0][1].letters[one.volume.identity]))
            continue
        for near, server in fitting:
            own = one.image == server.drives[server.system].image
            letter = server.letters[one.volume.identity]
            wishes.append((not own, -near, one.image, one.volume.number, letter, one, server))
    taken = set[int]()
    wishes.sort(key=lambda wish: wish[:5])
    for again in (False, True):
        # NOTE: two images of one server may share a data disk that was imaged once.
        for *_, letter, one, server in wishes:
            if letter not in server.drives and (again or id(one) not in taken):
                server.drives[letter] = one
                taken.add(id(one))
    return doubtful


def _fitting(
    found: Sequence[Server], one: Located, labels: Sequence[str]
) -> list[tuple[int, Server]]:
    """Return the servers that have a letter for a volume, if it lies nearer to some only those.

    A server that was imaged twice is one, wherever its images lie.
    """
    fitting = [server for server in found if one.volume.identity in server.letters]
    images = [server.drives[server.system].image for server in fitting]
    near = [
        _SAME_IMAGE if at == one.image else _alike(labels[at], labels[one.image]) for at in images
    ]
    pairs = list(zip(near, fitting, strict=True))
    nearest = {server.name for at, server in pairs if at == max(near) and server.name}
    return [pair for pair in pairs if pair[0] == max(near) or pair[1].name in nearest]


def _alike(one: str, other: str) -> int:
    """Return how many characters two paths have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def _unnamed(server: Server, volumes: Sequence[Located], others: Sequence[Server]) -> None:
    taken = [one for other in others for one in other.drives.values()]
    for one in volumes:
        if one not in taken:
            name = f"volume{one.volume.number}:"
            if name in server.drives:
                name = f"disk{one.image + 1}-volume{one.volume.number}:"
            server.drives.setdefault(name, one)
