"""Evidence as it is read: units of work, artifacts, records, and the account of every file.

Times are aware datetimes in UTC. Paths are those of the evidence, with `/` between folders; what
lies inside an archive follows the archive's own path and `!/` (`coll.zip!/C/inetpub/u_ex.log`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol, TypeAlias, TypedDict

Fields: TypeAlias = dict[str, str | tuple[str, ...]]
"""A record's fields: the log's own names; a tuple where one field has several values."""

EntryStatus = Literal["read", "partial", "skipped", "unreadable"]


class ByteStream(Protocol):
    """Bytes of evidence on their way: read once, from the beginning to the end."""

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""

    def readinto(self, buffer: memoryview, /) -> int:
        """Fill a buffer with the next bytes; return how many came, 0 at the end."""

    def readline(self, limit: int = -1, /) -> bytes:
        """Return the next line with its end, at most `limit` bytes of it."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What one worker reads in one go: a file, an archive, or some members of a zip archive."""

    file: str
    """The file system path that is opened."""
    path: str
    """The path that reports show."""
    size: int
    modified: int = 0
    """Time stamp of the file in nanoseconds; tells a changed file when a scan is resumed."""
    members: tuple[int, ...] | None = None
    """Positions in the zip archive's directory; None stands for all of it."""
    inside: tuple[str, ...] = ()
    """Paths inside a disk image, as its reader names them; empty for all that is no image."""

    @property
    def whole(self) -> bool:
        """Whether it is all of one file on disk, not a share of an archive or of an image."""
        return self.members is None and not self.inside

    @property
    def place(self) -> tuple[str, tuple[int, ...], tuple[str, ...]]:
        """Where it stands among all units, whatever the number of workers."""
        return self.path, self.members or (), self.inside


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of forensic value, wherever it came from."""

    path: str
    size: int
    """Bytes, as the file system or archive says; -1 when it does not say."""
    modified: datetime | None = None
    """What the collection says; copies reset it, so it never serves as coverage."""


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """The place of a record, so that every answer can point at its raw line."""

    path: str
    line: int
    """Physical line, counted from 1; the record id for Windows events."""
    offset: int = 0
    """Byte offset of the line in the artifact's text (after UTF-16 became UTF-8)."""


@dataclass(frozen=True, slots=True)
class Record:
    """One line, event or page: an envelope around the log's own field names."""

    kind: str
    time: datetime | None
    origin: Origin
    fields: Fields
    text: str
    """The raw line, decoded with replacement characters and bounded; JSON for events."""
    computer: str = ""
    """The computer that the record itself names; empty when it names none."""
    raw: bool = False
    """True for a line that fits no columns: `fields` is empty and rules look at `text` alone."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the manifest: what was seen, and what became of it."""

    path: str
    size: int
    kind: str
    """Evidence kind such as `httpproxy`; empty when it was not recognised."""
    status: EntryStatus
    reason: str = ""
    """Why it was not (fully) read, or what to know about how it was read."""
    sha256: str = ""
    lines: int = 0
    parsed: int = 0
    raw: int = 0
    rejected: int = 0
    comment: int = 0
    blank: int = 0


Period = TypedDict("Period", {"from": datetime, "to": datetime})
"""A stretch of time; as a gap: without one record between two records of the same kind."""


@dataclass(frozen=True, slots=True)
class BuildSeen:
    """A build of Exchange that the records of one file named, and when."""

    build: str
    """Four integers joined by dots, without leading zeros: `15.1.2375.7`."""
    evidence: str
    """What named it: kinds of evidence, `httpproxy, ews`, or a file, `ExSetup.exe`."""
    first: datetime | None
    last: datetime | None
    precision: str = "su"
    """`su` if the evidence shows security updates, `cu` if only the cumulative update."""


@dataclass(slots=True)
class Tally:
    """What the records of one artifact cover, for one computer and kind; grows while reading."""

    kind: str
    """Kind as coverage names it: `httpproxy`, `iis`, `events:Security` …"""
    path: str
    computer: str = ""
    part: str = ""
    """Which log of its kind: HttpProxy's protocol, front or back end of IIS."""
    records: int = 0
    first: datetime | None = None
    last: datetime | None = None
    hours: set[int] = field(default_factory=set)
    """Hours with at least one record, counted from 1970-01-01T00Z."""
    installs: set[str] = field(default_factory=set)
    """Installation folders of Exchange that records name: `V14` (2010) or `V15`."""
    builds: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    """Build as `15.1.2375.7` to the first and last time that a row named it."""

    def see(self, time: datetime, build: str = "") -> None:
        """Let first and last reach to a record, and those of the build that it names."""
        self.first = min(self.first or time, time)
        self.last = max(self.last or time, time)
        if build:
            first, last = self.builds.get(build, (time, time))
            self.builds[build] = (min(first, time), max(last, time))

    def merge(self, other: "Tally") -> None:
        """Take in what another part of the same artifact covers."""
        self.records += other.records
        firsts = [time for time in (self.first, other.first) if time]
        lasts = [time for time in (self.last, other.last) if time]
        self.first, self.last = min(firsts, default=None), max(lasts, default=None)
        self.hours |= other.hours
        self.installs |= other.installs
        for build, (first, last) in other.builds.items():
            known = self.builds.get(build, (first, last))
            self.builds[build] = (min(known[0], first), max(known[1], last))
