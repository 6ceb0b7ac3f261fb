"""Requests that hand out data, each counted once however many logs have it.

One request stands in HttpProxy, in IIS twice and in the EWS log. The id of the request joins the
first two; others are joined by session, protocol and time, each log giving one line to a request.
Only a few seconds of the trail are held at a time.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from extriage.model.state import Proof

HOLD = timedelta(seconds=10)
"""How long lines of one request may lie apart if they share its id."""
NEAR = timedelta(seconds=3)
"""How far apart they may lie if nothing but session and protocol joins them."""
_SEARCHED = 256
_ONE_ID = frozenset({"httpproxy", "iis:front-end"})
"""Logs that write the same id for a request."""
_SIZES = ("httpproxy", "ews", "iis:front-end", "iis")
"""Whose size of an answer is believed first: those of bodies, then those with heads."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as one log tells it."""

    layer: str
    """Which log; a request has one line in each."""
    time: datetime
    request: str
    protocol: str
    """What was asked: `ews`, `mapi`, `owa`, or the URL of a file."""
    operation: str
    """In small letters; empty if the log does not tell."""
    mailbox: str
    named: bool
    """Whether the log names the mailbox, rather than who logged on."""
    items: int | None
    bytes_out: int | None
    done: bool
    session: str
    sure: bool
    who: tuple[str, ...]
    proof: Proof
    rules: tuple[str, ...] = ()
    spelling: str = ""
    """The operation as the log writes it."""


@dataclass(slots=True)
class Request:
    """One request, as all logs tell it."""

    parts: list[Asked]
    layers: set[str]

    @property
    def first(self) -> Asked:
        """Return the line that came first."""
        return self.parts[0]

    @property
    def operation(self) -> str:
        """Return the operation that a log tells; else the protocol."""
        return next((one.operation for one in self.parts if one.operation), self.first.protocol)

    @property
    def spelling(self) -> str:
        """Return the operation as the log writes it, or the protocol in capitals."""
        known = (one.spelling for one in self.parts if one.operation and one.spelling)
        return next(known, self.first.protocol.upper())

    @property
    def mailbox(self) -> str:
        """Return whose mailbox it was: as a log names it, else who logged on."""
        named = (one.mailbox for one in self.parts if one.mailbox and one.named)
        return next(named, next((one.mailbox for one in self.parts if one.mailbox), ""))

    @property
    def items(self) -> int | None:
        """Return how many items were handed out; None if no log tells."""
        return next((one.items for one in self.parts if one.items is not None), None)

    @property
    def bytes_out(self) -> int | None:
        """Return the size of the answer, as the first log of `_SIZES` has it."""
        known = {one.layer: one.bytes_out for one in self.parts if one.bytes_out is not None}
        near = [known[layer] for layer in _SIZES if layer in known] or [*known.values()]
        # NOTE: a log that writes 0 where another has a size did not count the answer.
        return next((size for size in near if size), next(iter(near), None))

    @property
    def done(self) -> bool:
        """Tell whether the server did it; the log of the service itself is believed first."""
        own = [one.done for one in self.parts if one.layer == "ews"]
        return own[0] if own else any(one.done for one in self.parts)

    @property
    def sure(self) -> bool:
        """Tell whether nobody else can have asked it."""
        return any(one.sure for one in self.parts)

    @property
    def session(self) -> str:
        """Return the session that it belongs to; empty if none."""
        return next((one.session for one in self.parts if one.session), "")


@dataclass(slots=True)
class Joiner:
    """Joins lines of one request while the trail goes by."""

    _order: deque[Request] = field(default_factory=deque)
    _by_id: dict[str, Request] = field(default_factory=dict)
    _by_line: dict[tuple[str, datetime, str], Request] = field(default_factory=dict)
    _by_place: dict[tuple[str, str], deque[Request]] = field(default_factory=dict)

    def add(self, asked: Asked) -> Iterator[Request]:
        """Take in one line; yield the requests that no further line can belong to."""
        yield from self._closed(asked.time - HOLD)
        found = self._by_id.get(asked.request) if asked.request else None
        found = found or self._copied(asked) or self._beside(asked)
        if found is None:
            found = Request([], set())
            self._order.append(found)
            self._by_place.setdefault(_place(asked), deque()).append(found)
        found.parts.append(asked)
        found.layers.add(asked.layer)
        self._by_line.setdefault(_line(asked), found)
        if asked.request:
            self._by_id.setdefault(asked.request, found)

    def rest(self) -> Iterator[Request]:
        """Yield what is left at the end."""
        yield from self._order
        self._order.clear()
        self._by_id.clear()
        self._by_line.clear()
        self._by_place.clear()

    def _closed(self, before: datetime) -> Iterator[Request]:
        while self._order and self._order[0].first.time < before:
            one = self._order.popleft()
            for part in one.parts:
                self._by_line.pop(_line(part), None)
                if part.request and self._by_id.get(part.request) is one:
                    del self._by_id[part.request]
            self._pruned(_place(one.first), before)
            yield one

    def _copied(self, asked: Asked) -> Request | None:
        """Return the request that a copy of this line belongs to, in another file."""
        found = self._by_line.get(_line(asked))
        if found is None or any(part.proof.path == asked.proof.path for part in found.parts):
            return None
        return found

    def _beside(self, asked: Asked) -> Request | None:
        """Return the first request near by that this log has no line of yet."""
        waiting = self._pruned(_place(asked), asked.time - NEAR)
        for at, one in enumerate(waiting):
            if at >= _SEARCHED:
                break
            if asked.layer not in one.layers and not _differ(one, asked):
                return one
        return None

    def _pruned(self, place: tuple[str, str], before: datetime) -> deque[Request]:
        waiting = self._by_place.get(place)
        if waiting is None:
            return deque()
        while waiting and waiting[0].first.time < before:
            waiting.popleft()
        if not waiting:
            del self._by_place[place]
        return waiting


def _place(asked: Asked) -> tuple[str, str]:
    return asked.session or "|".join(asked.who[:1]), asked.protocol


def _line(asked: Asked) -> tuple[str, datetime, str]:
    return asked.layer, asked.time, asked.proof.text


def _differ(one: Request, asked: Asked) -> bool:
    """Tell whether ids of logs that share them say that these are two requests."""
    if asked.layer not in _ONE_ID or not asked.request:
        return False
    return any(part.layer in _ONE_ID and part.request for part in one.parts)
