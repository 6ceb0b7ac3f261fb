"""Rows that the case itself holds: findings, lines of evidence, timeline, files and the rest.

They are made when a table is first asked for, and kept; so are the orders and the last searches.
"""

from array import array
from collections.abc import Sequence
from datetime import datetime
from threading import Lock
from typing import TypeAlias

from extriage.reports.html.tables import Cell, Column, Row, Table
from extriage.reports.html.tables.table import told
from extriage.reports.neutral import visible
from extriage.serve.question import MOST_VALUES, Answer, Question, folded, paged

Numbers: TypeAlias = "array[int]"

_KEPT = 32
"""Searches whose results are kept for their next pages."""


class HeldRows:
    """The rows of one table of the report."""

    def __init__(self, table: Table) -> None:
        self.columns: tuple[Column, ...] = table.columns
        self._made: Sequence[Row] = table.rows
        self._key = table.key
        self._at = {column.name: at for at, column in enumerate(table.columns)}
        self._found: dict[tuple[object, ...], Numbers] = {}
        self._rows: list[Row] | None = None
        self._lock = Lock()

    def answer(self, question: Question) -> Answer:
        """Return the page that was asked for; QuestionError if there is no such page."""
        with self._lock:
            rows, found = self._all(), self._matching(question)
        at = self._place(found, question.reveal) if question.reveal is not None else None
        page, start, end = paged(len(found), question, at)
        return Answer([rows[one] for one in found[start:end]], len(found), page)

    def words(self, column: str) -> list[str]:
        """Return the values of a column, each once."""
        at = self._at[column]
        with self._lock:
            rows = self._all()
        return sorted({_text(row[at]) for row in rows})[:MOST_VALUES]

    def _all(self) -> list[Row]:
        if self._rows is None:
            self._rows = list(self._made)
        return self._rows

    def _matching(self, question: Question) -> Numbers:
        asked = (question.search, question.picks, question.sort, question.down)
        found = self._found.pop(asked, None)
        if found is None:
            found = array("I", self._ordered(self._selected(question), question))
            while len(self._found) >= _KEPT:
                self._found.pop(next(iter(self._found)))
        self._found[asked] = found
        return found

    def _selected(self, question: Question) -> list[int]:
        picks = [(self._at[name], visible(value)) for name, value in question.picks]
        return [
            number
            for number, row in enumerate(self._all())
            if all(_text(row[at]) == value for at, value in picks)
            and (not question.search or self._has(row, question.search))
        ]

    def _has(self, row: Row, words: Sequence[str]) -> bool:
        cells = zip(self.columns, row, strict=True)
        text = folded("\n".join(_sought(column, cell) for column, cell in cells))
        return all(word in text for word in words)

    def _ordered(self, found: list[int], question: Question) -> list[int]:
        if not question.sort:
            return found
        rows, at = self._all(), self._at[question.sort]
        column = self.columns[at]
        full = [one for one in found if rows[one][at] not in (None, "")]
        empty = [one for one in found if rows[one][at] in (None, "")]
        # NOTE: `reverse` keeps the order of equal rows, as the page's own sorting does.
        full.sort(key=lambda one: _weight(column, rows[one][at]), reverse=question.down)
        return full + empty

    def _place(self, found: Sequence[int], key: str) -> int | None:
        rows, at = self._all(), self._at[self._key]
        return next(
            (n for n, one in enumerate(found) if _text(rows[one][at]) == visible(key)), None
        )


def _text(cell: Cell) -> str:
    """Return a cell as the page has it, which asks for rows by what it shows."""
    return "" if cell is None else visible(str(cell))


def _sought(column: Column, cell: Cell) -> str:
    if isinstance(cell, int | float):
        return str(cell)
    return told(column, cell)


def _weight(column: Column, cell: Cell) -> tuple[int, float, str]:
    """Sort key: words of ours by their weight, numbers and times as such, other texts by letter."""
    if isinstance(cell, datetime):
        return (0, cell.timestamp(), "")
    if isinstance(cell, int | float):
        return (0, cell, "")
    text = str(cell)
    return (
        (column.words.index(text), 0, "") if text in column.words else (len(column.words), 0, text)
    )
