"""The data tables: every row of a case, or a word about its absence, within the page's weight."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from html.parser import HTMLParser
from typing import Any

import pytest
from cases import CASES, case, chain, evidence, flooded, host, of_hosts, three_hosts
from payloads import INVISIBLE, PAYLOADS, REORDERING

from extriage.model.case import Case, Moment
from extriage.model.detection import About, Finding, Level, Stage
from extriage.model.evidence import Entry, EntryStatus
from extriage.model.host import Status
from extriage.reports.html.shell import environment, island
from extriage.reports.html.tables import Column, Table, Tables, host_tables, tables_of
from extriage.reports.html.tables.ofhost import proves
from extriage.reports.html.tables.page import BUDGET, PRINTED

MACRO = '{% from "table.html.j2" import table %}{{ table(t) }}'
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def drawn(table: Table) -> str:
    return environment().from_string(MACRO).render(t=table)


def unpacked(tables: Tables, id_: str) -> list[tuple[Any, ...]]:
    """Read the rows of a table from the island as the page's scripts do."""
    data = json.loads(island(tables.island))
    described = data["columns"][data["tables"][id_]["name"]]
    return [
        tuple(
            value(data["texts"], column, row[at] if at < len(row) else None)
            for at, column in enumerate(described)
        )
        for row in data["tables"][id_]["rows"]
    ]


def value(texts: list[str], column: dict[str, Any], cell: Any) -> Any:
    if cell is None:
        return None
    if not isinstance(cell, int) or column["type"] == "time":
        return cell
    if "words" in column:
        return column["words"][cell]
    return texts[cell] if column.get("shared") else cell


def plain(cell: Any) -> Any:
    """Return a cell as the page's scripts see it."""
    if isinstance(cell, datetime):
        return (cell - EPOCH) // timedelta(milliseconds=1)
    return None if cell == "" else cell


def cell_of(table: Table, row: tuple[Any, ...], name: str) -> Any:
    return row[[column.name for column in table.columns].index(name)]


def column_of(table: Table, name: str) -> list[Any]:
    return [cell_of(table, row, name) for row in table.rows]


def many(findings: int, lines: int) -> Case:
    """Return a case with one server that has very many findings, each with texts of its own."""
    made, known = case(), chain()
    found = tuple(
        replace(
            known[n % len(known)],
            id=f"f-{n:016x}",
            rule=f"rule-with-a-name-{n}",
            title=f"{known[n % len(known)].title} {n}",
            look_alikes=(f"An administrator who does what number {n} does",),
            evidence=tuple(
                evidence(
                    f"logs/{k}.log", n * 100 + k, "2021-03-14 06:40:09", "x <script> & y " * 90
                )
                for k in range(lines)
            ),
        )
        for n in range(findings)
    )
    return replace(made, hosts=(replace(made.hosts[0], findings=found),))


@cache
def crowded() -> tuple[Case, Tables]:
    made = many(10_000, 3)
    return made, tables_of(made)


@pytest.mark.parametrize("name", CASES)
def test_every_row_of_a_small_case_is_in_the_page_as_it_is(name: str) -> None:
    tables = tables_of(CASES[name])
    for group in (*tables.hosts.values(), tables.case):
        for table in group.values():
            assert len(table.rows) == table.total
            assert table.note == ""
            rows = [tuple(plain(cell) for cell in row) for row in table.rows]
            assert unpacked(tables, table.id) == rows


def test_a_table_has_one_row_for_each_thing_of_the_case() -> None:
    made = CASES["robbed"]
    server, tables = made.hosts[0], tables_of(made)
    found = tables.hosts[0]
    assert sorted(column_of(found["findings"], "id")) == sorted(f.id for f in server.findings)
    assert found["evidence"].total == sum(len(f.evidence) for f in server.findings)
    assert found["timeline"].total == len([m for m in made.timeline if m.host == server.name]) > 0
    assert found["sightings"].total == len(server.sightings) > 0
    assert found["advisories"].total == len(server.patch.advisories)
    assert column_of(found["manifest"], "path") == [e.path for e in server.manifest.entries]
    assert sorted(column_of(tables.case["indicators"], "value")) == sorted(
        one.value for one in made.indicators
    )
    assert tables.case["refused-rules"].total == len(made.tool.refused_rules)
    assert column_of(tables.case["manifest"], "path") == [e.path for e in made.unassigned]


def test_findings_come_with_what_proves_the_furthest_stage_first() -> None:
    table = host_tables(case().hosts[0], 0, case())["findings"]
    order = ("executed", "planted", "reached", "probed", "")
    stages = [order.index(stage) for stage in column_of(table, "stage")]
    assert stages == sorted(stages)
    assert column_of(table, "level")[0] == "critical"


def test_a_campaign_is_called_as_everywhere_else() -> None:
    table = tables_of(case()).hosts[0]["findings"]
    assert set(column_of(table, "campaign")) == {"ProxyLogon", ""}


def test_lines_that_fit_no_columns_prove_no_stage() -> None:
    made = case()
    raw = replace(made.hosts[0].findings[2], raw=True)
    table = host_tables(replace(made.hosts[0], findings=(raw,)), 0, made)["findings"]
    assert raw.stage is Stage.PLANTED
    assert column_of(table, "stage") == [""]
    assert column_of(table, "proves") == [
        "Nothing alone: its lines fit no columns. Read them by hand."
    ]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"stage": Stage.TAKEN}, "Taken: data left."),
        ({"stage": None, "hints": Stage.TAKEN}, "Nothing alone. Beside proof of others"),
        ({"stage": None, "about": About.PERSISTENCE}, "It bears on a way back in."),
        ({"stage": None, "about": About.WEAKNESS}, "nobody is known to have used it"),
        ({"stage": None}, "No stage of an attack"),
    ],
)
def test_a_finding_says_what_it_proves_and_not_more(changes: dict[str, Any], says: str) -> None:
    empty: dict[str, Any] = {"hints": None, "about": None, "raw": False}
    assert says in proves(replace(chain()[0], **{**empty, **changes}))


def test_the_timeline_holds_the_moments_of_its_own_server_only() -> None:
    made = three_hosts()
    moments = tuple(
        Moment(EPOCH + timedelta(days=n), made.hosts[n % 3].name, None, f"moment {n}", "", "", 0)
        for n in range(9)
    )
    made = replace(made, timeline=moments)
    for at, tables in tables_of(made).hosts.items():
        assert column_of(tables["timeline"], "id") == [at, at + 3, at + 6]


def test_two_servers_of_one_name_keep_their_own_findings() -> None:
    one, other = host(Status.COMPROMISED), host(Status.TARGETED)
    tables = tables_of(of_hosts(one, other))
    assert tables.hosts[0]["findings"].total == len(one.findings)
    assert tables.hosts[1]["findings"].total == len(other.findings)
    ids = [table.id for group in tables.hosts.values() for table in group.values()]
    assert len(ids) == len(set(ids))


def test_files_that_were_not_read_come_first() -> None:
    statuses: tuple[EntryStatus, ...] = ("read", "skipped", "unreadable", "partial", "read")
    entries = [Entry(f"{n}.log", n, "iis", status, "why") for n, status in enumerate(statuses)]
    made = case()
    server = replace(
        made.hosts[0], manifest=replace(made.hosts[0].manifest, entries=tuple(entries))
    )
    table = host_tables(server, 0, made)["manifest"]
    found = ["unreadable", "partial", "skipped", "read", "read"]
    assert column_of(table, "status") == found


def test_ten_thousand_findings_fit_into_the_page() -> None:
    made, tables = crowded()
    rows = len(island(tables.island))
    assert rows < BUDGET * 1.01
    assert rows + sum(len(drawn(table)) for table in tables.hosts[0].values()) < 4_500_000
    assert tables.hosts[0]["findings"].total == len(made.hosts[0].findings) == 10_000


def test_a_page_that_is_too_small_says_what_is_elsewhere() -> None:
    _, tables = crowded()
    table = tables.hosts[0]["evidence"]
    assert 0 < len(table.rows) < table.total == 30_000
    left = table.total - len(table.rows)
    assert f"has {len(table.rows):,} of 30,000 rows" in table.note
    assert f"The other {left:,} are in case.json; extriage serve shows all" in table.note
    assert table.note in drawn(table)


def test_a_crowded_table_takes_no_room_from_the_others() -> None:
    _, tables = crowded()
    for name in ("advisories", "manifest"):
        assert len(tables.hosts[0][name].rows) == tables.hosts[0][name].total
    for table in tables.case.values():
        assert len(table.rows) == table.total


def test_the_heaviest_rows_are_those_that_stay() -> None:
    made, tables = crowded()
    every = host_tables(made.hosts[0], 0, made)
    carried = column_of(tables.hosts[0]["findings"], "id")
    assert carried == column_of(every["findings"], "id")[: len(carried)]
    lines = column_of(tables.hosts[0]["evidence"], "id")
    assert len(set(lines)) == len(lines), "a second line before the first line of every finding"


def test_a_finding_weighs_less_than_500_bytes() -> None:
    made, tables = crowded()
    findings = tables.island["tables"]["h0-findings"]["rows"]
    alone = len(island(findings)) + sum(len(text) + 3 for text in tables.island["texts"])
    assert alone / len(made.hosts[0].findings) < 500


def test_of_one_finding_the_earliest_lines_stay() -> None:
    line = evidence("a.log", 1, "2021-03-14 06:40:09", "y" * 3_900)
    lines = tuple(replace(line, line=n, sha256=f"{n:064x}") for n in range(12_000))
    made = case()
    found = replace(chain()[0], evidence=lines)
    tables = tables_of(replace(made, hosts=(replace(made.hosts[0], findings=(found,)),)))
    carried = column_of(tables.hosts[0]["evidence"], "line")
    assert 1_000 < len(carried) < 12_000
    assert carried == list(range(len(carried)))


def test_servers_share_the_page_and_the_broken_ones_have_more_of_it() -> None:
    crowd = many(3_000, 6).hosts[0]
    quiet = replace(crowd, name="B", verdict=replace(crowd.verdict, status=Status.CANNOT_TELL))
    tables = tables_of(of_hosts(crowd, quiet))
    carried = [len(tables.hosts[at]["findings"].rows) for at in (0, 1)]
    assert carried[0] >= carried[1] > 300
    assert len(island(tables.island)) < BUDGET * 1.01


def test_servers_that_the_page_does_not_show_take_no_room() -> None:
    made = three_hosts()
    tables = tables_of(made, hosts=[2])
    assert set(tables.hosts) == {2}
    assert {id_.partition("-")[0] for id_ in tables.island["tables"]} & {"h0", "h1"} == set()


def test_what_repeats_is_written_once() -> None:
    made = many(50, 18)
    tables = tables_of(made)
    texts = tables.island["texts"]
    assert len(texts) == len(set(texts))
    lines = tables.hosts[0]["evidence"]
    paths = set(column_of(lines, "path"))
    assert len(paths) == 18
    assert paths <= set(texts)
    at = [column.name for column in lines.columns].index("path")
    rows = tables.island["tables"]["h0-evidence"]["rows"]
    assert {type(row[at]) for row in rows} == {int}


def test_the_same_case_gives_the_same_page() -> None:
    made = many(300, 9)
    one, other = tables_of(made), tables_of(made)
    assert island(one.island) == island(other.island)
    assert [drawn(t) for t in one.hosts[0].values()] == [drawn(t) for t in other.hosts[0].values()]


def test_the_server_hands_out_what_is_not_written_as_html() -> None:
    made = CASES["robbed"]
    tables = tables_of(made, remote=True)
    for id_, table in tables.island["tables"].items():
        assert table["remote"] == f"rows/{id_}"
        assert "rows" not in table
    assert tables.island["texts"] == []
    assert tables.hosts[0]["findings"].total == len(made.hosts[0].findings)
    assert "data-word" in drawn(tables.hosts[0]["findings"])


def test_a_page_of_many_servers_writes_few_rows_of_each() -> None:
    made = of_hosts(*(replace(many(30, 1).hosts[0], name=f"EX{n:02d}") for n in range(40)))
    tables = tables_of(made)
    groups = [*tables.hosts.values(), tables.case]
    every = [table for group in groups for table in group.values()]
    assert {table.printed for table in every} == {4}
    assert sum(len(table.first) for table in every) <= PRINTED


class Marks(HTMLParser):
    """Collects what a piece of HTML is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, text or "") for name, text in attrs]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Marks:
    marks = Marks()
    marks.feed(page)
    marks.close()
    return marks


OURS = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td", "a", "time", "span", "p"}
MARKUP = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% include 'shell.html.j2' %}",
    "<!--",
    "]]>",
    "&lt;script&gt;&#60;b&#62;",
    "\u2028\u2029</table>",
]


@pytest.mark.parametrize("payload", MARKUP)
def test_markup_in_every_field_stays_text(payload: str) -> None:
    tables = tables_of(flooded(CASES["robbed"], payload))
    for group in (*tables.hosts.values(), tables.case):
        for table in group.values():
            marks = read(drawn(table))
            assert marks.tags <= OURS
            assert not [name for name, _ in marks.attributes if name.startswith("on")]
            links = [text for name, text in marks.attributes if name in ("href", "src")]
            assert [link for link in links if not link.startswith("#h0-finding-")] == []
    data = island(tables.island)
    assert not {"<", ">", "&"} & set(data)
    assert json.loads(data)["tables"]


@pytest.mark.parametrize("payload", PAYLOADS[::3], ids=range(len(PAYLOADS[::3])))
def test_nothing_hidden_is_in_the_page(payload: str) -> None:
    tables = tables_of(flooded(CASES["robbed"], payload))
    texts = [drawn(table) for table in tables.hosts[0].values()]
    for text in (*texts, island(tables.island)):
        assert not set(text) & {*INVISIBLE, *REORDERING, "\x1b", "\x00", "\x9b"}
        assert text.encode("utf-8")


def test_a_word_of_the_evidence_never_becomes_one_of_ours() -> None:
    column = Column("kind", "kind", "word")
    table = Table("x", "x", "x", (column,), [("critical",)], 1)
    assert "data-word" not in drawn(table)
    ours = replace(table, columns=(replace(column, words=("critical",)),))
    assert 'data-word="critical"' in drawn(ours)


def test_a_printed_row_reads_like_one_of_the_scripts() -> None:
    page = drawn(tables_of(case()).hosts[0]["findings"])
    marks = read(page)
    assert ("data-title", "What happened") not in marks.attributes
    titles = [text for name, text in marks.attributes if name == "data-title"]
    assert titles[:4] == ["Level", "Stage", "Certainty", "Finding"]
    assert '<time datetime="2021-03-14T06:41:31Z">2021-03-14 06:41:31Z</time>' in page
    assert re.search(r'<a href="#h0-finding-f-[\w-]+">Page planted by', page)


def test_an_empty_table_says_so() -> None:
    quiet = tables_of(case(Status.NO_SIGN)).hosts[0]["findings"]
    assert quiet.total == 0
    assert "None." in drawn(quiet)


def test_every_table_can_be_drawn_for_every_case() -> None:
    for made in CASES.values():
        tables = tables_of(made)
        for group in (*tables.hosts.values(), tables.case):
            for table in group.values():
                page = drawn(table)
                assert f'data-table="{table.id}"' in page
                assert page.count("<tr") == 1 + max(len(table.first), 1)


def test_long_titles_and_strange_levels_do_not_break_the_order() -> None:
    made = case()
    strange: tuple[Finding, ...] = tuple(
        replace(chain()[0], id=f"f-{n}", level=level, stage=None, first=None, title="t" * 5_000)
        for n, level in enumerate(Level)
    )
    table = host_tables(replace(made.hosts[0], findings=strange), 0, made)["findings"]
    levels = column_of(table, "level")
    assert levels == ["critical", "high", "medium", "low", "informational"]
    assert max(map(len, column_of(table, "title"))) <= 200
