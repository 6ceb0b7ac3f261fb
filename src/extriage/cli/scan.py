"""`extriage scan`: the main job."""

import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from extriage.casefile import CaseFolder
from extriage.cli.output import print_report, rendered, rendering
from extriage.cli.progress import ScanProgress
from extriage.errors import UsageError
from extriage.model.case import Case
from extriage.model.detection import Level
from extriage.model.host import Absence, Status
from extriage.pipeline import Content
from extriage.pipeline.scan import Options, finish, now
from extriage.pipeline.scan import scan as run_scan
from extriage.pipeline.worker import default_jobs

LEVELS = [level.value for level in Level]


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--case", "case", type=click.Path(path_type=Path), help="Folder for the results.")
@click.option("--force", is_flag=True, help="Overwrite an earlier case in that folder.")
@click.option("--rules", multiple=True, type=click.Path(), help="Add Sigma rules (folder or file).")
@click.option("--no-builtin-rules", is_flag=True, help="Use only the rules given with --rules.")
@click.option(
    "--fail-on", type=click.Choice(LEVELS), default="high", show_default=True,
    help="Lowest level of a finding that makes the exit code 1.",
)  # fmt: skip
@click.option("--as-of", help='What "up to now" means, such as 2021-03-20 or 2021-03-20T12:00Z.')
@click.option("--jobs", type=click.IntRange(1), help="Worker processes (default: all processors).")
@click.option("--no-progress", is_flag=True, help="Show no progress bar.")
@click.option("--no-prefilter", is_flag=True, hidden=True)
@click.option("-q", "--quiet", is_flag=True, help="Print no report; the exit code tells.")
@rendered
@click.pass_context
def scan(context: click.Context, /, paths: tuple[Path, ...], **options: Any) -> None:
    """Read evidence and say what happened to the server.

    PATH is a folder in any layout, a .zip, .tar, .tar.gz, .gz or a single log. Evidence is only
    read. The full case goes to the folder named by --case (default: NAME.case here).
    """
    given = list(paths)
    folder = CaseFolder(Path(str(options["case"])) if options["case"] else default_case(given))
    code = scan_and_report(given, folder, options, debug=bool(context.obj["debug"]))
    sys.exit(code)


def scan_and_report(
    paths: list[Path], folder: CaseFolder, options: dict[str, Any], *, debug: bool
) -> int:
    """Scan, write the case, print the report; return the exit code."""
    started = now()
    content = Content(
        tuple(str(Path(name).resolve()) for name in options["rules"]),
        builtin=not options["no_builtin_rules"],
        prefilter=not options["no_prefilter"],
    )
    settings = Options(
        content,
        int(str(options["jobs"])) if options["jobs"] else default_jobs(),
        moment(str(options["as_of"])) if options["as_of"] else None,
        debug,
    )
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise UsageError(f"there is no {missing[0]}; name a folder, an archive or a log")
    folder.prepare(force=bool(options["force"]))
    shown = not (options["no_progress"] or options["quiet"])
    with ScanProgress(shown=shown) as progress:
        case = run_scan(paths, folder, settings, progress)
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
    if not options["quiet"]:
        print_report(case, rendering(options, str(folder.path)))
    if code == 4:
        click.echo(
            "extriage: no Exchange evidence was found; name the server's Logging folder, IIS logs, "
            "event logs or a collection that holds them",
            err=True,
        )
    return code


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
            cve.answer is Absence.CANNOT_TELL
            for campaign in host.campaigns
            for cve in campaign.coverage
        )
        for host in case.hosts
    )


def default_case(paths: list[Path]) -> Path:
    """Return the case folder used when none is named."""
    name = re.sub(r"[^\w.-]+", "-", paths[0].resolve().name) or "evidence"
    return Path(f"{name}.case")


def moment(text: str) -> datetime:
    """Read a point in time; without a zone it is UTC."""
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"--as-of {text!r} is no time; write 2021-03-20 or 2021-03-20T12:00Z"
        ) from error
