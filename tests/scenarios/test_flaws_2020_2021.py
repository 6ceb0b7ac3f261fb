"""Small hand-made logs of the flaws of 2020 and 2021 and of stolen machine keys, scanned whole."""

import json
from pathlib import Path
from typing import Any

import pytest
from scenario import rescanned, the_host

IIS_HEAD = (
    "#Software: Microsoft Internet Information Services 10.0",
    "#Version: 1.0",
    "#Date: 2021-09-02 05:00:00",
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
)
MAILBOX = "/ecp/jdoe@contoso.example/"
RULE = MAILBOX + "RulesEditor/InboxRules.svc/NewObject"
CANARY = "msExchEcpCanary=FrgLJ_16A0Wr."
OBJECT = "/wEy" + "hAYAAQAAAP" + "A" * 400
FORGED = "__VIEWSTATEGENERATOR=B97B4E27&__VIEWSTATE=%2FwEy" + "hAYAAQAAAP" + "A" * 200
PLAIN = "QUFBQkJC" * 40
CAST = "System.InvalidCastException: Unable to cast object of type 'SortedSet' to type 'Hashtable'."


def request(second: int, method: str, url: str, status: int, user: str = "-") -> str:
    """Write a line of IIS: a request of an outsider on 2 September 2021 at 05:01."""
    stem, _, query = url.partition("?")
    return (
        f"2021-09-02 05:01:{second:02d} 10.0.0.5 {method} {stem} {query or '-'} 443 {user} "
        f"203.0.113.9 Mozilla/5.0 - {status} 0 0 31"
    )


def event(second: int, channel: str, provider: str, identity: int, text: str) -> str:
    """Write an event of the same minute as a log shipper does."""
    time = f"2021-09-02T05:01:{second:02d}.500Z"
    fields = {
        "Channel": channel, "SourceName": provider, "EventID": identity, "TimeCreated": time,
        "Hostname": "EX01.contoso.example", "Level": "2", "Message": text,
    }  # fmt: skip
    return json.dumps(fields)


def panel_error(second: int, error: str) -> str:
    url = f"https://ex01:444/ecp/default.aspx?{FORGED}(https://mail.contoso.example/ecp/)"
    text = (
        "Current user: 'contoso.example/Users/jdoe'\r\n"
        f"Request for URL '{url}' failed with the following error:\r\n{error}"
    )
    return event(second, "Application", "MSExchange Control Panel", 4, text)


def view_state(second: int, reason: str, detail: int, state: str) -> str:
    text = (
        f"Event code: 4009 \r\nEvent message: Viewstate verification failed. Reason: {reason} \r\n"
        f"Event detail code: {detail} \r\n\r\nViewStateException information: \r\n"
        "    Exception message: Invalid viewstate. \r\n\tClient IP: 203.0.113.9\r\n"
        f"\tUser-Agent: Mozilla/5.0\r\n\tPersistedState: {state}\r\n\tReferer: \r\n"
        "\tPath: /owa/auth/logoff.aspx \r\n"
    )
    return event(second, "Application", "ASP.NET 4.0.30319.0", 1316, text)


def cmdlet_failed(second: int, error: str) -> str:
    text = f'Cmdlet failed. Cmdlet Get-App, parameters -Mailbox "jdoe@contoso.example". {error}'
    return event(second, "MSExchange Management", "MSExchange CmdletLogs", 6, text)


UNREADABLE = "System.ArgumentException: The serialized data is invalid."
UNSIGNED = "System.Web.HttpException: Validation of viewstate MAC failed."
INVALID = ("Viewstate was invalid.", 50204)
WRONG_KEY = ("The viewstate supplied failed integrity check.", 50203)

ATTACKS = {
    "0688, taken apart": (
        [request(10, "GET", f"/ecp/default.aspx?{FORGED}", 500, "CONTOSO\\jdoe")],
        [panel_error(10, UNREADABLE)],
        ("cve-2020-0688", "executed", "likely"),
    ),
    "ProxyToken, a rule made": (
        [request(10, "POST", RULE, 500), request(12, "POST", f"{RULE}?{CANARY}", 200)],
        [],
        ("proxytoken", "planted", "confirmed"),
    ),
    "42321, the cmdlet fails on a foreign object": (
        [],
        [cmdlet_failed(10, CAST)],
        ("cve-2021-42321", "executed", "likely"),
    ),
    "an object in a page state": (
        [request(10, "POST", "/owa/auth/logoff.aspx", 500)],
        [view_state(10, *INVALID, OBJECT)],
        ("machine-keys", "executed", "confirmed"),
    ),
    "the page of a back door in memory": (
        [request(10, "POST", "/owa/auth/lang/cn304.aspx", 200)],
        [],
        ("machine-keys", "executed", "likely"),
    ),
}
ATTEMPTS = {
    "0688 with a logon, no event": (
        [request(10, "GET", f"/ecp/default.aspx?{FORGED}", 500, "CONTOSO\\jdoe")],
        [],
    ),
    "0688 against a corrected server": (
        [request(10, "GET", f"/ecp/default.aspx?{FORGED}", 500, "CONTOSO\\jdoe")],
        [panel_error(10, UNSIGNED)],
    ),
    "ProxyToken, the error and no more": ([request(10, "POST", RULE, 500)], []),
    "ProxyOracle, the link": (
        [request(10, "GET", "/owa/auth/frowny.aspx?te=\\&refurl=}}};alert(1)//", 200)],
        [],
    ),
    "an object with a wrong key": ([], [view_state(10, *WRONG_KEY, OBJECT)]),
    "the page of a back door is not there": (
        [request(10, "GET", "/owa/auth/lang/cn304.aspx", 302)],
        [],
    ),
}
BENIGN = {
    "a user and an administrator at work": (
        [
            request(10, "GET", "/ecp/default.aspx?exsvurl=1", 200, "CONTOSO\\admin"),
            request(11, "POST", f"/ecp/RulesEditor/InboxRules.svc/NewObject?{CANARY}", 200, "jdoe"),
            request(12, "GET", "/owa/auth/frowny.aspx?app=mail&et=ServerError&te=x", 200),
            request(13, "POST", "/ecp/DLPPolicy/DLPPolicy.svc/GetList", 200, "CONTOSO\\admin"),
        ],
        [cmdlet_failed(10, "ManagementObjectNotFoundException: object could not be found.")],
    ),
    "a farm with unequal keys, a session that ran out": (
        [request(10, "POST", f"{MAILBOX}RulesEditor/InboxRules.svc/GetList", 440)],
        [view_state(second, *WRONG_KEY, PLAIN) for second in range(10, 14)],
    ),
}


def scan(folder: Path, requests: list[str], events: list[str]) -> tuple[int, dict[str, Any]]:
    """Write the lines as files of a server, scan them, and return exit code and host."""
    logs = folder / "EVIDENCE/inetpub/logs/LogFiles/W3SVC1"
    logs.mkdir(parents=True)
    (logs / "u_ex210902.log").write_text("\n".join((*IIS_HEAD, *requests)) + "\n", "utf-8")
    if events:
        (folder / "EVIDENCE/events.json").write_text("\n".join(events) + "\n", "utf-8")
    code, case = rescanned(folder)
    return code, the_host(case)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_break_in_is_told_as_one(tmp_path: Path, name: str) -> None:
    requests, events, (campaign, stage, certainty) = ATTACKS[name]
    code, host = scan(tmp_path, requests, events)
    verdict = host["verdict"]
    assert code == 1
    assert verdict["status"] == "compromised"
    assert (verdict["stage"], verdict["certainty"]) == (stage, certainty), verdict["reason"]
    (told,) = (one for one in host["campaigns"] if one["campaign"] == campaign)
    assert told["stage"] == stage


@pytest.mark.parametrize("name", ATTEMPTS)
def test_an_attempt_stays_an_attempt(tmp_path: Path, name: str) -> None:
    _, host = scan(tmp_path, *ATTEMPTS[name])
    assert (host["verdict"]["status"], host["verdict"]["stage"]) == ("targeted", "probed")
    assert {one["stage"] for one in host["findings"]} <= {"probed", None}


@pytest.mark.parametrize("name", BENIGN)
def test_daily_work_claims_nothing(tmp_path: Path, name: str) -> None:
    code, host = scan(tmp_path, *BENIGN[name])
    assert {one["stage"] for one in host["findings"]} <= {None}
    assert {one["level"] for one in host["findings"]} <= {"informational", "low"}
    assert code == 3, "logs of a minute cannot tell of the years"
    assert host["verdict"]["status"] == "cannot-tell"


def test_an_event_with_a_known_key_lifts_the_request_beside_it(tmp_path: Path) -> None:
    """The request alone is a hint; the same client's page state with the right key proves it."""
    post = request(10, "POST", "/owa/auth/logoff.aspx", 500)
    _, alone = scan(tmp_path / "alone", [post], [])
    assert alone["verdict"]["status"] == "cannot-tell"
    _, both = scan(tmp_path / "both", [post], [view_state(10, *INVALID, PLAIN)])
    assert both["verdict"]["status"] == "compromised"
    assert both["verdict"]["stage"] == "executed"
