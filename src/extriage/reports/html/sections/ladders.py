"""How far each campaign got, on the ladder of stages, and what nothing was found of."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.model.detection import Stage
from extriage.model.host import Absence, CampaignVerdict, CveVerdict, Host
from extriage.reports.html.sections.bounds import Bounds, brief, prose
from extriage.reports.ladder import first_times
from extriage.reports.meanings import STAGE_MEANS
from extriage.reports.unseen import answer_of, known_as

ANSWERS = {
    Absence.SEEN: ("seen", "bad"),
    Absence.CANNOT_TELL: ("cannot tell", "unsure"),
    Absence.NOT_SEEN: ("not seen", "good"),
    Absence.NOT_YET: ("attacked only later", "plain"),
    Absence.NOT_APPLICABLE: ("not affected", "plain"),
}
"""How an answer is written, and its tone; worst first."""
_GROUPS = {
    Absence.CANNOT_TELL: (
        "Cannot tell",
        "the evidence that would show it is missing or does not reach back",
    ),
    Absence.NOT_SEEN: ("Not seen", "the logs that would show it cover the time"),
    Absence.NOT_YET: (
        "Attacked only later",
        "the evidence ends before anybody is known to have attacked this way",
    ),
    Absence.NOT_APPLICABLE: ("Not affected", "this version does not have the hole"),
    None: (
        "No trace",
        "ways that need no hole of their own; none was seen as far as the evidence shows them",
    ),
}


@dataclass(frozen=True, slots=True)
class Rung:
    """One stage of the ladder."""

    stage: str
    means: str
    state: str
    """`proved`, `implied` by a further stage, or `none`."""
    furthest: bool
    first: datetime | None


@dataclass(frozen=True, slots=True)
class CveView:
    """The answer for vulnerabilities that share answer and reason."""

    names: tuple[str, ...]
    answer: str
    tone: str
    standing: str
    note: str
    logs: tuple[str, ...]
    """Which logs could have shown it, and which could not."""


@dataclass(frozen=True, slots=True)
class LadderView:
    """One campaign of which something was found."""

    title: str
    standing: str
    first: datetime | None
    last: datetime | None
    tone: str
    """`bad` once something was written; `warn` below."""
    beyond: str
    """What is said of further stages: nothing proves them, or the logs could not show them."""
    rungs: tuple[Rung, ...]
    answers: tuple[CveView, ...]


@dataclass(frozen=True, slots=True)
class UnseenGroup:
    """Campaigns of which nothing was found, for the same reason."""

    heading: str
    means: str
    tone: str
    titles: str
    campaigns: tuple[tuple[str, tuple[CveView, ...]], ...]


@dataclass(frozen=True, slots=True)
class Ladders:
    """All campaigns of a server."""

    found: tuple[LadderView, ...]
    left: int
    hinted: tuple[tuple[str, tuple[CveView, ...]], ...]
    """Campaigns without a stage of which a finding speaks all the same."""
    unseen: tuple[UnseenGroup, ...]


def ladders(host: Host, bounds: Bounds) -> Ladders:
    """Return what was found of each campaign, the furthest first, and what was not."""
    seen = sorted((one for one in host.campaigns if one.stage), key=_extent)
    hints = {one.campaign for one in host.findings if one.hints or one.about}
    quiet = [one for one in host.campaigns if not one.stage]
    return Ladders(
        found=tuple(_ladder(host, one) for one in seen[: bounds.campaigns]),
        left=max(len(seen) - bounds.campaigns, 0),
        hinted=tuple(
            (brief(one.title), cve_answers(one.coverage)) for one in quiet if one.campaign in hints
        ),
        unseen=_unseen([one for one in quiet if one.campaign not in hints]),
    )


def _extent(campaign: CampaignVerdict) -> tuple[bool, int, int, str]:
    stage = campaign.stage.rank if campaign.stage else 0
    certainty = campaign.certainty.rank if campaign.certainty else 0
    return (not campaign.cves, -stage, -certainty, campaign.campaign)


def _ladder(host: Host, campaign: CampaignVerdict) -> LadderView:
    firsts = first_times(host, campaign)
    top = campaign.stage.rank if campaign.stage else 0
    words = [word.value for word in (campaign.stage, campaign.certainty) if word]
    blind = any(one.answer is Absence.CANNOT_TELL for one in campaign.coverage)
    return LadderView(
        title=brief(campaign.title),
        standing=", ".join(words),
        first=campaign.first,
        last=campaign.last,
        tone="bad" if top >= Stage.PLANTED.rank else "warn",
        beyond="cannot tell" if blind else "no proof",
        rungs=tuple(_rung(stage, top, firsts) for stage in Stage),
        answers=cve_answers(campaign.coverage),
    )


def _rung(stage: Stage, top: int, firsts: dict[Stage, datetime | None]) -> Rung:
    state = _state(stage, top, firsts)
    return Rung(stage.value, _means(stage, top), state, stage.rank == top, firsts.get(stage))


def _means(stage: Stage, top: int) -> str:
    """Say what a stage is; that a try led to nothing is said only where it did."""
    return "somebody tried" if stage is Stage.PROBED and top > stage.rank else STAGE_MEANS[stage]


def _state(stage: Stage, top: int, firsts: dict[Stage, datetime | None]) -> str:
    if stage.rank > top:
        return "none"
    return "proved" if stage in firsts or stage.rank == top else "implied"


def cve_answers(coverage: Sequence[CveVerdict]) -> tuple[CveView, ...]:
    """Return the answers for vulnerabilities; those with the same answer and reason share one."""
    groups: dict[tuple[Absence, str, str, tuple[str, ...]], list[str]] = {}
    for one in sorted(coverage, key=lambda one: list(ANSWERS).index(one.answer)):
        standing = ", ".join(word.value for word in (one.stage, one.certainty) if word)
        note = prose(one.note)
        groups.setdefault((one.answer, standing, note, _logs(one)), []).append(one.cve)
    return tuple(
        CveView(tuple(map(brief, names)), *ANSWERS[answer], standing, note, logs)
        for (answer, standing, note, logs), names in groups.items()
    )


def _logs(one: CveVerdict) -> tuple[str, ...]:
    """Say of each log whether it covers the time, unless the answer needs no log."""
    if one.answer not in (Absence.CANNOT_TELL, Absence.NOT_SEEN):
        return ()
    return tuple(
        brief(f"{log.kind}: {'covers the time' if log.covered else log.note or 'missing'}")
        for log in one.logs
    )


def _unseen(campaigns: Sequence[CampaignVerdict]) -> tuple[UnseenGroup, ...]:
    found = []
    for answer, (heading, means) in _GROUPS.items():
        named = [one for one in campaigns if answer_of(one) is answer]
        if named:
            found.append(_group(answer, heading, means, named))
    return tuple(found)


def _group(
    answer: Absence | None, heading: str, means: str, named: Sequence[CampaignVerdict]
) -> UnseenGroup:
    notes = Counter(
        one.note for campaign in named for one in campaign.coverage if one.answer is answer
    )
    if answer in (Absence.CANNOT_TELL, Absence.NOT_SEEN) and len(notes) == 1 and "" not in notes:
        means = next(iter(notes))
    return UnseenGroup(
        heading=heading,
        means=prose(means),
        tone=ANSWERS[answer][1] if answer else "plain",
        titles="; ".join(brief(known_as(one)) for one in named),
        campaigns=tuple((brief(one.title), cve_answers(one.coverage)) for one in named),
    )
