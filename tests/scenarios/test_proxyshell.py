"""ProxyShell, ProxyNotShell and OWASSRF on whole servers: did it work, as whom, what stays."""

import base64
import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from scenario import cmdlet, rescanned, the_host

AUTODISCOVER = "/autodiscover/autodiscover.json"
FIELDS = (
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken"
)
TAIL = "&CorrelationID=<empty>;&cafeReqId="
INTRUDER = "203.0.113.9"
USER = "CONTOSO\\jdoe"
PAGE = "Qx7rT2bn.aspx"
ROLE = '-Role "Mailbox Import Export" -User "administrator@contoso.example"'
DRAFT = '-Mailbox "administrator@contoso.example" -IncludeFolders ("#Drafts#")'
EXPORT = f'{DRAFT} -FilePath "\\\\localhost\\c$\\inetpub\\wwwroot\\aspnet_client\\{PAGE}"'


def token() -> str:
    """Write the token that published tools write: an administrator in one group."""
    parts = b"V\x01\x00T\x07WindowsC\x00A\x08KerberosL\x15admin@contoso.example"
    sid = b"S-1-5-21-1111111111-2222222222-3333333333-500"
    parts += b"U" + bytes([len(sid)]) + sid + b"G\x01\x00\x00\x00\x07\x00\x00\x00\x0cS-1-5-32-544"
    return base64.b64encode(parts + b"E\x00\x00\x00\x00").decode()


SESSION = f"@evil.example/powershell/?X-Rps-CAT={token()}&Email=autodiscover/autodiscover.json%3F@x"
BY_USER = "@evil.example/powershell/?&Email=autodiscover/autodiscover.json%3F@x"


def request(when: str, stem: str, query: str = "", **columns: Any) -> str:
    """Write a row of the front end's IIS log; a POST of the intruder's that was answered."""
    known = {"method": "POST", "status": 200, "user": "-", "client": INTRUDER, **columns}
    middle = f"443 {known['user']} {known['client']} Mozilla/5.0 - {known['status']} 0 0 93"
    unique = uuid.uuid5(uuid.NAMESPACE_URL, f"{when} {stem} {query} {middle}")
    return f"{when} 10.0.0.5 {known['method']} {stem} {query}{TAIL}{unique}; {middle}"


def ordinary(first: datetime, last: datetime) -> Iterable[str]:
    """Write what runs all day: phones, the logon page, settings that clients look for."""
    while first < last:
        when = f"{first:%Y-%m-%d %H:%M:%S}"
        yield request(
            when, "/owa/auth/logon.aspx", "url=/owa/&reason=0", method="GET", client="::1"
        )
        settings = "Email=jdoe@contoso.example&Protocol=Powershell&RedirectCount=1"
        yield request(when, AUTODISCOVER, settings, method="GET", client="192.0.2.7")
        yield request(when, "/EWS/Exchange.asmx", user=USER, client="192.0.2.7")
        first += timedelta(hours=1)


def served(folder: Path, day: str, requests: Iterable[str], cmdlets: Iterable[str] = ()) -> Path:
    """Put the logs of a server down; its IIS log covers a week around the day."""
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    rows = [*ordinary(at - timedelta(days=8), at + timedelta(days=1)), *requests]
    log = folder / "EVIDENCE" / "EX01" / "inetpub" / "logs" / "LogFiles" / "W3SVC1" / "u_ex.log"
    log.parent.mkdir(parents=True)
    log.write_text("\n".join([FIELDS, *sorted(rows)]) + "\n")
    if events := list(cmdlets):
        (folder / "EVIDENCE" / "EX01" / "management.json").write_text("\n".join(events) + "\n")
    return folder


def judged(folder: Path, campaign: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Scan; return exit code, verdict and the answers of one campaign."""
    code, case = rescanned(folder)
    host = the_host(case)
    (own,) = (one for one in host["campaigns"] if one["campaign"] == campaign)
    return code, host["verdict"], {cve["cve"]: cve["answer"] for cve in own["coverage"]}


def session(query: str, **columns: Any) -> list[str]:
    """Write the requests that one remote session with one cmdlet takes."""
    return [
        request(f"2021-08-13 05:01:{second}", AUTODISCOVER, query, **columns)
        for second in range(20, 27)
    ]


def chain() -> list[str]:
    mapi = request("2021-08-13 05:01:10", AUTODISCOVER, "a=abcde@fghij.klm/mapi/emsmdb")
    draft = request("2021-08-13 05:01:12", AUTODISCOVER, "a=abcde@fghij.klm/EWS/exchange.asmx")
    return [mapi, draft, *session(SESSION)]


def scanners() -> list[str]:
    return [
        request(f"2021-08-13 05:{minute}:10", AUTODISCOVER, query, status=status, client=client)
        for minute, query, status, client in (
            (10, "@evil.example/mapi/nspi/", 401, "198.51.100.7"),
            (11, "@evil.example/owa/&Email=autodiscover/autodiscover.json%3F@x", 302, INTRUDER),
            (12, SESSION, 401, "198.51.100.8"),
            (13, "%2540evil.example%252Fmapi%252Fnspi", 404, "198.51.100.9"),
        )
    ]


def test_the_whole_chain_of_proxyshell_among_ordinary_lines_is_told(tmp_path: Path) -> None:
    used = request("2021-08-13 05:03:00", f"/aspnet_client/{PAGE}")
    cmdlets = [
        cmdlet("2021-08-13T05:01:22.402Z", "New-ManagementRoleAssignment", ROLE),
        cmdlet("2021-08-13T05:01:24.402Z", "New-MailboxExportRequest", EXPORT),
        cmdlet("2021-08-13T05:02:30.402Z", "Remove-MailboxExportRequest", '-Identity "a\\b"'),
    ]
    served(tmp_path, "2021-08-13", [*scanners(), *chain(), used], cmdlets)
    code, verdict, answers = judged(tmp_path, "proxyshell")
    assert code == 1
    assert verdict["status"] == "compromised"
    assert (verdict["stage"], verdict["certainty"]) == ("executed", "confirmed")
    assert set(answers.values()) == {"seen"}


def test_scanners_for_proxyshell_only_knock(tmp_path: Path) -> None:
    served(tmp_path, "2021-08-13", scanners())
    code, verdict, answers = judged(tmp_path, "proxyshell")
    assert (verdict["status"], verdict["stage"]) == ("targeted", "probed")
    assert answers["CVE-2021-34473"] == "seen"
    assert answers["CVE-2021-34523"] == "not-seen", "the IIS log covers the time"
    assert answers["CVE-2021-31207"] == "cannot-tell", "no record of cmdlets is there"
    assert code == 3
    case = json.loads((tmp_path / "case" / "case.json").read_bytes())
    own = [one for one in the_host(case)["findings"] if one["campaign"] == "proxyshell"]
    counts = {finding["rule"]: finding["count"] for finding in own}
    assert counts == {
        "webserver_path_confusion_refused_cve_2021_34473": 3,
        "webserver_path_confusion_answered_cve_2021_34473": 1,
    }, "the disguised one counts, the clients that look for their settings do not"


def failed(folder: Path, *before: str) -> tuple[int, dict[str, Any]]:
    refused = cmdlet("2021-08-13T05:01:24.402Z", "New-MailboxExportRequest", EXPORT, "Cannot open")
    served(folder, "2021-08-13", (), [*before, refused])
    code, case = rescanned(folder)
    return code, the_host(case)


def test_an_export_that_failed_planted_no_page(tmp_path: Path) -> None:
    code, host = failed(tmp_path)
    verdict = host["verdict"]
    assert (verdict["status"], verdict["stage"]) == ("targeted", "reached")
    assert verdict["certainty"] == "likely"
    assert code == 1


def test_a_role_given_away_before_an_export_that_failed_stays(tmp_path: Path) -> None:
    role = cmdlet("2021-08-13T05:01:22.402Z", "New-ManagementRoleAssignment", ROLE)
    code, host = failed(tmp_path, role)
    stages = {finding["rule"]: finding["stage"] for finding in host["findings"]}
    assert stages == {
        "cmdlet_export_into_web_file_failed_cve_2021_31207": "reached",
        "cmdlet_import_export_role_assigned": None,
    }
    stays = [f["rule"] for f in host["findings"] if f["about"] == "persistence"]
    assert stays == ["cmdlet_import_export_role_assigned"]
    assert (host["verdict"]["status"], host["verdict"]["stage"]) == ("compromised", "planted")
    assert code == 1


def test_proxynotshell_names_a_stolen_account(tmp_path: Path) -> None:
    rows = [row.replace("2021-08-13", "2022-10-05") for row in session(BY_USER, user=USER)]
    served(tmp_path, "2022-10-05", rows)
    code, verdict, answers = judged(tmp_path, "proxynotshell")
    assert verdict["status"] == "compromised"
    assert (verdict["stage"], verdict["certainty"]) == ("reached", "confirmed")
    assert answers == {"CVE-2022-41040": "seen", "CVE-2022-41082": "seen"}
    assert code == 1


def test_proxynotshell_refused_by_the_rewrite_rule_is_a_knock(tmp_path: Path) -> None:
    rows = [row.replace("2021-08-13", "2022-10-05") for row in session(BY_USER, status=403)]
    served(tmp_path, "2022-10-05", rows)
    code, verdict, answers = judged(tmp_path, "proxynotshell")
    assert (verdict["status"], verdict["stage"]) == ("targeted", "probed")
    assert answers["CVE-2022-41040"] == "seen"
    assert code == 3


def test_owassrf_is_seen_where_the_rewrite_rule_is_blind(tmp_path: Path) -> None:
    stem = "/owa/mastermailbox@outlook.com/powershell"
    user = "jdoe@contoso.example"
    rows = [request(f"2022-12-05 05:01:{second}", stem, user=user) for second in range(20, 27)]
    served(tmp_path, "2022-12-05", rows)
    code, verdict, answers = judged(tmp_path, "owassrf")
    assert verdict["status"] == "compromised"
    assert (verdict["stage"], verdict["certainty"]) == ("reached", "confirmed")
    assert answers == {"CVE-2022-41080": "seen", "CVE-2022-41082": "seen"}
    assert code == 1
