"""YARA rules of ours and of others: what they say, what is refused, how long they may take."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.matchers.yara import (
    Scanned,
    YaraFile,
    YaraRules,
    bundle,
    load_yara,
    scan_bytes,
    scanning,
    unbundle,
    yara_files,
)
from extriage.matchers.yara.sources import LIMIT
from extriage.model.detection import About, Certainty, Level, Stage

OWN = """
rule own {
  meta:
    title = "Own rule"
    description = "What it means."
    level = "high"
    stage = "planted"
    certainty = "likely"
    campaign = "web-shells"
    persistence = "web-shell"
    attack = "T1505.003 T1027"
    cve = "cve-2021-27065"
    scope = "web-file"
    reference = "https://a.example/"
    reference = "https://b.example/"
    falsepositive = "A sample"
    author = "us"
  strings:
    $word = "sesame"
  condition:
    $word
}
"""
FOREIGN = """
import "pe"
import "math"
import "hash"
private rule helper { strings: $h = "sesame" condition: $h }
global rule small { condition: filesize < 1000 }
rule Foreign_High : webshell T1505_003 {
  meta:
    description = "Finds a word"
    author = "Somebody Else"
    reference = "https://rules.example/"
    score = 80
    mitre = "t1505.003"
  condition: helper and math.entropy(0, filesize) >= 0 and not pe.is_pe
}
rule Foreign_Medium { meta: score = "65" condition: helper and extension == ".aspx" }
rule Foreign_Low { meta: score = 40 condition: filename == "x.aspx" and filepath contains "EX01" }
rule Foreign_None { condition: helper and md5 == hash.md5(0, filesize) and owner == "" }
rule Loose { strings: $r = /a{,3}sesame\\-x{/ condition: $r or helper and filetype == "" }
"""


def rules(*texts: str, own: tuple[str, ...] = (), taken: tuple[str, ...] = ()) -> YaraRules:
    ours = [YaraFile(f"own/{n}.yar", f"own{n}", text) for n, text in enumerate(own)]
    others = [YaraFile(f"my/{n}.yar", f"my{n}", text) for n, text in enumerate(texts)]
    return load_yara(ours, None, others, taken)


def names(scanned: Scanned) -> list[str]:
    return [match.rule.id for match in scanned.matches]


def test_our_words_become_a_rule() -> None:
    (found,) = rules(own=(OWN,)).rules
    rule = found.rule
    assert (rule.id, rule.title, rule.description) == ("own", "Own rule", "What it means.")
    assert (rule.level, rule.stage, rule.certainty) == (Level.HIGH, Stage.PLANTED, Certainty.LIKELY)
    assert (rule.campaign, rule.persistence, rule.kinds) == (
        "web-shells",
        "web-shell",
        ("web-file",),
    )
    assert (rule.attack, rule.cves) == (("T1027", "T1505.003"), ("CVE-2021-27065",))
    assert rule.references == ("https://a.example/", "https://b.example/")
    assert (rule.look_alikes, rule.author, rule.path) == (("A sample",), "us", "own/0.yar")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('level = "high"', 'level = "huge"', "level 'huge' is none of informational, low"),
        ('stage = "planted"', 'stage = "grown"', "stage 'grown' is none of probed"),
        ('author = "us"', 'hints = "acted"', "name one"),
        ('scope = "web-file"', 'scope = "web-file moon"', "scope moon is none of web-file"),
        ('persistence = "web-shell"', 'persistence = "wish"', "persistence 'wish' is no kind"),
    ],
)
def test_a_word_that_cannot_be_refuses_the_rule_alone(old: str, new: str, reason: str) -> None:
    assert old in OWN
    found = rules(OWN.replace(old, new), "rule other { condition: true }")
    assert [one.rule.id for one in found.rules] == ["other"]
    (refused,) = found.refused
    assert refused.broken
    assert reason in refused.reason
    assert (refused.id, refused.path) == ("own", "my/0.yar")


def test_about_and_hints_are_read() -> None:
    text = OWN.replace('stage = "planted"', 'hints = "planted"\n    about = "weakness"')
    (found,) = rules(text).rules
    assert (found.rule.stage, found.rule.hints) == (None, Stage.PLANTED)
    assert found.rule.about is About.WEAKNESS


def test_rules_of_others_run_unmodified() -> None:
    found = rules(FOREIGN)
    assert [(one.id, one.reason) for one in found.refused] == []
    by_name = {one.rule.id: one.rule for one in found.rules}
    assert set(by_name) == {
        "Foreign_High", "Foreign_Medium", "Foreign_Low", "Foreign_None", "Loose",
    }  # fmt: skip
    high = by_name["Foreign_High"]
    assert (high.title, high.author, high.level) == ("Finds a word", "Somebody Else", Level.HIGH)
    assert (high.references, high.attack) == (("https://rules.example/",), ("T1505.003",))
    assert all(rule.stage is None and rule.hints is None for rule in by_name.values())
    levels = [by_name[f"Foreign_{n}"].level for n in ("Medium", "Low", "None")]
    assert levels == [Level.MEDIUM, Level.LOW, Level.LOW]
    met = scan_bytes(found, b"open sesame", (), "web-file", "EX01\\C\\x.ASPX")
    assert names(met) == ["Foreign_High", "Foreign_Medium", "Foreign_None", "Loose"]
    assert names(scan_bytes(found, b"-", (), "web-file", "EX01/C/x.aspx")) == ["Foreign_Low"]
    assert names(scan_bytes(found, b"sesame" * 200, (), "web-file", "EX01/C/x.aspx")) == []


def test_private_and_global_rules_concern_their_file_alone() -> None:
    met = scan_bytes(rules(FOREIGN, OWN), b"sesame" * 200, (), "web-file", "x.aspx")
    assert names(met) == ["own"]


@pytest.mark.parametrize(
    ("text", "refused", "reason", "broken"),
    [
        ("rule a { condition: nope }", "a", "line 1: unknown identifier `nope`", True),
        ("rule a { strings: $x = /(/ condition: $x }", "a", "invalid regular expression", True),
        ('import "elf"\nrule a { condition: elf.type == 1 }', "a", "module `elf`", False),
        ('import "nope"\nrule b { condition: true }', "my0", "line 1: unknown module `nope`", True),
        ('include "x.yar"\nrule b { condition: true }', "my0", "line 1: include", True),
        ("rule a { condition: ", "my0", "line 1: syntax error", True),
        ("rule b { condition: true } rule b { condition: true }", "b", "duplicate rule", True),
    ],
)
def test_what_does_not_compile_costs_only_itself(
    text: str, refused: str, reason: str, broken: bool
) -> None:
    found = rules(text, OWN)
    (only,) = found.refused
    assert (only.id, only.broken, only.path) == (refused, broken, "my/0.yar")
    assert reason in only.reason
    left = ["b"] if "rule b" in text else []
    assert [one.rule.id for one in found.rules] == [*left, "own"]
    assert names(scan_bytes(found, b"sesame", (), "web-file")) == [*left, "own"]


def test_two_rules_of_one_name_are_told_apart() -> None:
    same = "rule same { condition: true }"
    found = rules(same, same, taken=("same",))
    assert [one.rule.id for one in found.rules] == ["my0:same", "my1:same"]
    twice = load_yara((), None, [YaraFile(p, "f", same) for p in ("a/f.yar", "b/f.yar", "c/f.yar")])
    assert [one.rule.id for one in twice.rules] == ["same", "f:same"]
    assert [one.path for one in twice.refused] == ["c/f.yar"]


def test_files_are_read_in_order_and_named(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "z.yara").write_bytes(b"// caf\xe9\nrule z { condition: true }")
    (tmp_path / "a.yar").write_text("\ufeffrule a { condition: true }", "utf-8")
    (tmp_path / "large.yar").write_bytes(b" " * (LIMIT + 1))
    (tmp_path / "notes.txt").write_text("rule n { condition: true }")
    (tmp_path / "loop").symlink_to(tmp_path)
    found = list(yara_files(tmp_path))
    assert [one.path.partition("/")[2] for one in found] == ["a.yar", "b/z.yara", "large.yar"]
    loaded = load_yara((), None, found)
    assert [one.rule.id for one in loaded.rules] == ["a", "z"]
    assert [one.reason for one in loaded.refused] == [f"is larger than {LIMIT:,} bytes"]
    assert [one.stem for one in yara_files(tmp_path / "notes.txt")] == ["notes"]
    assert list(yara_files(tmp_path / "notes.txt", only=True)) == []


def test_a_bundle_says_the_same_and_compiles_late() -> None:
    loaded = rules(own=(OWN,))
    data = bundle(loaded.rules, "digest")
    known = unbundle(data, "digest")
    assert known == loaded.rules
    late = load_yara([YaraFile("own/0.yar", "own0", OWN)], known)
    assert late.compiled is None
    assert names(scan_bytes(late, b"sesame", (), "web-file")) == ["own"]
    assert late.compiled is not None


@pytest.mark.parametrize("data", [b"", b"{}", b"[1]\n", b'{"format":0,"sha256":"digest"}\n'])
def test_a_bundle_that_does_not_fit_is_no_bundle(data: bytes) -> None:
    assert unbundle(data, "digest") is None
    assert unbundle(bundle((), "other"), "digest") is None
    assert unbundle(bundle((), "digest") + b"[", "digest") is None


def test_a_match_tells_its_place() -> None:
    text = b"first\nopen sesame\nsesame"
    (met,) = scan_bytes(rules(OWN), text, (), "web-file").matches
    (mark,) = met.marks
    assert (mark.name, mark.offset, mark.length, mark.line) == ("$word", 11, 6, 2)
    assert (mark.text, met.text) == ("sesame", "")


def test_the_first_text_that_meets_a_rule_counts() -> None:
    texts = [("decoded text", b"\n\nsesame"), ("other text", b"sesame")]
    (met,) = scan_bytes(rules(OWN), b"s\0e\0s\0a\0m\0e\0", texts, "web-file").matches
    assert (met.text, met.marks[0].line) == ("decoded text", 3)


def test_a_rule_looks_only_at_its_scope() -> None:
    assert names(scan_bytes(rules(OWN), b"sesame", (), "compiled-assembly")) == []
    wide = OWN.replace('scope = "web-file"', 'scope = "web-file compiled-assembly"')
    assert names(scan_bytes(rules(wide), b"sesame", (), "compiled-assembly")) == ["own"]
    foreign = "rule f { condition: true }"
    assert names(scan_bytes(rules(foreign), b"", (), "compiled-assembly")) == ["f"]


def test_no_rules_no_search() -> None:
    assert scan_bytes(YaraRules(), b"sesame", (), "web-file") == Scanned(())
    assert load_yara(()).rules == ()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let time run out soon, and windows be small."""
    monkeypatch.setattr(scanning, "TIMEOUT", 2)
    monkeypatch.setattr(scanning, "WINDOW_TIMEOUT", 1)
    monkeypatch.setattr(scanning, "WINDOW", 1 << 18)


SLOW = """
rule slow { condition: for all i in (0..filesize) : (for all j in (0..filesize) : (j >= 0)) }
rule word { strings: $w = "sesame" condition: $w }
"""


@pytest.mark.slow
def test_what_takes_too_long_is_searched_in_windows_and_named(
    impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanning, "PATIENCE", 4)
    text = bytearray(1 << 20)
    text[-20:] = b"sesame" + bytes(14)
    found = rules(SLOW)
    scanned = scan_bytes(found, bytes(text), [("decoded text", b"sesame")], "web-file")
    assert scanned.troubles
    assert all(one.startswith("not searched whole: ") for one in scanned.troubles)
    assert any("bytes 0 to" in one for one in scanned.troubles)
    assert "not searched whole: no time was left for the decoded text" in scanned.troubles


@pytest.mark.slow
def test_a_window_finds_what_the_whole_took_too_long_for(impatient: None) -> None:
    # NOTE: only a text of the full size makes this rule slow, so every window is searched in time.
    lag = "filesize < 400000 or for all i in (0..4000000000) : (i >= 0)"
    found = rules(f'rule word {{ strings: $w = "sesame" condition: $w and ({lag}) }}')
    text = b"\n" * 600_000 + b"sesame" + b"\n" * 1000
    scanned = scan_bytes(found, text, (), "web-file")
    (met,) = scanned.matches
    assert (met.marks[0].offset, met.marks[0].line) == (600_000, 600_001)
    assert scanned.troubles == ()
    later = scan_bytes(found, b"sesame", (), "web-file")
    assert names(later) == ["word"], "the limit for windows must not stay"


@given(st.binary(max_size=400), st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_no_bytes_and_no_path_stop_it(data: bytes, path: str, text: str) -> None:
    found = _hostile()
    texts = [("text", text.encode("utf-8", "replace"))]
    first = scan_bytes(found, data, texts, "web-file", path)
    assert first == scan_bytes(found, data, texts, "web-file", path)
    assert "always" in names(first)


_KEPT: list[YaraRules] = []


def _hostile() -> YaraRules:
    if not _KEPT:
        _KEPT.append(rules(FOREIGN, OWN, 'rule always { condition: filename != "\\x01" }'))
    return _KEPT[0]


def test_evidence_without_pages_needs_no_yara() -> None:
    stale = "stale: run EXTRIAGE_GOLDEN=1 pytest tests/test_docs.py"
    code = (
        "import sys; from extriage.pipeline.pack import Content, load_pack; "
        "pack = load_pack(Content()); assert pack.yara.rules; sys.exit('yara_x' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0, stale
