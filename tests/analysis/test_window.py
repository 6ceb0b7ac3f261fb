"""An update counts from when a fixed build was seen after the last open one."""

from datetime import UTC, date, datetime

import pytest

from extriage.analysis.patch import StateEvidence, last_told, patch_state, until_then
from extriage.analysis.window import Until, fixed_since, open_window
from extriage.knowledge.builds import build_table
from extriage.model.evidence import BuildSeen, Entry, Origin, Tally
from extriage.model.host import AdvisoryState, OpenWindow, Patch, State
from extriage.model.state import Fact, Subject

OPEN, FIXED, NOBODYS = "15.1.2106.2", "15.1.2106.13", "15.20.4937.9"
CVE = "CVE-2021-26855"
END = 25


def day(number: int) -> datetime:
    return datetime(2021, 3, number, tzinfo=UTC)


def builds(*seen: tuple[str, int, int], precision: str = "su") -> tuple[BuildSeen, ...]:
    return tuple(BuildSeen(build, "httpproxy", day(a), day(b), precision) for build, a, b in seen)


def since(*seen: tuple[str, int, int]) -> datetime | None:
    return fixed_since(CVE, builds(*seen), build_table())


def test_the_window_ends_with_the_update() -> None:
    assert since((OPEN, 1, 5), (FIXED, 5, 9)) == day(5)
    assert since((OPEN, 1, 9)) is None
    assert since((FIXED, 2, 9)) == day(2)


def test_an_update_that_was_taken_off_again_counts_for_nothing() -> None:
    assert since((OPEN, 1, 20), (FIXED, 3, 4)) is None
    assert since((OPEN, 1, 4), (FIXED, 5, 6), (OPEN, 7, 10), (FIXED, 12, 20)) == day(12)


def test_a_build_of_nobodys_says_nothing() -> None:
    assert since((OPEN, 1, 5), (NOBODYS, 6, 20), (FIXED, 8, 9)) == day(8)
    *_, proved, _ = told(window(State.FIXED, *builds((NOBODYS, 1, 5), (FIXED, 8, 9))))
    assert not proved


def test_of_a_fixed_build_seen_before_and_after_only_the_last_time_is_after() -> None:
    assert since((OPEN, 1, 10), (FIXED, 3, 20)) == day(20)
    assert since((OPEN, 1, 10), (FIXED, 3, 20), (FIXED, 15, 16)) == day(15)


def window(
    state: State, *seen: BuildSeen, cve: str = CVE, by_setting: bool = False
) -> OpenWindow | None:
    row, until = AdvisoryState(cve, state), Until(day(END))
    return open_window(row, None, seen, until, build_table(), by_setting=by_setting)


def told(found: OpenWindow | None) -> tuple[datetime, bool, bool, str]:
    assert found is not None
    return found["to"], found["closed"], found["proved"], found["note"]


def test_what_is_open_now_was_not_closed_by_a_build_that_ran_once() -> None:
    to, closed, proved, note = told(window(State.OPEN, *builds((FIXED, 3, 20))))
    assert (to, closed, proved) == (day(END), False, True)
    assert "still open when the evidence ends (2021-03-25)" in note


def test_a_file_of_a_fixed_build_has_no_date() -> None:
    file = BuildSeen(FIXED, "ExSetup.exe", None, None)
    to, closed, proved, note = told(window(State.FIXED, *builds((OPEN, 1, 9)), file))
    assert (to, closed, proved) == (day(END), True, False)
    assert "now closed by an update whose date is not known" in note
    assert "a fixed build is seen" not in note
    assert "still open" not in note


def test_a_build_that_never_had_the_hole_has_no_window() -> None:
    newest = BuildSeen("15.2.2562.17", "ExSetup.exe", None, None)
    assert build_table().state(CVE, (15, 2, 2562, 17)) is None
    assert window(State.FIXED, newest) is None


def test_what_cannot_be_told_is_neither_closed_nor_proved_open() -> None:
    seen = builds(("15.1.2106.2", 1, 9), precision="cu")
    to, closed, proved, note = told(window(State.CANNOT_TELL, *seen))
    assert (to, closed, proved) == (day(END), False, False)
    assert "cannot be told" in note
    assert "still open" not in note


RELAY = "CVE-2024-21410"
CU23 = "15.1.2507.44"
LATER = datetime(2025, 3, 2, tzinfo=UTC)


def of_checks(value: str) -> Patch:
    """Judge a server of a fixed build by what its configuration says today."""
    rows = Tally("httpproxy", "h.LOG")
    rows.see(datetime(2024, 1, 1, tzinfo=UTC), CU23)
    rows.see(LATER, CU23)
    place = Origin("Windows/System32/inetsrv/config/applicationHost.config", 9)
    name = "Default Web Site/owa"
    facts = [Fact(Subject.EXTENDED_PROTECTION, name, value, "iis-config", place)] if value else []
    return patch_state(StateEvidence([rows], facts), LATER.date(), Until(LATER))


@pytest.mark.parametrize(
    ("value", "state", "closed", "proved", "words"),
    [
        ("Require", State.FIXED, True, False, "now closed by a setting whose date is not known"),
        ("None", State.OPEN, False, True, "still open when the evidence ends (2025-03-02)"),
        ("", State.CANNOT_TELL, False, False, "whether it was closed cannot be told"),
    ],
)
def test_a_setting_has_no_date(
    value: str, state: State, closed: bool, proved: bool, words: str
) -> None:
    (row,) = (one for one in of_checks(value).advisories if one.cve == RELAY)
    assert row.state is state
    to, *found, note = told(row.window)
    assert (to, found) == (LATER, [closed, proved])
    assert words in note
    assert "a fixed build is seen" not in note


def logs() -> list[Tally]:
    """Write four days: open, patched, rolled back, patched again; in one log each."""
    found = []
    for first, last, build in ((1, 4, OPEN), (5, 6, FIXED), (7, 10, OPEN), (12, 20, FIXED)):
        tally = Tally("httpproxy", f"{first}.LOG")
        tally.see(day(first), build)
        tally.see(day(last), build)
        found.append(tally)
    return found


def judged(evidence: StateEvidence, until: Until) -> AdvisoryState:
    (row,) = (
        one for one in patch_state(evidence, date(2026, 1, 1), until).advisories if one.cve == CVE
    )
    return row


def test_a_rollback_ends_when_a_fixed_build_is_seen_again() -> None:
    row = judged(StateEvidence(logs()), Until(day(END)))
    to, closed, proved, note = told(row.window)
    assert (row.state, to, closed, proved) == (State.FIXED, day(12), True, True)
    assert "a fixed build is seen from 2021-03-12 00:00" in note


def test_a_row_that_names_no_build_that_exists_closes_nothing() -> None:
    mangled = Tally("httpproxy", "mangled.LOG")
    mangled.see(day(11), "15.1.99999.9")
    to, closed, *_ = told(judged(StateEvidence([*logs(), mangled]), Until(day(END))).window)
    assert (to, closed) == (day(12), True)


def test_what_was_seen_after_the_day_asked_for_decides_nothing() -> None:
    file = Fact(Subject.BUILD, "ExSetup.exe", FIXED, "exchange-binary", Origin("ExSetup.exe", 1))
    folder = Entry("V15/15.1.2507/x", 1, "web-file", "read")
    whole = StateEvidence(logs(), [file], [folder])
    row = judged(until_then(whole, day(9)), Until(day(9), asked=True))
    to, closed, proved, note = told(row.window)
    assert (row.state, to, closed, proved) == (State.OPEN, day(9), False, True)
    assert "still open on the day asked for (2021-03-09)" in note
    assert "evidence ends" not in note
    patch = patch_state(until_then(whole, day(9)), day(9).date(), Until(day(9), asked=True))
    assert [(one.build, one.last) for one in patch.sources] == [(OPEN, day(9)), (FIXED, day(6))]
    assert {one.last for one in patch.sources if one.build == OPEN} == {day(9)}


def dated(evidence: str, number: int | None) -> Fact:
    when = day(number) if number else None
    return Fact(Subject.UPDATE, "KB5000871", "installed", evidence, Origin("x", 1), when)


def test_installers_keep_the_servers_clock_and_mails_do_not() -> None:
    facts = [
        dated("setup-log", 5),
        dated("events:Application", 7),
        dated("events:Application", None),
        dated("mail-headers", 20),
        dated("http-response", 21),
        dated("exchange-binary", 22),
    ]
    assert last_told(facts) == day(7)
    assert last_told(facts[:1]) == day(5)
    assert last_told(facts[2:]) is None
