"""Mailboxes and address books: who opened which, how often, how many items, how many bytes.

Requests of sessions of intruders count, and those that meet a rule whose finding speaks for itself.
The owner of a stolen account may be beside the intruder: what may have been his raises the upper
bound only. Sums are kept for each mailbox and intruder; what goes beyond the bound of mailboxes is
summed up without names.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from extriage.analysis.exposure.reading import asked_of, spelled
from extriage.analysis.exposure.requests import Joiner, Request
from extriage.analysis.exposure.seen import Seen
from extriage.analysis.exposure.wording import (
    SHORT,
    amount,
    by_whom,
    exposure_id,
    ordered,
    shortened,
    volume,
    weaker,
)
from extriage.knowledge.exposures import exposure_kinds, operations
from extriage.knowledge.joins import is_somebody
from extriage.model.detection import Certainty
from extriage.model.exposure import Exposed, Exposure
from extriage.model.session import Amount
from extriage.model.state import Proof
from extriage.model.trail import TrailRecord

MOST = 2000
"""Mailboxes and intruders that are told apart."""
FEW = 10
"""So many requests to MAPI or NSPI are no reading: a break-in asks for the SID of an account."""
_QUIET = frozenset({"mapi", "nspi", "rpc"})
_BLIND = frozenset({"ews", "mapi", "rpc", "nspi", "sync", "rest"})
"""Operations that do not say what was handed out."""
_PROOFS = 4
_WHO = 200
_OTHERS = "others"


@dataclass(slots=True)
class Sum:
    """A number within bounds while it grows."""

    low: int = 0
    high: int = 0
    unknown: int = 0
    """Of how many requests it is not known."""

    def add(self, many: int | None, *, sure: bool) -> None:
        """Add what one request gave."""
        if many is None:
            self.unknown += 1
            return
        self.high += many
        self.low += many if sure else 0

    @property
    def amount(self) -> Amount:
        """Return the bounds."""
        return Amount(self.low, None if self.unknown else self.high)


@dataclass(slots=True)
class Heard:
    """What is known of one mailbox and one intruder."""

    kind: str
    intruder: str
    mailbox: str
    rule: str = ""
    requests: Sum = field(default_factory=Sum)
    items: Sum = field(default_factory=Sum)
    size: Sum = field(default_factory=Sum)
    how: Counter[str] = field(default_factory=Counter)
    spelled: dict[str, str] = field(default_factory=dict)
    refused: int = 0
    quiet: int = 0
    handing: int = 0
    """Requests that hand out whole items."""
    sessions: set[str] = field(default_factory=set)
    who: set[str] = field(default_factory=set)
    rules: set[str] = field(default_factory=set)
    first: datetime | None = None
    last: datetime | None = None
    proofs: list[Proof] = field(default_factory=list)

    def add(self, one: Request) -> None:
        """Add one request."""
        if not one.done:
            self.refused += 1
        else:
            self._count(one)
        if len(self.sessions) < _WHO and one.session:
            self.sessions.add(one.session)
        for part in one.parts:
            if len(self.who) < _WHO:
                self.who.update(part.who)
            self.rules.update(part.rules[:_WHO])
        self.first = self.first or one.first.time
        self.last = max(self.last or one.first.time, one.parts[-1].time)
        _keep(self.proofs, one.first.proof)

    def _count(self, one: Request) -> None:
        self.requests.add(1, sure=one.sure)
        self.size.add(one.bytes_out, sure=one.sure)
        self.how[one.operation] += 1
        self.spelled.setdefault(one.operation, one.spelling)
        self.quiet += one.operation in _QUIET
        _, hands_out = operations().get(one.operation, ("", False))
        if hands_out:
            self.handing += 1
            self.items.add(one.items, sure=one.sure)

    @property
    def tells(self) -> bool:
        """Tell whether it is worth an entry: a few requests to MAPI are part of a break-in."""
        done = self.requests.high
        if not done:
            return self.refused > 0 and not self.quiet
        return done > self.quiet or done > FEW


def _keep(proofs: list[Proof], proof: Proof) -> None:
    """Keep the first lines and the last."""
    if len(proofs) < _PROOFS:
        proofs.append(proof)
    else:
        proofs[-1] = proof


@dataclass(slots=True)
class Reads:
    """Gathers what was read while the trail goes by."""

    seen: Seen
    joiner: Joiner = field(default_factory=Joiner)
    heard: dict[tuple[str, str, str], Heard] = field(default_factory=dict)

    def see(self, record: TrailRecord) -> None:
        """Take in one record."""
        if not self._whose(record.session, (value for _, value in record.hits)):
            return
        asked = asked_of(record)
        if asked is not None:
            for one in self.joiner.add(asked):
                self._add(one)

    def exposures(self) -> Iterator[Exposure]:
        """Yield what was read, when the trail is at its end."""
        for one in self.joiner.rest():
            self._add(one)
        for heard in _together(self.heard.values()):
            if heard.tells:
                yield _exposure(self.seen, heard)

    def _whose(self, session: str, rules: Iterable[str]) -> str:
        """Return the intruder, or the rule whose finding speaks for itself; empty for others."""
        intruder = self.seen.intruder(session)
        return intruder or next((rule for rule in rules if self._speaks(rule)), "")

    def _speaks(self, rule: str) -> bool:
        finding = self.seen.finding_of.get(rule)
        kind = exposure_kinds().get(self.seen.exposes.get(rule, ""))
        about = kind is not None and kind.group in ("mailboxes-read", "address-books")
        return about and finding is not None and self.seen.opens(finding)

    def _add(self, one: Request) -> None:
        rules = [rule for part in one.parts for rule in part.rules]
        intruder = self.seen.intruder(one.session)
        rule = "" if intruder else self._whose("", rules)
        kind = operations()[one.operation][0]
        # NOTE: who lists folders and then opens mail has done one thing to one mailbox.
        group = "mailbox-read" if kind == "mailbox-folder-read" else kind
        mailbox = "" if kind == "address-book" else one.mailbox
        key = (group, intruder or rule, spelled(mailbox))
        if key not in self.heard and len(self.heard) >= MOST:
            key, mailbox = (group, intruder or rule, _OTHERS), ""
        found = self.heard.get(key)
        if found is None:
            found = self.heard[key] = Heard(group, intruder, mailbox, rule)
        if "@" in mailbox and "@" not in found.mailbox:
            found.mailbox = mailbox
        found.add(one)


def _together(all_heard: Iterable[Heard]) -> Sequence[Heard]:
    """Give what knows a mailbox by its short name to the one address that it can be."""
    kept: list[Heard] = []
    homes: dict[tuple[str, str, str, str], list[Heard]] = {}
    rest: list[Heard] = []
    for one in all_heard:
        name = spelled(one.mailbox)
        if "@" in name:
            key = (one.kind, one.intruder, one.rule, name.partition("@")[0])
            homes.setdefault(key, []).append(one)
            kept.append(one)
        else:
            rest.append(one)
    for one in rest:
        fitting = homes.get((one.kind, one.intruder, one.rule, spelled(one.mailbox)), [])
        if len(fitting) == 1:
            _merge(fitting[0], one)
        else:
            kept.append(one)
    return kept


def _merge(one: Heard, other: Heard) -> None:
    for ours, theirs in (
        (one.requests, other.requests),
        (one.items, other.items),
        (one.size, other.size),
    ):
        ours.low += theirs.low
        ours.high += theirs.high
        ours.unknown += theirs.unknown
    one.how += other.how
    one.spelled |= {name: text for name, text in other.spelled.items() if name not in one.spelled}
    one.refused += other.refused
    one.quiet += other.quiet
    one.handing += other.handing
    one.sessions |= other.sessions
    one.who |= other.who
    one.rules |= other.rules
    times = [time for time in (one.first, other.first) if time]
    one.first = min(times, default=None)
    one.last = max((time for time in (one.last, other.last) if time), default=None)
    one.proofs = [*one.proofs, *other.proofs][:_PROOFS]


def _exposure(seen: Seen, heard: Heard) -> Exposure:
    kind = _kind(heard)
    state = _state(heard)
    findings = [seen.finding_of[rule].id for rule in heard.rules if rule in seen.finding_of]
    who = ordered(heard.who)
    return Exposure(
        exposure_id(seen.name, kind, heard.intruder or heard.rule, spelled(heard.mailbox)),
        kind,
        heard.mailbox or ("the address book" if kind == "address-book" else "a mailbox not named"),
        state,
        _certainty(seen, heard),
        _text(heard, kind, state, who),
        heard.first,
        heard.last,
        who,
        ordered(heard.sessions, _WHO),
        ordered((heard.intruder,)),
        ordered(findings),
        heard.requests.amount if heard.requests.high else Amount(heard.refused, heard.refused),
        heard.items.amount if heard.handing else None,
        heard.size.amount if heard.requests.high else None,
        tuple(heard.spelled.get(name, name) for name, _ in heard.how.most_common(10)),
        tuple(_unknown(heard, kind)),
        tuple(heard.proofs),
    )


def _kind(heard: Heard) -> str:
    if heard.kind != "mailbox-read":
        return heard.kind
    listed = all(operations()[name][0] == "mailbox-folder-read" for name in heard.how)
    return "mailbox-folder-read" if listed and heard.how else heard.kind


def _state(heard: Heard) -> Exposed:
    if not heard.requests.high:
        return Exposed.ATTEMPTED
    return Exposed.TAKEN if heard.kind == "address-book" and "oab" in heard.how else Exposed.READ


def _certainty(seen: Seen, heard: Heard) -> Certainty:
    """Say how sure it is: no surer than the break-in, nor than the log that tells of it."""
    if heard.rule:
        kind = exposure_kinds()[heard.kind]
        return weaker(seen.finding_of[heard.rule].certainty, kind.at_most)
    told = Certainty.CONFIRMED
    if heard.requests.high and not heard.requests.low:
        told = Certainty.POSSIBLE
    elif all(name in _BLIND for name in heard.how):
        told = Certainty.POSSIBLE if heard.requests.high <= FEW else Certainty.LIKELY
    return weaker(told, seen.certainty_of(heard.intruder))


def _text(heard: Heard, kind: str, state: Exposed, who: Sequence[str]) -> str:
    what = {
        "mailbox-read": "Mail of {} was opened",
        "mailbox-folder-read": "The folders of {} were looked through",
        "mailbox-sent-from": "Mail was written or sent from {}",
        "address-book": "The address book was asked",
    }[kind].replace("{}", f"mailbox {_short(heard)}" if heard.mailbox else "a mailbox not named")
    who = [name for name in who if spelled(name) != spelled(heard.mailbox)] or who
    if state is Exposed.ATTEMPTED:
        many = amount(Amount(heard.refused, heard.refused), "request", "requests")
        return f"{what.replace(' was ', ' was to be ').replace(' were ', ' were to be ')}" + (
            f"{by_whom(who)}: {many}, all refused."
        )
    parts = [amount(heard.requests.amount, "request", "requests")]
    if heard.handing:
        parts.append(amount(heard.items.amount, "item", "items"))
    if kind != "mailbox-sent-from":
        parts.append(volume(heard.size.amount))
    maybe = "" if heard.requests.low else " The owner may have done all of it."
    return f"{what}{by_whom(who)}: {', '.join(parts)}.{maybe}"


def _short(heard: Heard) -> str:
    return shortened(heard.mailbox, 2 * SHORT)


def _unknown(heard: Heard, kind: str) -> Iterator[str]:
    if heard.size.unknown:
        yield (
            f"How much {heard.size.unknown:,} of the answers held is not logged; sc-bytes of IIS "
            "or ResponseBytes of HttpProxy would tell."
        )
    if heard.items.unknown:
        yield "How many items were read is not logged for all; the mailbox audit log would tell."
    blind = [name for name in heard.how if name in _BLIND]
    if blind and kind != "address-book":
        log = "EWS logs" if "ews" in blind else "the mailbox audit log"
        yield f"Which items were opened over {', '.join(sorted(blind))} only {log} would tell."
    if not heard.mailbox and kind != "address-book":
        yield "Whose mailbox it was is not in these lines; EWS logs or the mailbox audit log tell."
    beside = heard.requests.high - heard.requests.low
    if beside and any(is_somebody(name) for name in heard.who):
        yield f"{beside:,} of the requests may be of the owner, who used the mailbox beside."
