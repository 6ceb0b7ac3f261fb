"""The desk on which tests open pages: a browser, a folder for the files, a watch on each window."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

import pytest
from watching import ALARM, Watch, address_of, seen_by

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

Scheme = Literal["light", "dark"]

WIDTHS = (320, 375, 768, 1024, 1280, 1920, 2560)

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def missing(what: str) -> NoReturn:
    """Skip what needs it, or fail where a browser is required."""
    if os.environ.get("EXTRIAGE_BROWSER") == "required":
        pytest.fail(f"EXTRIAGE_BROWSER=required, but {what}", pytrace=False)
    pytest.skip(what, allow_module_level=True)


if find_spec("playwright") is None:
    missing("playwright is not installed")


def chromium() -> str:
    """Return the path of a browser that tests can drive."""
    named = os.environ.get("EXTRIAGE_CHROMIUM")
    found = [path for one in ((named,) if named else BROWSERS) if (path := shutil.which(one))]
    return found[0] if found else missing("no Chromium is on PATH or where EXTRIAGE_CHROMIUM says")


def resume(browser: "Browser") -> None:
    """Give Playwright its event loop back, which other tests must not see running."""
    asyncio._set_running_loop(browser._loop)


@contextmanager
def launched(path: str) -> Iterator["Browser"]:
    """Start a browser that finds no host but this one."""
    from playwright.sync_api import sync_playwright

    names = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    as_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[names, "--disable-dev-shm-usage", *(["--no-sandbox"] if as_root else [])],
        )
        try:
            yield browser
        finally:
            browser.close()


@dataclass(frozen=True, slots=True)
class View:
    """How somebody looks at a page."""

    width: int = 1280
    height: int = 900
    scheme: Scheme = "light"
    scripts: bool = True
    policy: bool = True
    """False to let a test bring scripts of its own, such as axe."""
    calm: bool = False
    """True for readers who asked their system for less motion."""


PLAIN = View()


@dataclass(slots=True)
class Desk:
    """Opens documents as files, one window each, and keeps watch on all of them."""

    browser: "Browser"
    folder: Path
    windows: list[tuple["Page", Watch]] = field(default_factory=list)

    def lay(self, document: str, view: View = PLAIN) -> "Page":
        """Write a document into the folder and open it as a file."""
        file = self.folder / f"page-{len(self.windows)}.html"
        file.write_text(document, "utf-8")
        address = address_of(file)
        return self.go(address, address, view)

    def go(self, address: str, origin: str, view: View = PLAIN) -> "Page":
        """Open an address; requests outside `origin` are trouble."""
        context = self.context(view)
        watch = Watch(origin)
        watch.follow(context)
        page = context.new_page()
        self.windows.append((page, watch))
        page.set_default_timeout(10_000)
        page.goto(address)
        return page

    def context(self, view: View) -> "BrowserContext":
        context = self.browser.new_context(
            viewport={"width": view.width, "height": view.height},
            color_scheme=view.scheme,
            java_script_enabled=view.scripts,
            bypass_csp=not view.policy,
            reduced_motion="reduce" if view.calm else "no-preference",
            has_touch=view.width < 500,
        )
        if view.scripts:
            context.add_init_script(ALARM)
        return context

    def troubles(self, page: "Page") -> list[str]:
        """Return what this page did that it must not do."""
        (watch,) = (watch for one, watch in self.windows if one is page)
        # NOTE: events that already happened arrive during the next call at the latest.
        inside = seen_by(page) if page.evaluate("typeof window.seen") != "undefined" else []
        return [*watch.troubles, *inside]

    def forget(self, page: "Page") -> list[str]:
        """Close a page, and return what it did; the test's end does not ask for it again."""
        found = self.troubles(page)
        self.windows[:] = [window for window in self.windows if window[0] is not page]
        page.context.close()
        return found

    def close(self) -> None:
        """Fail if any page made trouble."""
        found = [line for page, _ in self.windows for line in self.troubles(page)]
        assert found == []

    def abandon(self) -> None:
        for page, _ in self.windows:
            page.context.close()
        self.windows.clear()
