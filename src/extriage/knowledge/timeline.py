"""What happened when: the days that grade the time in which a server could be attacked.

Source: `timeline.csv`, each row with its own source. A vulnerability is first used against chosen
targets, then against everybody; after the patch, whoever is open is open by choice or neglect.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache

from extriage.knowledge.active import active
from extriage.knowledge.tables import Knowledge, Row, day, rows


class Grade(StrEnum):
    """How likely an open server was attacked from a day on."""

    TARGETED = "targeted"
    """Known exploitation of chosen targets."""
    MASS = "mass"
    """Attacks on every server that could be found."""
    AFTER_PATCH = "after-patch"
    """The same, while the vendor's fix was to be had."""


@dataclass(frozen=True, slots=True)
class Marker:
    """One dated event, and what starts with it."""

    start: datetime
    """In UTC; the start of the day, month or year when the source says no more."""
    date: str
    """The date as the table has it: a day, a month or a year."""
    event: str
    marker: str
    """What kind of date it is: `patch_available`, `directive`; empty for most."""
    grade: Grade | None
    cves: tuple[str, ...]
    """The vulnerabilities that the grade is of."""
    source: str


def markers() -> tuple[Marker, ...]:
    """Return the events in the tables in force, in order of time."""
    return load_markers(active())


def exposure_grades(cve: str) -> tuple[Marker, ...]:
    """Return the days on which a grade of exposure to a vulnerability starts, in order."""
    return tuple(marker for marker in markers() if marker.grade and cve in marker.cves)


@cache
def load_markers(knowledge: Knowledge) -> tuple[Marker, ...]:
    """Read the events of a set of tables; ContentError names the first bad row."""
    columns = ("date", "time_utc", "event", "marker", "grade", "cves", "source")
    found = [_marker(row) for row in rows(knowledge, "timeline.csv", columns)]
    return tuple(sorted(found, key=lambda marker: marker.start))


def _marker(row: Row) -> Marker:
    grade = row.one_of("grade", ("", *(grade.value for grade in Grade)))
    cves = row.cves("cves")
    if bool(grade) != bool(cves):
        raise row.wrong("a grade needs its vulnerabilities, and they need a grade")
    return Marker(
        _start(row),
        row["date"],
        row.filled("event"),
        row["marker"],
        Grade(grade) if grade else None,
        cves,
        row.filled("source"),
    )


def _start(row: Row) -> datetime:
    parts = re.fullmatch(r"(\d{4})(-\d{2})?(-\d{2})?", row["date"])
    first = day(f"{parts[1]}{parts[2] or '-01'}{parts[3] or '-01'}") if parts else None
    if first is None:
        raise row.wrong(f"date is {row['date'][:40]!r}, not a day, a month or a year")
    time = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)", row["time_utc"] or "00:00")
    if time is None:
        raise row.wrong(f"time_utc is {row['time_utc'][:40]!r}, not a time like 18:38")
    return datetime(first.year, first.month, first.day, int(time[1]), int(time[2]), tzinfo=UTC)
