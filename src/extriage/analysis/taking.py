"""Data that left is the last stage: the ledger may prove more than findings do alone."""

from collections.abc import Sequence
from dataclasses import replace

from extriage.model.detection import Certainty, Stage
from extriage.model.exposure import Exposed, Exposure
from extriage.model.host import CampaignVerdict, Host, Status

_LEFT = (Exposed.TAKEN, Exposed.READ)


def with_taking(host: Host) -> Host:
    """Raise verdict and campaign to `taken` where an intruder is shown to have got data."""
    left = [one for one in host.exposures if _counts(one)]
    if not left:
        return host
    best = max(left, key=lambda one: one.certainty.rank)
    campaigns = tuple(_campaign(one, host, left) for one in host.campaigns)
    verdict, known = host.verdict, (host.verdict.stage, host.verdict.certainty)
    if _more(Stage.TAKEN, best.certainty, known):
        reason = f"{verdict.reason} Data left: {best.text}".strip()
        verdict = replace(
            verdict,
            status=Status.COMPROMISED,
            stage=Stage.TAKEN,
            certainty=best.certainty,
            reason=reason,
        )
    return replace(host, verdict=verdict, campaigns=campaigns)


def _counts(one: Exposure) -> bool:
    """Tell whether an entry shows that data left, by the hand of an intruder."""
    return one.state in _LEFT and bool(one.intruders) and one.certainty is not Certainty.POSSIBLE


def _more(stage: Stage, certainty: Certainty, known: tuple[Stage | None, Certainty | None]) -> bool:
    if known[0] is None or known[1] is None:
        return True
    return (stage.rank, certainty.rank) > (known[0].rank, known[1].rank)


def _campaign(one: CampaignVerdict, host: Host, left: Sequence[Exposure]) -> CampaignVerdict:
    """Raise a campaign by whose hole the intruder came in who got the data."""
    if one.stage is None:
        return one
    chains = {chain.id for chain in host.chains if chain.campaign == one.campaign}
    came = {who.id for who in host.intruders if chains & set(who.chains)}
    theirs = [item for item in left if came & set(item.intruders)]
    best = max((item.certainty for item in theirs), key=lambda sure: sure.rank, default=None)
    if best is None or not _more(Stage.TAKEN, best, (one.stage, one.certainty)):
        return one
    lasts = [item.last for item in theirs if item.last]
    last = max([*lasts, *([one.last] if one.last else [])], default=None)
    return replace(one, stage=Stage.TAKEN, certainty=best, last=last)
