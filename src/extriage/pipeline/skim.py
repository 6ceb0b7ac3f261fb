"""Read a line log for one query: blocks without a hit are passed over, their lines only counted.

What comes out is what `LineReader` would give. A block is passed over only if it holds none of the
query's literals, no line of a head and no disguised URL, and if the rows before and at its end are
complete. Of a block with few hits only their rows are taken, if all of them are plain.
"""

from dataclasses import dataclass, field
from typing import Any

import hyperscan
import msgspec
import numpy as np

from extriage import parsers as parsing
from extriage.matchers.compiled import compiled
from extriage.model.evidence import ByteStream
from extriage.parsers import LineFormat
from extriage.pipeline import census, disguised
from extriage.pipeline.blocks import blocks
from extriage.pipeline.census import Census
from extriage.pipeline.lines import LineBlock, LineReader
from extriage.pipeline.longline import JOIN_BOUND, LongLine
from extriage.pipeline.matches import Matches

_NEWLINE, _BOM = b"\n", b"\xef\xbb\xbf"
_NONE = np.zeros(0, dtype=np.int64)
_PASSED = Census(_NONE, _NONE, np.zeros(0, np.bool_), _NONE, np.zeros(0, np.uint16), None)
"""Stands for the census of a block that is passed over, but for some of its rows."""
_FEW = 256
"""Hits of a block whose rows are taken out of it; with more it is read as a whole."""


@dataclass(slots=True)
class Skimmer(LineReader):
    """The state of reading one line log for a query."""

    waiting: bytes = b""
    """Lines of the block before that wait for more."""
    begun: bool = False
    hunted: Any = None
    """Database of what keeps a block from being passed over."""
    rows: list[tuple[int, int]] = field(default_factory=list)
    """Where the rows with a hit begin and end in a block that is passed over but for them."""
    room: Any = None
    """Is used again and again while lines are counted."""

    def skim(self, stream: ByteStream, matches: Matches, size: int = -1) -> None:
        """Read the stream to its end, or until there are enough matches."""
        long: LongLine | None = None
        for piece in blocks(stream, self.format.delimiter[0], size, self._take):
            if piece.census is _PASSED:
                self._pass(piece.data, matches)
            elif piece.census is None:
                self.waiting = self._settle(self.waiting)
                long = self._long_line(piece, long)
            else:
                self.waiting = self._lines(self.waiting, piece)
                self.begun = True
            matches.flush()
            if matches.full():
                return
        self._settle(self.waiting)
        matches.flush()

    def _pass(self, block: memoryview, matches: Matches) -> None:
        """Pass over a block, but for the rows with a hit, and count its lines."""
        rows, before, done = self.rows, self.counts.lines, 0
        numbers: list[int] = []
        if rows:
            for start, _ in rows:
                numbers.append((numbers[-1] if numbers else 1) + self._newlines(block[done:start]))
                done = start
            data = memoryview(b"".join(block[start:end] for start, end in rows))
            taken = LineBlock(self, data, census.take(data, self.format.delimiter[0]), final=True)
            taken.classify()
            taken.match()
            # NOTE: the lines of the rows were counted as if nothing stood between them.
            matches.waiting = [
                msgspec.structs.replace(hit, line=before + numbers[hit.line - before - 1])
                for hit in matches.waiting
            ]
        self.counts.lines += (numbers[-1] - 1 if numbers else 0) + self._newlines(block[done:])
        self.offset += len(block)

    def _newlines(self, block: memoryview) -> int:
        data = np.frombuffer(block, dtype=np.uint8)
        if self.room is None or len(self.room) < len(data):
            self.room = np.empty(len(data), dtype=np.bool_)
        return int(np.count_nonzero(np.equal(data, 10, out=self.room[: len(data)])))

    def _take(self, block: Any, delimiter: int) -> Census:
        if self._passes(block):
            return _PASSED
        return census.take(block, delimiter)

    def _passes(self, block: memoryview) -> bool:
        """Tell whether a block of whole lines can be passed over, but for a few plain rows."""
        self.rows = []
        if self.waiting or not self.begun or self.prefilter.always or not self._dated():
            return False
        data = block.obj
        assert isinstance(data, bytearray)
        ends = None if data.startswith((b"#", _BOM)) else self._hits(block)
        if ends is None or not self._complete(data, len(block)) or self._disguised(data, block):
            return False
        self.rows = _rows(data, ends)
        return not self.rows or self._plain(block)

    def _dated(self) -> bool:
        """Tell whether each row tells its own day, whatever stands before it."""
        if self.format.undated or self.columns is None:
            return False
        return self.format.delimiter != b" " or "date" in map(str.lower, self.columns)

    def _hits(self, block: memoryview) -> list[int] | None:
        """Return the ends of the literals in a block; None with many, or a line of a head."""
        literals = self.prefilter.literals
        if self.hunted is None:
            self.hunted = compiled((*literals, *_heads(self.format)), literal=True)
        found: list[int] = []

        def keep(number: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            found.append(end)
            return number >= len(literals) or len(found) > _FEW

        try:
            self.hunted.scan(block, match_event_handler=keep)
        except hyperscan.ScanTerminated:
            return None
        return found

    def _plain(self, block: memoryview) -> bool:
        """Tell whether all rows with a hit are rows that stand for themselves."""
        data = b"".join(block[start:end] for start, end in self.rows)
        lines = census.take(data, self.format.delimiter[0])
        columns = len(self.columns or ())
        return bool(census.plain(lines, slice(None), lines.stamped, columns).all())

    def _complete(self, data: bytearray, end: int) -> bool:
        """Tell whether the last record of a block ends with it, as no quote is left open."""
        if self.format.delimiter == b" ":
            return True
        start = end - 1
        while end - start < JOIN_BOUND:
            start = data.rfind(b"\n", 0, start) + 1
            if parsing.starts_record(self.format, bytes(data[start : start + 64])):
                return data.count(b'"', start, end) % 2 == 0
            if not start:
                return False
            start -= 1
        return False

    def _disguised(self, data: bytearray, block: memoryview) -> bool:
        """Tell whether a URL in the block can be read in another way than it is written."""
        at = 0
        for end in sorted(self.prefilter.disguised(block)):
            if end <= at:
                continue
            start = data.rfind(b"\n", 0, end) + 1
            at = data.find(b"\n", end - 1)
            if disguised.in_url(self.format, self.columns, bytes(data[start:at])):
                return True
        return False


def _heads(format: LineFormat) -> list[bytes]:
    """Return how lines of a head begin: with what stands before them."""
    starts = {b"#", *(known.partition(b",")[0] for known in format.header_starts)}
    return sorted(_NEWLINE + before + one for one in starts for before in (b"", b'"', _BOM))


def _rows(data: bytearray, ends: list[int]) -> list[tuple[int, int]]:
    """Return where the lines begin and end in which literals end."""
    rows: list[tuple[int, int]] = []
    done = 0
    for end in sorted(ends):
        if end <= done:
            continue
        start = data.rfind(b"\n", 0, end - 1) + 1
        done = data.find(b"\n", end - 1) + 1
        rows.append((start, done))
    return rows
