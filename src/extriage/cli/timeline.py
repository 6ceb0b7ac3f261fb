"""`extriage timeline`: what happened when, on all servers of a case."""

import importlib
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from extriage.casefile import load
from extriage.cli.writing import put_file
from extriage.errors import UsageError
from extriage.model.detection import Stage
from extriage.reports.timeline import FORMATS, PHASES, SOURCES, Choice, Page


@click.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.option("--host", "hosts", multiple=True, metavar="NAME", help="Only this server.")
@click.option(
    "--stage",
    type=click.Choice([stage.value for stage in Stage]),
    help="Only what proves this stage or a further one.",
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAMES",
    help=f"Only these, divided by commas: {', '.join(SOURCES)}.",
)
@click.option(
    "--phase",
    "phases",
    multiple=True,
    metavar="NAMES",
    help=f"Only these parts of the story: {', '.join(PHASES)}.",
)
@click.option("--from", "since", metavar="TIME", help="Not before this time (UTC): 2021-03-01.")
@click.option("--to", "until", metavar="TIME", help="Not after it; a day counts to its end.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(sorted(FORMATS)),
    default="text",
    show_default=True,
    help="How it is shown.",
)
@click.option("--ascii", "ascii_", is_flag=True, help="Draw with ASCII characters only.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a new file.")
@click.option("--force", is_flag=True, help="Overwrite the file named by --output.")
def timeline(case: Path, **options: Any) -> None:
    """Show what happened when, on all servers of a case, in one order (UTC).

    CASE is the folder that `scan` wrote, or its case.json. Attack steps and data that went are
    marked with !, what was done against them with +, the time the server stood open with ~.
    """
    choice = _choice(options)
    found = load(case)
    moments = [moment for moment in found.timeline if choice.takes(moment)]
    encoding = (sys.stdout.encoding or "ascii").lower()
    plain = options["ascii_"] or (options["output"] is None and not encoding.startswith("utf"))
    hosts = frozenset(host.name for host in found.hosts)
    width = shutil.get_terminal_size((100, 40)).columns
    page = Page(width, plain, hosts)
    lines = FORMATS[options["format_"]](moments, page)
    data = "".join(f"{line}\n" for line in lines).encode("utf-8", "replace")
    _put(data, options)
    if not moments:
        click.echo("extriage: the timeline has no such moment", err=True)


def _choice(options: dict[str, Any]) -> Choice:
    since, until = options["since"], options["until"]
    return Choice(
        frozenset(name.lower() for name in options["hosts"]),
        Stage(options["stage"]) if options["stage"] else None,
        _named(options["sources"], SOURCES, "--source"),
        _named(options["phases"], PHASES, "--phase"),
        _period(since)[0] if since else None,
        _period(until)[1] if until else None,
    )


def _named(given: tuple[str, ...], known: tuple[str, ...], option: str) -> frozenset[str]:
    names = {name.strip().lower() for one in given for name in one.split(",") if name.strip()}
    strange = sorted(names - set(known))
    if strange:
        raise UsageError(f"{option} knows no {strange[0]!r}; there are {', '.join(known)}")
    return frozenset(names)


def _period(text: str) -> tuple[datetime, datetime]:
    reading: Any = importlib.import_module("extriage.matchers.querytime")
    found: tuple[datetime, datetime] = reading.period(text)
    return found


def _put(data: bytes, options: dict[str, Any]) -> None:
    output: Path | None = options["output"]
    if output is None:
        sys.stdout.buffer.write(data)
        sys.stdout.flush()
        return
    put_file(output, data, force=bool(options["force"]))
