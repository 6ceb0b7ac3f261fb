"""Exposed data on the screen: what was taken first, what leaks, then what nobody can tell."""

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from extriage.knowledge.exposures import exposure_kinds
from extriage.model.detection import Certainty
from extriage.model.exposure import Exposed, Exposure, Shown
from extriage.model.host import Host
from extriage.reports.paper import Paper, Part

_STYLE = {
    Exposed.TAKEN: "bold red",
    Exposed.READ: "bold red",
    Exposed.READY: "red",
    Exposed.LEAKING: "bold red",
    Exposed.REACHABLE: "magenta",
    Exposed.ATTEMPTED: "dim",
}
_LABEL = 15
_LINES = 2


def exposures_block(paper: Paper, host: Host, most: int = 6) -> list[Text]:
    """List what is in the ledger, what left first, then the questions by their answers."""
    if not host.exposure_answers:
        return []
    done = [one for one in host.exposures if one.state is not Exposed.ATTEMPTED]
    tried = len(host.exposures) - len(done)
    real = [one for one in done if _counts(one)]
    asked = [one for one in done if not _counts(one)]
    lines = [paper.heading("Data exposure", _sum(done, tried))]
    shown = real if len(real) == most + 1 else real[:most]
    for one in shown:
        lines += _item(paper, one)
    if len(real) > len(shown):
        left = len(real) - len(shown)
        lines.append(paper.line(f"{' ' * _LABEL}and {left:,} more in the case (exposures)"))
    if asked:
        lines += _asked(paper, asked)
    if tried:
        what = "attempt" if tried == 1 else "attempts"
        lines.append(paper.line(("  attempted    ", "dim"), f"{tried:,} failed {what} in the case"))
    return lines + _answers(paper, host)


def _counts(one: Exposure) -> bool:
    """Tell what a break-in is known to have to do with from what administrators do as well."""
    return bool(one.intruders) or one.certainty is not Certainty.POSSIBLE


def _asked(paper: Paper, items: Sequence[Exposure]) -> list[Text]:
    kinds = exposure_kinds()
    many = Counter(kinds[one.kind].title if one.kind in kinds else one.kind for one in items)
    named = ", ".join(f"{title} ({count:,})" for title, count in many.most_common())
    text = f"{named}; nothing ties them to an intruder, ask who ordered them"
    return paper.paragraph([("  to be asked  ", "magenta")], text, lines=_LINES, indent=_LABEL)


def _sum(real: Sequence[Exposure], tried: int) -> str:
    words = [
        f"{many:,} {state.value}"
        for state in Exposed
        if (many := sum(one.state is state for one in real))
    ]
    return ", ".join(words) or ("attempts only" if tried else "nothing of it in the evidence")


def _item(paper: Paper, one: Exposure) -> list[Text]:
    head: list[Part] = [(f"  {one.state.value:11}  ", _STYLE[one.state])]
    text = f"{one.text} [{one.certainty.value}]"
    return paper.paragraph(head, text, lines=_LINES, indent=_LABEL)


def _answers(paper: Paper, host: Host) -> list[Text]:
    lines: list[Text] = []
    for shown, label, style in (
        (Shown.CANNOT_TELL, "cannot tell", "magenta"),
        (Shown.NOT_SHOWN, "not shown", "green"),
    ):
        named = [one for one in host.exposure_answers if one.answer is shown]
        if named:
            text = ", ".join(one.title.lower() for one in named) + _why(shown, named[0].missing)
            lines += paper.paragraph(
                [(f"  {label:11}  ", style)], text, lines=_LINES, indent=_LABEL
            )
    return lines


def _why(shown: Shown, missing: Sequence[str]) -> str:
    if shown is Shown.NOT_SHOWN:
        return "; it holds for the time that the logs cover"
    return f" ({missing[0]})" if missing else ""
