"""Guessed passwords and relayed logons: what counts as a way in, and what every server sees."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from scenario import rescanned, the_host

START = datetime(2026, 8, 29, 5, tzinfo=UTC)
FIELDS = (
    "#Software: Microsoft Internet Information Services 10.0\n#Version: 1.0\n"
    "#Date: 2026-08-29 00:00:00\n"
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\n"
)
PHONE = "Apple-iPhone12C1/1802.86"
OUTLOOK = "Microsoft+Office/16.0+(Windows+NT+10.0;+Microsoft+Outlook+16.0.5275;+Pro)"
SYNC = "/Microsoft-Server-ActiveSync/default.eas"
EWS = "/EWS/Exchange.asmx"
PROXY = "/Microsoft.Exchange.MailboxReplicationService.ProxyService"
BIN = r"C:\Program Files\Microsoft\Exchange Server\V15\Bin"
SYSMON = "Microsoft-Windows-Sysmon/Operational"
TRIED = "iis_many_accounts_refused"
TAKEN = "iis_account_taken_after_spray"


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def request(seconds: float, stem: str, user: str, client: str, agent: str, answer: str) -> str:
    return (
        f"{moment(seconds):%Y-%m-%d %H:%M:%S} 10.0.0.5 POST {stem} - 443 {user} {client} {agent} - "
        f"{answer} 31"
    )


def refused(seconds: float, user: str, client: str, agent: str, stem: str = EWS) -> str:
    return request(seconds, stem, f"CONTOSO\\{user}", client, agent, "401 1 1326")


def answered(seconds: float, user: str, client: str, agent: str, stem: str = EWS) -> str:
    return request(seconds, stem, f"CONTOSO\\{user}", client, agent, "200 0 0")


def outlook(seconds: float, client: str) -> Iterable[str]:
    """Log a logon by NTLM as every mail program does it: refused twice, then let in."""
    for answer, user in (("401 2 5", "-"), ("401 1 2148074254", "-"), ("200 0 0", r"CONTOSO\b")):
        yield request(seconds, EWS, user, client, OUTLOOK, answer)


def web_log(folder: Path, lines: Iterable[str]) -> None:
    place = folder / "EVIDENCE" / "inetpub/logs/LogFiles/W3SVC1/u_ex260829.log"
    place.parent.mkdir(parents=True)
    place.write_text(FIELDS + "".join(f"{line}\n" for line in lines))


def event(seconds: float, channel: str, number: int, **data: str) -> dict[str, Any]:
    stamp = f"{moment(seconds):%Y-%m-%dT%H:%M:%S}.000Z"
    head = {"Channel": channel, "EventID": number, "Hostname": "EX01.contoso.example"}
    provider = {"SourceName": "Microsoft-Windows-Security-Auditing", "TimeCreated": stamp}
    return {**head, **provider, "@timestamp": stamp, **data}


def logon(seconds: float, account: str, client: str, package: str = "NTLM") -> dict[str, Any]:
    known = {"LogonType": "3", "AuthenticationPackageName": package, "IpAddress": client}
    return event(seconds, "Security", 4624, TargetUserName=account, **known)


def pipe(seconds: float, name: str, client: str) -> dict[str, Any]:
    share = {"ShareName": r"\\*\IPC$", "RelativeTargetName": name, "IpAddress": client}
    return event(seconds, "Security", 5145, SubjectUserName="novak", **share)


def written(seconds: float, target: str) -> dict[str, Any]:
    image = rf"{BIN}\MSExchangeMailboxReplication.exe"
    return event(seconds, SYSMON, 11, Image=image, TargetFilename=target)


def events(folder: Path, told: Iterable[dict[str, Any]]) -> None:
    place = folder / "EVIDENCE" / "events.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("".join(json.dumps(one) + "\n" for one in told))


def findings(case: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["rule"]: finding for finding in the_host(case)["findings"]}


def accounts(count: int) -> list[str]:
    return [f"user{number:02d}" for number in range(count)]


def test_a_password_that_was_found_is_a_way_in(tmp_path: Path) -> None:
    agent = "python-httpx/0.27.0"
    lines = [refused(at * 20, user, "203.0.113.9", agent) for at, user in enumerate(accounts(30))]
    lines.append(answered(700, "user17", "203.0.113.9", agent))
    web_log(tmp_path, lines)
    code, case = rescanned(tmp_path)
    found = findings(case)
    assert code == 1
    assert (found[TRIED]["stage"], found[TRIED]["count"]) == ("probed", 30)
    assert (found[TAKEN]["stage"], found[TAKEN]["certainty"]) == ("reached", "likely")
    assert found[TAKEN]["evidence"][-1]["text"].split()[7] == "CONTOSO\\user17"
    assert the_host(case)["verdict"]["status"] == "targeted"


def test_a_success_in_the_middle_of_guessing_counts_too(tmp_path: Path) -> None:
    agent = "python-httpx/0.27.0"
    lines = [refused(at * 20, user, "203.0.113.9", agent) for at, user in enumerate(accounts(40))]
    lines.insert(20, answered(399, "user19", "203.0.113.9", agent))
    web_log(tmp_path, lines)
    assert TAKEN in findings(rescanned(tmp_path)[1])


@pytest.mark.parametrize(
    "lines",
    [
        # One phone with an old password, all day.
        [refused(at * 60, "novak", "198.51.100.7", PHONE, SYNC) for at in range(600)],
        # Many phones of many kinds behind one load balancer, on the day after passwords expired.
        [
            refused(at * 30, user, "10.0.0.9", f"Apple-iPhone{at}C1/1802.86", SYNC)
            for at, user in enumerate(accounts(60))
        ],
        # The answers that every mail program gets before it is let in.
        [line for at in range(400) for line in outlook(at, "10.20.9.215")],
        # An office behind one address: some mistype, all read mail.
        [
            line
            for at, user in enumerate(accounts(9))
            for line in (
                refused(at * 60, user, "203.0.113.9", OUTLOOK),
                answered(at * 60 + 9, user, "203.0.113.9", OUTLOOK),
            )
        ],
    ],
    ids=["phone", "load balancer", "ntlm", "office"],
)
def test_ordinary_refusals_prove_nothing(tmp_path: Path, lines: list[str]) -> None:
    web_log(tmp_path, lines)
    _, case = rescanned(tmp_path)
    told = [f for f in findings(case).values() if f["stage"] or f["level"] in ("high", "critical")]
    assert told == []
    assert the_host(case)["verdict"]["stage"] is None


def test_a_relayed_logon_that_wrote_a_page_is_a_break_in(tmp_path: Path) -> None:
    page = r"C:\inetpub\wwwroot\aspnet_client\rss.aspx"
    steps = [pipe(0, "efsrpc", "10.0.0.66"), logon(2, "EX02$", "10.0.0.66"), written(30, page)]
    events(tmp_path, steps)
    code, case = rescanned(tmp_path)
    found = findings(case)
    relay = found["security_rare_pipe_then_machine_account"]
    planted = found["file_event_replication_page_after_logon_cve_2026_62911"]
    assert code == 1
    assert (relay["stage"], relay["certainty"]) == ("reached", "likely")
    assert (planted["stage"], planted["certainty"]) == ("planted", "confirmed")
    assert planted["cves"] == ["CVE-2026-62911"]
    assert the_host(case)["verdict"]["status"] == "compromised"


def test_the_same_page_before_the_hole_was_known_is_not_laid_to_it(tmp_path: Path) -> None:
    page = r"C:\inetpub\wwwroot\aspnet_client\rss.aspx"
    told = [logon(2, "EX02$", "10.0.0.66"), written(30, page)]
    for one in told:
        for name in ("TimeCreated", "@timestamp"):
            one[name] = one[name].replace("2026-08-29", "2021-08-15")
    events(tmp_path, told)
    found = findings(rescanned(tmp_path)[1])
    assert "CVE-2026-62911" not in {cve for one in found.values() for cve in one["cves"]}


def test_a_computer_from_two_addresses_is_a_hint_and_no_verdict(tmp_path: Path) -> None:
    told = [pipe(0, "srvsvc", "10.0.0.77"), logon(2, "PC77$", "10.0.0.77")]
    told += [logon(9, "EX02$", "10.0.0.6", "Kerberos"), written(60, r"D:\Export\novak.pst")]
    events(tmp_path, told)
    before = findings(rescanned(tmp_path)[1]).values()
    assert {(one["about"], one["level"]) for one in before} <= {("exposure", "informational")}
    events(tmp_path, [*told, logon(70, "PC77$", "10.0.0.78")])
    _, case = rescanned(tmp_path, "--force")
    (found,) = (one for one in findings(case).values() if one["about"] != "exposure")
    assert found["rule"] == "security_machine_account_from_two_addresses"
    assert (found["stage"], found["hints"]) == (None, "reached")
    assert the_host(case)["verdict"]["stage"] is None


def test_asking_for_the_replication_proxy_is_knocking(tmp_path: Path) -> None:
    web_log(tmp_path, [request(0, PROXY, "-", "203.0.113.9", "Mozilla/5.0", "404 0 2")])
    _, case = rescanned(tmp_path)
    (found,) = findings(case).values()
    assert found["rule"] == "webserver_replication_proxy_asked_cve_2026_62911"
    assert (found["stage"], the_host(case)["verdict"]["status"]) == ("probed", "targeted")
