"""Which intruders, on one server or several, are probably the same, and what says so?

Clusters have neutral names, the earliest first. Each tells what joins it and what tells it from the
others; an intruder whom nothing joins to another is a cluster of his own, so that his resemblance
to published clusters is told too. Method and limits: `docs/clusters.md`.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from extriage.analysis.clusterwords import features_of, name_of, sentence
from extriage.analysis.contrasts import contrasts
from extriage.analysis.joining import Joined, joined
from extriage.analysis.resemblance import published, resemblances
from extriage.analysis.traits import Traits, traits_of
from extriage.knowledge.indicators import shipped_indicators
from extriage.model.cluster import Cluster
from extriage.model.host import Host
from extriage.model.indicator import Indicator


def clusters(
    hosts: Sequence[Host], known: Iterable[Indicator] | None = None
) -> tuple[Cluster, ...]:
    """Return the clusters of a case, the earliest first, whatever the order of its servers.

    `known` are the indicators to compare with, by default those that are shipped; indicators that
    were sighted in lines of an intruder count too.
    """
    traits = sorted((one for host in hosts for one in traits_of(host)), key=_order)
    if not traits:
        return ()
    outcome = joined(traits)
    drafts = [_draft(number, traits, outcome) for number in range(len(outcome.parts))]
    order = sorted(range(len(drafts)), key=lambda number: (drafts[number].first, drafts[number].id))
    names = {number: name_of(at) for at, number in enumerate(order)}
    apart = contrasts(traits, outcome, names)
    shipped = shipped_indicators() if known is None else known
    seen = dict.fromkeys(one.indicator for host in hosts for one in host.sightings)
    index = published([*shipped, *seen])
    found = []
    for number in order:
        members = [traits[at] for at in outcome.parts[number]]
        alike = resemblances(members, index)
        draft = replace(
            drafts[number], name=names[number], apart=apart.get(number, ()), resembles=alike
        )
        found.append(replace(draft, text=sentence(draft)))
    return tuple(found)


def _draft(number: int, traits: Sequence[Traits], outcome: Joined) -> Cluster:
    """Make a cluster that lacks its name and what comes from comparing it with others."""
    members = [traits[at] for at in outcome.parts[number]]
    joining = sorted(value for value, parts in outcome.reasons.items() if number in parts)
    return Cluster(
        _id([one.member for one in members], joining),
        "",
        tuple(one.member for one in members),
        tuple(sorted({one.host for one in members})),
        min(one.first for one in members),
        max(one.last for one in members),
        tuple(sum(counts) for counts in zip(*(one.hours for one in members), strict=True)),
        features_of(members, frozenset(joining), outcome.proxies),
        (),
        (),
        "",
    )


def _id(members: Sequence[str], joining: Iterable[tuple[str, str]]) -> str:
    parts = [*members, *(f"{kind}\1{value}" for kind, value in joining)]
    told = "\0".join(parts).encode("utf-8", "surrogatepass")
    return "k-" + hashlib.sha256(told).hexdigest()[:16]


def _order(one: Traits) -> tuple[str, float, float, list[tuple[str, str]]]:
    return one.member, one.first.timestamp(), one.last.timestamp(), sorted(one.values)
