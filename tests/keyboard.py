"""Type a command as its users do, and keep what it prints."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from extriage.cli import main


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


class Keyboard:
    """Runs a command and keeps exit code and output; a traceback is never right."""

    def __init__(self, capfd: pytest.CaptureFixture[str], *before: str) -> None:
        self.capfd = capfd
        self.before = before
        """Words that every command begins with."""

    def __call__(self, *words: str | Path) -> Outcome:
        with pytest.raises(SystemExit) as stop:
            main([*self.before, *(str(word) for word in words)])
        out, err = self.capfd.readouterr()
        assert "Traceback" not in out + err
        return Outcome(int(stop.value.code or 0), out, err)
