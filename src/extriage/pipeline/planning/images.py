"""What there is to read in disk images: the files that a triage needs, shared out by bytes.

All images of a scan are looked at together, for the disks of one server are imaged one by one.
`planning` says which files count; a disk that holds a collection, or nothing of a server, is read
whole. Of a shadow copy only those files are read that differ from the drive as it is now, or are
gone there.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from extriage.errors import SourceError
from extriage.knowledge.executed import is_executed
from extriage.model.evidence import Entry, EntryStatus, Unit
from extriage.pipeline.planning.plan import Planned, everything, plan
from extriage.sources.contents import Survey
from extriage.sources.directory import WHOLE
from extriage.sources.images.diskformats import parts
from extriage.sources.images.filesystem import FileSystem, Node
from extriage.sources.images.image import Image
from extriage.sources.images.insides import name_inside
from extriage.sources.images.partitions import Volume
from extriage.sources.images.samedisk import same_disks
from extriage.sources.images.volumes import ImageTree, Located, Server, servers
from extriage.sources.limits import GIB, MIB
from extriage.sources.tree import Tree

SHARE = 64 * MIB
"""Bytes that one unit of an image holds."""
SHADOW_SHARE = 512 * MIB
"""The same for a shadow copy: to open one takes a while."""
FILES = 2_000
_COLLECTED = re.compile(r"[A-Za-z](?::|%3A|\$|_drive)?|uploads|fs|sysvol", re.IGNORECASE)
"""Folders at the root of a disk that is no server's, but was filled by a collector."""

_SEVERAL = (
    "several servers by what marks it (cloned?): scan the disks of one server at a time, "
    "or put them into a folder of their own"
)

Choose = Callable[[Tree], Planned]


def expanded(found: Survey, *, whole: bool = False) -> Survey:
    """Replace every disk image of a survey by units of the files in it that are to be read.

    `whole` asks for all files instead. What cannot be opened becomes an entry that says why.
    """
    waiting = [unit for unit in found.units if unit.inside == WHOLE]
    if not waiting:
        return found
    listing = _Listing(whole=whole)
    with ExitStack() as stack:
        images = []
        for unit in waiting:
            try:
                image = stack.enter_context(Image(parts(Path(unit.file))))
            except SourceError as error:
                listing.tell(unit.path, f"disk image: {error}", "unreadable", unit.size)
                continue
            images.append(image)
            listing.units.append(unit)
        listing.look(listing.without_repeated(images))
    units = [unit for unit in found.units if unit.inside != WHOLE] + listing.made
    told = (*found.entries, *listing.entries)
    return Survey(
        tuple(sorted(units, key=lambda unit: unit.place)),
        tuple(sorted(dict.fromkeys(told), key=lambda entry: entry.path)),
        {**found.same, **listing.same},
        tuple(listing.together),
    )


@dataclass(slots=True)
class _Listing:
    """What is found in the images of a scan."""

    whole: bool
    units: list[Unit] = field(default_factory=list)
    """The images that could be opened, in order."""
    made: list[Unit] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    same: dict[str, str] = field(default_factory=dict)
    together: list[tuple[str, ...]] = field(default_factory=list)
    shared: Counter[tuple[int, int]] = field(default_factory=Counter)
    """Image and volume to how many servers have it: states of one server, imaged twice."""
    listed: set[tuple[int, int]] = field(default_factory=set)
    asked: set[tuple[int, int, str]] = field(default_factory=set)
    """Files of shared volumes that are read already."""
    copies: int = 0
    """Shadow copies so far: their numbers go on from drive to drive."""

    def tell(self, path: str, reason: str, status: EntryStatus, size: int = 0) -> None:
        """Add a row to the manifest."""
        self.entries.append(Entry(path, size, "", status, reason))

    def without_repeated(self, images: Sequence[Image]) -> list[Image]:
        """Leave out, and name, images of a disk of which another image is read."""
        same = same_disks(images)
        paths = [unit.path for unit in self.units]
        for at, first in sorted(same.items()):
            reason = f"disk image of the same disk as {paths[first]}: read once"
            self.tell(paths[at], reason, "skipped", self.units[at].size)
        self.units = [unit for at, unit in enumerate(self.units) if at not in same]
        return [image for at, image in enumerate(images) if at not in same]

    def look(self, images: Sequence[Image]) -> None:
        """List what is to be read of all of them."""
        found = servers(images, [unit.path for unit in self.units])
        for one in found.unreadable:
            reason = f"volume {one.volume.trouble}"
            self.tell(self._numbered(one), reason, "unreadable", one.volume.size)
        for one, letter in found.doubtful:
            self.tell(self._numbered(one), f"is {letter} of {_SEVERAL}", "partial")
        held_by = [one for server in found.servers for one in server.drives.values()]
        self.shared = Counter((one.image, one.volume.number) for one in held_by)
        for server in found.servers:
            self._server(server, images)
            held = sorted({self.units[one.image].path for one in server.drives.values()})
            self.together += [tuple(held)] if held[1:] else []
        named = {one.image for server in found.servers for one in server.drives.values()}
        named |= {one.image for one in found.unreadable}
        for at, unit in enumerate(self.units):
            if images[at].cut:
                self.tell(unit.path, _cut(images[at].cut), "partial")
            if at not in named:
                self.tell(unit.path, "disk image without a volume that is known", "unreadable")

    def _numbered(self, one: Located) -> str:
        return f"{self.units[one.image].path}!/volume{one.volume.number}:"

    def _server(self, server: Server, images: Sequence[Image]) -> None:
        drives = {name: one.volume.files for name, one in server.drives.items()}
        own = {name: files for name, files in drives.items() if files is not None}
        tree = ImageTree(own)
        choose = self._choice(tree)
        planned = choose(tree)
        for entry in planned.entries:
            self.entries.append(replace(entry, path=self._shown(server, entry.path)))
        for name, one in sorted(server.drives.items()):
            files = self._not_asked(one, _with_streams(_on(planned, name), tree))
            again = (one.image, one.volume.number) in self.listed
            if files or not again:
                self._drive(server, name, len(files))
            if one.volume.cut > 0 and not again:
                self.tell(self._shown(server, f"{name}/"), _cut(one.volume.cut), "partial")
            self._share(one, "", _fresh(files, tree, self._repeated(one, name)))
            if not again:
                self._tell_damage(self.units[one.image].path, name, one.volume.files)
        for name, one in sorted(server.drives.items()):
            if (one.image, one.volume.number) in self.listed:
                continue
            for volume in self._shadows(images[one.image], one, name):
                self.copies += 1
                self._shadow(Located(one.image, volume), name, own, choose, tree)
        self.listed |= {(one.image, one.volume.number) for one in server.drives.values()}

    def _not_asked(self, one: Located, files: list[tuple[str, int]]) -> list[tuple[str, int]]:
        """Leave out files that another image of the same server has asked for."""
        place = (one.image, one.volume.number)
        left = [(path, size) for path, size in files if (*place, path) not in self.asked]
        # NOTE: only a disk that two images share can be asked twice.
        self.asked |= {(*place, path) for path, _ in left} if self.shared[place] > 1 else set()
        return left

    def _choice(self, tree: ImageTree) -> Choose:
        """Return how files are chosen: all of them where the disk is no server's."""
        if self.whole:
            return everything
        windows = collected = False
        for drive in tree.drives():
            try:
                names = [item.name for item in tree.listed(drive) if item.folder]
            except SourceError:
                continue  # listing it again says what is wrong with it
            windows |= any(name.lower() in ("windows", "winnt") for name in names)
            collected |= any(_COLLECTED.fullmatch(name) for name in names)
        if collected and not windows:
            return everything
        return plan if windows else lambda asked: _some(plan(asked)) or everything(asked)

    def _shown(self, server: Server, path: str) -> str:
        """Return a path of a server as the manifest shows it: below the image that has it."""
        name = path.partition("/")[0]
        one = server.drives.get(name) or next(
            iter([server.drives[server.system]] if server.system else server.drives.values())
        )
        return f"{self.units[one.image].path}!/{path}"

    def _drive(self, server: Server, name: str, count: int) -> None:
        volume = server.drives[name].volume
        system = ", with Windows" if name == server.system else ""
        reason = f"volume of {_size(volume.size)}{system}: {count:,} files of it are read"
        self.tell(self._shown(server, name), reason, "read", volume.size)

    def _tell_damage(self, path: str, name: str, files: FileSystem | None) -> None:
        if files and files.damaged:
            reason = f"{len(files.damaged):,} folders are damaged: they may hold more than was seen"
            self.tell(f"{path}!/{name}/", reason, "unreadable")

    def _repeated(self, one: Located, name: str) -> Callable[[str, str], None]:
        def repeated(path: str, first: str) -> None:
            label = self.units[one.image].path
            self.same[f"{label}!/{path}"] = f"{label}!/{first}"
            self.tell(
                f"{label}!/{path}", f"the same file as {label}!/{first}: read once", "skipped"
            )

        return repeated

    def _share(self, one: Located, shadow: str, files: Iterable[tuple[str, int]]) -> None:
        """Make units of files: `shadow` stands for the drive in the paths of a shadow copy."""
        unit, volume = self.units[one.image], one.volume
        most = SHADOW_SHARE if shadow else SHARE
        for share in _shares(files, most):
            names = tuple(
                name_inside(
                    volume.number, volume.copy, path if not shadow else _swapped(path, shadow)
                )
                for path, _ in share
            )
            size = sum(size for _, size in share)
            self.made.append(Unit(unit.file, unit.path, size, unit.modified, None, names))

    def _shadows(self, image: Image, one: Located, name: str) -> Iterator[Volume]:
        path = f"{self.units[one.image].path}!/{name}"
        try:
            count = image.shadows(one.volume.number)
        except SourceError as error:
            self.tell(path, f"its shadow copies cannot be read: {error}", "unreadable")
            return
        for copy in range(1, count + 1):
            yield image.volume(one.volume.number, copy)

    def _shadow(
        self,
        one: Located,
        name: str,
        drives: dict[str, FileSystem],
        choose: Choose,
        now: ImageTree,
    ) -> None:
        shadow = f"HarddiskVolumeShadowCopy{self.copies}"
        path = f"{self.units[one.image].path}!/{shadow}"
        if one.volume.files is None:
            reason = f"shadow copy of {name}: {one.volume.trouble or 'holds no file system'}"
            self.tell(path, reason, "unreadable", one.volume.size)
            return
        tree = ImageTree({**drives, name: one.volume.files})
        planned = choose(tree)
        for entry in planned.entries:
            if entry.reason.startswith("folder:") and _is_on(entry.path, name):
                shown = f"{self.units[one.image].path}!/{_swapped(entry.path, shadow)}"
                self.entries.append(replace(entry, path=shown))
        files = _with_streams(_on(planned, name), tree)
        other = [(path, size) for path, size in files if _state(tree, path) != _state(now, path)]
        self._share(one, shadow, other)
        self._tell_damage(self.units[one.image].path, shadow, one.volume.files)
        reason = (
            f"shadow copy of {name}, made {_time(one.volume.created)}: {len(other):,} of its "
            f"{len(files):,} files differ from the drive or are gone there, and are read"
        )
        self.tell(path, reason, "read", one.volume.size)


def _fresh(
    files: Iterable[tuple[str, int]], tree: ImageTree, repeated: Callable[[str, str], None]
) -> Iterator[tuple[str, int]]:
    """Yield files without further names (hard links) of one that was met before."""
    met: dict[object, str] = {}
    keys: dict[str, object] = {}
    listed = list(files)
    # NOTE: of the names of one file that of a page is read: else it would not be taken for one.
    for path, _ in sorted(listed, key=lambda one: not is_executed(one[0])):
        node = _node(tree, path)
        keys[path] = (node.key, node.stream) if node and node.state else path
        met.setdefault(keys[path], path)
    for path, size in listed:
        first = met[keys[path]]
        if first == path:
            yield path, size
        else:
            repeated(path, first)


def _state(tree: ImageTree, path: str) -> tuple[int, ...] | None:
    """Return what tells two states of a file apart; None if there is no such file."""
    node = _node(tree, path)
    return node.state or (node.item.size, node.item.modified) if node else None


def _node(tree: ImageTree, path: str) -> Node | None:
    try:
        return tree.node(path)
    except SourceError:
        return None


def _with_streams(files: list[tuple[str, int]], tree: ImageTree) -> list[tuple[str, int]]:
    """Add the streams of the folders that files lie in; a file's own are met when it is read."""
    folders = {path.rpartition("/")[0] for path, _ in files}
    found: list[tuple[str, int]] = []
    for folder in sorted(folders):
        with suppress(SourceError):  # listing the folder has told what is wrong with it
            above = folder.rpartition("/")[0]
            nodes = tree.streams(folder)
            found += [(f"{above}/{node.item.name}", node.item.size) for node in nodes]
    return files + found


def _on(planned: Planned, drive: str) -> list[tuple[str, int]]:
    return [(path, size) for path, size, _ in planned.files if _is_on(path, drive)]


def _is_on(path: str, drive: str) -> bool:
    return path.partition("/")[0].lower() == drive.lower()


def _some(planned: Planned) -> Planned | None:
    return planned if planned.files else None


def _swapped(path: str, shadow: str) -> str:
    return "/".join((shadow, *path.split("/")[1:]))


def _shares(files: Iterable[tuple[str, int]], most: int) -> Iterator[list[tuple[str, int]]]:
    share: list[tuple[str, int]] = []
    room = most
    for path, size in files:
        if share and (size > room or len(share) >= FILES):
            yield share
            share, room = [], most
        share.append((path, size))
        room -= max(size, 0)
    if share:
        yield share


def _cut(count: int) -> str:
    return f"cut off: its last {count:,} bytes are missing in the image; what lay there is lost"


def _size(count: int) -> str:
    return f"{count / GIB:,.1f} GiB" if count >= GIB else f"{count / MIB:,.1f} MiB"


def _time(nanoseconds: int) -> str:
    made = datetime.fromtimestamp(max(nanoseconds, 0) // 1_000_000_000, UTC)
    return f"{made:%Y-%m-%d %H:%M} UTC"
