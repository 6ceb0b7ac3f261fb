"""What tells clusters of one case from each other where they seem to be alike."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from extriage.analysis.clusterwords import short
from extriage.analysis.joining import Joined, says_nothing
from extriage.analysis.traits import Traits, Value
from extriage.knowledge.clusterfeatures import feature_table
from extriage.model.cluster import Feature

_OF_EACH = 4
"""So many contrasts of one sort are told of a cluster."""
_OTHERS = 2
"""A cluster is told from so many others before and after it with the same page or server."""
_REASONS = {
    "shell-parameter": "a page of the same name takes another parameter there",
    "same-server": "both were on the same server, where nothing joined them",
    "hours": "they work at different hours of the day",
    "agent": "their user agents differ",
}

Names: TypeAlias = Mapping[int, str]
Contrast: TypeAlias = tuple[int, Callable[[], Feature]]


def contrasts(
    traits: Sequence[Traits], outcome: Joined, names: Names
) -> Mapping[int, tuple[Feature, ...]]:
    """Return for each part what tells it from others, by the part's number."""
    found: dict[int, dict[str, Feature]] = defaultdict(dict)
    told = (
        _by_parameters(traits, outcome, names),
        _held_back(traits, outcome, names),
        _by_server(traits, outcome, names),
        _likenesses(traits, outcome, names),
    )
    for way in told:
        counts: Counter[int] = Counter()
        for part, make in way:
            counts[part] += 1
            if counts[part] <= _OF_EACH:
                one = make()
                found[part].setdefault(one.text, one)
    return {
        part: tuple(sorted(own.values(), key=lambda f: (-f.weight, f.kind, f.value, f.text)))
        for part, own in found.items()
    }


def _by_parameters(traits: Sequence[Traits], outcome: Joined, names: Names) -> Iterator[Contrast]:
    """Tell clusters that have a page of the same name apart by the parameter that it takes."""
    pages: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    having: dict[tuple[str, int], list[str]] = defaultdict(list)
    for part, one in _members(traits, outcome):
        for page, found in one.parameters.items():
            pages[page][part] |= found
            having[page, part].append(one.member)
    for page in sorted(pages):
        for part, other in _pairs(sorted(pages[page])):
            mine = pages[page][part]
            if mine.isdisjoint(pages[page][other]):
                text = (
                    f"{_start(names[other])} has a page {short(page)} too, "
                    "but another parameter gives it orders."
                )
                own = having[page, part]
                yield part, partial(_feature, "shell-parameter", min(mine), own, text)


def _held_back(traits: Sequence[Traits], outcome: Joined, names: Names) -> Iterator[Contrast]:
    number = {at: part for part, members in enumerate(outcome.parts) for at in members}
    first = {
        tuple(sorted((number[one.one], number[one.other]))): one for one in reversed(outcome.held)
    }
    for one in first.values():
        for mine, other in ((one.one, one.other), (one.other, one.one)):
            shared = ", ".join(f"the {_title(kind)} ({short(value)})" for kind, value in one.shared)
            for reason in one.reasons:
                text = f"It shares {shared} with {names[number[other]]}, but {_REASONS[reason]}."
                own = [traits[mine].member]
                yield number[mine], partial(_feature, reason, one.shared[0][1], own, text)


def _by_server(traits: Sequence[Traits], outcome: Joined, names: Names) -> Iterator[Contrast]:
    servers: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for part, one in _members(traits, outcome):
        servers[one.host][part].append(one.member)
    for server in sorted(servers):
        for part, other in _pairs(sorted(servers[server])):
            text = f"{_start(names[other])} was on {short(server)} too; nothing joins the two."
            yield part, partial(_feature, "same-server", server, servers[server][part], text)


def _likenesses(traits: Sequence[Traits], outcome: Joined, names: Names) -> Iterator[Contrast]:
    """Tell features that clusters share without being joined by them, the weightiest first."""
    kinds = feature_table().kinds
    holders: dict[Value, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for part, one in _members(traits, outcome):
        for value in one.values:
            if kinds[value[0]].weight:
                holders[value][part].append(one.member)
    several = [value for value, parts in holders.items() if len(parts) > 1]
    for value in sorted(several, key=lambda value: (-kinds[value[0]].weight, value)):
        nothing = says_nothing(value, outcome.proxies)
        for part, other in _pairs(sorted(holders[value])):
            yield part, partial(_alike, value, holders[value][part], names[other], nothing=nothing)


def _alike(value: Value, members: Sequence[str], other: str, *, nothing: bool) -> Feature:
    why = "many have it, so it joins nothing" if nothing else "that is too little to join them"
    what = f"{_title(value[0])} ({short(value[1])})"
    text = f"{_start(other)} has the same {what}; {why}."
    return Feature(*value, tuple(sorted(members)), 0, joins=False, text=text)


def _members(traits: Sequence[Traits], outcome: Joined) -> Iterator[tuple[int, Traits]]:
    for part, members in enumerate(outcome.parts):
        for at in members:
            yield part, traits[at]


def _title(kind: str) -> str:
    return feature_table().kinds[kind].title


def _start(name: str) -> str:
    """Return the name of a cluster as a sentence begins with it."""
    return name[:1].upper() + name[1:]


def _feature(kind: str, value: str, members: Sequence[str], text: str) -> Feature:
    return Feature(
        kind, value, tuple(sorted(members)), feature_table().apart[kind], joins=False, text=text
    )


def _pairs(parts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield each part with its next few others, so that many with one page stay few lines."""
    for at, part in enumerate(parts):
        near = parts[max(0, at - _OTHERS) : at + _OTHERS + 1]
        yield from ((part, other) for other in near if other != part)
