"""Answers in every format: what they were, what they hold, and that no evidence harms a reader.

`EXTRIAGE_GOLDEN=1 pytest tests/answers/test_answers_formats.py` writes the golden files anew.
"""

import csv
import io
import json
import os
import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from cases import CASES, flooded
from payloads import INVISIBLE, PAYLOADS, REORDERING
from rich.cells import cell_len

from extriage.analysis.answers import Circumstances, Given, answer, compare, fill
from extriage.knowledge.forms import form, form_names
from extriage.model.answer import Clock, Correction, Filled, FormAnswers
from extriage.reports import RenderOptions
from extriage.reports.answers import ANSWER_FORMATS, CORRECTION_FORMATS
from extriage.reports.answers.csvtable import COLUMNS

GOLDEN = Path(__file__).parents[1] / "golden" / "answers"
WHICH = ("robbed", "compromised", "targeted", "cannot-tell", "no-sign", "three-hosts")
LAWS = ("ed-21-02", "ed-25-02", "gdpr-33", "nis2")
ENDINGS = {"markdown": "md", "csv": "csv", "json": "json", "html": "html", "text": "txt"}
GOLDENS = [
    *((name, which, "markdown") for name in LAWS for which in WHICH),
    *((name, "robbed", form_) for name in LAWS for form_ in ("csv", "text")),
    *((name, "robbed", "json") for name in ("gdpr-33", "nis2")),
    *(("gdpr-33", which, "html") for which in ("robbed", "three-hosts")),
    ("questions", "robbed", "text"),
]
FORMULA_STARTS = tuple("=+-@|\t\r\n\0\uff1d\uff0b\uff0d\uff20")
TAGS = {
    *("a", "article", "body", "code", "dd", "details", "div", "dl", "dt", "h1", "h2", "h3", "h4"),
    *("head", "header", "html", "li", "link", "main", "meta", "nav", "p", "q", "script", "section"),
    *("span", "strong", "style", "summary", "table", "tbody", "td", "th", "thead", "title", "tr"),
    "ul",
}


@cache
def made(name: str, which: str) -> FormAnswers:
    aware = Clock(datetime(2021, 3, 16, 8, 30, tzinfo=UTC), "Europe/Berlin")
    given = Circumstances(
        datetime(2021, 3, 20, 12, tzinfo=UTC), "5f" * 32, aware=aware, tlp="amber+strict"
    )
    return answer(form(name), CASES[which], given)


def filled(found: FormAnswers, payload: str) -> FormAnswers:
    ids = {one.id for part in found.sections for one in part.questions if not one.options}
    given = [Given(one, "", Filled(payload, payload, payload)) for one in ids]
    return fill(found, given)


@cache
def hostile(name: str, payload: str) -> FormAnswers:
    """Return a form of a case full of a payload, with the words of a person full of it too."""
    given = Circumstances(datetime(2021, 3, 20, 12, tzinfo=UTC), tlp="red")
    return filled(answer(form(name), flooded(CASES["robbed"], payload), given), payload)


def differing(payload: str) -> Correction:
    return compare(hostile("gdpr-33", "plain"), hostile("gdpr-33", payload))


def harmful(text: str) -> set[str]:
    """Return every character that a screen obeys or does not show."""
    shown = set(text) - {"\n", " "}
    hidden = {char for char in shown if unicodedata.category(char)[0] in "CZ"}
    return hidden | (shown & {*REORDERING, *INVISIBLE})


@pytest.mark.parametrize(("name", "which", "kind"), GOLDENS)
def test_answers_equal_their_golden_file(name: str, which: str, kind: str) -> None:
    text = ANSWER_FORMATS[kind](made(name, which), RenderOptions(width=90))
    if kind == "html":
        # NOTE: the styles before it are everybody's, and have tests of their own.
        text = text[text.index("<body>") :]
    golden = GOLDEN / f"{which}.{name}.{ENDINGS[kind]}"
    if os.environ.get("EXTRIAGE_GOLDEN") == "1":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_bytes(text.encode("utf-8"))
    assert text.encode("utf-8") == golden.read_bytes()


def test_no_golden_file_is_left_over() -> None:
    known = {f"{which}.{name}.{ENDINGS[kind]}" for name, which, kind in GOLDENS}
    assert {file.name for file in GOLDEN.iterdir()} == known


@pytest.mark.parametrize("kind", ANSWER_FORMATS)
@pytest.mark.parametrize("name", form_names())
def test_every_question_is_in_every_format(name: str, kind: str) -> None:
    found = made(name, "three-hosts")
    text = ANSWER_FORMATS[kind](found, RenderOptions(width=110))
    for section in found.sections:
        for question in section.questions:
            assert question.id in text


@pytest.mark.parametrize("kind", ["text", "markdown", "html", "csv", "json"])
def test_the_mark_and_the_handling_notice_are_shown(kind: str) -> None:
    text = ANSWER_FORMATS[kind](made("ed-21-02", "robbed"), RenderOptions(width=110))
    assert ("amber+strict" if kind in ("csv", "json") else "TLP:AMBER+STRICT") in text
    if kind != "csv":
        assert "need to know" in " ".join(text.split())


@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
def test_what_waits_for_a_person_is_marked(kind: str) -> None:
    text = ANSWER_FORMATS[kind](made("gdpr-33", "robbed"), RenderOptions(width=110))
    assert text.count("A person must answer this") == 6
    assert "answers wait for a person" in text


@pytest.mark.parametrize("kind", ["text", "markdown", "html"])
def test_a_persons_answer_stands_before_that_of_the_case(kind: str) -> None:
    given = Given("33-3-a-people", "", Filled("About 40 employees.", "J. Doe", "", "other"))
    text = ANSWER_FORMATS[kind](fill(made("gdpr-33", "robbed"), [given]), RenderOptions(width=110))
    place = text.index("About 40 employees.")
    assert text.index("J. Doe, for an earlier state of the case", place) > place
    assert text.index("At least 1 mailbox", place) > place


def test_the_table_has_one_row_for_each_question_and_server() -> None:
    found = made("ed-21-02", "three-hosts")
    text = ANSWER_FORMATS["csv"](found, RenderOptions())
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    expected = [
        (question.id, one.server)
        for part in found.sections
        for question in part.questions
        for one in question.answers
    ]
    assert [(row["question"], row["server"]) for row in rows] == expected
    assert tuple(rows[0]) == COLUMNS


def test_the_same_answers_give_the_same_bytes() -> None:
    for render in ANSWER_FORMATS.values():
        first = render(made("nis2", "robbed"), RenderOptions(width=80))
        made.cache_clear()
        assert render(made("nis2", "robbed"), RenderOptions(width=80)) == first


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.seen: list[str] = []
        self.scripts: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        (self.scripts if self.inside in ("script", "style") else self.seen).append(data)


def page(text: str) -> Page:
    found = Page()
    found.feed(text)
    return found


def test_the_page_loads_nothing_and_links_only_to_sources() -> None:
    found = page(ANSWER_FORMATS["html"](made("gdpr-33", "robbed"), RenderOptions()))
    links = [attrs["href"] or "" for tag, attrs in found.tags if tag == "a"]
    outside = [link for link in links if not link.startswith("#")]
    assert sorted(outside) == sorted(form("gdpr-33").references)
    ids = [attrs["id"] for _, attrs in found.tags if attrs.get("id")]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link.startswith("#")} <= set(ids)


@pytest.mark.parametrize("payload", PAYLOADS[::6], ids=range(len(PAYLOADS[::6])))
def test_a_payload_in_every_field_does_not_break_the_page(payload: str) -> None:
    for text in (
        ANSWER_FORMATS["html"](hostile("gdpr-33", payload), RenderOptions()),
        CORRECTION_FORMATS["html"](differing(payload), RenderOptions()),
    ):
        found = page(text)
        assert {tag for tag, _ in found.tags} <= TAGS
        names = {name for _, attrs in found.tags for name in attrs}
        assert not {name for name in names if name.startswith("on") or name == "style"}
        assert "".join(found.scripts).count("alert(1)") == 0
        assert harmful("".join(found.seen)) == set()


@pytest.mark.parametrize("payload", PAYLOADS[::5], ids=range(len(PAYLOADS[::5])))
def test_a_payload_in_every_field_does_not_break_the_screen(payload: str) -> None:
    found = hostile("gdpr-33", payload)
    wide = ANSWER_FORMATS["text"](found, RenderOptions(width=80))
    assert harmful(wide) == set()
    assert max(cell_len(line) for line in wide.splitlines()) <= 80
    plain = ANSWER_FORMATS["text"](found, RenderOptions(width=60, ascii=True))
    assert plain.isascii()
    changed = CORRECTION_FORMATS["text"](differing(payload), RenderOptions(width=70))
    assert harmful(changed) == set()
    assert max(cell_len(line) for line in changed.splitlines()) <= 70


@pytest.mark.parametrize("payload", PAYLOADS[2::6], ids=range(len(PAYLOADS[2::6])))
def test_a_payload_is_no_markdown(payload: str) -> None:
    for text in (
        ANSWER_FORMATS["markdown"](hostile("gdpr-33", payload), RenderOptions()),
        CORRECTION_FORMATS["markdown"](differing(payload), RenderOptions()),
    ):
        assert harmful(text) == set()
        assert "<script" not in text
        assert "](http" not in text
        assert re.search(r"(?<!\\)\*\*x\*\*", text) is None


@pytest.mark.parametrize("payload", PAYLOADS[::5], ids=range(len(PAYLOADS[::5])))
def test_a_payload_is_no_formula(payload: str) -> None:
    for table in (
        ANSWER_FORMATS["csv"](hostile("gdpr-33", payload), RenderOptions()),
        CORRECTION_FORMATS["csv"](differing(payload), RenderOptions()),
    ):
        rows = list(csv.reader(io.StringIO(table, newline="")))
        assert len({len(row) for row in rows}) == 1
        cells = [cell for row in rows for cell in row]
        assert [cell for cell in cells if cell.lstrip().startswith(FORMULA_STARTS)] == []
        assert harmful("".join(cells)) == set()
        assert max(map(len, cells)) < 32_767


@pytest.mark.parametrize("name", form_names())
def test_every_form_survives_every_payload_of_markup(name: str) -> None:
    for payload in PAYLOADS[100::17]:
        found = hostile(name, payload)
        for render in (ANSWER_FORMATS["text"], ANSWER_FORMATS["markdown"], ANSWER_FORMATS["html"]):
            assert render(found, RenderOptions(width=80))


def test_json_holds_the_exact_text() -> None:
    found = hostile("gdpr-33", "\x1b[2J<script>alert(1)</script>")
    document = json.loads(ANSWER_FORMATS["json"](found, RenderOptions()))
    assert document["schema"] == "extriage.answers/1"
    texts = [
        one["filled"]["text"]
        for part in document["sections"]
        for question in part["questions"]
        for one in question["answers"]
        if one["filled"]
    ]
    assert set(texts) == {"\x1b[2J<script>alert(1)</script>"}


def test_long_texts_are_cut_after_a_word_and_say_so() -> None:
    case = CASES["compromised"]
    server = case.hosts[0]
    verdict = replace(server.verdict, reason="word " * 2000)
    long = replace(case, hosts=(replace(server, verdict=verdict),))
    found = answer(form("gdpr-33"), long, Circumstances(datetime(2021, 3, 20, tzinfo=UTC)))
    (nature,) = [q for part in found.sections for q in part.questions if q.id == "33-3-a-nature"]
    assert nature.answers[0].text.endswith("word [cut].")
    assert len(nature.answers[0].text) < 1300
