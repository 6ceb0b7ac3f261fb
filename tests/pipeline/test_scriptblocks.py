"""A script that was logged in parts is looked at as a whole; every part stays an event."""

import io
import itertools
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extriage.knowledge.logsources import load_logsources
from extriage.matchers.prefilter import Prefilter, Watch, build
from extriage.matchers.sigma import load_rules
from extriage.parsers import event_record
from extriage.pipeline import scriptblocks
from extriage.pipeline.collect import Collector
from extriage.pipeline.events import EventReader
from extriage.pipeline.scriptblocks import ScriptBlocks

RULE = """
title: Mails are exported by a script
id: 7d3a4c0e-0000-4000-8000-000000000011
name: mail_snapin
logsource: {product: windows, category: ps_script}
detection:
  script: {ScriptBlockText|contains|all: ['Add-PSSnapin', 'New-MailboxExportRequest']}
  known: {ScriptBlockText|contains: 'BackupTool'}
  condition: script and not known
level: high
"""


@pytest.fixture(scope="module", params=[True, False])
def prefilter(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Prefilter:
    file: Path = tmp_path_factory.mktemp("rules") / "rule.yml"
    file.write_text(RULE)
    ruleset = load_rules([file], load_logsources())
    watches = [Watch(rule, target) for rule, target in ruleset.targets("events")]
    return build("events", watches, enabled=request.param)


def part(number: int, total: int, text: str, block: str = "b", **more: object) -> bytes:
    event = {
        "Channel": "Microsoft-Windows-PowerShell/Operational",
        "SourceName": "Microsoft-Windows-PowerShell",
        "Hostname": "EX01",
        "EventID": 4104,
        "RecordNumber": number + 100,
        "@timestamp": "2025-08-01T07:05:01Z",
        "MessageNumber": str(number),
        "MessageTotal": total,
        "ScriptBlockId": block,
        "ScriptBlockText": text,
    }
    return json.dumps({**event, **more}).encode() + b"\n"


def read(data: bytes, prefilter: Prefilter) -> EventReader:
    reader = EventReader("x.json", prefilter, Collector())
    reader.read_json(io.BytesIO(data), lambda _size: None)
    return reader


def lines(reader: EventReader) -> list[int]:
    return sorted(e.line for kept in reader.collector.kept.values() for e in kept.lines)


TEXT = "Add-PSSnapin Microsoft.Exchange.* ; $x = 1 ; New-MailboxExportRequest -Mailbox a"


def cut(*places: int) -> list[str]:
    edges = [0, *places, len(TEXT)]
    return [TEXT[start:end] for start, end in itertools.pairwise(edges)]


@pytest.mark.parametrize("order", [[1, 2, 3], [3, 1, 2], [2, 3, 1]])
def test_a_pattern_across_the_edge_of_parts_is_found(
    prefilter: Prefilter, order: list[int]
) -> None:
    texts = cut(5, 50)
    data = b"".join(part(number, 3, texts[number - 1]) for number in order)
    reader = read(data, prefilter)
    assert (reader.counts.parsed, reader.counts.lines) == (3, 3)
    assert lines(reader) == [101]
    assert not reader.scripts.waiting


def test_the_part_that_meets_the_rule_alone_is_the_evidence(prefilter: Prefilter) -> None:
    assert lines(read(part(1, 2, "$a = 1") + part(2, 2, TEXT), prefilter)) == [102]
    assert lines(read(part(1, 1, TEXT), prefilter)) == [101]


def test_what_another_part_says_can_take_a_finding_back(prefilter: Prefilter) -> None:
    assert lines(read(part(1, 2, TEXT) + part(2, 2, "# BackupTool"), prefilter)) == []


def test_parts_of_other_scripts_do_not_mix(prefilter: Prefilter) -> None:
    first, second = cut(40)
    apart = part(1, 2, first) + part(2, 2, second, "other") + part(1, 2, "", "other")
    assert lines(read(apart, prefilter)) == []
    elsewhere = part(1, 2, first) + part(2, 2, second, Hostname="EX02")
    assert lines(read(elsewhere, prefilter)) == []
    assert lines(read(apart + part(2, 2, second), prefilter)) == [101]


def test_a_script_without_its_other_parts_is_looked_at_in_the_end(prefilter: Prefilter) -> None:
    assert lines(read(part(2, 9, TEXT), prefilter)) == [102]
    first, second = cut(40)
    assert lines(read(part(3, 9, first) + part(5, 9, second), prefilter)) == [103]


def test_a_script_that_runs_again_is_found_again(prefilter: Prefilter) -> None:
    first, second = cut(40)
    twice = (part(1, 2, first) + part(2, 2, second)) * 2
    assert len(lines(read(twice, prefilter))) == 2
    broken_off = part(1, 2, first) + part(1, 2, first) + part(2, 2, second)
    assert lines(read(broken_off, prefilter)) == [101]


def test_an_event_that_is_no_part_is_read_as_ever(prefilter: Prefilter) -> None:
    odd = part(1, 2, TEXT, MessageTotal=None) + part(1, 2, TEXT, ScriptBlockId=None)
    assert len(lines(read(odd + part(1, 0, TEXT), prefilter))) == 3


def taken(blocks: ScriptBlocks, document: bytes) -> list[scriptblocks.Block]:
    record = event_record(document, "x", 1)
    return blocks.take(scriptblocks.Part(record, document, document)) or []


def test_memory_stays_bounded(prefilter: Prefilter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scriptblocks, "MOST_BLOCKS", 3)
    monkeypatch.setattr(scriptblocks, "MOST_TEXT", 4000)
    monkeypatch.setattr(scriptblocks, "MOST_IN_HAND", 9000)
    documents = [
        part(number, 50, TEXT if number == 2 else "x" * 200, str(block))
        for block in range(20)
        for number in range(1, 20)
    ]
    blocks = ScriptBlocks()
    for document in documents:
        taken(blocks, document)
        assert len(blocks.waiting) <= 3
        assert blocks.size <= 9000
    reader = read(b"".join(documents), prefilter)
    assert reader.counts.parsed == len(documents)
    assert len(lines(reader)) == 20


@given(st.integers(0, 10_000))
def test_every_part_comes_out_once(seed: int) -> None:
    chance = random.Random(seed)
    blocks = ScriptBlocks()
    given_parts, seen = 0, 0
    for _ in range(chance.randint(1, 60)):
        document = part(chance.randint(0, 4), chance.randint(2, 4), "x", str(chance.randint(0, 3)))
        given_parts += 1
        seen += sum(len(block.parts) for block in taken(blocks, document))
    assert seen + sum(len(block.parts) for block in blocks.rest()) == given_parts
    assert blocks.size == 0
