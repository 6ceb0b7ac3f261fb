"""Support dates of the products: until when the vendor makes security updates, and for whom.

Source: `lifecycle.csv`, drawn from Microsoft's lifecycle pages, endoflife.date and the Exchange
team's announcements. A date is a day, a month, `day .. day`, `not before` a day, or unknown.
"""

import calendar
import re
from datetime import date
from functools import cache

from extriage.knowledge.active import active
from extriage.knowledge.builds import FAMILIES
from extriage.knowledge.tables import Knowledge, Row, day, rows, unique
from extriage.model.exchange import Milestone

PRODUCTS = ("2003", *FAMILIES, "all")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_AT_LEAST = "not before "


def milestones() -> tuple[Milestone, ...]:
    """Return the support dates in the tables in force."""
    return load_milestones(active())


@cache
def load_milestones(knowledge: Knowledge) -> tuple[Milestone, ...]:
    """Read the support dates of a set of tables; ContentError names the first bad row."""
    found = rows(knowledge, "lifecycle.csv", ("product", "milestone", "date", "note", "source"))
    unique(found, "product", "milestone")
    return tuple(_milestone(row) for row in found)


def _milestone(row: Row) -> Milestone:
    start, end = _period(row)
    note = row["note"]
    if row["date"].startswith(_AT_LEAST):
        note = "; ".join(filter(None, (row["date"], note)))
    product = row.one_of("product", PRODUCTS)
    return Milestone(product, row.filled("milestone"), start, end, note)


def _period(row: Row) -> tuple[date | None, date | None]:
    text = row["date"].removeprefix(_AT_LEAST)
    if not text:
        return None, None
    if month := _MONTH.fullmatch(text):
        return _whole_month(row, *map(int, month.groups()))
    first, _, last = text.partition(" .. ")
    start, end = day(first), day(last or first)
    if start is None or end is None or end < start:
        raise row.wrong(f"date is {text[:40]!r}, not a day, a month or a period of days")
    return start, end


def _whole_month(row: Row, year: int, month: int) -> tuple[date, date]:
    if not 1 <= month <= 12 or not 1990 <= year <= 2100:
        raise row.wrong(f"date is {row['date'][:40]!r}, which is no month")
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])
