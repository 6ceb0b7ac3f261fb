"""What is everybody's is told from what is one intruder's, with bounded counts."""

import pytest

from extriage.analysis.crowds import Crowds
from extriage.analysis.suspects import Suspect, SuspectKind

PROXY = Suspect(SuspectKind.ADDRESS, "203.0.113.9")


def shared(suspect: Suspect, seen: list[tuple[str, str, str, str]]) -> bool:
    crowds = Crowds()
    for account, address, agent, status in seen:
        crowds.see(suspect, account, address, agent, status)
    return list(crowds.named()) == [suspect]


def office(accounts: int, agents: int, status: str = "200") -> list[tuple[str, str, str, str]]:
    return [(f"user{n}", "203.0.113.9", f"agent {n % agents}", status) for n in range(accounts)]


def test_many_accounts_with_many_agents_make_an_address_a_proxy() -> None:
    assert shared(PROXY, office(12, 3))
    assert shared(PROXY, office(40, 1))


def test_an_intruder_with_many_stolen_accounts_is_none() -> None:
    assert not shared(PROXY, office(30, 2))
    assert not shared(PROXY, office(500, 100, status="401"))
    assert not shared(PROXY, office(11, 11))


def test_a_private_address_is_shared_by_accounts_with_the_same_agent() -> None:
    visitor = Suspect(SuspectKind.VISITOR, "10.0.0.5 mozilla/5.0")
    assert shared(visitor, office(12, 1))
    assert not shared(visitor, office(11, 1))


def test_an_account_that_travels_is_still_one_persons() -> None:
    account = Suspect(SuspectKind.ACCOUNT, "novak")
    phone = [("novak", f"198.51.100.{n}", f"phone {n % 3}", "200") for n in range(200)]
    assert not shared(account, phone)
    assert shared(
        account, [("novak", a, f"agent {n % 30}", s) for n, (_, a, _, s) in enumerate(phone)]
    )


def test_an_agent_is_rare_or_everybodys() -> None:
    agent = Suspect(SuspectKind.AGENT, "curl/7")
    assert not shared(agent, [("", f"192.0.2.{n}", "curl/7", "200") for n in range(10)])
    assert shared(agent, [("", f"192.0.2.{n}", "curl/7", "200") for n in range(11)])
    assert shared(agent, [(f"user{n}", "192.0.2.1", "curl/7", "200") for n in range(5)])


@pytest.mark.parametrize("kind", [SuspectKind.REQUEST, SuspectKind.CANARY, SuspectKind.PAGE])
def test_strong_keys_are_never_everybodys(kind: SuspectKind) -> None:
    assert not shared(Suspect(kind, "x"), office(1000, 100))
