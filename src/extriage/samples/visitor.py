"""What one visitor did on a sample server, counted while it is written: the truth for tests."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.model.persistence import Role
from extriage.samples.web import Request


@dataclass(frozen=True, slots=True)
class Sum:
    """Bytes that went over the line, as the logs of the sample can tell them."""

    low: int
    """By each request's smaller figure: bodies, where a log counts these alone."""
    high: int | None
    """By its larger figure: with the heads; None if no log has a figure for some request."""


@dataclass(frozen=True, slots=True)
class MailboxRead:
    """What was read of one mailbox; bytes are those of the bodies."""

    mailbox: str
    requests: int
    items: int
    """Ids that `GetItem` and `GetAttachment` asked for."""
    folders: int
    """Ids that `FindItem` asked for: it lists folders, and its answer's items are not logged."""
    bytes_in: int
    bytes_out: int
    operations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exported:
    """One mailbox export, and what became of it."""

    mailbox: str
    by: str
    file: str
    """As the request names it."""
    outcome: str
    """`finished` or `failed`."""
    fetched: bool
    on_disk: bool
    request_removed: bool


@dataclass(frozen=True, slots=True)
class Fetched:
    """One file that was fetched over the web; bytes as IIS counts them."""

    url: str
    requests: int
    bytes_out: int


@dataclass(frozen=True, slots=True)
class Visit:
    """All that one visitor did."""

    name: str
    role: Role
    addresses: tuple[str, ...]
    accounts: tuple[str, ...]
    agents: tuple[str, ...]
    canaries: tuple[str, ...]
    pages: tuple[str, ...]
    first: datetime
    last: datetime
    requests: int
    """Web requests, each once, however many logs have it."""
    records: tuple[tuple[str, int], ...]
    """Lines by the family of their log."""
    bytes_in: Sum
    bytes_out: Sum
    mailboxes: tuple[MailboxRead, ...]
    exports: tuple[Exported, ...]
    files: tuple[Fetched, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """Who came to one sample server, and what they did."""

    server: str
    visits: tuple[Visit, ...]

    def of(self, role: Role) -> tuple[Visit, ...]:
        """Return those who came in that role."""
        return tuple(visit for visit in self.visits if visit.role is role)

    def named(self, name: str) -> Visit:
        """Return one visitor."""
        return next(visit for visit in self.visits if visit.name == name)


class Visitor:
    """Keeps count of one visitor while the ledger writes what he does."""

    def __init__(self, name: str, role: Role = Role.INTRUDER) -> None:
        self.name = name
        self.role = role
        self.canaries: list[str] = []
        self.pages: list[str] = []
        self.accounts: list[str] = []
        self.exports: list[Exported] = []
        self._files: Counter[str] = Counter()
        self._fetches: Counter[str] = Counter()
        self._addresses: dict[str, None] = {}
        self._agents: dict[str, None] = {}
        self._records: Counter[str] = Counter()
        self._times: list[datetime] = []
        self._requests = 0
        self._low = [0, 0]
        self._high: list[int | None] = [0, 0]
        self._read: dict[str, list[int]] = defaultdict(lambda: [0] * 5)
        self._operations: dict[str, set[str]] = defaultdict(set)

    def asked(self, request: Request, sizes: Sequence[tuple[int, ...]]) -> None:
        """Count a request; `sizes` are the logs' figures for what came in and what went out."""
        self._requests += 1
        self._addresses[request.client] = None
        self._agents[request.agent] = None
        for way, figures in enumerate(sizes):
            high = self._high[way]
            self._low[way] += min(figures, default=0)
            self._high[way] = high + max(figures) if figures and high is not None else None

    def recorded(self, family: str, time: datetime) -> None:
        """Count a line."""
        self._records[family] += 1
        self._times.append(time)

    def read(self, mailbox: str, operation: str, ids: int, sizes: tuple[int, int]) -> None:
        """Count a request that opened a mailbox; `sizes` are its bytes in and out."""
        told = self._read[mailbox]
        lists = operation == "FindItem"
        for place, number in enumerate((1, 0 if lists else ids, ids * lists, *sizes)):
            told[place] += number
        self._operations[mailbox].add(operation)

    def fetched(self, url: str, bytes_out: int) -> None:
        """Count a file that was sent."""
        self._fetches[url] += 1
        self._files[url] += bytes_out

    def visit(self) -> Visit:
        """Return what was counted."""
        return Visit(
            name=self.name,
            role=self.role,
            addresses=tuple(self._addresses),
            accounts=tuple(self.accounts),
            agents=tuple(self._agents),
            canaries=tuple(self.canaries),
            pages=tuple(self.pages),
            first=min(self._times),
            last=max(self._times),
            requests=self._requests,
            records=tuple(sorted(self._records.items())),
            bytes_in=Sum(self._low[0], self._high[0]),
            bytes_out=Sum(self._low[1], self._high[1]),
            mailboxes=tuple(
                self._opened(mailbox, numbers) for mailbox, numbers in sorted(self._read.items())
            ),
            exports=tuple(self.exports),
            files=tuple(
                Fetched(url, self._fetches[url], size) for url, size in self._files.items()
            ),
        )

    def _opened(self, mailbox: str, numbers: list[int]) -> MailboxRead:
        requests, items, folders, received, sent = numbers
        operations = tuple(sorted(self._operations[mailbox]))
        return MailboxRead(mailbox, requests, items, folders, received, sent, operations)
