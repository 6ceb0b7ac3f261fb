"""Read a line log once: every line is counted, only lines that a rule's literal hit are parsed.

Constant memory: a few blocks are held, and of an over-long line only a window. An unclosed quote
never swallows the next row; a quoted field that is properly closed may span lines.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

import numpy as np

from extriage import parsers as parsing
from extriage.matchers.columns import open_to
from extriage.matchers.prefilter import Prefilter, Watch
from extriage.model.evidence import ByteStream, Origin, Record, Tally
from extriage.parsers import Clock, Columns, LineFormat
from extriage.parsers.base import FREE
from extriage.parsers.text import text_of
from extriage.pipeline import census, disguised, search
from extriage.pipeline.account import Counts
from extriage.pipeline.blocks import OVERLAP, Block, blocks
from extriage.pipeline.collect import Collector
from extriage.pipeline.covering import Covering
from extriage.pipeline.longline import JOIN_BOUND, LongLine

MOST_JOINED = 256
"""Lines that one quoted field may span."""

_AHEAD = 512
"""Lines after a header that are judged at once: more headers than rows must cost no more."""
_DISGUISED = -1
"""Stands among the literals of a line that says more than its bytes."""
_BLANK = b" \t\r"
_EMPTY = bytes(range(0x20))


@dataclass(slots=True)
class LineReader:
    """The state of reading one line log."""

    path: str
    format: LineFormat
    prefilter: Prefilter
    collector: Collector
    counts: Counts = field(default_factory=Counts)
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    columns: Columns | None = None
    offset: int = 0
    """Offset in the artifact of the block in hand."""
    clock: Clock = field(default_factory=Clock)
    log_type: bytes = b""
    mixed: bool = False
    """Logs of several kinds were put together; only the first kind is read as what it is."""

    def __post_init__(self) -> None:
        """Let the clock know the file name, which may be all that tells the day."""
        self.clock = Clock(self.path)

    def read(self, stream: ByteStream, progress: Callable[[int], None], size: int = -1) -> None:
        """Read the stream to its end; SourceError when it breaks off, with all counts kept."""
        long: LongLine | None = None
        left = b""
        for piece in blocks(stream, self.format.delimiter[0], size):
            progress(piece.read)
            if piece.census is None:
                left = self._settle(left)
                long = self._long_line(piece, long)
                continue
            left = self._lines(left, piece)
        self._settle(left)

    def _lines(self, left: bytes, piece: Block) -> bytes:
        """Read whole lines; return those that wait for more, an unclosed quoted field."""
        assert piece.census is not None
        data, lines = piece.data, piece.census
        if left:
            data = memoryview(bytearray(left) + data)
            lines = census.take(data, self.format.delimiter[0])
        before = self.counts.raw
        final = not piece.read
        done = self._block(data, lines, final=final)
        if not piece.closed:
            self.counts.cut = self.counts.raw > before
        return bytes(data[done:])

    def _settle(self, left: bytes) -> bytes:
        """Read lines that waited for more in vain."""
        if left:
            data = memoryview(bytearray(left))
            self._block(data, census.take(data, self.format.delimiter[0]), final=True)
        return b""

    def _block(self, block: memoryview, counted: census.Census, *, final: bool) -> int:
        """Read a block of whole lines; return how much of it is done with."""
        lines = LineBlock(self, block, counted, final)
        lines.classify()
        lines.account()
        lines.match()
        done = lines.done_offset()
        self.offset += done
        self.counts.lines += lines.done
        return done

    def _long_line(self, piece: Block, long: LongLine | None) -> LongLine | None:
        """Read one window of an over-long line; `long` is None at the first."""
        if long is None:
            self.counts.lines += 1
            self.counts.raw += 1
            self.counts.long += 1
            long = LongLine(self.path, self.format.kind, self.counts.lines)
        long.search(piece.data, self.offset, self.prefilter, self.collector)
        self.offset += len(piece.data) + 1 if piece.ends_line else len(piece.data) - OVERLAP
        return None if piece.ends_line else long

    def note_type(self, line: bytes) -> None:
        """Notice when a log of another kind begins in the same file."""
        if kind := parsing.log_type(line):
            known = self.log_type
            self.mixed = self.mixed or (bool(known) and kind.lower() != known.lower())
            self.log_type = known or kind

    def type_name(self) -> str:
        """Return what the head calls the log, where only that tells logs of the kind apart."""
        return text_of(self.log_type) if self.format.type_field else ""

    def tally(self, computer: str, part: str = "") -> Tally:
        """Return the tally of one computer and one log in this file."""
        part = part or self.type_name()
        key = (computer, part)
        if key not in self.tallies:
            self.tallies[key] = Tally(self.format.kind, self.path, computer, part)
        return self.tallies[key]


@dataclass(slots=True)
class LineBlock:
    """The lines of one block on their way to counts, coverage and matches."""

    reader: LineReader
    block: memoryview
    lines: census.Census
    final: bool
    fits: Any = None
    """One flag per line: it is a row that fits its columns."""
    done: int = 0
    """Lines that are settled; the rest waits for more data."""
    segments: list[tuple[int, Columns | None]] = field(default_factory=list)
    """From which line on which columns hold."""
    joined: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Line to first and last line of the record that spans it."""
    times: dict[int, datetime] = field(default_factory=dict)
    """Times of rows that do not begin with an ISO stamp."""
    judged: int = 0
    """Lines before this one are judged by the columns that hold."""
    ahead: int = 0
    """Lines that are judged next."""
    waiting: Iterator[int] | None = None

    def text(self, first: int, last: int | None = None) -> bytes:
        """Return the bytes of a line, or of a run of lines, without the final line end."""
        end = self.lines.ends[first if last is None else last]
        return bytes(self.block[self.lines.starts[first] : end]).rstrip(b"\r")

    def whole(self, line: int) -> bytes:
        """Return the row that a line belongs to, with all its lines."""
        return self.text(*self.joined.get(line, (line, None)))

    def columns(self, line: int) -> Columns | None:
        """Return the columns that hold at a line."""
        at = bisect_right(self.segments, line, key=itemgetter(0))
        return self.segments[at - 1][1] if at else None

    def classify(self) -> None:
        """Settle for every line whether it is a row, a comment, a header, blank or odd."""
        total = len(self.lines.starts)
        self.done = total
        self.fits = np.zeros(total, dtype=bool)
        self._segment(0, self.reader.columns)
        line = self._attention(0)
        while line < total:
            if self.lines.stamped[line]:
                line = self._closer(line)
            else:
                self._odd(line)
            if self.done < total:
                return
            line = self._attention(line + 1)

    def _attention(self, start: int) -> int:
        """Return the next line from `start` on that is not plainly a row."""
        while True:
            if self.waiting is None:
                plain = self.fits[start : self.judged]
                self.waiting = iter((np.flatnonzero(~plain) + start).tolist())
            for line in self.waiting:
                if line >= start:
                    return int(line)
            start = max(start, self.judged)
            if start >= len(self.lines.starts):
                return len(self.lines.starts)
            self._judge(start)

    def _segment(self, start: int, columns: Columns | None) -> None:
        """Let columns hold from a line on, and judge the plain rows from there by their count."""
        if columns is None and self.reader.format.columns:
            columns = self._guess(start)
        self.segments.append((start, columns))
        self.reader.columns = columns
        self.ahead = _AHEAD
        self._judge(start)

    def _judge(self, start: int) -> None:
        """Judge some lines by the columns that hold, more each time as no others come."""
        lines, format, columns = self.lines, self.reader.format, self.reader.columns
        end = min(start + self.ahead, len(lines.starts))
        self.judged, self.waiting, self.ahead = end, None, self.ahead * 2
        here = slice(start, end)
        rows = census.begun(self.block, lines, here) if format.undated else lines.stamped[here]
        if not format.undated or columns != FREE:
            rows = census.plain(lines, here, rows, len(columns or ()))
        self.fits[here] = rows

    def _guess(self, start: int) -> Columns | None:
        rows = np.flatnonzero(self.lines.stamped[start:])
        first = self.text(start + int(rows[0])) if len(rows) else b""
        return parsing.fallback_columns(self.reader.format, first) if first else None

    def _closer(self, line: int) -> int:
        """Look closer at a row that is not plain; return the last line that belongs to it."""
        columns = self.columns(line)
        if columns is None:
            return line
        format, raw = self.reader.format, self.text(line)
        if parsing.split(format, columns, raw) is not None:
            self.fits[line] = True
            return line
        if self.lines.quotes is None or self.lines.quotes[line] % 2 == 0:
            self.fits[line] = parsing.fallback_columns(format, raw) is not None
            return line
        return self._join(line, columns)

    def _join(self, line: int, columns: Columns) -> int:
        """Find the line that closes a quoted field; the row stands alone when none does."""
        format, starts, total = self.reader.format, self.lines.starts, len(self.lines.starts)
        for last in range(line + 1, min(total, line + MOST_JOINED)):
            if self.lines.ends[last] - starts[line] > JOIN_BOUND:
                return line
            if self.lines.stamped[last] or parsing.starts_record(format, self.text(last)):
                return line
            if parsing.split(format, columns, self.text(line, last)) is not None:
                for part in range(line, last + 1):
                    self.joined[part] = (line, last)
                    self.fits[part] = True
                return last
        if not self.final and self.lines.ends[-1] - starts[line] < JOIN_BOUND:
            self.done = line
        return line

    def _odd(self, line: int) -> None:
        """Settle a line that does not begin with an ISO time."""
        reader = self.reader
        raw = self.text(line)
        if not raw.strip(_BLANK):
            reader.counts.blank += 1
        elif raw.startswith(b"#") or parsing.header(reader.format, raw) is not None:
            reader.counts.comment += 1
            reader.note_type(raw)
            reader.clock.see(raw)
            columns = parsing.header(reader.format, raw)
            if columns is not None:
                self._segment(line + 1, columns)
        elif not raw.strip(_EMPTY):
            reader.counts.rejected += 1
        else:
            self._unstamped(line, raw)

    def _unstamped(self, line: int, raw: bytes) -> None:
        reader, columns = self.reader, self.columns(line)
        if columns is None:
            columns = parsing.fallback_columns(reader.format, raw)
            if columns is not None:
                self._segment(line, columns)
        if columns is not None and parsing.split(reader.format, columns, raw) is not None:
            time = parsing.line_time(reader.format, columns, raw, reader.clock)
            self.fits[line] = True
            if time is not None:
                self.times[line] = time
        reader.counts.raw += not self.fits[line]

    def done_offset(self) -> int:
        """Return the offset of the first byte that is not settled."""
        if self.done == len(self.lines.starts):
            return len(self.block)
        return int(self.lines.starts[self.done])

    def account(self) -> None:
        """Count rows and let coverage grow."""
        counts, done = self.reader.counts, self.done
        rows = self.fits[:done]
        unfit = self.lines.stamped[:done] & ~rows
        counts.parsed += int(rows.sum())
        counts.raw += int(unfit.sum())
        covering = Covering(self.reader.format, self.reader.clock, self.reader.tally)
        if self.reader.format.undated:
            if rows.any():
                covering.count(self, np.flatnonzero(rows))
            return
        firsts = rows & self.lines.stamped[:done]
        if firsts.any():
            lines = np.flatnonzero(firsts)
            covering.cover(self, lines, self.lines.stamps[lines])
        for line, time in self.times.items():
            if line < done:
                tally = self.reader.tally("")
                tally.records += 1
                tally.hours.add(census.hour(time))
                tally.see(time)

    def match(self) -> None:
        """Parse the lines that literals hit and ask the rules."""
        prefilter, format = self.reader.prefilter, self.reader.format
        for line, (found, known) in self._hit_lines().items():
            first, last = self.joined.get(line, (line, line))
            raw = self.text(first, last)
            lowered, literals, record = raw.lower(), found, None
            if _DISGUISED in found:
                record = self._record(first, raw)
                lowered += b"\n" + disguised.made(record, self.columns(first) or ())
                literals = disguised.literals_of(prefilter, lowered)
            watches = prefilter.candidates(literals, lowered, known)
            if watches and record is None:
                watches = self._open(watches, first, lowered)
            if watches:
                record = record or self._record(first, raw)
                for watch in disguised.met(watches, record, format):
                    self.reader.collector.add(watch, record, raw)

    def _hit_lines(self) -> dict[int, tuple[set[int], set[int]]]:
        """Return the lines to look at, with the literals in each, and positions of watches."""
        found: dict[int, tuple[set[int], set[int]]] = {}
        prefilter = self.reader.prefilter
        if prefilter.always:
            for line in np.flatnonzero(self._content()).tolist():
                found.setdefault(self.joined.get(line, (line, line))[0], (set(), set()))
        literals, watches = search.hits(prefilter, self.block, self.lines, self._plain())
        for number, hits in enumerate(((*literals, *self._disguised_lines()), watches)):
            for line, one in hits:
                first = self.joined.get(line, (line, line))[0]
                if first < self.done and self.block[self.lines.starts[first]] != 35:
                    found.setdefault(first, (set(), set()))[number].add(one)
        return found

    def _plain(self) -> search.Plain | None:
        """Return which lines are rows whose columns are what stands between delimiters."""
        if not search.simple(self.reader.format):
            return None
        plain = self.fits & self.lines.stamped
        if self.lines.quotes is not None:
            plain &= self.lines.quotes == 0
        return search.Plain(plain, self.reader.format.delimiter)

    def _open(self, watches: list[Watch], line: int, lowered: bytes) -> list[Watch]:
        """Drop the rules that a row cannot meet, as its bare columns show."""
        # NOTE: without a search for signs it is not known which rows are disguised.
        unseen = self.reader.format.url is not None and self.reader.prefilter.signs is None
        if unseen or line in self.joined or not self.fits[line]:
            return watches
        row = search.row(self.reader.format, self.columns(line) or (), lowered)
        return [one for one in watches if open_to(one.target, *row)] if row else watches

    def _disguised_lines(self) -> Iterator[tuple[int, int]]:
        """Return the rows whose URL can be read in another way than it is written."""
        ends = np.array(self.reader.prefilter.disguised(self.block), dtype=np.int64)
        for line in np.unique(self.lines.line_of(ends - 1)).tolist():
            if disguised.in_url(self.reader.format, self.columns(line), self.whole(line)):
                yield line, _DISGUISED

    def _content(self) -> Any:
        """Tell which lines hold anything that a rule could look at."""
        starts, ends = self.lines.starts, self.lines.ends
        filled = ends - starts > 1
        data = np.frombuffer(self.block, dtype=np.uint8)
        filled &= data[starts] != 35
        filled[self.done :] = False
        return filled

    def _record(self, line: int, raw: bytes) -> Record:
        reader = self.reader
        offset = reader.offset + int(self.lines.starts[line])
        origin = Origin(reader.path, reader.counts.lines + line + 1, offset)
        # NOTE: the clock has gone on since, and must not be set back by a row before.
        clock = Clock() if line in self.times else reader.clock
        record = parsing.record(reader.format, self.columns(line) or (), raw, origin, clock)
        if record.fields and (name := reader.type_name()):
            record.fields[reader.format.type_field] = name
        return replace(record, time=self.times[line]) if line in self.times else record
