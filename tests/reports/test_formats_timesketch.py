"""Events for Timesketch: what its importer asks for, in order, each thing told once."""

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from cases import CASES, case, flooded, host, of_hosts
from payloads import PAYLOADS

from extriage.analysis.timeline import timeline
from extriage.model.case import Case
from extriage.reports import REPORTS, RenderOptions
from extriage.reports.timesketch import LONGEST, bounded

ROBBED = CASES["robbed"]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
LISTS = ("cves", "attack", "tag", "addresses", "accounts", "findings")
NUMBERS = ("line", "count")


def events_of(case: Case, tlp: str = "") -> list[dict[str, Any]]:
    """Read the lines as the importer does, and hold each against what it asks for."""
    text = REPORTS["timesketch"].render(case, RenderOptions(tlp=tlp))
    assert text.isascii()
    assert not text or text.endswith("\n")
    events = [json.loads(line) for line in text.split("\n")[:-1]]
    for event in events:
        check(event)
    assert [one["datetime"] for one in events] == sorted(one["datetime"] for one in events)
    return events


def check(event: dict[str, Any]) -> None:
    assert TIME.fullmatch(event["datetime"])
    assert datetime.fromisoformat(event["datetime"])
    assert event["message"]
    assert event["timestamp_desc"]
    assert event["data_type"] in {f"extriage:{w}" for w in ("evidence", "session", "timeline")}
    for name, value in event.items():
        wanted = list if name in LISTS else int if name in NUMBERS else str
        assert type(value) is wanted, name
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                assert text.isprintable()
                assert len(text.encode("utf-8")) <= LONGEST


@pytest.mark.parametrize("name", CASES)
def test_every_event_has_what_the_importer_asks_for(name: str) -> None:
    events = events_of(CASES[name], "green")
    assert all(one["tlp"] == "green" for one in events)


@pytest.mark.parametrize("payload", PAYLOADS[::4], ids=range(len(PAYLOADS[::4])))
def test_a_payload_in_every_field_stays_one_line_and_one_text(payload: str) -> None:
    lines = sum(len(one.evidence) for one in ROBBED.hosts[0].findings)
    steps = sum(len(one.steps) for one in ROBBED.hosts[0].sessions)
    assert len(events_of(flooded(ROBBED, payload))) >= lines + steps


def test_a_line_of_a_finding_is_told_once_with_what_the_timeline_adds() -> None:
    server = host()
    events = events_of(replace(of_hosts(server), timeline=timeline([server])))
    attack = [one for one in events if one.get("source") == "attack" and "path" in one]
    lines = [(one["path"], one["line"]) for one in attack]
    assert len(lines) == len(set(lines))
    assert len(lines) == sum(len(one.evidence) for one in server.findings)
    shell = next(one for one in events if one.get("rule") == "proxylogon-ecp-oab-markup")
    assert (shell["stage"], shell["certainty"], shell["phase"]) == (
        *("planted", "confirmed"),
        "foothold",
    )
    assert shell["tag"] == ["extriage", "planted", "proxylogon", "critical"]
    assert "Set-OabVirtual" in shell["text"]
    assert {"window", "log"} & {one.get("source") for one in events}


def test_steps_of_sessions_say_whose_they_are_and_how_sure_that_is() -> None:
    steps = [one for one in events_of(ROBBED) if one["data_type"] == "extriage:session"]
    assert len(steps) == sum(len(one.steps) for one in ROBBED.hosts[0].sessions)
    assert {one["by"] for one in steps} == {"intruder-1", "informed"}
    unsure = [one for one in steps if "perhaps of somebody else" in one["timestamp_desc"]]
    assert {one["session"] for one in unsure} == {"s-two"}


def test_what_has_no_time_is_left_out_and_nothing_else() -> None:
    server = case().hosts[0]
    timeless = replace(server.findings[0].evidence[0], time=None)
    finding = replace(server.findings[0], evidence=(timeless, *server.findings[1].evidence))
    assert len(events_of(of_hosts(replace(server, findings=(finding,))))) == 1
    assert REPORTS["timesketch"].render(of_hosts(), RenderOptions()) == ""


@pytest.mark.parametrize("text", ["x" * 40_000, "\u65e5" * 20_000, "\x1b" * 40_000, "x" * 200_000])
def test_a_field_that_opensearch_would_refuse_is_cut_and_says_so(text: str) -> None:
    shown = bounded(text)
    assert len(shown.encode("utf-8")) <= LONGEST
    assert f"[cut: {len(text):,} characters]" in shown


def test_a_field_that_just_fits_is_whole() -> None:
    assert bounded("x" * LONGEST) == "x" * LONGEST
    assert len(bounded("x" * (LONGEST + 1)).encode()) <= LONGEST
