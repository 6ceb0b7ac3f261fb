"""Exports of the audit meet the same rules in every form, and nothing of them is lost."""

import io
import json
from pathlib import Path
from typing import cast

import pytest
from audit_shapes import ACTS, SHAPES, Act, array, xml
from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.errors import SourceError
from extriage.knowledge.logsources import load_logsources
from extriage.matchers.prefilter import Prefilter, Watch, build
from extriage.matchers.sigma import load_rules
from extriage.model.evidence import Artifact, ByteStream
from extriage.parsers import KINDS, recognise
from extriage.parsers.exchange import RPS_CMDLET_COLUMNS
from extriage.parsers.text import HEAD
from extriage.pipeline.artifact import read_artifact
from extriage.pipeline.audits import AuditReader
from extriage.pipeline.collect import Collector
from extriage.pipeline.events import EventReader
from extriage.pipeline.lines import LineReader
from extriage.pipeline.pack import Content, load_pack
from extriage.pipeline.rulecase import RuleCase

RULE = """
title: {name}
id: 7d3a4c0e-0000-4000-8000-0000000000{number}
name: {name}
logsource: {{product: exchange, service: cmdlet}}
detection:
  cmdlet: {detection}
  condition: cmdlet
level: high
"""
RULES = {
    "export": "{Cmdlet: New-MailboxExportRequest, Parameters.FilePath|endswith: '.aspx', "
    "CmdletResult: success}",
    "text": "{Parameters|contains|all: ['-FilePath \"', 'aspnet_client']}",
    "path": r"{Parameters.FilePath|contains: '\inetpub\wwwroot\'}",
    "failed": "{Cmdlet|startswith: New-ManagementRoleAssignment, CmdletResult: failure}",
    "caller": "{CmdletCaller|endswith: /Administrator, Computer: EX01}",
    "never": "{Parameters|contains: '-Mailbox \"eve\"'}",
}
WANTED = {"export": 1, "text": 1, "path": 1, "failed": 1, "caller": 2}


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    for number, (name, detection) in enumerate(RULES.items(), start=10):
        rule = RULE.format(name=name, number=number, detection=detection)
        (folder / f"{name}.yml").write_text(rule)
    return folder


def prefilter_of(rules: Path, kind: str, *, enabled: bool) -> Prefilter:
    ruleset = load_rules([rules], load_logsources())
    assert not ruleset.refused
    return build(kind, [Watch(r, t) for r, t in ruleset.targets(kind)], enabled=enabled)


def read(data: bytes, prefilter: Prefilter) -> AuditReader:
    reader = AuditReader("x.xml", prefilter, Collector())
    reader.read(io.BytesIO(data), lambda _size: None)
    return reader


def met(collector: Collector) -> dict[str, int]:
    return {kept.rule: kept.count for kept in collector.kept.values() if not kept.raw}


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_every_export_meets_the_same_rules(rules: Path, shape: str, enabled: bool) -> None:
    reader = read(SHAPES[shape](ACTS), prefilter_of(rules, "audit", enabled=enabled))
    assert met(reader.collector) == WANTED
    assert (reader.counts.parsed, reader.counts.raw, reader.untimed) == (3, 0, 0)
    assert (
        reader.counts.parsed + reader.counts.raw + reader.counts.blank + reader.counts.rejected
        == reader.counts.lines
    )
    tally = reader.tallies["EX01"]
    assert (tally.records, tally.kind) == (2, "audit")
    assert reader.troubles == reader.notes() == []


CMDLET_ROW = {
    "DateTime": "2021-08-18T22:48:15.000Z",
    "StartTime": "2021-08-18T22:48:14.000Z",
    "RequestId": "7b91be61-3d94-406e-b00c-3d80e3e5f115",
    "MajorVersion": "15",
    "MinorVersion": "1",
    "BuildVersion": "2242",
    "RevisionVersion": "12",
    "ServerHostName": "EX01",
    "ProcessId": "15756",
    "ProcessName": "w3wp#MSExchangePowerShellAppPool",
}
QUEUE_ROW = (
    '2021-08-18T22:48:15.189Z,EX01,,ExchangeAdmin,"{data}",c,1,{cmdlet},Exchange,{status},1,Online'
)
ECP_ROW = "2021-08-18T22:48:15.189Z,EX01,ECP.Request,{data}"


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def rows(kind: str) -> bytes:
    """Write the first two acts as the servers' own logs have them."""
    written = []
    for act in ACTS[:2]:
        pairs = [(row["Name"], row["Value"]) for row in act["CmdletParameters"]]
        told = " ".join(f'-{name} "{value}"' for name, value in pairs)
        cmdlet, fine = act["CmdletName"], act["Succeeded"]
        if kind == "rps-cmdlet":
            result = "Success" if fine else "Error"
            more = {"Cmdlet": cmdlet, "Parameters": quoted(told), "ExecutionResult": result}
            values = CMDLET_ROW | more | {"AuthenticatedUser": act["Caller"]}
            row = ",".join(values.get(name, "") for name in RPS_CMDLET_COLUMNS)
        elif kind == "audit":
            row = QUEUE_ROW.format(data=queue_json(act), cmdlet=cmdlet, status=fine)
        else:
            command = cmdlet + "".join(f".{name}='{value}'" for name, value in pairs)
            inner = f"S:CMD={command}".replace("'", "''")
            row = ECP_ROW.format(data=quoted(f"'{inner}';S:EX={'' if fine else 'System.X'}"))
        written.append(row)
    return "\r\n".join(written).encode()


def queue_json(act: Act) -> str:
    """Write JSON as the server does: with more escapes than others."""
    data = {
        "CreationTime": "2021-08-18T23:48:15",
        "Operation": act["CmdletName"],
        "UserId": act["Caller"],
        "ResultStatus": str(act["Succeeded"]),
        "Workload": "Exchange",
        "Parameters": act["CmdletParameters"],
    }
    text = (
        json.dumps(data, separators=(",", ":"))
        .replace("/", "\\/")
        .replace("<", "\\u003c")
        .replace("&", "\\u0026")
    )
    return text.replace('"', '""')


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize("kind", ["rps-cmdlet", "audit", "ecp-server"])
def test_the_logs_of_a_server_meet_them_too(rules: Path, kind: str, enabled: bool) -> None:
    format = KINDS[kind].format
    assert format is not None
    data = rows(kind)
    assert recognise(data, "x") == kind
    reader = LineReader("x", format, prefilter_of(rules, kind, enabled=enabled), Collector())
    reader.read(io.BytesIO(data), lambda _size: None)
    assert reader.counts.parsed == 2
    wanted = WANTED if kind != "ecp-server" else {k: v for k, v in WANTED.items() if k != "caller"}
    assert met(reader.collector) == wanted


@pytest.mark.parametrize("enabled", [True, False])
def test_the_events_meet_them_too(rules: Path, enabled: bool) -> None:
    documents = []
    for act in ACTS[:2]:
        pairs = [(row["Name"], row["Value"]) for row in act["CmdletParameters"]]
        told = " ".join(f'-{name} "{value}"' for name, value in pairs)
        system = {
            "Provider": {"#attributes": {"Name": "MSExchange CmdletLogs"}},
            "EventID": 1 if act["Succeeded"] else 6,
            "TimeCreated": {"#attributes": {"SystemTime": "2021-08-18T22:48:15Z"}},
            "Channel": "MSExchange Management",
            "Computer": "EX01",
        }
        data = {"Data": {"#text": [act["CmdletName"], told, act["Caller"], *[""] * 24]}}
        documents.append(json.dumps({"Event": {"System": system, "EventData": data}}))
    reader = EventReader("x", prefilter_of(rules, "events", enabled=enabled), Collector())
    reader.read_json(io.BytesIO("\n".join(documents).encode()), lambda _size: None)
    assert met(reader.collector) == WANTED


def test_acts_without_a_zone_are_counted(rules: Path) -> None:
    acts = [{**ACTS[0], "RunDate": "8/18/2021 3:48:15 PM"}] * 2
    reader = read(array(acts), prefilter_of(rules, "audit", enabled=True))
    assert reader.notes() == ["2 acts tell their time without a zone: they have none here"]
    assert reader.tallies["EX01"].first is None
    assert met(reader.collector)["export"] == 2


def test_an_export_is_read_as_evidence() -> None:
    data = xml(ACTS)
    pack = load_pack(Content())
    result = read_artifact(Artifact("s.xml", len(data)), io.BytesIO(data), pack, lambda _size: None)
    assert (result.entry.kind, result.entry.status, result.entry.parsed) == (
        "audit-export",
        "read",
        3,
    )
    assert {(tally.kind, tally.computer) for tally in result.tallies} == {
        ("audit", "EX01"),
        ("audit", ""),
    }


def test_what_breaks_off_is_said(rules: Path) -> None:
    prefilter = prefilter_of(rules, "audit", enabled=True)
    cut = read(array(ACTS)[:-200], prefilter)
    assert cut.troubles == ["the text ends inside an array or an act"]
    assert cut.counts.parsed == 2
    broken = read(SHAPES["clixml"](ACTS)[:-60], prefilter)
    assert broken.counts.parsed >= 2
    assert broken.troubles[0].startswith("broken at line")


class Breaking(io.RawIOBase):
    """A stream that breaks off after its bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        block = self.data.read(min(size, 400) if size > 0 else 400)
        if not block:
            raise SourceError("the archive ends here")
        return block


@pytest.mark.parametrize("shape", SHAPES)
def test_what_was_read_before_a_break_counts(rules: Path, shape: str) -> None:
    reader = AuditReader("x", prefilter_of(rules, "audit", enabled=True), Collector())
    data = SHAPES[shape](ACTS * 200)
    with pytest.raises(SourceError, match="ends here"):
        reader.read(cast("ByteStream", Breaking(data[:-9])), lambda _size: None)
    assert reader.counts.parsed + reader.counts.raw >= 599
    assert met(reader.collector)["export"] == 200


SCRAPS = [b"<Event ", b'"', b"<", b">", b"{", b"}", b"[", b",", b"\n", b"=", b"\xff", b"\0"]


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(SHAPES)),
    st.lists(
        st.tuples(st.integers(0, 3000), st.sampled_from(SCRAPS), st.integers(0, 90)), max_size=3
    ),
)
def test_every_line_is_accounted_for(shape: str, changes: list[tuple[int, bytes, int]]) -> None:
    data = SHAPES[shape](ACTS)
    for at, scrap, gone in changes:
        data = data[:at] + scrap + data[at + gone :]
    if recognise(data[:HEAD], "x") != "audit-export":
        return
    reader = read(data, load_pack(Content()).prefilter("audit"))
    assert (
        reader.counts.parsed + reader.counts.raw + reader.counts.blank + reader.counts.rejected
        == reader.counts.lines
    )


def test_a_rules_case_may_be_an_export() -> None:
    case = RuleCase("export", "SearchResult.xml", "", {})
    record = case.record(xml(ACTS[:1]).decode())
    assert record.fields["Cmdlet"] == "New-MailboxExportRequest"
