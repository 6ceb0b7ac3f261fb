"""The case folder on disk: nothing half-written ever carries a final name."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from extriage.casefile import runlog
from extriage.casefile.database import write_database
from extriage.casefile.document import encode
from extriage.casefile.ledger import Ledger
from extriage.casefile.trail import TrailStore
from extriage.casefile.whole import drop, write_whole
from extriage.errors import CaseError, UsageError
from extriage.model.case import Case

WRITTEN = ("case.json", "case.db", "run.json")
"""What a scan leaves, each file whole or not at all."""
REGISTRY = "scan.registry.reg"
"""What the registry of a live server said: evidence that can never be read again."""
ANSWERS = "answers"
"""Folder of what was answered to authorities; a new scan leaves it as it is."""


@dataclass(frozen=True, slots=True)
class CaseFolder:
    """Where one case is kept."""

    path: Path

    @property
    def document(self) -> Path:
        """The case as JSON."""
        return self.path / "case.json"

    @property
    def database(self) -> Path:
        """The case as SQLite."""
        return self.path / "case.db"

    def prepare(self, *, force: bool) -> None:
        """Make the folder; refuse one that holds a finished case or foreign files."""
        if self.document.exists() and not force:
            raise UsageError(
                f"{self.path} already holds a case; name another folder, or add --force"
            )
        own = {*WRITTEN, "scan.ledger", runlog.NAME, ANSWERS}
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            foreign = sorted(
                item.name
                for item in self.path.iterdir()
                if item.name not in own and not item.name.startswith((".tmp-", "scan."))
            )
        except OSError as error:
            raise CaseError(f"{self.path} cannot be used: {error.strerror}") from error
        if foreign:
            raise UsageError(
                f"{self.path} holds other files ({foreign[0]}); name an empty or new folder"
            )

    def ledger(self, key: str) -> Ledger:
        """Open the ledger of a scan; `key` names evidence and content, another key starts anew."""
        try:
            return Ledger.open(self.path / "scan.ledger", key)
        except OSError as error:
            raise CaseError(f"{self.path} cannot be written: {error.strerror}") from error

    def note(self, what: str, at: str, facts: Mapping[str, object]) -> str:
        """Add a line to the run log; return its SHA-256. CaseError if it cannot be written."""
        return runlog.append(self.path, what, at, facts)

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of the case's files, by name."""
        return runlog.hashes(self.path, (*WRITTEN, REGISTRY))

    def write(self, case: Case, run: dict[str, Any]) -> None:
        """Write database, run record and document, each whole or not at all; the document last."""
        temporary = self.path / ".tmp-case.db"
        try:
            temporary.unlink(missing_ok=True)
            write_database(temporary, case, TrailStore.open(self.path))
            _settle(temporary, self.database)
            write_whole(self.path / "run.json", json.dumps(run, indent=1).encode() + b"\n")
            write_whole(self.document, encode(case))
        except OSError as error:
            drop(temporary)
            raise CaseError(
                f"{self.path} cannot be written ({error.strerror}); "
                "the scan's results so far are kept there, run the same command again"
            ) from error


def _settle(temporary: Path, final: Path) -> None:
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(final)
