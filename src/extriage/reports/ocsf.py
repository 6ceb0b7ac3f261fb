"""Findings for a SIEM or a data lake: one OCSF Detection Finding a line (class 2004, OCSF 1.5.0).

https://schema.ocsf.io/1.5.0/classes/detection_finding. One object for each finding and one for each
way back in, the server among `resources`. `status_id` is always New: nobody has looked at it yet.
`time` is the last time that it was seen, and the end of the evidence where nothing tells, because
no clock is asked when a report is made. Times are milliseconds since 1970 in UTC.
Texts are made harmless, lines are cut to 4,000 characters; the exact ones are in case.json.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from extriage.analysis.objectkeys import base_name
from extriage.knowledge.attack import TECHNIQUE, VERSION, technique_names, technique_url
from extriage.knowledge.joins import address_of
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.case import Case
from extriage.model.detection import Certainty, Evidence, Finding, Level
from extriage.model.host import Host
from extriage.model.persistence import Persistence, Presence
from extriage.reports.base import RenderOptions
from extriage.reports.imprint import CONFIDENCE, identifier, made, mark
from extriage.reports.neutral import cut

OCSF = "1.5.0"
Part: TypeAlias = dict[str, Any]

LINES = 20
ROOM = 4_000
_NAME = 250
_SEVERITY = {
    Level.INFORMATIONAL: (1, "Informational"),
    Level.LOW: (2, "Low"),
    Level.MEDIUM: (3, "Medium"),
    Level.HIGH: (4, "High"),
    Level.CRITICAL: (5, "Critical"),
}
_CONFIDENCE = {
    Certainty.POSSIBLE: (1, "Low"),
    Certainty.LIKELY: (2, "Medium"),
    Certainty.CONFIRMED: (3, "High"),
}
_CVE = re.compile(r"CVE-\d{4}-\d{4,7}")
_PARENT = re.compile(r"\.\d+$")


@dataclass(frozen=True, slots=True)
class Told:
    """What a finding and a way back have in common."""

    uid: str
    title: str
    message: str
    level: Level
    certainty: Certainty
    first: datetime | None
    last: datetime | None
    info: tuple[tuple[str, object], ...]
    """Further fields of `finding_info`."""
    more: tuple[tuple[str, object], ...]
    """Further fields of the object."""


def render(case: Case, options: RenderOptions) -> str:
    """Return one JSON object a line, in ASCII, in the order of the case."""
    objects = (_object(told, host, case, options) for host in case.hosts for told in _told(host))
    return "".join(f"{json.dumps(one, ensure_ascii=True)}\n" for one in objects)


def _told(host: Host) -> Iterator[Told]:
    for finding in host.findings:
        yield _finding(finding, host)
    for way in host.persistence:
        yield _way(way, host)


def _object(told: Told, host: Host, case: Case, options: RenderOptions) -> Part:
    severity, severity_name = _SEVERITY[told.level]
    confidence, confidence_name = _CONFIDENCE[told.certainty]
    end = _milliseconds(made(case))
    span = {"start_time": _milliseconds(told.first), "end_time": _milliseconds(told.last)}
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": 2004,
        "class_name": "Detection Finding",
        "type_uid": 200401,
        "type_name": "Detection Finding: Create",
        "time": _milliseconds(told.last) or end,
        **_filled(span),
        "severity_id": severity,
        "severity": severity_name,
        "status_id": 1,
        "status": "New",
        "confidence_id": confidence,
        "confidence": confidence_name,
        "confidence_score": CONFIDENCE[told.certainty],
        "message": cut(told.message, ROOM) or "-",
        "metadata": _metadata(told, host, case, options),
        "finding_info": _info(told, host),
        "resources": [_resource(host)],
        **_filled(dict(told.more)),
    }


def _metadata(told: Told, host: Host, case: Case, options: RenderOptions) -> Part:
    product = {"name": "extriage", "vendor_name": "extriage", "version": _name(case.tool.version)}
    labels = [
        mark(options.tlp),
        f"knowledge as of {_name(case.tool.knowledge_as_of)}",
        f"content {_name(case.tool.content_sha256)}",
    ]
    return {
        "version": OCSF,
        "product": product,
        "uid": _uid(told, host),
        "log_name": "extriage",
        "labels": [label for label in labels if label],
    }


def _info(told: Told, host: Host) -> Part:
    span = {
        "first_seen_time": _milliseconds(told.first),
        "last_seen_time": _milliseconds(told.last),
    }
    return {
        "uid": _uid(told, host),
        "title": _name(told.title),
        **_filled(span),
        **_filled(dict(told.info)),
    }


def _uid(told: Told, host: Host) -> str:
    return identifier("ocsf", host.name, told.uid)


def _resource(host: Host) -> Part:
    build = {"version": cut(host.patch.build, _NAME)} if host.patch.build else {}
    verdict = host.verdict
    data = {
        "verdict": verdict.status.value,
        "stage": verdict.stage.value if verdict.stage else "",
        "reason": cut(verdict.reason, 2 * _NAME),
    }
    return {
        "name": _name(host.name),
        "uid": identifier("host", host.name),
        "type": "Microsoft Exchange Server",
        **build,
        "data": _filled(data),
    }


def _finding(finding: Finding, host: Host) -> Told:
    lines = finding.evidence[:LINES]
    stage = f"{finding.stage.value}, {finding.certainty.value}" if finding.stage else "no stage"
    hashes = {entry.path: entry.sha256 for entry in host.manifest.entries}
    evidences = [_evidence(line, hashes) for line in lines]
    kinds = sorted({line.kind for line in lines if line.kind})
    return Told(
        uid=finding.id,
        title=finding.title,
        message=f"{finding.title} ({stage}; {finding.count:,} lines) on {host.name}",
        level=finding.level,
        certainty=finding.certainty,
        first=finding.first,
        last=max(finding.first, finding.last) if finding.first and finding.last else finding.last,
        info=(
            ("analytic", _analytic(finding)),
            ("attacks", [_attack(one) for one in finding.attack if TECHNIQUE.fullmatch(one)]),
            ("types", list(filter(None, (_stage(finding), _name(finding.campaign))))),
            ("data_sources", [_name(kind) for kind in kinds]),
            ("desc", _alike(finding)),
        ),
        more=(
            ("count", max(finding.count, 1)),
            ("evidences", evidences),
            ("observables", _observables(evidences)),
            ("vulnerabilities", [_vulnerability(one) for one in finding.cves if _is_cve(one)]),
        ),
    )


def _alike(finding: Finding) -> str:
    told = cut("; ".join(finding.look_alikes), ROOM)
    return f"Looks the same: {told}" if told else ""


def _stage(finding: Finding) -> str:
    return f"stage: {finding.stage.value}" if finding.stage else "stage: none"


def _analytic(finding: Finding) -> Part:
    return {"name": _name(finding.title), "uid": _name(finding.rule), "type_id": 1, "type": "Rule"}


def _way(way: Persistence, host: Host) -> Told:
    kinds = persistence_kinds()
    kind = kinds[way.kind].title if way.kind in kinds else way.kind
    entries = {entry.path: entry.sha256 for entry in host.manifest.entries}
    files = [{"file": _file(path, entries)} for path in way.paths[:LINES]]
    proofs = [{"data": _place(proof.path, proof.line, proof.text)} for proof in way.proofs[:LINES]]
    return Told(
        uid=way.id,
        title=f"Way back in: {kind}",
        message=f"{kind} {way.object}: {way.state.value}. {way.state_note}",
        level=way.level if way.state is not Presence.ATTEMPTED else Level.LOW,
        certainty=way.certainty,
        first=way.first,
        last=max(way.first, way.last) if way.first and way.last else way.last,
        info=(
            ("types", ["persistence", _name(way.kind), f"state: {way.state.value}"]),
            ("desc", cut(" ".join(way.reasons), ROOM)),
        ),
        more=(
            ("evidences", [*files, *proofs]),
            ("observables", _observables(files)),
            ("remediation", _remediation(way)),
        ),
    )


def _remediation(way: Persistence) -> Part:
    return {"desc": cut(" ".join(way.removal), ROOM)} if way.removal else {}


def _evidence(line: Evidence, hashes: Mapping[str, str]) -> Part:
    """Return a line with its place, and the address and the account that it names first."""
    found: Part = {"data": _place(line.path, line.line, line.text) | {"sha256": _name(line.sha256)}}
    found["file"] = _file(line.path, hashes)
    for kind, value in line.keys:
        if kind == "address" and (address := address_of(value)):
            found.setdefault("src_endpoint", {"ip": str(address)})
        elif kind == "account" and value:
            found.setdefault("user", {"name": _name(value)})
    return found


def _place(path: str, line: int, text: str) -> Part:
    return {"path": cut(path, ROOM), "line": line, "text": cut(text, ROOM)}


def _file(path: str, hashes: Mapping[str, str]) -> Part:
    name = base_name(path.replace("\\", "/")) or path
    digest = hashes.get(path, "").lower()
    known = re.fullmatch(r"[0-9a-f]{64}", digest)
    whole = {"hashes": [{"algorithm_id": 3, "algorithm": "SHA-256", "value": digest}]}
    return {
        "name": _name(name),
        "path": cut(path, ROOM) or "-",
        "type_id": 1,
        "type": "Regular File",
        **(whole if known else {}),
    }


def _attack(technique: str) -> Part:
    """Return a technique; a sub-technique stands below its own."""
    parent = _PARENT.sub("", technique)
    found: Part = {"technique": _technique(parent), "version": VERSION}
    return found | ({"sub_technique": _technique(technique)} if technique != parent else {})


def _technique(id: str) -> Part:
    return {"uid": id, "name": technique_names().get(id, id), "src_url": technique_url(id)}


def _is_cve(text: str) -> bool:
    return _CVE.fullmatch(text) is not None


def _vulnerability(cve: str) -> Part:
    return {"cve": {"uid": cve, "type": "CVE"}, "title": cve}


def _observables(evidences: Iterable[Part]) -> list[Part]:
    """Return what an analyst looks for elsewhere, each value once."""
    found: dict[tuple[int, str], Part] = {}
    for at, one in enumerate(evidences):
        place = f"evidences[{at}]"
        for name, type_id, type, value in (
            (f"{place}.src_endpoint.ip", 2, "IP Address", one.get("src_endpoint", {}).get("ip")),
            (f"{place}.user.name", 4, "User Name", one.get("user", {}).get("name")),
            (f"{place}.file.name", 7, "File Name", one.get("file", {}).get("name")),
        ):
            if value:
                told = {"name": name, "type_id": type_id, "type": type, "value": value}
                found.setdefault((type_id, value), told)
    return list(found.values())


def _milliseconds(time: datetime | None) -> int | None:
    return int(time.timestamp() * 1000) if time else None


def _filled(fields: Mapping[str, object]) -> Part:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def _name(text: str) -> str:
    return cut(text, _NAME) or "-"
