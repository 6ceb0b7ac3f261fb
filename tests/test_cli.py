"""The command line as its users meet it: output, exit codes, refusals, never a traceback."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from keyboard import Keyboard

EVIDENCE = Path(__file__).parent / "evidence"
LAB = EVIDENCE / "proxylogon-lab-2021"


def test_the_lab_server_is_compromised_and_the_screen_says_how(run: Keyboard) -> None:
    outcome = run("scan", LAB, "--case", "lab")
    assert outcome.code == 1
    assert outcome.out.startswith("COMPROMISED  MXS01  executed, confirmed")
    assert "whoami" in outcome.out
    assert "06:40" in outcome.out
    assert "01:40" not in outcome.out
    case = json.loads(Path("lab/case.json").read_bytes())
    text = json.dumps(case)
    assert "ohyeah.aspx" in text
    assert "CVE-2021-26855" in text
    assert "CVE-2021-27065" in text


def test_a_case_can_be_shown_again_without_the_evidence(run: Keyboard) -> None:
    scanned = run("scan", LAB, "--case", "lab")
    assert run("report", "lab").out == scanned.out
    document = json.loads(run("report", "lab", "--format", "json").out)
    assert document["hosts"][0]["verdict"]["status"] == "compromised"
    assert run("report", "lab", "--format", "csv").out.startswith("host,")
    assert run("report", "lab/case.json", "-o", "r.txt").code == 0
    assert Path("r.txt").read_text("utf-8") == scanned.out.replace(
        "lab (", f"{Path('lab/case.json')} ("
    )
    again = run("report", "lab", "-o", "r.txt")
    assert (again.code, "--force" in again.err) == (2, True)


@pytest.mark.parametrize("name", ["exchange-2016-cu22-benign", "iis"])
def test_benign_evidence_shows_no_exploitation(run: Keyboard, name: str) -> None:
    outcome = run("scan", EVIDENCE / name, "--case", "c")
    assert outcome.code == 3
    case = json.loads(Path("c/case.json").read_bytes())
    assert [f for host in case["hosts"] for f in host["findings"]] == []
    assert {host["verdict"]["status"] for host in case["hosts"]} == {"cannot-tell"}


def test_real_events_show_what_their_origin_names_and_shout_at_nobody(run: Keyboard) -> None:
    """A forwarding to the outside, and a transport agent that was tried and not installed."""
    assert run("scan", EVIDENCE / "evtx", "--case", "c").code == 3
    case = json.loads(Path("c/case.json").read_bytes())
    found = {f["rule"]: f for host in case["hosts"] for f in host["findings"]}
    loud = {rule for rule, f in found.items() if f["level"] in ("high", "critical")}
    assert loud == set()
    forwarding = found["cmdlet_mailbox_forwarded_outside"]
    assert (forwarding["level"], forwarding["hints"]) == ("medium", "taken")
    assert forwarding["about"] == "exposure"
    agent = found["cmdlet_transport_agent_failed"]
    assert (agent["stage"], agent["about"], agent["count"]) == ("probed", "persistence", 4)
    assert {f["stage"] for f in found.values()} == {None, "probed"}
    statuses = {host["verdict"]["status"] for host in case["hosts"]}
    assert statuses == {"cannot-tell", "targeted"}


def test_damaged_event_logs_are_counted_and_nothing_is_lost(run: Keyboard) -> None:
    run("scan", EVIDENCE / "evtx", "--case", "c", "-q")
    case = json.loads(Path("c/case.json").read_bytes())
    entries = [e for host in case["hosts"] for e in host["manifest"]["entries"]]
    damaged = [entry for entry in entries if entry["status"] == "partial"]
    assert damaged
    assert all("damaged" in entry["reason"] for entry in damaged)
    for entry in entries:
        kinds = ("parsed", "raw", "rejected", "comment", "blank")
        assert sum(entry[kind] for kind in kinds) == entry["lines"]


def test_no_exchange_evidence_is_exit_4_and_a_sentence(run: Keyboard, tmp_path: Path) -> None:
    (tmp_path / "holiday").mkdir()
    (tmp_path / "holiday" / "photo.jpg").write_bytes(b"\xff\xd8\xff" + bytes(500))
    outcome = run("scan", "holiday")
    assert outcome.code == 4
    assert "no Exchange evidence was found" in outcome.err
    assert "No Exchange server was found" in outcome.out


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(run: Keyboard, tmp_path: Path) -> None:
    (tmp_path / "coll").mkdir()
    shutil.copy(EVIDENCE / "iis" / "iis10_edge_cases.log", tmp_path / "coll" / "iis.log")
    (tmp_path / "coll" / "broken.zip").write_bytes(b"PK\x03\x04" + b"garbage" * 30)
    outcome = run("scan", "coll")
    assert outcome.code == 3
    case = json.loads(Path("coll.case/case.json").read_bytes())
    entries = [e for host in case["hosts"] for e in host["manifest"]["entries"]]
    (broken,) = (entry for entry in entries if "broken.zip" in entry["path"])
    assert broken["status"] == "unreadable"
    assert broken["reason"]
    assert "broken.zip" in outcome.out


def test_findings_win_over_what_could_not_be_read(run: Keyboard, tmp_path: Path) -> None:
    shutil.copytree(LAB, tmp_path / "coll")
    (tmp_path / "coll" / "broken.zip").write_bytes(b"PK\x03\x04" + b"garbage" * 30)
    assert run("scan", "coll").code == 1
    assert run("scan", "coll", "--force", "--fail-on", "critical").code == 1


def test_a_bad_rule_file_is_named_with_its_reason(run: Keyboard, tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "bad.yml").write_text("title: x\ndetection: [")
    outcome = run("scan", EVIDENCE / "iis", "--rules", "rules")
    assert outcome.code == 3
    case = json.loads(Path("iis.case/case.json").read_bytes())
    (refused,) = case["tool"]["refused_rules"]
    assert refused["path"].endswith("bad.yml")
    assert refused["broken"] is True
    lint = run("rules", "lint", "rules")
    assert lint.code == 1
    assert "bad.yml" in lint.out


def test_archives_are_read_without_unpacking(run: Keyboard, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "inner.zip", "w", zipfile.ZIP_DEFLATED) as inner:
        for file in sorted(LAB.iterdir()):
            inner.write(file, file.name)
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as outer:
        outer.write(tmp_path / "inner.zip", "collection/inner.zip")
    (tmp_path / "inner.zip").unlink()
    before = sorted(path.name for path in tmp_path.iterdir())
    assert run("scan", "outer.zip", "--case", "c", "-q").code == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "c"])
    case = json.loads(Path("c/case.json").read_bytes())
    paths = {e["path"] for f in case["hosts"][0]["findings"] for e in f["evidence"]}
    assert all(path.startswith("outer.zip!/collection/inner.zip!/") for path in paths)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["scan"], "name the evidence"),
        (["scan", "nowhere"], "there is no nowhere"),
        (["scan", ".", "--case", "here"], "inside the evidence"),
        (["scan", "x", "--as-of", "soon"], "is no time"),
        (["scan", "x", "--rules", "nowhere"], "no rules at"),
        (["rules", "show", "no_such_rule"], "there is no rule"),
        (["demo", "x"], "exists"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_usage_is_exit_2_and_one_sentence(
    run: Keyboard, tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "a.log").write_text("nothing")
    outcome = run(*words)
    assert outcome.code == 2
    assert said in outcome.err


def test_a_case_is_never_overwritten_unasked(run: Keyboard, tmp_path: Path) -> None:
    assert run("scan", EVIDENCE / "iis", "-q").code == 3
    again = run("scan", EVIDENCE / "iis", "-q")
    assert (again.code, "already holds a case" in again.err) == (2, True)
    assert run("scan", EVIDENCE / "iis", "-q", "--force").code == 3
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    foreign = run("scan", EVIDENCE / "iis", "--case", "mine", "--force")
    assert (foreign.code, "thesis.txt" in foreign.err) == (2, True)


def test_the_demo_writes_a_server_and_scans_it(run: Keyboard) -> None:
    outcome = run("demo")
    assert outcome.code == 0
    assert outcome.out.startswith("COMPROMISED  EX01  executed, confirmed")
    assert Path("extriage-demo.case/case.json").is_file()
    assert run("demo", "other", "--attack", "probes").out.startswith("TARGETED")
    assert run("demo", "--force", "--attack", "none").out.startswith("CANNOT TELL")


def test_rules_can_be_listed_shown_and_tested(run: Keyboard) -> None:
    listed = run("rules", "list")
    assert listed.code == 0
    assert "httpproxy_ssrf_anchor_cve_2021_26855" in listed.out
    shown = run("rules", "show", "httpproxy_ssrf_anchor_cve_2021_26855")
    assert "CVE-2021-26855" in shown.out
    assert "Looks the same but is benign:" in shown.out
    tested = run("rules", "test")
    assert tested.code == 0
    assert re.search(r"[1-9]\d+ passed, 0 failed", tested.out)


def test_help_and_version_answer_without_loading_the_engine(run: Keyboard) -> None:
    assert "scan" in run("--help").out
    assert "0.1.0" in run("--version").out
    for command in ("scan", "report", "rules", "demo", "schema"):
        assert run(command, "--help").code == 0


def test_as_of_moves_up_to_now(run: Keyboard) -> None:
    run("scan", EVIDENCE / "iis" / "iis10.log", "--case", "c", "-q", "--as-of", "2021-04-01")
    case = json.loads(Path("c/case.json").read_bytes())
    (window,) = {
        cve["window"]["to"]
        for campaign in case["hosts"][0]["campaigns"]
        for cve in campaign["coverage"]
        if cve["window"]
    }
    assert window == "2021-04-01T00:00:00Z"


def write_suppress_file(text: str) -> None:
    Path("known.yml").write_text(text, "utf-8")


def test_what_is_suppressed_is_counted_and_listed_on_demand(run: Keyboard) -> None:
    write_suppress_file("suppress: [{rule: process_creation_*, reason: our own test}]\n")
    words = ("--suppress", "known.yml", "--force")
    scanned = run("scan", LAB, "--case", "lab", *words)
    assert re.search(
        r"  Suppressed \d+ lines by 1 entry: known.yml:1 \(\d+\): our own test", scanned.out
    )
    assert "── Suppressed: " not in scanned.out
    listed = run("scan", LAB, "--case", "lab", *words, "--show-suppressed")
    assert listed.out.startswith(scanned.out)
    assert "── Suppressed: " in listed.out
    assert "known.yml:1: our own test" in listed.out
    assert run("report", "lab", "--show-suppressed").out == listed.out
    rows = run("report", "lab", "--format", "csv").out.splitlines()
    assert rows[0].endswith(",suppressed,because")
    assert any(row.endswith(",known.yml:1,our own test") for row in rows)
    case = json.loads(Path("lab/case.json").read_bytes())
    assert not any(
        finding["rule"].startswith("process_creation_")
        for host in case["hosts"]
        for finding in host["findings"]
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("suppress: [{address: 10.0.0.300, reason: x}]", "known.yml:1: '10.0.0.300' is no address"),
        ("suppress: [", "known.yml is no valid YAML: line 1"),
    ],
)
def test_a_wrong_suppress_file_is_exit_2_and_a_sentence(
    run: Keyboard, text: str, said: str
) -> None:
    write_suppress_file(text)
    outcome = run("scan", LAB, "--suppress", "known.yml", "--case", "lab")
    assert outcome.code == 2
    assert outcome.err.startswith(f"extriage: {said}")
    assert outcome.err.count("\n") == 1
    assert not Path("lab").exists()
    assert run("scan", LAB, "--suppress", "none.yml", "--case", "lab").code == 2


def test_rules_say_what_they_could_see(run: Keyboard) -> None:
    shown = run("rules", "coverage")
    assert shown.code == 0
    assert re.search(
        r"^ProxyLogon .*\n(  .*\n)*  ECP server logs +planted", shown.out, re.MULTILINE
    )
    assert run("rules", "coverage", "--format", "csv").out.startswith("campaign,title,source,")
    document = json.loads(run("rules", "coverage", "--format", "json").out)
    assert document["rules"] > 60
    Path("mine").mkdir()
    Path("mine/knock.yml").write_text(
        "title: x\nname: my_knock\nlogsource: {product: exchange, service: ews}\n"
        "detection: {a: {SoapAction: GetItem}, condition: a}\ntags: [attack.t1114.002]\n"
        "extriage: {campaign: mine, stage: taken}\n"
    )
    words = ("rules", "coverage", "--rules", "mine", "--no-builtin-rules", "--format")
    assert "mine\n  EWS logs " in run(*words, "text").out
    (technique,) = json.loads(run(*words, "navigator").out)["techniques"]
    assert (technique["techniqueID"], technique["comment"]) == ("T1114.002", "my_knock")


def test_a_case_becomes_a_layer_of_techniques(run: Keyboard) -> None:
    run("scan", LAB, "--case", "lab", "-q")
    assert run("report", "lab", "--format", "navigator", "-o", "lab.json").code == 0
    layer = json.loads(Path("lab.json").read_bytes())
    scores = {one["techniqueID"]: one["score"] for one in layer["techniques"]}
    assert max(scores.values()) == 43, "executed, confirmed"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["timeline", "lab"], 0),
        (["timeline", "--help"], 0),
        (["--help"], 0),
        (["rules", "list"], 0),
        (["report", "lab", "--format", "json"], 0),
        (["grep", "lab", "whoami"], 0),
        (["scan", str(LAB), "--case", "lab", "--force"], 1),
    ],
)
def test_a_reader_who_goes_is_no_failure(run: Keyboard, words: list[str], code: int) -> None:
    run("scan", LAB, "--case", "lab")
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "extriage", *words]
    ended = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert ended.returncode == code
    assert not re.search(rb"error|Broken|Traceback", ended.stderr)
