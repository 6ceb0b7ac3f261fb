"""Answers are kept version by version: what was sent can only be corrected, never taken back."""

import json
import stat
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from cases import CASES, case, host, of_hosts

from extriage.analysis.answers import Circumstances, Given, answer, compare, fill, open_questions
from extriage.analysis.answers.correcting import words
from extriage.casefile import encode
from extriage.casefile.answers import keep, last_version, load_version, versions
from extriage.casefile.answersheet import read_sheet, sheet
from extriage.casefile.folder import CaseFolder
from extriage.errors import CaseError, UsageError
from extriage.knowledge.forms import form
from extriage.model.answer import Filled, FormAnswers
from extriage.model.case import Case
from extriage.model.host import Status
from keyboard import Keyboard

NOW = "2021-03-20T12:00Z"
AWARE = "2021-03-16T09:30+01:00"


def made(of: Case, name: str = "gdpr-33", now: str = NOW, step: str = "") -> FormAnswers:
    return answer(form(name), of, Circumstances(datetime.fromisoformat(now), "ab" * 32, step))


def put(folder: Path, of: Case) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "case.json").write_bytes(encode(of))
    return folder


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    return put(tmp_path / "EX.case", CASES["robbed"])


@pytest.fixture
def typed(capfd: pytest.CaptureFixture[str]) -> Keyboard:
    return Keyboard(capfd, "answers")


def names(folder: Path) -> list[str]:
    there = folder / "answers"
    return sorted(item.name for item in there.iterdir()) if there.is_dir() else []


# Versions


def test_what_says_the_same_is_kept_once(kept: Path) -> None:
    first = keep(kept, made(CASES["robbed"]))
    again = keep(kept, made(CASES["robbed"], now="2021-04-01T00:00Z"))
    assert (first.version, again.version, names(kept)) == (1, 1, ["gdpr-33-1.json"])


def test_what_says_something_else_is_a_new_version_and_the_old_one_stays(kept: Path) -> None:
    keep(kept, made(CASES["robbed"]))
    before = (kept / "answers" / "gdpr-33-1.json").read_bytes()
    second = keep(kept, made(case(Status.TARGETED)))
    assert second.version == 2
    assert names(kept) == ["gdpr-33-1.json", "gdpr-33-2.json"]
    assert (kept / "answers" / "gdpr-33-1.json").read_bytes() == before
    assert load_version(kept, "gdpr-33", "", 2) == second


def test_forms_and_their_steps_are_counted_each_for_themselves(kept: Path) -> None:
    for name, step in (("nis2", ""), ("nis2", "final"), ("nis2", "early-warning"), ("gdpr-33", "")):
        assert keep(kept, made(CASES["robbed"], name, step=step)).version == 1
        assert versions(kept, name, step) == (1,)
    assert names(kept) == [
        *("gdpr-33-1.json", "nis2-1.json", "nis2-early-warning-1.json", "nis2-final-1.json"),
    ]


def test_more_than_nine_versions_are_in_order(kept: Path) -> None:
    for number in range(12):
        given = [Given("33-3-b-contact", "", Filled(f"call {number}", "J. Doe"))]
        keep(kept, fill(made(CASES["robbed"]), given))
    assert versions(kept, "gdpr-33") == tuple(range(1, 13))
    newest = last_version(kept, "gdpr-33")
    assert newest is not None
    assert newest.version == 12


def test_nothing_half_written_is_ever_kept(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    keep(kept, made(CASES["robbed"]))
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CaseError, match=r"gdpr-33-2\.json cannot be written \(No space left"):
        keep(kept, made(case(Status.TARGETED)))
    assert names(kept) == ["gdpr-33-1.json"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "holds no answers of this version"),
        (b"{}", "holds no answers of this version"),
        (b"\xff\xfe", "holds no answers of this version"),
        (b"[" * 500_000, "holds no answers of this version"),
    ],
)
def test_a_spoiled_version_gives_one_sentence(kept: Path, data: bytes, said: str) -> None:
    keep(kept, made(CASES["robbed"]))
    (kept / "answers" / "gdpr-33-1.json").write_bytes(data)
    with pytest.raises(UsageError, match=f"{said}.*move it elsewhere, or add --no-keep"):
        load_version(kept, "gdpr-33", "", 1)


def test_a_version_of_another_schema_is_refused(kept: Path) -> None:
    keep(kept, made(CASES["robbed"]))
    file = kept / "answers" / "gdpr-33-1.json"
    document = json.loads(file.read_bytes())
    document["schema"] = "extriage.answers/9"
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(UsageError, match=r"has schema 'extriage\.answers/9'"):
        load_version(kept, "gdpr-33", "", 1)


def test_a_version_with_a_time_of_no_zone_is_refused(kept: Path) -> None:
    keep(kept, made(CASES["robbed"]))
    file = kept / "answers" / "gdpr-33-1.json"
    document = json.loads(file.read_bytes())
    document["made_at"] = document["made_at"].removesuffix("Z")
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(UsageError, match=r"a time that is not in UTC \(made_at\)"):
        load_version(kept, "gdpr-33", "", 1)


def test_a_version_that_is_not_there_is_named_with_those_that_are(kept: Path) -> None:
    with pytest.raises(UsageError, match="none is kept"):
        load_version(kept, "gdpr-33", "", 1)
    keep(kept, made(CASES["robbed"]))
    with pytest.raises(UsageError, match="has no version 7 of gdpr-33; there are 1"):
        load_version(kept, "gdpr-33", "", 7)


def test_a_new_scan_takes_a_folder_with_answers_and_leaves_them(kept: Path) -> None:
    keep(kept, made(CASES["robbed"]))
    CaseFolder(kept).prepare(force=True)
    assert names(kept) == ["gdpr-33-1.json"]
    (kept / "holiday.jpg").touch()
    with pytest.raises(UsageError, match=r"holds other files \(holiday\.jpg\)"):
        CaseFolder(kept).prepare(force=True)


# What changed


def test_a_correction_tells_what_was_and_what_is() -> None:
    was, now = made(case(Status.TARGETED)), made(case(Status.COMPROMISED))
    found = {one.question: one for one in compare(was, now).changes}
    nature = found["33-3-a-nature"]
    assert nature.was.startswith("Attacked; nothing proves that it worked")
    assert nature.now.startswith("Confidentiality at risk")
    assert "33-3-b-contact" not in found
    assert compare(was, replace(was, made_at=now.made_at)).changes == ()


def test_a_server_that_came_or_went_is_told() -> None:
    one = of_hosts(host(Status.NO_SIGN, "EX01"))
    two = of_hosts(host(Status.NO_SIGN, "EX01"), host(Status.CANNOT_TELL, "EX02"))
    came = {(row.question, row.server): row for row in compare(made(one), made(two)).changes}
    went = {(row.question, row.server): row for row in compare(made(two), made(one)).changes}
    assert came["33-3-d-open", "EX02"].was == "not asked"
    assert went["33-3-d-open", "EX02"].now == "not asked"


def test_a_persons_words_are_compared_before_those_of_the_case() -> None:
    was = made(CASES["robbed"])
    given = Given("33-3-b-contact", "", Filled("dpo@contoso.test", "J. Doe"))
    (only,) = compare(was, fill(was, [given])).changes
    assert (only.question, only.was) == ("33-3-b-contact", "A person must answer.")
    assert only.now == "dpo@contoso.test (answered by J. Doe)"


def test_every_change_of_an_answer_is_a_change_of_its_words() -> None:
    for which in ("robbed", "targeted", "no-sign"):
        found = made(CASES[which], "ed-21-02")
        texts = [words(one) for part in found.sections for q in part.questions for one in q.answers]
        assert all(texts)


# Sheets


def test_a_sheet_asks_what_waits_for_a_person_and_nothing_else(tmp_path: Path) -> None:
    found = made(CASES["robbed"])
    text = sheet("gdpr-33", open_questions(found))
    rows = yaml.safe_load(text)["answers"]
    waiting = [question.id for question, _ in open_questions(found)]
    assert [row["question"] for row in rows] == waiting
    assert "33-3-b-contact" in waiting
    assert "33-5-method" not in waiting
    file = tmp_path / "sheet.yml"
    file.write_text(text, encoding="utf-8")
    assert read_sheet(file, "gdpr-33") == ()


def test_a_sheet_that_is_filled_in_is_taken_in(tmp_path: Path) -> None:
    file = tmp_path / "sheet.yml"
    file.write_text(
        "form: ed-21-02\nanswers:\n"
        "- {question: i7-disconnected, server: EXCH01.contoso.test, value: Yes, text: '', by: Jo}\n"
        "- {question: z1-contact, text: Agency of Tests, by: Jo}\n"
        "- {question: z3-signature, text: '', by: ''}\n",
        encoding="utf-8",
    )
    rows = read_sheet(file, "ed-21-02")
    given = [Given(question, server, filled) for question, server, filled in rows]
    found = fill(made(case(), "ed-21-02"), given)
    filled = {
        question.id: one.filled
        for part in found.sections
        for question in part.questions
        for one in question.answers
        if one.filled
    }
    assert filled == {
        "i7-disconnected": Filled("", "Jo", "Yes"),
        "z1-contact": Filled("Agency of Tests", "Jo"),
    }
    assert len(open_questions(found)) == len(open_questions(made(case(), "ed-21-02"))) - 2


def test_an_answer_for_all_servers_holds_for_each_and_one_of_its_own_wins() -> None:
    given = [
        Given("i7-disconnected", "", Filled("", "Jo", "Yes")),
        Given("i7-disconnected", "EXCH02.contoso.test", Filled("still in use", "Jo", "No")),
    ]
    found = fill(made(CASES["three-hosts"], "ed-21-02"), given)
    (question,) = [q for s in found.sections for q in s.questions if q.id == "i7-disconnected"]
    values = {one.server: one.filled.value for one in question.answers if one.filled}
    assert values == {
        "EXCH01.contoso.test": "Yes",
        "EXCH02.contoso.test": "No",
        "EXCH03.contoso.test": "Yes",
    }


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (Given("nonsense", "", Filled("x", "Jo")), "gdpr-33 has no question 'nonsense'"),
        (Given("33-1-risk", "", Filled("x", "Jo", "Maybe")), "'Maybe' is none of: Yes; No"),
        (Given("33-3-d-open", "EX99", Filled("x", "Jo")), "no answer for a server 'EX99'"),
    ],
)
def test_what_fits_no_question_is_refused_in_one_sentence(given: Given, said: str) -> None:
    with pytest.raises(UsageError) as error:
        fill(made(CASES["robbed"]), [given])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it needs a list `answers`"),
        ("- x", "it needs a list `answers`"),
        ("answers: 7", "it needs a list `answers`"),
        ("form: nis2\nanswers: []", "is for the form 'nis2', not for gdpr-33"),
        ("answers: [7]", "answer 1 is no map"),
        ("answers: [{text: x, by: y}]", "answer 1 names no `question`"),
        ("answers: [{question: a, text: x}]", "answer 1 (a): `by` must say who answered"),
        ("answers: [{question: a, colour: x}]", "there is no key 'colour'"),
        ("answers: [{question: a, text: [x], by: y}]", "`text` must be one text"),
        ("answers: [{question: a, text: " + "x" * 10_001 + ", by: y}]", "more than 10,000"),
        ("answers: [{", "is no valid YAML: line 1:"),
        ("answers: !!python/object:os.system {}", "is no valid YAML"),
        ("a: &a [*a, *a]\nanswers: *b", "is no valid YAML"),
        ("[" * 3000, "nested too deeply"),
        ("\x00", "is no valid YAML"),
        ("x" * ((1 << 20) + 1), "is larger than 1,048,576 bytes"),
    ],
)
def test_a_sheet_with_an_error_gives_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "sheet.yml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        read_sheet(file, "gdpr-33")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


# At the keyboard


def test_answers_are_shown_and_kept(kept: Path, typed: Keyboard) -> None:
    done = typed(kept, "--form", "gdpr-33", "--aware-at", AWARE, "--now", NOW)
    assert (done.code, done.err) == (0, "")
    assert "Friday 2021-03-19 09:30 +01:00 (2021-03-19 08:30 UTC)" in " ".join(done.out.split())
    assert names(kept) == ["gdpr-33-1.json"]
    again = typed(kept, "--form", "gdpr-33", "--aware-at", AWARE, "--now", NOW)
    assert again.out == done.out
    assert names(kept) == ["gdpr-33-1.json"]


def test_nothing_is_kept_where_nothing_is_wanted(kept: Path, typed: Keyboard) -> None:
    done = typed(kept, "--form", "nis2", "--no-keep", "--now", NOW)
    assert done.code == 0
    assert "Version: not kept" in done.out
    assert names(kept) == []


def test_a_document_alone_keeps_nothing_and_says_so(kept: Path, typed: Keyboard) -> None:
    done = typed(kept / "case.json", "--form", "nis2", "--now", NOW)
    assert done.code == 0
    assert done.err.count("\n") == 1
    assert "not kept" in done.err
    assert names(kept) == []


def test_a_folder_that_cannot_be_written_is_told_in_one_line(
    kept: Path, typed: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refused)
    done = typed(kept, "--form", "gdpr-33", "--now", NOW)
    assert done.code == 0
    assert "extriage: not kept:" in done.err
    assert "Permission denied" in done.err
    assert done.err.count("\n") == 1
    assert done.out.startswith("GDPR Article 33")


def test_versions_are_listed_and_compared(kept: Path, typed: Keyboard) -> None:
    assert typed(kept, "--form", "gdpr-33", "--versions").out == "no version is kept\n"
    typed(kept, "--form", "gdpr-33", "--now", NOW)
    put(kept, case(Status.TARGETED))
    typed(kept, "--form", "gdpr-33", "--now", "2021-03-21T00:00Z", "--aware-at", AWARE)
    listed = typed(kept, "--form", "gdpr-33", "--versions").out.splitlines()
    assert [line.split("  ")[0] for line in listed] == ["1", "2"]
    assert "aware 2021-03-16T08:30:00Z" in listed[1]
    done = typed(kept, "--form", "gdpr-33", "--compare", "1", "--now", "2021-03-21T00:00Z",
                 "--aware-at", AWARE)  # fmt: skip
    assert "version 1 (2021-03-20T12:00:00Z) and version 2" in done.out
    assert "Confidentiality: somebody had unauthorised access" in " ".join(done.out.split())
    for kind in ("markdown", "html", "json", "csv"):
        other = typed(kept, "--form", "gdpr-33", "--compare", "1", "--format", kind, "--now", NOW)
        assert "33-3-a-nature" in other.out


def test_what_persons_answered_is_taken_over_until_they_say_otherwise(
    kept: Path, typed: Keyboard, tmp_path: Path
) -> None:
    file = tmp_path / "sheet.yml"
    file.write_text(typed(kept, "--form", "gdpr-33", "--template", "--now", NOW).out)
    assert names(kept) == []
    rows = yaml.safe_load(file.read_text())
    for row in rows["answers"]:
        if row["question"] == "33-3-b-contact":
            row.update(text="dpo@contoso.test", by="J. Doe")
    file.write_text(yaml.safe_dump(rows))
    done = typed(kept, "--form", "gdpr-33", "--fill", file, "--now", NOW)
    assert "sheet.yml: 1 answer of a person" in done.err
    assert "dpo@contoso.test" in done.out
    later = typed(kept, "--form", "gdpr-33", "--now", NOW)
    assert "dpo@contoso.test" in later.out
    assert "1 answer of a person is taken over from version 1" in later.err
    put(kept, case(Status.COMPROMISED))
    changed = typed(kept, "--form", "gdpr-33", "--now", NOW)
    assert "J. Doe, for an earlier state of the case" in " ".join(changed.out.split())


def test_a_sheet_with_an_unknown_question_is_refused(
    kept: Path, typed: Keyboard, tmp_path: Path
) -> None:
    file = tmp_path / "sheet.yml"
    file.write_text("answers: [{question: 33-9-z, text: x, by: Jo}]", encoding="utf-8")
    done = typed(kept, "--form", "gdpr-33", "--fill", file, "--now", NOW)
    assert done.code == 2
    assert "gdpr-33 has no question '33-9-z'; --template lists those that are open" in done.err
    assert names(kept) == []


WRONG: list[tuple[tuple[str, ...], str]] = [
    ((), "Missing option '--form'"),
    (("--form", "moon"), "'moon' is not one of"),
    (("--form", "gdpr-33", "--step", "final"), "has no step 'final'; it is of one piece"),
    (("--form", "nis2", "--step", "x"), "there are early-warning, notification, intermediate"),
    (("--form", "gdpr-33", "--aware-at", "2021-03-05T09:30"), "is no time with a zone"),
    (("--form", "gdpr-33", "--aware-at", "noon"), "is no time with a zone"),
    (("--form", "gdpr-33", "--aware-at", "2021-03-05T09:30 Mars/Base"), "is no time zone"),
    (("--form", "gdpr-33", "--aware-at", "9999-12-31T23:00Z"), "9999 is no year that this"),
    (("--form", "gdpr-33", "--aware-at", "0001-01-01T00:00+10:00"), "is no time with a zone"),
    (("--form", "gdpr-33", "--aware-at", "2021-03-28T02:30 Europe/Berlin"), "there is no such"),
    (("--form", "gdpr-33", "--now", NOW, "--aware-at", "2021-03-21T00:00Z"), "in the future"),
    (
        ("--form", "nis2", "--now", NOW, "--aware-at", AWARE, "--notified-at", "2021-03-01T00:00Z"),
        "--notified-at lies before --aware-at",
    ),
    (("--form", "gdpr-33", "--compare", "3"), "has no version 3"),
    (("--form", "gdpr-33", "--compare", "0"), "has no version 0"),
    (("--form", "gdpr-33", "--fill", "missing.yml"), "missing.yml cannot be read"),
    (("--form", "gdpr-33", "--tlp", "pink"), "'pink' is not one of"),
    (("--form", "gdpr-33", "--format", "pdf"), "'pdf' is not one of"),
]


@pytest.mark.parametrize(("more", "said"), WRONG, ids=[" ".join(one[0]) for one in WRONG])
def test_wrong_usage_gives_one_clear_sentence(
    kept: Path, typed: Keyboard, more: tuple[str, ...], said: str
) -> None:
    done = typed(kept, *more)
    assert done.code == 2
    assert said in " ".join(done.err.split())
    assert names(kept) == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2021-03-16T09:30+01:00", "Friday 2021-03-19 09:30 +01:00 (2021-03-19 08:30 UTC)"),
        ("2021-03-16T09:30Z", "Friday 2021-03-19 09:30 UTC"),
        ("2021-03-16 09:30+0530", "Friday 2021-03-19 09:30 +05:30 (2021-03-19 04:00 UTC)"),
        ("2021-03-16 09:30 Europe/Berlin", "Friday 2021-03-19 09:30 +01:00 Europe/Berlin"),
        ("2021-03-16T09:30 Europe/Berlin", "Friday 2021-03-19 09:30 +01:00 Europe/Berlin"),
        ("2021-03-16T09:30[Asia/Tokyo]", "Friday 2021-03-19 09:30 +09:00 Asia/Tokyo"),
    ],
)
def test_every_way_to_write_a_time_with_its_zone_is_read(
    kept: Path, typed: Keyboard, written: str, shown: str
) -> None:
    done = typed(kept, "--form", "gdpr-33", "--aware-at", written, "--now", NOW, "--no-keep")
    assert shown in " ".join(done.out.split())


def test_an_hour_that_comes_twice_is_counted_from_its_first(kept: Path, typed: Keyboard) -> None:
    words = ("--aware-at", "2020-10-25T02:30 Europe/Berlin", "--now", NOW, "--no-keep")
    done = typed(kept, "--form", "gdpr-33", *words)
    assert "Wednesday 2020-10-28 01:30 +01:00 Europe/Berlin (2020-10-28 00:30 UTC)" in " ".join(
        done.out.split()
    )


def test_a_file_is_written_once_and_overwritten_only_when_asked(
    kept: Path, typed: Keyboard, tmp_path: Path
) -> None:
    out = tmp_path / "gdpr.html"
    words = (kept, "--form", "gdpr-33", "--now", NOW, "--format", "html", "-o", out)
    assert typed(*words).code == 0
    assert out.read_bytes().startswith(b"<!doctype html>")
    assert stat.S_ISREG(out.stat().st_mode)
    again = typed(*words)
    assert (again.code, "add --force" in again.err) == (2, True)
    assert typed(*words, "--force").code == 0


def test_the_clock_is_asked_only_at_the_keyboard(
    kept: Path, typed: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clockwork(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Clockwork":
            return cls(2031, 5, 6, 7, 8, 9, tzinfo=UTC)

    monkeypatch.setattr("extriage.cli.answers.datetime", Clockwork)
    done = typed(kept, "--form", "gdpr-33", "--no-keep")
    assert "2031-05-06T07:08:09Z" in done.out
