"""Read Windows events, from EVTX or from exports as text, and hand them to the rules.

The prefilter runs over the events' JSON text; only events that a literal hit are taken apart.
Exports that label local time as UTC are found out and corrected, or a note says that it could not
be checked.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from extriage.errors import SourceError
from extriage.matchers.envelope import Envelopes
from extriage.matchers.prefilter import Prefilter, Watch, any_of
from extriage.model.evidence import ByteStream, Origin, Record, Tally
from extriage.model.state import Fact
from extriage.parsers import event as parsing
from extriage.parsers import updates
from extriage.parsers.clockcheck import TOO_FEW, UNCHECKED, ClockCheck
from extriage.parsers.eventexports import Export
from extriage.parsers.eventitems import LIMIT, OVERLAP, Item
from extriage.parsers.evtx import EventTrouble, events_binary
from extriage.parsers.text import text_of
from extriage.pipeline import census
from extriage.pipeline.account import Counts
from extriage.pipeline.collect import TEXT_LIMIT, Collector
from extriage.pipeline.scriptblocks import EVENT, Block, Part, ScriptBlocks, is_single

BATCH = 1 << 20
WINDOW = 1 << 20
"""So much of a text that is no event do rules look at in one go; windows share `OVERLAP` bytes."""
MOST_FACTS = 5000
"""Events of updates that are kept of one file; a server has some dozens."""
_SYSMON = "microsoft-windows-sysmon"
_INSTALL = re.compile(rb"Microsoft\\\\+Exchange Server\\\\+(V1[45])\\\\")
_CONTROL = bytes(range(0x20))


@dataclass(slots=True)
class EventReader:
    """The state of reading one file of events."""

    path: str
    prefilter: Prefilter
    collector: Collector
    envelopes: Envelopes | None = None
    """What tells rules apart by the events that they ask for; None: all look at all events."""
    counts: Counts = field(default_factory=Counts)
    """Blank are also header rows of tables; an element of an array or of XML is a line."""
    troubles: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    """What to know of how the file was read, though nothing is wrong with it."""
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    """Updates and set-ups that events tell of."""
    seen: set[str] = field(default_factory=set)
    """Rules that the over-long item in hand has met."""
    scripts: ScriptBlocks = field(default_factory=ScriptBlocks)

    def read_binary(self, stream: ByteStream) -> None:
        """Read an EVTX file; damage costs only the records that it hit."""
        self._consume(self._sound(events_binary(stream)))

    def read_json(self, stream: ByteStream, progress: Callable[[int], None]) -> None:
        """Read an export: JSON lines, a JSON array, objects printed over many lines, or a table."""
        clock = ClockCheck()
        export = Export(stream, progress)
        if export.form == "elements":
            self.remarks.append("holds no event per line: its elements count as lines")
        if export.empty:
            self.troubles.append("its events were exported without their values")
        try:
            self._consume(export.items(), clock)
        finally:
            shift, note = clock.verdict()
            if note and not (export.absolute and note in (UNCHECKED, TOO_FEW)):
                self.notes.append(note)
            if shift:
                self._shift(shift)
        if export.unclosed:
            self.troubles.append("the text ends inside an array or an event")

    def _sound(self, documents: Iterable[bytes | EventTrouble]) -> Iterator[Item]:
        for document in documents:
            if isinstance(document, EventTrouble):
                self.troubles.append(document.reason)
            else:
                yield Item(document, document)

    def _consume(self, items: Iterable[Item], clock: ClockCheck | None = None) -> None:
        batch: list[Item] = []
        size = 0
        try:
            for item in items:
                if not item.part:
                    batch.append(item)
                    size += len(item.raw)
                if item.part or size >= BATCH:
                    waiting, batch, size = batch, [], 0
                    self._batch(waiting, clock)
                if item.part:
                    self._window(item)
        except SourceError:
            self._end(batch, clock)
            raise
        self._end(batch, clock)

    def _end(self, batch: list[Item], clock: ClockCheck | None) -> None:
        """Read what waited for more to come."""
        self._batch(batch, clock)
        for block in self.scripts.rest():
            self._match_block(block)

    def _window(self, item: Item) -> None:
        """Search a window of an over-long item."""
        if item.part == 1:
            self.seen = set()
            self.counts.lines += 1
            self.counts.raw += 1
            self.troubles.append(
                f"line {self.counts.lines} is longer than {LIMIT:,} bytes: read as text"
            )
        self._search(item.raw, self.counts.lines, self.seen)

    def _batch(self, items: list[Item], clock: ClockCheck | None) -> None:
        joined = b"\n".join(item.document for item in items)
        wanted = self._hit(items, joined)
        installs = {name.decode().upper() for name in _INSTALL.findall(joined)}
        for position, item in enumerate(items):
            line = self.counts.lines + 1
            self.counts.lines += item.lines
            if not item.raw:
                self.counts.blank += item.lines
                continue
            system = parsing.event_system(item.document)
            if system is None:
                self._unreadable(item, line)
                continue
            self.counts.parsed += item.lines
            if len(self.facts) < MOST_FACTS and updates.wants(item.document):
                self.facts += updates.event_facts(item.document, self.path, line)
            self._cover(system).installs.update(installs)
            if clock is not None and _SYSMON in system.provider.lower():
                clock.see(item.document)
            literals = wanted.get(position)
            if system.event_id == EVENT and self._is_part(item, line):
                continue
            if literals is not None:
                self._match(item, line, system, literals)

    def _hit(self, items: list[Item], joined: bytes) -> dict[int, set[int]]:
        """Return the events to look at, each with the literals found in it."""
        if self.prefilter.always:
            return {position: self._everything() for position in range(len(items))}
        offsets, offset = [], 0
        for item in items:
            offsets.append(offset)
            offset += len(item.document) + 1
        found: dict[int, set[int]] = {}
        for end, literal in self.prefilter.hits(joined):
            found.setdefault(bisect_right(offsets, end - 1) - 1, set()).add(literal)
        return found

    def _everything(self) -> set[int]:
        return set(range(len(self.prefilter.literals)))

    def _match(self, item: Item, line: int, system: parsing.System, literals: set[int]) -> None:
        open = None
        if system.sure and self.envelopes is not None:
            number = str(system.event_id) if system.event_id else ""
            open = self.envelopes.open(system.channel, number, system.provider)
        watches = self.prefilter.candidates(literals, item.document.lower(), open=open)
        if not watches:
            return
        record = parsing.event_record(item.document, self.path, line, item.raw)
        for watch in watches:
            if watch.target.matches(record):
                self.collector.add(watch, record, item.raw)

    def _is_part(self, item: Item, line: int) -> bool:
        """Tell whether an event is a part of a script block; then it waits for the others."""
        if is_single(item.document):
            return False
        record = parsing.event_record(item.document, self.path, line, item.raw)
        ready = self.scripts.take(Part(record, item.raw, item.document))
        for block in ready or ():
            self._match_block(block)
        return ready is not None

    def _match_block(self, block: Block) -> None:
        """Ask the rules about a whole script; the part that they meet is the evidence."""
        parts, joined = block.ordered(), block.joined()
        script = str(joined.fields["ScriptBlockText"]).encode("utf-8", "replace")
        text = parts[0].document + b"\n" + script
        literals = {literal for _, literal in self.prefilter.hits(text)}
        if self.prefilter.always:
            literals = self._everything()
        for watch in self.prefilter.candidates(literals, text.lower()):
            if watch.target.matches(joined):
                alone = (part for part in parts if watch.target.matches(part.record))
                part = next(alone, parts[0])
                self.collector.add(watch, part.record, part.raw)

    def _unreadable(self, item: Item, line: int) -> None:
        """Keep a line that is no event as raw text; rules still look at all of it."""
        if not item.raw.strip(_CONTROL):
            self.counts.rejected += item.lines
            return
        self.counts.raw += item.lines
        self._search(item.raw, line, set())

    def _search(self, raw: bytes, line: int, seen: set[str]) -> None:
        """Look at a text window by window; a rule that meets it several times counts once."""
        for start in range(0, max(len(raw) - OVERLAP, 1), WINDOW - OVERLAP):
            window = raw[start : start + WINDOW]
            lowered = window.lower()
            literals = {literal for _, literal in self.prefilter.hits(window)}
            found = self.prefilter.candidates(literals, lowered)
            watches = [w for w in found if w.rule.rule.id not in seen and _may_stand(w, lowered)]
            text = _text(window, whole=len(raw) <= WINDOW) if watches else ""
            for watch in watches:
                if watch.target.matches_raw(text):
                    seen.add(watch.rule.rule.id)
                    at = max(0, _place(watch, lowered) - TEXT_LIMIT // 2)
                    shown = _text(window[at : at + 4 * TEXT_LIMIT], whole=at == 0)
                    record = Record("events", None, Origin(self.path, line), {}, shown, raw=True)
                    self.collector.add(watch, record, raw)

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
        self.facts = [replace(f, time=f.time + by if f.time else None) for f in self.facts]
        whole, part = divmod(by, timedelta(hours=1))
        for tally in self.tallies.values():
            tally.first = tally.first + by if tally.first else None
            tally.last = tally.last + by if tally.last else None
            tally.hours = {
                hour + whole + extra for hour in tally.hours for extra in ((0, 1) if part else (0,))
            }


def _may_stand(watch: Watch, lowered: bytes) -> bool:
    """Tell whether all texts that a rule needs stand in a window; without any it sees events only.

    With the prefilter on they surely do; without it raw text must not show more.
    """
    clauses = watch.target.clauses
    return bool(clauses) and all(any_of(tuple(clause), lowered) for clause in clauses)


def _place(watch: Watch, lowered: bytes) -> int:
    """Return where the longest text that a rule needs stands in a window."""
    clause = max(watch.target.clauses, key=lambda clause: min(map(len, clause)))
    return min(at for one in clause if (at := lowered.find(one)) >= 0)


def _text(window: bytes, *, whole: bool) -> str:
    """Decode a text, or a piece of one whose first and last letter may be cut."""
    return text_of(window) if whole else window.decode("utf-8", "replace")
