"""Lines that tell of an intruder: who he is by their keys, and which of them belong together.

What one person takes along from request to request is a strong key: a canary, a session, the
password of a page. A public address is one too; a private one only together with the agent, for a
proxy lends it to everybody.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from extriage.analysis.persistence import is_sure
from extriage.knowledge.joins import Keys, is_inside, keys_of
from extriage.model.detection import Certainty, Finding, Sign, Stage
from extriage.model.host import Chain
from extriage.model.persistence import Persistence, Role

STRONG = ("canary", "session", "activity", "request", "password")
"""Kinds of keys that one hand only has, besides addresses."""
_ASKING = frozenset({"iis", "iis-native", "httpproxy", "httperr", "page-life"})
"""Logs whose lines say that a page was asked for; it was put there before."""
_HOLDS = ("address", "canary", "session")
"""What makes a line say who it was."""
_PASSWORD = re.compile(r"[\s,?]([^\s,?&=/]{1,60})=")
_SEARCHED = 4000
_NEAR = 200


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of a finding, or one owner of a page."""

    time: datetime
    until: datetime
    place: tuple[str, int, int]
    keys: Keys
    finding: Finding | None
    planted: bool
    """Whether it says that the page, if it names one, was put there."""
    pages: tuple[str, ...] = ()
    """Pages, by their last part, to which orders were given."""
    orders: int = 0
    """Requests of an owner of a page, between `time` and `until`."""
    proved: bool = True
    """False for an owner of a page that may well be the organisation's own."""

    def one(self, name: str) -> str:
        """Return the first value of a kind of key; empty if it has none."""
        return next((value for kind, value in self.keys if kind == name), "")

    @property
    def rank(self) -> int:
        """Return how far it proves that somebody got; 0 if it only hints."""
        if self.finding is None:
            return Stage.EXECUTED.rank if self.proved else 0
        return self.finding.stage.rank if self.finding.stage else 0

    @property
    def says_who(self) -> bool:
        """Tell whether it says who it was, and not only what the server did."""
        return any(name in _HOLDS for name, _ in self.keys)


@dataclass(slots=True)
class Groups:
    """Traces that are told to belong together; the first of a group stands for it."""

    traces: Sequence[Trace]
    _parent: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with every trace alone."""
        self._parent = list(range(len(self.traces)))

    def root(self, at: int) -> int:
        """Return the trace that stands for the group of a trace."""
        while self._parent[at] != at:
            self._parent[at] = self._parent[self._parent[at]]
            at = self._parent[at]
        return at

    def join(self, one: int, other: int) -> None:
        """Put two groups together."""
        first, second = self.root(one), self.root(other)
        self._parent[max(first, second)] = min(first, second)

    def members(self) -> dict[int, list[int]]:
        """Return the groups by the trace that stands for each, in order of time."""
        found: dict[int, list[int]] = {}
        for at in range(len(self.traces)):
            found.setdefault(self.root(at), []).append(at)
        return found


def traces_of(
    findings: Sequence[Finding], chains: Sequence[Chain], ways: Sequence[Persistence]
) -> list[Trace]:
    """Return the lines that may tell of an intruder, in order of time.

    Lines that only hint count if their finding stands in a chain; lines of mere probes do not.
    """
    told = {step.finding for chain in chains for step in chain.steps}
    curious = _curious(ways)
    seen: dict[tuple[object, ...], Trace] = {}
    for finding in sorted(findings, key=lambda one: one.id):
        for trace in _lines(finding) if _tells(finding, told) else ():
            if not curious.isdisjoint(_asking(trace)):
                continue
            key = (trace.place, trace.time, trace.keys)
            known = seen.get(key)
            if known is None or _weight(trace) > _weight(known):
                seen[key] = trace
    found = [*seen.values(), *_owners(ways)]
    return sorted(found, key=lambda one: (one.time, one.place, one.keys, _weight(one)))


def _curious(ways: Iterable[Persistence]) -> set[tuple[str, str]]:
    """Return who asked for which page without being its owner."""
    lives = [way.life for way in ways if way.life]
    seen = [(life.page.rpartition("/")[2], one) for life in lives for one in life.visitors]
    owners = {(one.address, page) for page, one in seen if one.role is Role.OWNER}
    return {(one.address, page) for page, one in seen} - owners


def _asking(trace: Trace) -> Iterator[tuple[str, str]]:
    yield trace.one("address"), trace.one("page")


def _tells(finding: Finding, told: set[str]) -> bool:
    if finding.raw:
        return False
    if finding.stage is not None:
        return finding.stage.rank >= Stage.REACHED.rank
    return finding.hints is not None and finding.id in told


def _weight(trace: Trace) -> tuple[int, int, bool, str]:
    finding = trace.finding
    sure = finding.certainty.rank if finding else Certainty.LIKELY.rank
    return (trace.rank, sure, trace.planted, finding.id if finding else "")


def _lines(finding: Finding) -> Iterator[Trace]:
    for line in finding.evidence:
        if line.time is None or (finding.first is not None and line.time < finding.first):
            continue
        placed = finding.stage is Stage.PLANTED and line.kind not in _ASKING
        planted = placed or line.sign is Sign.PLANTED
        place = (line.path, line.line, line.offset)
        keys = dict.fromkeys((*line.keys, *_password(line.text, line.keys)))
        yield Trace(line.time, line.time, place, tuple(keys), finding, planted)


def _password(text: str, keys: Keys) -> Iterator[tuple[str, str]]:
    """Yield the page with the name of the parameter that orders to it were given in."""
    page = next((value for name, value in keys if name == "page"), "")
    text = text[:_SEARCHED]
    at = text.lower().find(page) if page else -1
    found = _PASSWORD.match(text, at + len(page), at + len(page) + _NEAR) if at >= 0 else None
    if found:
        yield "password", f"{page} {found[1]}"


def _owners(ways: Iterable[Persistence]) -> Iterator[Trace]:
    ways = [way for way in ways if way.life]
    lives = {way.life.page: way.life for way in ways if way.life}
    sure = {way.life.page for way in ways if way.life and is_sure(way.level, way.certainty)}
    for page, life in sorted(lives.items()):
        for one in life.visitors:
            if one.role is Role.OWNER:
                agent = (("agent", one.agents[0].lower()),) if one.agents else ()
                account = tuple(
                    key for key in keys_of({"User": one.account}) if key[0] == "account"
                )
                name = page.rpartition("/")[2]
                keys = (("page", name), ("address", one.address), *account, *agent)
                yield Trace(
                    one.first,
                    one.last,
                    ("", 0, 0),
                    keys,
                    None,
                    planted=False,
                    pages=(name,),
                    orders=one.requests,
                    proved=page in sure,
                )


def who_keys(trace: Trace) -> Iterator[tuple[str, str]]:
    """Yield the keys that only one hand has."""
    for name, value in trace.keys:
        if name in STRONG:
            yield name, value
        elif name == "address":
            yield address_key(value, trace.one("agent"))


def address_key(address: str, agent: str) -> tuple[str, str]:
    """Return what stands for a visitor: a public address, or a private one with its agent."""
    return ("visitor", f"{address} {agent}") if is_inside(address) else ("address", address)
