"""Data that left is the last stage: the ledger may prove more than findings do alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from extriage.analysis.exposure.wording import shortened, volume
from extriage.knowledge.exposures import exposure_kinds
from extriage.model.detection import Certainty, Stage
from extriage.model.exposure import Exposed, Exposure
from extriage.model.host import CampaignVerdict, Host, Status, Verdict
from extriage.model.session import Amount, Intruder

NAMED = 2
"""Mailboxes or files of one kind that the sentence names."""
KINDS = 3
"""Kinds of data that it names."""
_LEFT = (Exposed.TAKEN, Exposed.READ)
_NAME = 48
_FIRST = ("mailbox-export", "mailbox-read", "mailbox-folder-read", "mailbox-sent-from")
"""Kinds that weigh most; the others follow as the ledger has them, the address book last."""


def with_taking(host: Host) -> Host:
    """Raise verdict and campaign to `taken` where an intruder is shown to have got data."""
    left = [one for one in host.exposures if _counts(one)]
    if not left:
        return host
    campaigns = tuple(_campaign(one, host, left) for one in host.campaigns)
    return replace(
        host,
        verdict=_verdict(host.verdict, left),
        campaigns=campaigns,
        intruders=tuple(_intruder(one, left) for one in host.intruders),
    )


def _intruder(one: Intruder, left: Sequence[Exposure]) -> Intruder:
    """Raise an intruder who is shown to have got data."""
    theirs = [item for item in left if one.id in item.intruders]
    if not theirs or not _more(Stage.TAKEN, _surest(theirs), (one.stage, one.certainty)):
        return one
    return replace(one, stage=Stage.TAKEN, certainty=_surest(theirs))


def _verdict(verdict: Verdict, left: Sequence[Exposure]) -> Verdict:
    """Raise a verdict, and let its reason say in short what left."""
    best = _surest(left)
    # NOTE: a reason that was given for less says that nothing worked.
    known = f"{verdict.reason} " if verdict.status is Status.COMPROMISED else ""
    said = replace(verdict, reason=f"{known}{_sentence(left)}".strip())
    if not _more(Stage.TAKEN, best, (verdict.stage, verdict.certainty)):
        return said
    return replace(said, status=Status.COMPROMISED, stage=Stage.TAKEN, certainty=best)


def _surest(left: Sequence[Exposure]) -> Certainty:
    return max((one.certainty for one in left), key=lambda sure: sure.rank)


def _counts(one: Exposure) -> bool:
    """Tell whether an entry shows that data left, by the hand of an intruder."""
    if one.state not in _LEFT or not one.intruders or one.certainty is Certainty.POSSIBLE:
        return False
    kind = exposure_kinds().get(one.kind)
    # NOTE: keys that are known or were read are the means of a break-in as often as its end.
    return one.state is Exposed.TAKEN or kind is None or kind.group != "credentials"


def _more(stage: Stage, certainty: Certainty, known: tuple[Stage | None, Certainty | None]) -> bool:
    if known[0] is None or known[1] is None:
        return True
    return (stage.rank, certainty.rank) > (known[0].rank, known[1].rank)


def _sentence(left: Sequence[Exposure]) -> str:
    """Name what left: `Data left: mailbox read: a, b and 2 more; address book; at least 3 MB.`"""
    kinds = sorted(dict.fromkeys(one.kind for one in left), key=_weight)
    parts = [_kind(kind, [one for one in left if one.kind == kind]) for kind in kinds[:KINDS]]
    if len(kinds) > KINDS:
        parts.append(f"{len(kinds) - KINDS} more kinds of data")
    parts += _size(left)
    return f"Data left: {'; '.join(parts)}."


def _weight(kind: str) -> tuple[int, bool]:
    return (_FIRST.index(kind) if kind in _FIRST else len(_FIRST), kind == "address-book")


def _kind(kind: str, some: Sequence[Exposure]) -> str:
    known = exposure_kinds().get(kind)
    title = known.title if known else kind
    names = list(dict.fromkeys(shortened(one.object, _NAME) for one in some))
    if len(names) == 1 and names[0].endswith(title):
        return title
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"{title}: {', '.join(names[:NAMED])}{more}"


def _size(left: Sequence[Exposure]) -> Iterator[str]:
    shown = sum(one.bytes_out.low for one in left if one.bytes_out)
    if shown:
        yield f"in all {volume(Amount(shown, None))}"


def _campaign(one: CampaignVerdict, host: Host, left: Sequence[Exposure]) -> CampaignVerdict:
    """Raise a campaign by whose hole the intruder came in who got the data."""
    if one.stage is None:
        return one
    chains = {chain.id for chain in host.chains if chain.campaign == one.campaign}
    came = {who.id for who in host.intruders if chains & set(who.chains)}
    theirs = [item for item in left if came & set(item.intruders)]
    if not theirs or not _more(Stage.TAKEN, _surest(theirs), (one.stage, one.certainty)):
        return one
    lasts = [item.last for item in theirs if item.last]
    last = max([*lasts, *([one.last] if one.last else [])], default=None)
    return replace(one, stage=Stage.TAKEN, certainty=_surest(theirs), last=last)
