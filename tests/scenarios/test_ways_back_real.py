"""What real evidence with known answers says of ways back in."""

import json
from pathlib import Path
from typing import Any

import pytest

from extriage.cli import main

EVIDENCE = Path(__file__).parents[1] / "evidence"


def ways(tmp_path: Path, name: str) -> list[dict[str, Any]]:
    with pytest.raises(SystemExit):
        main(["scan", str(EVIDENCE / name), "--case", str(tmp_path / "case"), "-q", "--jobs", "1"])
    document = json.loads((tmp_path / "case" / "case.json").read_text("utf-8"))
    return [one for host in document["hosts"] for one in host["persistence"]]


def test_of_all_modules_only_the_unsigned_and_the_foreign_are_to_be_asked_about(
    tmp_path: Path,
) -> None:
    found = ways(tmp_path, "iis-modules")
    assert {one["kind"] for one in found} == {"iis-module"}
    assert {one["certainty"] for one in found} == {"possible"}
    assert sorted(one["object"].split()[0] for one in found) == [
        "Test-SignedBy3rdParty",
        "Test-Unsigned",
        "Test-UnsignedInvalid",
    ]


@pytest.mark.parametrize("name", ["exchange-config", "exchange-2016-cu22-benign", "iis"])
def test_an_ordinary_server_has_none(tmp_path: Path, name: str) -> None:
    assert ways(tmp_path, name) == []


def test_a_transport_agent_that_failed_was_only_tried(tmp_path: Path) -> None:
    agents = [one for one in ways(tmp_path, "evtx") if one["kind"] == "transport-agent"]
    tried = {one["object"]: one["state"] for one in agents if "agents.config" not in one["object"]}
    assert set(tried.values()) == {"attempted"}
    assert all(one["removal"] for one in agents)


def test_the_recording_of_an_attack_names_its_shell_and_its_setting(tmp_path: Path) -> None:
    found = {one["kind"]: one for one in ways(tmp_path, "proxylogon-lab-2021")}
    shell, setting = found["web-shell"], found["oab-setting"]
    assert shell["object"] == "/owa/auth/ohyeah.aspx"
    assert shell["state"] == "unknown"
    assert shell["first"].startswith("2021-03-14T06:40:13")
    assert [part["what"] for part in shell["story"]].index("planted") == 0
    assert "compiled" in [part["what"] for part in shell["story"]]
    assert setting["state"] == "removed"


def test_what_to_ask_about_is_called_by_what_it_is(tmp_path: Path) -> None:
    ways(tmp_path, "evtx")
    document = json.loads((tmp_path / "case" / "case.json").read_text("utf-8"))
    asked = {
        action["title"]
        for host in document["hosts"]
        for action in host["actions"]
        if action["id"] == "ask-about-ways-back"
    }
    assert "Ask whose this is: forwarding of a mailbox Administrateur" in asked
