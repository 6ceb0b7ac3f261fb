"""The page can be read on a phone, on a projector and in between, in light and in dark."""

import pytest
from desk import Desk, Scheme, View
from measuring import covered, cut_off, hard_to_hit, open_all, settled, too_wide
from playwright.sync_api import Page
from worlds import CASES_TO_SEE, crowd, page_of

from extriage.model.case import Case

NARROW = (320, 375, 768)
WIDE = (1024, 1280, 1920, 2560)
FULLEST = ("everything", "three")
KEY_AREAS = (
    "header, nav, [id$=-sec-verdict], [id$=-sec-now], [id$=-sec-glance], figure, .rows-tools"
)
LONG = ("W" * 300, "/owa/" + "a" * 280 + ".aspx", "\u05d0\u05d1" * 90, "x y " * 90)


def flaws(page: Page) -> list[str]:
    return [*too_wide(page), *cut_off(page), *covered(page, KEY_AREAS)]


def laid(desk: Desk, name: str, scheme: Scheme = "light", width: int = 1280) -> Page:
    return desk.lay(page_of(CASES_TO_SEE[name]), View(width=width, scheme=scheme))


def at_each(page: Page, widths: tuple[int, ...]) -> list[str]:
    """Return what is wrong at each of these widths."""
    found = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 900})
        settled(page)
        found += [f"{width}: {flaw}" for flaw in flaws(page)]
    return found


@pytest.mark.parametrize("widths", [NARROW, WIDE], ids=["narrow", "wide"])
@pytest.mark.parametrize("name", FULLEST)
def test_nothing_sticks_out_or_covers_something(
    desk: Desk, name: str, widths: tuple[int, ...]
) -> None:
    page = laid(desk, name, width=widths[0])
    closed = at_each(page, widths)
    open_all(page)
    assert closed + [f"opened, {flaw}" for flaw in at_each(page, widths)] == []


@pytest.mark.parametrize("name", [name for name in CASES_TO_SEE if name not in FULLEST])
def test_nothing_sticks_out_of_smaller_cases(desk: Desk, name: str) -> None:
    page = laid(desk, name)
    open_all(page)
    assert at_each(page, (320, 768, 1280, 2560)) == []


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_sticks_out_of_a_server_as_it_is_scanned(
    desk: Desk, scanned: Case, width: int
) -> None:
    page = desk.lay(page_of(scanned), View(width=width))
    open_all(page)
    assert flaws(page) == []


@pytest.mark.parametrize("text", LONG, ids=["letters", "path", "hebrew", "words"])
def test_long_texts_of_the_evidence_do_not_tear_the_page(desk: Desk, text: str) -> None:
    page = desk.lay(page_of(crowd([text, "x"])))
    open_all(page)
    found = [flaw for width in (320, 768, 1280, 2560) for flaw in at_width(page, width)]
    assert found == []


def at_width(page: Page, width: int) -> list[str]:
    page.set_viewport_size({"width": width, "height": 900})
    settled(page)
    return [f"{width}: {flaw}" for flaw in too_wide(page)]


@pytest.mark.parametrize("name", ["everything", "three", "cannot-tell"])
def test_twice_the_zoom_is_half_the_room(desk: Desk, name: str) -> None:
    """A browser at 200 % has half the CSS pixels; readers may also set letters twice as large."""
    page = laid(desk, name, width=640)
    assert flaws(page) == []
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("() => { document.documentElement.style.fontSize = '200%' }")
    settled(page)
    assert too_wide(page) == []


@pytest.mark.parametrize("width", [320, 1280])
def test_a_finger_can_hit_every_control(desk: Desk, width: int) -> None:
    page = laid(desk, "everything", width=width)
    open_all(page)
    assert hard_to_hit(page) == []


@pytest.mark.parametrize("name", ["everything", "three", "no-host"])
def test_dark_is_dark_and_light_is_light(desk: Desk, name: str) -> None:
    brightness = "() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    light = laid(desk, name, "light").evaluate(brightness)
    dark = laid(desk, name, "dark").evaluate(brightness)
    assert min(light[:3]) > 220
    assert max(dark[:3]) < 40


def test_the_rulers_see_what_is_wrong(desk: Desk) -> None:
    page = desk.lay(
        "<!doctype html><html lang=en><title>x</title><body style='margin:0'>"
        "<header><p style='margin:0'>one</p><p style='margin:-16px 0 0'>two</p></header>"
        "<div style='overflow:hidden;width:40px;white-space:nowrap'>a text too long for it</div>"
        "<button style='width:12px;height:12px;padding:0'>x</button>"
        "<div style='width:3000px'>wide</div>",
    )
    assert "3000" in " ".join(too_wide(page))
    assert "one" in " ".join(covered(page, "header"))
    assert "too long" in " ".join(cut_off(page))
    assert "12 x 12" in " ".join(hard_to_hit(page))
