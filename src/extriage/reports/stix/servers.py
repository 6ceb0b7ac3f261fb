"""A server as STIX 2.1: who was hit, the verdict, what cannot be told, holes, and ways back in.

The server is an identity of the class `system`, so that sightings can say where. Sentences for
people are notes. Only code that somebody left behind, and that is at least likely to be his, is
`malware`; every other way back is told in a note.
"""

from collections.abc import Iterable, Iterator, Sequence

from extriage.analysis.objectkeys import base_name
from extriage.knowledge.exposures import exposure_kinds
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.detection import Certainty
from extriage.model.exposure import Shown
from extriage.model.host import Absence, AdvisoryState, Host, State
from extriage.model.persistence import Persistence, Presence
from extriage.reports.imprint import CONFIDENCE
from extriage.reports.neutral import cut
from extriage.reports.stix.findings import vulnerability
from extriage.reports.stix.observables import Files, exchange
from extriage.reports.stix.parts import Frame, Object, name, words

MALWARE = {
    "web-shell": "webshell",
    "credential-logger": "spyware",
    "iis-module": "backdoor",
    "memory-module": "backdoor",
    "isapi-filter": "backdoor",
    "iis-handler": "backdoor",
    "transport-agent": "backdoor",
    "implant": "backdoor",
}
"""Kinds of ways back that are code, and what the vocabulary of STIX calls them."""

_OPEN = (State.OPEN, State.OPEN_NO_PACKAGE, State.UNSUPPORTED)
_ROOM = 500
_TOLD = 50
_SAMPLES = 10


def server_objects(host: Host, server: Object, files: Files, frame: Frame) -> Iterator[Object]:
    """Yield what is said of one server, besides its findings."""
    id = server["id"]
    yield server
    software = exchange(host.patch, frame.tlp)
    if software:
        yield software
        yield frame.relationship(id, "related-to", software["id"], "runs it")
    about = [id, software["id"]] if software else [id]
    title = f"Verdict on {host.name}: {host.verdict.status.value}"
    yield frame.note(("verdict", id), title, _verdict(host), about)
    unseen = bounded(_unseen(host))
    if unseen:
        yield frame.note(("unseen", id), f"What could not be told of {host.name}", unseen, [id])
    data = bounded(_data(host))
    if data:
        yield frame.note(("data", id), f"Data of {host.name}", data, [id])
    ways = bounded(_way(one) for one in host.persistence)
    if ways:
        yield frame.note(("ways", id), f"Ways back into {host.name}", ways, [id])
    yield from _vulnerabilities(host, id, frame)
    for way in host.persistence:
        yield from _malware(way, id, files, frame)


def server_identity(host: Host, frame: Frame) -> Object:
    """Return the server itself."""
    firsts = [one.first for one in host.findings if one.first]
    return frame.new(
        *("identity", ("host", host.name), min(firsts, default=None)),
        name=name(host.name),
        description=words("Exchange server in this case."),
        identity_class="system",
        roles=["victim"] if host.verdict.status.value == "compromised" else [],
    )


def is_malware(way: Persistence) -> bool:
    """Tell code of an intruder that was really there from all other ways back."""
    sure = way.certainty.rank >= Certainty.LIKELY.rank
    return way.kind in MALWARE and sure and way.state is not Presence.ATTEMPTED


def malware_key(way: Persistence, server: str) -> tuple[str, ...]:
    """Return what the id of a way back follows from."""
    return ("malware", server, way.kind, way.object)


def bounded(lines: Iterable[str]) -> list[str]:
    """Return the first lines, each cut to a bound, and how many more there are."""
    every = list(lines)
    left = len(every) - _TOLD
    told = [cut(line, _ROOM) for line in every[:_TOLD]]
    return [*told, f"and {left:,} more in case.json"] if left > 0 else told


def _verdict(host: Host) -> Iterator[str]:
    verdict = host.verdict
    standing = [word.value for word in (verdict.stage, verdict.certainty) if word]
    yield ", ".join([verdict.status.value, *standing])
    yield cut(verdict.reason, _ROOM)
    if host.patch.build:
        yield f"Build {name(host.patch.build)}."
    yield from bounded(host.notes)


def _unseen(host: Host) -> Iterator[str]:
    for campaign in host.campaigns:
        for cve in campaign.coverage:
            if cve.answer is Absence.CANNOT_TELL:
                why = cve.note or "evidence is missing"
                yield f"cannot tell: {cve.cve} ({campaign.title}): {why}"
            elif cve.answer is Absence.NOT_SEEN:
                yield f"not seen: {cve.cve} ({campaign.title})"
    for answer in host.exposure_answers:
        if answer.answer is Shown.CANNOT_TELL:
            yield f"cannot tell: {answer.title}: {answer.text}"


def _data(host: Host) -> Iterator[str]:
    kinds = exposure_kinds()
    for one in host.exposures:
        kind = kinds[one.kind].title if one.kind in kinds else one.kind
        yield f"{one.state.value}, {one.certainty.value}: {kind}: {one.text}"


def _way(way: Persistence) -> str:
    kinds = persistence_kinds()
    kind = kinds[way.kind].title if way.kind in kinds else way.kind
    return f"{way.state.value}, {way.certainty.value}: {kind} {way.object}. {way.state_note}"


def _vulnerabilities(host: Host, server: str, frame: Frame) -> Iterator[Object]:
    """Yield the holes that were used, and those that are open and used by somebody."""
    told = {row.cve: f"open; {_used(row)}" for row in host.patch.advisories if _is_used(row)}
    for finding in host.findings:
        if finding.stage:
            told |= dict.fromkeys(finding.cves, "seen in findings")
    names = {row.cve: row.name for row in host.patch.advisories}
    for cve, text in sorted(told.items()):
        if one := vulnerability(cve, frame, names.get(cve, "")):
            yield one
            yield frame.relationship(server, "related-to", one["id"], words(text))


def _is_used(row: AdvisoryState) -> bool:
    return row.state in _OPEN and bool(row.kev or row.window)


def _used(row: AdvisoryState) -> str:
    since = row.exploited_since or (row.kev.isoformat() if row.kev else "")
    return f"used by attackers: {since}" if since else "used by attackers"


def _malware(way: Persistence, server: str, files: Files, frame: Frame) -> Iterator[Object]:
    if not is_malware(way):
        return
    samples = [files.observed(path) for path in _paths(way)[:_SAMPLES]]
    for sample in samples:
        yield from sample
    made = frame.new(
        *("malware", malware_key(way, server), way.first),
        name=name(base_name(way.object) or way.object),
        description=words(_way(way), "; ".join(way.reasons[:5])),
        malware_types=[MALWARE[way.kind]],
        is_family=False,
        first_seen=way.first,
        last_seen=max(way.last, way.first) if way.first and way.last else way.last,
        sample_refs=[sample[0]["id"] for sample in samples],
        confidence=CONFIDENCE[way.certainty],
    )
    yield made
    yield frame.relationship(made["id"], "targets", server)


def _paths(way: Persistence) -> Sequence[str]:
    return way.paths or (way.object,)
