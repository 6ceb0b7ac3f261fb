"""The page is read: without scripts, on paper, in a theme of one's own, server by server."""

import re

import pytest
from cases import CASES
from desk import Desk, View
from measuring import covered, open_all, settled, too_wide
from playwright.sync_api import Page
from worlds import CASES_TO_SEE, everything, page_of, three_servers

from extriage.model.case import Case

VISIBLE_HOSTS = (
    "() => [...document.querySelectorAll('article.host')].filter((one) => one.checkVisibility())"
    ".map((one) => one.id)"
)
THEME = "() => getComputedStyle(document.body).backgroundColor"


def shown(page: Page) -> list[str]:
    found: list[str] = page.evaluate(VISIBLE_HOSTS)
    return found


def squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def on_paper(page: Page) -> None:
    """Make the page as a printer gets it; Chromium tells only real printing of itself."""
    page.emulate_media(media="print")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    settled(page)


def essentials(case: Case) -> list[str]:
    """Return what nobody may miss, whatever the browser can do."""
    told: list[str] = [case.tool.knowledge_as_of, case.tool.version]
    for host in case.hosts:
        told += [host.name, host.verdict.reason, *(one.title for one in host.actions)]
        told += [one.title for one in host.findings]
        told += [line.path for one in host.findings for line in one.evidence[:1]]
        told += [line.text[:90] for one in host.findings for line in one.evidence[:1]]
        told += [one.cve for campaign in host.campaigns for one in campaign.coverage]
        told += [one.object for one in host.persistence]
        told += [one.summary for one in host.sessions]
        told += [one.text for one in host.exposure_answers]
        told += [one.build for one in host.patch.sources]
        told += [one.path for one in host.manifest.entries]
        told += list(host.notes)
    told += [one.text for one in case.clusters]
    told += [one.value for one in case.indicators]
    told += [one.reason for one in case.tool.refused_rules]
    return list(dict.fromkeys(one for one in told if one))


@pytest.mark.parametrize("name", ["everything", "three", "targeted", "cannot-tell", "no-sign"])
def test_without_scripts_everything_that_matters_is_there(desk: Desk, name: str) -> None:
    case = CASES_TO_SEE[name]
    page = desk.lay(page_of(case), View(scripts=False))
    open_all(page)
    text = squeezed(page.inner_text("body"))
    assert [one for one in essentials(case) if squeezed(one) not in text] == []


def test_without_scripts_nothing_asks_for_them(desk: Desk) -> None:
    page = desk.lay(page_of(three_servers()), View(scripts=False))
    assert sorted(shown(page)) == ["host-0", "host-1", "host-2"]
    buttons = page.evaluate(
        "() => [...document.querySelectorAll('button, input, select')]"
        ".filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 99))"
    )
    assert buttons == []


@pytest.mark.parametrize("name", ["everything", "targeted", "cannot-tell", "no-sign"])
def test_the_first_screen_gives_the_verdict_and_its_reason(desk: Desk, name: str) -> None:
    for width, height in ((1280, 800), (375, 812)):
        page = desk.lay(page_of(CASES_TO_SEE[name]), View(width=width, height=height))
        verdict = CASES_TO_SEE[name].hosts[0].verdict
        reason = page.get_by_text(verdict.reason).first
        box = reason.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height


def test_one_server_is_shown_at_a_time_the_worst_first(desk: Desk) -> None:
    page = desk.lay(page_of(three_servers()))
    (first,) = shown(page)
    assert first == "host-2"
    page.evaluate("() => { location.hash = '#host-1' }")
    settled(page)
    assert shown(page) == ["host-1"]
    page.go_back()
    settled(page)
    assert shown(page) == [first]
    page.go_forward()
    settled(page)
    assert shown(page) == ["host-1"]


def test_the_table_of_servers_leads_to_each(desk: Desk) -> None:
    page = desk.lay(page_of(three_servers()))
    for at, host in enumerate(three_servers().hosts):
        page.locator("#sec-servers").get_by_role("link", name=host.name).first.click()
        settled(page)
        assert shown(page) == [f"host-{at}"]


def test_a_link_to_a_part_of_another_server_shows_that_server(desk: Desk) -> None:
    page = desk.lay(page_of(three_servers()))
    page.evaluate("() => { location.hash = '#h0-sec-coverage' }")
    settled(page)
    assert shown(page) == ["host-0"]
    page.wait_for_function(
        "() => Math.abs(document.querySelector('#h0-sec-coverage').getBoundingClientRect().top)"
        " < innerHeight / 2",
        timeout=3_000,
    )


@pytest.mark.parametrize("name", ["everything", "three", "cannot-tell"])
def test_every_link_leads_somewhere(desk: Desk, name: str) -> None:
    page = desk.lay(page_of(CASES_TO_SEE[name]))
    open_all(page)
    targets = page.evaluate(
        "() => [...new Set([...document.querySelectorAll(\"a[href^='#']\")]"
        ".map((one) => one.getAttribute('href')))]"
    )
    assert len(targets) > 5
    lost = []
    for target in targets:
        page.evaluate("(hash) => { location.hash = hash }", target)
        settled(page)
        landed = page.evaluate(
            "(id) => Boolean(document.getElementById(id)?.checkVisibility()"
            " || document.querySelector('dialog[open]')"
            " || document.querySelector('tr[aria-current=true]'))",
            target[1:],
        )
        if not landed:
            lost.append(target)
        page.evaluate("() => document.querySelector('dialog[open]')?.close()")
    assert lost == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_button_turns_the_theme_and_back(desk: Desk, scheme: str) -> None:
    view = View(scheme="dark") if scheme == "dark" else View()
    page = desk.lay(page_of(everything()), view)
    before = page.evaluate(THEME)
    seen = []
    for _ in range(3):
        page.locator("#theme").click()
        seen.append(page.evaluate(THEME))
    assert set(seen) - {before} != set()
    assert before in seen


def test_what_is_folded_unfolds_by_keyboard(desk: Desk) -> None:
    page = desk.lay(page_of(everything()))
    folded = page.locator("details:not([open]) > summary:visible").first
    folded.focus()
    page.keyboard.press("Enter")
    box = page.locator("details[open] > summary:focus")
    assert box.count() == 1


def test_the_first_tab_offers_to_skip_to_the_text(desk: Desk) -> None:
    page = desk.lay(page_of(everything()))
    page.keyboard.press("Tab")
    link = page.locator("a:focus")
    assert link.count() == 1
    assert link.evaluate("(one) => one.getBoundingClientRect().top >= 0")
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.querySelector(location.hash)?.localName") in {
        *("main", "section", "article", "h1", "h2"),
    }


def test_the_keyboard_reaches_everything_and_is_seen(desk: Desk) -> None:
    page = desk.lay(page_of(CASES_TO_SEE["targeted"]))
    unseen, last = [], ""
    for _ in range(60):
        page.keyboard.press("Tab")
        now, seen = page.evaluate(
            "() => { const one = document.activeElement, style = getComputedStyle(one);"
            " return [one.outerHTML.slice(0, 80), one === document.body"
            " || (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0)"
            " || style.boxShadow !== 'none']; }"
        )
        if not seen:
            unseen.append(now)
        last = now
    assert last
    assert unseen == []


def test_who_wants_less_motion_gets_none(desk: Desk) -> None:
    page = desk.lay(page_of(everything()), View(calm=True))
    open_all(page)
    moving = page.evaluate(
        "() => [...document.querySelectorAll('*')].filter((one) => {"
        " const style = getComputedStyle(one);"
        " const long = (text) => text.split(',').some((part) => parseFloat(part) > 0.02);"
        " return (style.animationName !== 'none' && long(style.animationDuration))"
        " || long(style.transitionDuration) || style.scrollBehavior === 'smooth'; })"
        ".map((one) => one.localName + '#' + one.id).slice(0, 5)"
    )
    assert moving == []


@pytest.mark.parametrize("name", ["everything", "three"])
def test_paper_is_white_and_holds_all_servers(desk: Desk, name: str) -> None:
    case = CASES_TO_SEE[name]
    page = desk.lay(page_of(case), View(scheme="dark"))
    page.evaluate("() => { document.documentElement.dataset.theme = 'dark' }")
    on_paper(page)
    page.set_viewport_size({"width": 718, "height": 1000})
    settled(page)
    assert sorted(shown(page)) == [f"host-{at}" for at, _ in enumerate(case.hosts)]
    ink, paper = page.evaluate(
        "() => { const style = getComputedStyle(document.body), parts = (text) =>"
        " text.match(/[\\d.]+/g).map(Number); const back = parts(style.backgroundColor);"
        " return [parts(style.color), back.length > 3 && back[3] === 0 ? [255, 255, 255] : back]; }"
    )
    assert min(paper[:3]) > 240
    assert max(ink[:3]) < 90
    assert too_wide(page) == []
    assert covered(page, "header, [id$=-sec-verdict], [id$=-sec-now], figure") == []
    controls = page.evaluate(
        "() => [...document.querySelectorAll('nav, button, input, select, dialog')]"
        ".filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 80))"
    )
    assert controls == []


def test_paper_tells_the_verdict_and_every_finding(desk: Desk) -> None:
    case = everything()
    page = desk.lay(page_of(case))
    on_paper(page)
    text = squeezed(page.inner_text("body"))
    (host,) = case.hosts
    told = [host.verdict.reason, *(one.title for one in host.findings + host.actions)]
    assert [one for one in told if one not in text] == []
    paper = page.pdf(format="A4")
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) > 1


@pytest.mark.parametrize("tlp", ["red", "amber+strict", "clear"])
def test_the_mark_of_who_may_see_it_is_on_top(desk: Desk, tlp: str) -> None:
    page = desk.lay(page_of(CASES["targeted"], tlp))
    assert f"TLP:{tlp.upper()}" in page.inner_text("header")
