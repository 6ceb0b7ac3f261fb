"""Forms are data: complete, checked when they are read, and true to what the authority asks."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from extriage.analysis.answers.register import CASE, SERVER
from extriage.errors import ContentError
from extriage.knowledge.campaigns import campaigns
from extriage.knowledge.evidence import describe
from extriage.knowledge.forms import Form, form, form_names, read_form
from extriage.knowledge.persistence import persistence_kinds
from extriage.pipeline.pack import Content, load_pack

FOLDER = Path(__file__).parents[2] / "src" / "extriage" / "content" / "forms"
FORMS = ("ed-21-02", "ed-25-02", "gdpr-33", "nis2", "questions")
COMPLETED = (
    "Yes (no indications of compromise found)",
    "Yes (indications of compromise found)",
    "No (must provide narrative explanation in comments section)",
)


def asked(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yml").read_text("utf-8"))
    return found


def test_the_forms_that_are_promised_are_there() -> None:
    assert form_names() == FORMS


@pytest.mark.parametrize("name", FORMS)
def test_every_question_has_a_function_or_is_a_persons(name: str) -> None:
    for question in form(name).questions:
        if question.ask:
            known = SERVER if question.per == "server" else {**SERVER, **CASE}
            assert question.ask in known, f"{name}: {question.id} asks {question.ask}"
        else:
            assert question.who == "person", f"{name}: {question.id}"


def test_every_function_is_asked_by_a_form() -> None:
    used = {one.ask for name in FORMS for one in form(name).questions}
    assert {*SERVER, *CASE} - used == set()
    assert set(SERVER).isdisjoint(CASE)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_says_whose_it_is_since_when_and_where_it_stands(name: str) -> None:
    found = form(name)
    assert found.as_of >= date(2026, 1, 1)
    assert found.references
    assert all(link.startswith("https://") for link in found.references)
    assert found.authority
    assert found.basis


def test_what_the_forms_name_exists() -> None:
    """Rules, campaigns, ways back and logs that no longer exist would make a silent `no`."""
    ruleset = load_pack(Content()).ruleset
    rules = {one.rule.id for one in ruleset.rules}
    rules |= {one.rule.id for one in ruleset.correlations}
    for name in FORMS:
        for question in form(name).questions:
            about = question.details
            assert set(about.get("rules", ())) | set(about.get("also", ())) <= rules, question.id
            assert set(about.get("ways", ())) <= set(persistence_kinds()), question.id
            assert set(about.get("campaigns", ())) <= {one.id for one in campaigns()}, question.id
            for log in about.get("logs", ()):
                assert describe(log) != log, f"{question.id}: {log} is no kind of evidence"


def test_the_words_of_the_workbook_are_exact() -> None:
    questions = {one.id: one for one in form("ed-21-02").questions}
    assert questions["t1-msert"].options == COMPLETED
    assert questions["t2-script"].options == COMPLETED
    assert questions["s4-connected"].options == (
        "Yes (hosted Internet-connected Exchange Servers)",
        "No (no Internet-connected Exchange Servers since 1/1/2021)",
    )
    assert questions["s1-exchange"].options == ("Yes", "No", "N/A")
    told = "1) Total number of hosted Microsoft Exchange servers (hosted by agency or a third party"
    assert questions["u1-total"].text.startswith(told)
    assert questions["i6-disabled"].text == "Have ECP/OWA services been disabled?"
    assert "timeline for compliance" in questions["h8-comments"].text
    cells = {"i4-owa": "Z5", "i4-ecp": "AA5", "i5-internet": "AB5", "i8-updated": "AE5"}
    for name, cell in cells.items():
        assert questions[name].number.endswith(f"3.0, Inventory, {cell}")
    assert questions["h5-logs"].text == "5) Logging enabled and logs actively monitored by SOC"


def test_deadlines_that_are_fixed_are_those_of_the_directives() -> None:
    found = {one.id: one.at for one in form("ed-21-02").deadlines}
    assert found == {
        "report": datetime(2021, 3, 5, 17, tzinfo=UTC),
        "scan": datetime(2021, 4, 5, 16, tzinfo=UTC),
        "april": datetime(2021, 4, 16, 16, tzinfo=UTC),
        "hardening": datetime(2021, 6, 28, 16, tzinfo=UTC),
    }
    (only,) = form("ed-25-02").deadlines
    assert only.at == datetime(2025, 8, 11, 13, tzinfo=UTC)


def test_deadlines_that_run_are_those_of_the_laws() -> None:
    gdpr = [(one.since, one.amount, one.unit) for one in form("gdpr-33").deadlines]
    nis2 = {one.id: (one.since, one.amount, one.unit) for one in form("nis2").deadlines}
    assert gdpr == [("aware", 72, "hours")]
    assert nis2 == {
        "early-warning": ("aware", 24, "hours"),
        "notification": ("aware", 72, "hours"),
        "final": ("notified", 1, "months"),
    }


def test_what_only_people_know_is_left_to_people() -> None:
    people = {one.id for one in form("gdpr-33").questions if one.who == "person"}
    assert {"33-1-risk", "33-1-delay", "33-3-b-contact", "33-3-c-consequences"} <= people
    entra = {one.id for one in form("ed-25-02").questions if one.who == "person"}
    assert {"credentials", "graph", "sign-ins", "hybrid-ever", "disconnected"} <= entra
    assert not any(one.who == "case" and "removed" in one.id for one in form("ed-21-02").questions)


def test_the_six_checks_are_called_equivalent_and_never_the_script() -> None:
    checks = [one for one in form("ed-21-02").questions if one.ask == "check"]
    assert len(checks) == 6
    assert all("equivalent check by extriage" in one.text for one in checks)


def changed(name: str, change: Any) -> Form:
    document = asked(name)
    change(document)
    return read_form(document, f"{name}.yml")


BROKEN: list[tuple[str, Any, str]] = [
    ("a key", lambda d: d.update(colour="red"), "colour: there is no such key"),
    ("no title", lambda d: d.pop("title"), "title: this is missing or empty"),
    ("no day", lambda d: d.update(as_of="soon"), "as_of: this must be a day"),
    ("no link", lambda d: d.update(references=[]), "references: at least one https address"),
    ("http", lambda d: d.update(references=["http://x.test"]), "references: at least one https"),
    ("other name", lambda d: d.update(id="other"), "is not the name of the file"),
    ("no questions", lambda d: d.update(sections=[]), "sections: there is no question"),
    ("no list", lambda d: d.update(sections="none"), "sections: this must be a list"),
    ("twice", lambda d: d["sections"].append(d["sections"][0]), "stands there twice"),
    ("who", lambda d: d["sections"][0]["questions"][0].update(who="cat"), "who: 'cat' is none of"),
    ("per", lambda d: d["sections"][0]["questions"][0].update(per="day"), "per: 'day' is none of"),
    ("ask", lambda d: d["sections"][0]["questions"][0].pop("ask"), "needs a function"),
    ("quoted", lambda d: d["sections"][0]["questions"][0].update(quoted=1), "quoted: this must be"),
    ("with", lambda d: d["sections"][0]["questions"][0].update({"with": {"x": []}}), "no such key"),
    ("options", lambda d: d["sections"][0]["questions"][0].update(options="Yes"), "options: this"),
    ("period", lambda d: d["deadlines"][0].update(after="soon"), "after: this must be a period"),
    ("zero", lambda d: d["deadlines"][0].update(after="0h"), "after: this must be a period"),
    ("from", lambda d: d["deadlines"][0].update({"from": "birth"}), "from: 'birth' is none of"),
    ("both", lambda d: d["deadlines"][0].update(at="2021-03-05T12:00Z"), "a fixed day has neither"),
    ("zone", lambda d: d.update(deadlines=[fixed("2021-03-05T12:00")]), "the time has no zone"),
    ("time", lambda d: d.update(deadlines=[fixed("noon")]), "at: this must be a time such as"),
    ("step", lambda d: d["sections"][0].update(steps=["never"]), "'never' is no step"),
    ("no map", lambda d: d["sections"].append("x"), "is no map of keys"),
]


def fixed(at: str) -> dict[str, str]:
    return {"id": "x", "title": "X", "basis": "X", "at": at}


@pytest.mark.parametrize(("what", "change", "said"), BROKEN, ids=[one[0] for one in BROKEN])
def test_a_form_with_an_error_gives_one_sentence(what: str, change: Any, said: str) -> None:
    with pytest.raises(ContentError) as error:
        changed("gdpr-33", change)
    text = str(error.value)
    assert said in text
    assert text.startswith("gdpr-33.yml: ")
    assert "\n" not in text


@pytest.mark.parametrize("document", [None, 7, "x", [], ["x"]])
def test_a_file_that_holds_no_form_gives_one_sentence(document: object) -> None:
    with pytest.raises(ContentError, match=r"^x\.yml: the file is no map of keys$"):
        read_form(document, "x.yml")


def test_no_form_says_that_nothing_was_taken() -> None:
    for name in FORMS:
        text = (FOLDER / f"{name}.yml").read_text("utf-8").lower()
        assert not re.search(r"no (personal )?data (was|were) taken", text)
