"""Why does a log not cover the time that counts: never collected, rotated away, deleted?

Exchange deletes its own logs after about a month, event logs overwrite themselves; IIS never does.
A hole in one log while others go on means that this log was stopped or its files were taken away;
a hole in all of them means that the server was off, or that all of them are gone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from extriage.analysis.coverage import gaps_within
from extriage.knowledge.evidence import DEFAULT_SILENCE, describe, silence_hours
from extriage.model.evidence import Period
from extriage.model.host import Coverage


def shortfall(row: Coverage, coverage: Sequence[Coverage], window: Period) -> str:
    """Say in words how a log falls short of a window; empty when it covers it."""
    assert row.first is not None
    assert row.last is not None
    slack = timedelta(hours=silence_hours(row.kind))
    if row.first > window["from"] + slack:
        gone = "moved or deleted" if row.kind == "iis" else "rotated away or deleted"
        return (
            f"reach back only to {moment(row.first)}, needed from {window['from']:%Y-%m-%d} "
            f"({gone})"
        )
    if row.last < window["to"] - slack:
        return f"end on {moment(row.last)}, needed up to {moment(window['to'])}"
    holes = gaps_within(row, window)
    if holes:
        return _holes(row, holes, coverage)
    if row.unreadable:
        return f"are damaged in {row.unreadable} file{'s' if row.unreadable > 1 else ''}"
    return ""


def interruption(row: Coverage, coverage: Sequence[Coverage], window: Period) -> str:
    """Say where a log stops inside a window while others go on; empty when it does not.

    Logs that only speak when somebody acts prove nothing by their silence.
    """
    if silence_hours(row.kind) >= DEFAULT_SILENCE:
        return ""
    odd = [gap for gap in gaps_within(row, window) if _others(row, gap, coverage)]
    return _holes(row, odd, coverage) if odd else ""


def moment(time: datetime) -> str:
    """Write a time to the minute."""
    return f"{time:%Y-%m-%d %H:%M}"


def stretch(period: Period) -> str:
    """Write a stretch of time to the minute."""
    return f"{moment(period['from'])} to {moment(period['to'])}"


def _holes(row: Coverage, holes: Sequence[Period], coverage: Sequence[Coverage]) -> str:
    longest = max(holes, key=_length)
    count = f"have {len(holes)} gaps, the longest" if len(holes) > 1 else "have a gap"
    others = _others(row, longest, coverage)
    text = f"{count} from {stretch(longest)}, {_why(row, others)}"
    odd = [gap for gap in holes if _others(row, gap, coverage)]
    if others or not odd:
        return text
    # NOTE: a server that was off for longer must not hide that one log was taken away.
    worst = max(odd, key=_length)
    return f"{text}; also from {stretch(worst)}, {_why(row, _others(row, worst, coverage))}"


def _why(row: Coverage, others: Sequence[Coverage]) -> str:
    if not others:
        return "in which no log has anything: server off, or all of them deleted"
    quiet = ", or nothing to write" if silence_hours(row.kind) >= DEFAULT_SILENCE else ""
    return f"while {describe(others[0].kind)} go on: deleted or switched off{quiet}"


def _length(period: Period) -> timedelta:
    return period["to"] - period["from"]


def _others(row: Coverage, gap: Period, coverage: Sequence[Coverage]) -> list[Coverage]:
    return [other for other in coverage if other.kind != row.kind and _goes_on(other, gap)]


def _goes_on(row: Coverage, gap: Period) -> bool:
    """Tell whether a log surely has records in a gap: it would show its own silence that long."""
    hours = _length(gap) / timedelta(hours=1)
    if row.first is None or row.last is None or silence_hours(row.kind) > hours:
        return False
    inside = row.first < gap["from"] and row.last > gap["to"]
    return inside and not gaps_within(row, gap)
