"""No text from evidence harms who looks at a report."""

import csv
import io
import json
import re
import unicodedata
from functools import cache

import pytest
from cases import CASES, case, flooded, of_hosts, suppressed_case, three_hosts
from payloads import INVISIBLE, PAYLOADS, REORDERING
from rich.cells import cell_len

from extriage.model.case import Case
from extriage.reports import REPORTS, RenderOptions, timeline
from extriage.reports.csvfile import COLUMNS

SGR = re.compile(r"\x1b\[[0-9;]*m")
FORMULA_STARTS = tuple("=+-@|\t\r\n\0\uff1d\uff0b\uff0d\uff20")


def text_of(case: Case, options: RenderOptions) -> str:
    return REPORTS["text"].render(case, options)


@cache
def csv_of(payload: str) -> str:
    return REPORTS["csv"].render(flooded(case(), payload), RenderOptions())


def harmful(text: str) -> set[str]:
    """Return every character that a screen obeys or does not show."""
    shown = set(text) - {"\n", " "}
    hidden = {char for char in shown if unicodedata.category(char)[0] in "CZ"}
    return hidden | (shown & {*REORDERING, *INVISIBLE})


def test_there_are_more_than_200_payloads() -> None:
    assert len(set(PAYLOADS)) > 200


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_in_every_field_does_not_break_the_screen(payload: str) -> None:
    options = RenderOptions(width=80, cases_at=payload)
    plain = text_of(flooded(case(), payload), options)
    assert harmful(plain) == set()
    assert max(cell_len(line) for line in plain.splitlines()) <= 80
    assert plain.count("\n") < 70


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_payload_never_adds_a_color_of_its_own(payload: str) -> None:
    hostile = flooded(case(), payload)
    plain = text_of(hostile, RenderOptions(width=80))
    colored = text_of(hostile, RenderOptions(width=80, color=True))
    assert harmful(SGR.sub("", colored)) == set()
    assert SGR.sub("", colored) == plain
    usual = set(SGR.findall(text_of(case(), RenderOptions(width=80, color=True))))
    assert set(SGR.findall(colored)) <= usual


@pytest.mark.parametrize("payload", PAYLOADS[::7], ids=range(len(PAYLOADS[::7])))
def test_the_table_of_servers_and_the_ascii_report_hold_too(payload: str) -> None:
    many = text_of(flooded(three_hosts(), payload), RenderOptions(width=60, ascii=True))
    assert many.isascii()
    assert harmful(many) == set()
    assert max(map(len, many.splitlines())) <= 60
    nothing = text_of(flooded(of_hosts(), payload), RenderOptions(width=60))
    assert harmful(nothing) == set()


@pytest.mark.parametrize("payload", PAYLOADS[::5], ids=range(len(PAYLOADS[::5])))
def test_what_was_suppressed_is_listed_without_harm(payload: str) -> None:
    hostile = flooded(suppressed_case(), payload)
    text = text_of(hostile, RenderOptions(width=70, show_suppressed=True))
    assert harmful(text) == set()
    assert max(cell_len(line) for line in text.splitlines()) <= 70
    assert text.count("\n") < 90


@pytest.mark.parametrize("payload", PAYLOADS[::5], ids=range(len(PAYLOADS[::5])))
def test_rows_of_suppressed_lines_hold_no_formula(payload: str) -> None:
    table = REPORTS["csv"].render(flooded(suppressed_case(), payload), RenderOptions())
    cells = [text for row in csv.reader(io.StringIO(table, newline="")) for text in row]
    assert [text for text in cells if text.lstrip().startswith(FORMULA_STARTS)] == []
    assert harmful("".join(cells)) == set()


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_spreadsheet_finds_no_formula_and_every_row(payload: str) -> None:
    table = csv_of(payload)
    rows = list(csv.reader(io.StringIO(table, newline="")))
    assert len(rows) == 1 + sum(len(finding.evidence) for finding in case().hosts[0].findings)
    assert {len(row) for row in rows} == {len(COLUMNS)}
    cells = [text for row in rows for text in row]
    assert [text for text in cells if text.lstrip().startswith(FORMULA_STARTS)] == []
    assert harmful("".join(cells)) == set()
    assert max(map(len, cells)) < 32_767
    assert table.encode("utf-8")


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_a_spreadsheet_that_splits_at_semicolons_finds_no_formula(payload: str) -> None:
    pieces = re.split(r'[;\n]["\s\']*?(?=[^"\s])', csv_of(payload))
    assert [text for text in pieces if text.startswith(FORMULA_STARTS)] == []


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_the_exact_text_can_be_had_from_the_json_report(payload: str) -> None:
    try:
        payload.encode("utf-8")
    except UnicodeEncodeError:
        payload = payload.encode("utf-8", "backslashreplace").decode("utf-8")
    document = json.loads(REPORTS["json"].render(flooded(case(), payload), RenderOptions()))
    finding = document["hosts"][0]["findings"][0]
    assert finding["title"] == finding["evidence"][0]["text"] == payload


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_what_came_after_the_break_in_is_told_without_harm(payload: str) -> None:
    hostile = flooded(CASES["robbed"], payload)
    for form in ("text", "plan", "plan-powershell"):
        text = REPORTS[form].render(hostile, RenderOptions(width=80)).replace("\r\n", "\n")
        assert harmful(text.removeprefix("\ufeff").replace("\t", " ")) == set()
    table = REPORTS["exposures-csv"].render(hostile, RenderOptions())
    rows = list(csv.reader(io.StringIO(table)))
    assert len({len(row) for row in rows}) == 1
    assert not [cell for row in rows[1:] for cell in row if cell.startswith(FORMULA_STARTS)]
    for lines in (
        timeline.text(hostile.timeline, timeline.Page(80)),
        timeline.markdown(hostile.timeline),
    ):
        assert harmful("".join(lines)) == set()
