"""What lies on the disk and stands in the configuration is judged by rules, beside the logs."""

import io
import json
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from scenario import rescanned, the_host

from extriage.pipeline import worker
from extriage.samples import ServerSpec, write_server

DUMP = "file_name_lsass_dump"
FOLDER = "setting_virtual_directory_in_programdata"
CONFIG = r"""<configuration><configSections><sectionGroup name="system.applicationHost"/>
</configSections><system.applicationHost><sites><site name="Default Web Site" id="1">
<application path="/"><virtualDirectory path="/" physicalPath="%SystemDrive%\inetpub\wwwroot" />
<virtualDirectory path="/owa/x" physicalPath="C:\ProgramData\COM1\x" /></application></site></sites>
</system.applicationHost></configuration>"""
URLS = """title: Script in the address of a virtual directory
id: 5d0c3a52-5f0e-4f3e-9a53-6c4f4f3f1a11
name: own_script_in_url
logsource: {product: exchange, service: setting}
detection:
  script: {Subject: object, Object: OabVirtualDirectory, ExternalUrl|contains: runat}
  condition: script
level: high
"""
EXPORT = """Identity    : {server}\\OAB (Default Web Site)
Server      : {server}
InternalUrl : https://mail.contoso.example/OAB
ExternalUrl : http://f/<a runat=server>

"""


def server(folder: Path, name: str = "EX01") -> Path:
    spec = ServerSpec(
        name=name, start=datetime(2021, 3, 1, tzinfo=UTC), end=datetime(2021, 3, 2, tzinfo=UTC),
        lines=2_000, hours_per_file=24,
    )  # fmt: skip
    write_server(folder / "EVIDENCE" / name, spec)
    return folder / "EVIDENCE" / name


def put(folder: Path, path: str, data: str | bytes = b"not read") -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


def found(host: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {finding["rule"]: finding for finding in host["findings"]}


def test_a_virtual_directory_in_a_hidden_folder_is_a_break_in(tmp_path: Path) -> None:
    place = server(tmp_path)
    history = "C/inetpub/history/CFGHISTORY_0000000007/applicationHost.config"
    put(place, history, CONFIG)
    put(place, "C/inetpub/history/CFGHISTORY_0000000008/applicationHost.config", CONFIG)
    code, case = rescanned(tmp_path)
    host = the_host(case)
    assert code == 1
    assert (host["verdict"]["status"], host["verdict"]["stage"]) == ("compromised", "planted")
    finding = found(host)[FOLDER]
    assert finding["count"] == 1, "the same file twice says it once"
    (line,) = finding["evidence"]
    assert line["path"] == f"EVIDENCE/EX01/{history}"
    assert line["line"] == 4
    assert r"PhysicalPath=C:\ProgramData\COM1\x" in line["text"]


def test_a_name_hints_and_changes_no_coverage_and_adds_its_row_to_the_manifest(
    tmp_path: Path,
) -> None:
    place = server(tmp_path)
    _, before = rescanned(tmp_path)
    put(place, "C/root/lsass.dmp", b"MDMP\x93\xa7\x00\x00")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("C/Windows/Temp/lsass.exe_1.dmp", b"")
    put(place, "more.zip", archive.getvalue())
    _, after = rescanned(tmp_path, "--force")
    old, host = the_host(before), the_host(after)
    finding = found(host)[DUMP]
    assert (finding["stage"], finding["hints"], finding["first"]) == (None, "acted", None)
    assert [line["path"] for line in finding["evidence"]] == [
        "EVIDENCE/EX01/C/root/lsass.dmp",
        "EVIDENCE/EX01/more.zip!/C/Windows/Temp/lsass.exe_1.dmp",
    ]
    assert "FirstBytes=4d444d5093a70000" in finding["evidence"][0]["summary"]
    assert host["verdict"]["status"] == old["verdict"]["status"]
    assert host["coverage"] == old["coverage"]
    known = {entry["path"] for entry in old["manifest"]["entries"]}
    more = {
        entry["path"]: entry["status"]
        for entry in host["manifest"]["entries"]
        if entry["path"] not in known
    }
    assert more.pop("EVIDENCE/EX01/C/root/lsass.dmp") == "skipped"
    assert all(path.startswith("EVIDENCE/EX01/more.zip") for path in more)
    assert after["unassigned"] == before["unassigned"] == []


def test_the_case_is_the_same_with_two_workers_and_without_the_prefilter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "SMALL", 0)
    place = server(tmp_path)
    put(place, "C/inetpub/history/x/applicationHost.config", CONFIG)
    dump = put(place, "C/a/lsass.dmp")
    (place / "C/b").mkdir()
    os.link(dump, place / "C/b/lsass2.dmp")
    put(place, "C/Temp/lsass\n\x1b[31m.dmp")
    cases = []
    for words in (["--jobs", "1"], ["--jobs", "2"], ["--no-prefilter"]):
        _, case = rescanned(tmp_path, "--force", *words)
        case["tool"].pop("slow_rules", None)
        cases.append(json.dumps(case, sort_keys=True))
    assert len(set(cases)) == 1
    assert found(the_host(json.loads(cases[0])))[DUMP]["count"] == 2


def test_each_server_has_its_own_files(tmp_path: Path) -> None:
    server(tmp_path)
    put(server(tmp_path, "EX02"), "C/root/lsass.dmp")
    _, case = rescanned(tmp_path)
    assert {host["name"]: DUMP in found(host) for host in case["hosts"]} == {
        "EX01": False,
        "EX02": True,
    }


@pytest.mark.parametrize("named", ["EX02", "EX09", ""])
def test_an_export_speaks_of_the_server_that_it_names(tmp_path: Path, named: str) -> None:
    place = server(tmp_path)
    server(tmp_path, "EX02")
    put(place, "exports/oab.txt", EXPORT.format(server=named))
    rule = put(tmp_path, "rules/own_script_in_url.yml", URLS)
    _, case = rescanned(tmp_path, "--rules", str(rule.parent))
    owners = [host["name"] for host in case["hosts"] if "own_script_in_url" in found(host)]
    assert owners == [named or "EX01"]
    silent = {host["name"] for host in case["hosts"]} - {*owners, "EX01", "EX02"}
    assert silent == set(), "a server that is only spoken of is shown if something is found"


def test_evidence_without_any_log_still_has_its_findings(tmp_path: Path) -> None:
    put(tmp_path / "EVIDENCE" / "EX05", "C/root/lsass.dmp")
    code, case = rescanned(tmp_path)
    host = the_host(case)
    assert code == 1
    assert DUMP in found(host)
    assert host["coverage"] == []
    assert host["verdict"]["status"] == "cannot-tell"
