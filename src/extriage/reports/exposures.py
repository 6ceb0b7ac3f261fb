"""Exposed data on the screen: what was taken first, what leaks, then what nobody can tell."""

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from extriage.knowledge.exposures import exposure_kinds
from extriage.model.detection import Certainty
from extriage.model.exposure import Exposed, Exposure, ExposureAnswer, Shown
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
_LINES = 4
_QUESTIONS = 4


def exposures_block(paper: Paper, host: Host, most: int = 6) -> list[Text]:
    """List what is in the ledger, what left first, then the questions by their answers."""
    if not host.exposure_answers:
        return []
    done = [one for one in host.exposures if one.state is not Exposed.ATTEMPTED]
    tried = len(host.exposures) - len(done)
    real = [one for one in done if _counts(one)]
    asked = [one for one in done if not _counts(one)]
    lines = [paper.heading("Data exposure", _sum(host, real, (len(asked), tried)))]
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


def _sum(host: Host, real: Sequence[Exposure], others: tuple[int, int]) -> str:
    """Count what a break-in has to do with by its state, then what is to be asked about."""
    asked, tried = others
    words = [
        f"{many:,} {state.value}"
        for state in Exposed
        if (many := sum(one.state is state for one in real))
    ]
    words += [f"{asked:,} to be asked"] if asked else []
    if not words and all(one.answer is Shown.CANNOT_TELL for one in host.exposure_answers):
        return "nobody can tell"
    return ", ".join(words) or ("attempts only" if tried else "nothing of it in the evidence")


def _item(paper: Paper, one: Exposure) -> list[Text]:
    head: list[Part] = [(f"  {one.state.value:11}  ", _STYLE[one.state])]
    first, *rest = one.text.split(". ")
    text = f"{first.removesuffix('.')}. [{one.certainty.value}]"
    for sentence in rest:
        longer = f"{text} {sentence.removesuffix('.')}."
        if not _fits(paper, longer):
            # NOTE: a sentence that is cut in its middle tells less than none.
            break
        text = longer
    return paper.paragraph(head, text, lines=_LINES, indent=_LABEL)


def _fits(paper: Paper, text: str) -> bool:
    """Tell whether a text stands on the screen as it is."""
    if len(text) > paper.width * _LINES:
        return False
    lines = paper.paragraph([" " * _LABEL], text, lines=_LINES, indent=_LABEL)
    return "".join(line.plain for line in lines).split() == text.split()


def _answers(paper: Paper, host: Host) -> list[Text]:
    lines: list[Text] = []
    for shown, label, style in (
        (Shown.CANNOT_TELL, "cannot tell", "magenta"),
        (Shown.NOT_SHOWN, "not shown", "green"),
    ):
        named = [one for one in host.exposure_answers if one.answer is shown]
        if named:
            text = _few([one.title.lower() for one in named]) + _why(named[0])
            lines += paper.paragraph(
                [(f"  {label:11}  ", style)], text, lines=_LINES, indent=_LABEL
            )
    return lines


def _few(titles: Sequence[str]) -> str:
    left = len(titles) - _QUESTIONS
    return ", ".join(titles if left <= 1 else [*titles[:_QUESTIONS], f"{left} more"])


def _why(one: ExposureAnswer) -> str:
    """Say for which time silence holds, or what is missing."""
    if one.answer is not Shown.NOT_SHOWN:
        return f" ({one.missing[0]})" if one.missing else ""
    if one.window is None:
        return ", in the time that the logs cover"
    first, last = (f"{one.window[end]:%Y-%m-%d %H:%M}" for end in ("from", "to"))
    return f", from {first} to {last if last[:10] != first[:10] else last[11:]} UTC"
