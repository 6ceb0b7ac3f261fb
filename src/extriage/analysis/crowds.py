"""Is it really theirs? An address, an account or an agent that many others use tells nobody apart.

Behind a proxy or the office's own way out many accounts work as usual with many programs; an
intruder with many stolen accounts comes with few programs. What is counted has bounds, and counts
only grow: what one log shows to be everybody's is so on its server.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from extriage.analysis.suspects import Suspect, SuspectKind

ACCOUNTS_OF_ADDRESS = 12
"""As many accounts that were let in from one address make it a proxy, if …"""
AGENTS_OF_ADDRESS = 3
"""… they came with as many agents, or are …"""
ACCOUNTS_ALONE = 40
ADDRESSES_OF_ACCOUNT = 40
"""As many addresses with `AGENTS_OF_ACCOUNT` agents make an account everybody's."""
AGENTS_OF_ACCOUNT = 10
ADDRESSES_OF_AGENT = 10
"""An agent that more addresses have, or more accounts, is not rare."""
ACCOUNTS_OF_AGENT = 4
ADDRESSES_OF_FILE = 50
"""A file that as many addresses fetch is one that all clients fetch."""
_LET_IN = ("1", "2", "3")


@dataclass(slots=True)
class _Company:
    """Who and what one suspect was seen with, up to the bounds."""

    accounts: set[str] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Crowds:
    """Counts with whom and what suspects are seen."""

    _seen: dict[Suspect, _Company] = field(default_factory=dict)
    shared: set[Suspect] = field(default_factory=set)
    """Those that are everybody's."""

    def see(self, suspect: Suspect, account: str, address: str, agent: str, status: str) -> None:
        """Take in one record of a suspect; an account counts only where it was let in."""
        test = _TESTS.get(suspect.kind)
        if test is None or suspect in self.shared:
            return
        company = self._seen.get(suspect)
        if company is None:
            company = self._seen[suspect] = _Company()
        before = len(company.accounts) + len(company.agents) + len(company.addresses)
        if account and (not status or status.startswith(_LET_IN)):
            _put(company.accounts, account, ACCOUNTS_ALONE)
        if agent:
            _put(company.agents, agent, AGENTS_OF_ACCOUNT)
        if address:
            _put(company.addresses, address, ADDRESSES_OF_FILE)
        after = len(company.accounts) + len(company.agents) + len(company.addresses)
        if after > before and test(company):
            self.shared.add(suspect)
            del self._seen[suspect]

    def named(self) -> Iterator[Suspect]:
        """Yield what is everybody's, in a fixed order."""
        yield from sorted(self.shared)


def _put(values: set[str], value: str, most: int) -> None:
    if len(values) < most:
        values.add(value[:200])


def _address(seen: _Company) -> bool:
    many = len(seen.accounts) >= ACCOUNTS_OF_ADDRESS and len(seen.agents) >= AGENTS_OF_ADDRESS
    return many or len(seen.accounts) >= ACCOUNTS_ALONE


def _visitor(seen: _Company) -> bool:
    return len(seen.accounts) >= ACCOUNTS_OF_ADDRESS


def _account(seen: _Company) -> bool:
    return len(seen.addresses) >= ADDRESSES_OF_ACCOUNT and len(seen.agents) >= AGENTS_OF_ACCOUNT


def _agent(seen: _Company) -> bool:
    return len(seen.addresses) > ADDRESSES_OF_AGENT or len(seen.accounts) > ACCOUNTS_OF_AGENT


def _file(seen: _Company) -> bool:
    return len(seen.addresses) >= ADDRESSES_OF_FILE


_TESTS = {
    SuspectKind.ADDRESS: _address,
    SuspectKind.VISITOR: _visitor,
    SuspectKind.ACCOUNT: _account,
    SuspectKind.SID: _account,
    SuspectKind.AGENT: _agent,
    SuspectKind.FILE: _file,
}
