"""Read Windows events, from EVTX or from exports as JSON lines, and hand them to the rules.

The prefilter runs over the events' JSON text; only events that a literal hit are taken apart.
Exports that label local time as UTC are found out and corrected, or a note says that it could not
be checked.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import BinaryIO

from extriage.matchers.prefilter import Prefilter
from extriage.model.evidence import Tally
from extriage.parsers import event as parsing
from extriage.parsers.clockcheck import ClockCheck
from extriage.parsers.evtx import EventTrouble, events_binary
from extriage.pipeline import census
from extriage.pipeline.collect import Collector

BATCH = 1 << 20
LINE_LIMIT = 16 << 20
_SYSMON = b"microsoft-windows-sysmon"
_INSTALL = re.compile(rb"Microsoft\\\\+Exchange Server\\\\+(V1[45])\\\\")


@dataclass(slots=True)
class EventReader:
    """The state of reading one file of events."""

    path: str
    prefilter: Prefilter
    collector: Collector
    records: int = 0
    lines: int = 0
    blank: int = 0
    raw: int = 0
    rejected: int = 0
    troubles: list[str] = field(default_factory=list)
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def read_binary(self, stream: BinaryIO) -> None:
        """Read an EVTX file; damage costs only the records that it hit."""
        self._consume(self._sound(events_binary(stream)))
        self.lines = self.records

    def read_json(self, stream: BinaryIO, progress: Callable[[int], None]) -> None:
        """Read an export with one event per line."""
        clock = ClockCheck()
        self._consume(self._lines(stream, progress), clock)
        shift, note = clock.verdict()
        if note:
            self.notes.append(note)
        if shift:
            self._shift(shift)

    def _sound(self, documents: Iterable[bytes | EventTrouble]) -> Iterator[bytes]:
        for document in documents:
            if isinstance(document, EventTrouble):
                self.troubles.append(document.reason)
            else:
                yield document

    def _lines(self, stream: BinaryIO, progress: Callable[[int], None]) -> Iterator[bytes]:
        """Yield one item per physical line, empty for what holds no event."""
        while line := stream.readline(LINE_LIMIT):
            progress(len(line))
            self.lines += 1
            while not line.endswith(b"\n") and len(line) >= LINE_LIMIT:
                line = stream.readline(LINE_LIMIT)
                progress(len(line))
                if line.endswith(b"\n") or not line:
                    self.raw += 1
                    self.troubles.append(f"line {self.lines} is longer than {LINE_LIMIT:,} bytes")
                    line = b""
                    break
            text = line.strip(b"\r\n \t,\x00\xef\xbb\xbf")
            if not text or text in (b"[", b"]"):
                self.blank += not self.raw or bool(line)
                text = b""
            yield text

    def _consume(self, documents: Iterable[bytes], clock: ClockCheck | None = None) -> None:
        batch: list[bytes] = []
        size, first = 0, 1
        for document in documents:
            batch.append(document)
            size += len(document)
            if size >= BATCH:
                self._batch(batch, first, clock)
                first += len(batch)
                batch, size = [], 0
        self._batch(batch, first, clock)

    def _batch(self, documents: list[bytes], first: int, clock: ClockCheck | None) -> None:
        joined = b"\n".join(documents)
        wanted = self._hit(documents, joined)
        installs = {name.decode().upper() for name in _INSTALL.findall(joined)}
        for position, document in enumerate(documents):
            if not document:
                continue
            system = parsing.event_system(document)
            if system is None:
                self._unreadable(document, first + position)
                continue
            self.records += 1
            self._cover(system).installs.update(installs)
            literals = wanted.get(position)
            if clock is not None and _SYSMON in document[:4096].lower():
                clock.see(document)
            if literals is not None:
                self._match(document, first + position, literals)

    def _hit(self, documents: list[bytes], joined: bytes) -> dict[int, set[int]]:
        """Return the events to look at, each with the literals found in it."""
        if self.prefilter.always:
            return {position: self._everything() for position in range(len(documents))}
        offsets, offset = [], 0
        for document in documents:
            offsets.append(offset)
            offset += len(document) + 1
        found: dict[int, set[int]] = {}
        for end, literal in self.prefilter.hits(joined):
            found.setdefault(bisect_right(offsets, end - 1) - 1, set()).add(literal)
        return found

    def _everything(self) -> set[int]:
        return set(range(len(self.prefilter.literals)))

    def _match(self, document: bytes, line: int, literals: set[int]) -> None:
        watches = self.prefilter.candidates(literals, document.lower())
        if not watches:
            return
        record = parsing.event_record(document, self.path, line)
        for watch in watches:
            if watch.target.matches(record):
                self.collector.add(watch, record, document)

    def _unreadable(self, document: bytes, line: int) -> None:
        """Keep a line that is no event as raw text; rules still look at it."""
        if not document.strip(bytes(range(0x20))):
            self.rejected += 1
            return
        self.raw += 1
        record = parsing.raw_event(document, self.path, line)
        for watch in self.prefilter.candidates(self._everything(), document.lower()):
            if watch.target.clauses and watch.target.matches_raw(record.text):
                self.collector.add(watch, record, document)

    def _cover(self, system: parsing.System) -> Tally:
        key = (system.computer, system.channel)
        tally = self.tallies.get(key)
        if tally is None:
            kind = f"events:{system.channel}"
            tally = self.tallies[key] = Tally(kind, self.path, system.computer)
        tally.records += 1
        if system.time is not None:
            tally.first = min(tally.first or system.time, system.time)
            tally.last = max(tally.last or system.time, system.time)
            tally.hours.add(census.hour(system.time))
        return tally

    def _shift(self, by: timedelta) -> None:
        self.collector.shift(by)
        whole, part = divmod(by, timedelta(hours=1))
        for tally in self.tallies.values():
            tally.first = tally.first + by if tally.first else None
            tally.last = tally.last + by if tally.last else None
            tally.hours = {
                hour + whole + extra for hour in tally.hours for extra in ((0, 1) if part else (0,))
            }
