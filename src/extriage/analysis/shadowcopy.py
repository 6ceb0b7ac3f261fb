"""What became of a file that a shadow copy has: the drive of the same disk image has the last word.

Of an image's drives every web folder is listed, and a file of a shadow copy is read only if it
differs from the drive as it is now, or is gone there. So its absence among the files of the drive
tells that it is gone, if the folders above it could be listed.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import cache

from extriage.model.evidence import Entry

_COPY = re.compile(r"(?P<image>.+)!/HarddiskVolumeShadowCopy\d{1,5}/(?P<path>.+)", re.I | re.S)
_DRIVE = re.compile(r"(?P<image>.+)!/[A-Z]:/(?P<path>.*)", re.S)


class Fate(Enum):
    """What the drive says of a file that one of its shadow copies has."""

    GONE = "gone"
    CHANGED = "changed"
    """The drive has another file of this name."""
    OPEN = "open"
    """Nothing tells: the drive, or a folder above the file, was not listed."""


def fates(entries: Iterable[Entry]) -> Callable[[str], Fate]:
    """Return what tells the fate of a file by its path, `x.dd!/HarddiskVolumeShadowCopy1/…`.

    `entries` are the rows of one server's files, read or not.
    """
    rows = tuple(entries)

    @cache
    def on_drives(image: str) -> tuple[frozenset[str], tuple[str, ...]]:
        """Return the files of an image's drives, and the folders that could not be listed."""
        found = [
            (place["path"].lower(), entry.status)
            for entry in rows
            if (place := _DRIVE.fullmatch(entry.path)) and place["image"] == image
        ]
        lost = tuple(path.rstrip("/") for path, status in found if status == "unreadable")
        return frozenset(path for path, _ in found), lost

    def fate(path: str) -> Fate:
        place = _COPY.fullmatch(path)
        if place is None:
            return Fate.OPEN
        files, lost = on_drives(place["image"])
        name = place["path"].lower()
        if name in files:
            return Fate.CHANGED
        top = f"{name.partition('/')[0]}/"
        listed = any(one.startswith(top) for one in files)
        missed = any(not one or name.startswith(f"{one}/") for one in lost)
        return Fate.GONE if listed and not missed else Fate.OPEN

    return fate


def _untold(_path: str) -> Fate:
    return Fate.OPEN


@dataclass(frozen=True, slots=True)
class Disk:
    """What the evidence says of a server's disks as they were last."""

    fate: Callable[[str], Fate] = _untold
    """What became of a file that a shadow copy has."""
    configured: bool = False
    """Whether the configuration of IIS, as it was last, is in the evidence."""


UNKNOWN = Disk()
