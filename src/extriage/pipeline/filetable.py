"""Read the table of files of a volume (`$MFT`) and show rules every name in it.

Where a file lies is often told by entries that come later; its row waits for them. Times in the
table are those of files, so they cover nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream, Record, Tally
from extriage.parsers.filemarks import entry_size
from extriage.parsers.filerows import Listed, drive_of, listed_record, listed_text
from extriage.parsers.filesystem import FILES
from extriage.parsers.foldertree import Folders
from extriage.parsers.mftfile import Entries, Rows, entries
from extriage.parsers.rawblocks import Ints
from extriage.pipeline.account import Counts
from extriage.pipeline.batch import Batch
from extriage.pipeline.collect import Collector
from extriage.pipeline.pack import Pack

MOST_WAITING = 400_000
"""Rows that wait for their folders; beyond them a path is told as far as it is known."""
MOST_NAMELESS = 100_000
"""Files whose names stand in other entries than their own."""
_ENTRY = (1 << 48) - 1


@dataclass(slots=True)
class Gathered:
    """The folders of a table while it is read, and what only its end can settle."""

    folders: Folders = field(default_factory=Folders)
    nameless: dict[int, tuple[Rows, int]] = field(default_factory=dict)
    """Reference of a file to its row, which lacks the name."""
    later: list[Rows] = field(default_factory=list)
    """Names that stand in other entries than their files'."""
    dropped: int = 0
    """Names and files beyond those that are kept for the end."""

    def take(self, found: Entries) -> Rows:
        """Take in one block; return the names of files that stand where they belong."""
        self.folders.see(found.counts, found.used)
        own = found.rows.numbers["base"] == 0
        if not own.all():
            if sum(len(rows.names) for rows in self.later) < MOST_NAMELESS:
                self.later.append(found.rows.some(np.flatnonzero(~own)))
            else:
                self.dropped += int(np.count_nonzero(~own))
            rows = found.rows.some(np.flatnonzero(own))
        else:
            rows = found.rows
        for at in range(len(found.nameless.names)):
            if found.nameless.numbers["base"][at]:
                continue
            if len(self.nameless) >= MOST_NAMELESS:
                self.dropped += 1
            else:
                self.nameless[_reference(found.nameless, at)] = found.nameless, at
        self._folders(rows)
        return rows

    def end(self) -> Iterator[Rows]:
        """Settle what is left; yield the names that stood elsewhere."""
        joined = [self._joined(rows) for rows in self.later]
        for rows in joined:
            self._folders(rows)
        self.folders.end()
        yield from joined

    def _joined(self, rows: Rows) -> Rows:
        """Give names that stand elsewhere the numbers of their files."""
        for at, base in enumerate(rows.numbers["base"].tolist()):
            rows.numbers["entry"][at] = base & _ENTRY
            rows.numbers["sequence"][at] = base >> 48
            if (found := self.nameless.get(base)) is not None:
                known, place = found
                for name in ("used", "folder", "streams", "size", "said"):
                    rows.numbers[name][at] = known.numbers[name][place]
        return rows

    def _folders(self, rows: Rows) -> None:
        for at in np.flatnonzero(rows.numbers["folder"]).tolist():
            row = rows.numbers[at]
            self.folders.add(int(row["entry"]), int(row["parent"]), rows.names[at])


def _reference(rows: Rows, at: int) -> int:
    return int(rows.numbers["sequence"][at]) << 48 | int(rows.numbers["entry"][at])


def folders_of(stream: ByteStream) -> Folders:
    """Read only the folders of a table; SourceError if it breaks off or is none."""
    head = stream.read(1 << 16)
    size = entry_size(head)
    if not size:
        raise SourceError("the $MFT beside it is no table of files")
    gathered = Gathered()
    for found in entries(_Again(head, stream), size):
        gathered.take(found)
    for _ in gathered.end():
        continue
    return gathered.folders


@dataclass(slots=True)
class _Again:
    """A stream whose first bytes were looked at."""

    head: bytes
    stream: ByteStream

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        if not self.head:
            return self.stream.read(size)
        end = len(self.head) if size < 0 else size
        data, self.head = self.head[:end], self.head[end:]
        return data

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer with the next bytes."""
        if not self.head:
            return self.stream.readinto(buffer) or 0
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readline(self, limit: int = -1) -> bytes:
        """Return bytes up to the end of a line; a table has none."""
        return self.read(limit)


@dataclass(slots=True)
class TableReader:
    """The state of reading one table of files."""

    path: str
    pack: Pack
    collector: Collector
    counts: Counts = field(default_factory=Counts)
    """Entries count as lines; places that never held a file are blank, damaged ones rejected."""
    tally: Tally = field(init=False)
    damaged: int = -1
    """The first damaged entry."""
    unknown: int = 0
    """Names whose path does not begin at the root."""
    hurried: int = 0
    """Those of them that could not wait for their folder."""
    size: int = 0
    drive: str = field(init=False)
    _gathered: Gathered = field(default_factory=Gathered)
    _waiting: list[Rows] = field(default_factory=list)
    _held: int = 0
    _batch: Batch[Listed] = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the search for what the rules ask for."""
        self.tally = Tally(FILES, self.path)
        self.drive = drive_of(self.path)
        self._batch = Batch(self.pack.prefilter(FILES), self._record, self.collector.add)

    def read(self, stream: ByteStream, size: int, progress: Callable[[int], None]) -> None:
        """Read a table whose entries have this size; SourceError if it breaks off."""
        self.size = size
        try:
            for found in entries(stream, size):
                self._count(found)
                self._show(self._gathered.take(found))
                progress(len(found.counts) * size)
        finally:
            self._end()

    def reasons(self) -> list[str]:
        """Say what was not read as it should."""
        found = []
        if self.counts.rejected:
            found.append(f"{self.counts.rejected:,} damaged entries, the first: {self.damaged:,}")
        if forgotten := self._gathered.folders.forgotten:
            found.append(f"{forgotten:,} folders were too many to remember")
        if self._gathered.dropped:
            found.append(f"{self._gathered.dropped:,} files with scattered entries were too many")
        if self.hurried:
            found.append(f"{self.hurried:,} names could not wait for the names of their folders")
        return found

    def remarks(self) -> list[str]:
        """Say what to know of how it was read, though nothing is wrong with it."""
        if not self.unknown:
            return []
        return [f"{self.unknown:,} names lie in folders that are gone: their paths begin with ?"]

    def _count(self, found: Entries) -> None:
        counts = self.counts
        counts.lines += len(found.counts)
        counts.blank += found.empty
        counts.rejected += len(found.damaged)
        if found.damaged and self.damaged < 0:
            self.damaged = found.damaged[0]
        sound = len(found.counts) - found.empty - len(found.damaged)
        counts.parsed += sound
        self.tally.records += sound

    def _show(self, rows: Rows, *, last: bool = False) -> None:
        """Show rules all rows whose folder is settled; the others wait."""
        folders, waiting = self._gathered.folders, list[int]()
        for at, parent in enumerate(rows.numbers["parent"].tolist()):
            lying = folders.lying(parent)
            if not lying.settled:
                if not last and self._held < MOST_WAITING:
                    waiting.append(at)
                    self._held += 1
                    continue
                self.hurried += 1
            self.unknown += not lying.known
            row = Listed(rows.numbers[at], rows.names[at], rows.contents[at], lying)
            self._batch.add(listed_text(row, self.drive), row)
        if waiting:
            self._waiting.append(rows.some(_places(waiting)))

    def _end(self) -> None:
        for rows in self._gathered.end():
            self._show(rows, last=True)
        for rows in self._waiting:
            self._show(rows, last=True)
        self._waiting.clear()
        self._batch.flush()

    def _record(self, row: Listed) -> Record:
        return listed_record(row, self.path, self.drive, self.size)


def _places(found: list[int]) -> Ints:
    return np.array(found, dtype=np.int64)
