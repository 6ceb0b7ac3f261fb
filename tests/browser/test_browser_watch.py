"""The watch sees what it is there to see: a test that cannot fail proves nothing."""

import pytest
from desk import Desk, View

DOCUMENT = "<!doctype html><html lang=en><title>t</title><body><p>text</p>{}"

DEEDS = {
    "ran": "<script>pwn(1)</script>",
    "console": "<script>console.error('x')</script>",
    "error": "<script>throw new Error('x')</script>",
    "request": "<img src='http://evil.test/x.png'>",
    "called": "<script>alert(1)</script>",
    "frame": "<iframe srcdoc='x'></iframe>",
    "policy": (
        "<meta http-equiv='Content-Security-Policy' content=\"script-src 'none'\">"
        "<p onclick='pwn(1)'><script>pwn(1)</script>"
    ),
    "enumerable": "<script>Object.prototype.polluted = 1</script>",
}


@pytest.mark.parametrize("deed", DEEDS)
def test_trouble_is_seen(desk: Desk, deed: str) -> None:
    page = desk.lay(DOCUMENT.format(DEEDS[deed]))
    found = desk.forget(page)
    assert [line for line in found if deed in line] != []


def test_a_quiet_page_makes_no_trouble(desk: Desk) -> None:
    page = desk.lay(DOCUMENT.format("<script>document.title = 'mine'</script>"))
    assert desk.forget(page) == []


def test_without_scripts_none_runs(desk: Desk) -> None:
    page = desk.lay(DOCUMENT.format(DEEDS["ran"]), View(scripts=False))
    assert desk.troubles(page) == []
