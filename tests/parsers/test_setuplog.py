"""Set-up logs: which build, when, by whom, and did it work; several runs stand in one file."""

import time
from datetime import UTC, datetime

import pytest
from parsers_reading import EVIDENCE, kind_of

from extriage.model.state import Fact, Subject
from extriage.parsers import recognise
from extriage.parsers.base import Document
from extriage.parsers.setuplog import MOST, accepts, read

LOGS = EVIDENCE / "setup-logs"
UPDATE, CU = Subject.UPDATE, Subject.CU_BUILD
DIVIDER = "**********************************************"


def facts(data: bytes, path: str = "C/ExchangeSetupLogs/ExchangeSetup.log") -> list[Fact]:
    assert accepts(data[: 64 * 1024], path)
    return list(read(Document(path, data)))


def told(found: list[Fact]) -> list[tuple[Subject, str, str, str]]:
    return [
        (fact.subject, fact.name, fact.value, f"{fact.time:%Y-%m-%d %H:%M:%S}" if fact.time else "")
        for fact in found
    ]


REAL = {
    "ExchangeSetup_InstallFromBin.log": [
        (CU, "ExchangeSetup.log", "15.1.2176.2", "2021-12-17 16:47:46"),
        (UPDATE, "Setup 15.1.2176.9", "failed", "2021-12-17 16:51:06"),
    ],
    "ExchangeSetup_MSI_1.log": [
        (CU, "ExchangeSetup.log", "15.0.1497.2", "2021-03-13 05:01:37"),
        (UPDATE, "Setup 15.0.1497.2", "failed", "2021-03-13 06:46:31"),
    ],
    "ExchangeSetup_MSI_3.log": [
        (UPDATE, "Setup 15.0.1497.2", "unfinished", "2021-03-05 21:14:42"),
    ],
    "ExchangeSetup_MSI_5.log": [
        (CU, "ExchangeSetup.log", "15.1.2242.4", "2021-08-05 23:47:14"),
        (UPDATE, "Setup 15.1.2308.8", "failed", "2021-08-06 02:22:43"),
    ],
    "ExchangeSetup_ServiceControl_Reverse.log": [
        (CU, "ExchangeSetup.log", "15.1.2507.6", "2022-11-03 20:42:43"),
        (UPDATE, "Setup 15.1.2507.6", "failed", "2022-11-03 20:44:07"),
    ],
    "ExchangeSetup_DC_Site_2_reduced.log": [
        (CU, "ExchangeSetup.log", "15.0.1210.3", "2021-03-09 01:20:39"),
        (UPDATE, "Setup 15.0.1497.2", "ended", "2021-03-09 02:01:04"),
    ],
    "ExchangeSetup_SchemaAdmin_PrepareSchema_reduced.log": [
        (UPDATE, "Setup 15.2.792.3", "ended", "2020-12-19 04:47:15"),
        (CU, "ExchangeSetup.log", "15.2.721.2", "2020-12-19 04:47:53"),
        (UPDATE, "Setup 15.2.792.3 /prepareschema", "failed", "2020-12-19 04:48:07"),
    ],
}


@pytest.mark.parametrize("name", sorted(REAL))
def test_real_logs_tell_builds_and_outcomes(name: str) -> None:
    assert kind_of(LOGS / name) == "setup-log"
    found = facts((LOGS / name).read_bytes(), name)
    assert told(found) == REAL[name]
    assert {fact.evidence for fact in found} == {"setup-log"}


def test_every_sample_is_expected() -> None:
    assert {file.name for file in LOGS.glob("*.log")} == set(REAL)


def test_a_run_is_told_in_one_line_with_its_place_and_server() -> None:
    found = facts((LOGS / "ExchangeSetup_MSI_1.log").read_bytes(), "x.log")
    installed, run = found
    assert (installed.origin.line, run.origin.line) == (51, 2)
    assert {fact.computer for fact in found} == {"ExSvr1"}
    assert run.time == datetime(2021, 3, 13, 6, 46, 31, 24_000, tzinfo=UTC)
    assert run.text == (
        "BuildToBuildUpgrade from 15.0.995.29 by SOLO\\Han begun 2021-03-13T05:01:29Z: "
        "The Exchange Server setup operation didn't complete"
    )
    assert installed.text == (
        "15.0.1497.2 is installed, by an upgrade from 15.0.995.29 that had not finished"
    )


def run(
    version: str, *steps: str, command: str = "/mode:Upgrade", day: str = "03/20/2021"
) -> bytes:
    lines = [
        DIVIDER,
        "Starting Microsoft Exchange Server 2016 Setup",
        DIVIDER,
        "Local time zone: (UTC-08:00) Pacific Time (US & Canada).",
        f"Setup version: {version}.",
        "Logged on user: CONTOSO\\admin.",
        f"RuntimeAssembly was started with the following command: '{command}'.",
        "Server Name=EX01",
        *steps,
        DIVIDER,
    ]
    stamped = (f"[{day} 10:00:{n:02}.0{n:03}] [0] {text}" for n, text in enumerate(lines))
    return "\r\n".join([*stamped, ""]).encode()


DONE = ("The Exchange Server setup operation completed successfully.", "End of Setup")
WIZARD = ("Finished loading screen SetupCompletedPage.", "End of Setup")
STOPPED = ("Setup is stopping now because of one or more critical errors.", "End of Setup")


def test_a_run_that_worked_installs_its_build() -> None:
    found = facts(run("15.1.2176.2", "The locally installed version is 15.1.2106.2.", *DONE))
    assert told(found) == [
        (CU, "ExchangeSetup.log", "15.1.2106.2", "2021-03-20 10:00:08"),
        (UPDATE, "Setup 15.1.2176.2", "installed", "2021-03-20 10:00:10"),
        (CU, "ExchangeSetup.log", "15.1.2176.2", "2021-03-20 10:00:10"),
    ]
    assert found[0].text == "15.1.2106.2 is installed"


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        (DONE, "installed"),
        (("The Microsoft Exchange Server setup operation completed successfully.",), "installed"),
        (WIZARD, "installed"),
        ((*STOPPED[:1], *WIZARD), "failed"),
        (STOPPED, "failed"),
        (("The Exchange Server setup operation didn't complete.  More details …",), "failed"),
        (("End of Setup",), "ended"),
        ((), "unfinished"),
    ],
)
def test_outcomes(steps: tuple[str, ...], outcome: str) -> None:
    found = facts(run("15.1.2176.2", *steps))
    assert [fact.value for fact in found if fact.subject is UPDATE] == [outcome]
    assert [fact.value for fact in found if fact.subject is CU] == (
        ["15.1.2176.2"] if outcome == "installed" else []
    )


@pytest.mark.parametrize(
    ("command", "name", "outcome"),
    [
        ("/PrepareAD /IAccept", "Setup 15.1.2176.2 /PrepareAD", "installed"),
        ("/AddUmLanguagePack:fr-FR /IAccept", "Setup 15.1.2176.2 /AddUmLanguagePack", "installed"),
        ("/pd:contoso.com", "Setup 15.1.2176.2 /pd", "installed"),
        ("/IAccept /PrepareAllDomains", "Setup 15.1.2176.2 /PrepareAllDomains", "installed"),
        ("/mode:Uninstall", "Setup 15.1.2176.2", "removed"),
        ("/m:uninstall", "Setup 15.1.2176.2", "removed"),
    ],
)
def test_preparing_or_removing_installs_nothing(command: str, name: str, outcome: str) -> None:
    found = facts(run("15.1.2176.2", *DONE, command=command))
    assert [(fact.subject, fact.name, fact.value) for fact in found] == [(UPDATE, name, outcome)]


def test_runs_are_told_apart_in_one_file() -> None:
    data = run("15.1.2106.2", *STOPPED) + run("15.1.2106.2", *DONE, day="03/21/2021")
    found = [fact for fact in facts(data) if fact.subject is UPDATE]
    assert [(fact.value, fact.origin.line) for fact in found] == [("failed", 2), ("installed", 13)]


def test_a_log_that_begins_inside_a_run_still_tells_it() -> None:
    data = run("15.1.2106.2", *DONE).split(b"\r\n", 4)[4]
    assert [fact.value for fact in facts(data)] == ["installed", "15.1.2106.2"]


def test_stamps_that_are_no_times_are_left_out() -> None:
    data = run("15.1.2106.2", *STOPPED, day="13/45/2021")
    assert told(facts(data)) == [(UPDATE, "Setup 15.1.2106.2", "failed", "")]


MSI = (
    "=== Logging started: 1/9/2023  17:46:10 ===\n"
    "Property(C): MsiLogFileLocation = C:\\Program Files\\Microsoft\\Exchange Server\\V15\\x.log\n"
    "=== Logging stopped: 1/9/2023  17:54:26 ===\n"
    "MSI (c) (C4:3C) [17:54:26:128]: Product: Microsoft Exchange Server - Update 'Security Update "
    "for Exchange Server 2019 Cumulative Update 12 (KB5019758) 15.2.1118.20' {result}\n\n"
    "MSI (c) (C4:3C) [17:54:26:129]: Windows Installer installed an update. Product Name: "
    "Microsoft Exchange Server. Product Version: 15.2.1118.7. Product Language: 1033. "
    "Manufacturer: Microsoft Corporation. Update Name: Security Update for Exchange Server 2019 "
    "Cumulative Update 12 (KB5019758) 15.2.1118.20. Installation success or error status: {code}.\n"
)


def test_a_log_of_windows_installer_tells_the_update() -> None:
    failed = facts(
        MSI.format(result="could not be installed. Error code 1603. More.", code=1603).encode(),
        "ExchangeUpdate_2023-01-09-144610.log",
    )
    assert told(failed) == [(UPDATE, "KB5019758", "failed", "")]
    assert failed[0].text.endswith("15.2.1118.20: failed, error 1603")
    assert failed[0].origin.line == 4
    done = facts(MSI.format(result="installed successfully.", code=0).encode(), "x.msilog")
    assert told(done) == [
        (UPDATE, "KB5019758", "installed", ""),
        (Subject.BUILD, "KB5019758", "15.2.1118.20", ""),
    ]


def test_an_installer_log_of_something_else_stays_unread() -> None:
    assert not accepts(b"=== Verbose logging started: 1/1/2023 ===\nMSI (c)", "x/7zip.log")


def test_the_log_of_web_files_tells_builds_without_times() -> None:
    data = (
        b"[03:12:10] ***********************************************\r\n"
        b"[03:12:10] * UpdateCas.ps1: 11/13/2022 03:12:10\r\n"
        b"[03:12:11] Updating OWA to version 15.1.2507.16\r\n"
        b"[03:12:19] Updating ECP to version 15.1.2507.16\r\n"
        b"[03:13:00] Updating OWA to version nonsense\r\n"
    )
    (fact,) = facts(data, "UpdateCas.log")
    assert (fact.subject, fact.name, fact.value) == (Subject.BUILD, "UpdateCas.log", "15.1.2507.16")
    assert (fact.time, fact.origin.line) == (None, 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[03/20/2021 10:00:00] no stamp of Setup",
        b"[00:50:54] * ServiceControl.ps1: 21/11/2022 00:50:54",
        b"Setup version: 15.1.2176.2.",
    ],
)
def test_other_logs_stay_unread(data: bytes) -> None:
    assert not accepts(data, "C/ExchangeSetupLogs/ServiceControl.log")


def test_a_log_of_countless_runs_is_read_within_bounds() -> None:
    data = run("15.1.2106.2", *DONE) * 4_000
    begun = time.perf_counter()
    found = facts(data)
    assert time.perf_counter() - begun < 30
    assert len(found) == 2 * MOST
    hostile = b"[03/20/2021 10:00:00.0000] [0] " + b"Setup version: 15.1.2106.2. " * 400_000
    assert len(facts(hostile)) <= 1
    marks = (
        b"=== Logging started: Exchange\n" + b"Windows Installer Product: Microsoft Exchange " * 9
    )
    assert facts(marks * 2_000, "x.msilog") == []


def test_a_set_up_log_is_recognised_as_one() -> None:
    assert recognise(run("15.1.2176.2", *DONE), "renamed.txt") == "setup-log"
