"""At every hour of the window a log that would show it must be there, or nobody can tell."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.analysis.absence import absence, need
from extriage.analysis.coverage import common, cover, either, uncovered
from extriage.analysis.verdict import Hidden, judge
from extriage.model.evidence import Period, Tally
from extriage.model.host import Absence, Coverage, CveVerdict, Patch

CONTROL_PANEL = ("ecp-server", "events:MSExchange Management", "httpproxy:Ecp")
FRONT = ("httpproxy:Ecp + httpproxy:Owa", "iis:front-end + iis:back-end")


def at(day: float) -> datetime:
    return datetime(2021, 1, 1, tzinfo=UTC) + timedelta(days=day - 1)


def period(start: float, end: float) -> Period:
    return {"from": at(start), "to": at(end)}


WINDOW = period(3, 20)


def row(
    kind: str, first: float = 1, last: float = 21, *gaps: tuple[float, float], unreadable: int = 0
) -> Coverage:
    holes = tuple(period(start, end) for start, end in gaps)
    return Coverage(kind, 1, 100, unreadable, at(first), at(last), holes)


def told(kinds: Sequence[str], *rows: Coverage) -> tuple[Absence, str]:
    return absence([need(kind, rows, WINDOW) for kind in kinds], WINDOW)


def test_a_hole_that_another_log_fills_is_no_hole_but_stays_visible() -> None:
    answer, note = told(CONTROL_PANEL, row("ecp-server", 1, 21, (7, 8)), row("httpproxy:Ecp"))
    assert answer is Absence.NOT_SEEN
    assert note == (
        "HttpProxy logs (Ecp) cover the time; but ECP server logs have a gap from 2021-01-07 00:00 "
        "to 2021-01-08 00:00, while HttpProxy logs (Ecp) go on: deleted or switched off"
    )


def test_logs_may_carry_a_window_together() -> None:
    answer, note = told(
        CONTROL_PANEL, row("ecp-server", 1, 21, (7, 9)), row("httpproxy:Ecp", 5, 12)
    )
    assert answer is Absence.NOT_SEEN
    assert note.startswith(
        "together they cover the time: ECP server logs 2021-01-03 00:00 to 2021-01-07 00:00, "
        "HttpProxy logs (Ecp) 2021-01-07 00:00 to 2021-01-12 01:00, "
        "ECP server logs 2021-01-12 01:00 to 2021-01-20 00:00"
    )
    assert "but ECP server logs have a gap" in note
    assert "while HttpProxy logs (Ecp) go on: deleted or switched off" in note


def test_one_log_before_and_one_after() -> None:
    seam = row("ecp-server", 1, 10.02), row("httpproxy:Ecp", 10.03, 21)
    answer, note = told(CONTROL_PANEL, *seam)
    assert answer is Absence.NOT_SEEN
    assert "ECP server logs 2021-01-03 00:00 to 2021-01-10 01:00" in note
    answer, note = told(CONTROL_PANEL, row("ecp-server", 1, 10), row("httpproxy:Ecp", 10.5))
    assert answer is Absence.CANNOT_TELL
    assert note.startswith("no log carries 2021-01-10 01:00 to 2021-01-10 12:00: ")


def test_holes_that_meet_are_told_by_hours() -> None:
    answer, note = told(
        CONTROL_PANEL,
        row("ecp-server", 1, 21, (7, 9), (15, 16)),
        row("httpproxy:Ecp", 1, 21, (8, 10), (12, 13)),
    )
    assert answer is Absence.CANNOT_TELL
    assert note.startswith("no log carries 2021-01-08 00:00 to 2021-01-09 00:00: ECP server logs")
    assert "; HttpProxy logs (Ecp) have 2 gaps" in note


def test_logs_that_are_needed_together_must_both_be_there() -> None:
    whole = [row("httpproxy:Ecp"), row("iis:front-end"), row("iis:back-end")]
    holed = row("httpproxy:Owa", 1, 21, (7, 8))
    assert told(FRONT, holed, *whole)[0] is Absence.NOT_SEEN
    answer, note = told(FRONT, holed, *whole[:2], row("iis:back-end", 1, 21, (7.5, 8.5)))
    assert answer is Absence.CANNOT_TELL
    assert note.startswith("no log carries 2021-01-07 12:00 to 2021-01-08 00:00: ")
    answer, note = told(FRONT, holed, *whole[:2])
    assert answer is Absence.CANNOT_TELL
    assert note.startswith("HttpProxy logs (Owa) have a gap")
    assert note.endswith("nor can IIS logs (front-end, back-end) tell")


def test_what_is_not_there_or_damaged_carries_nothing() -> None:
    answer, note = told(CONTROL_PANEL)
    assert answer is Absence.CANNOT_TELL
    assert note.startswith("no ECP server logs in the evidence; nor can ")
    damaged = row("ecp-server", 1, 21, unreadable=1)
    answer, note = told(CONTROL_PANEL, damaged, row("httpproxy:Ecp", 5))
    assert answer is Absence.CANNOT_TELL
    assert note.startswith("ECP server logs are damaged in 1 file, and HttpProxy logs (Ecp) reach")
    assert told(("events:Application",), row("events:Application", 25, 30))[0] is (
        Absence.CANNOT_TELL
    )


def test_many_holes_make_no_long_note() -> None:
    holes = [(day + 0.25, day + 0.75) for day in range(4, 18)]
    others = [(day - 0.25, day + 0.2) for day in range(4, 18)]
    one, other = row("iis:a", 1, 21, *holes), row("iis:b", 1, 21, *others)
    answer, note = told(("iis:a", "iis:b"), one, other)
    assert answer is Absence.NOT_SEEN
    assert "more parts" in note
    answer, note = told(("iis:a", "iis:b"), one, row("iis:b", 1, 21, *holes))
    assert answer is Absence.CANNOT_TELL
    assert "and 10 more stretches" in note
    assert len(note) < 600


def test_a_server_that_was_off_does_not_hide_a_log_that_was_taken_away() -> None:
    holed = row("httpproxy:Ecp", 1, 21, (5, 8), (12, 13))
    off = row("iis:front-end", 1, 21, (5, 8))
    note = need("httpproxy:Ecp", [holed, off], WINDOW).log.note
    assert "the longest from 2021-01-05 00:00 to 2021-01-08 00:00, in which no log" in note
    assert (
        "also from 2021-01-12 00:00 to 2021-01-13 00:00, while IIS logs (front-end) go on" in note
    )


def test_logs_that_speak_seldom_prove_nothing_by_silence() -> None:
    quiet = row("events:MSExchange Management", 1, 21, (5, 14))
    answer, note = told(CONTROL_PANEL, row("ecp-server"), quiet)
    assert (answer, note) == (Absence.NOT_SEEN, "ECP server logs cover the time")
    assert "or nothing to write" in told((quiet.kind,), quiet, row("ecp-server"))[1]


def hourly(kind: str, part: str, days: Sequence[tuple[float, float]]) -> Tally:
    hours = {
        int(at(start).timestamp()) // 3600 + hour
        for start, end in days
        for hour in range(int((end - start) * 24))
    }
    times = [datetime.fromtimestamp(hour * 3600, UTC) for hour in sorted(hours)]
    return Tally(kind, f"{kind}{part}.log", "", part, len(hours), times[0], times[-1], hours)


@pytest.mark.parametrize(
    ("ecp", "proxy", "answer"),
    [
        ([(1, 6), (7, 21)], [(1, 21)], Absence.NOT_SEEN),
        ([(1, 6), (7, 21)], [(1, 12), (13, 21)], Absence.NOT_SEEN),
        ([(1, 6), (8, 21)], [(1, 7), (9, 21)], Absence.CANNOT_TELL),
        ([(1, 10)], [(10, 21)], Absence.NOT_SEEN),
        ([(1, 10)], [(11, 21)], Absence.CANNOT_TELL),
    ],
)
def test_the_verdict_asks_for_every_hour(
    ecp: list[tuple[float, float]], proxy: list[tuple[float, float]], answer: Absence
) -> None:
    tallies = [hourly("ecp-server", "", ecp), hourly("httpproxy", "Ecp", proxy)]
    patch = Patch("", "2016", "", "", (), ())
    judged = judge([], cover(tallies, []), patch, None, Hidden())
    found: dict[str, CveVerdict] = {
        cve.cve: cve for campaign in judged.campaigns for cve in campaign.coverage
    }
    assert found["CVE-2021-27065"].answer is answer
    assert found["CVE-2021-27065"].note == found["CVE-2021-27065"].note.strip()


STRETCHES = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 20)).map(
        lambda pair: period(1 + pair[0] / 24, 1 + (pair[0] + pair[1]) / 24)
    ),
    max_size=5,
)


def hours_of(stretches: Sequence[Period]) -> set[int]:
    return {
        hour
        for one in stretches
        for hour in range(int(one["from"].timestamp()) // 3600, int(one["to"].timestamp()) // 3600)
    }


@settings(max_examples=200, deadline=None)
@given(STRETCHES, STRETCHES)
def test_stretches_are_counted_like_hours(some: list[Period], others: list[Period]) -> None:
    assert hours_of(common(some, others)) == hours_of(some) & hours_of(others)
    merged = either([*some, *others])
    assert hours_of(merged) == hours_of(some) | hours_of(others)
    assert all(one["to"] < two["from"] for one, two in pairwise(merged))


def test_a_window_is_covered_within_what_a_log_is_ever_silent() -> None:
    assert uncovered(row("httpproxy", 3.1, 19.9), WINDOW) == ()
    assert uncovered(row("httpproxy", 1, 2), WINDOW) == (WINDOW,)
    assert uncovered(row("httpproxy", 25, 26), WINDOW) == (WINDOW,)
    assert uncovered(row("httpproxy", 1, 21, (2, 4), (19, 22)), WINDOW) == (
        period(3, 4),
        period(19, 20),
    )


def test_thousands_of_holes_are_soon_done_with() -> None:
    window = period(1, 3000)
    kinds = ("httpproxy", "iis", "ews")
    rows = [
        row(kind, 1, 3000, *[(1 + n / 4 + o / 16, 1 + n / 4 + (o + 3) / 16) for n in range(11_900)])
        for o, kind in enumerate(kinds)
    ]
    start = time.perf_counter()
    for kind in kinds[:2]:
        absence([need(one, rows, window) for one in (kind, "ews")], window)
    assert time.perf_counter() - start < 10
