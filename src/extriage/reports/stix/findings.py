"""Findings as STIX 2.1: what was observed, what it means, and which techniques it stands for.

A finding with a time is `observed-data` about the logs, addresses and accounts of its lines; a note
says what it proves, how sure that is, what looks the same, and quotes lines with their place.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from extriage.knowledge.attack import TECHNIQUE, technique_names
from extriage.model.detection import Finding
from extriage.model.host import Host
from extriage.reports.imprint import CONFIDENCE
from extriage.reports.neutral import cut
from extriage.reports.stix.observables import Files, observed_in
from extriage.reports.stix.parts import MOST, Frame, Object, name

_LINES = 3
_OBSERVED = 30
_ROOM = 1_000
_CVE = re.compile(r"CVE-\d{4}-\d{4,7}")


def ranked(hosts: Iterable[Host]) -> list[tuple[Host, Finding]]:
    """Return the findings of all servers, those that prove most first."""
    pairs = [(host, finding) for host in hosts for finding in host.findings]
    return sorted(pairs, key=_order)


def _order(pair: tuple[Host, Finding]) -> tuple[int, int, int, str, str]:
    host, one = pair
    stage, certainty = (one.stage.rank, one.certainty.rank) if one.stage else (0, 0)
    return (-stage, -certainty, -one.level.rank, host.name, one.id)


def finding_objects(finding: Finding, server: str, files: Files, frame: Frame) -> Iterator[Object]:
    """Yield what one finding gives; `server` is the id of the server that it was found on."""
    key = (server, finding.id, finding.rule)
    seen = {
        one["id"]: one for line in finding.evidence[:_LINES] for one in observed_in(line, files)
    }
    refs = sorted(seen)[:_OBSERVED]
    yield from (seen[id] for id in _whole(refs, seen))
    about = [server]
    if finding.first and refs:
        data = _observed(finding, refs, key, frame)
        about.insert(0, data["id"])
        yield data
    for one in techniques_of(finding):
        pattern = technique(one, frame)
        yield pattern
        yield frame.relationship(pattern["id"], "targets", server)
        about.append(pattern["id"])
    sure = CONFIDENCE[finding.certainty] if finding.stage else None
    yield frame.note(key, finding.title, _told(finding), list(dict.fromkeys(about)), sure)


def techniques_of(finding: Finding) -> list[str]:
    """Return the ids of the techniques that a finding proves; none if it claims no stage."""
    return [one for one in finding.attack if finding.stage and TECHNIQUE.fullmatch(one)]


def _whole(refs: Sequence[str], seen: dict[str, Object]) -> list[str]:
    """Add the folders of files that are told."""
    folders = [seen[id].get("parent_directory_ref", id) for id in refs]
    return list(dict.fromkeys([*refs, *folders]))


def _observed(finding: Finding, refs: Sequence[str], key: tuple[str, ...], frame: Frame) -> Object:
    first = finding.first or frame.made
    last = max(finding.last or first, first)
    return frame.new(
        *("observed-data", ("observed", *key), first),
        first_observed=first,
        last_observed=last,
        number_observed=min(max(finding.count, 1), MOST),
        object_refs=[*refs],
    )


def _told(finding: Finding) -> Iterator[str]:
    if finding.stage:
        yield f"Proves: {finding.stage.value}, {finding.certainty.value}."
    elif finding.hints:
        yield f"Hints at: {finding.hints.value}; it proves no stage alone."
    else:
        yield "Claims no stage."
    times = " to ".join(_second(time) for time in (finding.first, finding.last) if time)
    span = f" UTC: {times}." if times else ""
    yield f"Level: {finding.level.value}. Lines: {finding.count:,}.{span}"
    yield f"Rule: {name(finding.rule)}. Finding: {name(finding.id)}."
    if finding.look_alikes:
        yield f"Looks the same: {cut('; '.join(finding.look_alikes), _ROOM)}"
    for line in finding.evidence[:_LINES]:
        yield f"{cut(line.path, _ROOM)}:{line.line}"
        yield f"  {cut(line.text, _ROOM)}"


def _second(time: datetime) -> str:
    return time.isoformat(sep=" ")[:19]


def technique(technique: str, frame: Frame) -> Object:
    """Return a technique by its id; an id that the table has no name for is its name."""
    reference = {"source_name": "mitre-attack", "external_id": technique}
    return frame.fact(
        *("attack-pattern", ("attack-pattern", technique)),
        name=technique_names().get(technique, technique),
        external_references=[reference],
    )


def vulnerability(cve: str, frame: Frame, title: str = "") -> Object | None:
    """Return a vulnerability with its CVE number; None for what is no such number."""
    if not _CVE.fullmatch(cve):
        return None
    reference = {"source_name": "cve", "external_id": cve}
    return frame.fact(
        *("vulnerability", ("vulnerability", cve)),
        name=cve,
        description=name(title) if title else "",
        external_references=[reference],
    )
