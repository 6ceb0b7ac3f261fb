"""Strangers: those who only knocked, or hunted for other people's shells, taken together."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from extriage.model.detection import Finding, Stage
from extriage.model.persistence import PageLife, Role
from extriage.model.session import Strangers

BUSIEST = 10
_WALKED = 2
"""On the lives of so many pages: a list was walked."""
_NAMES = 3
"""Foreign pages asked for in lines of findings: a list was walked."""


@dataclass(frozen=True, slots=True)
class Knock:
    """What the logs have of one address that only knocked, each request once."""

    requests: int
    first: datetime
    last: datetime
    names: int
    """Different foreign pages that it asked for."""


@dataclass(slots=True)
class _Met:
    """What is known of strangers so far."""

    requests: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    names: dict[str, set[str]] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    more_addresses: int = 0
    more_requests: int = 0


def strangers_of(
    lives: Sequence[PageLife],
    findings: Iterable[Finding],
    known: frozenset[str],
    knocks: Mapping[str, Knock],
) -> Strangers | None:
    """Count who came in vain; `known` are addresses of those who are told by themselves.

    For addresses that the logs were not counted for (`knocks`), requests are at least as many: of
    findings with many lines some are kept, and one request may meet several rules and stand in two
    logs, so the log and the rule with most lines count.
    """
    met = _Met()
    others = {
        one.address for life in lives for one in life.visitors if one.role is not Role.STRANGER
    }
    for life in lives:
        _walkers(life, met, known)
    left_out = max((life.visitors_total - len(life.visitors) for life in lives), default=0)
    met.more_addresses = max(left_out, 0)
    _knockers(findings, met, known | others)
    _counted(knocks, met, known | others)
    if not met.requests:
        return None
    first, last = (min(met.times), max(met.times)) if met.times else (None, None)
    walkers = {one for one, many in met.pages.items() if many >= _WALKED}
    walkers |= {one for one, names in met.names.items() if len(names) >= _NAMES}
    walkers |= {one for one, knock in knocks.items() if knock.names >= _NAMES} & set(met.requests)
    ranked = sorted(met.requests.items(), key=lambda one: (-one[1], one[0]))
    addresses = len(met.requests) + met.more_addresses
    requests = met.requests.total() + met.more_requests
    text = _said(addresses, requests, len(walkers))
    return Strangers(addresses, requests, first, last, len(walkers), tuple(ranked[:BUSIEST]), text)


def _walkers(life: PageLife, met: _Met, known: frozenset[str]) -> None:
    for one in life.visitors:
        if one.role is Role.STRANGER and one.address not in known:
            met.requests[one.address] += one.requests
            met.pages[one.address] += 1
            met.times += (one.first, one.last)


def _knockers(findings: Iterable[Finding], met: _Met, known: frozenset[str]) -> None:
    """Count who meets rules about mere knocking."""
    most = 0
    for finding in findings:
        if finding.stage is not Stage.PROBED or finding.raw:
            continue
        found = Counter(
            value
            for line in finding.evidence
            for name, value in line.keys
            if name == "address" and value not in known
        )
        if not found:
            continue
        count, share = _once(finding)
        met.times += [time for time in (finding.first, finding.last) if time]
        for address, many in found.items():
            here = count if len(found) == 1 else math.ceil(many * share)
            met.requests[address] = max(met.requests[address], here)
        if len(found) > 1:
            most = max(most, count - math.ceil(found.total() * share))
        for line in finding.evidence:
            values = dict(line.keys)
            if values.get("address") in found and "page" in values:
                met.names.setdefault(values["address"], set()).add(values["page"])
    met.more_requests = most


def _once(finding: Finding) -> tuple[int, float]:
    """Return how many of a finding's lines are requests of their own, and which share that is.

    A rule about requests meets the same one in two logs; the log that has most of them has at least
    this share.
    """
    share = 1 / len({line.kind for line in finding.evidence})
    return math.ceil(finding.count * share), share


def _counted(knocks: Mapping[str, Knock], met: _Met, known: frozenset[str]) -> None:
    """Let what was counted in the logs stand for what findings keep."""
    strange = {one: knock for one, knock in knocks.items() if one not in known}
    for address, knock in strange.items():
        met.requests[address] = knock.requests
        met.times += (knock.first, knock.last)
    if strange and set(met.requests) <= set(strange):
        met.more_requests = 0


def _said(addresses: int, requests: int, walkers: int) -> str:
    many = f"{addresses:,} address{'es' if addresses != 1 else ''}"
    asked = f"{requests:,} request{'s' if requests != 1 else ''}"
    walked = (
        f" {walkers:,} of them walked lists of names that web shells are known by."
        if walkers
        else ""
    )
    knocked = "knocked or looked for other people's shells, and got nothing."
    return f"{many} with at least {asked} {knocked}{walked}"
