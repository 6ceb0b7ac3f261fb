"""Assemblies of compiled pages: what they tell of the code, and that no bytes stop their reader."""

import logging
import random
import struct

import pytest
from assembly_building import assembly
from hypothesis import given, settings
from hypothesis import strategies as st
from pe_building import program
from traces_reading import OWA, TEMPORARY, traces_of

from extriage.parsers import assembly as reading

NAME = f"{OWA}/App_Web_abcd1234.dll"
PLAIN = assembly(
    calls=["System.Diagnostics.Process.Start", "System.Web.HttpRequest.get_Form"],
    texts=["~/auth/x.aspx", "cmd" + ".exe", "\u00fc" * 200, "~/auth/x.aspx"],
)


def test_classes_calls_and_texts_are_told() -> None:
    kind, (record,), trouble = traces_of(PLAIN, NAME)
    assert (kind, trouble, record.time) == ("compiled-assembly", "", None)
    assert record.fields == {
        "Types": ("ASP.auth_x_aspx",),
        "BaseTypes": ("ASP.auth_x_aspx : System.Web.UI.Page",),
        "Calls": ("System.Diagnostics.Process.Start", "System.Web.HttpRequest.get_Form"),
        "Pages": ("/owa/auth/x.aspx",),
        "ForeignPages": ("/owa/auth/x.aspx",),
        "Strings": ("~/auth/x.aspx", "cmd" + ".exe", "\u00fc" * 200),
        "Assembly": "App_Web_abcd1234",
        "References": ("System.Web",),
        "Compiled": "2021-03-03T05:01:02Z",
        "Application": "owa",
        "Path": NAME,
        "FileName": "App_Web_abcd1234.dll",
        "Size": str(len(PLAIN)),
    }


def test_pages_are_told_from_the_root_of_their_application() -> None:
    _, (record,), _ = traces_of(
        assembly(texts=["~/default.aspx", "/aspnet_client/a.ashx", "no page.aspx?"]),
        f"{TEMPORARY}/root/1/2/App_Web_default.aspx.cdcab7d2.abcd1234.dll",
    )
    assert record.fields["Pages"] == ("/default.aspx", "/aspnet_client/a.ashx")
    assert record.fields["ForeignPages"] == ("/aspnet_client/a.ashx",)


def test_a_digest_in_the_place_of_a_time_is_no_time() -> None:
    for stamp in (0, 0xF0000000, 12):
        _, (record,), _ = traces_of(assembly(stamp=stamp), NAME)
        assert "Compiled" not in record.fields


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("x/App_Web_cn.aspx.5f7a4d8b.abcdefgh.dll", True),
        ("x/App_global.asax.abcdefgh.dll", True),
        (f"{TEMPORARY}/owa/1/2/assembly/dl3/a/b/Contoso.Owa.dll", True),
        (f"{TEMPORARY}/owa/1/2/assembly/dl3/a/b/Microsoft.Exchange.Data.Owa.dll", False),
        ("inetpub/bin/Contoso.dll", False),
    ],
)
def test_assemblies_are_told_by_name_or_place(name: str, told: bool) -> None:
    assert (traces_of(PLAIN, name)[0] == "compiled-assembly") is told


def test_what_is_no_assembly_or_damaged_is_named() -> None:
    told = {
        "no .NET": traces_of(program((1, 2, 3, 4)), NAME)[2],
        "cut": traces_of(PLAIN[:900], NAME)[2],
        "no head": traces_of(b"MZ" + bytes(3000), NAME)[2],
        "streams": traces_of(assembly(streams=60_000), NAME)[2],
    }
    assert told == {
        "no .NET": "is no assembly of .NET",
        "cut": "is no assembly of .NET",
        "no head": "is no readable assembly (PEFormatError)",
        "streams": "claims to have 60,000 streams",
    }


def test_a_table_that_does_not_fit_is_left_out() -> None:
    mask = sum(1 << table for table in (0, 1, 2, 10, 32, 35))
    many = bytearray(assembly(calls=["A.B.c"]))
    at = many.find(struct.pack("<IBBBBQ", 0, 2, 0, 0, 1, mask))
    struct.pack_into("<I", many, at + 24 + 12, 3_000_000)
    _, (record,), _ = traces_of(bytes(many), NAME)
    assert "Calls" not in record.fields


def test_far_too_many_rows_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_ROWS", 7)
    assert traces_of(PLAIN, NAME)[2] == "has more than 7 rows of metadata"


def test_texts_and_rows_are_bounded() -> None:
    types = [(f"ASP.t{number}", "System.Web.UI.Page") for number in range(3000)]
    texts = [f"text {number} " + "x" * 900 for number in range(1500)]
    _, (record,), trouble = traces_of(assembly(types=types, texts=texts), NAME)
    assert trouble == ""
    assert len(record.fields["Types"]) < 2_000
    assert sum(map(len, record.fields["Strings"])) < 600_000


def test_the_librarys_own_words_do_not_reach_the_terminal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    handlers = list(logging.getLogger().handlers)
    traces_of(PLAIN[:900], NAME)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger().handlers == handlers
    assert logging.root.manager.disable == logging.NOTSET


@settings(max_examples=250, deadline=None)
@given(seed=st.integers(0, 1 << 32))
def test_no_damage_stops_the_reader(seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(PLAIN)
    for _ in range(chance.randint(1, 30)):
        data[chance.randrange(0x200, len(data))] = chance.choice((0, 1, 0x7F, 0xFF, 0x80))
    kind, records, trouble = traces_of(bytes(data[: chance.randint(100, len(data))]), NAME)
    assert kind == "compiled-assembly"
    assert bool(records) != bool(trouble)


@pytest.mark.parametrize(
    "quoted",
    [b"internal-message-id,message-id", b"\n#Log-type: OABGeneratorLog\r\n", b'{"EventID":1}'],
)
def test_a_text_inside_makes_no_log_of_it(quoted: bytes) -> None:
    kind, (record,), _ = traces_of(b"MZ" + quoted + PLAIN[2 + len(quoted) :], NAME)
    assert (kind, record.fields["Types"]) == ("compiled-assembly", ("ASP.auth_x_aspx",))


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=600))
def test_no_bytes_stop_the_reader(data: bytes) -> None:
    _, records, trouble = traces_of(b"MZ" + data, NAME)
    assert (records, bool(trouble)) == ([], True)
