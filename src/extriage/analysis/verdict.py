"""What does it all mean: attacked, did it work, and if nothing shows, could it have shown?

Absence has two values that are never merged. `not-seen`: logs that would show the exploitation are
there and cover the time in which this server was open to it. `cannot-tell`: no such logs, or they
do not reach over that time.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from extriage.analysis.absence import absence, need
from extriage.analysis.chains import furthest_of
from extriage.analysis.window import fixed_since
from extriage.analysis.wording import reason
from extriage.knowledge.advisories import advisories
from extriage.knowledge.builds import build_table, number
from extriage.knowledge.campaigns import Campaign, CveFacts, campaigns
from extriage.model.detection import Certainty, Finding, Stage
from extriage.model.evidence import Period
from extriage.model.host import (
    Absence,
    CampaignVerdict,
    Chain,
    Coverage,
    CveVerdict,
    Patch,
    Status,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Hidden:
    """What could have hidden a sign: evidence that was not read, rules that were not loaded."""

    unread: tuple[str, ...] = ()
    """Paths of this host's files that could not be read, or only in part."""
    watched: frozenset[str] | None = None
    """CVEs that a loaded rule looks for; None stands for all."""
    damaged: frozenset[str] = frozenset()
    """CVEs whose traces may stand in lines that are damaged, and nowhere else."""

    def over(self, campaign: CampaignVerdict) -> CampaignVerdict:
        """Turn `not-seen` into `cannot-tell` where something was hidden."""
        return replace(campaign, coverage=tuple(map(self._answer, campaign.coverage)))

    def _answer(self, cve: CveVerdict) -> CveVerdict:
        if cve.answer is not Absence.NOT_SEEN:
            return cve
        if self.watched is not None and cve.cve not in self.watched:
            note = "no rule that was loaded looks for it"
        elif cve.cve in self.damaged:
            note = "damaged lines read as if it had been used: read them by hand"
        elif self.unread:
            many = f"{len(self.unread)} files, such as" if len(self.unread) > 1 else "the file"
            note = f"{many} {self.unread[0]} could not be read, or not wholly"
        else:
            return cve
        return replace(cve, answer=Absence.CANNOT_TELL, note=note)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdict and campaigns."""

    verdict: Verdict
    campaigns: tuple[CampaignVerdict, ...]


def judge(
    findings: Sequence[Finding],
    coverage: Sequence[Coverage],
    patch: Patch,
    as_of: datetime | None,
    hidden: Hidden,
    told: Sequence[Chain] = (),
) -> Judgement:
    """Judge one host; "up to now" means up to the evidence's last record, or up to `as_of`."""
    end = as_of or max((row.last for row in coverage if row.last), default=None)
    best = furthest_of(told)
    judged = tuple(
        _lifted(hidden.over(_campaign(campaign, findings, coverage, patch, end)), best)
        for campaign in campaigns()
    )
    verdict = _verdict(judged, findings, coverage, told)
    return Judgement(verdict, judged)


def _campaign(
    campaign: Campaign,
    findings: Sequence[Finding],
    coverage: Sequence[Coverage],
    patch: Patch,
    end: datetime | None,
) -> CampaignVerdict:
    own = [f for f in findings if f.campaign == campaign.id and f.stage is not None]
    top = furthest(own)
    times = [f.first for f in own if f.first], [f.last for f in own if f.last]
    cves = tuple(_cve(cve, own, coverage, patch, end) for cve in campaign.cves)
    return CampaignVerdict(
        campaign.id,
        campaign.title,
        tuple(cve.id for cve in campaign.cves),
        top.stage if top else None,
        top.certainty if top else None,
        min(times[0], default=None),
        max(times[1], default=None),
        tuple(f.id for f in own),
        cves,
    )


def _lifted(campaign: CampaignVerdict, best: Mapping[str, Chain]) -> CampaignVerdict:
    """Raise a campaign to what its furthest chain proves."""
    chain = best.get(campaign.campaign)
    if chain is None or campaign.stage is None or campaign.certainty is None:
        return campaign
    cves = tuple(_with_chain(cve, chain) for cve in campaign.coverage)
    known = (campaign.stage.rank, campaign.certainty.rank)
    if (chain.stage.rank, chain.certainty.rank) <= known:
        return replace(campaign, coverage=cves)
    last = max(campaign.last or chain.last, chain.last)
    return replace(campaign, stage=chain.stage, certainty=chain.certainty, last=last, coverage=cves)


def _with_chain(cve: CveVerdict, chain: Chain) -> CveVerdict:
    """Raise a vulnerability that was used in a chain to what the chain came to."""
    if cve.cve not in chain.cves or cve.stage is None or cve.certainty is None:
        return cve
    if (chain.stage.rank, chain.certainty.rank) <= (cve.stage.rank, cve.certainty.rank):
        return cve
    proof = max(chain.steps, key=lambda step: step.stage.rank if step.stage else 0)
    note = f"{cve.note}; it led to: {proof.title}"
    return replace(cve, stage=chain.stage, certainty=chain.certainty, note=note)


def furthest(findings: Iterable[Finding]) -> Finding | None:
    """Return the finding that proves the furthest stage, the surest among equals."""
    staged = [(f.stage.rank, f.certainty.rank, f) for f in findings if f.stage]
    return max(staged, key=lambda item: item[:2])[2] if staged else None


def _cve(
    cve: CveFacts,
    findings: Sequence[Finding],
    coverage: Sequence[Coverage],
    patch: Patch,
    end: datetime | None,
) -> CveVerdict:
    top = furthest(f for f in findings if cve.id in f.cves)
    window, note, answer = _window(cve, patch, end)
    settled = answer is Absence.NOT_APPLICABLE or (answer is Absence.NOT_YET and top is None)
    if settled:
        assert answer is not None
        return CveVerdict(cve.id, answer, None, None, None, (), note)
    needs = [need(kind, coverage, window) for kind in cve.needs]
    logs = tuple(one.log for one in needs)
    if top is not None:
        return CveVerdict(cve.id, Absence.SEEN, top.stage, top.certainty, window, logs, top.title)
    if answer is None and not needs:
        answer, note = Absence.CANNOT_TELL, cve.why
    elif answer is None:
        assert window is not None
        answer, carried = absence(needs, window)
        note = f"{carried} {note}".strip() if answer is Absence.NOT_SEEN else carried
    weighs = answer is not Absence.CANNOT_TELL or not _never_open(cve, patch)
    if not weighs:
        note += "; it was never seen open here, and the update came before the first attacks"
    return CveVerdict(cve.id, answer, None, None, window, logs, note, weighs)


def _never_open(cve: CveFacts, patch: Patch) -> bool:
    """Tell whether nothing shows it open, and it need never have been."""
    row = next((row for row in patch.advisories if row.cve == cve.id), None)
    known = advisories().get(cve.id)
    if row is None or row.window is None or known is None or known.published is None:
        return False
    in_time = known.published <= cve.exploited_since.date()
    return in_time and row.window["closed"] and not row.window["proved"]


def _concerned(cve: CveFacts, patch: Patch) -> bool:
    """Tell whether this server could have been open to it, by every build that was seen.

    Subscription Edition is installed over Exchange 2019, so it says nothing of the time before.
    """
    builds = (number(seen.build) for seen in patch.sources)
    products = {build_table().product(build) for build in builds if build} | {patch.product}
    return bool(products & {*cve.products, "SE", ""})


def _window(
    cve: CveFacts, patch: Patch, end: datetime | None
) -> tuple[Period | None, str, Absence | None]:
    """Return when this server could have been attacked, with the answer if that settles it."""
    if not _concerned(cve, patch):
        note = f"does not apply to Exchange {patch.product}"
        return None, note, Absence.NOT_APPLICABLE
    start = cve.exploited_since
    if end is None:
        return None, "no log in the evidence carries a time", Absence.CANNOT_TELL
    if end <= start:
        note = f"the evidence ends on {end:%Y-%m-%d}, before the first known attacks"
        return None, note, Absence.NOT_YET
    fixed = _closed_at(cve.id, patch)
    if fixed is not None and fixed <= start:
        note = f"a fixed build ran from {fixed:%Y-%m-%d}, before the first known attacks"
        return None, note, Absence.NOT_APPLICABLE
    if fixed is not None and start < fixed < end:
        return {"from": start, "to": fixed}, f"(fixed build seen from {fixed:%Y-%m-%d})", None
    return {"from": start, "to": end}, "", None


def _closed_at(cve: str, patch: Patch) -> datetime | None:
    """Return when the open window of a vulnerability closed, as the patch state tells it."""
    row = next((row for row in patch.advisories if row.cve == cve), None)
    if row is None or row.window is None:
        return fixed_since(cve, patch.sources, build_table())
    return row.window["to"] if row.window["closed"] else None


def _verdict(
    judged: Sequence[CampaignVerdict],
    findings: Sequence[Finding],
    coverage: Sequence[Coverage],
    told: Sequence[Chain],
) -> Verdict:
    top = furthest(findings)
    stage, certainty, chain = _top(top, told)
    if stage is not None:
        confirmed_reach = stage is Stage.REACHED and certainty is Certainty.CONFIRMED
        worked = confirmed_reach or stage not in (Stage.PROBED, Stage.REACHED)
        status = Status.COMPROMISED if worked else Status.TARGETED
    else:
        answers = [cve.answer for one in judged for cve in one.coverage if cve.weighs]
        settled = set(answers) - {Absence.NOT_YET, Absence.NOT_APPLICABLE}
        early = not settled and Absence.NOT_YET in answers
        unknown = not coverage or early or Absence.CANNOT_TELL in settled
        status = Status.CANNOT_TELL if unknown else Status.NO_SIGN
    return Verdict(status, stage, certainty, reason(status, top, findings, judged, chain))


def _top(
    top: Finding | None, told: Sequence[Chain]
) -> tuple[Stage | None, Certainty | None, Chain | None]:
    """Return how far it got, and the chain that proves it if no finding does so alone."""
    if top is None or top.stage is None:
        return None, None, None
    known = (top.stage.rank, top.certainty.rank)
    chain = max(told, key=lambda one: (one.stage.rank, one.certainty.rank), default=None)
    if chain is None or (chain.stage.rank, chain.certainty.rank) <= known:
        return top.stage, top.certainty, None
    return chain.stage, chain.certainty, chain
