"""The stage ladder of one campaign, and the answer for each of its vulnerabilities."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from rich.text import Text

from extriage.model.detection import Finding, Stage
from extriage.model.exposure import Exposed
from extriage.model.host import Absence, CampaignVerdict, CveVerdict, Host
from extriage.reports.paper import (
    ANSWER_STYLE,
    STAGE_STYLE,
    Paper,
    Part,
    day,
    period,
    standing,
)

_ANSWERS = {
    Absence.SEEN: "seen",
    Absence.NOT_SEEN: "not seen",
    Absence.CANNOT_TELL: "cannot tell",
    Absence.NOT_APPLICABLE: "not affected",
    Absence.NOT_YET: "not yet used",
}
_ORDER = list(_ANSWERS)
_STEP_WITH_TIME = 12


def campaign_block(
    paper: Paper, host: Host, campaign: CampaignVerdict, *, brief: bool = False
) -> list[Text]:
    """Draw how far a campaign got, with the time of each stage, and answer for each CVE.

    `brief` is for a screen that tells the story elsewhere: one answer, one line.
    """
    answers = _brief_answers(paper, campaign) if brief else _cves(paper, campaign)
    return [*ladder(paper, host, campaign), *answers]


def ladder(paper: Paper, host: Host, campaign: CampaignVerdict) -> list[Text]:
    """Head the campaign with its extent and draw the six stages, each with its earliest time."""
    firsts = first_times(host, campaign)
    top = campaign.stage.rank if campaign.stage else 0
    step = min((paper.width - 2) // len(Stage), 16)
    drawn: list[Part] = ["  "]
    times: list[Part] = ["  "]
    for stage in Stage:
        reached = stage.rank <= top
        style = STAGE_STYLE[stage] if reached else "dim"
        drawn.append((_rung(paper, stage, step, proven=stage in firsts, top=top), style))
        times.append((f"{_stage_time(firsts, stage, step, reached=reached):{step}}", style))
    span = period(paper, campaign.first, campaign.last)
    title = paper.heading(campaign.title, f"{standing(campaign.stage, campaign.certainty)}, {span}")
    return [title, paper.line(*drawn), paper.line(*times)]


def _rung(paper: Paper, stage: Stage, step: int, *, proven: bool, top: int) -> str:
    glyphs = paper.glyphs
    glyph = glyphs.unproven
    if stage.rank <= top:
        glyph = glyphs.proven if proven or stage.rank == top else glyphs.implied
    blank = " " if step >= _STEP_WITH_TIME else ""
    name = f"{glyph}{blank}{stage.value}"
    if stage.rank >= top or len(name) + 3 > step:
        return f"{name:{step}}"
    return f"{name} {glyphs.link * (step - len(name) - 2)} "


def _stage_time(
    firsts: dict[Stage, datetime | None], stage: Stage, step: int, *, reached: bool
) -> str:
    if not reached:
        return ""
    if stage not in firsts:
        return "implied"
    first = firsts[stage]
    if first is None:
        return "no time"
    return first.strftime("%m-%d %H:%M" if step >= _STEP_WITH_TIME else "%m-%d")


def first_times(host: Host, campaign: CampaignVerdict) -> dict[Stage, datetime | None]:
    """Return the earliest time of each stage that findings, chains or data that left prove."""
    firsts: dict[Stage, datetime | None] = {}
    for finding in findings_of(host, campaign):
        if finding.stage is None:
            continue
        known = firsts.get(finding.stage)
        times = [time for time in (known, finding.first) if time is not None]
        firsts[finding.stage] = min(times, default=None)
    for chain in host.chains:
        steps = chain.steps if chain.campaign == campaign.campaign else ()
        for step in (step for step in steps if step.proved and step.stage):
            assert step.stage is not None
            firsts[step.stage] = min(firsts.get(step.stage) or step.time, step.time)
    if campaign.stage is Stage.TAKEN and Stage.TAKEN not in firsts:
        firsts[Stage.TAKEN] = _left(host)
    return firsts


def _left(host: Host) -> datetime | None:
    """Return when the first thing of an intruder's left the server."""
    times = [
        one.first
        for one in host.exposures
        if one.first and one.intruders and one.state in (Exposed.TAKEN, Exposed.READ)
    ]
    return min(times, default=None)


def findings_of(host: Host, campaign: CampaignVerdict) -> Iterator[Finding]:
    """Yield the findings that a campaign's verdict rests on."""
    ids = set(campaign.findings)
    return (finding for finding in host.findings if finding.id in ids)


def _cves(paper: Paper, campaign: CampaignVerdict) -> list[Text]:
    """Answer for each vulnerability; those with the same answer and reason share a line."""

    def same(cve: CveVerdict) -> tuple[int, str, str]:
        return _ORDER.index(cve.answer), standing(cve.stage, cve.certainty), _reason(paper, cve)

    lines: list[Text] = []
    for (order, level, reason), group in groupby(sorted(campaign.coverage, key=same), key=same):
        answer = _ORDER[order]
        names = short_names([cve.cve for cve in group])
        text = ": ".join(word for word in (names, "; ".join(filter(None, (level, reason)))) if word)
        label = (f"  {_ANSWERS[answer]:13}", ANSWER_STYLE[answer])
        lines += paper.paragraph([label], text, lines=2, indent=15)
    return lines


def _brief_answers(paper: Paper, campaign: CampaignVerdict) -> list[Text]:
    """Answer for the vulnerabilities, each answer once, with a reason where nobody can tell."""
    lines: list[Text] = []
    for answer in _ORDER:
        given = [one for one in campaign.coverage if one.answer is answer]
        if not given:
            continue
        reasons = [_reason(paper, one) for one in given]
        why = min(reasons, key=len) if answer is Absence.CANNOT_TELL else ""
        names = short_names([one.cve for one in given])
        text = f"{names}: {'such as: ' if len({*reasons}) > 1 else ''}{why}" if why else names
        label = (f"  {_ANSWERS[answer]:13}", ANSWER_STYLE[answer])
        lines += paper.paragraph([label], text, lines=2, indent=15)
    return lines


def short_names(cves: list[str]) -> str:
    """List CVEs, with the prefix once for each year: `CVE-2021-26855, -27065`."""
    shown: list[str] = []
    before = ""
    for cve in sorted(cves):
        prefix = cve.rpartition("-")[0]
        shown.append(cve.removeprefix(before) if before and prefix == before else cve)
        before = prefix
    return ", ".join(shown)


def _reason(paper: Paper, cve: CveVerdict) -> str:
    """Give the note of the verdict, or make one from what its logs cover."""
    if cve.note:
        return cve.note
    if cve.answer is Absence.CANNOT_TELL:
        missing = [f"{log.kind} ({log.note or 'missing'})" for log in cve.logs if not log.covered]
        return "; ".join(missing) or "no evidence that would show it"
    if cve.answer is Absence.NOT_SEEN:
        kinds = ", ".join(log.kind for log in cve.logs if log.covered)
        if cve.window is None:
            return f"{kinds} cover it"
        span = f"{day(cve.window['from'])} {paper.glyphs.dash} {day(cve.window['to'])}"
        return f"{kinds} cover {span}"
    return ""
