"""Which images are of the same disk at the same moment: an E01 and the raw image it was made of.

NTFS notes every change to a file in its table of files (`$MFT`), so two images whose volumes have
equal tables are two copies of one state. To compare the tables takes seconds, all bytes hours.
"""

import hashlib
from collections.abc import Iterator, Sequence

from extriage.errors import SourceError
from extriage.sources.images.filesystem import NtfsFiles
from extriage.sources.images.image import Image
from extriage.sources.images.partitions import Volume
from extriage.sources.images.volumes import ImageTree
from extriage.sources.limits import MIB

_TABLE = "C:/$MFT"


def same_disks(images: Sequence[Image]) -> dict[int, int]:
    """Return for the position of an image that of another one of the same disk, which is read.

    Of several the one is read that lacks the least at its end. An image that holds no NTFS volume,
    or one whose table cannot be read, is never taken for another.
    """
    if len(images) < 2:
        return {}
    alike: dict[object, list[int]] = {}
    lost: dict[int, int] = {}
    for at, image in enumerate(images):
        volumes = image.volumes()
        lost[at] = image.cut + sum(max(one.cut, 0) for one in volumes)
        outline = tuple(_outline(volumes))
        if any(outline):
            alike.setdefault(outline, []).append(at)
    same: dict[int, int] = {}
    for positions in alike.values():
        equal: dict[str, list[int]] = {}
        for at in positions if positions[1:] else ():
            if digest := _tables(images[at]):
                equal.setdefault(digest, []).append(at)
        for group in equal.values():
            first = min(group, key=lambda at: (lost[at], at))
            same |= {at: first for at in group if at != first}
    return same


def _outline(volumes: Sequence[Volume]) -> Iterator[tuple[bytes, int]]:
    """Yield of each NTFS volume what Windows calls it, and how large its table is."""
    for one in volumes:
        if isinstance(one.files, NtfsFiles):
            try:
                node = ImageTree({"C:": one.files}).node(_TABLE)
            except SourceError:
                continue
            yield one.identity, node.item.size if node else 0


def _tables(image: Image) -> str:
    """Return the hash of all tables of files of an image; empty if one cannot be read."""
    digest = hashlib.sha256()
    try:
        for one in image.volumes():
            if isinstance(one.files, NtfsFiles):
                stream, _ = ImageTree({"C:": one.files}).stream(_TABLE)
                digest.update(b"volume %d\n" % one.number)
                while data := stream.read(MIB):
                    digest.update(data)
    except SourceError:
        return ""
    return digest.hexdigest()
