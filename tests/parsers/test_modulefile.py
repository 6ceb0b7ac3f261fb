"""Libraries that IIS would load: their role, their company, whether a signature is there."""

import struct
from contextlib import suppress

import pytest
from assembly_building import assembly
from config_reading import facts_of
from hypothesis import given, settings
from hypothesis import strategies as st
from pe_building import RAW, RVA, program

from extriage.model.state import Fact, Subject
from extriage.parsers.base import Document, DocumentError
from extriage.parsers.modulefile import DAMAGED, EMBEDDED, NONE, accepts, read

INETSRV = "EX01/C/Windows/System32/inetsrv/x.dll"
OPTIONAL = 0x40 + 24
"""Where the optional header of the programs that are made here begins."""
DIRECTORIES = OPTIONAL + 112
NAMES = {"CompanyName": "Contoso", "OriginalFilename": "mod.dll"}


def described(data: bytes, path: str = INETSRV) -> dict[str, str | tuple[str, ...]]:
    assert accepts(data, path)
    (fact,) = read(Document(path, data))
    assert fact.subject is Subject.PROGRAM_FILE
    return dict(fact.properties)


def exporting(name: str) -> bytes:
    """Return a library whose only export has this name."""
    at = RVA + 0x400
    table = struct.pack("<IIHHI", 0, 0, 0, 0, at + 100)
    table += struct.pack("<IIIIII", 1, 1, 1, at + 40, at + 48, at + 56)
    body = table.ljust(40, b"\0") + struct.pack("<II", RVA, 0)
    body += struct.pack("<II", at + 64, 0) + struct.pack("<HHI", 0, 0, 0)
    body += name.encode() + b"\0"
    data = bytearray(program((1, 0, 0, 0), NAMES, padding=0x1000))
    data[RAW + 0x400 : RAW + 0x400 + len(body)] = body
    struct.pack_into("<II", data, DIRECTORIES, at, 200)
    section = 0x40 + 24 + struct.unpack_from("<H", data, 0x40 + 20)[0]
    struct.pack_into("<IIII", data, section + 8, 0x1000, RVA, 0x1000, RAW)
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("RegisterModule", "iis-native-module"),
        ("HttpFilterProc", "isapi-filter"),
        ("InitializeChangeNotify", "password-filter"),
        ("DllMain", "library"),
    ],
)
def test_an_export_tells_the_role(name: str, role: str) -> None:
    told = described(exporting(name))
    assert told["Role"] == role
    assert told["Company"] == "Contoso"
    assert told["OriginalName"] == "mod.dll"


def test_an_assembly_is_told_by_what_its_types_are_built_on() -> None:
    base = "Microsoft.Exchange.Data.Transport.Routing.RoutingAgentFactory"
    path = "EX01/C/Program Files/Microsoft/Exchange Server/V15/TransportRoles/agents/a.dll"
    told = described(assembly((("A.Factory", base),), name="a"), path)
    assert told["Role"] == "transport-agent"
    assert told["Built"] == "2021-03-03T05:01:02Z"
    named_only = assembly((("A.B", "System.Object"),), ["X.RoutingAgentFactory.New"], name="a")
    assert described(named_only, path)["Role"] == "library"


def test_a_signature_is_seen_and_not_verified() -> None:
    plain = program((1, 0, 0, 0), NAMES)
    assert described(plain)["Signature"] == NONE
    signed = bytearray(plain + struct.pack("<IHH", 16, 0x200, 2) + bytes(8))
    struct.pack_into("<II", signed, DIRECTORIES + 32, len(plain), 16)
    assert described(bytes(signed))["Signature"] == EMBEDDED
    assert described(bytes(signed[:-12]))["Signature"] == DAMAGED


@pytest.mark.parametrize(
    ("path", "read_it"),
    [
        (INETSRV, True),
        ("EX01/C/inetpub/wwwroot/bin/a.dll", True),
        ("EX01/C/ProgramData/COM1/a.dll", True),
        ("EX01/C/ProgramData/Microsoft/Windows Defender/a.dll", False),
        ("EX01/C/Windows/System32/a.dll", False),
        ("C/inetpub/temp/Temporary ASP.NET Files/owa/App_Web_a.dll", False),
        ("EX01/C/Windows/Temp/a.exe", False),
    ],
)
def test_only_places_that_matter_are_looked_at(path: str, read_it: bool) -> None:
    assert accepts(program((1, 0, 0, 0)), path) is read_it


def test_the_scanner_takes_it_for_a_library() -> None:
    kind, facts, trouble = facts_of(program((1, 0, 0, 0), NAMES), INETSRV)
    assert (kind, trouble) == ("module-file", "")
    assert facts[0].value == "library; signature none; Contoso"


@settings(max_examples=60)
@given(st.integers(0, 1 << 32), st.sampled_from(["native", "net"]))
def test_no_damaged_library_breaks_the_reader(seed: int, shape: str) -> None:
    data = bytearray(exporting("RegisterModule") if shape == "native" else assembly(name="a"))
    for step in range(8):
        data[(seed * (step + 3)) % len(data)] = seed >> step & 0xFF
    facts: list[Fact] = []
    with suppress(DocumentError):
        facts = list(read(Document(INETSRV, bytes(data))))
    assert len(facts) <= 1
