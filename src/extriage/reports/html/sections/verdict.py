"""The verdict as the first screen tells it: word, reason, meaning, could it have been seen."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from extriage.model.exposure import Shown
from extriage.model.host import Absence, CveVerdict, Host, Status
from extriage.model.persistence import Presence
from extriage.reports.html.sections.bounds import TEXT_CHARACTERS, prose
from extriage.reports.meanings import CERTAINTY_MEANS, STAGE_MEANS, STATUS_NAMES, looks_like, means
from extriage.reports.neutral import cut

TONES = {
    Status.COMPROMISED: "bad",
    Status.TARGETED: "warn",
    Status.CANNOT_TELL: "unsure",
    Status.NO_SIGN: "good",
}
_SENTENCE = re.compile(r"(?<=[a-z0-9)][.])\s+(?=[A-Z0-9])")
_WHY = 120


@dataclass(frozen=True, slots=True)
class Sight:
    """Would the evidence have shown an attack?"""

    answer: str
    tone: str
    text: str
    data: str
    """The same about data that left; empty if no kind of data is in doubt."""


@dataclass(frozen=True, slots=True)
class VerdictView:
    """One server's verdict."""

    name: str
    tone: str
    mark: str
    """Which shape stands beside the word: `bad`, `warn`, `unsure`, `good`."""
    meaning: str
    lead: str
    rest: str
    standing: str
    explained: tuple[tuple[str, str], ...]
    """Stage and certainty, each with its plain sentence."""
    but: str
    """What keeps a verdict without a sign from being good news."""
    sight: Sight


def verdict(host: Host) -> VerdictView:
    """Return the verdict of a server in words, with the tone that it deserves."""
    said = host.verdict
    tone = TONES[looks_like(host)]
    lead, rest = _reason(said.reason)
    explained = []
    if said.stage:
        explained.append((f"stage {said.stage.value}", STAGE_MEANS[said.stage]))
    if said.certainty:
        explained.append((said.certainty.value, CERTAINTY_MEANS[said.certainty]))
    words = [word.value for word in (said.stage, said.certainty) if word]
    return VerdictView(
        name=STATUS_NAMES[said.status],
        tone=tone,
        mark=tone,
        meaning=means(host),
        lead=lead,
        rest=rest,
        standing=", ".join(words),
        explained=tuple(explained),
        but=_but(host),
        sight=sight(host),
    )


def sight(host: Host) -> Sight:
    """Say for how many vulnerabilities the evidence would have shown an attack."""
    asked = [one for campaign in host.campaigns for one in campaign.coverage if one.weighs]
    counts = Counter(one.answer for one in {one.cve: one for one in asked}.values())
    blind, seen = counts[Absence.CANNOT_TELL], counts[Absence.SEEN]
    total = blind + seen + counts[Absence.NOT_SEEN]
    answer, tone, text = _sight(asked, total, blind, seen)
    return Sight(answer, tone, text, _data(host))


def _sight(asked: Sequence[CveVerdict], total: int, blind: int, seen: int) -> tuple[str, str, str]:
    if not total:
        text = "The evidence holds nothing from the time in which known holes of it were attacked."
        return "Nobody can tell", "unsure", text
    many = f"{total} known {'hole' if total == 1 else 'holes'} that may have been open here"
    if not blind:
        text = f"For the {many}, logs that would show an attack cover the time."
        return ("It was seen" if seen else "Yes"), ("plain" if seen else "good"), text
    why = _why(asked)
    if blind == total:
        return "No", "unsure", f"For none of the {many} is there evidence that would show it{why}."
    text = f"Of the {many}, {blind} cannot be told{why}."
    return ("It was seen, but not all could be" if seen else "In part"), "unsure", text


def _why(asked: Sequence[CveVerdict]) -> str:
    """Give the shortest reason, as one of several."""
    notes = {one.note for one in asked if one.answer is Absence.CANNOT_TELL and one.note}
    if not notes:
        return ""
    note = min(notes, key=lambda note: (len(note), note)).partition("; ")[0]
    such = "such as: " if len(notes) > 1 else ""
    return f" ({such}{cut(note, _WHY, head=0.8)})"


def _data(host: Host) -> str:
    answers = host.exposure_answers
    blind = sum(one.answer is Shown.CANNOT_TELL for one in answers)
    if not blind:
        return ""
    if blind == len(answers):
        return "Whether data left cannot be told for any kind of data."
    return f"Whether data left cannot be told for {blind} of {len(answers)} kinds of data."


def _but(host: Host) -> str:
    counts = Counter(one.state for one in host.persistence)
    there, perhaps = counts[Presence.PRESENT], counts[Presence.UNKNOWN]
    if host.verdict.status is not Status.NO_SIGN or not there + perhaps:
        return ""
    words = [f"{there} in the evidence"] if there else []
    words += [f"{perhaps} perhaps still there"] if perhaps else []
    return f"But there are ways back in, {' and '.join(words)}: look at them before you rest."


def _reason(reason: str) -> tuple[str, str]:
    """Divide a reason into its first sentence and the others."""
    text = reason[: 2 * TEXT_CHARACTERS]
    first, *others = _SENTENCE.split(text, maxsplit=1)
    lead = prose(first)
    return lead, prose(others[0]) if others else ""
