"""The prefilter is invisible: with it and without it the same lines meet the same rules."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.parsers import KINDS
from extriage.pipeline.collect import Collector
from extriage.pipeline.lines import LineReader
from extriage.pipeline.pack import Content, load_pack

COLUMNS = {
    "httpproxy": (
        "DateTime,AnchorMailbox,BackEndCookie,Method,UrlStem,UrlQuery,UserAgent,HttpStatus,"
        "BackEndStatus,RoutingHint,RoutingType"
    ),
    "iis": "date time s-port cs-method cs-uri-stem cs-uri-query cs(User-Agent) sc-status",
}
PIECES = [
    "ServerInfo~", "Server~", "ServerInfo~localhost", "/ecp/", "/owa/auth/", "/oab/", "/ecp/auth/",
    "/aspnet_client/", "/", "~", ".aspx", ".js", "w.js", "js", "css", "/ews/", "/mapi/", "200",
    "241", "404", "POST", "GET", "/themes/resources/", "virtualdirectory", "reset", "?", "x=1", "a",
    "/proxyLogon.ecp", "/DDIService.svc/SetObject", "X-BEResource-Cookie", "CrossRegion", "&", "#",
    "python-requests/2", "Nmap Scripting Engine", "/autodiscover", "S-1-5-18", ".oastify.com",
]  # fmt: skip
QUOTED = ['"', ",", '""', '",', "\u212a", "\u0130", " "]


def met(kind: str, data: bytes, *, enabled: bool) -> set[tuple[str, int, bool]]:
    format = KINDS[kind].format
    assert format is not None
    prefilter = load_pack(Content(prefilter=enabled)).prefilter(kind)
    reader = LineReader("x", format, prefilter, Collector(load_pack(Content()).joined))
    reader.read(io.BytesIO(data), lambda _: None)
    kept = {
        (one.rule, line.line, line.raw)
        for one in reader.collector.kept.values()
        for line in one.lines
    }
    return kept | {(m.rule, m.evidence.line, m.evidence.raw) for m in reader.collector.joins}


def rows(kind: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    many = COLUMNS[kind].count("," if kind == "httpproxy" else " ")
    return st.lists(values, min_size=many, max_size=many + 1).map(lambda row: _row(kind, row))


def _row(kind: str, values: list[str]) -> str:
    if kind == "httpproxy":
        return ",".join(["2021-03-02T10:00:00.000Z", *values])
    return " ".join(["2021-03-02", "10:00:00", *(v.replace(" ", "+") or "-" for v in values[1:])])


@pytest.mark.parametrize("kind", ["httpproxy", "iis"])
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_line_is_lost_to_the_prefilter(kind: str, data: st.DataObject) -> None:
    pieces = PIECES + (QUOTED if data.draw(st.booleans(), "quotes") else [])
    value = st.lists(st.sampled_from(pieces), max_size=5).map("".join)
    lines = data.draw(st.lists(rows(kind, value), min_size=1, max_size=12))
    text = "\r\n".join([f"#Fields: {COLUMNS[kind]}", *lines, ""])
    raw = text.encode()
    assert met(kind, raw, enabled=True) == met(kind, raw, enabled=False)


def test_the_pieces_meet_rules_at_all() -> None:
    forged = _row("httpproxy", ["ServerInfo~a]@h/mapi/", "", "POST", "/ecp/x.js", "", "", "200"])
    raw = f"#Fields: {COLUMNS['httpproxy']}\r\n{forged},200,,\r\n".encode()
    rules = {rule for rule, _, _ in met("httpproxy", raw, enabled=True)}
    assert {"httpproxy_ssrf_anchor_cve_2021_26855", "httpproxy_ssrf_mapi_cve_2021_26855"} <= rules
    assert "webserver_post_to_static_file_cve_2021_26855" in rules


def test_ordinary_rows_with_a_literal_are_passed_over() -> None:
    """`ServerInfo~` and a host name stands in every monitoring row; only a path matters."""
    prefilter = load_pack(Content()).prefilter("httpproxy")
    position = prefilter.literals.index(b"serverinfo~")
    assert not prefilter.fits(position, b"serverinfo~mail.contoso.com")
    assert prefilter.fits(position, b"serverinfo~a]@h:444/mapi/emsmdb")
