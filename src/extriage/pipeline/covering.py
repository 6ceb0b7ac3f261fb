"""Coverage of a block of rows: hours, first and last time, whose log it is, which build wrote it.

Only a few rows of a block are taken apart: its first and last, the earliest and latest, and, where
the build changes between them, as many as it takes to find the row with which it changed.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from extriage import parsers as parsing
from extriage.model.evidence import Origin, Tally
from extriage.parsers import Clock, Columns, LineFormat
from extriage.pipeline import census


class Rows(Protocol):
    """The lines of a block, as coverage needs them."""

    def columns(self, line: int) -> Columns | None:
        """Return the columns that hold at a line."""

    def whole(self, line: int) -> bytes:
        """Return the row that a line belongs to, with all its lines."""


@dataclass(frozen=True, slots=True)
class Covering:
    """How the rows of one artifact are covered."""

    format: LineFormat
    clock: Clock
    tally: Callable[[str, str], Tally]
    """Returns the tally of a computer and of one of its logs."""

    def cover(self, block: Rows, lines: Any, stamps: Any) -> None:
        """Let the tallies grow by rows; `stamps` has an item for each of `lines`."""
        places = {0, len(lines) - 1, int(stamps.argmin()), int(stamps.argmax())}
        looked = [(place, *self._look(block, int(lines[place]))) for place in sorted(places)]
        for (low, _, build), (high, _, other) in itertools.pairwise(looked):
            if build != other:
                self._change(block, lines, (low, high), build)
        tally = looked[0][1]
        tally.records += len(lines)
        tally.hours |= census.hours_of(stamps)

    def count(self, block: Rows, lines: Any) -> None:
        """Let the tally grow by rows that do not begin with a time, by their first and last."""
        tally = self.tally("", "")
        tally.records += len(lines)
        if self.format.undated != "time":
            return
        for line in {int(lines[0]), int(lines[-1])}:
            raw, columns = block.whole(line), block.columns(line) or ()
            row = parsing.record(self.format, columns, raw, Origin("", line), self.clock)
            if row.time is not None:
                tally.see(row.time)

    def _change(self, block: Rows, lines: Any, between: tuple[int, int], build: str) -> None:
        low, high = between
        while high - low > 1:
            middle = (low + high) // 2
            _, found = self._look(block, int(lines[middle]))
            low, high = (middle, high) if found == build else (low, middle)

    def _look(self, block: Rows, line: int) -> tuple[Tally, str]:
        """Take one row apart; return its tally and the build that it names."""
        format, raw = self.format, block.whole(line)
        columns = block.columns(line) or ()
        values = parsing.split(format, columns, raw)
        if values is None:
            columns = parsing.fallback_columns(format, raw) or ()
            values = parsing.split(format, columns, raw) or [""] * len(columns)
        time = parsing.line_time(format, columns, raw, self.clock)
        build = parsing.build(format, columns, values)
        tally = self.tally(
            parsing.computer(format, columns, values), parsing.part(format, columns, values)
        )
        if time is not None:
            tally.see(time, build)
            tally.hours.add(census.hour(time))
        return tally, build
