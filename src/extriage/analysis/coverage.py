"""What was there to be read, from when to when, and with which holes?

Coverage comes from the records themselves, never from file times. A hole is a stretch without one
record that is longer than this kind of log is ever silent on a running server.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from extriage.knowledge.evidence import silence_hours
from extriage.model.evidence import Entry, Period, Tally
from extriage.model.host import Coverage


def cover(tallies: Iterable[Tally], entries: Iterable[Entry]) -> tuple[Coverage, ...]:
    """Merge what the artifacts of one host cover into one row for each kind."""
    by_kind: dict[str, list[Tally]] = {}
    for tally in tallies:
        by_kind.setdefault(tally.kind, []).append(tally)
        if tally.part:
            by_kind.setdefault(f"{tally.kind}:{tally.part}", []).append(tally)
    damaged = {entry.path for entry in entries if entry.status in ("unreadable", "partial")}
    rows = []
    for kind, group in sorted(by_kind.items()):
        unreadable = len({tally.path for tally in group} & damaged)
        rows.append(_row(kind, group, unreadable))
    return tuple(rows)


def gaps_within(row: Coverage, window: Period) -> Sequence[Period]:
    """Return the gaps of a log that touch a stretch of time."""
    start = bisect_right(row.gaps, window["from"], key=lambda gap: gap["to"])
    return row.gaps[start : bisect_left(row.gaps, window["to"], key=lambda gap: gap["from"])]


def uncovered(row: Coverage, window: Period) -> tuple[Period, ...]:
    """Return what of a window a log does not carry, in order; all of it if it is damaged.

    At the ends of the window a log may be silent as long as this kind ever is. Nobody knows of
    what time a damaged file held the records.
    """
    if row.first is None or row.last is None or row.unreadable:
        return (window,)
    slack = timedelta(hours=silence_hours(row.kind))
    holes = [*row.gaps]
    if row.first > window["from"] + slack:
        holes.insert(0, {"from": window["from"], "to": _whole_hour(row.first)})
    if row.last < window["to"] - slack:
        holes.append({"from": _whole_hour(row.last) + timedelta(hours=1), "to": window["to"]})
    return common(holes, (window,))


def common(some: Iterable[Period], others: Iterable[Period]) -> tuple[Period, ...]:
    """Return the stretches of time that lie in both of two lists."""
    ones, twos = either(some), either(others)
    found: list[Period] = []
    one = two = 0
    while one < len(ones) and two < len(twos):
        start = max(ones[one]["from"], twos[two]["from"])
        end = min(ones[one]["to"], twos[two]["to"])
        if start < end:
            found.append({"from": start, "to": end})
        if ones[one]["to"] <= twos[two]["to"]:
            one += 1
        else:
            two += 1
    return tuple(found)


def either(stretches: Iterable[Period]) -> tuple[Period, ...]:
    """Return stretches of time in order, those that touch as one."""
    merged: list[Period] = []
    for one in sorted(stretches, key=lambda period: (period["from"], period["to"])):
        if merged and one["from"] <= merged[-1]["to"]:
            merged[-1] = {"from": merged[-1]["from"], "to": max(merged[-1]["to"], one["to"])}
        else:
            merged.append(one)
    return tuple(merged)


def _whole_hour(time: datetime) -> datetime:
    return time.replace(minute=0, second=0, microsecond=0)


def _row(kind: str, tallies: list[Tally], unreadable: int) -> Coverage:
    hours = sorted({hour for tally in tallies for hour in tally.hours})
    firsts = [tally.first for tally in tallies if tally.first]
    lasts = [tally.last for tally in tallies if tally.last]
    return Coverage(
        kind,
        len({tally.path for tally in tallies}),
        sum(tally.records for tally in tallies),
        unreadable,
        min(firsts, default=None),
        max(lasts, default=None),
        tuple(_gaps(hours, silence_hours(kind))),
    )


def _gaps(hours: list[int], silence: int) -> Iterable[Period]:
    for before, after in pairwise(hours):
        if after - before - 1 >= silence:
            yield {"from": _moment(before + 1), "to": _moment(after)}


def _moment(hour: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(hours=hour)
