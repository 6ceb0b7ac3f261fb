r"""Drives that this machine has mounted, as the tree of one server: `/mnt/c`, `E:\`, live drives.

The mounted folder stands for a drive letter. What is a link in it is told with the place on the
server that it leads to, as far as that can be known, and never followed by itself.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from extriage.errors import SourceError, UsageError
from extriage.model.evidence import ByteStream
from extriage.sources.files import open_file, trouble
from extriage.sources.tree import Item

LINKS = (0xA0000003, 0xA000000C)
"""Windows reparse tags of mount points (junctions) and symbolic links."""
_VOLUME = re.compile(r"[\\/]{2}\?[\\/]Volume\{", re.IGNORECASE)
_NAMED = re.compile(r"([A-Za-z]):?=(.+)", re.DOTALL)
_LAST = re.compile(r"(?:.*[\\/])?([A-Za-z])(?::|\$|_drive)?[\\/]*", re.DOTALL)
_LETTER = re.compile(r"([A-Za-z]):[\\/]")


@dataclass(frozen=True, slots=True)
class MountedDrives:
    """Folders of this machine that stand for a server's drives."""

    roots: Mapping[str, str]
    """Drive to the folder that holds it: `C:` to `/mnt/c`."""

    def drives(self) -> list[str]:
        """Return the drives, by letter."""
        return sorted(self.roots)

    def place(self, path: str) -> str:
        """Return where a path of the server lies on this machine; case counts where it does there.

        Empty if the drive is not among those that were named.
        """
        drive, _, rest = path.partition("/")
        root = next((self.roots[one] for one in self.roots if one.lower() == drive.lower()), "")
        if not root:
            return ""
        found = os.path.join(root, *rest.split("/")) if rest else root  # noqa: PTH118
        return found if not rest or os.path.lexists(found) else _respelled(root, rest)

    def listed(self, folder: str) -> list[Item]:
        """Return what a folder holds; nothing if there is none, SourceError if it is not read."""
        place = self.place(folder)
        if not place:
            return []
        try:
            with os.scandir(place) as entries:
                found = list(entries)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise SourceError(trouble(error)) from error
        return sorted((self._item(entry) for entry in found), key=lambda item: item.name)

    @contextmanager
    def open(self, path: str) -> Iterator[ByteStream]:
        """Open a file for reading from its beginning; SourceError if that cannot be."""
        place = self.place(path)
        if not place:
            raise SourceError("is on a drive that was not named")
        with open_file(place) as file:
            yield cast("ByteStream", file.stream())

    def _item(self, entry: os.DirEntry[str]) -> Item:
        try:
            info = entry.stat(follow_symlinks=False)
        except OSError:
            return Item(entry.name, False, 0, 0)  # opening it will say what is wrong
        folder = stat.S_ISDIR(info.st_mode)
        tag = getattr(info, "st_reparse_tag", 0)
        if tag in LINKS or stat.S_ISLNK(info.st_mode):
            raw = _read_link(entry.path)
            if _VOLUME.match(raw) and _other_volume(entry.path, info.st_dev):
                # NOTE: a volume without a letter can be reached nowhere else.
                return Item(entry.name, True, 0, info.st_mtime_ns)
            return Item(entry.name, False, 0, info.st_mtime_ns, True, self._target(entry, raw))
        size = 0 if folder else info.st_size
        return Item(entry.name, folder, size, info.st_mtime_ns)

    def _target(self, entry: os.DirEntry[str], raw: str) -> str:
        """Return where a link leads, as a path of the server; empty if that is not known."""
        text = raw.replace("\\", "/").removeprefix("//?/")
        if _LETTER.match(text):
            return text
        whole = os.path.normpath(os.path.join(os.path.dirname(entry.path), raw))  # noqa: PTH118, PTH120
        for drive, root in self.roots.items():
            if raw and os.path.normcase(whole).startswith(_ended(os.path.normcase(root))):
                return f"{drive}/{whole[len(_ended(root)) :]}".replace("\\", "/")
        return ""


def _ended(root: str) -> str:
    return root if root.endswith(("/", "\\")) else root + os.sep


def _read_link(path: str) -> str:
    try:
        return os.readlink(path)  # noqa: PTH115  # Path would rewrite what Windows says
    except OSError:
        return ""


def _other_volume(path: str, own: int) -> bool:
    try:
        return os.stat(path).st_dev != own  # noqa: PTH116
    except OSError:
        return False


def _respelled(root: str, rest: str) -> str:
    """Return a path as it is stored, for systems on which upper and lower case differ."""
    place = root
    for part in rest.split("/"):
        try:
            names = sorted(name for name in os.listdir(place) if name.lower() == part.lower())  # noqa: PTH208
        except OSError:
            names = []
        place = os.path.join(place, names[0] if names else part)  # noqa: PTH118
    return place


def mounted(texts: tuple[str, ...]) -> MountedDrives:
    r"""Read what the user named: `C=/mnt/c`, `/mnt/c`, `E:\`; UsageError if it cannot be.

    Without a letter it is the folder's own name, or the drive if that is named as a whole, else
    `volume1:`, `volume2:` …
    """
    roots: dict[str, str] = {}
    for at, text in enumerate(texts, 1):
        named = _NAMED.fullmatch(text)
        given = named[2] if named else text
        place = os.path.realpath(_whole(given))
        if not os.path.isdir(place):  # noqa: PTH112
            raise UsageError(f"there is no folder {given}")
        # NOTE: of `C:\mounts\E` only the last letter is the server's.
        known = named or _LAST.fullmatch(text) or _LETTER.fullmatch(place)
        drive = f"{known[1].upper()}:" if known else f"volume{at}:"
        if drive in roots:
            raise UsageError(f"two folders are named for drive {drive}; write D=PATH for one")
        roots[drive] = place
    return MountedDrives(roots)


def _whole(given: str) -> str:
    r"""Return `E:\` for `E:`, by which Windows means the folder that was last chosen there."""
    return f"{given}\\" if os.name == "nt" and given.endswith(":") else given
