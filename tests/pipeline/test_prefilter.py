"""The prefilter is invisible: with it and without it the same lines meet the same rules."""

import io
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.matchers import prefilter as engine
from extriage.parsers import KINDS
from extriage.parsers.disguise import SIGNS
from extriage.pipeline.collect import Collector
from extriage.pipeline.lines import LineReader
from extriage.pipeline.pack import Content, Pack, load_pack

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
DISGUISED = [
    "%65cp", "/%2565cp/", "%u006f%u0077a", "/ow%61/au%74h/", ".%6As", "%2ejson", "%u", "%00", "%",
    "/autodiscover/%61utodiscover%2Ejson", "%70owershell", "X-Rps-CAT=VgEAVAdXaW5kb3dz", "UP x",
    "%40a.example/", "%2fpowershell/", "%2540", "%C3%A9", "%c1%af", "fe80::1%35", "%25", "%2Fews/",
    *(f"%{byte:02X}" for byte in "/ecp/auth/x.js".encode("cp037")),
    "".join(f"%{byte:02X}" for byte in "/owa/auth/x.js".encode("cp037")),
    "".join(f"%{byte:02x}" for byte in b"/ecp/y.js"),
    "".join(f"%25{byte:02x}" for byte in b"/ecp/"),
]  # fmt: skip
QUOTED = ['"', ",", '""', '",', "\u212a", "\u0130", " "]


LITERALS, TOGETHER = 1 << 62, -1
"""Small evidence is searched as it is, and as large evidence is."""


@pytest.fixture(scope="module", autouse=True)
def worth_it() -> Iterator[None]:
    """Search as the tests say, whatever was searched before."""
    before = engine.WORTH_IT
    load_pack.cache_clear()
    pack_for.cache_clear()
    yield
    engine.WORTH_IT = before
    load_pack.cache_clear()
    pack_for.cache_clear()


@cache
def pack_for(enabled: bool, worth: int) -> Pack:
    """Return a pack of its own for each way of searching: a prefilter remembers what it built."""
    load_pack.cache_clear()
    return load_pack(Content(prefilter=enabled))


def met(
    kind: str, data: bytes, *, enabled: bool = True, worth: int = LITERALS
) -> set[tuple[str, int, bool]]:
    format = KINDS[kind].format
    assert format is not None
    engine.WORTH_IT = worth
    prefilter = pack_for(enabled, worth).prefilter(kind)
    reader = LineReader("x", format, prefilter, Collector(pack_for(True, LITERALS).joined))
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
    pieces += DISGUISED if data.draw(st.booleans(), "disguises") else []
    value = st.lists(st.sampled_from(pieces), max_size=5).map("".join)
    lines = data.draw(st.lists(rows(kind, value), min_size=1, max_size=12))
    text = "\r\n".join([f"#Fields: {COLUMNS[kind]}", *lines, ""])
    raw = text.encode()
    all_of_them = met(kind, raw, enabled=False)
    assert met(kind, raw, worth=LITERALS) == all_of_them
    assert met(kind, raw, worth=TOGETHER) == all_of_them


def test_the_pieces_meet_rules_at_all() -> None:
    forged = _row("httpproxy", ["ServerInfo~a]@h/mapi/", "", "POST", "/ecp/x.js", "", "", "200"])
    raw = f"#Fields: {COLUMNS['httpproxy']}\r\n{forged},200,,\r\n".encode()
    for worth in (LITERALS, TOGETHER):
        rules = {rule for rule, _, _ in met("httpproxy", raw, worth=worth)}
        assert {"httpproxy_ssrf_anchor_cve_2021_26855", "httpproxy_ssrf_mapi_cve_2021_26855"} <= (
            rules
        )
        assert "webserver_post_to_static_file_cve_2021_26855" in rules


def hidden(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


@pytest.mark.parametrize("kind", ["httpproxy", "iis"])
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_disguised_line_is_lost_to_the_prefilter(kind: str, data: st.DataObject) -> None:
    """The same rows, but each piece may stand there with letters encoded once or twice."""
    ways: list[Callable[[str], str]] = [
        str,
        hidden,
        lambda text: hidden(text).replace("%", "%25"),
        lambda text: "".join(f"%u{ord(char):04x}" for char in text),
        lambda text: "".join(f"%{byte:02X}" for byte in text.encode("cp037", "replace")),
        lambda text: text.replace("a", "%61").replace("e", "%65"),
    ]
    piece = st.builds(lambda way, text: way(text), st.sampled_from(ways), st.sampled_from(PIECES))
    value = st.lists(piece, max_size=5).map("".join)
    lines = data.draw(st.lists(rows(kind, value), min_size=1, max_size=12))
    raw = "\r\n".join([f"#Fields: {COLUMNS[kind]}", *lines, ""]).encode()
    all_of_them = met(kind, raw, enabled=False)
    assert met(kind, raw, worth=LITERALS) == all_of_them
    assert met(kind, raw, worth=TOGETHER) == all_of_them


@pytest.mark.parametrize(
    "stem",
    [hidden("/ecp/x.js"), hidden("/ecp/x.js").replace("%", "%25"), "/ec%70/x.js", "/ecp%2fx.%6as"],
)
@pytest.mark.parametrize("kind", ["httpproxy", "iis"])
@pytest.mark.parametrize("worth", [LITERALS, TOGETHER], ids=["literals", "together"])
@pytest.mark.parametrize("enabled", [True, False])
def test_rules_see_through_a_disguise(kind: str, stem: str, enabled: bool, worth: int) -> None:
    plain, masked = (_row(kind, _post(kind, one)) for one in ("/ecp/x.js", stem))
    raw = f"#Fields: {COLUMNS[kind]}\r\n{plain}\r\n{masked}\r\n".encode()
    found = met(kind, raw, enabled=enabled, worth=worth)
    rules = {rule for rule, line, _ in found if line == 2}
    assert "webserver_post_to_static_file_cve_2021_26855" in rules
    assert rules <= {rule for rule, line, _ in found if line == 3}


def _post(kind: str, stem: str) -> list[str]:
    if kind == "httpproxy":
        return ["", "", "POST", stem, "", "", "200", "200", "", ""]
    return ["", "443", "POST", stem, "", "Mozilla/5.0", "200"]


@pytest.mark.parametrize("kind", ["httpproxy", "iis"])
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_search_for_signs_is_wider_than_what_is_a_disguise(
    kind: str, data: st.DataObject
) -> None:
    piece = st.sampled_from([*DISGUISED, *PIECES, *"%0123456789abcdefABCDEF/?@."])
    text = data.draw(st.lists(piece, max_size=12).map("".join)).encode()
    if SIGNS.search(text):
        assert pack_for(True, LITERALS).prefilter(kind).disguised(text)


@pytest.mark.parametrize(
    ("kind", "row"),
    [
        ("httpproxy", "{}T10:00:00.000Z,ServerInfo~mail.a.example,POST,/ews/x,,MSRPC,a,200"),
        ("httpproxy", "{}T10:00:00.000Z,,GET,/autodiscover/autodiscover.xml,,Mozilla/5.0,a,200"),
        ("iis", "{} 10:00:00 GET /owa/prem/boot.js - 443 - 192.0.2.7 Mozilla/4.0 200"),
        ("iis", "{} 10:00:00 GET /autodiscover/autodiscover.json - 443 - 192.0.2.7 x 200"),
    ],
)
def test_ordinary_rows_are_passed_over(
    kind: str, row: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A literal stands in the row, but not what its rules ask for besides."""
    monkeypatch.setattr(engine, "WORTH_IT", -1)
    format, prefilter = KINDS[kind].format, load_pack(Content()).prefilter(kind)
    assert format is not None
    line = row.format("2021-03-02").encode() + b"\n"
    assert prefilter.hits(line)
    together = prefilter.together(format.delimiter, len(line))
    assert together is not None
    assert together.hits(line) == []
