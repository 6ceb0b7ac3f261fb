"""`extriage verify`: is the case, and the evidence, still what it was when the case was made?"""

import json
import os
import sys
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import click

from extriage.casefile import load, runlog
from extriage.casefile.folder import ANSWERS, WRITTEN
from extriage.casefile.named import document_of
from extriage.cli.progress import progress as watching
from extriage.errors import CaseError, UsageError
from extriage.model.custody import FILE_STATES, Chain, FileCheck, FileState, Root
from extriage.pipeline.planning.drives import REGISTRY, Given
from extriage.pipeline.recorded import Recorded, only, recorded, without
from extriage.pipeline.verifying import Comparison, compare, kept, listed
from extriage.pipeline.whereabouts import (
    found_again,
    is_elsewhere,
    is_here,
    recorded_drives,
    recorded_roots,
)
from extriage.reports.imprint import counted
from extriage.reports.neutral import visible

SCHEMA = "extriage.verify/1"
SHORTEST = 16
_SHOWN = 20
"""Files of each state that the screen names."""
_FEW = 5
"""Files beside the evidence that the screen names."""
_DIFFERS = ("changed", "missing", "new", "unread")
_CODES = {"unchanged": 0, "changed": 1, "cannot-tell": 3}
_MEANS = {
    "unchanged": "the case and its evidence are as they were recorded",
    "changed": "something is not as it was recorded",
    "cannot-tell": "nothing that was looked at has changed, but not all could be looked at",
}


@dataclass(slots=True)
class _Verified:
    """What was compared, and what came of it."""

    case: Path
    chain: Chain
    seal: str = ""
    """The part of a line's hash that was asked for."""
    sealed: int = 0
    """The line that has it; 0 if none has."""
    files: list[FileCheck] = field(default_factory=list)
    """The files of the case itself."""
    roots: Sequence[Root] = ()
    drives: tuple[str, ...] = ()
    evidence: Comparison | None = None
    strangers: Sequence[str] = ()
    """Files beside the evidence that were not part of the case."""
    unsure: list[str] = field(default_factory=list)
    """Why something could not be told."""
    remarks: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """Return `changed` before `cannot-tell` before `unchanged`."""
        checks = [*self.files, *(self.evidence.checks if self.evidence else ())]
        states = {check.state for check in checks}
        broken = self.chain.broken or (self.seal and not self.sealed)
        if broken or states & {"changed", "missing", "new"}:
            return "changed"
        return "cannot-tell" if self.unsure or "unread" in states else "unchanged"


@click.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, readable=False))
@click.option(
    "--drive",
    multiple=True,
    metavar="[C=]FOLDER",
    help="Where a drive that was scanned lies now; again for its other drives.",
)
@click.option("--seal", default="", metavar="SHA256", help="A hash of the run log noted elsewhere.")
@click.option("--no-evidence", is_flag=True, help="Look at the case only, not at its evidence.")
@click.option("--json", "json_", is_flag=True, help="Print the machine form, with every file.")
@click.option("--jobs", type=click.IntRange(1), help="Files read at once (default: as processors).")
@click.option("--no-progress", is_flag=True, help="Show no progress bar.")
def verify(case: Path, paths: tuple[Path, ...], **options: Any) -> None:
    """Tell whether a case and its evidence are unchanged.

    CASE is the folder that `scan` wrote. PATH is where the evidence lies now: as many paths as the
    scan was given, or folders that hold it; without it, the place that the run log names. Nothing
    is written.

    Compared are: the run log (each line names the hash of the one before), the case's files with
    the log, and every file of the evidence with the hash in the case.

    Exit codes: 0 all as recorded, 1 something changed, is missing or new, 2 wrong usage, 3 not all
    could be looked at.
    """
    folder = case if case.is_dir() else document_of(case).parent
    found = _Verified(folder, Chain(), _seal(options["seal"]))
    _read_log(found)
    _check_log(found)
    _check_files(found)
    if not options["no_evidence"]:
        _check_evidence(found, paths, options)
    if options["json_"]:
        click.echo(json.dumps(_document(found), indent=1))
    else:
        click.echo("\n".join(_screen(found)))
    sys.exit(_CODES[found.verdict])


def _seal(text: str) -> str:
    seal = text.strip().lower()
    if seal and (len(seal) < SHORTEST or seal.strip("0123456789abcdef")):
        raise UsageError(
            f"--seal: give the SHA-256 that was noted, or at least its first {SHORTEST} digits"
        )
    return seal


def _read_log(found: _Verified) -> None:
    unknown = "whether the case's files changed cannot be told"
    try:
        found.chain = runlog.read(found.case)
    except CaseError as error:
        found.unsure.append(f"{error}: {unknown}")
        return
    if not found.chain.lines and not found.chain.broken:
        document_of(found.case)
        found.unsure.append(f"there is no run log ({runlog.NAME}): {unknown}")


def _check_log(found: _Verified) -> None:
    """Look for the noted hash, and for a scan that did not come to its end."""
    lines = found.chain.lines
    if found.seal:
        met = (line.number for line in lines if line.sha256.startswith(found.seal))
        found.sealed = next(met, 0)
    found.remarks += found.chain.remarks
    scans = [line.what for line in lines if line.what in ("scan-started", "scan-finished")]
    if scans and scans[-1] == "scan-started":
        found.remarks.append(
            "the last scan that the run log names did not come to its end (or the end of the log "
            "was cut off); what it wrote until then may stand among the case's files"
        )


def _check_files(found: _Verified) -> None:
    """Compare the case's own files with the hashes that the log gave them last."""
    known = runlog.recorded(found.chain)
    now = runlog.hashes(found.case, list(known))
    for name, sha256 in sorted(known.items()):
        if not runlog.is_own(name):
            why = "the run log names it, but it is no file of the case folder"
            found.files.append(FileCheck(name, "unread", sha256, reason=why))
        elif name not in now:
            gone = not os.path.lexists(found.case / name)
            found.files.append(FileCheck(name, "missing" if gone else "unread", sha256))
        else:
            state: FileState = "same" if now[name] == sha256 else "changed"
            found.files.append(FileCheck(name, state, sha256, now[name]))
    if found.chain.lines and not set(known) & set(WRITTEN):
        found.unsure.append("the run log names no finished scan: the case's files have no hash")
    _check_strangers(found, known)


def _check_strangers(found: _Verified, known: Container[str]) -> None:
    """Name what lies in the case folder and was not noted there."""
    try:
        names = _files_below(found.case)
    except OSError as error:
        found.unsure.append(f"the case folder cannot be listed: {error.strerror}")
        return
    for name in names:
        if name in known or name == runlog.NAME or name.startswith((".tmp-", "scan.")):
            continue
        if found.chain.lines and name.startswith(f"{ANSWERS}/"):
            why = "the run log knows nothing of it"
            found.files.append(FileCheck(name, "new", reason=why))
        elif name not in WRITTEN:
            found.remarks.append(f"{name} lies in the case folder; no scan has put it there")


def _files_below(folder: Path) -> list[str]:
    """Return all files of the case folder and of its answers; OSError if one cannot be listed."""
    answers = folder / ANSWERS
    found = [*folder.iterdir(), *(answers.iterdir() if answers.is_dir() else ())]
    return sorted(item.relative_to(folder).as_posix() for item in found if not item.is_dir())


def _check_evidence(found: _Verified, paths: Sequence[Path], options: dict[str, Any]) -> None:
    try:
        known = recorded(load(found.case))
    except UsageError as error:
        gone = not os.path.lexists(found.case / WRITTEN[0])
        why = f"{WRITTEN[0]} is missing, which says what it was" if gone else error
        found.unsure.append(f"the evidence was not compared: {why}")
        return
    found.roots = recorded_roots(found.chain)
    drives = recorded_drives(found.chain)
    if options["drive"]:
        drives = replace(drives, live=False, drives=tuple(options["drive"]))
    found.drives = drives.drives
    if paths:
        known = _find(found, paths, known, drives)
    if why := _nowhere(found, drives, options, named=bool(paths)):
        found.unsure.append(f"the evidence was not compared: {why}")
        return
    if any(check.path == WRITTEN[0] and check.state != "same" for check in found.files):
        found.remarks.append("the evidence was compared with a case.json that was changed")
    surveys = listed(found.roots, drives, found.case)
    if drives.live:
        found.unsure.append(
            "the server's drives were not compared: it was running, and goes on writing"
        )
        known = only(known, (REGISTRY, *(root.shown for root in found.roots)))
        surveys = chain(surveys, (kept(found.case),))
    shown = not (options["no_progress"] or options["json_"])
    jobs = options["jobs"] or max(1, os.cpu_count() or 1)
    try:
        with watching(shown=shown) as progress:
            found.evidence = compare(known, surveys, jobs, progress.read)
    except UsageError as error:
        if paths or options["drive"]:
            raise
        found.unsure.append(f"the evidence was not compared: {error}; name where it lies now")
        return
    if bare := found.evidence.count("not-hashed"):
        have = "files of the evidence have" if bare > 1 else "file of the evidence has"
        found.remarks.append(f"{bare:,} {have} no hash in the case: at most the size was compared")


def _find(found: _Verified, paths: Sequence[Path], known: Recorded, drives: Given) -> Recorded:
    """Find the evidence in the places that the user names; return what the case says of it."""
    if drives and not found.roots:
        raise UsageError(
            "the scan was given the drives of a server and no other path: name where they lie now "
            "with --drive C=FOLDER"
        )
    where = found_again(found.roots, paths, known)
    found.roots, found.strangers = where.roots, where.strangers
    found.unsure += [
        f"{name} was not compared: it lies in none of the places that were named"
        for name in where.lost
    ]
    if where.strangers:
        some, left = where.strangers[:_FEW], len(where.strangers) - _FEW
        more = f" and {left:,} more" if left > 0 else ""
        found.remarks.append(f"not part of the case, and not compared: {', '.join(some)}{more}")
    return without(known, where.lost)


def _nowhere(found: _Verified, drives: Given, options: dict[str, Any], *, named: bool) -> str:
    """Say why the evidence cannot be found; empty if it can."""
    again = f"extriage verify {found.case} PATH"
    if not found.roots and not drives and named:
        return "nothing of it was found there"
    if not found.roots and not drives:
        return f"the run log does not say where it lies; name it: {again}"
    places = [] if named else [root.path for root in found.roots]
    folders = [] if options["drive"] else [one.partition("=")[2] or one for one in drives.drives]
    for place in (*places, *folders):
        if is_elsewhere(place):
            # NOTE: Windows hands the user's logon to any computer that a case from elsewhere names.
            return f"it lay on another computer, {place}; name it if you trust that: {again}"
    gone = [place for place in places if not is_here(place)]
    if gone:
        return f"there is no {gone[0]} on this machine; name where it lies now: {again}"
    return ""


def _screen(found: _Verified) -> list[str]:
    verdict = found.verdict
    lines = [f"{verdict.upper().replace('-', ' ')}  {found.case}: {_MEANS[verdict]}"]
    lines += _log_lines(found)
    if found.files:
        same = [check.path for check in found.files if check.state == "same"]
        lines.append(f"  Case files  {len(same)} of {len(found.files)} as they were written")
        lines += _differing(found.files)
    if found.evidence is not None:
        lines += _evidence_lines(found, found.evidence)
    lines += [f"  Not told    {why}" for why in found.unsure]
    lines += [f"  Note        {remark}" for remark in found.remarks]
    return [visible(line) for line in lines]


def _log_lines(found: _Verified) -> list[str]:
    chain = found.chain
    if not chain.lines and not chain.broken:
        return []
    last = chain.lines[-1] if chain.lines else None
    follows = ", each follows the one before" if len(chain.lines) > 1 else ""
    text = f"  Run log     {counted(len(chain.lines), 'line')}{follows}"
    if chain.broken:
        text = f"  Run log     broken: {chain.broken}"
    lines = [text]
    if last:
        lines.append(f"              last: {last.at} {last.what}, SHA-256 {last.sha256}")
    if found.seal and found.sealed:
        lines.append(f"  Seal        is that of line {found.sealed}: nothing before it was changed")
    elif found.seal:
        lines.append("  Seal        no line has it: the log is not the one that it was noted of")
    return lines


def _evidence_lines(found: _Verified, evidence: Comparison) -> list[str]:
    counts = [f"{evidence.count(state):,} {state.replace('-', ' ')}" for state in FILE_STATES]
    names = ", ".join((*(root.path for root in found.roots), *found.drives))
    lines = [f"  Evidence    {names}", f"              {', '.join(counts)}"]
    if evidence.inside:
        lines.append(f"              and {evidence.inside:,} inside containers that are the same")
    return lines + _differing(evidence.checks)


def _differing(checks: Sequence[FileCheck]) -> list[str]:
    lines = []
    for state in _DIFFERS:
        some = [check for check in checks if check.state == state]
        for check in some[:_SHOWN]:
            why = f" ({check.reason})" if check.reason else ""
            lines.append(f"    {state:8}  {check.path}{why}")
        if len(some) > _SHOWN:
            lines.append(f"    {state:8}  and {len(some) - _SHOWN:,} more: --json names them")
    return lines


def _document(found: _Verified) -> dict[str, object]:
    evidence = found.evidence
    return {
        "schema": SCHEMA,
        "case": str(found.case),
        "verdict": found.verdict,
        "run_log": {
            "lines": [asdict(line) for line in found.chain.lines],
            "head": found.chain.head,
            "broken": found.chain.broken,
            "seal": {"asked": found.seal, "line": found.sealed or None} if found.seal else None,
        },
        "case_files": [asdict(check) for check in found.files],
        "evidence": evidence
        and {
            "paths": [asdict(root) for root in found.roots],
            "drives": list(found.drives),
            "counts": {state: evidence.count(state) for state in FILE_STATES},
            "inside_unchanged_containers": evidence.inside,
            "files": [asdict(check) for check in evidence.checks],
            "not_part_of_the_case": list(found.strangers),
        },
        "cannot_tell": found.unsure,
        "remarks": found.remarks,
    }
