"""Axe finds nothing to object to: contrast, names, roles, order, size of targets."""

import json
from functools import cache
from importlib.resources import files

import pytest
from cases import flooded
from desk import Desk, Scheme, View
from measuring import open_all
from playwright.sync_api import Page
from worlds import CASES_TO_SEE, everything, page_of, slim, three_servers

from extriage.model.case import Case

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
HOSTILE = '"><img src=x onerror=pwn(1)> \u202e {{7*7}} ' + "a" * 90


@cache
def axe() -> str:
    pytest.importorskip("axe_playwright_python")
    return (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")


def objections(page: Page, only: str = "") -> list[str]:
    """Return each violation, with its first elements; `only` names a single rule to ask."""
    page.evaluate(axe())
    run = {"type": "rule", "values": [only]} if only else {"type": "tag", "values": TAGS}
    options = json.dumps({"runOnly": run, "resultTypes": ["violations"]})
    told = page.evaluate(
        f"async () => (await axe.run(document, {options})).violations"
        ".map((one) => `${one.id}: ${one.help}: `"
        " + one.nodes.slice(0, 3).map((node) => node.target.join(' ') + ' '"
        " + (node.any[0]?.message || node.all[0]?.message || '')).join(' | '))"
    )
    found: list[str] = told
    return found


def laid(desk: Desk, case: Case, scheme: Scheme, width: int = 1280) -> Page:
    return desk.lay(page_of(case), View(width=width, scheme=scheme, policy=False))


@pytest.mark.parametrize("name", CASES_TO_SEE)
def test_axe_has_no_objection(desk: Desk, name: str) -> None:
    page = laid(desk, CASES_TO_SEE[name], "light")
    open_all(page)
    assert objections(page) == []


@pytest.mark.parametrize("name", CASES_TO_SEE)
def test_axe_has_no_objection_to_the_dark(desk: Desk, name: str) -> None:
    """Between the themes nothing differs but the colours."""
    page = laid(desk, CASES_TO_SEE[name], "dark")
    open_all(page)
    assert objections(page, "color-contrast") == []


def test_axe_has_no_objection_to_what_is_folded(desk: Desk) -> None:
    assert objections(laid(desk, three_servers(), "light")) == []


def test_axe_has_no_objection_on_a_phone(desk: Desk) -> None:
    page = laid(desk, everything(), "dark", 320)
    open_all(page)
    assert objections(page) == []


def test_axe_has_no_objection_to_hostile_texts(desk: Desk) -> None:
    page = laid(desk, slim(flooded(everything(), HOSTILE)), "light")
    open_all(page)
    assert objections(page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_has_no_objection_to_the_drawer(desk: Desk, scheme: Scheme) -> None:
    page = laid(desk, everything(), scheme)
    finding = everything().hosts[0].findings[0]
    page.evaluate("(id) => { location.hash = id }", f"#h0-finding-{finding.id}")
    page.locator("dialog#drawer[open]").wait_for()
    assert objections(page) == []


def test_axe_objects_to_what_is_bad(desk: Desk) -> None:
    page = desk.lay("<!doctype html><html><body><img src='data:,'><p>x", View(policy=False))
    found = " ".join(objections(page))
    assert "image-alt" in found
    assert "html-has-lang" in found
