"""What lies around a file of the evidence, for readers of files that mean little alone.

A registry hive is read with its logs, a journal of changes with the table of files of its volume.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial

from extriage import parsers as parsing
from extriage.model.evidence import ByteStream, Unit
from extriage.sources.filetable import table_beside
from extriage.sources.siblings import sibling

Siblings = Callable[[str], bytes | None]
Table = Callable[[], AbstractContextManager[ByteStream | None]]


def no_table() -> AbstractContextManager[ByteStream | None]:
    """Stand for evidence that has no table of files."""
    return nullcontext(None)


@dataclass(frozen=True, slots=True)
class Around:
    """How to get at what lies around a file."""

    siblings: Siblings = parsing.no_sibling
    """Returns the bytes of a file of another name in the same folder, or None."""
    table: Table = no_table
    """Opens the table of files (`$MFT`) of the volume that the file is a journal of, or None."""


ALONE = Around()


def around(unit: Unit, path: str) -> Around:
    """Return what lies around a file of this unit; `path` is its own in the manifest."""
    return Around(partial(sibling, unit, path), partial(table_beside, unit, path))
