"""Why does a log not cover the time that counts: never collected, rotated away, deleted?

Exchange deletes its own logs after about a month, event logs overwrite themselves; IIS never does.
A hole in one log while others go on means that this log was stopped or its files were taken away;
a hole in all of them means that the server was off, or that all of them are gone.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from extriage.knowledge.evidence import describe, silence_hours
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
            f"reach back only to {_day(row.first)}, needed from {window['from']:%Y-%m-%d} ({gone})"
        )
    if row.last < window["to"] - slack:
        return f"end on {_day(row.last)}, needed up to {_day(window['to'])}"
    holes = [gap for gap in row.gaps if gap["to"] > window["from"] and gap["from"] < window["to"]]
    if holes:
        return _holes(row, holes, coverage)
    if row.unreadable:
        return f"are damaged in {row.unreadable} file{'s' if row.unreadable > 1 else ''}"
    return ""


def _holes(row: Coverage, holes: Sequence[Period], coverage: Sequence[Coverage]) -> str:
    longest = max(holes, key=lambda gap: gap["to"] - gap["from"])
    count = f"have {len(holes)} gaps, the longest" if len(holes) > 1 else "have a gap"
    others = [other for other in coverage if other.kind != row.kind and _goes_on(other, longest)]
    why = (
        f"while {describe(others[0].kind)} go on: deleted or switched off"
        if others
        else "in which no log has anything: server off, or all of them deleted"
    )
    return f"{count} from {_day(longest['from'])} to {_day(longest['to'])}, {why}"


def _goes_on(row: Coverage, gap: Period) -> bool:
    """Tell whether a log surely has records in a gap: it would show its own silence that long."""
    hours = (gap["to"] - gap["from"]) / timedelta(hours=1)
    if row.first is None or row.last is None or silence_hours(row.kind) > hours:
        return False
    inside = row.first < gap["from"] and row.last > gap["to"]
    return inside and not any(g["to"] > gap["from"] and g["from"] < gap["to"] for g in row.gaps)


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M}"
