"""What a data table is: columns, rows of plain values, and how a cell is written.

Times are aware datetimes in UTC and are written to the second, as `2021-03-14 06:40:09Z`; an empty
cell is None or an empty text.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from string import ascii_letters, digits
from typing import Generic, Literal, TypeAlias, TypeVar, overload

from extriage.reports.neutral import cut, visible

Cell: TypeAlias = str | int | float | datetime | None
Row: TypeAlias = tuple[Cell, ...]

T = TypeVar("T")

_GAP = "..."
RECORD = "record?row="
"""Page of the server that shows one record of the trail; its number follows."""
PRINTED_TEXT = 400
"""Characters of one cell among the rows that are written as HTML."""


class Rows(Sequence[Row], Generic[T]):
    """Rows that are made when they are asked for: of very many lines a page carries few."""

    def __init__(self, items: Sequence[T], make: Callable[[T], Row]) -> None:
        self._items = items
        self._make = make

    def __len__(self) -> int:
        return len(self._items)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | Sequence[Row]:
        if isinstance(at, slice):
            return [self._make(item) for item in self._items[at]]
        return self._make(self._items[at])


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table."""

    name: str
    """For scripts and for addresses: `level`."""
    title: str
    type: Literal["text", "word", "number", "time"] = "text"
    """`word` has few values, which can be chosen from a list."""
    words: tuple[str, ...] = ()
    """The values of a word in the order of their weight, the first the heaviest."""
    shared: bool = False
    """True for texts that many rows have alike: paths, titles, rules."""
    shown: bool = True
    """False for what only the drawer shows; the search looks at it too."""
    opens: str = ""
    """Name of the column with the id of the finding that a click on the cell opens."""
    leads: str = ""
    """Name of the column with the number of the record that a click on the cell leads to."""
    sorts: bool = True
    """False for long texts, whose order tells nothing."""
    wide: bool = False
    """True for sentences and paths, which need room."""
    plain: bool = False
    """True for numbers that are names, such as those of lines: no commas between the digits."""


@dataclass(frozen=True, slots=True)
class Written:
    """One cell as the reader sees it."""

    column: Column
    text: str
    time: str = ""
    """The time for machines, ISO 8601."""
    word: str = ""
    """The value, if it is one of the column's own words; never a text of the evidence."""
    href: str = ""
    """Where a click leads: a place in the page, or a page of the server; always our own."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the page."""

    id: str
    """Place in the page: `h0-findings`; case-wide tables have only their name."""
    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Row]
    """Rows that the page carries, in the order in which they are shown."""
    total: int
    """Rows that the case has."""
    note: str = ""
    """What is not in the page and where it is; empty if all rows are."""
    order: tuple[int, ...] = ()
    """Position in the table of each row by its weight, the heaviest first: what a page that is too
    small for all of them carries. Empty if they stand in that order already."""
    printed: int = 25
    """Rows that are written as HTML."""
    remote: str = ""
    """Where the server hands out rows; empty for a page that carries them."""
    key: str = "id"
    """Name of the column that addresses a row: `#h0-finding-<key>` for findings."""

    @property
    def place(self) -> str:
        """Return how addresses of this table's server begin: `h0-`; empty for case-wide ones."""
        return self.id.removesuffix(self.name)

    @property
    def shown(self) -> tuple[Column, ...]:
        """Return the columns that stand in the table."""
        return tuple(column for column in self.columns if column.shown)

    @property
    def first(self) -> Sequence[Row]:
        """Return the rows that are written as HTML."""
        return self.rows[: self.printed]

    def cells(self, row: Row) -> Iterator[Written]:
        """Yield the shown cells of a row."""
        values = dict(zip((column.name for column in self.columns), row, strict=True))
        for column, value in zip(self.columns, row, strict=True):
            if column.shown:
                yield _written(column, value, self._href(column, values))

    def _href(self, column: Column, values: Mapping[str, Cell]) -> str:
        if finding := values.get(column.opens):
            return f"#{self.place}finding-{quote(visible(str(finding)))}"
        if (record := values.get(column.leads)) is not None:
            return f"{RECORD}{record}"
        return ""


def _written(column: Column, value: Cell, href: str) -> Written:
    text = told(column, value)
    if isinstance(value, datetime):
        return Written(column, text, time=text.replace(" ", "T"), href=href)
    text = short(text, PRINTED_TEXT)
    return Written(column, text, word=text if text in column.words else "", href=href)


def short(text: str, most: int) -> str:
    """Make a text harmless and take out its middle, so that it has so many characters at most."""
    if not (text.isascii() and text.isprintable()):
        return cut(text, most)
    if len(text) <= most:
        return text
    # NOTE: most lines of logs go this way, and a page may have very many of them.
    room = most - len(_GAP)
    return text[: room // 2] + _GAP + text[-(room - room // 2) :]


def quote(text: str) -> str:
    """Write a text so that it can stand in an address, as `encodeURIComponent` does."""
    kept = ascii_letters + digits + "-_.!~*'()"
    return "".join(
        char
        if char in kept
        else "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace"))
        for char in text
    )


def told(column: Column, value: Cell) -> str:
    """Return what stands in a cell, whole: times to the second, numbers with commas."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(" ", "seconds").replace("+00:00", "Z")
    if isinstance(value, int | float):
        return f"{value}" if column.plain else f"{value:,}"
    return value or ""
