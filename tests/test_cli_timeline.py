"""`extriage timeline`: filters, formats, and evidence that a screen or a spreadsheet would obey."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extriage.casefile import encode
from extriage.casefile.timeline import TIMELINE, timeline_rows
from extriage.model.case import Case, Moment, Tool
from extriage.model.detection import Stage
from extriage.reports.timeline import Page, text
from keyboard import Keyboard

START = datetime(2021, 3, 2, 23, 59, tzinfo=UTC)
EVIL = "=cmd|x\x1b[31m\u202e <b>|`"
MOMENTS = (
    Moment(START, "EX01", None, "Logs begin: iis", "", "", 0, "log", "before"),
    Moment(START + timedelta(minutes=2), "EX01.contoso.example", Stage.REACHED, EVIL, "f-1",
           "u_ex.log", 5, "attack", "way-in", START + timedelta(hours=9), 12, "203.0.113.7"),
    Moment(START + timedelta(days=2), "EX02", Stage.PLANTED, "Put there", "w-1", "a", 1,
           "persistence", "foothold"),
)  # fmt: skip


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Keyboard:
    monkeypatch.chdir(tmp_path)
    Path("case").mkdir()
    Path("case/case.json").write_bytes(encode(case()))
    return Keyboard(capfd, "timeline", "case")


def case() -> Case:
    tool = Tool("0", "2026-01-01", "", 0, ())
    return Case("extriage.case/1", tool, (), timeline=MOMENTS)


def test_the_screen_shows_days_and_nothing_raw(run: Keyboard) -> None:
    outcome = run()
    assert outcome.code == 0
    assert "2021-03-02 Tuesday" in outcome.out
    assert "2021-03-03 Wednesday\n  00:01:00 ! reached" in outcome.out
    rows = " ".join(outcome.out.split())
    assert "12 times until 08:59:00 by 203.0.113.7" in rows
    assert "u_ex.log:5" in rows
    assert "\\x1b[31m\\u202e" in outcome.out
    assert "\x1b" not in outcome.out


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        (["--host", "ex01"], [0, 1]),
        (["--host", "ex02", "--host", "EX01.contoso.example"], [1, 2]),
        (["--stage", "reached"], [1, 2]),
        (["--stage", "planted"], [2]),
        (["--source", "attack,persistence"], [1, 2]),
        (["--source", "log"], [0]),
        (["--phase", "way-in"], [1]),
        (["--from", "2021-03-03T05"], [1, 2]),
        (["--to", "2021-03-02"], [0]),
        (["--from", "2021-03-04", "--to", "2021-03-04"], [2]),
    ],
)
def test_moments_are_chosen(run: Keyboard, words: list[str], titles: list[int]) -> None:
    outcome = run("--format", "jsonl", *words)
    shown = [json.loads(row)["title"] for row in outcome.out.splitlines()]
    assert shown == [MOMENTS[at].title for at in titles]
    assert "\x1b" not in outcome.out


def test_the_table_is_safe_in_a_spreadsheet(run: Keyboard) -> None:
    rows = list(csv.DictReader(io.StringIO(run("--format", "csv").out)))
    assert len(rows) == 3
    assert rows[1]["title"].startswith("'=cmd|x\\x1b")
    assert (rows[1]["time"], rows[1]["count"], rows[1]["id"]) == (
        "2021-03-03T00:01:00Z",
        "12",
        "f-1",
    )


def test_markdown_holds_no_markup_of_the_evidence(run: Keyboard) -> None:
    out = run("--format", "markdown").out
    assert "## 2021-03-04" in out
    assert "\\<b\\>\\|\\`" in out
    assert "\x1b" not in out


def test_slips_are_named(run: Keyboard) -> None:
    assert "knows no 'attacks'" in run("--source", "attacks").err
    assert run("--source", "attacks").code == 2
    assert run("--from", "never").code == 2
    outcome = run("--host", "nobody")
    assert (outcome.code, outcome.out) == (0, "")
    assert "no such moment" in outcome.err


def test_a_file_is_not_overwritten_without_force(run: Keyboard) -> None:
    assert run("-o", "t.txt").code == 0
    assert run("-o", "t.txt").code == 2
    assert run("-o", "t.txt", "--force").code == 0
    assert "Put there" in Path("t.txt").read_text()


def test_the_rows_of_the_database_fit_its_table() -> None:
    ((table, rows),) = timeline_rows(replace(case()))
    columns = TIMELINE.partition("(")[2].count(",") + 1
    assert table == "timeline"
    assert {len(row) for row in rows} == {columns}
    assert [row[0] for row in rows] == [1, 2, 3]


@pytest.mark.parametrize("columns", [80, 100])
def test_lines_fit_the_screen_and_name_whom_they_speak_of(columns: int) -> None:
    folders = "EVIDENCE/C/Program Files/Microsoft/Exchange Server/V15/Logging/HttpProxy/Ecp/"
    long = replace(
        MOMENTS[1], title="gave /owa/auth/x.aspx orders, " * 15, path=f"{folders}HttpProxy_1.LOG"
    )
    world = [
        Moment(START, f"EX0{n}", None, "Published: attacks begin", "", "", 0, "published")
        for n in range(3)
    ]
    names = frozenset(one.host for one in world)
    shown = list(text([*world, *MOMENTS, long], Page(columns, hosts=names)))
    assert max(map(len, shown)) <= columns
    assert "\n".join(shown).count("Published: attacks begin") == 1
    assert any("3 servers" in row for row in shown)
    assert sum("by 203.0.113.7" in row for row in shown) == 2


def test_a_session_counts_requests_and_lines_that_are_only_counted_are_counted_once() -> None:
    whole = replace(MOMENTS[1], finding="s-1", path="", line=0)
    rest = replace(MOMENTS[1], title="x: 12 further lines", path="", line=0)
    shown = "\n".join(text([whole, rest], Page()))
    assert "12 requests until" in shown
    assert "12 times" not in shown
