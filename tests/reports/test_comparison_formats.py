"""A comparison in every format: golden files, and no text of evidence that does harm.

`EXTRIAGE_GOLDEN=1 pytest tests/reports/test_comparison_formats.py` writes the golden files anew.
"""

import csv
import html
import html.parser
import io
import json
import os
import re
import unicodedata
from pathlib import Path

import pytest
from cases import flooded
from comparisons import COMPARISONS, before
from payloads import INVISIBLE, PAYLOADS, REORDERING
from rich.cells import cell_len

from extriage.analysis.comparing import compare
from extriage.model.comparison import Change, Comparison, Done, Outcome
from extriage.reports.base import RenderOptions
from extriage.reports.comparison import FORMATS, render
from extriage.reports.comparison.table import COLUMNS

GOLDEN = Path(__file__).parent.parent / "golden" / "diff"
ENDINGS = {"text": "txt", "markdown": "md", "json": "json", "csv": "csv", "html": "html"}
SGR = re.compile(r"\x1b\[[0-9;]*m")
SPAN = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL)
GOLDENS = [
    *((name, "text", RenderOptions(width=100), f"{name}.txt") for name in COMPARISONS),
    *(
        ("not-clean", form, RenderOptions(tlp="amber+strict"), f"not-clean.{ENDINGS[form]}")
        for form in FORMATS
        if form not in ("text", "html")
    ),
    ("not-clean", "text", RenderOptions(width=60, ascii=True, tlp="red"), "not-clean.narrow.txt"),
]


@pytest.mark.parametrize(
    ("name", "form", "options", "file"), GOLDENS, ids=lambda one: str(one)[:20]
)
def test_a_comparison_equals_its_golden_file(
    name: str, form: str, options: RenderOptions, file: str
) -> None:
    rendered = render(form, COMPARISONS[name](), options).encode("utf-8")
    golden = GOLDEN / file
    if os.environ.get("EXTRIAGE_GOLDEN") == "1":
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_bytes(rendered)
    assert rendered == golden.read_bytes()


def test_no_golden_file_is_left_over() -> None:
    assert {file.name for file in GOLDEN.iterdir()} == {file for *_, file in GOLDENS}


@pytest.mark.parametrize(("name", "outcome"), [
    ("not-clean", Outcome.NOT_CLEAN),
    ("nothing-left", Outcome.NOTHING_LEFT),
    ("cannot-tell", Outcome.CANNOT_TELL),
    ("several", Outcome.NOT_CLEAN),
])  # fmt: skip
def test_the_answer_stands_first_in_every_format(name: str, outcome: Outcome) -> None:
    found = COMPARISONS[name]()
    assert found.outcome is outcome
    words = outcome.value.replace("-", " ")
    assert render("text", found, RenderOptions()).lower().startswith(words)
    assert render("markdown", found, RenderOptions()).lower().startswith(f"# {words}")
    assert f"<h1>{words.capitalize()}</h1>" in render("html", found, RenderOptions())
    assert json.loads(render("json", found, RenderOptions()))["outcome"] == outcome.value


def test_markdown_html_and_csv_hold_everything() -> None:
    found = COMPARISONS["not-clean"]()
    (host,) = found.hosts
    markdown, page = (render(form, found, RenderOptions()) for form in ("markdown", "html"))
    rows = list(csv.DictReader(io.StringIO(render("csv", found, RenderOptions()))))
    told = {(row["theme"], row["object"]) for row in rows}
    for way in host.ways:
        assert ("way-back", way.object) in told
        assert way.object in page
        assert way.object.split(" ")[0].rpartition("/")[2] in markdown
    steps = {row["object"]: row["change"] for row in rows if row["theme"] == "step"}
    assert steps == {step.id: step.done.value for step in host.steps}
    for step in host.steps:
        if step.done is Done.BY_HAND:
            assert step.title in html.unescape(page)


def test_tlp_is_marked_where_a_reader_looks() -> None:
    found = COMPARISONS["nothing-left"]()
    options = RenderOptions(tlp="amber+strict")
    assert render("text", found, options).startswith("TLP:AMBER+STRICT\n")
    assert render("markdown", found, options).startswith("**TLP:AMBER+STRICT**\n")
    assert "TLP:AMBER+STRICT" in render("html", found, options)


def test_no_word_says_more_than_the_evidence() -> None:
    """It is never said that a server is clean, or that no data was taken."""
    for name in COMPARISONS:
        text = render("text", COMPARISONS[name](), RenderOptions(width=160)).lower()
        assert "is clean" not in text
        assert "no data" not in text
    text = render("text", COMPARISONS["nothing-left"](), RenderOptions(width=160))
    assert "as far as this evidence shows" in text
    cannot = COMPARISONS["cannot-tell"]()
    gone = [way.object for way in cannot.hosts[0].ways if way.change is Change.GONE]
    assert gone == []
    assert "Gone:" not in render("text", cannot, RenderOptions(width=160))


def harmful(text: str) -> set[str]:
    shown = set(text) - {"\n", " "}
    hidden = {char for char in shown if unicodedata.category(char)[0] in "CZ"}
    return hidden | (shown & {*REORDERING, *INVISIBLE})


def hostile(payload: str) -> Comparison:
    """Return a comparison of cases with the payload in every text."""
    one = flooded(before(), payload)
    other = flooded(COMPARISONS["not-clean"](), payload)
    compared = compare(one, one)
    return Comparison(
        *(payload, other.before, other.after, Outcome.NOT_CLEAN, payload),
        (*compared.hosts, *other.hosts), other.only_before, other.only_after, (payload,),
    )  # fmt: skip


LOADABLE = [
    one for one in PAYLOADS if one.isascii() or one.encode("utf-8", "ignore").decode() == one
]
"""What a case.json can hold: no halves of surrogate pairs."""


@pytest.mark.parametrize("payload", LOADABLE[::3], ids=range(len(LOADABLE[::3])))
def test_a_payload_in_every_field_does_no_harm(payload: str) -> None:
    found = hostile(payload)
    text = render("text", found, RenderOptions(width=70))
    assert harmful(text) == set()
    assert max(cell_len(line) for line in text.splitlines()) <= 70
    colored = render("text", found, RenderOptions(width=70, color=True))
    assert SGR.sub("", colored) == text
    markdown = render("markdown", found, RenderOptions())
    assert harmful(markdown) == set()
    assert not re.search(r"<|\]\(|//", SPAN.sub("", markdown))
    table = list(csv.reader(io.StringIO(render("csv", found, RenderOptions()))))
    assert {len(row) for row in table} == {len(COLUMNS)}
    for cell in (cell for row in table for cell in row):
        assert not cell.lstrip(' "').startswith(("=", "+", "-", "@", "|"))
    assert json.loads(render("json", found, RenderOptions()))["schema"] == payload


class Elements(html.parser.HTMLParser):
    """Collects the elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def elements(page: str) -> Elements:
    reader = Elements()
    reader.feed(page)
    return reader


@pytest.mark.parametrize("payload", LOADABLE[::11], ids=range(len(LOADABLE[::11])))
def test_a_payload_is_text_and_nothing_else_in_a_page(payload: str) -> None:
    usual = elements(render("html", COMPARISONS["not-clean"](), RenderOptions(tlp="red")))
    page = render("html", hostile(payload), RenderOptions(tlp="red"))
    found = elements(page)
    assert found.tags <= usual.tags | {"li", "ul"}
    assert found.attributes <= usual.attributes
    assert not {"style", "onclick", "onerror"} & found.attributes
    assert page.count("<script") == 2, "our own"


def test_the_same_comparison_gives_the_same_bytes() -> None:
    for form in FORMATS:
        one, other = (render(form, COMPARISONS["not-clean"](), RenderOptions()) for _ in "ab")
        assert one == other
