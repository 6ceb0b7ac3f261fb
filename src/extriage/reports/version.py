"""The screen of `extriage version`: what a build means for somebody who has to act on it now.

Worst first: is anything open, which of it is used by attackers, what is to be done in which order.
Days are UTC.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.text import Text

from extriage import __version__
from extriage.analysis.advisories import UPDATE_UNKNOWN, deciding, is_exploited
from extriage.analysis.version import VersionAnswer, verdict_code
from extriage.knowledge.builds import spell
from extriage.knowledge.wayout import way_out_texts
from extriage.model.host import Action, AdvisoryState, State, SupportState
from extriage.reports.base import RenderOptions
from extriage.reports.ladder import short_names
from extriage.reports.paper import Paper, printed, sheet

_HEADS = {
    "open": ("OPEN", "bold red"),
    "unsupported": ("UNSUPPORTED", "bold red"),
    "unknown": ("CANNOT TELL", "bold magenta"),
    "closed": ("NOTHING OPEN", "bold green"),
}
_OPEN = (State.OPEN, State.OPEN_NO_PACKAGE)
_GRAVE = ("Critical", "Important", "Moderate", "Low", "None", "")
_SUPPORT = {
    SupportState.SUPPORTED: "",
    SupportState.PAID: "yellow",
    SupportState.UNSUPPORTED: "red",
    SupportState.UNKNOWN: "magenta",
}
_LABEL = 11
_MANY = 400
"""Lines that a list may take; it is never cut in practice."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One answer, and what the evidence says about the server when it came from there."""

    answer: VersionAnswer
    server: str = ""
    evidence: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()


def render(shown: Sequence[Shown], options: RenderOptions, *, everything: bool = False) -> str:
    """Return the answers as text of at most `options.width` columns."""
    paper = sheet(options)
    lines: list[Text] = []
    for one in shown:
        if lines:
            lines.append(paper.line())
        lines += _page(paper, one, everything=everything)
    return printed(paper, lines, color=options.color)


def _page(paper: Paper, one: Shown, *, everything: bool) -> list[Text]:
    answer = one.answer
    lines = [*_head(paper, one), *_facts(paper, one)]
    lines += _exploited(paper, answer)
    lines += _others(paper, answer)
    lines += _unsupported(paper, answer)
    lines += _undecided(paper, answer)
    lines += _actions(paper, answer.action, everything=everything)
    if everything:
        lines += _everything(paper, answer)
    return [*lines, *_foot(paper, answer, everything=everything)]


def _head(paper: Paper, one: Shown) -> list[Text]:
    answer = one.answer
    word, style = _HEADS[_standing(answer)]
    words = (answer.product or "of an unknown version", answer.cu, answer.su)
    name = " ".join(filter(None, ("Exchange", *words)))
    first = paper.line((word, style), "  ", (name, "bold"), f"  {_build(answer)}")
    return [first, *paper.paragraph(["  "], _sentence(answer), lines=3, indent=2)]


def _build(answer: VersionAnswer) -> str:
    build = spell(answer.build)
    return build if answer.precision == "su" else f"{build} or an update on it"


def _standing(answer: VersionAnswer) -> str:
    if any(row.state in _OPEN for row in answer.advisories):
        return "open"
    return {1: "unsupported", 3: "unknown"}.get(verdict_code(answer), "closed")


def _sentence(answer: VersionAnswer) -> str:
    count = Counter(row.state for row in answer.advisories)
    number = count[State.OPEN] + count[State.OPEN_NO_PACKAGE]
    used = sum(1 for row in _open(answer) if is_exploited(row, answer.day))
    if not number:
        text = f"nothing is known to be open on {answer.day}"
    else:
        text = f"{number} known {_holes(number)} open on {answer.day}"
        text += f"; attackers use {used} of them" if used else "; no use by attackers is known"
    if count[State.OPEN_NO_PACKAGE]:
        text += f"; {count[State.OPEN_NO_PACKAGE]} have no update for {answer.cu or 'this CU'}"
    if count[State.UNSUPPORTED]:
        text += f"; {count[State.UNSUPPORTED]} later ones were never assessed for this product"
    unknown = [row for row in answer.advisories if row.state is State.CANNOT_TELL]
    if unknown:
        text += f"; {len(unknown)} cannot be told from the build alone"
        used = sum(1 for row in unknown if is_exploited(row, answer.day))
        text += f", of which attackers use {used}" if used else ""
    return text + "."


def _holes(number: int) -> str:
    return "hole is" if number == 1 else "holes are"


def _open(answer: VersionAnswer) -> list[AdvisoryState]:
    return [row for row in answer.advisories if row.state in _OPEN]


def _facts(paper: Paper, one: Shown) -> list[Text]:
    answer = one.answer
    style = _SUPPORT[answer.support.state]
    lines = _row(paper, "Server", one.server) if one.server else []
    lines += _row(paper, "Support", f"{answer.support.note}.", style=style, lines=4)
    if answer.released:
        kb = f" as KB{answer.kb}" if answer.kb else ""
        what = "the cumulative update was published" if answer.precision == "cu" else "published"
        lines += _row(paper, "Released", f"{what} on {answer.released}{kb}")
    for text in one.evidence:
        lines += _row(paper, "Evidence", text)
    for text in one.conflicts:
        lines += _row(paper, "Conflict", text, style="yellow", lines=4)
    for text in answer.notes:
        lines += _row(paper, "Note", text, style="yellow", lines=4)
    return lines


def _row(paper: Paper, label: str, text: str, *, style: str = "", lines: int = 3) -> list[Text]:
    first = [(f"  {label:{_LABEL - 2}}", style)]
    return paper.paragraph(first, text, lines=lines, indent=_LABEL)


def _exploited(paper: Paper, answer: VersionAnswer) -> list[Text]:
    """List what is open and used by attackers, the earliest first."""
    rows = sorted(
        (row for row in _open(answer) if is_exploited(row, answer.day)),
        key=lambda row: (row.window["from"].isoformat() if row.window else "9", row.cve),
    )
    if not rows:
        return []
    title = f"Open and used by attackers: {len(rows)}"
    head = f"  {'':15}  {'severity':13}  {'used since':10}  {'days':>5}  KEV  fix"
    lines = [paper.heading(title), paper.line((f"{head}  name", "dim"))]
    return lines + [_exploited_row(paper, row) for row in rows]


def _exploited_row(paper: Paper, row: AdvisoryState) -> Text:
    window = row.window
    since = window["from"].date().isoformat() if window else "unknown"
    if said := re.search(r"\d{4}-\d\d(-\d\d)?", row.exploited_since):
        since = said[0]
    days = f"{window['days']:,}" if window else ""
    grave = f"{row.severity} {row.cvss if row.cvss is not None else ''}".strip()
    fix = "CU" if row.state is State.OPEN_NO_PACKAGE else "SU"
    middle = f"  {since:10}  {days:>5}  {'yes' if row.kev else '-':3}  {fix:3}  "
    return paper.line((f"  {row.cve:15}", "bold red"), f"  {grave:13}{middle}", row.name)


def _others(paper: Paper, answer: VersionAnswer) -> list[Text]:
    rows = [row for row in _open(answer) if not is_exploited(row, answer.day)]
    if not rows:
        return []
    lines = [paper.heading(f"Open, no use by attackers known: {len(rows)}")]
    for word in _GRAVE:
        same = [row.cve for row in rows if row.severity == word]
        if same:
            label = f"{word if word not in ('', 'None') else 'not rated'} {len(same)}"
            lines += _list(paper, label, same)
    return lines


def _list(paper: Paper, label: str, cves: Sequence[str]) -> list[Text]:
    text = short_names(list(cves))
    return paper.paragraph([f"  {label:14} "], text, lines=_MANY, indent=17)


def _unsupported(paper: Paper, answer: VersionAnswer) -> list[Text]:
    rows = [row for row in answer.advisories if row.state is State.UNSUPPORTED]
    if not rows:
        return []
    lines = [paper.heading(f"Never assessed, because out of support: {len(rows)}")]
    used = [row.cve for row in rows if is_exploited(row, answer.day)]
    if used:
        lines += _list(paper, f"used {len(used)}", used)
    text = f"{len(rows) - len(used)} more, published since; expect the same holes here"
    return lines + paper.paragraph([f"  {'others':14} "], text, lines=2, indent=17)


def _undecided(paper: Paper, answer: VersionAnswer) -> list[Text]:
    """Sort what the build does not tell by what would tell it."""
    rows = [row for row in answer.advisories if row.state is State.CANNOT_TELL]
    if not rows or not answer.product:
        return []
    lines = [paper.heading(f"Not told by the build: {len(rows)}")]
    settings = way_out_texts().settings
    groups: dict[str, list[str]] = {}
    for row in rows:
        names = [settings[check].name for check in deciding(row.cve)]
        update = row.note.startswith(UPDATE_UNKNOWN) or not names
        groups.setdefault("the security update" if update else names[0], []).append(row.cve)
    for name, cves in groups.items():
        label = f"  {name}: "
        lines += paper.paragraph([label], short_names(cves), lines=_MANY, indent=4)
    return lines


def _actions(paper: Paper, actions: Sequence[Action], *, everything: bool) -> list[Text]:
    questions = {setting.question for setting in way_out_texts().settings.values()}
    asked = [one for one in actions if one.title in questions]
    first = [one for one in actions if one not in asked or everything]
    lines = [paper.heading("Do now, in this order")]
    for number, action in enumerate(first, 1):
        label = f"  {number}. "
        lines += paper.paragraph([(label, "bold")], action.title, lines=3, indent=len(label))
        lines += paper.paragraph([" " * len(label)], action.text, lines=_MANY, indent=len(label))
    if asked and not everything:
        lines.append(paper.heading("Then, because no update does it: --all tells how"))
        for action in asked:
            lines += paper.paragraph(["  - "], action.title, lines=2, indent=4)
    return lines


def _everything(paper: Paper, answer: VersionAnswer) -> list[Text]:
    lines = [paper.heading("Each vulnerability, and why")]
    for row in answer.advisories:
        if row.state is not State.FIXED:
            label = f"  {row.cve}  {row.state.value}: "
            lines += paper.paragraph([label], row.note or "no note", lines=4, indent=4)
    others = ", ".join(answer.not_judged)
    lines += _row(paper, "Not here", f"decided by Windows, Outlook or others: {others}")
    fixed = [row.cve for row in answer.advisories if row.state is State.FIXED]
    return lines + (_list(paper, f"fixed {len(fixed)}", fixed) if fixed else [])


def _foot(paper: Paper, answer: VersionAnswer, *, everything: bool) -> list[Text]:
    note = f"tables as of {answer.knowledge_as_of}, judged for {answer.day}"
    lines = [paper.heading(f"extriage {__version__}", note)]
    fixed = _count(answer.advisories)
    if fixed and not everything:
        text = f"{fixed} more are fixed in this build; --all lists them and gives every reason"
        lines += _row(paper, "Fixed", text)
    return lines


def _count(rows: Iterable[AdvisoryState]) -> int:
    return sum(1 for row in rows if row.state is State.FIXED)
