"""How far intruders are like clusters that others published: a count of indicators, no more.

Generic names never count, nor do ranges of addresses, nor addresses and domains far from the days
in which their publisher saw them. A value that several publications give to several clusters is
unique to none. Nothing here says who did it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from extriage.analysis.objectkeys import path_key
from extriage.analysis.traits import Traits, Value
from extriage.analysis.traittexts import digest_of
from extriage.knowledge.active import active
from extriage.knowledge.clusterfeatures import CONFIDENCES, feature_table, is_generic
from extriage.knowledge.clusters import clusters_named
from extriage.knowledge.rejected import load_rejected
from extriage.model.cluster import Resemblance
from extriage.model.detection import Certainty
from extriage.model.indicator import Indicator

TOLD = 10
MATCHES_TOLD = 50
_SOMEBODY = "?"
"""Stands for whoever a list without names is about: it may be another."""
_TYPES: Mapping[str, tuple[str, ...]] = {
    "address": ("ipv4", "ipv6"),
    "file-sha256": ("sha256",),
    "tool-sha256": ("sha256",),
    "page-name": ("file-name",),
    "tool": ("file-name",),
    "url-path": ("url-path",),
    "agent": ("user-agent",),
    "account": ("account",),
    "account-made": ("account",),
}
"""Kinds of features to the types of indicators whose values are spelled alike."""
_KINDS = {
    **dict.fromkeys(("ipv4", "ipv6"), "address"),
    "sha256": "file-sha256",
    "user-agent": "agent",
    **{one: one for one in ("domain", "shell-parameter", "account")},
}
"""Types of indicators to the kind of feature whose generic values they share."""
_FILES = frozenset({"file-name", "path", "url-path"})


@dataclass(frozen=True, slots=True)
class Published:
    """Indicators, made ready to be looked up."""

    exact: Mapping[Value, Sequence[Indicator]]
    """Type and value, in small letters."""
    paths: Mapping[str, Sequence[Indicator]]
    """Paths by the name of their file."""
    owners: Mapping[Value, frozenset[str]]
    """Type and value to the clusters that are known by it."""


def published(indicators: Iterable[Indicator]) -> Published:
    """Make indicators ready: those that name a cluster, mean something, and are no wrong claim."""
    exact: dict[Value, list[Indicator]] = defaultdict(list)
    paths: dict[str, list[Indicator]] = defaultdict(list)
    owners: dict[Value, set[str]] = defaultdict(set)
    rejected = load_rejected(active())
    for one in indicators:
        if not one.cluster or not _counts(one) or rejected.of_indicator(one):
            continue
        owners[_key(one)] |= set(clusters_named(one.cluster)) or {_SOMEBODY}
        exact[_key(one)].append(one)
        if one.type == "path":
            paths[_key(one)[1].rpartition("/")[2]].append(one)
    return Published(exact, paths, {key: frozenset(names) for key, names in owners.items()})


def resemblances(members: Sequence[Traits], known: Published) -> tuple[Resemblance, ...]:
    """Return the published clusters that intruders together resemble, the most alike first."""
    found: dict[str, dict[Value, Indicator]] = defaultdict(dict)
    for member in members:
        for one in _matches(member, known):
            for name in clusters_named(one.cluster):
                _keep(found[name], one)
    told = [_resemblance(name, matches, known) for name, matches in found.items()]
    told.sort(key=lambda one: (-one.confidence.rank, -one.unique, -one.indicators, one.cluster))
    return tuple(told[:TOLD])


def _counts(one: Indicator) -> bool:
    """Tell whether an indicator can attribute at all: of a type that can, and not generic."""
    if one.type not in feature_table().confidence:
        return False
    value = one.value.strip().casefold()
    if one.type in _FILES:
        name = path_key(value).rpartition("/")[2]
        return bool(name) and not (is_generic("page-name", name) or is_generic("tool", name))
    kind = _KINDS.get(one.type)
    return bool(value) and not (kind and is_generic(kind, value))


def _key(one: Indicator) -> Value:
    value = one.value.strip()
    return one.type, path_key(value) if one.type == "path" else value.lower()


def _matches(member: Traits, known: Published) -> Iterator[Indicator]:
    for kind, value in member.values:
        for one in _of_value(kind, value, known):
            if _is_near(one, member):
                yield one
    for one in member.sighted:
        if _key(one) in known.owners and _is_near(one, member):
            yield one


def _of_value(kind: str, value: str, known: Published) -> Iterator[Indicator]:
    """Yield the indicators that a feature is an instance of."""
    for type in _TYPES.get(kind, ()):
        yield from known.exact.get((type, value.lower()), ())
    if kind in ("path", "tool-path"):
        for one in known.paths.get(value.rpartition("/")[2], ()):
            if _lies_at(value, one):
                yield one
    elif kind == "domain":
        parts = value.split(".")
        for at in range(len(parts) - 1):
            yield from known.exact.get(("domain", ".".join(parts[at:])), ())
    elif kind == "shell-parameter":
        yield from known.exact.get((kind, value.lower()), ())
        yield from known.exact.get(("shell-password-sha256", digest_of(value)), ())


def _lies_at(path: str, one: Indicator) -> bool:
    """Tell whether a file lies at a published place, whatever its drive.

    A place that was published without a drive may begin in any folder.
    """
    place = _key(one)[1]
    rooted = one.value[1:2] == ":" and path.startswith("/")
    return path == place or (not rooted and path.endswith(f"/{place.lstrip('/')}"))


def _is_near(one: Indicator, member: Traits) -> bool:
    """Tell whether an indicator that ages was published of days near those of an intruder."""
    table = feature_table()
    days = [day for day in (one.first_seen, one.last_seen) if day is not None]
    if one.type not in table.ages or not days:
        return True
    span = timedelta(days=table.days)
    return (
        min(days).toordinal() - span.days <= member.last.toordinal()
        and member.first.toordinal() <= max(days).toordinal() + span.days
    )


def _keep(matches: dict[Value, Indicator], one: Indicator) -> None:
    """Keep of the same value in several lists the row that is surest."""
    before = matches.get(_key(one))
    if before is None or _order(one) < _order(before):
        matches[_key(one)] = one


def _order(one: Indicator) -> tuple[int, str, str, str]:
    sure = CONFIDENCES.index(one.confidence) if one.confidence in CONFIDENCES else 0
    return (-sure, one.source, one.value, one.cluster)


def _resemblance(name: str, matches: Mapping[Value, Indicator], known: Published) -> Resemblance:
    own = {key for key in matches if known.owners.get(key) == frozenset((name,))}
    order = sorted(matches, key=lambda key: (key not in own, -_sureness(matches[key]), key))
    many, unique = len(matches), len(own)
    word = "indicator" if many == 1 else "indicators"
    text = (
        f"resembles published indicators of {name} "
        f"({many} {word}, {unique} of them unique to {name})"
    )
    return Resemblance(
        name,
        many,
        unique,
        _confidence([_sureness(matches[key]) for key in own]),
        text,
        tuple(
            (matches[key].type, matches[key].value, matches[key].source)
            for key in order[:MATCHES_TOLD]
        ),
    )


def _sureness(one: Indicator) -> int:
    """Return 0 for low to 2 for high: what the type allows, or the list's word if that is less."""
    told = CONFIDENCES.index(one.confidence) if one.confidence in CONFIDENCES else 0
    return min(told, CONFIDENCES.index(feature_table().confidence[one.type]))


def _confidence(unique: Sequence[int]) -> Certainty:
    """Say how sure a resemblance is, by the indicators that no other cluster has."""
    high, medium = unique.count(2), unique.count(1)
    if high > 1:
        return Certainty.CONFIRMED
    return Certainty.LIKELY if high or medium > 1 else Certainty.POSSIBLE
