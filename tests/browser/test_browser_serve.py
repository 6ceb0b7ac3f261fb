"""`extriage serve` as a reader meets it: started by its command, opened in a browser."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import Desk
from measuring import open_all, settled, too_wide
from playwright.sync_api import Page

from extriage.model.case import Case


@pytest.fixture(scope="module")
def address(demo: Path) -> Iterator[str]:
    """Start the server on a free port; return the address that it prints."""
    pytest.importorskip("uvicorn")
    command = [sys.executable, "-m", "extriage", "serve", str(demo), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        assert server.stdout is not None
        yield server.stdout.readline().decode().strip()
        server.send_signal(signal.SIGINT)
        server.wait(timeout=20)


def origin(address: str) -> str:
    return "/".join(address.split("/")[:3]) + "/"


def opened(desk: Desk, address: str) -> Page:
    page = desk.go(address, origin(address))
    page.locator("article.host").first.wait_for()
    return page


def lines(page: Page, table: str) -> list[str]:
    return page.locator(f"#{table} tbody.rows-live tr:visible").all_inner_texts()


def test_it_opens_with_the_verdict_and_asks_nobody_else(
    desk: Desk, address: str, scanned: Case
) -> None:
    page = opened(desk, address)
    assert scanned.hosts[0].verdict.reason in page.inner_text("body")
    open_all(page)
    settled(page)
    assert too_wide(page) == []


def test_the_token_leaves_the_address_bar(desk: Desk, address: str) -> None:
    page = opened(desk, address)
    assert "token" in address
    assert "token" not in page.url


def test_without_the_token_nothing_of_the_case_is_told(
    desk: Desk, address: str, scanned: Case
) -> None:
    page = desk.go("about:blank", origin(address))
    response = page.goto(origin(address))
    assert response is not None
    assert response.status in {401, 403}
    assert scanned.hosts[0].verdict.reason not in page.content()
    told = desk.forget(page)
    assert [line for line in told if "Failed to load resource" not in line] == []


def test_a_search_asks_the_server_and_shows_the_rows(
    desk: Desk, address: str, scanned: Case
) -> None:
    page = opened(desk, address)
    page.evaluate("() => { location.hash = '#h0-findings-table' }")
    page.locator("#h0-findings-table tbody.rows-live tr").first.wait_for()
    finding = scanned.hosts[0].findings[-1]
    page.locator("#h0-findings-search").fill(finding.rule)
    row = page.locator("#h0-findings-table tbody.rows-live tr").filter(has_text=finding.title)
    row.first.wait_for()
    page.wait_for_function(
        "() => document.querySelectorAll('#h0-findings-table tbody.rows-live tr').length < 8"
    )
    row.first.locator("a").first.click()
    drawer = page.locator("dialog#drawer[open]")
    drawer.wait_for()
    drawer.locator("li.line").first.wait_for()
    assert finding.evidence[0].path in drawer.inner_text()


def test_pages_of_evidence_are_fetched_one_by_one(desk: Desk, address: str, scanned: Case) -> None:
    page = opened(desk, address)
    page.evaluate("() => { location.hash = '#h0-evidence-table' }")
    page.locator("#h0-evidence-table tbody.rows-live tr").first.wait_for()
    first = lines(page, "h0-evidence-table")
    total = sum(len(one.evidence) for one in scanned.hosts[0].findings)
    assert len(first) == min(total, 50)
    assert total > 50
    page.locator("#h0-evidence-table [data-go=next]").click()
    page.wait_for_function(
        "(text) => document.querySelector('#h0-evidence-table tbody.rows-live tr')?.innerText"
        " !== text",
        arg=first[0],
    )
    second = lines(page, "h0-evidence-table")
    assert set(second) & set(first) == set()


def test_a_deep_link_opens_the_finding(desk: Desk, address: str, scanned: Case) -> None:
    page = opened(desk, address)
    finding = scanned.hosts[0].findings[len(scanned.hosts[0].findings) // 2]
    page.goto(f"{origin(address)}#h0-finding-{finding.id}")
    page.reload()
    page.locator("dialog#drawer[open]").wait_for()
    page.wait_for_function(
        "(title) => document.querySelector('#drawer-title').innerText.includes(title)",
        arg=finding.title,
    )
    page.keyboard.press("Escape")
    page.locator("dialog#drawer").wait_for(state="hidden")
