"""Unmodified rules of the SigmaHQ collection: all load, and each runs or says why it cannot.

The web rules must fire on what IIS really writes: the path in `cs-uri-stem`, `+` for blanks.
"""

from functools import cache
from pathlib import Path

import pytest
from sigma_cases import LOGSOURCES, record

from extriage.matchers.sigma import CompiledRule, RuleSet, load_rules
from extriage.model.evidence import Record
from extriage.parsers import cmdlet
from extriage.parsers.ecp import decode

UPSTREAM = Path(__file__).parents[1] / "upstream" / "sigma"

IIS_FIELDS = (
    *("date", "time", "s-ip", "cs-method", "cs-uri-stem", "cs-uri-query", "s-port"),
    *("cs-username", "c-ip", "cs(User-Agent)", "cs(Referer)", "sc-status", "sc-substatus"),
    *("sc-win32-status", "time-taken"),
)


@cache
def rules() -> RuleSet:
    return load_rules([UPSTREAM], LOGSOURCES)


def rule(rule_id: str) -> CompiledRule:
    return next(one for one in rules().rules if one.rule.id == rule_id)


def iis(line: str) -> Record:
    """Return the record of a plain IIS row; `-` stands for an empty value."""
    values = ["" if value == "-" else value for value in line.split(" ")]
    return record("iis", dict(zip(IIS_FIELDS, values, strict=True)), line)


def httpproxy(stem: str, query: str, **fields: str) -> Record:
    """Return the record of an HttpProxy row, which loses commas and keeps the `?`."""
    kept = {"UrlStem": stem, "UrlQuery": query, **fields}
    kept = {name: value.replace(",", " ") for name, value in kept.items()}
    return record("httpproxy", kept, ",".join(kept.values()))


def fires(rule_id: str, found: Record) -> bool:
    targets = [target for target in rule(rule_id).targets if target.kind == found.kind]
    assert targets
    lowered = found.text.lower().encode()
    for target in targets:
        if target.matches(found):
            assert all(any(one in lowered for one in clause) for clause in target.clauses)
            return True
    return False


def test_every_upstream_rule_runs_or_says_why_not() -> None:
    files = sorted(UPSTREAM.rglob("*.yml"))
    found = rules()
    assert len(files) == 147
    assert len(found.rules) + len(found.refused) == 147
    assert len(found.rules) == 134
    assert not any(refused.broken for refused in found.refused)
    for one in found.rules:
        assert one.rule.author
        assert one.rule.kinds
        assert one.generate


REASONS = {
    "cisco_syslog_cve_2023_20198_ios_xe_web_ui.yml": "network devices",
    "file_event_lnx_sap_netweaver_webshell_creation.yml": "linux/file_event: Exchange runs on",
    "web_lnx_exploit_cve_2025_31324_sap_netviewer_webshell_uploaded.yml": "cs-content-type",
    "microsoft365_new_federated_domain_added_exchange.yml": "m365/exchange: audit records",
    "lnx_auditd_web_rce.yml": "linux/auditd: Exchange runs on Windows",
    "proc_creation_lnx_webshell_detection.yml": "linux/process_creation",
    "fortinet_fortigate_new_vpn_ssl_web_portal.yml": "fortigate/event",
    "web_apache_segfault.yml": "apache",
    "web_apache_threading_error.yml": "apache",
    "web_nginx_core_dump.yml": "nginx",
    "file_event_win_exchange_webshell_drop.yml": "CommandLine: Sysmon writes no command line",
    "file_event_win_exchange_webshell_drop_suspicious.yml": "CommandLine: Sysmon writes no",
    "web_multiple_susp_resp_codes_single_source.yml": "correlation rules",
}


def test_refused_upstream_rules_are_named_with_the_reason() -> None:
    found = {refused.path.rpartition("/")[2]: refused.reason for refused in rules().refused}
    assert found.keys() == REASONS.keys()
    for name, reason in REASONS.items():
        assert reason in found[name]


HAFNIUM = "67bce556-312f-4c81-9162-c3c9ff2599b2"
PROXYSHELL_TRIED = "23eee45e-933b-49f9-ae1b-df706d2d52ef"
PROXYSHELL_DONE = "992be1eb-e5da-437e-9a54-6d13b57bb4d8"
OWASSRF = "181f49fa-0b21-4665-a98c-a57025ebb8c7"
OWASSRF_POC = "92d78c63-5a5c-4c40-9b60-463810ffb082"
VIEWSTATE = "fce2c2e2-0fb5-41ab-a14c-5391e1fd70a5"
VIEWSTATE_EXPLOIT = "7c64e577-d72e-4c3d-9d75-8de6d1f9146a"
PROXYTOKEN = "56973b50-3382-4b56-bdf5-f51a3183797a"
CALENDAR = "a2a9d722-0acb-4096-bccc-daaf91a5037b"
RESET = "effee1f6-a932-4297-a81f-acb44064fa3a"
WEB_SHELL = "7ff9db12-1b94-4a79-ba68-a2402c5d6729"

CHROME = (
    "Mozilla/5.0+(Windows+NT+10.0;+Win64;+x64)+AppleWebKit/537.36+(KHTML,+like+Gecko)"
    "+Chrome/105.0.5195.54+Safari/537.36"
)
TAIL = "&CorrelationID=<empty>;&cafeReqId=d2f0ae2e-0d4f-4a52-b8d1-4f4c2a2e7f10;&encoding=;"


def row(method: str, stem: str, query: str, agent: str, status: int, user: str = "-") -> str:
    return (
        f"2021-03-01 06:40:13 10.0.0.5 {method} {stem} {query} 443 {user} 203.0.113.7 {agent} -"
        f" {status} 0 0 31"
    )


FIRING = [
    (HAFNIUM, row("POST", "/owa/auth/Current/themes/resources/logon.css", "-", "curl/7", 200)),
    (HAFNIUM, row("POST", "/ecp/y.js", TAIL, "ExchangeServicesClient/0.0.0.0", 200)),
    (
        HAFNIUM,
        row(
            "POST",
            "/aspnet_client/x.aspx",
            "-",
            "Googlebot/2.1+(+http://www.googlebot.com/bot.html)",
            200,
        ),
    ),
    (
        PROXYSHELL_TRIED,
        row("GET", "/autodiscover/autodiscover.json", "@foo.com/mapi/nspi/" + TAIL, "x", 401),
    ),
    (
        PROXYSHELL_DONE,
        row("POST", "/autodiscover/autodiscover.json", "@foo.com/powershell/" + TAIL, "x", 200),
    ),
    (OWASSRF, row("POST", "/owa/mastermailbox@outlook.com/powershell", TAIL, CHROME, 200)),
    (OWASSRF_POC, row("POST", "/owa/mastermailbox@outlook.com/powershell", TAIL, CHROME, 200)),
    (VIEWSTATE, row("GET", "/ecp/default.aspx", "__VIEWSTATEGENERATOR=B&__VIEWSTATE=x", "x", 500)),
    (
        VIEWSTATE_EXPLOIT,
        row("GET", "/ecp/default.aspx", "__VIEWSTATEGENERATOR=B97B4E27&__VIEWSTATE=x", "x", 500),
    ),
    (
        PROXYTOKEN,
        row("POST", "/ecp/a@b.c/RulesEditor/InboxRules.svc/NewObject", "msExch=1", "x", 500),
    ),
    (CALENDAR, row("POST", "/owa/calendar/a@b.c/x", "-", "x", 200)),
    (
        RESET,
        row(
            "POST",
            "/ecp/DDI/DDIService.svc/SetObject",
            "schema=ResetOABVirtualDirectory",
            "x",
            200,
            "LAB\\SRV$",
        ),
    ),
    (WEB_SHELL, row("GET", "/aspnet_client/x.aspx", "cmd=whoami", "x", 200)),
]

SILENT = [
    (HAFNIUM, row("GET", "/owa/auth/Current/themes/resources/logon.css", "-", "x", 200)),
    (PROXYSHELL_DONE, row("GET", "/autodiscover/autodiscover.json", "Email=a@b.c", "x", 200)),
    (
        OWASSRF,
        row("POST", "/owa/a@b.c/powershell", "-", "Microsoft+WinRM+Client", 200),
    ),
    (OWASSRF_POC, row("POST", "/owa/mastermailbox@outlook.com/powershell", "-", "curl/7", 200)),
    (VIEWSTATE, row("GET", "/ecp/default.aspx", "-", "x", 200)),
    (PROXYTOKEN, row("POST", "/ecp/RulesEditor/InboxRules.svc/NewObject", "-", "x", 200)),
    (CALENDAR, row("POST", "/owa/calendar/a@b.c/x", "-", "x", 503)),
]


@pytest.mark.parametrize(("rule_id", "line"), FIRING)
def test_web_rules_fire_on_plain_iis_rows(rule_id: str, line: str) -> None:
    assert fires(rule_id, iis(line))


@pytest.mark.parametrize(("rule_id", "line"), SILENT)
def test_web_rules_are_silent_on_ordinary_iis_rows(rule_id: str, line: str) -> None:
    assert not fires(rule_id, iis(line))


def test_web_rules_fire_on_the_front_ends_own_log_too() -> None:
    agent = CHROME.replace("+", " ")
    done = httpproxy(
        "/autodiscover/autodiscover.json",
        "?@foo.com/powershell/?X-Rps-CAT=VgEA",
        Method="POST",
        HttpStatus="200",
        UserAgent=agent,
    )
    assert fires(PROXYSHELL_DONE, done)
    poc = httpproxy(
        "/owa/mastermailbox@outlook.com/powershell",
        "",
        Method="POST",
        HttpStatus="200",
        UserAgent=agent,
    )
    assert fires(OWASSRF_POC, poc)
    yandex = "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)"
    bot = httpproxy("/owa/auth/Current/x.js", "", Method="POST", UserAgent=yandex)
    assert fires(HAFNIUM, bot)
    winrm = httpproxy(
        "/owa/a@b.c/powershell",
        "",
        Method="POST",
        HttpStatus="200",
        UserAgent="Microsoft WinRM Client",
    )
    assert not fires(OWASSRF, winrm)


def test_an_ending_is_found_before_what_the_front_end_appends(tmp_path: Path) -> None:
    file = tmp_path / "rule.yml"
    file.write_text(
        "title: t\nlogsource: {category: webserver}\n"
        "detection: {sel: {cs-uri-query|endswith: '/x.xsl?a=b'}, condition: sel}\n"
    )
    (found,) = load_rules([file], LOGSOURCES).rules
    target = next(one for one in found.targets if one.kind == "iis")
    assert target.matches(iis(row("GET", "/dir/x.xsl", "a=b" + TAIL, "x", 200)))
    assert not target.matches(iis(row("GET", "/dir/x.xsl", "a=bc" + TAIL, "x", 200)))


def event(channel: str, event_id: int, **fields: str | tuple[str, ...]) -> Record:
    return record("events", {"Channel": channel, "EventID": str(event_id), **fields}, "{}")


def matching(found: Record) -> set[str]:
    return {
        one.rule.path.rpartition("/")[2]
        for one, target in rules().targets("events")
        if target.matches(found)
    }


def test_windows_rules_read_sysmon_and_the_security_log_alike() -> None:
    name = "proc_creation_win_webshell_susp_process_spawned_from_webserver.yml"
    paths = {"image": "C:\\Windows\\System32\\cmd.exe", "parent": "C:\\x\\inetsrv\\w3wp.exe"}
    sysmon = event(
        "Microsoft-Windows-Sysmon/Operational",
        1,
        Image=paths["image"],
        ParentImage=paths["parent"],
        CommandLine="cmd /c whoami",
    )
    security = event(
        "Security",
        4688,
        NewProcessName=paths["image"],
        ParentProcessName=paths["parent"],
        CommandLine="cmd /c whoami",
    )
    elsewhere = event("Security", 4689, ParentProcessName=paths["parent"])
    assert name in matching(sysmon)
    assert name in matching(security)
    assert not matching(elsewhere)


def test_keyword_rules_read_the_data_items_of_cmdlet_events() -> None:
    data = (
        "Set-OabVirtualDirectory",
        '-ExternalUrl "http://f/<script language=\\"JScript\\" runat=\\"server\\">'
        'function Page_Load(){eval(request["o"],"unsafe");}</script>"',
    )
    found = event("MSExchange Management", 1, Data=data)
    cmdlet.decode(found.fields, 1)
    assert {
        "win_exchange_proxylogon_oabvirtualdir.yml",
        "win_exchange_set_oabvirtualdirectory_externalurl.yml",
    } <= matching(found)
    assert not matching(event("MSExchange Management", 1, Data=("Get-Mailbox", "-Identity x")))


def test_a_level_is_read_by_number_and_by_name() -> None:
    fields = {
        "Provider_Name": "MSExchange Control Panel",
        "EventData": "https://srv/ecp/default.aspx?x=1&__VIEWSTATE=abc",
    }
    name = "win_vul_cve_2020_0688.yml"
    assert name in matching(event("Application", 4, Level="2", **fields))
    assert name in matching(event("Application", 4, Level="Error", **fields))
    assert name not in matching(event("Application", 4, Level="4", **fields))


def test_our_own_log_sources_use_the_logs_own_names(tmp_path: Path) -> None:
    file = tmp_path / "rule.yml"
    file.write_text(
        "title: t\nlogsource: {product: exchange, service: ecp-server}\n"
        "detection: {sel: {'S:CMD|contains': script}, condition: sel}\n"
    )
    (found,) = load_rules([file], LOGSOURCES).rules
    fields: dict[str, str | tuple[str, ...]] = {"EventData": "S:TIME=1;'S:CMD=Set-X <script>'"}
    decode(fields, "")
    assert found.targets[0].matches(record("ecp-server", fields))


@pytest.mark.parametrize(("port", "kinds"), [("443", "front"), ("444", "back"), ("81", "back")])
def test_the_port_tells_front_end_from_back_end(tmp_path: Path, port: str, kinds: str) -> None:
    for side in ("frontend", "backend"):
        (tmp_path / f"{side}.yml").write_text(
            f"title: t\nname: {side}\nlogsource: {{product: exchange, service: iis-{side}}}\n"
            "detection: {sel: {cs-method: POST}, condition: sel}\n"
        )
    found = load_rules([tmp_path], LOGSOURCES)
    met = {
        one.rule.id
        for one, target in found.targets("iis")
        if target.matches(record("iis", {"cs-method": "POST", "s-port": port}))
    }
    assert met == {f"{kinds}end"}
