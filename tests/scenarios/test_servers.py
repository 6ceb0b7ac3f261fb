"""Whole servers, written and scanned: verdict, stage, coverage and exit code as they must be."""

import hashlib
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from scenario import rescanned, scanned, the_host

from extriage.model.detection import Stage
from extriage.samples import ServerSpec, truth, write_server
from extriage.samples.spec import Product

PRODUCTS: tuple[Product, ...] = ("2010", "2013", "2016", "2019")
BEFORE_ALL_ATTACKS = datetime(2021, 1, 1, tzinfo=UTC)


def answers(host: dict[str, Any]) -> dict[str, str]:
    return {cve["cve"]: cve["answer"] for cve in proxylogon(host)["coverage"]}


def proxylogon(host: dict[str, Any]) -> dict[str, Any]:
    (campaign,) = (one for one in host["campaigns"] if one["campaign"] == "proxylogon")
    assert isinstance(campaign, dict)
    return campaign


def every_line_is_accounted_for(host: dict[str, Any]) -> bool:
    kinds = ("parsed", "raw", "rejected", "comment", "blank")
    entries = host["manifest"]["entries"]
    return all(sum(entry[kind] for kind in kinds) == entry["lines"] for entry in entries)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("product", "ordinary"),
    [("2010", 100_000), ("2013", 20_000), ("2016", 100_000), ("2019", 20_000)],
)
def test_a_full_chain_among_many_lines_is_found(
    tmp_path: Path, product: Product, ordinary: int
) -> None:
    """The logs of 2013 and 2019 have the same ordinary lines as those of 2016."""
    spec = ServerSpec(product=product, attack="chain", lines=ordinary, hours_per_file=24)
    code, case = scanned(tmp_path, spec)
    host = the_host(case)
    assert code == 1
    assert host["verdict"]["status"] == "compromised"
    assert (host["verdict"]["stage"], host["verdict"]["certainty"]) == ("executed", "confirmed")
    assert every_line_is_accounted_for(host)
    lines = sum(entry["lines"] for entry in host["manifest"]["entries"])
    assert lines > ordinary
    if product == "2010":
        assert answers(host)["CVE-2021-26857"] == "seen"
        assert answers(host)["CVE-2021-26855"] == "not-applicable"
    else:
        assert answers(host)["CVE-2021-26855"] == "seen"
        assert answers(host)["CVE-2021-27065"] == "seen"
        assert host["patch"]["product"] == product
    evidence = {e["sha256"] for f in host["findings"] for e in f["evidence"]}
    told = {f["evidence"][0]["time"] for f in host["findings"] if f["stage"] == "executed"}
    assert any(time and time.startswith(spec.chain_at.strftime("%Y-%m-%dT%H")) for time in told)
    for planted in truth(spec):
        if planted.what in PROOFS:
            digest = hashlib.sha256(planted.text.encode()).hexdigest()
            assert digest in evidence, planted.what


PROOFS = {
    "Set-OabVirtualDirectory",
    "cmdlet-Set-OabVirtualDirectory",
    "shell-written",
    "shell-file",
    "shell-post",
    "child-of-server-process",
    "um-invalid-cast",
    "oab-temporary-file",
    "proxylogon",
}


@pytest.mark.parametrize("product", PRODUCTS)
def test_probes_only_are_targeted_and_no_more(tmp_path: Path, product: Product) -> None:
    spec = ServerSpec(product=product, attack="probes", lines=6_000, hours_per_file=24)
    code, case = scanned(tmp_path, spec)
    host = the_host(case)
    assert (host["verdict"]["status"], host["verdict"]["stage"]) == ("targeted", "probed")
    assert {f["stage"] for f in host["findings"]} <= {"probed", None}
    assert {f["level"] for f in host["findings"]} <= {"informational", "low", "medium"}
    assert code == 3, "the logs do not reach back to January: what happened then cannot be told"


@pytest.mark.parametrize("product", PRODUCTS)
def test_an_ordinary_server_shows_nothing_at_all(tmp_path: Path, product: Product) -> None:
    spec = ServerSpec(product=product, lines=10_000, hours_per_file=24)
    code, case = scanned(tmp_path, spec)
    host = the_host(case)
    assert host["findings"] == []
    assert (code, host["verdict"]["status"]) == (3, "cannot-tell")
    unknown = {cve for cve, answer in answers(host).items() if answer == "cannot-tell"}
    assert unknown
    assert "reach back only to 2021-02-20" in json.dumps(host["campaigns"])


def covered(product: Product, **changes: Any) -> ServerSpec:
    """Return a server whose logs cover all of the time that counts, a line every few minutes."""
    settings: dict[str, Any] = {
        "product": product,
        "start": BEFORE_ALL_ATTACKS,
        "end": datetime(2021, 1, 12, tzinfo=UTC),
        "lines": 12_000,
        "hours_per_file": 24,
        **changes,
    }
    return ServerSpec(**settings)


@pytest.mark.parametrize("product", ["2016", "2019"])
def test_a_covered_server_shows_no_sign(tmp_path: Path, product: Product) -> None:
    code, case = scanned(tmp_path, covered(product))
    host = the_host(case)
    assert (code, host["verdict"]["status"]) == (0, "no-sign"), host["verdict"]["reason"]
    assert "cannot-tell" not in answers(host).values()


@pytest.mark.parametrize("attack", ["none", "probes"])
def test_a_missing_log_is_never_clean(tmp_path: Path, attack: Any) -> None:
    spec = covered("2016", attack=attack, lines=2_000, omit=("httpproxy", "iis"))
    code, case = scanned(tmp_path, spec)
    host = the_host(case)
    assert code == 3
    assert host["verdict"]["status"] == "cannot-tell"
    assert answers(host)["CVE-2021-26855"] == "cannot-tell"
    assert "no HttpProxy logs (Ecp) in the evidence" in host["verdict"]["reason"]


@pytest.mark.parametrize("protocol", ["Ecp", "Owa"])
def test_a_missing_protocol_is_never_clean(tmp_path: Path, protocol: str) -> None:
    """Logs of other protocols would not show a request to the control panel or to OWA."""
    spec = covered("2016", lines=6_000, omit=("iis",))
    write_server(tmp_path / "EVIDENCE", spec)
    (folder,) = (tmp_path / "EVIDENCE").rglob(f"HttpProxy/{protocol}")
    shutil.rmtree(folder)
    code, case = rescanned(tmp_path)
    host = the_host(case)
    assert (code, host["verdict"]["status"]) == (3, "cannot-tell")
    assert f"no HttpProxy logs ({protocol}) in the evidence" in host["verdict"]["reason"]


def test_the_back_end_site_alone_is_no_cover(tmp_path: Path) -> None:
    write_server(tmp_path / "EVIDENCE", covered("2016", omit=("httpproxy",)))
    (folder,) = (tmp_path / "EVIDENCE").rglob("W3SVC1")
    shutil.rmtree(folder)
    _, case = rescanned(tmp_path)
    assert answers(the_host(case))["CVE-2021-26855"] == "cannot-tell"


def test_the_same_page_on_two_servers_is_found_on_both(tmp_path: Path) -> None:
    spec = ServerSpec("EX01", attack="chain", lines=3_000, hours_per_file=24)
    write_server(tmp_path / "EVIDENCE/one", spec)
    write_server(tmp_path / "EVIDENCE/two", ServerSpec("EX02", lines=3_000, hours_per_file=24))
    (page,) = (tmp_path / "EVIDENCE/one").rglob("owa/auth/*.aspx")
    (other,) = (tmp_path / "EVIDENCE/two").rglob("HttpProxy/Owa")
    copy = other.parents[2] / "FrontEnd/HttpProxy/owa/auth" / page.name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(page, copy)
    _, case = rescanned(tmp_path)
    verdicts = {host["name"]: host["verdict"]["status"] for host in case["hosts"]}
    assert verdicts == {"EX01": "compromised", "EX02": "compromised"}


def test_a_gap_in_the_window_is_never_clean(tmp_path: Path) -> None:
    gap = (datetime(2021, 1, 5, 3, tzinfo=UTC), datetime(2021, 1, 6, 20, tzinfo=UTC))
    code, case = scanned(tmp_path, covered("2016", gaps=(gap,)))
    host = the_host(case)
    assert (code, host["verdict"]["status"]) == (3, "cannot-tell")
    (row,) = (row for row in host["coverage"] if row["kind"] == "httpproxy")
    (found,) = row["gaps"]
    assert found["from"] <= "2021-01-05T04:00:00Z"
    assert found["to"] >= "2021-01-06T20:00:00Z"
    assert "server off, or all of them deleted" in json.dumps(host["campaigns"])


def test_a_patch_ends_the_window(tmp_path: Path) -> None:
    patched = datetime(2021, 1, 8, 12, tzinfo=UTC)
    gap = (datetime(2021, 1, 10, 0, tzinfo=UTC), datetime(2021, 1, 11, 0, tzinfo=UTC))
    code, case = scanned(tmp_path, covered("2016", patched_at=patched, gaps=(gap,)))
    host = the_host(case)
    (cve,) = (c for c in proxylogon(host)["coverage"] if c["cve"] == "CVE-2021-26855")
    assert cve["answer"] == "not-seen", "the gap lies after the patch"
    assert cve["window"]["to"].startswith("2021-01-08T")
    ran = [one["build"] for one in host["patch"]["sources"] if one["precision"] == "su"]
    assert ran == ["15.1.2106.2", "15.1.2106.13"]
    assert (code, host["verdict"]["status"]) == (0, "no-sign"), host["verdict"]["reason"]


def test_attempts_on_a_patched_server_stay_attempts(tmp_path: Path) -> None:
    spec = ServerSpec(
        attack="chain", lines=10_000, hours_per_file=24,
        patched_at=datetime(2021, 2, 21, tzinfo=UTC),
    )  # fmt: skip
    _, case = scanned(tmp_path, spec)
    assert the_host(case)["verdict"]["status"] == "targeted"
    assert the_host(case)["verdict"]["stage"] == "probed"


@pytest.mark.parametrize("layout", ["drive", "logging", "pile"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_names_folders_and_encodings_do_not_matter(
    tmp_path: Path, layout: Any, encoding: Any
) -> None:
    spec = ServerSpec(
        attack="chain", lines=4_000, hours_per_file=24, layout=layout, encoding=encoding,
        drive="E:",
    )  # fmt: skip
    code, case = scanned(tmp_path, spec)
    host = the_host(case)
    assert code == 1
    assert host["name"] == "EX01"
    assert host["verdict"]["status"] == "compromised"
    assert host["verdict"]["stage"] == "executed"
    assert every_line_is_accounted_for(host)


def test_local_time_labelled_utc_is_corrected(tmp_path: Path) -> None:
    spec = ServerSpec(
        attack="chain", lines=6_000, hours_per_file=24, event_shape="flat",
        event_offset=timedelta(hours=-5),
    )  # fmt: skip
    _, case = scanned(tmp_path, spec)
    host = the_host(case)
    (shell,) = (f for f in host["findings"] if f["rule"] == "process_creation_exchange_pool_shell")
    assert shell["first"].startswith(spec.chain_at.strftime("%Y-%m-%dT%H"))
    assert any("5:00 hours behind UTC" in note for note in host["notes"])
    assert any("no event allows a check" in note for note in host["notes"])


def test_two_servers_in_one_collection_are_told_apart(tmp_path: Path) -> None:
    write_server(
        tmp_path / "EVIDENCE/one",
        ServerSpec("EX01", attack="chain", lines=4_000, hours_per_file=24),
    )
    code, case = scanned(tmp_path, ServerSpec("EX02", lines=4_000, hours_per_file=24))
    assert code == 1
    verdicts = {host["name"]: host["verdict"]["status"] for host in case["hosts"]}
    assert verdicts == {"EX01": "compromised", "EX02": "cannot-tell"}


def test_a_second_copy_counts_once(tmp_path: Path) -> None:
    spec = ServerSpec(attack="chain", lines=3_000, hours_per_file=24)
    write_server(tmp_path / "EVIDENCE/copy", spec)
    _, twice = scanned(tmp_path, spec)
    (tmp_path / "again").mkdir()
    _, once = scanned(tmp_path / "again", spec)
    counts = [
        {f["rule"]: f["count"] for f in the_host(case)["findings"] if f["first"]}
        for case in (once, twice)
    ]
    assert counts[0] == counts[1], "log lines count once; a page twice on disk is two pages"
    assert the_host(twice)["manifest"]["skipped"] > 0


def test_the_timeline_tells_the_chain_in_order(tmp_path: Path) -> None:
    spec = ServerSpec(attack="chain", lines=3_000, hours_per_file=24)
    _, case = scanned(tmp_path, spec)
    moments = case["timeline"]
    times = [datetime.fromisoformat(moment["time"]) for moment in moments]
    assert times == sorted(times)
    places = [(m["path"], m["line"]) for m in moments if m["path"] and m["source"] == "attack"]
    assert len(set(places)) == len(places), "a line stands once"
    minute = spec.chain_at.strftime("%Y-%m-%dT%H:%M")
    # NOTE: a session stands at its beginning, with what it came to.
    steps = (m for m in moments if not m["finding"].startswith("s-"))
    stages = [m["stage"] for m in steps if m["time"].startswith(minute)]
    firsts = [stages.index(stage) for stage in ("reached", "planted", "executed")]
    assert firsts == sorted(firsts)


def test_every_stage_word_is_of_the_ladder(tmp_path: Path) -> None:
    _, case = scanned(tmp_path, ServerSpec(attack="chain", lines=3_000, hours_per_file=24))
    stages = {f["stage"] for f in the_host(case)["findings"]} - {None}
    assert stages <= {stage.value for stage in Stage}
