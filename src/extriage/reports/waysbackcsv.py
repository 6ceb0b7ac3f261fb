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

from extriage.model.case import Case
from extriage.model.host import Host
from extriage.model.persistence import PageLife, Persistence
from extriage.reports.base import RenderOptions
from extriage.reports.sheet import joined, sheet_of, stamp

COLUMNS = (
    *("host", "verdict", "state", "why", "kind", "object", "level", "certainty", "first", "last"),
    *("who", "paths", "reasons", "story"),
    *("requests", "answered", "visitors", "gone_after", "gone_before"),
    *("removal", "id", "findings"),
)


def render(case: Case, options: RenderOptions) -> str:
    """Return the table with its header, rows in the order of the case."""
    return sheet_of(COLUMNS, (_row(host, one) for host in case.hosts for one in host.persistence))


def _row(host: Host, one: Persistence) -> tuple[str, ...]:
    story = [f"{stamp(chapter.time)} {chapter.text}".strip() for chapter in one.story]
    return (
        *(host.name, host.verdict.status.value, one.state.value, one.state_note),
        *(one.kind, one.object, one.level.value, one.certainty.value),
        *(stamp(one.first), stamp(one.last), joined(one.by)),
        *(joined(one.paths), joined(one.reasons), joined(story)),
        *_life(one.life),
        *(joined(one.removal), one.id, joined(one.findings)),
    )


def _life(life: PageLife | None) -> tuple[str, ...]:
    if life is None:
        return ("",) * 5
    counts = (life.requests, life.answered, life.visitors_total)
    return (*map(str, counts), stamp(life.gone_after), stamp(life.gone_before))
