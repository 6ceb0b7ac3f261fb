"""The time axis that all pictures share: where a moment lies, what is squeezed, what is written.

A server may have been open for two years while its logs reach back two days. Drawn evenly, the
logs would be a hair. So a long stretch in which nothing happened is squeezed, visibly, and
what happened is drawn wide. Within each stretch the scale is even, and the order of time always
holds. Places are shares of the drawing's width, 0 to 1, so that a picture fits every screen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from extriage.reports.pictures.ticks import Tick, ticked

Span = tuple[datetime, datetime]

_LONG = 0.2
"""A stretch without anything is squeezed if it is a larger share of the whole than this …"""
_WORTH = 0.4
"""… and if what is left to be drawn wide was less than this share."""
_ROOM = 0.06
"""Of a wide stretch, how much is shown before and after what happened."""
_SQUEEZED = 0.26, 0.45
"""Share of the drawing for one squeezed stretch, and at the most for all."""
_LEAST = 0.08
"""Share of the drawing that each wide stretch gets at least."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the axis with one scale."""

    start: datetime
    end: datetime
    left: float
    right: float
    squeezed: bool
    label: str
    """How long it is: `13 months`, `5 days`."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Where each moment lies in a drawing."""

    stretches: tuple[Stretch, ...]
    ticks: tuple[tuple[Tick, ...], ...]
    """For each width of `ticks.WIDTHS`, what is written below."""

    @property
    def start(self) -> datetime:
        """Return the first moment that is drawn."""
        return self.stretches[0].start

    @property
    def end(self) -> datetime:
        """Return the last moment that is drawn."""
        return self.stretches[-1].end

    @property
    def broken(self) -> bool:
        """Tell whether the scale changes anywhere."""
        return len(self.stretches) > 1

    def place(self, time: datetime) -> float:
        """Return where a moment lies, 0 to 1; what is outside lies on the edge."""
        for one in self.stretches:
            if time <= one.end:
                part = max((time - one.start) / (one.end - one.start), 0.0)
                return one.left + part * (one.right - one.left)
        return 1.0

    def holds(self, start: datetime, end: datetime) -> bool:
        """Tell whether a part of a stretch of time lies in the drawing."""
        return start <= self.end and end >= self.start


def axis(
    spans: Iterable[Span], busy: Iterable[Span], least: timedelta, margin: float = 0.0
) -> Axis | None:
    """Return an axis over all spans on which what is `busy` can be seen; None without any time.

    `least` is the shortest stretch that is drawn wide; `margin` the share of the first and the last
    stretch that is added, so that nothing lies on the edge.
    """
    whole = [(start, end) for start, end in spans if start <= end]
    if not whole:
        return None
    start, end = min(one[0] for one in whole), max(one[1] for one in whole)
    if end - start < least:
        start, end = _wider((start, end), (least - (end - start)) / 2)
    parts = _parts(start, end, _merged(busy, start, end), least)
    stretches = _placed(_with_margin(parts, margin))
    return Axis(stretches, ticked([(one.start, one.end, one.left, one.right, one.squeezed)
                                   for one in stretches]))  # fmt: skip


def _merged(busy: Iterable[Span], start: datetime, end: datetime) -> list[Span]:
    """Return what is busy within the axis, in order, what overlaps as one."""
    merged: list[Span] = []
    clipped = ((max(one[0], start), min(one[1], end)) for one in sorted(busy))
    for first, last in clipped:
        if first > last:
            continue
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def _parts(
    start: datetime, end: datetime, busy: Sequence[Span], least: timedelta
) -> list[tuple[Span, bool]]:
    """Cut the axis where a long stretch without anything begins or ends."""
    whole = end - start
    if not busy:
        return [((start, end), False)]
    gaps = [(start, busy[0][0]), *((one[1], two[0]) for one, two in pairwise(busy))]
    gaps.append((busy[-1][1], end))
    dull = [(first, last) for first, last in gaps if last - first > whole * _LONG]
    if whole - sum(((last - first) for first, last in dull), timedelta()) > whole * _WORTH:
        return [((start, end), False)]
    wides, at = list[Span](), start
    for first, last in dull:
        if first > start:
            wides.append((at, first))
        at = last
    if at < end:
        wides.append((at, end))
    return _between([_roomy(one, least, start, end) for one in wides], start, end)


def _roomy(wide: Span, least: timedelta, start: datetime, end: datetime) -> Span:
    """Return a wide stretch with some room around what happened."""
    long = wide[1] - wide[0]
    room = max(long * _ROOM, (least - long) / 2)
    first, last = _wider(wide, room)
    return max(first, start), min(last, end)


def _between(wides: Sequence[Span], start: datetime, end: datetime) -> list[tuple[Span, bool]]:
    parts: list[tuple[Span, bool]] = []
    at = start
    for first, last in wides:
        if first > at:
            parts.append(((at, first), True))
        parts.append(((max(first, at), last), False))
        at = last
    if at < end:
        parts.append(((at, end), True))
    return parts


def _with_margin(parts: list[tuple[Span, bool]], margin: float) -> list[tuple[Span, bool]]:
    if not margin:
        return parts
    (first, tight), (last, tight_too) = parts[0], parts[-1]
    start = _wider(first, (first[1] - first[0]) * margin)[0]
    end = _wider(last, (last[1] - last[0]) * margin)[1]
    if len(parts) == 1:
        return [((start, end), tight)]
    return [((start, first[1]), tight), *parts[1:-1], ((last[0], end), tight_too)]


def _placed(parts: Sequence[tuple[Span, bool]]) -> tuple[Stretch, ...]:
    """Share the drawing out: squeezed stretches get little, wide ones by the root of their time."""
    count = sum(squeezed for _, squeezed in parts)
    little = min(_SQUEEZED[0] * count, _SQUEEZED[1]) if len(parts) > count else 1.0
    roots = [(end - start).total_seconds() ** 0.5 for (start, end), _ in parts]
    sums = {False: 0.0, True: 0.0}
    for root, (_, squeezed) in zip(roots, parts, strict=True):
        sums[squeezed] += root
    least = min(_LEAST, 0.5 / len(parts))
    shares = []
    for root, (_, squeezed) in zip(roots, parts, strict=True):
        share = (little if squeezed else 1 - little) * root / sums[squeezed]
        shares.append(max(share, least))
    total, left = sum(shares), 0.0
    placed = []
    for number, ((start, end), squeezed) in enumerate(parts):
        right = 1.0 if number == len(parts) - 1 else left + shares[number] / total
        placed.append(Stretch(start, end, left, right, squeezed, long_words(end - start)))
        left = right
    return tuple(placed)


def _wider(span: Span, room: timedelta) -> Span:
    """Return a span with room around it; years 1 and 9999 are the end of the calendar."""
    first = datetime.min.replace(tzinfo=span[0].tzinfo)
    last = datetime.max.replace(tzinfo=span[0].tzinfo)
    start = span[0] - room if span[0] - first > room else first
    end = span[1] + room if last - span[1] > room else last
    return start, end


def long_words(long: timedelta) -> str:
    """Say how long a stretch of time is, in the unit that fits: `3 days`, `13 months`."""
    seconds = long.total_seconds()
    name, length = next((unit[:2] for unit in _UNITS if seconds < unit[2]), _YEAR)
    count = round(seconds / length)
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


_UNITS = (
    ("second", 1.0, 120),
    ("minute", 60.0, 7_200),
    ("hour", 3_600.0, 172_800),
    ("day", 86_400.0, 86_400 * 92),
    ("month", 86_400 * 30.44, 86_400 * 1_100),
)
"""A unit, its seconds, and the seconds from which the next one is better."""
_YEAR = ("year", 86_400 * 365.25)
