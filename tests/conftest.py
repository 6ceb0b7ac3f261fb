"""What holds for all tests: they see the bundled knowledge, whatever this machine has installed.

The browser of `tests/browser` is Debian's Chromium or any other that `EXTRIAGE_CHROMIUM` names.
Where there is none those tests are skipped, unless `EXTRIAGE_BROWSER=required` says that they must
run.
"""

import asyncio
import gc
import subprocess
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from extriage.casefile import load
from extriage.model.case import Case
from keyboard import Keyboard
from this_machine import held, unable

if TYPE_CHECKING:
    from desk import Desk
    from playwright.sync_api import Browser


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Skip, with the reason, what this machine has no means for."""
    try:
        return (yield)
    except Exception as error:
        if reason := unable(error):
            pytest.skip(reason)
        raise


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Keyboard:
    """Type commands in an empty folder; modules with a command of their own have their own."""
    monkeypatch.chdir(tmp_path)
    return Keyboard(capfd)


@pytest.fixture
def files_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody take a file away that is open: what Windows forbids shows on every system."""
    held(monkeypatch, tmp_path)


def pytest_collection_finish() -> None:
    """Take what was imported and collected out of the rounds of the garbage collector.

    NOTE: libraries ask for a whole round (pefile after every file); through some 10,000 tests it
    takes 0.2 seconds. Workers of a scan do the same.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def bundled_knowledge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep knowledge that a user of this machine installed away from all tests."""
    folder = tmp_path_factory.mktemp("no-knowledge")
    patch = pytest.MonkeyPatch()
    patch.setenv("EXTRIAGE_KNOWLEDGE", str(folder))
    return folder


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    from desk import chromium, launched, resume

    with launched(chromium()) as started:
        yield started
        resume(started)


@pytest.fixture
def desk(browser: "Browser", tmp_path: Path) -> Iterator["Desk"]:
    """Open pages under watch; when the test is over, none of them may have made trouble."""
    from desk import Desk, resume

    resume(browser)
    made = Desk(browser, tmp_path)
    try:
        yield made
        made.close()
    finally:
        made.abandon()
        # NOTE: Playwright leaves its loop marked as running between calls, and other tests in the
        # same process could not use asyncio.
        asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the case folder of the sample server, scanned as a user would."""
    folder = tmp_path_factory.mktemp("demo") / "sample"
    subprocess.run(
        [sys.executable, "-m", "extriage", "demo", str(folder)], check=True, capture_output=True
    )
    return folder.with_name("sample.case")


@pytest.fixture(scope="session")
def scanned(demo: Path) -> Case:
    return load(demo)
