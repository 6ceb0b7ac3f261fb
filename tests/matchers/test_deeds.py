"""Deeds: every record is told as what it is, in words for people who do not read logs."""

import os
import time
from collections import defaultdict
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from extriage.knowledge.content import Loader
from extriage.knowledge.logsources import load_logsources
from extriage.matchers import deeds as module
from extriage.matchers.deeds import Deeds, deeds_bundle, deeds_digest, load_deeds, worded
from extriage.matchers.sigma import compile_rules, load_rules, read_rules, unbundle
from extriage.model.detection import Level
from extriage.model.evidence import Origin, Record
from extriage.model.trail import Deed
from extriage.pipeline.rulecase import RuleCase, headers

CASES = Path(__file__).parents[1] / "deeds"
CONTENT = Path(str(files("extriage"))) / "content"
TOLD_BY_DOCUMENTS = {"oab_generated", "exchange_logged", "antivirus_found"}
"""Deeds of logs whose lines are built below, because no case can hold them."""


@cache
def cases() -> list[tuple[str, Record, str]]:
    """Return deed, record and sentence of every case."""
    found = []
    for path in sorted(CASES.glob("*.yml")):
        for document in yaml.load_all(path.read_text("utf-8"), Loader):
            header = headers().get(document["header"], document["header"])
            for deed, (item, said) in document["told"].items():
                case = RuleCase(deed, document["artifact"], header, {})
                found.append((deed, case.record(row(header, item)), said))
    return found


def row(header: str, item: Any) -> Any:
    """Return an item as a line of a log with commas; other logs have their own form."""
    columns = header.removeprefix("#Fields: ").split(",")
    if isinstance(item, str) or len(columns) < 5:
        return item
    assert set(item) <= set(columns)
    usual = {columns[0]: "2021-03-03T05:01:02.345Z", "ServerHostName": "EX01"}
    cells = ((usual | item).get(name, "") for name in columns)
    return ",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' if cell else "" for cell in cells)


def built(kind: str, fields: dict[str, Any]) -> Record:
    return Record(kind, None, Origin("x", 1), fields, "x")


@pytest.mark.parametrize(
    ("deed", "record", "said"), cases(), ids=[f"{one[1].kind}-{one[0]}" for one in cases()]
)
def test_every_line_is_told_as_it_should(deed: str, record: Record, said: str) -> None:
    found = load_deeds().of(record)
    assert (found.id, load_deeds().sentence(found)) == (deed, said)


@pytest.mark.parametrize(
    ("deed", "record", "said"),
    [
        ("oab_generated", built("oab-generator", {"Message": "x"}), "had the server write"),
        ("exchange_logged", built("exchange-log", {"LogType": "OWA Logs"}), "the log OWA Logs"),
        ("antivirus_found", built("antivirus-log", {"Threat": "A", "Path": "c:/a"}), "left c:/a,"),
    ],
)
def test_lines_of_other_logs_are_told(deed: str, record: Record, said: str) -> None:
    found = load_deeds().of(record)
    assert found.id == deed
    assert said in load_deeds().sentence(found)


def test_every_deed_has_a_line() -> None:
    assert {deed for deed, _, _ in cases()} | TOLD_BY_DOCUMENTS == set(load_deeds().ids())


def test_every_deed_leaves_some_line_of_its_log_alone() -> None:
    """A deed that fits everything of a log must say so by its level."""
    records = defaultdict(list)
    for _, record, _ in cases():
        records[record.kind].append(record)
    ruleset = compile_rules(read_rules([CONTENT / "deeds"], load_logsources()), load_logsources())
    for rule in ruleset.rules:
        lines = [one for target in rule.targets for one in records[target.kind]]
        met = [any(target.matches(one) for target in rule.targets) for one in lines]
        assert not all(met) or rule.rule.level is Level.INFORMATIONAL, rule.rule.id


def test_refused_and_done_are_told_apart() -> None:
    told = {deed: load_deeds().of(record).done for deed, record, _ in cases()}
    refused = {name for name, done in told.items() if not done}
    assert {"web_refused", "web_missing", "forged_refused", "cmdlet_failed"} < refused
    assert {"forged_mapi", "ecp_logged_on", "ews_items_read", "cmdlet_role_given"} <= (
        told.keys() - refused
    )
    assert all(("refused" in name or "failed" in name) <= (name in refused) for name in told)


def test_deeds_are_no_rules_and_claim_no_stage() -> None:
    ruleset = load_rules([CONTENT / "deeds"], load_logsources())
    assert ruleset.refused == ()
    for rule in ruleset.rules:
        assert (rule.rule.stage, rule.rule.hints, rule.rule.campaign) == (None, None, "")
        assert rule.rule.path.endswith(f"{rule.rule.id}.yml")
        assert rule.rule.description
        assert rule.rule.deed


def test_the_bundle_is_made_from_the_files() -> None:
    if os.environ.get("EXTRIAGE_GOLDEN") == "1":
        (CONTENT / module.BUNDLE).write_bytes(deeds_bundle())
    drafts = unbundle((CONTENT / module.BUNDLE).read_bytes(), deeds_digest())
    again = unbundle(deeds_bundle(), deeds_digest())
    assert drafts is not None, "content/deeds.jsonl is older than content/deeds: write it anew"
    assert drafts == again


def test_a_record_that_fits_no_columns_means_nothing() -> None:
    assert load_deeds().of(Record("iis", None, Origin("x", 1), {}, "/owa/", raw=True)).id == ""
    assert load_deeds().of(built("unheard-of", {"a": "b"})).id == ""
    assert load_deeds().sentence(Deed("")) == ""


def test_what_it_was_done_to_is_bounded() -> None:
    found = load_deeds().of(built("iis", {"cs-uri-stem": "/x" * 10_000, "sc-status": "200"}))
    assert len(found.object) == module.LONGEST
    anchor = "ServerInfo~a]@x:444/mapi/emsmdb?mailboxId=" + "a" * 100_000
    row = {"UrlStem": "/ecp/y.js", "HttpStatus": "200", "AnchorMailbox": anchor}
    assert len(load_deeds().of(built("httpproxy", row)).mailbox) == module.LONGEST


@pytest.mark.parametrize("count", ["", "-1", "1e9", "٣", "9" * 40, "many"])
def test_a_count_that_is_none_is_unknown(count: str) -> None:
    row = {"SoapAction": "GetItem", "HttpStatus": "200", "LocalIdCount": count}
    assert load_deeds().of(built("ews", row)).items is None


def test_what_is_unknown_is_left_out_of_the_sentence() -> None:
    text = "read [{items} ]items[ of {mailbox}] at {object}"
    assert worded(text, Deed("x")) == "read items at ?"
    assert worded(text, Deed("x", object="{mailbox}", mailbox="[a]", items=1200)) == (
        "read 1,200 items of [a] at {mailbox}"
    )


def test_deeds_are_told_fast() -> None:
    records = [record for _, record, _ in cases()] * 20
    deeds: Deeds = load_deeds()
    for record in records:
        deeds.of(record)
    began = time.perf_counter()
    for record in records:
        deeds.of(record)
    assert (time.perf_counter() - began) / len(records) < 0.000_4


def test_what_is_remembered_changes_no_deed() -> None:
    deeds = load_deeds()
    records = [record for _, record, _ in cases()]
    records += [
        replace(record, fields={**record.fields, name: "another"})
        for record in records
        for name in record.fields
    ]
    for record in (*records, *reversed(records)):
        known = deeds._kinds[record.kind]
        told = next((one.name for one in known if one.target.matches(record)), "")
        assert deeds.of(record).id == told


def test_values_without_end_are_not_remembered() -> None:
    deeds = load_deeds()
    for at in range(3000):
        deeds.of(built("iis", {"cs-uri-stem": f"/a{at}", "cs-uri-query": "x" * at}))
    every = deeds._run("iis")
    for run in (every, *(one for one in every.parts if isinstance(one, module._Run))):
        assert len(run._answers) <= module._REMEMBERED
        kept = [value for values in run._answers for value in values if value]
        assert all(len(value) <= module._LONGEST_REMEMBERED for value in kept)
