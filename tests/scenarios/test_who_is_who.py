"""Is it the same intruder on another server? Clusters of whole scans against known scenes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from known_truth import Known, known
from scenario import rescanned

from extriage.cli import main
from extriage.samples.intrusion import farm, two, wandering

ONE = [f"{name}/intruder-1" for name in farm.SAME]


@pytest.fixture(scope="module")
def farmed(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return known(tmp_path_factory.mktemp("farm"), farm.write)


def test_the_same_intruder_on_two_servers_is_one_cluster(farmed: Known) -> None:
    members = [one["members"] for one in farmed.case["clusters"]]
    assert members == [ONE, ["EX03/intruder-1"]], "one came to EX01 and EX02, another to EX03"
    first, second = farmed.case["clusters"]
    assert (first["hosts"], second["hosts"]) == (list(farm.SAME), ["EX03"])
    assert [one["name"] for one in (first, second)] == ["cluster A", "cluster B"]


def test_each_server_has_one_intruder(farmed: Known) -> None:
    counts = {host["name"]: len(host["intruders"]) for host in farmed.case["hosts"]}
    assert counts == {"EX01": 1, "EX02": 1, "EX03": 1}
    assert farmed.code == 1


def test_what_joins_a_cluster_is_said(farmed: Known) -> None:
    first = farmed.case["clusters"][0]
    joins = {(one["kind"], one["value"]) for one in first["features"] if one["joins"]}
    kinds = {kind for kind, _ in joins}
    assert "shell-parameter" in kinds, f"the page's password joins them, told are {joins}"
    assert "page-name" not in kinds, "they have different names of pages"
    assert "address" not in kinds, "they came from different addresses"
    for feature in first["features"]:
        assert 0 <= feature["weight"] <= 100
        assert feature["text"].strip()


def test_a_name_that_everybody_uses_joins_nobody(farmed: Known) -> None:
    for cluster in farmed.case["clusters"]:
        for feature in cluster["features"]:
            if feature["kind"] == "page-name" and "discover" in feature["value"]:
                assert not feature["joins"], feature["text"]


def test_what_parts_two_clusters_is_said(farmed: Known) -> None:
    for cluster in farmed.case["clusters"]:
        assert cluster["apart"], f"{cluster['name']} does not say what tells it from the other"


def test_hours_and_times_are_those_of_the_sessions(farmed: Known) -> None:
    for cluster in farmed.case["clusters"]:
        assert len(cluster["hours"]) == 24
        busy = {hour for hour, count in enumerate(cluster["hours"]) if count}
        expected = {2, 3} if "EX01" in cluster["hosts"] else {15}
        assert busy == expected, f"{cluster['name']} came at {busy} o'clock UTC"


def test_every_cluster_has_its_say(farmed: Known) -> None:
    assert farmed.case["clusters"], "three intruders came, no cluster is told"
    for cluster in farmed.case["clusters"]:
        assert cluster["text"].strip()
        assert cluster["features"] or len(cluster["members"]) == 1


def test_resemblance_is_never_a_statement_of_who(farmed: Known) -> None:
    for cluster in farmed.case["clusters"]:
        for like in cluster["resembles"]:
            assert like["text"].startswith("resembles published indicators of"), like["text"]
            assert like["indicators"] >= like["unique"] >= 0


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return known(tmp_path_factory.mktemp("both"), two.write)


def test_two_intruders_on_one_server_are_two_clusters(both: Known) -> None:
    members = sorted(one["members"] for one in both.case["clusters"])
    assert members == [["EX01/intruder-1"], ["EX01/intruder-2"]]


def test_a_password_belongs_to_whose_page_and_cmdlet_hold_it(both: Known) -> None:
    told = {one["name"]: _values(one, "shell-parameter") for one in both.case["clusters"]}
    assert told == {"cluster A": {two.A["parameter"]}, "cluster B": {two.B["parameter"]}}


def test_the_owner_of_an_account_lends_an_intruder_neither_agent_nor_address(both: Known) -> None:
    for cluster in both.case["clusters"]:
        assert not [value for value in _values(cluster, "address") if value.startswith("10.")]
        assert not [value for value in _values(cluster, "agent") if "macintosh" in value]


def _values(cluster: dict[str, Any], kind: str) -> set[str]:
    return {one["value"] for one in cluster["features"] if one["kind"] == kind}


def test_the_address_of_a_proxy_is_nobodys(tmp_path: Path) -> None:
    behind = known(tmp_path, wandering.write_behind_proxy)
    address = wandering.PROXY
    assert address in json.dumps(behind.host["intruders"])
    assert [_values(one, "address") for one in behind.case["clusters"]] == [set()]
    list_ = tmp_path / "list.csv"
    _run("indicators", "export", str(tmp_path / "case"), "-o", str(list_))
    assert "sha256" in list_.read_text("utf-8")
    assert address not in list_.read_text("utf-8")


@pytest.mark.parametrize("format_", ["csv", "misp"])
def test_what_one_server_gave_is_sighted_where_its_intruder_was_too(
    tmp_path: Path, format_: str
) -> None:
    farm.write(tmp_path / "all")
    for name in ("EX01", "EX02", "EX03"):
        shutil.copytree(tmp_path / "all" / name, tmp_path / name / "EVIDENCE" / name)
        rescanned(tmp_path / name)
    feed = tmp_path / f"feed.{format_}"
    case = str(tmp_path / "EX01" / "case")
    _run("indicators", "export", case, "--format", format_, "-o", str(feed))
    assert _run("indicators", "check", str(tmp_path / "EX02" / "case"), str(feed)) == 1
    assert _run("indicators", "check", str(tmp_path / "EX03" / "case"), str(feed)) == 0


def _run(*words: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    return int(stop.value.code or 0)


def test_the_order_of_the_servers_plays_no_part(farmed: Known, tmp_path: Path) -> None:
    shuffle: tuple[tuple[str, str], ...] = (("EX03", "a"), ("EX01", "b"), ("EX02", "c"))
    for name, folder in shuffle:
        shutil.copytree(farmed.folder / "EVIDENCE" / name, tmp_path / "EVIDENCE" / folder)
    _, case = rescanned(tmp_path)

    def plain(clusters: list[dict[str, object]]) -> str:
        return json.dumps(
            [{key: one[key] for key in ("id", "name", "members", "hours")} for one in clusters]
        )

    assert plain(case["clusters"]) == plain(farmed.case["clusters"])


def test_one_server_alone_gives_a_cluster_of_one(tmp_path: Path) -> None:
    def write(folder: Path) -> object:
        truth = farm.write(folder)
        for name in ("EX02", "EX03"):
            shutil.rmtree(folder / name)
        return truth

    told = known(tmp_path, write)
    assert [one["members"] for one in told.case["clusters"]] == [["EX01/intruder-1"]]
