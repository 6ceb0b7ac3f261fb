"""Access tokens are opened as Exchange writes them, whatever the log did to them."""

import base64
import gzip
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extriage.model.evidence import Fields, Origin
from extriage.parsers import KINDS, Clock, record
from extriage.parsers.accesstoken import LONGEST, MOST_LISTED, claims
from extriage.parsers.request import lay_open

NAME = "administrator@contoso.example"
SID = "S-1-5-21-1004336348-1177238915-682003330-500"
ADMINISTRATORS = "S-1-5-32-544"
SAID = {
    "CommonAccessToken.Version": "1",
    "CommonAccessToken.Type": "Windows",
    "CommonAccessToken.AuthenticationType": "Kerberos",
    "CommonAccessToken.LogonName": NAME,
    "CommonAccessToken.UserSid": SID,
    "CommonAccessToken.Groups": ADMINISTRATORS,
}


def text(value: str) -> bytes:
    """Write a text as .NET does: its length first, seven bits in each byte."""
    data = value.encode()
    length, head = len(data), bytearray()
    while length > 0x7F:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes((*head, length)) + data


def groups(letter: bytes, sids: list[str]) -> bytes:
    members = b"".join(struct.pack("<I", 7) + text(sid) for sid in sids)
    return letter + struct.pack("<I", len(sids)) + members


def token(
    *, name: str = NAME, sids: tuple[str, ...] = (ADMINISTRATORS,), packed: bool = False
) -> bytes:
    body = b"A" + text("Kerberos") + b"L" + text(name) + b"U" + text(SID)
    body += groups(b"G", list(sids)) + b"E" + struct.pack("<I", 0)
    head = b"V\x01\x00T" + text("Windows") + b"C"
    return head + (b"\x01" + gzip.compress(body, mtime=0) if packed else b"\x00" + body)


def query(data: bytes) -> str:
    return f"?X-Rps-CAT={base64.b64encode(data).decode()}&Email=a@b.example"


@pytest.mark.parametrize("packed", [False, True])
def test_a_token_says_who_the_caller_claimed_to_be(packed: bool) -> None:
    assert claims(query(token(packed=packed))) == SAID


def test_the_spellings_of_logs_are_undone() -> None:
    plain = query(token(name="ÿÿ~~>>@contoso.example"))
    said = claims(plain)
    assert said["CommonAccessToken.LogonName"] == "ÿÿ~~>>@contoso.example"
    assert "+" in plain
    for spelt in (
        plain.replace("+", " "),
        plain.replace("+", "%2B").replace("=&", "%3d&"),
        plain.replace("+", "%252b").replace("/", "%252F"),
        plain.replace("X-Rps-CAT", "x-rps-cat"),
        plain.partition("&")[0].rstrip("="),
    ):
        assert claims(spelt) == said


@pytest.mark.parametrize("kind", ["iis", "httpproxy", "rps-http"])
def test_a_row_has_the_claims_as_fields(kind: str) -> None:
    layout = KINDS[kind].format
    assert layout is not None
    assert layout.url is not None
    columns = layout.columns[0]
    values = dict.fromkeys(columns, "")
    values |= {columns[0]: "2021-08-20T05:01:02Z", layout.url[1]: query(token())}
    if kind == "iis":
        values = {name: value or "-" for name, value in values.items()}
    line = layout.delimiter.decode().join(values.values())
    found = record(layout, columns, line.encode(), Origin("x", 1), Clock())
    assert {name: found.fields[name] for name in SAID} == SAID


def test_a_token_is_found_behind_a_disguise() -> None:
    hidden = query(token()).replace("X-Rps-CAT", "X-%52ps-C%41T")
    fields: Fields = {"UrlStem": "/powershell", "UrlQuery": hidden}
    lay_open(fields, "UrlStem", "UrlQuery")
    assert fields["CommonAccessToken.UserSid"] == SID
    assert fields["Disguise"] == ("percent",)


def test_many_groups_and_long_names_are_bounded() -> None:
    sids = tuple(f"S-1-5-21-{number}" for number in range(250))
    said = claims(query(token(name="a" * 3000, sids=sids)))
    assert said["CommonAccessToken.Groups"] == sids[:MOST_LISTED]
    assert said["CommonAccessToken.LogonName"] == "a" * 1000


def test_other_lists_are_read_too() -> None:
    data = b"V\x01\x00T" + text("LiveIdBasic") + b"C\x00E" + struct.pack("<I", 2)
    data += text("MemberName") + text("a@b.example") + text("Puid") + text("1")
    said = claims(query(data))
    assert said["CommonAccessToken.Type"] == "LiveIdBasic"
    assert said["CommonAccessToken.Extensions"] == ("MemberName=a@b.example", "Puid=1")
    closed = token() + groups(b"R", ["S-1-5-12"])
    assert claims(query(closed))["CommonAccessToken.RestrictedGroups"] == "S-1-5-12"


def test_what_is_cut_off_keeps_what_stands_before() -> None:
    whole = token()
    for length in range(len(whole)):
        said = claims(query(whole[:length]))
        assert said.items() <= SAID.items()
    assert claims(query(whole[: whole.index(b"U")]))["CommonAccessToken.LogonName"] == NAME


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"V\x01\x00X\x07Windows",
        b"V\x01\x00T\xff\xff\xff\xff\xff",
        b"V\x01\x00T\x07WindowsC\x01not gzip at all",
        b"V\x01\x00T\x07WindowsC\x00A\x01KL\x01aU\x01SG\xff\xff\xff\xff",
        b"V\x01\x00T\x07WindowsC\x00A\x01KL\x01aU\x01SZ",
    ],
)
def test_a_wrong_token_says_no_more_than_it_holds(data: bytes) -> None:
    said = claims(query(data))
    assert "CommonAccessToken.Groups" not in said
    assert said.keys() <= SAID.keys()


def test_a_packed_token_is_not_unpacked_without_end() -> None:
    body = b"A" + text("Kerberos") + b"L" + text("a" * 300 * LONGEST)
    bomb = b"V\x01\x00T" + text("Windows") + b"C\x01" + gzip.compress(body, mtime=0)
    assert len(query(bomb)) > LONGEST / 16
    assert claims(query(bomb))["CommonAccessToken.AuthenticationType"] == "Kerberos"


@given(st.binary(max_size=120))
def test_no_bytes_stop_the_reader(data: bytes) -> None:
    claims(query(data))
    claims(query(b"V\x01\x00T\x07WindowsC\x00" + data))
    claims(f"X-Rps-CAT={data.decode('latin-1')}")
