"""Read an export of Exchange's audit and hand its acts to the rules.

The prefilter runs over each act as JSON; only acts that a literal hit become records. What an
export says without a zone is matched, but has no time.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from extriage.matchers.prefilter import Prefilter
from extriage.model.evidence import ByteStream, Origin, Record, Tally
from extriage.parsers.audit import KIND, act_record
from extriage.parsers.auditexports import AuditExport
from extriage.parsers.eventitems import Item
from extriage.parsers.text import text_of
from extriage.pipeline import census
from extriage.pipeline.account import Counts
from extriage.pipeline.collect import TEXT_LIMIT, Collector

_CONTROL = bytes(range(0x20))


@dataclass(slots=True)
class AuditReader:
    """The state of reading one export."""

    path: str
    prefilter: Prefilter
    collector: Collector
    counts: Counts = field(default_factory=Counts)
    """Blank are also header rows of tables; an element of an array or of XML is a line."""
    untimed: int = 0
    """Acts whose time names no zone."""
    troubles: list[str] = field(default_factory=list)
    tallies: dict[str, Tally] = field(default_factory=dict)

    def read(self, stream: ByteStream, progress: Callable[[int], None]) -> None:
        """Read an export to its end; SourceError where it breaks off, with all counts kept."""
        export = AuditExport(stream, progress)
        try:
            for line, item in export.items():
                self._item(item, line)
        finally:
            if export.trouble:
                self.troubles.append(export.trouble)
        if export.unclosed:
            self.troubles.append("the text ends inside an array or an act")

    def notes(self) -> list[str]:
        """Say what is to be known of the times."""
        if not self.untimed:
            return []
        return [f"{self.untimed:,} acts tell their time without a zone: they have none here"]

    def _item(self, item: Item, line: int) -> None:
        place = line or self.counts.lines + 1
        self.counts.lines += item.lines if not item.part or item.part == 1 else 0
        if item.part:
            self._window(item, place)
            return
        if not item.raw:
            self.counts.blank += item.lines
            return
        record = act_record(item.document, Origin(self.path, place), item.raw)
        if record.raw:
            self._unreadable(item, record)
            return
        self.counts.parsed += item.lines
        self._cover(record, item.lines)
        self._match(item, record)

    def _window(self, item: Item, place: int) -> None:
        """Search a window of an act that is too long to be read."""
        if item.part == 1:
            self.counts.raw += 1
            self.troubles.append(f"line {place} is too long: read as text")
        text = text_of(item.raw)[:TEXT_LIMIT]
        self._match_raw(item.raw, Record(KIND, None, Origin(self.path, place), {}, text, raw=True))

    def _unreadable(self, item: Item, record: Record) -> None:
        if not item.raw.strip(_CONTROL):
            self.counts.rejected += item.lines
            return
        self.counts.raw += item.lines
        self._match_raw(item.raw, record)

    def _match(self, item: Item, record: Record) -> None:
        text = item.document if item.raw == item.document else item.document + b"\n" + item.raw
        literals = {literal for _, literal in self.prefilter.hits(text)}
        for watch in self.prefilter.candidates(literals, text.lower()):
            if watch.target.matches(record):
                self.collector.add(watch, record, item.raw)

    def _match_raw(self, raw: bytes, record: Record) -> None:
        literals = {literal for _, literal in self.prefilter.hits(raw)}
        text = text_of(raw)
        for watch in self.prefilter.candidates(literals, raw.lower()):
            if watch.target.clauses and watch.target.matches_raw(text):
                self.collector.add(watch, record, raw)

    def _cover(self, record: Record, lines: int) -> None:
        tally = self.tallies.get(record.computer)
        if tally is None:
            tally = self.tallies[record.computer] = Tally(KIND, self.path, record.computer)
        tally.records += lines
        if record.time is None:
            self.untimed += 1
            return
        tally.see(record.time)
        tally.hours.add(census.hour(record.time))
