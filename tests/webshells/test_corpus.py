"""Every technique of the corpus is found, and ordinary pages of the same look are left alone."""

import json
from collections import Counter
from pathlib import Path

import pytest

from extriage.cli import main
from extriage.model.detection import Level
from webshells.corpus import Variant, corpus
from webshells.verdicts import Met, met

SHELLS = [variant for variant in corpus() if variant.expect == "shell"]
ORDINARY = [variant for variant in corpus() if variant.expect == "benign"]
TECHNIQUES = sorted({variant.technique for variant in SHELLS})
TELL_TALE = ("Proc" + "ess.St" + "art(", "ev" + "al(Request", "Assembly.Lo" + "ad(", "cm" + "d.exe")


@pytest.fixture(scope="module")
def verdicts() -> dict[str, tuple[Met, ...]]:
    return met(corpus())


def weighty(found: tuple[Met, ...], least: Level) -> list[Met]:
    return [one for one in found if one.level.rank >= least.rank]


def tells_why(one: Met) -> bool:
    """Ask for lines and what they do; what is found in a configuration names the setting."""
    return "Reasons=line" in one.reason or "Value=" in one.reason


def named(variants: list[Variant], trouble: str) -> None:
    """Fail with the names of all variants, where pytest would show the first few characters."""
    if variants:
        lines = [f"{v.name} | {v.trick} | {v.encoding} | {v.path}" for v in variants]
        pytest.fail("\n".join([trouble, *lines]), pytrace=False)


@pytest.mark.slow
@pytest.mark.parametrize("technique", TECHNIQUES)
def test_each_shell_is_found_with_a_reason(
    technique: str, verdicts: dict[str, tuple[Met, ...]]
) -> None:
    asked = [variant for variant in SHELLS if variant.technique == technique]
    missed = [v for v in asked if not weighty(verdicts[v.name], Level.MEDIUM)]
    named(missed, f"{len(missed)} of {len(asked)} missed")
    dumb = [v for v in asked if not any(map(tells_why, weighty(verdicts[v.name], Level.MEDIUM)))]
    named(dumb, "found without a reason")


@pytest.mark.slow
def test_what_a_page_does_tells_it_wherever_it_lies(verdicts: dict[str, tuple[Met, ...]]) -> None:
    by_place = [
        v
        for v in SHELLS
        if not [m for m in weighty(verdicts[v.name], Level.MEDIUM) if m.source != "place"]
    ]
    named(by_place, f"{len(by_place)} are not known by what they do")


@pytest.mark.slow
def test_ordinary_pages_are_left_alone(verdicts: dict[str, tuple[Met, ...]]) -> None:
    accused = [
        f"{v.name} | {v.trick} | {v.encoding}: {', '.join(m.rule for m in found)}"
        for v in ORDINARY
        if (found := weighty(verdicts[v.name], Level.MEDIUM))
    ]
    if accused:
        pytest.fail("\n".join([f"{len(accused)} of {len(ORDINARY)} are accused", *accused]))


@pytest.mark.slow
def test_a_scan_of_the_folder_says_the_same(
    tmp_path: Path, verdicts: dict[str, tuple[Met, ...]]
) -> None:
    for variant in corpus():
        file = tmp_path / "EVIDENCE" / variant.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(variant.data)
    with pytest.raises(SystemExit):
        main(["scan", str(tmp_path / "EVIDENCE"), "--case", str(tmp_path / "case"), "-q"])
    case = json.loads((tmp_path / "case" / "case.json").read_bytes())
    entries = [entry for host in case["hosts"] for entry in host["manifest"]["entries"]]
    unread = [f"{one['path']}: {one['reason']}" for one in entries if one["status"] != "read"]
    assert not unread, "a first byte hides a page from the scan"
    told: Counter[str] = Counter()
    for host in case["hosts"]:
        told.update({one["rule"]: one["count"] for one in host["findings"]})
    expected = Counter(one.rule for found in verdicts.values() for one in found)
    assert {rule: told[rule] for rule in expected} == dict(expected)


def test_the_corpus_is_the_same_each_time_and_wide() -> None:
    first = corpus()
    corpus.cache_clear()
    assert corpus() == first
    assert len({variant.name for variant in first}) == len({v.path for v in first}) == len(first)
    assert len(SHELLS) >= 500
    assert len(ORDINARY) >= 80
    assert len({variant.encoding for variant in SHELLS}) >= 15


def test_no_source_of_the_corpus_looks_like_a_shell() -> None:
    for source in Path(__file__).parent.glob("*.py"):
        text = source.read_text("utf-8")
        assert not [words for words in TELL_TALE if words in text], source.name
