"""What the command line notes of its work: who did it, and each step in the case's run log.

A case folder that cannot be written (a copy on a read-only medium) can still be read and shown:
that the step was not noted is then said, and nothing fails.
"""

import os
import platform
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from extriage import __version__
from extriage.casefile import CaseFolder, runlog
from extriage.errors import CaseError, UsageError
from extriage.model.case import Case
from extriage.model.custody import Custody, Root
from extriage.pipeline.scan import now
from extriage.reports.neutral import visible
from extriage.sources.drive import mounted

_ENDS = {"KeyboardInterrupt": "interrupted at the keyboard"}
LONGEST = 2000
"""Characters of an operator, a case id or a note."""


def custody_of(options: Mapping[str, Any]) -> Custody:
    """Return what the user said of himself and the case; UsageError if it is too long."""
    notes = tuple(_said("--note", text) for text in options.get("note") or ())
    operator = _said("--operator", options.get("operator") or "")
    case_id = _said("--case-id", options.get("case_id") or "")
    return Custody(operator, case_id, tuple(filter(None, notes)))


def _said(option: str, text: str) -> str:
    if len(text) > LONGEST:
        raise UsageError(f"{option} is longer than {LONGEST:,} characters; shorten it")
    # NOTE: what is no Unicode on the command line would be no JSON.
    return text.strip().encode("utf-8", "backslashreplace").decode("utf-8")


def started(
    folder: CaseFolder, content: str, roots: Iterable[Root], options: Mapping[str, Any]
) -> None:
    """Note that a scan began: by whom, with what, of which paths."""
    custody = custody_of(options)
    facts = {
        "operator": custody.operator,
        "case_id": custody.case_id,
        "notes": list(custody.notes),
        "arguments": sys.argv[1:],
        "directory": str(Path.cwd()),
        "evidence": [{"path": root.path, "shown": root.shown} for root in roots],
        "live": bool(options.get("live")),
        "drives": _placed(tuple(options.get("drive") or ())),
        "everything": bool(options.get("everything")),
        "resumed": (folder.path / "scan.ledger").exists(),
        "versions": {"extriage": __version__, "content_sha256": content, **_machine()},
    }
    folder.note("scan-started", now(), facts)


def _placed(drives: tuple[str, ...]) -> list[str]:
    """Return the drives that were named with their whole paths: a check may run elsewhere."""
    roots = mounted(drives).roots.items()
    return [
        f"{drive[0]}={place}" if len(drive) == 2 else text
        for text, (drive, place) in zip(drives, roots, strict=True)
    ]


def _machine() -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "machine": platform.node(),
    }


def stopped(folder: CaseFolder, why: str) -> None:
    """Note that a scan ended before its end; a folder that cannot be written stays as it is."""
    with suppress(CaseError):
        folder.note("scan-stopped", now(), {"reason": _ENDS.get(why, why)})


def finished(folder: CaseFolder, case: Case, code: int) -> None:
    """Note that a scan was done, with the hashes of what it wrote."""
    rows = [*case.unassigned, *(row for host in case.hosts for row in host.manifest.entries)]
    counts = {
        "files": len({row.path for row in rows}),
        "unreadable": len({row.path for row in rows if row.status in ("unreadable", "partial")}),
        "containers": len(case.custody.containers),
    }
    facts = {"exit_code": code, "counts": counts, "files": folder.hashes()}
    seal = folder.note("scan-finished", now(), facts)
    if case.custody.operator or case.custody.case_id:
        click.echo(
            f"extriage: the run log ends with {seal}; note it elsewhere, and "
            f"`extriage verify {visible(str(folder.path))} --seal {seal[:16]}` tells whether it is "
            "still that log",
            err=True,
        )


def reports(case: Path, written: Iterable[tuple[str, Path]]) -> None:
    """Note the reports that were written into files, each by its format."""
    for format, place in written:
        _add(case, "report", {"format": format, **_file(place)})


def answered(case: Path, form: str, version: int, kept: Path) -> None:
    """Note answers that were kept in the case folder."""
    with suppress(OSError):
        name = kept.relative_to(case).as_posix()
        files = {name: runlog.sha256_of(kept)}
        _add(case, "answers", {"form": form, "version": version, "files": files})


def _add(case: Path, what: str, facts: Mapping[str, object]) -> None:
    """Add a line to the log of a case that has one: a copied case.json is left alone."""
    folder = case if case.is_dir() else case.parent
    if (folder / runlog.NAME).is_file():
        try:
            runlog.append(folder, what, now(), facts)
        except CaseError as error:
            click.echo(f"extriage: not noted in the run log: {visible(str(error))}", err=True)


def _file(place: Path) -> dict[str, object]:
    """Return where a document lies and its hash; of a folder those of its files."""
    with suppress(OSError):
        if place.is_dir():
            names = sorted(item.name for item in place.iterdir() if item.is_file())
            return {"place": os.fspath(place), "sha256": runlog.hashes(place, names)}
        return {"place": os.fspath(place), "sha256": runlog.sha256_of(place)}
    return {"place": os.fspath(place)}
