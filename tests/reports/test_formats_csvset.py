"""The set of CSV files is safe in a spreadsheet, complete, and shares what single reports have."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import pytest
from cases import CASES, flooded, of_hosts
from payloads import PAYLOADS

from extriage.errors import UsageError
from extriage.knowledge.indicators import read_indicators
from extriage.model.case import Case
from extriage.reports import REPORTS, RenderOptions, timeline

ROBBED = CASES["robbed"]
FORMULA_STARTS = tuple("=+-@|\t\r\n\0\uff1d\uff0b\uff0d\uff20")


def files_of(case: Case, tlp: str = "") -> Mapping[str, str]:
    files = REPORTS["csv-set"].files
    assert files
    return files(case, RenderOptions(tlp=tlp))


USUAL = files_of(ROBBED)


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", CASES)
def test_every_table_is_rectangular_and_counted(name: str) -> None:
    files = files_of(CASES[name], "green")
    about = dict(rows_of(files["about.csv"])[1:])
    assert about["tlp"] == "TLP:GREEN"
    for file, text in files.items():
        rows = rows_of(text)
        assert len({len(row) for row in rows}) == 1
        assert text.endswith("\n")
        if file != "about.csv":
            assert about[f"rows in {file}"] == str(len(rows) - 1)


@pytest.mark.parametrize("payload", PAYLOADS[::6], ids=range(len(PAYLOADS[::6])))
def test_no_cell_is_a_formula_or_hides_anything(payload: str) -> None:
    for file, text in files_of(flooded(ROBBED, payload)).items():
        cells = [cell for row in rows_of(text) for cell in row]
        assert not [cell for cell in cells if cell.lstrip().startswith(FORMULA_STARTS)], file
        assert all(cell.isprintable() for cell in cells)
        assert text.encode("utf-8")
        assert text.count("\n") == USUAL[file].count("\n")


def test_what_single_reports_have_is_the_same_here() -> None:
    files = files_of(ROBBED)
    for file, form in (("evidence", "csv"), ("persistence", "persistence-csv"), ("exposures",) * 2):
        known = form if form in REPORTS else f"{form}-csv"
        assert files[f"{file}.csv"] == REPORTS[known].render(ROBBED, RenderOptions())
    assert files["timeline.csv"].splitlines() == list(timeline.table(ROBBED.timeline))


def test_tables_hold_what_the_case_holds() -> None:
    (server,) = ROBBED.hosts
    files = files_of(ROBBED)
    counts = {file: text.count("\n") - 1 for file, text in files.items()}
    assert counts["hosts.csv"] == 1
    assert counts["findings.csv"] == len(server.findings)
    assert counts["sessions.csv"] == len(server.sessions)
    assert counts["steps.csv"] == sum(len(one.steps) for one in server.sessions)
    assert counts["coverage.csv"] == len(server.coverage)
    assert counts["campaigns.csv"] == sum(len(one.coverage) for one in server.campaigns)
    assert counts["advisories.csv"] == len(server.patch.advisories)
    assert counts["actions.csv"] == len(server.actions)
    assert counts["manifest.csv"] == len(server.manifest.entries) + len(ROBBED.unassigned)
    assert counts["sightings.csv"] == len(server.sightings)
    assert counts["rules-not-run.csv"] == len(ROBBED.tool.refused_rules)


def test_absence_and_ignorance_stay_two_words() -> None:
    rows = rows_of(files_of(ROBBED)["campaigns.csv"])
    answers = {row[3]: row[4] for row in rows[1:]}
    assert answers["CVE-2021-26857"] == "cannot-tell"
    assert answers["CVE-2021-26858"] == "not-seen"


def test_indicators_are_read_again_by_a_scan(tmp_path: Path) -> None:
    place = tmp_path / "indicators.csv"
    place.write_text(files_of(ROBBED, "amber")["indicators.csv"], "utf-8")
    read = read_indicators(place)
    assert [(one.type, one.value, one.tlp) for one in read.indicators] == [
        ("ipv4", "198.51.100.23", "amber")
    ]


def test_a_set_has_no_single_document() -> None:
    with pytest.raises(UsageError, match="name a folder"):
        REPORTS["csv-set"].render(of_hosts(), RenderOptions())
