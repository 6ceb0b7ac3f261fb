"""The disks of one server, asked folder by folder: what a walk of chosen places stands on.

A disk image and the drives of a running server hold hundreds of thousands of files, of which a
triage needs a few hundred. Whoever offers them as a `Tree` lets `pipeline.planning` list only the
folders that matter. Paths are the server's own, written with `/` and an upper-case drive letter:
`C:/Windows/System32`; `volume2:/Data` where the letter of a volume is not known.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from extriage.model.evidence import ByteStream


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a folder."""

    name: str
    """As it is stored, upper and lower case included."""
    folder: bool
    size: int
    """Bytes; 0 for a folder."""
    modified: int
    """Nanoseconds since 1970, UTC; 0 if it is not known."""
    link: bool = False
    """Whether it is a junction, a symbolic link or a mount point: never followed by `listed`."""
    target: str = ""
    """Where a link leads, as a path of this server, `E:/Logs`; empty if that is not known.

    Administrators move log folders with junctions; whoever plans the walk goes there by itself.
    """


class Tree(Protocol):
    """The file system of one server, over all its drives; nothing in it is ever changed."""

    def drives(self) -> list[str]:
        """Return its drives, such as `C:` and `D:`; `volume2:` where no letter is known."""

    def listed(self, folder: str) -> list[Item]:
        """Return what a folder holds; nothing if there is no such folder.

        Upper and lower case do not count in `folder`. Raises `SourceError` if the folder is there
        but cannot be read.
        """

    def open(self, path: str) -> AbstractContextManager[ByteStream]:
        """Open a file for reading from its beginning; `SourceError` if that cannot be."""
