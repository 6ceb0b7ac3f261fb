"""How a report reaches stdout: format, width, colour."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from extriage.cli import unheard
from extriage.errors import UsageError
from extriage.model.case import Case
from extriage.reports import REPORTS, RenderOptions


def rendered(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how a report is printed."""
    for option in (
        click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file."),
        click.option(
            "--format", "format_", type=click.Choice(sorted(REPORTS)), default="text",
            show_default=True, help="Format of the report.",
        ),
        click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto"),
        click.option("--show-suppressed", is_flag=True, help="List what --suppress left out."),
        click.option(
            "--tlp", type=click.Choice(["clear", "green", "amber", "amber+strict", "red"]),
            metavar="MARK", help="Mark who may see it (Traffic Light Protocol 2.0).",
        ),
        click.option("--ascii", "ascii_", is_flag=True, help="Draw with ASCII characters only."),
    ):  # fmt: skip
        command = option(command)
    return command


class Rendering:
    """A chosen format with its options and its place."""

    def __init__(self, format_: str, options: RenderOptions, output: Path | None, *, force: bool):
        self.format = format_
        self.options = options
        self.output = output
        self.force = force


def rendering(options: dict[str, Any], cases_at: str) -> Rendering:
    """Read the options that `rendered` added."""
    output = options["output"]
    stream_is_terminal = sys.stdout.isatty() and output is None
    color = options["color"] == "always" or (
        options["color"] == "auto" and stream_is_terminal and not os.environ.get("NO_COLOR")
    )
    encoding = (sys.stdout.encoding or "ascii").lower()
    plain = options["ascii_"] or (output is None and not encoding.startswith("utf"))
    width = shutil.get_terminal_size((100, 40)).columns
    shown = bool(options.get("show_suppressed"))
    tlp = str(options.get("tlp") or "")
    chosen = RenderOptions(width, color, plain, cases_at, shown, tlp)
    return Rendering(options["format_"], chosen, output, force=bool(options.get("force")))


def print_report(case: Case, chosen: Rendering) -> None:
    """Render a case and print it, or write it to a new file."""
    report = REPORTS[chosen.format]
    data = report.render(case, chosen.options).encode("utf-8", "replace")
    if chosen.output is None:
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.flush()
        except BrokenPipeError:
            # NOTE: the exit code still tells what the evidence gave.
            unheard()
        return
    if chosen.output.exists() and not chosen.force:
        raise UsageError(f"{chosen.output} exists; name another file, or add --force")
    try:
        chosen.output.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{chosen.output} cannot be written: {error.strerror}") from error
