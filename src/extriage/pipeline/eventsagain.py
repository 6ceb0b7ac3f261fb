"""Read Windows events, or acts of Exchange's audit, once more for suspects only.

Only what holds a text of a suspect is taken apart. What an export's clock is wrong by is told when
it was read to its end.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from extriage.model.evidence import ByteStream, Origin
from extriage.parsers import event as parsing
from extriage.parsers.audit import act_record
from extriage.parsers.auditexports import AuditExport
from extriage.parsers.clockcheck import ClockCheck
from extriage.parsers.eventexports import Export
from extriage.parsers.eventitems import Item
from extriage.parsers.evtx import EventTrouble, events_binary
from extriage.pipeline.events import BATCH
from extriage.pipeline.hunting import Hunt
from extriage.pipeline.trails import Follower

_SYSMON = b"sysmon"


@dataclass(slots=True)
class SecondEvents:
    """The state of reading one file of events, or of acts, again."""

    path: str
    hunt: Hunt
    follower: Follower
    lines: int = 0
    shift: timedelta = timedelta()
    """What is to be added to its times."""

    def read_binary(self, stream: ByteStream, _progress: Callable[[int], None]) -> None:
        """Read an EVTX file."""
        self._consume(
            Item(one, one) for one in events_binary(stream) if not isinstance(one, EventTrouble)
        )

    def read_json(self, stream: ByteStream, progress: Callable[[int], None]) -> None:
        """Read an export of events."""
        clock = ClockCheck()
        try:
            self._consume(Export(stream, progress).items(), clock)
        finally:
            self.shift = clock.verdict()[0] or timedelta()

    def read_acts(self, stream: ByteStream, progress: Callable[[int], None]) -> None:
        """Read an export of Exchange's audit."""
        for line, item in AuditExport(stream, progress).items():
            place = line or self.lines + 1
            self.lines += item.lines if not item.part or item.part == 1 else 0
            if item.raw and not item.part and (marks := self._marks(item.document).get(0)):
                record = act_record(item.document, Origin(self.path, place), item.raw)
                if not record.raw and self.follower.wants(marks):
                    self.follower.see_event(record, item.document, marks)

    def _consume(self, items: Iterable[Item], clock: ClockCheck | None = None) -> None:
        batch: list[Item] = []
        size = 0
        try:
            for item in items:
                batch.append(item)
                size += len(item.document)
                if size >= BATCH:
                    waiting, batch, size = batch, [], 0
                    self._batch(waiting, clock)
        finally:
            self._batch(batch, clock)

    def _batch(self, items: list[Item], clock: ClockCheck | None) -> None:
        joined = b"\n".join(item.document for item in items)
        sysmon = clock is not None and _SYSMON in joined.lower()
        starts, at = [], 0
        for item in items:
            starts.append(at)
            at += len(item.document) + 1
        found = self._marks(joined, starts)
        for position, item in enumerate(items):
            if item.part > 1:
                continue
            line = self.lines + 1
            self.lines += item.lines
            if sysmon and clock is not None and _SYSMON in item.document[:4096].lower():
                clock.see(item.document)
            marks = found.get(position, set())
            if item.document and self.follower.wants(marks):
                record = parsing.event_record(item.document, self.path, line, item.raw)
                self.follower.see_event(record, item.document, marks)

    def _marks(self, text: bytes, starts: list[int] | None = None) -> dict[int, set[int]]:
        """Return the expressions that hit each document, by its position."""
        found: dict[int, set[int]] = {}
        if self.hunt.database is None:
            return found
        begin = starts or [0]

        def keep(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            found.setdefault(bisect_right(begin, end - 1) - 1, set()).add(number)

        self.hunt.database.scan(text, match_event_handler=keep)
        return found
