"""`case.db`: the case as SQLite tables, made for analysts' own questions.

Times are ISO 8601 text in UTC with six digits and `Z`, so that they sort; lists are JSON.
`docs/case-db.md` has the tables with example queries. Rows are inserted in the document's order,
so equal cases give equal files. Two servers may have one name, and then equal ids: no column of a
server is unique.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from extriage.casefile import clusters, exposures, indicators, sessions
from extriage.casefile.cells import Row, iso, listed, pairs
from extriage.casefile.plan import TABLES as PLAN
from extriage.casefile.plan import plan_rows
from extriage.casefile.timeline import TIMELINE, timeline_rows
from extriage.casefile.trail import TABLE as TRAIL
from extriage.casefile.trail import TrailStore, copy_trail
from extriage.casefile.waysback import persistence_rows
from extriage.model.case import Case
from extriage.model.evidence import Entry
from extriage.model.host import AdvisoryState, Host, Patch
from extriage.model.suppression import Suppression, SuppressionUse

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE refused_rules (id TEXT, title TEXT, path TEXT, reason TEXT);
CREATE TABLE hosts (host TEXT, status TEXT, stage TEXT, certainty TEXT, reason TEXT,
  build TEXT, product TEXT, cu TEXT, su TEXT, support TEXT, supported_until TEXT);
CREATE TABLE notes (host TEXT, note TEXT);
CREATE TABLE campaigns (host TEXT, campaign TEXT, title TEXT, cves TEXT, stage TEXT,
  certainty TEXT, first TEXT, last TEXT, findings TEXT);
CREATE TABLE cves (host TEXT, campaign TEXT, cve TEXT, answer TEXT, stage TEXT, certainty TEXT,
  window_from TEXT, window_to TEXT, note TEXT, logs TEXT, weighs INTEGER);
CREATE TABLE advisories (host TEXT, cve TEXT, state TEXT, note TEXT, name TEXT, severity TEXT,
  cvss REAL, exploited_since TEXT, kev TEXT, window_from TEXT, window_to TEXT, window_days INTEGER,
  window_closed INTEGER, window_proved INTEGER, window_note TEXT);
CREATE TABLE builds (host TEXT, build TEXT, evidence TEXT, first TEXT, last TEXT, precision TEXT);
CREATE TABLE build_conflicts (host TEXT, conflict TEXT);
CREATE TABLE checks (host TEXT, id TEXT, title TEXT, cves TEXT, answer TEXT, note TEXT);
CREATE TABLE check_proofs (host TEXT, id TEXT, path TEXT, line INTEGER, text TEXT);
CREATE TABLE way_out (host TEXT, position INTEGER, id TEXT, title TEXT, text TEXT);
CREATE TABLE coverage (host TEXT, kind TEXT, files INTEGER, records INTEGER, unreadable INTEGER,
  first TEXT, last TEXT);
CREATE TABLE gaps (host TEXT, kind TEXT, gap_from TEXT, gap_to TEXT);
CREATE TABLE findings (host TEXT, id TEXT, rule TEXT, title TEXT, level TEXT,
  stage TEXT, certainty TEXT, campaign TEXT, cves TEXT, attack TEXT, first TEXT, last TEXT,
  count INTEGER, look_alikes TEXT, author TEXT, hints TEXT, about TEXT,
  persistence TEXT, objects INTEGER);
CREATE TABLE evidence (finding TEXT, position INTEGER, time TEXT, path TEXT, line INTEGER,
  offset INTEGER, text TEXT, sha256 TEXT, raw INTEGER, summary TEXT, kind TEXT, keys TEXT,
  object TEXT, sign TEXT, actor TEXT, reasons TEXT);
CREATE TABLE chains (host TEXT, id TEXT, campaign TEXT, campaigns TEXT, stage TEXT, certainty TEXT,
  first TEXT, last TEXT, keys TEXT, raised TEXT);
CREATE TABLE chain_steps (host TEXT, chain TEXT, position INTEGER, time TEXT, until TEXT,
  title TEXT, finding TEXT, stage TEXT, proved INTEGER, lines INTEGER, path TEXT, line INTEGER,
  summary TEXT);
CREATE TABLE persistence (host TEXT, id TEXT, position INTEGER, kind TEXT, object TEXT, state TEXT,
  state_note TEXT, level TEXT, certainty TEXT, first TEXT, last TEXT, who TEXT, paths TEXT,
  findings TEXT, reasons TEXT, removal TEXT);
CREATE TABLE persistence_proofs (host TEXT, persistence TEXT, path TEXT, line INTEGER, text TEXT);
CREATE TABLE persistence_story (host TEXT, persistence TEXT, position INTEGER, time TEXT,
  until TEXT, what TEXT, text TEXT, who TEXT, path TEXT, line INTEGER);
CREATE TABLE page_lives (host TEXT, persistence TEXT, page TEXT, requests INTEGER, answered INTEGER,
  first TEXT, last TEXT, first_answered TEXT, last_answered TEXT, missing_until TEXT,
  gone_after TEXT, gone_before TEXT, methods TEXT, statuses TEXT, sizes INTEGER, bytes_in INTEGER,
  bytes_out INTEGER, visitors INTEGER);
CREATE TABLE page_visitors (host TEXT, page TEXT, address TEXT, account TEXT, role TEXT,
  first TEXT, last TEXT, requests INTEGER, answered INTEGER, methods TEXT, bytes_in INTEGER,
  bytes_out INTEGER, agents TEXT);
CREATE TABLE suppressions (entry TEXT PRIMARY KEY, scanner TEXT, reason TEXT, decided_by TEXT,
  expires TEXT, in_force INTEGER, selects TEXT, lines INTEGER, shown INTEGER, note TEXT);
CREATE TABLE suppressed (host TEXT, entry TEXT, rule TEXT, title TEXT, level TEXT, stage TEXT,
  certainty TEXT, campaign TEXT, count INTEGER, first TEXT, last TEXT);
CREATE TABLE suppressed_lines (host TEXT, entry TEXT, rule TEXT, position INTEGER, time TEXT,
  path TEXT, line INTEGER, offset INTEGER, text TEXT, sha256 TEXT, summary TEXT);
CREATE TABLE manifest (host TEXT, path TEXT, size INTEGER, sha256 TEXT, kind TEXT, status TEXT,
  reason TEXT, lines INTEGER, parsed INTEGER, raw INTEGER, rejected INTEGER, comment INTEGER,
  blank INTEGER);
CREATE TABLE containers (path TEXT, size INTEGER, sha256 TEXT, note TEXT);
"""

_FAST = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"

_OTHERS = (
    PLAN,
    TRAIL,
    sessions.TABLES,
    exposures.TABLES,
    clusters.TABLES,
    indicators.INDICATOR_TABLES,
    TIMELINE,
)


def write_database(path: Path, case: Case, trail: TrailStore | None = None) -> None:
    """Write the case, and the trail of its intruders, into a new SQLite file.

    Raises OSError if it cannot be written.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.executescript("".join((_FAST, TABLES, *_OTHERS)))
            connection.execute("BEGIN")
            for table, rows in _tables(case):
                for row in rows:
                    marks = ",".join("?" * len(row))
                    # NOTE: the table name comes from the list in this module, never from evidence.
                    connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)
            if trail is not None:
                copy_trail(trail, connection)
            connection.execute("COMMIT")
        finally:
            connection.close()
            if trail is not None:
                trail.close()
    except sqlite3.Error as error:
        raise OSError(None, str(error)) from error


def _tables(case: Case) -> Iterator[tuple[str, Iterable[Row]]]:
    tool = case.tool
    meta = {
        "schema": case.schema,
        "version": tool.version,
        "knowledge_as_of": tool.knowledge_as_of,
        "content_sha256": tool.content_sha256,
        "rules": str(tool.rules),
        "slow_rules": listed(tool.slow_rules),
        "operator": case.custody.operator,
        "case_id": case.custody.case_id,
        "notes": listed(case.custody.notes),
    }
    yield "meta", meta.items()
    yield "refused_rules", [(r.id, r.title, r.path, r.reason) for r in tool.refused_rules]
    for host in case.hosts:
        yield from _host(host)
    yield from clusters.cluster_rows(case)
    yield from indicators.derived_rows(case)
    yield from timeline_rows(case)
    yield "manifest", [_entry("", entry) for entry in case.unassigned]
    containers = case.custody.containers
    yield "containers", [(one.path, one.size, one.sha256, one.note) for one in containers]
    yield "suppressions", [_use(use) for use in case.suppressions]


def _host(host: Host) -> Iterator[tuple[str, Iterable[Row]]]:
    name, verdict, patch = host.name, host.verdict, host.patch
    yield (
        "hosts",
        [
            (name, verdict.status, verdict.stage, verdict.certainty, verdict.reason)
            + (patch.build, patch.product, patch.cu, patch.su)
            + (patch.support.state, _day(patch.support.until))
        ],
    )
    yield "notes", [(name, note) for note in host.notes]
    yield from plan_rows(host)
    yield from _patch(name, patch)
    yield from _campaigns(host)
    yield (
        "coverage",
        [
            (name, c.kind, c.files, c.records, c.unreadable, iso(c.first), iso(c.last))
            for c in host.coverage
        ],
    )
    yield (
        "gaps",
        [(name, c.kind, iso(g["from"]), iso(g["to"])) for c in host.coverage for g in c.gaps],
    )
    yield from _findings(host)
    yield from _chains(host)
    yield from sessions.session_rows(host)
    yield from persistence_rows(host)
    yield from exposures.exposure_rows(host)
    yield from indicators.sighting_rows(host)
    yield from _suppressed(host)
    yield "manifest", [_entry(name, entry) for entry in host.manifest.entries]


def _patch(name: str, patch: Patch) -> Iterator[tuple[str, Iterable[Row]]]:
    yield "advisories", [(name, *_advisory(row)) for row in patch.advisories]
    yield (
        "builds",
        [
            (name, b.build, b.evidence, iso(b.first), iso(b.last), b.precision)
            for b in patch.sources
        ],
    )
    yield "build_conflicts", [(name, conflict) for conflict in patch.conflicts]
    checks = patch.checks
    yield (
        "checks",
        [(name, c.id, c.title, listed(c.cves), c.answer, c.note) for c in checks],
    )
    yield (
        "check_proofs",
        [(name, c.id, p.path, p.line, p.text) for c in checks for p in c.proofs],
    )
    yield "way_out", [(name, n, a.id, a.title, a.text) for n, a in enumerate(patch.action, 1)]


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _advisory(row: AdvisoryState) -> Row:
    kev = _day(row.kev)
    known = (row.cve, row.state, row.note, row.name, row.severity, row.cvss)
    window = row.window
    if window is None:
        return (*known, row.exploited_since, kev, None, None, None, None, None, None)
    return (
        *known,
        row.exploited_since,
        kev,
        iso(window["from"]),
        iso(window["to"]),
        window["days"],
        int(window["closed"]),
        int(window["proved"]),
        window["note"],
    )


def _campaigns(host: Host) -> Iterator[tuple[str, Iterable[Row]]]:
    yield (
        "campaigns",
        [
            (host.name, c.campaign, c.title, listed(c.cves), c.stage, c.certainty)
            + (iso(c.first), iso(c.last), listed(c.findings))
            for c in host.campaigns
        ],
    )
    yield (
        "cves",
        [
            (host.name, c.campaign, v.cve, v.answer, v.stage, v.certainty)
            + (
                iso(v.window["from"]) if v.window else None,
                iso(v.window["to"]) if v.window else None,
                v.note,
                json.dumps([[log.kind, log.covered, log.note] for log in v.logs]),
                int(v.weighs),
            )
            for c in host.campaigns
            for v in c.coverage
        ],
    )


def _findings(host: Host) -> Iterator[tuple[str, Iterable[Row]]]:
    yield (
        "findings",
        [
            (host.name, f.id, f.rule, f.title, f.level, f.stage, f.certainty, f.campaign)
            + (listed(f.cves), listed(f.attack), iso(f.first), iso(f.last), f.count)
            + (listed(f.look_alikes), f.author, f.hints, f.about, f.persistence, f.objects)
            for f in host.findings
        ],
    )
    yield (
        "evidence",
        [
            (f.id, n, iso(e.time), e.path, e.line, e.offset, e.text, e.sha256)
            + (int(e.raw), e.summary, e.kind, pairs(e.keys), e.object, e.sign)
            + (e.actor, listed(e.reasons))
            for f in host.findings
            for n, e in enumerate(f.evidence, 1)
        ],
    )


def _chains(host: Host) -> Iterator[tuple[str, Iterable[Row]]]:
    yield (
        "chains",
        [
            (host.name, c.id, c.campaign, listed(c.campaigns), c.stage, c.certainty)
            + (iso(c.first), iso(c.last), pairs(c.keys), c.raised)
            for c in host.chains
        ],
    )
    yield (
        "chain_steps",
        [
            (host.name, c.id, n, iso(s.time), iso(s.until), s.title, s.finding, s.stage)
            + (int(s.proved), s.lines, s.path, s.line, s.summary)
            for c in host.chains
            for n, s in enumerate(c.steps, 1)
        ],
    )


def _suppressed(host: Host) -> Iterator[tuple[str, Iterable[Row]]]:
    yield (
        "suppressed",
        [
            (host.name, s.entry, s.rule, s.title, s.level, s.stage, s.certainty, s.campaign)
            + (s.count, iso(s.first), iso(s.last))
            for s in host.suppressed
        ],
    )
    yield (
        "suppressed_lines",
        [
            (host.name, s.entry, s.rule, n, iso(e.time), e.path, e.line, e.offset)
            + (e.text, e.sha256, e.summary)
            for s in host.suppressed
            for n, e in enumerate(s.evidence, 1)
        ],
    )


def _use(use: SuppressionUse) -> Row:
    entry = use.entry
    return (
        (entry.id, entry.scanner, entry.reason, entry.by, _day(entry.expires))
        + (int(entry.in_force), json.dumps(_selected(entry)), use.lines, use.shown, use.note)
    )  # fmt: skip


def _selected(entry: Suppression) -> dict[str, list[str]]:
    """Return what an entry names, by the key of the suppress file."""
    named = {
        "rule": entry.rules,
        "campaign": entry.campaigns,
        "address": entry.addresses,
        "account": entry.accounts,
        "path": entry.paths,
        "sha256": entry.sha256,
        "user-agent": entry.agents,
        "host": entry.hosts,
        "from": (iso(entry.since),),
        "to": (iso(entry.until),),
    }
    return {key: [one for one in values if one] for key, values in named.items() if any(values)}


def _entry(host: str, e: Entry) -> Row:
    return (
        (host, e.path, e.size, e.sha256, e.kind, e.status, e.reason)
        + (e.lines, e.parsed, e.raw, e.rejected, e.comment, e.blank)
    )  # fmt: skip
