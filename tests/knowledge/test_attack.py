"""Names of techniques: every one that a bundled rule stands for has its own."""

import pytest

from extriage.knowledge.attack import TECHNIQUE, technique_names, technique_url
from extriage.pipeline.pack import Content, load_pack


def test_every_technique_of_a_bundled_rule_has_a_name() -> None:
    found = load_pack(Content()).ruleset
    rules = [one.rule for one in found.rules] + [one.rule for one in found.correlations]
    used = {id for rule in rules for id in rule.attack if TECHNIQUE.fullmatch(id)}
    assert len(used) > 100
    assert used - technique_names().keys() == set()


def test_the_table_is_sorted_and_every_sub_technique_has_its_technique() -> None:
    names = technique_names()
    assert list(names) == sorted(names)
    assert all(TECHNIQUE.fullmatch(id) and name for id, name in names.items())
    assert {id.partition(".")[0] for id in names} <= names.keys()


def test_a_page_is_named_for_ids_only() -> None:
    assert technique_url("T1505.003") == "https://attack.mitre.org/techniques/T1505/003/"
    for text in ("T1505.003/../x", "javascript:alert(1)", "T15"):
        with pytest.raises(ValueError, match=r"\S"):
            technique_url(text)
