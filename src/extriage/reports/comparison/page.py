"""A comparison as one HTML page: the answer first, one file, opened without a network."""

from dataclasses import dataclass

from extriage.model.comparison import Comparison, HostChange
from extriage.reports.base import RenderOptions
from extriage.reports.comparison.blocks import OUTCOMES, Block, Tone, blocks, verdicts
from extriage.reports.html.shell import document
from extriage.reports.imprint import mark
from extriage.reports.paper import when


@dataclass(frozen=True, slots=True)
class _Server:
    host: HostChange
    outcome: str
    tone: Tone
    verdicts: str
    blocks: tuple[Block, ...]


def render(comparison: Comparison, options: RenderOptions) -> str:
    """Return the whole comparison as one document, every row of it."""
    name, tone = OUTCOMES[comparison.outcome]
    servers = [
        _Server(host, *OUTCOMES[host.outcome], verdicts(host), blocks(host))
        for host in comparison.hosts
    ]
    context = {
        "comparison": comparison,
        "outcome": name,
        "tone": tone,
        "servers": servers,
        "lone": [
            (one, *OUTCOMES[one.outcome])
            for one in (*comparison.only_before, *comparison.only_after)
        ],
        "sides": [("Earlier", comparison.before), ("Later", comparison.after)],
        "mark": mark(options.tlp),
        "mark_class": f"tlp-{options.tlp.partition('+')[0]}",
        "when": when,
    }
    return document("diff.html.j2", context, scripts=("page.js",))
