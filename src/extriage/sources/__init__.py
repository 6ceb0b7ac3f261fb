"""Sources: every way in which evidence arrives looks like the files of the server itself.

`survey` lists what the user's paths lead to, as units of work; `read` opens one unit and yields
every file in it as a stream, and a manifest row for everything that is seen but not read. Archives
(two deep) and disk images are read as streams, and never unpacked to disk. Evidence is hostile:
nothing in it raises anything but `SourceError`, and that only from a stream.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from extriage.errors import SourceError
from extriage.knowledge.executed import is_executed
from extriage.model.evidence import ByteStream, Entry, Unit
from extriage.sources.archives.archive import (
    HEAD,
    SEVENZIP,
    Place,
    contents,
    leaf,
    recognise,
    unfold,
)
from extriage.sources.archives.sevenarchive import read_sevenzip
from extriage.sources.archives.zipdirectory import read_zip
from extriage.sources.contents import Opened, Survey, utc
from extriage.sources.directory import survey
from extriage.sources.files import EvidenceFile, open_file
from extriage.sources.limits import DEFAULT, Budget, Limits
from extriage.sources.stream import Bounded

__all__ = ["DEFAULT", "Limits", "Opened", "Survey", "read", "read_range", "survey"]


@contextmanager
def read_range(unit: Unit, start: int, end: int) -> Iterator[ByteStream]:
    """Open some bytes of a plain file; SourceError if it cannot be opened or read to there."""
    with open_file(unit.file) as file:
        yield cast("ByteStream", Bounded(file.stream(start), end - start))


def read(unit: Unit, limits: Limits = DEFAULT) -> Iterator[Opened | Entry]:
    """Yield every file of a unit, open until the next is asked for, and what cannot be read."""
    try:
        if unit.inside:
            yield from _inside(unit, Budget(limits))
            return
        with open_file(unit.file) as file:
            yield from _files(file, unit, Budget(limits))
    except SourceError as error:
        yield Entry(unit.path, unit.size, "", "unreadable", str(error))


def _inside(unit: Unit, budget: Budget) -> Iterator[Opened | Entry]:
    # NOTE: what opens disk images is loaded only if there are any.
    from extriage.sources.images.insides import read_inside  # noqa: PLC0415

    yield from read_inside(unit, budget)


def _files(file: EvidenceFile, unit: Unit, budget: Budget) -> Iterator[Opened | Entry]:
    place = Place(unit.path, file.size, utc(file.modified / 1_000_000_000))
    stream = file.stream()
    if is_executed(unit.path):
        yield from leaf(stream, place, budget)
    elif (kind := recognise(stream.peek(HEAD), unit.path)) == "zip":
        yield from contents(place, budget, lambda: read_zip(file, unit.members, budget))
    elif kind == SEVENZIP:
        yield from contents(place, budget, lambda: read_sevenzip(file, budget))
    else:
        yield from unfold(stream, place, budget)
