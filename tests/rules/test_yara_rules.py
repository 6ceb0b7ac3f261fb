"""Every YARA rule of ours keeps its promises: what it finds, what it spares, what it says."""

import re
from functools import cache
from pathlib import Path
from uuid import UUID

import pytest

from extriage.knowledge.campaigns import campaigns
from extriage.matchers.yara import YaraRule, YaraRules, load_yara, scan_bytes
from extriage.model.detection import Certainty, Level, Stage
from extriage.pipeline.pack import Content, load_pack, own_yara
from extriage.pipeline.rulecase import CASES, load_cases, run_cases

SIDES = (("match", True), ("no_match", False))


@cache
def compiled() -> YaraRules:
    return load_yara(own_yara())


NAMES = sorted(one.rule.id for one in compiled().rules)


@cache
def by_name() -> dict[str, YaraRule]:
    return {one.rule.id: one for one in compiled().rules}


def case(name: str) -> Path:
    return CASES / by_name()[name].rule.campaign / f"{name}.yml"


def test_every_rule_is_compiled_and_none_is_refused() -> None:
    assert [one.reason for one in compiled().refused] == []
    written = [
        name
        for file in own_yara()
        for name in re.findall(r"^rule (\w+)", file.text, re.M)
        if name not in file.silent()
    ]
    assert sorted(written) == NAMES
    assert len(NAMES) > 40


def test_the_pack_says_of_them_what_their_files_say() -> None:
    assert load_pack(Content()).yara.rules == compiled().rules


def test_every_rule_has_an_id_of_its_own() -> None:
    found = [one for file in own_yara() for one in re.findall(r'\bid = "([^"]+)"', file.text)]
    assert len({UUID(one) for one in found}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_says_what_an_analyst_needs(name: str) -> None:
    rule = by_name()[name].rule
    assert rule.title != name
    assert len(rule.description) > 40
    assert rule.references
    assert all(link.startswith("https://") for link in rule.references)
    assert rule.look_alikes
    assert rule.attack
    assert rule.author == "extriage contributors"
    assert rule.campaign in {campaign.id for campaign in campaigns()}
    assert by_name()[name].scope, "a rule of ours names the evidence that it is for"
    assert rule.stage or rule.hints or rule.level is Level.INFORMATIONAL
    if rule.level is Level.CRITICAL:
        assert rule.stage is Stage.PLANTED
    if rule.hints:
        assert rule.certainty is Certainty.POSSIBLE


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_finds_its_pages_and_leaves_the_others(name: str) -> None:
    for one in load_cases(case(name)):
        for side, expected in SIDES:
            assert one.items[side], f"{name}: nothing under {side}"
            for item in one.items[side]:
                assert (name in one.met(item, compiled())) is expected, one.text(item)


def test_the_command_runs_their_cases() -> None:
    outcomes = run_cases(load_pack(Content()).ruleset, map(case, NAMES), compiled())
    assert [one for one in outcomes if one.problem] == []
    assert len(outcomes) >= 2 * len(NAMES)


WORDS = """
China Chopper evaluates Request.Item["x"] with eval in "unsafe" mode. Godzilla, Behinder,
AntSword, SharPyShell, ASPXSpy, reGeorg, Neo-reGeorg, suo5 and pivotnacci are web shells and
tunnels; they call Assembly.Load, CreateDecryptor, FromBase64String, Process.Start("cmd.exe"),
xp_cmdshell, VirtualAlloc, WScript.Shell and ADODB.Stream. Look for X-CMD, X-TARGET and X-PORT, for
SM_SESSION, for comsvcs.dll and MiniDump, for MachineKeySection.ValidationKey and for !BDN at the
beginning of a page.
"""


@pytest.mark.parametrize("path", ["readme.txt", "readme.md", "notes.aspx"])
def test_the_words_alone_are_no_shell(path: str) -> None:
    page = f'<%@ Page Language="C#" %>\n<html><body>{WORDS}</body></html>\n'
    for text in (WORDS, page if path.endswith("aspx") else WORDS):
        found = scan_bytes(compiled(), text.encode(), (), "web-file", path)
        assert [one.rule.id for one in found.matches] == []
