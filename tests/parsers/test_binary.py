"""Version resources: the build is read from the file, whatever it is called, or it says why not."""

import random
import time

import pefile
import pytest
from pe_building import program, version_block

from extriage.model.state import Fact, Subject
from extriage.parsers import recognise
from extriage.parsers.base import Document, DocumentError
from extriage.parsers.binary import EXCHANGE_FILES, accepts, file_version, read

NOV22 = (15, 1, 2507, 16)
BIN = "C/Program Files/Microsoft/Exchange Server/V15/Bin"


def named(name: str) -> dict[str, str]:
    return {
        "CompanyName": "Microsoft Corporation",
        "FileVersion": "15.01.2507.016",
        "InternalName": name,
        "OriginalFilename": name,
        "ProductVersion": "15.01.2507.016",
    }


def facts(data: bytes, path: str) -> list[Fact]:
    assert accepts(data[: 64 * 1024], path)
    return list(read(Document(path, data)))


def test_what_is_built_here_is_a_program_file_to_others_too() -> None:
    image = pefile.PE(data=program(NOV22, named("ExSetup.exe")))
    strings = {
        key.decode(): value.decode()
        for info in image.FileInfo[0]
        for table in getattr(info, "StringTable", [])
        for key, value in table.entries.items()
    }
    assert strings == named("ExSetup.exe")
    fixed = image.VS_FIXEDFILEINFO[0]
    assert (fixed.FileVersionMS, fixed.FileVersionLS) == (15 << 16 | 1, 2507 << 16 | 16)


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("name", EXCHANGE_FILES)
def test_the_build_of_an_exchange_file_is_a_fact(name: str, wide: bool) -> None:
    path = f"{BIN}/{name.lower()}"
    (fact,) = facts(program(NOV22, named(name), wide=wide), path)
    assert (fact.subject, fact.name, fact.value) == (Subject.BUILD, name, "15.1.2507.16")
    assert (fact.evidence, fact.origin.path, fact.time) == ("exchange-binary", path, None)


@pytest.mark.parametrize("name", ["cachtokn.dll", "System.Data.dll"])
def test_the_version_of_another_file_is_no_build(name: str) -> None:
    (fact,) = facts(program((10, 0, 17763, 4968), named(f"{name}.mui")), f"x/{name}")
    assert (fact.subject, fact.name) == (Subject.FILE_VERSION, name)
    assert fact.value == "10.0.17763.4968"


@pytest.mark.parametrize(
    "name",
    ["ExSetup.exe.bak", "EX01_ExSetup.exe", "ExSetup (2).exe", "ExSetup.exe_", "sample"],
)
def test_a_renamed_copy_is_known_by_what_it_was_built_as(name: str) -> None:
    (fact,) = facts(program(NOV22, named("ExSetup.exe")), f"x/{name}")
    assert (fact.name, fact.value) == ("ExSetup.exe", "15.1.2507.16")


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (program(NOV22, named("Setup.exe")), "x/Setup.exe"),
        (program(NOV22, named("ExSetupUI.exe")), "x/ExSetupUI.exe"),
        (program(NOV22, named("Microsoft.Exchange.Data.ni.dll")), "Microsoft.Exchange.Data.ni.dll"),
        (program(NOV22, named("ExSetup.exe"), padding=70_000), "x/sample.bin"),
        (b"ExSetup.exe", "x/ExSetup.exe"),
        (b"", "x/ExSetup.exe"),
    ],
)
def test_other_files_stay_unread(data: bytes, path: str) -> None:
    assert not accepts(data[: 64 * 1024], path)


def test_a_file_under_a_false_name_is_no_evidence_of_the_build() -> None:
    with pytest.raises(DocumentError, match=r"called 'ExSetup\.exe' but was built as 'calc\.exe'"):
        facts(program(NOV22, named("calc.exe")), f"{BIN}/ExSetup.exe")


def test_without_a_name_inside_the_name_outside_counts() -> None:
    data = program(NOV22, {"FileVersion": "15.01.2507.016"})
    (fact,) = facts(data, "x/Microsoft.Exchange.Data.Directory.dll")
    assert fact.name == "Microsoft.Exchange.Data.Directory.dll"


def test_an_empty_name_inside_is_no_name() -> None:
    names = {"OriginalFilename": "", "InternalName": "ExSetup.exe", "FileVersion": "15.1.2507.16"}
    (fact,) = facts(program(NOV22, names), "x/ExSetup.exe")
    assert fact.text == "file version 15.1.2507.16, original name ExSetup.exe"


def test_a_version_only_in_the_texts_counts_if_the_fixed_one_is_empty() -> None:
    (fact,) = facts(program((0, 0, 0, 0), named("ExSetup.exe")), "ExSetup.exe")
    assert fact.value == "15.1.2507.16"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"MZ", "no readable program file"),
        (b"MZ" + bytes(2000), "no readable program file"),
        (program(NOV22, resource=b""), "missing or damaged"),
        (program(NOV22, resource=b"\xff" * 200), "missing or damaged"),
        (program(NOV22, named("ExSetup.exe"))[:0x210], "is no readable|no version resource"),
        (program(NOV22).replace(b"\x10\0\0\0\x18\0\0\x80", b"\x0f\0\0\0\x18\0\0\x80"), "has no"),
    ],
)
def test_damage_is_named(data: bytes, why: str) -> None:
    with pytest.raises(DocumentError, match=why):
        facts(data, "ExSetup.exe")


def test_no_program_file_stops_the_reader() -> None:
    whole = program(NOV22, named("ExSetup.exe"), padding=4000)
    lot = random.Random(7)
    read_well = 0
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(lot.choice([1, 3, 30])):
            data[lot.randrange(2, len(data))] = lot.choice([0, 1, 0x7F, 0x80, 0xFF])
        begun = time.perf_counter()
        try:
            file_version(bytes(data[: lot.choice([len(data), lot.randrange(len(data))])]))
            read_well += 1
        except DocumentError:
            pass
        assert time.perf_counter() - begun < 5
    assert read_well > 30


def test_a_resource_of_any_size_is_read_within_bounds() -> None:
    huge = version_block(NOV22, named("ExSetup.exe")) + b"\xbd\x04\xef\xfe" * (8 << 20)
    begun = time.perf_counter()
    assert file_version(program(NOV22, resource=huge)).number == NOV22
    assert time.perf_counter() - begun < 10


def test_it_is_recognised_among_all_kinds() -> None:
    assert (
        recognise(program(NOV22, named("ExSetup.exe")), f"{BIN}/ExSetup.exe") == "exchange-binary"
    )
    assert recognise(program(NOV22, named("other.dll")), f"{BIN}/other.dll") == ""
