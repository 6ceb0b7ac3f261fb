"""Read a line log for one query: blocks without a hit are passed over, their lines only counted.

What comes out is what `LineReader` would give. A block is passed over only if it holds none of the
query's literals, no line of a head and no disguised URL, and if the rows before and at its end are
complete.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import hyperscan
import numpy as np

from extriage import parsers as parsing
from extriage.matchers.compiled import compiled
from extriage.model.evidence import ByteStream
from extriage.pipeline import census, disguised
from extriage.pipeline.blocks import blocks
from extriage.pipeline.census import Census
from extriage.pipeline.lines import LineReader
from extriage.pipeline.longline import JOIN_BOUND, LongLine
from extriage.pipeline.matches import Matches

_HEAD = b"\n#"
_NONE = np.zeros(0, dtype=np.int64)
_PASSED = Census(_NONE, _NONE, np.zeros(0, np.bool_), _NONE, np.zeros(0, np.uint16), None)
"""Stands for the census of a block that is passed over."""


@dataclass(slots=True)
class Skimmer(LineReader):
    """The state of reading one line log for a query."""

    waiting: bytes = b""
    """Lines of the block before that wait for more."""
    begun: bool = False
    hunted: Any = None
    """Database of what keeps a block from being passed over."""
    room: Any = None
    """Is used again and again while lines are counted."""

    def skim(self, stream: ByteStream, matches: Matches, size: int = -1) -> None:
        """Read the stream to its end, or until there are enough matches."""
        long: LongLine | None = None
        for piece in blocks(stream, self.format.delimiter[0], size, self._take):
            if piece.census is _PASSED:
                self.counts.lines += self._newlines(piece.data)
                self.offset += len(piece.data)
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

    def _newlines(self, block: memoryview) -> int:
        data = np.frombuffer(block, dtype=np.uint8)
        if self.room is None or len(self.room) < len(data):
            self.room = np.empty(len(data), dtype=np.bool_)
        return int(np.count_nonzero(np.equal(data, 10, out=self.room[: len(data)])))

    def _take(self, block: Any, delimiter: int) -> Census:
        if self._nothing(block):
            return _PASSED
        return census.take(block, delimiter)

    def _nothing(self, block: memoryview) -> bool:
        """Tell whether a block of whole lines can be passed over."""
        if self.waiting or not self.begun or self.prefilter.always or self.format.undated:
            return False
        data = block.obj
        assert isinstance(data, bytearray)
        if data.startswith(b"#") or self._holds(block):
            return False
        return self._complete(data, len(block)) and not self._disguised(data, block)

    def _holds(self, block: memoryview) -> bool:
        """Tell whether a block holds a literal that is asked for, or a line of a head."""
        if self.hunted is None:
            self.hunted = compiled((*self.prefilter.literals, _HEAD), literal=True)
        found: list[int] = []

        def stop(number: int, _start: int, _end: int, _flags: int, _context: object) -> bool:
            found.append(number)
            return True

        with suppress(hyperscan.ScanTerminated):
            self.hunted.scan(block, match_event_handler=stop)
        return bool(found)

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
