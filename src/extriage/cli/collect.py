"""`extriage collect`: what to take of a server, as a list and as recipes for collectors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from extriage.cli.writing import check_file, put_file, put_files
from extriage.errors import UsageError
from extriage.knowledge.places import GENERATIONS
from extriage.reports.neutral import visible
from extriage.reports.recipes import acquire as for_acquire
from extriage.reports.recipes import kape as for_kape
from extriage.reports.recipes import listing as plain
from extriage.reports.recipes import powershell as for_powershell
from extriage.reports.recipes import velociraptor as for_velociraptor
from extriage.reports.recipes.choice import Choice, choice

_NO_AGE = "{} takes files of any age: --days has no effect on it"


def _asked(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that all recipes have."""
    for option in (
        click.option("--force", is_flag=True, help="Write over earlier files."),
        click.option(
            "-o", "--output", type=click.Path(path_type=Path),
            help="Write to a file (kape: to a folder or a .zip) instead of the screen.",
        ),
        click.option(
            "--only", multiple=True, metavar="PLACE[,PLACE…]",
            help="Take these places only; `collect list` shows their names.",
        ),
        click.option(
            "--exchange", type=click.Choice(GENERATIONS, case_sensitive=False),
            help="Leave out what this product does not have.",
        ),
        click.option(
            "--iis-logs", default="", metavar="DIR",
            help="Folder of the IIS logs on the server, if it was moved.",
        ),
        click.option(
            "--install", default="", metavar="DIR",
            help="Exchange's folder on the server, if it was moved.",
        ),
        click.option(
            "--days", type=click.IntRange(1, 36_500), metavar="N",
            help="Take logs of the last N days only (all by default).",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group()
def collect() -> None:
    """Say what to take of a server, and make recipes for the collector at hand.

    All recipes come from one table, that of what extriage reads. Start with: extriage collect list
    """


@collect.command("list")
@_asked
def list_(**options: Any) -> None:
    """List what is read, where it lies, how large it grows, and what it tells."""
    _put(plain.render(_choice(options)), options)


@collect.command()
@_asked
def kape(**options: Any) -> None:
    """Make targets for KAPE: put them into its Targets folder, then --target ExtriageExchange."""
    files = for_kape.files(_choice(options))
    _age_note(options, "KAPE")
    output: Path | None = options["output"]
    if output is None:
        raise UsageError("the targets are several files: name a folder or a .zip with --output")
    put_files(output, files, force=options["force"])
    click.echo(
        f"{len(files)} targets are in {visible(str(output))}; copy them into KAPE's Targets folder "
        f"and run: kape.exe --tsource C: --target {for_kape.COMPOUND} --tdest FOLDER",
        err=True,
    )


@collect.command()
@_asked
def velociraptor(**options: Any) -> None:
    """Make an artifact for Velociraptor; it finds moved folders by itself."""
    _put(for_velociraptor.render(_choice(options)), options)


@collect.command()
@_asked
def acquire(**options: Any) -> None:
    """Make an argument file for acquire: run it as `acquire @FILE`, live or on an image."""
    text = for_acquire.render(_choice(options))
    _age_note(options, "acquire")
    _put(text, options)


@collect.command()
@_asked
def powershell(**options: Any) -> None:
    """Make a script for PowerShell 2 and later; it finds moved folders by itself."""
    _put(for_powershell.render(_choice(options)), options)


def _choice(options: dict[str, Any]) -> Choice:
    return choice(
        options["days"],
        options["install"],
        options["iis_logs"],
        options["exchange"] or "",
        options["only"],
    )


def _age_note(options: dict[str, Any], collector: str) -> None:
    if options["days"]:
        click.echo(_NO_AGE.format(collector), err=True)


def _put(text: str, options: dict[str, Any]) -> None:
    output: Path | None = options["output"]
    if output is None:
        click.echo(text, nl=False)
        return
    check_file(output, force=options["force"])
    put_file(output, text.encode("utf-8"), force=options["force"])
