"""Rows by the page: all of them, each once, in the order and with the words that were asked for."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from cases import CASES, host, of_hosts
from hypothesis import given, settings
from hypothesis import strategies as some
from starlette.types import ASGIApp

from asking import ask
from extriage.model.host import Status
from extriage.reports import RenderOptions
from extriage.reports.html.tables import Column, Row, Table, tables_of
from extriage.serve import trail as trail_module
from extriage.serve.app import Served, application, open_case
from extriage.serve.held import HeldRows
from extriage.serve.question import Question, QuestionError, Source, read_question, shown
from extriage.serve.trail import COLUMNS, TrailRows
from serving import add_trail, case_folder, record

RECORDS = 137
HOSTILE = [
    *("page=-1", "page=1.5", "page=1e3", "page=%2B1", "page=0x1", "page=", "page=a", "page=%D9%A1"),
    *("page=99999999999999999999", "page=999999999", "page=4", "page=1&page=2", "page[]=1"),
    *("size=0", "size=601", "size=-1", "size=all", "size=", "size=50;50"),
    *(
        "sort=nothing",
        "sort=--time",
        "sort=time%20desc",
        "sort=time;drop%20table%20trail",
        "sort=-",
    ),
    *("sort=rowid", "sort=1", "sort=(select%201)", "sort=%00"),
    *("is.nothing=1", "is.=1", "is.time=2021", "is.kind%27=1", "is.kind=" + "a" * 1_001),
    *("q=" + "a" * 301, "q=" + "a+" * 9, "reveal=" + "a" * 1_001),
    *("words=nothing", "words=path", "words=", "words=kind&q=a", "words=kind&words=kind"),
    *("limit=1", "where=1", "%27=1", "=", "q=a&q=b", "Q=a", "callback=alert", "token=x"),
]
NOT_HOSTILE = [
    *("q=.*", "q=(a%2B)%2B%24", "q=%25", "q=_", "q=%5C", "q=%27%20or%201=1%20--", "q=%00", "q=%ff"),
    *("q=%F0%9F%98%80", "q=%22", "q=*%3F[a-z]", "q=${jndi:x}", "q={{7*7}}", "q=<script>", "q="),
    *(
        "is.kind=%27;drop",
        "is.kind=",
        "is.kind=%00",
        "reveal=",
        "reveal=-1",
        "reveal=9e99",
        "reveal=%00",
    ),
    *("reveal=99999999999999999999", "sort=", "q=%20%20", "size=600", "page=0", "", "q=a%00b"),
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("rows") / "case"
    records = [record(n, kind="iis" if n % 3 else "httpproxy") for n in range(RECORDS)]
    opened = open_case(case_folder(folder, CASES["robbed"], records), RenderOptions())
    yield opened
    assert opened.trail
    opened.trail.close()


@pytest.fixture(scope="module")
def app(served: Served) -> ASGIApp:
    return application(served, "127.0.0.1")


def rows(app: ASGIApp, table: str, **question: object) -> Any:
    reply = ask(app, f"/rows/{table}?{urlencode(question)}")
    assert reply.status == 200, reply.text
    assert reply.header("content-type") == "application/json"
    return reply.json


def test_pages_together_are_the_whole_table(served: Served, app: ASGIApp) -> None:
    for id_, source in served.sources.items():
        first = rows(app, id_, size=7)
        told: list[Any] = []
        for page in range(max(-(-first["matched"] // 7), 1)):
            answer = rows(app, id_, size=7, page=page)
            assert (answer["matched"], answer["page"]) == (first["matched"], page)
            told += answer["rows"]
        whole = source.answer(Question(size=100_000)).rows
        assert told == [list(shown(row)) for row in whole]
        assert len(told) == first["matched"]
    assert rows(app, "trail")["matched"] == RECORDS


def test_the_server_has_every_row_of_the_report(served: Served, app: ASGIApp) -> None:
    tables = tables_of(served.case)
    for group in (*tables.hosts.values(), tables.case):
        for table in group.values():
            assert rows(app, table.id)["matched"] == table.total


def test_two_servers_of_one_name_are_told_apart(tmp_path: Path) -> None:
    case = of_hosts(host(Status.COMPROMISED), host(Status.TARGETED))
    app = application(open_case(case_folder(tmp_path / "case", case), RenderOptions()), "127.0.0.1")
    assert rows(app, "h0-findings")["matched"] == len(case.hosts[0].findings)
    assert rows(app, "h1-findings")["matched"] == len(case.hosts[1].findings)
    (one,) = case.hosts[1].findings
    whole = ask(app, f"/line?host=1&finding={one.id}&at=1")
    assert whole.status == 200
    assert f"#h1-finding-{one.id}" in whole.text


def test_a_hit_is_revealed_on_its_page(served: Served, app: ASGIApp) -> None:
    every = rows(app, "h0-findings", size=600)["rows"]
    key = [column.name for column in served.sources["h0-findings"].columns].index("id")
    for place, row in enumerate(every):
        answer = rows(app, "h0-findings", size=2, reveal=row[key])
        assert answer["page"] == place // 2
        assert row in answer["rows"]
    assert rows(app, "h0-findings", reveal="f-nothing") == {
        "rows": [],
        "matched": len(every),
        "page": -1,
    }
    assert rows(app, "trail", reveal=120, size=50)["page"] == 2


def test_a_column_says_its_words(app: ASGIApp) -> None:
    assert rows(app, "trail", words="kind") == {"words": ["httpproxy", "iis"]}
    assert rows(app, "h0-findings", words="level")["words"] == ["critical", "high", "low", "medium"]


ODD = ("GET\x1b[2J", "\u202eTEG", "plain", "a\x00b", "\u00e4")


def test_words_are_shown_as_text_and_picked_as_they_are_shown(tmp_path: Path) -> None:
    records = [record(n, method=word) for n, word in enumerate(ODD)]
    app = application(
        open_case(case_folder(tmp_path / "case", CASES["robbed"], records), RenderOptions()),
        "127.0.0.1",
    )
    words = rows(app, "trail", words="method")["words"]
    assert sorted(words) == sorted(["GET\\x1b[2J", "\\u202eTEG", "plain", "a\\x00b", "\u00e4"])
    for word in words:
        assert rows(app, "trail", **{"is.method": word})["matched"] == 1
    for word in ODD:
        assert rows(app, "trail", **{"is.method": word})["matched"] == 1


def test_a_finding_with_a_strange_id_is_found_as_the_page_shows_it(tmp_path: Path) -> None:
    server = CASES["robbed"].hosts[0]
    odd = replace(server.findings[0], id="f-\u202e1")
    case = of_hosts(replace(server, findings=(odd, *server.findings[1:])))
    app = application(open_case(case_folder(tmp_path / "case", case), RenderOptions()), "127.0.0.1")
    named = "f-\\u202e1"
    assert rows(app, "h0-findings", reveal=named)["matched"] == len(server.findings)
    assert rows(app, "h0-findings", reveal=named)["page"] == 0
    assert rows(app, "h0-evidence", **{"is.id": named})["matched"] == len(odd.evidence)
    assert ask(app, f"/line?{urlencode({'host': 0, 'at': 1, 'finding': named})}").status == 200


def test_what_is_kept_of_searches_is_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_module, "_KEPT", 10_000)
    records = [record(n) for n in range(500)]
    trail = TrailRows(add_trail(tmp_path / "case.db", records, new=True))
    held = HeldRows(Table("t", "t", "t", HELD, [("low", "k", "t", None, 1)] * 500, 500))
    for n in range(100):
        assert trail.answer(Question(search=("post", str(n)))).matched
        held.answer(Question(search=("low",), picks=(("kind", str(n)),)))
    assert sum(one.nbytes for one in trail._kept.values()) <= 10_000
    assert len(held._found) <= 32
    trail.close()


def test_many_ask_at_once_and_each_gets_its_answer(served: Served, app: ASGIApp) -> None:
    asked = [
        *(f"/rows/trail?q=n%3D{n}&sort=-line" for n in range(40)),
        *(f"/rows/h0-evidence?q={n}" for n in range(40)),
    ]
    alone = [ask(app, target).json for target in asked]
    fresh = application(replace(served, sources=fresh_sources(served)), "127.0.0.1")
    with ThreadPoolExecutor(16) as pool:
        together = list(pool.map(lambda target: ask(fresh, target).json, asked))
    assert together == alone


def fresh_sources(served: Served) -> dict[str, Source]:
    """Return sources that remember nothing."""
    tables = tables_of(served.case)
    assert served.trail
    held = {
        table.id: HeldRows(table) for group in tables.hosts.values() for table in group.values()
    }
    return {**held, "trail": TrailRows(served.trail._database)}


def test_hidden_columns_can_be_picked_for_the_drawer(served: Served, app: ASGIApp) -> None:
    for finding in served.case.hosts[0].findings:
        found = rows(app, "h0-evidence", **{"is.id": finding.id})
        assert found["matched"] == len(finding.evidence)


@pytest.mark.parametrize("question", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("table", ["trail", "h0-evidence"])
def test_a_senseless_question_is_an_error_of_whoever_asks(
    app: ASGIApp, table: str, question: str
) -> None:
    reply = ask(app, f"/rows/{table}?{question}")
    assert reply.status == 400
    assert set(reply.json) == {"error"}
    assert len(reply.json["error"]) < 200


@pytest.mark.parametrize(
    ("table", "column"), [("trail", "text"), ("trail", "target"), ("h0-evidence", "reads")]
)
def test_long_texts_have_no_order(app: ASGIApp, table: str, column: str) -> None:
    reply = ask(app, f"/rows/{table}?sort=-{column}")
    assert reply.status == 400
    assert reply.json["error"] == f"rows cannot be ordered by {column!r}"


@pytest.mark.parametrize("question", NOT_HOSTILE, ids=range(len(NOT_HOSTILE)))
@pytest.mark.parametrize("table", ["trail", "h0-evidence"])
def test_a_strange_question_has_an_answer(app: ASGIApp, table: str, question: str) -> None:
    assert ask(app, f"/rows/{table}?{question}").status == 200


def test_the_case_is_whole_after_all_that(app: ASGIApp) -> None:
    assert rows(app, "trail")["matched"] == RECORDS


def test_rows_carry_nothing_that_hides(tmp_path: Path) -> None:
    nasty = "a\x1b[2J\u202eb\u200bc<script>alert(1)</script>\x00d"
    database = add_trail(tmp_path / "case.db", [record(1, target=nasty, agent=nasty)], new=True)
    trail = TrailRows(database)
    row = dict(zip((c.name for c in COLUMNS), shown(trail.answer(Question()).rows[0]), strict=True))
    trail.close()
    assert row["target"] == "a\\x1b[2J\\u202eb\\u200bc<script>alert(1)</script>\\x00d"


# The reference: what a row must be to be found, said as plainly as possible.


def small(text: str) -> str:
    return "".join(chr(ord(char) + 32) if "A" <= char <= "Z" else char for char in text)


def expected(
    columns: Sequence[Column],
    rows: Sequence[Row],
    question: Question,
    texts: Sequence[Sequence[str]],
) -> list[Row]:
    at = {column.name: n for n, column in enumerate(columns)}
    found = [
        row
        for row, known in zip(rows, texts, strict=True)
        if all(any(word in small(text) for text in known) for word in question.search)
        and all(("" if row[at[n]] is None else str(row[at[n]])) == v for n, v in question.picks)
    ]
    if not question.sort:
        return found
    place = at[question.sort]
    words = columns[place].words

    def weight(row: Row) -> Any:
        cell = row[place]
        return words.index(str(cell)) if words else cell

    full = [row for row in found if row[place] not in (None, "")]
    full.sort(key=weight, reverse=question.down)
    return full + [row for row in found if row[place] in (None, "")]


WORDS = ("critical", "high", "low")
HELD = (
    Column("level", "level", "word", WORDS),
    Column("kind", "kind", "word"),
    Column("title", "title"),
    Column("time", "time", "time"),
    Column("count", "count", "number"),
)
texts = some.text(alphabet="aAbB zZ%_\\'\"é\u212aß.\U0001f600", max_size=6)
times = some.none() | some.integers(0, 5).map(
    lambda n: datetime(2021, 3, 14, 6, n, tzinfo=UTC) + timedelta(milliseconds=n)
)
held_rows = some.lists(
    some.tuples(some.sampled_from(WORDS), texts, texts, times, some.none() | some.integers(0, 30)),
    max_size=12,
)
searches = some.lists(texts.map(small).map(str.split).map("".join), max_size=2).map(
    lambda words: tuple(word for word in words if word)
)


def same(source: Source, whole: list[Row], question: Question) -> None:
    answer = source.answer(question)
    assert answer.matched == len(whole)
    assert list(answer.rows) == whole[: question.size]
    if len(whole) > question.size:
        second = Question(
            question.search, question.picks, question.sort, question.down, 1, question.size
        )
        assert list(source.answer(second).rows) == whole[question.size : 2 * question.size]


@given(
    held_rows, searches, some.sampled_from(["", *(c.name for c in HELD)]), some.booleans(), texts
)
@settings(max_examples=150, deadline=None)
def test_rows_of_the_case_are_found_as_the_reference_finds_them(
    made: list[Row], search: tuple[str, ...], sort: str, down: bool, picked: str
) -> None:
    picks = (("kind", picked),) if len(picked) == 1 else ()
    question = Question(search, picks, sort, down, 0, 5)
    source = HeldRows(Table("t", "t", "t", HELD, made, len(made)))
    known = [
        [
            f"{cell:%Y-%m-%d %H:%M:%S}Z"
            if isinstance(cell, datetime)
            else str("" if cell is None else cell)
            for cell in row
        ]
        for row in made
    ]
    same(source, expected(HELD, made, question, known), question)


trail_rows = some.lists(
    some.fixed_dictionaries(
        {
            "host": some.sampled_from(["A", "B", ""]),
            "kind": some.sampled_from(["iis", "ews"]),
            "account": texts,
            "target": texts,
            "text": texts,
            "bytes_out": some.none() | some.integers(0, 30),
        }
    ),
    max_size=12,
)
SORTS = ["", "time", "host", "kind", "account", "bytes_out", "line"]
SOUGHT = ("text", "target", "host", "address", "account", "agent", "session", "path")


@given(trail_rows, searches, some.sampled_from(SORTS), some.booleans(), texts)
@settings(max_examples=80, deadline=None)
def test_records_of_the_trail_are_found_as_the_reference_finds_them(
    tmp_path_factory: pytest.TempPathFactory,
    made: list[dict[str, Any]],
    search: tuple[str, ...],
    sort: str,
    down: bool,
    picked: str,
) -> None:
    records = [record(n, **one) for n, one in enumerate(made)]
    trail = TrailRows(add_trail(tmp_path_factory.mktemp("t") / "case.db", records, new=True))
    picks = (("account", picked),) if len(picked) == 1 else ()
    question = Question(search, picks, sort, down, 0, 5)
    whole = list(trail.answer(Question(size=100)).rows)
    known = [[str(one[name]) for name in SOUGHT] + [str(one["time"])] for one in records]
    try:
        same(trail, expected(COLUMNS, whole, question, known), question)
    finally:
        trail.close()


def test_an_order_is_kept_for_the_next_page(tmp_path: Path) -> None:
    records = [record(n, account=f"user{n % 7}") for n in range(500)]
    trail = TrailRows(add_trail(tmp_path / "case.db", records, new=True))
    first = trail.answer(Question(sort="account"))
    (tmp_path / "case.db").write_bytes(b"")
    with pytest.raises(Exception, match="cannot be read any more"):
        trail.answer(Question(sort="host"))
    trail.close()
    assert len(first.rows) == 50


def test_questions_are_read_as_they_are_written() -> None:
    asked = [("q", "A  b"), ("is.kind", "iis"), ("sort", "-time"), ("page", "3"), ("size", "10")]
    question = read_question(COLUMNS, asked)
    assert question == Question(("a", "b"), (("kind", "iis"),), "time", True, 3, 10)
    with pytest.raises(QuestionError, match="no such column"):
        read_question(COLUMNS, [("sort", "-")])


ROUTES = [
    "/",
    "/rows/{}",
    "/trail",
    "/record",
    "/line",
    "/more",
    "/report.{}",
    "/{}",
    "/rows/{}/{}",
]
VALUES = [
    *("h0-findings", "trail", "json", "0", "1", "-1", "999999999", "10000000000", "f-nothing", ""),
    *(
        "..",
        "%00",
        "%ff%fe",
        "a" * 500,
        "<script>",
        "' or 1=1 --",
        "\u202e",
        "time",
        "-time",
        "kind",
    ),
    *("1;drop table trail", "NaN", "null", "[]", "{}", "%", "\\", "\U0001f600", "1 2 3", "text"),
]
NAMES = [
    "q",
    "sort",
    "page",
    "size",
    "reveal",
    "words",
    "is.kind",
    "is.id",
    "row",
    "host",
    "finding",
]
NAMES += ["at", "token", "is.", "x", ""]


def test_no_request_breaks_the_server(app: ASGIApp) -> None:
    chance = random.Random(7)
    seen: dict[int, int] = {}
    for _ in range(700):
        path = chance.choice(ROUTES)
        while "{}" in path:
            path = path.replace("{}", quote(chance.choice(VALUES)), 1)
        given_ = [(chance.choice(NAMES), chance.choice(VALUES)) for _ in range(chance.randrange(4))]
        if path == "/report.json" and seen.get(-1, 0) > 3:
            continue
        seen[-1] = seen.get(-1, 0) + (path == "/report.json")
        reply = ask(app, f"{path}?{urlencode(given_)}")
        seen[reply.status] = seen.get(reply.status, 0) + 1
    assert {status for status in seen if status > 0} == {200, 400, 404}
    assert min(seen[status] for status in (200, 400, 404)) > 20
