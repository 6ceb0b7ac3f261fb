"""Which lines an entry takes, what an own scanner may do, and what correlations get to see."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from extriage.analysis.findings import gather
from extriage.analysis.linefit import LineFit, wildcards
from extriage.analysis.suppressed import Account, mentioned, uses
from extriage.analysis.suppression import Place, episodes, more_than_a_probe, suppressor
from extriage.knowledge.logsources import load_logsources
from extriage.matchers.prefilter import Watch
from extriage.matchers.sigma import RuleSet, load_rules
from extriage.model.detection import About, Certainty, Evidence, Level, Rule, Stage
from extriage.model.evidence import Origin, Record
from extriage.model.host import Status, Verdict
from extriage.model.reading import Kept
from extriage.model.suppression import Suppression
from extriage.pipeline import collect
from extriage.pipeline.collect import Collector

NOON = datetime(2021, 3, 10, 12, tzinfo=UTC)
ENTRY = Suppression("k.yml:1", "x")
SCANNER = replace(ENTRY, id="k.yml:9", scanner="Nessus", addresses=("10.0.0.0/8",))

BASE = """
title: base
name: base
logsource: {product: exchange, service: httpproxy}
detection:
  a: {UrlStem: /owa/knock.js}
  condition: a
level: low
extriage: {stage: probed, certainty: confirmed, campaign: proxylogon}
"""
WEAK = """
title: weak
name: weak
correlation:
  type: event_count
  rules: [base]
  group-by: [ClientIpAddress]
  timespan: 1h
  condition: {gte: 2}
level: medium
extriage: {stage: reached, certainty: likely, campaign: proxylogon}
"""
STRONG = """
title: strong
name: strong
correlation:
  type: event_count
  rules: [weak]
  group-by: [ClientIpAddress]
  timespan: 1h
  condition: {gte: 1}
  generate: true
level: high
extriage: {stage: planted, certainty: likely, campaign: proxylogon}
"""


@pytest.fixture
def ruleset(tmp_path: Path) -> RuleSet:
    for name, text in (("base", BASE), ("weak", WEAK), ("strong", STRONG)):
        (tmp_path / f"{name}.yml").write_text(text)
    found = load_rules([tmp_path], load_logsources())
    assert found.refused == ()
    return found


def record(address: str = "10.1.1.1", line: int = 2, **changes: Any) -> Record:
    fields = {"UrlStem": "/owa/knock.js", "ClientIpAddress": address}
    made = Record(
        "httpproxy", NOON, Origin("EX01/x.LOG", line, line * 9), {**fields}, f"line {line}"
    )
    return replace(made, **changes)


def evidence(**changes: Any) -> Evidence:
    return replace(Evidence("EX01/x.LOG", 2, 18, "line 2", "0" * 64, NOON), **changes)


def rule(**changes: Any) -> Rule:
    made = Rule(
        *("r", "r", "", Level.HIGH, None, Certainty.LIKELY, "c", (), (), (), (), (), "", ""),
    )
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("changes", "more"),
    [
        ({}, False),
        ({"stage": Stage.PROBED, "certainty": Certainty.CONFIRMED}, False),
        ({"stage": Stage.REACHED}, False),
        ({"stage": Stage.REACHED, "certainty": Certainty.CONFIRMED}, True),
        ({"stage": Stage.PLANTED, "certainty": Certainty.POSSIBLE}, True),
        ({"stage": Stage.TAKEN}, True),
        ({"hints": Stage.REACHED, "certainty": Certainty.CONFIRMED}, False),
        ({"hints": Stage.PLANTED}, True),
        ({"stage": Stage.PROBED, "about": About.PERSISTENCE}, True),
        ({"about": About.EXPOSURE}, True),
        ({"about": About.WEAKNESS}, False),
    ],
)
def test_a_scanner_may_probe_and_no_more(changes: dict[str, Any], more: bool) -> None:
    assert more_than_a_probe(rule(**changes)) is more


@pytest.mark.parametrize(
    ("address", "fits"),
    [
        ("10.1.1.1", True),
        ("10.1.1.1:4711", True),
        ("::ffff:10.1.1.1", True),
        ("2001:db8::7", True),
        ("[2001:DB8:0::7]:443", True),
        ("2001:db8::7%5", True),
        ("110.1.1.1", False),
        ("10.1.1", False),
        ("", False),
        ("-", False),
        ("10.1.1.1, 192.0.2.1", False),
        ("9" * 5000, False),
    ],
)
def test_an_address_is_read_as_logs_write_it(address: str, fits: bool) -> None:
    fit = LineFit(replace(ENTRY, addresses=("10.0.0.0/8", "2001:db8::7")))
    assert (fit.late(record(address), evidence()) is not None) is fits


def test_one_of_several_accounts_or_paths_is_enough() -> None:
    fields = {
        "SubjectUserName": ("svc-scan", "other"),
        "TargetUserName": "admin",
        "ObjectName": r"C:\inetpub\wwwroot\aspnet_client\probe.aspx",
    }
    seen = record(fields=fields)
    for name in ("SVC-SCAN", "admin"):
        changes: dict[str, Any] = {"accounts": (name,)}
        assert LineFit(replace(ENTRY, **changes)).late(seen, evidence()) is False
    for path in (r"c:\inetpub\*\probe.aspx", "C:/inetpub/wwwroot/*", "*/probe.asp?", "ex01/x.log"):
        assert LineFit(replace(ENTRY, paths=(path,))).late(seen, evidence()) is False
    assert LineFit(replace(ENTRY, paths=("probe.aspx",))).late(seen, evidence()) is None


def test_a_line_that_fits_no_columns_names_nobody() -> None:
    raw = record(fields={}, raw=True)
    for key, value in (("addresses", "0.0.0.0/0"), ("accounts", "*"), ("agents", "*")):
        changes: dict[str, Any] = {key: (value,)}
        assert LineFit(replace(ENTRY, **changes)).late(raw, evidence(raw=True)) is None
    assert LineFit(replace(ENTRY, paths=("*/x.log",))).late(raw, evidence(raw=True)) is False


def test_a_line_without_a_time_fits_no_time() -> None:
    fit = LineFit(replace(ENTRY, since=NOON, until=NOON))
    assert fit.late(record(), evidence()) is False
    assert fit.late(record(), evidence(time=None)) is None
    assert fit.late(record(), evidence(time=NOON + timedelta(seconds=1))) is None


def test_many_patterns_and_hostile_texts_take_no_time() -> None:
    fits = wildcards(["*a" * 100, *(f"x{n}*" for n in range(500)), *(f"y{n}" for n in range(5000))])
    assert fits("X499abc")
    assert fits("Y4999")
    assert not fits("a" * 1_000_000 + "b")
    assert not fits("\ud800\x00")
    assert fits("\u212a") is False


def collected(ruleset: RuleSet, *entries: Suppression, addresses: list[str]) -> Collector:
    made = Collector(frozenset({"base", "weak"}), suppressor(entries, ruleset))
    (base,) = ruleset.rules
    watch = Watch(base, base.targets[0])
    for line, address in enumerate(addresses, start=2):
        made.add(watch, record(address, line), f"line {line}".encode())
    return made


def met(ruleset: RuleSet, made: Collector, *entries: Suppression) -> tuple[dict[str, int], Account]:
    account, asked, place = Account(), suppressor(entries, ruleset), Place("EX01", "f" * 64)
    kept = [seen for one in made.kept.values() if (seen := account.sort(one, place, asked))]
    joins = [account.step(match, place, asked) for match in made.joins]
    found = gather("EX01", ruleset, kept, joins)
    account.see(found, asked)
    return {one.rule: one.count for one in found}, account


def test_a_scanner_is_seen_by_strong_correlations_only(ruleset: RuleSet) -> None:
    made = collected(ruleset, SCANNER, addresses=["10.0.0.1", "10.0.0.1", "192.0.2.1"])
    found, account = met(ruleset, made, SCANNER)
    assert found == {"strong": 2}
    assert {at: [(k.rule, k.count) for k in v] for at, v in account.by_entry().items()} == {
        0: [("base", 2)]
    }
    assert account.shown == {0: {"strong": 2}}
    (use,) = uses([account], suppressor([SCANNER], ruleset))
    assert (use.lines, use.shown, use.note) == (2, 2, "")


def test_an_entry_for_a_step_keeps_it_from_all_correlations(ruleset: RuleSet) -> None:
    entry = replace(ENTRY, rules=("base",), addresses=("10.0.0.1",))
    made = collected(ruleset, entry, addresses=["10.0.0.1", "10.0.0.1", "192.0.2.1", "192.0.2.1"])
    found, _ = met(ruleset, made, entry)
    assert found == {"weak": 2, "strong": 2}


def test_an_entry_for_a_correlation_leaves_those_above_it(ruleset: RuleSet) -> None:
    entry = replace(ENTRY, rules=("weak",))
    made = collected(ruleset, entry, addresses=["10.0.0.1", "10.0.0.1"])
    found, account = met(ruleset, made, entry)
    assert found == {"strong": 2}
    assert [(k.rule, k.count) for k in account.by_entry()[0]] == [("weak", 2)]


def test_the_first_entry_that_fits_takes_a_line(ruleset: RuleSet) -> None:
    entries = (replace(ENTRY, rules=("base",)), replace(ENTRY, id="k.yml:2", rules=("b*",)))
    made = collected(ruleset, *entries, addresses=["10.0.0.1"])
    _, account = met(ruleset, made, *entries)
    notes = [use.note for use in uses([account], suppressor(entries, ruleset))]
    assert notes[0] == ""
    assert "an earlier entry took all" in notes[1]


def test_suppressed_lines_do_not_crowd_others_out_of_correlations(
    ruleset: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "JOIN_LIMIT", 3)
    entry = replace(ENTRY, addresses=("10.0.0.1",))
    addresses = ["10.0.0.1"] * 5 + ["192.0.2.1"] * 2
    made = collected(ruleset, entry, addresses=addresses)
    assert len(made.joins) == 5
    assert len(made.notes()) == 1
    assert met(ruleset, made, entry)[0]["strong"] == 2


def test_a_clock_that_was_wrong_lets_no_entry_with_times_fit(ruleset: RuleSet) -> None:
    timed = replace(ENTRY, rules=("base",), since=NOON, until=NOON)
    made = collected(ruleset, timed, addresses=["10.0.0.1", "10.0.0.1"])
    made.shift(timedelta(hours=5))
    found, account = met(ruleset, made, timed)
    assert found == {"weak": 2, "strong": 2}
    assert account.by_entry() == {}


def test_episodes_are_those_of_the_engine_when_nothing_is_barred(ruleset: RuleSet) -> None:
    made = collected(ruleset, addresses=["10.0.0.1", "10.0.0.1"])
    found = [(one.rule.id, len(matches)) for one, matches in episodes(ruleset, made.joins)]
    assert found == [("weak", 2), ("strong", 2)]
    assert all(one.held == () for one in made.joins)
    assert made.kept == {}, "a rule that only serves correlations is no finding"


def test_lines_of_different_entries_are_kept_apart(ruleset: RuleSet) -> None:
    entry = replace(ENTRY, addresses=("10.0.0.1",))
    made = collected(ruleset, entry, addresses=["10.0.0.1", "192.0.2.1"])
    assert sorted(one.held for one in made.kept.values()) == [((0, False),)]
    speaking = replace(ruleset, rules=tuple(replace(r, generate=True) for r in ruleset.rules))
    made = collected(speaking, entry, addresses=["10.0.0.1", "192.0.2.1"])
    assert sorted(one.held for one in made.kept.values()) == [(), ((0, False),)]


def test_a_verdict_that_stays_the_same_is_left_alone() -> None:
    verdict = Verdict(Status.TARGETED, Stage.PROBED, Certainty.CONFIRMED, "So it is.")
    assert mentioned(verdict, verdict, (), ()) is verdict


def test_kept_lines_know_what_they_share() -> None:
    assert Kept("r", "EX01", raw=False).key == ("r", "EX01", False, ())
