"""Who came, and what they did: intruders with their sessions, informed visitors, strangers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from extriage.model.detection import Finding
from extriage.model.host import Host
from extriage.model.persistence import Role
from extriage.model.session import Intruder, Session, SessionStep, Strangers
from extriage.model.state import Proof
from extriage.reports.anchors import finding_anchor
from extriage.reports.html.sections.amounts import bounded, bounded_size, many, size
from extriage.reports.html.sections.bounds import Bounds, brief, prose
from extriage.reports.html.sections.links import Link, targets

_KEYS = {
    "address": "addresses",
    "account": "accounts",
    "sid": "accounts by their SID",
    "agent": "user agents",
    "page": "pages",
    "password": "words that a page answers to",
    "canary": "canaries of the control panel",
    "session": "sessions of the server",
    "file": "files",
    "process": "processes",
    "request": "requests that several logs have",
    "activity": "activities that several logs have",
    "time": "nothing but the time",
}
"""Kinds of keys in words, the most telling first; others follow under their own names."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """Values of one kind that join records."""

    kind: str
    named: tuple[tuple[str, int], ...]
    left: int


@dataclass(frozen=True, slots=True)
class StepView:
    """One deed."""

    time: datetime
    until: datetime
    text: str
    words: str
    """What the filter chips go by: `proof`, `mail`, `refused`, `unsure`."""
    stage: str
    done: bool
    sure: bool
    facts: str
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class SessionView:
    """One visit."""

    anchor: str
    first: datetime
    last: datetime
    standing: str
    sure: bool
    summary: str
    facts: str
    who: tuple[tuple[str, str], ...]
    joined: tuple[KeyRow, ...]
    steps: tuple[StepView, ...]
    left: int
    chips: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class IntruderView:
    """One hand."""

    anchor: str
    name: str
    standing: str
    first: datetime
    last: datetime
    summary: str
    keys: tuple[KeyRow, ...]
    ways: tuple[Link, ...]
    findings: tuple[Link, ...]
    findings_left: int
    sessions: tuple[SessionView, ...]
    sessions_left: int


@dataclass(frozen=True, slots=True)
class Visitors:
    """Everybody who came to a server."""

    intruders: tuple[IntruderView, ...]
    others: tuple[SessionView, ...]
    """Informed visitors, the own scanner, and sessions that belong to no intruder."""
    others_left: int
    strangers: Strangers | None
    shared: tuple[str, ...]
    shared_left: int
    total: str


_WORDS = {
    "proof": "prove a stage",
    "mail": "mail and items",
    "refused": "refused or only tried",
    "unsure": "perhaps somebody else",
}
_CHIPS_FROM = 6
"""With fewer steps nobody needs a filter."""
_FINDINGS = 8
_SHARED = 20
_LONG = timedelta(seconds=1)


def visitors(host: Host, at: int, bounds: Bounds) -> Visitors:
    """Return intruders, the earliest first, then who only looked."""
    shown = _chosen(host.sessions, bounds.sessions)
    each = max(bounds.steps // max(len(shown), 1), 8)
    views = {
        place: _session(one, f"h{at}-session-{place}", each, bounds)
        for place, one in enumerate(host.sessions)
        if place in shown
    }
    placed = list(enumerate(host.sessions))
    names = {one.id for one in host.intruders}
    others = [place for place, one in placed if one.intruder not in names]
    return Visitors(
        intruders=tuple(
            _intruder(one, place, host, at, views, bounds)
            for place, one in enumerate(host.intruders)
        ),
        others=tuple(views[place] for place in others if place in views),
        others_left=sum(place not in views for place in others),
        strangers=host.strangers,
        shared=tuple(map(brief, host.shared[:_SHARED])),
        shared_left=max(len(host.shared) - _SHARED, 0),
        total=_total(host),
    )


def _total(host: Host) -> str:
    his = [one for one in host.sessions if one.intruder]
    words = [many(len(host.intruders), "intruder"), many(len(his), "session")]
    unsure = sum(not _is_sure(one) for one in his)
    words += [f"{unsure} of them perhaps somebody else's"] if unsure else []
    return ", ".join(words)


def _chosen(sessions: Sequence[Session], most: int) -> set[int]:
    """Choose the sessions that are told: those that prove most, intruders' before others."""
    ranked = sorted(
        enumerate(sessions),
        key=lambda item: (
            not item[1].intruder,
            -(item[1].stage.rank if item[1].stage else 0),
            item[1].first,
            item[0],
        ),
    )
    return {place for place, _ in ranked[:most]}


def _is_sure(session: Session) -> bool:
    return any(step.sure for step in session.steps)


def _intruder(
    one: Intruder,
    place: int,
    host: Host,
    at: int,
    views: Mapping[int, SessionView],
    bounds: Bounds,
) -> IntruderView:
    his = [n for n, session in enumerate(host.sessions) if session.intruder == one.id]
    links = targets(host, at)
    ways = {way.id: way.object for way in host.persistence}
    titles = {finding.id: finding for finding in host.findings}
    best = sorted((titles[name] for name in one.findings if name in titles), key=_telling)
    return IntruderView(
        anchor=f"h{at}-intruder-{place}",
        name=brief(one.id).replace("intruder-", "Intruder "),
        standing=f"{one.stage.value}, {one.certainty.value}",
        first=one.first,
        last=one.last,
        summary=prose(one.summary),
        keys=key_rows(one.keys, bounds.values),
        ways=tuple(
            Link(brief(ways[name]), links.get(name, "")) for name in one.ways if name in ways
        ),
        findings=tuple(
            Link(brief(best_one.title), finding_anchor(at, best_one.id))
            for best_one in best[:_FINDINGS]
        ),
        findings_left=max(len(best) - _FINDINGS, 0),
        sessions=tuple(views[n] for n in his if n in views),
        sessions_left=sum(n not in views for n in his),
    )


def _telling(finding: Finding) -> tuple[int, int, str]:
    return (
        -(finding.stage.rank if finding.stage else 0),
        -finding.certainty.rank,
        finding.id,
    )


def key_rows(keys: Iterable[tuple[str, str, int]], most: int) -> tuple[KeyRow, ...]:
    """Return what joins records by kind, the most telling kind first."""
    kinds: dict[str, list[tuple[str, int]]] = {}
    for kind, value, count in keys:
        kinds.setdefault(kind, []).append((brief(value), count))
    order = list(_KEYS)
    ranked = sorted(kinds, key=lambda kind: (order.index(kind) if kind in _KEYS else 99, kind))
    return tuple(
        KeyRow(
            _KEYS.get(kind, brief(kind)), tuple(kinds[kind][:most]), max(len(kinds[kind]) - most, 0)
        )
        for kind in ranked
    )


def _session(one: Session, anchor: str, most: int, bounds: Bounds) -> SessionView:
    steps = tuple(_step(step, bounds) for step in _kept(one.steps, most))
    words = [word.value for word in (one.stage, one.certainty) if word]
    sure = _is_sure(one)
    return SessionView(
        anchor=anchor,
        first=one.first,
        last=one.last,
        standing=", ".join(words) if one.role is Role.INTRUDER else one.role.value,
        sure=sure,
        summary=prose(one.summary),
        facts="; ".join(_facts(one)),
        who=tuple(_who(one, bounds)),
        joined=key_rows(one.joined_by, bounds.values),
        steps=steps,
        left=max(one.steps_total - len(steps), 0),
        chips=_chips(steps),
    )


def _facts(one: Session) -> Iterable[str]:
    yield bounded(one.requests, "request")
    if one.answered:
        yield f"{one.answered:,} answered"
    yield f"bytes in: {bounded_size(one.bytes_in)}"
    yield f"bytes out: {bounded_size(one.bytes_out)}"


def _who(one: Session, bounds: Bounds) -> Iterable[tuple[str, str]]:
    for words, values in (
        ("Addresses", one.addresses),
        ("Accounts", one.accounts),
        ("Mailboxes", one.mailboxes),
        ("User agents", one.agents),
        ("Logs that show it", one.kinds),
    ):
        if values:
            named = ", ".join(brief(value) for value in values[: bounds.values])
            left = len(values) - bounds.values
            yield words, named + (f" and {left} more" if left > 0 else "")


def _kept(steps: Sequence[SessionStep], most: int) -> Sequence[SessionStep]:
    """Keep the steps that prove most, then the earliest; in the order in which they came."""
    ranked = sorted(
        enumerate(steps),
        key=lambda item: (
            -(item[1].stage.rank if item[1].stage else 0),
            not item[1].items,
            item[0],
        ),
    )
    chosen = {place for place, _ in ranked[:most]}
    return [one for place, one in enumerate(steps) if place in chosen]


def _step(one: SessionStep, bounds: Bounds) -> StepView:
    words = ["proof"] if one.stage else []
    words += ["mail"] if one.items or one.mailbox else []
    words += ["refused"] if not one.done else []
    words += ["unsure"] if not one.sure else []
    return StepView(
        time=one.time,
        until=one.until,
        text=prose(one.text),
        words=" ".join(words),
        stage=one.stage.value if one.stage else "",
        done=one.done,
        sure=one.sure,
        facts="; ".join(_step_facts(one)),
        proofs=one.proofs[: bounds.proofs],
    )


def _step_facts(one: SessionStep) -> Iterable[str]:
    if one.requests > 1:
        yield many(one.requests, "request")
    if one.items is not None:
        yield many(one.items, "item")
    if one.bytes_in:
        yield f"{size(one.bytes_in)} in"
    if one.bytes_out:
        yield f"{size(one.bytes_out)} out"
    if one.until - one.time >= _LONG:
        yield f"until {one.until:%Y-%m-%d %H:%M:%S}"
    if one.kinds:
        yield ", ".join(one.kinds)


def _chips(steps: Sequence[StepView]) -> tuple[tuple[str, str, int], ...]:
    """Return the filters that tell steps apart: word, label and how many steps have it."""
    if len(steps) < _CHIPS_FROM:
        return ()
    counts = {word: sum(word in one.words.split() for one in steps) for word in _WORDS}
    return tuple(
        (word, _WORDS[word], count) for word, count in counts.items() if 0 < count < len(steps)
    )
