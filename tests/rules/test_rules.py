"""Every rule of ours keeps its promises: its case has lines that it must find and must not find."""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from extriage.knowledge.campaigns import campaigns
from extriage.knowledge.logsources import load_logsources
from extriage.matchers.sigma import CompiledRule, RuleSet, correlate, load_rules
from extriage.model.detection import Certainty, Level, Rule, Stage
from extriage.model.evidence import Record
from extriage.pipeline import rulecase
from extriage.pipeline.disguised import made
from extriage.pipeline.pack import Content, load_pack
from extriage.pipeline.pages import searched, with_texts
from extriage.pipeline.rulecase import CASES, RuleCase, headers, load_cases, run_cases

HERE = Path(__file__).parent
RULES = Path(str(files("extriage"))) / "content" / "rules"
NAMES = sorted(path.relative_to(RULES).with_suffix("") for path in RULES.rglob("*.yml"))
SIDES = (("match", True), ("no_match", False))
OF_HIVES = {"autostart", "certificate-request", "port-proxy", "program-file", "service"}


@cache
def ruleset() -> RuleSet:
    return load_rules([RULES], load_logsources())


@cache
def rules() -> dict[str, Rule]:
    found = [one.rule for one in ruleset().rules]
    found += [one.rule for one in ruleset().correlations]
    return {rule.id: rule for rule in found}


@cache
def singles() -> dict[str, CompiledRule]:
    return {one.rule.id: one for one in ruleset().rules}


def cases(name: Path) -> list[RuleCase]:
    return load_cases((CASES / name).with_suffix(".yml"))


def meets(rule: CompiledRule, record: Record) -> bool:
    """Evaluate the rule, and check on the way that its literals never hide what it finds."""
    found = False
    for target in rule.targets:
        if target.kind == record.kind and target.matches(record):
            found = True
            text = record.text.encode().lower()
            if "unmasked" in record.fields:
                text += made(record, ())
            if record.kind == "web-file":
                text += searched(with_texts(record, b""))
            for clause in target.clauses:
                assert any(literal in text for literal in clause), (rule.rule.id, clause)
    return found


def test_every_rule_is_loaded_and_none_is_refused() -> None:
    assert [refused.reason for refused in ruleset().refused] == []
    assert sorted(rules()) == sorted(name.name for name in NAMES)


def yara_names() -> set[Path]:
    """Return the rules in YARA; tests/rules/test_yara_rules.py looks at them."""
    return {Path(one.rule.campaign) / one.rule.id for one in load_pack(Content()).yara.rules}


def test_every_case_has_its_rule() -> None:
    files_there = {path.relative_to(CASES).with_suffix("") for path in CASES.glob("*/*.yml")}
    assert files_there == {*NAMES, *yara_names()}


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_a_rule_says_what_an_analyst_needs(name: Path) -> None:
    rule = rules()[name.name]
    written = yaml.safe_load((RULES / name).with_suffix(".yml").read_text("utf-8"))
    assert written["name"] == name.name, "the name is the file's"
    assert {"id", "title", "status", "author", "date", "tags", "level"} <= written.keys()
    assert rule.description
    assert all(link.startswith("https://") for link in rule.references)
    assert rule.references
    assert rule.look_alikes
    assert rule.cves or rule.attack
    assert rule.campaign in {campaign.id for campaign in campaigns()}
    if rule.level is Level.INFORMATIONAL:
        assert rule.stage is None, "what informs only must not claim a stage"
        assert rule.hints is None
    else:
        assert rule.stage or rule.hints or rule.about
    assert rule.kinds


@pytest.mark.parametrize("name", NAMES, ids=str)
def test_a_rule_finds_its_lines_and_leaves_the_others(name: Path) -> None:
    rule = singles().get(name.name)
    found = cases(name)
    if rule is None:
        assert all({"match_sequence", "no_match_sequence"} <= case.items.keys() for case in found)
        return
    for case in found:
        for side, expected in SIDES:
            assert case.items[side], f"{name}: no line under {side}"
            for item in case.items[side]:
                met = [meets(rule, record) for record in case.records(item)]
                assert any(met) is expected, f"{side}: {case.text(item)}"
    first = found[0].items["match"][0]
    # NOTE: hives and libraries are no text, so what they say is given by their fields.
    raw = (
        isinstance(first, str)
        or not first.keys().isdisjoint({"join", "first"})
        or first.get("Subject") in OF_HIVES
        or "Descriptor" in first
        or "sha256" in first
        or found[0].kind in ("compiled-assembly", "page-comparison", "page-life")
    )
    assert raw, "the first line is as the server writes it"


@pytest.mark.parametrize("name", [n for n in NAMES if n.name not in singles()], ids=str)
def test_a_correlation_joins_its_sequence_and_no_other(name: Path) -> None:
    for case in cases(name):
        for side, expected in SIDES:
            items = case.items[f"{side}_sequence"]
            lines = enumerate(items, start=2)
            records = [one for line, item in lines for one in case.records(item, line)]
            fired = {
                one.rule.id
                for one, _ in correlate(ruleset(), rulecase.matches_of(ruleset(), records))
            }
            assert (name.name in fired) is expected, f"{side}_sequence"


def scenarios() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted((HERE / "stages").glob("*.yml")):
        found += yaml.safe_load(path.read_text("utf-8"))
    return found


def scene(scenario: dict[str, Any]) -> RuleCase:
    header = headers()[scenario["header"]] if "header" in scenario else ""
    return RuleCase("stages", scenario.get("artifact", ""), header, {}, scenario.get("kind", ""))


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: str(scenario["name"]))
def test_all_lines_together_claim_no_more_than_they_prove(scenario: dict[str, Any]) -> None:
    case = scene(scenario)
    lines = enumerate(scenario["lines"], start=2)
    records = [one for line, item in lines for one in case.records(item, line)]
    matches = rulecase.matches_of(ruleset(), records)
    fired = {match.rule for match in matches if singles()[match.rule].generate}
    fired |= {one.rule.id for one, _ in correlate(ruleset(), matches)}
    assert set(scenario.get("rules", ())) <= fired
    claims = [rules()[name] for name in fired]
    ranks = [(rule.stage.rank, rule.certainty.rank) for rule in claims if rule.stage]
    top = max(ranks, default=(0, 0))
    if not scenario["stage"]:
        assert top == (0, 0), "nothing may be claimed, and only what is named may even hint"
        assert fired == set(scenario.get("rules", ()))
        return
    assert top[0] == Stage(scenario["stage"]).rank
    if "certainty" in scenario:
        assert top[1] == Certainty(scenario["certainty"]).rank


def test_evidence_that_a_verdict_relies_on_is_read_by_a_rule_for_that_cve() -> None:
    """`Not seen` may only be said of a log in which a rule would have seen it."""
    for campaign in campaigns():
        for cve in campaign.cves:
            read = {kind for rule in rules().values() if cve.id in rule.cves for kind in rule.kinds}
            for need in cve.needs:
                assert need.partition(":")[0] in read, (cve.id, need)


def test_every_rule_that_reads_logs_has_a_literal_of_five_characters() -> None:
    """A line log is read at memory speed only if a rare text leads to the lines that matter."""
    weak = []
    for rule in singles().values():
        for target in rule.targets:
            longest = max((min(map(len, clause)) for clause in target.clauses), default=0)
            if longest < 5 and target.kind != "web-file":
                weak.append((rule.rule.id, target.kind, target.clauses))
    assert weak == []


def test_a_case_that_fails_says_why(tmp_path: Path) -> None:
    name = "httpproxy_ssrf_anchor_cve_2021_26855"
    row = "{UrlStem: /ecp/x.js, AnchorMailbox: 'Sid~S-1-5-21-1'}"
    text = f"artifact: x.LOG\nheader: httpproxy-2016\nmatch: [{row}]\nno_match: []\n"
    (tmp_path / f"{name}.yml").write_text(text)
    (tmp_path / "no_such_rule.yml").write_text(text)
    (tmp_path / "httpproxy_ssrf_mapi_cve_2021_26855.yml").write_text("artifact: [")
    problems = {one.name: one.problem for one in run_cases(ruleset(), [tmp_path])}
    assert problems[f"{name} match 1"].startswith("does not match: ")
    assert "no rule of this name" in problems["no_such_rule"]
    assert "is no rule case" in problems["httpproxy_ssrf_mapi_cve_2021_26855"]
