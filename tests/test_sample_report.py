"""The sample in `docs/sample`: what `extriage demo` gives, as anybody can make it again.

`EXTRIAGE_GOLDEN=1 pytest tests/test_sample_report.py` writes it anew; read the diff.
"""

import json
import os
from pathlib import Path

import pytest

from extriage.cli import main
from extriage.reports import REPORTS

SAMPLE = Path(__file__).parents[1] / "docs" / "sample"
FILES = {"report.html": "html", "ticket.md": "markdown", "case.stix.json": "stix"}
ROOM = 2_000_000
CASE = "extriage-demo.case"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which `extriage demo` was typed."""
    folder = tmp_path_factory.mktemp("sample")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        typed("demo", "--format", "csv", "-o", "demo.csv")
    return folder


def typed(*words: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    assert stop.value.code == 0


@pytest.mark.parametrize("name", FILES)
def test_the_sample_is_what_the_demo_gives(
    name: str, demo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(demo)
    monkeypatch.setenv("COLUMNS", "100")
    typed("report", CASE, "--format", FILES[name], "-o", name)
    made, shown = (demo / name).read_bytes(), SAMPLE / name
    known = shown.read_bytes() if shown.is_file() else b""
    if os.environ.get("EXTRIAGE_GOLDEN") == "1" and told_alike(made, known, demo) != known:
        shown.write_bytes(known := made)
    stale = "stale: run EXTRIAGE_GOLDEN=1 pytest tests/test_sample_report.py"
    assert told_alike(made, known, demo) == known, stale


def told_alike(made: bytes, known: bytes, demo: Path) -> bytes:
    """Return what was made with the digest of the content that the known file tells.

    It changes with every word of a rule; all else must be what is printed today.
    """
    document = json.loads((demo / CASE / "case.json").read_bytes())
    digest = document["tool"]["content_sha256"].encode()
    for told in (digest, digest[:12]):
        at = made.find(told)
        if at >= 0:
            made = made.replace(told, known[at : at + len(told)])
    return made


def test_the_sample_says_what_the_demo_found() -> None:
    page = (SAMPLE / "report.html").read_text("utf-8")
    assert "EX01" in page
    assert "8n5y694c.aspx" in page, "a web shell of the demo is not on its page"


def test_the_sample_stays_small_and_holds_nothing_else() -> None:
    pages = {file.name: file.stat().st_size for file in SAMPLE.iterdir()}
    assert set(pages) == {*FILES, "README.md", "report.png"}
    assert sum(pages.values()) <= ROOM


def test_the_sample_tells_how_each_file_is_made() -> None:
    page = (SAMPLE / "README.md").read_text("utf-8")
    for name, format_ in FILES.items():
        assert format_ in REPORTS
        assert f"extriage report {CASE} --format {format_} -o {name}" in page
