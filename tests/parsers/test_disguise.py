"""Encodings are taken off where no client would have put them, and nowhere else."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extriage.model.evidence import Fields
from extriage.parsers.disguise import SIGNS, line_text, read
from extriage.parsers.percent import LIMIT, decoded, plainly
from extriage.parsers.request import lay_open


def ebcdic(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode("cp037"))


DISGUISED = [
    ("/%70owershell", "/powershell", ("percent",)),
    ("?@evil.example/Pow%65rsh%65ll/", "?@evil.example/Powershell/", ("percent",)),
    ("/autodiscover/autodiscover%2Ejson", "/autodiscover/autodiscover.json", ("percent",)),
    ("?x=%2570owershell", "?x=powershell", ("double-percent",)),
    ("?x=%252570owershell", "?x=powershell", ("double-percent",)),
    ("?x=%2570ower%73hell", "?x=powershell", ("percent", "double-percent")),
    ("?%u0070ower%uFF53hell", "?powershell", ("unicode-percent",)),
    ("/a%c0%afecp%C1%9cx", "/a/ecp\\x", ("overlong",)),
    ("?%00p%00o%00w%00e%00r", "?power", ("null-bytes",)),
    (f"?{ebcdic('..live.com/mapi/nspi')}", "?..live.com/mapi/nspi", ("cp037",)),
    (
        f"?{ebcdic('Email')}={ebcdic('a@b.example/powershell')}&CorrelationID=<empty>;",
        "?Email=a@b.example/powershell&CorrelationID=<empty>;",
        ("cp037",),
    ),
    # An encoder that leaves letters alone writes `K` for `.` and `a` for `/`.
    ("?%94%81%97%89a%95%a2%97%89%4Bx", "?mapi/nspi.x", ("cp037",)),
]


@pytest.mark.parametrize(("written", "plain", "names"), DISGUISED)
def test_a_disguise_is_taken_off_and_named(
    written: str, plain: str, names: tuple[str, ...]
) -> None:
    found = read(written)
    assert found.plain == plain
    assert found.names == names
    assert written not in found.variants
    assert SIGNS.search(written.encode())


@pytest.mark.parametrize(
    "ordinary",
    [
        "",
        "/owa/auth/logon.aspx",
        "?Email=tanaka%40contoso.example&Protocol=Ews",
        "?Email=m%C3%BCller%40contoso.example&n=%E5%BC%A0%E4%BC%9F%20%d0%98%D0%B2",
        "?replaceCurrent=1&url=https%3a%2f%2fmail%2fowa%2f%3fx%3d1",
        "?url=https%3A%2F%2Fautodiscover.contoso.example%2Fowa%2F",
        "Cmd=Sync&User=CONTOSO%5Cj%2Esmith&DeviceId=A1%5F2",
        "?a=100%&b=%zz&c=%4",
        "?Email=autodiscover/autodiscover.json%3F@evil.example",
    ],
)
def test_what_clients_encode_is_left_alone(ordinary: str) -> None:
    assert read(ordinary).variants == ()
    assert SIGNS.search(ordinary.encode()) is None


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("?%40evil.example%2fpowershell/?x=1", "?@evil.example/powershell/?x=1"),
        ("?a=b%40evil.example/mapi/nspi", "?a=b@evil.example/mapi/nspi"),
        ("?url=https%3a%2f%2fm%2fowa%2f%3fp%3d%252fmail", "?url=https://m/owa/?p=/mail"),
    ],
)
def test_encoded_signs_are_read_but_are_no_disguise(written: str, plain: str) -> None:
    """Clients may encode `@` and `/`, and addresses stand in addresses: nobody hides by that."""
    found = read(written)
    assert found.plain == plain
    assert found.names == ()
    assert found.words() == ()


def test_the_spelling_of_an_ordinary_client_is_offered_too() -> None:
    """Rules may ask for `%3f` as clients write it."""
    found = read("?Email=autodiscover/autodiscover%2ejson%3f%40x.example/%70owershell")
    assert found.variants == (
        "?Email=autodiscover/autodiscover.json%3f%40x.example/powershell",
        "?Email=autodiscover/autodiscover.json?@x.example/powershell",
    )


def test_words_are_those_that_the_log_does_not_show() -> None:
    assert read("/autodiscover/autodiscover.json/%70owershell/x").words() == ("powershell",)
    assert read("/%65cp/default.aspx").words() == ("ecp",)
    assert read("/powershell?q=%68ello").words() == ("hello",)


def test_a_line_without_columns_is_read_as_a_whole() -> None:
    assert line_text("nothing to see") == ""
    text = line_text("2021-01-01 GET /%65cp/x.js - cut off")
    assert "/ecp/x.js" in text
    assert text.endswith("percent")


def test_fields_exist_only_where_there_is_something_to_say() -> None:
    plain: Fields = {"UrlStem": "/owa/", "UrlQuery": "?x=%40"}
    lay_open(plain, "UrlStem", "UrlQuery")
    assert plain.keys() == {"UrlStem", "UrlQuery"}
    masked: Fields = {"UrlStem": "/%65cp/x.js", "UrlQuery": "?a=1"}
    lay_open(masked, "UrlStem", "UrlQuery")
    assert masked["unmasked"] == "/ecp/x.js?a=1"
    assert masked["unmasked-stem"] == ("/ecp/x.js",)
    assert "unmasked-query" not in masked
    assert masked["Disguise"] == ("percent",)
    assert masked["DisguisedWords"] == ("ecp",)
    several: Fields = {"UrlStem": ("/a", "/b")}
    lay_open(several, "UrlStem", "UrlQuery")
    assert several == {"UrlStem": ("/a", "/b")}


@given(st.text(st.sampled_from("%ucCfF0123456789abeE/?@.=& \x00é"), max_size=60))
def test_nothing_is_read_that_has_no_sign_and_nothing_stops_reading(text: str) -> None:
    found = read(text)
    assert SIGNS.search(text.encode()) or not found.variants
    assert text not in found.variants
    assert len(found.plain) <= len(text)
    assert len(decoded(text).encode()) <= 3 * len(text.encode())
    assert len(plainly(text)) <= len(text)


@pytest.mark.parametrize("piece", ["%25", "%2525", "%40a", "%00", "%97", "%u", "%c0", "%41"])
def test_long_urls_take_no_longer_than_their_length(piece: str) -> None:
    start = time.perf_counter()
    found = read(piece * 300_000)
    assert time.perf_counter() - start < 5
    assert all(len(one) <= 4 * LIMIT for one in found.variants)
