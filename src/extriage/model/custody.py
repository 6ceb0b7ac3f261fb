"""Custody: who looked at the evidence and for which case, and what it is worth as proof.

Nothing here holds a clock or the path of a machine: it stands in `case.json`, which is the same
for the same evidence and the same words. What changes from run to run stands in `run.jsonl`.
"""

from dataclasses import dataclass, field
from typing import Literal

CONTAINER = "container"
"""What the ledger calls the row of an archive or an image, which is no evidence by itself."""

FileState = Literal["same", "changed", "missing", "new", "unread", "not-hashed"]
"""What became of a file since the scan; `not-hashed`: the scan saw it and did not hash it."""

FILE_STATES: tuple[FileState, ...] = ("same", "changed", "missing", "new", "unread", "not-hashed")


@dataclass(frozen=True, slots=True)
class Container:
    """One file that holds other files: an archive, a compressed file or a disk image."""

    path: str
    size: int
    sha256: str
    """Of the file as it lies on disk; empty for an image that was not hashed as a whole."""
    note: str
    """What it is, and the hashes that it carries of its own content."""


@dataclass(frozen=True, slots=True)
class Custody:
    """What the person at the keyboard said of the case, and the containers that were opened."""

    operator: str = ""
    case_id: str = ""
    notes: tuple[str, ...] = ()
    containers: tuple[Container, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the run log."""

    number: int
    at: str
    """UTC, `2021-03-05T08:30:00Z`, by the clock of the machine that wrote it."""
    what: str
    """`scan-started`, `scan-finished`, `scan-stopped`, `report`, `answers`."""
    sha256: str
    """Of the line's bytes; the next line names it."""
    facts: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chain:
    """The run log as it was read: its lines as far as they hang together."""

    lines: tuple[Line, ...] = ()
    broken: str = ""
    """Why it does not hang together, with the line; empty if it does."""
    remarks: tuple[str, ...] = ()

    @property
    def head(self) -> str:
        """Return the SHA-256 of the last line, which stands for all lines before it."""
        return self.lines[-1].sha256 if self.lines else ""


@dataclass(frozen=True, slots=True)
class FileCheck:
    """One file, compared with what was recorded of it."""

    path: str
    state: FileState
    recorded: str = ""
    """SHA-256 that was recorded; empty if none was."""
    found: str = ""
    """SHA-256 that it has now; empty if it was not computed."""
    reason: str = ""
    """Why it was not read, or how it was told."""


@dataclass(frozen=True, slots=True)
class Root:
    """One path that a scan was given, and the name under which its files stand in the case."""

    path: str
    shown: str
