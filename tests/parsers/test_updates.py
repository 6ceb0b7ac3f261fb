"""Events of installers: which update, which result, and the build that it is known to lead to."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from parsers_reading import EVIDENCE

from extriage.model.state import Fact, Subject
from extriage.parsers import events_binary
from extriage.parsers.updates import acts_in, build_in, event_facts, kb_number, wants

WHEN = datetime(2022, 11, 13, 2, 3, 4, tzinfo=UTC)
SU = "Security Update for Exchange Server 2016 Cumulative Update 23 (KB5019758) 15.1.2507.16"
EXCHANGE = "Microsoft Exchange Server"
UPDATE, BUILD, CU = Subject.UPDATE, Subject.BUILD, Subject.CU_BUILD


def event(provider: str, identity: int, data: Any, channel: str = "Application") -> bytes:
    system = {
        "Provider": {"#attributes": {"Name": provider}},
        "EventID": identity,
        "TimeCreated": {"#attributes": {"SystemTime": "2022-11-13T02:03:04Z"}},
        "EventRecordID": 4711,
        "Channel": channel,
        "Computer": "EX01.contoso.com",
    }
    return json.dumps({"Event": {"System": system, "EventData": data}}).encode()


def msi(identity: int, *items: str) -> bytes:
    return event("MsiInstaller", identity, {"Data": {"#text": list(items)}, "Binary": "7B46"})


def told(document: bytes) -> list[tuple[Subject, str, str]]:
    assert wants(document)
    found = list(event_facts(document, "Application.evtx", 3))
    assert all((fact.time, fact.computer) == (WHEN, "EX01.contoso.com") for fact in found)
    assert all((fact.origin.line, fact.origin.path) == (4711, "Application.evtx") for fact in found)
    return [(fact.subject, fact.name, fact.value) for fact in found]


INSTALLED = [(UPDATE, "KB5019758", "installed"), (BUILD, "KB5019758", "15.1.2507.16")]
FAILED = [(UPDATE, "KB5019758", "failed")]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (msi(1022, EXCHANGE, SU, "(NULL)", "(NULL)", "(NULL)", "(NULL)", ""), INSTALLED),
        (msi(1036, EXCHANGE, "15.1.2507.6", "1033", SU, "0", "Microsoft Corporation"), None),
        (msi(1036, EXCHANGE, "15.1.2507.6", "1033", "0", "Microsoft Corporation", SU), None),
        (msi(1036, EXCHANGE, "15.1.2507.6", "0", SU, "3010", "Microsoft Corporation"), None),
        (msi(1036, EXCHANGE, "15.1.2507.6", "1033", SU, "1603", "Microsoft"), FAILED),
        (msi(1023, EXCHANGE, SU, "1603", "C:\\x.log", "(NULL)"), FAILED),
        (msi(1024, EXCHANGE, SU, "1642", "(NULL)", "(NULL)"), FAILED),
        (msi(1025, EXCHANGE, SU), FAILED),
        (msi(1019, EXCHANGE, SU), [(UPDATE, "KB5019758", "removed")]),
        (msi(1020, EXCHANGE, SU, "1603"), FAILED),
        (
            msi(1037, EXCHANGE, "15.1.2507.6", "1033", SU, "0"),
            [(UPDATE, "KB5019758", "removed")],
        ),
        (
            msi(1033, EXCHANGE, "15.1.2507.6", "1033", "0", "Microsoft Corporation"),
            [(UPDATE, f"{EXCHANGE} 15.1.2507.6", "installed"), (CU, EXCHANGE, "15.1.2507.6")],
        ),
        (
            msi(1033, EXCHANGE, "15.1.2507.6", "1033", "1603", "Microsoft Corporation"),
            [(UPDATE, f"{EXCHANGE} 15.1.2507.6", "failed")],
        ),
        (
            msi(1034, EXCHANGE, "15.1.2375.7", "1033", "0", "Microsoft Corporation"),
            [(UPDATE, f"{EXCHANGE} 15.1.2375.7", "removed")],
        ),
        (
            msi(1035, EXCHANGE, "15.1.2507.6", "1033", "0", "Microsoft Corporation"),
            [(CU, EXCHANGE, "15.1.2507.6")],
        ),
        (
            msi(1040, "C:\\SU\\Exchange2016-KB5019758-x64-en.msp", "9004", "(NULL)"),
            [(UPDATE, "KB5019758", "begun")],
        ),
        (
            msi(1042, "C:\\SU\\Exchange2016-KB5019758-x64-en.msp", "9004", "(NULL)"),
            [(UPDATE, "KB5019758", "ended")],
        ),
        (
            msi(1022, EXCHANGE, "{C3E4DD1C-13B7-4378-ACB9-808516A235B2}"),
            [(UPDATE, "{C3E4DD1C-13B7-4378-ACB9-808516A235B2}", "installed")],
        ),
    ],
)
def test_windows_installer(
    document: bytes, expected: list[tuple[Subject, str, str]] | None
) -> None:
    whole = [*INSTALLED, (CU, EXCHANGE, "15.1.2507.6")]
    assert told(document) == (whole if expected is None else expected)


@pytest.mark.parametrize(
    "document",
    [
        msi(1022, "Microsoft Visual C++", "Some update (KB5019758)", "Exchange"),
        msi(1033, "Microsoft Exchange Client Language Pack - French", "15.1.2507.6", "12", "0"),
        msi(1036, EXCHANGE, "15.1.2507.6", "1033", "Microsoft Corporation"),
        msi(1036, EXCHANGE, "15.1.2507.6", "1033", "0"),
        msi(1040, "C:\\x\\7zip.msi", "Exchange"),
        msi(1005, EXCHANGE, SU),
        msi(1022, EXCHANGE),
        msi(1022),
        event("MsiInstaller", 1022, {"Data": "Exchange"}),
        event("MsiInstaller", 1022, None).replace(b"EX01.contoso.com", b"Exchange"),
        event("Microsoft-Windows-WindowsUpdateClient", 19, {"updateTitle": "Exchange"}),
        event("Microsoft-Windows-WindowsUpdateClient", 99, {"updateTitle": SU}),
        event("MSExchangeSetup", 1000, {"Data": "none"}),
        event("MSExchangeSetup", 4, {"Data": "15.1.2507.6:Languages"}),
        event("Another MsiInstaller", 1022, {"Data": ["Exchange Server", SU]}),
        b"MsiInstaller xchange {",
    ],
)
def test_other_events_say_nothing(document: bytes) -> None:
    assert list(event_facts(document, "x", 1)) == []


WINDOWS_TITLE = "Security Update For Exchange Server 2016 CU23 (KB5019758)"


@pytest.mark.parametrize(
    ("identity", "data", "word", "text"),
    [
        (19, {"updateTitle": WINDOWS_TITLE, "updateGuid": "{…}"}, "installed", "installed"),
        (
            20,
            {"errorCode": "0x80070643", "updateTitle": WINDOWS_TITLE},
            "failed",
            "failed, error 0x80070643",
        ),
        (43, {"updateTitle": WINDOWS_TITLE}, "begun", "begun"),
    ],
)
def test_windows_update(identity: int, data: dict[str, str], word: str, text: str) -> None:
    document = event("Microsoft-Windows-WindowsUpdateClient", identity, data, "System")
    assert told(document) == [(UPDATE, "KB5019758", word)]
    (fact,) = event_facts(document, "System.evtx", 1)
    assert (fact.evidence, fact.text) == ("events:System", f"{WINDOWS_TITLE}: {text}")


def exported(provider: str, identity: int, message: str) -> list[Fact]:
    document = {
        "SourceName": provider,
        "EventID": identity,
        "Channel": "Application",
        "Hostname": "EX01",
        "@timestamp": "2022-11-13T02:03:04Z",
        "Message": message,
    }
    data = json.dumps(document).encode()
    return list(event_facts(data, "x.json", 1)) if wants(data) else []


@pytest.mark.parametrize(
    ("provider", "identity", "message", "expected"),
    [
        (
            "MsiInstaller",
            1022,
            f"Product: {EXCHANGE} - Update '{SU}' installed successfully.",
            INSTALLED,
        ),
        (
            "MsiInstaller",
            1036,
            f"Windows Installer installed an update. Product Name: {EXCHANGE}. Product Version: "
            f"15.1.2507.6. Product Language: 1033. Manufacturer: Microsoft Corporation. "
            f"Update Name: {SU}. Installation success or error status: 1603.",
            FAILED,
        ),
        (
            "Microsoft-Windows-WindowsUpdateClient",
            20,
            "Installation Failure: Windows failed to install the following update with error "
            f"0x80070643: {WINDOWS_TITLE}.",
            FAILED,
        ),
        (
            "MSExchangeSetup",
            1000,
            "Exchange Setup (build 15.1.2507.6:Languages) was started.",
            [(UPDATE, "Setup 15.1.2507.6: Languages", "begun")],
        ),
        ("MsiInstaller", 1022, "Product: 7-Zip - Update 'x' installed successfully.", []),
    ],
)
def test_rendered_texts_are_understood_as_well(
    provider: str, identity: int, message: str, expected: list[tuple[Subject, str, str]]
) -> None:
    found = exported(provider, identity, message)
    assert [(fact.subject, fact.name, fact.value) for fact in found] == expected


def test_the_events_of_set_up_name_their_component() -> None:
    document = event("MSExchangeSetup", 1002, {"Data": ["15.1.2507.6:Mailbox", "error"]})
    assert told(document) == [(UPDATE, "Setup 15.1.2507.6: Mailbox", "failed")]


def test_real_event_logs_without_installations_say_nothing() -> None:
    for file in sorted((EVIDENCE / "evtx").glob("*.evtx")):
        with file.open("rb") as stream:
            documents = [one for one in events_binary(stream) if isinstance(one, bytes)]
        facts = [fact for one in documents if wants(one) for fact in event_facts(one, file.name, 1)]
        assert facts == []


@pytest.mark.parametrize(
    ("title", "kb", "build"),
    [
        (SU, "KB5019758", "15.1.2507.16"),
        ("Update Rollup 32 for Exchange Server 2010 SP3 (KB5000978)", "KB5000978", ""),
        ("KB 5000871", "KB5000871", ""),
        ("KB12", "", ""),
        ("Exchange 15.01.2507.016.", "", "15.1.2507.16"),
        ("Exchange 15.1.2507.16.4", "", ""),
        ("", "", ""),
    ],
)
def test_titles_tell_number_and_build(title: str, kb: str, build: str) -> None:
    assert (kb_number(title), build_in(title)) == (kb, build)


def test_hostile_texts_are_read_in_time() -> None:
    for text in (
        "Product: Microsoft Exchange " * 20_000,
        "Windows Installer installed an update. Product Name: Microsoft Exchange Server. Product "
        "Version: 1. Product Language: 1. " * 5_000,
        "Product: a - Update 'b " * 20_000,
    ):
        assert list(acts_in(text)) == []
