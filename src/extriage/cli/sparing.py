"""What `scan` is asked for a server's own drives: live or mounted, whole or not, and how gently."""

import os
import platform
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from extriage.errors import UsageError
from extriage.pipeline.beginning import Beginning
from extriage.pipeline.priority import live_jobs, lower_priority, megabytes, workers_within

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--live", is_flag=True, help="Read this running server; needs an administrator."),
    click.option(
        "--drive",
        multiple=True,
        metavar="[C=]FOLDER",
        help="A mounted drive of a server, such as C=/mnt/c; again for its other drives.",
    ),
    click.option(
        "--everything",
        is_flag=True,
        help="Read all files of images and drives, not only where evidence lies.",
    ),
    click.option("--low-priority", is_flag=True, help="Let all other programs go first."),
    click.option(
        "--max-memory", metavar="SIZE", help="Use only as many workers as fit: 1500M, 2G."
    ),
)


def with_drive_options(command: Command) -> Command:
    """Add the options of this module to a command, in their order."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def has_drives(options: dict[str, Any]) -> bool:
    """Tell whether a server's drives are given; UsageError if they contradict each other."""
    live, drives = bool(options.get("live")), tuple(options.get("drive") or ())
    if live and drives:
        raise UsageError("--live is this server, --drive is another one: scan one after the other")
    return live or bool(drives)


def named_after(options: dict[str, Any]) -> str:
    """Return what the case of a server's drives is called: the server, else the first drive."""
    text = platform.node() if options.get("live") else Path(options["drive"][0]).name
    return re.sub(r"[^\w.-]+", "-", text).strip("-") or "server"


def workers(options: dict[str, Any]) -> int:
    """Return how many workers may run: what was asked for, what is to spare, what fits."""
    processors = max(1, os.cpu_count() or 1)
    asked = int(str(options["jobs"])) if options["jobs"] else 0
    jobs = asked or (live_jobs(processors) if options.get("live") else processors)
    memory = options.get("max_memory")
    return workers_within(megabytes(str(memory)), jobs) if memory else jobs


def settle(options: dict[str, Any]) -> None:
    """Give way to other programs, if that was asked for or the server is running here."""
    if (options.get("live") or options.get("low_priority")) and not lower_priority():
        click.echo("extriage: the system did not allow a lower priority", err=True)


def with_drives(begun: Beginning, options: dict[str, Any], case: Path) -> Beginning:
    """Add the drives that were given; the case folder is made ready, for the live registry."""
    if not has_drives(options):
        return begun
    from extriage.casefile import CaseFolder  # noqa: PLC0415  # slow to import, rarely needed
    from extriage.pipeline.planning.drives import Given, with_server  # noqa: PLC0415

    CaseFolder(case).prepare(force=bool(options["force"]))
    given = Given(
        bool(options.get("live")),
        tuple(options.get("drive") or ()),
        bool(options.get("everything")),
    )
    return with_server(begun, given, case)
