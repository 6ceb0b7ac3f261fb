"""Documents for other systems stay what they are, for whom they are marked, and whoever asks.

`EXTRIAGE_GOLDEN=1 pytest tests/reports/test_formats_golden.py` writes the golden files anew; review
them as a diff.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cases import CASES

from extriage import casefile
from extriage.knowledge import attack
from extriage.reports import (
    REPORTS,
    RenderOptions,
    mispevent,
    navigator,
    neutral,
    ocsf,
    ticket,
    timesketch,
)
from extriage.reports.imprint import CONFIDENCE
from extriage.reports.stix import bundle

GOLDEN = Path(__file__).parent.parent / "golden" / "formats"
FORMATS = ("stix", "misp", "timesketch", "ocsf", "markdown")
SHOWN = ("compromised", "robbed", "three-hosts", "cannot-tell", "no-host")
GOLDENS = [(name, form) for name in SHOWN for form in FORMATS]
SET = "robbed.csv-set"
OPTIONS = RenderOptions(tlp="amber")


def compared(golden: Path, text: str) -> None:
    if os.environ.get("EXTRIAGE_GOLDEN") == "1":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_bytes(text.encode("utf-8"))
    assert text.encode("utf-8") == golden.read_bytes()


@pytest.mark.parametrize(("name", "form"), GOLDENS)
def test_a_format_equals_its_golden_file(name: str, form: str) -> None:
    compared(GOLDEN / f"{name}.{form}", REPORTS[form].render(CASES[name], OPTIONS))


def test_every_table_of_the_set_equals_its_golden_file() -> None:
    report = REPORTS["csv-set"]
    assert report.files
    assert report.names
    files = report.files(CASES["robbed"], OPTIONS)
    assert tuple(files) == tuple(report.names())
    for name, text in files.items():
        compared(GOLDEN / SET / name, text)


def test_no_golden_file_is_left_over() -> None:
    names = REPORTS["csv-set"].names
    assert names
    assert {one.name for one in GOLDEN.iterdir()} == {f"{n}.{form}" for n, form in GOLDENS} | {SET}
    assert {one.name for one in (GOLDEN / SET).iterdir()} == set(names())


RENDER = """
import sys
from pathlib import Path
from extriage.casefile import load
from extriage.reports import REPORTS, RenderOptions
case = load(Path(sys.argv[1]))
for name in sys.argv[2:]:
    sys.stdout.write(REPORTS[name].render(case, RenderOptions(tlp="amber")))
for text in REPORTS["csv-set"].files(case, RenderOptions(tlp="amber")).values():
    sys.stdout.write(text)
"""


def test_the_order_in_which_python_keeps_sets_changes_nothing(tmp_path: Path) -> None:
    document = tmp_path / "case.json"
    document.write_bytes(casefile.encode(CASES["robbed"]))
    seen = set()
    for seed, zone in (("1", "UTC"), ("2", "Asia/Kathmandu"), ("3", "America/St_Johns")):
        done = subprocess.run(
            [sys.executable, "-c", RENDER, str(document), *FORMATS, "navigator"],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            check=True,
        )
        seen.add(done.stdout)
    assert len(seen) == 1
    assert next(iter(seen)).count(b"\n") > 1_000


def test_the_figures_of_the_page_about_formats_are_those_of_the_code() -> None:
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
    for figure, words in (
        (ticket.ROOM, "below {:,} characters"),
        (ticket.LISTED, "the next {:,} get a line each"),
        (neutral.CELL_LIMIT, "A cell holds {:,} characters"),
        (bundle.FINDINGS, "| {:,} findings, 1,000 indicators"),
        (bundle.INDICATORS, "300 findings, {:,} indicators"),
        (bundle.SIGHTINGS, "{:,} sightings of published indicators"),
        (mispevent.INDICATORS, "| {:,} indicators, 300 sightings, 200 ways back"),
        (mispevent.SIGHTINGS, "| 1,000 indicators, {:,} sightings, 200 ways back"),
        (mispevent.WAYS, "| 1,000 indicators, 300 sightings, {:,} ways back"),
        (timesketch.LONGEST, "at {:,} bytes"),
        (ocsf.LINES, "{:,} lines or files each"),
        (ocsf.ROOM, "{:,} characters of each line"),
        (navigator.FINDINGS, "{:,} findings for each technique"),
        (navigator.HOSTS, "{:,} servers"),
    ):
        assert words.format(figure) in page
    for certainty, number in CONFIDENCE.items():
        assert f"`{certainty.value}` {number}" in page
    assert f"ATT&CK {attack.VERSION}" in page
    assert f"OCSF {ocsf.OCSF}" in page
