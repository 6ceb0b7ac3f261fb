"""The coverage matrix: which evidence was there, from when to when, and where it has holes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rich.text import Text

from extriage.model.host import Coverage, Host, Status
from extriage.reports.filling import places_to_fill, recipe, spot
from extriage.reports.paper import Paper, day

_ROWS = 6
_PLACES = 3
"""Places to collect that are named with their folders; the recipe has all."""
_LONGEST = 20
"""Columns lost at the end of a line, to a name that goes to the next."""
_NUMBERS = 40
"""Columns that files, unreadable, first, last and gaps take, with the blanks between."""

_WHOLE = 0.999


@dataclass(frozen=True, slots=True)
class Axis:
    """The stretch of time that the bars show."""

    start: datetime
    end: datetime
    window: str
    """Words for the time in which the server could be exploited; empty for all that was covered."""

    def part(self, index: int, cells: int) -> tuple[datetime, datetime]:
        """Return the stretch of time that one cell of a bar stands for."""
        step = (self.end - self.start) / cells
        return self.start + step * index, self.start + step * (index + 1)


def coverage_block(paper: Paper, host: Host, rows: int = _ROWS) -> list[Text]:
    """Draw a row for each kind of evidence; kinds that the verdict needs come first."""
    coverage = _ordered(host)
    shown = [kind for kind in coverage if kind.first or not kind.files][:rows]
    kind_cells = _kind_cells(paper, shown)
    cells = max(min(paper.width - 2 - kind_cells - _NUMBERS, 60), 0)
    axis = _axis(host)
    head = f"  {'kind':{kind_cells}} files  bad {'first':10} {'last':10} gaps"
    lines = [paper.heading("Coverage", _axis_note(paper, axis)), paper.line((head, "dim"))]
    lines += [_row(paper, kind, axis, kind_cells, cells) for kind in shown]
    marks = _marks(paper, host, axis, cells)
    if marks:
        label = f"  {'findings':{kind_cells}}"
        lines.append(paper.line(label + " " * _NUMBERS, (marks, "red")))
    others = [kind for kind in coverage if kind not in shown]
    if others:
        lines += _also(paper, others)
    return lines + _to_collect(paper, host)


def _to_collect(paper: Paper, host: Host) -> list[Text]:
    """Say which places would answer what nobody can tell, and the command for a recipe."""
    # NOTE: the screen of a server that was broken into is kept for what to do now; its page and its
    # ticket have this too.
    compromised = host.verdict.status is Status.COMPROMISED
    found = () if compromised else places_to_fill(host)
    if not found:
        return []
    named = ", ".join(f"{place.title} ({spot(place)})" for place in found[:_PLACES])
    left = len(found) - _PLACES
    more = f" and {left} more" if left > 0 else ""
    lines = paper.paragraph([("  to take  ", "dim")], named + more, lines=5, indent=11)
    return lines + paper.paragraph([("  recipe   ", "dim")], recipe(found), lines=4, indent=11)


def _also(paper: Paper, others: Sequence[Coverage]) -> list[Text]:
    """Name the other kinds with their files, as many as fit into two lines."""
    room = 2 * (paper.width - 11) - len(" and 99 more in the case (coverage)") - _LONGEST
    named: list[str] = []
    for kind in others:
        word = f"{kind.kind} ({_short(kind.files)})"
        if sum(len(one) + 2 for one in [*named, word]) > max(room, len(word) + 2):
            break
        named.append(word)
    left = len(others) - len(named)
    more = f" and {left} more in the case (coverage)" if left else ""
    text = ", ".join(named) + more
    return paper.paragraph([("  also     ", "dim")], text, lines=3, indent=11)


def _ordered(host: Host) -> list[Coverage]:
    """Return all kinds, with an empty row for each that a verdict needs and nobody collected.

    What is needed and there comes first, then what is needed and missing.
    """
    logs = {
        kind.strip()
        for campaign in host.campaigns
        for cve in campaign.coverage
        for log in cve.logs
        for kind in log.kind.split("+")
    }
    missing = sorted(logs - {kind.kind for kind in host.coverage})
    absent = [Coverage(kind, 0, 0, 0, None, None, ()) for kind in missing]
    there = {kind.kind for kind in host.coverage}
    whole = {log.partition(":")[0] for log in logs if log.partition(":")[0] in there}

    def place(kind: Coverage) -> tuple[int, str]:
        parts = any(one.startswith(f"{kind.kind}:") for one in there)
        wanted = kind.kind in logs or (kind.kind in whole and not parts)
        return (0 if wanted and kind.files else 1 if wanted else 2), kind.kind

    return sorted([*host.coverage, *absent], key=place)


def _kind_cells(paper: Paper, coverage: Sequence[Coverage]) -> int:
    longest = max((len(kind.kind) for kind in coverage), default=0)
    room = paper.width - 2 - _NUMBERS
    return max(min(longest, max(room * 3 // 5, min(14, room - 4))), 8)


def _row(paper: Paper, kind: Coverage, axis: Axis | None, kind_cells: int, cells: int) -> Text:
    name = paper.cell(kind.kind, kind_cells, head=0.3)
    if not kind.files and not kind.records:
        empty = paper.glyphs.none * cells if axis else ""
        nothing = f"{'none':>6} {'':{_NUMBERS - 8}} "
        return paper.line(f"  {name}", (nothing, "magenta"), (empty, "dim"))
    bad = f" {min(kind.unreadable, 9999) or '-':>4}"
    return paper.line(
        f"  {name}{_short(kind.files):>6}",
        (bad, "red" if kind.unreadable else "dim"),
        f" {day(kind.first)} {day(kind.last)}",
        (f" {len(kind.gaps) or '-':>4}  ", "yellow" if kind.gaps else "dim"),
        (bar(paper, kind, axis, cells) if axis else "", "cyan"),
    )


def _short(count: int) -> str:
    return str(count) if count < 100_000 else f"{count // 1000}k"


def bar(paper: Paper, kind: Coverage, axis: Axis, cells: int) -> str:
    """Draw one character for each stretch of time: covered, partly covered, not covered."""
    glyphs = paper.glyphs
    drawn = []
    for index in range(cells):
        start, end = axis.part(index, cells)
        share = _share(kind, start, end)
        drawn.append(glyphs.full if share > _WHOLE else glyphs.part if share > 0 else glyphs.none)
    return "".join(drawn)


def _share(kind: Coverage, start: datetime, end: datetime) -> float:
    """Return which share of a stretch of time lies between the records of a kind."""
    if kind.first is None or kind.last is None or kind.last < start or kind.first > end:
        return 0.0
    covered = _overlap(kind.first, kind.last, start, end)
    covered -= sum((_overlap(gap["from"], gap["to"], start, end) for gap in kind.gaps), timedelta())
    if covered > timedelta():
        return covered / (end - start)
    # A single record, or one between two gaps, still shows that something was there.
    begins = (kind.first, *(gap["to"] for gap in kind.gaps))
    ends = (kind.last, *(gap["from"] for gap in kind.gaps))
    alone = any(start <= time < end for time in begins) or any(start < time <= end for time in ends)
    return 0.001 if alone else 0.0


def _overlap(first: datetime, last: datetime, start: datetime, end: datetime) -> timedelta:
    return max(min(last, end) - max(first, start), timedelta())


def _axis(host: Host) -> Axis | None:
    """Choose the time that counts: the exploitation window, else all that was covered."""
    seen = [campaign for campaign in host.campaigns if campaign.stage and campaign.cves]
    asked = [cve for campaign in seen or host.campaigns for cve in campaign.coverage if cve.weighs]
    windows = [cve.window for cve in asked if cve.window]
    starts = [window["from"] for window in windows]
    ends = [window["to"] for window in windows]
    if not windows:
        starts = _known(kind.first for kind in host.coverage)
        ends = _known(kind.last for kind in host.coverage)
    if not starts or not ends:
        return None
    starts += _known(campaign.first for campaign in host.campaigns)
    ends += _known(campaign.last for campaign in host.campaigns)
    start, end = min(starts), max(ends)
    return Axis(start, end, _window_words(host) if windows else "") if start < end else None


def _window_words(host: Host) -> str:
    return "while it was open" if host.patch.build else "while it may have been open"


def _known(times: Iterable[datetime | None]) -> list[datetime]:
    return [time for time in times if time is not None]


def _axis_note(paper: Paper, axis: Axis | None) -> str:
    if axis is None:
        return ""
    span = f"{day(axis.start)} {paper.glyphs.dash} {day(axis.end)}"
    return f"{span}, {axis.window}" if axis.window else span


def _marks(paper: Paper, host: Host, axis: Axis | None, cells: int) -> str:
    """Mark under the bars when the findings of campaigns happened; empty if there are none."""
    if axis is None:
        return ""
    ids = {name for campaign in host.campaigns for name in campaign.findings}
    findings = [finding for finding in host.findings if finding.id in ids]
    times = _known(
        time
        for finding in findings
        for time in (finding.first, finding.last, *(line.time for line in finding.evidence))
    )
    where = {_cell_of(axis, time, cells) for time in times if axis.start <= time <= axis.end}
    return "".join(paper.glyphs.mark if index in where else " " for index in range(cells)).rstrip()


def _cell_of(axis: Axis, time: datetime, cells: int) -> int:
    return min(int((time - axis.start) / (axis.end - axis.start) * cells), cells - 1)
