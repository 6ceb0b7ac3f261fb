"""What is written below a time axis: UTC times at round moments that never run into each other.

How much can be written depends on how wide the drawing is on the reader's screen, which nobody
knows beforehand. So it is worked out for a few widths, and the page shows the set that fits.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

WIDTHS = (170, 360, 700, 1400)
"""Pixels that a drawing has at least where each set of ticks is shown; `pictures.css` has them."""
LETTER = 7.0
"""Pixels that a digit of a label takes at most."""
GAP = 12
"""Pixels between two labels at least."""

Part = tuple[datetime, datetime, float, float, bool]
"""A stretch of one scale: start, end, left, right, and whether it is squeezed."""

_EVEN = (
    *(1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800),
    *(3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800, 7 * 86_400),
)
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 240, 600, 1_200, 3_000)
_MONTH = 30.44 * 86_400
_DAY = 86_400
_MONDAY = datetime(1, 1, 1, tzinfo=UTC)
"""The first day of year 1 was a Monday, so that weeks begin on Mondays."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One mark below the axis."""

    at: float
    """Where, 0 to 1."""
    label: str
    below: str
    """The day or year that it belongs to, where that is new."""
    anchor: str
    """`start`, `middle` or `end` of the label stands at the mark."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Distance of two ticks: seconds, or months if `months`."""

    seconds: float
    months: int = 0

    @property
    def letters(self) -> int:
        """Return how wide its labels are."""
        return 8 if self.seconds < 60 else 10 if self.seconds < _DAY else 7


def ticked(parts: Sequence[Part]) -> tuple[tuple[Tick, ...], ...]:
    """Return the ticks for each of `WIDTHS`."""
    return tuple(_for_width(parts, width) for width in WIDTHS)


def reach(tick: Tick, width: float) -> tuple[float, float]:
    """Return the pixels between which the words of a tick stand."""
    long = max(len(tick.label), len(tick.below)) * LETTER
    at = tick.at * width
    left = {"start": at, "middle": at - long / 2, "end": at - long}[tick.anchor]
    return left, left + long


def _for_width(parts: Sequence[Part], width: int) -> tuple[Tick, ...]:
    """Fill the wide stretches first, and then what room is left."""
    kept: list[Tick] = []
    for part in sorted(parts, key=lambda one: one[4]):
        own: list[Tick] = []
        for tick in _of_part(part, width):
            if all(_apart(tick, other, width) for other in (*kept, *own)):
                own.append(tick)
        if not own:
            alone = _edge(part, width)
            own = [alone] if all(_apart(alone, other, width) for other in kept) else []
        kept += own
    return tuple(sorted(kept, key=lambda one: one.at))


def _apart(one: Tick, other: Tick, width: int) -> bool:
    first, second = reach(one, width), reach(other, width)
    return first[1] + GAP <= second[0] or second[1] + GAP <= first[0]


def _edge(part: Part, width: int) -> Tick:
    """Return a tick that names the day on which a stretch begins; for those without a round one."""
    start, _, left, _, _ = part
    return _ticked(left, f"{start:%Y-%m-%d}", "", width)


def _of_part(part: Part, width: int) -> Iterator[Tick]:
    start, end, left, right, _ = part
    room = (right - left) * width
    step = _step((end - start).total_seconds(), room)
    if step is None:
        return
    before = ""
    for time in _round_times(start, end, step):
        label, context = _words(time, step)
        at = left + (time - start) / (end - start) * (right - left)
        yield _ticked(at, label, context if context != before else "", width)
        before = context


def _ticked(at: float, label: str, below: str, width: int) -> Tick:
    """Return a tick whose words stay inside the drawing."""
    half = max(len(label), len(below)) * LETTER / 2
    anchor = "start" if at * width < half else "end" if (1 - at) * width < half else "middle"
    return Tick(at, label, below, anchor)


def _step(seconds: float, room: float) -> _Step | None:
    """Return the finest step whose labels fit into the room; None if not even one does."""
    steps = [*(_Step(float(one)) for one in _EVEN)]
    steps += [_Step(months * _MONTH, months) for months in _MONTHS]
    for step in steps:
        if step.seconds / seconds * room >= step.letters * LETTER + GAP:
            return step
    return None


def _round_times(start: datetime, end: datetime, step: _Step) -> Iterator[datetime]:
    if step.months:
        yield from _months(start, end, step.months)
        return
    # NOTE: counted from a Monday, so that steps of a week are weeks and those of a day midnights.
    whole = timedelta(seconds=step.seconds)
    count = -((_MONDAY - start) // whole)
    while True:
        try:
            time = _MONDAY + whole * count
        except OverflowError:
            return
        if time > end:
            return
        if time >= start:
            yield time
        count += 1


def _months(start: datetime, end: datetime, months: int) -> Iterator[datetime]:
    count = (start.year * 12 + start.month - 1) // months * months
    while count // 12 <= 9999:
        time = datetime(max(count // 12, 1), count % 12 + 1, 1, tzinfo=UTC)
        if time > end:
            return
        if time >= start:
            yield time
        count += months


def _words(time: datetime, step: _Step) -> tuple[str, str]:
    """Return the label of a tick, and the day or year that it stands in."""
    if step.months >= 12:
        return f"{time:%Y}", ""
    if step.months:
        return f"{time:%Y-%m}", ""
    if step.seconds >= _DAY:
        return f"{time:%m-%d}", f"{time:%Y}"
    clock = f"{time:%H:%M:%S}" if step.seconds < 60 else f"{time:%H:%M}"
    return clock, f"{time:%Y-%m-%d}"
