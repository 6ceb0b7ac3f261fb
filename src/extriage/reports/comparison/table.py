"""A comparison as one CSV table, safe to open in a spreadsheet.

One row for each thing that is compared. Columns:

- `server`, `outcome`: as the earlier case calls it, and what its comparison comes to
- `theme`: way-back, leak, data, return, finding, hole, setting, step, coverage, note, server
- `change`: still-there, back, new, newly-visible, cannot-tell, came-and-went, gone, still-gone;
  of steps still-to-do, cannot-tell, done, people-must-say; of coverage worse or as-good
- `kind`, `object`: what it is and what it is called
- `before`, `after`: its state in both cases, if it has one; `sure`: `no` if its owner must be asked
- `first`, `last`: UTC times; `text`: one sentence; `before_id`, `after_id`: ids in the two cases

Line breaks and control characters are visible escapes; what would start a formula has an apostrophe
in front.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from extriage.model.comparison import Comparison, HostChange
from extriage.reports.base import RenderOptions
from extriage.reports.sheet import sheet_of, stamp

COLUMNS = (
    *("server", "outcome", "theme", "change", "kind", "object", "before", "after", "sure"),
    *("first", "last", "text", "before_id", "after_id"),
)


@dataclass(frozen=True, slots=True)
class _Thing:
    theme: str
    change: str
    text: str
    kind: str = ""
    object: str = ""
    states: tuple[str, str] = ("", "")
    sure: bool | None = None
    first: datetime | None = None
    last: datetime | None = None
    ids: tuple[str, str] = ("", "")

    def row(self, server: str, outcome: str) -> tuple[str, ...]:
        sure = "" if self.sure is None else "yes" if self.sure else "no"
        return (
            *(server, outcome, self.theme, self.change, self.kind, self.object, *self.states, sure),
            *(stamp(self.first), stamp(self.last), self.text, *self.ids),
        )


def render(comparison: Comparison, options: RenderOptions) -> str:
    """Return the table with its header, servers in the order of the comparison."""
    return sheet_of(COLUMNS, _rows(comparison))


def _rows(comparison: Comparison) -> Iterator[tuple[str, ...]]:
    for host in comparison.hosts:
        outcome = host.outcome.value
        yield _Thing("server", "", host.text).row(host.name, outcome)
        for thing in _things(host):
            yield thing.row(host.name, outcome)
    for theme, lone in (
        *(("only-before", one) for one in comparison.only_before),
        *(("only-after", one) for one in comparison.only_after),
    ):
        yield _Thing("server", theme, lone.text).row(lone.name, lone.outcome.value)
    for note in comparison.notes:
        yield _Thing("note", "", note).row("", comparison.outcome.value)


def _things(host: HostChange) -> Iterator[_Thing]:
    for way in host.ways:
        yield _Thing(
            *("way-back", way.change, way.text, way.kind, way.object),
            *((way.before or "", way.after or ""), way.sure, way.first, way.last),
            (way.before_id, way.after_id),
        )
    for leak in host.leaks:
        ids = (leak.before_id, leak.after_id)
        yield _Thing(
            "leak", leak.change, leak.text, leak.kind, leak.object, sure=leak.sure, ids=ids
        )
    for data in host.data:
        yield _Thing(
            *("data", data.change, data.text, data.kind, data.object),
            first=data.first, last=data.last, ids=("", data.after_id),
        )  # fmt: skip
    yield from _events(host)
    yield from _state(host)


def _events(host: HostChange) -> Iterator[_Thing]:
    for one in host.returns:
        kind = "got-in" if one.got_in else "came-by"
        yield _Thing(
            *("return", "new", one.text, kind, " ".join(one.by)),
            first=one.first, last=one.last, ids=(one.same_as, one.intruder),
        )  # fmt: skip
    yield _Thing("activity", host.activity.answer, host.activity.text)
    for found in host.findings:
        stage = found.stage.value if found.stage else ""
        yield _Thing(
            *("finding", found.change, found.text, stage, found.rule),
            first=found.first, last=found.last, ids=(found.id, ""),
        )  # fmt: skip


def _state(host: HostChange) -> Iterator[_Thing]:
    yield _Thing("build", "", host.patch.text, states=(host.patch.before, host.patch.after))
    for hole in host.patch.holes:
        kind = "used-here" if hole.used_here else "used-elsewhere"
        yield _Thing("hole", "", hole.name, kind, hole.cve, (hole.before, hole.after))
    for check in host.patch.checks:
        yield _Thing("setting", "", check.title, "", check.id, (check.before, check.after))
    for step in host.steps:
        text = f"{step.title}. {step.text}" if step.text else step.title
        yield _Thing("step", step.done, text, step.when, step.id)
    for row in host.coverage:
        yield _Thing("coverage", "worse" if row.worse else "as-good", row.text, row.kind, row.title)
    for note in host.notes:
        yield _Thing("note", "", note)
