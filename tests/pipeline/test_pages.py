"""Pages are looked at with all rules; what is known is left, and what was not searched is named."""

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extriage.cli import main
from extriage.matchers.yara import scanning
from extriage.model.evidence import Artifact
from extriage.model.reading import ArtifactResult
from extriage.pipeline import pages
from extriage.pipeline.artifact import read_artifact
from extriage.pipeline.pack import Content, Pack, load_pack

SHELL = "".join(
    ('<%@ Page Language="Jscript" %>\n<%ev', "al(Requ", 'est.Item["x"],"unsa', 'fe");%>')
)
SIGMA = """
title: Told of a page
name: told_of_a_page
logsource: {product: exchange, service: web-file}
detection:
  odd: {Extension: ashx, FirstBytes|startswith: '73657361'}
  condition: odd
"""
YARA = 'rule word_of_user { meta: score = 90 strings: $w = "sesame" condition: $w }'


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    """Return a pack with rules of the user's own only."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "told.yml").write_text(SIGMA)
    (folder / "word.yar").write_text(YARA)
    yield load_pack(Content((str(folder / "told.yml"),), builtin=False, yara=(str(folder),)))
    load_pack.cache_clear()


def read(pack: Pack, data: bytes, path: str = "EX01/C/inetpub/wwwroot/x.aspx") -> ArtifactResult:
    return read_artifact(Artifact(path, len(data)), io.BytesIO(data), pack, lambda _: None)


def met(result: ArtifactResult) -> set[str]:
    return {kept.rule for kept in result.kept}


def test_a_rule_of_the_user_finds_a_page_and_says_where(own: Pack) -> None:
    result = read(own, b"<%@ Page %>\n<p>open sesame</p>")
    (kept,) = result.kept
    (line,) = kept.lines
    assert (kept.rule, line.path) == ("word_of_user", "EX01/C/inetpub/wwwroot/x.aspx")
    assert (line.line, line.offset, line.kind) == (2, 20, "web-file")
    assert line.reasons[0] == "line 2, byte 20: sesame ($w)"
    assert result.entry.status == "read"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_words_are_found_in_every_encoding(own: Pack, encoding: str) -> None:
    data = '<%@ Page Language="C#" %>\n<p>open sesame</p>\n'.encode(encoding)
    (kept,) = read(own, data).kept
    assert kept.rule == "word_of_user"
    assert kept.lines[0].line == 2
    assert kept.lines[0].sha256 == hashlib.sha256(data).hexdigest()


def test_what_is_only_told_of_a_page_meets_rules_too(own: Pack) -> None:
    """Nothing of what the rule asks for stands in the page's own text."""
    assert met(read(own, b"sesa", "EX01/C/inetpub/wwwroot/x.ashx")) == {"told_of_a_page"}
    assert met(read(own, b"sesa", "EX01/C/inetpub/wwwroot/x.aspx")) == set()


def test_the_prefilter_changes_nothing() -> None:
    texts = [SHELL, "<%@ Page %>", SHELL.replace("eval", "ev/**/al"), "\0", ""]
    paths = ["x/FrontEnd/HttpProxy/owa/auth/a.aspx", "x/inetpub/wwwroot/aspnet_client/e.ashx"]
    for text in texts:
        for path in paths:
            data = text.encode() or b" "
            one = met(read(load_pack(Content()), data, path))
            assert one == met(read(load_pack(Content(prefilter=False)), data, path))


def test_our_rules_find_a_shell_with_reasons() -> None:
    result = read(load_pack(Content()), SHELL.encode())
    assert {"page_evaluates_request", "page_jscript_unsafe"} <= met(result)
    (kept,) = (one for one in result.kept if one.rule == "page_evaluates_request")
    assert kept.lines[0].line == 2
    assert kept.lines[0].reasons[0].startswith("line 2, byte 33: eval(Request.Item[")


def test_a_page_of_microsoft_at_its_place_is_left(
    own: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def known(path: str, sha256: str) -> dict[str, str]:
        assert sha256 == hashlib.sha256(b"open sesame").hexdigest()
        return {"ShippedHash": "yes" if "/owa/" in path else "other-place"}

    monkeypatch.setattr(pages, "shipped_fields", known)
    left = read(own, b"open sesame", "EX01/FrontEnd/HttpProxy/owa/auth/logon.aspx")
    assert (met(left), left.entry.status, left.entry.parsed) == (set(), "read", 1)
    assert met(read(own, b"open sesame")) == {"word_of_user"}


def test_what_lies_beyond_the_limit_is_named(own: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extriage.pipeline.artifact.PAGE_LIMIT", 100_000)
    data = b"<%@ Page %>" + b" " * 100_000 + b"sesame"
    result = read(own, data)
    assert met(result) == set()
    assert result.entry.status == "partial"
    assert result.entry.reason == "only its first 100,000 bytes were looked at"
    assert result.entry.sha256 == hashlib.sha256(data).hexdigest()
    assert read(own, data[:100_000]).entry.status == "read"


def test_what_took_too_long_is_named(own: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "PATIENCE", -1)
    result = read(own, b"<%@ Page %> sesame")
    assert (met(result), result.entry.status) == (set(), "partial")
    assert result.entry.reason == "not searched whole: no time was left for the file"


@given(st.binary(max_size=300), st.sampled_from(["", "<%@ Page %>", "!BDN", "\xff\xfe", "GIF89a"]))
@settings(max_examples=60, deadline=None)
def test_no_page_stops_the_reader(data: bytes, start: str) -> None:
    whole = start.encode("latin-1") + data
    first = read(load_pack(Content()), whole)
    assert first == read(load_pack(Content()), whole)
    assert len(json.dumps([line.reasons for kept in first.kept for line in kept.lines])) < 100_000


def server(folder: Path) -> Path:
    """Write a server with many pages and some shells; enough for two workers to share."""
    root = folder / "EX01/C/inetpub/wwwroot"
    for number in range(60):
        place = root / f"site{number % 7}"
        place.mkdir(parents=True, exist_ok=True)
        text = SHELL if number % 9 == 0 else f'<%@ Page Language="C#" %>\n<p>{number} sesame</p>\n'
        (place / f"p{number}.aspx").write_text(text + f"<!-- {number} -->")
    return folder / "EX01"


def scanned(*arguments: str) -> tuple[int, dict[str, dict[str, object]]]:
    with pytest.raises(SystemExit) as stop:
        main(["scan", "--no-progress", "-q", *arguments])
    document = json.loads((Path(arguments[-1]) / "case.json").read_bytes())
    (host,) = document["hosts"]
    return int(str(stop.value.code)), {one["rule"]: one for one in host["findings"]}


def test_two_workers_find_what_one_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extriage.pipeline.worker.SMALL", 0)
    (tmp_path / "word.yar").write_text(YARA)
    (tmp_path / "broken.yar").write_text("rule broken {")
    place, cases = server(tmp_path / "evidence"), []
    for jobs in ("1", "2"):
        case = str(tmp_path / f"case{jobs}")
        arguments = ("--yara", str(tmp_path / "word.yar"), "--yara", str(tmp_path / "broken.yar"))
        code, found = scanned(str(place), *arguments, "--jobs", jobs, "--case", case)
        assert code == 1
        assert found["page_evaluates_request"]["count"] == 7
        assert found["word_of_user"]["count"] == 53
        assert found["word_of_user"]["level"] == "high"
        assert found["word_of_user"]["stage"] is None
        cases.append((Path(case) / "case.json").read_bytes())
        (refused,) = json.loads(cases[-1])["tool"]["refused_rules"]
        assert (refused["path"], refused["broken"]) == ("broken.yar", True)
    assert cases[0] == cases[1]


def test_a_finding_of_yara_can_be_suppressed(tmp_path: Path) -> None:
    (tmp_path / "word.yar").write_text(YARA)
    (tmp_path / "suppress.yml").write_text(
        "suppress:\n  - {rule: word_of_user, path: '*/site1/*', reason: Our own text.,\n"
        "     by: us, expires: 2999-01-01}\n"
    )
    place = server(tmp_path / "evidence")
    arguments = ("--yara", str(tmp_path), "--suppress", str(tmp_path / "suppress.yml"))
    _, found = scanned(str(place), *arguments, "--case", str(tmp_path / "case"))
    assert found["word_of_user"]["count"] == 53 - 8


def test_rules_that_are_not_there_are_wrong_usage_and_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evidence").mkdir()
    monkeypatch.chdir(tmp_path)
    for option in ("--yara", "--rules"):
        with pytest.raises(SystemExit) as stop:
            main(["scan", "evidence", option, "none", "-q"])
        assert stop.value.code == 2
    assert [one.name for one in tmp_path.iterdir()] == ["evidence"]


def ran(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(list(arguments))
    return int(str(stop.value.code or 0))


def test_the_commands_show_and_check_yara_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "word.yar").write_text(YARA + "\nrule broken { condition: nope }")
    assert ran("rules", "list", "--yara", str(tmp_path), "--no-builtin-rules") == 0
    shown = capsys.readouterr().out
    assert "high          word_of_user  [web-file,compiled-assembly] word_of_user" in shown
    assert "cannot run: broken" in shown
    assert ran("rules", "show", "page_evaluates_request") == 0
    assert "yara/one-line-shells.yar" in capsys.readouterr().out
    assert ran("rules", "lint", str(tmp_path)) == 1
    assert "1 rules can run, 1 cannot" in capsys.readouterr().out
    assert ran("rules", "lint", str(tmp_path / "word.yar")) == 1
    assert "1 rules can run, 1 cannot" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["c.zip", "c.TAR", "c.tgz"])
def test_an_archive_that_does_not_open_is_no_skipped_file(own: Pack, name: str) -> None:
    entry = read(own, b"bytes in front PK\3\4", f"EX01/{name}").entry
    assert (entry.status, "archive" in entry.reason) == ("unreadable", True)
    assert read(own, b"bytes in front PK\3\4", "EX01/c.dat").entry.status == "skipped"
    assert read(own, b"", f"EX01/{name}").entry.status == "skipped"
