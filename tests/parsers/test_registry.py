"""Registry hives: named keys tell builds and updates; logs are replayed, or that is said."""

import random
import struct
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hive_building import BASE, WRITTEN, Node, Value, entry, hive, new_log, old_log, pages, tree
from regipy.registry import RegistryHive

from extriage.model.state import Fact, Subject
from extriage.parsers import recognise
from extriage.parsers.base import Document, DocumentError
from extriage.parsers.hivelog import marvin32
from extriage.parsers.registry import PENDING, accepts, read

INSTALLER = r"Microsoft\Windows\CurrentVersion\Installer\UserData\S-1-5-18\Products"
UNINSTALL = r"Microsoft\Windows\CurrentVersion\Uninstall"
SETUP = r"Microsoft\ExchangeServer\v15\Setup"
NOV22 = "Security Update for Exchange Server 2016 Cumulative Update 23 (KB5019758) 15.1.2507.16"
MSI = {"MsiProductMajor": 15, "MsiProductMinor": 1, "MsiBuildMajor": 2507, "MsiBuildMinor": 6}
Keys = Mapping[str, Mapping[str, Value] | Node]


def software(extra: Keys | None = None, build: Mapping[str, Value] = MSI) -> Node:
    keys: dict[str, Mapping[str, Value] | Node] = {
        SETUP: {**build, "OwaVersion": "15.1.2507.6", "MsiInstallPath": "D:\\Exchange\\V15\\"},
        r"Microsoft\ExchangeServer\v15\AdminTools": {
            "ConfiguredVersion": "15.1.2507.6",
            "UnpackedVersion": "15.1.2507.6",
            "PostSetupVersion": "no build",
        },
        r"Microsoft\ExchangeServer\v15\Diagnostics": {"EnableSerializationDataSigning": 1},
        r"Microsoft\Windows\CurrentVersion\Group Policy\State\Machine": {
            "Distinguished-Name": "CN=EX01,OU=Exchange,DC=contoso,DC=com"
        },
        r"Classes\CLSID": {"a": 1},
    }
    return tree({**keys, **(extra or {})})


SYSTEM = tree(
    {
        "Select": {"Current": 2},
        r"ControlSet002\Control\ComputerName\ComputerName": {"ComputerName": "EX01"},
        r"ControlSet002\Services\MSExchangeIS": {"Start": 4, "ImagePath": "x"},
        r"ControlSet002\Services\W3SVC": {"Start": 2},
        r"ControlSet001\Services\FMS": {"Start": 4},
    }
)


def facts(
    data: bytes, logs: Mapping[str, bytes] | None = None, name: str = "SOFTWARE"
) -> list[Fact]:
    path = f"C/Windows/System32/config/{name}"
    assert accepts(data[: 64 * 1024], path)
    return list(read(Document(path, data, None, (logs or {}).get)))


def told(found: Sequence[Fact]) -> list[tuple[Subject, str, str]]:
    return [(fact.subject, fact.name, fact.value) for fact in found]


BASIC = [
    (Subject.CU_BUILD, "MsiBuild", "15.1.2507.6"),
    (Subject.CU_BUILD, "OwaVersion", "15.1.2507.6"),
    (Subject.SETTING, "Setup/MsiInstallPath", "D:\\Exchange\\V15\\"),
    (Subject.CU_BUILD, "ConfiguredVersion", "15.1.2507.6"),
    (Subject.CU_BUILD, "UnpackedVersion", "15.1.2507.6"),
    (Subject.SETTING, "Diagnostics/EnableSerializationDataSigning", "1"),
]


@pytest.mark.parametrize("leaf", [b"lh", b"lf", b"li", b"ri"])
def test_setup_tells_the_cumulative_update(leaf: bytes) -> None:
    found = facts(hive(software(), leaf=leaf))
    assert told(found) == BASIC
    assert {(fact.evidence, fact.computer, fact.time) for fact in found} == {
        ("registry-hive", "EX01", None)
    }


def test_what_is_built_here_is_a_hive_to_others_too(tmp_path: Path) -> None:
    (tmp_path / "SOFTWARE").write_bytes(hive(software()))
    read_hive: Any = RegistryHive
    other = read_hive(str(tmp_path / "SOFTWARE"))
    values = {one.name: one.value for one in other.get_key(f"\\{SETUP}").iter_values()}
    assert values["MsiBuildMajor"] == 2507
    assert values["OwaVersion"] == "15.1.2507.6"
    assert other.header.checksum != 0


def test_updates_are_listed_with_their_day_and_build() -> None:
    when = datetime(2022, 11, 13, 1, 2, 3, tzinfo=UTC)
    product = rf"{INSTALLER}\442189DC8B9EA5040962A6BED9EC1F1F\Patches"
    keys: Keys = {
        rf"{product}\AA": Node(
            {"DisplayName": NOV22, "State": 1, "Installed": "20221113"}, written=when
        ),
        rf"{product}\BB": {
            "DisplayName": "Security Update for Exchange Server 2016 Cumulative Update 23 "
            "(KB5019077) 15.1.2507.13",
            "State": 2,
            "Installed": "20221011",
        },
        rf"{UNINSTALL}\{{X}}.KB5019758": {
            "DisplayName": "Security Update for Exchange Server 2016 Cumulative Update 23 "
            "(KB5019758)"
        },
        rf"{UNINSTALL}\Other": {"DisplayName": "Something else (KB5019758)"},
        r"Microsoft\Updates\Exchange 2016\SP1\KB5000871": {"PackageName": "KB5000871"},
    }
    found = [f for f in facts(hive(software(keys))) if f.subject in (Subject.UPDATE, Subject.BUILD)]
    assert [(f.subject, f.name, f.value, f.time) for f in found] == [
        (Subject.UPDATE, "KB5019758", "installed", when),
        (Subject.BUILD, "KB5019758", "15.1.2507.16", when),
        (Subject.UPDATE, "KB5019077", "superseded", None),
        (Subject.UPDATE, "KB5019758", "installed", None),
    ]
    assert found[0].text == f"{NOV22}: installed on 20221113"


def test_exchange_2010_has_its_own_key() -> None:
    build = {"MsiProductMajor": 14, "MsiProductMinor": 3, "MsiBuildMajor": 123, "MsiBuildMinor": 4}
    found = facts(hive(tree({r"Microsoft\ExchangeServer\v14\Setup": build})))
    assert told(found) == [(Subject.CU_BUILD, "MsiBuild", "14.3.123.4")]


def test_the_system_hive_names_the_computer_and_disabled_services() -> None:
    found = facts(hive(SYSTEM, "SYSTEM"), name="SYSTEM")
    assert told(found) == [
        (Subject.SETTING, "ComputerName", "EX01"),
        (Subject.SETTING, "Service/MSExchangeIS/Start", "Disabled"),
        (Subject.SERVICE, "MSExchangeIS", "x"),
    ]
    assert {fact.computer for fact in found} == {"EX01"}


def test_services_are_told_with_their_program_or_library() -> None:
    place = r"ControlSet001\Services"
    root = tree(
        {
            rf"{place}\Netsvc": {"ImagePath": r"%SystemRoot%\System32\svchost.exe -k netsvcs"},
            rf"{place}\Netsvc\Parameters": {"ServiceDll": r"C:\ProgramData\x.dll"},
            rf"{place}\Odd": {
                "ImagePath": r"C:\Windows\Temp\a.exe",
                "ObjectName": "LocalSystem",
                "Start": 2,
            },
            rf"{place}\Odd\Parameters": {"ServiceDll": "not a library that is loaded"},
            rf"{place}\NoProgram": {"Start": 3},
        }
    )
    found = [f for f in facts(hive(root, "SYSTEM"), name="SYSTEM") if f.subject is Subject.SERVICE]
    assert {fact.name: dict(fact.properties) for fact in found} == {
        "Netsvc": {
            "ImagePath": r"%SystemRoot%\System32\svchost.exe -k netsvcs",
            "ServiceDll": r"C:\ProgramData\x.dll",
        },
        "Odd": {
            "ImagePath": r"C:\Windows\Temp\a.exe",
            "ObjectName": "LocalSystem",
            "Start": "2",
        },
    }
    assert {fact.time for fact in found} == {WRITTEN}


def test_a_server_with_many_services_is_read_whole() -> None:
    image = {"ImagePath": r"C:\Windows\System32\svchost.exe -k a"}
    place = r"ControlSet001\Services"
    keys: dict[str, Mapping[str, Value] | Node] = {}
    for number in range(1500):
        keys[rf"{place}\S{number}"] = image
        for inner in ("Parameters", "Security", "TriggerInfo"):
            keys[rf"{place}\S{number}\{inner}"] = {"ServiceDll": f"{number}.dll"}
    found = facts(hive(tree(keys), "SYSTEM"), name="SYSTEM")
    libraries = {dict(fact.properties)["ServiceDll"] for fact in found}
    assert libraries == {f"{number}.dll" for number in range(1500)}


def test_ports_that_are_handed_on_are_told() -> None:
    place = r"ControlSet001\Services\PortProxy\v4tov4\tcp"
    root = tree({place: {"0.0.0.0/8443": "192.0.2.7/3389"}})
    (fact,) = facts(hive(root, "SYSTEM"), name="SYSTEM")
    assert (fact.subject, fact.name, fact.value, fact.time) == (
        Subject.PORT_PROXY,
        "0.0.0.0/8443",
        "192.0.2.7/3389",
        WRITTEN,
    )
    assert dict(fact.properties)["Protocol"] == "v4tov4/tcp"


def test_a_certificate_request_gives_the_text_in_it() -> None:
    place = r"Microsoft\SystemCertificates\REQUEST\Certificates\0123AB"
    text = b"\x30\x82\x05\x01CN=<%@ Page %>\xff\x00" + "wide text".encode("utf-16-le") + bytes(9)
    root = tree({place: {"Blob": text + b"\x01" * 40_000}})
    (fact,) = facts(hive(root))
    assert (fact.subject, fact.name) == (Subject.CERTIFICATE_REQUEST, "0123AB")
    assert dict(fact.properties) == {"Content": "CN=<%@ Page %> wide text"}


def newer() -> Node:
    """Return the same hive after the set-up of CU23 followed that of CU22."""
    return software({}, {**MSI, "MsiBuildMajor": 2507})


OLD = hive(software({}, {**MSI, "MsiBuildMajor": 2375, "MsiBuildMinor": 7}), sequence=(9, 7))
NEW = hive(newer(), sequence=(9, 9))
CHANGED = pages(OLD, NEW)


def dirty(logs: Mapping[str, bytes]) -> tuple[str, str]:
    """Return the build that the dirty hive tells, and what is said of it at the end."""
    found = []
    said = ""
    try:
        for fact in read(Document("x/SOFTWARE", OLD, None, logs.get)):
            found.append(fact)  # noqa: PERF402  # what came before the error counts
    except DocumentError as error:
        said = str(error)
    return found[0].value, said


def test_a_dirty_hive_without_its_logs_is_named() -> None:
    assert dirty({}) == ("15.1.2375.7", PENDING)


@pytest.mark.parametrize(
    "logs",
    [
        {"SOFTWARE.LOG1": new_log([entry(7, len(NEW) - BASE, CHANGED)])},
        {"SOFTWARE.LOG2": new_log([entry(7, len(NEW) - BASE, CHANGED)])},
        {
            "SOFTWARE.LOG1": new_log([entry(8, len(NEW) - BASE, CHANGED)]),
            "SOFTWARE.LOG2": new_log([entry(7, len(NEW) - BASE, [(0, b"hbin" + bytes(28))])]),
        },
        {"SOFTWARE.LOG1": old_log(len(NEW) - BASE, CHANGED)},
    ],
)
def test_logs_are_replayed_in_memory(logs: Mapping[str, bytes]) -> None:
    assert dirty(logs) == ("15.1.2507.6", "")


@pytest.mark.parametrize(
    "log",
    [
        b"",
        b"regf",
        new_log([]),
        new_log([entry(6, len(NEW) - BASE, CHANGED)]),
        new_log([entry(7, len(NEW) - BASE, CHANGED)[:-512] + bytes(512)]).replace(
            struct.pack("<I", 2507), struct.pack("<I", 9999)
        ),
        new_log([entry(7, len(NEW) - BASE, CHANGED)])[:-600],
        old_log(len(NEW) - BASE, CHANGED, sequence=(8, 7)),
        old_log(len(NEW) - BASE, []),
    ],
)
def test_logs_that_do_not_fit_change_nothing(log: bytes) -> None:
    assert dirty({"SOFTWARE.LOG1": log}) == ("15.1.2375.7", PENDING)


def test_a_gap_between_log_entries_ends_the_replay() -> None:
    back = entry(7, len(OLD) - BASE, pages(NEW, OLD))
    log = new_log([back, entry(9, len(NEW) - BASE, CHANGED)])
    assert dirty({"SOFTWARE.LOG1": log}) == ("15.1.2375.7", "")


def test_a_clean_hive_needs_no_logs() -> None:
    found = facts(NEW, {"SOFTWARE.LOG1": new_log([entry(9, len(OLD) - BASE, pages(NEW, OLD))])})
    assert found[0].value == "15.1.2507.6"


@pytest.mark.parametrize(
    ("data", "expected"),
    [("", 0x30ED35C100CD3C7D), ("af", 0x48E73FC77D75DDC1), ("e70f", 0xB5F6E1FC485DBFF8)]
    + [("37f495", 0xF0B07C789B8CF7E8), ("8642dc59", 0x7008F2E87E9CF556)]
    + [("153fb79826", 0xE6C08C6DA2AFA997), ("0932e6246c47", 0x6F04BF1A5EA24060)],
)
def test_the_hash_of_log_entries_is_the_published_one(data: str, expected: int) -> None:
    assert marvin32(bytes.fromhex(data), 0x4FB61A001BDBCC) == expected


@pytest.mark.parametrize("name", ["SAM", "SECURITY", "COMPONENTS", "DRIVERS"])
def test_hives_of_no_interest_stay_unread(name: str) -> None:
    assert not accepts(hive(tree({"a": {}}), name), f"x/{name}")


def test_logs_of_hives_are_no_hives() -> None:
    assert not accepts(new_log([]), "x/SOFTWARE.LOG1")
    assert not accepts(old_log(4096, []), "x/SOFTWARE.LOG1")
    assert not accepts(b"regf", "x/SOFTWARE")


def test_a_saved_hive_without_a_name_is_read() -> None:
    assert told(facts(hive(software(), ""), name="export.hiv")) == BASIC
    assert recognise(hive(software(), ""), "export.hiv") == "registry-hive"


def cyclic() -> bytes:
    """Return a hive whose root lists itself again and again, many times over."""
    data = bytearray(hive(tree({"Microsoft": {}})))
    (root,) = struct.unpack_from("<I", data, 36)
    leaf = len(data) - BASE
    rows = struct.pack("<I", root) * 0xFFFF
    data += struct.pack("<i", -len(rows) - 8) + b"li" + struct.pack("<H", 0xFFFF) + rows
    index = len(data) - BASE
    data += struct.pack("<i", -len(rows) - 8) + b"ri" + struct.pack("<H", 0xFFFF)
    data += struct.pack("<I", leaf) * 0xFFFF
    struct.pack_into("<I", data, BASE + root + 4 + 20, 0xFFFFFFFF)
    struct.pack_into("<I", data, BASE + root + 4 + 28, index)
    return bytes(data)


def test_a_hive_that_never_ends_is_left_in_time() -> None:
    begun = time.perf_counter()
    with pytest.raises(DocumentError, match="more keys than are looked at"):
        facts(cyclic())
    assert time.perf_counter() - begun < 20


def test_a_value_that_claims_gigabytes_is_cut() -> None:
    text = "15.1.2507.6"
    data = bytearray(hive(software({}, {**MSI, "Long": "x" * 500})))
    at = data.index(b"OwaVersion") - 20
    assert data[at : at + 2] == b"vk"
    struct.pack_into("<I", data, at + 4, 0x7FFFFFFF)
    assert (Subject.CU_BUILD, "OwaVersion", text) in told(facts(bytes(data)))


@pytest.mark.slow
def test_no_hive_stops_the_reader() -> None:
    whole = hive(software(), sequence=(9, 7))
    lot = random.Random(11)
    outcomes = set()
    for _ in range(600):
        data = bytearray(whole)
        for _ in range(lot.choice([1, 4, 40, 400])):
            place = lot.randrange(36, len(data))
            data[place] = lot.choice([0, 1, 0x7F, 0x80, 0xFF, lot.randrange(256)])
        data = data[: lot.choice([len(data), lot.randrange(len(data))])]
        log = bytearray(new_log([entry(7, len(data), [(0, bytes(data[BASE : BASE + 512]))])]))
        log[lot.randrange(len(log))] ^= 1
        begun = time.perf_counter()
        try:
            list(read(Document("x/SOFTWARE", bytes(data), None, {"SOFTWARE.LOG1": bytes(log)}.get)))
            outcomes.add("read")
        except DocumentError as error:
            outcomes.add(str(error).partition(" (")[0][:20])
        assert time.perf_counter() - begun < 10
    assert len(outcomes) > 2
