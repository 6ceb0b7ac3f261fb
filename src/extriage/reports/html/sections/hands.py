"""Clusters and sightings: who may be the same, and what was published of values like these.

A resemblance is a count of indicators. Nothing here says who somebody is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.model.case import Case
from extriage.model.cluster import Cluster, Feature
from extriage.model.detection import Level
from extriage.model.host import Host
from extriage.model.indicator import Sighting
from extriage.model.state import Proof
from extriage.reports.html.sections.bounds import Bounds, brief, prose
from extriage.reports.html.sections.links import Link

WHERE = {
    "file": "content of a file",
    "file-name": "name of a file",
    "log": "in the logs",
    "finding": "in lines of findings",
    "session": "in lines of suspects",
    "persistence": "in a way back",
}
_TONES = {Level.CRITICAL: "bad", Level.HIGH: "bad", Level.MEDIUM: "warn"}
_FEATURES = 12
_MATCHED = 12
_MEMBERS = 20


@dataclass(frozen=True, slots=True)
class Likeness:
    """How far a cluster is like a published one."""

    text: str
    confidence: str
    matched: tuple[str, ...]
    left: int


@dataclass(frozen=True, slots=True)
class ClusterView:
    """One cluster."""

    anchor: str
    name: str
    text: str
    first: datetime
    last: datetime
    members: tuple[Link, ...]
    members_left: int
    hours: tuple[int, ...]
    busy: str
    joins: tuple[str, ...]
    told: tuple[str, ...]
    apart: tuple[str, ...]
    likenesses: tuple[Likeness, ...]


@dataclass(frozen=True, slots=True)
class SightingView:
    """One published value that is in the evidence."""

    level: str
    tone: str
    type: str
    value: str
    where: str
    source: str
    count: int
    first: datetime | None
    last: datetime | None
    text: str
    published: str
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class Hands:
    """All clusters of the case."""

    clusters: tuple[ClusterView, ...]
    left: int
    total: str


def hands(case: Case, bounds: Bounds) -> Hands:
    """Return the clusters: those of several intruders or servers first."""
    places = {host.name: at for at, host in enumerate(case.hosts)}
    members = {
        f"{host.name}/{one.id}": f"h{places[host.name]}-intruder-{at}"
        for host in case.hosts
        for at, one in enumerate(host.intruders)
    }
    ranked = sorted(enumerate(case.clusters), key=lambda item: (-len(item[1].members), item[0]))
    shown = ranked[: bounds.clusters]
    return Hands(
        clusters=tuple(_cluster(one, f"cluster-{place}", members) for place, one in shown),
        left=max(len(ranked) - bounds.clusters, 0),
        total=_total(case.clusters),
    )


def _total(found: Sequence[Cluster]) -> str:
    intruders = sum(len(one.members) for one in found)
    hosts = len({host for one in found for host in one.hosts})
    words = (("cluster", len(found)), ("intruder", intruders), ("server", hosts))
    clusters, who, servers = (f"{n} {word}{'' if n == 1 else 's'}" for word, n in words)
    return f"{who} on {servers}, {clusters}"


def _cluster(one: Cluster, anchor: str, members: dict[str, str]) -> ClusterView:
    joins = [feature for feature in one.features if feature.joins]
    others = [feature for feature in one.features if not feature.joins]
    return ClusterView(
        anchor=anchor,
        name=brief(one.name[:1].upper() + one.name[1:]),
        text=prose(one.text),
        first=one.first,
        last=one.last,
        members=tuple(Link(brief(name), members.get(name, "")) for name in one.members[:_MEMBERS]),
        members_left=max(len(one.members) - _MEMBERS, 0),
        hours=one.hours,
        busy=_busy(one.hours),
        joins=_features(joins),
        told=_features(others),
        apart=_features(one.apart),
        likenesses=tuple(
            Likeness(
                prose(alike.text),
                alike.confidence.value,
                tuple(
                    f"{kind}: {brief(value)} ({brief(source)})"
                    for kind, value, source in alike.matched[:_MATCHED]
                ),
                max(len(alike.matched) - _MATCHED, 0),
            )
            for alike in one.resembles
        ),
    )


def _busy(hours: Sequence[int]) -> str:
    """Say in which hours of the day most was done."""
    ranked = sorted((hour for hour, n in enumerate(hours) if n), key=lambda h: (-hours[h], h))
    return ", ".join(f"{hour:02d}:00 ({hours[hour]:,})" for hour in ranked[:4])


def _features(features: Sequence[Feature]) -> tuple[str, ...]:
    return tuple(prose(one.text) for one in features[:_FEATURES])


def sightings(host: Host, bounds: Bounds) -> tuple[SightingView, ...]:
    """Return the sightings of a server as the case orders them, the weightiest first."""
    return tuple(_sighting(one, bounds) for one in host.sightings[: bounds.sightings])


def _sighting(one: Sighting, bounds: Bounds) -> SightingView:
    known = one.indicator
    published = [
        known.cluster,
        known.campaign,
        known.confidence and f"{known.confidence} confidence",
    ]
    published += [f"TLP:{known.tlp.upper()}" if known.tlp else "", known.licence, known.note]
    return SightingView(
        level=one.level.value,
        tone=_TONES.get(one.level, "plain"),
        type=brief(known.type),
        value=brief(known.value),
        where=WHERE.get(one.where, brief(one.where)),
        source=brief(known.source),
        count=one.count,
        first=one.first,
        last=one.last,
        text=prose(one.text),
        published=", ".join(brief(word) for word in published if word),
        proofs=one.proofs[: bounds.proofs],
    )
