"""What one intruder did, in order: the furthest chain of findings."""

from collections.abc import Mapping, Sequence

from rich.text import Text

from extriage.model.detection import Stage
from extriage.model.host import Chain, Host, Step
from extriage.reports.paper import STAGE_STYLE, Paper, Part, period, standing

_STEPS = 6
_NAMED = {"address": "from", "account": "as", "page": "with"}
_EACH = 2


def story_block(paper: Paper, host: Host) -> list[Text]:
    """Tell the furthest chain; nothing if nothing hangs together."""
    if not host.chains:
        return []
    chain, others = host.chains[0], len(host.chains) - 1
    level = f"{standing(chain.stage, chain.certainty)}, {period(paper, chain.first, chain.last)}"
    lines = [paper.heading("What happened, in order", level)]
    if names := _names(chain):
        lines += paper.paragraph([("  Who      ", "bold")], names, lines=2, indent=11)
    steps = _told(chain.steps, {one.id: one.certainty.rank for one in host.findings})
    lines += [line for step in steps for line in _step(paper, step)]
    if chain.raised:
        lines += paper.paragraph([("  Together ", "bold")], chain.raised, lines=2, indent=11)
    left = len({step.title for step in chain.steps}) - len(steps)
    more = [f"{left} more kinds of step"] if left else []
    more += [f"{others} more chain{'s' if others > 1 else ''}"] if others else []
    if more:
        lines.append(paper.line(f"           and {', '.join(more)} in the case (chains)"))
    return lines


def _names(chain: Chain) -> str:
    """Say who it was and with what, as far as the lines name it."""
    words = []
    for key, word in _NAMED.items():
        values = [value for name, value in chain.keys if name == key]
        if values:
            more = f" and {len(values) - _EACH} more" if len(values) > _EACH else ""
            words.append(f"{word} {', '.join(values[:_EACH])}{more}")
    return "; ".join(words)


def _told(steps: Sequence[Step], surety: Mapping[str, int]) -> list[Step]:
    """Choose what to tell: each kind of step once, the surest of each stage before all others."""
    first: dict[str, Step] = {}
    for step in steps:
        first.setdefault(step.title, step)
    kinds = list(first.values())
    surest = sorted(kinds, key=lambda step: -surety.get(step.finding, 0))
    best = list({step.stage: step for step in reversed(surest)}.values())
    others = [step for step in surest if step not in best]
    others.sort(key=lambda step: -(step.stage.rank if step.stage else 0))
    chosen = [*best, *others][:_STEPS]
    return [step for step in kinds if step in chosen]


def _step(paper: Paper, step: Step) -> list[Text]:
    stage = step.stage or Stage.PROBED
    word = stage.value if step.proved else f"{stage.value}?"
    head: list[Part] = [f"  {step.time:%m-%d %H:%M:%S} ", (f"{word:10}", STAGE_STYLE[stage])]
    return paper.paragraph(head, step.title, lines=1, indent=28)
