"""What a file is, from its content; its name matters only for pages that IIS would execute."""

import io
from pathlib import Path

import pytest
from parsers_reading import EVIDENCE, kind_of

from extriage.parsers import KINDS, open_text, recognise
from extriage.parsers.httpproxy import COLUMNS, COLUMNS_2013_SP1

HTTPPROXY_ROW = (
    b"2021-03-03T05:02:11.130Z,5e58f5e5-1ddc-48d3-82c6-0199bc121640,15,1,2106,2,,Ecp,h,/y,"
)
HEADERLESS = {
    "httpproxy": HTTPPROXY_ROW + b"," * 60,
    "rps-http": b"2021-03-03T05:02:11Z,2021-03-03T05:02:10Z,"
    b"5e58f5e5-1ddc-48d3-82c6-0199bc121640,15,1,2106,2,,host",
    "rps-cmdlet": b"2021-03-03T05:02:11Z,2021-03-03T05:02:10Z,"
    b"5e58f5e5-1ddc-48d3-82c6-0199bc121640,,15,1,2106,2,EX01,4711,w3wp#MSExchange,7,",
    "ecp-server": b"2021-03-03T05:02:11.130Z,EX01,ECP.Request,S:TIME=13;S:SID=1",
    "ecp-activity": b"2021-03-03T05:02:11.130Z,EX01,Request,I32:ADS.C[DC]=1;S:Bld=15.1.2106.2",
    "audit": b'2023-01-11T15:56:33.189Z,EX01,0,ExchangeAdmin,"{""Operation"":""x"",'
    b'""Workload"":""Exchange""}",,,,,,,',
    "oab-generator": b"2021-03-03T05:02:11.130Z,1,x,Download failed and temporary file 'c:\\a' "
    b"needs to be removed",
    "iis": b"2021-03-03 05:02:11 10.0.0.1 POST /ecp/y.js - 443 - 10.0.0.2 agent - 200 0 0",
    "iis-native": b"10.0.0.2, -, 03/03/21, 5:02:11, W3SVC1, EX01, 10.0.0.1, 1, 2, 3, 200, 0, GET,",
}
EXPECTED = {
    "AgentLog20220913-1.LOG": "agent",
    "ECPActivity_11500_20230111-1.LOG": "ecp-activity",
    "ECPServer20230111-1.LOG": "ecp-server",
    "Ews_2023010616-1.LOG": "ews",
    "MSGTRKMS2022091915-1.LOG": "message-tracking",
    "RECV2023011116-1.LOG": "smtp",
    "Rps_Cmdlet_2023011116-1.LOG": "rps-cmdlet",
    "audit20230111-1.LOG": "audit",
}


@pytest.mark.parametrize(
    "path", sorted((EVIDENCE / "exchange-2016-cu22-benign").iterdir()), ids=lambda path: path.name
)
def test_real_exchange_logs_are_told_apart(path: Path) -> None:
    assert kind_of(path) == EXPECTED.get(path.name, "httpproxy")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ex010320.log", "iis-native"),
        ("ex031118.log", "iis"),
        ("ex960101.log", "iis"),
        ("iis10.log", "iis"),
        ("iis10_edge_cases.log", "iis"),
        ("iis6.log", "iis"),
        ("iis_without_date.log", "iis"),
        ("pf040903.log", ""),
        ("LICENSE-Apache-2.0-plaso", ""),
    ],
)
def test_real_iis_logs_are_told_from_other_w3c_logs(name: str, kind: str) -> None:
    assert kind_of(EVIDENCE / "iis" / name) == kind


@pytest.mark.parametrize("kind", sorted(HEADERLESS))
def test_a_fragment_without_header_is_recognised_by_its_rows(kind: str) -> None:
    cut_row = b"-8d33-01,,,,rest of a row that was cut\r\n"
    assert recognise(cut_row + HEADERLESS[kind] + b"\r\n", "x") == kind


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (",".join(COLUMNS).encode(), "httpproxy"),
        (",".join(COLUMNS_2013_SP1).encode(), "httpproxy"),
        (",".join(f'"{name}"' for name in COLUMNS).encode(), "httpproxy"),
        (b"#LOG-TYPE: httpproxy logs\r\n", "httpproxy"),
        (b"#Log-type: SMTP Send Protocol Log\n", "smtp"),
        (b"#Log-Type: Transport Connectivity Log\n", "connectivity"),
        (b"#Log-type: OABGenerator Log\n", "oab-generator"),
        (b"#Fields: dateTime,sessionId,seqNumber,sIp,cIp,user,duration\n", "imap-pop"),
        (b"#Software: Microsoft Exchange Server\n#Log-type: Something New\n", "exchange-log"),
        (b"#Software: Microsoft HTTP API 2.0\n", "httperr"),
        (b"#Fields: date time c-ip s-reason s-queuename\n", "httperr"),
        (b"#Fields: date time cs-method cs-uri-stem\n", "iis"),
        (b"ElfFile\0", "events"),
        (b"ElfChnk\0", "events"),
        (b"regf\0\0\0\0", ""),
        (b"MZ\x90\0", ""),
        (b"", ""),
        (b"#Log-type: Unheard of\n", ""),
        (b"{}", ""),
        (b'{"EventID": 4, "Channel": "Application"}\n', "events-json"),
        (b'\n {"Event":{"System":{}}}\n', "events-json"),
        (b'{"@timestamp":"x","winlog":{}}\n', "events-json"),
        (b'{"Channel":"Security","EventID":1,"Message":"cut at the head\'s en', "events-json"),
        (b'{"name":"package.json"}', ""),
        (b'["EventID", "Channel"]', ""),
        (b"{" * 60000, ""),
    ],
)
def test_a_head_is_recognised(head: bytes, kind: str) -> None:
    assert recognise(head, "renamed.bin") == kind


@pytest.mark.parametrize("kind", ["ecp-server", "ecp-activity"])
def test_a_log_that_lost_its_type_line_is_recognised_by_its_rows(kind: str) -> None:
    head = b"#Software: Microsoft Exchange Server\r\n"
    head += b"#Fields: TimeStamp,ServerName,EventId,EventData\r\n"
    assert recognise(head + HEADERLESS[kind] + b"\r\n", "x.log") == kind


def test_the_lab_recording_is_an_export_of_events() -> None:
    path = EVIDENCE / "proxylogon-lab-2021" / "proxylogon_ssrf_rce_poc_extract.json"
    assert kind_of(path) == "events-json"


@pytest.mark.parametrize(
    ("head", "name", "kind"),
    [
        (b"anything", "inetpub/wwwroot/aspnet_client/x.ASPX", "web-file"),
        (b"!BDN\0\0", "a.zip!/owa/auth/x.aspx", "web-file"),
        (b"<%@ Page Language='C#' %>", "shell.txt", "web-file"),
        (b"<%@Import Namespace='System' %>", "noextension", "web-file"),
        (b"Name : OAB\nExternalUrl : http://f/<script runat='server'>", "x", "web-file"),
        (b"$a = '<script runat=server>'", "hunt.ps1", ""),
        (b"rule x { strings: $a = /runat=server/ }", "x.yar", ""),
        (b"PK\0\0 <%@ Page %>", "x.bin", ""),
        (b"<html><script>alert()</script>", "x.html", ""),
    ],
)
def test_pages_are_known_by_extension_or_directive(head: bytes, name: str, kind: str) -> None:
    assert recognise(head, name) == kind


@pytest.mark.parametrize("head", [HEADERLESS["iis"], b"ElfFile\0", b"#Log-type: Audit\r\n", b"{"])
def test_what_iis_executes_is_a_page_whatever_it_begins_with(head: bytes) -> None:
    assert recognise(head, "x.aspx") == "web-file"
    assert recognise(head, "C/inetpub/wwwroot/X.ASHX") == "web-file"


def test_a_copy_in_utf16_is_recognised() -> None:
    path = EVIDENCE / "exchange-2016-cu22-benign" / "ECPServer20230111-1.LOG"
    copy = path.read_text(encoding="utf-8").encode("utf-16")
    with_bom = b"\xef\xbb\xbf" + path.read_bytes()
    for data in (copy, with_bom):
        head, _, _ = open_text(io.BytesIO(data))
        assert recognise(head, "x") == "ecp-server"


def test_every_kind_is_registered_under_its_name() -> None:
    for name, kind in KINDS.items():
        assert kind.name == name
        assert (kind.format is not None) == (kind.shape == "lines")
        assert kind.format is None or kind.format.kind == name


ORDER = b"<%ex" + b'ecute request("c")%>'


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("coll/FrontEnd/HttpProxy/owa/auth/a.gif", b'GIF89a\0\0<%@ Page Language="C#" %>'),
        ("coll/inetpub/wwwroot/x.htr", ORDER),
        ("coll/inetpub/wwwroot/a.asp/y.jpg", ORDER),
        ("coll/FrontEnd/HttpProxy/owa/auth/x.asp;.jpg", ORDER),
        ("coll/inetpub/wwwroot/note.txt", b"read me\n\n" + ORDER),
        ("coll/inetpub/wwwroot/App_Code/h.cs", b"public class H { }"),
        ("coll/FrontEnd/HttpProxy/owa/auth/code.vb", b"Public Class H\nEnd Class\n"),
    ],
)
def test_what_a_web_folder_may_run_under_another_name_is_a_page(path: str, head: bytes) -> None:
    assert recognise(head, path) == "web-file"
    assert recognise(head, "coll/Users/dev/" + path.rpartition("/")[2]) != "web-file"


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("coll/inetpub/wwwroot/logo.gif", b"GIF89a\0\1\0\1"),
        ("coll/inetpub/wwwroot/app.js", b"var t = _.template('<%= name %>')"),
        ("coll/inetpub/wwwroot/list.html", b"<ul><% items.forEach(function (i) { %></ul>"),
    ],
)
def test_pictures_and_browsers_templates_are_no_pages(path: str, head: bytes) -> None:
    assert recognise(head, path) != "web-file"
