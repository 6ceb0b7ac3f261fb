"""A comparison in Markdown, for tickets and mails: nothing of it is a link or a mention."""

from collections.abc import Iterator

from extriage.model.comparison import Comparison, HostChange, Side
from extriage.reports.base import RenderOptions
from extriage.reports.comparison.blocks import OUTCOMES, Block, blocks, verdicts
from extriage.reports.imprint import mark
from extriage.reports.paper import when
from extriage.reports.prose import code, prose

_ROOM = 1000


def render(comparison: Comparison, options: RenderOptions) -> str:
    """Return the whole comparison, every row of it."""
    return "\n".join(_lines(comparison, options)).rstrip("\n") + "\n"


def _lines(comparison: Comparison, options: RenderOptions) -> Iterator[str]:
    if options.tlp:
        yield from (f"**{mark(options.tlp)}**", "")
    yield from (f"# {OUTCOMES[comparison.outcome][0].capitalize()}", "")
    yield from (prose(comparison.text, _ROOM), "")
    for lone in (*comparison.only_before, *comparison.only_after):
        yield f"- **{OUTCOMES[lone.outcome][0].lower()}** {prose(lone.text, _ROOM)}"
    if comparison.only_before or comparison.only_after:
        yield ""
    for host in comparison.hosts:
        yield from _host(host)
    yield from ("## The two cases", "")
    yield f"- earlier: {_side(comparison.before)}"
    yield f"- later: {_side(comparison.after)}"
    for note in comparison.notes:
        yield f"- {prose(note, _ROOM)}"


def _side(side: Side) -> str:
    names = ", ".join(code(name) for name in side.hosts) or "no server"
    tool = side.tool
    last = f"evidence until {when(side.last)} UTC" if side.last else "evidence without times"
    return (
        f"{names}; {last}; extriage {prose(tool.version)}, knowledge as of "
        f"{prose(tool.knowledge_as_of)}, content {code(tool.content_sha256[:12])}"
    )


def _host(host: HostChange) -> Iterator[str]:
    shown = code(host.name) if host.name == host.now else f"{code(host.name)}, now {code(host.now)}"
    yield from (f"## {shown}: {OUTCOMES[host.outcome][0].lower()}", "")
    yield from (prose(host.text, _ROOM), "")
    yield from (f"**May it go back to the network?** {prose(host.advice, _ROOM)}", "")
    yield from (f"Verdict: {prose(verdicts(host))}.", "")
    for block in blocks(host):
        yield from _block(block)


def _block(block: Block) -> Iterator[str]:
    yield from (f"### {block.title}", "")
    if block.note:
        yield from (prose(block.note), "")
    for row in block.rows:
        name = f" {prose(row.name, _ROOM)}:" if row.name else ""
        text = f" {prose(row.text, _ROOM)}" if row.text else ""
        yield f"- **{row.mark}**{name}{text}".removesuffix(":" if not row.items else "")
        yield from (f"  - [ ] {prose(item, _ROOM)}" for item in row.items)
    yield ""
