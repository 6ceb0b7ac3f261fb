"""Answers about servers whose truth is known: their numbers are those of the truth."""

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from known_truth import Known, known

from extriage.samples.intrusion import bypass, exports
from keyboard import Keyboard

Answers = dict[str, dict[str, Any]]
Ask = Callable[[str, str], Answers]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Known]:
    """Return two scanned scenes, by name."""
    scenes = {"exports": exports.write, "bypass": bypass.write}
    return {
        name: known(tmp_path_factory.mktemp(name), partial(write, lines=2500))
        for name, write in scenes.items()
    }


@pytest.fixture
def ask(told: dict[str, Known], capfd: pytest.CaptureFixture[str]) -> Ask:
    """Return the answers to a form about a scene, by question."""

    def asked(scene: str, form: str) -> Answers:
        case = told[scene].folder / "case"
        words = ("--format", "json", "--now", "2026-11-23T12:00Z", "--no-keep")
        done = Keyboard(capfd, "answers")(case, "--form", form, *words)
        assert (done.code, done.err) == (0, "")
        document = json.loads(done.out)
        return {
            question["id"]: question["answers"][0]
            for section in document["sections"]
            for question in section["questions"]
        }

    return asked


def test_mailboxes_that_went_are_those_of_the_truth(told: dict[str, Known], ask: Ask) -> None:
    (visit,) = told["exports"].one.visits
    went = [one.mailbox for one in visit.exports if one.fetched]
    kept = [one.mailbox for one in visit.exports if one.outcome == "finished" and not one.fetched]
    people = ask("exports", "gdpr-33")["33-3-a-people"]
    value = f"At least {len(went) + len(kept)} mailboxes: {len(went)} taken (confirmed), "
    assert people["value"].startswith(f"{value}{len(kept)} made ready to be taken")
    facts = " ".join(people["known"])
    for mailbox in (*went, *kept):
        assert mailbox in facts
    assert exports.ADMIN_FILE not in facts
    (failed,) = [one.mailbox for one in visit.exports if one.outcome == "failed"]
    assert failed not in facts


def test_bytes_that_went_are_those_of_the_truth(told: dict[str, Known], ask: Ask) -> None:
    (visit,) = told["exports"].one.visits
    (file,) = visit.files
    records = ask("exports", "gdpr-33")["33-3-a-records"]
    assert records["value"].startswith(f"{file.bytes_out / 1024 / 1024:.1f} MB")
    assert records["certainty"] == "confirmed"


def test_mailboxes_that_were_read_are_counted_with_their_items(
    told: dict[str, Known], ask: Ask
) -> None:
    (visit,) = told["bypass"].one.visits
    found = ask("bypass", "gdpr-33")
    people, records = found["33-3-a-people"], found["33-3-a-records"]
    assert people["value"].startswith(f"At least {len(visit.mailboxes)} mailboxes: ")
    low = sum(one.items for one in visit.mailboxes)
    most = low + sum(one.folders for one in visit.mailboxes)
    number = int(records["value"].rpartition("; ")[2].removeprefix("at least ").split(" ")[0])
    assert low <= number <= most
    assert "svc-backup" not in " ".join((*people["known"], *records["known"]))


def test_the_first_sign_inside_is_the_first_deed_of_the_intruder(
    told: dict[str, Known], ask: Ask
) -> None:
    for scene in ("exports", "bypass"):
        (visit,) = told[scene].one.visits
        aware = ask(scene, "gdpr-33")["33-1-aware"]
        (sign,) = [one for one in aware["known"] if "first sign that somebody got in" in one]
        when = datetime.fromisoformat(sign.partition(" got in ")[2].removesuffix(" UTC.") + "Z")
        assert abs((when - visit.first).total_seconds()) < 300


def test_whether_it_was_malicious_follows_from_the_verdict(ask: Ask) -> None:
    assert ask("exports", "nis2")["23-4-a-malicious"]["value"] == "Yes"
    early = ask("bypass", "ed-21-02")
    assert early["a3-observed"]["value"] == "Yes"
    assert early["t2.1-anchor"]["value"] == "Found"
    assert early["t2.4-ecp"]["value"] == ""
    later = ask("exports", "ed-21-02")
    assert later["t2.1-anchor"]["value"] == ""


def test_every_line_that_is_named_is_in_the_evidence(told: dict[str, Known], ask: Ask) -> None:
    lines = [
        line
        for one in ask("bypass", "ed-21-02").values()
        for line in one["references"]
        if line["path"].endswith((".log", ".LOG"))
    ]
    assert lines
    for line in lines:
        assert told["bypass"].line(line["path"], line["line"])


def test_who_came_is_counted_as_in_the_truth(told: dict[str, Known], ask: Ask) -> None:
    found = ask("exports", "questions")["q10"]
    assert found["value"].startswith(f"{len(told['exports'].one.visits)} intruder")


def test_a_hotfix_of_2025_is_not_asked_of_evidence_of_2021(ask: Ask) -> None:
    found = ask("exports", "ed-25-02")["hotfix"]
    assert (found["value"], found["certainty"]) == ("", "cannot-tell")
    assert "look at the server of today" in found["text"]
