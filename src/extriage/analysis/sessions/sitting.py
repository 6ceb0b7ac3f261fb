"""A session while it goes on: its acts, who and what it was about, its sums."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from extriage.analysis.sessions.acts import Act, Acts, Lines
from extriage.analysis.sessions.steps import Steps
from extriage.analysis.sessions.summary import Gist, clauses, session_summary
from extriage.analysis.sessions.whose import Belongs, Somebody
from extriage.model.detection import Certainty, Finding, Stage
from extriage.model.session import Amount, Session
from extriage.model.trail import TrailRecord

TOLD = 50
"""Addresses, accounts and agents of one session that are told, and keys that join it."""
MAILBOXES = 1000
_KEPT = 4 * TOLD
_INNER = frozenset({"iis back-end", "ecp-server", "ecp-activity", "rps-http", "ews"})
_REQUESTS = frozenset({"httpproxy", "iis", "iis-native", "ews", "imap-pop", "rps-http"})


@dataclass(slots=True)
class _Sum:
    """Requests or bytes as far as the logs have them."""

    front: int = 0
    inner: int = 0
    """What only logs behind the front end have: it may be the other half of what that has."""
    high: int = 0
    unknown: bool = False

    def add(self, size: int | None, act: Act) -> None:
        """Take in a figure of one act; None if no log has it."""
        if size is None:
            self.unknown = True
            return
        self.high += size
        if act.sure and act.logs <= _INNER:
            self.inner += size
        elif act.sure:
            self.front += size


@dataclass(slots=True)
class Sitting:
    """One session that is open."""

    who: Somebody
    id: str
    first: datetime
    last: datetime
    steps: Steps
    acts: Acts = field(default_factory=Acts)
    gist: Gist = field(default_factory=Gist)
    sure: bool = False
    stage: Stage | None = None
    requests: _Sum = field(default_factory=_Sum)
    answered: int = 0
    bytes_in: _Sum = field(default_factory=_Sum)
    bytes_out: _Sum = field(default_factory=_Sum)
    kinds: set[str] = field(default_factory=set)
    seen: dict[str, Counter[str]] = field(default_factory=dict)
    joined: Counter[tuple[str, str]] = field(default_factory=Counter)

    def take(self, record: TrailRecord, found: Belongs, lines: Lines) -> None:
        """Take in a record, in the order of time."""
        self.last = max(self.last, record.time)
        self.sure = self.sure or found.sure
        self.kinds.add(record.kind)
        for name, value in record.keys:
            if name in ("address", "account", "agent"):
                self._see(name, value)
        if found.key in self.joined or len(self.joined) < _KEPT:
            self.joined[found.key] += 1
        for act in self.acts.see(record, lines, sure=found.sure):
            self._act(act)

    def _see(self, name: str, value: str, most: int = _KEPT) -> None:
        counts = self.seen.setdefault(name, Counter())
        if value in counts or len(counts) < most:
            counts[value] += 1

    def _act(self, act: Act) -> None:
        self.gist.see(act)
        self.steps.see(act)
        if act.stage and (self.stage is None or act.stage.rank > self.stage.rank):
            self.stage = act.stage
        if act.deed.mailbox and act.deed.done and not act.deed.mailbox.endswith("$"):
            self._see("mailbox", act.deed.mailbox, MAILBOXES)
        if act.web:
            self.requests.add(1, act)
            self.answered += act.deed.done
            self.bytes_in.add(act.bytes_in[1] if act.bytes_in else None, act)
            self.bytes_out.add(act.bytes_out[1] if act.bytes_out else None, act)

    def told(self, findings: dict[str, Finding]) -> Session:
        """End it and return it as it is told."""
        for act in self.acts.rest():
            self._act(act)
        steps, total = self.steps.told()
        addresses = self._most("address", TOLD)
        said = tuple(clauses(self.gist, findings))
        return Session(
            self.id,
            self.who.intruder.id if self.who.intruder else "",
            self.who.role,
            self.stage if self.who.intruder else None,
            self._certainty(findings),
            self.first,
            self.last,
            session_summary(
                (self.first, self.last),
                addresses or self._most("account", TOLD),
                self.gist,
                said,
                self.sure,
            ),
            addresses,
            self._most("account", TOLD),
            self._most("agent", TOLD),
            self._most("mailbox", MAILBOXES),
            tuple(sorted(self.kinds)),
            tuple((*key, many) for key, many in self._joined()),
            self._amount(self.requests),
            self.answered,
            self._amount(self.bytes_in),
            self._amount(self.bytes_out),
            tuple(steps),
            total,
            tuple(sorted(self.gist.findings)),
        )

    def _amount(self, found: _Sum) -> Amount:
        """Return the bounds; without a log that has requests there is no upper one."""
        known = not found.unknown and not self.kinds.isdisjoint(_REQUESTS)
        return Amount(max(found.front, found.inner), found.high if known else None)

    def _most(self, name: str, most: int) -> tuple[str, ...]:
        ranked = sorted(self.seen.get(name, Counter()).items(), key=lambda one: (-one[1], one[0]))
        return tuple(value for value, _ in ranked[:most])

    def _joined(self) -> list[tuple[tuple[str, str], int]]:
        weak = ("account", "time")
        ranked = sorted(self.joined.items(), key=lambda one: (one[0][0] in weak, -one[1], one[0]))
        return ranked[:TOLD]

    def _certainty(self, findings: dict[str, Finding]) -> Certainty:
        """Say how sure it is that this was his and was what it seems."""
        if not self.sure:
            return Certainty.POSSIBLE
        known = (findings.get(name) for name in self.gist.findings)
        sure = [one.certainty for one in known if one and one.stage is self.stage and one.stage]
        shown = self.who.intruder is None or self.who.intruder.certainty is not Certainty.POSSIBLE
        # NOTE: what a line alone only hints at is likely once the same one is shown to be in.
        return max([*sure, *([Certainty.LIKELY] if shown or not sure else [])], key=_rank)


def _rank(one: Certainty) -> int:
    return one.rank


def session_id(host: str, who: Somebody, record: TrailRecord, *, sure: bool) -> str:
    """Return the id of the session that begins with a record."""
    place = f"{host}\0{who.role}\0{sure}\0{record.path}\0{record.line}\0{record.offset}"
    return "s-" + hashlib.sha256(place.encode(errors="surrogatepass")).hexdigest()[:16]
