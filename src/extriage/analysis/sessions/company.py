"""Who else uses what an intruder uses: the owner of an account, the one who had his address before.

A forged request plays an account without having its password, and says nothing of the rest of the
account's work. Where he logged on with it, its owner goes on at the places where he always worked.
An address is an intruder's from the day on which it is first shown to be; another account with
another program, let in there days before, is somebody else's.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from extriage.analysis.trailsuspects import agent_of
from extriage.model.detection import Finding
from extriage.model.persistence import PageLife, Role
from extriage.model.session import Intruder
from extriage.model.trail import TrailRecord

BEFORE = timedelta(days=1)
"""So long before it is first shown to be his, an address may be taken to be his."""
AFTER = timedelta(days=7)
"""So long after, whatever comes from there is surely his."""
_FRONT = frozenset({"httpproxy", "iis", "iis-native", "imap-pop", "smtp"})
"""Logs that name who logged on from which address, and not whom a forged request plays."""
_LET_IN = ("2", "3")
_FORGED = "forged_"
"""Deeds in which a request plays somebody."""
_TOKEN = "x-rps-cat="
"""What carries a token that the caller wrote himself."""
_HERE = ("logon", "process")
"""Keys of lines that show an account at work on the server itself."""
_KEPT = 20_000
_NAMED = 3


@dataclass(slots=True)
class Company:
    """What is known of others' work beside that of the intruders."""

    who: Sequence[Intruder]
    used: dict[str, set[int]] = field(default_factory=dict)
    """Accounts that lines of intruders name, by their number."""
    stolen: dict[str, set[int]] = field(default_factory=dict)
    """Of them, those that they logged on with."""
    _agents: dict[str, set[int]] = field(default_factory=dict)
    _spans: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    _places: set[tuple[str, str, str]] = field(default_factory=set)
    """Account, address and agent of others who work as usual."""
    _aside: dict[int, dict[str, set[str]]] = field(default_factory=dict)

    def begin(self, findings: Iterable[Finding], lives: Sequence[PageLife]) -> None:
        """Take in what findings and the owners of pages show."""
        for life in lives:
            for visitor in life.visitors:
                if visitor.role is Role.OWNER:
                    self.seen(visitor.address, visitor.first)
                    self.seen(visitor.address, visitor.last)
        for at, one in enumerate(self.who):
            for name, value, _ in one.keys:
                if name == "agent":
                    self._agents.setdefault(agent_of(value), set()).add(at)
                elif name == "account":
                    self.used.setdefault(value, set()).add(at)
        for address, time in _times(self.who, findings):
            self.seen(address, time)

    def seen(self, address: str, time: datetime) -> None:
        """Note that an address is shown to be an intruder's at a time."""
        if address:
            first, last = self._spans.get(address, (time, time))
            self._spans[address] = (min(first, time), max(last, time))

    def works(self, record: TrailRecord, account: str, address: str, agent: str) -> None:
        """Note where an account of which an intruder has hold works before he came."""
        early = any(record.time < self.who[at].first for at in self.used.get(account, ()))
        if early and len(self._places) < _KEPT:
            self._places.add((account, address, agent_of(agent)))

    def logged_on(self, at: int, record: TrailRecord, account: str) -> None:
        """Note that an intruder logged on with an account, if a record of his shows it."""
        if at not in self.used.get(account, ()):
            return
        front = record.kind in _FRONT and record.part != "back-end"
        plays = record.deed.id.startswith(_FORGED) or _TOKEN in record.target.lower()
        if (front and record.status[:1] in _LET_IN and not plays) or any(
            name in _HERE for name, _ in record.keys
        ):
            self.stolen.setdefault(account, set()).add(at)

    def has_agent(self, at: int, agent: str) -> bool:
        """Tell whether an intruder comes with this program."""
        return at in self._agents.get(agent_of(agent), ())

    def is_owners(self, at: int, account: str, address: str, agent: str) -> bool:
        """Tell whether the owner of a stolen account worked so before it was stolen."""
        found = (account, address, agent_of(agent)) in self._places
        if found:
            self._note(at, account, address)
        return found

    def is_anothers(self, at: int, record: TrailRecord, names: tuple[str, str, str]) -> bool:
        """Tell whether somebody else had an intruder's address before him."""
        account, address, agent = names
        span = self._spans.get(address)
        if span is None or record.time >= span[0] - BEFORE:
            return False
        let_in = account and record.status[:1] in _LET_IN
        if not let_in or at in self.used.get(account, ()) or self.has_agent(at, agent):
            return False
        self._note(at, account, address)
        return True

    def is_sure(self, at: int, time: datetime, address: str, agent: str) -> bool:
        """Tell whether what comes from an intruder's address at a time is surely his."""
        span = self._spans.get(address)
        within = span is None or span[0] - BEFORE <= time <= span[1] + AFTER
        return within or self.has_agent(at, agent)

    def _note(self, at: int, account: str, address: str) -> None:
        names = self._aside.setdefault(at, {})
        if account in names or len(names) < _KEPT:
            addresses = names.setdefault(account, set())
            if len(addresses) <= _NAMED:
                addresses.add(address)

    def aside(self, at: int) -> str:
        """Say whose work is not told as an intruder's; empty if there is none."""
        found = sorted(self._aside.get(at, {}).items())
        told = [f"{account} from {_some(sorted(where))}" for account, where in found[:_NAMED]]
        if not told:
            return ""
        more = f" and {len(found) - _NAMED:,} more" if len(found) > _NAMED else ""
        return f" Left aside as others' own work: {', '.join(told)}{more}."


def _some(addresses: Sequence[str]) -> str:
    named = [one or "the server itself" for one in addresses[:_NAMED]]
    return " and ".join([*named, *(["others"] if len(addresses) > _NAMED else [])])


def _times(who: Sequence[Intruder], findings: Iterable[Finding]) -> Iterator[tuple[str, datetime]]:
    """Yield when lines of findings show an address to be an intruder's."""
    theirs = {name for one in who for name in one.findings}
    for finding in findings:
        for line in finding.evidence if finding.id in theirs and not finding.raw else ():
            address = dict(line.keys).get("address", "")
            if address and line.time and (finding.first is None or line.time >= finding.first):
                yield address, line.time
