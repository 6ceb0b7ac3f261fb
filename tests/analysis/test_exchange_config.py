"""Two recorded servers, judged as Microsoft's own tests judge them.

microsoft/CSS-Exchange (MIT) holds recorded data of an Exchange 2016 CU22 and a 2019 CU11. Its tests
of HealthChecker expect 63 vulnerabilities for each on 2026-04-02 (70 once the update of June 2026
had added its seven); they state the number and a few names only. The names in
`healthchecker_63.csv` follow from HealthChecker's own list of what each update closed, taken for a
server without any update since its cumulative update: it is the same for both products, and it
counts CVE-2023-21707 twice, for two updates. The number is met exactly.
"""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from config_reading import SERVERS, facts_in

from extriage.analysis.advisories import assess
from extriage.analysis.checks import answer_checks
from extriage.knowledge.builds import number
from extriage.model.host import AdvisoryState, State
from extriage.model.state import Answer, CheckAnswer, Fact, Subject

DAY = date(2026, 4, 2)
LIST = Path(__file__).with_name("healthchecker_63.csv")
ROWS = list(csv.DictReader(LIST.read_text("utf-8").splitlines()))
SIDES = [("E16", "15.1.2375.7", "2016"), ("E19", "15.2.986.5", "2019")]
OPEN = (State.OPEN, State.OPEN_NO_PACKAGE)


def facts(name: str) -> list[Fact]:
    return facts_in(SERVERS / f"{name}.zip")


def checks(name: str, build: str, product: str) -> dict[str, CheckAnswer]:
    answers = answer_checks(number(build), product, facts(name))
    assert len({one.id for one in answers}) == len(answers)
    return {one.id: one for one in answers}


def states(name: str, build: str, product: str) -> dict[str, AdvisoryState]:
    answers = tuple(checks(name, build, product).values())
    return {one.cve: one for one in assess(number(build), product, answers, DAY)}


def listed(*sides: str) -> set[str]:
    return {row["entry"] for row in ROWS if row["listed"] in sides}


def test_microsofts_list_has_63_entries_one_of_them_twice() -> None:
    theirs = Counter(row["entry"] for row in ROWS if row["listed"] != "ours")
    assert theirs.total() == 63
    assert {entry for entry, count in theirs.items() if count > 1} == {"CVE-2023-21707"}
    assert {"CVE-2020-1147", "CVE-2023-36434", "CVE-2023-36039", "ADV24199947"} <= theirs.keys()


def test_every_difference_is_explained() -> None:
    for row in ROWS:
        assert bool(row["why"]) == (row["listed"] != "both"), row
        assert bool(row["check"]) == (row["listed"] != "both"), row


@pytest.mark.parametrize(("name", "build", "product"), SIDES)
def test_the_evidence_names_the_build(name: str, build: str, product: str) -> None:
    builds = {f.value for f in facts(name) if f.subject in (Subject.BUILD, Subject.CU_BUILD)}
    running = {f.value for f in facts(name) if f.name == "running process"}
    assert builds - running == {build}
    assert {f.computer for f in facts(name) if f.name == "AdminDisplayVersion"} == {f"SOLO-{name}A"}


@pytest.mark.parametrize(("name", "build", "product"), SIDES)
def test_our_open_list_is_microsofts(name: str, build: str, product: str) -> None:
    ours = {cve for cve, one in states(name, build, product).items() if one.state in OPEN}
    assert ours == listed("both", "ours")


@pytest.mark.parametrize(("name", "build", "product"), SIDES)
def test_what_only_microsoft_lists_is_told_by_a_failed_check(
    name: str, build: str, product: str
) -> None:
    answers = checks(name, build, product)
    for row in ROWS:
        if row["listed"] != "both":
            assert answers[row["check"]].answer is Answer.FAILED, row


@pytest.mark.parametrize(("name", "build", "product"), SIDES)
def test_nothing_is_left_untold(name: str, build: str, product: str) -> None:
    assert {one.state for one in states(name, build, product).values()} <= {State.FIXED, *OPEN}


EXPECTED = {
    "EP": Answer.FAILED,
    "TOKENCACHE": Answer.FAILED,
    "SERIAL": Answer.FAILED,
    "SCHEMA": Answer.PASSED,
    "DOWNLOADDOM": Answer.FAILED,
    "FIPFS": Answer.FAILED,
    "HYBRIDAPP": Answer.CANNOT_TELL,
    "MACHINEKEY": Answer.PASSED,
    "URLREWRITE": Answer.FAILED,
    "EEMS": Answer.FAILED,
    "OWALIGHT": Answer.FAILED,
    "OVERRIDES": Answer.PASSED,
    "LEGACYGROUPS": Answer.CANNOT_TELL,
    "DOTNET": Answer.FAILED,
    "MRSPROXY": Answer.PASSED,
}


@pytest.mark.parametrize(("name", "build", "product"), SIDES)
def test_each_check_of_the_recorded_servers(name: str, build: str, product: str) -> None:
    answers = checks(name, build, product)
    assert {check: answers[check].answer for check in EXPECTED} == EXPECTED
    for one in answers.values():
        assert bool(one.proofs) == (one.id not in ("SERIAL", "FIPFS", "HYBRIDAPP", "LEGACYGROUPS"))


def test_only_the_domain_of_the_newer_server_was_prepared() -> None:
    # NOTE: Microsoft's test lists CVE-2022-21978 for both: offline it cannot resolve the groups.
    assert checks(*SIDES[0])["PREPDOMAIN"].answer is Answer.FAILED
    assert checks(*SIDES[1])["PREPDOMAIN"].answer is Answer.PASSED
    assert states(*SIDES[1])["CVE-2022-21978"].state is State.OPEN
