"""Indicators are met as what they are, and the search for their literals loses none of them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.knowledge.indicatorvalues import shaped
from extriage.matchers.indicator import Book, book_of, last_name, tail_of
from extriage.matchers.prefilter import build, with_sought
from extriage.matchers.sought import key_of, literals_of, rule_of, sought_in
from extriage.model.evidence import Origin, Record
from extriage.model.indicator import Indicator
from extriage.parsers import KINDS
from extriage.pipeline.collect import Collector
from extriage.pipeline.lines import LineReader
from extriage.pipeline.pack import Content, content_digest, load_pack
from extriage.samples import write_big_iis, write_big_log

HASH = "8e90ed33c7ee82c0b64078ea36ec95f7420ba435c693b3b3dd728b494abf7dfc"
TIME = datetime(2021, 3, 2, tzinfo=UTC)


def one(type: str, value: str) -> Indicator:
    return Indicator(*shaped(type, value), "test")


def book(*pairs: tuple[str, str]) -> Book:
    return book_of([one(*pair) for pair in pairs])


def record(**fields: str) -> Record:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return Record("iis", TIME, Origin("u_ex.log", 1), dict(named), " ".join(named.values()))


def met(known: Book, **fields: str) -> list[str]:
    return [value for _, value in known.in_record(record(**fields))]


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("10.0.0.1", True),
        ("110.0.0.1", False),
        ("10.0.0.10", False),
        ("10.0.0.1:443", True),
        ("::ffff:10.0.0.1", True),
        ("198.51.100.7, 10.0.0.1", True),
        ("x10.0.0.1", False),
        ("10.0.0.1.5", False),
        ("https://10.0.0.1/x", True),
        ("(10.0.0.1)", True),
    ],
)
def test_an_address_is_compared_as_an_address(text: str, hit: bool) -> None:
    assert bool(met(book(("", "10.0.0.1")), c_ip=text)) is hit


@pytest.mark.parametrize(
    ("text", "hit"),
    [("203.0.113.127", True), ("203.0.113.128", False), ("203.0.114.1", False)],
)
def test_a_network_holds_its_addresses(text: str, hit: bool) -> None:
    assert bool(met(book(("network", "203.0.113.0/25")), c_ip=text)) is hit


@pytest.mark.parametrize("text", ["2001:db8::7", "[2001:db8::7]:443", "2001:DB8:0:0::7"])
def test_spellings_of_an_address_are_one(text: str) -> None:
    assert met(book(("", "2001:db8::7"), ("network", "2001:db8::/32")), c_ip=text) == [
        "2001:db8::7",
        "2001:db8::/32",
    ]


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("https://evil.example/x", True),
        ("https://www.evil.example/x", True),
        ("https://notevil.example/x", False),
        ("https://evil.example.contoso.example/", False),
        ("EVIL.EXAMPLE", True),
        ("user@evil.example", True),
    ],
)
def test_a_domain_is_compared_by_its_labels(text: str, hit: bool) -> None:
    assert bool(met(book(("domain", "evil.example")), Referer=text)) is hit


@pytest.mark.parametrize(
    ("pair", "text", "hit"),
    [
        (("", HASH), f"SHA1=abc,SHA256={HASH.upper()}", True),
        (("", HASH), f"{HASH}00", False),
        (("file-name", "w3.aspx"), r"C:\inetpub\w3.aspx", True),
        (("file-name", "w3.aspx"), "/owa/auth/W3.ASPX", True),
        (("file-name", "w3.aspx"), "/owa/auth/xw3.aspx", False),
        (("file-name", "x.exe"), r"cmd /c C:\Temp\x.exe -a", True),
        (("path", r"C:\Temp\x.exe"), r"D:\Temp\x.exe", True),
        (("path", r"C:\Temp\x.exe"), r"C:\OtherTemp\x.exe", False),
        (("path", r"C:\Temp\x.exe"), r"C:\Temp\x.exe.bak", False),
        (("path", r"%windir%\Temp\x.exe"), r"C:\Windows\Temp\x.exe", True),
        (("email", "a@b.example"), "RCPT TO:<A@b.example>", True),
        (("email", "a@b.example"), "/x?Email=a%40b.example&y", True),
        (("email", "a@b.example"), "aa@b.example", False),
        (("url", "http://a.example/x/y"), "https://a.example/x/y?z", True),
        (("url", "http://a.example/x"), "http://aa.example/x", False),
        (("text", "SM_SESSION=CMD"), "a; sm_session=cmdx", True),
    ],
)
def test_values_are_compared_as_what_they_are(pair: tuple[str, str], text: str, hit: bool) -> None:
    assert bool(met(book(pair), Field=text)) is hit


def test_some_values_belong_into_their_field() -> None:
    known = book(
        ("url-path", "/owa/auth/w3.aspx"),
        ("user-agent", "antSword/v2.1"),
        ("shell-parameter", "pass"),
        ("account", r"CONTOSO\anna"),
    )
    assert met(known, cs_uri_stem="/owa/auth/w3.aspx") == ["/owa/auth/w3.aspx"]
    assert not met(known, cs_uri_stem="/owa/auth/w3.aspx2")
    assert not met(known, Referer="/owa/auth/w3.aspx")
    agent = Record("iis", TIME, Origin("x", 1), {"cs(User-Agent)": "antSword/v2.1"}, "")
    assert known.in_record(agent) == [("user-agent", "antsword/v2.1")]
    assert met(known, cs_uri_query="a=1&pass=x") == ["pass"]
    assert not met(known, cs_uri_query="a=1&compass=x")
    assert met(known, cs_username=r"contoso\Anna") == ["anna"]


def test_a_line_without_columns_is_searched_as_text() -> None:
    known = book(("", "203.0.113.7"), ("user-agent", "antSword/v2.1"))
    raw = Record("iis", None, Origin("x", 1), {}, "?? 203.0.113.7 antSword/v2.1 ??", raw=True)
    assert len(known.in_record(raw)) == 2


def test_names_of_what_is_kept_come_back() -> None:
    for key in (("ipv6", "2001:db8::7"), ("text", "a:b"), ("sha256", HASH)):
        assert key_of(rule_of(key)) == key
    assert last_name("C:\\Temp\\") == "temp".title()
    assert tail_of("C:\\Temp\\x") == "\\temp\\x"


PAIRS = (
    ("", "203.0.113.7"),
    ("network", "198.51.100.0/22"),
    ("network", "198.51.100.64/27"),
    ("network", "192.0.0.0/8"),
    ("domain", "evil.example"),
    ("url", "http://a.example/x/y"),
    ("file-name", "w3 kt.aspx"),
    ("path", "C:\\Temp\\abc\\"),
    ("user-agent", "Mozilla/5.0 (Windows NT 10.0) odd/7.1 Safari/537.36"),
    ("email", "a.b@c.example"),
    ("account", "svc-mail"),
)


@pytest.mark.parametrize("pair", PAIRS)
def test_every_literal_stands_in_a_line_with_the_value(pair: tuple[str, str]) -> None:
    found = literals_of("httpproxy", book(pair))
    assert found
    value = {"198.51.100.0/22": "198.51.102.9", "192.0.0.0/8": "192.0.2.9"}.get(pair[1], pair[1])
    value = "198.51.100.70" if value.endswith("/27") else value
    assert any(literal in value.lower().encode() for literal in found)


def test_kinds_that_are_names_are_not_searched_for_addresses() -> None:
    known = book(("", "203.0.113.7"), ("", "w3.aspx"))
    assert literals_of("file-name", known) == (b"w3.aspx",)
    assert literals_of("page-comparison", known) == ()


def test_literals_ride_along_without_touching_those_of_rules() -> None:
    plain = build("iis", ())
    known = book(("", "203.0.113.7"))
    watch = sought_in("iis", known)
    found = with_sought(plain, watch, literals_of("iis", known))
    assert found.hits(b"a 203.0.113.7\nb 203.0.113.70") == [(13, 0), (27, 0)]
    assert found.candidates({0}, b"") == [watch]
    assert found.candidates((), b"") == []
    assert with_sought(plain, watch, ()) is plain


def scanned(log: Path, kind: str, content: Content) -> dict[str, int]:
    pack = load_pack(content)
    collector = Collector(joined=pack.joined, suppressor=pack.suppressor)
    format = KINDS[kind].format
    assert format is not None
    reader = LineReader(log.name, format, pack.prefilter(kind), collector)
    with log.open("rb") as stream:
        reader.read(stream, lambda _: None, log.stat().st_size)
    return {key[0]: kept.count for key, kept in collector.kept.items()}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "write"), [("iis", write_big_iis), ("httpproxy", write_big_log)])
def test_counts_are_exact_and_rules_find_the_same(tmp_path: Path, kind: str, write: object) -> None:
    log = tmp_path / "big.log"
    assert callable(write)
    write(log, 6_000_000, 7)
    lines = log.read_text("utf-8").splitlines()
    address = next(word for line in lines for word in line.replace(",", " ").split()
                   if word.startswith("10.20.8."))  # fmt: skip
    given = (one("", address), one("network", "10.20.9.0/24"), one("domain", "none.example"))
    without, with_them = (scanned(log, kind, Content(indicators=some)) for some in ((), given))
    sightings = {name: count for name, count in with_them.items() if name.startswith("indicator:")}
    assert {k: v for k, v in with_them.items() if k not in sightings} == without
    rows = [line.replace(",", " ").split() for line in lines if not line.startswith("#")]
    assert sightings[f"indicator:ipv4:{address}"] == sum(address in row for row in rows)
    network = sum(any(word.startswith("10.20.9.") for word in row) for row in rows)
    assert sightings.get("indicator:network:10.20.9.0/24", 0) == network
    assert len(sightings) == 1 + bool(network)


def test_with_the_prefilter_off_the_same_is_sighted(tmp_path: Path) -> None:
    log = tmp_path / "small.log"
    write_big_iis(log, 60_000, 3)
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:3_000]))
    given = (one("network", "10.20.0.0/16"), one("user-agent", "Microsoft Office/15.0"))
    fast, slow = (
        scanned(log, "iis", Content(builtin=False, prefilter=way, indicators=given))
        for way in (True, False)
    )
    assert fast == slow
    assert fast


def test_the_content_digest_knows_the_indicators() -> None:
    bare, given = Content(), Content(indicators=(one("", "203.0.113.7"),))
    assert content_digest(bare) != content_digest(given)


WORDS = st.text(alphabet="0123456789abcdefx.:/\\@-_= %?&,;'\"[]", max_size=60)


@settings(max_examples=300, deadline=None)
@given(text=WORDS)
def test_no_text_stops_the_look(text: str) -> None:
    known = book(
        *(("", "203.0.113.7"), ("domain", "evil.example"), ("", HASH), ("", "x.dll")),
        *(("path", "C:\\a\\b.exe"), ("email", "a@b.example"), ("url-path", "/a/b")),
    )
    found = {*known.in_record(record(Field=text, cs_uri_stem=text)), *known.in_text(text)}
    assert found <= known.keys.keys()
