"""The peers do the work that they are measured for, and find what is there."""

import gzip
import json
import tarfile
import zipfile
from pathlib import Path

import eventlogs
import peer_evtx
import peer_proxylogon
import peer_sigma
import peer_unpack
import pytest
import rulecount
import yaml
from stopwatch import Run

from extriage.knowledge.logsources import load_logsources
from extriage.matchers.sigma import load_rules
from extriage.samples import ServerSpec, truth, write_server

RULES = ("security_exchange_group_member_added", "file_event_agents_config_changed")


def found(capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    numbers: dict[str, int] = json.loads(capsys.readouterr().out)
    return numbers


def test_the_script_sees_an_intrusion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = ServerSpec(lines=500, attack="chain", hours_per_file=24)
    write_server(tmp_path, spec)
    peer_proxylogon.main(tmp_path)
    numbers = found(capsys)
    anchors = [one.text for one in truth(spec) if "ServerInfo~" in one.text]
    paths = [text for text in anchors if "/autodiscover" not in text and "~localhost" not in text]
    assert numbers["CVE-2021-26855"] == len(paths)
    assert numbers["CVE-2021-27065"] > 0


def test_the_script_takes_an_ordinary_cmdlet_for_an_attack_and_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_server(tmp_path, ServerSpec(lines=500, hours_per_file=24))
    peer_proxylogon.main(tmp_path)
    # NOTE: the `<null>` that a row of the control panel ends with looks like markup to it.
    assert {cve for cve, many in found(capsys).items() if many} == {"CVE-2021-27065"}


@pytest.mark.parametrize("name", ["x.gz", "x.zip", "x.tar.gz"])
def test_all_is_unpacked(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, file = tmp_path / "log", tmp_path / name
    log.write_bytes(b"2021-03-02 01:00:00 ::1 GET /\r\n" * 100_000)
    if name == "x.gz":
        file.write_bytes(gzip.compress(log.read_bytes()))
    elif name == "x.zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(log, "log")
    else:
        with tarfile.open(file, "w:gz") as tape:
            tape.add(log, "log")
    peer_unpack.main(file)
    size = int(capsys.readouterr().out.split()[0])
    assert log.stat().st_size <= size <= log.stat().st_size + 20 * 1024


def test_events_are_multiplied_and_asked_by_sql(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs, rules = tmp_path / "logs", tmp_path / "rules"
    logs.mkdir()
    eventlogs.write_logs([logs / "a.evtx"], 20 * eventlogs.CHUNK)
    peer_evtx.main(logs)
    events = int(capsys.readouterr().out)
    assert events >= 60
    assert eventlogs.rules(rules) > 150
    for path in rules.iterdir():
        if yaml.safe_load(path.read_text("utf-8")).get("name") not in RULES:
            path.unlink()
    peer_sigma.main(logs, rules)
    met = found(capsys)
    assert set(met) == set(RULES)
    assert eventlogs.same(case(tmp_path, met), run({}), run(met)) == ""
    assert RULES[0] in eventlogs.same(case(tmp_path, met | {RULES[0]: 1}), run({}), run(met))


def run(met: dict[str, int]) -> Run:
    return Run(1.0, 1.0, 1.0, said=json.dumps(met))


def case(folder: Path, met: dict[str, int]) -> Path:
    """Write as much of a case as is compared."""
    findings = [{"rule": rule, "count": many} for rule, many in met.items()]
    document = {"hosts": [{"findings": findings}], "unassigned": None}
    (folder / "case.json").write_text(json.dumps(document), "utf-8")
    return folder


def test_made_up_rules_run(tmp_path: Path) -> None:
    for number in range(8):
        text = yaml.safe_dump(rulecount.rule(number))
        (tmp_path / f"{number}.yml").write_text(text, "utf-8")
    ruleset = load_rules([tmp_path], load_logsources())
    assert not ruleset.refused
    assert all(target.clauses for one in ruleset.rules for target in one.targets)
