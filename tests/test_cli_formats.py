"""Several reports in one call: each goes where it was sent, and what cannot be is said at once."""

import json
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from cases import CASES

from extriage import casefile
from extriage.cli import main, writing
from extriage.reports import REPORTS, csvset


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "EXCH01.case"
    folder.mkdir()
    (folder / "case.json").write_bytes(casefile.encode(CASES["robbed"]))
    return folder


def run(*words: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(ended.value.code or 0)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().err.split())


def test_reports_of_one_call_go_to_their_files_and_one_to_the_screen(
    case: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    stix, sheet = tmp_path / "a.stix.json", tmp_path / "b.csv"
    code = run(
        *("report", case, "--tlp", "amber", "--format", "markdown"),
        *("--format", f"stix={stix}", "--format", f"csv={sheet}"),
    )
    assert code == 0
    assert capsysbinary.readouterr().out.startswith(b"**TLP:AMBER**\n")
    assert json.loads(stix.read_bytes())["type"] == "bundle"
    assert sheet.read_text("utf-8").startswith("host,verdict,")
    assert sorted(item.name for item in tmp_path.iterdir()) == [
        *("EXCH01.case", "a.stix.json", "b.csv")
    ]


def test_a_file_is_the_same_on_every_screen(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    for columns, name in (("60", "one"), ("60", "two")):
        monkeypatch.setenv("COLUMNS", columns)
        monkeypatch.setenv("NO_COLOR", "1" if name == "one" else "")
        assert run("report", case, "-o", tmp_path / name) == 0
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]
    assert b"\x1b" not in made[0]


@pytest.mark.parametrize("form", [name for name in REPORTS if name not in ("csv-set", "html")])
def test_output_names_the_place_of_one_report(case: Path, tmp_path: Path, form: str) -> None:
    place = tmp_path / "report"
    assert run("report", case, "--format", form, "-o", place) == 0
    assert place.read_bytes().endswith(b"\n")


def test_a_set_of_files_goes_to_a_folder_or_an_archive(case: Path, tmp_path: Path) -> None:
    folder, archive = tmp_path / "set", tmp_path / "set.zip"
    assert run("report", case, "--format", "csv-set", "-o", folder) == 0
    assert run("report", case, "--format", f"csv-set={archive}") == 0
    assert sorted(item.name for item in folder.iterdir()) == sorted(csvset.NAMES)
    with zipfile.ZipFile(archive) as found:
        assert sorted(found.namelist()) == sorted(f"set/{name}" for name in csvset.NAMES)
        assert found.read("set/about.csv") == (folder / "about.csv").read_bytes()
    assert run("report", case, "--format", f"csv-set={folder}") == 2
    assert run("report", case, "--format", f"csv-set={folder}", "--force") == 0
    (folder / "mine.txt").write_text("keep me")
    assert run("report", case, "--format", f"csv-set={folder}", "--force") == 2
    assert (folder / "mine.txt").read_text() == "keep me"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--format", "nope"], "there is no format 'nope'; there are text, html, markdown"),
        (["--format", "json="], "json= names no file behind the equals sign"),
        (["--format", "csv-set"], "csv-set is several files: name a folder or a zip archive"),
        (["--format", "json", "--format", "stix"], "the screen shows one report only"),
        (["--format", "json", "--format", "stix", "-o", "x"], "--output holds one report only"),
        (["--format", "json=x", "-o", "y"], "every --format has a file of its own"),
        (["--format", "json=x", "--format", "stix=./x"], "two reports cannot go to x"),
        (["--format", "json=nowhere/x"], "there is no folder nowhere; make it"),
        (["--format", "json=there"], "there exists; name another file, or add --force"),
        (["--format", "json=folder"], "folder is a folder; name a file"),
        (["--format", "csv-set=there"], "there is a file; name a folder, or a new file that ends"),
        (["--format", "csv-set=folder"], "folder exists; name another folder, or add --force"),
        (["--format", "csv-set=folder", "--force"], "folder holds other files (held)"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    case: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "held").write_text("old")
    before = sorted(tmp_path.rglob("*"))
    assert run("report", case, *words) == 2
    assert sentence in said(capsys)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("words", [["--format", "stix=there"], ["-o", "nowhere/x"]])
def test_a_scan_says_so_before_it_begins(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").write_text("old")
    (tmp_path / "evidence").mkdir()
    assert run("scan", "evidence", *words) == 2
    assert said(capsys).startswith("extriage: there")
    assert not (tmp_path / "evidence.case").exists()


def test_a_quiet_scan_still_writes_the_files_that_were_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "notes.txt").write_text("nothing of Exchange\n")
    code = run("scan", "evidence", "-q", "--jobs", "1", "--format", "text", "--format", "json=x")
    assert code == 4
    assert capsys.readouterr().out == ""
    assert (tmp_path / "x").read_bytes() == (tmp_path / "evidence.case" / "case.json").read_bytes()


def test_a_place_that_may_not_be_written_is_said_before_the_work(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # NOTE: root may write anywhere, so the system's answer is made up.
    made_up = SimpleNamespace(access=lambda *_: False, W_OK=os.W_OK)
    monkeypatch.setattr(writing, "os", made_up)
    assert run("report", case, "-o", tmp_path / "x") == 2
    assert "this account may not write there" in said(capsys)


def test_the_help_of_report_lists_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("report", "--help") == 0
    shown = capsys.readouterr().out
    for one in REPORTS.values():
        assert f"  {one.format} " in shown
        assert one.title in shown
