"""Files that belong to another one and lie beside it, such as the logs of a registry hive.

Only plain folders, zip archives and disk images can be asked: what else holds files can only be
read forward.
"""

from pathlib import Path

from extriage.errors import SourceError
from extriage.model.evidence import Unit
from extriage.sources.archives.zipdirectory import find_directory, read_zip
from extriage.sources.archives.zipforward import directory_record
from extriage.sources.contents import Member, plain_name
from extriage.sources.files import EvidenceFile, open_file
from extriage.sources.limits import DEFAULT, MIB, Budget
from extriage.sources.stream import Stream

LARGEST = 64 * MIB
"""Bytes of a sibling that are read; of a larger one nothing is."""
INSIDE = "!/"


def sibling(unit: Unit, path: str, name: str) -> bytes | None:
    """Return the file `name` from the folder of a file of this unit; None if there is none.

    `path` is the file's own, as the manifest shows it. Upper and lower case of `name` do not
    count. None also stands for a file that is larger than `LARGEST` or cannot be read: whoever
    asks does without it, and says so.
    """
    try:
        if unit.inside:
            return _inside(unit, path, name)
        if path == unit.path:
            return _beside(Path(unit.file), name)
        outer, _, inner = path.partition(INSIDE)
        if outer != unit.path or INSIDE in inner:
            return None
        folder = inner.rpartition("/")[0]
        with open_file(unit.file) as file:
            return _member(file, f"{folder}/{name}" if folder else name)
    except SourceError:
        return None


def _inside(unit: Unit, path: str, name: str) -> bytes | None:
    # NOTE: what opens disk images is loaded only if there are any.
    from extriage.sources.images.insides import beside_inside  # noqa: PLC0415

    return beside_inside(unit, path, name, LARGEST)


def _beside(file: Path, name: str) -> bytes | None:
    for spelling in dict.fromkeys((name, name.lower(), name.upper())):
        try:
            with open_file(str(file.with_name(spelling))) as opened:
                return _whole(opened.stream(), opened.size)
        except (SourceError, ValueError):
            continue
    return None


def _member(file: EvidenceFile, name: str) -> bytes | None:
    position = _position(file, name.lower())
    if position is None:
        return None
    for found in read_zip(file, (position,), Budget(DEFAULT)):
        if isinstance(found, Member) and isinstance(found.data, Stream):
            return _whole(found.data, found.size)
    return None


def _position(file: EvidenceFile, name: str) -> int | None:
    """Return where in the archive's directory an entry stands."""
    stream = file.stream(find_directory(file).start)
    for position in range(DEFAULT.entries):
        entry = directory_record(stream)
        if entry is None:
            break
        if plain_name(entry.name).lower() == name:
            return position
    return None


def _whole(stream: Stream, size: int) -> bytes | None:
    if size > LARGEST:
        return None
    data = stream.take(LARGEST + 1)
    return data if len(data) <= LARGEST else None
