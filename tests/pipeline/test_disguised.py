"""What rules see in disguised lines, and what a finding then says."""

import io
from pathlib import Path

import pytest

from extriage.parsers import KINDS
from extriage.parsers.httpproxy import COLUMNS
from extriage.pipeline.collect import Collector
from extriage.pipeline.lines import LineReader
from extriage.pipeline.pack import Content, load_pack

RULE = """
title: Door
id: 0d5f1c3c-55b4-4a39-9b5e-6f5f4f5b0c01
name: door
logsource: {category: webserver}
detection:
  door: {cs-uri-query|contains|all: ['autodiscover.json', '/powershell']}
  condition: door
level: high
---
title: Administrator
id: 0d5f1c3c-55b4-4a39-9b5e-6f5f4f5b0c02
name: administrator
logsource: {product: exchange, service: httpproxy}
detection:
  token:
    UrlQuery|contains: X-Rps-CAT
    CommonAccessToken.UserSid|endswith: '-500'
    CommonAccessToken.Groups: S-1-5-32-544
  condition: token
level: high
---
title: Commas
id: 0d5f1c3c-55b4-4a39-9b5e-6f5f4f5b0c03
name: commas
logsource: {product: exchange, service: httpproxy}
detection:
  query: {UrlQuery|contains: 'list=one,two,three'}
  agent: {UserAgent|contains: '(KHTML, like Gecko)'}
  condition: query or agent
level: high
---
title: Commas on the web
id: 0d5f1c3c-55b4-4a39-9b5e-6f5f4f5b0c04
name: web_commas
logsource: {category: webserver}
detection:
  query: {c-uri|contains: 'list=one,two,three'}
  agent: {c-useragent|contains: '(KHTML,+like+Gecko)'}
  condition: query or agent
level: high
---
title: Commas of remote PowerShell
id: 0d5f1c3c-55b4-4a39-9b5e-6f5f4f5b0c05
name: remote_commas
logsource: {product: exchange, service: rps-http}
detection:
  agent: {ClientInfo|contains: '(KHTML, like Gecko)'}
  condition: agent
level: high
---
title: Word anywhere
id: 0d5f1c3c-55b4-4a39-9b5e-6f5f4f5b0c06
name: word
logsource: {category: webserver}
detection:
  keywords: ['secretword']
  condition: keywords
level: high
"""
TOKEN = (
    "VgEAVAdXaW5kb3dzQwBBCEtlcmJlcm9zTB1hZG1pbmlzdHJhdG9yQGNvbnRvc28uZXhhbXBsZVUsUy0xLTUtMjEtMTAw"
    "NDMzNjM0OC0xMTc3MjM4OTE1LTY4MjAwMzMzMC01MDBHAQAAAAcAAAAMUy0xLTUtMzItNTQ0RQAAAAA="
)
UPSTREAM = str(Path(__file__).parents[1] / "upstream" / "sigma")
BOTH = pytest.mark.parametrize("enabled", [True, False])


@pytest.fixture
def rules(tmp_path: Path) -> str:
    (tmp_path / "rules.yml").write_text(RULE, encoding="utf-8")
    return str(tmp_path)


def found(rules: str, kind: str, data: str, *, enabled: bool) -> dict[str, str]:
    """Read a log; return the rules that were met, each with the summary of its first line."""
    content = Content(rules=(rules,), builtin=False, prefilter=enabled)
    pack = load_pack(content)
    assert not any(refused.broken for refused in pack.ruleset.refused)
    layout = KINDS[kind].format
    assert layout is not None
    reader = LineReader("x", layout, pack.prefilter(kind), Collector())
    reader.read(io.BytesIO(data.encode()), lambda _: None)
    return {one.rule: one.lines[0].summary for one in reader.collector.kept.values()}


def proxy_row(**fields: str) -> str:
    values = {"DateTime": "2022-10-05T05:01:02.345Z", "Protocol": "Autodiscover", **fields}
    assert not any("," in value for value in values.values())
    return ",".join(values.get(name, "") for name in COLUMNS) + "\r\n"


HEAD = f"#Fields: {','.join(COLUMNS)}\r\n"
IIS_HEAD = (
    "#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip "
    "cs(User-Agent) cs(Referer) sc-status sc-substatus sc-win32-status time-taken\r\n"
)


def iis_row(stem: str, query: str, *, client: str = "203.0.113.9", referer: str = "-") -> str:
    return (
        f"2022-10-05 05:01:02 10.0.0.5 GET {stem} {query} 443 - {client} UP+Mozilla/5.0 "
        f"{referer} 200 0 0 31\r\n"
    )


@BOTH
def test_a_finding_says_what_the_disguise_hid(rules: str, enabled: bool) -> None:
    row = iis_row("/autodiscover/autodiscover.json", "@evil.example/%70owersh%65ll/?x=1")
    summary = found(rules, "iis", IIS_HEAD + row, enabled=enabled)["door"]
    assert "cs-uri-query=@evil.example/%70owersh%65ll/?x=1" in summary
    assert "unmasked=/autodiscover/autodiscover.json?@evil.example/powershell/?x=1" in summary
    assert "Disguise=percent" in summary
    row = proxy_row(
        UrlStem="/autodiscover/autodiscover.json", UrlQuery="?@evil.example/%2570owershell"
    )
    summary = found(rules, "httpproxy", HEAD + row, enabled=enabled)["door"]
    assert "unmasked=/autodiscover/autodiscover.json?@evil.example/powershell" in summary
    assert "Disguise=double-percent" in summary


@BOTH
def test_a_plain_finding_says_nothing_of_a_disguise(rules: str, enabled: bool) -> None:
    row = iis_row("/autodiscover/autodiscover.json", "@evil.example/powershell/?x=%40")
    summary = found(rules, "iis", IIS_HEAD + row, enabled=enabled)["door"]
    assert "unmasked" not in summary
    assert "Disguise" not in summary


@BOTH
def test_a_query_in_ebcdic_is_read(rules: str, enabled: bool) -> None:
    coded = "".join(f"%{byte:02X}" for byte in "@evil.example/powershell".encode("cp037"))
    row = iis_row("/autodiscover/autodiscover.json", f"{coded}&CorrelationID=<empty>;")
    summary = found(rules, "iis", IIS_HEAD + row, enabled=enabled)["door"]
    assert "unmasked=/autodiscover/autodiscover.json?@evil.example/powershell&Corr" in summary
    assert "Disguise=cp037" in summary


@BOTH
def test_a_line_without_columns_is_seen_through_too(rules: str, enabled: bool) -> None:
    row = "2022-10-05 05:01:02 cut off GET /autodiscover/autodiscover.json?@e/%70owershell 200\r\n"
    assert "door" in found(rules, "iis", IIS_HEAD + row, enabled=enabled)


@BOTH
def test_keywords_are_searched_behind_a_disguise(rules: str, enabled: bool) -> None:
    assert "word" in found(
        rules, "iis", IIS_HEAD + iis_row("/x", "a=%73ecretword"), enabled=enabled
    )


@BOTH
def test_where_a_client_came_from_is_no_request(rules: str, enabled: bool) -> None:
    referer = "https://mail.contoso.example/autodiscover.json/%70owershell?q=%73ecretword"
    row = iis_row("/owa/", "-", client="fe80::c1e2:8f4a:77d1:9b20%45", referer=referer)
    assert found(rules, "iis", IIS_HEAD + row, enabled=enabled) == {}


@BOTH
def test_a_finding_names_who_was_impersonated(rules: str, enabled: bool) -> None:
    row = proxy_row(
        UrlStem="/autodiscover/autodiscover.json",
        UrlQuery=f"?@evil.example/powershell/?X-Rps-CAT={TOKEN}&Email=x",
    )
    summary = found(rules, "httpproxy", HEAD + row, enabled=enabled)["administrator"]
    assert "CommonAccessToken.LogonName=administrator@contoso.example" in summary
    sid = "S-1-5-21-1004336348-1177238915-682003330-500"
    assert f"CommonAccessToken.UserSid={sid}" in summary
    assert "CommonAccessToken.Groups=S-1-5-32-544" in summary
    other = TOKEN.replace("NTAwRw", "NTAxRw").replace("01MDBH", "01MDFH")
    assert other != TOKEN
    row = row.replace(TOKEN, other)
    assert "administrator" not in found(rules, "httpproxy", HEAD + row, enabled=enabled)


@BOTH
@pytest.mark.parametrize(
    "query",
    [
        "@evil.example/%70owersh%65ll/?X-Rps-CAT=x",
        "@evil.example/%2570owershell/?X-Rps-CAT=x",
        "@evil.example/%u0070owershell/?X-Rps-CAT=x",
        "%40evil.example%2fpowershell/?X-Rps-CAT=x",
    ],
)
def test_rules_of_others_see_through_as_well(query: str, enabled: bool) -> None:
    """Unmodified rules of SigmaHQ find a disguised ProxyShell request as they find a plain one."""
    stem, plain = "/autodiscover/autodiscover.json", "@evil.example/powershell/?X-Rps-CAT=x"
    rows = (IIS_HEAD + iis_row(stem, one) for one in (plain, query))
    expected, seen = (found(UPSTREAM, "iis", log, enabled=enabled).keys() for log in rows)
    assert expected
    assert expected <= seen


@BOTH
@pytest.mark.parametrize(
    ("fields", "met"),
    [
        ({"UrlQuery": "?list=one two three"}, {"commas", "web_commas"}),
        ({"UrlQuery": "?list=one%2ctwo%2Cthree&x=%61"}, {"commas", "web_commas"}),
        ({"UrlQuery": "?l%69st=one two three"}, {"commas", "web_commas"}),
        ({"UrlQuery": "?list=one+two+three"}, {"commas", "web_commas"}),
        ({"UrlQuery": "?list=onetwothree"}, set()),
        ({"UserAgent": "AppleWebKit/537.36 (KHTML  like Gecko)"}, {"commas", "web_commas"}),
        ({"UserAgent": "AppleWebKit/537.36 (KHTML like Gecko)"}, set()),
    ],
)
def test_commas_that_the_log_lost_are_found(
    rules: str, enabled: bool, fields: dict[str, str], met: set[str]
) -> None:
    row = proxy_row(UrlStem="/owa/", **fields)
    assert found(rules, "httpproxy", HEAD + row, enabled=enabled).keys() == met


@BOTH
def test_remote_powershell_loses_commas_too(rules: str, enabled: bool) -> None:
    layout = KINDS["rps-http"].format
    assert layout is not None
    values = {
        "DateTime": "2022-10-05T05:01:02Z",
        "ClientInfo": "AppleWebKit/537.36 (KHTML  like Gecko)",
    }
    columns = layout.columns[0]
    row = ",".join(values.get(name, "") for name in columns)
    log = f"#Fields: {','.join(columns)}\r\n{row}\r\n"
    assert found(rules, "rps-http", log, enabled=enabled).keys() == {"remote_commas"}
