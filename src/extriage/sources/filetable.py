"""The table of files (`$MFT`) of the volume that a journal of changes (`$J`) is of.

Collectors keep both where the volume has them: `$MFT` in its root and the journal in `$Extend`; or
they put them into one folder. The evidence is opened once more, wherever it is packed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream, Unit
from extriage.sources import Opened, read
from extriage.sources.archives.archive import HEAD, recognise
from extriage.sources.archives.zipdirectory import find_directory
from extriage.sources.archives.zipforward import directory_record
from extriage.sources.contents import plain_name
from extriage.sources.files import open_file
from extriage.sources.limits import DEFAULT

NAME = "$MFT"
_EXTEND = "$extend"
_INSIDE = "!/"


@contextmanager
def table_beside(unit: Unit, path: str) -> Iterator[ByteStream | None]:
    """Open the table of files that lies beside a journal of this unit; None if there is none.

    `path` is the journal's own, as the manifest shows it. SourceError for a table that cannot be
    read.
    """
    wanted = {place.casefold() for place in places(path)}
    for one in _units(unit, path):
        for found in read(one):
            if isinstance(found, Opened) and found.artifact.path.casefold() in wanted:
                yield found.stream
                return
    yield None


def places(path: str) -> tuple[str, ...]:
    """Return where a journal's table may lie: beside it, or above the folder `$Extend`."""
    folder, slash, _ = path.rpartition("/")
    outer, above, name = folder.rpartition("/")
    beside = f"{folder}{slash}{NAME}"
    return (f"{outer}{above}{NAME}", beside) if name.casefold() == _EXTEND else (beside,)


def _units(unit: Unit, path: str) -> Iterator[Unit]:
    """Yield what is to be opened in search of the table."""
    if path == unit.path:
        yield from _files(unit)
    elif unit.inside:
        # NOTE: a name inside an image begins with the volume, which its path does not show.
        inner = path.removeprefix(f"{unit.path}{_INSIDE}")
        named = (one for one in unit.inside if one == inner or one.endswith(f"/{inner}"))
        for place in places(next(named, inner)):
            yield replace(unit, inside=(place,))
    elif path.count(_INSIDE) == 1 and _is_zip(unit):
        yield from _members(unit, places(path.partition(_INSIDE)[2]))
    else:
        # NOTE: what is packed in other ways can only be read forward, from its beginning.
        yield replace(unit, members=None)


def _is_zip(unit: Unit) -> bool:
    with open_file(unit.file) as file:
        return recognise(file.stream().peek(HEAD), unit.path) == "zip"


def _files(unit: Unit) -> Iterator[Unit]:
    """Yield the table of files of a folder that is not packed."""
    folder = Path(unit.file).parent
    folders = (folder.parent, folder) if folder.name.casefold() == _EXTEND else (folder,)
    for one, shown in zip(folders, places(unit.path), strict=False):
        file = str(one / NAME)
        try:
            with open_file(file) as opened:
                size = opened.size
        except SourceError:
            continue
        yield Unit(file, shown, size)


def _members(unit: Unit, wanted: tuple[str, ...]) -> Iterator[Unit]:
    """Yield the entries of a zip archive that have these names."""
    names = {name.casefold() for name in wanted}
    with open_file(unit.file) as file:
        stream = file.stream(find_directory(file).start)
        for position in range(DEFAULT.entries):
            entry = directory_record(stream)
            if entry is None:
                return
            if plain_name(entry.name).casefold() in names:
                yield replace(unit, members=(position,))
