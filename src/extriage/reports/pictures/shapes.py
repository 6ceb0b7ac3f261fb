"""What pictures are made of: strips and marks on a time axis, with words that do no harm.

Places and widths are shares of the drawing's width, heights are pixels. Every text from a case is
made harmless and cut here, so that no picture grows with what evidence holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.model.detection import Stage
from extriage.model.evidence import Period
from extriage.reports.neutral import cut
from extriage.reports.pictures.axis import Axis, Span

HEAD, ROW, FOOT = 24, 24, 40
"""Heights of a heading, a row and the axis; `pictures.css` has the same for the words beside."""
LABEL = 44
TITLE = 180
"""Columns that a text fills at the most: beside a row, and where it is pointed at."""
CELLS = 240
"""A row with more pieces than can be told apart is drawn in so many cells."""


@dataclass(frozen=True, slots=True)
class Strip:
    """Something that lasts."""

    left: float
    width: float
    style: str
    """Its class: `there`, `gap`, `part`, `open`, `blind` …"""
    title: str = ""

    @property
    def right(self) -> float:
        """Return where it ends."""
        return self.left + self.width


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, or several things too close to be told apart."""

    at: float
    style: str
    """Its symbol: a stage, or where it comes from."""
    count: int
    title: str


def strip(axis: Axis, start: datetime, end: datetime, style: str, title: str = "") -> Strip:
    """Return a strip for a stretch of time; what lies outside of the drawing is cut off."""
    left, right = axis.place(start), axis.place(end)
    return Strip(left, max(right - left, 0.0), style, short(title, TITLE))


def short(text: str, cells: int = LABEL) -> str:
    """Make a text harmless and no longer than `cells` columns."""
    return cut(text, cells, head=0.7)


def minute(time: datetime | None) -> str:
    """Write a time for a reader, in UTC."""
    return f"{time:%Y-%m-%d %H:%M}" if time else ""


def day(time: datetime | None) -> str:
    """Write a day, in UTC."""
    return f"{time:%Y-%m-%d}" if time else ""


def bars(axis: Axis, first: datetime, last: datetime, gaps: Sequence[Period]) -> tuple[Strip, ...]:
    """Draw what was there between two times, and the gaps in it, as far as it can be seen."""
    inside = [gap for gap in gaps if axis.holds(gap["from"], gap["to"])]
    if not axis.holds(first, last):
        return ()
    if len(inside) > CELLS // 4:
        return _in_cells(axis, first, last, inside)
    drawn, at = [], first
    for gap in inside:
        drawn += _there(axis, at, gap["from"])
        drawn.append(strip(axis, gap["from"], gap["to"], "gap", _gap_words(gap)))
        at = gap["to"]
    return (*drawn, *_there(axis, at, last))


def _there(axis: Axis, start: datetime, end: datetime) -> list[Strip]:
    if not axis.holds(start, end):
        return []
    return [strip(axis, start, end, "there", f"{minute(start)} to {minute(end)} UTC")]


def _gap_words(gap: Period) -> str:
    return f"no record from {minute(gap['from'])} to {minute(gap['to'])} UTC"


def _in_cells(
    axis: Axis, first: datetime, last: datetime, gaps: Sequence[Period]
) -> tuple[Strip, ...]:
    """Draw a row with very many gaps in cells: there, partly there, not there."""
    left, right = axis.place(first), axis.place(last)
    silent = [(axis.place(gap["from"]), axis.place(gap["to"])) for gap in gaps]
    step = max((right - left) / CELLS, 1e-9)
    empty = [0.0] * (CELLS + 1)
    for start, end in silent:
        for cell in range(int((start - left) / step), min(int((end - left) / step), CELLS) + 1):
            if cell >= 0:
                low, high = left + cell * step, left + (cell + 1) * step
                empty[cell] += max(min(end, high) - max(start, low), 0.0) / step
    styles = ["there" if e < 0.01 else "gap" if e > 0.99 else "part" for e in empty[:CELLS]]
    return tuple(_runs(styles, left, step))


_CELL_WORDS = {
    "there": "records throughout",
    "part": "records with many short gaps",
    "gap": "no record",
}


def _runs(styles: Sequence[str], left: float, step: float) -> Iterable[Strip]:
    begin = 0
    for at in range(1, len(styles) + 1):
        if at == len(styles) or styles[at] != styles[begin]:
            words = _CELL_WORDS[styles[begin]]
            yield Strip(left + begin * step, (at - begin) * step, styles[begin], words)
            begin = at


def stage_marks(
    axis: Axis, told: Iterable[tuple[datetime, Stage, str]], bins: int
) -> tuple[Mark, ...]:
    """Gather steps of an attack into as many marks as can be told apart, the furthest named."""
    found: dict[int, list[tuple[datetime, Stage, str]]] = {}
    for one in told:
        if axis.holds(one[0], one[0]):
            found.setdefault(min(int(axis.place(one[0]) * bins), bins - 1), []).append(one)
    return tuple(_mark(axis, found[at]) for at in sorted(found))


def _mark(axis: Axis, steps: Sequence[tuple[datetime, Stage, str]]) -> Mark:
    time, stage, title = min(steps, key=lambda one: (-one[1].rank, one[0], one[2]))
    more = f", and {len(steps) - 1} more near it" if len(steps) > 1 else ""
    text = f"{stage.value}: {short(title, 100)}, {minute(time)} UTC{more}"
    return Mark(axis.place(time), stage.value, len(steps), short(text, TITLE))


def joined(axis: Axis, spans: Iterable[Span], style: str) -> tuple[Strip, ...]:
    """Draw stretches of time, those that touch as one."""
    drawn: list[Strip] = []
    for start, end in sorted(spans):
        if not axis.holds(start, end):
            continue
        one = strip(axis, start, end, style, f"{minute(start)} to {minute(end)} UTC")
        if drawn and one.left <= drawn[-1].right + 0.001:
            before = drawn.pop()
            right = max(before.right, one.right)
            title = before.title.split(" to ", maxsplit=1)[0] + f" to {minute(end)} UTC"
            one = Strip(before.left, right - before.left, style, title)
        drawn.append(one)
    return tuple(drawn)


STAGES: Mapping[str, str] = {
    "probed": "tried",
    "reached": "got through",
    "planted": "left something",
    "executed": "ran code",
    "acted": "went on from here",
    "taken": "took data",
}
"""The stages in plain words, as the legend has them."""
