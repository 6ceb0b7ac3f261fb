"""Shipped indicators, and files of others: what is understood is exact, the rest is named."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from knowledge_making import changed

from extriage.errors import ContentError, UsageError
from extriage.knowledge.indicatorintake import IndicatorFile
from extriage.knowledge.indicators import (
    indicators_digest,
    load_indicators,
    read_indicators,
    shipped_indicators,
    values_of,
)
from extriage.knowledge.indicatorstix import comparisons
from extriage.knowledge.indicatorvalues import TYPES, day_from, day_until, refang, shaped
from extriage.knowledge.rejected import load_rejected
from extriage.knowledge.tables import bundled

HASH = "8e90ed33c7ee82c0b64078ea36ec95f7420ba435c693b3b3dd728b494abf7dfc"
SHA1 = "30dd3076ec9abb13c15053234c436406b88fb2b9"


def read(folder: Path, text: str, name: str = "feed.csv") -> IndicatorFile:
    file = folder / name
    file.write_text(text, "utf-8")
    return read_indicators(file)


def values(file: IndicatorFile) -> list[tuple[str, str]]:
    return [(one.type, one.value) for one in file.indicators]


def test_every_shipped_indicator_has_source_licence_and_one_spelling() -> None:
    found = shipped_indicators()
    assert len(found) > 400
    for one in found:
        assert one.type in TYPES
        assert one.source
        assert one.licence in {"MIT", "BSD-2-Clause", "DRL 1.1", "facts"}
        assert one.reference.startswith("https://")
        assert shaped(one.type, one.value) == (one.type, one.value)
        assert one.first_seen is not None


def test_no_shipped_indicator_is_a_wrong_public_claim() -> None:
    rejected = load_rejected(bundled())
    assert rejected.indicators["outlookcn.aspx"]
    assert not [one for one in shipped_indicators() if rejected.of_indicator(one)]
    shared = [one for one in shipped_indicators() if one.value.endswith("estonine.com")]
    assert shared
    assert {one.cluster for one in shared} == {"DLTMiner (Lemon Duck tooling)"}


def test_a_value_of_two_clusters_stands_for_both() -> None:
    found = values_of(shipped_indicators())
    page = r"c:\inetpub\wwwroot\aspnet_client\discover.aspx"
    assert len({one.cluster for one in found["path", page]}) > 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"type": "sha256x"}, "not one of"),
        ({"value": "yolkish"}, "it is no domain"),
        ({"value": "Yolkish.com"}, "would be spelled 'yolkish.com'"),
        ({"value": "themoscowtimes.com"}, "is a wrong claim"),
        ({"licence": ""}, "licence is empty"),
        ({"source": ""}, "source is empty"),
        ({"confidence": "sure"}, "not one of high"),
        ({"first_seen": "2021-13"}, "no day, month or year"),
        ({"last_seen": "2020"}, "last_seen is before first_seen"),
    ],
)
def test_a_bad_row_is_named(change: dict[str, str], reason: str) -> None:
    knowledge, line = changed("indicators.csv", {"value": "yolkish.com"}, change)
    with pytest.raises(ContentError, match=f"indicators.csv, line {line}: .*{reason}"):
        load_indicators(knowledge)


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("hxxps://evil[.]contoso[.]example/a", "https://evil.contoso.example/a"),
        ("hXXp[:]//198.51.100[.]7:8080/x", "http://198.51.100.7:8080/x"),
        ("203[.]0[.]113(.)7", "203.0.113.7"),
        ("bad[dot]contoso.example", "bad.contoso.example"),
        ("he(at)contoso[.]example", "he@contoso.example"),
        (r"C:\inetpub\[.]x", r"C:\inetpub\[.]x"),
        ("plain", "plain"),
    ],
)
def test_defanged_values_are_made_whole(text: str, plain: str) -> None:
    assert refang(text) == plain


@pytest.mark.parametrize(
    ("type", "value", "outcome"),
    [
        ("", "203.0.113.7", ("ipv4", "203.0.113.7")),
        ("", "203.0.113.7:443", ("ipv4", "203.0.113.7")),
        ("ipv4", "203.0.113.0/24", ("network", "203.0.113.0/24")),
        ("ipv4", "203.0.113.7/32", ("ipv4", "203.0.113.7")),
        ("", "2001:DB8::1", ("ipv6", "2001:db8::1")),
        ("", HASH.upper(), ("sha256", HASH)),
        ("hash", SHA1, ("sha1", SHA1)),
        ("", "hxxp://a.example/x", ("url", "http://a.example/x")),
        ("", "Evil.Contoso.Example.", ("domain", "evil.contoso.example")),
        ("domain", "198.51.100.7", ("ipv4", "198.51.100.7")),
        ("", "A@Contoso.Example", ("email", "a@contoso.example")),
        ("", r"C:\Windows\Temp\x.dll", ("path", r"C:\Windows\Temp\x.dll")),
        ("file-name", r"C:\Windows\Temp\x.dll", ("path", r"C:\Windows\Temp\x.dll")),
        ("", "w3.aspx", ("file-name", "w3.aspx")),
        ("", "/owa/auth/w3.aspx", ("url-path", "/owa/auth/w3.aspx")),
        ("", "python-requests/2.25.1", ("user-agent", "python-requests/2.25.1")),
    ],
)
def test_types_are_told_by_shape(type: str, value: str, outcome: tuple[str, str]) -> None:
    assert shaped(type, value) == outcome


@pytest.mark.parametrize(
    ("type", "value", "reason"),
    [
        ("", "", "empty"),
        ("", "just words", "cannot be told"),
        ("", "127.0.0.1", "any machine itself"),
        ("network", "0.0.0.0/0", "too wide"),
        ("sha256", "abc", "no sha256"),
        (
            "sha256",
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "empty file",
        ),
        ("text", "abc", "fewer than"),
        ("text", "a\x00bcdefg", "control"),
        ("text", "x" * 5000, "longer than"),
    ],
)
def test_what_would_mean_nothing_is_refused(type: str, value: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        shaped(type, value)


def test_days_may_be_months_and_years() -> None:
    assert str(day_from("2021-03")) == "2021-03-01"
    assert str(day_until("2021-02")) == "2021-02-28"
    assert str(day_until("2021")) == "2021-12-31"
    assert str(day_until("2021-12")) == "2021-12-31"
    assert day_from("2021-02-30") is None
    assert day_from("soon") is None


def test_our_own_table_is_read_with_all_that_it_says(tmp_path: Path) -> None:
    text = (
        "type,value,cluster,campaign,first_seen,source,confidence,licence,note\n"
        f"sha256,{HASH},Alpha,Spring,2021-03,CERT,High,MIT,a shell\n"
        "path_regex,.*x.*,Alpha,,,,,,\n"
    )
    file = read(tmp_path, text)
    (one,) = file.indicators
    assert (one.type, one.value, one.source, one.confidence) == ("sha256", HASH, "CERT", "high")
    assert (one.cluster, one.campaign, one.licence, one.note) == (
        "Alpha",
        "Spring",
        "MIT",
        "a shell",
    )
    assert str(one.first_seen) == "2021-03-01"
    assert file.refused == (("line 3", "type 'path_regex' is none that is looked for"),)
    assert file.refusals == 1


@pytest.mark.parametrize(
    "text",
    [
        "Indicator;IndicatorType\n203[.]0.113.7;ip\n",
        "# a comment\nioc_type\tioc_value\nip-src\t203.0.113.7\n".replace("ip-src", "ip_address"),
        "203.0.113.7\n",
        "sha256,ip\n,203.0.113.7\n",
        "Value\n203.0.113.7\n",
        '[{"indicator": "203.0.113.7", "type": "IPv4"}]',
        '["203.0.113.7"]',
        '{"indicators": ["203.0.113.7"]}',
        '{"value": "203.0.113.7"}\n{"value": "203.0.113.7"}\n',
    ],
)
def test_tables_of_others_are_read(tmp_path: Path, text: str) -> None:
    assert values(read(tmp_path, text)) == [("ipv4", "203.0.113.7")]


def test_the_feed_of_march_2021_has_hashes_in_its_remarks(tmp_path: Path) -> None:
    row = {
        "DateAdded": "2021-03-10",
        "FirstSeen": "2021-03-05T10:07:29.0421232Z",
        "Indicator": HASH,
        "IndicatorType": "sha256",
        "TLP": "White",
        "AdditionalMetadata": {"FileMd5": "4ef04cba6bec2c3a164b9b755efbeb1c", "FileSha1": SHA1},
    }
    file = read(tmp_path, json.dumps([row]), "feed.json")
    assert {type for type, _ in values(file)} == {"sha256", "sha1", "md5"}
    assert {str(one.first_seen) for one in file.indicators} == {"2021-03-05"}
    assert {one.tlp for one in file.indicators} == {"clear"}


def test_wrong_claims_are_refused_or_lose_their_cluster(tmp_path: Path) -> None:
    text = "value,actor\nthemoscowtimes.com,X\n209.14.0.234,LockBit\nlogon.aspx,X\n"
    file = read(tmp_path, text)
    assert [(one.value, one.cluster) for one in file.indicators] == [("209.14.0.234", "")]
    assert file.refusals == 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "is empty"),
        (b"{", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b'{"a": 1}{', "no JSON"),
        (b"[]", "no list of indicators"),
        (b"[" + b"9" * 9000 + b"]", "no JSON"),
    ],
)
def test_what_is_no_list_at_all_is_said_in_one_sentence(
    tmp_path: Path, data: bytes, reason: str
) -> None:
    file = tmp_path / "feed"
    file.write_bytes(data)
    with pytest.raises(UsageError, match=reason):
        read_indicators(file)


def test_a_file_that_is_not_there_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_indicators(tmp_path / "none.csv")


def test_utf_16_and_a_mark_in_front_do_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "feed.csv"
    file.write_bytes("value\r\n203.0.113.7\r\n".encode("utf-16"))
    assert values(read_indicators(file)) == [("ipv4", "203.0.113.7")]
    file.write_bytes(b"\xef\xbb\xbfvalue\r\n203.0.113.7\r\n")
    assert values(read_indicators(file)) == [("ipv4", "203.0.113.7")]


def bundle(*objects: dict[str, Any]) -> str:
    return json.dumps({"type": "bundle", "id": "bundle--1", "objects": list(objects)})


def indicator(pattern: str, **more: Any) -> dict[str, Any]:
    return {"type": "indicator", "id": "indicator--1", "pattern": pattern} | more


def test_a_bundle_is_read_with_its_relations_and_markings(tmp_path: Path) -> None:
    text = bundle(
        indicator(
            "[ipv4-addr:value = '203.0.113.7' OR domain-name:value IN ('a.example', 'b.example')]",
            pattern_type="stix",
            valid_from="2021-03-02T00:00:00Z",
            valid_until="2021-04-02T00:00:00Z",
            confidence=85,
            object_marking_refs=["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"],
            created_by_ref="identity--1",
        ),
        {"type": "identity", "id": "identity--1", "name": "CERT"},
        {"type": "malware", "id": "malware--1", "name": "Chopper"},
        {"type": "intrusion-set", "id": "intrusion-set--1", "name": "Alpha"},
        *(
            {"type": "relationship", "relationship_type": "indicates"}
            | {"source_ref": "indicator--1", "target_ref": target}
            for target in ("malware--1", "intrusion-set--1")
        ),
    )
    file = read(tmp_path, text, "feed.json")
    assert values(file) == [
        ("ipv4", "203.0.113.7"),
        ("domain", "a.example"),
        ("domain", "b.example"),
    ]
    one = file.indicators[0]
    assert (one.cluster, one.confidence, one.tlp, one.source) == ("Alpha", "high", "amber", "CERT")
    assert (str(one.first_seen), str(one.last_seen)) == ("2021-03-02", "2021-04-02")
    assert file.refusals == 0


def test_observables_behind_an_indicator_count(tmp_path: Path) -> None:
    text = bundle(
        indicator("rule x {}", pattern_type="yara"),
        {"type": "relationship", "relationship_type": "based-on"}
        | {"source_ref": "indicator--1", "target_ref": "observed-data--1"},
        {
            "type": "observed-data",
            "id": "observed-data--1",
            "object_refs": ["file--1", "ipv4-addr--1"],
        },
        {"type": "file", "id": "file--1", "name": "w3.aspx", "hashes": {"SHA-256": HASH, "X": "y"}},
        {"type": "ipv4-addr", "id": "ipv4-addr--1", "value": "203.0.113.7"},
    )
    found = values(read(tmp_path, text, "feed.json"))
    assert found == [("sha256", HASH), ("file-name", "w3.aspx"), ("ipv4", "203.0.113.7")]


@pytest.mark.parametrize(
    ("pattern", "outcome"),
    [
        (f"[file:hashes.'SHA-256' = '{HASH}']", [("hash", HASH, True)]),
        (f"[file:hashes.MD5 = '{HASH[:32]}']", [("hash", HASH[:32], True)]),
        ("[file:name = 'it\\'s.aspx']", [("file-name", "it's.aspx", True)]),
        (
            f"[file:name = 'a.dll' AND file:hashes.'SHA-1' = '{SHA1}']",
            [("file-name", "a.dll", False), ("hash", SHA1, True)],
        ),
        (
            "[file:name = 'a.dll' AND file:parent_directory_ref.path = 'C:\\\\Temp']",
            [("path", "C:\\Temp\\a.dll", True)],
        ),
        (
            "[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'x/1']",
            [("user-agent", "x/1", True)],
        ),
        ("[url:value = 'http://a.example/x'] OR [email-addr:value='a@b.example']", None),
    ],
)
def test_patterns_are_taken_apart(
    pattern: str, outcome: list[tuple[str, str, bool]] | None
) -> None:
    found = list(comparisons(pattern))
    if outcome is None:
        assert [type for type, _, _ in found] == ["url", "email"]
    else:
        assert found == outcome


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[windows-registry-key:key = 'HKLM\\\\x']", "keys of the registry"),
        ("[x-custom:value = 'a']", "object path 'x-custom:value'"),
        ("[domain-name:value LIKE '%.example']", "LIKE is not understood"),
        ("[domain-name:value != 'a.example']", "'!=' is not understood"),
        ("[ipv4-addr:value = '203.0.113.7'] FOLLOWEDBY [url:value = 'x']", "FOLLOWEDBY"),
        ("[ipv4-addr:value NOT IN ('203.0.113.7')]", "NOT is not understood"),
        ("[file:size = 12]", "'12' is not understood"),
        ("", "no comparison"),
        ("]]]'", "is not understood"),
    ],
)
def test_what_a_pattern_says_besides_is_refused_by_name(
    tmp_path: Path, pattern: str, reason: str
) -> None:
    file = read(tmp_path, bundle(indicator(pattern)), "feed.json")
    assert file.indicators == ()
    ((place, why),) = file.refused
    assert place == "indicator--1"
    assert reason in why


def test_revoked_indicators_are_not_looked_for(tmp_path: Path) -> None:
    text = bundle(indicator("[ipv4-addr:value = '203.0.113.7']", revoked=True))
    assert read(tmp_path, text, "feed.json").refused[0][1] == "it was revoked by its publisher"


def event(*attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"info": "Shells", "date": "2021-03-05", "Attribute": list(attributes)} | more


def attribute(type: str, value: str, **more: Any) -> dict[str, Any]:
    return {"type": type, "value": value} | more


@pytest.mark.parametrize("form", ["one", "response", "list", "bare"])
def test_misp_events_are_read_in_all_their_forms(tmp_path: Path, form: str) -> None:
    one = event(
        attribute("ip-src|port", "203.0.113.7|443", to_ids=True),
        attribute("ip-dst", "198.51.100.7", to_ids=False),
        attribute("regkey", "HKLM\\x"),
        attribute("md5", HASH[:32], deleted=True),
        Tag=[{"name": "tlp:green"}, {"name": 'misp-galaxy:threat-actor="Alpha"'}],
        Object=[{"Attribute": [attribute("filename|sha256", f"w3.aspx|{HASH}", comment="shell")]}],
        Orgc={"name": "CERT"},
    )
    forms = {"one": {"Event": one}, "response": {"response": [{"Event": one}]}, "bare": one}
    document = forms.get(form, [{"Event": one}])
    file = read(tmp_path, json.dumps(document), "feed.json")
    assert values(file) == [("ipv4", "203.0.113.7"), ("file-name", "w3.aspx"), ("sha256", HASH)]
    assert {(i.tlp, i.cluster, i.source) for i in file.indicators} == {
        ("green", "Alpha", "CERT: Shells")
    }
    assert file.indicators[-1].note == "shell"
    reasons = " ".join(reason for _, reason in file.refused)
    assert file.refusals == 3
    assert "to_ids" in reasons
    assert "'regkey'" in reasons
    assert "deleted" in reasons


def test_a_galaxy_names_the_cluster(tmp_path: Path) -> None:
    galaxy = [{"type": "threat-actor", "GalaxyCluster": [{"value": "Beta"}]}]
    text = json.dumps({"Event": event(attribute("domain", "a.example"), Galaxy=galaxy)})
    assert read(tmp_path, text, "feed.json").indicators[0].cluster == "Beta"


def test_the_digest_tells_lists_apart() -> None:
    found = shipped_indicators()
    assert indicators_digest(found) != indicators_digest(found[1:])
    assert indicators_digest(found) == indicators_digest(tuple(found))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "value",
                    "objects",
                    "Event",
                    "Attribute",
                    "pattern",
                    "Tag",
                    "name",
                    "response",
                ]
                + ["id", "hashes", "Galaxy", "Object", "target_ref", "source_ref", "indicators"]
            )
            | st.text(max_size=8),
            inner,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@settings(max_examples=150, deadline=None)
@given(document=JSON, kind=st.sampled_from(["", "bundle", "indicator", "relationship"]))
def test_no_json_stops_a_reader(
    tmp_path_factory: pytest.TempPathFactory, document: Any, kind: str
) -> None:
    if kind and isinstance(document, dict):
        document["type"] = kind
        document = {"type": "bundle", "objects": [document]} if kind != "bundle" else document
    file = tmp_path_factory.mktemp("json") / "feed.json"
    file.write_text(json.dumps([document] if not isinstance(document, dict) else document))
    try:
        found = read_indicators(file)
    except UsageError:
        return
    assert found.refusals >= len(found.refused)


@settings(max_examples=150, deadline=None)
@given(data=st.binary(max_size=400), header=st.booleans())
def test_no_bytes_stop_a_reader(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, header: bool
) -> None:
    file = tmp_path_factory.mktemp("csv") / "feed.csv"
    file.write_bytes((b"type,value,tlp\n" if header else b"") + data)
    try:
        found = read_indicators(file)
    except UsageError:
        return
    assert all(one.type in TYPES for one in found.indicators)


@settings(max_examples=200, deadline=None)
@given(pattern=st.text(alphabet="[]()'=!<>:.-abAND OR_\\*IN", max_size=60))
def test_no_pattern_stops_a_reader(pattern: str) -> None:
    try:
        found = list(comparisons(pattern))
    except ValueError:
        return
    assert found


def test_what_was_exported_as_a_table_is_read_again(tmp_path: Path) -> None:
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["type", "value", "confidence"])
    writer.writerow(["user-agent", "'=cmd|x/1.0", "low"])
    assert read(tmp_path, table.getvalue()).indicators[0].value == "=cmd|x/1.0"


def test_a_file_of_nothing_but_rubbish_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extriage.knowledge.indicatorintake.MOST", 50)
    for name, text in (("a.csv", "x\n" * 900), ("b.csv", "value\n" + "x\n" * 900)):
        file = read(tmp_path, text, name)
        assert file.refusals == 50
        assert "the rest was not read" in file.refused[-1][1]
    rows = read(tmp_path, json.dumps(["x"] * 900), "c.json")
    assert (rows.refusals, rows.indicators) == (50, ())


def test_what_misp_has_no_type_for_is_known_by_its_comment(tmp_path: Path) -> None:
    attributes = [
        {"type": "text", "value": HASH, "comment": "shell-password-sha256: of a shell."},
        {"type": "text", "value": "something else", "comment": "whatever: it is"},
    ]
    event = {"Event": {"info": "x", "Attribute": attributes}}
    file = read(tmp_path, json.dumps(event), "event.json")
    assert values(file) == [("shell-password-sha256", HASH)]
    assert file.refusals == 1
