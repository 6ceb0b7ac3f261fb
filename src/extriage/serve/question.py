"""What a page asks of a table: which rows, in which order, which fifty of them.

Everything is checked against the columns that the table has. Whatever does not fit is an error of
whoever asked, in one sentence, and never reaches the rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias

from extriage.reports.html.tables import Cell, Column, Row
from extriage.reports.neutral import visible

ROWS = 50
MOST_ROWS = 600
MOST_WORDS = 8
MOST_VALUES = 500
"""Values of a column that a list to choose from may have."""

_LONGEST = {"q": 300, "reveal": 1_000}
_LONGEST_PICK = 1_000
_DIGITS = 9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Shown: TypeAlias = list[str | int | float | None]
"""A row on its way to the page's scripts: times are milliseconds since 1970 in UTC."""


class QuestionError(Exception):
    """What was asked makes no sense; the text is for whoever asked."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question about a table."""

    search: tuple[str, ...] = ()
    """Words that must all stand in a row; capitals A to Z are like small letters."""
    picks: tuple[tuple[str, str], ...] = ()
    """Columns and the values that they must have."""
    sort: str = ""
    """Column by which rows are ordered; empty for the table's own order."""
    down: bool = False
    page: int = 0
    size: int = ROWS
    reveal: str | None = None
    """Key of a row: its page is asked for, wherever that is."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of rows."""

    rows: Sequence[Row]
    matched: int
    page: int
    """Counted from 0; -1 if the row to be revealed is not there."""


class Source(Protocol):
    """What hands out the rows of one table."""

    columns: tuple[Column, ...]

    def answer(self, question: Question) -> Answer:
        """Return the page that was asked for."""

    def words(self, column: str) -> list[str]:
        """Return the values of a column, each once, at most `MOST_VALUES`."""


def read_question(columns: Sequence[Column], asked: Sequence[tuple[str, str]]) -> Question:
    """Read the parameters of an address; QuestionError for what does not fit the table."""
    given = once(asked)
    known = {column.name: column for column in columns}
    pickable = {name: column for name, column in known.items() if column.type != "time"}
    picks = tuple(
        (_column(pickable, name.removeprefix("is.")), _bounded(name, value, _LONGEST_PICK))
        for name, value in given.items()
        if name.startswith("is.")
    )
    strange = [name for name in given if not name.startswith("is.") and name not in _READERS]
    if strange:
        raise QuestionError(f"there is no parameter {visible(strange[0])[:60]!r}")
    sort = given.get("sort", "")
    return Question(
        search=_words(_bounded("q", given.get("q", ""), _LONGEST["q"])),
        picks=picks,
        sort=_sortable(known, sort.removeprefix("-")) if sort else "",
        down=sort.startswith("-"),
        page=number("page", given.get("page", "0"), 0, 10**_DIGITS),
        size=number("size", given.get("size", str(ROWS)), 1, MOST_ROWS),
        reveal=_bounded("reveal", given["reveal"], _LONGEST["reveal"])
        if "reveal" in given
        else None,
    )


_READERS = {"q", "sort", "page", "size", "reveal"}


def read_words(columns: Sequence[Column], asked: Sequence[tuple[str, str]]) -> str | None:
    """Return the column whose values are asked for; None if rows are."""
    given = once(asked)
    if "words" not in given:
        return None
    known = {column.name: column for column in columns if column.type == "word"}
    if len(given) > 1:
        raise QuestionError("the values of a column are asked for alone")
    return _column(known, given["words"])


def once(asked: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return parameters by name; QuestionError if one stands there twice."""
    given = dict(asked)
    if len(given) != len(asked):
        raise QuestionError("a parameter stands there twice")
    return given


def _column(known: Mapping[str, Column], name: str) -> str:
    if name not in known:
        raise QuestionError(f"there is no such column: {visible(name)[:60]!r}")
    return name


def _sortable(known: Mapping[str, Column], name: str) -> str:
    if not known[_column(known, name)].sorts:
        raise QuestionError(f"rows cannot be ordered by {name!r}")
    return name


def _bounded(name: str, value: str, most: int) -> str:
    if len(value) > most:
        raise QuestionError(f"{name!r} is longer than {most} characters")
    return value


def _words(text: str) -> tuple[str, ...]:
    words = tuple(folded(word) for word in text.split())
    if len(words) > MOST_WORDS:
        raise QuestionError(f"more than {MOST_WORDS} words")
    return words


def number(name: str, text: str, least: int, most: int) -> int:
    """Read a whole number; QuestionError if it is none, or out of bounds."""
    # NOTE: `isdigit` also takes digits of other scripts, and `int` takes signs and blanks.
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS):
        raise QuestionError(f"{name!r} is no number")
    found = int(text)
    if not least <= found <= most:
        raise QuestionError(f"{name!r} is not between {least} and {most}")
    return found


def folded(text: str) -> str:
    """Make capitals A to Z small, and nothing else: page, server and database do the same."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def paged(count: int, question: Question, at: int | None) -> tuple[int, int, int]:
    """Return the page that is asked for among so many rows, where it begins and where it ends.

    `at` is the place of the row that shall be revealed, None if it is not there. QuestionError if
    the page lies behind the last one.
    """
    page = question.page
    if question.reveal is not None:
        page = -1 if at is None else at // question.size
    if page > 0 and page * question.size >= count:
        raise QuestionError(f"there is no page {page}")
    start = max(page, 0) * question.size
    return page, start, start + question.size if page >= 0 else start


def shown(row: Row) -> Shown:
    """Make a row ready for the page's scripts: times as numbers, texts made visible."""
    return [_shown(cell) for cell in row]


def _shown(cell: Cell) -> str | int | float | None:
    if isinstance(cell, datetime):
        return (cell - _EPOCH) // timedelta(milliseconds=1)
    return visible(cell) if isinstance(cell, str) else cell
