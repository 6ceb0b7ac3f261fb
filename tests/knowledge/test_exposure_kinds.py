"""Kinds of exposed data: whole, told in sentences, and named by the rules that speak of them."""

from functools import cache
from typing import Any

import pytest
import yaml
from sigma.rule import SigmaRule

from extriage.errors import ContentError
from extriage.knowledge import exposures
from extriage.knowledge.content import Loader, own_yaml
from extriage.knowledge.evidence import evidence_kinds
from extriage.knowledge.exposures import (
    data_endings,
    exposure_groups,
    exposure_kinds,
    leaks_by,
    operations,
    renewals,
    sentence,
)
from extriage.knowledge.persistence import persistence_kinds
from extriage.matchers.sigma.metadata import rule_of
from extriage.matchers.sigma.parts import RefusalError
from extriage.pipeline.pack import content_folder

KINDS = exposure_kinds()


def parsed(kind: str) -> Any:
    """Return a rule as pySigma reads it, which names this kind."""
    text = f"""
title: x
logsource: {{product: exchange, service: ews}}
detection: {{one: {{SoapAction: GetItem}}, condition: one}}
extriage: {{exposes: '{kind}'}}
"""
    return SigmaRule.from_yaml(text)


@cache
def rules() -> list[tuple[str, dict[str, Any]]]:
    folders = (one for one in (content_folder() / "rules").iterdir() if one.is_dir())
    files = (file for folder in folders for file in folder.iterdir())
    return [
        (file.name, document)
        for file in files
        for document in yaml.load_all(file.read_bytes(), Loader)
    ]


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_says_what_it_is_and_what_it_means(name: str) -> None:
    kind = KINDS[name]
    assert kind.title[0].islower() or kind.title.startswith("OAB")
    assert kind.means.endswith(".")
    assert kind.text.endswith(".")
    assert kind.object
    told = sentence(kind, "{by}", " by 203.0.113.7", ", 3 lines")
    assert "{object}" not in told
    assert "{many}" not in told


@pytest.mark.parametrize("name", exposure_groups())
def test_a_question_names_logs_that_are_known(name: str) -> None:
    group = exposure_groups()[name]
    parts = {part for one in group.needs for part in one.split("+")}
    assert parts <= set(evidence_kinds())
    assert group.asks.endswith(".")
    assert any(kind.group == name for kind in KINDS.values())


def test_every_kind_is_spoken_of_by_a_rule_an_operation_or_a_way_back() -> None:
    named = {(document.get("extriage") or {}).get("exposes") for _, document in rules()}
    used = {kind for kind, _ in operations().values()} | {"server-secrets"}
    silent = [one for one, kind in KINDS.items() if one not in named | used and not kind.ways]
    assert silent == []


def test_ways_back_that_leak_are_kinds_of_ways_back_and_leak_one_thing() -> None:
    ways = [way for kind in KINDS.values() for way in kind.ways]
    assert set(ways) <= set(persistence_kinds())
    assert len(ways) == len(set(ways))
    assert leaks_by("inbox-rule") == "forwarding"
    assert leaks_by("web-shell") == ""


def test_every_renewal_is_called_for() -> None:
    assert {one for kind in KINDS.values() for one in kind.renew} == set(renewals())


def test_operations_and_endings_are_written_as_they_are_compared() -> None:
    assert all(name == name.lower() for name in operations())
    assert all(one.startswith(".") and one == one.lower() for one in data_endings())
    assert operations()["getitem"] == ("mailbox-read", True)
    assert operations()["finditem"] == ("mailbox-folder-read", False)


def test_rules_that_say_exposure_name_the_kind_or_have_a_reason() -> None:
    weak = {"informational", "low"}
    doors = ("connector", "relay", "logon_page_changed", "inbox_rule", "rules_changed", "hash")
    silent = [
        name
        for name, document in rules()
        if (own := document.get("extriage") or {}).get("about") == "exposure"
        and not own.get("exposes")
        and document.get("level") not in weak
        and not any(word in name for word in doors)
    ]
    assert silent == []


def test_a_rule_names_its_kind_and_an_unknown_one_is_refused() -> None:
    assert rule_of(parsed("lsass-dump"), "x.yml", "x").exposes == "lsass-dump"
    assert rule_of(parsed(""), "x.yml", "x").exposes == ""
    with pytest.raises(RefusalError, match="no kind of exposures"):
        rule_of(parsed("secrets"), "x.yml", "x")


@pytest.mark.parametrize(
    "wrong", [{"group": "x"}, {"state": "gone"}, {"of": "x"}, {"renew": ["x"]}, {"text": "{x}"}]
)
def test_a_wrong_kind_is_named(wrong: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    document = own_yaml("knowledge", exposures.FILE)
    document["kinds"]["lsass-dump"] |= wrong
    monkeypatch.setattr(exposures, "_loaded", lambda: document)
    with pytest.raises(ContentError, match="lsass-dump"):
        exposure_kinds.__wrapped__()
