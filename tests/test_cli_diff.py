"""`extriage diff` as its users meet it: exit codes, formats, servers, files."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cases import at, host, of_hosts
from comparisons import before

from extriage.casefile import encode
from extriage.model.case import Case
from extriage.model.evidence import Entry
from extriage.model.host import Coverage, Host, Manifest, Patch, Status
from extriage.reports.comparison import FORMATS
from keyboard import Keyboard


@pytest.fixture
def run(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Keyboard:
    monkeypatch.chdir(tmp_path)
    return Keyboard(capfd, "diff")


def kept(name: str, found: Case) -> str:
    folder = Path(f"{name}.case")
    folder.mkdir()
    (folder / "case.json").write_bytes(encode(found))
    return str(folder)


def quiet(last: str, name: str = "EX01") -> Host:
    """Return a server with nothing to be found, patched, with logs until a day."""
    page = Entry("S/C/inetpub/wwwroot/iisstart.htm", 9, "web-file", "read", sha256="1" * 64)
    row = Coverage("iis", 9, 900, 0, at("2021-01-01"), at(last), ())
    return replace(
        host(Status.NO_SIGN, name),
        coverage=(row,),
        manifest=Manifest(1, 1, 0, 0, (page,)),
        patch=Patch("15.2.2562.53", "SE", "RTM", "", (), ()),
        actions=(),
    )


def first() -> Case:
    return of_hosts(quiet("2021-03-01"))


@pytest.mark.parametrize(
    ("after", "code"),
    [
        (lambda: of_hosts(quiet("2021-03-20")), 0),
        (lambda: of_hosts(replace(quiet("2021-03-20"), findings=host().findings)), 1),
        (lambda: of_hosts(replace(quiet("2021-03-20"), coverage=())), 3),
        (lambda: of_hosts(quiet("2021-03-20", "EX02")), 3),
        (of_hosts, 3),
    ],
)
def test_the_exit_code_tells_the_answer(
    run: Keyboard, after: Callable[[], Case], code: int
) -> None:
    words = (kept("a", first()), kept("b", after()))
    outcome = run(*words)
    assert (outcome.code, outcome.err) == (code, "")
    silent = run(*words, "-q")
    assert (silent.code, silent.out, silent.err) == (code, "", "")


def test_every_format_goes_to_the_screen_and_into_a_file(run: Keyboard) -> None:
    words = (kept("a", before()), kept("b", before()))
    for form in FORMATS:
        shown = run(*words, "--format", form, "--tlp", "green")
        written = run(*words, "--format", form, "--tlp", "green", "-o", f"out.{form}")
        assert (shown.code, written.code, written.out) == (1, 1, "")
        assert Path(f"out.{form}").read_text("utf-8") == shown.out
        if form not in ("json", "csv"):
            assert "TLP:GREEN" in shown.out
    assert json.loads(Path("out.json").read_bytes())["schema"] == "extriage.diff/1"


def test_a_file_is_not_overwritten_unasked(run: Keyboard) -> None:
    words = (kept("a", first()), kept("b", first()))
    Path("out").write_text("precious")
    outcome = run(*words, "-o", "out")
    assert (outcome.code, "--force" in outcome.err) == (2, True)
    assert Path("out").read_text() == "precious"
    assert run(*words, "-o", "out", "--force").code == 3
    assert Path("out").read_text("utf-8").startswith("CANNOT TELL")


def test_one_server_under_two_names_is_paired_by_hand(run: Keyboard) -> None:
    words = (kept("a", first()), kept("b", of_hosts(quiet("2021-03-20", "MAIL"))))
    outcome = run(*words)
    assert outcome.code == 3
    assert "--pair EX01=MAIL" in " ".join(outcome.out.split())
    outcome = run(*words, "--pair", "EX01=MAIL")
    assert outcome.code == 0
    assert "EX01, now MAIL" in outcome.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--pair", "EX01"], "write --pair OLD=NEW"),
        (["--pair", "=x"], "write --pair OLD=NEW"),
        (["--pair", "EX9=EX01"], "the earlier case has no server 'EX9'; it has EX01"),
        (["--host", "EX9"], "neither case has a server 'EX9'"),
        (["--since", "soon"], "is no time"),
        (["-o", "no/such/folder/x"], "there is no folder"),
    ],
)
def test_a_slip_is_two_and_a_sentence(run: Keyboard, words: list[str], said: str) -> None:
    outcome = run(kept("a", first()), kept("b", first()), *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


def test_one_server_of_several_can_be_asked_for(run: Keyboard) -> None:
    both = of_hosts(quiet("2021-03-01"), quiet("2021-03-01", "EX02"))
    later = of_hosts(quiet("2021-03-20"), replace(quiet("2021-03-20", "EX02"), coverage=()))
    words = (kept("a", both), kept("b", later))
    assert run(*words).code == 3
    outcome = run(*words, "--host", "ex01")
    assert outcome.code == 0
    assert "EX02" not in outcome.out.partition("The two cases")[0]


def test_the_moment_that_counts_can_be_said(run: Keyboard) -> None:
    found = replace(quiet("2021-03-20"), findings=host().findings)
    words = (kept("a", first()), kept("b", of_hosts(found)))
    assert run(*words).code == 1
    assert run(*words, "--since", "2021-03-17").code == 0


def test_the_cases_are_not_touched(run: Keyboard) -> None:
    words = (kept("a", first()), kept("b", before()))
    held = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    run(*words)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == held
