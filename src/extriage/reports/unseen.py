"""The campaigns of which nothing was found: would it have shown, or can nobody tell?"""

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from extriage.model.host import Absence, CampaignVerdict
from extriage.reports.ladder import short_names
from extriage.reports.paper import ANSWER_STYLE, Paper

_LABELS = {
    Absence.CANNOT_TELL: "cannot tell",
    Absence.NOT_SEEN: "not seen",
    Absence.NOT_YET: "not yet used",
    Absence.NOT_APPLICABLE: "not affected",
}
"""The answers, worst first."""


def unseen_block(paper: Paper, campaigns: Sequence[CampaignVerdict]) -> list[Text]:
    """List campaigns by what their absence means, each answer with its commonest reason."""
    lines = [paper.heading("Nothing found of")]
    for answer, label in _LABELS.items():
        named = [one for one in campaigns if answer_of(one) is answer]
        if named:
            text = _told(named, answer)
            head = (f"  {label:13}", ANSWER_STYLE[answer])
            lines += paper.paragraph([head], text, lines=6, indent=15)
    ways = [known_as(one) for one in campaigns if not one.coverage]
    if ways:
        text = f"{', '.join(ways)}: as far as the evidence shows them"
        lines += paper.paragraph([("  no trace     ", "dim")], text, lines=6, indent=15)
    return lines if len(lines) > 1 else []


def unseen_line(paper: Paper, campaigns: Sequence[CampaignVerdict]) -> list[Text]:
    """Count the campaigns of which nothing was found, beside one of which much was."""
    counts = Counter(answer_of(one) for one in campaigns)
    words = [f"{counts[answer]} {label}" for answer, label in _LABELS.items() if counts[answer]]
    if counts[None]:
        words.append(f"{counts[None]} without a trace")
    if not words:
        return []
    text = f"of other attacks: {', '.join(words)}"
    return paper.paragraph([("  Nothing  ", "bold")], text, lines=2, indent=11)


def _told(named: Sequence[CampaignVerdict], answer: Absence) -> str:
    if answer is Absence.NOT_YET:
        first = named[0].coverage[0].note.partition(",")[0]
        return f"{len(named)} waves of attacks that were first seen later: {first}"
    text = ", ".join(known_as(one) for one in named)
    reason = _reason(named, answer)
    return f"{text}: {reason}" if reason else text


def answer_of(campaign: CampaignVerdict) -> Absence | None:
    """Return the worst answer for its vulnerabilities; None for ways that need no hole."""
    answers = {cve.answer for cve in campaign.coverage}
    return next((answer for answer in _LABELS if answer in answers), None)


def known_as(campaign: CampaignVerdict) -> str:
    """Return the name that people know: the title without its year, else the vulnerabilities."""
    if campaign.campaign.startswith("cve-") and campaign.cves:
        return short_names(list(campaign.cves))
    return campaign.title.partition(" (")[0]


def _reason(campaigns: Sequence[CampaignVerdict], answer: Absence) -> str:
    notes = Counter(
        cve.note for one in campaigns for cve in one.coverage if cve.answer is answer and cve.note
    )
    if not notes or answer is Absence.NOT_APPLICABLE:
        return ""
    note, _ = max(notes.items(), key=lambda item: (item[1], item[0]))
    return note if len(notes) == 1 else f"such as: {note}"
