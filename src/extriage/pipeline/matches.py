"""Take the matches of a query, one artifact after the other, and hand them on in order."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import re2

from extriage.matchers.prefilter import Watch
from extriage.matchers.queryfields import field_of
from extriage.matchers.sigma.regexes import compile_quietly
from extriage.model.detection import Rule
from extriage.model.evidence import Fields, Record
from extriage.parsers.text import text_of
from extriage.pipeline.collect import Collector

PAGE_LINES = 200
"""Lines of one page that are shown."""
NONE: Fields = {}


class Hit(msgspec.Struct, frozen=True, array_like=True):
    """One record that a query met."""

    path: str
    line: int
    kind: str
    time: str
    """ISO 8601 in UTC; empty if the record has none."""
    host: str
    raw: bytes
    """The line as it stands in the file, as UTF-8 where the file was UTF-16."""
    cells: tuple[str, ...]
    """The fields that were asked for."""
    fields: dict[str, str | tuple[str, ...]]
    """All fields, if they were asked for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be told of each match."""

    columns: tuple[str, ...] = ()
    everything: bool = False
    """All fields."""
    most: int = 0
    """Matches of one file that are handed on; 0 for all."""
    count: bool = False
    """Only how many there are."""
    texts: tuple[str, ...] = ()
    """Regular expressions of the texts asked for: the lines of a page that hold one are shown."""


@dataclass(slots=True)
class Matches(Collector):
    """Takes the matches of one artifact."""

    wanted: Wanted = field(default_factory=Wanted)
    take: Callable[[Hit], None] = print
    at_once: bool = False
    """Hand on each match when it is found: the reader finds them in order."""
    found: int = 0
    waiting: list[Hit] = field(default_factory=list)

    def add(self, watch: Watch, record: Record, line: bytes) -> None:
        """Take one record that the query met."""
        if record.kind == "web-file":
            for number, text in self._lines(line):
                self._add(record, text, number)
        else:
            # NOTE: of an over-long line only what stands around the match is shown.
            whole = len(line) <= len(record.text) * 4 + 4 or not record.raw
            self._add(record, line if whole else record.text.encode(errors="replace"), None)

    def add_line(self, record: Record, line: bytes) -> None:
        """Take one line of a case, which stands for itself, whatever its kind."""
        self._add(record, line, None)

    def add_match(self, rule: Rule, record: Record, data: bytes) -> None:
        """Take no match of other rules: there are none."""

    def notes(self) -> list[str]:
        """Return no remark: every match is handed on."""
        return []

    def shift(self, by: timedelta) -> None:
        """Leave the times as the export tells them: they were handed on."""

    def full(self) -> bool:
        """Tell whether there are as many as are wanted of one file."""
        return bool(self.wanted.most) and self.found >= self.wanted.most

    def flush(self) -> None:
        """Hand on what was found in a block, in the order of lines."""
        for hit in sorted(self.waiting, key=lambda one: one.line):
            self.take(hit)
        self.waiting = []

    def _add(self, record: Record, raw: bytes, number: int | None) -> None:
        if self.full():
            return
        self.found += 1
        if self.wanted.count:
            return
        line = record.origin.line if number is None else number
        time = record.time.isoformat().replace("+00:00", "Z") if record.time else ""
        hit = Hit(
            record.origin.path,
            line,
            record.kind,
            time,
            record.computer,
            raw.rstrip(b"\r\n"),
            tuple(field_of(record, name) for name in self.wanted.columns),
            record.fields if self.wanted.everything else NONE,
        )
        if self.at_once:
            self.take(hit)
        else:
            self.waiting.append(hit)

    def _lines(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the lines of a page that hold a text that was asked for; else its first."""
        lines = data.splitlines() or [b""]
        search = re2_search(self.wanted.texts) if self.wanted.texts else None
        if search is None:
            return [(1, lines[0])]
        found = [(n, line) for n, line in enumerate(lines, 1) if search(text_of(line))]
        return found[:PAGE_LINES] or [(1, lines[0])]


def re2_search(patterns: tuple[str, ...]) -> Callable[[str], object]:
    """Return what searches a text for any of some patterns, whatever the case of letters."""
    joined = "|".join(f"(?:{pattern})" for pattern in patterns)
    search = compile_quietly(f"(?i){joined}").search

    def found(text: str) -> object:
        try:
            return search(text)
        except (UnicodeEncodeError, re2.error):
            return None

    return found
