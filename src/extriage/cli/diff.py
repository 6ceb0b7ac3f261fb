"""`extriage diff`: what is gone, what is new and what still leaks between two cases."""

import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from extriage.analysis.comparing import Asked, compare
from extriage.casefile import load
from extriage.cli import unheard
from extriage.cli.writing import check_file, put_file
from extriage.errors import UsageError
from extriage.matchers.querytime import period
from extriage.model.comparison import Outcome
from extriage.reports.base import RenderOptions
from extriage.reports.comparison import FORMATS, render
from extriage.reports.imprint import TLP

CODES = {
    Outcome.NOT_CLEAN: 1,
    Outcome.STILL_OPEN: 1,
    Outcome.CANNOT_TELL: 3,
    Outcome.NOTHING_LEFT: 0,
}

EPILOG = (
    "Exit codes: 0 nothing that was found is left and nothing is new; 1 something is still there, "
    "new, leaking or open; 2 wrong usage; 3 the later evidence cannot tell. docs/diff.md says what "
    "each answer rests on."
)


@click.command(epilog=EPILOG)
@click.argument("before", metavar="CASE-BEFORE", type=click.Path(path_type=Path))
@click.argument("after", metavar="CASE-AFTER", type=click.Path(path_type=Path))
@click.option("--host", "hosts", multiple=True, metavar="NAME", help="Only this server.")
@click.option(
    "--pair", "pairs", multiple=True, metavar="OLD=NEW",
    help="A server that has another name in the later case.",
)  # fmt: skip
@click.option(
    "--since", metavar="TIME",
    help="When the clean-up was finished (UTC): 2021-03-08T06:00. Else the end of CASE-BEFORE.",
)  # fmt: skip
@click.option(
    "--format", "format_", type=click.Choice(list(FORMATS)), default="text", show_default=True,
    help="Format of the comparison.",
)  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
@click.option("--force", is_flag=True, help="Overwrite the file named by --output.")
@click.option(
    "--tlp", type=click.Choice(TLP), metavar="MARK",
    help="Mark who may see it (Traffic Light Protocol 2.0).",
)  # fmt: skip
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("--ascii", "ascii_", is_flag=True, help="Draw with ASCII characters only.")
@click.option("-q", "--quiet", is_flag=True, help="Print nothing; the exit code tells.")
def diff(before: Path, after: Path, **options: Any) -> None:
    """Compare two cases of the same servers: before and after a clean-up.

    Says what is gone, what is still there, what is new, what still leaks, and what the later
    evidence cannot tell. CASE-BEFORE and CASE-AFTER are folders that `scan` wrote.
    """
    if options["output"]:
        check_file(options["output"], force=options["force"])
    since = period(options["since"])[0] if options["since"] else None
    asked = Asked(_pairs(options["pairs"]), options["hosts"], since)
    found = compare(load(before), load(after), asked)
    if not options["quiet"]:
        text = render(options["format_"], found, _shown(options))
        _put(text.encode("utf-8", "replace"), options["output"], force=options["force"])
    sys.exit(CODES[found.outcome])


def _pairs(given: Iterable[str]) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for text in given:
        old, sign, new = text.partition("=")
        if not (sign and old.strip() and new.strip()):
            raise UsageError(f"--pair {text!r} names no two servers; write --pair OLD=NEW")
        pairs[old.strip()] = new.strip()
    return pairs


def _shown(options: dict[str, Any]) -> RenderOptions:
    screen = options["output"] is None
    color = options["color"] == "always" or (
        options["color"] == "auto"
        and screen
        and sys.stdout.isatty()
        and not os.environ.get("NO_COLOR")
    )
    encoding = (sys.stdout.encoding or "ascii").lower()
    plain = options["ascii_"] or (screen and not encoding.startswith("utf"))
    width = shutil.get_terminal_size((100, 40)).columns
    return RenderOptions(width, color, plain, tlp=options["tlp"] or "")


def _put(data: bytes, output: Path | None, *, force: bool) -> None:
    if output is not None:
        put_file(output, data, force=force)
        return
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
    except BrokenPipeError:
        # NOTE: the exit code still tells what the comparison comes to.
        unheard()
