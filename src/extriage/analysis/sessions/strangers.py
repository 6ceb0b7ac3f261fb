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
"""Foreign pages asked for by somebody who knocks: a list was walked."""
_LISTED = 5
"""As many foreign pages make somebody a walker who did nothing else that rules know."""
_WEB = frozenset({"iis", "httpproxy"})


@dataclass(frozen=True, slots=True)
class Knock:
    """What the web logs have of one address, each request once, as far as rules know it."""

    requests: int
    first: datetime
    last: datetime
    names: int
    """Different foreign pages that it asked for, up to a bound."""
    probes: int = 0
    """Requests that meet a rule about mere knocking."""


@dataclass(slots=True)
class _Met:
    """What is known of strangers so far."""

    knocks: Mapping[str, Knock]
    known: frozenset[str]
    """Those who are told by themselves."""
    requests: Counter[str] = field(default_factory=Counter)
    pages: Counter[str] = field(default_factory=Counter)
    names: dict[str, set[str]] = field(default_factory=dict)
    times: list[datetime] = field(default_factory=list)
    more_addresses: int = 0
    more_requests: int = 0
    exact: bool = True
    """Whether logs were counted for all of them."""

    def at_least(self, address: str, requests: int) -> None:
        """Note a number that is one of several for the same requests: the highest counts."""
        counted = self.knocks.get(address)
        if counted is None or counted.requests < requests:
            self.exact = False
        self.requests[address] = max(self.requests[address], requests)


def strangers_of(
    lives: Sequence[PageLife],
    findings: Iterable[Finding],
    known: frozenset[str],
    knocks: Mapping[str, Knock],
) -> Strangers | None:
    """Count who came in vain; `known` are addresses of those who are told by themselves.

    A request meets several rules and stands in two logs, and the life of a page counts it again, so
    numbers of one address are never added up. Where the logs were not counted for an address
    (`knocks`), its requests are at least as many: of findings some lines only are kept.
    """
    others = {
        one.address for life in lives for one in life.visitors if one.role is not Role.STRANGER
    }
    met = _Met(knocks, known | others)
    _walkers(lives, met)
    for finding in findings:
        if finding.stage is Stage.PROBED and not finding.raw:
            _knockers(finding, met)
    _counted(met)
    if not met.requests:
        return None
    met.exact = met.exact and not met.more_requests and not met.more_addresses
    first, last = (min(met.times), max(met.times)) if met.times else (None, None)
    walkers = len(_who_walked(met))
    ranked = sorted(met.requests.items(), key=lambda one: (-one[1], one[0]))
    addresses = len(met.requests) + met.more_addresses
    requests = met.requests.total() + met.more_requests
    text = _said(addresses, requests, walkers, exact=met.exact)
    return Strangers(addresses, requests, first, last, walkers, tuple(ranked[:BUSIEST]), text)


def _who_walked(met: _Met) -> set[str]:
    """Return who went through a list of names that web shells are known by."""
    found = {one for one, many in met.pages.items() if many >= _WALKED}
    found |= {one for one, names in met.names.items() if len(names) >= _NAMES}
    return found | {
        one for one in met.requests if one in met.knocks and met.knocks[one].names >= _NAMES
    }


def _walkers(lives: Sequence[PageLife], met: _Met) -> None:
    """Count who asked for pages that others left behind, and had nothing to do with them."""
    asked, left_out = Counter[str](), 0
    for life in lives:
        left_out = max(left_out, life.visitors_total - len(life.visitors))
        for one in life.visitors:
            if one.role is Role.STRANGER and one.address not in met.known:
                asked[one.address] += one.requests
                met.pages[one.address] += 1
                met.times += (one.first, one.last)
    for address, requests in asked.items():
        met.at_least(address, requests)
    met.more_addresses = max(left_out, 0)


def _knockers(finding: Finding, met: _Met) -> None:
    """Count who meets a rule about mere knocking."""
    lines = [(dict(line.keys).get("address", ""), line) for line in finding.evidence]
    every = {address for address, _ in lines if address}
    found = Counter(address for address, _ in lines if address and address not in met.known)
    for address, line in lines:
        if address in found and (page := dict(line.keys).get("page")):
            met.names.setdefault(address, set()).add(page)
    fresh = [address for address in found if address not in met.knocks]
    web = {line.kind for line in finding.evidence} <= _WEB
    if found and (fresh or len(every) == 1 or not web):
        _kept(finding, found, every, met)
    # NOTE: a finding's own times are also those of the intruders among its lines.
    met.times += [line.time for address, line in lines if address in found and line.time]
    for address in found:
        met.requests[address] += 0


def _kept(finding: Finding, found: Counter[str], every: set[str], met: _Met) -> None:
    """Count by the lines of a finding, which are few of perhaps many.

    A rule about requests meets the same one in two logs; the log that has most of them has at least
    its share of the lines.
    """
    share = 1 / len({line.kind for line in finding.evidence})
    count = math.ceil(finding.count * share)
    for address, many in found.items():
        met.at_least(address, count if len(every) == 1 else math.ceil(many * share))
    if len(every) > 1 and every == set(found) and met.knocks.keys().isdisjoint(every):
        more = count - math.ceil(found.total() * share)
        met.more_requests = max(met.more_requests, more)


def _counted(met: _Met) -> None:
    """Let what was counted in the logs stand for what findings and lives of pages keep."""
    for address, knock in met.knocks.items():
        if not address or address in met.known:
            continue
        if address in met.requests or knock.probes or knock.names >= _LISTED:
            met.requests[address] = max(met.requests[address], knock.requests)
            met.times += (knock.first, knock.last)
            # NOTE: of a page's visitors that are not told, he may be one.
            met.more_addresses -= met.more_addresses > 0 and address not in met.pages
    rest = met.knocks.get("")
    if rest is not None:
        met.exact = False
        met.more_requests = max(met.more_requests, rest.probes)


def _said(addresses: int, requests: int, walkers: int, *, exact: bool) -> str:
    many = f"{addresses:,} address{'es' if addresses != 1 else ''}"
    asked = f"{requests:,} request{'s' if requests != 1 else ''}"
    walked = (
        f" {walkers:,} of them walked lists of names that web shells are known by."
        if walkers
        else ""
    )
    knocked = "knocked or looked for other people's shells, and got nothing."
    return f"{many} with {'' if exact else 'at least '}{asked} {knocked}{walked}"
