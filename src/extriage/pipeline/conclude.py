"""From the results of all units to the case: which server does each belong to, and what of it?"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from extriage import __version__
from extriage.analysis.clusters import clusters
from extriage.analysis.derived import derived
from extriage.analysis.findings import merge
from extriage.analysis.hosts import HostNames, Named, assign, named_in
from extriage.analysis.indicators import is_sought, with_sightings
from extriage.analysis.owners import belongs, by_folder, described_server, owner, self_described
from extriage.analysis.plan import plan
from extriage.analysis.suppressed import uses
from extriage.analysis.suppression import Place, Suppressor
from extriage.analysis.timeline import timeline
from extriage.casefile import Ledger
from extriage.knowledge.campaigns import knowledge_as_of
from extriage.model.case import SCHEMA, Case, Tool
from extriage.model.custody import CONTAINER, Custody
from extriage.model.evidence import Entry
from extriage.model.host import Host
from extriage.model.reading import ArtifactResult
from extriage.parsers import KINDS
from extriage.parsers.file_name import server_path
from extriage.pipeline.aftermath import aftermath
from extriage.pipeline.comparison import compare_pages
from extriage.pipeline.containers import ordered
from extriage.pipeline.filenames import FileNames
from extriage.pipeline.host import HostEvidence, manifest, triage_host
from extriage.pipeline.knocking import keep
from extriage.pipeline.lives import tell_lives
from extriage.pipeline.pack import Pack
from extriage.pipeline.pivot import Logs
from extriage.pipeline.results import Results
from extriage.pipeline.worker import decode

_IN_PLACE = frozenset({"web-file", "module-file", "compiled-page", "compiled-assembly"})
"""Files whose place matters: each copy is one more to be looked at."""


@dataclass(slots=True)
class _Gathered:
    """What all artifacts gave, sorted by host."""

    evidence: dict[str, HostEvidence] = field(default_factory=dict)
    unassigned: list[Entry] = field(default_factory=list)
    logs: Logs = field(default_factory=Logs)
    containers: list[Entry] = field(default_factory=list)
    """Rows of archives and images, which are custody and no evidence by themselves."""

    def host(self, name: str) -> HostEvidence:
        if name not in self.evidence:
            self.evidence[name] = HostEvidence(name)
        return self.evidence[name]


def conclude(found: Results, pack: Pack, as_of: datetime | None) -> Case:
    """Tell the hosts apart and judge each; the order of reading plays no part."""
    ledger, order = found.ledger, found.order
    named, unread = _computers(ledger, order)
    gathered = _Gathered()
    lost: list[Entry] = []
    for entry in (*found.entries, *unread):
        (lost if _lost(entry) else gathered.unassigned).append(entry)
    unread_too = {entry.path: dict[str, Named]() for entry in lost if entry.path not in named}
    names = assign(named | unread_too, found.together)
    _place_lost(lost, names, {names.of(path) for path in named}, gathered)
    _gather(found, names, pack, gathered)
    for host, met in tell_lives(found, gathered.evidence, gathered.logs, names, pack):
        _share_matches(met, partial(_always, host), gathered, pack.suppressor)
    others: dict[str, list[Entry]] = {}
    for entry in gathered.unassigned:
        others.setdefault(names.of(entry.path), []).append(entry)
    hosts = [
        _judged(evidence, pack, as_of, others.pop(evidence.name, ()))
        for _, evidence in sorted(gathered.evidence.items())
    ]
    joined = clusters(hosts)
    tool = Tool(
        __version__,
        knowledge_as_of(),
        pack.sha256,
        len(pack.ruleset.rules) + len(pack.ruleset.correlations),
        pack.ruleset.refused,
        pack.slow(),
    )
    nobodys = (entry for entries in others.values() for entry in entries)
    unassigned = tuple(sorted(nobodys, key=lambda entry: (entry.path, entry.reason)))
    return Case(
        SCHEMA,
        tool,
        tuple(hosts),
        unassigned,
        joined,
        derived(hosts, joined),
        timeline(hosts),
        suppressions=uses([one.account for one in gathered.evidence.values()], pack.suppressor),
        custody=Custody(containers=ordered(gathered.containers)),
    )


def _judged(
    evidence: HostEvidence, pack: Pack, as_of: datetime | None, others: Iterable[Entry]
) -> Host:
    """Say all that is said of one server, what is to be done last.

    `others` are rows of its images and collections that are no evidence by themselves.
    """
    host = triage_host(evidence, pack.ruleset, as_of, pack.suppressor)
    host = aftermath(host, evidence, pack.ruleset, pack.suppressor)
    host = with_sightings(host, evidence.sighted, pack.indicators, others)
    rows = manifest([*host.manifest.entries, *others])
    return replace(host, actions=plan(host), manifest=rows)


def _gather(found: Results, names: HostNames, pack: Pack, gathered: _Gathered) -> None:
    """Give what every artifact gave to its hosts, then what the names of all files met."""
    files = FileNames(pack, names, found.same)
    first_of: dict[tuple[str, str, str], str] = {}
    for result in _results(found.ledger, found.order):
        if result.entry.kind == CONTAINER:
            gathered.containers.append(result.entry)
            continue
        files.see(result.entry.path, result.entry.size, result.first)
        if not _counts(result):
            continue
        entry = result.entry
        host = names.of(entry.path)
        # NOTE: one page in two folders is two places to clean, one that was taken twice is not.
        place = server_path(entry.path).lower() if entry.kind in _IN_PLACE else ""
        original = first_of.setdefault((host, entry.sha256, place), entry.path)
        if original == entry.path:
            _share_out(result, names, gathered, pack.suppressor)
            others = {names.of(entry.path, tally.computer) for tally in result.tallies}
            gathered.logs.see(host, others, result)
        else:
            twice = replace(entry, status="skipped", reason=f"same content as {original}")
            gathered.host(host).entries.append(twice)
            if not result.tallies:
                # NOTE: the copy may have been read first; only the place tells which is in use.
                _share_facts(result, names, gathered)
    for entry in found.entries:
        files.see(entry.path, entry.size)
    for host, met in [*files.results(), *compare_pages(gathered.evidence, pack)]:
        _share_matches(met, partial(_always, host), gathered, pack.suppressor)


def _always(host: str, _computer: str) -> str:
    return host


def _computers(ledger: Ledger, order: list[str]) -> tuple[dict[str, dict[str, Named]], list[Entry]]:
    """Return how each artifact names computers, and the rows of what is no artifact."""
    named, described = dict[str, dict[str, Named]](), dict[str, str]()
    unread = list[Entry]()
    for result in _results(ledger, order):
        if result.entry.kind == CONTAINER:
            continue
        if not _counts(result):
            unread.append(result.entry)
        else:
            others = list[str]()
            if not _is_document(result):
                others += _spoken_of(result)
            others += self_described(result.facts)
            named[result.entry.path] = named_in(result.tallies, others)
            for name in described_server(result.facts):
                described[result.entry.path] = name
    if not any(name for names in named.values() for name in names):
        for path, name in by_folder(described).items():
            named[path] = named_in((), [name])
    return named, unread


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


def _share_out(
    result: ArtifactResult, names: HostNames, gathered: _Gathered, entries: Suppressor
) -> None:
    path = result.entry.path
    home = names.of(path)
    gathered.host(home).entries.append(result.entry)
    for note in result.notes:
        gathered.host(home).notes.setdefault(note, []).append(path)
    for tally in result.tallies:
        gathered.host(names.of(path, tally.computer)).tallies.append(tally)
    for one in result.knocks:
        keep(gathered.host(names.of(path, one.computer)).knocks, one)
    _share_matches(result, _computers_host(result, names), gathered, entries)
    _share_facts(result, names, gathered)


def _share_matches(
    result: ArtifactResult,
    host_of: Callable[[str], str],
    gathered: _Gathered,
    entries: Suppressor,
) -> None:
    """Give each match to its host; `host_of` tells it from the computer that the match names."""
    for kept in result.kept:
        host = gathered.host(host_of(kept.computer))
        if is_sought(kept):
            host.sighted.append(kept)
            continue
        seen = host.account.sort(kept, Place(host.name, result.entry.sha256), entries)
        if seen is not None:
            host.kept = merge([*host.kept, seen])
    for match in result.joins:
        host = gathered.host(host_of(match.computer))
        place = Place(host.name, result.entry.sha256)
        host.joins.append(host.account.step(match, place, entries))


def _computers_host(result: ArtifactResult, names: HostNames) -> Callable[[str], str]:
    """Tell the host of what a file says of a computer.

    A log is written by the computers that it names. A document only speaks of them: one of which
    there is no evidence is a host of its own, unless it is not known whose the evidence is.
    """
    path = result.entry.path
    if not _is_document(result):
        return lambda computer: names.of(path, computer)
    spoken_of = {*_spoken_of(result), *(fact.computer for fact in result.facts)} - {""}

    def host_of(computer: str) -> str:
        if not computer or names.knows(computer):
            return names.of(path, computer)
        alone = len(spoken_of) == 1 and not names.knows(names.of(path))
        return names.of(path) if alone else computer.upper()

    return host_of


def _spoken_of(result: ArtifactResult) -> list[str]:
    """Return the computers that the matches of one artifact name, also none as an empty name."""
    return [one.computer for one in result.kept] + [match.computer for match in result.joins]


def _is_document(result: ArtifactResult) -> bool:
    kind = KINDS.get(result.entry.kind)
    return kind is not None and kind.shape == "document"


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
