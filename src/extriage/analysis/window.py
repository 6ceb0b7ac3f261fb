"""When was a vulnerability open on this server while somebody was known to use it?

The window begins with the later of two days: the vulnerable build on line, the first exploitation
known. It ends with the first time that a fixed build is seen after the last open one. What ran
before the first sighting of a build is not known, and counts as open: an older build was no better.
Where a setting or a file without a date tells that it is closed, it ends with the evidence at most.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from extriage.knowledge.builds import BuildTable, family, number
from extriage.knowledge.campaigns import campaigns
from extriage.knowledge.timeline import Grade, exposure_grades
from extriage.model.detection import Finding
from extriage.model.evidence import BuildSeen
from extriage.model.host import AdvisoryState, OpenWindow, State

_GRADES = {
    Grade.TARGETED: "chosen targets were attacked",
    Grade.MASS: "every server that could be found was attacked",
    Grade.AFTER_PATCH: "the update was to be had",
}
_CLOSED = (State.FIXED, None)
_OPEN = (State.OPEN, State.OPEN_NO_PACKAGE)


@dataclass(frozen=True, slots=True)
class Until:
    """The last moment that a window is told for."""

    time: datetime
    asked: bool = False
    """True if the user asked for that day; else it is where the evidence ends."""

    @property
    def words(self) -> str:
        """Return how a note speaks of it."""
        when = "on the day asked for" if self.asked else "when the evidence ends"
        return f"{when} ({self.time:%Y-%m-%d})"

    @property
    def named(self) -> str:
        """Return which day it is."""
        return "asked for" if self.asked else "that the evidence ends"


class _End(StrEnum):
    """How a window ends."""

    UPDATE = "a fixed build is seen"
    UNDATED = "now closed by an update whose date is not known"
    SETTING = "now closed by a setting whose date is not known"
    OPEN = "still open"
    UNKNOWN = "whether it was closed cannot be told"


def open_window(
    row: AdvisoryState,
    exploited: date | None,
    seen: Sequence[BuildSeen],
    until: Until | None,
    table: BuildTable,
    *,
    by_setting: bool = False,
) -> OpenWindow | None:
    """Return the open window; None if no exploitation is known or it was never open to it.

    `seen` are the builds as each artifact shows them; `by_setting` says that a setting closes the
    vulnerability, and not the update alone. A file does not tell when a setting was made.
    """
    start = exploited_since(row.cve, exploited)
    if start is None or until is None or until.time <= start or not seen:
        return None
    fixed = fixed_since(row.cve, seen, table)
    end = _end(row, fixed, until.time, by_setting=by_setting)
    if end in (_End.UPDATE, _End.UNDATED) and not _concerned(row.cve, seen, table):
        return None
    if end is _End.UPDATE and fixed is not None and fixed <= start:
        return None
    last = fixed if fixed is not None and end is _End.UPDATE else until.time
    was_open = end is not _End.SETTING and _was_open(row.cve, seen, table)
    return {
        "from": start,
        "to": last,
        "days": _begun_days(start, last),
        "closed": end in (_End.UPDATE, _End.UNDATED, _End.SETTING),
        "proved": end is _End.OPEN or (was_open and end is not _End.UNDATED),
        "note": _note(row.cve, start, last, seen, _ending(end, last, until)),
    }


def _end(row: AdvisoryState, fixed: datetime | None, until: datetime, *, by_setting: bool) -> _End:
    """Tell how a window ends. What is open now was not closed by any build seen before."""
    if row.state in _OPEN:
        return _End.OPEN
    if by_setting:
        return _End.SETTING if row.state is State.FIXED else _End.UNKNOWN
    if row.state is not State.FIXED:
        return _End.UNKNOWN
    return _End.UPDATE if fixed is not None and fixed <= until else _End.UNDATED


def _ending(end: _End, last: datetime, until: Until) -> str:
    if end is _End.UPDATE:
        return f"{end} from {last:%Y-%m-%d %H:%M}"
    if end is _End.OPEN:
        return f"{end} {until.words}"
    if end is _End.UNKNOWN:
        return f"{end}; it may be open {until.words}"
    return f"{end}; open no longer than until the day {until.named} ({until.time:%Y-%m-%d})"


def _concerned(cve: str, seen: Sequence[BuildSeen], table: BuildTable) -> bool:
    builds = (number(one.build) for one in seen)
    return any(build and table.state(cve, build) is not None for build in builds)


def _was_open(cve: str, seen: Sequence[BuildSeen], table: BuildTable) -> bool:
    builds = [number(one.build) for one in seen if one.precision == "su"]
    return any(build and table.state(cve, build) in _OPEN for build in builds)


def exploited_since(cve: str, exploited: date | None) -> datetime | None:
    """Return since when a vulnerability is known to be used, in UTC; campaigns know best."""
    for campaign in campaigns():
        for facts in campaign.cves:
            if facts.id == cve:
                return facts.exploited_since
    return datetime.combine(exploited, time(), UTC) if exploited else None


def fixed_since(cve: str, seen: Iterable[BuildSeen], table: BuildTable) -> datetime | None:
    """Return when a fixed build was first seen after the last open one; None when there is none.

    An update can be taken off again: what counts is the last sighting of an open build. Evidence
    that shows the cumulative update only can tell that a fix is in, never that it is missing. Of a
    fixed build that was seen both before and after, only its last sighting is known to be after:
    the more `seen` tells apart, the nearer the answer.
    """
    fixed, still_open = list[tuple[datetime, datetime]](), list[datetime]()
    for one in seen:
        build = number(one.build)
        if build is None or not family(build) or one.first is None or one.last is None:
            continue
        if table.state(cve, build) in _CLOSED:
            fixed.append((one.first, one.last))
        elif one.precision == "su":
            still_open.append(one.last)
    end = max(still_open, default=None)
    if end is None:
        return min((first for first, _ in fixed), default=None)
    # NOTE: servers write both builds within one minute while they are updated.
    after = [first if first >= end else last for first, last in fixed if last > end]
    return min(after, default=None)


def _begun_days(start: datetime, until: datetime) -> int:
    return (until.date() - start.date()).days + (until.time() > time())


def _note(
    cve: str, start: datetime, until: datetime, seen: Sequence[BuildSeen], ending: str
) -> str:
    """Say what bounds the window, and what was going on in the world meanwhile."""
    parts = [f"known to be exploited since {start:%Y-%m-%d}", ending]
    times = [one.first for one in seen if one.first]
    if times and min(times) > start + timedelta(days=1):
        parts.append(f"no evidence names a build before {min(times):%Y-%m-%d}")
    grades = [
        f"{_GRADES[marker.grade]} from {marker.start:%Y-%m-%d}"
        for marker in exposure_grades(cve)
        if marker.grade and marker.start < until and marker.grade is not Grade.TARGETED
    ]
    return "; ".join(parts + grades)


def traces(cve: str, window: OpenWindow, findings: Iterable[Finding]) -> str:
    """Say whether attack traces of a vulnerability lie inside its window, after it or before."""
    times = [
        line.time
        for finding in findings
        if finding.stage is not None and cve in finding.cves
        for line in finding.evidence
        if line.time is not None
    ]
    if not times:
        return ""
    inside = [one for one in times if window["from"] <= one <= window["to"]]
    after = [one for one in times if one > window["to"]]
    before = [one for one in times if one < window["from"]]
    words = [
        f"{label}, the first on {min(found):%Y-%m-%d %H:%M}"
        for label, found in (
            ("attack traces inside it", inside),
            ("attack traces after it closed", after if window["closed"] else []),
            ("attack traces before the first known exploitation", before),
        )
        if found
    ]
    return "; ".join(words)
