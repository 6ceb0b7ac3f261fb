"""What Windows says otherwise than other systems: shown here with a Windows that is not there."""

import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from extriage.cli import listener, unheard
from extriage.samples import ServerSpec, write_server
from keyboard import Keyboard, Outcome
from this_machine import unable


class Broken(io.FileIO):
    """A pipe of Windows whose reader has gone, or that fails for another reason."""

    code = errno.EINVAL

    def write(self, data: Any, /) -> int:
        raise OSError(self.code, "Invalid argument")


class Full(Broken):
    code = errno.ENOSPC


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    monkeypatch.setattr(listener, "os", SimpleNamespace(name="nt"))
    return Keyboard(capfd)


def written_to(pipe: type[Broken], folder: Path, *, buffered: bool) -> io.TextIOWrapper:
    raw = pipe(os.open(folder / "pipe", os.O_WRONLY | os.O_CREAT), "wb")
    inner: Any = io.BufferedWriter(raw) if buffered else raw
    return io.TextIOWrapper(inner, "cp1252", write_through=not buffered)


@pytest.mark.parametrize("buffered", [True, False])
@pytest.mark.parametrize("words", [["schema"], ["rules", "list"], ["--help"]])
def test_a_reader_who_goes_is_no_failure_on_windows(
    run: Keyboard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str], buffered: bool
) -> None:
    monkeypatch.setattr(sys, "stdout", written_to(Broken, tmp_path, buffered=buffered))
    assert run(*words) == Outcome(0, "", "")


def test_other_failures_of_the_output_stay_failures(
    run: Keyboard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdout", written_to(Full, tmp_path, buffered=False))
    assert run("schema").code == 5


def test_output_is_the_same_through_what_watches_a_pipe(
    run: Keyboard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain = run("schema").out
    raw = io.FileIO(os.open(tmp_path / "pipe", os.O_WRONLY | os.O_CREAT), "wb")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(raw), "cp1252"))
    assert run("schema").code == 0
    assert sys.stdout.encoding == "cp1252"
    assert (tmp_path / "pipe").read_text("cp1252") == plain


@pytest.mark.parametrize("errors", ["strict", "surrogateescape"])
def test_letters_that_the_output_does_not_know_are_written_otherwise(
    run: Keyboard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, errors: str
) -> None:
    """A pipe of Windows takes the letters of its code page only."""
    monkeypatch.chdir(tmp_path)
    write_server(tmp_path / "\u0434\u0435\u043b\u043e", ServerSpec(lines=500, hours_per_file=24))
    run("scan", "\u0434\u0435\u043b\u043e", "--case", "c", "-q", "--no-progress")
    raw = io.FileIO(os.open(tmp_path / "pipe", os.O_WRONLY | os.O_CREAT), "wb")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(raw), "cp1252", errors))
    assert run("verify", "c").code == 0
    assert r"Evidence    " in (told := (tmp_path / "pipe").read_text("cp1252"))
    assert r"\u0434\u0435\u043b\u043e" in told


def fails(call: Callable[[], object]) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        call()
    return caught.value


def test_what_a_machine_lacks_skips_a_test_and_a_fault_of_extriage_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.delattr(os, "mkfifo", raising=False)
        patch.delattr(os, "dup2")
        lack, fault = fails(lambda: os.mkfifo("pipe")), fails(unheard)
    assert unable(lack) == "this system has no mkfifo"
    assert isinstance(fault, AttributeError)
    assert unable(fault) == unable(fails(lambda: int("no number"))) == ""


def test_what_is_open_is_held_and_what_is_not_is_taken_away(
    tmp_path: Path, files_held: None
) -> None:
    file = tmp_path / "x"
    with file.open("wb"):
        with pytest.raises(PermissionError):
            file.unlink()
        with pytest.raises(PermissionError):
            file.replace(tmp_path / "y")
        (tmp_path / "z").write_bytes(b"")
        with pytest.raises(PermissionError):
            (tmp_path / "z").replace(file)
    file.unlink()
    assert not file.exists()
