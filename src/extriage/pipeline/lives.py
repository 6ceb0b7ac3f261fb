"""From what was found on each server to the trail of its suspects, and to the life of its pages."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from extriage.analysis.chains import chains
from extriage.analysis.findings import gather
from extriage.analysis.hosts import HostNames
from extriage.analysis.linefit import LineFit
from extriage.analysis.orders import KIND, Order, order_record, orders, said
from extriage.analysis.pagelife import around, page_lives
from extriage.analysis.pageurl import directories
from extriage.analysis.suspects import MOST, Suspect, SuspectKind, Suspects, suspects
from extriage.analysis.trailsuspects import MOST as MOST_FOLLOWED
from extriage.analysis.trailsuspects import Followed, owners, strangers, trail_suspects
from extriage.analysis.visits import PageTally, Walk
from extriage.casefile.trail import remove_spilled
from extriage.model.evidence import Entry
from extriage.model.reading import ArtifactResult
from extriage.pipeline.collect import Collector
from extriage.pipeline.following import ROUNDS, Trail
from extriage.pipeline.host import HostEvidence
from extriage.pipeline.hunting import Wanted
from extriage.pipeline.pack import Pack
from extriage.pipeline.pivot import FileSight, Logs, follow
from extriage.pipeline.results import Results
from extriage.pipeline.secondpass import SecondPass
from extriage.pipeline.worker import decode

_LEFT = "pages that findings name and whose requests were not counted, because {most:,} are: {left}"
_UNREAD = "could not be read a second time: what suspects did is told without it"
_UNFOLLOWED = "suspects that were not followed through the logs, because {most:,} are: {left}"
_SHARED = (
    "everybody's, so that records which have nothing else in common with an intruder were left out "
    "of the trail: {named}"
)
_UNTIMED = "records of suspects that have no usable time, and are not in the trail: {count:,}"
_TOLD = 5
"""As many suspects are named in a note."""


@dataclass(slots=True)
class Seen:
    """What the second pass found on one server of its pages."""

    pages: list[PageTally] = field(default_factory=list)
    walks: list[Walk] = field(default_factory=list)


def tell_lives(
    found: Results,
    evidence: Mapping[str, HostEvidence],
    logs: Logs,
    names: HostNames,
    pack: Pack,
) -> Iterator[tuple[str, ArtifactResult]]:
    """Give every server its trail and the lives of its pages; yield what these meet, by host.

    Without suspects nothing is read.
    """
    second = found.second
    if second is None:
        return
    its, followed = dict[str, Suspects](), dict[str, Followed]()
    for host, one in evidence.items():
        served = directories(one.facts)
        its[host] = suspects(pack.ruleset, one.kept, served)
        findings = gather(host, pack.ruleset, one.kept, one.joins)
        followed[host] = trail_suspects(findings, chains(findings), pack.ruleset, served)
    if not any(one.followed for one in its.values()) and not any(
        one.suspects for one in followed.values()
    ):
        return
    rounds = _Rounds(second, logs, names, _units(found, logs), evidence)
    asked = {
        host: {*its[host].followed, *followed[host].suspects} if second.folder else set()
        for host in evidence
    }
    for host, whom in followed.items():
        rounds.trail.server(host).doubted = frozenset(whom.doubts)
    seen = rounds.first(_wanted(its, pack), asked, its)
    for host, one in evidence.items():
        sight = seen.get(host, Seen())
        _tell(one, its[host], sight, pack)
        rounds.trail.server(host).strangers = strangers(followed[host], one.lives)
        for order in orders(sight.pages, one.lives, its[host].grounds):
            yield host, _met(order, pack)
    rounds.rest()
    _conclude(rounds.trail, evidence, followed)


@dataclass(slots=True)
class _Rounds:
    """The logs are read for suspects, and again for those whom the records show."""

    second: SecondPass
    logs: Logs
    names: HostNames
    units: Mapping[str, str]
    evidence: Mapping[str, HostEvidence]
    trail: Trail = field(init=False)
    unread: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Start without a trail."""
        self.trail = Trail(self.second.folder, self.second.content, self.second.closing)

    def first(
        self, wanted: Wanted, asked: Mapping[str, set[Suspect]], its: Mapping[str, Suspects]
    ) -> dict[str, Seen]:
        """Read the logs for all suspects; return what they say of pages, by server."""
        found: dict[str, Seen] = {}
        for sight in self._read(wanted, asked, its):
            _share(sight, its, self.names, found)
        return found

    def rest(self) -> None:
        """Read the logs for the owners of pages, and for whom the records showed."""
        asked = self.trail.next()
        for host, one in self.evidence.items():
            if self.second.folder and (more := set(owners(one.lives))):
                asked[host] = asked.get(host, set()) | more
        for _ in range(ROUNDS - 1):
            for _sight in self._read(Wanted(frozenset(), frozenset()), asked, {}):
                pass
            asked = self.trail.next()

    def _read(
        self, wanted: Wanted, asked: Mapping[str, set[Suspect]], its: Mapping[str, Suspects]
    ) -> Iterator[FileSight]:
        trailing, hosts = self.trail.follow(asked)
        every = {host for host in hosts if not self._only_pages(host)}
        web = hosts | {host for host, one in its.items() if one.followed}
        chosen = self.logs.chosen(every, web)
        if not chosen or not (trailing.suspects or wanted.pages or wanted.names):
            return
        for sight in follow(self.second, self.units, chosen, replace(wanted, trail=trailing)):
            self.trail.gather(sight, self.names)
            if sight.trouble and chosen[sight.path].status == "read":
                self._note_unread(sight.path)
            yield sight
        if self.second.folder:
            remove_spilled(self.second.folder)

    def _only_pages(self, host: str) -> bool:
        """Tell whether nothing but pages is followed on a server: only web logs show these."""
        server = self.trail.servers[host]
        return all(one.kind.value.startswith("page") for one in server.known)

    def _note_unread(self, path: str) -> None:
        if path not in self.unread:
            self.unread.add(path)
            host = self.names.of(path)
            if host in self.evidence:
                self.evidence[host].notes.setdefault(_UNREAD, []).append(path)


def _share(
    one: FileSight, suspects: Mapping[str, Suspects], names: HostNames, found: dict[str, Seen]
) -> None:
    for tally in one.visits.pages:
        host = names.of(one.path, tally.computer)
        its = suspects.get(host, Suspects())
        if tally.page in its.pages or tally.page.rpartition("/")[2] in its.names:
            found.setdefault(host, Seen()).pages.append(tally)
    for walk in one.visits.walks:
        found.setdefault(names.of(one.path, walk.computer), Seen()).walks.append(walk)


def _conclude(
    trail: Trail, evidence: Mapping[str, HostEvidence], followed: Mapping[str, Followed]
) -> None:
    """Close the trail, give it to the servers, and note what it lacks."""
    trail.settle()
    for host, one in evidence.items():
        one.trail = trail.store
        server = trail.servers.get(host)
        left = {*followed[host].left, *(server.left if server else ())}
        if left:
            _note(one, _UNFOLLOWED.format(most=MOST_FOLLOWED, left=_named(left)))
        if server and (shared := server.crowds.shared):
            kinds = (SuspectKind.ADDRESS, SuspectKind.VISITOR)
            addresses = {x.value.partition(" ")[0] for x in shared if x.kind in kinds}
            one.shared = tuple(sorted(addresses))
            _note(one, _SHARED.format(named=_named(shared)))
        if server and server.untimed:
            _note(one, _UNTIMED.format(count=server.untimed))


def _named(found: set[Suspect]) -> str:
    told = ", ".join(f"{one.kind} {one.value}" for one in sorted(found)[:_TOLD])
    return told if len(found) <= _TOLD else f"{len(found):,}, such as {told}"


def _note(evidence: HostEvidence, text: str) -> None:
    evidence.notes.setdefault(text, []).append(evidence.name)


def _wanted(its: Mapping[str, Suspects], pack: Pack) -> Wanted:
    entries = enumerate(pack.suppressor.entries)
    return Wanted(
        frozenset[str]().union(*(one.pages for one in its.values())),
        frozenset[str]().union(*(one.names for one in its.values())),
        tuple((at, one) for at, one in entries if one.scanner and one.in_force),
    )


def _units(found: Results, logs: Logs) -> dict[str, str]:
    """Return by path the key of the unit that each log is in."""
    return {
        result.entry.path: key
        for key, result in _with_keys(found)
        if result.entry.path in logs.hosts
    }


def _with_keys(found: Results) -> Iterator[tuple[str, ArtifactResult]]:
    for key in found.order:
        for data in found.ledger.results([key]):
            for result in decode(data):
                yield key, result


def _met(order: Order, pack: Pack) -> ArtifactResult:
    """Show the rules one owner of a page."""
    record, text = order_record(order), said(order.fields).encode("utf-8", "backslashreplace")
    collector = Collector(pack.joined, pack.suppressor)
    prefilter = pack.prefilter(KIND)
    literals = {literal for _, literal in prefilter.hits(text)}
    for watch in prefilter.candidates(literals, text.lower()):
        if watch.target.matches(record):
            collector.add(watch, record, b"")
    kept = list(collector.kept.values())
    for one in kept:
        # NOTE: the line itself is not at hand any more, but its digest is.
        one.move(lambda line: replace(line, sha256=order.line.sha256))
    entry = Entry(order.line.proof.path, -1, KIND, "read")
    return ArtifactResult(entry, [], kept, collector.joins, collector.notes())


def _tell(evidence: HostEvidence, its: Suspects, seen: Seen, pack: Pack) -> None:
    def own(at: int) -> bool:
        return LineFit(pack.suppressor.entries[at]).on(evidence.name)

    evidence.lives = page_lives(seen.pages, around(seen.walks, own))
    if its.left:
        left = ", ".join(one.value for one in its.left[:3])
        _note(evidence, _LEFT.format(most=MOST, left=f"{len(its.left):,}, such as {left}"))
