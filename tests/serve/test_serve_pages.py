"""The pages of the server: report, trail, one line in its surroundings, downloads, refusals."""

import io
import json
import re
import sqlite3
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cases import CASES, flooded
from starlette.types import ASGIApp

from asking import Reply, ask
from extriage.errors import UsageError
from extriage.model.case import SCHEMA, Case
from extriage.reports import REPORTS, RenderOptions
from extriage.reports.html.page import render
from extriage.serve.app import application, open_case
from serving import NAMES, case_folder, record

MARKUP = "</script><img src=x onerror=alert(1)>\"'<xmp>"


def app_of(folder: Path, tlp: str = "") -> ASGIApp:
    return application(open_case(folder, RenderOptions(tlp=tlp)), "127.0.0.1")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> ASGIApp:
    folder = tmp_path_factory.mktemp("pages") / "case"
    records = [record(n, line=10 * n) for n in range(1, 41)]
    records += [record(50, path="EXCH01/other.log", text="in another log")]
    records += [record(51, host="OTHER", text="of another server")]
    return app_of(case_folder(folder, CASES["robbed"], records), tlp="amber")


def page_of(reply: Reply) -> str:
    assert reply.status == 200
    assert reply.header("content-type") == "text/html; charset=utf-8"
    return reply.text


def test_the_report_is_the_same_but_for_where_its_rows_are(app: ASGIApp) -> None:
    page = page_of(ask(app, "/"))
    assert page == render(CASES["robbed"], RenderOptions(tlp="amber"), remote=True)
    assert "connect-src &#39;self&#39;" in page
    assert 'href="more"' in page
    data = re.search(r'id="data">(.*?)</script>', page)
    assert data
    tables = json.loads(data[1])["tables"]["tables"]
    assert {table["remote"] for table in tables.values()} == {f"rows/{id_}" for id_ in tables}


def test_the_file_itself_asks_nobody() -> None:
    page = render(CASES["robbed"], RenderOptions())
    assert "connect-src" not in page
    assert 'href="more"' not in page
    assert "rows/h0" not in page


def test_the_trail_has_its_own_page(app: ASGIApp) -> None:
    page = page_of(ask(app, "/trail"))
    assert 'data-table="trail"' in page
    assert page.count('href="record?row=') == 25
    assert '"total":42' in page


def test_more_lists_the_trail_and_every_format(app: ASGIApp) -> None:
    page = page_of(ask(app, "/more"))
    assert "42 records" in page
    for name in REPORTS:
        assert f'href="report.{name}"' in page


def test_a_record_is_shown_with_its_neighbours_in_file_and_time(app: ASGIApp) -> None:
    page = page_of(ask(app, "/record?row=20"))
    beside, around = page.split("In the same file")[1].split("At that time on this server")
    places = [int(line) for line in re.findall(r"u_ex210314\.log:(\d+)</a>", beside)]
    assert places == [*range(100, 200, 10), *range(210, 310, 10)]
    assert "in another log" not in beside
    assert around.count("this record") == 1
    assert len(re.findall(r'href="record\?row=\d+"', around)) == 21
    assert "of another server" not in page


def test_the_last_records_of_a_server_have_fewer_neighbours(app: ASGIApp) -> None:
    page = page_of(ask(app, "/record?row=41"))
    assert "in another log" in page
    assert "of another server" not in page
    assert "The trail has no other record of this file" in page


def test_a_line_of_a_finding_leads_back_to_it(app: ASGIApp) -> None:
    finding = CASES["robbed"].hosts[0].findings[1]
    page = page_of(ask(app, f"/line?host=0&finding={finding.id}&at=1"))
    assert finding.evidence[0].sha256 in page
    assert f'href="./#h0-finding-{finding.id}"' in page
    assert finding.title in page


@pytest.mark.parametrize(
    ("question", "status"),
    [
        ("finding=f-nothing&host=0&at=1", 404),
        ("finding={id}&host=9&at=1", 404),
        ("finding={id}&host=0&at=99", 404),
        ("finding={id}&host=0&at=0", 400),
        ("finding={id}&host=-1&at=1", 400),
        ("finding={id}&host=0", 400),
        ("finding={id}&finding={id}&host=0&at=1", 400),
        ("host=0&at=1", 404),
        ("", 400),
    ],
)
def test_an_unknown_line_is_told_in_plain_words(app: ASGIApp, question: str, status: int) -> None:
    id_ = CASES["robbed"].hosts[0].findings[0].id
    reply = ask(app, "/line?" + question.replace("{id}", id_))
    assert reply.status == status
    assert "To the report" in reply.text
    assert "Traceback" not in reply.text


@pytest.mark.parametrize(("row", "status"), [("99", 404), ("0", 404), ("x", 400), ("-1", 400)])
def test_an_unknown_record_is_told_in_plain_words(app: ASGIApp, row: str, status: int) -> None:
    assert ask(app, f"/record?row={row}").status == status
    assert ask(app, "/record").status == 400


@pytest.mark.parametrize("name", REPORTS)
def test_every_format_can_be_kept(app: ASGIApp, name: str) -> None:
    reply = ask(app, f"/report.{name}")
    assert reply.status == 200
    named = reply.header("content-disposition") or ""
    assert re.fullmatch(rf'attachment; filename="extriage-{name}\.\w+"', named)
    assert (reply.header("content-type") or "").partition(";")[0] != ""
    assert reply.body
    if name == "csv-set":
        assert zipfile.ZipFile(io.BytesIO(reply.body)).testzip() is None
    if name == "json":
        assert reply.json["schema"] == "extriage.case/1"
    if name == "html":
        assert "connect-src" not in reply.text


def test_a_case_without_a_trail_says_so(tmp_path: Path) -> None:
    folder = case_folder(tmp_path / "case", CASES["targeted"])
    app = app_of(folder)
    assert "0 records" not in ask(app, "/more").text
    (folder / "case.db").unlink()
    alone = app_of(folder)
    assert ask(alone, "/").status == 200
    assert ask(alone, "/trail").status == ask(alone, "/record?row=1").status == 404
    finding = CASES["targeted"].hosts[0].findings[0]
    page = page_of(ask(alone, f"/line?host=0&finding={finding.id}&at=1"))
    assert "To the trail" not in page
    assert page_of(ask(app_of(folder / "case.json"), "/"))


def hostile() -> Case:
    return replace(flooded(CASES["robbed"], MARKUP), schema=SCHEMA)


def test_markup_of_the_evidence_stays_text_on_every_page(tmp_path: Path) -> None:
    records = [record(1, **dict.fromkeys(("target", "text", "path", "agent", "account"), MARKUP))]
    app = app_of(case_folder(tmp_path / "case", hostile(), records))
    harmless = render(CASES["robbed"], RenderOptions(), remote=True)
    id_ = "%3C/script%3E%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E%22%27%3Cxmp%3E"
    for target in ("/", "/trail", "/more", "/record?row=1", f"/line?host=0&finding={id_}&at=1"):
        page = page_of(ask(app, target))
        assert "<img src=x" not in page
        assert "<xmp>" not in page
        scripts = harmless.count("</script>") if target == "/" else 2
        assert page.count("<script") == page.count("</script>") == scripts
    rows = ask(app, "/rows/trail")
    assert rows.header("content-type") == "application/json"
    assert rows.json["rows"][0][7] == MARKUP


@pytest.mark.parametrize("target", ["/<script>alert(1)</script>", "/rows/<b>", "/record?row=<b>"])
def test_a_refusal_repeats_nothing_that_could_run(app: ASGIApp, target: str) -> None:
    reply = ask(app, target)
    assert reply.status in (400, 404)
    assert "<b>" not in reply.text
    assert "<script>alert" not in reply.text


def test_what_was_opened_is_served_though_the_folder_goes(tmp_path: Path) -> None:
    folder = case_folder(tmp_path / "case", CASES["robbed"], [record(n) for n in range(60)])
    app = app_of(folder)
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    assert ask(app, "/").status == 200
    assert ask(app, "/rows/trail?page=1").json["matched"] == 60
    assert ask(app, "/report.csv").status == 200


def test_a_new_scan_does_not_mix_with_what_is_served(tmp_path: Path) -> None:
    folder = case_folder(tmp_path / "case", CASES["robbed"], [record(n) for n in range(60)])
    app = app_of(folder)
    newer = case_folder(tmp_path / "newer", CASES["targeted"], [record(1)])
    for file in newer.iterdir():
        file.replace(folder / file.name)
    assert ask(app, "/rows/trail?sort=-line").json["matched"] == 60
    assert ask(app, "/rows/h0-findings").json["matched"] == len(CASES["robbed"].hosts[0].findings)


def test_a_database_that_is_overwritten_is_told_in_plain_words(tmp_path: Path) -> None:
    folder = case_folder(tmp_path / "case", CASES["robbed"], [record(n) for n in range(600)])
    app = app_of(folder)
    (folder / "case.db").write_bytes(b"no database any more" * 500)
    reply = ask(app, "/rows/trail?sort=account&page=3")
    assert reply.status == 410
    assert "was it changed? Start again" in reply.text
    assert ask(app, "/").status == 200


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("case.json", b"{"),
        ("case.json", b'{"schema": "extriage.case/0"}'),
        ("case.json", b""),
        ("case.json", None),
        ("case.db", b"no database" * 100),
    ],
    ids=["cut", "old", "empty", "missing", "no database"],
)
def test_a_damaged_case_is_told_at_the_start(tmp_path: Path, name: str, data: bytes | None) -> None:
    folder = case_folder(tmp_path / "case", CASES["robbed"], [record(1)])
    if data is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(data)
    with pytest.raises(UsageError) as told:
        open_case(folder, RenderOptions())
    assert "\n" not in str(told.value)
    assert name in str(told.value)


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE trail (host, time, kind, path, line, offset, text, target, account, address,"
        " agent, keys)",
        "CREATE VIEW trail AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        f" SELECT {', '.join(f'i AS {name}' for name in NAMES)} FROM n",
        f"CREATE VIRTUAL TABLE trail USING fts5 ({', '.join(NAMES)})",
    ],
    ids=["older", "endless", "virtual"],
)
def test_a_database_that_no_scan_wrote_is_told_at_the_start(tmp_path: Path, made: str) -> None:
    folder = case_folder(tmp_path / "case", CASES["robbed"], [record(1)])
    with closing(sqlite3.connect(folder / "case.db")) as connection:
        connection.execute("DROP TABLE trail")
        connection.execute(made)
    with pytest.raises(UsageError, match=r"case.db cannot be read: [^;]*; copy it again"):
        open_case(folder, RenderOptions())


def test_the_report_is_there_while_all_threads_search(
    app: ASGIApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(*_: object) -> None:
        raise AssertionError("a thread was taken")

    monkeypatch.setattr("anyio.to_thread.run_sync", none)
    assert ask(app, "/").status == 200
    assert ask(app, "/trail").status == 500
