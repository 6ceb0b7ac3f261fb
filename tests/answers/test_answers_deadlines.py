"""Deadlines: counted strictly, in UTC, shown in the zone that was given."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cases import case, of_hosts
from hypothesis import given
from hypothesis import strategies as st

from extriage.analysis.answers import Circumstances, answer
from extriage.analysis.answers.deadlines import deadlines, end_of, local, zone_of
from extriage.errors import UsageError
from extriage.knowledge.forms import form
from extriage.model.answer import Certain, Clock, Deadline, FormAnswers
from extriage.model.detection import Certainty
from extriage.model.host import Status
from extriage.reports.answers.view import deadline_told

ZONES = ("UTC", "+01:00", "-05:00", "+05:45", "Europe/Berlin", "America/New_York", "Asia/Tokyo")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def clock(text: str, zone: str = "UTC") -> Clock:
    return Clock(moment(text), zone)


def made(name: str, now: str, **clocks: Clock) -> FormAnswers:
    given = Circumstances(moment(now), aware=clocks.get("aware"), notified=clocks.get("notified"))
    return answer(form(name), case(Status.COMPROMISED), given)


def due(name: str, which: str, **clocks: Clock) -> Deadline:
    found = {one.id: one for one in made(name, "2021-03-20T00:00Z", **clocks).deadlines}
    return found[which]


def test_seventy_two_hours_are_counted_to_the_minute_over_a_weekend() -> None:
    found = due("gdpr-33", "notify", aware=clock("2021-03-05T16:47+01:00", "+01:00"))
    assert found.due == moment("2021-03-08T15:47Z")
    assert found.local == "Monday 2021-03-08 16:47 +01:00 (2021-03-08 15:47 UTC)"
    assert "weekends and holidays count" in found.counted


def test_hours_do_not_change_when_the_clocks_do() -> None:
    aware = clock("2021-03-26T12:00+01:00", "Europe/Berlin")
    found = due("gdpr-33", "notify", aware=aware)
    assert found.due == aware.at + timedelta(hours=72)
    assert found.local.startswith("Monday 2021-03-29 13:00 +02:00 Europe/Berlin")


def test_a_month_keeps_the_time_of_day_when_the_clocks_change() -> None:
    notified = clock("2021-03-15T09:00+01:00", "Europe/Berlin")
    found = due("nis2", "final", aware=notified, notified=notified)
    assert found.due == moment("2021-04-15T09:00+02:00")


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2021-01-31T10:00Z", "2021-02-28T10:00Z"),
        ("2024-01-31T10:00Z", "2024-02-29T10:00Z"),
        ("2021-03-31T10:00Z", "2021-04-30T10:00Z"),
        ("2021-12-31T10:00Z", "2022-01-31T10:00Z"),
        ("2021-02-28T10:00Z", "2021-03-28T10:00Z"),
        ("2024-02-29T10:00Z", "2024-03-29T10:00Z"),
        ("2021-11-30T23:59Z", "2021-12-30T23:59Z"),
    ],
)
def test_a_month_ends_on_the_same_date_or_the_last_day(start: str, end: str) -> None:
    assert end_of(clock(start), 1, "months") == moment(end)


def test_the_month_runs_from_the_notification_and_not_from_awareness() -> None:
    aware, notified = clock("2021-03-01T10:00Z"), clock("2021-03-03T08:00Z")
    assert due("nis2", "final", aware=aware, notified=notified).due == moment("2021-04-03T08:00Z")
    without = due("nis2", "final", aware=aware)
    assert without.due is None
    assert "give --notified-at" in without.counted


@given(
    at=st.datetimes(datetime(2001, 1, 1), datetime(2190, 1, 1)),  # noqa: DTZ001
    zone=st.sampled_from(ZONES),
    hours=st.integers(1, 200),
)
def test_hours_are_hours_in_every_zone(at: datetime, zone: str, hours: int) -> None:
    start = Clock(at.replace(tzinfo=UTC), zone)
    assert end_of(start, hours, "hours") - start.at == timedelta(hours=hours)


@given(
    at=st.datetimes(datetime(2001, 1, 1), datetime(2190, 1, 1)),  # noqa: DTZ001
    zone=st.sampled_from(ZONES),
    months=st.integers(1, 12),
)
def test_months_end_on_a_date_that_is_there_and_never_too_late(
    at: datetime, zone: str, months: int
) -> None:
    start = Clock(at.replace(tzinfo=UTC), zone)
    there, end = start.at.astimezone(zone_of(zone)), end_of(start, months, "months")
    after = end.astimezone(zone_of(zone))
    later = (after.year - there.year) * 12 + after.month - there.month
    assert later == months or after.hour < 3
    assert after.day <= there.day or after.hour < 3
    assert timedelta(days=27) * months < end - start.at < timedelta(days=32) * months


@given(at=st.datetimes(datetime(2001, 1, 1), datetime(2190, 1, 1)), zone=st.sampled_from(ZONES))  # noqa: DTZ001
def test_a_time_is_shown_with_its_weekday_and_in_utc(at: datetime, zone: str) -> None:
    there = at.replace(tzinfo=UTC)
    text = local(there, zone)
    assert f"{there:%Y-%m-%d %H:%M} UTC" in text
    assert text.startswith(f"{there.astimezone(zone_of(zone)):%A}")


def test_a_zone_of_no_place_is_refused() -> None:
    for name in ("Europe/Nowhere", "../etc/passwd", "x" * 300):
        with pytest.raises(UsageError, match="is no time zone"):
            zone_of(name)


def test_without_awareness_nothing_is_counted_and_the_way_is_told() -> None:
    for name, which in (("gdpr-33", "notify"), ("nis2", "early-warning")):
        found = due(name, which)
        assert (found.due, found.local, found.started) == (None, "", False)
        assert "counted from when you became aware: give --aware-at" in found.counted


def test_a_step_has_only_its_own_deadlines() -> None:
    for step, ids in (
        ("early-warning", ["early-warning", "notification"]),
        ("notification", ["notification", "final"]),
        ("final", ["final"]),
    ):
        given = Circumstances(moment("2021-03-20T00:00Z"), step=step)
        assert [one.id for one in deadlines(form("nis2"), given)] == ids


def test_the_last_second_is_in_time_and_the_next_is_late() -> None:
    aware = clock("2021-03-05T10:00Z")
    for now, told in (
        ("2021-03-08T10:00:00Z", "0 minutes left"),
        (
            "2021-03-08T10:00:01Z",
            "This time is over (it is 2021-03-08T10:00:01Z). If it is not reported yet, report now",
        ),
        ("2021-03-07T10:00Z", "24 hours left"),
        ("2021-03-07T10:00:01Z", "23 hours left"),
        ("2021-03-08T08:20:30Z", "99 minutes left"),
        ("2021-03-05T10:00:01Z", "71 hours left"),
    ):
        form_made = made("gdpr-33", now, aware=aware)
        _, why = deadline_told(form_made.deadlines[0], form_made)
        assert told in why


def test_what_was_notified_in_time_is_not_called_late() -> None:
    clocks = {"aware": clock("2021-03-05T10:00Z"), "notified": clock("2021-03-08T09:00Z")}
    form_made = made("gdpr-33", "2021-04-20T00:00Z", **clocks)
    _, why = deadline_told(form_made.deadlines[0], form_made)
    assert "Notified on 2021-03-08T09:00:00Z, in time." in why
    assert "This time is over" not in why


def delay(now: str, **clocks: Clock) -> str:
    found = made("gdpr-33", now, **clocks)
    (asked,) = [q for part in found.sections for q in part.questions if q.id == "33-1-delay"]
    (only,) = asked.answers
    assert only.certainty is Certain.PERSON
    return only.known[0]


def test_a_passed_deadline_is_said_plainly_with_the_reasons_that_are_due() -> None:
    aware = clock("2021-03-05T10:00Z")
    unknown = delay("2021-03-09T00:00Z", aware=aware)
    assert "late if it is not notified yet: give the reasons for the delay" in unknown
    assert "which is in time" in delay("2021-03-06T00:00Z", aware=aware)
    assert "nobody can tell whether it is late" in delay("2021-03-06T00:00Z")
    late = delay("2021-03-09T00:00Z", aware=aware, notified=clock("2021-03-08T11:00Z"))
    assert "It was notified 2021-03-08 11:00 UTC, which is late" in late
    timely = delay("2021-03-09T00:00Z", aware=aware, notified=clock("2021-03-08T09:00Z"))
    assert "in time" in timely


def test_what_a_person_says_of_awareness_is_never_proved_by_the_evidence() -> None:
    for name, which in (("gdpr-33", "33-1-aware"), ("questions", "q14")):
        quiet = answer(form(name), case(Status.NO_SIGN), Circumstances(
            moment("2021-04-01T00:00Z"), aware=clock("2021-03-05T10:00Z")))  # fmt: skip
        (asked,) = [q for part in quiet.sections for q in part.questions if q.id == which]
        assert asked.answers[0].certainty is Certain.PERSON
        assert any("2021-03-05 10:00 UTC" in fact for fact in asked.answers[0].known)


def test_the_begin_is_as_sure_as_the_break_in_is() -> None:
    likely = tuple(
        replace(one, certainty=Certainty.LIKELY) for one in case().hosts[0].findings if one.stage
    )
    server = replace(case().hosts[0], findings=likely)
    server = replace(server, verdict=replace(server.verdict, certainty=Certainty.LIKELY))
    found = answer(form("gdpr-33"), of_hosts(server), Circumstances(
        moment("2021-04-01T00:00Z"), aware=clock("2021-03-16T06:40Z")))  # fmt: skip
    assert found.sections[0].questions[0].answers[0].certainty is Certain.LIKELY


def test_awareness_before_the_first_sign_is_doubted() -> None:
    found = made("gdpr-33", "2021-04-01T00:00Z", aware=clock("2021-03-01T00:00Z"))
    first = found.sections[0].questions[0].answers[0]
    assert "check the time and its zone" in first.text
    later = made("gdpr-33", "2021-04-01T00:00Z", aware=clock("2021-03-16T06:40Z"))
    assert "2.0 days after the first sign" in later.sections[0].questions[0].answers[0].text
