"""No text of the evidence becomes more than text, whatever a reader does with the page."""

import pytest
from attacks import ATTACKS, CLASSES
from cases import flooded
from desk import Desk, View, resume
from measuring import settled
from playwright.sync_api import Browser, Page
from stirring import stir, visit
from watching import Shape, shape_of
from worlds import CASES_TO_SEE, crowd, everything, page_of, slim, three_servers

from extriage.model.case import Case
from extriage.reports.html import shell

HARMLESS = ("plain", "other words", "5", "/owa/x.aspx")
LONG = tuple(one for one in ATTACKS if len(one) > 250)
SHORT = tuple(one for one in ATTACKS if len(one) <= 250)
PER_PAGE = 24
PAGES = [SHORT[start : start + PER_PAGE] for start in range(0, len(SHORT), PER_PAGE)]
ONE_OF_EACH = [many[0] for many in CLASSES.values()]

SHADOWED = {"data", "location", "cookie", "body", "forms", "name", "document", "window", "self"}
"""Ids that would stand in the place of something that scripts ask the browser for."""


@pytest.fixture(scope="module")
def known(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Shape:
    """Return what pages are made of when nobody attacks, before and after everything was used."""
    resume(browser)
    desk = Desk(browser, tmp_path_factory.mktemp("harmless"))
    harmless = [crowd(HARMLESS), *CASES_TO_SEE.values()]
    shapes = []
    for one in harmless:
        page = desk.lay(page_of(one))
        shapes.append(shape_of(page))
        stir(page, "plain")
        shapes.append(shape_of(page))
        desk.forget(page)
    return Shape(
        frozenset[str]().union(*(shape.parts for shape in shapes)),
        frozenset[str]().union(*(shape.addresses for shape in shapes)),
        (),
    )


def odd(page: Page, known: Shape) -> list[str]:
    """Return every element, attribute, address or id that harmless pages do not have."""
    now = shape_of(page)
    ids = [one for one in now.ids if one in SHADOWED - {"data"} or now.ids.count(one) > 1]
    blanks = [one for one in now.ids if one.split() != [one]]
    return sorted({*now.parts - known.parts, *now.addresses - known.addresses, *ids, *blanks})


def harm(desk: Desk, case: Case, known: Shape, payload: str) -> list[str]:
    """Return everything wrong with a page of this case, before and after it was used."""
    page = desk.lay(page_of(case))
    found = odd(page, known)
    stir(page, payload)
    found += odd(page, known)
    return found + desk.forget(page)


def test_there_are_more_than_300_attacks() -> None:
    assert len(ATTACKS) > 300
    assert len(CLASSES) > 10


@pytest.mark.parametrize("payloads", PAGES, ids=range(len(PAGES)))
def test_attacks_in_every_field_stay_text(
    desk: Desk, known: Shape, payloads: tuple[str, ...]
) -> None:
    page = desk.lay(page_of(crowd(payloads)))
    found = odd(page, known)
    visit(page, {at: one for at, one in enumerate(payloads) if at % 3})
    found += odd(page, known)
    assert found + desk.forget(page) == []


@pytest.mark.parametrize("payload", LONG, ids=[f"{one[:12]!a}" for one in LONG])
def test_very_long_attacks_stay_text(desk: Desk, known: Shape, payload: str) -> None:
    assert harm(desk, slim(flooded(everything(), payload)), known, payload) == []


@pytest.mark.parametrize("payload", ONE_OF_EACH, ids=list(CLASSES))
def test_an_attack_on_the_only_server_stays_text(desk: Desk, known: Shape, payload: str) -> None:
    assert harm(desk, flooded(everything(), payload), known, payload) == []


@pytest.mark.parametrize("name", CASES_TO_SEE)
def test_an_attack_in_every_kind_of_case_stays_text(desk: Desk, known: Shape, name: str) -> None:
    payload = "\"'><img src=x onerror=pwn(1)></script><script>pwn(1)</script>{{7*7}}\u202e"
    assert harm(desk, flooded(CASES_TO_SEE[name], payload), known, payload) == []


def test_an_attack_stays_text_without_scripts(desk: Desk, known: Shape) -> None:
    for payloads in (PAGES[0], PAGES[5]):
        page = desk.lay(page_of(crowd(payloads)), View(scripts=False))
        assert odd(page, known) == []
        assert desk.forget(page) == []


def test_the_reader_sees_the_attack_itself(desk: Desk) -> None:
    """Texts are shown, not thrown away: a web shell's own words are evidence."""
    payload = "<script>alert(document.cookie)</script>&lt;b&gt;"
    page = desk.lay(page_of(flooded(three_servers(), payload)))
    assert payload in page.inner_text("body")


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let templates write texts as they are, as one careless change of them would."""
    careless = shell.environment().overlay(autoescape=False, finalize=lambda value: value)
    monkeypatch.setattr(shell, "environment", lambda: careless)


@pytest.mark.parametrize(
    ("payload", "part"),
    [
        ("<script>pwn(1)</script>", "script"),
        ("<img src=x onerror=pwn(1)>", "img onerror"),
        ("<svg onload=pwn(1)>", "svg onload"),
        ("<iframe srcdoc='<script>parent.pwn(1)</script>'></iframe>", "iframe srcdoc"),
        ("<style>@import 'https://evil.test';</style>", "style"),
    ],
)
@pytest.mark.usefixtures("broken")
def test_a_page_that_escapes_nothing_is_noticed_and_still_runs_nothing(
    desk: Desk, known: Shape, payload: str, part: str
) -> None:
    page = desk.lay(page_of(crowd([payload])))
    settled(page)
    shape = shape_of(page)
    many = page.locator(part.split(maxsplit=1)[0]).count()
    stopped = desk.forget(page)
    assert part in shape.parts
    assert (part in known.parts - {part.partition(" ")[2]} and many > 20) or part not in known.parts
    assert [line for line in stopped if "policy" in line or "Content Security" in line] != []
    assert [line for line in stopped if line.startswith(("ran", "called"))] == []
