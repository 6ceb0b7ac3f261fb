"""Gather the trail of all servers: put records into the store, learn whom to follow next.

A record that a strong key joins (a request, a canary, a session, a process) may show an address
that nobody followed yet: it is an intruder's too. What turns out to be everybody's is followed only
together with something else.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from extriage.analysis.crowds import Crowds
from extriage.analysis.hosts import HostNames
from extriage.analysis.suspects import Suspect, SuspectKind
from extriage.analysis.trailsuspects import MOST, agent_of, bounded, of_address
from extriage.casefile.trail import Hits, Sheet, TrailStore
from extriage.pipeline import spill
from extriage.pipeline.hunting import Trailing
from extriage.pipeline.pack import Content
from extriage.pipeline.pivot import FileSight

ROUNDS = 3
"""How often the logs are read for suspects at the most."""
STRONG = frozenset(
    {SuspectKind.REQUEST, SuspectKind.CANARY, SuspectKind.SESSION, SuspectKind.ACTIVITY}
    | {SuspectKind.PROCESS, SuspectKind.LOGON}
)
"""Keys that are one visitor's alone."""
_MICROSECOND = timedelta(microseconds=1)


@dataclass(slots=True)
class _Server:
    """Who and what is followed on one server."""

    numbers: dict[int, Suspect] = field(default_factory=dict)
    known: set[Suspect] = field(default_factory=set)
    learned: Counter[Suspect] = field(default_factory=Counter)
    crowds: Crowds = field(default_factory=Crowds)
    left: set[Suspect] = field(default_factory=set)
    doubted: frozenset[Suspect] = frozenset()
    """Those that may turn out to be strangers: nobody is learned from their records."""
    strangers: set[Suspect] = field(default_factory=set)
    untimed: int = 0
    dropped: int = 0
    """Records that only something joined that is everybody's."""

    def own(self, hits: Hits) -> Hits:
        """Return the suspects that are neither everybody's nor strangers."""
        out = self.crowds.shared | self.strangers
        return tuple(number for number in hits if self.numbers[number] not in out)

    def learn(self, found: spill.Found, hits: tuple[int, ...]) -> None:
        """Take note of whom a record shows, if it is surely an intruder's."""
        suspects = {self.numbers[number] for number in hits} - self.doubted
        kinds = {suspect.kind for suspect in suspects}
        if SuspectKind.PROCESS in kinds and found.process:
            self._learn(Suspect(SuspectKind.PROCESS, found.process))
        fetched = SuspectKind.FILE in kinds and found.status[:1] == "2"
        if found.address and (fetched or not STRONG.isdisjoint(kinds)):
            for suspect in of_address(found.address, agent_of(found.agent)):
                self._learn(suspect)

    def _learn(self, suspect: Suspect) -> None:
        # NOTE: records come in the same order in every scan, so the same ones find room.
        if suspect not in self.known and len(self.learned) < 2 * MOST:
            self.learned[suspect] += 1


@dataclass(slots=True)
class Trail:
    """The trail of all servers while it is gathered."""

    folder: Path | None
    """The case folder; without one nothing is gathered."""
    content: Content | None
    closing: ExitStack = field(default_factory=ExitStack)
    """Lets go of the store when all is told."""
    servers: dict[str, _Server] = field(default_factory=dict)
    store: TrailStore | None = None
    round: int = 0
    _numbers: dict[Suspect, int] = field(default_factory=dict)

    def server(self, host: str) -> _Server:
        """Return what is known of one server."""
        if host not in self.servers:
            self.servers[host] = _Server()
        return self.servers[host]

    def follow(self, asked: Mapping[str, set[Suspect]]) -> tuple[Trailing, set[str]]:
        """Take in more suspects by server; return what is to be searched for, and on whom."""
        fresh: dict[int, Suspect] = {}
        hosts = set[str]()
        for host, suspects in sorted(asked.items()):
            server = self.server(host)
            for suspect in sorted(suspects - server.known):
                number = self._number(suspect)
                fresh[number] = suspect
                server.numbers[number] = suspect
                server.known.add(suspect)
                hosts.add(host)
        place = str(self.folder)
        trailing = Trailing(tuple(sorted(fresh.items())), self.content, place, self.round)
        self.round += 1
        return trailing, hosts

    def _number(self, suspect: Suspect) -> int:
        number = self._numbers.get(suspect)
        if number is None:
            assert self.folder is not None
            if self.store is None:
                self.store = TrailStore.create(self.folder)
                self.closing.callback(self.store.close)
            number = self.store.name(suspect.kind.value, suspect.value)
            self._numbers[suspect] = number
        return number

    def gather(self, sight: FileSight, names: HostNames) -> None:
        """Put what one log says into the store; logs come in the order of their paths."""
        if self.store is None:
            return
        if sight.untimed:
            self.server(names.of(sight.path)).untimed += sight.untimed
        if sight.trail.count:
            self.store.add(self._sheets(sight, names))

    def _sheets(self, sight: FileSight, names: HostNames) -> Iterator[tuple[str, Sheet]]:
        hosts: dict[str, str] = {}
        shift = sight.shift // _MICROSECOND
        for found in spill.found_in(sight.trail):
            host = hosts.get(found.computer)
            if host is None:
                host = hosts[found.computer] = names.of(sight.path, found.computer)
            server = self.server(host)
            hits = tuple(number for number in found.hits if number in server.numbers)
            if not hits:
                continue
            for number in hits:
                seen = (found.account, found.address, found.agent, found.status)
                server.crowds.see(server.numbers[number], *seen)
            server.learn(found, hits)
            yield (
                host,
                Sheet(
                    *(found.body, found.time + shift, sight.path, found.line + sight.before),
                    *(found.offset, found.digest, hits),
                ),
            )

    def next(self) -> dict[str, set[Suspect]]:
        """Return whom the records showed that nobody follows yet, by server."""
        asked: dict[str, set[Suspect]] = {}
        for host, server in self.servers.items():
            room = max(MOST - len(server.known), 0)
            ordered = bounded(server.learned, room)
            server.learned = Counter()
            server.left |= set(ordered.left)
            if ordered.suspects:
                asked[host] = set(ordered.suspects)
        return asked

    def settle(self) -> None:
        """Drop the records that only something joins that is everybody's, or a stranger's."""
        for host, server in sorted(self.servers.items()):
            if self.store is not None and (server.crowds.shared or server.strangers):
                server.dropped = self.store.keep(host, server.own)
