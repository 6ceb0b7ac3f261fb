"""Published clusters and the weights of features: read, checked, named by any publisher's name."""

import re

import pytest
from knowledge_making import cells_of, changed, with_rows

from extriage.errors import ContentError
from extriage.knowledge.clusterfeatures import (
    feature_table,
    is_common_place,
    is_generic,
    is_inner,
)
from extriage.knowledge.clusters import (
    PROVENANCES,
    clusters_named,
    load_clusters,
    published_clusters,
)
from extriage.knowledge.consistency import check
from extriage.knowledge.indicators import shipped_indicators
from extriage.knowledge.tables import bundled


def test_the_bundled_clusters_are_good_and_say_where_they_come_from() -> None:
    found = {one.name: one for one in published_clusters()}
    assert len(found) > 40
    assert {"Hafnium", "Tick", "Calypso", "Conti affiliate", "NightEagle"} <= set(found)
    assert all(one.source and one.provenance in PROVENANCES for one in found.values())
    assert {one.provenance for one in found.values()} == set(PROVENANCES)
    hafnium = found["Hafnium"]
    assert "Silk Typhoon" in hafnium.aliases
    assert str(hafnium.first_seen) == "2021-01-03"
    assert found["DearCry"].last_seen is not None
    assert str(found["DearCry"].last_seen) == "2021-03-31"
    check(bundled())


def test_targets_are_told_only_where_the_source_is_known() -> None:
    eset = [one for one in published_clusters() if one.source.startswith("ESET 2021-03-10;")]
    assert len(eset) > 5
    assert not [one.name for one in eset if one.targets and one.provenance != "sourced"]
    assert not [one.name for one in published_clusters() if "unverified" in one.targets]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"cluster": ""}, "cluster is empty"),
        ({"cluster": "Hafnium"}, "stands in line 2 already"),
        ({"aliases": "Silk Typhoon"}, "Silk Typhoon is a name of Hafnium already"),
        ({"source": ""}, "source is empty"),
        ({"tools_and_traces": ""}, "tools_and_traces is empty"),
        ({"provenance": "mixed"}, "provenance is 'mixed'"),
        ({"first_seen": "spring"}, "first_seen is 'spring', not a day, a month or a year"),
        ({"last_seen": "2021-02-30"}, "not a day, a month or a year"),
        ({"last_seen": "2021-03-01 or so"}, "not a day, a month or a year"),
        ({"last_seen": "2020"}, "last_seen is before first_seen"),
        ({"reference": "http://contoso.example"}, "not an https address"),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)
def test_a_bad_row_is_named(change: dict[str, str], why: str) -> None:
    tables, line = changed("clusters.csv", {"cluster": "Tick"}, change)
    with pytest.raises(ContentError, match=re.escape(why)) as caught:
        check(tables)
    assert str(caught.value).startswith(f"clusters.csv, line {line}: ")


def test_a_missing_column_is_named() -> None:
    cells = cells_of(bundled(), "clusters.csv")
    for one in cells:
        del one["provenance"]
    with pytest.raises(ContentError, match="no column provenance"):
        load_clusters(with_rows("clusters.csv", cells))


@pytest.mark.parametrize(
    ("label", "names"),
    [
        ("Hafnium", ("Hafnium",)),
        ("Hafnium/Silk Typhoon (Volexity set)", ("Hafnium",)),
        ("Hafnium-labelled (maltrail)", ("Hafnium",)),
        ("SILK TYPHOON", ("Hafnium",)),
        ("SessionManager (Gelsemium)", ("Gelsemium",)),
        ('"Babydraco" web-shell actor (x)', ("Babydraco",)),
        (
            "unclassified ShadowPad / Opera Cobalt Strike",
            ("ShadowPad user without a name", "Opera Cobalt Strike"),
        ),
        ("unattributed ShadowPad", ("ShadowPad user without a name",)),
        ("unattributed (MSTIC feed)", ()),
        ("mass scanners / Hafnium", ()),
        ("Group of nobody's table", ("Group of nobody's table",)),
        ("", ()),
    ],
)
def test_labels_of_lists_lead_to_the_table(label: str, names: tuple[str, ...]) -> None:
    assert clusters_named(label) == names


def test_every_label_of_the_shipped_indicators_is_known_to_the_table() -> None:
    known = {one.name for one in published_clusters()}
    labels = {one.cluster for one in shipped_indicators()}
    assert not {name for label in labels for name in clusters_named(label)} - known


def test_the_weights_are_sound() -> None:
    table = feature_table()
    assert table.threshold == 100
    for one in table.kinds.values():
        assert one.title
        assert (one.weight >= table.threshold) == (one.joins == "alone"), one.id
        assert (one.weight == 0) == (one.joins == "never"), one.id
    assert set(table.apart) == {"shell-parameter", "same-server", "hours", "agent"}
    assert {table.confidence[type] for type in ("sha256", "ipv4", "file-name")} == {
        "high",
        "medium",
        "low",
    }
    assert "network" not in table.confidence


@pytest.mark.parametrize(
    ("kind", "value", "generic"),
    [
        ("page-name", "Shell.aspx", True),
        ("page-name", "xyz.aspx", True),
        ("page-name", "logon.aspx", True),
        ("page-name", "dukybyssss.aspx", False),
        ("shell-parameter", "cmd", True),
        ("shell-parameter", "klk123456", False),
        ("agent", "Mozilla/5.0 (Windows NT 10.0)", True),
        ("agent", "antSword/v2.1", False),
        ("address", "192.168.1.4", True),
        ("address", "203.0.113.4", False),
        ("domain", "raw.githubusercontent.com", True),
        ("domain", "notgithub.com", False),
        ("tool", "procdump64.exe", True),
        ("tool-path", "/windows/system32/cmd.exe", True),
        ("tool-path", "/windows/system32/0409/mi9.exe", False),
        ("canary", "shell.aspx", False),
    ],
)
def test_what_everybody_has_is_known(kind: str, value: str, *, generic: bool) -> None:
    assert is_generic(kind, value) is generic


def test_places_of_the_system_and_inner_networks_are_known() -> None:
    assert is_common_place("/windows/microsoft.net/framework64/v4.0.30319/csc.exe")
    assert not is_common_place("/windows/temp/x.exe")
    inner = ("10.0.0.1", "172.31.255.1", "100.127.0.1", "fd12::1", "::1", "0.0.0.0", "no address")
    assert all(map(is_inner, inner))
    assert not any(map(is_inner, ("172.32.0.1", "100.128.0.1", "2001:db8::1", "198.51.100.1")))
