"""The timeline: once, in order, with the furthest thing proved, and nothing left out silently."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

import pytest

from extriage.analysis import timeline as telling
from extriage.analysis.timeline import timeline
from extriage.model.case import Moment
from extriage.model.detection import Certainty, Evidence, Finding, Level, Sign, Stage
from extriage.model.evidence import BuildSeen, Period
from extriage.model.exposure import Exposed, Exposure
from extriage.model.host import (
    AdvisoryState,
    CampaignVerdict,
    Coverage,
    Host,
    Manifest,
    OpenWindow,
    Patch,
    State,
    Status,
    Verdict,
)
from extriage.model.persistence import Episode, Persistence, Presence, Role
from extriage.model.session import Amount, Session, SessionStep
from extriage.model.state import Proof

START = datetime(2021, 3, 3, 4, 0, tzinfo=UTC)
NOTHING = Amount(0, 0)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def line(path: str, number: int, minutes: float | None, **more: Any) -> Evidence:
    time = None if minutes is None else at(minutes)
    made = Evidence(path, number, 0, "text", f"{path}{number}", time, kind="iis")
    return replace(made, **more)


def finding(name: str, stage: Stage | None, *lines: Evidence, **more: Any) -> Finding:
    made = Finding(
        *(name, name, name, Level.HIGH, stage, Certainty.CONFIRMED, "", (), (), START, at(600)),
        *(len(lines), lines, ()),
    )
    return replace(made, **more)


def host(*found: Finding, **more: Any) -> Host:
    made = Host(
        name="EX01",
        verdict=Verdict(Status.COMPROMISED, None, None, ""),
        campaigns=(),
        patch=Patch("", "", "", "", (), ()),
        coverage=(),
        findings=found,
        actions=(),
        manifest=Manifest(0, 0, 0, 0, ()),
    )
    return replace(made, **more)


def told(*found: Finding, **more: Any) -> tuple[Moment, ...]:
    return timeline([host(*found, **more)])


def test_a_line_is_told_once_with_the_furthest_thing_that_it_proves() -> None:
    lines = line("u_ex.log", 5, 1)
    (moment,) = told(finding("a", Stage.PROBED, lines), finding("b", Stage.EXECUTED, lines))
    assert (moment.stage, moment.finding, moment.count) == (Stage.EXECUTED, "b", 1)


def test_a_request_in_several_logs_is_one_moment() -> None:
    request = (("request", "5f0c"), ("address", "203.0.113.7"))
    (moment,) = told(
        finding("a", Stage.REACHED, line("HttpProxy.LOG", 7, 1.02, keys=request)),
        finding("b", Stage.PLANTED, line("u_ex.log", 5, 1, keys=request)),
        finding("c", Stage.PROBED, line("ECPServer.LOG", 9, 1.01, keys=request)),
    )
    assert (moment.stage, moment.count, moment.by) == (Stage.PLANTED, 1, "203.0.113.7")
    assert moment.time == at(1)
    assert moment.path == "u_ex.log"


def test_a_line_in_two_copies_of_a_log_is_one_moment() -> None:
    copies = [line(path, 5, 1, sha256="same") for path in ("a/u_ex.log", "b/u_ex.log")]
    (moment,) = told(finding("a", Stage.REACHED, *copies))
    assert moment.count == 1


def test_what_is_done_again_and_again_is_one_moment_until_there_is_a_pause() -> None:
    times = [0, 5, 12, 40, 45]
    first, second = told(
        finding("a", Stage.REACHED, *(line("u_ex.log", n, t) for n, t in enumerate(times, 1)))
    )
    assert (first.time, first.until, first.count) == (at(0), at(12), 3)
    assert (second.time, second.until, second.count) == (at(40), at(45), 2)


def test_lines_that_are_counted_and_not_kept_are_told() -> None:
    moments = told(finding("a", Stage.PROBED, line("x", 1, 0), line("x", 2, 60), count=1_000_000))
    rest = next(one for one in moments if "999,998 further lines" in one.title)
    assert (rest.count, rest.until, rest.path) == (999_998, at(600), "")
    assert sum(one.count for one in moments) == 1_000_000


def test_the_story_has_its_phases() -> None:
    steps = [(Stage.PROBED, -60), (Stage.REACHED, 0), (Stage.PLANTED, 60), (Stage.EXECUTED, 120),
             (Stage.TAKEN, 180), (Stage.PROBED, 240)]  # fmt: skip
    guard = line("e.evtx", 9, 300, sign=Sign.DETECTED)
    moments = told(
        *(finding(f"f{t}", stage, line("x", t + 99, t)) for stage, t in steps),
        finding("guard", None, guard),
    )
    phases = [one.phase for one in moments]
    assert phases == ["before", "way-in", "foothold", "inside", "taking", "way-in", "response"]
    assert moments[-1].source == "antivirus"


def test_acts_of_named_accounts_are_told_and_those_of_nobody_are_not() -> None:
    named = line("rps.log", 1, 0, keys=(("account", "administrator"),))
    moments = told(finding("a", None, named), finding("b", None, line("rps.log", 2, 1)))
    assert [(one.source, one.by) for one in moments] == [("administrator", "administrator")]


def way(*story: Episode) -> Persistence:
    return Persistence(
        id="w-1",
        kind="web-shell",
        object="/owa/auth/x.aspx",
        state=Presence.REMOVED,
        state_note="",
        level=Level.CRITICAL,
        certainty=Certainty.CONFIRMED,
        first=START,
        last=START,
        by=(),
        paths=(),
        findings=(),
        reasons=(),
        proofs=(),
        story=story,
        life=None,
        removal=(),
    )


def test_the_life_of_a_way_back_is_told() -> None:
    story = (
        Episode("planted", at(0), None, "Put there.", ("203.0.113.7",), "a", 1),
        Episode("used", at(10), at(30), "Answered 4 requests.", (), "b", 2),
        Episode("asked", at(15), None, "Asked for.", (), "b", 3),
        Episode("detected", at(40), None, "Named.", (), "c", 4),
        Episode("removed", at(50), None, "Removed.", (), "d", 5),
        Episode("planted", at(-1), None, "Just before, in the same chain: Came in.", (), "f", 6),
        Episode("present", None, None, "There.", (), "e", 6),
    )
    moments = told(persistence=(way(*story),))
    assert [(one.source, one.stage, one.phase) for one in moments] == [
        ("persistence", Stage.PLANTED, "foothold"),
        ("persistence", Stage.EXECUTED, "inside"),
        ("antivirus", None, "response"),
        ("persistence", None, "response"),
    ]
    assert moments[0].title.endswith("/owa/auth/x.aspx: Put there.")
    assert moments[1].until == at(30)


def test_a_finding_and_a_chapter_of_the_same_line_are_one_moment() -> None:
    story = Episode("planted", at(0), None, "Put there.", ("203.0.113.7",), "a", 1)
    (moment,) = told(finding("f", Stage.PLANTED, line("a", 1, 0)), persistence=(way(story),))
    assert (moment.source, moment.by) == ("attack", "203.0.113.7")


def session(*steps: SessionStep, role: Role = Role.INTRUDER) -> Session:
    return Session(
        id="s-1",
        intruder="intruder-1",
        role=role,
        stage=Stage.EXECUTED,
        certainty=Certainty.LIKELY,
        first=at(0),
        last=at(50),
        summary="Came.",
        addresses=(),
        accounts=(),
        agents=(),
        mailboxes=(),
        kinds=(),
        joined_by=(),
        requests=Amount(7, 7),
        answered=7,
        bytes_in=NOTHING,
        bytes_out=NOTHING,
        steps=steps,
        steps_total=len(steps),
        findings=(),
    )


def step(deed: str, minutes: float, *findings: str) -> SessionStep:
    proofs = (Proof("u_ex.log", int(minutes), ""),)
    return SessionStep(
        *(at(minutes), at(minutes + 1), deed, f"did {deed}", True, None, "", "", 3, None, None),
        *(None, True, (), findings, proofs),
    )


def test_steps_of_sessions_are_told_where_no_finding_tells_them() -> None:
    one = session(step("read", 10), step("", 20), step("write", 30, "f-1"))
    moments = told(sessions=(one, session(step("x", 5), role=Role.STRANGER)))
    assert [(m.title, m.count, m.by) for m in moments] == [
        ("Came.", 7, "intruder-1"),
        ("did read", 3, "intruder-1"),
    ]


LOST = Exposure(
    id="x-1",
    kind="mailbox-read",
    object="ceo",
    state=Exposed.READ,
    certainty=Certainty.LIKELY,
    text="Read.",
    first=at(5),
    last=at(9),
    by=("203.0.113.7",),
    sessions=(),
    intruders=("intruder-1",),
    findings=(),
    requests=Amount(40, 50),
    items=None,
    bytes_out=None,
    how=(),
    unknown=(),
    proofs=(Proof("ews.log", 3, ""),),
)


def test_what_may_have_been_somebody_else_is_no_attack() -> None:
    one = replace(step("read", 10), sure=False)
    unsure = replace(session(one), stage=None, accounts=("administrator",))
    moments = told(finding("a", Stage.REACHED, line("u_ex.log", 1, -5)), sessions=(unsure,))[1:]
    assert [(m.source, m.by, m.phase) for m in moments] == [("administrator",) * 2 + ("",)] * 2
    sure = told(sessions=(replace(unsure, steps=(one, step("write", 20))),))
    assert {(m.source, m.by) for m in sure} == {("attack", "intruder-1")}


def test_a_session_stands_before_what_happened_in_it_and_begins_no_break_in() -> None:
    whole = replace(session(), stage=Stage.EXECUTED, first=at(-60))
    probed, page = line("u_ex.log", 1, -60), line("u_ex.log", 2, 0)
    moments = told(
        finding("a", Stage.PROBED, probed), finding("b", Stage.PLANTED, page), sessions=(whole,)
    )
    assert [m.title for m in moments] == ["Came.", "a", "b"]
    assert moments[1].phase == "before"


def test_data_that_no_intruder_is_tied_to_is_no_part_of_the_story() -> None:
    (moment,) = told(exposures=(replace(LOST, state=Exposed.READY, intruders=()),))
    assert (moment.source, moment.phase) == ("exposure", "before")


def test_data_that_went_is_told() -> None:
    (moment,) = told(exposures=(LOST,))
    assert (moment.source, moment.stage, moment.phase) == ("exposure", Stage.TAKEN, "taking")
    assert (moment.count, moment.by, moment.path) == (40, "intruder-1", "ews.log")


def test_an_account_that_comes_from_an_intruders_address_is_stolen() -> None:
    own = line("ews", 1, 5, keys=(("account", "klaus"), ("address", "10.1.4.23")))
    stolen = line("ews", 2, 30, keys=(("account", "klaus"), ("address", "203.0.113.7")))
    visit = replace(session(step("ews_items_read", 30)), addresses=("203.0.113.7",))
    moments = timeline([host(finding("mail-read", None, own, stolen), sessions=(visit,))])
    assert {(one.line, one.source) for one in moments if one.path == "ews"} == {
        (1, "administrator"),
        (2, "attack"),
    }


def window(start: datetime, end: datetime, *, closed: bool) -> OpenWindow:
    return {"from": start, "to": end, "days": 1, "closed": closed, "proved": True, "note": ""}


def test_updates_and_open_windows_are_told_once_a_day() -> None:
    rows = tuple(
        AdvisoryState(f"CVE-2021-{n}", State.FIXED, window=window(at(n), at(5000), closed=True))
        for n in range(9)
    )
    seen = (
        BuildSeen("15.1.2106.2", "httpproxy", at(0), at(10)),
        BuildSeen("15.1.2106.13", "setup-log", at(5000), at(9000)),
        BuildSeen("15.1.2106.2", "ExSetup.exe", None, None),
    )
    moments = told(patch=Patch("", "", "", "", seen, rows))
    assert [(one.source, one.count) for one in moments] == [
        ("patch", 1), ("window", 9), ("patch", 1), ("window", 9),
    ]  # fmt: skip
    assert "CVE-2021-0, CVE-2021-1" in moments[1].title
    assert "Build changes from 15.1.2106.2 to 15.1.2106.13" in moments[2].title


def test_logs_begin_end_and_are_silent() -> None:
    gap: Period = {"from": at(0), "to": at(60 * 24 * 5)}
    kinds = [
        Coverage("iis", 1, 9, 0, at(-60), at(9000), (gap,)),
        Coverage("httpproxy", 1, 9, 0, at(-50), at(9001), ()),
        Coverage("httpproxy:Ecp", 1, 9, 0, at(-50), at(9001), (gap,)),
    ]
    moments = told(coverage=tuple(kinds))
    assert [one.title for one in moments] == [
        "Logs begin: iis, httpproxy", "No record in iis for 5 days", "Logs end: iis, httpproxy",
    ]  # fmt: skip


def test_published_events_are_told_of_what_concerns_the_server() -> None:
    covered = Coverage("iis", 1, 9, 0, at(-60), at(60), ())
    cves = ("CVE-2021-26855", "CVE-2022-41040")
    seen = CampaignVerdict("proxylogon", "", cves, Stage.PROBED, None, None, None, (), ())
    moments = [m for m in told(coverage=(covered,), campaigns=(seen,)) if m.source == "published"]
    assert [one.time.date() for one in moments] == [date(2021, 2, 26), date(2021, 3, 2)]
    unseen = replace(seen, stage=None)
    assert not [
        m for m in told(coverage=(covered,), campaigns=(unseen,)) if m.source == "published"
    ]


def test_the_most_telling_moments_are_kept_and_the_rest_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(telling, "MOST", 10)
    many = [finding(f"p{n}", Stage.PROBED, line("x", n, n)) for n in range(50)]
    moments = told(*many, finding("deed", Stage.ACTED, line("x", 99, 20)))
    assert len(moments) == 10
    assert [one.title for one in moments if one.stage is Stage.ACTED] == ["deed"]
    (rest,) = (one for one in moments if one.source == "log")
    assert (rest.count, rest.time) == (42, moments[-1].time)


def test_the_order_of_the_input_changes_nothing() -> None:
    found = [
        finding(f"f{n}", stage, line("x", n % 7, n % 5), line("y", n, n))
        for n, stage in enumerate([*Stage] * 4)
    ]
    straight = told(*found)
    for seed in range(5):
        mixed = list(found)
        Random(seed).shuffle(mixed)
        assert told(*mixed) == straight
    assert list(straight) == sorted(straight, key=lambda one: one.time)


def test_what_has_no_time_is_left_out() -> None:
    assert told(finding("a", Stage.PLANTED, line("x", 1, None))) == ()
