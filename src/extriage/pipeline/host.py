"""One server: from what its evidence gave to what is said about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from extriage.analysis.chains import chains
from extriage.analysis.coverage import cover
from extriage.analysis.findings import gather, merge
from extriage.analysis.logfolders import missing_log_folders
from extriage.analysis.pageurl import directories
from extriage.analysis.patch import (
    StateEvidence,
    last_told,
    patch_state,
    until_then,
    with_traces,
)
from extriage.analysis.persistence import ways_back
from extriage.analysis.remarks import remarks
from extriage.analysis.shadowcopy import Disk, fates
from extriage.analysis.suppressed import Account, mentioned, scanner_notes, suppressed_rows
from extriage.analysis.suppression import Suppressor
from extriage.analysis.verdict import Hidden, Judgement, judge
from extriage.analysis.window import Until
from extriage.analysis.wording import mentioned_in
from extriage.casefile.trail import TrailStore
from extriage.knowledge.active import tables_as_of
from extriage.knowledge.builds import number
from extriage.matchers.sigma import RuleSet
from extriage.model.detection import Finding, Match
from extriage.model.evidence import Entry, Tally
from extriage.model.host import Coverage, Host, Manifest, Patch
from extriage.model.persistence import PageLife
from extriage.model.reading import Kept, Knocks
from extriage.model.state import Fact

_CONFIGURATION = "/inetsrv/config/applicationhost.config"


@dataclass(slots=True)
class HostEvidence:
    """All that was read of one server."""

    name: str
    entries: list[Entry] = field(default_factory=list)
    tallies: list[Tally] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    joins: list[Match] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    notes: dict[str, list[str]] = field(default_factory=dict)
    """What to know about the evidence, with the files that it is true of."""
    lives: tuple[PageLife, ...] = ()
    """What the web logs tell of suspect pages."""
    trail: TrailStore | None = None
    """All records of suspects, `trail.records(name)` those of this server; None if nobody was
    followed."""
    account: Account = field(default_factory=Account)
    """What was suppressed of it."""
    sighted: list[Kept] = field(default_factory=list)
    """What the scan kept of the indicators that it was given."""
    shared: tuple[str, ...] = ()
    """Addresses of suspects behind which many people are."""
    knocks: list[Knocks] = field(default_factory=list)
    """Who only knocked, by log and address."""


def triage_host(
    evidence: HostEvidence,
    ruleset: RuleSet,
    as_of: datetime | None,
    entries: Suppressor | None = None,
) -> Host:
    """Say what the evidence of one server shows; `entries` are those of suppress files."""
    entries = entries or Suppressor()
    findings = gather(evidence.name, ruleset, evidence.kept, evidence.joins)
    evidence.account.see(findings, entries)
    coverage = cover(evidence.tallies, evidence.entries)
    patch = with_traces(_patch(evidence, coverage, as_of), findings)
    hidden = _hidden(evidence, ruleset, findings)

    def judged(found: Sequence[Finding]) -> Judgement:
        return judge(found, coverage, patch, as_of, hidden, chains(found))

    judgement = judged(findings)
    verdict = judgement.verdict
    told = chains(findings)
    served = directories(evidence.facts)
    disk = Disk(fates(evidence.entries), any(map(_is_configuration, evidence.entries)))
    ways = ways_back(evidence.name, findings, evidence.lives, told, served, disk)
    verdict = mentioned_in(verdict, ways.items)
    if evidence.account.by_entry():
        everything = _unsuppressed(evidence, ruleset)
        verdict = mentioned(verdict, judged(everything).verdict, findings, everything)
    return Host(
        evidence.name,
        verdict,
        judgement.campaigns,
        patch,
        coverage,
        findings,
        (),
        manifest(evidence.entries),
        tuple(scanner_notes(evidence.account, entries))
        + remarks(number(patch.build), patch.product, evidence.facts)
        + ways.notes
        + missing_log_folders(evidence.facts, evidence.entries)
        + tuple(_note(text, paths) for text, paths in sorted(evidence.notes.items())),
        told,
        persistence=ways.items,
        shared=evidence.shared,
        suppressed=suppressed_rows(evidence.account, entries),
    )


def _is_configuration(one: Entry) -> bool:
    """Tell the configuration that IIS ran with last from its older copies."""
    whole = one.status == "read" and not one.reason
    return whole and one.path.replace("\\", "/").lower().endswith(_CONFIGURATION)


def _unsuppressed(evidence: HostEvidence, ruleset: RuleSet) -> tuple[Finding, ...]:
    """Return what the findings would be if nothing were suppressed."""
    singles = {one.rule.id: one for one in ruleset.rules if one.generate}
    kept = merge([*evidence.kept, *evidence.account.all_kept(singles)])
    joins = [replace(match, barred=()) for match in evidence.joins]
    return gather(evidence.name, ruleset, kept, joins)


def _patch(evidence: HostEvidence, coverage: Iterable[Coverage], as_of: datetime | None) -> Patch:
    """Return the state at the end of the evidence, or on an earlier day that is asked for."""
    told = [last_told(evidence.facts), *(row.last for row in coverage)]
    end = max((one for one in told if one), default=None)
    state = StateEvidence(evidence.tallies, evidence.facts, evidence.entries)
    asked = _end_of(as_of) if as_of else None
    if asked and end and asked < end:
        return patch_state(until_then(state, asked), _day(as_of, asked), Until(asked, asked=True))
    return patch_state(state, _day(as_of, end), Until(end) if end else None)


def _end_of(moment: datetime) -> datetime:
    """Return the end of the day, if a day is meant and no time."""
    return moment if moment.time() != time() else moment + timedelta(days=1, seconds=-1)


def _day(as_of: datetime | None, end: datetime | None) -> date:
    """Return the day that open vulnerabilities and support are told for.

    Evidence is often read years later: unless the user says otherwise, what is known counts.
    """
    if as_of:
        return as_of.date()
    return max(tables_as_of(), end.date()) if end else tables_as_of()


def _hidden(evidence: HostEvidence, ruleset: RuleSet, findings: Iterable[Finding]) -> Hidden:
    lost = ("unreadable", "partial")
    unread = sorted({entry.path for entry in evidence.entries if entry.status in lost})
    rules = [one.rule for one in ruleset.rules] + [one.rule for one in ruleset.correlations]
    damaged = frozenset(cve for finding in findings if finding.raw for cve in finding.cves)
    return Hidden(tuple(unread), frozenset(cve for rule in rules for cve in rule.cves), damaged)


def _note(text: str, paths: list[str]) -> str:
    first = min(paths)
    where = first if len(paths) == 1 else f"{len(paths)} files, such as {first}"
    return f"{where}: {text}"


def manifest(entries: list[Entry]) -> Manifest:
    """Count what was seen and list it by path."""
    ordered = tuple(sorted(entries, key=lambda entry: (entry.path, entry.reason)))
    return Manifest(
        len(ordered),
        sum(entry.status in ("read", "partial") for entry in ordered),
        sum(entry.status == "skipped" for entry in ordered),
        sum(entry.status in ("unreadable", "partial") for entry in ordered),
        ordered,
    )
