"""How a cluster is told: its neutral name, its features with their reasons, and one sentence."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from extriage.analysis.joining import says_nothing
from extriage.analysis.traits import Traits, Value
from extriage.analysis.traittexts import digest_of
from extriage.knowledge.clusterfeatures import feature_table, is_generic
from extriage.model.cluster import Cluster, Feature

FEATURES_TOLD = 40
_JOINING_TOLD, _OTHERS_TOLD = 5, 3
"""Of features that join, and of those that join nothing, so many of each kind are told."""
_SHORT = 80
_REASONS_TOLD = 3


def name_of(number: int) -> str:
    """Return the name of the cluster with a number, counted from 0: A to Z, then AA, AB …"""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"cluster {letters}"


def features_of(
    members: Sequence[Traits], joining: frozenset[Value], proxies: frozenset[str]
) -> tuple[Feature, ...]:
    """Return what a cluster is known by: what joins it first, the weightiest first."""
    holders: dict[Value, list[str]] = defaultdict(list)
    for one in members:
        for value in one.values:
            holders[value].append(one.member)
    told = [
        _feature(
            value, names, len(members), joins=value in joining, nothing=says_nothing(value, proxies)
        )
        for value, names in _worth(holders, joining, proxies)
    ]
    told.sort(key=lambda one: (not one.joins, -one.weight, -len(one.members), one.kind, one.value))
    return tuple(told[:FEATURES_TOLD])


def sentence(one: Cluster) -> str:
    """Say in one or two sentences who is in a cluster, why, and whom it resembles."""
    many, servers = len(one.members), len(one.hosts)
    joining = [feature for feature in one.features if feature.joins]
    if many == 1:
        server = one.hosts[0] or "a server without a name"
        text = f"One intruder, on {server}; nothing joins it to another."
    else:
        place = "one server" if servers == 1 else f"{servers} servers"
        kinds = {f.kind: f for f in reversed(joining)}
        first = sorted(kinds.values(), key=joining.index)
        told = [f"{_title(f.kind)} ({short(f.value)})" for f in first[:_REASONS_TOLD]]
        rest = len(joining) - len(told)
        more = f" and {rest} more" if rest > 0 else ""
        why = f"the same {', the same '.join(told)}{more}"
        text = f"{many} intruders on {place} are probably one, by {why}."
    if one.resembles:
        text += f" It {one.resembles[0].text}; that is a likeness, and says nothing of who it was."
    return text


def short(value: str) -> str:
    """Return a value that may stand in a sentence."""
    return value if len(value) <= _SHORT else f"{value[: _SHORT - 1]}…"


def _worth(
    holders: dict[Value, list[str]], joining: frozenset[Value], proxies: frozenset[str]
) -> Iterator[tuple[Value, list[str]]]:
    """Yield the features to tell: of each kind the commonest, those that join and others."""
    order = sorted(
        holders, key=lambda value: (says_nothing(value, proxies), -len(holders[value]), value)
    )
    counts: Counter[tuple[str, bool]] = Counter()
    for value in order:
        joins = value in joining
        counts[value[0], joins] += 1
        most = _JOINING_TOLD if joins else _OTHERS_TOLD
        if counts[value[0], joins] <= most and (joins or _told(value)):
            yield value, holders[value]


def _told(value: Value) -> bool:
    return _weight(value) > 0 and value[0] != "request-id"


def _weight(value: Value) -> int:
    known = feature_table().kinds.get(value[0])
    return known.weight if known else 0


def _feature(value: Value, names: Iterable[str], of: int, *, joins: bool, nothing: bool) -> Feature:
    members = tuple(sorted(names))
    kind, text = value
    who = members[0] if of == 1 else f"{len(members)} of {of} intruders"
    why = ""
    if nothing:
        why = (
            "; it joins nothing, since many have such a value"
            if is_generic(kind, text)
            else "; it joins nothing, since several intruders of one server come from there"
        )
    digest = f" (SHA-256 {digest_of(text)})" if kind == "shell-parameter" else ""
    said = f"{_title(kind)}: {short(text)}{digest}; {who}{why}."
    weight = 0 if nothing else _weight(value)
    return Feature(kind, text, members, weight, joins, said[0].upper() + said[1:])


def _title(kind: str) -> str:
    known = feature_table().kinds.get(kind)
    return known.title if known else kind
