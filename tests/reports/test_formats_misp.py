"""A MISP event loads with pymisp, keeps to MISP's types and templates, and seeks no guess."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pymisp
import pytest
from cases import CASES, case, flooded, host, of_hosts
from payloads import PAYLOADS
from pymisp import MISPEvent
from robbed import INDICATOR

from extriage.model.case import Case
from extriage.model.detection import Certainty, Stage
from extriage.model.host import Status
from extriage.reports import REPORTS, RenderOptions, mispevent, ticket

DATA = Path(pymisp.__file__).parent / "data"
TYPES = json.loads((DATA / "describeTypes.json").read_text("utf-8"))["result"]
ROBBED = CASES["robbed"]


def event_of(case: Case, tlp: str = "amber") -> dict[str, Any]:
    document = json.loads(REPORTS["misp"].render(case, RenderOptions(tlp=tlp)))
    event: dict[str, Any] = document["Event"]
    return event


def template(name: str) -> dict[str, Any]:
    path = DATA / "misp-objects" / "objects" / name / "definition.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def check(event: dict[str, Any]) -> None:
    """Hold an event against pymisp, the types that MISP knows, and the object templates."""
    loaded = MISPEvent()
    loaded.load({"Event": json.loads(json.dumps(event))})
    assert len(loaded.attributes) == len(event["Attribute"])
    assert len(loaded.objects) == len(event["Object"])
    assert len(loaded.event_reports) == 1
    assert json.dumps(event, ensure_ascii=False).encode("utf-8")
    attributes = [*event["Attribute"], *(a for o in event["Object"] for a in o["Attribute"])]
    ids = [one["uuid"] for one in (*attributes, *event["Object"], *event["EventReport"], event)]
    assert len(set(ids)) == len(ids)
    for one in attributes:
        assert one["type"] in TYPES["category_type_mappings"][one["category"]]
        assert one["value"].strip() == one["value"] != ""
    for one in event["Object"]:
        known = template(one["name"])
        assert (one["template_uuid"], one["template_version"], one["meta-category"]) == (
            known["uuid"],
            str(known["version"]),
            known["meta-category"],
        )
        relations = [each["object_relation"] for each in one["Attribute"]]
        assert set(relations) & set(known["requiredOneOf"])
        for each in one["Attribute"]:
            assert known["attributes"][each["object_relation"]]["misp-attribute"] == each["type"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("tlp", ["amber+strict", ""])
def test_an_event_loads_and_keeps_to_the_types(name: str, tlp: str) -> None:
    event = event_of(CASES[name], tlp)
    check(event)
    tags = [one["name"] for one in event["Tag"]]
    assert [name for name in tags if name.startswith("tlp:")] == ([f"tlp:{tlp}"] if tlp else [])
    assert (event["distribution"], event["published"]) == ("0", False)


@pytest.mark.parametrize("payload", PAYLOADS[::3], ids=range(len(PAYLOADS[::3])))
def test_a_payload_in_every_field_loads(payload: str) -> None:
    hostile = event_of(flooded(ROBBED, payload))
    check(hostile)
    assert hostile["info"].isprintable()
    assert len(json.dumps(hostile)) < 700_000


def test_how_grave_it_is_follows_from_the_verdict() -> None:
    levels = {status: event_of(case(status))["threat_level_id"] for status in Status}
    assert levels == {
        Status.COMPROMISED: "2",
        Status.TARGETED: "3",
        Status.NO_SIGN: "4",
        Status.CANNOT_TELL: "4",
    }
    server = host()
    gone = replace(server, verdict=replace(server.verdict, stage=Stage.TAKEN))
    assert event_of(of_hosts(gone))["threat_level_id"] == "1"


def test_techniques_are_exact_names_of_the_galaxy_or_plain_tags() -> None:
    server = host()
    odd = replace(server.findings[1], attack=("T1505.003", "T9999", "x"))
    tags = [one["name"] for one in event_of(of_hosts(replace(server, findings=(odd,))))["Tag"]]
    assert tags == [
        "tlp:amber",
        'misp-galaxy:mitre-attack-pattern="Web Shell - T1505.003"',
        "attack:T9999",
    ]


def test_others_search_for_what_is_likely_and_never_for_what_others_published() -> None:
    (ours,) = ROBBED.indicators
    unsure = replace(ROBBED, indicators=(replace(ours, certainty=Certainty.POSSIBLE),))
    for case_, wanted in ((ROBBED, True), (unsure, False)):
        first, *others = event_of(case_)["Attribute"]
        assert (first["type"], first["value"], first["to_ids"]) == (
            *("ip-src", "198.51.100.23"),
            wanted,
        )
        assert not any(one["to_ids"] for one in others)
    server = ROBBED.hosts[0]
    (sighting,) = server.sightings
    marked = replace(sighting, indicator=replace(INDICATOR, tlp="red"))
    event = event_of(replace(ROBBED, hosts=(replace(server, sightings=(marked,)),)))
    published = next(one for one in event["Attribute"] if "Published by" in one["comment"])
    assert published["Tag"] == [{"name": "tlp:red"}]


def test_a_way_back_is_a_file_with_its_hash_if_the_file_is_there() -> None:
    server = CASES["ways-back"].hosts[0]
    way = next(one for one in server.persistence if one.kind == "web-shell" and one.paths)
    entry = replace(server.manifest.entries[0], path=way.paths[0], sha256="ab" * 32, size=812)
    server = replace(
        server,
        persistence=(way,),
        manifest=replace(server.manifest, entries=(entry,)),
    )
    event = event_of(of_hosts(server))
    files = [one for one in event["Object"] if one["name"] == "file"]
    values = {one["object_relation"]: one["value"] for one in files[0]["Attribute"]}
    assert (values["sha256"], values["size-in-bytes"]) == ("ab" * 32, "812")
    assert values["fullpath"] == way.paths[0]
    assert way.state.value in values["text"]


def test_holes_that_were_used_are_objects_and_the_ticket_is_the_report() -> None:
    event = event_of(case())
    ids = [
        each["value"]
        for one in event["Object"]
        for each in one["Attribute"]
        if each["object_relation"] == "id"
    ]
    assert ids == ["CVE-2021-26855", "CVE-2021-27065"]
    (report,) = event["EventReport"]
    assert report["content"] == ticket.render(case(), RenderOptions(tlp="amber"))


def test_bounds_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mispevent, "INDICATORS", 1)
    monkeypatch.setattr(mispevent, "WAYS", 1)
    (ours,) = ROBBED.indicators
    many = tuple(replace(ours, value=f"198.51.100.{n}") for n in range(9))
    event = event_of(replace(ROBBED, indicators=many))
    assert [one["value"] for one in event["Attribute"] if one["to_ids"]] == ["198.51.100.0"]
    assert len([one for one in event["Object"] if one["name"] == "file"]) == 1
