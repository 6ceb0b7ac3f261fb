"""What is open in a build: the known answers, and the traps that make a server look closed."""

import csv
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from extriage.analysis.advisories import assess, elsewhere, is_exploited, was_known
from extriage.knowledge.advisories import advisories
from extriage.knowledge.builds import build_table, number
from extriage.model.host import AdvisoryState, State
from extriage.model.state import Answer, CheckAnswer

TODAY = date(2026, 10, 10)
CASES = Path(__file__).parents[1] / "knowledge" / "reference_cases.csv"
OPEN = {State.OPEN, State.OPEN_NO_PACKAGE}

HEALTHCHECKER = """
2021-26427 2021-41350 2021-41348 2021-34453 2021-42305 2021-41349 2021-42321 2022-21855 2022-21846
2022-21969 2022-23277 2022-24463 2022-34692 2022-41040 2022-41082 2022-41079 2022-41078 2022-41080
2022-41123 2023-21762 2023-21745 2023-21761 2023-21763 2023-21764 2023-21529 2023-21706 2023-21707
2023-21710 2023-28310 2023-32031 2023-38181 2023-38182 2023-38185 2023-35368 2023-35388 2023-36777
2023-36757 2023-36756 2023-36745 2023-36744 2023-36778 2023-36050 2023-36039 2023-36035 2023-36439
2024-26198
"""
"""What Microsoft's HealthChecker of 2026-04-02 lists for a bare 2016 CU22 and a bare 2019 CU11."""


def answer(
    check: str, cve: str, word: Answer, note: str = "seen in the configuration"
) -> CheckAnswer:
    return CheckAnswer(check, check.title(), (cve,), word, note)


def rows(
    build: str, *checks: CheckAnswer, day: date = TODAY, precision: str = "su"
) -> dict[str, AdvisoryState]:
    found = number(build)
    assert found is not None
    product = build_table().product(found)
    return {one.cve: one for one in assess(found, product, checks, day, precision=precision)}


def reference_cases() -> list[tuple[str, str, str]]:
    with CASES.open(encoding="utf-8", newline="") as file:
        return [(row["build"], row["cve"], row["state"]) for row in csv.DictReader(file)]


def test_there_are_all_reference_cases() -> None:
    assert len(reference_cases()) == 22


@pytest.mark.parametrize(("build", "cve", "state"), reference_cases())
def test_a_build_has_the_state_that_is_known(build: str, cve: str, state: str) -> None:
    assert rows(build)[cve].state == State(state)


@pytest.mark.parametrize("build", ["15.1.2375.7", "15.2.986.5"])
def test_everything_that_microsofts_script_lists_is_open(build: str) -> None:
    found = rows(build, day=date(2026, 4, 2))
    listed = [f"CVE-{cve}" for cve in HEALTHCHECKER.split()]
    assert len(listed) == 46
    assert [cve for cve in listed if found[cve].state not in OPEN] == []


def test_the_march_package_of_an_old_cu_closes_four_holes_and_no_earlier_gap() -> None:
    found = rows("15.1.1979.8")
    logon = ["CVE-2021-26855", "CVE-2021-26857", "CVE-2021-26858", "CVE-2021-27065"]
    assert {found[cve].state for cve in logon} == {State.FIXED}
    gap = found["CVE-2020-16875"]
    assert gap.state is State.OPEN
    assert "Sep20SU (KB4577352)" in gap.note
    assert found["CVE-2020-17132"].state is State.OPEN_NO_PACKAGE
    assert found["CVE-2021-26412"].state is State.OPEN_NO_PACKAGE


def test_the_march_package_of_a_supported_cu_closes_all_seven_and_what_came_before() -> None:
    found = rows("15.1.2106.13")
    assert found["CVE-2021-26412"].state is State.FIXED
    assert found["CVE-2020-17132"].state is State.FIXED
    assert found["CVE-2021-24085"].state is State.FIXED


def test_an_update_before_the_march_package_counts_as_before() -> None:
    assert rows("15.1.1979.6")["CVE-2020-16875"].state is State.FIXED


@pytest.mark.parametrize("cve", ["CVE-2021-34473", "CVE-2021-34523"])
def test_proxyshell_was_closed_in_april(cve: str) -> None:
    assert rows("15.1.2176.9")[cve].state is State.OPEN
    assert rows("15.1.2176.12")[cve].state is State.FIXED
    assert "Apr21SU" in rows("15.1.2176.9")[cve].note


def test_exchange_2013_with_its_last_update_is_unsupported_never_patched() -> None:
    states = Counter(row.state for row in rows("15.0.1497.48").values())
    assert states[State.OPEN] == states[State.OPEN_NO_PACKAGE] == 0
    assert states[State.UNSUPPORTED] >= 60
    later = rows("15.0.1497.48")["CVE-2026-42897"]
    assert later.state is State.UNSUPPORTED
    assert "after the last update of Exchange 2013 (2023-03-14)" in later.note


def test_a_product_is_unsupported_only_after_its_end() -> None:
    found = rows("15.0.1497.48", day=date(2023, 4, 11))
    assert State.UNSUPPORTED not in {row.state for row in found.values()}


def test_exchange_2010_is_judged_by_its_rollup() -> None:
    bare, last = rows("14.3.123.4"), rows("14.3.513.0")
    assert "CVE-2021-26855" not in bare
    assert bare["CVE-2021-26857"].state is State.OPEN
    assert last["CVE-2021-26857"].state is State.FIXED
    assert bare["CVE-2021-34473"].state is State.UNSUPPORTED
    assert rows("14.2.247.5")["CVE-2021-26857"].state is State.OPEN_NO_PACKAGE


def test_exchange_2007_has_no_fix_of_anything() -> None:
    assert {row.state for row in rows("8.3.517.0").values()} == {State.UNSUPPORTED}


@pytest.mark.parametrize("build", ["15.1.99999.9", "15.2.99999.9", "15.0.99999.9", "14.3.99999.9"])
def test_a_build_that_cannot_be_is_never_fixed(build: str) -> None:
    states = {row.state for row in rows(build).values()}
    assert State.CANNOT_TELL in states
    assert State.FIXED not in states


@pytest.mark.parametrize("build", ["15.2.2562.99", "15.2.1544.99", "15.1.2507.99", "15.2.3999.1"])
def test_a_build_above_the_table_has_every_fix(build: str) -> None:
    states = {row.state for row in rows(build).values()}
    assert states == {State.FIXED, State.CANNOT_TELL}


def test_a_build_between_two_is_judged_by_its_number() -> None:
    found = rows("15.1.2176.10")
    assert found["CVE-2021-26855"].state is State.FIXED
    assert found["CVE-2021-34473"].state is State.OPEN


def test_a_withdrawn_package_does_not_count_as_the_one_that_replaced_it() -> None:
    assert rows("15.2.1118.22")["CVE-2023-21529"].state is State.OPEN
    assert rows("15.2.1118.25")["CVE-2023-21529"].state is State.FIXED


def test_a_hole_without_an_update_for_this_cu_names_the_first_build_that_has_it() -> None:
    row = rows("15.1.2375.37")["CVE-2023-21529"]
    assert row.state is State.OPEN_NO_PACKAGE
    assert row.note == (
        "no update for CU22: the first build with the fix is 15.1.2507.21 (CU23 Feb23SU)"
    )


def test_updates_that_had_to_be_paid_for_are_said_to_be_so() -> None:
    assert "paid for Extended Security Updates" in rows("15.1.2507.61")["CVE-2026-42897"].note
    assert "paid" not in rows("15.1.2507.23")["CVE-2025-25005"].note
    assert "paid" not in rows("14.3.496.0")["CVE-2021-26857"].note


def test_an_update_that_is_not_out_yet_is_said_to_be_so() -> None:
    row = rows("15.1.1979.3", day=date(2021, 3, 5))["CVE-2021-26855"]
    assert row.state is State.OPEN
    assert row.note.endswith("it could not be had before 2021-03-08")


def test_what_was_not_known_on_the_day_is_left_out() -> None:
    found = rows("15.1.2106.13", day=date(2021, 3, 12))
    assert "CVE-2021-34473" not in found
    assert max(found) < "CVE-2021-3"
    early = rows("15.1.2106.2", day=date(2021, 1, 10))
    assert early["CVE-2021-26855"].state is State.OPEN


def test_what_has_no_date_counts_from_the_year_in_its_number() -> None:
    advisory = advisories()["CVE-2023-36434"]
    assert advisory.published is None
    assert not was_known(advisory, date(2022, 12, 31))
    assert was_known(advisory, date(2023, 1, 1))


PATCHED = "15.2.1748.53"


def test_an_update_that_needs_a_setting_leaves_it_open_who_knows() -> None:
    row = rows(PATCHED)["CVE-2024-21410"]
    assert row.state is State.CANNOT_TELL
    assert "Extended Protection" in row.note


@pytest.mark.parametrize(
    ("word", "state"),
    [
        (Answer.PASSED, State.FIXED),
        (Answer.NOT_APPLICABLE, State.FIXED),
        (Answer.FAILED, State.OPEN),
        (Answer.CANNOT_TELL, State.CANNOT_TELL),
    ],
)
def test_the_answer_of_a_check_decides(word: Answer, state: State) -> None:
    row = rows(PATCHED, answer("EP", "CVE-2024-21410", word, "None on owa"))["CVE-2024-21410"]
    assert row.state is state
    assert ("None on owa" in row.note) is (word is Answer.FAILED)


def test_a_passed_check_does_not_replace_the_update() -> None:
    passed = answer("EP", "CVE-2024-21410", Answer.PASSED)
    assert rows("15.1.2375.7", passed)["CVE-2024-21410"].state is State.OPEN


def test_the_gravest_answer_to_a_check_counts() -> None:
    answers = [answer("EP", "CVE-2024-21410", word) for word in (Answer.PASSED, Answer.FAILED)]
    assert rows(PATCHED, *answers)["CVE-2024-21410"].state is State.OPEN


def test_one_override_opens_its_own_hole_only() -> None:
    off = answer(
        "OVERRIDES", "CVE-2025-25005", Answer.FAILED, "AppIdBasedAudienceValidation is off"
    )
    found = rows(PATCHED, off)
    assert found["CVE-2025-25005"].state is State.OPEN
    assert found["CVE-2025-25006"].state is State.CANNOT_TELL


def test_a_failed_check_opens_a_hole_whose_update_is_enough_otherwise() -> None:
    assert rows(PATCHED)["CVE-2021-26855"].state is State.FIXED
    known = answer("MACHINEKEY", "CVE-2020-0688", Answer.FAILED)
    assert rows(PATCHED)["CVE-2020-0688"].state is State.FIXED
    assert rows(PATCHED, known)["CVE-2020-0688"].state is State.OPEN


def test_a_makeshift_is_named_but_fixes_nothing() -> None:
    applied = answer("EEMS", "CVE-2026-42897", Answer.PASSED)
    row = rows("15.1.2507.66", applied)["CVE-2026-42897"]
    assert row.state is State.OPEN
    assert "in place until the update: Eems" in row.note
    missing = answer("EEMS", "CVE-2026-42897", Answer.FAILED)
    assert rows(PATCHED, missing)["CVE-2026-42897"].state is State.FIXED


def test_a_hole_of_windows_is_decided_by_its_check_alone() -> None:
    assert rows("15.2.2562.53")["CVE-2023-36434"].state is State.CANNOT_TELL
    gone = answer("TOKENCACHE", "CVE-2023-36434", Answer.PASSED)
    assert rows("15.2.2562.53", gone)["CVE-2023-36434"].state is State.FIXED
    assert "CVE-2023-36434" not in rows("14.3.513.0")


def test_subscription_edition_has_the_settings_of_2019_and_none_of_its_old_holes() -> None:
    found = rows("15.2.2562.17")
    assert found["CVE-2024-21410"].state is State.CANNOT_TELL
    assert "CVE-2021-26855" not in found
    assert found["CVE-2026-42897"].state is State.OPEN


def test_only_the_cu_known_means_that_its_updates_are_not() -> None:
    found = rows("15.1.2375.7", precision="cu")
    assert found["CVE-2022-41040"].state is State.CANNOT_TELL
    assert "open unless Nov22SU (15.1.2375.37) or a later update" in found["CVE-2022-41040"].note
    assert found["CVE-2023-21529"].state is State.OPEN_NO_PACKAGE
    assert found["CVE-2021-26855"].state is State.FIXED
    assert rows("15.1.2375.0", precision="cu") == found


def test_without_a_build_nothing_can_be_told() -> None:
    found = assess(None, "2016", (), TODAY)
    assert {row.state for row in found} == {State.CANNOT_TELL}
    assert "CVE-2020-17144" not in {row.cve for row in found}
    assert len(assess(None, "", (), TODAY)) > len(found)


def test_without_a_build_a_failed_check_still_opens() -> None:
    failed = answer("EP", "CVE-2024-21410", Answer.FAILED)
    found = {row.cve: row.state for row in assess(None, "2016", (failed,), TODAY)}
    assert found["CVE-2024-21410"] is State.OPEN


def test_a_row_says_how_grave_it_is_and_since_when_it_is_used() -> None:
    row = rows("15.1.2507.6")["CVE-2022-41040"]
    assert (row.name, row.severity, row.cvss) == ("ProxyNotShell SSRF", "Critical", 8.8)
    assert row.exploited_since.startswith("2022-08")
    assert row.kev == date(2022, 9, 30)
    assert is_exploited(row, TODAY)
    assert not is_exploited(row, date(2022, 7, 31))
    unused = rows("15.2.1544.43")["CVE-2026-62911"]
    assert unused.exploited_since == ""
    assert not is_exploited(unused, TODAY)


def test_what_no_update_of_exchange_closes_is_not_judged_but_named() -> None:
    names = {advisory.cve for advisory in elsewhere()}
    assert {"CVE-2022-41076", "CVE-2023-23397"} <= names
    assert not names & set(rows("15.1.2375.7"))


def test_every_row_comes_once_and_in_order() -> None:
    table = assess((15, 1, 2375, 7), "2016", (), TODAY)
    names = [row.cve for row in table]
    assert len(names) == len(set(names))
    assert names.index("CVE-2021-1730") < names.index("CVE-2021-24085")
