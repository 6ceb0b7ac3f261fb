"""A comparison on the screen: the answer first, then what it rests on, the worst first."""

from collections.abc import Iterator

from rich.text import Text

from extriage.model.comparison import Comparison, HostChange
from extriage.reports.base import RenderOptions
from extriage.reports.comparison.blocks import OUTCOMES, Block, Row, Tone, blocks, verdicts
from extriage.reports.imprint import mark
from extriage.reports.paper import Paper, printed, sheet, when

_STYLE = {
    Tone.BAD: "bold red",
    Tone.WARN: "yellow",
    Tone.UNSURE: "magenta",
    Tone.GOOD: "green",
    Tone.PLAIN: "dim",
}
_INDENT = 15
_LINES = 6
_ROWS = 12
"""Rows of one block; the others are counted, and stand in the other formats."""
_WIDEST_NAME = 40


def render(comparison: Comparison, options: RenderOptions) -> str:
    """Return the comparison as text of at most `options.width` columns."""
    paper = sheet(options)
    lines = [*_marked(paper, options), *_page(paper, comparison)]
    return printed(paper, lines, color=options.color)


def _marked(paper: Paper, options: RenderOptions) -> Iterator[Text]:
    if options.tlp:
        yield paper.line((mark(options.tlp), "bold"))


def _page(paper: Paper, comparison: Comparison) -> Iterator[Text]:
    alone = len(comparison.hosts) == 1 and not (comparison.only_before or comparison.only_after)
    if not alone:
        yield from _overview(paper, comparison)
    for host in comparison.hosts:
        yield from _host(paper, host)
    yield from _imprint(paper, comparison)


def _overview(paper: Paper, comparison: Comparison) -> Iterator[Text]:
    name, tone = OUTCOMES[comparison.outcome]
    yield from paper.paragraph([(f"{name}  ", _STYLE[tone])], comparison.text, lines=4, indent=2)
    for host in comparison.hosts:
        yield _summed(paper, host.name, host)
    alone = sorted(
        (*comparison.only_after, *comparison.only_before), key=lambda one: one.outcome.rank
    )
    for lone in alone[:_ROWS]:
        mark_, tone = OUTCOMES[lone.outcome]
        head = [(f"  {mark_:13}", _STYLE[tone])]
        yield from paper.paragraph(head, lone.text, lines=3, indent=_INDENT)
    if len(alone) > _ROWS:
        left = f"and {len(alone) - _ROWS} more servers that only one case has (--format markdown)"
        yield paper.line(" " * _INDENT, left)


def _summed(paper: Paper, name: str, host: HostChange) -> Text:
    mark_, tone = OUTCOMES[host.outcome]
    return paper.line(
        (f"  {mark_:13}", _STYLE[tone]), (paper.fit(name, _WIDEST_NAME), "bold"), f"  {host.text}"
    )


def _host(paper: Paper, host: HostChange) -> Iterator[Text]:
    name, tone = OUTCOMES[host.outcome]
    shown = host.name if host.name == host.now else f"{host.name}, now {host.now}"
    yield paper.line((name, _STYLE[tone]), "  ", (paper.fit(shown, paper.width // 2), "bold"))
    yield from paper.paragraph(["  "], host.text, lines=8, indent=2)
    yield from paper.paragraph([("  Back?     ", "bold")], host.advice, lines=3, indent=12)
    yield from paper.paragraph([("  Verdict   ", "bold")], f"{verdicts(host)}.", lines=2, indent=12)
    for block in blocks(host):
        yield from _block(paper, block)


def _block(paper: Paper, block: Block) -> Iterator[Text]:
    yield paper.heading(block.title, block.note)
    shown = block.rows if len(block.rows) == _ROWS + 1 else block.rows[:_ROWS]
    for row in shown:
        yield from _row(paper, row)
    if len(block.rows) > len(shown):
        left = len(block.rows) - len(shown)
        yield paper.line(f"{' ' * _INDENT}and {left} more (--format markdown)")


def _row(paper: Paper, row: Row) -> list[Text]:
    head = [(f"  {row.mark:13}", _STYLE[row.tone])]
    name = paper.fit(row.name, paper.width) if row.name else ""
    text = f"{name}: {row.whole}" if name and row.whole else name or row.whole
    return paper.paragraph(head, text, lines=_LINES, indent=_INDENT)


def _imprint(paper: Paper, comparison: Comparison) -> Iterator[Text]:
    before, after = comparison.before, comparison.after
    same = before.tool == after.tool
    tools = [after.tool] if same else [before.tool, after.tool]
    told = ", then ".join(f"extriage {one.version}, {one.content_sha256[:12]}" for one in tools)
    yield paper.heading("The two cases", told)
    for label, side in (("  Earlier  ", before), ("  Later    ", after)):
        names = ", ".join(side.hosts[:4]) + (" ..." if len(side.hosts) > 4 else "")
        last = f"evidence until {when(side.last)} UTC" if side.last else "evidence without times"
        yield from paper.paragraph([label], f"{names or 'no server'}; {last}", lines=2, indent=11)
    for note in comparison.notes:
        yield from paper.paragraph([("  Note     ", "yellow")], note, lines=5, indent=11)
