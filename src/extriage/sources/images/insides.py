"""What a unit of work reads of a disk image: files by their names inside, one after the other.

A name inside is `2.1/HarddiskVolumeShadowCopy1/inetpub/x.log`: the volume and its copy (0 stands
for the volume as it is now), then the path that reports show.
"""

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from extriage.errors import SourceError
from extriage.knowledge.executed import is_executed
from extriage.model.evidence import Entry, Unit
from extriage.sources.archives.archive import Place, leaf, unfold
from extriage.sources.contents import Opened, utc
from extriage.sources.directory import WHOLE
from extriage.sources.images.diskformats import parts
from extriage.sources.images.image import Image
from extriage.sources.images.volumes import ImageTree
from extriage.sources.limits import Budget
from extriage.sources.stream import Stream
from extriage.sources.tree import Item

_OPEN = 2
"""Images that a process keeps open: units of one image follow each other."""


def name_inside(number: int, copy: int, shown: str) -> str:
    """Return how a unit names a file of an image."""
    return f"{number}.{copy}/{shown}"


def read_inside(unit: Unit, budget: Budget) -> Iterator[Opened | Entry]:
    """Yield the files of a unit; SourceError if the image cannot be opened."""
    if unit.inside == WHOLE:
        yield Entry(unit.path, unit.size, "", "unreadable", "disk image: nobody listed its files")
        return
    for name in unit.inside:
        opened = False
        for found in _file(unit, name, budget):
            opened |= isinstance(found, Opened)
            yield found
        try:
            streams = _streams(unit, name)
        except SourceError as error:
            if not opened:
                continue  # what is wrong with the file has been told
            path = f"{unit.path}!/{name.partition('/')[2]}"
            reason = f"further (alternate) streams cannot be listed: {error}"
            yield Entry(path, -1, "", "partial", reason)
            continue
        for stream in streams:
            yield from _file(unit, f"{name.rpartition('/')[0]}/{stream}", budget)


def _file(unit: Unit, name: str, budget: Budget) -> Iterator[Opened | Entry]:
    """Yield a file, or what is in it if it is an archive."""
    shown = name.partition("/")[2]
    place = Place(f"{unit.path}!/{shown}", -1, None)
    try:
        stream, item = _opened(unit, name)
    except SourceError as error:
        yield place.entry("unreadable", str(error))
        return
    place = Place(place.path, item.size, utc(item.modified / 1e9) if item.modified else None)
    if is_executed(shown):
        yield from leaf(stream, place, budget)
    else:
        yield from unfold(stream, place, budget)


def beside_inside(unit: Unit, path: str, name: str, most: int) -> bytes | None:
    """Return the file `name` from the folder of a file of this unit, if it is not too large."""
    shown = path.removeprefix(f"{unit.path}!/")
    inside = next((one for one in unit.inside if one.partition("/")[2] == shown), "")
    if not inside or shown == path:
        return None
    stream, item = _opened(unit, f"{inside.rpartition('/')[0]}/{name}")
    return stream.take(item.size) if item.size <= most else None


def _opened(unit: Unit, name: str) -> tuple[Stream, Item]:
    tree, path = _placed(unit, name)
    return tree.stream(path)


def _streams(unit: Unit, name: str) -> list[str]:
    """Return the names of a file's further streams: `page.aspx:notes`."""
    tree, path = _placed(unit, name)
    return [node.item.name for node in tree.streams(path)]


def _placed(unit: Unit, name: str) -> tuple[ImageTree, str]:
    volume, _, shown = name.partition("/")
    number, _, copy = volume.partition(".")
    drives = _drives(unit.file, unit.modified, os.getpid())
    return drives.get(int(number), int(copy)), f"C:/{shown.partition('/')[2]}"


class _Drives:
    """The volumes of an image, each opened when it is first asked for."""

    def __init__(self, image: Image) -> None:
        self._image = image
        self._trees: dict[tuple[int, int], ImageTree] = {}

    def get(self, number: int, copy: int) -> ImageTree:
        """Return a volume as a tree with one drive, `C:`."""
        if (number, copy) not in self._trees:
            volume = self._image.volume(number, copy)
            if volume.files is None:
                raise SourceError(volume.trouble or "holds no file system")
            self._trees[number, copy] = ImageTree({"C:": volume.files})
        return self._trees[number, copy]

    def __del__(self) -> None:
        self._image.close()


@lru_cache(maxsize=_OPEN)
def _drives(file: str, modified: int, process: int) -> _Drives:
    """Open an image; `process` is there because open files must not be shared by processes."""
    return _Drives(Image(parts(Path(file))))
