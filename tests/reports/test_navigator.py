"""Layers for the ATT&CK Navigator hold to the documented format, whatever the evidence says.

The checks follow https://github.com/mitre-attack/attack-navigator, layers/spec/v4.5.
"""

import csv
import io
import json
import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cases import CASES, case, finding, flooded, host, of_hosts
from payloads import PAYLOADS

from extriage.analysis.rulecoverage import RuleCoverage, rule_coverage, rule_sources
from extriage.knowledge.logsources import load_logsources
from extriage.matchers.sigma import load_rules
from extriage.model.case import Case
from extriage.model.detection import Certainty, Stage
from extriage.reports import REPORTS, RenderOptions
from extriage.reports.rulecoverage import FORMATS

COLOR = re.compile(r"#[0-9a-f]{6}")
LAYER = {
    "name": str,
    "versions": dict,
    "domain": str,
    "description": str,
    "sorting": int,
    "layout": dict,
    "hideDisabled": bool,
    "techniques": list,
    "gradient": dict,
    "legendItems": list,
    "metadata": list,
}
TECHNIQUE = {
    "techniqueID": str,
    "score": int,
    "color": str,
    "comment": str,
    "enabled": bool,
    "metadata": list,
    "links": list,
}


def layer_of(case: Case) -> dict[str, Any]:
    layer: dict[str, Any] = json.loads(REPORTS["navigator"].render(case, RenderOptions()))
    return layer


def check(layer: dict[str, Any]) -> None:
    """Hold a layer against the property tables of the format."""
    assert {name: type(value) for name, value in layer.items()} == LAYER
    assert layer["name"]
    assert layer["domain"] == "enterprise-attack"
    assert layer["versions"]["layer"] == "4.5"
    assert tuple(map(int, layer["versions"]["navigator"].split("."))) >= (4, 9, 0)
    assert layer["sorting"] in range(4)
    assert layer["layout"]["layout"] in ("side", "flat", "mini")
    assert layer["layout"]["expandedSubtechniques"] in ("none", "all", "annotated")
    gradient = layer["gradient"]
    assert gradient["maxValue"] > gradient["minValue"]
    assert len(gradient["colors"]) >= 2
    assert all(COLOR.fullmatch(color) for color in gradient["colors"])
    for item in layer["legendItems"]:
        assert item.keys() == {"label", "color"}
        assert COLOR.fullmatch(item["color"])
    check_pairs(layer["metadata"])
    ids = [technique["techniqueID"] for technique in layer["techniques"]]
    assert ids == sorted(set(ids))
    for technique in layer["techniques"]:
        check_technique(technique, gradient)


def check_technique(technique: dict[str, Any], gradient: dict[str, Any]) -> None:
    assert {name: type(value) for name, value in technique.items()} == TECHNIQUE
    assert re.fullmatch(r"T\d{4}(\.\d{3})?", technique["techniqueID"])
    assert gradient["minValue"] <= technique["score"] <= gradient["maxValue"]
    assert COLOR.fullmatch(technique["color"])
    check_pairs(technique["metadata"])
    for link in technique["links"]:
        assert link.keys() == {"label", "url"}
        assert link["url"].startswith("https://attack.mitre.org/techniques/T")


def check_pairs(pairs: list[dict[str, str]]) -> None:
    for pair in pairs:
        assert pair.keys() == {"name", "value"}
        assert all(isinstance(text, str) and text for text in pair.values())


@pytest.mark.parametrize("name", CASES)
def test_a_layer_keeps_to_the_format(name: str) -> None:
    check(layer_of(CASES[name]))


def test_a_technique_has_the_furthest_stage_and_names_its_findings() -> None:
    layer = layer_of(case())
    (technique,) = layer["techniques"]
    assert (technique["techniqueID"], technique["score"]) == ("T1190", 43)
    first, *others = technique["comment"].splitlines()
    assert first == (
        "f-proxylogon-iis-shell-used EXCH01.contoso.test: Page planted by the attacker answered "
        "POST requests (executed, confirmed; 14 lines)"
    )
    assert len(others) == len(case().hosts[0].findings) - 1
    about = {pair["name"]: pair["value"] for pair in technique["metadata"]}
    assert about["campaigns"] == "proxylogon"
    assert about["first"] == "2021-02-02T01:00:07Z"
    servers = {pair["name"]: pair["value"] for pair in layer["metadata"]}
    assert servers["EXCH01.contoso.test"] == "compromised, executed, confirmed"


def test_what_claims_nothing_scores_nothing_and_what_is_no_technique_is_left_out() -> None:
    found = (
        finding("a", None, [], attack=("T1595.002", "G0125", "t1190", "T1190 ")),
        finding("c", None, [], attack=("T1595.002",), hints=Stage.ACTED),
        finding("b", Stage.TAKEN, [], attack=("T1114",), certainty=Certainty.POSSIBLE, count=1),
    )
    layer = layer_of(of_hosts(replace(host(), findings=found)))
    check(layer)
    scores = {one["techniqueID"]: one["score"] for one in layer["techniques"]}
    assert scores == {"T1114": 61, "T1595.002": 0}
    assert "C (hints at acted; 0 lines)" in layer["techniques"][1]["comment"]
    assert "A (no stage claimed; 0 lines)" in layer["techniques"][1]["comment"]


def test_many_findings_are_counted_not_listed() -> None:
    found = tuple(finding(f"r{n:02}", Stage.PROBED, []) for n in range(30))
    (technique,) = layer_of(of_hosts(replace(host(), findings=found)))["techniques"]
    lines = technique["comment"].splitlines()
    assert (len(lines), lines[-1]) == (21, "and 10 more findings")


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_in_every_field_stays_a_harmless_text(payload: str) -> None:
    hostile = flooded(case(), payload)
    server = hostile.hosts[0]
    shown = tuple(replace(one, attack=("T1190", payload)) for one in server.findings)
    layer = layer_of(replace(hostile, hosts=(replace(server, findings=shown),)))
    check(layer)
    assert [one["techniqueID"] for one in layer["techniques"]] == ["T1190"]
    texts = list(strings(layer))
    assert max(map(len, texts)) < 8_000
    hidden = {char for text in texts for char in text if unicodedata.category(char)[0] == "C"}
    assert hidden <= {"\n"}


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in strings(one)]


RULE = """
title: "{name} <b>"
name: {name}
logsource: {source}
tags: [attack.t1190, attack.t1505.003]
detection:
  a: {{{field}: /knock.aspx}}
  condition: a
extriage: {{campaign: {campaign}, {key}: {stage}}}
"""
JOINED = """
title: joined
name: joined
tags: [attack.t1114]
correlation:
  type: temporal
  rules: [one, three]
  group-by: [x]
  timespan: 1h
extriage: {stage: taken, certainty: likely}
"""


@pytest.fixture
def coverage(tmp_path: Path) -> RuleCoverage:
    proxy, events = (
        "{product: exchange, service: httpproxy}",
        "{product: windows, service: security}",
    )
    for name, source, campaign, key, stage in (
        ("one", proxy, "proxylogon", "stage", "probed"),
        ("two", proxy, "proxylogon", "hints", "taken"),
        ("three", events, "of-mine", "stage", "planted"),
    ):
        field = "UrlStem" if source is proxy else "ObjectName"
        text = RULE.format(
            name=name, source=source, campaign=campaign, key=key, stage=stage, field=field
        )
        (tmp_path / f"{name}.yml").write_text(text)
    (tmp_path / "joined.yml").write_text(JOINED)
    ruleset = load_rules([tmp_path], load_logsources())
    assert [one.reason for one in ruleset.refused] == []
    assert rule_sources(ruleset)["joined"] == ("events:Security", "httpproxy")
    return rule_coverage(ruleset)


def test_rules_are_summed_up_by_campaign_and_log(coverage: RuleCoverage) -> None:
    document = json.loads(FORMATS["json"](coverage))
    assert [one["campaign"] for one in document["campaigns"]] == ["proxylogon", "of-mine", ""]
    known = document["campaigns"][0]
    assert known["sources"] == [
        {"source": "httpproxy", "stage": "probed", "hints": "taken", "rules": ["one", "two"]}
    ]
    assert [one["source"] for one in document["campaigns"][2]["sources"]] == [
        "events:Security",
        "httpproxy",
    ]
    assert [one["technique"] for one in document["techniques"]] == ["T1114", "T1190", "T1505.003"]
    assert document["techniques"][1]["campaigns"] == ["of-mine", "proxylogon"]


def test_the_screen_says_what_is_proved_and_what_hinted_at(coverage: RuleCoverage) -> None:
    shown = FORMATS["text"](coverage)
    assert re.search(
        r"^ProxyLogon.*\n  HttpProxy logs +probed +2 rules, hints at taken$", shown, re.M
    )
    assert re.search(r"^\(no campaign\)\n  Security events +taken +1 rule$", shown, re.M)
    assert "4 rules, 3 campaigns, 3 ATT&CK techniques" in shown


def test_the_table_has_a_row_for_each_campaign_and_log(coverage: RuleCoverage) -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](coverage))))
    assert len(rows) == 4
    assert rows[0]["rules"] == "one two"
    assert (rows[0]["stage"], rows[0]["hints"], rows[0]["count"]) == ("probed", "taken", "2")


def test_the_layer_of_rules_keeps_to_the_format(coverage: RuleCoverage) -> None:
    layer = json.loads(FORMATS["navigator"](coverage))
    check(layer)
    scores = {one["techniqueID"]: one["score"] for one in layer["techniques"]}
    assert scores == {"T1114": 60, "T1190": 60, "T1505.003": 60}
