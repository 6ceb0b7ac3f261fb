"""How reports reach the screen and files: which formats, where to, how wide, in which colours."""

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from extriage.cli import unheard
from extriage.cli.writing import check_file, check_folder, is_archive, put_file, put_files
from extriage.errors import UsageError
from extriage.model.case import Case
from extriage.reports import REPORTS, RenderOptions
from extriage.reports.imprint import TLP

SCREEN = Path("-")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One report that was asked for, and where it goes."""

    format: str
    place: Path | None = None
    """None until --output says so; `-` for the screen."""


def _read(context: click.Context, option: click.Parameter, given: Sequence[str]) -> list[Wanted]:
    """Read `stix`, or `stix=case.stix.json`."""
    return [_wanted(one) for one in given]


def _wanted(value: str) -> Wanted:
    format, equals, place = value.partition("=")
    if format not in REPORTS:
        raise click.BadParameter(f"there is no format {format!r}; there are {', '.join(REPORTS)}")
    if equals and not place:
        raise click.BadParameter(f"{value} names no file behind the equals sign")
    return Wanted(format, Path(place) if place else None)


def _offered(context: click.Context, option: click.Parameter, begun: str) -> list[str]:
    """Complete the name of a format in a shell."""
    return [name for name in REPORTS if name.startswith(begun)]


def rendered(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say how reports are made."""
    for option in (
        click.option(
            "-o", "--output", type=click.Path(path_type=Path),
            help="Write the report to a file (csv-set: to a folder or a .zip).",
        ),
        click.option(
            "--format", "format_", multiple=True, metavar="FORMAT[=FILE]",
            callback=_read, shell_complete=_offered,
            help="Format of the report, text by default; again for more, each with its file: "
            "--format text --format html=EX01.html. `extriage report --help` lists them.",
        ),
        click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto"),
        click.option("--show-suppressed", is_flag=True, help="List what --suppress left out."),
        click.option(
            "--tlp", type=click.Choice(TLP), metavar="MARK",
            help="Mark who may see it (Traffic Light Protocol 2.0).",
        ),
        click.option("--ascii", "ascii_", is_flag=True, help="Draw with ASCII characters only."),
    ):  # fmt: skip
        command = option(command)
    return command


def formats_help() -> str:
    """Return the list of formats for a help text."""
    widest = max(map(len, REPORTS))
    rows = (f"  {one.format:{widest}}  {one.title}" for one in REPORTS.values())
    return "\n".join(("\b", "Formats:", *rows))


@dataclass(frozen=True, slots=True)
class Rendering:
    """The reports that were asked for, each with its place, and how they are drawn."""

    wanted: tuple[Wanted, ...]
    options: RenderOptions
    """For the screen."""
    filed: RenderOptions
    """For files, which are the same for every screen."""
    force: bool

    def written(self) -> list[tuple[str, Path]]:
        """Return the reports that go to files, by format."""
        places = [(one.format, one.place) for one in self.wanted]
        return [(format, place) for format, place in places if place and place != SCREEN]

    def check(self) -> None:
        """Refuse places that could not be written; nothing has been done for them yet."""
        for one in self.wanted:
            place, report = one.place or SCREEN, REPORTS[one.format]
            if place == SCREEN:
                continue
            if report.names and not is_archive(place):
                check_folder(place, dict.fromkeys(report.names()), force=self.force)
            else:
                check_file(place, force=self.force)


def rendering(options: dict[str, Any], cases_at: str) -> Rendering:
    """Read the options that `rendered` added; UsageError says what does not fit together."""
    wanted = _placed(tuple(options["format_"]) or (Wanted("text"),), options["output"])
    shown = replace(screen(options), cases_at=cases_at)
    plain = bool(options["ascii_"])
    filed = replace(shown, color=options["color"] == "always", ascii=plain)
    chosen = Rendering(wanted, shown, filed, bool(options.get("force")))
    chosen.check()
    return chosen


def screen(options: dict[str, Any]) -> RenderOptions:
    """Return what the reader's screen can show."""
    color = options["color"] == "always" or (
        options["color"] == "auto" and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    )
    encoding = (sys.stdout.encoding or "ascii").lower()
    plain = bool(options["ascii_"]) or not encoding.startswith("utf")
    width = shutil.get_terminal_size((100, 40)).columns
    suppressed = bool(options.get("show_suppressed"))
    return RenderOptions(width, color, plain, "", suppressed, str(options.get("tlp") or ""))


def _placed(wanted: Sequence[Wanted], output: Path | None) -> tuple[Wanted, ...]:
    """Give the one report without a place that of --output, or the screen."""
    wanted = tuple(dict.fromkeys(wanted))
    bare = [one for one in wanted if one.place is None]
    if output is not None and not bare:
        raise UsageError("every --format has a file of its own; leave out --output")
    if len(bare) > 1:
        names = " ".join(f"--format {one.format}=FILE" for one in bare[1:])
        where = "--output holds" if output else "the screen shows"
        raise UsageError(f"{where} one report only; give the others a file each: {names}")
    placed = tuple(replace(one, place=one.place or output or SCREEN) for one in wanted)
    _check_places(placed)
    return placed


def _check_places(placed: Sequence[Wanted]) -> None:
    places: set[Path] = set()
    for one in placed:
        place = one.place or SCREEN
        if REPORTS[one.format].names and place == SCREEN:
            raise UsageError(
                f"{one.format} is several files: name a folder or a zip archive, "
                f"--format {one.format}=FOLDER"
            )
        known = place if place == SCREEN else place.resolve()
        if known in places:
            raise UsageError(f"two reports cannot go to {place}; name another file")
        places.add(known)


def print_report(case: Case, chosen: Rendering, *, quiet: bool = False) -> None:
    """Render a case into every place that was asked for; `quiet` leaves out the screen."""
    for one in chosen.wanted:
        place, report = one.place or SCREEN, REPORTS[one.format]
        if place == SCREEN:
            if not quiet:
                _show(report.render(case, chosen.options))
        elif report.files:
            put_files(place, report.files(case, chosen.filed), force=chosen.force)
        else:
            text = report.render(case, chosen.filed)
            put_file(place, text.encode("utf-8", "replace"), force=chosen.force)


def _show(text: str) -> None:
    try:
        sys.stdout.buffer.write(text.encode("utf-8", "replace"))
        sys.stdout.flush()
    except BrokenPipeError:
        # NOTE: the exit code still tells what the evidence gave.
        unheard()
