"""The trail of a case by the page: every record of the suspects, however many they are.

Rows come from `case.db` by SQL with bound parameters; names of columns come from the list here.
Nothing is written, not even beside the case. What a table of a million rows costs is finding out an
order or a search: that is done once, as an array of row numbers, and kept for the next pages.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from extriage.casefile.searched import plain_tables
from extriage.errors import CaseError, UsageError
from extriage.reports.html.tables import Cell, Column, Row
from extriage.reports.neutral import cut, visible
from extriage.serve.question import MOST_VALUES, Answer, Question, paged

Numbers: TypeAlias = npt.NDArray[np.int64]
Places: TypeAlias = npt.NDArray[np.int32]
"""Where rows stand among all."""

COLUMNS = (
    Column("time", "Time (UTC)", "time"),
    Column("host", "Server", "word"),
    Column("kind", "Kind", "word"),
    Column("address", "Address"),
    Column("account", "Account"),
    Column("method", "Method", "word"),
    Column("status", "Status", "word"),
    Column("target", "What was asked for", leads="row", sorts=False, wide=True),
    Column("bytes_out", "Bytes out", "number"),
    Column("agent", "User agent", shown=False),
    Column("session", "Session"),
    Column("path", "File", shown=False),
    Column("line", "Line", "number", plain=True, shown=False),
    Column("text", "Line as it stands", shown=False, sorts=False),
    Column("row", "Record", "number", plain=True, shown=False),
)
TEXT = 300
"""Characters of a text that a row brings; the page of a record has all of it."""
NEAR = 10
"""Records before and after one that its page shows."""

_STORED = {column.name: column.name for column in COLUMNS} | {"row": "rowid"}
_LISTED = ", ".join(_STORED.values())
_SOUGHT = ("text", "target", "time", "host", "address", "account", "agent", "session", "path")
"""What the search looks at; the likeliest first, because each costs a pass over its texts."""
_KEPT = 64_000_000
"""Bytes of orders and selections that are kept: each has up to 4 for a row."""
_ODD = "({0} GLOB '*[^ -~]*' OR instr({0}, char(0)))"
"""Texts that are shown in another way than they are stored."""


class TrailRows:
    """The table `trail` of a case's database."""

    columns: tuple[Column, ...] = COLUMNS

    def __init__(self, database: Path) -> None:
        """Open the database; UsageError if it cannot be read or has no trail of this version."""
        self._database = database
        self._lock = Lock()
        self._kept: dict[tuple[str, ...], Places] = {}
        try:
            self._connection = _opened(database)
            self._all = self._asked("SELECT rowid FROM trail ORDER BY rowid", ())
        except (sqlite3.Error, CaseError) as error:
            told = error.__cause__ or error
            raise UsageError(
                f"the trail of {database} cannot be read: {told}; copy it again from where it was "
                "made, or run the scan again"
            ) from error

    def __len__(self) -> int:
        """Return how many records there are."""
        return len(self._all)

    def close(self) -> None:
        """Let go of the database."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def answer(self, question: Question) -> Answer:
        """Return the page that was asked for; QuestionError if there is no such page."""
        places = self._order(question)
        for mask in self._masks(question):
            places = places[mask[places]]
        at = _place(places, self._at(question.reveal)) if question.reveal is not None else None
        page, start, end = paged(len(places), question, at)
        return Answer(self._rows(self._all[places[start:end]]), len(places), page)

    def words(self, column: str) -> list[str]:
        """Return the values of a column, each once."""
        query = f"SELECT DISTINCT coalesce({_STORED[column]}, '') FROM trail LIMIT ?"
        return sorted(str(value) for (value,) in self._fetched(query, (MOST_VALUES,)))

    def record(self, row: int) -> Mapping[str, Cell] | None:
        """Return all that the trail holds of one record, by column; None if there is none."""
        found = self._named("rowid = ?", (row,), "rowid", 1)
        return found[0] if found else None

    def beside(self, path: str, line: int) -> Sequence[Mapping[str, Cell]]:
        """Return the records of one file nearest to a line, in the file's order, without it."""
        near = f"abs(line - {int(line)}), line, offset"
        found = self._named("path = ? AND line <> ?", (path, line), near, 2 * NEAR)
        return sorted(found, key=lambda one: one["line"] if isinstance(one["line"], int) else 0)

    def around(self, host: str, time: datetime) -> Sequence[Mapping[str, Cell]]:
        """Return the records of a server before and after a moment, from all its logs."""
        stamp = f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"
        # NOTE: a scan writes the trail by server and time, so its middle can be found by halves.
        at = bisect_left(range(len(self._all)), (host, stamp), key=self._moment)
        numbers = [int(one) for one in self._all[max(at - NEAR, 0) : at + NEAR + 1]]
        marks = ",".join("?" * len(numbers))
        where = f"rowid IN ({marks}) AND host = ?"
        return self._named(where, (*numbers, host), "rowid", len(numbers))

    def _moment(self, at: int) -> tuple[str, str]:
        query = "SELECT coalesce(host, ''), coalesce(time, '') FROM trail WHERE rowid = ?"
        ((host, time),) = self._fetched(query, (int(self._all[at]),)) or [("", "")]
        return (str(host), str(time))

    def _named(
        self, where: str, values: Sequence[str | int], order: str, most: int
    ) -> list[Mapping[str, Cell]]:
        query = f"SELECT {_LISTED} FROM trail WHERE {where} ORDER BY {order} LIMIT ?"
        rows = self._fetched(query, (*values, most))
        return [dict(zip(_STORED, _read(row), strict=True)) for row in rows]

    def _order(self, question: Question) -> Places:
        if not question.sort:
            return np.arange(len(self._all), dtype=np.int32)
        column = _STORED[question.sort]
        down = " DESC" if question.down else ""
        query = (
            f"SELECT rowid FROM trail ORDER BY coalesce({column}, '') = '', {column}{down}, rowid"
        )
        return self._places(query, ())

    def _masks(self, question: Question) -> list[npt.NDArray[np.bool_]]:
        queries = [(_picked(_STORED[name]), visible(value)) for name, value in question.picks]
        anywhere = " OR ".join(f"{column} LIKE ?1 ESCAPE '\\'" for column in _SOUGHT)
        queries += [(anywhere, _pattern(word)) for word in question.search]
        masks = []
        for where, value in queries:
            mask = np.zeros(len(self._all), dtype=np.bool_)
            mask[self._places(f"SELECT rowid FROM trail WHERE {where}", (value,))] = True
            masks.append(mask)
        return masks

    def _places(self, query: str, values: tuple[str, ...]) -> Places:
        """Return where the rows that a query finds stand among all; found out once."""
        key = (query, *values)
        with self._lock:
            kept = self._kept.pop(key, None)
            if kept is None:
                found = self._asked(query, values)
                kept = np.searchsorted(self._all, found).astype(np.int32)
            self._kept[key] = kept
            while len(self._kept) > 1 and sum(one.nbytes for one in self._kept.values()) > _KEPT:
                self._kept.pop(next(iter(self._kept)))
        return kept

    def _asked(self, query: str, values: tuple[str, ...]) -> Numbers:
        with _intact(self._database):
            rows = self._connection.execute(query, values)
            return np.fromiter((number for (number,) in rows), dtype=np.int64)

    def _fetched(self, query: str, values: Sequence[str | int]) -> list[tuple[Cell, ...]]:
        with self._lock, _intact(self._database):
            return self._connection.execute(query, values).fetchall()

    def _at(self, key: str | None) -> int:
        """Return where the record of this number stands among all; -1 if there is none."""
        number = int(key) if key and key.isascii() and key.isdigit() and len(key) < 19 else -1
        at = int(np.searchsorted(self._all, number))
        return at if at < len(self._all) and self._all[at] == number else -1

    def _rows(self, numbers: Numbers) -> list[Row]:
        wanted = [int(number) for number in numbers]
        marks = ",".join("?" * len(wanted))
        query = f"SELECT {_LISTED} FROM trail WHERE rowid IN ({marks})"
        found = {row[-1]: _short(_read(row)) for row in self._fetched(query, wanted)}
        return [found[number] for number in wanted if number in found]


def _opened(database: Path) -> sqlite3.Connection:
    """Open a database only to read it; sqlite3.Error if its trail is not as a scan writes it."""
    connection = sqlite3.connect(
        f"{database.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False
    )
    connection.text_factory = _text
    connection.create_function("shown", 1, visible, deterministic=True)
    if "trail" not in plain_tables(connection):
        raise sqlite3.DatabaseError("it has no table trail")
    connection.execute(f"SELECT {_LISTED} FROM trail LIMIT 1").fetchall()
    return connection


def _picked(column: str) -> str:
    """Return the condition that a column has the value that the page shows."""
    text = f"CAST(coalesce({column}, '') AS TEXT)"
    return f"({text} = ?1 OR ({_ODD.format(text)} AND shown({text}) = ?1))"


def _place(places: Places, at: int) -> int | None:
    found = np.flatnonzero(places == at)
    return int(found[0]) if len(found) else None


def _pattern(word: str) -> str:
    for mark in "\\%_":
        word = word.replace(mark, f"\\{mark}")
    return f"%{word}%"


def _read(row: Sequence[Cell]) -> Row:
    """Make a row of the database one of the table; what cannot be of its type is left out."""
    cells = zip(COLUMNS, row, strict=True)
    return tuple(_typed(column, cell) for column, cell in cells)


def _typed(column: Column, cell: Cell) -> Cell:
    if column.type == "time":
        return _time(cell)
    if column.type == "number":
        return cell if isinstance(cell, int) else None
    return None if cell is None else str(cell)


def _time(value: Cell) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC) if value else None
    except (ValueError, OverflowError):
        return None


def _short(row: Row) -> Row:
    return tuple(cut(cell, TEXT) if isinstance(cell, str) else cell for cell in row)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


@contextmanager
def _intact(database: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise CaseError(
            f"{database} cannot be read any more ({error}); was it changed? Start again"
        ) from error
