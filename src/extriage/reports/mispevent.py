"""A case as one MISP event: indicators, holes, ways back, and the ticket as the event's report.

Object templates are `file` 25 and `vulnerability` 12 of https://github.com/MISP/misp-objects.
Techniques are tags of the galaxy `mitre-attack-pattern`, but only by the exact name that the galaxy
has; others are plain tags. What others published and the evidence holds is told, not searched for.
Bounds: 1,000 indicators, 300 sightings, 200 ways back; the event's report says what is left out.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from extriage.analysis.objectkeys import base_name
from extriage.knowledge.attack import TECHNIQUE, technique_names
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.case import Case
from extriage.model.detection import Stage
from extriage.model.evidence import Entry
from extriage.model.host import Host, Status
from extriage.model.indicator import Sighting
from extriage.model.persistence import Persistence, Presence
from extriage.reports import ticket
from extriage.reports.base import RenderOptions
from extriage.reports.imprint import identifier, made
from extriage.reports.meanings import badness
from extriage.reports.mispparts import (
    INHERIT,
    Heading,
    Part,
    attribute,
    bare,
    event,
    seconds,
    seen,
    tag,
    typed,
)
from extriage.reports.neutral import cut

INDICATORS, SIGHTINGS, WAYS = 1_000, 300, 200
TEMPLATES = {
    "file": ("file", "688c46fb-5edb-40a3-8273-1af7923e2215", "25"),
    "vulnerability": ("vulnerability", "81650945-f186-437b-8945-9f31715d32da", "12"),
}
"""Meta category, id and version of the templates that are used."""

_CVE = re.compile(r"CVE-\d{4}-\d{4,7}")
_FILES = frozenset({"web-shell", "credential-logger", "iis-module", "transport-agent", "implant"})
_COMMENT = 1_000
_PATHS = 10


def render(case: Case, options: RenderOptions) -> str:
    """Return the event as JSON."""
    when = made(case)
    firsts = [one.first for host in case.hosts for one in host.findings if one.first]
    names = ", ".join(host.name for host in case.hosts[:3]) or "no Exchange server"
    heading = Heading(
        key=("case", *sorted(host.name for host in case.hosts)),
        info=f"Exchange triage: {names}: {_worst(case)}",
        made=when,
        tlp=options.tlp,
        day=min(firsts, default=when),
        threat=_threat(case),
        analysis="1",
    )
    return event(
        heading,
        Tag=[tag(name) for name in _techniques(case)],
        Attribute=_once(_attributes(case)),
        Object=_once(_objects(case)),
        EventReport=[_report(case, options)],
    )


def _once(parts: Iterable[Part]) -> list[Part]:
    """Return each part once: MISP refuses an event in which an id stands twice."""
    return list({part["uuid"]: part for part in parts}.values())


def _worst(case: Case) -> str:
    worst = min(case.hosts, key=badness, default=None)
    return worst.verdict.status.value if worst else "nothing found"


def _threat(case: Case) -> str:
    """Return how grave it is: high from acts on, medium once somebody got in, low if one tried."""
    verdicts = [host.verdict for host in case.hosts]
    if any(one.stage and one.stage.rank >= Stage.ACTED.rank for one in verdicts):
        return "1"
    if any(one.status is Status.COMPROMISED for one in verdicts):
        return "2"
    return "3" if any(one.status is Status.TARGETED for one in verdicts) else "4"


def _techniques(case: Case) -> list[str]:
    """Return a tag for each technique that a finding proves."""
    found = {
        technique
        for host in case.hosts
        for finding in host.findings
        if finding.stage
        for technique in finding.attack
        if TECHNIQUE.fullmatch(technique)
    }
    return [_technique(one) for one in sorted(found)]


def _technique(id: str) -> str:
    name = technique_names().get(id)
    return f'misp-galaxy:mitre-attack-pattern="{name} - {id}"' if name else f"attack:{id}"


def _attributes(case: Case) -> Iterator[Part]:
    when = made(case)
    for one in case.indicators[:INDICATORS]:
        yield attribute(one, when)
    sightings = [(host, one) for host in case.hosts for one in host.sightings]
    sightings.sort(key=lambda pair: -pair[1].level.rank)
    for host, one_sighting in sightings[:SIGHTINGS]:
        yield _sighted(host, one_sighting, case)
    for host in case.hosts:
        key = ("target", host.name)
        yield bare("target-machine", "Targeting data", cut(host.name, 250), key, when)


def _sighted(host: Host, one: Sighting, case: Case) -> Part:
    known = one.indicator
    key = ("sighted", host.name, known.type, known.value, known.source, one.where)
    comment = f"Published by {known.source or 'others'}; sighted: {one.text}"
    part = typed(known.type, known.value, comment, key, made(case))
    return part | seen(one.first, one.last) | {"Tag": _tlp(known.tlp)}


def _tlp(mark: str) -> list[Part]:
    return [tag(f"tlp:{mark}")] if re.fullmatch(r"[a-z+]+", mark) else []


def _objects(case: Case) -> Iterator[Part]:
    ways = [
        (host, way)
        for host in case.hosts
        for way in host.persistence
        if way.state is not Presence.ATTEMPTED
    ]
    for host, way in ways[:WAYS]:
        yield _way(host, way, case)
    told = {row.cve: row.name for host in case.hosts for row in host.patch.advisories}
    cves = {
        cve
        for host in case.hosts
        for finding in host.findings
        if finding.stage
        for cve in finding.cves
        if _CVE.fullmatch(cve)
    }
    for cve in sorted(cves):
        yield _vulnerability(cve, told.get(cve, ""), case)


def _way(host: Host, way: Persistence, case: Case) -> Part:
    """Return a way back as an object of its file, or of its name alone."""
    key = ("way", host.name, way.id, way.kind, way.object)
    kinds = persistence_kinds()
    kind = kinds[way.kind].title if way.kind in kinds else way.kind
    said = cut(f"{kind} {way.object}: {way.state.value}. {way.state_note}", _COMMENT)
    values = [("text", "text", said)]
    values += _content(host, way) if way.kind in _FILES else []
    values += [("filename", "filename", base_name(way.object) or way.object)]
    values += [("fullpath", "text", path) for path in way.paths[:_PATHS]]
    return _object("file", key, values, case) | {"comment": said} | seen(way.first, way.last)


def _content(host: Host, way: Persistence) -> list[tuple[str, str, str]]:
    """Return hash and size of its file, as far as the file itself is in the evidence."""
    entries = {entry.path: entry for entry in host.manifest.entries}
    found: list[Entry] = [entries[path] for path in way.paths if path in entries]
    for entry in found[:1]:
        size = [("size-in-bytes", "size-in-bytes", str(entry.size))] if entry.size >= 0 else []
        digest = entry.sha256.lower()
        if re.fullmatch(r"[0-9a-f]{64}", digest):
            return [("sha256", "sha256", digest), *size]
    return []


def _vulnerability(cve: str, name: str, case: Case) -> Part:
    values = [("id", "vulnerability", cve)]
    values += [("summary", "text", cut(name, 200))] if name else []
    return _object("vulnerability", ("vulnerability", cve), values, case)


_CATEGORIES = {
    "sha256": "Payload delivery",
    "filename": "Payload delivery",
    "vulnerability": "External analysis",
}


def _object(
    template: str, key: tuple[str, ...], values: list[tuple[str, str, str]], case: Case
) -> Part:
    meta, uuid, version = TEMPLATES[template]
    when = made(case)
    attributes: list[dict[str, Any]] = []
    for at, (relation, type, value) in enumerate(values):
        category = _CATEGORIES.get(type, "Other")
        part = bare(type, category, value, (*key, relation, str(at)), when)
        attributes.append(part | {"object_relation": relation})
    return {
        "uuid": identifier("object", *key),
        "name": template,
        "meta-category": meta,
        "template_uuid": uuid,
        "template_version": version,
        "timestamp": seconds(when),
        "distribution": INHERIT,
        "comment": "",
        "Attribute": attributes,
    }


def _report(case: Case, options: RenderOptions) -> Part:
    """Return the ticket as the event's report, which MISP shows as Markdown."""
    names = sorted(host.name for host in case.hosts)
    return {
        "uuid": identifier("report", *names),
        "name": "extriage",
        "content": ticket.render(case, options),
        "timestamp": seconds(made(case)),
        "distribution": INHERIT,
        "deleted": False,
    }
