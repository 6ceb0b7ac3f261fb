"""OCSF Detection Findings hold to version 1.5.0: models of a third party, and our own strict list.

The models of py-ocsf-models know no unknown fields, so a slip in a name would pass them; the list
below names every field that https://schema.ocsf.io/1.5.0 has and that is used here.
"""

import json
from dataclasses import replace
from typing import Any

import pytest
from cases import CASES, case, flooded, host, of_hosts
from payloads import PAYLOADS
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

from extriage.model.case import Case
from extriage.reports import REPORTS, RenderOptions

ROBBED = CASES["robbed"]
FIELDS: dict[str, dict[str, type]] = {
    "": {
        "activity_id": int, "activity_name": str, "category_uid": int, "category_name": str,
        "class_uid": int, "class_name": str, "type_uid": int, "type_name": str, "time": int,
        "start_time": int, "end_time": int, "severity_id": int, "severity": str, "status_id": int,
        "status": str, "confidence_id": int, "confidence": str, "confidence_score": int,
        "message": str, "metadata": dict, "finding_info": dict, "resources": list, "count": int,
        "evidences": list, "observables": list, "vulnerabilities": list, "remediation": dict,
    },
    "metadata": {"version": str, "product": dict, "uid": str, "log_name": str, "labels": list},
    "product": {"name": str, "vendor_name": str, "version": str},
    "finding_info": {
        "uid": str, "title": str, "first_seen_time": int, "last_seen_time": int, "analytic": dict,
        "attacks": list, "types": list, "data_sources": list, "desc": str,
    },
    "analytic": {"name": str, "uid": str, "type_id": int, "type": str},
    "attacks": {"technique": dict, "sub_technique": dict, "version": str},
    "technique": {"uid": str, "name": str, "src_url": str},
    "sub_technique": {"uid": str, "name": str, "src_url": str},
    "resources": {"name": str, "uid": str, "type": str, "version": str, "data": dict},
    "evidences": {"data": dict, "file": dict, "src_endpoint": dict, "user": dict},
    "file": {"name": str, "path": str, "type_id": int, "type": str, "hashes": list},
    "hashes": {"algorithm_id": int, "algorithm": str, "value": str},
    "src_endpoint": {"ip": str},
    "user": {"name": str},
    "observables": {"name": str, "type_id": int, "type": str, "value": str},
    "vulnerabilities": {"cve": dict, "title": str},
    "cve": {"uid": str, "type": str},
    "remediation": {"desc": str},
}  # fmt: skip
FREE = ("data",)
"""Fields that hold any JSON."""

REQUIRED = (
    *("activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "metadata"),
    "finding_info",
)


def objects_of(case: Case, tlp: str = "") -> list[dict[str, Any]]:
    text = REPORTS["ocsf"].render(case, RenderOptions(tlp=tlp))
    assert text.isascii()
    objects = [json.loads(line) for line in text.split("\n")[:-1]]
    for one in objects:
        check(one)
    return objects


def check(one: dict[str, Any]) -> None:
    DetectionFinding(**one)
    assert set(REQUIRED) <= one.keys()
    assert one["type_uid"] == one["class_uid"] * 100 + one["activity_id"] == 200401
    assert one["metadata"]["version"] == "1.5.0"
    walk("", one)


def walk(name: str, value: dict[str, Any]) -> None:
    for key, inner in value.items():
        assert type(inner) is FIELDS[name][key], f"{name}.{key}"
        if key in FREE:
            continue
        for each in inner if isinstance(inner, list) else [inner]:
            if isinstance(each, dict):
                walk(key, each)
            elif isinstance(each, str):
                assert each.isprintable()


@pytest.mark.parametrize("name", CASES)
def test_every_finding_and_way_back_is_one_valid_object(name: str) -> None:
    hosts = CASES[name].hosts
    wanted = sum(len(one.findings) + len(one.persistence) for one in hosts)
    objects = objects_of(CASES[name], "amber")
    assert len(objects) == wanted
    assert all("TLP:AMBER" in one["metadata"]["labels"] for one in objects)


@pytest.mark.parametrize("payload", PAYLOADS[::5], ids=range(len(PAYLOADS[::5])))
def test_a_payload_in_every_field_stays_valid(payload: str) -> None:
    hostile = flooded(ROBBED, payload)
    assert len(objects_of(hostile)) == len(objects_of(ROBBED))
    assert len(REPORTS["ocsf"].render(hostile, RenderOptions())) < 3_000_000


def test_a_finding_says_what_was_met_where_and_how_sure_that_is() -> None:
    used = next(one for one in objects_of(case()) if one.get("count") == 14)
    assert (used["severity"], used["confidence"], used["confidence_score"]) == (
        *("Critical", "High"),
        90,
    )
    assert used["finding_info"]["first_seen_time"] == 1_615_704_091_000
    assert used["time"] == used["end_time"] == 1_615_846_082_000
    assert used["finding_info"]["types"] == ["stage: executed", "proxylogon"]
    assert [one["cve"]["uid"] for one in used["vulnerabilities"]] == [
        *("CVE-2021-26855", "CVE-2021-27065")
    ]
    assert used["evidences"][0]["data"]["line"] == 2042
    assert used["evidences"][0]["file"]["name"] == "u_ex210314.log"
    assert used["resources"][0]["name"] == "EXCH01.contoso.test"
    assert used["resources"][0]["data"]["verdict"] == "compromised"


def test_ids_are_stable_and_no_two_findings_share_one() -> None:
    uids = [one["finding_info"]["uid"] for one in objects_of(case())]
    assert len(set(uids)) == len(uids)
    assert uids == [one["metadata"]["uid"] for one in objects_of(case())]
    other = of_hosts(host(name="EXCH09"))
    assert not set(uids) & {one["finding_info"]["uid"] for one in objects_of(other)}


def test_a_sub_technique_stands_below_its_technique() -> None:
    server = host()
    odd = replace(server.findings[0], attack=("T1505.003", "not-a-technique"))
    (one,) = objects_of(of_hosts(replace(server, findings=(odd,))))
    (attack,) = one["finding_info"]["attacks"]
    assert (attack["technique"]["name"], attack["sub_technique"]["uid"]) == (
        *("Server Software Component",),
        "T1505.003",
    )


def test_addresses_and_accounts_of_lines_are_observables() -> None:
    server = host()
    keys = (("address", "198.51.100.23"), ("account", "alba"), ("address", "not one"))
    line = replace(server.findings[0].evidence[0], keys=keys)
    odd = replace(server.findings[0], evidence=(line, line))
    (one,) = objects_of(of_hosts(replace(server, findings=(odd,))))
    seen = {(each["type"], each["value"]): each["name"] for each in one["observables"]}
    assert seen[("IP Address", "198.51.100.23")] == "evidences[0].src_endpoint.ip"
    assert seen[("User Name", "alba")] == "evidences[0].user.name"
    assert ("IP Address", "not one") not in seen


def test_a_way_back_says_whether_it_is_there_and_how_it_is_taken_out() -> None:
    ways = CASES["ways-back"].hosts[0].persistence
    objects = [
        one for one in objects_of(CASES["ways-back"]) if "analytic" not in one["finding_info"]
    ]
    assert len(objects) == len(ways)
    states = [one["finding_info"]["types"][2] for one in objects]
    assert states == [f"state: {way.state.value}" for way in ways]
    assert objects[0]["remediation"]["desc"]


def test_without_any_time_the_end_of_the_evidence_stands_in() -> None:
    server = host()
    timeless = replace(server.findings[0], first=None, last=None)
    (one,) = objects_of(of_hosts(replace(server, findings=(timeless,))))
    assert "start_time" not in one
    assert one["time"] == 1_615_896_000_000
