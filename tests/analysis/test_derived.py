"""What a case gives to others: only what is an intruder's, each once, nothing private."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cluster_making import START, Who, host, way

from extriage.analysis.clusters import clusters
from extriage.analysis.derived import derived, is_public
from extriage.model.detection import Certainty
from extriage.model.indicator import Derived
from extriage.model.persistence import Presence
from extriage.reports.derived import FORMATS, Sharing, without_pattern
from extriage.reports.imprint import TLP

CONTENT = "ab" * 32
WHO = Who(
    keys=(
        ("address", "203.0.113.66"),
        ("address", "10.1.2.3"),
        ("address", "2001:db8::66"),
        ("account", "administrator"),
    ),
    password="Zq9pass",
    page="w3kTn0a.aspx",
    content=CONTENT,
    agents=("odd-client/7.1", "Mozilla/5.0 (Windows NT 10.0)"),
    deeds=("a", "b"),
)
SHARING = Sharing("amber", "Traces", datetime(2021, 3, 9, tzinfo=UTC))


def found(*who: Who, passwords: bool = False) -> dict[tuple[str, str], Derived]:
    servers = [host(f"EX0{number}.contoso.example", one) for number, one in enumerate(who, 1)]
    made = derived(servers, clusters(servers), passwords=passwords)
    assert len({(one.type, one.value) for one in made}) == len(made)
    return {(one.type, one.value): one for one in made}


def test_an_intruder_gives_contents_places_addresses_and_clients() -> None:
    made = found(WHO)
    assert made["sha256", CONTENT].certainty is Certainty.CONFIRMED
    assert made["url-path", "/owa/auth/w3ktn0a.aspx"].certainty is Certainty.LIKELY
    assert made["file-name", "w3ktn0a.aspx"].certainty is Certainty.POSSIBLE
    address = made["ipv4", "203.0.113.66"]
    assert (address.certainty, address.first_seen) == (Certainty.LIKELY, START)
    assert address.look_alikes
    assert ("ipv6", "2001:db8::66") in made
    assert ("user-agent", "odd-client/7.1") in made


def test_what_is_private_or_everybodys_is_not_handed_on() -> None:
    made = found(WHO)
    values = " ".join(value for _, value in made)
    assert "10.1.2.3" not in values
    assert "mozilla" not in values
    assert "administrator" not in values


def test_the_password_of_a_shell_is_told_by_its_hash_alone() -> None:
    digest = hashlib.sha256(b"Zq9pass").hexdigest()
    plain, told = found(WHO), found(WHO, passwords=True)
    assert ("shell-password-sha256", digest) in plain
    assert not [one for one in plain if one[0] == "shell-parameter"]
    assert "Zq9pass" not in str(plain)
    assert ("shell-parameter", "Zq9pass") in told


def test_the_same_value_on_two_servers_is_one_with_both() -> None:
    later = replace(WHO, start=datetime(2021, 5, 1, tzinfo=UTC))
    one = found(WHO, later)["ipv4", "203.0.113.66"]
    assert one.hosts == ("EX01.contoso.example", "EX02.contoso.example")
    assert one.first_seen == START
    assert one.last_seen == datetime(2021, 5, 1, 1, tzinfo=UTC)
    assert one.clusters == ("cluster A",)


def test_a_page_that_was_only_tried_gives_nothing() -> None:
    server = host("EX01", WHO)
    tried = tuple(replace(one, state=Presence.ATTEMPTED) for one in server.persistence)
    made = derived([replace(server, persistence=tried, intruders=())], ())
    assert made == ()


def test_a_way_back_of_nobody_who_is_known_counts_too() -> None:
    server = replace(host("EX01", WHO), intruders=())
    assert {one.type for one in derived([server], ())} == {"sha256", "url-path", "file-name"}


@pytest.mark.parametrize("name", ["logon.aspx", "shell.aspx", "a.aspx"])
def test_names_that_many_have_are_not_told_alone(name: str) -> None:
    made = found(replace(WHO, page=name))
    assert ("file-name", name) not in made


def test_where_mail_was_sent_on_to_is_told_if_it_is_outside() -> None:
    ways = tuple(
        way(f"p-{number}", "forwarding", f"anna to {target}")
        for number, target in enumerate(("x@mail.example", "boss@contoso.example"))
    )
    made = found(replace(WHO, ways=ways))
    assert ("email", "x@mail.example") in made
    assert ("email", "boss@contoso.example") not in made


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("203.0.113.7", True),
        ("172.20.1.1", False),
        ("100.64.0.9", False),
        ("fd00::1", False),
        ("2001:db8::1", True),
        ("127.0.0.1", False),
        ("x", False),
        ("", False),
    ],
)
def test_addresses_of_the_house_are_told_from_others(text: str, public: bool) -> None:
    assert is_public(text) is public


def test_every_format_is_the_same_each_time_and_names_no_server() -> None:
    made = tuple(found(WHO).values())
    for render in FORMATS.values():
        text = render(made, SHARING)
        assert text == render(made, SHARING)
        assert "EX01" not in text
        assert "contoso" not in text


@pytest.mark.parametrize("tlp", TLP)
def test_a_bundle_is_marked_and_its_ids_fit_together(tlp: str) -> None:
    made = tuple(found(WHO).values())
    document = json.loads(FORMATS["stix"](made, replace(SHARING, tlp=tlp)))
    ids = {one["id"] for one in document["objects"]}
    assert len(ids) == len(document["objects"])
    indicators = [one for one in document["objects"] if one["type"] == "indicator"]
    assert len(indicators) == len(made) - without_pattern(made)
    assert without_pattern(made) == 1
    for one in document["objects"]:
        assert set(one.get("object_marking_refs", ())) <= ids
        assert one.get("sighting_of_ref", one["id"]) in ids
    marking = document["objects"][0]
    (extension,) = marking["extensions"].values()
    assert extension["tlp_2_0"] == tlp


def test_quotes_in_a_value_stay_inside_a_pattern() -> None:
    odd = next(iter(found(WHO).values()))
    odd = replace(odd, type="file-name", value="a' OR b\\")
    (_, one, _) = json.loads(FORMATS["stix"]([odd], SHARING))["objects"]
    assert one["pattern"] == "[file:name = 'a\\' OR b\\\\']"


def test_a_table_is_safe_in_a_spreadsheet() -> None:
    odd = replace(next(iter(found(WHO).values())), type="user-agent", value="=cmd|'/c calc'!A1")
    assert "'=cmd" in FORMATS["csv"]([odd], SHARING)


def test_an_event_is_for_detection_only_where_it_is_sure() -> None:
    event = json.loads(FORMATS["misp"](tuple(found(WHO).values()), SHARING))["Event"]
    assert event["Tag"] == [{"name": "tlp:amber"}]
    assert event["published"] is False
    sure = {one["value"]: one["to_ids"] for one in event["Attribute"]}
    assert sure[CONTENT] is True
    assert sure["w3ktn0a.aspx"] is False
