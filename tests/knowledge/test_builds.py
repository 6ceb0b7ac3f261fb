"""Builds and fixes: the tables parse, fit each other, and give the states that are known.

`reference_cases.csv` holds builds and vulnerabilities with the state that Microsoft's own lists
give, before support and configuration are weighed.
"""

import csv
from pathlib import Path

import pytest

from extriage.knowledge.builds import build_table, number, spell
from extriage.knowledge.campaigns import campaigns
from extriage.model.host import State

CASES = Path(__file__).with_name("reference_cases.csv")


def reference_cases() -> list[tuple[str, str, str]]:
    with CASES.open(encoding="utf-8", newline="") as file:
        return [(row["build"], row["cve"], row["state"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize(("build", "cve", "state"), reference_cases())
def test_a_build_has_the_state_that_is_known(build: str, cve: str, state: str) -> None:
    found = number(build)
    assert found is not None
    assert build_table().state(cve, found) == State(state)


def test_the_tables_parse_and_every_fixed_build_has_four_numbers() -> None:
    table = build_table()
    assert len(table.builds) > 400
    assert len(table.fixes) > 900
    assert {build.product for build in table.builds} >= {"2010", "2013", "2016", "2019", "SE"}
    assert all(fix.cve.startswith(("CVE-", "ADV")) for fix in table.fixes)


def test_every_fix_is_of_a_product_that_has_builds() -> None:
    table = build_table()
    known = {build.product for build in table.builds}
    assert {fix.product for fix in table.fixes} <= known


def test_every_cve_of_a_campaign_has_fixes_for_each_product_that_was_open_to_it() -> None:
    fixed = {(fix.cve, fix.product) for fix in build_table().fixes}
    wanted = {
        (cve.id, product)
        for campaign in campaigns()
        for cve in campaign.cves
        for product in cve.products
    }
    assert wanted
    assert wanted - fixed == set()


@pytest.mark.parametrize(
    ("text", "build"),
    [
        ("15.1.2507.44", "15.1.2507.44"),
        ("15.01.2507.044", "15.1.2507.44"),
        ("15,1,2507,44", "15.1.2507.44"),
        (" 14.3.123.4 ", "14.3.123.4"),
    ],
)
def test_a_build_is_read_in_every_spelling(text: str, build: str) -> None:
    found = number(text)
    assert found is not None
    assert spell(found) == build


@pytest.mark.parametrize("text", ["", "15.1.2507", "15.1.2507.44.1", "CU23", "15.1.2507.x"])
def test_what_is_no_build_is_none(text: str) -> None:
    assert number(text) is None


def test_a_build_between_two_known_ones_is_named_after_the_lower() -> None:
    between = number("15.1.2176.3")
    assert between is not None
    known = build_table().name(between)
    assert known is not None
    assert known.number <= between
    assert known.number[:3] == between[:3]


def test_a_build_above_the_table_is_never_an_error() -> None:
    newest = max(build.number for build in build_table().builds)
    above = (newest[0], newest[1], newest[2], newest[3] + 1000)
    table = build_table()
    assert table.product(above) == "SE"
    assert table.state("CVE-2021-26855", above) in (None, State.FIXED)
