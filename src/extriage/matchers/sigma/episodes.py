"""Correlations, applied to the matches of one host.

The specification speaks of a time span and of what must be in it. The window here slides: for
every match it is the span that ends with it, both ends included. Windows that share a match
describe one episode and are handed over as one.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from extriage.matchers.sigma.plan import Plan
from extriage.matchers.sigma.ruleset import CompiledCorrelation, RuleSet
from extriage.matchers.sigma.views import fold
from extriage.model.detection import Match

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

Place: TypeAlias = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Happening:
    """A match, or an episode of another correlation, as one step of a correlation."""

    rule: str
    time: int
    """Microseconds since 1970."""
    place: Place
    values: Mapping[str, str]
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time that meets a correlation, and the happenings in it that do."""

    end: int
    first: int
    last: int
    chosen: tuple[int, ...] = ()
    """Positions of the steps of an ordered correlation; else all from `first` to `last` count."""


def correlate(
    ruleset: RuleSet, matches: Iterable[Match]
) -> list[tuple[CompiledCorrelation, list[Match]]]:
    """Return the episodes in which correlations are met, each with its matches in order of time.

    Matches without a time, or without a value to group by, cannot be joined to others.
    """
    happened: dict[str, list[Happening]] = defaultdict(list)
    for match in matches:
        if match.evidence.time is not None:
            happened[match.rule].append(_happening(match, match.evidence.time))
    found: list[tuple[CompiledCorrelation, list[Match]]] = []
    for correlation in ruleset.correlations:
        name = correlation.rule.id
        for episode in episodes(name, correlation.plan, happened):
            happened[name].append(episode)
            if correlation.generate:
                found.append((correlation, list(episode.matches)))
    return found


def _happening(match: Match, time: datetime) -> Happening:
    evidence = match.evidence
    return Happening(
        rule=match.rule,
        time=(time - _EPOCH) // _MICROSECOND,
        place=(evidence.path, evidence.line, evidence.offset),
        values=dict(match.values),
        matches=(match,),
    )


def episodes(
    name: str, plan: Plan, happened: Mapping[str, Sequence[Happening]]
) -> Iterator[Happening]:
    """Return the episodes of one correlation, in order of their group and time."""
    for key, group in sorted(_groups(plan, happened).items()):
        group.sort(key=lambda one: (one.time, one.place))
        for chosen in _merged(windows(plan, group)):
            steps = [group[at] for at in chosen]
            values = {**steps[-1].values, **dict(zip(plan.group_by, key, strict=True))}
            matches = tuple(dict.fromkeys(match for step in steps for match in step.matches))
            yield Happening(name, steps[-1].time, steps[-1].place, values, matches)


def _groups(
    plan: Plan, happened: Mapping[str, Sequence[Happening]]
) -> dict[tuple[str, ...], list[Happening]]:
    groups: dict[tuple[str, ...], list[Happening]] = defaultdict(list)
    for rule in dict.fromkeys(plan.rules):
        names = [plan.field(rule, name) for name in plan.group_by]
        for one in happened.get(rule, ()):
            key = tuple(fold(one.values.get(name, "")) for name in names)
            if all(key):
                groups[key].append(one)
    return groups


def windows(plan: Plan, group: Sequence[Happening]) -> Iterator[Window]:
    """Return the windows that meet a correlation; the happenings are in order of time."""
    span = plan.seconds * 1_000_000
    inside: Counter[object] = Counter()
    first = 0
    steps = _steps(group) if plan.chains else {}
    for last, one in enumerate(group):
        _count(inside, plan, one, 1)
        if last + 1 < len(group) and group[last + 1].time == one.time:
            continue
        while group[first].time < one.time - span:
            _count(inside, plan, group[first], -1)
            first += 1
        if not plan.chains:
            if _complete(plan, inside):
                yield Window(one.time, first, last)
        elif chosen := _chain(plan, group, steps, (first, last)):
            yield Window(one.time, first, last, chosen)


def _count(inside: Counter[object], plan: Plan, one: Happening, change: int) -> None:
    """Count what the correlation counts: records, values or rules."""
    key: object = one.rule
    if plan.type == "event_count":
        key = one.place
    elif plan.type == "value_count":
        values = tuple(
            fold(one.values.get(plan.field(one.rule, name), "")) for name in plan.counted
        )
        if not all(values):
            return
        key = values
    inside[key] += change
    if not inside[key]:
        del inside[key]


def _complete(plan: Plan, inside: Counter[object]) -> bool:
    if plan.terms:
        return any(all(rule in inside for rule in term) for term in plan.terms)
    return plan.enough(len(inside))


def _steps(group: Sequence[Happening]) -> dict[str, list[int]]:
    steps: dict[str, list[int]] = defaultdict(list)
    for at, one in enumerate(group):
        steps[one.rule].append(at)
    return steps


def _chain(
    plan: Plan,
    group: Sequence[Happening],
    steps: Mapping[str, list[int]],
    bounds: tuple[int, int],
) -> tuple[int, ...]:
    """Return the earliest steps inside a window that are in order; empty if there are none."""
    for chain in plan.chains:
        chosen: list[int] = []
        for rule in chain:
            at = _next(group, steps.get(rule, []), bounds, chosen[-1] if chosen else None)
            if at is None:
                break
            chosen.append(at)
        if len(chosen) == len(chain):
            return tuple(chosen)
    return ()


def _next(
    group: Sequence[Happening],
    candidates: list[int],
    bounds: tuple[int, int],
    previous: int | None,
) -> int | None:
    first, last = bounds
    if previous is not None:
        same_time = bisect_left(group, group[previous].time, key=lambda one: one.time)
        first = max(first, same_time)
    start, stop = bisect_left(candidates, first), bisect_right(candidates, last)
    for at in candidates[start:stop]:
        if previous is None or _after(group[previous], group[at]):
            return at
    return None


def _after(one: Happening, other: Happening) -> bool:
    """Tell whether a happening can come after another.

    Logs round to a second, so of two files with the same time either may be first; within a file
    the line decides.
    """
    if one.time != other.time:
        return other.time > one.time
    return other.place[0] != one.place[0] or other.place[1:] > one.place[1:]


def _merged(found: Iterable[Window]) -> Iterator[list[int]]:
    """Join windows that share a happening to one episode."""
    episode: set[int] = set()
    upto = -1
    for window in found:
        if not window.chosen:
            if window.first > upto and episode:
                yield sorted(episode)
                episode = set()
            episode.update(range(max(window.first, upto + 1), window.last + 1))
            upto = window.last
        else:
            if episode.isdisjoint(window.chosen) and episode:
                yield sorted(episode)
                episode = set()
            episode.update(window.chosen)
    if episode:
        yield sorted(episode)
