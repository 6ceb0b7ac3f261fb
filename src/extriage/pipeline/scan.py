"""The main job: read all evidence once, tell the hosts apart, judge each, write the case."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from extriage import __version__
from extriage.analysis.findings import merge
from extriage.analysis.hosts import HostNames, Named, assign, named_in
from extriage.analysis.owners import belongs, by_folder, described_server, owner, self_described
from extriage.analysis.timeline import timeline
from extriage.casefile import CaseFolder, Ledger
from extriage.errors import UsageError
from extriage.knowledge.campaigns import knowledge_as_of
from extriage.model.case import SCHEMA, Case, Tool
from extriage.model.evidence import Entry, Unit
from extriage.model.reading import ArtifactResult, Kept
from extriage.pipeline.host import HostEvidence, triage_host
from extriage.pipeline.pack import Content, Pack, content_digest, load_pack
from extriage.pipeline.worker import Workers, decode, run_units
from extriage.sources import survey


class Watcher(Protocol):
    """Whoever shows the progress of a scan."""

    def total(self, size: int, units: int) -> None:
        """Hear how much there is to read."""

    def read(self, size: int) -> None:
        """Hear that this many more bytes were read."""

    def done(self, path: str, findings: int) -> None:
        """Hear that a unit is done and how many rules it met."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a scan is run."""

    content: Content = field(default_factory=Content)
    jobs: int = 1
    as_of: datetime | None = None
    """"Up to now" for the verdict; the evidence's own last record when not given."""
    debug: bool = False


@dataclass(slots=True)
class _Gathered:
    """What all artifacts gave, sorted by host."""

    evidence: dict[str, HostEvidence] = field(default_factory=dict)
    unassigned: list[Entry] = field(default_factory=list)

    def host(self, name: str) -> HostEvidence:
        if name not in self.evidence:
            self.evidence[name] = HostEvidence(name)
        return self.evidence[name]


def scan(paths: list[Path], folder: CaseFolder, options: Options, watcher: Watcher) -> Case:
    """Scan evidence into a case; results of a killed scan of the same evidence are used again.

    The case is returned and its ledger stays; `finish` writes it.
    """
    found = survey(_outside(paths, folder.path))
    keys = {_key(unit): unit for unit in found.units}
    ledger = folder.ledger(_scan_key(content_digest(options.content), keys))
    try:
        done = ledger.done()
        waiting = [unit for key, unit in keys.items() if key not in done]
        watcher.total(sum(max(unit.size, 0) for unit in waiting), len(waiting))

        def keep(unit: Unit, data: bytes) -> None:
            ledger.add(_key(unit), data)
            watcher.done(unit.path, sum(len(result.kept) for result in decode(data)))

        workers = Workers(options.jobs, options.content, options.debug)
        run_units(waiting, workers, watcher.read, keep)
        order = sorted(keys, key=lambda key: (keys[key].path, keys[key].members or ()))
        return _conclude(ledger, order, found.entries, load_pack(options.content), options)
    finally:
        ledger.close(remove=False)


def finish(case: Case, folder: CaseFolder, run: dict[str, object]) -> None:
    """Write the case and take the ledger away."""
    folder.write(case, run)
    for name in ("scan.ledger", "scan.ledger-wal", "scan.ledger-shm"):
        with suppress(OSError):
            (folder.path / name).unlink(missing_ok=True)


def _outside(paths: list[Path], case: Path) -> list[Path]:
    """Refuse evidence that the case would be written into."""
    inside = case.resolve()
    for path in paths:
        if path.is_dir() and (path.resolve() == inside or path.resolve() in inside.parents):
            raise UsageError(
                f"the case folder {case} lies inside the evidence {path}; "
                "nothing is ever written there: name another place with --case"
            )
    return paths


def _conclude(
    ledger: Ledger, order: list[str], entries: Iterable[Entry], pack: Pack, options: Options
) -> Case:
    named = _computers(ledger, order)
    gathered = _Gathered()
    lost: list[Entry] = []
    everything = [*entries, *(r.entry for r in _results(ledger, order) if not _counts(r))]
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
    hosts = [
        triage_host(evidence, pack.ruleset, options.as_of)
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


def _key(unit: Unit) -> str:
    text = f"{unit.file}\0{unit.path}\0{unit.size}\0{unit.modified}\0{unit.members}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _scan_key(content: str, keys: Iterable[str]) -> str:
    digest = hashlib.sha256(f"{__version__}\0{content}".encode())
    for key in sorted(keys):
        digest.update(key.encode())
    return digest.hexdigest()


def now() -> str:
    """Return the clock of this machine, for the run record only."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
