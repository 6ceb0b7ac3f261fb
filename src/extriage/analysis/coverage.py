"""What was there to be read, from when to when, and with which holes?

Coverage comes from the records themselves, never from file times. A hole is a stretch without one
record that is longer than this kind of log is ever silent on a running server.
"""

from collections.abc import Iterable
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
