"""`extriage version`: what a build, or the build in a piece of evidence, means."""

import json
import re
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from extriage.analysis.version import (
    VersionAnswer,
    answer_json,
    resolve,
    verdict_code,
    version_answer,
)
from extriage.cli.output import screen
from extriage.errors import UsageError
from extriage.knowledge.active import tables_as_of
from extriage.knowledge.builds import spell
from extriage.reports.neutral import visible

if TYPE_CHECKING:
    from extriage.analysis.sightings import Sighting
    from extriage.pipeline.versions import Builds, ServerBuild
    from extriage.reports.version import Shown

PATH_SCHEMA = "extriage.version-path/1"
_PATH = re.compile(
    r"[/\\\\]|\.(?:exe|dll|log|zip|7z|tar|t?gz|evtx|xml|csv|json|txt)$", re.IGNORECASE
)
"""What looks like the path of a file, which no build does."""
SERVERS = 5
"""Servers of one build whose evidence is shown."""


@click.command()
@click.argument("build", nargs=-1, required=True, metavar="BUILD|PATH")
@click.option("--as-of", metavar="DAY", help="Judge for another day than today: 2021-03-05.")
@click.option("--json", "json_", is_flag=True, help="Print the machine form.")
@click.option("--all", "all_", is_flag=True, help="List fixed vulnerabilities and every reason.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto")
@click.option("--ascii", "ascii_", is_flag=True, help="Draw with ASCII characters only.")
def version(build: tuple[str, ...], **options: Any) -> None:
    """Say what a build is, what is open in it, and what to do.

    BUILD is a version in any spelling (15.1.2375.7, "Version 15.1 (Build 2375.7)", 15.1.2375) or a
    name (Exchange 2016 CU22, 2019 CU14 Mar24SU). PATH is ExSetup.exe or any evidence that names a
    build: logs, configuration, a folder, an archive.

    Exit codes: 0 nothing open, 1 open or out of support, 2 unknown build, 3 the build is not known
    exactly enough, 4 the evidence names no build.
    """
    asked = " ".join(build)
    day = _day(options["as_of"])
    try:
        found = resolve(asked)
    except UsageError:
        if not asked.strip() or not _exists(Path(asked)):
            if _PATH.search(asked):
                raise UsageError(f"{visible(asked)}: no such file or folder") from None
            raise
        sys.exit(_of_path(Path(asked), day, options))
    answer = version_answer(found.build, day, asked=found.asked, precision=found.precision)
    if options["json_"]:
        _print(json.dumps(answer_json(answer), indent=1) + "\n")
    else:
        _print(_one(answer, options))
    sys.exit(verdict_code(answer))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _day(text: str | None) -> date:
    """Return the day to judge for; a clock that is behind the tables is wrong."""
    if not text:
        return max(datetime.now(UTC).date(), tables_as_of())
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"--as-of {text!r} is no day; write 2021-03-05") from error


def _of_path(path: Path, day: date, options: dict[str, Any]) -> int:
    """Answer for every server that the evidence names a build of."""
    # NOTE: reading evidence needs libraries that a mere build number shall not wait for.
    from extriage.cli.progress import progress as watching  # noqa: PLC0415
    from extriage.pipeline.versions import builds_in  # noqa: PLC0415
    from extriage.pipeline.worker import default_jobs  # noqa: PLC0415

    with watching(shown=not options["json_"]) as progress:
        found = builds_in(path, default_jobs(), progress)
    for entry in found.unread[:3]:
        click.echo(f"extriage: {visible(entry.path)}: {visible(entry.reason)}", err=True)
    for doubt in found.doubts:
        click.echo(f"extriage: not believed: {visible(doubt)}", err=True)
    if not found.servers:
        click.echo(
            f"extriage: nothing in {visible(str(path))} surely names a build of Exchange; "
            "ExSetup.exe of the Bin folder does, and so do HttpProxy logs",
            err=True,
        )
        return 4
    answers = [_answer(server, day, path) for server in found.servers]
    if options["json_"]:
        _print(json.dumps(_path_json(path, found, answers), indent=1) + "\n")
    else:
        _print(_rendered(_pages(found, answers), options))
    codes = {verdict_code(answer) for answer in answers}
    return 1 if 1 in codes else max(codes)


def _answer(server: "ServerBuild", day: date, path: Path) -> VersionAnswer:
    now = server.now
    return version_answer(now.build, day, asked=str(path), precision=now.precision)


def _pages(found: "Builds", answers: list[VersionAnswer]) -> "list[Shown]":
    """Put servers with the same build on one page."""
    from extriage.reports.version import Shown  # noqa: PLC0415

    groups: dict[tuple[object, str], list[int]] = {}
    for position, answer in enumerate(answers):
        groups.setdefault((answer.build, answer.precision), []).append(position)
    pages = []
    for positions in groups.values():
        servers = [found.servers[position] for position in positions]
        pages.append(
            Shown(
                answers[positions[0]],
                ", ".join(server.computer for server in servers if server.computer),
                tuple(line for server in servers[:SERVERS] for line in _evidence(server)),
                tuple(line for server in servers for line in server.conflicts),
            )
        )
    return pages


def _evidence(server: "ServerBuild") -> list[str]:
    name = f"{server.computer}: " if server.computer else ""
    others = len(server.sightings) - 1
    more = f"; {others} more in the form of --json" if others else ""
    return [f"{name}{server.says()}{more}"]


def _path_json(path: Path, found: "Builds", answers: list[VersionAnswer]) -> dict[str, Any]:
    return {
        "schema": PATH_SCHEMA,
        "path": str(path),
        "unread": [{"path": entry.path, "reason": entry.reason} for entry in found.unread],
        "servers": [
            {
                "computer": server.computer,
                "conflicts": list(server.conflicts),
                "sightings": [_sighting_json(one) for one in server.sightings],
                "answer": answer_json(answer),
            }
            for server, answer in zip(found.servers, answers, strict=True)
        ],
    }


def _sighting_json(one: "Sighting") -> dict[str, Any]:
    return {
        "build": spell(one.build),
        "precision": one.precision,
        "evidence": one.name,
        "path": one.path,
        "line": one.line,
        "first": _iso(one.first),
        "last": _iso(one.last),
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _one(answer: VersionAnswer, options: dict[str, Any]) -> str:
    from extriage.reports.version import Shown  # noqa: PLC0415  # rich is slow to import

    return _rendered([Shown(answer)], options)


def _rendered(shown: "list[Shown]", options: dict[str, Any]) -> str:
    from extriage.reports.version import render  # noqa: PLC0415

    return render(shown, screen(options), everything=bool(options["all_"]))


def _print(text: str) -> None:
    sys.stdout.buffer.write(text.encode("utf-8", "replace"))
    sys.stdout.flush()
