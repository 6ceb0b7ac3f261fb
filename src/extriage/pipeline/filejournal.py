"""Read the journal of changes of a volume (`$J`) and show rules every change in it.

The journal names a file's folder by number only. Where the folders lie is told by the table of
files (`$MFT`) of the same volume, which is read beforehand if it lies beside the journal, and by
what the journal itself tells of folders. The times of changes cover the time in which they were.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from extriage.errors import SourceError
from extriage.model.evidence import ByteStream, Record, Tally
from extriage.parsers.filerows import Changed, changed_record, changed_text, drive_of
from extriage.parsers.filesystem import CHANGES
from extriage.parsers.foldertree import Folders
from extriage.parsers.rawblocks import Numbers, moment
from extriage.parsers.usnjournal import FOLDER, RENAMED, Changes, changes
from extriage.pipeline.account import Counts
from extriage.pipeline.around import Table
from extriage.pipeline.batch import Batch
from extriage.pipeline.census import hour
from extriage.pipeline.collect import Collector
from extriage.pipeline.filetable import folders_of
from extriage.pipeline.pack import Pack

_HOUR = 36_000_000_000


@dataclass(slots=True)
class JournalReader:
    """The state of reading one journal."""

    path: str
    pack: Pack
    collector: Collector
    counts: Counts = field(default_factory=Counts)
    """Records count as lines; damaged places are rejected ones."""
    tally: Tally = field(init=False)
    damaged: int = -1
    """Offset of the first damaged place."""
    unknown: int = 0
    """Changes whose path does not begin at the root."""
    moved: int = 0
    """Folders that got another name or place after changes in them were told."""
    trouble: str = ""
    """Why the folders are not known."""
    drive: str = field(init=False)
    _folders: Folders = field(default_factory=Folders)
    _batch: Batch[Changed] = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the search for what the rules ask for."""
        self.tally = Tally(CHANGES, self.path)
        self.drive = drive_of(self.path)
        self._batch = Batch(self.pack.prefilter(CHANGES), self._record, self.collector.add)

    def learn(self, table: Table) -> None:
        """Read where the folders of the volume lie."""
        try:
            with table() as stream:
                if stream is None:
                    self.trouble = "$MFT is not beside it"
                else:
                    self._folders = folders_of(stream)
        except SourceError as error:
            self.trouble = f"$MFT cannot be read: {error}"
        self._folders.end()

    def read(self, stream: ByteStream, progress: Callable[[int], None]) -> None:
        """Read a journal; SourceError if it breaks off."""
        try:
            for found in changes(stream, progress):
                self._count(found)
                self._show(found)
        finally:
            self._batch.flush()

    def reasons(self) -> list[str]:
        """Say what was not read as it should."""
        found = []
        if self.counts.rejected:
            told = f"the first at byte {self.damaged:,}"
            found.append(f"{self.counts.rejected:,} damaged places, {told}")
        if self.trouble and self.unknown:
            found.append(f"the folders of {self.unknown:,} changes are not known: {self.trouble}")
        return found

    def remarks(self) -> list[str]:
        """Say what to know of how it was read, though nothing is wrong with it."""
        found = []
        if self.moved:
            # NOTE: the table of files knows only how a folder is called at the end.
            told = "changes in them from before are told with the path of the end"
            found.append(f"{self.moved:,} folders were renamed or moved: {told}")
        if self.unknown and not self.trouble:
            gone = "changes were in folders that are gone: their paths begin with ?"
            found.append(f"{self.unknown:,} {gone}")
        return found

    def _count(self, found: Changes) -> None:
        counts, sound = self.counts, len(found.names) + found.ranges
        counts.lines += sound + len(found.damaged)
        counts.parsed += sound
        counts.rejected += len(found.damaged)
        if found.damaged and self.damaged < 0:
            self.damaged = found.damaged[0]
        self.tally.records += sound
        self._cover(found.numbers["time"])

    def _cover(self, times: Numbers) -> None:
        for ticks in np.unique(times // np.uint64(_HOUR)).tolist():
            if (time := moment(ticks * _HOUR)) is not None:
                self.tally.hours.add(hour(time))
        known = (moment(int(one)) for one in (times.min(), times.max())) if len(times) else ()
        for time in known:
            if time is not None:
                self.tally.see(time)

    def _show(self, found: Changes) -> None:
        folders, first = self._folders, self.counts.parsed - len(found.names) + 1
        attributes, files = found.numbers["attributes"].tolist(), found.numbers["file"].tolist()
        why = found.numbers["reason"].tolist()
        for at, parent in enumerate(found.numbers["parent"].tolist()):
            name = found.names[at]
            if attributes[at] & FOLDER:
                self.moved += bool(why[at] & RENAMED) and not folders.told_of(files[at])
                folders.change(files[at], parent, name)
            lying = folders.lying(parent)
            self.unknown += not lying.known
            row = Changed(found.numbers[at], name, lying, first + at)
            self._batch.add(changed_text(row, self.drive), row)

    def _record(self, row: Changed) -> Record:
        return changed_record(row, self.path, self.drive)
