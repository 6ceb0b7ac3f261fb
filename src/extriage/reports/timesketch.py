"""A case as lines that Timesketch imports: one JSON object for each event, in the order of time.

https://timesketch.org/guides/user/import-from-json-csv/ asks for `message`, `datetime` (ISO 8601
with its offset) and `timestamp_desc`; all else are fields of ours:

- `data_type`: `extriage:evidence` (a line of a finding), `extriage:session` (a step of a session),
  `extriage:timeline` (all other moments of the case's timeline)
- `host`, `source`, `phase`, `stage`, `certainty`, `level`, `campaign`, `by`
- `finding`, `rule`, `session`: ids as in case.json; `cves`, `attack`, `tag`: lists
- `path`, `line`, `sha256`, `text`: the place in the evidence and the line itself
- `until`, `count`: the end and the number of what one event stands for
- `tlp`: who may see it, if `--tlp` says so

A line of a finding and the moment that tells it are one event. A text longer than 32,766 bytes,
which OpenSearch would refuse, is cut in its middle and says so. What has no time cannot be in a
timeline; it is in all other formats.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeAlias

from extriage.model.case import Case, Moment
from extriage.model.detection import Evidence, Finding
from extriage.model.host import Host
from extriage.model.session import Session, SessionStep
from extriage.reports.base import RenderOptions
from extriage.reports.neutral import visible

LONGEST = 32_766
"""Bytes of UTF-8 in one field; Lucene takes no longer term."""

Value: TypeAlias = str | int | list[str]
_KEPT = 500


@dataclass(frozen=True, slots=True)
class Event:
    """One event with its time and its fields."""

    time: datetime
    message: str
    what: str
    """What happened at that time, for `timestamp_desc`."""
    kind: str
    fields: tuple[tuple[str, Value], ...]


def render(case: Case, options: RenderOptions) -> str:
    """Return one JSON object a line, in ASCII."""
    marked: tuple[tuple[str, Value], ...] = (("tlp", options.tlp),) if options.tlp else ()
    return "".join(sorted(f"{_line(event, marked)}\n" for event in _events(case)))


def _line(event: Event, marked: tuple[tuple[str, Value], ...]) -> str:
    # NOTE: the time is written first and with one width, so that lines sort as events do.
    document: dict[str, Value] = {
        "datetime": event.time.astimezone(UTC).isoformat(timespec="microseconds"),
        "timestamp_desc": bounded(event.what),
        "message": bounded(event.message) or "-",
        "data_type": f"extriage:{event.kind}",
    }
    for name, value in (*event.fields, *marked):
        shown = _shown(value)
        if shown not in ("", []):
            document[name] = shown
    return json.dumps(document, ensure_ascii=True)


def _shown(value: Value) -> Value:
    if isinstance(value, list):
        return [bounded(one) for one in value[:_KEPT] if one]
    return bounded(value) if isinstance(value, str) else value


def bounded(text: str) -> str:
    """Return a harmless text of at most 32,766 bytes; what is left out is said in its middle."""
    shown = visible(text[: 2 * LONGEST]) if len(text) > 2 * LONGEST else visible(text)
    data = shown.encode("utf-8")
    if len(data) <= LONGEST and len(text) <= 2 * LONGEST:
        return shown
    gap = f" [cut: {len(text):,} characters] ".encode()
    half = (LONGEST - len(gap)) // 2
    tail = visible(text[-half:]).encode("utf-8")[-half:]
    return (data[:half] + gap + tail).decode("utf-8", "ignore")


def _events(case: Case) -> Iterator[Event]:
    told = {_place(one): one for one in case.timeline if one.path and one.source == "attack"}
    used: set[tuple[str, str, int]] = set()
    for host in case.hosts:
        for finding in host.findings:
            for line in finding.evidence:
                place = (host.name, line.path, line.line)
                if line.time:
                    used.add(place)
                    yield _evidence(host, finding, line, line.time, told.get(place))
        for session in host.sessions:
            yield from _session(host, session)
    steps = {(session.id, host.name) for host in case.hosts for session in host.sessions}
    for moment in case.timeline:
        told_as_line = moment.source == "attack" and _place(moment) in used
        told_as_step = bool(moment.path) and (moment.finding, moment.host) in steps
        if not told_as_line and not told_as_step:
            yield _moment(moment)


def _place(moment: Moment) -> tuple[str, str, int]:
    return (moment.host, moment.path, moment.line)


def _evidence(
    host: Host, finding: Finding, line: Evidence, time: datetime, moment: Moment | None
) -> Event:
    """Return a line of a finding, with what the timeline adds to it."""
    stage = finding.stage.value if finding.stage else ""
    return Event(
        time,
        f"{finding.title}: {line.summary or line.text}",
        f"Line of evidence ({line.kind})" if line.kind else "Line of evidence",
        "evidence",
        (
            ("host", host.name),
            ("source", "attack"),
            ("phase", moment.phase if moment else ""),
            ("stage", stage),
            ("certainty", finding.certainty.value if finding.stage else ""),
            ("level", finding.level.value),
            ("campaign", finding.campaign),
            ("by", (moment.by if moment else "") or line.actor),
            ("finding", finding.id),
            ("rule", finding.rule),
            ("title", finding.title),
            ("cves", [*finding.cves]),
            ("attack", [*finding.attack]),
            ("path", line.path),
            ("line", line.line),
            ("sha256", line.sha256),
            ("text", line.text),
            ("tag", _tags(stage, finding.campaign, finding.level.value)),
        ),
    )


def _session(host: Host, session: Session) -> Iterator[Event]:
    for step in session.steps:
        yield _step(host, session, step)


def _step(host: Host, session: Session, step: SessionStep) -> Event:
    stage = step.stage.value if step.stage else ""
    proof = step.proofs[0] if step.proofs else None
    return Event(
        step.time,
        step.text,
        "Step of a session" if step.sure else "Step of a session, perhaps of somebody else",
        "session",
        (
            ("host", host.name),
            ("source", "session"),
            ("stage", stage),
            ("certainty", session.certainty.value),
            ("by", session.intruder or session.role.value),
            ("session", session.id),
            ("addresses", [*session.addresses]),
            ("accounts", [*session.accounts]),
            ("object", step.object),
            ("mailbox", step.mailbox),
            ("until", step.until.astimezone(UTC).isoformat(timespec="microseconds")),
            ("count", step.requests),
            ("findings", [*step.findings]),
            ("path", proof.path if proof else ""),
            ("line", proof.line if proof else ""),
            ("text", proof.text if proof else ""),
            ("tag", _tags(stage, "session", session.role.value)),
        ),
    )


def _moment(moment: Moment) -> Event:
    stage = moment.stage.value if moment.stage else ""
    until = moment.until.astimezone(UTC).isoformat(timespec="microseconds") if moment.until else ""
    return Event(
        moment.time,
        moment.title,
        f"Timeline of the case: {moment.source}",
        "timeline",
        (
            ("host", moment.host),
            ("source", moment.source),
            ("phase", moment.phase),
            ("stage", stage),
            ("by", moment.by),
            ("finding", moment.finding),
            ("until", until),
            ("count", moment.count),
            ("path", moment.path),
            ("line", moment.line if moment.path else ""),
            ("tag", _tags(stage, moment.source, moment.phase)),
        ),
    )


def _tags(*words: str) -> list[str]:
    return list(dict.fromkeys(["extriage", *filter(None, words)]))
