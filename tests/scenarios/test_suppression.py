"""A server that its own scanner asks every week, a stranger too, and somebody in between."""

import hashlib
import json
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from scenario import rescanned, the_host

from extriage.cli import scanning
from extriage.model.suppression import Suppression
from extriage.pipeline import worker
from extriage.pipeline.pack import Content, content_digest
from extriage.pipeline.rulecase import RuleCase, headers

NESSUS, STRANGER = "10.1.1.5", "203.0.113.77"
LOG = "EX01/Logging/HttpProxy/Ecp/HttpProxy_2021031007-1.LOG"
BACK_END = "ServerInfo~a]@ex01:444"
SCANNER = f"""
scanners:
  - name: Nessus
    addresses: [{NESSUS}]
    agents: ["python-requests/*"]
    from: 2021-03-01
    to: 2021-03-31
"""
KNOCK = {
    "UrlStem": "/owa/auth/x.js",
    "Method": "GET",
    "AnchorMailbox": "ServerInfo~localhost/owa/auth/logon.aspx?",
    "HttpStatus": 200,
    "BackEndStatus": 200,
}
STEPS = (
    ("/autodiscover/autodiscover.xml?#", 200),
    ("/mapi/emsmdb?#", 200),
    ("/ecp/proxyLogon.ecp?#", 241),
    ("/ecp/DDI/DDIService.svc/SetObject?schema=OABVirtualDirectory#", 200),
    ("/ecp/DDI/DDIService.svc/SetObject?schema=ResetOABVirtualDirectory#", 200),
)


def knocks(address: str, count: int = 4, hour: int = 7, **fields: Any) -> list[dict[str, Any]]:
    """Ask what vulnerability scanners ask."""
    return [
        {
            "DateTime": f"2021-03-10T{hour:02}:{minute:02}:01.000Z",
            "ClientIpAddress": address,
            "UserAgent": "python-requests/2.25.1",
            **KNOCK,
            **fields,
        }
        for minute in range(count)
    ]


def chain(address: str) -> list[dict[str, Any]]:
    """Break in through ProxyLogon."""
    return [
        {
            "DateTime": f"2021-03-10T09:00:{second:02}.000Z",
            "ClientIpAddress": address,
            "UserAgent": "python-requests/2.25.1",
            "UrlStem": "/ecp/y.js",
            "Method": "POST",
            "AnchorMailbox": BACK_END + step,
            "HttpStatus": status,
            "BackEndStatus": status,
        }
        for second, (step, status) in enumerate(STEPS)
    ]


def write(folder: Path, rows: list[dict[str, Any]], name: str = LOG) -> list[str]:
    """Write a log and return its lines."""
    case = RuleCase("x", name, headers()["httpproxy-2016"], {})
    lines = [case.header, *(case.text({"Protocol": "Ecp", **row}) for row in rows)]
    file = folder / "EVIDENCE" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes("".join(f"{line}\r\n" for line in lines).encode())
    return lines


def scan(folder: Path, suppress: str = "", *words: str) -> tuple[int, dict[str, Any]]:
    given = list(words)
    if suppress:
        (folder / "known.yml").write_text(suppress)
        given += ["--suppress", str(folder / "known.yml")]
    return rescanned(folder, *given, "--force")


def proofs(host: dict[str, Any]) -> list[str]:
    """Return the text of all lines that are shown as proof."""
    return [line["text"] for finding in host["findings"] for line in finding["evidence"]]


def rules(host: dict[str, Any]) -> set[str]:
    return {finding["rule"] for finding in host["findings"]}


def test_the_own_scanner_is_left_out_and_the_stranger_stays(tmp_path: Path) -> None:
    write(tmp_path, knocks(NESSUS) + knocks(STRANGER, 1, hour=8))
    before = the_host(scan(tmp_path)[1])
    code, case = scan(tmp_path, SCANNER)
    host = the_host(case)
    assert code == 3
    assert host["verdict"]["status"] == "targeted"
    assert "suppressed" not in host["verdict"]["reason"]
    assert proofs(host)
    assert all(STRANGER in text for text in proofs(host))
    assert rules(host) == rules(before), "one address that is left out hides nobody else's lines"
    taken = host["suppressed"]
    assert {row["scanner"] for row in taken} == {"Nessus"}
    assert {row["entry"] for row in taken} == {"known.yml:3"}
    assert all(len(row["evidence"]) <= 3 for row in taken)
    shape = next(row for row in taken if row["rule"].startswith("httpproxy_ssrf_scanner_shape"))
    assert (shape["count"], len(shape["evidence"])) == (4, 3)
    assert shape["first"].startswith("2021-03-10T07:00:01")
    assert shape["last"].startswith("2021-03-10T07:03:01")
    (use,) = case["suppressions"]
    assert use["lines"] == sum(row["count"] for row in taken)
    assert (use["shown"], use["note"], use["entry"]["in_force"]) == (0, "", True)


def test_a_verdict_says_what_suppressed_findings_would_make_of_it(tmp_path: Path) -> None:
    write(tmp_path, knocks(NESSUS))
    assert the_host(scan(tmp_path)[1])["verdict"]["status"] == "targeted"
    host = the_host(scan(tmp_path, SCANNER)[1])
    assert host["findings"] == []
    assert host["verdict"]["status"] == "cannot-tell"
    assert host["verdict"]["reason"].endswith(
        "findings are suppressed; with them this would be targeted (probed, confirmed)."
    )
    answers = {cve["answer"] for one in host["campaigns"] for cve in one["coverage"]}
    assert "seen" not in answers


def test_what_proves_more_than_a_probe_is_shown_whoever_sent_it(tmp_path: Path) -> None:
    write(tmp_path, knocks(NESSUS) + chain(NESSUS))
    before = the_host(scan(tmp_path)[1])
    code, case = scan(tmp_path, SCANNER)
    host = the_host(case)
    assert (code, host["verdict"]["status"]) == (1, "compromised")
    assert (host["verdict"]["stage"], host["verdict"]["certainty"]) == ("planted", "confirmed")
    strong = {
        "httpproxy_ladder_session_cve_2021_26855",
        "httpproxy_ladder_set_reset_cve_2021_27065",
    }
    assert strong <= rules(host)
    for rule in strong:
        kept = [f["count"] for one in (before, host) for f in one["findings"] if f["rule"] == rule]
        assert kept[0] == kept[1], "a sequence keeps all its steps"
    assert {f["stage"] for f in host["findings"]} == {"reached", "planted"}
    note = host["notes"][0]
    assert note.startswith(
        "lines from the own scanner Nessus (known.yml:3) prove more than a probe"
    )
    assert "may be forged" in note
    assert case["suppressions"][0]["shown"] > 0
    assert host["suppressed"]


def test_an_entry_that_hides_an_intruder_does_not_hide_that_it_does(tmp_path: Path) -> None:
    write(tmp_path, chain(STRANGER))
    entry = f"suppress: [{{address: {STRANGER}/32, reason: thought to be ours, by: J. Doe}}]"
    code, case = scan(tmp_path, entry)
    host = the_host(case)
    assert host["findings"] == []
    assert "with them this would be compromised (planted, confirmed)" in host["verdict"]["reason"]
    assert host["verdict"]["status"] == "cannot-tell"
    assert code == 3
    assert case["suppressions"][0]["entry"]["by"] == "J. Doe"


def test_an_entry_may_name_a_correlation_and_leaves_its_steps(tmp_path: Path) -> None:
    write(tmp_path, chain(STRANGER))
    rule = "httpproxy_ladder_session_cve_2021_26855"
    before = rules(the_host(scan(tmp_path)[1]))
    host = the_host(scan(tmp_path, f"suppress: [{{rule: {rule}, reason: x}}]")[1])
    assert rules(host) == before - {rule}
    assert {row["rule"] for row in host["suppressed"]} == {rule}
    other = the_host(
        scan(tmp_path, f"suppress: [{{rule: {rule}, address: 10.0.0.1, reason: x}}]")[1]
    )
    assert rules(other) == before


def test_suppressed_lines_are_no_steps_of_a_correlation(tmp_path: Path) -> None:
    write(tmp_path, chain(STRANGER))
    entry = "suppress: [{rule: httpproxy_ssrf_ddi_set_*, reason: x}]"
    host = the_host(scan(tmp_path, entry)[1])
    assert "httpproxy_ssrf_ddi_reset_cve_2021_27065" in rules(host)
    assert "httpproxy_ladder_set_reset_cve_2021_27065" not in rules(host)


@pytest.mark.parametrize(
    ("entry", "fits"),
    [
        ("address: 10.1.0.0/16", True),
        ("address: '::FFFF:10.1.1.5'", True),
        ("address: [192.0.2.1, 10.1.1.5]", True),
        ("address: 10.2.0.0/16", False),
        ("path: /owa/auth/x.js", True),
        ("path: /OWA/*", True),
        ("path: '*/HttpProxy_2021031007-1.LOG'", True),
        ("path: /ecp/*", False),
        ("campaign: proxylogon", True),
        ("campaign: proxyshell", False),
        ("user-agent: python requests/2.25.1", False),
        ("user-agent: PYTHON-requests/*", True),
        ("account: CONTOSO\\svc-scan", True),
        ("account: svc-scan", True),
        ("account: SVC-*", True),
        ("account: OTHER\\svc-scan", False),
        ("account: svc", False),
        ("host: ex01", True),
        ("host: EX0?", True),
        ("host: EX02", False),
        ("from: 2021-03-10T07:00:01Z\n    rule: '*'", True),
        ("to: 2021-03-09\n    rule: '*'", False),
        ("from: 2021-03-11\n    rule: '*'", False),
    ],
)
def test_an_entry_fits_by_what_it_names(tmp_path: Path, entry: str, fits: bool) -> None:
    write(tmp_path, knocks(NESSUS, AuthenticatedUser="CONTOSO\\svc-scan"))
    host = the_host(scan(tmp_path, f"suppress:\n  - reason: x\n    {entry}\n")[1])
    assert (host["findings"] == []) is fits
    assert bool(host["suppressed"]) is fits


def test_all_that_an_entry_names_must_fit(tmp_path: Path) -> None:
    write(tmp_path, knocks(NESSUS))
    both = f"suppress: [{{address: {NESSUS}, path: /ecp/*, reason: x}}]"
    assert the_host(scan(tmp_path, both)[1])["suppressed"] == []


def test_a_hash_is_that_of_a_line_or_of_its_file(tmp_path: Path) -> None:
    lines = write(tmp_path, knocks(NESSUS, 2))
    data = (tmp_path / "EVIDENCE" / LOG).read_bytes()
    of_line = hashlib.sha256(lines[1].encode()).hexdigest().upper()
    host = the_host(scan(tmp_path, f"suppress: [{{sha256: {of_line}, reason: x}}]")[1])
    assert {row["count"] for row in host["suppressed"]} == {1}
    assert {f["count"] for f in host["findings"]} == {1}
    of_file = hashlib.sha256(data).hexdigest()
    host = the_host(scan(tmp_path, f"suppress: [{{sha256: {of_file}, reason: x}}]")[1])
    assert {row["count"] for row in host["suppressed"]} == {2}
    assert host["findings"] == []


def test_workers_suppress_alike_and_the_bytes_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, knocks(NESSUS) + chain(NESSUS) + knocks(STRANGER, 1, hour=8))
    write(tmp_path, knocks(NESSUS, hour=5), LOG.replace("07-1", "05-1"))
    scan(tmp_path, SCANNER, "--jobs", "1")
    alone = (tmp_path / "case" / "case.json").read_bytes()
    monkeypatch.setattr(worker, "SMALL", 0)
    scan(tmp_path, SCANNER, "--jobs", "2")
    assert (tmp_path / "case" / "case.json").read_bytes() == alone


def test_an_entry_holds_until_its_last_day_and_then_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, knocks(NESSUS))
    entry = f"suppress: [{{address: {NESSUS}, reason: x, expires: 2026-11-30}}]"
    monkeypatch.setattr(scanning, "today", lambda: date(2026, 11, 30))
    _, held = scan(tmp_path, entry, "--as-of", "2027-05-01")
    assert the_host(held)["findings"] == []
    monkeypatch.setattr(scanning, "today", lambda: date(2026, 12, 1))
    _, over = scan(tmp_path, entry, "--as-of", "2021-03-20")
    assert the_host(over)["findings"] != []
    assert the_host(over)["suppressed"] == []
    (use,) = over["suppressions"]
    assert use["note"] == "expired on 2026-11-30 and suppresses nothing any more"
    assert use["entry"]["in_force"] is False
    assert "2026-12-01" not in json.dumps(over), "the day of the scan is no part of the case"


def test_an_entry_that_does_nothing_is_named(tmp_path: Path) -> None:
    write(tmp_path, knocks(STRANGER))
    entries = "suppress: [{address: 10.9.9.9, reason: x}, {rule: gone_*, reason: x}]"
    _, case = scan(tmp_path, entries)
    assert [use["note"].partition(":")[0] for use in case["suppressions"]] == [
        "suppressed nothing",
        "no rule that was loaded has such a name or campaign",
    ]


def test_other_entries_make_another_scan() -> None:
    one = Suppression("a.yml:1", "x", addresses=("10.0.0.1",))
    over = Suppression("a.yml:1", "x", addresses=("10.0.0.1",), in_force=False)
    digests = {content_digest(Content(suppressions=given)) for given in ((), (one,), (over,))}
    assert len(digests) == 3


def test_the_database_tells_what_was_suppressed_and_by_what(tmp_path: Path) -> None:
    write(tmp_path, knocks(NESSUS) + chain(NESSUS))
    entries = SCANNER + "suppress: [{rule: none_*, reason: x, by: me, expires: 2020-01-01}]"
    _, case = scan(tmp_path, entries)
    connection = sqlite3.connect(tmp_path / "case" / "case.db")
    try:
        uses = connection.execute(
            "SELECT entry, decided_by, in_force, lines, shown FROM suppressions"
        )
        assert uses.fetchall() == [
            (
                one["entry"]["id"],
                one["entry"]["by"],
                one["entry"]["in_force"],
                one["lines"],
                one["shown"],
            )
            for one in case["suppressions"]
        ]
        (selects,) = connection.execute(
            "SELECT selects FROM suppressions WHERE scanner <> ''"
        ).fetchone()
        assert json.loads(selects) == {
            "address": [NESSUS],
            "user-agent": ["python-requests/*"],
            "from": ["2021-03-01T00:00:00.000000Z"],
            "to": ["2021-03-31T23:59:59.999999Z"],
        }
        taken = connection.execute("SELECT rule, count FROM suppressed").fetchall()
        assert taken == [(row["rule"], row["count"]) for row in the_host(case)["suppressed"]]
        (lines,) = connection.execute("SELECT count(*) FROM suppressed_lines").fetchone()
        assert lines == sum(len(row["evidence"]) for row in the_host(case)["suppressed"])
        steps = connection.execute("SELECT count(*) FROM chain_steps").fetchone()
        assert steps == (sum(len(one["steps"]) for one in the_host(case)["chains"]),)
    finally:
        connection.close()
