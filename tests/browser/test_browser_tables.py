"""The tables of findings and evidence: search, sort, filter, page, link, and the drawer."""

from dataclasses import replace
from functools import cache

from desk import Desk, View
from measuring import settled
from playwright.sync_api import Page
from worlds import everything, huge, page_of, three_servers

from extriage.model.case import Case

FINDINGS = "#h0-findings-table"


def many(count: int = 240) -> Case:
    return huge(count)


@cache
def long_tables() -> str:
    return page_of(many())


def opened(desk: Desk) -> Page:
    page = desk.lay(long_tables())
    page.evaluate("() => { location.hash = '#h0-sec-findings' }")
    settled(page)
    return page


def rows(page: Page, where: str = FINDINGS) -> list[str]:
    return page.locator(f"{where} tbody.rows-live tr:visible").all_inner_texts()


def search(page: Page, words: str) -> None:
    page.locator("#h0-findings-search").fill(words)
    page.wait_for_timeout(250)
    settled(page)


def heading(page: Page, name: str) -> list[str]:
    """Click a heading; return the column's cells as they stand then."""
    button = page.locator(f"{FINDINGS} th button").filter(has_text=name).first
    button.click()
    settled(page)
    title = button.inner_text().strip()
    cells = page.locator(f"{FINDINGS} tbody.rows-live tr:visible td[data-title='{title}']")
    return cells.all_inner_texts()


def test_a_search_finds_the_one_row(desk: Desk) -> None:
    page = opened(desk)
    search(page, "flood-117")
    assert len(rows(page)) == 1
    assert "Flood 117" in rows(page)[0]
    assert "1" in page.locator(f"{FINDINGS} .rows-count").inner_text()
    search(page, "no such words")
    assert rows(page) == [] or "no" in rows(page)[0].lower()
    page.locator("#h0-findings-search").press("Escape")
    page.wait_for_timeout(250)
    assert len(rows(page)) == 50


def test_a_search_finds_what_a_row_does_not_show(desk: Desk) -> None:
    page = opened(desk)
    finding = many().hosts[0].findings[2]
    assert finding.rule not in finding.title
    search(page, finding.rule)
    assert len(rows(page)) == 1
    assert finding.title in rows(page)[0]


def test_headings_sort_up_down_and_back(desk: Desk) -> None:
    page = opened(desk)
    given = rows(page)
    column = page.locator(f"{FINDINGS} th[aria-sort]").filter(has_text="First")
    up = heading(page, "First")
    assert column.first.get_attribute("aria-sort") == "ascending"
    assert up == sorted(up)
    down = heading(page, "First")
    assert column.first.get_attribute("aria-sort") == "descending"
    assert down == sorted(down, reverse=True)
    heading(page, "First")
    assert column.first.get_attribute("aria-sort") == "none"
    assert rows(page) == given


def test_levels_sort_by_weight_not_by_alphabet(desk: Desk) -> None:
    page = opened(desk)
    weights = ["critical", "high", "medium", "low", "informational"]
    cells = [cell.strip().lower() for cell in heading(page, "Level")]
    assert cells
    order = [weights.index(cell) for cell in cells]
    assert order in (sorted(order), sorted(order, reverse=True))


def test_a_filter_keeps_one_word_and_reset_brings_all_back(desk: Desk) -> None:
    page = opened(desk)
    choice = page.locator(f"{FINDINGS} select[data-column]").first
    name = choice.get_attribute("data-column")
    values = choice.locator("option").evaluate_all("(all) => all.map((one) => one.value)")
    assert name
    choice.select_option(values[-1])
    settled(page)
    kept = rows(page)
    assert 0 < len(kept) <= 50
    assert all(values[-1] in row for row in kept)
    page.locator(f"{FINDINGS} .rows-reset").click()
    settled(page)
    assert len(rows(page)) == 50


def test_pages_of_fifty_rows_hold_all_rows_once(desk: Desk) -> None:
    page = opened(desk)
    seen: list[str] = []
    for number in range(1, 6):
        page.locator(f"{FINDINGS} .rows-page").filter(has_text=f"page {number} of 5").wait_for()
        settled(page)
        seen += rows(page)
        if number < 5:
            page.locator(f"{FINDINGS} [data-go=next]").click()
    assert len(seen) == len(many().hosts[0].findings)
    assert len(set(seen)) == len(seen)
    page.locator(f"{FINDINGS} [data-go=first]").click()
    settled(page)
    assert rows(page) == seen[:50]
    page.locator(f"{FINDINGS} [data-go=last]").click()
    settled(page)
    assert rows(page) == seen[200:]


def test_the_slash_key_goes_to_the_search(desk: Desk) -> None:
    page = opened(desk)
    page.locator(FINDINGS).scroll_into_view_if_needed()
    page.locator(f"{FINDINGS} tbody.rows-live a").first.focus()
    page.keyboard.press("/")
    assert page.evaluate("() => document.activeElement.id") == "h0-findings-search"
    page.keyboard.type("a/b")
    assert page.locator("#h0-findings-search").input_value() == "a/b"


def test_keys_page_and_walk_the_rows(desk: Desk) -> None:
    page = opened(desk)
    first = rows(page)
    page.locator(f"{FINDINGS} tbody.rows-live a").first.focus()
    page.keyboard.press("PageDown")
    settled(page)
    assert rows(page) != first
    page.keyboard.press("PageUp")
    settled(page)
    assert rows(page) == first
    page.locator(f"{FINDINGS} tbody.rows-live a").first.focus()
    page.keyboard.press("ArrowDown")
    second = page.locator(f"{FINDINGS} tbody.rows-live tr").nth(1).locator("a").first
    assert second.evaluate("(one) => one === document.activeElement")


def test_a_link_opens_the_evidence_and_back_closes_it(desk: Desk) -> None:
    page = opened(desk)
    link = page.locator(f"{FINDINGS} tbody.rows-live a").first
    title = link.inner_text()
    link.click()
    drawer = page.locator("dialog#drawer[open]")
    drawer.wait_for()
    assert title in drawer.inner_text()
    assert drawer.evaluate("(one) => one.contains(document.activeElement)")
    page.go_back()
    drawer.wait_for(state="hidden")
    page.go_forward()
    drawer.wait_for()
    page.keyboard.press("Escape")
    drawer.wait_for(state="hidden")


def test_closing_twice_does_not_leave_the_report(desk: Desk) -> None:
    page = opened(desk)
    address = page.url.partition("#")[0]
    page.locator(f"{FINDINGS} tbody.rows-live a").first.click()
    page.locator("dialog#drawer[open]").wait_for()
    page.locator("#drawer [data-go=close]").dblclick()
    page.locator("dialog#drawer").wait_for(state="hidden")
    page.wait_for_timeout(200)
    assert page.url.partition("#")[0] == address


def test_focus_returns_to_where_the_drawer_was_opened(desk: Desk) -> None:
    page = opened(desk)
    link = page.locator(f"{FINDINGS} tbody.rows-live a").nth(3)
    href = link.get_attribute("href")
    link.focus()
    page.keyboard.press("Enter")
    page.locator("dialog#drawer[open]").wait_for()
    for _ in range(25):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "() => document.activeElement === document.body"
            " || document.querySelector('#drawer').contains(document.activeElement)"
        )
    page.keyboard.press("Escape")
    page.locator("dialog#drawer").wait_for(state="hidden")
    page.wait_for_function(
        "(href) => document.activeElement.getAttribute('href') === href", arg=href
    )


def test_the_drawer_shows_every_line_with_place_text_and_hash(desk: Desk) -> None:
    case = everything()
    finding = next(one for one in case.hosts[0].findings if len(one.evidence) > 2)
    page = desk.lay(page_of(case))
    page.evaluate("(id) => { location.hash = id }", f"#h0-finding-{finding.id}")
    drawer = page.locator("dialog#drawer[open]")
    drawer.wait_for()
    assert finding.title in page.locator("#drawer-title").inner_text()
    lines = drawer.locator("li.line")
    assert lines.count() == len(finding.evidence)
    for at, line in enumerate(finding.evidence):
        told = lines.nth(at).inner_text()
        assert f"{line.path}:{line.line}" in told
        assert line.sha256 in told
        assert line.text in lines.nth(at).locator("pre").inner_text()


def test_the_next_finding_is_one_key_away(desk: Desk) -> None:
    page = opened(desk)
    page.locator(f"{FINDINGS} tbody.rows-live a").first.click()
    title = page.locator("#drawer-title")
    first = title.inner_text()
    page.locator("#drawer [data-go=next]").click()
    settled(page)
    assert title.inner_text() != first
    page.locator("#drawer [data-go=previous]").click()
    settled(page)
    assert title.inner_text() == first


def test_copy_gives_place_hash_and_text(desk: Desk) -> None:
    case = everything()
    finding = case.hosts[0].findings[0]
    page = desk.lay(page_of(case))
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("(id) => { location.hash = id }", f"#h0-finding-{finding.id}")
    page.locator("#drawer button.copy").first.click()
    settled(page)
    copied = page.evaluate("() => navigator.clipboard.readText()")
    line = finding.evidence[0]
    assert f"{line.path}:{line.line}" in copied
    assert line.sha256 in copied
    assert line.text in copied


def test_copy_says_so_where_the_browser_forbids_it(desk: Desk) -> None:
    page = desk.lay(page_of(everything()))
    page.evaluate(
        "() => Object.defineProperty(navigator, 'clipboard', { value: undefined })",
    )
    finding = everything().hosts[0].findings[0]
    page.evaluate("(id) => { location.hash = id }", f"#h0-finding-{finding.id}")
    button = page.locator("#drawer button.copy").first
    before = button.inner_text()
    button.click()
    page.wait_for_timeout(150)
    assert button.inner_text() != before or page.locator("#drawer [role=status]").count() > 0


def test_a_deep_link_opens_the_finding_of_the_right_server(desk: Desk) -> None:
    case = three_servers()
    finding = case.hosts[2].findings[-1]
    page = desk.lay(page_of(case))
    page.goto(f"{page.url.partition('#')[0]}#h2-finding-{finding.id}")
    page.reload()
    drawer = page.locator("dialog#drawer[open]")
    drawer.wait_for()
    assert finding.title in page.locator("#drawer-title").inner_text()
    row = page.locator("tr[aria-current=true]")
    assert finding.title in row.first.inner_text()


def test_a_deep_link_to_a_row_beyond_the_first_page_turns_to_it(desk: Desk) -> None:
    page = desk.lay(long_tables())
    page.evaluate("() => { location.hash = '#h0-finding-f-flood-200' }")
    page.locator("dialog#drawer[open]").wait_for()
    page.keyboard.press("Escape")
    row = page.locator(f"{FINDINGS} tr[aria-current=true]")
    assert "Flood 200" in row.inner_text()


def test_a_link_to_nothing_does_no_harm(desk: Desk) -> None:
    page = desk.lay(page_of(everything()))
    for hash_ in ("#h0-finding-nothing", "#h9-finding-x", "#h0-moment-99999", "#%", "#host-99"):
        page.evaluate("(hash) => { location.hash = hash }", hash_)
        settled(page)
    assert page.locator("article.host:visible").count() == 1


def test_a_table_of_evidence_has_every_line(desk: Desk) -> None:
    case = everything()
    page = desk.lay(page_of(case))
    page.evaluate("() => { location.hash = '#h0-evidence-table' }")
    settled(page)
    body = page.locator("#h0-evidence-table").inner_text()
    (host,) = case.hosts
    lines = [line for one in host.findings for line in one.evidence]
    assert [line.path for line in lines if line.path not in body] == []


def test_tables_on_a_phone_keep_their_words(desk: Desk) -> None:
    page = desk.lay(page_of(everything()), View(width=320))
    page.evaluate("() => { location.hash = '#h0-sec-findings' }")
    settled(page)
    text = page.locator(FINDINGS).inner_text()
    assert all(one.title in text for one in everything().hosts[0].findings)


def test_a_server_without_findings_says_so(desk: Desk) -> None:
    (host,) = everything().hosts
    page = desk.lay(page_of(replace(everything(), hosts=(replace(host, findings=()),))))
    assert page.locator("#h0-sec-findings").inner_text().strip() != ""
