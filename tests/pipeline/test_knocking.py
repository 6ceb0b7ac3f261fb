"""Requests are counted by address, each once, in bounded memory and in any order."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from extriage.knowledge.joins import keys_of
from extriage.matchers.sigma import RuleSet
from extriage.model.detection import Evidence, Rule, Stage
from extriage.model.evidence import Fields, Origin, Record
from extriage.model.reading import Knocks
from extriage.pipeline import knocking
from extriage.pipeline.aftermath import knocks_by_address
from extriage.pipeline.knocking import Knocking, keep, together
from extriage.pipeline.pack import Content, load_pack

DAY = datetime(2021, 3, 3, tzinfo=UTC)
A, B = "203.0.113.7", "198.51.100.23"


def rules() -> RuleSet:
    return load_pack(Content()).ruleset


@pytest.fixture(scope="module")
def probe() -> Rule:
    return next(one.rule for one in rules().rules if one.rule.stage is Stage.PROBED)


def seen(counted: Knocking, number: int, address: str, *met: Rule, kind: str = "iis") -> None:
    fields: Fields = {
        "c-ip": address,
        "cs-uri-stem": f"/ecp/{number % 9}.aspx",
        "s-port": "443",
    }
    time = DAY + timedelta(seconds=number)
    record = Record(kind, time, Origin("u.log", number), fields, "")
    line = Evidence("u.log", number, 0, "", "", time, keys=keys_of(fields), kind=kind)
    for rule in met:
        counted.see(rule, record, line)


def test_a_request_counts_once_however_many_rules_it_meets(probe: Rule) -> None:
    hint = replace(probe, stage=None)
    counted = Knocking()
    seen(counted, 1, A, hint, probe, probe)
    seen(counted, 2, A, hint)
    seen(counted, 3, B, hint, hint)
    found = {one.address: (one.requests, one.probes) for one in counted.found.values()}
    assert found == {A: (2, 1), B: (1, 0)}


def test_of_two_logs_the_fuller_one_counts(probe: Rule) -> None:
    web, proxy = Knocking(), Knocking()
    for number in range(48):
        seen(web, number, A, probe)
    for number in range(24):
        seen(proxy, number, A, probe, kind="httpproxy")
    both = [*web.found.values(), *proxy.found.values()]
    (knock,) = knocks_by_address(both).values()
    assert (knock.requests, knock.probes, knock.names) == (48, 48, 5)


def test_a_crowd_is_bounded_and_the_same_in_any_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knocking, "MOST", 50)
    every = [
        Knocks("", "iis", f"192.0.2.{n % 250}", DAY, DAY, requests=1, probes=1) for n in range(1000)
    ]
    told = []
    for seed in range(3):
        random.Random(seed).shuffle(every)
        kept: list[Knocks] = []
        for one in every:
            keep(kept, replace(one))
        told.append(sorted((o.address, o.requests) for o in together([kept])))
        assert len(kept) <= 8 * 50
    assert told[0] == told[1] == told[2]
    assert len(told[0]) == 51
    assert sum(many for _, many in told[0]) == 1000
    assert all(many == 4 for address, many in told[0] if address)
