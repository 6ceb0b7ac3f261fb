"""Whose is a record? What one hand alone has makes it sure; the account alone does not.

The owner of a stolen account goes on with his work, and others sit behind the same proxy: what
only these join may be theirs. Keys are learnt on the way: an address that comes with an intruder's
canary is his, and so is the canary that comes with his address.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from extriage.analysis.intrudertraces import address_key
from extriage.analysis.sessions.company import Company
from extriage.knowledge.joins import is_inside, keys_of
from extriage.model.detection import Finding, Sign
from extriage.model.persistence import PageLife, Role
from extriage.model.session import Intruder
from extriage.model.trail import TrailRecord

Own = Callable[[str, str, datetime], bool]
"""Tells the organisation's own scanner by address, agent and time."""

_STRONG = ("canary", "session", "activity", "process", "logon")
_LEARNT = 50_000
"""Keys that are learnt on one server."""
_CROWD = 8
"""So many accounts and agents behind one address: others are there too."""
_BUSY = timedelta(seconds=60)
_SERVER = re.compile(
    r"(?i)\"Image\": ?\"(?:System|[^\"]{0,200}\\(?:w3wp|svchost|services|lsass|inetinfo|wininit"
    r"|UMWorkerProcess|MSExchange[^\"\\]{0,60}|Microsoft\.Exchange[^\"\\]{0,60})\.exe)\""
)
"""A program of the server itself, which works for everybody."""


@dataclass(frozen=True, slots=True)
class Somebody:
    """Somebody whose records are told: an intruder, an informed visitor, an own scanner."""

    id: str
    role: Role
    intruder: Intruder | None = None


@dataclass(frozen=True, slots=True)
class Belongs:
    """Whose a record is, how sure that is, and by which key."""

    who: int
    sure: bool
    key: tuple[str, str]


@dataclass(slots=True)
class _Crowd:
    accounts: set[str] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)


class Whose:
    """Tells whose records are; learns first, then answers."""

    def __init__(
        self,
        who: Sequence[Intruder],
        findings: Iterable[Finding],
        lives: Sequence[PageLife],
        own: Own | None,
    ) -> None:
        self.people: list[Somebody] = [Somebody(one.id, Role.INTRUDER, one) for one in who]
        self._keys: dict[tuple[str, str], int] = {}
        self._learnt: dict[tuple[str, str], tuple[tuple[str, str], str]] = {}
        self.company = Company(who)
        self._crowds: dict[str, _Crowd] = {}
        self._busy: dict[int, datetime] = {}
        self._own = own
        self._scanners: dict[str, int] = {}
        findings = tuple(findings)
        self.company.begin(findings, lives)
        made = _made_accounts(findings)
        pages = Counter(value for one in who for name, value, _ in one.keys if name == "page")
        for at, one in enumerate(who):
            self._know(at, one, made)
            named = (value for name, value, _ in one.keys if name == "page")
            self._keys.update({("page", page): at for page in named if pages[page] == 1})
        self._visitors(lives)

    def _know(self, at: int, one: Intruder, made: dict[str, set[str]]) -> None:
        agents = [value for name, value, _ in one.keys if name == "agent"] or [""]
        for name, value, _ in one.keys:
            if name in _STRONG or name == "request":
                self._keys.setdefault((name, value), at)
            elif name == "address" and not is_inside(value):
                self._keys.setdefault(("address", value), at)
            elif name == "address":
                for agent in agents:
                    self._keys.setdefault(address_key(value, agent), at)
        for finding in one.findings:
            for name in made.get(finding, ()):
                self._keys.setdefault(("made", name), at)

    def _visitors(self, lives: Sequence[PageLife]) -> None:
        """Add who asked for exactly one page and is no intruder."""
        found = {
            one.address: life.page
            for life in lives
            for one in life.visitors
            if one.role is Role.INFORMED and not is_inside(one.address)
        }
        for address in sorted(found):
            if ("address", address) not in self._keys:
                self._keys["address", address] = len(self.people)
                self.people.append(Somebody(address, Role.INFORMED))

    def learn(self, records: Iterable[TrailRecord]) -> None:
        """Learn from all records which keys go with those that are known."""
        for record in records:
            self._count(record)
            found = self._by_key(record)
            if found is None:
                names = _one(record, "account"), _one(record, "address"), _one(record, "agent")
                self.company.works(record, *names)
            elif self.people[found[0]].role is Role.INTRUDER:
                self._remember(record, *found)
        # NOTE: that others share an address may show only after keys were learnt from it.
        gone: set[tuple[str, str]] = set()
        for key, (by, address) in self._learnt.items():
            if by in gone or self.shared(address):
                self._keys.pop(key, None)
                gone.add(key)

    def shared(self, address: str) -> bool:
        """Tell whether others are behind an address too."""
        crowd = self._crowds.get(address)
        return crowd is not None and len(crowd.accounts) >= _CROWD <= len(crowd.agents)

    def of(self, record: TrailRecord) -> Belongs | None:
        """Tell whose a record is; None if it is nobody's who is told."""
        found = self._by_key(record)
        if found is not None:
            who, key, sure = found
            if sure and self.people[who].role is Role.INTRUDER:
                self._busy[who] = record.time
            return Belongs(who, sure, key)
        return self._scanner(record) or self._by_account(record) or self._by_time(record)

    def _by_key(self, record: TrailRecord) -> tuple[int, tuple[str, str], bool] | None:
        """Return whose a record is by what one hand alone has."""
        for key in record.keys:
            at = self._keys.get(key)
            if at is not None and key[0] not in ("address", "agent", "page", "process"):
                return at, key, True
        agent, account = _one(record, "agent"), _one(record, "account")
        at = self._keys.get(("made", account)) if account else None
        if at is not None:
            return at, ("account", account), True
        address = _one(record, "address")
        for key in (("address", address), ("visitor", f"{address} {agent}")) if address else ():
            at = self._keys.get(key)
            if at is None or not self._follows(record, at, address):
                continue
            if self.people[at].role is not Role.INTRUDER:
                return at, key, True
            if not self.company.is_anothers(at, record, (account, address, agent)):
                sure = self.company.is_sure(at, record.time, address, agent)
                return at, key, sure and not self.shared(address)
        return None if address else self._by_server(record)

    def _follows(self, record: TrailRecord, at: int, address: str) -> bool:
        """Tell whether a record was collected for its address, where that is known.

        An address that everybody shares is not followed by itself, but with an agent only.
        """
        if not record.hits or self.people[at].role is not Role.INTRUDER:
            return True
        return any(
            (name == "address" and value == address)
            or (name == "visitor" and value.partition(" ")[0] == address)
            for name, value in record.hits
        )

    def _by_server(self, record: TrailRecord) -> tuple[int, tuple[str, str], bool] | None:
        """Return whose page or process a record is about that names no address."""
        for key in record.keys:
            at = self._keys.get(key) if key[0] in ("page", "process") else None
            if at is not None and (key[0] == "page" or not _SERVER.search(record.text)):
                return at, key, True
        return None

    def _by_account(self, record: TrailRecord) -> Belongs | None:
        """Give what only the account joins to who stole it, unless its owner always worked so."""
        account, agent = _one(record, "account"), _one(record, "agent")
        address = _one(record, "address")
        users = sorted(self.company.stolen.get(account, ())) if account else []
        users = [at for at in users if not self.company.is_owners(at, account, address, agent)]
        if not users:
            return None
        theirs = [at for at in users if self.company.has_agent(at, agent)]
        if len(theirs) == 1 and not is_inside(address) and not agent.startswith("mozilla/"):
            return Belongs(theirs[0], True, ("account", account))
        near = [at for at in users if self._lately(at, record.time)]
        return Belongs(near[0] if near else users[0], False, ("account", account))

    def _by_time(self, record: TrailRecord) -> Belongs | None:
        """Give what the server did itself to who was busy within a minute before.

        What names a person may be the work of that person.
        """
        if _one(record, "address"):
            return None
        busy = [at for at in self._busy if self._lately(at, record.time)]
        if not busy:
            return None
        last = max(busy, key=lambda at: (self._busy[at], -at))
        sure = len(busy) == 1 and not _one(record, "account")
        return Belongs(last, sure, ("time", "within a minute"))

    def _lately(self, at: int, time: datetime) -> bool:
        busy = self._busy.get(at)
        return busy is not None and time - busy <= _BUSY

    def _scanner(self, record: TrailRecord) -> Belongs | None:
        address = _one(record, "address")
        if self._own is None or not address:
            return None
        if not self._own(address, _one(record, "agent"), record.time):
            return None
        if address not in self._scanners:
            self._scanners[address] = len(self.people)
            self.people.append(Somebody(address, Role.ORGANISATION))
        return Belongs(self._scanners[address], True, ("address", address))

    def _count(self, record: TrailRecord) -> None:
        address = _one(record, "address")
        if not address or ("address", address) not in self._keys:
            return
        crowd = self._crowds.setdefault(address, _Crowd())
        account, agent = _one(record, "account"), _one(record, "agent")
        if account and record.status[:1] in ("2", "3") and len(crowd.accounts) < _CROWD:
            crowd.accounts.add(account)
        if agent and len(crowd.agents) < _CROWD:
            crowd.agents.add(agent)

    def _remember(self, record: TrailRecord, at: int, by: tuple[str, str], sure: bool) -> None:
        address = _one(record, "address")
        if not sure or len(self._keys) >= _LEARNT or (address and self.shared(address)):
            return
        self.company.logged_on(at, record, _one(record, "account"))
        for key in record.keys:
            if key[0] in _STRONG:
                self._learn(key, at, by, address)
        if not address or is_inside(address):
            return
        if by[0] not in ("address", "visitor"):
            self.company.seen(address, record.time)
        known = self._keys.get(("address", address))
        if known is not None and self.people[known].role is not Role.INTRUDER:
            self._keys["address", address] = at
        self._learn(("address", address), at, by, address)

    def _learn(self, key: tuple[str, str], at: int, by: tuple[str, str], address: str) -> None:
        """Note a key of an intruder, with the key that showed it and the address it came from."""
        if key not in self._keys:
            self._keys[key] = at
            self._learnt[key] = (by, address)


def _made_accounts(findings: Iterable[Finding]) -> dict[str, set[str]]:
    """Return by finding the accounts that it says somebody made."""
    found: dict[str, set[str]] = {}
    for finding in findings:
        if finding.persistence == "account":
            for line in finding.evidence:
                if line.sign is Sign.PLANTED and line.object:
                    names = {value for _, value in keys_of({"User": line.object})}
                    found.setdefault(finding.id, set()).update(names)
    return found


def _one(record: TrailRecord, name: str) -> str:
    for kind, value in record.keys:
        if kind == name:
            return value
    return ""
