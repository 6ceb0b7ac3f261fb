"""`extriage scan`: the main job."""

import gc
import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

import click

from extriage.cli.output import rendered, rendering
from extriage.cli.sparing import (
    has_drives,
    named_after,
    settle,
    with_drive_options,
    with_drives,
    workers,
)
from extriage.errors import UsageError
from extriage.model.detection import Level
from extriage.pipeline.beginning import begin, rules_place

LEVELS = [level.value for level in Level]


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--case", "case", type=click.Path(path_type=Path), help="Folder for the results.")
@click.option("--force", is_flag=True, help="Overwrite an earlier case there, and the reports.")
@click.option("--rules", multiple=True, type=click.Path(), help="Add Sigma rules (folder or file).")
@click.option("--yara", multiple=True, type=click.Path(), help="Add YARA rules (folder or file).")
@click.option("--no-builtin-rules", is_flag=True, help="Use only --rules and --yara.")
@click.option(
    "--suppress",
    multiple=True,
    type=click.Path(),
    metavar="FILE",
    help="Leave out what this file names, counted and with its reasons.",
)
@click.option(
    "--indicators",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Look for these indicators too (CSV, STIX 2.1, MISP JSON).",
)
@click.option(
    "--fail-on", type=click.Choice(LEVELS), default="high", show_default=True,
    help="Lowest level of a finding that makes the exit code 1.",
)  # fmt: skip
@click.option("--as-of", help='What "up to now" means, such as 2021-03-20 or 2021-03-20T12:00Z.')
@click.option("--jobs", type=click.IntRange(1), help="Worker processes (default: all processors).")
@click.option("--no-progress", is_flag=True, help="Show no progress bar.")
@click.option("--operator", metavar="NAME", help="Who does this; stands in the case and reports.")
@click.option("--case-id", metavar="ID", help="Your number of the case; stands there too.")
@click.option("--note", multiple=True, metavar="TEXT", help="A note beside them; again for more.")
@click.option("--hash-images", is_flag=True, help="Hash disk images as a whole, too.")
@with_drive_options
@click.option("--no-prefilter", is_flag=True, hidden=True)
@click.option("-q", "--quiet", is_flag=True, help="Print no report, only write named files.")
@rendered
@click.pass_context
def scan(context: click.Context, /, paths: tuple[Path, ...], **options: Any) -> None:
    """Read evidence and say what happened to the server.

    PATH is a folder in any layout, an archive, a disk image or a single log; --live and --drive
    stand for a server's own drives. Evidence is only read. The full case goes to the folder named
    by --case (default: NAME.case here).
    """
    sys.exit(scan_paths(list(paths), options, debug=bool(context.obj["debug"])))


def scan_paths(paths: list[Path], options: dict[str, Any], *, debug: bool) -> int:
    """Begin to work, import the rest, and do it; return the exit code."""
    drives = has_drives(options)
    if not paths and not drives:
        raise UsageError("name the evidence: a folder, an archive, a log, an image, or --live")
    missing = [path for path in paths if not path.exists()]
    if missing:
        raise UsageError(f"there is no {missing[0]}; name a folder, an archive or a log")
    for option, what in (("rules", "Sigma"), ("yara", "YARA")):
        for place in options[option]:
            # NOTE: said before the case folder is made, so that a slip leaves nothing behind.
            rules_place(place, what)
    named = [Path(named_after(options))] if drives and not paths else paths
    case = Path(str(options["case"])) if options["case"] else default_case(named)
    # NOTE: a place that cannot be written is said now, not after hours of reading.
    rendering(options, str(case))
    settle(options)
    options = options | {"jobs": workers(options), "paths": paths}
    begun = begin(paths, case, options["jobs"], whole=bool(options.get("everything")))
    # NOTE: what is imported and loaded now stays; to look through it for garbage costs a tenth of
    # the start. The pipeline collects again as soon as the rules are loaded.
    gc.disable()
    try:
        begun = with_drives(begun, options, case)
        scanning = importlib.import_module("extriage.cli.scanning")
        code: int = scanning.scan_and_report(begun, case, options, debug=debug)
    finally:
        gc.enable()
        begun.digests.stop()
    return code


def jobs_of(options: dict[str, Any]) -> int:
    """Return how many workers the user asked for, else as many as this machine has processors."""
    return int(str(options["jobs"])) if options["jobs"] else max(1, os.cpu_count() or 1)


def default_case(paths: list[Path]) -> Path:
    """Return the case folder used when none is named."""
    name = re.sub(r"[^\w.-]+", "-", paths[0].resolve().name) or "evidence"
    return Path(f"{name}.case")
