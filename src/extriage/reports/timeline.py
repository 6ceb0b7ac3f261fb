"""The timeline of a case: for the eye by day, as CSV, as JSON lines, or as a Markdown table.

Every text from evidence is made harmless; the exact texts are in `case.json`.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from textwrap import wrap

from extriage.model.case import Moment
from extriage.model.detection import Stage
from extriage.reports.neutral import cell, cut, visible

SOURCES = (
    *("attack", "persistence", "exposure", "antivirus", "administrator"),
    *("patch", "window", "log", "published"),
)
PHASES = ("before", "way-in", "foothold", "inside", "taking", "response")
COLUMNS = (
    *("time", "until", "host", "phase", "source", "stage", "title", "count", "by"),
    *("path", "line", "id"),
)
_MARKS = {
    "attack": "!", "persistence": "!", "exposure": "!", "antivirus": "+", "administrator": "+",
    "patch": "+", "window": "~", "log": ".", "published": ".",
}  # fmt: skip
_LEAST = 36
_NAME = 30
"""Columns that the name of a log fills; with fewer left it goes on a line of its own."""
_ROWS, _LOST = 5, 12
"""Lines of the screen that a title may fill, and what breaking it at blanks costs each."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which moments are shown; empty means all."""

    hosts: frozenset[str] = frozenset()
    """Names in small letters, whole or without the domain."""
    stage: Stage | None = None
    """Only what proves this stage or a further one."""
    sources: frozenset[str] = frozenset()
    phases: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    """The first moment that is too late."""

    def takes(self, moment: Moment) -> bool:
        """Tell whether a moment is shown; one that lasts is if a part of it lies in the time."""
        names = {moment.host.lower(), moment.host.lower().partition(".")[0]}
        rank = moment.stage.rank if moment.stage else 0
        last = moment.until or moment.time
        return not (
            (self.hosts and not names & self.hosts)
            or (self.stage and rank < self.stage.rank)
            or (self.sources and moment.source not in self.sources)
            or (self.phases and moment.phase not in self.phases)
            or (self.since and last < self.since)
            or (self.until and moment.time >= self.until)
        )


@dataclass(frozen=True, slots=True)
class Page:
    """What the reader's screen can show."""

    width: int = 100
    ascii: bool = False
    hosts: frozenset[str] = field(default_factory=frozenset)
    """All hosts of the case: with one, its name is not repeated on each line."""


def text(moments: Sequence[Moment], page: Page) -> Iterator[str]:
    """Yield the lines of the timeline, day by day."""
    several = len(page.hosts) > 1
    for day, found in groupby(moments, key=lambda one: one.time.date()):
        yield f"{day.isoformat()} {day:%A}"
        for moment in _shared(found):
            yield from _lines(moment, page, several=several)
        yield ""


def _shared(moments: Iterable[Moment]) -> list[Moment]:
    """Tell once what was published for several servers."""
    told: dict[object, list[Moment]] = {}
    for moment in moments:
        own = moment.host if moment.source != "published" else ""
        told.setdefault((moment, own) if own else (moment.time, moment.title), []).append(moment)
    return [
        one if not others else replace(one, host=f"{len(others) + 1} servers")
        for one, *others in told.values()
    ]


def _lines(moment: Moment, page: Page, *, several: bool) -> Iterator[str]:
    stage = moment.stage.value if moment.stage else cut(moment.source, 13, ascii_only=page.ascii)
    host = f"{cut(moment.host, 15, ascii_only=page.ascii):15} " if several else ""
    head = f"  {moment.time:%H:%M:%S} {_MARKS.get(moment.source, ' ')} {host}{stage:13} "
    room = max(page.width - len(head), _LEAST)
    title = cut(moment.title, _ROWS * (room - _LOST), head=0.8, ascii_only=page.ascii)
    rows = wrap(title, room, break_on_hyphens=False) or [""]
    yield head + rows[0]
    yield from (" " * len(head) + row for row in rows[1:])
    yield from (" " * len(head) + row for row in _tail(moment, page, room))


def _tail(moment: Moment, page: Page, room: int) -> list[str]:
    """Return how long it went on, by whom, and where it stands, in as few lines as hold it."""
    rows: list[str] = []
    for part in filter(None, (_extent(moment), _by(moment, page, room))):
        fits = rows and len(rows[-1]) + 2 + len(part) <= room
        rows[-1:] = [f"{rows[-1]}  {part}"] if fits else [*rows[-1:], part]
    if moment.path:
        left = room - len(rows[-1]) - 2 if rows else room
        beside = bool(rows) and left >= _NAME
        # NOTE: the end of a path and the line say more than its beginning.
        place = cut(_place(moment), left if beside else room, head=0.0, ascii_only=page.ascii)
        rows[-1:] = [f"{rows[-1]}  {place}"] if beside else [*rows[-1:], place]
    return rows


def _extent(moment: Moment) -> str:
    parts = []
    # NOTE: the title of lines that are only counted says how many there are.
    told = moment.source in ("window", "log") or (moment.finding[:2] == "f-" and not moment.path)
    if moment.count > 1 and not told:
        what = "requests" if moment.finding.startswith("s-") else "times"
        parts.append(f"{moment.count:,} {what}")
    if moment.until:
        same = moment.until.date() == moment.time.date()
        last = f"{moment.until:%H:%M:%S}" if same else f"{moment.until:%Y-%m-%d %H:%M}"
        parts += [f"until {last}"] if last != f"{moment.time:%H:%M:%S}" else []
    return " ".join(parts)


def _by(moment: Moment, page: Page, room: int) -> str:
    return f"by {cut(moment.by, room // 2, ascii_only=page.ascii)}" if moment.by else ""


def _place(moment: Moment) -> str:
    return f"{moment.path}:{moment.line}"


def table(moments: Iterable[Moment]) -> Iterator[str]:
    """Yield the rows of a CSV table that is safe to open in a spreadsheet."""
    yield _row(COLUMNS)
    for moment in moments:
        yield _row(cell(value) for value in cells(moment))


def cells(moment: Moment) -> tuple[str, ...]:
    """Return a moment as the cells of a row, as they are."""
    return (
        *(_iso(moment.time), _iso(moment.until), moment.host, moment.phase, moment.source),
        *(moment.stage.value if moment.stage else "", moment.title, str(moment.count)),
        *(moment.by, moment.path, str(moment.line) if moment.path else "", moment.finding),
    )


def _row(values: Iterable[str]) -> str:
    row = io.StringIO()
    csv.writer(row, lineterminator="").writerow(values)
    return row.getvalue()


def documents(moments: Iterable[Moment]) -> Iterator[str]:
    """Yield one JSON object a line, in ASCII."""
    for moment in moments:
        row: dict[str, object] = dict(zip(COLUMNS, cells(moment), strict=True))
        row |= {"count": moment.count, "line": moment.line if moment.path else None}
        row |= {name: row[name] or None for name in ("until", "stage")}
        yield json.dumps(row).replace("\x7f", "\\u007f")


def markdown(moments: Sequence[Moment]) -> Iterator[str]:
    """Yield a Markdown document with one table a day."""
    yield "# Timeline (UTC)"
    for day, found in groupby(moments, key=lambda one: one.time.date()):
        yield from ("", f"## {day.isoformat()}", "")
        yield "| time | server | phase | what | by | where |"
        yield "|---|---|---|---|---|---|"
        for moment in found:
            yield _marked(moment)


def _marked(moment: Moment) -> str:
    stage = f"**{moment.stage.value}** " if moment.stage else f"{_plain(moment.source)}: "
    extent = _extent(moment)
    what = stage + _plain(moment.title) + (f" ({extent})" if extent else "")
    where = _plain(f"{moment.path}:{moment.line}") if moment.path else ""
    parts = (
        f"{moment.time:%H:%M:%S}",
        _plain(moment.host),
        _plain(moment.phase),
        what,
        _plain(moment.by),
    )
    return f"| {' | '.join((*parts, where))} |"


def _plain(value: str) -> str:
    """Make a text harmless in a table of Markdown: neither markup, nor links, nor HTML."""
    shown = visible(value)
    return "".join(f"\\{char}" if char in _MARKUP else char for char in shown)


_MARKUP = frozenset("\\`*_{}[]()<>#!|~&")


def _iso(time: datetime | None) -> str:
    return time.isoformat().replace("+00:00", "Z") if time else ""


FORMATS: dict[str, Callable[[Sequence[Moment], Page], Iterator[str]]] = {
    "text": text,
    "csv": lambda moments, _page: table(moments),
    "jsonl": lambda moments, _page: documents(moments),
    "markdown": lambda moments, _page: markdown(moments),
}
"""How a timeline is shown: each yields lines without their ends."""
