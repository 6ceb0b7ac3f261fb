"""The life of a suspect page as the web logs tell it: since when it answered, for whom, until when.

IIS's front end and HttpProxy both log a request, and the back end may log it a third time. Requests
are counted in one log only, the one of the two that has more of them; times and proofs come from
both. A page is there while it answers 200, and gone when it is missing afterwards; an error 500
counts as an answer only next to a real one. Where a list of made-up names is answered 200 without
exception, the site answers so for everything, and 200 tells nothing.
"""

from collections import Counter as Counts
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from extriage.analysis.visits import (
    WALKED,
    Log,
    PageTally,
    Stretch,
    Told,
    VisitorTally,
    Walk,
    added,
)
from extriage.model.persistence import PageLife, Role, Visitor
from extriage.model.state import Proof

VISITORS = 50
AGENTS = 5
PROOFS = 8
TURNS = 7
"""A page that is there and missing in turns more often is not told to have been removed: it may
send visitors away itself."""
OVERLAP = timedelta(seconds=2)
"""Two logs may write the same request as far apart."""
ORDERS_OF_WALKER = 3
"""Who walks a list tries an order at each name; as many orders at one are meant for it."""
VARIED = 3
"""As many sizes of answers show that a page did different things; cookies make for two."""

Own = Callable[[int], bool]


@dataclass(frozen=True, slots=True)
class Around:
    """What is known besides of those who asked for pages of one server."""

    listed: dict[str, int]
    """Foreign pages that an address asked for, up to a bound for each kind of answer."""
    answers_all: frozenset[bool]
    """True for the tree below `/owa/`, False for the rest, where every name is answered 200."""
    own: Own
    """Tells whether an entry of a suppress file holds for this server."""


def around(walks: Iterable[Walk], own: Own) -> Around:
    """Put together who walked lists of names, over all logs of one server."""
    pages: dict[tuple[str, bool], tuple[set[str], set[str], set[int]]] = {}
    names: dict[str, set[str]] = {}
    for walk in walks:
        seen = pages.setdefault((walk.address, walk.below_owa), (set(), set(), set()))
        seen[0].update(walk.answered)
        seen[1].update(walk.missing, walk.other)
        seen[2].update(walk.sizes)
        names.setdefault(walk.address, set()).update(walk.answered, walk.missing, walk.other)
    answers_all = frozenset(
        below
        for (_, below), (answered, others, sizes) in pages.items()
        if len(answered) >= WALKED and not others and len(sizes) <= 1
    )
    return Around({name: len(found) for name, found in names.items()}, answers_all, own)


def page_lives(tallies: Iterable[PageTally], known: Around) -> tuple[PageLife, ...]:
    """Tell the life of every page of one server, in the order of URLs."""
    pages: dict[str, list[PageTally]] = {}
    for tally in tallies:
        pages.setdefault(tally.page, []).append(tally)
    return tuple(_life(page, found, known) for page, found in sorted(pages.items()))


def _life(page: str, tallies: Sequence[PageTally], known: Around) -> PageLife:
    by_log = {log: _sum([one for one in tallies if one.log is log]) for log in Log}
    every = {log: one for log, one in by_log.items() if one is not None}
    front = (Log.FRONT, Log.PROXY)
    told = {log: one for log, one in every.items() if log in front} or every
    # NOTE: of two with as many the first is taken: IIS knows requests that HttpProxy never sees.
    counted = max(told.values(), key=lambda one: one.requests)
    sized = counted if counted.bytes_out is not None else told.get(Log.PROXY, counted)
    series = _Series.of(list(told.values()), blind=_blind(page, sized, known))
    there = _answers(counted.statuses, failed=series.failures) if series.answered else 0
    visitors = [
        _visitor(one, sized.visitors.get(key, one), series, known)
        for key, one in counted.visitors.items()
    ]
    visitors.sort(key=lambda one: (one.role is not Role.OWNER, -one.requests, one.address))
    return PageLife(
        page,
        counted.requests,
        there,
        min(one.first for one in told.values()),
        max(one.last for one in told.values()),
        series.first_answered,
        series.last_answered,
        series.gone_after,
        series.gone_before,
        series.missing_until,
        _ranked(counted.methods),
        _ranked(counted.statuses),
        len(sized.sizes),
        sized.bytes_in,
        sized.bytes_out,
        tuple(visitors[:VISITORS]),
        len(counted.visitors) + len(counted.others),
        series.proofs,
    )


def _ranked(counts: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _answers(statuses: dict[str, int], *, failed: bool) -> int:
    return sum(
        count
        for status, count in statuses.items()
        if status[:1] == "2" or status == "304" or (failed and status == "500")
    )


def _blind(page: str, sized: PageTally, known: Around) -> bool:
    """Tell whether 200 says nothing of this page, because any name would be answered so."""
    return page.startswith("/owa/") in known.answers_all and len(sized.sizes) <= 1


def _sum(tallies: Sequence[PageTally]) -> PageTally | None:
    """Put what several files of one log say into one."""
    if not tallies:
        return None
    first = tallies[0]
    total = PageTally("", first.page, first.log, first.first, first.last)
    methods, statuses = Counts[str](), Counts[str]()
    for one in tallies:
        total.requests += one.requests
        total.first, total.last = min(total.first, one.first), max(total.last, one.last)
        methods.update(one.methods)
        statuses.update(one.statuses)
        total.sizes = sorted({*total.sizes, *one.sizes})
        total.bytes_in = added(total.bytes_in, one.bytes_in)
        total.bytes_out = added(total.bytes_out, one.bytes_out)
        total.others |= one.others
        total.stretches += one.stretches
        total.restless = total.restless or one.restless
        for key, visitor in one.visitors.items():
            known = total.visitors.get(key)
            total.visitors[key] = visitor if known is None else _together(known, visitor)
    total.methods, total.statuses = dict(methods), dict(statuses)
    return total


def _together(one: VisitorTally, other: VisitorTally) -> VisitorTally:
    return VisitorTally(
        one.address,
        one.account,
        min(one.first, other.first),
        max(one.last, other.last),
        dict(Counts(one.agents) + Counts(other.agents)),
        dict(Counts(one.methods) + Counts(other.methods)),
        one.requests + other.requests,
        one.answered + other.answered,
        one.failed + other.failed,
        one.missing + other.missing,
        one.orders + other.orders,
        sorted({*one.sizes, *other.sizes}),
        added(one.bytes_in, other.bytes_in),
        added(one.bytes_out, other.bytes_out),
        scanners=sorted({*one.scanners, *other.scanners}),
    )


def _visitor(one: VisitorTally, sized: VisitorTally, series: "_Series", known: Around) -> Visitor:
    return Visitor(
        one.address,
        one.account,
        tuple(agent for agent, _ in _ranked(one.agents)[:AGENTS] if agent),
        _role(one, sized, series, known),
        one.first,
        one.last,
        one.requests,
        (one.answered + one.failed * series.failures) if series.answered else 0,
        _ranked(one.methods),
        sized.bytes_in,
        sized.bytes_out,
    )


def _role(one: VisitorTally, sized: VisitorTally, series: "_Series", known: Around) -> Role:
    walks = known.listed.get(one.address, 0) >= WALKED
    if any(map(known.own, one.scanners)) and one.orders < ORDERS_OF_WALKER:
        return Role.ORGANISATION
    if not series.answered or not one.answered:
        return Role.STRANGER if walks or one.missing else Role.INFORMED
    varied = len(sized.sizes) >= VARIED
    if walks:
        meant = one.orders >= ORDERS_OF_WALKER or (one.orders > 1 and varied)
        return Role.OWNER if meant else Role.STRANGER
    return Role.OWNER if one.orders or varied else Role.INFORMED


@dataclass(frozen=True, slots=True)
class _Series:
    """There and missing in turns, over all logs that show it."""

    answered: bool
    failures: bool
    """Whether errors count as answers."""
    first_answered: datetime | None = None
    last_answered: datetime | None = None
    gone_after: datetime | None = None
    gone_before: datetime | None = None
    missing_until: datetime | None = None
    proofs: tuple[Proof, ...] = ()

    @classmethod
    def of(cls, tallies: Sequence[PageTally], *, blind: bool) -> "_Series":
        every = [one for tally in tallies for one in tally.stretches]
        every.sort(key=lambda one: (one.first, one.last, one.opening.path, one.opening.line))
        settled = _failures_settled(every)
        merged = _merged(settled)
        answered = [one for one in merged if one.told is Told.ANSWERED]
        if blind or not answered:
            found = [one.opening for one in merged[:1]]
            return cls(answered=False, failures=False, proofs=_proofs(found))
        first, last = answered[0], max(answered, key=lambda one: one.last)
        proofs = [proof for tally in tallies for proof in _ends(tally)]
        steady = not any(tally.restless for tally in tallies) and _in_turn(merged)
        # NOTE: logs write whole seconds: it may answer and be missing within the same one.
        after = [
            o
            for o in merged
            if o.told is Told.MISSING and o.first >= last.last and o.last > last.last
        ]
        before = [o for o in merged if o.told is Told.MISSING and o.last < first.first]
        gone = min(after, key=lambda one: one.first) if after and steady else None
        found_gone = [
            one.opening
            for one in every
            if gone and one.told is Told.MISSING and one.first == gone.first
        ]
        missed = max(before, key=lambda one: one.last) if before and steady else None
        return cls(
            answered=True,
            failures=len(settled) == len(every),
            first_answered=first.first,
            last_answered=last.last,
            gone_after=last.last if gone else None,
            gone_before=gone.first if gone else None,
            missing_until=missed.last if missed else None,
            proofs=_proofs([*proofs, *found_gone]),
        )


def _failures_settled(every: Sequence[Stretch]) -> list[Stretch]:
    """Let errors that stand next to an answer, before or after, be answers; leave out others."""
    before, after = _certain(every), _certain(every[::-1])[::-1]
    settled = []
    for one, *beside in zip(every, before, after, strict=True):
        if one.told is not Told.FAILED:
            settled.append(one)
        elif Told.ANSWERED in beside:
            settled.append(replace(one, told=Told.ANSWERED))
    return settled


def _certain(every: Sequence[Stretch]) -> list[Told | None]:
    """Return for each stretch what the last one told that was no error."""
    found: list[Told | None] = []
    last = None
    for one in every:
        last = last if one.told is Told.FAILED else one.told
        found.append(last)
    return found


def _merged(every: Sequence[Stretch]) -> list[Stretch]:
    merged: list[Stretch] = []
    for one in every:
        last = merged[-1] if merged else None
        if last is None or last.told is not one.told:
            merged.append(one)
        elif one.last > last.last:
            merged[-1] = replace(last, last=one.last, closing=one.closing)
    return merged


def _in_turn(merged: Sequence[Stretch]) -> bool:
    """Tell whether what was seen fits one order of time, and is no constant change."""
    apart = all(later.first >= one.last - OVERLAP for one, later in pairwise(merged))
    return apart and len(merged) <= TURNS


def _ends(tally: PageTally) -> list[Proof]:
    answered = [one for one in tally.stretches if one.told is Told.ANSWERED]
    if not answered:
        return []
    first = min(answered, key=lambda one: one.first)
    last = max(answered, key=lambda one: one.last)
    return [first.opening, last.closing]


def _proofs(found: Iterable[Proof]) -> tuple[Proof, ...]:
    return tuple({(one.path, one.line): one for one in found}.values())[:PROOFS]
