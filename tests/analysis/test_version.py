"""A build in any spelling, and what follows from it in one answer and in its machine form."""

import json
from datetime import date

import pytest

from extriage.analysis.version import answer_json, resolve, verdict_code, version_answer
from extriage.errors import UsageError
from extriage.knowledge.builds import build_table, spell
from extriage.model.host import State, SupportState

TODAY = date(2026, 10, 10)


@pytest.mark.parametrize(
    ("text", "build", "precision"),
    [
        ("15.1.2375.7", "15.1.2375.7", "su"),
        ("15.01.2375.007", "15.1.2375.7", "su"),
        (" v15.1.2375.7 ", "15.1.2375.7", "su"),
        ("15,1,2375,7", "15.1.2375.7", "su"),
        ("14.3.513.0", "14.3.513.0", "su"),
        ("14.3.513", "14.3.513.0", "su"),
        ("Version 15.1 (Build 2375.7)", "15.1.2375.7", "cu"),
        ("Version 15.1 (Build 2507.6)", "15.1.2507.6", "cu"),
        ("Version 15.1 (Build 32176.2)", "15.1.2176.2", "cu"),
        ("Build 15.1.2375.7", "15.1.2375.7", "su"),
        ("Version: 15.1.2375.7", "15.1.2375.7", "su"),
        ("exchange2016cu23", "15.1.2507.6", "cu"),
        ("2010 SP3 UR32", "14.3.513.0", "su"),
        ("version 14.3 (build 123.4)", "14.3.123.4", "cu"),
        ("15.1.2375", "15.1.2375.7", "cu"),
        ("15.01.2375", "15.1.2375.7", "cu"),
        ("15.1.2375.0", "15.1.2375.0", "cu"),
        ("1942063431", "15.1.2375.7", "cu"),
        ("Exchange 2016 CU22", "15.1.2375.7", "cu"),
        ("2016 cu22", "15.1.2375.7", "cu"),
        ("2016CU22", "15.1.2375.7", "cu"),
        ("2016-CU22", "15.1.2375.7", "cu"),
        ("Microsoft Exchange Server 2016 Cumulative Update 22", "15.1.2375.7", "cu"),
        ("2019 CU14 Mar24SU", "15.2.1544.9", "su"),
        ("Exchange Server 2019 CU14 (March 2024 SU)", "15.2.1544.9", "su"),
        ("SE RTM Sep26SUv2", "15.2.2562.53", "su"),
        ("SE Sep26SU v2", "15.2.2562.53", "su"),
        ("Exchange Server Subscription Edition RTM", "15.2.2562.17", "cu"),
        ("2010 SP3 RU32", "14.3.513.0", "su"),
        ("Exchange 2010 Service Pack 3 Update Rollup 32", "14.3.513.0", "su"),
        ("2010 SP3 RU8v2", "14.3.224.2", "su"),
        ("2013 CU23 Mar23SU", "15.0.1497.48", "su"),
        ("2019 CU14 KB5036386", "15.2.1544.9", "su"),
        ("KB5129955", "15.2.2562.53", "su"),
        ("2019 Preview", "15.2.196.0", "cu"),
        ("2019 CU13 Apr24HU", "15.2.1258.34", "su"),
    ],
)
def test_a_build_is_understood_in_every_spelling(text: str, build: str, precision: str) -> None:
    found = resolve(text)
    assert (spell(found.build), found.precision) == (build, precision)
    assert found.asked == text.strip()


@pytest.mark.parametrize("build", [one for one in build_table().builds if one.su != "?"])
def test_every_known_build_is_understood_by_its_name(build: object) -> None:
    from extriage.model.exchange import Build

    assert isinstance(build, Build)
    name = f"Exchange {build.product} {build.cu} {build.su}".partition(" (")[0].rstrip()
    if build.kind == "Preview":
        name = f"Exchange {build.product} Preview"
    named = build_table().name(resolve(name).build)
    assert named is not None
    assert (named.product, named.cu) == (build.product, build.cu)
    assert named.su.partition(" (")[0] == build.su.partition(" (")[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("15.1.2375.7.1", "write a build like"),
        ("1.2.3.4", "8.2.176.2 (2007 SP2)"),
        ("6.5.7638.1", "8.3.517.0 (2007 SP3 RU23)"),
        ("2016 CU99", "2016 CU"),
        ("2016 CU22 Nov99SU", "2016 CU22"),
        ("2016 CU22 and so on", "2016 CU22"),
        ("Exchange 2016", "2016 CU23"),
        ("Nov22SU", "names no product"),
        ("cu22", "names no product"),
        ("KB5000871", "may be several builds"),
        ("2016 Nov22SU", "2016 CU22 Nov22SU, 2016 CU23 Nov22SU"),
        ("123456789", "no packed version"),
        ("3", "write a build like"),
        ("", "write a build like"),
        ("foo", "write a build like"),
        ("x" * 100_000, "too long"),
        ("9" * 100_000, "too long"),
        ("15.1.2375." + "9" * 90, "write a build like"),
    ],
)
def test_what_is_not_known_gets_one_sentence_and_the_nearest_builds(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=r".") as error:
        resolve(text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


def test_a_bare_cu_is_answered_with_its_open_holes() -> None:
    answer = version_answer((15, 1, 2375, 7), TODAY)
    assert (answer.product, answer.cu, answer.su, answer.kb) == ("2016", "CU22", "", "5005333")
    assert answer.released == date(2021, 9, 28)
    assert answer.support.state is SupportState.PAID
    assert answer.asked == "15.1.2375.7"
    assert verdict_code(answer) == 1
    states = {row.cve: row for row in answer.advisories}
    window = states["CVE-2022-41040"].window
    assert window is not None
    assert window["from"].isoformat() == "2022-08-01T00:00:00+00:00"
    assert window["days"] == (TODAY - date(2022, 8, 1)).days + 1
    assert not window["closed"]
    published = states["CVE-2022-21846"].window
    assert published is not None
    assert published["from"].date() == date(2022, 1, 11)
    assert states["CVE-2021-26855"].window is None


def test_a_window_knows_nothing_of_the_future() -> None:
    answer = version_answer((15, 0, 1497, 44), date(2023, 6, 1))
    row = next(row for row in answer.advisories if row.cve == "CVE-2023-21529")
    assert row.window is not None
    assert row.window["from"].date() == date(2023, 2, 14)
    assert "publication" in row.window["note"]


@pytest.mark.parametrize(
    ("build", "precision", "day", "code"),
    [
        ((15, 2, 2562, 53), "su", TODAY, 0),
        ((15, 2, 2562, 99), "su", TODAY, 0),
        ((15, 1, 2507, 75), "su", TODAY, 0),
        ((15, 1, 2507, 75), "su", date(2026, 11, 1), 1),
        ((15, 0, 1497, 48), "su", TODAY, 1),
        ((15, 1, 2375, 7), "cu", TODAY, 1),
        ((15, 2, 2562, 17), "cu", TODAY, 3),
        ((15, 2, 2562, 17), "su", TODAY, 1),
        ((16, 0, 1, 1), "su", TODAY, 3),
        ((15, 2, 99999, 9), "su", TODAY, 3),
    ],
)
def test_the_exit_code(
    build: tuple[int, int, int, int], precision: str, day: date, code: int
) -> None:
    assert verdict_code(version_answer(build, day, precision=precision)) == code


def test_three_numbers_are_answered_for_the_cu() -> None:
    short = version_answer((15, 1, 2375, 0), TODAY, precision="cu")
    assert short.build == (15, 1, 2375, 7)
    assert (short.cu, short.su) == ("CU22", "")
    assert any("only the cumulative update is known" in note for note in short.notes)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        ((15, 2, 2562, 99), "newer than the table"),
        ((16, 0, 1, 1), "newer than the table"),
        ((15, 1, 2375, 40), "newer than the table, which ends with 15.1.2375.37 (CU22 Nov22SU)"),
        ((15, 2, 1544, 99), "newer than the table, which ends with 15.2.1544.48 (CU14 Sep26SUv2)"),
        ((15, 1, 3999, 1), "newer than the table, which ends with 15.1.2507.75"),
        ((15, 1, 99999, 9), "far above every build that is known: nothing can be told of it"),
        ((15, 1, 2176, 3), "between 15.1.2176.2 (CU19) and 15.1.2176.4 (CU19 Feb21SU)"),
        ((15, 1, 2400, 1), "no cumulative update that is known"),
        ((15, 1, 2507, 1), "is older than 15.1.2507.6"),
        ((15, 1, 1591, 8), "without a name"),
        ((15, 1, 1979, 8), "four ProxyLogon holes and nothing else"),
    ],
)
def test_a_note_says_where_an_odd_build_lies(build: tuple[int, int, int, int], words: str) -> None:
    notes = version_answer(build, TODAY).notes
    assert any(words in note for note in notes)


def test_a_build_before_its_day_is_no_reason_to_go_back() -> None:
    early = version_answer((15, 1, 2507, 44), date(2021, 3, 5))
    assert early.notes == (
        "15.1.2507.44 could not be had before 2024-11-27: on 2021-03-05 no server ran it, so the "
        "steps are those of that later day",
    )
    assert not any("CU19" in f"{step.title} {step.text}" for step in early.action)
    assert not any("CU20" in f"{step.title} {step.text}" for step in early.action)


def test_a_known_build_has_no_notes_on_the_day_of_the_tables() -> None:
    assert version_answer((15, 2, 2562, 53), TODAY).notes == ()
    later = version_answer((15, 2, 2562, 53), date(2026, 11, 10))
    assert later.notes == (
        "the tables go to 2026-10-10, 31 days before 2026-11-10: packages and vulnerabilities "
        "published since are not in them",
    )


def test_the_machine_form_is_plain_json_with_the_words_of_the_case() -> None:
    answer = version_answer((15, 1, 2375, 7), TODAY, asked="15.01.2375.007")
    document = answer_json(answer)
    assert json.loads(json.dumps(document)) == document
    assert document["schema"] == "extriage.version/1"
    assert document["asked"] == "15.01.2375.007"
    assert document["build"] == "15.1.2375.7"
    assert document["support"]["state"] == "paid-updates-only"
    assert set(document["counts"]) == {state.value for state in State}
    rows = {row["cve"]: row for row in document["advisories"]}
    assert rows["CVE-2023-21529"]["state"] == "open-no-package"
    assert rows["CVE-2022-41040"]["kev"] == "2022-09-30"
    assert rows["CVE-2022-41040"]["window"]["from"] == "2022-08-01T00:00:00Z"
    assert sum(document["counts"].values()) == len(document["advisories"])
    assert document["action"][0]["id"] == "save"
    assert "CVE-2023-23397" in document["not_judged"]
