"""Ways back in on the screen and as a table: short, worst first, and harmless."""

import csv
import io
import json
import sqlite3
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from cases import CASES, flooded
from payloads import PAYLOADS
from rich.cells import cell_len
from ways import PAGE, ways

from extriage import casefile
from extriage.analysis.persistence import ITEMS
from extriage.casefile.database import write_database
from extriage.reports import REPORTS, RenderOptions
from extriage.reports.waysbackcsv import COLUMNS

CASE = CASES["ways-back"]
FORMULA_STARTS = tuple("=+-@|\t\r\n\0\uff1d\uff0b\uff0d\uff20")


def block(width: int = 80) -> list[str]:
    """Return the lines of the block on the screen."""
    lines = REPORTS["text"].render(CASE, RenderOptions(width=width)).splitlines()
    start = next(n for n, line in enumerate(lines) if "Ways back in" in line)
    end = next(n for n in range(start + 1, len(lines)) if lines[n].startswith("──"))
    return lines[start:end]


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_screen_tells_what_is_there_before_what_is_not() -> None:
    shown = block()
    assert "2 there, 4 perhaps there, 1 gone, 2 tried" in shown[0]
    assert shown[1].startswith(f"  present  web shell {PAGE}")
    assert "since 2021-03-14 06:40" in shown[1] + shown[2]
    assert any("a value of the request is evaluated" in line for line in shown)
    assert "and 3 more in the case" in "".join(shown)


def test_what_was_only_tried_has_one_line() -> None:
    (line,) = [line for line in block(132) if line.startswith("  tried")]
    assert "transport agent" in line
    assert "/aspnet_client/z.aspx" in line
    assert "nothing shows that it worked" in line


@pytest.mark.parametrize("width", [60, 80, 132])
def test_the_block_stays_short(width: int) -> None:
    assert len(block(width)) <= 12
    assert max(map(cell_len, block(width))) <= width


def test_a_server_without_ways_back_has_no_block() -> None:
    text = REPORTS["text"].render(CASES["compromised"], RenderOptions(width=80))
    assert "Ways back" not in text


def test_the_table_has_every_way_back_with_its_story_and_removal() -> None:
    rows = table(REPORTS["persistence-csv"].render(CASE, RenderOptions()))
    assert [row["state"] for row in rows] == [one.state.value for one in ways()]
    first = rows[0]
    assert first["object"] == PAGE
    assert (first["requests"], first["answered"], first["visitors"]) == ("44", "41", "2")
    assert first["removal"] == "Keep a copy. | Take it out."
    assert first["story"].startswith("2021-03-14T06:40:09Z Put there")


@pytest.mark.parametrize("payload", PAYLOADS[::5], ids=range(len(PAYLOADS[::5])))
def test_no_cell_starts_a_formula_or_carries_a_control(payload: str) -> None:
    text = REPORTS["persistence-csv"].render(flooded(CASE, payload), RenderOptions())
    rows = list(csv.reader(io.StringIO(text)))
    assert len(rows) == len(ways()) + 1
    for row in rows[1:]:
        assert len(row) == len(COLUMNS)
        for value in row:
            assert not value.startswith(FORMULA_STARTS)
            assert not any(unicodedata.category(char) == "Cc" for char in value)


@pytest.mark.parametrize("payload", PAYLOADS[::5], ids=range(len(PAYLOADS[::5])))
def test_a_hostile_name_does_not_break_the_block(payload: str) -> None:
    text = REPORTS["text"].render(flooded(CASE, payload), RenderOptions(width=80))
    assert max(cell_len(line) for line in text.splitlines()) <= 80
    assert not any(unicodedata.category(char) == "Cc" for char in text if char != "\n")


def test_a_case_with_ways_back_is_read_as_it_was_written() -> None:
    assert casefile.decode(casefile.encode(CASE)) == CASE


def test_the_database_has_ways_back_stories_and_visitors(tmp_path: Path) -> None:
    write_database(tmp_path / "case.db", CASE)
    connection = sqlite3.connect(tmp_path / "case.db")
    try:
        found = connection.execute(
            "SELECT state, object, removal FROM persistence ORDER BY position"
        ).fetchall()
        story = connection.execute("SELECT count(*) FROM persistence_story").fetchone()
        lives = connection.execute("SELECT page, visitors FROM page_lives").fetchall()
        roles = connection.execute("SELECT role FROM page_visitors ORDER BY role").fetchall()
    finally:
        connection.close()
    assert [row[1] for row in found] == [one.object for one in ways()]
    assert json.loads(found[0][2]) == list(ways()[0].removal)
    assert story == (sum(len(one.story) for one in ways()),)
    assert lives == [(PAGE, 2)]
    assert roles == [("owner",), ("stranger",)]


def test_a_list_that_was_cut_says_so_on_the_screen() -> None:
    host = CASE.hosts[0]
    many = tuple(replace(host.persistence[0], id=f"p-{n}") for n in range(ITEMS))
    case = replace(CASE, hosts=(replace(host, persistence=many),))
    text = REPORTS["text"].render(case, RenderOptions(width=80))
    assert f"the worst {ITEMS} of more" in text


def test_a_computer_account_is_not_named_beside_an_address() -> None:
    host = CASE.hosts[0]
    way = replace(host.persistence[0], by=("203.0.113.9", "EX01$", "NT AUTHORITY\\SYSTEM"))
    case = replace(CASE, hosts=(replace(host, persistence=(way,)),))
    text = " ".join(REPORTS["text"].render(case, RenderOptions(width=120)).split())
    assert "by 203.0.113.9" in text
    assert "EX01$" not in text.partition("Ways back in")[2].partition("──")[2].partition("──")[0]
