"""A server with ten thousand findings: the page stays small, opens, and answers."""

import pytest
from desk import Desk
from measuring import open_all, settled, too_wide
from worlds import huge, page_of

from extriage.model.case import Case

LIMIT = 5 * 1024 * 1024
NODES = 60_000


@pytest.fixture(scope="module")
def document() -> str:
    return page_of(huge())


def test_ten_thousand_findings_fit_five_megabytes(document: str) -> None:
    case: Case = huge()
    assert len(case.hosts[0].findings) >= 10_000
    assert len(document.encode("utf-8")) <= LIMIT


def test_it_opens_answers_a_search_and_leads_to_the_evidence(desk: Desk, document: str) -> None:
    page = desk.lay(document)
    assert page.evaluate("() => document.querySelectorAll('*').length") < NODES
    page.evaluate("() => { location.hash = '#h0-sec-findings' }")
    table = page.locator("#h0-findings-table")
    table.locator("input[type=search]").fill("flood-5000")
    table.locator("tbody.rows-live tr").filter(has_text="Flood 5000").wait_for()
    table.locator("tbody.rows-live a").first.click()
    page.locator("dialog#drawer[open]").wait_for()
    assert "Flood 5000" in page.locator("#drawer-title").inner_text()
    page.keyboard.press("Escape")
    table.locator("th button").first.click()
    settled(page)
    assert page.evaluate("() => document.querySelectorAll('*').length") < NODES


def test_what_is_not_in_the_page_is_said(desk: Desk, document: str) -> None:
    page = desk.lay(document)
    open_all(page)
    notes = " ".join(page.locator(".rows-note").all_inner_texts())
    counts = page.evaluate(
        "() => Object.fromEntries(Object.entries(JSON.parse("
        "document.getElementById('data').textContent).tables.tables).map(([id, one]) =>"
        " [id, [one.rows?.length ?? -1, one.total ?? -1]]))"
    )
    short = {name: both for name, both in counts.items() if both[0] < both[1]}
    assert bool(short) == ("case.json" in notes)
    assert too_wide(page) == []
