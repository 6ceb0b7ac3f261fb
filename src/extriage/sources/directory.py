"""What the user's paths lead to: every file, in an order that never changes.

Folders are walked without following links of any kind (symbolic links, junctions); pipes, sockets
and devices are listed, not opened. Hidden and system files are files like all others. The files
that make up a disk image are one unit; `pipeline.planning.images` looks what is in it.
"""

import os
import re
import stat
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path

from extriage.errors import SourceError, UsageError
from extriage.model.evidence import Entry, EntryStatus, Unit
from extriage.sources.archives.archive import HEAD, ZIP_MARKS, recognise
from extriage.sources.archives.zipdirectory import shares
from extriage.sources.contents import Survey
from extriage.sources.files import irregular, open_file, trouble
from extriage.sources.images.diskformats import disk_format, may_be_image, parts
from extriage.sources.limits import DEFAULT, MIB, Limits

LARGE = 4 * MIB
"""Smaller zip archives are never shared out, so smaller files need no look inside."""
LONE = re.compile("[\ud800-\udfff]")
"""What the system makes of bytes of a name that are no UTF-8 (Linux) or UTF-16 (Windows)."""
WHOLE = ("/",)
"""What a unit reads `inside` a disk image as long as nobody has looked what there is."""
JUNCTIONS = (0xA0000003, 0xA000000C)
"""Windows reparse tags of mount points and symbolic links."""


def survey(paths: Sequence[Path], limits: Limits = DEFAULT) -> Survey:
    """List every file that the paths lead to, and what there is that cannot be read."""
    walk = _Walk(limits)
    roots = [_resolved(path) for path in paths]
    walk.every = len(roots) > 1
    for root, label in zip(roots, _labels(roots), strict=True):
        walk.visit(root, label)
    walk.join_images()
    units = sorted(walk.units, key=attrgetter("place"))
    return Survey(tuple(units), tuple(sorted(walk.entries, key=attrgetter("path"))), walk.same)


def labels(paths: Sequence[Path]) -> list[str]:
    """Return the name under which each of these paths stands in a case."""
    return _labels([_resolved(path) for path in paths])


def _resolved(path: Path) -> Path:
    """Follow the path that the user named, links included."""
    try:
        return path.resolve(strict=True)
    except FileNotFoundError:
        raise UsageError(f"{shown(str(path))}: no such file or folder") from None
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(shown(f"{path}: {error}")) from None


def _labels(roots: Sequence[Path]) -> list[str]:
    """Name each path by its last part, or by as many as it takes to tell two apart."""
    return [shown(_label(root, {other for other in roots if other != root})) for root in roots]


def _label(root: Path, others: set[Path]) -> str:
    parts = root.parts
    for count in range(1, len(parts)):
        tail = parts[-count:]
        if not any(other.parts[-count:] == tail for other in others):
            return "/".join(tail)
    return root.as_posix().strip("/")


class _Walk:
    """The walk over all given paths; remembers what was seen, to read no file twice."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.units: list[Unit] = []
        self.entries: list[Entry] = []
        self.same: dict[str, str] = {}
        self.every = False
        self.images: list[Unit] = []
        self._seen: dict[tuple[int, int] | str, str] = {}

    def visit(self, root: Path, label: str) -> None:
        """List one given path."""
        try:
            info = root.stat()
        except OSError as error:
            self._skip(label, 0, trouble(error), unreadable=True)
            return
        if stat.S_ISDIR(info.st_mode):
            self._folders(str(root), label)
        else:
            self._file(str(root), label, info)

    def _folders(self, folder: str, label: str) -> None:
        pending = [(folder, label)]
        while pending:
            folder, path = pending.pop()
            prefix = f"{path}/" if path else ""
            inner: list[tuple[str, str]] = []
            entries = self._listed(folder, path)
            for entry, name in zip(entries, _told_apart(entries), strict=True):
                if self._is_folder(entry, prefix + name):
                    inner.append((entry.path, prefix + name))
            pending.extend(reversed(inner))

    def _listed(self, folder: str, path: str) -> list[os.DirEntry[str]]:
        found: list[os.DirEntry[str]] = []
        try:
            with os.scandir(folder) as entries:
                found.extend(entries)
        except OSError as error:
            self._skip(path, 0, f"folder: {trouble(error)}", unreadable=True)
        return sorted(found, key=lambda entry: entry.name)

    def _is_folder(self, entry: os.DirEntry[str], path: str) -> bool:
        """List a file; tell whether it is a folder to walk instead."""
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError as error:
            self._skip(path, 0, trouble(error), unreadable=True)
            return False
        if getattr(info, "st_reparse_tag", 0) in JUNCTIONS:
            self._skip(path, 0, "link or junction: not followed")
        elif stat.S_ISDIR(info.st_mode):
            return True
        elif stat.S_ISLNK(info.st_mode):
            self._skip(path, 0, f"symbolic link{_target(entry.path)}: not followed")
        else:
            self._file(entry.path, path, info)
        return False

    def _file(self, file: str, path: str, info: os.stat_result) -> None:
        if reason := irregular(info.st_mode):
            self._skip(path, 0, reason)
        elif known := self._known(file, path, info):
            self.same[path] = known
            self._skip(path, info.st_size, f"the same file as {known}: read once")
        elif may_be_image(path, info.st_size) and _is_image(file, path):
            self.images.append(Unit(file, path, info.st_size, info.st_mtime_ns, None, WHOLE))
        elif info.st_size < LARGE or not self._shared(file, path, info):
            self.units.append(Unit(file, path, info.st_size, info.st_mtime_ns))

    def join_images(self) -> None:
        """Make one unit of all files of a disk image; what belongs to one is no evidence else."""
        parts: dict[str, str] = {}
        for unit in self.images:
            for file in _others(unit):
                parts.setdefault(os.path.normcase(file), unit.path)
        self.units += [unit for unit in self.images if os.path.normcase(unit.file) not in parts]
        self.units = [unit for unit in self.units if os.path.normcase(unit.file) not in parts]

    def _known(self, file: str, path: str, info: os.stat_result) -> str:
        """Return the path under which this very file was met before."""
        if not self.every and info.st_nlink <= 1:
            return ""
        # listing a folder on Windows tells no file number
        numbered = info.st_ino and os.name != "nt"
        key = (info.st_dev, info.st_ino) if numbered else os.path.normcase(file)
        known = self._seen.get(key, "")
        if not known:
            self._seen[key] = path
        return known

    def _shared(self, file: str, path: str, info: os.stat_result) -> bool:
        """Share a large zip archive out; tell whether that was done."""
        try:
            with open_file(file) as opened:
                if not opened.piece(0, 8).startswith(ZIP_MARKS):
                    return False
                parts = shares(opened, self.limits)
        except SourceError:
            return False  # reading it will say what is wrong with it
        if len(parts) < 2:
            return False
        for members, size in parts:
            self.units.append(Unit(file, path, size, info.st_mtime_ns, members))
        return True

    def _skip(self, path: str, size: int, reason: str, *, unreadable: bool = False) -> None:
        status: EntryStatus = "unreadable" if unreadable else "skipped"
        self.entries.append(Entry(path, size, "", status, reason))


def _is_image(file: str, path: str) -> bool:
    try:
        with open_file(file) as opened:
            head = opened.piece(0, HEAD)
    except SourceError:
        return False  # reading it will say what is wrong with it
    return recognise(head, path) == disk_format(head, path) != ""


def _others(unit: Unit) -> list[str]:
    """Return the files that belong to an image besides the one that it is named by."""
    try:
        found = parts(Path(unit.file))
    except SourceError:
        return []  # opening the image will say what is wrong with it
    own = Path(unit.file)
    if own != found.files[0] and own not in found.beside:
        return []  # a later segment: the first one speaks for all
    return [str(path) for path in found.all() if path != own]


def _told_apart(entries: Sequence["os.DirEntry[str]"]) -> list[str]:
    """Return the names to show for a folder's entries, each of them only once."""
    names = [entry.name for entry in entries]
    taken = set(names)
    result = []
    for name in names:
        text = shown(name)
        if name.endswith("!") and name[:-1] in taken:  # as if it were the inside of an archive
            text = f"{text[:-1]}\\x21"
        while text != name and text in taken:
            text += "~"
        taken.add(text)
        result.append(text)
    return result


def shown(name: str) -> str:
    """Return a file name as text; what is no valid Unicode in it becomes visible escapes."""
    return LONE.sub(_escape, name)


def _escape(lone: re.Match[str]) -> str:
    code = ord(lone[0])
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def _target(link: str) -> str:
    try:
        return f" to {shown(str(Path(link).readlink()))!r}"
    except OSError:
        return ""
