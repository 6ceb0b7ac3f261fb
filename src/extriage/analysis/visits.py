"""Who asked for a suspect page, when, how, and what was answered: counted while logs are read.

Only counters are kept, and they have bounds: a page that a thousand scanners ask for takes no more
memory than one that its owner uses. Times are UTC, as both logs have them. What the status says is
read for the place of the page: below `/owa/` a visitor without a logon is sent to the logon page
(302) when the page is missing, elsewhere 404 says so; 401, 403, 440 and 444 say nothing of it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from extriage.analysis.pageurl import page_of
from extriage.analysis.suspects import is_shipped
from extriage.knowledge.joins import address_of
from extriage.model.state import Proof

BUSY = 200
"""Visitors of a page that gave it orders and are kept by name, in one file."""
QUIET = 200
"""Other visitors of a page that are kept by name, in one file."""
OTHERS = 5000
"""Visitors of a page beyond these that are told apart, in one file."""
SIZES = 32
AGENTS = 12
METHODS = 12
STRETCHES = 64
WALKED = 5
"""As many foreign names make a list."""
WALKERS = 20_000
PAGES = 4000
"""Pages of one file that are counted: a name alone may be asked for at many places."""
_AGENT = 300
_TEXT = 1000
_OWN_TAIL = ("&CorrelationID=", "CorrelationID=", "&ActID=", "ActID=", "&cafeReqId=", "cafeReqId=")
_BACK_END_PORTS = ("444", "81", "445")
_WALKED_FOLDERS = ("/owa/auth/", "/ecp/auth/", "/aspnet_client/", "/oab/")


class Log(StrEnum):
    """A log that shows a request; one request may stand in all three."""

    FRONT = "iis-front-end"
    PROXY = "httpproxy"
    BACK = "iis-back-end"


class Told(StrEnum):
    """What an answer says of the page."""

    ANSWERED = "answered"
    MISSING = "missing"
    FAILED = "failed"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as a log has it."""

    log: Log
    computer: str
    time: datetime
    page: str
    method: str
    status: str
    told: Told
    orders: bool
    """It carries something for the page: a POST, or parameters that Exchange did not append."""
    address: str
    account: str
    agent: str
    bytes_in: int | None
    bytes_out: int | None
    proof: Proof
    offset: int = 0
    """Of the line, in bytes."""
    raw: bytes = b""
    """The line as it stands in the log."""


@dataclass(frozen=True, slots=True)
class OrderLine:
    """The line of an order, so that it can be found and compared."""

    time: datetime
    proof: Proof
    offset: int
    sha256: str


@dataclass(slots=True)
class VisitorTally:
    """One address and account at one page."""

    address: str
    account: str
    first: datetime
    last: datetime
    agents: dict[str, int] = field(default_factory=dict)
    methods: dict[str, int] = field(default_factory=dict)
    requests: int = 0
    answered: int = 0
    failed: int = 0
    missing: int = 0
    orders: int = 0
    """Orders that the page answered."""
    sizes: list[int] = field(default_factory=list)
    bytes_in: int | None = None
    bytes_out: int | None = None
    order: OrderLine | None = None
    """The first of these."""
    scanners: list[int] = field(default_factory=list)
    """Entries of suppress files that call it the organisation's own scanner."""


@dataclass(slots=True)
class Stretch:
    """Answers that say the same, one after the other."""

    told: Told
    first: datetime
    last: datetime
    opening: Proof
    closing: Proof
    count: int = 1


@dataclass(slots=True)
class PageTally:
    """All requests for one page in one log of one computer."""

    computer: str
    page: str
    log: Log
    first: datetime
    last: datetime
    requests: int = 0
    methods: dict[str, int] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    sizes: list[int] = field(default_factory=list)
    bytes_in: int | None = None
    bytes_out: int | None = None
    visitors: dict[str, VisitorTally] = field(default_factory=dict)
    others: set[int] = field(default_factory=set)
    """Digests of visitors that are not kept by name."""
    stretches: list[Stretch] = field(default_factory=list)
    restless: bool = False
    """It changed between there and missing more often than is kept."""


@dataclass(slots=True)
class Walk:
    """One address and the foreign pages that it asked for in one tree of the site."""

    computer: str
    address: str
    below_owa: bool
    missing: list[str] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Visits:
    """What one file says; of a part of a file until it is put together."""

    pages: list[PageTally] = field(default_factory=list)
    walks: list[Walk] = field(default_factory=list)


def request_of(
    kind: str,
    fields: Mapping[str, str],
    time: datetime,
    proof: Proof,
    at: tuple[int, bytes] = (0, b""),
) -> Request | None:
    """Read a row of an IIS or HttpProxy log as a request for a page; None for anything else.

    `at` are the line's offset and bytes.
    """
    web = kind == "iis"
    page = page_of(fields.get("cs-uri-stem" if web else "UrlStem", ""))
    if not page:
        return None
    account = fields.get("cs-username" if web else "AuthenticatedUser", "")
    status = fields.get("sc-status" if web else "HttpStatus", "")
    method = fields.get("cs-method" if web else "Method", "").upper()
    query = fields.get("cs-uri-query" if web else "UrlQuery", "")
    back = web and fields.get("s-port") in _BACK_END_PORTS
    log = Log.BACK if back else Log.FRONT if web else Log.PROXY
    return Request(
        log,
        fields.get("s-computername" if web else "ServerHostName", ""),
        # NOTE: IIS writes whole seconds, and both logs may show the same request.
        time.replace(microsecond=0),
        page,
        method[:20] or "?",
        status[:5] or "?",
        told(page, status, fields.get("sc-substatus", ""), logged_on=bool(account)),
        method == "POST" or has_parameters(query),
        _address(fields.get("c-ip" if web else "ClientIpAddress", "")),
        account[:200],
        fields.get("cs(User-Agent)" if web else "UserAgent", "").replace("+", " ")[:_AGENT],
        _number(fields.get("cs-bytes" if web else "RequestBytes", "")),
        _number(fields.get("sc-bytes" if web else "ResponseBytes", "")),
        proof,
        *at,
    )


def told(page: str, status: str, substatus: str, *, logged_on: bool) -> Told:
    """Say what an answer tells of the page's being there."""
    if status[:1] == "2" or status == "304":
        return Told.ANSWERED
    if status == "500":
        return Told.FAILED
    # NOTE: 404 with a substatus is a refusal of request filtering, whether a page is there or not.
    if status == "404":
        return Told.MISSING if substatus in ("", "0") else Told.NOTHING
    if status == "302" and page.startswith("/owa/") and not logged_on:
        return Told.MISSING
    return Told.NOTHING


def has_parameters(query: str) -> bool:
    """Tell whether a query holds more than what Exchange itself appends to every request."""
    text = query.lstrip("?")
    for tail in _OWN_TAIL:
        text = text.partition(tail)[0]
    return bool(text.strip("&"))


def is_walked(page: str) -> bool:
    """Tell whether a page is a foreign one in a folder where lists of shell names are tried."""
    return page.startswith(_WALKED_FOLDERS) and not is_shipped(page)


def _address(text: str) -> str:
    found = address_of(text)
    return str(found) if found else text[:60]


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def count(tally: PageTally, request: Request, scanners: list[int]) -> None:
    """Count one request for a page."""
    tally.requests += 1
    tally.first, tally.last = min(tally.first, request.time), max(tally.last, request.time)
    _one_more(tally.methods, request.method, METHODS)
    _one_more(tally.statuses, request.status, METHODS)
    tally.bytes_in = added(tally.bytes_in, request.bytes_in)
    tally.bytes_out = added(tally.bytes_out, request.bytes_out)
    if request.told is Told.ANSWERED:
        _size(tally.sizes, request)
    _stretch(tally, request)
    visitor = _visitor(tally, request)
    if visitor is not None:
        _visit(visitor, request, scanners)


def _one_more(counts: dict[str, int], name: str, most: int) -> None:
    if name in counts or len(counts) < most:
        counts[name] = counts.get(name, 0) + 1


def _size(sizes: list[int], request: Request) -> None:
    # NOTE: HEAD and 304 bring no body, so that the same page seems to have two sizes.
    size = request.bytes_out
    if request.method == "HEAD" or request.status != "200" or size is None:
        return
    if len(sizes) < SIZES and size not in sizes:
        sizes.append(size)


def added(one: int | None, other: int | None) -> int | None:
    """Add what is known."""
    return other if one is None else one if other is None else one + other


def _stretch(tally: PageTally, request: Request) -> None:
    if request.told is Told.NOTHING:
        return
    last = tally.stretches[-1] if tally.stretches else None
    if last is not None and last.told is request.told:
        last.count += 1
        if request.time < last.first:
            last.first, last.opening = request.time, request.proof
        if request.time >= last.last:
            last.last, last.closing = request.time, request.proof
    elif len(tally.stretches) < STRETCHES:
        tally.stretches.append(
            Stretch(request.told, request.time, request.time, request.proof, request.proof)
        )
    else:
        tally.restless = True


def _visitor(tally: PageTally, request: Request) -> VisitorTally | None:
    """Return the visitor's own count; None if there are too many to keep each by name."""
    key = f"{request.address}\0{request.account.lower()}"
    known = tally.visitors.get(key)
    if known is not None:
        return known
    # NOTE: whoever gives orders is kept even if thousands came before that only looked.
    busy = request.orders and request.told is Told.ANSWERED
    if len(tally.visitors) >= QUIET + BUSY * busy:
        digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
        if len(tally.others) < OTHERS:
            tally.others.add(digest)
        return None
    fresh = VisitorTally(request.address, request.account, request.time, request.time)
    tally.visitors[key] = fresh
    return fresh


def _visit(visitor: VisitorTally, request: Request, scanners: list[int]) -> None:
    visitor.requests += 1
    visitor.first = min(visitor.first, request.time)
    visitor.last = max(visitor.last, request.time)
    _one_more(visitor.agents, request.agent, AGENTS)
    _one_more(visitor.methods, request.method, METHODS)
    visitor.bytes_in = added(visitor.bytes_in, request.bytes_in)
    visitor.bytes_out = added(visitor.bytes_out, request.bytes_out)
    if scanners:
        visitor.scanners = sorted({*visitor.scanners, *scanners})
    visitor.failed += request.told is Told.FAILED
    visitor.missing += request.told is Told.MISSING
    if request.told is Told.ANSWERED:
        visitor.answered += 1
        visitor.orders += request.orders
        if request.orders and (visitor.order is None or request.time < visitor.order.time):
            digest = hashlib.sha256(request.raw).hexdigest()
            visitor.order = OrderLine(request.time, request.proof, request.offset, digest)
        _size(visitor.sizes, request)


@dataclass(slots=True)
class Counter:
    """Counts requests, file by file."""

    pages: frozenset[str]
    names: frozenset[str]
    """Names of pages of which nothing else is known."""
    _tallies: dict[tuple[str, str, Log], PageTally] = field(default_factory=dict)
    _walks: dict[tuple[str, str, bool], Walk] = field(default_factory=dict)

    def follows(self, page: str) -> bool:
        """Tell whether a page is a suspect."""
        return page in self.pages or page.rpartition("/")[2] in self.names

    def add(self, request: Request, scanners: list[int]) -> None:
        """Take in one request."""
        if self.follows(request.page):
            key = (request.computer, request.page, request.log)
            tally = self._tallies.get(key)
            if tally is None:
                if len(self._tallies) >= PAGES:
                    return
                tally = PageTally(*key, request.time, request.time)
                self._tallies[key] = tally
            count(tally, request, scanners)
        if request.log is not Log.BACK and is_walked(request.page):
            self._walk(request)

    def _walk(self, request: Request) -> None:
        key = (request.computer, request.address, request.page.startswith("/owa/"))
        walk = self._walks.get(key)
        if walk is None:
            if len(self._walks) >= WALKERS:
                return
            walk = self._walks[key] = Walk(*key)
        pages = {Told.MISSING: walk.missing, Told.ANSWERED: walk.answered}.get(
            request.told, walk.other
        )
        if len(pages) < WALKED and request.page not in pages:
            pages.append(request.page)
        if request.told is Told.ANSWERED:
            _size(walk.sizes, request)

    def visits(self) -> Visits:
        """Return what was counted."""
        return Visits(list(self._tallies.values()), list(self._walks.values()))
