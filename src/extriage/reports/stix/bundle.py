"""The bundle of a case: one report, the servers, what was found on them, and indicators.

Who did it is never said. A cluster is an intrusion set with its neutral name and the id that
follows from what joins its intruders; resemblance to published clusters is a sentence about counts.
Bounds: 300 findings, 1,000 indicators of ours and 300 sightings of others' go in, those that tell
most first; the report says how many there are, and `case.json` has all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

from extriage.analysis.objectkeys import base_name, page_key
from extriage.model.case import Case
from extriage.model.cluster import Cluster
from extriage.model.host import Host
from extriage.model.indicator import Derived, Sighting
from extriage.model.persistence import Persistence
from extriage.reports.base import RenderOptions
from extriage.reports.imprint import counted, identifier, made, tool
from extriage.reports.stix.findings import finding_objects, ranked, technique, techniques_of
from extriage.reports.stix.indicators import (
    derived_indicator,
    derived_sighting,
    has_pattern,
    sighted,
)
from extriage.reports.stix.observables import Files, files_of
from extriage.reports.stix.parts import Frame, Object, bundled, name, words
from extriage.reports.stix.servers import (
    bounded,
    is_malware,
    malware_key,
    server_identity,
    server_objects,
)

FINDINGS, INDICATORS, SIGHTINGS = 300, 1_000, 300

Servers = Mapping[str, Object]
"""The identity of each server by its name."""


def render(case: Case, options: RenderOptions) -> str:
    """Return the bundle as JSON."""
    frame = Frame(made(case), options.tlp)
    author = _author(frame)
    frame = replace(frame, author=author["id"])
    servers = {host.name: server_identity(host, frame) for host in case.hosts}
    objects = [author, *_objects(case, servers, frame)]
    return bundled([_report(case, objects, frame), *objects])


def _author(frame: Frame) -> Object:
    """Return the tool, the same object whichever case it was used on."""
    description = "Offline triage of on-premises Exchange servers; its documents are made by rules."
    return frame.fact(
        "identity", ("tool",), name="extriage", description=description, identity_class="system"
    )


def _objects(case: Case, servers: Servers, frame: Frame) -> Iterator[Object]:
    files = {host.name: files_of(host, frame.tlp) for host in case.hosts}
    for host in case.hosts:
        yield from server_objects(host, servers[host.name], files[host.name], frame)
    for host, finding in islice(ranked(case.hosts), FINDINGS):
        yield from finding_objects(finding, servers[host.name]["id"], files[host.name], frame)
    for cluster in case.clusters:
        yield from _cluster(cluster, case.hosts, servers, frame)
    for one in _given(case.indicators):
        yield from _indicator(one, case, servers, files, frame)
    for host, sighting in islice(_sightings(case.hosts), SIGHTINGS):
        yield from sighted(sighting, servers[host.name]["id"], frame)


def _given(found: Sequence[Derived]) -> list[Derived]:
    return [one for one in found if has_pattern(one.type)][:INDICATORS]


def _sightings(hosts: Iterable[Host]) -> list[tuple[Host, Sighting]]:
    pairs = [
        (host, one) for host in hosts for one in host.sightings if has_pattern(one.indicator.type)
    ]
    return sorted(pairs, key=lambda pair: -pair[1].level.rank)


def _report(case: Case, objects: Sequence[Object], frame: Frame) -> Object:
    """Return the object that names the case and points at all others."""
    names = ", ".join(host.name for host in case.hosts[:3]) or "no Exchange server"
    more = f" and {len(case.hosts) - 3} more" if len(case.hosts) > 3 else ""
    key = ("report", *sorted(host.name for host in case.hosts))
    return frame.new(
        *("report", key),
        name=name(f"Exchange triage: {names}{more}"),
        description="\n".join(_summary(case)),
        report_types=["threat-report"],
        published=frame.made,
        object_refs=list(dict.fromkeys(one["id"] for one in objects)),
    )


def _summary(case: Case) -> Iterator[str]:
    verdicts = (
        f"{host.name}: {host.verdict.status.value}. {host.verdict.reason}" for host in case.hosts
    )
    yield from bounded(verdicts)
    findings = sum(len(host.findings) for host in case.hosts)
    sightings = sum(len(host.sightings) for host in case.hosts)
    told = len(_given(case.indicators))
    yield (
        f"In this bundle: {min(findings, FINDINGS):,} of {counted(findings, 'finding')}, "
        f"{told:,} of {counted(len(case.indicators), 'indicator')}, "
        f"{min(len(_sightings(case.hosts)), SIGHTINGS):,} of {counted(sightings, 'sighting')} of "
        "published indicators. The rest, and every line, is in case.json."
    )
    yield f"Made by {tool(case)}."


def _cluster(
    one: Cluster, hosts: Iterable[Host], servers: Servers, frame: Frame
) -> Iterator[Object]:
    """Yield a cluster under its neutral name, with its techniques, shells and servers."""
    likeness = [f"It {alike.text}." for alike in one.resembles]
    joined = [feature.text for feature in one.features]
    made_of = frame.new(
        *("intrusion-set", _cluster_key(one), one.first),
        name=name(f"{one.name} ({one.id})"),
        description=words(
            one.text, *joined, *likeness, "A neutral name: no statement about who did it."
        ),
        first_seen=one.first,
        last_seen=max(one.last, one.first),
    )
    yield made_of
    for member_host, ids, ways in _members(one, hosts):
        server = servers[member_host.name]["id"]
        yield frame.relationship(made_of["id"], "targets", server)
        for one_technique in _techniques(member_host, ids):
            pattern = technique(one_technique, frame)
            yield pattern
            yield frame.relationship(made_of["id"], "uses", pattern["id"])
        for way in member_host.persistence:
            if way.id in ways and is_malware(way):
                used = _malware_id(way, server)
                yield frame.relationship(made_of["id"], "uses", used)


def _cluster_key(one: Cluster) -> tuple[str, ...]:
    return ("cluster", one.id, one.name)


def _members(
    one: Cluster, hosts: Iterable[Host]
) -> Iterator[tuple[Host, frozenset[str], frozenset[str]]]:
    """Yield each server of a cluster with the findings and ways back of its intruders there."""
    for host in hosts:
        his = [each for each in host.intruders if f"{host.name}/{each.id}" in one.members]
        if his:
            findings = frozenset(id for each in his for id in each.findings)
            yield host, findings, frozenset(id for each in his for id in each.ways)


def _techniques(host: Host, ids: frozenset[str]) -> list[str]:
    """Return the techniques that some findings of a server prove."""
    his = (finding for finding in host.findings if finding.id in ids)
    return sorted({technique for finding in his for technique in techniques_of(finding)})


def _malware_id(way: Persistence, server: str) -> str:
    return f"malware--{identifier(*malware_key(way, server))}"


def _indicator(
    one: Derived, case: Case, servers: Servers, files: Mapping[str, Files], frame: Frame
) -> Iterator[Object]:
    """Yield an indicator of ours, where it was sighted, and what it indicates."""
    indicator = derived_indicator(one, frame)
    yield indicator
    where = [servers[host]["id"] for host in one.hosts if host in servers]
    yield derived_sighting(one, indicator["id"], frame, where)
    for cluster in case.clusters:
        if cluster.name in one.clusters:
            target = f"intrusion-set--{identifier(*_cluster_key(cluster))}"
            yield frame.relationship(indicator["id"], "indicates", target)
    for host in case.hosts:
        for way in host.persistence:
            if is_malware(way) and one.value in _values(way, files[host.name]):
                target = _malware_id(way, servers[host.name]["id"])
                yield frame.relationship(indicator["id"], "indicates", target)


def _values(way: Persistence, files: Files) -> set[str]:
    """Return the values by which a way back is known: its place, its name, its content."""
    page = page_key(way.object)
    entries = (files.by_path.get(path) for path in way.paths)
    return {page, base_name(page), *(entry.sha256.lower() for entry in entries if entry)} - {""}
