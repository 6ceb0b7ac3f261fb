"""Rule files from anywhere: what is wrong is refused with place and reason, the rest goes on."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sigma_cases import LOGSOURCES, loaded, record, rule_document

from extriage.errors import ContentError
from extriage.knowledge.logsources import load_logsources
from extriage.matchers.sigma import RuleSet, load_rules
from extriage.model.detection import Certainty, Level, Stage

GOOD = """
title: Good
name: good
logsource: {product: exchange, service: httpproxy}
detection: {sel: {UrlStem: /x}, condition: sel}
"""
BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8)
)

WRONG = {
    "bad YAML": (b"title: [\n", "line 2: bad YAML"),
    "tab": (b"title: x\n\tlevel: high\n", "line 2: bad YAML"),
    "alias bomb": (BOMB.encode(), "line 1: YAML aliases expand to too many nodes"),
    "deep nesting": (b"a: " + b"[" * 100_000, "line 1: nested deeper than 64 levels"),
    "deep indentation": (
        b"".join(b" " * n + b"a:\n" for n in range(400)),
        "line 1: nested deeper than 64 levels",
    ),
    "huge": (b"#" * (1024 * 1024 + 1), "line 1: the file is larger than 1048576 bytes"),
    "no map": (b"- a\n- b\n", "line 1: not a YAML map"),
    "no text": (b"\xff\xfe\x00\x01", "line 1: "),
    "bad date": (b"title: 2021-99-99\n", "line 1: month must be in 1..12"),
    "odd key": (b"? [a, b]\n: x\n", "line 1: "),
    "double key": (b"title: a\ntitle: b\n", "line 1: "),
    "no detection": (
        b"title: t\nlogsource: {category: webserver}\n",
        "line 1: Sigma rule must have a detection definitions",
    ),
    "no condition": (
        b"title: t\nlogsource: {category: webserver}\ndetection: {sel: {a: b}}\n",
        "line 1: Sigma rule must contain at least one condition",
    ),
    "odd detection": (
        b"title: t\nlogsource: {category: webserver}\ndetection: [1]\n",
        "line 1: ",
    ),
    "no log source": (
        b"title: t\ndetection: {sel: {a: b}, condition: sel}\n",
        "line 1: Sigma rule must have a log source",
    ),
    "odd log source": (
        b"title: t\nlogsource: x\ndetection: {sel: {a: b}, condition: sel}\n",
        "line 1: Sigma logsource must be a valid YAML map",
    ),
    "modifier": (
        b"title: t\nlogsource: {category: webserver}\n"
        b"detection: {sel: {a|nonsense: b}, condition: sel}\n",
        "line 1: Unknown modifier 'nonsense'",
    ),
    "level": (GOOD.encode() + b"level: enormous\n", "line 2: 'enormous' is not a valid"),
    "own keys": (GOOD.encode() + b"extriage: {stages: probed}\n", "line 2: `extriage` must be"),
    "own stage": (GOOD.encode() + b"extriage: {stage: hit}\n", "line 2: stage 'hit' is none of"),
    "correlation": (b"title: t\ncorrelation: [1]\n", "line 1: Sigma correlation rule"),
}
UNFIT = {
    "log source": (
        b"title: t\nlogsource: {product: linux, service: auditd}\n"
        b"detection: {sel: {a: b}, condition: sel}\n",
        "line 1: log source linux/auditd: Exchange runs on Windows only",
    ),
    "unknown log source": (
        b"title: t\nlogsource: {product: zeek, service: http}\n"
        b"detection: {sel: {a: b}, condition: sel}\n",
        "line 1: log source zeek/http is not part of Exchange evidence",
    ),
    "field": (
        b"title: t\nlogsource: {category: webserver}\n"
        b"detection: {sel: {cs-body: b}, condition: sel}\n",
        "iis: field cs-body is not logged there; httpproxy: field cs-body is not logged there",
    ),
    "filter": (b"title: t\nfilter: {rules: [a]}\n", "line 1: documents with `filter`"),
    "action": (b"action: global\ntitle: t\n", "line 1: documents with `action`"),
}


def load_beside_good(folder: Path, content: bytes) -> RuleSet:
    (folder / "good.yml").write_text(GOOD)
    (folder / "other.yaml").write_bytes(content.replace(b"name: good", b"name: other"))
    return load_rules([folder], LOGSOURCES)


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_refused_and_the_rest_loads(tmp_path: Path, case: str) -> None:
    content, reason = WRONG[case]
    rules = load_beside_good(tmp_path, content)
    assert [one.rule.id for one in rules.rules] == ["good"]
    (refused,) = rules.refused
    assert refused.path == f"{tmp_path.name}/other.yaml"
    assert refused.reason.startswith(reason)
    assert refused.broken


@pytest.mark.parametrize("case", UNFIT)
def test_a_rule_about_other_things_is_refused_but_not_wrong(tmp_path: Path, case: str) -> None:
    content, reason = UNFIT[case]
    rules = load_beside_good(tmp_path, content)
    assert [one.rule.id for one in rules.rules] == ["good"]
    (refused,) = rules.refused
    assert refused.reason.startswith(reason)
    assert not refused.broken


def test_what_stands_before_a_mistake_in_the_same_file_is_kept(tmp_path: Path) -> None:
    rules = loaded(tmp_path, GOOD, "title: [")
    assert [one.rule.id for one in rules.rules] == ["good"]
    assert rules.refused[0].reason.startswith("line 9: bad YAML")


def test_one_bad_document_does_not_cost_the_next(tmp_path: Path) -> None:
    second = GOOD.replace("good", "second")
    rules = loaded(tmp_path, GOOD, "title: nothing else", "", second)
    assert [one.rule.id for one in rules.rules] == ["good", "second"]
    assert [one.title for one in rules.refused] == ["nothing else"]


def test_an_id_belongs_to_the_first_rule_that_has_it(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(GOOD)
    (tmp_path / "b.yml").write_text(GOOD)
    rules = load_rules([tmp_path], LOGSOURCES)
    assert len(rules.rules) == 1
    assert rules.refused[0].path.endswith("/b.yml")
    assert rules.refused[0].reason.endswith(f"already taken by {tmp_path.name}/a.yml")


def test_folders_are_walked_in_order_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "one.yml").write_text(GOOD.replace("good", "one"))
    (tmp_path / "a.yml").write_text(GOOD.replace("good", "two"))
    (tmp_path / "notes.txt").write_text("no rule")
    (tmp_path / "b" / "loop").symlink_to(tmp_path, target_is_directory=True)
    rules = load_rules([tmp_path], LOGSOURCES)
    assert [one.rule.id for one in rules.rules] == ["two", "one"]
    assert not rules.refused


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    rules = load_rules([tmp_path / "gone.yml"], LOGSOURCES)
    assert rules.refused[0].reason.startswith("line 1: cannot be read: No such file")


def test_what_a_rule_says_about_itself(tmp_path: Path) -> None:
    document = rule_document(
        {"selection": {"UrlStem": "/x"}},
        level="high",
        description=" What it is. \n",
        author="A. Nalyst",
        references=["https://example.org/"],
        falsepositives=["Load balancers"],
        tags=["attack.t1190", "attack.t1505.003", "attack.initial-access", "cve.2021-26855"],
        extriage={"campaign": "proxylogon", "stage": "reached", "certainty": "confirmed"},
    )
    rule = loaded(tmp_path, document).rules[0].rule
    assert (rule.id, rule.title, rule.description) == ("case", "Case", "What it is.")
    assert (rule.level, rule.stage, rule.certainty) == (
        Level.HIGH,
        Stage.REACHED,
        Certainty.CONFIRMED,
    )
    assert (rule.campaign, rule.cves) == ("proxylogon", ("CVE-2021-26855",))
    assert rule.attack == ("T1190", "T1505.003")
    assert rule.kinds == ("httpproxy",)
    assert rule.references == ("https://example.org/",)
    assert (rule.look_alikes, rule.author) == (("Load balancers",), "A. Nalyst")
    assert rule.path == "rules.yml"


def test_a_rule_without_name_has_its_id_or_its_file(tmp_path: Path) -> None:
    plain = rule_document({"selection": {"UrlStem": "/x"}})
    del plain["name"]
    with_id = {**plain, "id": "67bce556-312f-4c81-9162-c3c9ff2599b2"}
    rules = loaded(tmp_path, plain, with_id)
    assert [one.rule.id for one in rules.rules] == ["rules", with_id["id"]]
    defaults = rules.rules[0].rule
    assert (defaults.level, defaults.stage, defaults.certainty) == (
        Level.MEDIUM,
        None,
        Certainty.POSSIBLE,
    )


def test_a_broken_table_of_log_sources_names_itself(tmp_path: Path) -> None:
    file = tmp_path / "table.yml"
    for text in ("sources: []", "[", "x"):
        file.write_text(text)
        with pytest.raises(ContentError, match=r"table\.yml"):
            load_logsources(file)


def test_pysigma_is_imported_only_when_rules_are_loaded() -> None:
    code = "import sys, extriage.matchers.sigma; sys.exit('sigma' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


WORDS = st.sampled_from(
    [
        *("title", "name", "id", "logsource", "category", "webserver", "product", "service"),
        *("detection", "condition", "sel", "sel|contains", "f|re", "f|cidr", "f|exists", "|all"),
        *("f|base64offset", "f|fieldref", "f|lt", "f|windash|contains", "f|expand", "f|", "|"),
        *("correlation", "type", "event_count", "temporal", "temporal_ordered", "rules", "a"),
        *("group-by", "timespan", "5m", "gte", "aliases", "generate", "tags", "attack.t1190"),
        *("level", "high", "extriage", "stage", "probed", "status", "related", "date", "fields"),
        *("1 of them", "not sel", "sel and", "all of x*", "2021-03-01", "%x%", "*", "(", ""),
    ]
)
SCALARS = st.one_of(
    WORDS, st.none(), st.booleans(), st.integers(-5, 5), st.floats(), st.text(max_size=3)
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(WORDS, SCALARS), inner, max_size=4)
    ),
    max_leaves=12,
)
NEARLY_RULES = st.fixed_dictionaries(
    {"logsource": st.one_of(st.just({"category": "webserver"}), DOCUMENTS)},
    optional={
        "detection": st.one_of(
            DOCUMENTS,
            st.fixed_dictionaries({"sel": DOCUMENTS, "condition": st.one_of(WORDS, DOCUMENTS)}),
        ),
        "correlation": st.one_of(
            DOCUMENTS,
            st.fixed_dictionaries(
                {"type": WORDS, "rules": DOCUMENTS, "timespan": st.just("5m")},
                optional={
                    "group-by": DOCUMENTS,
                    "condition": DOCUMENTS,
                    "aliases": DOCUMENTS,
                    "generate": DOCUMENTS,
                },
            ),
        ),
        **dict.fromkeys(("title", "name", "id", "tags", "level", "references"), DOCUMENTS),
        **dict.fromkeys(("author", "description", "extriage", "falsepositives"), DOCUMENTS),
    },
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(documents=st.lists(st.one_of(DOCUMENTS, NEARLY_RULES), min_size=1, max_size=2))
def test_no_document_stops_the_loading(tmp_path: Path, documents: list[Any]) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump_all([*documents, yaml.safe_load(GOOD)]), encoding="utf-8")
    rules = load_rules([file], LOGSOURCES)
    assert "good" in {one.rule.id for one in rules.rules} | {one.id for one in rules.refused}
    for one in rules.rules:
        for target in one.targets:
            target.matches(record(target.kind, {"f": "x", "sel": "y"}, "text"))


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=200))
def test_no_bytes_stop_the_loading(tmp_path: Path, content: bytes) -> None:
    assert [one.rule.id for one in load_beside_good(tmp_path, content).rules] == ["good"]
