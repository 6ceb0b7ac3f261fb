"""`extriage knowledge` at the keyboard: what it prints, what it refuses, never a traceback."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest
from knowledge_making import as_json, changed

from extriage.cli import knowledge as command
from extriage.cli import main
from extriage.knowledge.active import INSTALLED, VARIABLE, forget, tables_as_of
from extriage.knowledge.builds import build_table
from extriage.knowledge.importers import write_folder
from extriage.knowledge.pack import make_pack
from extriage.knowledge.tables import Knowledge, bundled


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run a command with installed knowledge in a folder of the test."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "home"))
    monkeypatch.setattr(command, "today", lambda: date(2027, 1, 1))
    forget()

    def knowledge(*words: str | Path) -> Outcome:
        with pytest.raises(SystemExit) as stop:
            main(["knowledge", *map(str, words)])
        found = capsys.readouterr()
        assert "Traceback" not in found.err
        return Outcome(int(stop.value.code or 0), found.out, found.err)

    yield knowledge
    forget()


def later() -> Knowledge:
    return replace(bundled(), as_of=date(2026, 12, 1))


def test_show_says_how_new_the_tables_are_and_what_they_cover(run: Run) -> None:
    shown = run("show")
    assert shown.code == 0
    assert f"as of      {bundled().as_of}" in shown.out
    assert "from       the tables bundled with extriage" in shown.out
    assert bundled().digest() in shown.out
    newest = max(one.number for one in build_table().builds)
    assert ".".join(map(str, newest)) in shown.out
    assert "2016  end of extended support: 2025-10-14" in shown.out
    assert "ESU period 2: 2026-05-01 to 2026-10-31" in shown.out
    assert "are newer" not in shown.out


def test_show_is_also_one_json_document(run: Run) -> None:
    shown = json.loads(run("show", "--json").out)
    assert shown["as_of"] == bundled().as_of.isoformat()
    assert shown["bundled"] is True
    assert shown["digest"] == bundled().digest()
    assert shown["counts"]["builds"] == len(build_table().builds)
    assert set(shown["newest"]) == {"2007", "2010", "2013", "2016", "2019", "SE"}
    assert {"product", "milestone", "from", "to", "note"} == set(shown["support"][0])


def test_a_pack_goes_from_one_computer_to_another(run: Run, tmp_path: Path) -> None:
    write_folder(later(), tmp_path / "tables")
    file = tmp_path / "knowledge-2026-12.zip"
    packed = run("pack", tmp_path / "tables", file)
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (packed.code, packed.out) == (0, f"{sha256}  {file}\n")
    updated = run("update", file, "--sha256", sha256)
    assert updated.code == 0
    assert "tables to 2026-12-01 are in force (before: 2026-10-10)" in updated.out
    assert sha256 in updated.out
    shown = run("show")
    assert "as of      2026-12-01" in shown.out
    assert str(tmp_path / "home" / INSTALLED) in shown.out
    assert json.loads(run("show", "--json").out)["bundled"] is False
    back = run("reset")
    assert back.code == 0
    assert "was removed; the tables bundled with extriage, to 2026-10-10, are in force" in back.out
    again = run("reset")
    assert again.out == "the tables bundled with extriage, to 2026-10-10, are in force\n"


def test_an_update_says_in_one_sentence_why_it_was_refused(run: Run, tmp_path: Path) -> None:
    bad, line = changed("builds.csv", {"build": "15.1.2176.9"}, {"build": "15.1.2176"})
    file = tmp_path / "bad.zip"
    file.write_bytes(make_pack(replace(bad, as_of=date(2026, 12, 1))))
    refused = run("update", file)
    assert refused.code == 2
    assert refused.err == (
        f"extriage: {file} was refused: builds.csv, line {line}: build is '15.1.2176', not a "
        "build of four numbers like 15.1.2507.44\n"
    )
    assert refused.out == ""
    assert tables_as_of() == bundled().as_of


def test_going_back_needs_force_and_is_said(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "old.zip"
    file.write_bytes(make_pack(replace(bundled(), as_of=date(2026, 1, 1))))
    refused = run("update", file)
    assert refused.code == 2
    assert "the pack goes to 2026-01-01" in refused.err
    forced = run("update", file, "--force")
    assert forced.code == 0
    assert "the pack goes to 2026-01-01" in forced.err
    assert "are newer (2026-10-10): knowledge reset" in run("show").out


def test_a_damaged_installed_pack_ends_show_with_advice(run: Run, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / INSTALLED).write_bytes(b"PK")
    shown = run("show")
    assert shown.code == 2
    assert "is damaged" in shown.err
    assert "knowledge reset" in shown.err
    assert run("reset").code == 0
    assert run("show").code == 0


def test_pack_refuses_bad_tables_and_an_existing_file(run: Run, tmp_path: Path) -> None:
    folder, file = tmp_path / "tables", tmp_path / "pack.zip"
    bad, line = changed("lifecycle.csv", {"product": "2010"}, {"date": "soon"})
    write_folder(bad, folder)
    refused = run("pack", folder, file)
    assert refused.code == 2
    assert f"{folder} was refused: lifecycle.csv, line {line}: date is 'soon'" in refused.err
    assert not file.exists()
    write_folder(bundled(), folder)
    file.write_bytes(b"something else")
    assert "add --force" in run("pack", folder, file).err
    assert file.read_bytes() == b"something else"
    assert run("pack", folder, file, "--force").code == 0
    assert file.read_bytes() == make_pack(bundled())
    assert "cannot be written" in run("pack", folder, tmp_path / "no" / "pack.zip").err


def test_an_import_writes_a_folder_and_its_account(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "list.csv"
    source.write_text(
        "Product Name,Build Number,Date,KB,Blog\n"
        "Exchange SE RTM Nov26SU,15.2.2562.60,11/10/2026,KB5099999,\n"
        "Exchange 2022 CU1,15.3.1.1,3/2/2021,,\n"
    )
    folder = tmp_path / "merged"
    done = run("import", source, "--to", folder)
    assert done.code == 0
    assert done.out.startswith("as of 2026-11-10: 1 added, 0 changed, 0 kept")
    assert "build 15.2.2562.60 SE RTM Nov26SU, 2026-11-10" in done.out
    assert "15.3.1.1 is no build of Exchange 2022" in done.out
    assert (folder / "import.txt").read_text("utf-8") == done.out
    assert tables_as_of() == bundled().as_of
    file = tmp_path / "pack.zip"
    assert run("pack", folder, file).code == 0
    assert run("update", file).code == 0
    again = run("import", source, "--to", tmp_path / "again", "--as-of", "2026-11-30")
    assert again.out.startswith("as of 2026-11-30: 0 added, 0 changed, 0 kept")


def test_an_import_never_writes_over_something(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "list.json"
    source.write_bytes(as_json({"15.1.2507.6": {"cves": []}}))
    folder = tmp_path / "full"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    refused = run("import", source, "--to", folder)
    assert refused.code == 2
    assert "is not empty" in refused.err
    assert run("import", source, "--to", folder, "--force").code == 0
    assert (folder / "mine.txt").read_text() == "mine"
    assert run("import", source, "--to", source).code == 2
    assert "cannot be written" in run("import", source, "--to", source / "x").err


def test_an_import_of_nothing_known_writes_nothing(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "list.json"
    source.write_text("{}")
    refused = run("import", source, "--to", tmp_path / "out")
    assert refused.code == 2
    assert "nothing was written: " in refused.err
    assert "none of the lists" in refused.err
    assert not (tmp_path / "out").exists()
