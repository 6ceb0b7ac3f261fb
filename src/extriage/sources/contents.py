"""What sources hand out: open files, and what an archive's readers find inside."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from extriage.model.evidence import Artifact, ByteStream, Entry, EntryStatus, Unit
from extriage.sources.stream import Stream

DUPLICATE = "another entry of the archive has the same name"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file of the evidence, open for reading until the next one is asked for."""

    artifact: Artifact
    stream: ByteStream
    note: str = ""
    """What to know about this file: a second entry of the same name, a misleading header …"""


@dataclass(frozen=True, slots=True)
class Survey:
    """All there is to read, in order, and what was seen but cannot be read."""

    units: tuple[Unit, ...]
    entries: tuple[Entry, ...]
    same: Mapping[str, str] = field(default_factory=dict)
    """Path to the path under which this very file was met before, and is read."""
    together: tuple[tuple[str, ...], ...] = ()
    """Disk images that hold the drives of one server each."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say about an archive as a whole, or about an entry instead of its data.

    An entry is `skipped` only if it is no file at all: a link, a pipe, a device. A file that cannot
    be read is `unreadable`, and makes the scan incomplete.
    """

    status: EntryStatus
    reason: str


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of an archive, as its reader found it."""

    name: str
    size: int
    modified: datetime | None
    data: Stream | Remark
    number: int = 0
    """Position in the archive, counted from 1; 0 where the order of reading tells it."""
    note: str = ""


def utc(seconds: float) -> datetime | None:
    """Return a time stamp as a UTC time; None if no calendar holds it."""
    try:
        return EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None


def joined(*reasons: str) -> str:
    """Put all that is to be said into one line."""
    return "; ".join(reason for reason in reasons if reason)


def plain_name(name: str) -> str:
    """Return an entry's name with `/` between folders, as Windows programs do not always write."""
    name = name.replace("\\", "/")
    while name.startswith("./"):
        name = name[2:].lstrip("/")
    return name
