"""Ways back in as one CSV table, safe to open in a spreadsheet.

One row for each way back. Columns:

- `host`, `verdict`: the server and what is said about all of it
- `state`: present, unknown, removed or attempted; `why`: one sentence
- `kind`, `object`: what it is and what it is called
- `level`, `certainty`: the highest of the findings that speak of it
- `first`, `last`: UTC times, ISO 8601; since when it is there, and when it was last spoken of
- `who`: addresses and accounts that put it there or used it
- `paths`: where it is or was; `reasons`: what a human can check; `story`: its life in order
- `requests`, `answered`, `visitors`, `gone_after`, `gone_before`: for pages, what the web logs say
- `removal`: the steps that take it out
- `id`, `findings`: as in the JSON report

Several values in one cell are divided by ` | `. Line breaks and control characters are visible
escapes; what would start a formula has an apostrophe in front. The exact texts are in the JSON
report.
"""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

from extriage.model.case import Case
from extriage.model.host import Host
from extriage.model.persistence import PageLife, Persistence
from extriage.reports.base import RenderOptions
from extriage.reports.neutral import cell

COLUMNS = (
    *("host", "verdict", "state", "why", "kind", "object", "level", "certainty", "first", "last"),
    *("who", "paths", "reasons", "story"),
    *("requests", "answered", "visitors", "gone_after", "gone_before"),
    *("removal", "id", "findings"),
)


def render(case: Case, options: RenderOptions) -> str:
    """Return the table with its header, rows in the order of the case."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(COLUMNS)
    for host in case.hosts:
        writer.writerows([cell(value) for value in _row(host, one)] for one in host.persistence)
    return table.getvalue()


def _row(host: Host, one: Persistence) -> tuple[str, ...]:
    story = [f"{_time(chapter.time)} {chapter.text}".strip() for chapter in one.story]
    return (
        *(host.name, host.verdict.status.value, one.state.value, one.state_note),
        *(one.kind, one.object, one.level.value, one.certainty.value),
        *(_time(one.first), _time(one.last), _list(one.by)),
        *(_list(one.paths), _list(one.reasons), _list(story)),
        *_life(one.life),
        *(_list(one.removal), one.id, _list(one.findings)),
    )


def _life(life: PageLife | None) -> tuple[str, ...]:
    if life is None:
        return ("",) * 5
    counts = (life.requests, life.answered, life.visitors_total)
    return (*map(str, counts), _time(life.gone_after), _time(life.gone_before))


def _list(values: Iterable[str]) -> str:
    return " | ".join(values)


def _time(moment: datetime | None) -> str:
    return moment.isoformat().replace("+00:00", "Z") if moment else ""
