"""The picture of the attack over time: zoom, filter, search, keyboard, and the way to the proof."""

import re

import pytest
from desk import Desk, View
from measuring import settled
from playwright.sync_api import Page
from worlds import everything, page_of

FIGURE = "#h0-pic-timeline"


def opened(desk: Desk, view: View | None = None) -> Page:
    page = desk.lay(page_of(everything()), view or View())
    page.evaluate("() => { location.hash = '#h0-sec-timeline' }")
    settled(page)
    return page


def span(page: Page) -> tuple[str, str]:
    figure = page.locator(FIGURE)
    return (
        figure.get_attribute("data-tl-from") or "",
        figure.get_attribute("data-tl-to") or "",
    )


def moments(page: Page) -> int:
    return int(page.locator(FIGURE).get_attribute("data-tl-shown") or -1)


def press(page: Page, what: str) -> None:
    page.locator(f"{FIGURE} [data-tl={what}]").click()
    settled(page)


def test_the_picture_has_a_name_a_description_and_a_table(desk: Desk) -> None:
    page = opened(desk, View(scripts=False))
    svg = page.locator(f"{FIGURE}-svg")
    assert svg.get_attribute("role") == "img"
    for part in (svg.get_attribute("aria-labelledby") or "").split():
        assert page.locator(f"[id='{part}']").text_content()
    rows = page.locator(f"{FIGURE} details table tbody tr")
    assert rows.count() > 5


def test_it_opens_on_the_whole_case(desk: Desk) -> None:
    page = opened(desk)
    start, end = span(page)
    assert start < end
    assert moments(page) > 5


def test_zooming_in_and_out_and_back(desk: Desk) -> None:
    page = opened(desk)
    whole, all_moments = span(page), moments(page)
    press(page, "in")
    nearer = span(page)
    assert whole[0] <= nearer[0] < nearer[1] <= whole[1]
    assert nearer != whole
    press(page, "right")
    assert span(page) >= nearer
    press(page, "out")
    press(page, "reset")
    assert span(page) == whole
    assert moments(page) == all_moments


def test_keys_do_what_the_buttons_do(desk: Desk) -> None:
    page = opened(desk)
    whole = span(page)
    page.locator(f"{FIGURE} .tl-view").focus()
    page.keyboard.press("+")
    settled(page)
    assert span(page) != whole
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")
    settled(page)
    assert span(page) == whole


def test_search_leaves_what_fits(desk: Desk) -> None:
    page = opened(desk)
    before = moments(page)
    box = page.locator(f"{FIGURE} [data-tl=search]")
    box.fill("no such moment")
    page.wait_for_timeout(250)
    assert moments(page) == 0
    assert "0" in page.locator(f"{FIGURE} .tl-status").inner_text()
    box.fill("")
    page.wait_for_timeout(250)
    assert moments(page) == before


@pytest.mark.parametrize("kind", ["source", "stage", "phase"])
def test_filters_take_away_and_give_back(desk: Desk, kind: str) -> None:
    page = opened(desk)
    before = moments(page)
    page.locator(f"{FIGURE} .tl-tools summary").click()
    boxes = page.locator(f"{FIGURE} input[data-tl-{kind}]")
    assert boxes.count() > 0
    for at in range(boxes.count()):
        boxes.nth(at).click()
    settled(page)
    assert moments(page) < before
    for at in range(boxes.count()):
        boxes.nth(at).click()
    settled(page)
    assert moments(page) == before


def test_walking_the_moments_tells_each_and_enter_leads_to_the_proof(desk: Desk) -> None:
    page = opened(desk)
    page.locator(f"{FIGURE} .tl-view").focus()
    told = []
    for _ in range(4):
        page.keyboard.press("ArrowDown")
        settled(page)
        told.append(page.locator(f"{FIGURE} .tl-info").inner_text())
    assert len(set(told)) == 4
    assert all(re.search(r"\d{4}-\d\d-\d\d", one) for one in told)


def test_a_click_on_a_mark_with_a_finding_opens_its_evidence(desk: Desk) -> None:
    page = opened(desk)
    box = page.locator(f"{FIGURE} [data-tl=search]")
    box.fill("Script written into")
    page.wait_for_timeout(250)
    mark = page.locator(f"{FIGURE} g.tl-mark[data-finding]").first
    finding = mark.get_attribute("data-finding")
    mark.scroll_into_view_if_needed()
    mark.click(force=True)
    page.locator("dialog#drawer[open]").wait_for()
    assert finding
    assert page.url.endswith(f"#h0-finding-{finding}")


def test_enter_opens_the_evidence_of_the_chosen_moment(desk: Desk) -> None:
    page = opened(desk)
    page.locator(f"{FIGURE} [data-tl=search]").fill("Script written into")
    page.wait_for_timeout(250)
    page.locator(f"{FIGURE} .tl-view").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator("dialog#drawer[open]").wait_for()


def test_the_wheel_scrolls_the_page_and_zooms_only_with_control(desk: Desk) -> None:
    page = opened(desk)
    whole = span(page)
    view = page.locator(f"{FIGURE} .tl-view")
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, 200)
    page.wait_for_timeout(150)
    assert span(page) == whole
    view.scroll_into_view_if_needed()
    box = view.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_timeout(150)
    assert span(page) != whole


def test_without_scripts_it_has_no_tools(desk: Desk) -> None:
    page = opened(desk, View(scripts=False))
    assert page.locator(f"{FIGURE} .tl-tools").is_hidden()
    assert page.locator(f"{FIGURE}-svg").is_visible()


@pytest.mark.parametrize("width", [320, 1280])
def test_coverage_and_patch_pictures_are_drawn(desk: Desk, width: int) -> None:
    page = desk.lay(page_of(everything()), View(width=width))
    for name in ("coverage", "patch"):
        svg = page.locator(f"#h0-pic-{name}-svg")
        svg.scroll_into_view_if_needed()
        box = svg.bounding_box()
        assert box is not None
        assert box["width"] > 170
        assert box["height"] > 30
        assert page.locator(f"#h0-pic-{name} details table").count() == 1
