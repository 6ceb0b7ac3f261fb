"""Ways back in: what is there, what may be there, what is gone, each with its life story."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.analysis.persistence import ITEMS
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.host import Host
from extriage.model.persistence import Episode, PageLife, Persistence, Presence, Role, Visitor
from extriage.model.state import Proof
from extriage.reports.anchors import finding_anchor
from extriage.reports.html.sections.amounts import many, size
from extriage.reports.html.sections.bounds import Bounds, brief, prose
from extriage.reports.html.sections.links import Link

STATES = {
    Presence.PRESENT: ("there", "bad", "it is in the evidence"),
    Presence.UNKNOWN: ("perhaps there", "unsure", "nothing tells what became of it"),
    Presence.REMOVED: ("gone", "plain", "something shows that it was taken away"),
    Presence.ATTEMPTED: ("only tried", "plain", "nothing shows that it worked"),
}
"""How a state is written, its tone and its meaning; worst first."""
_ROLES = {
    Role.INTRUDER: "intruder",
    Role.OWNER: "gave it orders",
    Role.INFORMED: "knew its name",
    Role.STRANGER: "stranger",
    Role.ORGANISATION: "own scanner",
}
_GIVES = (Presence.PRESENT, Presence.UNKNOWN)
"""What is gone or was only tried gives nobody anything any more."""
_CHAPTERS = frozenset(("planted", "compiled", "used", "present"))
"""What shows that it was there: drawn in another colour."""
_REASONS = 8
_PLACES = 6
_FINDINGS = 6


@dataclass(frozen=True, slots=True)
class VisitorRow:
    """One visitor of a page."""

    who: str
    role: str
    first: datetime
    last: datetime
    requests: str
    traffic: str
    agents: str


@dataclass(frozen=True, slots=True)
class LifeView:
    """What the web logs tell of a page."""

    numbers: tuple[tuple[str, str], ...]
    moments: tuple[tuple[str, datetime], ...]
    visitors: tuple[VisitorRow, ...]
    visitors_left: int


@dataclass(frozen=True, slots=True)
class EpisodeView:
    """One chapter of a life story."""

    what: str
    style: str
    """Our own word for it; empty for words that are none of ours."""
    time: datetime | None
    until: datetime | None
    text: str
    by: str
    place: str


@dataclass(frozen=True, slots=True)
class WayView:
    """One way back in."""

    anchor: str
    state: str
    tone: str
    state_means: str
    state_note: str
    title: str
    object: str
    gives: str
    standing: str
    first: datetime | None
    last: datetime | None
    by: str
    places: tuple[str, ...]
    places_left: int
    reasons: tuple[str, ...]
    reasons_left: int
    findings: tuple[Link, ...]
    findings_left: int
    story: tuple[EpisodeView, ...]
    story_left: int
    life: LifeView | None
    removal: tuple[str, ...]
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class WaysBack:
    """All ways back of a server."""

    ways: tuple[WayView, ...]
    left: int
    total: str
    crowded: bool
    """True if the case itself holds only the worst of more."""


def ways_back(host: Host, at: int, bounds: Bounds) -> WaysBack:
    """Return the ways back, those that are there first, as the case orders them."""
    titles = {one.id: one.title for one in host.findings}
    shown = [
        _way(one, (at, place), titles, bounds)
        for place, one in enumerate(host.persistence[: bounds.ways])
    ]
    return WaysBack(
        ways=tuple(shown),
        left=max(len(host.persistence) - bounds.ways, 0),
        total=total(host.persistence),
        crowded=len(host.persistence) >= ITEMS,
    )


def total(ways: Sequence[Persistence]) -> str:
    """Count ways back by state, such as `2 there, 1 gone`."""
    counts = Counter(one.state for one in ways)
    return ", ".join(
        f"{counts[state]} {words}" for state, (words, _, _) in STATES.items() if counts[state]
    )


def _way(
    one: Persistence, place: tuple[int, int], titles: dict[str, str], bounds: Bounds
) -> WayView:
    state, tone, means = STATES[one.state]
    kind = persistence_kinds().get(one.kind)
    named = [name for name in one.findings if name in titles]
    return WayView(
        anchor=f"h{place[0]}-way-{place[1]}",
        state=state,
        tone=tone,
        state_means=means,
        state_note=prose(one.state_note),
        title=kind.title if kind else brief(one.kind),
        object=brief(one.object),
        gives=kind.gives if kind and one.state in _GIVES else "",
        standing=f"{one.level.value}, {one.certainty.value}",
        first=one.first,
        last=one.last,
        by=_listed(one.by, bounds.values),
        places=tuple(brief(path) for path in one.paths[:_PLACES]),
        places_left=max(len(one.paths) - _PLACES, 0),
        reasons=tuple(prose(reason) for reason in one.reasons[:_REASONS]),
        reasons_left=max(len(one.reasons) - _REASONS, 0),
        findings=tuple(
            Link(brief(titles[name]), finding_anchor(place[0], name)) for name in named[:_FINDINGS]
        ),
        findings_left=max(len(named) - _FINDINGS, 0),
        story=tuple(_episode(episode) for episode in one.story[: bounds.episodes]),
        story_left=max(len(one.story) - bounds.episodes, 0),
        life=_life(one.life, bounds) if one.life else None,
        removal=tuple(prose(step) for step in one.removal),
        proofs=one.proofs[: bounds.proofs],
    )


def _listed(values: Sequence[str], most: int) -> str:
    left = len(values) - most
    named = ", ".join(brief(value) for value in values[:most])
    return named + (f" and {left} more" if left > 0 else "")


def _episode(one: Episode) -> EpisodeView:
    place = f"{brief(one.path)}:{one.line}" if one.path else ""
    by = _listed([name for name in one.by if name not in one.text], 3)
    return EpisodeView(
        brief(one.what),
        one.what if one.what in _CHAPTERS else "",
        one.time,
        one.until,
        prose(one.text),
        by,
        place,
    )


def _life(life: PageLife, bounds: Bounds) -> LifeView:
    return LifeView(
        numbers=tuple(_numbers(life)),
        moments=tuple(_moments(life)),
        visitors=tuple(_visitor(one) for one in life.visitors[: bounds.visitors]),
        visitors_left=max(life.visitors_total - bounds.visitors, 0),
    )


def _numbers(life: PageLife) -> Iterable[tuple[str, str]]:
    yield "Page", brief(life.page)
    yield "Requests", f"{life.requests:,}, {life.answered:,} of them answered by the page"
    yield "Methods", _counted(life.methods)
    yield "Answers by status", _counted(life.statuses)
    if life.sizes:
        yield "Different sizes of answers", f"{life.sizes:,}"
    if life.bytes_in is not None:
        yield "Sent to it", size(life.bytes_in)
    if life.bytes_out is not None:
        yield "Sent by it", size(life.bytes_out)


def _counted(pairs: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{brief(name)} ({count:,})" for name, count in pairs[:8]) or "not logged"


def _moments(life: PageLife) -> Iterable[tuple[str, datetime]]:
    for words, moment in (
        ("Still missing", life.missing_until),
        ("First asked for", life.first),
        ("First answered", life.first_answered),
        ("Last answered", life.last_answered),
        ("Gone after", life.gone_after),
        ("Gone before", life.gone_before),
        ("Last asked for", life.last),
    ):
        if moment:
            yield words, moment


def _visitor(one: Visitor) -> VisitorRow:
    bytes_out = "" if one.bytes_out is None else f", {size(one.bytes_out)} out"
    bytes_in = "" if one.bytes_in is None else f"{size(one.bytes_in)} in"
    return VisitorRow(
        who=" as ".join(brief(word) for word in (one.address, one.account) if word) or "unknown",
        role=_ROLES[one.role],
        first=one.first,
        last=one.last,
        requests=f"{many(one.requests, 'request')}, {one.answered:,} answered",
        traffic=f"{bytes_in}{bytes_out}" or "not logged",
        agents=_listed(one.agents, 2),
    )
