"""What `scan` and `demo` do once the work has begun; most of the program is imported here."""

import platform
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from extriage.casefile import CaseFolder
from extriage.cli import noting
from extriage.cli.output import print_report, rendering
from extriage.cli.progress import progress as watching
from extriage.errors import UsageError
from extriage.knowledge.indicatorintake import IndicatorFile
from extriage.knowledge.indicators import read_indicators
from extriage.knowledge.suppressions import read_suppressions
from extriage.model.case import Case
from extriage.model.detection import Level
from extriage.model.host import Absence, Status
from extriage.model.indicator import Indicator
from extriage.pipeline.beginning import Beginning
from extriage.pipeline.pack import Content, content_digest
from extriage.pipeline.scan import Options, finish, now
from extriage.pipeline.scan import scan as run_scan
from extriage.pipeline.whereabouts import roots_of
from extriage.reports.neutral import visible


def scan_and_report(begun: Beginning, place: Path, options: dict[str, Any], *, debug: bool) -> int:
    """Scan, write the case, print the report; return the exit code."""
    started = now()
    custody = noting.custody_of(options)
    folder = CaseFolder(place)
    content = Content(
        tuple(str(Path(name).resolve()) for name in options["rules"]),
        builtin=not options["no_builtin_rules"],
        prefilter=not options["no_prefilter"],
        suppressions=read_suppressions([Path(name) for name in options["suppress"]], today()),
        yara=tuple(str(Path(name).resolve()) for name in options["yara"]),
        indicators=taken(options["indicators"]),
    )
    settings = Options(
        content,
        int(options["jobs"]),
        moment(str(options["as_of"])) if options["as_of"] else None,
        debug,
        custody,
        bool(options.get("hash_images")),
    )
    folder.prepare(force=bool(options["force"]))
    shown = not (options["no_progress"] or options["quiet"])
    roots = roots_of(options.get("paths") or ())
    noting.started(folder, content_digest(content), roots, options)
    with _stopping(folder), watching(shown=shown) as progress:
        case = run_scan(begun, folder, settings, progress)
    code = exit_code(case, Level(str(options["fail_on"])))
    run = {
        "arguments": sys.argv[1:],
        "started": started,
        "finished": now(),
        "exit_code": code,
        "machine": platform.node(),
        "python": platform.python_version(),
        "system": platform.platform(),
    }
    finish(case, folder, run)
    noting.finished(folder, case, code)
    chosen = rendering(options, str(folder.path))
    print_report(case, chosen, quiet=bool(options["quiet"]))
    noting.reports(folder.path, chosen.written())
    if code == 4:
        click.echo(
            "extriage: no Exchange evidence was found; name the server's Logging folder, IIS logs, "
            "event logs or a collection that holds them",
            err=True,
        )
    return code


@contextmanager
def _stopping(folder: CaseFolder) -> Iterator[None]:
    """Note in the run log why a scan did not come to its end."""
    try:
        yield
    except BaseException as error:
        noting.stopped(folder, type(error).__name__)
        raise


def taken(files: Iterable[Path]) -> tuple[Indicator, ...]:
    """Read files of indicators; say how many were taken, and what was not understood."""
    found: dict[Indicator, None] = {}
    for path in files:
        file = read_indicators(path)
        found |= dict.fromkeys(file.indicators)
        click.echo(f"extriage: {visible(told(file))}", err=True)
    return tuple(found)


def told(file: IndicatorFile) -> str:
    """Say in one line what was read of a file of indicators."""
    name, count = Path(file.path).name, len(file.indicators)
    text = f"{name}: {count:,} indicator{'' if count == 1 else 's'}"
    if not file.refusals:
        return text
    place, reason = file.refused[0]
    return f"{text}, {file.refusals:,} not understood, such as {place}: {reason}"


def exit_code(case: Case, fail_on: Level) -> int:
    """Return the exit code that this case deserves; 1 wins over 3."""
    if not case.hosts:
        unread = any(entry.status in ("unreadable", "partial") for entry in case.unassigned)
        return 3 if unread else 4
    findings = [finding for host in case.hosts for finding in host.findings]
    if any(finding.level.rank >= fail_on.rank for finding in findings):
        return 1
    entries = [*case.unassigned, *(e for host in case.hosts for e in host.manifest.entries)]
    unread = any(entry.status in ("unreadable", "partial") for entry in entries)
    broken = any(rule.broken for rule in case.tool.refused_rules)
    return 3 if unread or broken or _cannot_tell(case) else 0


def _cannot_tell(case: Case) -> bool:
    return any(
        host.verdict.status is Status.CANNOT_TELL
        or any(
            cve.answer is Absence.CANNOT_TELL and cve.weighs
            for campaign in host.campaigns
            for cve in campaign.coverage
        )
        for host in case.hosts
    )


def today() -> date:
    """Return the day (UTC) that decides which suppressions have expired.

    `--as-of` plays no part in it: that is about the evidence, and an entry that has expired must
    not come back to life because old evidence is looked at.
    """
    return datetime.now(UTC).date()


def moment(text: str) -> datetime:
    """Read a point in time; without a zone it is UTC."""
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--as-of {text!r} is no time; write 2021-03-20 or 2021-03-20T12:00Z"
        ) from error
