"""Visitors who are hard to tell apart: behind one address, with many programs, without web logs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from known_truth import Known, known, sessions_of, told_keys, total

from extriage.samples.intrusion import acts
from extriage.samples.intrusion.scene import Scene, closed, opened
from extriage.samples.organisation import later
from extriage.samples.spec import Family, ServerSpec
from extriage.samples.visitor import Visitor

PUBLIC, INSIDE = "203.0.113.5", "10.20.9.9"
_DAY = datetime(2021, 3, 1, tzinfo=UTC)
_PYTHON = {"agent": "python-requests/2.25.1", "page": "w3kTn0a.aspx", "parameter": "pzq7w"}
_CURL = {"agent": "curl/7.68.0", "page": "q8LmzR.aspx", "parameter": "orange55"}
_WEB: tuple[Family, ...] = ("httpproxy", "iis", "ews", "rps-cmdlet")


def _scene(*omit: Family) -> Scene:
    end = _DAY.replace(day=5)
    return opened(ServerSpec(start=_DAY, end=end, lines=2000, hours_per_file=24, omit=omit))


def _two_behind(client: str, folder: Path) -> Any:
    scene, visitors = _scene(), []
    for hour, tools in ((3, _PYTHON), (14, _CURL)):
        visitor = Visitor(tools["agent"])
        visitors.append(visitor)
        plan = acts.plan(scene.ledger, scene.rng, tools["page"], {**tools, "client": client})
        acts.break_in(scene.ledger, scene.rng, _DAY.replace(day=2, hour=hour), plan, visitor)
        acts.order(scene.ledger, scene.rng, _DAY.replace(day=3, hour=hour), plan, visitor)
    return closed(scene, folder, visitors)


def _many_agents(client: str, folder: Path) -> Any:
    scene, visitor = _scene(), Visitor("A")
    plan = acts.plan(scene.ledger, scene.rng, _PYTHON["page"], {**_PYTHON, "client": client})
    acts.break_in(scene.ledger, scene.rng, _DAY.replace(day=2, hour=3), plan, visitor)
    for number in range(4):
        other = replace(plan, agent=f"Mozilla/5.0 (X11; rv:{number}) Gecko/2010010{number}")
        time = _DAY.replace(day=3, hour=3 + 2 * number)
        acts.order_by_name(scene.ledger, scene.rng, time, other, visitor)
        acts.order(scene.ledger, scene.rng, later(time, 30_000), other, visitor)
    return closed(scene, folder, (visitor,))


def _omitting(folder: Path, *omit: Family) -> Any:
    scene, visitor = _scene(*omit), Visitor("A")
    plan = acts.plan(scene.ledger, scene.rng, _PYTHON["page"], {**_PYTHON, "client": PUBLIC})
    acts.break_in(scene.ledger, scene.rng, _DAY.replace(day=2, hour=3), plan, visitor)
    acts.dump_memory(scene.ledger, scene.rng, _DAY.replace(day=2, hour=3, minute=5), visitor)
    acts.order(scene.ledger, scene.rng, _DAY.replace(day=3, hour=3), plan, visitor)
    return closed(scene, folder, (visitor,))


def _told(seen: Known) -> Iterator[tuple[set[str], int, int | None]]:
    """Yield the agents of each intruder, and the bounds of his requests."""
    for intruder in seen.host["intruders"]:
        sessions = sessions_of(seen.host, intruder)
        agents = {value for name, value, _ in intruder["keys"] if name == "agent"}
        yield agents, *total(one["requests"] for one in sessions)


def test_two_behind_an_inner_address_are_told_apart_by_their_programs(tmp_path: Path) -> None:
    seen = known(tmp_path, lambda folder: _two_behind(INSIDE, folder))
    expected = [({one.agents[0].casefold()}, one.requests) for one in seen.one.visits]
    assert [(agents, low) for agents, low, _ in _told(seen)] == expected


def test_two_behind_a_public_address_are_one_and_nothing_is_lost(tmp_path: Path) -> None:
    seen = known(tmp_path, lambda folder: _two_behind(PUBLIC, folder))
    ((agents, low, high),) = _told(seen)
    assert agents == {_PYTHON["agent"], _CURL["agent"]}
    assert low == high == sum(one.requests for one in seen.one.visits)


@pytest.mark.parametrize("client", [PUBLIC, INSIDE])
def test_who_changes_programs_stays_one(client: str, tmp_path: Path) -> None:
    seen = known(tmp_path, lambda folder: _many_agents(client, folder))
    ((agents, low, high),) = _told(seen)
    assert len(agents) == 5
    assert low == high == seen.one.visits[0].requests
    assert {one["certainty"] for one in seen.host["sessions"]} <= {"likely", "confirmed"}


def test_events_alone_show_one_unknown_hand_and_bound_nothing(tmp_path: Path) -> None:
    seen = known(tmp_path, lambda folder: _omitting(folder, *_WEB, "ecp-server", "oab-generator"))
    (intruder,) = seen.host["intruders"]
    assert intruder["summary"].startswith("An unknown hand, or more than one, on ")
    assert told_keys(intruder, "address") == set()
    sessions = sessions_of(seen.host, intruder)
    assert total(one["requests"] for one in sessions) == (0, None), "no log has his requests"
    assert total(one["bytes_out"] for one in sessions) == (0, None)
    assert any("lsass" in step["object"].lower() for one in sessions for step in one["steps"])


def test_rows_of_the_back_end_are_no_second_intruder(tmp_path: Path) -> None:
    others: tuple[Family, ...] = ("httpproxy", "ecp-server", "events", "ews", "rps-cmdlet")
    seen = known(tmp_path, lambda folder: _omitting(folder, *others))
    ((_, low, high),) = _told(seen)
    truth = seen.one.visits[0].requests
    assert high is not None
    assert low == truth < high, "rows of the back end may be requests of their own, or halves"
