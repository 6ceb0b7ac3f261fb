"""When was a vulnerability open on this server while somebody was known to use it?

The window begins with the later of two days: the vulnerable build on line, the first exploitation
known. It ends with the first day on which a fixed build is seen for good. What ran before the
first sighting of a build is not known, and counts as open: an older build was no better.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta

from extriage.knowledge.builds import BuildTable, number
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


def open_window(
    row: AdvisoryState,
    exploited: date | None,
    seen: Sequence[BuildSeen],
    end: datetime | None,
    table: BuildTable,
) -> OpenWindow | None:
    """Return the open window; None if no exploitation is known or it was never open to it."""
    start = exploited_since(row.cve, exploited)
    if start is None or end is None or end <= start or not seen:
        return None
    # NOTE: a build that has the fix is no end where a setting keeps the hole open.
    by_setting = row.state is State.OPEN and _fixed_now(row.cve, seen, table)
    fixed = None if by_setting else fixed_since(row.cve, seen, table)
    if fixed is not None and fixed <= start:
        return None
    closed = fixed is not None and fixed <= end
    until = fixed if fixed is not None and closed else end
    proved = not closed or _was_open(row.cve, seen, table)
    return {
        "from": start,
        "to": until,
        "days": _begun_days(start, until),
        "closed": closed,
        "proved": proved,
        "note": _note(row.cve, start, until, seen, closed=closed),
    }


def _was_open(cve: str, seen: Sequence[BuildSeen], table: BuildTable) -> bool:
    builds = [number(one.build) for one in seen if one.precision == "su"]
    return any(build and table.state(cve, build) not in _CLOSED for build in builds)


def _fixed_now(cve: str, seen: Sequence[BuildSeen], table: BuildTable) -> bool:
    builds = [build for one in seen if (build := number(one.build))]
    return bool(builds) and table.state(cve, max(builds)) is State.FIXED


def exploited_since(cve: str, exploited: date | None) -> datetime | None:
    """Return since when a vulnerability is known to be used, in UTC; campaigns know best."""
    for campaign in campaigns():
        for facts in campaign.cves:
            if facts.id == cve:
                return facts.exploited_since
    return datetime.combine(exploited, time(), UTC) if exploited else None


def fixed_since(cve: str, seen: Iterable[BuildSeen], table: BuildTable) -> datetime | None:
    """Return the first time from which on every build seen has the fix; None when there is none.

    An update can be taken off again: what counts is the last sighting of an open build. Evidence
    that shows the cumulative update only can tell that a fix is in, never that it is missing.
    """
    fixed, still_open = list[tuple[datetime, datetime]](), list[datetime]()
    for one in seen:
        build = number(one.build)
        if build is None or one.first is None or one.last is None:
            continue
        if table.state(cve, build) in _CLOSED:
            fixed.append((one.first, one.last))
        elif one.precision == "su":
            still_open.append(one.last)
    end = max(still_open, default=None)
    after = [first for first, last in fixed if end is None or last > end]
    if not after:
        return None
    return min(after) if end is None else max(min(after), end)


def _begun_days(start: datetime, until: datetime) -> int:
    return (until.date() - start.date()).days + (until.time() > time())


def _note(
    cve: str, start: datetime, until: datetime, seen: Sequence[BuildSeen], *, closed: bool
) -> str:
    """Say what bounds the window, and what was going on in the world meanwhile."""
    parts = [f"known to be exploited since {start:%Y-%m-%d}"]
    if closed:
        parts.append(f"a fixed build is seen from {until:%Y-%m-%d %H:%M}")
    else:
        parts.append(f"still open when the evidence ends ({until:%Y-%m-%d})")
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
