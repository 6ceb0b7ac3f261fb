"""Read a log once more for suspects only: blocks without a trace of them are not even counted.

Lines that name a suspect are cut out, split by the columns that hold there, and handed on: as
requests for pages, and as records of the trail. So are requests for other foreign pages: whoever
walks a list of names is told by it. What the first reading said of the file's lines stays as it is.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

import numpy as np

from extriage import parsers as parsing
from extriage.analysis.visits import Counter, request_of
from extriage.model.detection import Evidence
from extriage.model.evidence import ByteStream, Origin, Record
from extriage.model.state import Proof
from extriage.parsers import Clock, Columns, LineFormat
from extriage.parsers.base import FREE
from extriage.parsers.text import text_of
from extriage.pipeline.blocks import OVERLAP, blocks
from extriage.pipeline.census import Census
from extriage.pipeline.hunting import Hunt, known_name
from extriage.pipeline.lines import MOST_JOINED
from extriage.pipeline.longline import JOIN_BOUND
from extriage.pipeline.trails import Follower

TEXT_LIMIT = 1000
_NONE = np.zeros(0, dtype=np.int64)
_UNCOUNTED = Census(_NONE, _NONE, _NONE.astype(bool), _NONE, _NONE.astype(np.uint16), None)


@dataclass(slots=True)
class SecondReader:
    """The state of reading one log again."""

    path: str
    format: LineFormat
    hunt: Hunt
    counter: Counter
    columns: Columns | None = None
    follower: Follower | None = None
    log_type: bytes = b""
    lines: int = 0
    """Lines before the one in hand."""
    offset: int = 0
    """Of the block in hand."""
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        """Let the clock know the file name, which may be all that tells the day."""
        self.clock = Clock(self.path)

    def read(self, stream: ByteStream, progress: Callable[[int], None], size: int = -1) -> None:
        """Read the stream to its end; SourceError when it breaks off, with all counts kept."""
        long, first, left = False, True, b""
        for piece in blocks(stream, self.format.delimiter[0], size, _uncounted):
            progress(piece.read)
            if piece.census is None:
                left = self._rest(left)
                # NOTE: no browser sends, and no server logs, a URL of a megabyte.
                self.lines += not long
                long = not piece.ends_line
                self.offset += len(piece.data) + (-OVERLAP if long else 1)
                continue
            data = memoryview(bytearray(left) + piece.data) if left else piece.data
            done = self._block(data, head=first, final=not piece.read)
            left = bytes(data[done:])
            first = False
        self._rest(left)

    def _rest(self, left: bytes) -> bytes:
        """Read lines that waited for the end of a quoted field in vain."""
        if left:
            self._block(memoryview(bytearray(left)), head=False, final=True)
        return b""

    def _block(self, block: memoryview, *, head: bool, final: bool) -> int:
        """Read a block of whole lines; return how much of it is done with."""
        data = cast("bytearray", block.obj)
        end = len(block) if final else self._whole(data, len(block))
        at = 0
        for start, marks in self._rows(data, block[:end], head=head):
            if start < at:
                continue
            self.lines += data.count(b"\n", at, start)
            stop = data.find(b"\n", start, end)
            stop = self._joined(data, start, stop, end)
            self._line(bytes(block[start:stop]).rstrip(b"\r"), self.offset + start, marks)
            self.lines += data.count(b"\n", start, stop) + 1
            at = stop + 1
        self.lines += data.count(b"\n", at, end)
        self.offset += end
        return end

    def _whole(self, data: bytearray, end: int) -> int:
        """Return where the last row begins, if it goes on in the next block, else the end."""
        if not self._may_join():
            return end
        start = self._row_start(data, data.rfind(b"\n", 0, end - 1) + 1)
        if end - start > JOIN_BOUND or data.count(b'"', start, end) % 2 == 0:
            return end
        return start or end

    def _may_join(self) -> bool:
        """Tell whether a quoted field of this log may go over several lines."""
        plain = self.format.delimiter == b" " or self.format.local_time or self.format.undated
        return not plain and self.columns != FREE

    def _row_start(self, data: bytearray, start: int) -> int:
        """Return where the row of a line begins: a quoted field may go over several lines."""
        at = start
        for _ in range(MOST_JOINED):
            if parsing.starts_record(self.format, bytes(data[at : at + 160])):
                return at
            if at == 0 or start - at > JOIN_BOUND:
                break
            at = data.rfind(b"\n", 0, at - 1) + 1
        return start

    def _joined(self, data: bytearray, start: int, stop: int, end: int) -> int:
        """Return where the row ends that begins here."""
        if not self._may_join() or data.count(b'"', start, stop) % 2 == 0:
            return stop
        columns, last = self.columns or (), stop
        if parsing.split(self.format, columns, bytes(data[start:stop]).rstrip(b"\r")) is not None:
            return stop
        for _ in range(MOST_JOINED):
            after = last + 1
            last = data.find(b"\n", after, end)
            if last < 0 or last - start > JOIN_BOUND:
                return stop
            if parsing.starts_record(self.format, bytes(data[after : after + 160])):
                return stop
            if data.count(b'"', start, last) % 2 == 0:
                row = bytes(data[start:last]).rstrip(b"\r")
                return last if parsing.split(self.format, columns, row) is not None else stop
        return stop

    def _rows(
        self, data: bytearray, block: memoryview, *, head: bool
    ) -> Iterator[tuple[int, set[int]]]:
        """Yield where the rows begin that are to be looked at, in order, with what hit them."""
        found: dict[int, set[int]] = {}
        marks = self.hunt.marks

        def keep(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            mark = marks[number]
            if mark.foreign and _ordinary(data[data.rfind(b"/", 0, end - 1) + 1 : end - 1]):
                return
            # NOTE: a header's line end is no part of it; other finds end within their line.
            at = data.rfind(b"\n", 0, end - (data[end - 1] == 10)) + 1
            known = found.get(at)
            if known is None:
                found[at] = {number}
            else:
                known.add(number)

        if self.hunt.database is not None:
            self.hunt.database.scan(block, match_event_handler=keep)
        # NOTE: a header may be the first line of a block, where nothing stands before it.
        for start in _head(data, len(block), head=head):
            found.setdefault(start, set())
        if self._undated() or self.hunt.prefilter.always:
            for start in _every(data, len(block)):
                found.setdefault(start, set())
        yield from self._by_row(data, found)

    def _by_row(
        self, data: bytearray, found: dict[int, set[int]]
    ) -> Iterator[tuple[int, set[int]]]:
        if not self._may_join():
            yield from sorted(found.items())
            return
        rows: dict[int, set[int]] = {}
        for start, marks in sorted(found.items()):
            rows.setdefault(self._row_start(data, start) if marks else start, set()).update(marks)
        yield from sorted(rows.items())

    def _undated(self) -> bool:
        """Tell whether the date of a row follows from the rows before it."""
        if self.format.delimiter != b" " or self.columns is None:
            return False
        return not {"date", "DateTime"} & set(self.columns[:1])

    def _line(self, raw: bytes, offset: int, marks: set[int]) -> None:
        columns = parsing.header(self.format, raw)
        if raw.startswith(b"#"):
            self.clock.see(raw)
            self.log_type = self.log_type or parsing.log_type(raw)
        if columns is not None:
            self.columns = columns
        elif not raw.startswith(b"#") and raw:
            counts = self.hunt.counting and (self._undated() or self._counts(marks))
            if self.follower is not None and self.follower.wants(marks):
                self._follow(self.follower, raw, offset, marks, counts=counts)
            elif counts:
                self._row(raw, offset)
            elif self._undated():
                parsing.line_time(self.format, self.columns or (), raw, self.clock)

    def _counts(self, marks: Iterable[int]) -> bool:
        known = self.hunt.marks
        return any(known[mark].page or known[mark].foreign for mark in marks)

    def _follow(
        self, follower: Follower, raw: bytes, offset: int, marks: set[int], *, counts: bool
    ) -> None:
        """Take in a line for the trail, and if it counts as a request for a page, read it once."""
        origin = Origin(self.path, self.lines + 1, offset)
        record = parsing.record(self.format, self.columns or (), raw, origin, self.clock)
        if counts and record.time is not None and not record.raw:
            # NOTE: web logs have one value in each field.
            self._count(cast("dict[str, str]", record.fields), record.time, raw, offset)
        if record.fields and self.format.type_field and self.log_type:
            record.fields[self.format.type_field] = text_of(self.log_type)
        follower.see(record, raw, marks)

    def _row(self, raw: bytes, offset: int) -> None:
        columns = self.columns
        values = parsing.split(self.format, columns, raw) if columns else None
        if values is None:
            columns = parsing.fallback_columns(self.format, raw)
            values = parsing.split(self.format, columns, raw) if columns else None
        if columns is None or values is None:
            return
        time = parsing.line_time(self.format, columns, raw, self.clock)
        if time is not None:
            self._count(dict(zip(columns, values, strict=True)), time, raw, offset)

    def _count(self, fields: dict[str, str], time: datetime, raw: bytes, offset: int) -> None:
        proof = Proof(self.path, self.lines + 1, text_of(raw)[:TEXT_LIMIT])
        request = request_of(self.format.kind, fields, time, proof, (offset, raw))
        if request is not None:
            scanners = self._scanners(fields, proof, request.time) if self.hunt.fits else []
            self.counter.add(request, scanners)

    def _scanners(self, fields: dict[str, str], proof: Proof, time: Any) -> list[int]:
        """Return the organisation's own scanners that this request may have come from."""
        origin = Origin(proof.path, proof.line)
        record = Record(self.format.kind, time, origin, dict(fields), proof.text)
        line = Evidence(proof.path, proof.line, 0, proof.text, "", time)
        return [at for at, fit in self.hunt.fits if fit.late(record, line) is False]


def _uncounted(_block: Any, _delimiter: int) -> Census:
    """Stand for the census of a block: hardly any block needs one."""
    return _UNCOUNTED


def _every(data: bytearray, end: int) -> Iterable[int]:
    start = 0
    while start < end:
        yield start
        start = data.find(b"\n", start, end) + 1 or end


def _head(data: bytearray, end: int, *, head: bool) -> Iterable[int]:
    """Return the lines up to the first row of a log; of later blocks the first line."""
    for start in _every(data, end):
        yield start
        if not head or data[start] not in b"#\xef\r\n":
            return


def _ordinary(name: bytearray) -> bool:
    """Tell whether the name of a page is one that every server has."""
    return known_name(bytes(name))
