"""A STIX bundle passes OASIS' own validator and the reference library, whatever the evidence says.

The validator's warnings count as errors but for one (103): ids are UUIDv5 on purpose, so that the
same case gives the same bundle.
"""

import json
import re
from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import stix2
from cases import CASES, at, case, flooded, host, of_hosts
from payloads import PAYLOADS
from robbed import INDICATOR
from stix2validator import ValidationOptions, validate_string

from extriage.model.case import Case
from extriage.model.detection import Certainty
from extriage.reports import REPORTS, RenderOptions
from extriage.reports.imprint import TLP
from extriage.reports.stix import bundle
from extriage.reports.stix.indicators import PATTERNS, pattern
from extriage.reports.stix.observables import files_of
from extriage.reports.stix.parts import MOST, observable

ROBBED = CASES["robbed"]
STRICT = ValidationOptions(version="2.1", strict=True, disabled=["103"])
OBSERVABLES = ("file", "directory", "ipv4-addr", "ipv6-addr", "user-account", "software")


@cache
def text_of(name: str, tlp: str = "amber") -> str:
    return REPORTS["stix"].render(CASES[name], RenderOptions(tlp=tlp))


def objects_of(case: Case, tlp: str = "amber") -> list[dict[str, Any]]:
    document = json.loads(REPORTS["stix"].render(case, RenderOptions(tlp=tlp)))
    objects: list[dict[str, Any]] = document["objects"]
    return objects


def typed(objects: list[dict[str, Any]], type: str) -> list[dict[str, Any]]:
    return [one for one in objects if one["type"] == type]


def check(text: str) -> None:
    """Hold a bundle against the specification: validator, library, references, times."""
    result = validate_string(text, STRICT)
    assert result.is_valid, [str(error) for error in result.errors]
    stix2.parse(text)
    objects = json.loads(text)["objects"]
    ids = [one["id"] for one in objects]
    assert len(set(ids)) == len(ids)
    for one in objects:
        refs = [value for name, value in one.items() if name.endswith("_ref")]
        refs += [ref for name, value in one.items() if name.endswith("_refs") for ref in value]
        assert set(refs) <= set(ids)
        if "modified" in one:
            assert one["created"] <= one["modified"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("tlp", ["amber", ""])
def test_a_bundle_passes_the_validator(name: str, tlp: str) -> None:
    check(text_of(name, tlp))


@pytest.mark.parametrize("payload", PAYLOADS[::6], ids=range(len(PAYLOADS[::6])))
def test_a_payload_in_every_field_passes_the_validator(payload: str) -> None:
    check(REPORTS["stix"].render(flooded(ROBBED, payload), RenderOptions(tlp="red")))


@pytest.mark.parametrize("payload", PAYLOADS[::3], ids=range(len(PAYLOADS[::3])))
def test_a_payload_stays_one_harmless_text(payload: str) -> None:
    text = REPORTS["stix"].render(flooded(ROBBED, payload), RenderOptions())
    assert text.isascii()
    assert len(text) < 250_000
    document = json.loads(text)
    # NOTE: half a surrogate would be refused by every strict reader of JSON.
    assert json.dumps(document, ensure_ascii=False).encode("utf-8")
    for one in document["objects"]:
        told = [one.get(name, "-") for name in ("name", "description", "abstract", "content")]
        if "created" in one:
            assert all(line.isprintable() for value in told for line in value.split("\n"))


@pytest.mark.parametrize("payload", [*PAYLOADS, "a' OR b", "\\' OR file:name = 'x"])
def test_a_value_cannot_leave_its_pattern(payload: str) -> None:
    for type in PATTERNS:
        made = pattern(type, payload)
        inner = re.fullmatch(r"\[.* = '((?:[^'\\]|\\'|\\\\)*)'\]", made, re.DOTALL)
        assert inner
        value = payload.encode("utf-8", "backslashreplace").decode()
        assert inner[1].replace("\\'", "'").replace("\\\\", "\\") == value


@pytest.mark.parametrize("tlp", TLP)
def test_every_object_of_the_case_points_at_the_marking_of_tlp_2_0(tlp: str) -> None:
    objects = objects_of(case(), tlp)
    (marking,) = typed(objects, "marking-definition")
    assert [one["tlp_2_0"] for one in marking["extensions"].values()] == [tlp]
    assert list(marking["extensions"]) == [
        "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
    ]
    public = ("marking-definition", "attack-pattern", "vulnerability")
    for one in objects:
        if one["type"] not in public and one.get("name") != "extriage":
            assert one["object_marking_refs"] == [marking["id"]]


def test_a_feed_that_is_stricter_than_the_case_keeps_its_mark() -> None:
    server = ROBBED.hosts[0]
    (sighting,) = server.sightings
    strict = replace(sighting, indicator=replace(INDICATOR, tlp="red"))
    objects = objects_of(replace(ROBBED, hosts=(replace(server, sightings=(strict,)),)), "green")
    marks = {one["id"]: one["name"] for one in typed(objects, "marking-definition")}
    published = [one for one in typed(objects, "indicator") if "Published" in one["description"]]
    assert [marks[ref] for ref in published[0]["object_marking_refs"]] == ["TLP:RED"]
    assert set(marks.values()) == {"TLP:GREEN", "TLP:RED"}


def test_ids_of_observables_are_those_of_the_reference_library() -> None:
    objects = objects_of(ROBBED)
    seen = Counter(one["type"] for one in objects)
    assert seen["file"]
    assert seen["directory"]
    assert seen["software"]
    for one in objects:
        if one["type"] in OBSERVABLES:
            bare = {name: value for name, value in one.items() if name != "id"}
            bare.pop("object_marking_refs", None)
            made = stix2.parse(bare, version="2.1")
            assert made["id"] == one["id"]


@pytest.mark.parametrize("payload", ["a", "\u00e9\u65e5", '"\\\n\x7f', "\U0001f600", "x\u2028y"])
def test_ids_follow_the_specification_for_odd_names_too(payload: str) -> None:
    made = observable("file", {"name": payload}, "")
    assert made["id"] == stix2.File(name=payload)["id"]
    account = observable("user-account", {"account_login": payload}, "")
    assert account["id"] == stix2.UserAccount(account_login=payload)["id"]


def test_a_file_of_the_evidence_has_its_hash_and_its_folder() -> None:
    server = host()
    entry = replace(server.manifest.entries[0], path="EXCH01/logs/u_ex.log", sha256="AB" * 32)
    server = replace(server, manifest=replace(server.manifest, entries=(entry,)))
    file, folder = files_of(server, "").observed(entry.path)
    assert file["hashes"] == {"SHA-256": "ab" * 32}
    assert (folder["path"], file["name"]) == ("EXCH01/logs", "u_ex.log")
    assert file["parent_directory_ref"] == folder["id"]


def test_what_was_found_is_told_with_its_certainty_and_its_lines() -> None:
    objects = objects_of(case())
    notes = {one["abstract"]: one for one in typed(objects, "note")}
    used = notes["Page planted by the attacker answered POST requests"]
    assert used["confidence"] == 90
    assert "Proves: executed, confirmed." in used["content"]
    assert "u_ex210314.log:2042" in used["content"]
    assert "confidence" not in notes["User agent of an internet-wide scanner"]
    data = {one["id"]: one for one in typed(objects, "observed-data")}
    seen = next(data[ref] for ref in used["object_refs"] if ref in data)
    assert seen["number_observed"] == 14
    assert (seen["first_observed"], seen["last_observed"]) == (
        "2021-03-14T06:41:31.000Z",
        "2021-03-15T22:08:02.000Z",
    )


def test_the_verdict_and_what_nobody_can_tell_are_notes_about_the_server() -> None:
    objects = objects_of(case())
    notes = {one["abstract"]: one["content"] for one in typed(objects, "note")}
    assert notes["Verdict on EXCH01.contoso.test: compromised"].startswith(
        "compromised, executed, confirmed\nA page written through CVE-2021-27065"
    )
    unseen = notes["What could not be told of EXCH01.contoso.test"]
    assert "cannot tell: CVE-2021-26857" in unseen
    assert "not seen: CVE-2021-26858" in unseen


def test_techniques_have_their_names_and_only_those_that_something_proves() -> None:
    (technique,) = typed(objects_of(case()), "attack-pattern")
    assert technique["name"] == "Exploit Public-Facing Application"
    assert technique["external_references"] == [
        {"source_name": "mitre-attack", "external_id": "T1190"}
    ]
    server = host()
    unproved = tuple(replace(one, stage=None) for one in server.findings)
    assert not typed(objects_of(of_hosts(replace(server, findings=unproved))), "attack-pattern")


def test_a_cluster_is_neutral_and_nobody_is_named() -> None:
    objects = objects_of(ROBBED)
    (cluster,) = typed(objects, "intrusion-set")
    assert cluster["name"] == "cluster A (k-0123456789abcdef)"
    assert "no statement about who did it" in cluster["description"]
    assert not typed(objects, "threat-actor")
    assert not [one for one in objects if one.get("relationship_type") == "attributed-to"]


def test_only_code_that_is_at_least_likely_to_be_theirs_is_malware() -> None:
    server = CASES["ways-back"].hosts[0]
    unsure = tuple(replace(one, certainty=Certainty.POSSIBLE) for one in server.persistence)
    assert typed(objects_of(CASES["ways-back"]), "malware")
    doubtful = replace(CASES["ways-back"], hosts=(replace(server, persistence=unsure),))
    assert not typed(objects_of(doubtful), "malware")
    notes = [one["abstract"] for one in typed(objects_of(doubtful), "note")]
    assert "Ways back into EXCH01.contoso.test" in notes


def test_indicators_say_where_they_were_sighted_and_have_the_ids_of_the_export() -> None:
    objects = objects_of(ROBBED)
    servers = {one["id"] for one in typed(objects, "identity") if one["name"] != "extriage"}
    sightings = typed(objects, "sighting")
    assert len(sightings) == 2
    assert all(set(one["where_sighted_refs"]) == servers for one in sightings)
    ours = {one["pattern"]: one["id"] for one in typed(objects, "indicator")}
    assert len(ours) == 1
    names = [one["name"] for one in typed(objects, "indicator")]
    assert names == ["ipv4 198.51.100.23"] * 2


def test_bounds_hold_and_the_report_says_how_much_went_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "FINDINGS", 3)
    objects = objects_of(case())
    (report,) = typed(objects, "report")
    assert "3 of 7 findings" in report["description"]
    titles = [one["abstract"] for one in typed(objects, "note")]
    assert "Page planted by the attacker answered POST requests" in titles
    assert "User agent of an internet-wide scanner" not in titles
    many = tuple(replace(one, count=10**12) for one in host().findings)
    observed = typed(objects_of(of_hosts(replace(host(), findings=many))), "observed-data")
    assert {one["number_observed"] for one in observed} == {MOST}


def test_a_later_scan_brings_new_versions_of_the_same_objects() -> None:
    server = host()
    later = replace(server.coverage[0], last=at("2022-03-16"))
    first = {one["id"]: one for one in objects_of(of_hosts(server))}
    second = {
        one["id"]: one
        for one in objects_of(of_hosts(replace(server, coverage=(later, *server.coverage[1:]))))
    }
    assert first.keys() == second.keys()
    notes = [id for id in first if id.startswith("observed-data")]
    assert notes
    for id in notes:
        assert first[id]["created"] == second[id]["created"]
        assert first[id]["modified"] < second[id]["modified"]
