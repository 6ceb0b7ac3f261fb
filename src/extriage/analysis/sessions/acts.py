"""One act, however many logs tell of it: a request is counted once, and so are its bytes.

A request stands in the log of the front end's proxy, in two logs of IIS, and in that of the
service that answered. Rows of one request have its id; where a log writes none, it is the same
address, path and status within two seconds, or the same path on the back end. A log has a request
only once, so as many requests are counted as the log that has most of them. A cmdlet that several
logs tell of is one act in the same way.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from extriage.model.detection import Stage
from extriage.model.state import Proof
from extriage.model.trail import Deed, TrailRecord

TOGETHER = timedelta(seconds=2)
"""Logs write the end of a request, each its own end, and IIS whole seconds."""
_OPEN = timedelta(seconds=5)
_LOOKED_AT = 256
"""Open acts of one name that are looked at for one row: a bound against floods."""
_BACK = "iis back-end"
"""Its client is the front end, so it tells neither address nor what was answered outside."""
_BEHIND = frozenset({_BACK, "ews", "rps-http"})
"""Logs of what the front end handed on."""
_SIZES = ("httpproxy", "ews", "imap-pop", "iis front-end", "iis", "iis-native", "iis back-end")
"""Whose figure counts for the bytes of a request: the first of these logs that has one."""
_WEB = frozenset({"httpproxy", "iis", "iis-native", "ews", "rps-http", "ecp-server"})
_WEB_ALSO = frozenset({"ecp-activity", "httperr"})
_CMDLETS = frozenset({"rps-cmdlet", "audit", "ecp-server"})
_TELLING = {"ews": 8, "rps-cmdlet": 6, "audit": 5, "ecp-server": 4, "httpproxy": 3, "iis": 2}
"""Which log's words tell an act best."""
_ID = re.compile(r"(?i)(?:cafeReqId|request_?id)=([0-9a-f-]{30,40})")
_ANCHOR = re.compile(r"(?i)Server(?:Info)?~[^,/]{0,300}(/[^,?#&\s\"]{1,200})")
_CONFUSED = re.compile(
    r"(?i)(?:autodiscover\.json.{0,300}?|^/owa/[^/]{1,200}(?:@|%40)[^/]{1,200})"
    r"(/(?:powershell|mapi|ews|ecp|owa|oab|autodiscover/autodiscover\.xml)[^?&#\s]{0,200})"
)
"""The path on the back end that a confused path leads to."""
_ECP_URL = re.compile(r"S:URL=(/[^?;'\"\s]{1,200})")


@dataclass(frozen=True, slots=True)
class Lines:
    """What findings say of lines: which they prove, and the furthest stage."""

    findings: tuple[str, ...] = ()
    stage: Stage | None = None
    planted: tuple[tuple[str, str], ...] = ()
    """Kind and name of ways back that the line says to have been put there."""


@dataclass(slots=True)
class Act:
    """One request, cmdlet or event."""

    time: datetime
    until: datetime
    web: bool
    deed: Deed = field(default_factory=lambda: Deed(""))
    telling: int = -1
    kinds: set[str] = field(default_factory=set)
    logs: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)
    address: str = ""
    status: str = ""
    sure: bool = False
    bytes_in: tuple[int, int] | None = None
    """Rank of the log that says so, and the figure."""
    bytes_out: tuple[int, int] | None = None
    findings: set[str] = field(default_factory=set)
    planted: set[tuple[str, str]] = field(default_factory=set)
    stage: Stage | None = None
    proof: Proof | None = None
    absorbed: bool = False
    """Whether it turned out to be a part of another act."""

    def take(self, record: TrailRecord, log: str, lines: Lines, *, sure: bool) -> None:
        """Take in what one more log tells of it."""
        self.time, self.until = min(self.time, record.time), max(self.until, record.time)
        self.kinds.add(record.kind)
        self.logs.add(log)
        self.sure = self.sure or sure
        if log != _BACK:
            self.address = self.address or record.address
            self.status = self.status or record.status
        self.bytes_in = _better(self.bytes_in, _size(log, record.kind, record.bytes_in))
        self.bytes_out = _better(self.bytes_out, _size(log, record.kind, record.bytes_out))
        self.findings.update(lines.findings)
        self.planted.update(lines.planted)
        self._reach(lines.stage)
        self._tell(record, log, lines)

    def _reach(self, stage: Stage | None) -> None:
        if stage and (self.stage is None or stage.rank > self.stage.rank):
            self.stage = stage

    def absorb(self, other: "Act") -> None:
        """Take in what was thought to be another act."""
        other.absorbed = True
        self.time, self.until = min(self.time, other.time), max(self.until, other.until)
        self.web, self.sure = self.web or other.web, self.sure or other.sure
        self.kinds |= other.kinds
        self.logs |= other.logs
        self.ids |= other.ids
        self.findings |= other.findings
        self.planted |= other.planted
        self.address, self.status = self.address or other.address, self.status or other.status
        self.bytes_in = _better(self.bytes_in, other.bytes_in)
        self.bytes_out = _better(self.bytes_out, other.bytes_out)
        self._reach(other.stage)
        if other.telling > self.telling:
            self.telling, self.deed, self.proof = other.telling, other.deed, other.proof

    def _tell(self, record: TrailRecord, log: str, lines: Lines) -> None:
        """Let the log that tells most give the words and the line."""
        telling = _TELLING.get(record.kind, 1) * 2 - (log == _BACK)
        telling += 6 * record.deed.id.startswith(("forged_", "cmdlet_")) + bool(lines.findings)
        if not record.deed.id:
            telling = 0
        if telling > self.telling:
            self.telling, self.deed = telling, record.deed
            self.proof = Proof(record.path, record.line, record.text[:400])


def _size(log: str, kind: str, size: int | None) -> tuple[int, int] | None:
    if size is None:
        return None
    return next((at for at, one in enumerate(_SIZES) if one in (log, kind)), len(_SIZES)), size


def _better(one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return the figure of the log that counts; two logs are never added."""
    return min(one, other) if one and other else one or other


class Acts:
    """Puts the rows of one session together; few acts are open at a time."""

    def __init__(self) -> None:
        self._open: deque[Act] = deque()
        self._by_id: dict[str, Act] = {}
        self._by_name: dict[str, deque[Act]] = {}

    def see(self, record: TrailRecord, lines: Lines, *, sure: bool) -> Iterator[Act]:
        """Take in a row, in the order of time; yield the acts that are complete by now."""
        yield from self._complete(record.time)
        log, ids, names = _log_of(record), set(_ids(record)), list(_names(record))
        found = self._known(record, log, ids, names)
        if found:
            act = found[0]
        else:
            act = Act(record.time, record.time, self._is_request(record, ids, names))
            self._open.append(act)
        for other in found[1:]:
            if act.logs.isdisjoint(other.logs):
                act.absorb(other)
        act.take(record, log, lines, sure=sure)
        act.ids |= ids
        for one in act.ids:
            if one not in self._by_id or self._by_id[one].absorbed:
                self._by_id[one] = act
        for name in names:
            queue = self._by_name.setdefault(name, deque())
            if not queue or queue[-1] is not act:
                queue.append(act)

    def _is_request(self, record: TrailRecord, ids: set[str], names: Iterable[str]) -> bool:
        """Tell whether a row that is about no known act is about a request of its own.

        One request to the control panel runs several cmdlets, and each has a row.
        """
        if record.kind in ("ecp-server", "ecp-activity"):
            near = (act for name in names for act in self._by_name.get(name, ()))
            around = any(record.time - act.until <= TOGETHER for act in near)
            return not around and ids.isdisjoint(self._by_id)
        return record.kind in _WEB or record.kind in _WEB_ALSO

    def rest(self) -> Iterator[Act]:
        """Yield the acts that are still open."""
        yield from (act for act in self._open if not act.absorbed)
        self._open.clear()
        self._by_id.clear()
        self._by_name.clear()

    def _complete(self, now: datetime) -> Iterator[Act]:
        while self._open and now - self._open[0].time > _OPEN:
            act = self._open.popleft()
            for one in act.ids:
                if self._by_id.get(one) is act:
                    del self._by_id[one]
            if not act.absorbed:
                yield act
        if len(self._by_name) > 4 * len(self._open) + 64:
            self._forget()

    def _forget(self) -> None:
        alive = set(map(id, self._open))
        kept = {
            name: deque(act for act in acts if id(act) in alive)
            for name, acts in self._by_name.items()
        }
        self._by_name = {name: acts for name, acts in kept.items() if acts}

    def _known(
        self, record: TrailRecord, log: str, ids: set[str], names: Iterable[str]
    ) -> list[Act]:
        """Return the acts that a row is about: parts of one act that it brings together."""
        by_id = (self._by_id.get(one) for one in sorted(ids))
        found = [act for act in by_id if act is not None and log not in act.logs]
        alone = not found
        by_name = (self._named(record, log, ids, name, alone=alone) for name in names)
        found += [act for act in by_name if act is not None]
        return list({id(act): act for act in found if not act.absorbed}.values())

    def _named(
        self, record: TrailRecord, log: str, ids: set[str], name: str, *, alone: bool
    ) -> Act | None:
        acts = self._by_name.get(name, deque())
        while acts and record.time - acts[0].until > _OPEN:
            acts.popleft()
        for at, act in enumerate(acts):
            if at >= _LOOKED_AT:
                return None
            if (
                log not in act.logs
                and not act.absorbed
                and _fits(act, record, log, ids, alone=alone)
            ):
                return act
        return None


def _fits(act: Act, record: TrailRecord, log: str, ids: set[str], *, alone: bool) -> bool:
    """Tell whether a row may be about an act of the same path or cmdlet.

    Logs behind the front end may write an id of their own, which then says nothing against it:
    `alone` stands for a row whose id no other log has written so far.
    """
    if record.time - act.until > TOGETHER:
        return False
    if log != _BACK and _clash(act.address, record.address):
        return False
    if _request_of(act.ids) & _request_of(ids):
        return True
    own = alone and (log in _BEHIND or not act.logs - _BEHIND)
    if _request_of(act.ids) and _request_of(ids) and not own:
        return False
    fronts = {"httpproxy", "iis front-end", "iis"}
    both = not fronts.isdisjoint(act.logs) and log in fronts
    return not both or not _clash(act.status, record.status)


def _request_of(ids: Iterable[str]) -> set[str]:
    return {one for one in ids if one.startswith("request ")}


def _clash(one: str, other: str) -> bool:
    local = ("", "-", "::1", "127.0.0.1")
    return one not in local and other not in local and one != other


def _log_of(record: TrailRecord) -> str:
    """Return the log that a row stands in; a log tells of an act only once."""
    if record.kind == "iis" and record.part:
        return f"iis {record.part}"
    if record.kind.startswith("events"):
        return f"events {record.part}"
    return record.kind


def _ids(record: TrailRecord) -> Iterator[str]:
    """Yield ids of the act: of the activity, and of the request where the logs have the same one.

    A cmdlet's row has the id of the request that brought several cmdlets.
    """
    asked = [value for name, value in record.keys if name == "request"]
    found = _ID.search(record.target)
    asked += [found[1].lower()] if found else []
    for value in asked if record.kind != "rps-cmdlet" else ():
        yield f"id {value}"
        if record.kind != "rps-http":
            yield f"request {value}"
    yield from (f"activity {value}" for name, value in record.keys if name == "activity")


def _names(record: TrailRecord) -> Iterator[str]:
    """Yield what the rows of one act in several logs have in common, besides its id."""
    kind = record.kind
    if "-" in record.method and (kind in _CMDLETS or kind.startswith("events")):
        # NOTE: logs write the parameters in different order; the cmdlet itself they all name.
        yield f"cmdlet {record.method.lower()}"
    if kind == "ews":
        yield "/ews/exchange.asmx"
    elif kind == "ecp-server":
        found = _ECP_URL.search(record.text)
        if found:
            yield found[1].lower()
    elif kind in _WEB or kind in _WEB_ALSO:
        yield record.target.partition("?")[0].lower().rstrip("/")
    if kind == "httpproxy":
        yield from (one.lower().rstrip("/") for one in _ANCHOR.findall(record.text)[:2])
    if kind == "httpproxy" or (kind == "iis" and record.part != "back-end"):
        found = _CONFUSED.search(record.target)
        if found:
            yield found[1].lower().rstrip("/")
