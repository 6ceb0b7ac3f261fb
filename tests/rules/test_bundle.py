"""The bundled rules come read beforehand; that must change nothing but the time it takes."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml

from extriage.knowledge.logsources import load_logsources
from extriage.matchers.sigma import (
    RuleSet,
    bundle,
    compile_rules,
    load_rules,
    read_rules,
    unbundle,
)
from extriage.matchers.sigma.draft import Ask, Detection, Draft, Pattern
from extriage.model.detection import Rule
from extriage.pipeline import pack
from extriage.pipeline.pack import BUNDLE, Content, load_pack
from extriage.pipeline.rulecase import CASES, HEADERS, fired, load_cases

CONTENT = Path(str(files("extriage"))) / "content"
CASE_FILES = sorted(path for path in CASES.glob("*/*.yml") if path.name != HEADERS)
LOGSOURCES = load_logsources()

EVERYTHING = """
title: Everything
name: everything
logsource: {category: webserver}
detection:
  texts: {cs-uri-query: ['a*b?c', ''], cs-method|cased: [GET, P*], sc-status: [200, true]}
  all: {c-useragent|contains|all: [x, y], cs-uri-query|base64offset|contains: secret}
  pattern: {cs-uri-query|re|i|s: 'VirtualDir.*aspx', cs-uri-stem|re|startswith: '/a|/b'}
  numbers: {sc-status|gte: 400, time-taken|lt: 2.5, date|hour: 3}
  network: {c-ip|cidr: ['10.0.0.0/8', '2001:db8::/32']}
  there: {cs-username|exists: true, c-useragent: null, cs-uri-stem|fieldref|startswith: c-uri}
  keywords: [foo, 'b?r', 5]
  condition: (texts or all) and not pattern or 1 of n* or there and keywords
---
title: Count
name: count
correlation:
  {type: value_count, rules: everything, timespan: 5m, group-by: [ip], generate: true,
   aliases: {ip: {everything: c-ip}}, condition: {field: [cs-method, c-useragent], gt: 1.5}}
---
title: Terms
name: terms
correlation: {type: temporal, timespan: 1h, condition: everything and (count or everything)}
"""


@cache
def read() -> RuleSet:
    """Return the bundled rules as pySigma reads them."""
    return load_rules([CONTENT / "rules"], LOGSOURCES)


@cache
def unbundled() -> RuleSet:
    """Return the same after a way through a bundle; test_docs.py holds the file to that."""
    drafts = unbundle(bundle(read_rules([CONTENT / "rules"], LOGSOURCES), "digest"), "digest")
    assert drafts is not None
    return compile_rules(drafts, LOGSOURCES)


def described(rules: RuleSet) -> list[Any]:
    """Return all of a rule set that can be compared."""
    return [
        (one, [(t.kind, t.clauses, t.pairs, t.keep, t.conditions) for t in targets])
        for one, targets in (
            ((rule.rule, rule.generate, rule.keep, rule.notes), rule.targets)
            for rule in rules.rules
        )
    ]


def test_unbundled_rules_are_the_rules() -> None:
    assert described(unbundled()) == described(read())
    assert unbundled().correlations == read().correlations
    assert unbundled().refused == read().refused == ()
    assert len(read().rules) > 50
    assert len(read().correlations) > 5


@pytest.mark.parametrize("path", CASE_FILES, ids=lambda path: path.stem)
def test_unbundled_rules_find_the_same(path: Path) -> None:
    for case in load_cases(path):
        for items in case.items.values():
            assert fired(unbundled(), case, items) == fired(read(), case, items)
            for item in items:
                assert fired(unbundled(), case, [item]) == fired(read(), case, [item])


def test_every_kind_of_value_survives(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(EVERYTHING)
    drafts = [one for one in read_rules([tmp_path], LOGSOURCES) if isinstance(one, Draft)]
    assert len(drafts) == 3
    again = unbundle(bundle(drafts, "digest"), "digest")
    assert again is not None
    assert [(one.rule, one.sigma_id, one.line, one.body) for one in again] == [
        (one.rule, one.sigma_id, one.line, one.body) for one in drafts
    ]
    first, second = compile_rules(again, LOGSOURCES), compile_rules(drafts, LOGSOURCES)
    assert described(first) == described(second)
    assert first.correlations == second.correlations
    assert first.refused == ()


def test_a_refused_rule_is_not_bundled(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text("title: [")
    with pytest.raises(ValueError, match="bad YAML"):
        bundle(read_rules([tmp_path], LOGSOURCES), "digest")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}\n",
        b"[1]\n",
        b'{"format":1,"sha256":"other"}\n',
        b'{"format":0,"sha256":"digest"}\n',
        b'{"format":1,"sha256":"digest"}\n[',
        b'{"format":1,"sha256":"digest"}\n[1,2]\n',
        b'{"format":1,"sha256":"digest"}\n\xff\n',
    ],
)
def test_a_bundle_that_does_not_fit_is_no_bundle(data: bytes) -> None:
    assert unbundle(data, "digest") is None
    assert unbundle(bundle([], "digest"), "digest") == []


def test_a_rule_known_to_compile_is_compiled_when_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(EVERYTHING)
    (draft,) = (one for one in read_rules([tmp_path], LOGSOURCES) if is_detection(one))
    assert isinstance(draft, Draft)
    broken = (Ask("cs-uri-query", (Pattern("a(?=b)"),)),)
    body = Detection(("webserver", "", ""), ("cs-uri-query",), broken)
    untried = Draft(draft.rule, "", 1, body)
    assert "regular expression" in compile_rules([untried], LOGSOURCES).refused[0].reason
    tried = Draft(draft.rule, "", 1, body, tried=True)
    assert compile_rules([tried], LOGSOURCES).refused == ()


def is_detection(one: object) -> bool:
    return isinstance(one, Draft) and isinstance(one.body, Detection)


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a copy of the content that the package reads instead of its own."""
    place = tmp_path / "content"
    shutil.copytree(CONTENT, place)
    monkeypatch.setattr(pack, "content_folder", lambda: place)
    caches = (load_pack, pack.content_digest, pack.rules_digest, pack.yara_digest)
    for one in caches:
        one.cache_clear()
    yield place
    for one in caches:
        one.cache_clear()


def titles() -> dict[str, str]:
    found = load_pack(Content())
    in_yara = {one.rule.id for one in found.yara.rules}
    return {rule.id: rule.title for rule in everything(found.ruleset) if rule.id not in in_yara}


def everything(ruleset: RuleSet) -> list[Rule]:
    return [one.rule for one in ruleset.rules] + [one.rule for one in ruleset.correlations]


def test_a_bundle_of_other_rules_is_not_used(content: Path) -> None:
    changed = sorted((content / "rules").rglob("*.yml"))[0]
    changed.write_text(changed.read_text("utf-8").replace("title: ", "title: Changed ", 1))
    assert titles()[changed.stem].startswith("Changed ")


def test_without_a_bundle_the_rules_are_read(content: Path) -> None:
    (content / BUNDLE).unlink()
    assert titles() == {rule.id: rule.title for rule in everything(read())}


def test_the_digest_of_content_changes_with_what_a_result_depends_on(content: Path) -> None:
    digests = {pack.content_digest(Content()), pack.content_digest(Content(builtin=False))}
    for name in (
        "rules/new.yml",
        "logsources.yml",
        "knowledge/evidence.yml",
        BUNDLE,
        "yara/new.yar",
    ):
        place = content / name
        place.write_bytes((place.read_bytes() if place.exists() else b"") + b"\n")
        pack.content_digest.cache_clear()
        pack.rules_digest.cache_clear()
        digests.add(pack.content_digest(Content()))
    assert len(digests) == 7


def test_a_rule_is_slow_only_if_no_line_must_contain_anything(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(EVERYTHING)
    for paths in ([CONTENT / "rules"], [tmp_path]):
        targets = [one for rule in load_rules(paths, LOGSOURCES).rules for one in rule.targets]
        found = [target.slow() for target in targets]
        assert found == [not target.clauses for target in targets]
        assert True in found


def test_rules_of_the_user_join_bundled_ones(tmp_path: Path) -> None:
    first, second = read().rules[0].rule, read().rules[1].rule
    named = next((CONTENT / "rules").rglob(f"{second.id}.yml"))
    by_id = yaml.safe_load(named.read_text("utf-8"))["id"]
    correlation = {"type": "temporal", "rules": [first.id, by_id], "timespan": "5m"}
    document = {"title": "Own", "name": "own", "correlation": correlation}
    again = {"title": "Again", "name": first.id, "correlation": correlation}
    (tmp_path / "own.yml").write_text(yaml.safe_dump_all([document, again]))
    ruleset = load_pack(Content((str(tmp_path),))).ruleset
    (own,) = (one for one in ruleset.correlations if one.rule.id == "own")
    assert own.plan.rules == (first.id, second.id)
    assert own.rule.kinds == tuple(sorted({*first.kinds, *second.kinds}))
    (refused,) = ruleset.refused
    assert refused.reason.endswith(f"the id is already taken by {first.path}")


def test_a_scan_with_bundled_rules_does_without_pysigma() -> None:
    stale = "stale: run EXTRIAGE_GOLDEN=1 pytest tests/test_docs.py"
    code = (
        "import sys; from extriage.pipeline.pack import Content, load_pack; "
        "load_pack(Content()).slow(); sys.exit('sigma' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0, stale
