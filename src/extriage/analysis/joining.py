"""Which intruders belong together, by what they have in common: the joining of clusters.

What joins alone is followed first. Then the features that join together only, three at most and of
different groups, the strongest set first: whoever has all of a set is put together, unless
something tells them apart that weighs more than what the set says beyond the threshold. Every step
goes over an index of features in a fixed order, so that the order of the input changes nothing and
thousands of intruders need no comparison of each with each.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from extriage.analysis.traits import Traits, Value
from extriage.knowledge.clusterfeatures import feature_table, is_generic

_PER_KIND = 4
_COMPARED = 20
"""Of features that only join together so many are looked at, the weightiest and rarest."""
_LEADERS = 8
"""So many parts that something keeps apart are followed of those who have a set in common."""
HELD_TOLD = 1000
_PAIRED = 3000
"""Intruders with more features are compared by those in common that joined them only."""

Shared = Mapping[Value, Sequence[int]]
"""Features that two intruders or more have, with the positions of those who have them."""


@dataclass(frozen=True, slots=True)
class Held:
    """A likeness that did not join, because something told them apart."""

    one: int
    other: int
    shared: tuple[Value, ...]
    reasons: tuple[str, ...]
    """Ids of what told them apart."""


@dataclass(frozen=True, slots=True)
class Joined:
    """The outcome: who is with whom, why, and what was held back."""

    parts: tuple[tuple[int, ...], ...]
    """Positions of intruders that belong together, in order."""
    reasons: Mapping[Value, frozenset[int]]
    """Features that join, with the numbers of the parts that they join."""
    held: tuple[Held, ...]
    proxies: frozenset[str]
    """Addresses that several intruders of one server come from: they never join."""


def joined(traits: Sequence[Traits]) -> Joined:
    """Put intruders together; `traits` are in a fixed order."""
    proxies = shared_addresses(traits)
    shared = _shared(traits, proxies)
    forest = _Forest([_Part.of(one) for one in traits])
    table = feature_table()
    used: list[tuple[tuple[Value, ...], Sequence[int]]] = []
    for value in sorted(v for v in shared if table.kinds[v[0]].joins == "alone"):
        for other in shared[value][1:]:
            forest.join(shared[value][0], other)
        used.append(((value,), shared[value]))
    held: list[Held] = []
    for values, holders in _sets(traits, shared):
        _follow(values, holders, _Ground(forest, traits, proxies), held)
        used.append((values, holders))
    parts = _parts(forest)
    number = {at: n for n, part in enumerate(parts) for at in part}
    apart = tuple(one for one in held if number[one.one] != number[one.other])
    return Joined(parts, _reasons(used, number), apart, proxies)


def shared_addresses(traits: Sequence[Traits]) -> frozenset[str]:
    """Return the addresses that several intruders of one server come from: a proxy's, probably."""
    counts = Counter(
        (one.host, value) for one in traits for kind, value in one.values if kind == "address"
    )
    return frozenset(value for (_, value), many in counts.items() if many > 1)


def says_nothing(value: Value, proxies: frozenset[str]) -> bool:
    """Tell whether a feature never joins: a generic value, a proxy, or what is only told."""
    kind, text = value
    known = feature_table().kinds.get(kind)
    if known is None or known.joins == "never" or is_generic(kind, text):
        return True
    return kind == "address" and text in proxies


@dataclass(slots=True)
class _Part:
    """What is known of intruders that belong together, as far as it can tell them from others."""

    hosts: set[str]
    pages: set[str]
    """Pages of which the parameters are known."""
    secrets: set[str]
    """All these parameters."""
    agents: set[str]
    hours: list[int]
    days: int
    size: int = 1

    @classmethod
    def of(cls, one: Traits) -> "_Part":
        agents = {
            text for kind, text in one.values if kind == "agent" and not is_generic(kind, text)
        }
        secrets = {text for found in one.parameters.values() for text in found}
        return cls({one.host}, set(one.parameters), secrets, agents, list(one.hours), one.days)

    def take(self, other: "_Part") -> None:
        self.hosts |= other.hosts
        self.agents |= other.agents
        self.pages |= other.pages
        self.secrets |= other.secrets
        self.hours = [mine + his for mine, his in zip(self.hours, other.hours, strict=True)]
        self.days += other.days
        self.size += other.size


@dataclass(slots=True)
class _Forest:
    """Parts that grow together; the biggest takes in the smaller one."""

    parts: list[_Part]
    parent: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.parent = list(range(len(self.parts)))

    def root(self, at: int) -> int:
        while self.parent[at] != at:
            self.parent[at] = self.parent[self.parent[at]]
            at = self.parent[at]
        return at

    def join(self, one: int, other: int) -> None:
        a, b = self.root(one), self.root(other)
        if a == b:
            return
        if (self.parts[a].size, -a) < (self.parts[b].size, -b):
            a, b = b, a
        self.parts[a].take(self.parts[b])
        self.parent[b] = a


def _shared(traits: Sequence[Traits], proxies: frozenset[str]) -> Shared:
    found: dict[Value, list[int]] = defaultdict(list)
    for at, one in enumerate(traits):
        for value in one.values:
            found[value].append(at)
    return {
        value: holders
        for value, holders in found.items()
        if len(holders) > 1 and not says_nothing(value, proxies)
    }


def _sets(
    traits: Sequence[Traits], shared: Shared
) -> Iterator[tuple[tuple[Value, ...], Sequence[int]]]:
    """Yield the smallest sets of features that suffice together, with who has them.

    The strongest come first.
    """
    threshold = feature_table().threshold
    found: dict[tuple[Value, ...], list[int]] = defaultdict(list)
    for at, one in enumerate(traits):
        for values in _sufficient(_compared(one, shared), threshold):
            found[values].append(at)
    several = [(values, holders) for values, holders in found.items() if len(holders) > 1]
    several.sort(key=lambda one: (-_weight(one[0]), one[0]))
    yield from several


def _compared(one: Traits, shared: Shared) -> list[Value]:
    """Return the features of one intruder that others have and that join together only."""
    kinds = feature_table().kinds
    mine = [v for v in one.values if v in shared and kinds[v[0]].joins == "together"]
    mine.sort(key=lambda value: (-kinds[value[0]].weight, len(shared[value]), value))
    counts: Counter[str] = Counter()
    kept: list[Value] = []
    for value in mine:
        counts[value[0]] += 1
        if counts[value[0]] <= _PER_KIND and len(kept) < _COMPARED:
            kept.append(value)
    return kept


def _sufficient(values: Sequence[Value], threshold: int) -> Iterator[tuple[Value, ...]]:
    """Yield sets of features that reach the threshold, and of which no part does.

    The values come with the weightiest first, so the last one chosen is always the lightest.
    """
    table = feature_table()
    rows = [(value, table.kinds[value[0]].weight, table.kinds[value[0]].group) for value in values]

    def more(
        start: int, total: int, chosen: tuple[Value, ...], groups: frozenset[str]
    ) -> Iterator[tuple[Value, ...]]:
        for at in range(start, len(rows)):
            value, weight, group = rows[at]
            if total + weight * (table.most - len(chosen)) < threshold:
                return
            if group in groups:
                continue
            if total + weight >= threshold:
                yield tuple(sorted((*chosen, value)))
            elif len(chosen) + 1 < table.most:
                yield from more(at + 1, total + weight, (*chosen, value), groups | {group})

    return more(0, 0, (), frozenset())


def _weight(values: Sequence[Value]) -> int:
    return sum(feature_table().kinds[kind].weight for kind, _ in values)


@dataclass(frozen=True, slots=True)
class _Ground:
    forest: _Forest
    traits: Sequence[Traits]
    proxies: frozenset[str]


def _follow(
    values: tuple[Value, ...], holders: Sequence[int], ground: _Ground, held: list[Held]
) -> None:
    """Put together who has a set of features in common, but for those that are told apart."""
    leaders: list[int] = []
    forest = ground.forest
    for at in holders:
        root = forest.root(at)
        if any(forest.root(leader) == root for leader in leaders):
            continue
        for leader in leaders:
            reasons = _apart(forest.parts[forest.root(leader)], forest.parts[root])
            spare = _strength(ground, (leader, at), values) - feature_table().threshold
            if sum(feature_table().apart[reason] for reason in reasons) <= spare:
                forest.join(leader, at)
                break
            if len(held) < HELD_TOLD:
                held.append(Held(leader, at, values, reasons))
        else:
            if len(leaders) < _LEADERS:
                leaders.append(at)


def _strength(ground: _Ground, pair: tuple[int, int], values: tuple[Value, ...]) -> int:
    """Return what the features say that two intruders share, the weightiest of each group."""
    table = feature_table()
    one, other = (ground.traits[at].values for at in pair)
    best: dict[str, int] = {}
    for value in one & other if len(one) < _PAIRED else ():
        known = table.kinds.get(value[0])
        if known and known.joins == "together" and not says_nothing(value, ground.proxies):
            best[known.group] = max(best.get(known.group, 0), known.weight)
    return max(_weight(values), sum(sorted(best.values())[-table.most :]))


def _apart(one: _Part, other: _Part) -> tuple[str, ...]:
    """Return what tells two parts from each other."""
    table, found = feature_table(), list[str]()
    if one.secrets.isdisjoint(other.secrets):
        few, many = sorted((one, other), key=lambda part: len(part.pages))
        if not few.pages.isdisjoint(many.pages):
            found.append("shell-parameter")
    if not one.hosts.isdisjoint(other.hosts):
        found.append("same-server")
    busy = min(one.days, other.days) >= table.busy_days and (
        min(sum(one.hours), sum(other.hours)) >= table.busy_records
    )
    if busy and not any(a and b for a, b in zip(one.hours, other.hours, strict=True)):
        found.append("hours")
    if one.agents and other.agents and one.agents.isdisjoint(other.agents):
        found.append("agent")
    return tuple(found)


def _parts(forest: _Forest) -> tuple[tuple[int, ...], ...]:
    found: dict[int, list[int]] = defaultdict(list)
    for at in range(len(forest.parts)):
        found[forest.root(at)].append(at)
    return tuple(sorted(map(tuple, found.values())))


def _reasons(
    used: Sequence[tuple[tuple[Value, ...], Sequence[int]]], number: Mapping[int, int]
) -> Mapping[Value, frozenset[int]]:
    """Return the features of all sets that two members of a part have in common."""
    found: dict[Value, set[int]] = defaultdict(set)
    for values, holders in used:
        counts = Counter(number[at] for at in holders)
        several = {part for part, many in counts.items() if many > 1}
        for value in values:
            found[value] |= several
    return {value: frozenset(parts) for value, parts in found.items() if parts}
