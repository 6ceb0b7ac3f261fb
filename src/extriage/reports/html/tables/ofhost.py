"""The tables of one server: what was found, when, in which lines, and what could be seen."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import chain

from extriage.model.case import Case, Moment
from extriage.model.detection import About, Finding, Stage
from extriage.model.evidence import Entry
from extriage.model.host import AdvisoryState, Host
from extriage.model.indicator import Sighting
from extriage.reports.html.tables import columns
from extriage.reports.html.tables.table import Row, Rows, Table, short
from extriage.reports.sheet import joined

LINE = 4_000
"""Characters of a line of evidence that a page carries at most."""
PATH = 600
_READS = 240
_MEANS = {
    Stage.PROBED: "somebody tried; no sign that it worked",
    Stage.REACHED: "the vulnerability answered",
    Stage.PLANTED: "something of theirs was written",
    Stage.EXECUTED: "their code ran",
    Stage.ACTED: "they went on from here: credentials, accounts, other servers",
    Stage.TAKEN: "data left",
}
_BEARS_ON = {
    About.PERSISTENCE: "It bears on a way back in.",
    About.EXPOSURE: "It bears on data within reach.",
    About.WEAKNESS: "It shows a door that stands open; nobody is known to have used it.",
}
_AFTERMATH = ("attack", "persistence", "exposure", "antivirus", "administrator")


def host_tables(host: Host, at: int, case: Case, room: int = LINE) -> dict[str, Table]:
    """Return the tables of a server with all rows; `at` is its position in the case.

    Lines of evidence are cut to `room` characters.
    """
    findings = sorted(host.findings, key=_weight)
    place = f"h{at}-"
    return {
        table.name: table
        for table in (
            _findings(place, findings, {one.campaign: one.title for one in host.campaigns}),
            _evidence(place, findings, room),
            _timeline(place, host, case),
            _sightings(place, host.sightings),
            _advisories(place, host.patch.advisories),
            manifest(place, host.manifest.entries),
        )
    }


def _weight(finding: Finding) -> tuple[int, int, int, datetime, str]:
    """Sort key: what proves the furthest stage first, then by level."""
    proved = finding.stage.rank if finding.stage and not finding.raw else 0
    first = finding.first or datetime.max.replace(tzinfo=UTC)
    return (-proved, -finding.level.rank, -finding.certainty.rank, first, finding.id)


def _findings(place: str, findings: Sequence[Finding], titles: Mapping[str, str]) -> Table:
    rows = [_finding(one, titles.get(one.campaign, one.campaign)) for one in findings]
    return Table(f"{place}findings", "findings", "Findings", columns.FINDINGS, rows, len(rows))


def _finding(one: Finding, campaign: str) -> Row:
    return (
        *(one.level.value, one.stage.value if one.stage and not one.raw else ""),
        one.certainty.value,
        *(
            short(one.title, 200),
            short(campaign, 100),
            one.first,
            one.last,
            one.count,
            one.id,
            one.rule,
        ),
        *(short(", ".join(one.cves), 300), short(", ".join(one.attack), 200)),
        *(short(". ".join(one.look_alikes), 500), short(one.author, 100), proves(one)),
    )


def proves(finding: Finding) -> str:
    """Say in a sentence what a finding proves, and what it does not."""
    bears = _BEARS_ON.get(finding.about) if finding.about else None
    if finding.raw:
        told = "Nothing alone: its lines fit no columns. Read them by hand."
    elif finding.stage:
        told = f"{finding.stage.value.capitalize()}: {_MEANS[finding.stage]}."
    elif finding.hints:
        told = (
            f"Nothing alone. Beside proof of others it speaks for {finding.hints.value}: "
            f"{_MEANS[finding.hints]}."
        )
    else:
        told = "" if bears else "No stage of an attack; it tells what happened around it."
    return " ".join(filter(None, (told, bears)))


def _evidence(place: str, findings: Sequence[Finding], room: int) -> Table:
    lines = [(finding, at) for finding in findings for at in range(len(finding.evidence))]
    rows = Rows(lines, partial(_line, room))
    # NOTE: a page that is too small carries the first line of every finding before any second one.
    ranks = chain.from_iterable(range(len(finding.evidence)) for finding in findings)
    order = tuple(at for _, at in sorted((rank, at) for at, rank in enumerate(ranks)))
    return Table(
        f"{place}evidence", "evidence", "Lines of evidence", columns.EVIDENCE, rows, len(rows),
        order=order,
    )  # fmt: skip


def _line(room: int, place: tuple[Finding, int]) -> Row:
    finding, at = place
    line = finding.evidence[at]
    return (
        *(
            line.time,
            short(finding.title, 200),
            line.kind,
            short(line.summary or line.text, _READS),
        ),
        *(short(line.path, PATH), line.line, finding.id, short(line.text, room), line.sha256),
        *(short(joined(line.reasons), _READS), at + 1),
    )


def _timeline(place: str, host: Host, case: Case) -> Table:
    told = [(at, one) for at, one in enumerate(case.timeline) if one.host == host.name]
    rows = [_moment(at, one) for at, one in told]
    order = tuple(at for *_, at in sorted((*_telling(one), at) for at, (_, one) in enumerate(told)))
    return Table(
        f"{place}timeline", "timeline", "Timeline", columns.TIMELINE, rows, len(rows), order=order
    )


def _telling(one: Moment) -> tuple[bool, int]:
    return (one.source not in _AFTERMATH, -one.stage.rank if one.stage else 0)


def _moment(at: int, one: Moment) -> Row:
    finding = one.finding if one.finding.startswith("f-") else ""
    return (
        *(one.time, one.until, one.source, one.phase, one.stage.value if one.stage else ""),
        *(
            short(one.title, 300),
            one.count,
            short(one.by, 100),
            short(one.path, PATH),
            one.line or None,
        ),
        *(finding, at),
    )


def _sightings(place: str, sightings: Sequence[Sighting]) -> Table:
    rows = [
        (one.level.value, one.indicator.type, short(one.indicator.value, 300), one.where, one.count)
        + (one.first, one.last, short(one.indicator.source, 100), short(one.text, 300))
        for one in sightings
    ]
    return Table(
        f"{place}sightings", "sightings", "Published indicators in the evidence",
        columns.SIGHTINGS, rows, len(rows), key="value",
    )  # fmt: skip


def _advisories(place: str, advisories: Sequence[AdvisoryState]) -> Table:
    rows = [_advisory(one) for one in sorted(advisories, key=_urgency)]
    return Table(
        f"{place}advisories", "advisories", "Vulnerabilities of this build", columns.ADVISORIES,
        rows, len(rows), key="cve",
    )  # fmt: skip


def _urgency(one: AdvisoryState) -> tuple[int, bool, float, str]:
    used = bool(one.exploited_since or one.kev)
    return (columns.STATES.index(one.state.value), not used, -(one.cvss or 0), one.cve)


def _advisory(one: AdvisoryState) -> Row:
    window = one.window
    return (
        *(one.state.value, one.cve, one.name, one.severity, one.cvss),
        *(one.kev.isoformat() if one.kev else "", short(one.exploited_since, 200)),
        *((window["from"], window["to"], window["days"]) if window else (None, None, None)),
        short(" ".join(filter(None, (one.note, window["note"] if window else ""))), 400),
    )


def manifest(
    place: str, entries: Sequence[Entry], title: str = "Every file that was seen"
) -> Table:
    """Return the account of files, what was not fully read first."""
    ranked = sorted(entries, key=lambda one: (columns.STATUSES.index(one.status), one.path))
    rows = [_entry(one) for one in ranked]
    return Table(
        f"{place}manifest", "manifest", title, columns.MANIFEST, rows,
        len(rows), key="path",
    )  # fmt: skip


def _entry(one: Entry) -> Row:
    return (
        *(
            one.status,
            one.kind,
            short(one.path, PATH),
            one.size,
            one.lines,
            one.parsed,
            one.raw,
            one.rejected,
        ),
        *(short(one.reason, 200), one.sha256),
    )
