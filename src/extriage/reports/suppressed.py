"""What suppress files took away: one line that counts it, and on demand the lines themselves."""

from collections.abc import Iterator

from rich.text import Text

from extriage.model.case import Case
from extriage.model.host import Host
from extriage.model.suppression import Suppressed, SuppressionUse
from extriage.reports.paper import Paper, period

_ENTRIES = 3
_NOTES = 3
_ROWS = 40
_INDENT = 13


def suppressed_sum(paper: Paper, case: Case) -> list[Text]:
    """Count what was suppressed and say by what; nothing for a scan without suppress files."""
    if not case.suppressions:
        return []
    lines = paper.paragraph(["  Suppressed "], _sum(case.suppressions), lines=3, indent=_INDENT)
    noted = [use for use in case.suppressions if use.note]
    for use in noted[:_NOTES]:
        text = f"{_name(use)}: {use.note}"
        lines += paper.paragraph([" " * _INDENT], text, lines=2, indent=_INDENT)
    if len(noted) > _NOTES:
        text = f"and {len(noted) - _NOTES} more entries that did nothing"
        lines.append(paper.line(" " * _INDENT, text))
    return lines


def suppressed_list(paper: Paper, case: Case) -> list[Text]:
    """List what was suppressed, by server, entry and rule, with a few of its lines."""
    return list(_listing(paper, case))


def _sum(uses: tuple[SuppressionUse, ...]) -> str:
    """Say how many lines were taken away, and by which entries most."""
    busy = sorted((use for use in uses if use.lines), key=lambda use: -use.lines)
    many = sum(use.lines for use in busy)
    text = f"{many:,} line{'s' if many != 1 else ''} by {len(busy)} entr"
    text += "y" if len(busy) == 1 else "ies"
    named = [f"{_name(use)} ({use.lines:,}): {use.entry.reason}" for use in busy[:_ENTRIES]]
    more = [f"and {len(busy) - _ENTRIES} more"] if len(busy) > _ENTRIES else []
    return ": ".join([text, "; ".join(named + more)]) if named else text


def _name(use: SuppressionUse) -> str:
    scanner = use.entry.scanner
    return f"scanner {scanner}, {use.entry.id}" if scanner else use.entry.id


def _listing(paper: Paper, case: Case) -> Iterator[Text]:
    rows = [(host, row) for host in case.hosts for row in host.suppressed]
    if rows:
        yield paper.heading("Suppressed", f"{len(rows)} kinds of finding")
    for host, row in rows[:_ROWS]:
        yield from _row(paper, host, row)
    if len(rows) > _ROWS:
        yield paper.line(f"  and {len(rows) - _ROWS} more: the csv and json reports have all")


def _row(paper: Paper, host: Host, row: Suppressed) -> Iterator[Text]:
    stage = row.stage.value if row.stage else "-"
    lines = f" ({row.count:,} line{'s' if row.count != 1 else ''})"
    title = paper.fit(row.title, paper.width - 12 - len(lines), head=0.8) + lines
    yield paper.line((f"  {stage:9} ", "dim"), (title, "bold"))
    scanner = f"scanner {row.scanner}, " if row.scanner else ""
    text = f"{host.name}, {period(paper, row.first, row.last)}; {scanner}{row.entry}: {row.reason}"
    yield from paper.paragraph(["    "], text, lines=2, indent=4)
    for evidence in row.evidence:
        line = f":{evidence.line}"
        place = paper.fit(evidence.path, paper.width - 6 - len(line), head=0.25) + line
        yield paper.line("      ", (place, "cyan"))
