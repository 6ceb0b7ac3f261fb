"""Sightings: where a value was seen, how much that weighs, and what it must not be taken for."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from cluster_making import START, Who, host, line, way

from extriage.analysis.indicators import Searched, in_case, is_sought, sighted, with_sightings
from extriage.knowledge.indicators import shipped_indicators
from extriage.matchers.sought import rule_of
from extriage.model.detection import Evidence, Level
from extriage.model.evidence import Entry
from extriage.model.indicator import Indicator
from extriage.model.persistence import Presence
from extriage.model.reading import Kept
from extriage.model.trail import TrailRecord

HASH = "ab" * 32


def one(type: str, value: str, confidence: str = "", **more: Any) -> Indicator:
    made = Indicator(type, value, "CERT", confidence)
    return replace(made, **more)


def kept(type: str, value: str, count: int = 3, start: datetime = START) -> Kept:
    found = Kept(rule_of((type, value)), "", raw=False)
    for number in range(count):
        time = start + timedelta(minutes=number)
        found.add(Evidence("u_ex.log", number + 1, 0, value, "0" * 64, time, kind="iis"))
    return found


ADDRESS = "203.0.113.7"
FILE = Entry("C/inetpub/x.aspx", 9, "web-file", "read", sha256=HASH)


@pytest.mark.parametrize(
    ("indicator", "level", "finding"),
    [
        (one("sha256", HASH), Level.HIGH, True),
        (one("sha256", HASH, "low"), Level.MEDIUM, True),
        (one("ipv4", ADDRESS), Level.LOW, False),
        (one("ipv4", ADDRESS, "low"), Level.LOW, False),
        (one("ipv4", ADDRESS, "medium"), Level.LOW, False),
        (one("ipv4", ADDRESS, "high"), Level.MEDIUM, True),
    ],
)
def test_a_sighting_weighs_by_type_and_confidence(
    indicator: Indicator, level: Level, finding: bool
) -> None:
    searched = Searched("EX01", [FILE], logs=[kept("ipv4", ADDRESS)])
    found = sighted(searched, [indicator], ())
    (seen,) = found.sightings
    assert (seen.level, bool(found.findings)) == (level, finding)
    assert all(one.stage is None for one in found.findings)


def test_counts_times_and_proofs_are_those_of_the_lines() -> None:
    searched = Searched("EX01", logs=[kept("ipv4", ADDRESS, 9)])
    (seen,) = sighted(searched, [one("ipv4", ADDRESS)], ()).sightings
    assert (seen.where, seen.count) == ("log", 9)
    assert (seen.first, seen.last) == (START, START + timedelta(minutes=8))
    assert [proof.line for proof in seen.proofs] == [1, 2, 9]
    assert "says little alone" in seen.text


def test_an_address_long_after_its_time_is_of_somebody_else() -> None:
    late = kept("ipv4", ADDRESS, 2, datetime(2025, 1, 1, tzinfo=UTC))
    old = one("ipv4", ADDRESS, "high", first_seen=date(2021, 3, 1), last_seen=date(2021, 3, 31))
    found = sighted(Searched("EX01", logs=[late]), [old], ())
    assert found.sightings[0].level is Level.LOW
    assert "2021-03-31" in found.sightings[0].text
    assert not found.findings
    in_time = sighted(Searched("EX01", logs=[kept("ipv4", ADDRESS)]), [old], ())
    assert in_time.sightings[0].level is Level.MEDIUM


def test_every_publisher_of_a_value_is_named() -> None:
    pair = [one("ipv4", ADDRESS, cluster=name) for name in ("Alpha", "Beta")]
    found = sighted(Searched("EX01", logs=[kept("ipv4", ADDRESS)]), pair, ()).sightings
    assert {seen.indicator.cluster for seen in found} == {"Alpha", "Beta"}


def test_a_finished_case_is_searched_in_all_that_it_keeps() -> None:
    server = host("EX01", Who(page="w3.aspx", content=HASH))
    text = "GET /x 203.0.113.7 evil.example"
    lines = [line("iis", "u_ex.log", text, text=text, keys=(("account", "anna"),))]
    found = replace(server.findings[0], evidence=(*server.findings[0].evidence, *lines))
    record = TrailRecord(
        *("iis", "", START, "u_ex2.log", 7, 0, "GET /y", (), ()),
        target="/y?u=evil.example",
        address=ADDRESS,
        agent="odd-client/7.1",
    )
    searched = Searched(
        *("EX01", server.manifest.entries, [found, found], server.persistence),
        records=lambda: [record],
    )
    given = [
        *(one("sha256", HASH), one("ipv4", ADDRESS), one("domain", "evil.example")),
        *(one("file-name", "w3.aspx"), one("user-agent", "odd-client/7.1")),
        *(one("account", "anna"), one("md5", "cd" * 16)),
    ]
    seen = {(s.indicator.type, s.where): s.count for s in in_case(searched, given)}
    assert seen["sha256", "file"] == 1
    assert seen["ipv4", "finding"] == seen["domain", "finding"] == seen["account", "finding"] == 1
    assert (
        seen["ipv4", "session"] == seen["domain", "session"] == seen["user-agent", "session"] == 1
    )
    assert seen["file-name", "file-name"] == seen["file-name", "persistence"] == 1
    assert not [type for type, _ in seen if type == "md5"]


def test_without_a_trail_the_sessions_are_looked_at() -> None:
    server = host("EX01", Who(deeds=("a",), agents=("odd-client/7.1",)))
    session = replace(server.sessions[0], addresses=(ADDRESS,), accounts=("anna",))
    given = [one("ipv4", ADDRESS), one("user-agent", "odd-client/7.1"), one("account", "anna")]
    found = in_case(Searched("EX01", sessions=[session]), given)
    assert {(s.indicator.type, s.where, s.count) for s in found} == {
        (type, "session", 1) for type in ("ipv4", "user-agent", "account")
    }


def test_a_way_back_that_was_only_tried_sights_nothing() -> None:
    tried = replace(way("p-1", "web-shell", "/owa/auth/w3.aspx"), state=Presence.ATTEMPTED)
    assert in_case(Searched("EX01", ways=[tried]), [one("file-name", "w3.aspx")]) == ()


def test_shipped_indicators_are_sighted_only_where_they_say_something() -> None:
    shell = next(i for i in shipped_indicators() if i.type == "sha256" and i.confidence == "high")
    hafnium = next(i for i in shipped_indicators() if i.value == "103.77.192.219")
    text = f"POST /ecp/y.js {hafnium.value} python-requests/2.25.1"
    server = host("EX01", Who(page="w3.aspx", content=shell.value))
    then = replace(server.findings[0], evidence=(line("iis", "u_ex.log", text, text=text),))
    today = replace(then.evidence[0], time=datetime(2025, 3, 1, tzinfo=UTC))
    for lines, expected in ((then, True), (replace(then, evidence=(today,)), False)):
        seen = with_sightings(replace(server, findings=(lines,)), (), ())
        values = {s.indicator.value for s in seen.sightings}
        assert shell.value in values
        assert (hafnium.value in values) is expected
        assert "python-requests/2.25.1" not in values
        assert [f.level for f in seen.findings if f.rule == "indicator"] == [Level.HIGH]


def test_what_was_kept_of_indicators_is_told_from_rules() -> None:
    assert is_sought(kept("ipv4", ADDRESS))
    assert not is_sought(Kept("some_rule", "", raw=False))
