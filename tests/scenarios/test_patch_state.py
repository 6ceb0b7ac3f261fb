"""Whole servers: which builds ran, when the door was open, and what is told of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from scenario import rescanned, scanned, the_host

from extriage.cli import main
from extriage.samples import ServerSpec, write_server
from extriage.samples.spec import Product

SERVER_SIDE = "CVE-2021-26855"
PATCHED = datetime(2021, 3, 6, 14, 30, tzinfo=UTC)


def row(host: dict[str, Any], cve: str) -> dict[str, Any]:
    (found,) = (one for one in host["patch"]["advisories"] if one["cve"] == cve)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("product", ["2013", "2016", "2019"])
def test_a_server_patched_in_mid_log_has_the_right_history_and_window(
    tmp_path: Path, product: Product
) -> None:
    spec = ServerSpec(
        product=product, lines=8_000, hours_per_file=24, patched_at=PATCHED, attack="probes"
    )
    _, case = scanned(tmp_path, spec)
    patch = the_host(case)["patch"]
    ran = [one for one in patch["sources"] if one["precision"] == "su"]
    assert [one["build"] for one in ran] == [spelt(spec.number), spelt(spec.patched)]
    assert ran[0]["last"] < "2021-03-06T14:30" <= ran[1]["first"] < "2021-03-06T15:30"
    assert patch["build"] == spelt(spec.patched)
    window = row(the_host(case), SERVER_SIDE)["window"]
    assert window["from"] == "2021-01-03T00:00:00Z"
    assert window["to"][:10] == "2021-03-06"
    assert (window["days"], window["closed"], window["proved"]) == (63, True, True)
    assert "every server that could be found was attacked from 2021-02-26" in window["note"]
    assert row(the_host(case), SERVER_SIDE)["state"] == "fixed"


PROTECTION = Path(__file__).parents[1] / "evidence/extended-protection/extended-protection.zip"
CONFIG = "Windows/System32/inetsrv/config/applicationHost.config"
DESKTOP = "Users/adm/Desktop/applicationHost.config"
PROTECTED, UNPROTECTED = (
    f"E16_{word}_ApplicationHost.config" for word in ("Configured", "NotConfigured")
)


def put(folder: Path, sample: str, *paths: str) -> None:
    """Place one of the samples of applicationHost.config beside a server's logs."""
    with ZipFile(PROTECTION) as archive:
        (name,) = (one for one in archive.namelist() if one.rpartition("/")[2] == sample)
        data = archive.read(name)
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def protection(case: dict[str, Any]) -> str:
    (found,) = (one for one in the_host(case)["patch"]["checks"] if one["id"] == "EP")
    return str(found["answer"])


def test_the_configuration_in_use_decides_and_copies_alone_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "EVIDENCE"
    write_server(folder, ServerSpec(lines=500, hours_per_file=24))
    put(folder, UNPROTECTED, DESKTOP)
    assert protection(rescanned(tmp_path)[1]) == "cannot-tell"
    put(folder, UNPROTECTED, DESKTOP, CONFIG)
    assert protection(rescanned(tmp_path, "--force")[1]) == "failed"


def spelt(build: tuple[int, int, int, int]) -> str:
    return ".".join(map(str, build))


def test_a_server_that_was_never_patched_is_still_open(tmp_path: Path) -> None:
    spec = ServerSpec(lines=5_000, hours_per_file=24, attack="chain")
    _, case = scanned(tmp_path, spec)
    host = the_host(case)
    state = row(host, SERVER_SIDE)
    assert state["state"] == "open"
    assert (state["window"]["closed"], state["window"]["proved"]) == (False, True)
    assert "attack traces inside it" in state["window"]["note"]
    assert host["patch"]["action"], "there is a way out"
    assert host["patch"]["support"]["state"] in ("unsupported", "paid-updates-only")


def test_what_was_known_on_a_day_can_be_asked(tmp_path: Path) -> None:
    spec = ServerSpec(lines=3_000, hours_per_file=24)
    write_server(tmp_path / "EVIDENCE", spec)
    _, case = rescanned(tmp_path, "--as-of", "2021-03-12")
    patch = the_host(case)["patch"]
    assert patch["support"]["state"] == "supported"
    assert not [one for one in patch["advisories"] if one["cve"] > "CVE-2021-4"]


def test_a_day_before_the_update_is_told_as_it_was(tmp_path: Path) -> None:
    spec = ServerSpec(lines=8_000, hours_per_file=24, patched_at=PATCHED)
    write_server(tmp_path / "EVIDENCE", spec)
    _, case = rescanned(tmp_path, "--as-of", "2021-03-05")
    patch = the_host(case)["patch"]
    assert patch["build"] == spelt(spec.number)
    assert max(one["last"] for one in patch["sources"]) < "2021-03-06"
    state = row(the_host(case), SERVER_SIDE)
    assert (state["state"], state["window"]["closed"]) == ("open", False)
    assert "still open on the day asked for (2021-03-05)" in state["window"]["note"]


SETUP_LOG = """[04/20/2021 16:47:41.0783] [0] **********************************************
[04/20/2021 16:47:41.0783] [0] Starting Microsoft Exchange Server 2016 Setup
[04/20/2021 16:47:41.0792] [0] Setup version: 15.1.2242.4.
[04/20/2021 16:48:42.0792] [0] The locally installed version is 15.1.2106.2.
[04/20/2021 18:49:42.0792] [0] The Exchange Server setup operation completed successfully.
[04/20/2021 18:49:43.0792] [0] End of Setup
"""


def test_the_update_after_the_last_row_ends_the_window(tmp_path: Path) -> None:
    write_server(tmp_path / "EVIDENCE", ServerSpec(lines=3_000, hours_per_file=24))
    (tmp_path / "EVIDENCE" / "ExchangeSetup.log").write_text(SETUP_LOG, "utf-8")
    _, case = rescanned(tmp_path)
    state = row(the_host(case), SERVER_SIDE)
    assert state["state"] == "fixed"
    assert (state["window"]["to"][:10], state["window"]["closed"]) == ("2021-04-20", True)


def test_a_server_without_logs_beside_another_is_told_apart(tmp_path: Path) -> None:
    folder = tmp_path / "EVIDENCE"
    spec = ServerSpec(lines=500, hours_per_file=24)
    write_server(folder / "EX01", spec)
    _, case = rescanned(tmp_path)
    name = the_host(case)["name"]
    (folder / "EX01").rename(folder / name)
    put(folder, PROTECTED, f"OTHER02/{CONFIG}")
    hosts = {host["name"]: host for host in rescanned(tmp_path, "--force")[1]["hosts"]}
    assert hosts.keys() == {name, "OTHER02"}
    told = [one["answer"] for one in hosts[name]["patch"]["checks"] if one["id"] == "EP"]
    assert told == ["cannot-tell"]


def test_files_and_logs_that_disagree_are_named(tmp_path: Path) -> None:
    """The export says CU only; a hand-made list of an older ExSetup contradicts the rows."""
    spec = ServerSpec(lines=3_000, hours_per_file=24)
    folder = tmp_path / "EVIDENCE"
    write_server(folder, spec)
    export = folder / "exports" / "ExSetup.xml"
    export.write_text(EXSETUP, "utf-8")
    _, case = rescanned(tmp_path)
    patch = the_host(case)["patch"]
    assert any("15.1.2044.13" in one for one in patch["conflicts"]), patch["conflicts"]


EXSETUP = """<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">
<Obj RefId="0"><TN RefId="0"><T>System.Diagnostics.FileVersionInfo</T></TN><Props>
<S N="FileName">C:\\Program Files\\Microsoft\\Exchange Server\\V15\\bin\\ExSetup.exe</S>
<S N="ProductName">Microsoft Exchange</S><S N="FileVersion">15.01.2044.013</S>
<I32 N="FileMajorPart">15</I32><I32 N="FileMinorPart">1</I32>
<I32 N="FileBuildPart">2044</I32><I32 N="FilePrivatePart">13</I32>
</Props></Obj></Objs>
"""


def test_settings_are_shown_without_a_build_and_doubt_is_no_all_clear(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Configuration alone names no build; a cumulative update alone proves nothing closed."""
    evidence = Path(__file__).parents[1] / "evidence"
    for name, shown in (
        ("extended-protection", "not as they must be: Extended Protection"),
        ("setup-logs", "for lack of evidence"),
    ):
        with pytest.raises(SystemExit):
            main(["scan", str(evidence / name), "--case", str(tmp_path / name)])
        screen = capsys.readouterr().out
        assert shown in screen
        assert "no known hole" not in screen
