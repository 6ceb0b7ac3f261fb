"""Rows as compact arrays for the page's data island: what repeats is written once.

A text that many rows have alike stands once in `texts`, and rows hold its position; of a column
with words of its own, rows hold the position among these. Times are milliseconds since 1970 in UTC.
What all tables of one name have alike, their columns, stands once as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import msgspec

from extriage.reports.html.tables.table import Cell, Column, Row, Table
from extriage.reports.neutral import visible

Packed: TypeAlias = list[str | int | float | None]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ESCAPE = 5
"""Bytes that each of `<`, `>` and `&` needs more in the island, where it is an escape."""


@dataclass(slots=True)
class Packer:
    """Packs the rows of all tables of a page, and knows what they cost."""

    texts: dict[str, int] = field(default_factory=dict)
    """Shared texts with their positions."""

    def cost(self, table: Table, row: Row) -> int:
        """Return how many bytes a row would add to the page."""
        new = {
            value
            for column, value in zip(table.columns, row, strict=True)
            if _is_shared(column, value) and value not in self.texts
        }
        sizes = [_size(cell) for cell in self._cells(table.columns, row)]
        return sum(sizes) + len(sizes) + 2 + sum(_size(value) + 1 for value in new)

    def pack(self, table: Table, row: Row) -> Packed:
        """Return a row as the page holds it."""
        for column, value in zip(table.columns, row, strict=True):
            if _is_shared(column, value):
                self.texts.setdefault(str(value), len(self.texts))
        packed = self._cells(table.columns, row)
        while packed and packed[-1] is None:
            packed.pop()
        return packed

    def _cells(self, columns: Sequence[Column], row: Row) -> Packed:
        return [self._cell(column, value) for column, value in zip(columns, row, strict=True)]

    def _cell(self, column: Column, value: Cell) -> str | int | float | None:
        if value is None or value == "":
            return None
        if isinstance(value, datetime):
            return (value - _EPOCH) // timedelta(milliseconds=1)
        if not isinstance(value, str):
            return value
        if value in column.words:
            return column.words.index(value)
        # NOTE: a text that is new costs as many digits as the next position has.
        return self.texts.get(value, len(self.texts)) if _is_shared(column, value) else value


def _is_shared(column: Column, value: Cell) -> bool:
    if not isinstance(value, str) or not value or value in column.words:
        return False
    return column.shared or (column.type == "word" and not column.words)


def _size(value: object) -> int:
    if isinstance(value, str):
        data = msgspec.json.encode(value if value.isprintable() else visible(value))
        return len(data) + _ESCAPE * sum(data.count(mark) for mark in (b"<", b">", b"&"))
    return len(msgspec.json.encode(value))


def described(columns: Sequence[Column]) -> list[dict[str, Any]]:
    """Return the columns for the page's scripts."""
    return [
        {
            "name": column.name,
            "title": column.title,
            "type": column.type,
            **({"words": column.words} if column.words else {}),
            **({"shared": True} if column.shared or column.type == "word" else {}),
            **({"hidden": True} if not column.shown else {}),
            **({"opens": column.opens} if column.opens else {}),
            **({"leads": column.leads} if column.leads else {}),
            **({} if column.sorts else {"unsorted": True}),
            **({"plain": True} if column.plain else {}),
            **({"wide": True} if column.wide else {}),
        }
        for column in columns
    ]


def island(tables: Mapping[str, Table], rows: Mapping[str, list[Packed]], texts: Sequence[str]) -> (
    dict[str, Any]
):  # fmt: skip
    """Return what the page's scripts read: `columns` by name, `texts`, and `tables` by id."""
    return {
        "columns": {table.name: described(table.columns) for table in tables.values()},
        "texts": list(texts),
        "tables": {
            id_: {
                "name": table.name,
                "title": table.title,
                "total": table.total,
                "note": table.note,
                "key": table.key,
                **({"remote": table.remote} if table.remote else {"rows": rows.get(id_, [])}),
            }
            for id_, table in tables.items()
        },
    }
