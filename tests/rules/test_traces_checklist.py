"""The checklist of known traces is whole: each has rules that exist, or a reason for none."""

import re

import pytest

from rule_pages import coverage, traces

NUMBERS = {
    "PL": range(1, 32),
    "PS": range(1, 16),
    "PT": range(1, 4),
    "PO": range(1, 3),
    "E3": (1, 21, 22),
    "A": (1, 2, 4, 5, 6),
    "PN": range(1, 6),
    "OW": range(1, 7),
    "OM": range(1, 5),
    "NR": range(1, 4),
    "OX": range(1, 3),
    "HY": range(1, 4),
    "VS": range(1, 8),
    "IM": range(1, 8),
    "KL": range(1, 4),
    "TA": range(1, 4),
    "TR": range(1, 2),
    "MB": range(1, 5),
    "EW": range(1, 4),
    "AU": range(1, 2),
    "RG": range(1, 2),
    "RS": range(1, 4),
    "EX": range(1, 4),
    "HC": range(1, 4),
}
IDS = [f"{prefix}{number:02}" for prefix, numbers in NUMBERS.items() for number in numbers]
TRACES = {trace["id"]: trace for group in traces() for trace in group["traces"]}


def test_every_trace_is_there_once() -> None:
    listed = [trace["id"] for group in traces() for trace in group["traces"]]
    assert sorted(listed) == sorted(IDS)
    assert len(IDS) == 121


@pytest.mark.parametrize("name", IDS)
def test_a_trace_has_rules_that_exist_or_a_reason(name: str) -> None:
    trace = TRACES[name]
    assert trace.keys() <= {"id", "what", "rules", "reason"}
    assert len(trace["what"]) > 20
    rules = trace.get("rules", [])
    known = {rule for one in coverage().campaigns for rule in one.whole.rules}
    assert [rule for rule in rules if rule not in known] == []
    assert rules == sorted(set(rules))
    assert rules or re.fullmatch(r"[A-Z].{20,}\.", trace["reason"]), "say why there is no rule"
