"""The reports of cases made by hand stay what they are.

`EXTRIAGE_GOLDEN=1 pytest tests/reports` writes the golden files anew; review them as a diff.
"""

import os
from pathlib import Path

import pytest
from cases import CASES

from extriage.reports import REPORTS, RenderOptions

GOLDEN = Path(__file__).parent.parent / "golden" / "reports"

SCREENS = {
    "text": RenderOptions(width=80, cases_at="EXCH01.case"),
    "narrow": RenderOptions(width=60, ascii=True, cases_at="EXCH01.case"),
    "wide": RenderOptions(width=132, cases_at="EXCH01.case"),
    "color": RenderOptions(width=80, color=True, cases_at="EXCH01.case"),
    "listed": RenderOptions(width=80, cases_at="EXCH01.case", show_suppressed=True),
}
GOLDENS = [
    *((name, form, form) for name in CASES for form in ("text", "csv")),
    *(("compromised", "text", screen) for screen in ("narrow", "wide", "color")),
    ("suppressed", "text", "listed"),
    *(("robbed", form, form) for form in ("exposures-csv", "plan", "plan-powershell")),
    *((name, "navigator", "navigator") for name in ("compromised", "three-hosts", "no-host")),
]


@pytest.mark.parametrize(("name", "form", "suffix"), GOLDENS)
def test_a_report_equals_its_golden_file(name: str, form: str, suffix: str) -> None:
    options = SCREENS.get(suffix, RenderOptions())
    rendered = REPORTS[form].render(CASES[name], options).encode("utf-8")
    golden = GOLDEN / f"{name}.{suffix}"
    if os.environ.get("EXTRIAGE_GOLDEN") == "1":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_bytes(rendered)
    assert rendered == golden.read_bytes()


def test_no_golden_file_is_left_over() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == {f"{n}.{suffix}" for n, _, suffix in GOLDENS}
