"""The tables of the CSV set that no single CSV report has: servers, findings, sessions and so on.

Each table is a name, its columns, and its rows in the order of the case. Every row names its server
first, so that tables can be joined; ids are those of the JSON report.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from extriage.model.case import Case
from extriage.model.evidence import Entry
from extriage.model.host import Host
from extriage.model.session import Amount, Session, SessionStep
from extriage.reports.sheet import joined, sheet_of, stamp

Row: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One CSV file of the set."""

    columns: tuple[str, ...]
    rows: Callable[[Case], Iterator[Row]]

    def render(self, case: Case) -> str:
        """Return the table with its header, safe to open in a spreadsheet."""
        return sheet_of(self.columns, self.rows(case))


def _hosts(case: Case) -> Iterator[Row]:
    for host in case.hosts:
        verdict, patch = host.verdict, host.patch
        yield (
            *(host.name, verdict.status.value, verdict.stage.value if verdict.stage else ""),
            *(verdict.certainty.value if verdict.certainty else "", verdict.reason),
            *(patch.product, patch.cu, patch.su, patch.build, patch.support.state.value),
            *(str(len(host.findings)), str(len(host.persistence)), str(len(host.exposures))),
            *(str(len(host.intruders)), str(len(host.sessions))),
            *(str(host.manifest.seen), str(host.manifest.read), str(host.manifest.skipped)),
            *(str(host.manifest.unreadable), joined(host.notes)),
        )


def _findings(case: Case) -> Iterator[Row]:
    for host in case.hosts:
        for one in host.findings:
            stage = one.stage.value if one.stage else ""
            yield (
                *(host.name, one.id, one.rule, one.title, one.level.value, stage),
                *(one.certainty.value if one.stage else "", one.hints.value if one.hints else ""),
                *(one.about.value if one.about else "", one.campaign, joined(one.cves)),
                *(joined(one.attack), stamp(one.first), stamp(one.last), str(one.count)),
                *(str(len(one.evidence)), joined(one.look_alikes), one.author),
            )


def _sessions(case: Case) -> Iterator[Row]:
    for host in case.hosts:
        for one in host.sessions:
            yield (
                *(host.name, one.id, one.intruder, one.role.value),
                *(one.stage.value if one.stage else "", one.certainty.value),
                *(stamp(one.first), stamp(one.last), one.summary, joined(one.addresses)),
                *(joined(one.accounts), joined(one.agents), joined(one.mailboxes)),
                *(joined(one.kinds), *_bounds(one.requests), str(one.answered)),
                *(*_bounds(one.bytes_in), *_bounds(one.bytes_out), str(one.steps_total)),
                joined(one.findings),
            )


def _steps(case: Case) -> Iterator[Row]:
    for host in case.hosts:
        for session in host.sessions:
            yield from (_step(host, session, one) for one in session.steps)


def _step(host: Host, session: Session, one: SessionStep) -> Row:
    proof = one.proofs[0] if one.proofs else None
    return (
        *(host.name, session.id, session.intruder, stamp(one.time), stamp(one.until), one.text),
        *("yes" if one.done else "no", "yes" if one.sure else "no"),
        *(one.stage.value if one.stage else "", one.object, one.mailbox, str(one.requests)),
        *(_number(one.items), _number(one.bytes_in), _number(one.bytes_out), joined(one.kinds)),
        *(proof.path if proof else "", str(proof.line) if proof else "", joined(one.findings)),
    )


def _coverage(case: Case) -> Iterator[Row]:
    for host in case.hosts:
        for one in host.coverage:
            gaps = [f"{stamp(gap['from'])} to {stamp(gap['to'])}" for gap in one.gaps]
            yield (
                *(host.name, one.kind, str(one.files), str(one.records), str(one.unreadable)),
                *(stamp(one.first), stamp(one.last), str(len(gaps)), joined(gaps)),
            )


def _campaigns(case: Case) -> Iterator[Row]:
    for host in case.hosts:
        for campaign in host.campaigns:
            for cve in campaign.coverage:
                window = cve.window
                missing = [log.kind for log in cve.logs if not log.covered]
                yield (
                    *(host.name, campaign.campaign, campaign.title, cve.cve, cve.answer.value),
                    *(cve.stage.value if cve.stage else "",),
                    *(cve.certainty.value if cve.certainty else "",),
                    *(
                        stamp(window["from"]) if window else "",
                        stamp(window["to"]) if window else "",
                    ),
                    *(joined(log.kind for log in cve.logs if log.covered), joined(missing)),
                    cve.note,
                )


def _advisories(case: Case) -> Iterator[Row]:
    for host in case.hosts:
        for one in host.patch.advisories:
            window = one.window
            yield (
                *(host.name, host.patch.build, one.cve, one.name, one.state.value, one.severity),
                *(str(one.cvss) if one.cvss is not None else "", one.exploited_since),
                *(one.kev.isoformat() if one.kev else "",),
                *(stamp(window["from"]) if window else "", stamp(window["to"]) if window else ""),
                *(str(window["days"]) if window else "",),
                *(("yes" if window["closed"] else "no") if window else "",),
                *(("yes" if window["proved"] else "no") if window else "", one.note),
            )


def _sightings(case: Case) -> Iterator[Row]:
    for host in case.hosts:
        for one in host.sightings:
            known = one.indicator
            yield (
                *(host.name, known.type, known.value, one.level.value, one.where, str(one.count)),
                *(stamp(one.first), stamp(one.last), one.text, known.source, known.confidence),
                *(known.cluster, known.licence, known.tlp, known.reference),
            )


def _actions(case: Case) -> Iterator[Row]:
    for host in case.hosts:
        for at, one in enumerate(host.actions, 1):
            yield (
                *(host.name, str(at), one.when.value, one.id, one.title, one.text),
                *(joined(one.because), joined(one.needs), str(len(one.commands)), one.verify),
            )


def _manifest(case: Case) -> Iterator[Row]:
    for host in case.hosts:
        yield from (_entry(host.name, one) for one in host.manifest.entries)
    yield from (_entry("", one) for one in case.unassigned)


def _entry(host: str, one: Entry) -> Row:
    return (
        *(host, one.path, str(one.size), one.kind, one.status, one.reason, one.sha256),
        *map(str, (one.lines, one.parsed, one.raw, one.rejected, one.comment, one.blank)),
    )


def _rules(case: Case) -> Iterator[Row]:
    for one in case.tool.refused_rules:
        yield (one.id, one.title, one.path, one.reason, "yes" if one.broken else "no")


def _bounds(many: Amount) -> tuple[str, str]:
    return str(many.low), _number(many.high)


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


TABLES: Mapping[str, Table] = {
    "hosts.csv": Table(
        (
            *("host", "verdict", "stage", "certainty", "reason"),
            *("product", "cu", "su", "build", "support"),
            *("findings", "ways_back", "exposures", "intruders", "sessions"),
            *("files_seen", "files_read", "files_skipped", "files_unreadable", "notes"),
        ),
        _hosts,
    ),
    "findings.csv": Table(
        (
            *("host", "finding", "rule", "title", "level", "stage", "certainty", "hints_at"),
            *("about", "campaign", "cves", "attack", "first", "last", "count", "lines_kept"),
            *("looks_the_same", "author"),
        ),
        _findings,
    ),
    "sessions.csv": Table(
        (
            *("host", "session", "intruder", "role", "stage", "certainty", "first", "last"),
            *("summary", "addresses", "accounts", "agents", "mailboxes", "logs"),
            *("requests_low", "requests_high", "answered", "bytes_in_low", "bytes_in_high"),
            *("bytes_out_low", "bytes_out_high", "steps", "findings"),
        ),
        _sessions,
    ),
    "steps.csv": Table(
        (
            *("host", "session", "intruder", "time", "until", "text", "done", "sure", "stage"),
            *("object", "mailbox", "requests", "items", "bytes_in", "bytes_out", "logs"),
            *("path", "line", "findings"),
        ),
        _steps,
    ),
    "campaigns.csv": Table(
        (
            *("host", "campaign", "title", "cve", "answer", "stage", "certainty"),
            *("open_from", "open_to", "logs_that_cover_it", "logs_that_do_not", "note"),
        ),
        _campaigns,
    ),
    "coverage.csv": Table(
        (
            *("host", "kind", "files", "records", "unreadable", "first", "last"),
            *("gaps", "gaps_at"),
        ),
        _coverage,
    ),
    "advisories.csv": Table(
        (
            *("host", "build", "cve", "name", "state", "severity", "cvss", "exploited_since"),
            *("kev", "open_from", "open_to", "open_days", "closed", "proved", "note"),
        ),
        _advisories,
    ),
    "sightings.csv": Table(
        (
            *("host", "type", "value", "level", "where", "count", "first", "last", "text"),
            *("source", "confidence", "cluster", "licence", "tlp", "reference"),
        ),
        _sightings,
    ),
    "actions.csv": Table(
        (
            *("host", "number", "when", "id", "title", "text", "because", "needs", "commands"),
            "done_when",
        ),
        _actions,
    ),
    "manifest.csv": Table(
        (
            *("host", "path", "size", "kind", "status", "reason", "sha256"),
            *("lines", "parsed", "raw", "rejected", "comment", "blank"),
        ),
        _manifest,
    ),
    "rules-not-run.csv": Table(("rule", "title", "path", "reason", "broken"), _rules),
}
"""Files of the set that are made here, by their names."""
