"""Tables for spreadsheets: how a row, a list and a time are written in every CSV report.

Several values in one cell are divided by ` | `. Line breaks and control characters are visible
escapes; what would start a formula has an apostrophe in front.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from extriage.reports.neutral import cell


def sheet_of(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table with its header; every cell is made harmless."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in rows)
    return table.getvalue()


def joined(values: Iterable[str]) -> str:
    """Return several values as one cell."""
    return " | ".join(values)


def stamp(moment: datetime | None) -> str:
    """Return a time as ISO 8601 in UTC with `Z`; empty for none."""
    return moment.isoformat().replace("+00:00", "Z") if moment else ""
