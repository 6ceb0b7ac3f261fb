"""From the results of all units to the case: which server does each belong to, and what of it?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from extriage import __version__
from extriage.analysis.findings import merge
from extriage.analysis.hosts import HostNames, Named, assign, named_in
from extriage.analysis.owners import belongs, by_folder, described_server, owner, self_described
from extriage.analysis.timeline import timeline
from extriage.casefile import Ledger
from extriage.knowledge.campaigns import knowledge_as_of
from extriage.model.case import SCHEMA, Case, Tool
from extriage.model.evidence import Entry
from extriage.model.reading import ArtifactResult, Kept
from extriage.pipeline.host import HostEvidence, triage_host
from extriage.pipeline.pack import Pack
from extriage.pipeline.scan import Results
from extriage.pipeline.worker import decode


@dataclass(slots=True)
class _Gathered:
    """What all artifacts gave, sorted by host."""

    evidence: dict[str, HostEvidence] = field(default_factory=dict)
    unassigned: list[Entry] = field(default_factory=list)

    def host(self, name: str) -> HostEvidence:
        if name not in self.evidence:
            self.evidence[name] = HostEvidence(name)
        return self.evidence[name]


def conclude(found: Results, pack: Pack, as_of: datetime | None) -> Case:
    """Tell the hosts apart and judge each; the order of reading plays no part."""
    ledger, order = found.ledger, found.order
    named = _computers(ledger, order)
    gathered = _Gathered()
    lost: list[Entry] = []
    everything = [*found.entries, *(r.entry for r in _results(ledger, order) if not _counts(r))]
    for entry in everything:
        (lost if _lost(entry) else gathered.unassigned).append(entry)
    names = assign(named | {entry.path: [] for entry in lost if entry.path not in named})
    _place_lost(lost, names, {names.of(path) for path in named}, gathered)
    first_of: dict[tuple[str, str], str] = {}
    for result in _results(ledger, order):
        if not _counts(result):
            continue
        entry = result.entry
        host = names.of(entry.path)
        original = first_of.setdefault((host, entry.sha256), entry.path)
        if original == entry.path or entry.kind == "web-file":
            _share_out(result, names, gathered)
        else:
            # NOTE: the same log twice on one server; the same page twice is two places to clean.
            twice = replace(entry, status="skipped", reason=f"same content as {original}")
            gathered.host(host).entries.append(twice)
            if not result.tallies:
                # NOTE: the copy may have been read first; only the place tells which is in use.
                _share_facts(result, names, gathered)
    hosts = [
        triage_host(evidence, pack.ruleset, as_of)
        for _, evidence in sorted(gathered.evidence.items())
    ]
    tool = Tool(
        __version__,
        knowledge_as_of(),
        pack.sha256,
        len(pack.ruleset.rules) + len(pack.ruleset.correlations),
        pack.ruleset.refused,
        pack.slow(),
    )
    unassigned = tuple(sorted(gathered.unassigned, key=lambda entry: (entry.path, entry.reason)))
    return Case(SCHEMA, tool, tuple(hosts), unassigned, timeline=timeline(hosts))


def _computers(ledger: Ledger, order: list[str]) -> dict[str, dict[str, Named]]:
    """Return how each artifact names computers."""
    named, described = dict[str, dict[str, Named]](), dict[str, str]()
    for result in _results(ledger, order):
        if _counts(result):
            others = [one.computer for one in result.kept] + [m.computer for m in result.joins]
            others += self_described(result.facts)
            named[result.entry.path] = named_in(result.tallies, others)
            for name in described_server(result.facts):
                described[result.entry.path] = name
    if not any(name for names in named.values() for name in names):
        for path, name in by_folder(described).items():
            named[path] = named_in((), [name])
    return named


def _counts(result: ArtifactResult) -> bool:
    """Tell whether it is evidence that was (at least in part) read, no remark on an archive."""
    return result.entry.status in ("read", "partial") and bool(result.entry.kind)


def _lost(entry: Entry) -> bool:
    """Tell whether evidence may be missing: a file not read, an archive not read to its end."""
    return entry.status in ("unreadable", "partial")


def _place_lost(
    lost: Iterable[Entry], names: HostNames, servers: set[str], gathered: _Gathered
) -> None:
    """Give what could not be read to the server in whose folder it lies, else to every server."""
    for entry in lost:
        host = names.of(entry.path)
        for server in [host] if host in servers else sorted(servers):
            gathered.host(server).entries.append(entry)
        if not servers:
            gathered.unassigned.append(entry)


def _results(ledger: Ledger, order: list[str]) -> Iterator[ArtifactResult]:
    for data in ledger.results(order):
        yield from decode(data)


def _share_out(result: ArtifactResult, names: HostNames, gathered: _Gathered) -> None:
    path = result.entry.path
    home = names.of(path)
    gathered.host(home).entries.append(result.entry)
    for note in result.notes:
        gathered.host(home).notes.setdefault(note, []).append(path)
    for tally in result.tallies:
        gathered.host(names.of(path, tally.computer)).tallies.append(tally)
    for kept in result.kept:
        _add(gathered.host(names.of(path, kept.computer)), kept)
    for match in result.joins:
        gathered.host(names.of(path, match.computer)).joins.append(match)
    _share_facts(result, names, gathered)


def _share_facts(result: ArtifactResult, names: HostNames, gathered: _Gathered) -> None:
    path = result.entry.path
    home = names.of(path)
    strangers = set[str]()
    for fact in result.facts:
        if belongs(fact, result.facts, home, names):
            gathered.host(owner(fact, path, names)).facts.append(fact)
        elif result.entry.kind != "mail-headers":
            strangers.add(fact.computer)
    if strangers:
        others = ", ".join(sorted(strangers))
        note = f"also describes servers of which there is no evidence: {others}"
        gathered.host(home).notes.setdefault(note, []).append(path)


def _add(host: HostEvidence, kept: Kept) -> None:
    host.kept = merge([*host.kept, kept])
