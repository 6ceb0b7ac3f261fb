"""When was the server open to whom, and in which part of that time could nobody have seen it?

The same arithmetic as the verdict's: a vulnerability's needs, the holes that each of them has in
its window, and what is a hole in all of them. A campaign of several vulnerabilities is blind where
none of them would have shown, and partly blind where some would not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce

from extriage.analysis.absence import need
from extriage.analysis.coverage import common, either
from extriage.model.evidence import Period
from extriage.model.host import Absence, CampaignVerdict, CveVerdict, Host


@dataclass(frozen=True, slots=True)
class Opening:
    """A stretch of time in which a server was, or may have been, open to one campaign."""

    campaign: str
    cves: tuple[str, ...]
    start: datetime
    end: datetime
    blind: tuple[Period, ...]
    """Where nothing of it could have been seen."""
    partly: tuple[Period, ...]
    """Where one of its vulnerabilities could not have been seen, but another could."""
    kinds: tuple[str, ...]
    """Kinds of evidence that would show it."""
    seen: bool
    weighs: bool
    proved: bool
    """Whether an open build was seen; else it is the longest that it can have been."""
    closed: bool
    """Whether the end is that of the hole, and not that of the evidence."""

    @property
    def long_blind(self) -> timedelta:
        """Return for how long nothing could have been seen."""
        return total(self.blind)


def total(periods: Iterable[Period]) -> timedelta:
    """Return how long stretches are that do not overlap."""
    return sum((one["to"] - one["from"] for one in periods), timedelta())


def openings(host: Host) -> tuple[Opening, ...]:
    """Return them in the order of what they mean: those that were used, those with most holes."""
    found = [one for campaign in host.campaigns for one in _of_campaign(host, campaign)]
    return tuple(sorted(found, key=_meaning))


def _meaning(one: Opening) -> tuple[bool, bool, int, timedelta, datetime]:
    return (not one.seen, not one.weighs, -len(one.cves), -one.long_blind, one.start)


def _of_campaign(host: Host, campaign: CampaignVerdict) -> Iterable[Opening]:
    groups: dict[tuple[datetime, datetime, bool], list[tuple[CveVerdict, Period]]] = {}
    for cve in campaign.coverage:
        asked = cve.answer not in (Absence.NOT_APPLICABLE, Absence.NOT_YET)
        if asked and cve.window and cve.window["from"] < cve.window["to"]:
            key = (cve.window["from"], cve.window["to"], cve.weighs)
            groups.setdefault(key, []).append((cve, cve.window))
    name = campaign.title.partition(" (")[0]
    for (start, end, weighs), group in groups.items():
        blinds = [_blind(host, cve, window) for cve, window in group]
        whole = reduce(common, blinds)
        cves = tuple(cve.cve for cve, _ in group)
        known = [row.window for row in host.patch.advisories if row.cve in cves and row.window]
        yield Opening(
            *(name if len(groups) == 1 else _some(cves), cves, start, end),
            *(whole, _without(either(one for blind in blinds for one in blind), whole)),
            tuple(dict.fromkeys(kind for cve, _ in group for kind in kinds_of(cve))),
            campaign.stage is not None,
            weighs,
            any(window["proved"] for window in known),
            any(window["closed"] for window in known),
        )


def _some(cves: Sequence[str]) -> str:
    return cves[0] if len(cves) == 1 else f"{cves[0]} and {len(cves) - 1} more"


def kinds_of(cve: CveVerdict) -> tuple[str, ...]:
    """Return the kinds of evidence that would show a vulnerability's exploitation, one by one."""
    return tuple(kind.strip() for log in cve.logs for kind in log.kind.split("+"))


def _blind(host: Host, cve: CveVerdict, window: Period) -> tuple[Period, ...]:
    needs = [need(log.kind, host.coverage, window) for log in cve.logs]
    everything: tuple[Period, ...] = (window,)
    return reduce(common, (one.holes for one in needs), everything)


def _without(periods: Sequence[Period], taken: Sequence[Period]) -> tuple[Period, ...]:
    """Return what of some stretches lies in none of others."""
    return tuple(piece for one in periods for piece in remaining(one, taken))


def remaining(whole: Period, taken: Sequence[Period]) -> tuple[Period, ...]:
    """Return what of a stretch is left when others, in order, are taken out of it."""
    left: list[Period] = []
    at = whole["from"]
    for one in either(taken):
        if one["from"] > at:
            left.append({"from": at, "to": min(one["from"], whole["to"])})
        at = max(at, one["to"])
        if at >= whole["to"]:
            break
    if at < whole["to"]:
        left.append({"from": at, "to": whole["to"]})
    return tuple(one for one in left if one["from"] < one["to"])
