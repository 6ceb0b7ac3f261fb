"""Search a line that is too long to be held in memory, window by window."""

from dataclasses import dataclass, field

from extriage.matchers.prefilter import Prefilter
from extriage.model.evidence import Origin, Record
from extriage.pipeline.collect import TEXT_LIMIT, Collector

JOIN_BOUND = 1 << 16
"""Bytes of a line, or of lines that one record spans, that rules get to see at once."""


@dataclass(slots=True)
class LongLine:
    """One over-long line: rules see only what stands around their literals, as raw text."""

    path: str
    kind: str
    line: int
    seen: set[str] = field(default_factory=set)
    """Rules that it has met so far: each counts once."""

    def search(
        self, window: memoryview, offset: int, prefilter: Prefilter, collector: Collector
    ) -> None:
        """Show the rules what their literals hit in a window that begins at `offset`."""
        for end, literal in prefilter.hits(window):
            around = bytes(window[max(0, end - JOIN_BOUND // 2) : end + JOIN_BOUND // 2])
            origin = Origin(self.path, self.line, offset)
            start = max(0, min(end, JOIN_BOUND // 2) - TEXT_LIMIT // 2)
            text = around.decode("utf-8", "replace")
            record = Record(self.kind, None, origin, {}, text[start:], raw=True)
            for watch in prefilter.candidates((literal,), around.lower()):
                name = watch.rule.rule.id
                if name not in self.seen and watch.target.matches_raw(text):
                    self.seen.add(name)
                    collector.add(watch, record, around)
