"""`extriage answers`: a case's answers to what an authority asks, version by version."""

import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from extriage.analysis.answers import Circumstances, Given, answer, compare, fill, open_questions
from extriage.analysis.answers.deadlines import zone_of
from extriage.analysis.answers.filling import given_in
from extriage.casefile import load
from extriage.casefile.answers import (
    case_sha256,
    keep,
    kept_file,
    last_version,
    load_version,
    versions,
)
from extriage.casefile.answersheet import read_sheet, sheet
from extriage.cli import noting
from extriage.cli.writing import check_file, put_file
from extriage.errors import CaseError, UsageError
from extriage.knowledge.forms import Form, form, form_names
from extriage.model.answer import Clock, FormAnswers
from extriage.reports.answers import ANSWER_FORMATS, CORRECTION_FORMATS
from extriage.reports.base import RenderOptions
from extriage.reports.imprint import TLP
from extriage.reports.neutral import visible
from extriage.reports.sheet import stamp

_MOMENT = re.compile(r"(\S+?(?: \d\S*?)?)(?:\s+|\[)([A-Za-z]+(?:/[A-Za-z0-9_+-]+)*)\]?")
_YEARS = (2000, 2199)


@click.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.option("--form", "form_", type=click.Choice(form_names()), required=True, help="Who asks.")
@click.option(
    "--step",
    metavar="NAME",
    help="Part of the form: for nis2 early-warning, notification, intermediate or final.",
)
@click.option(
    "--aware-at",
    metavar="TIME",
    help="When you became aware, with its zone: "
    "2021-03-05T09:30+01:00, or '2021-03-05T09:30 Europe/Berlin'.",
)
@click.option("--notified-at", metavar="TIME", help="When the notification was submitted.")
@click.option("--now", metavar="TIME", help="Measure deadlines against this time, not the clock.")
@click.option(
    "--fill",
    "fill_",
    type=click.Path(path_type=Path),
    help="Take in a sheet that persons filled in (YAML or JSON).",
)
@click.option("--template", is_flag=True, help="Print such a sheet with the open questions.")
@click.option(
    "--keep/--no-keep",
    "keep_",
    default=True,
    help="Keep a version in the case folder (default), or do not.",
)
@click.option("--versions", "list_", is_flag=True, help="List the versions that were kept.")
@click.option("--compare", type=int, metavar="N", help="Show what changed since version N.")
@click.option(
    "--tlp",
    type=click.Choice(TLP),
    metavar="MARK",
    help="Mark who may see it (Traffic Light Protocol 2.0).",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(ANSWER_FORMATS)),
    default="text",
    show_default=True,
    help="How it is written.",
)
@click.option("--ascii", "ascii_", is_flag=True, help="Write with ASCII characters only.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a new file.")
@click.option("--force", is_flag=True, help="Overwrite the file named by --output.")
def answers(case: Path, **options: Any) -> None:
    """Answer what an authority asks from a case, and leave to people what only they know.

    CASE is the folder that `scan` wrote, or its case.json. Every version whose answers differ from
    the last one is kept in CASE/answers, with what persons filled in.
    """  # fmt: skip
    asked = form(options["form_"])
    step = _step(asked, options["step"])
    if options["list_"]:
        _put(_listed(case, asked.id, step), options)
        return
    if options["output"] is not None:
        check_file(options["output"], force=options["force"])
    given = _circumstances(case, step, options)
    made = answer(asked, load(case), given)
    made = _filled(case, made, options)
    if options["template"]:
        _put(sheet(asked.id, open_questions(made)), options)
        return
    number = options["compare"]
    older = load_version(case, asked.id, step, number) if number is not None else None
    if options["keep_"]:
        made = _kept(case, made)
    shown = _render_options(options)
    if older is not None:
        _put(CORRECTION_FORMATS[options["format_"]](compare(older, made), shown), options)
        return
    _put(ANSWER_FORMATS[options["format_"]](made, shown), options)


def _step(asked: Form, named: str | None) -> str:
    if not named:
        return ""
    if named not in asked.steps:
        there = f"there are {', '.join(asked.steps)}" if asked.steps else "it is of one piece"
        raise UsageError(f"--step: the form {asked.id} has no step {named!r}; {there}")
    return named


def _circumstances(case: Path, step: str, options: dict[str, Any]) -> Circumstances:
    now = _clock(options["now"], "--now").at if options["now"] else datetime.now(UTC)
    now = now.replace(microsecond=0)
    aware = _clock(options["aware_at"], "--aware-at") if options["aware_at"] else None
    notified = _clock(options["notified_at"], "--notified-at") if options["notified_at"] else None
    for name, clock in (("--aware-at", aware), ("--notified-at", notified)):
        if clock and clock.at > now:
            raise UsageError(f"{name} lies in the future: it is {stamp(now)}")
    if aware and notified and notified.at < aware.at:
        raise UsageError("--notified-at lies before --aware-at")
    return Circumstances(now, case_sha256(case), step, aware, notified, options["tlp"] or "")


def _clock(text: str, option: str) -> Clock:
    """Read a time with its zone: an offset, `Z`, or the name of a zone."""
    wrong = UsageError(
        f"{option} {text[:60]!r} is no time with a zone; write 2021-03-05T09:30+01:00, or "
        "'2021-03-05T09:30 Europe/Berlin'"
    )
    named = _MOMENT.fullmatch(text.strip())
    try:
        time = datetime.fromisoformat(named[1] if named else text.strip())
        at = time.replace(tzinfo=zone_of(named[2]) if named else time.tzinfo).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise wrong from error
    if (time.tzinfo is None) is not bool(named):
        raise wrong
    if not _YEARS[0] <= at.year <= _YEARS[1]:
        raise UsageError(f"{option}: {at.year} is no year that this can be about")
    if not named:
        return Clock(at, _offset(time))
    if at.astimezone(zone_of(named[2])).replace(tzinfo=None) != time:
        raise UsageError(f"{option}: clocks in {named[2]} went forward; there is no such time")
    return Clock(at, named[2])


def _offset(time: datetime) -> str:
    written = f"{time:%z}"
    return f"{written[:3]}:{written[3:5]}" if time.utcoffset() else "UTC"


def _filled(case: Path, made: FormAnswers, options: dict[str, Any]) -> FormAnswers:
    """Put in what persons answered: in the last version that is kept, then in a new sheet."""
    last = last_version(case, made.form, made.step) if options["keep_"] else None
    earlier = given_in(last) if last else ()
    if last and earlier:
        verb = "is" if len(earlier) == 1 else "are"
        _say(f"{_persons(earlier)} {verb} taken over from version {last.version}")
    made = fill(made, earlier, strict=False)
    if options["fill_"] is None:
        return made
    new = [
        Given(question, server, replace(filled, case_sha256=made.case_sha256))
        for question, server, filled in read_sheet(options["fill_"], made.form)
    ]
    _say(f"{options['fill_'].name}: {_persons(new)}")
    fill(made, new)
    return fill(made, [*earlier, *new], strict=False)


def _persons(given: Sequence[Given]) -> str:
    return "1 answer of a person" if len(given) == 1 else f"{len(given)} answers of persons"


def _kept(case: Path, made: FormAnswers) -> FormAnswers:
    if not case.is_dir():
        _say(f"not kept: {case} is no case folder")
        return made
    before = versions(case, made.form, made.step)
    try:
        kept = keep(case, made)
    except CaseError as error:
        _say(f"not kept: {error}")
        return made
    if kept.version not in before:
        noting.answered(case, kept.form, kept.version, kept_file(case, kept))
    return kept


def _listed(case: Path, name: str, step: str) -> str:
    rows = []
    for number in versions(case, name, step):
        one = load_version(case, name, step, number)
        filled = _persons(given_in(one))
        aware = f", aware {stamp(one.aware.at)}" if one.aware else ""
        case_state = f", case {one.case_sha256[:12]}" if one.case_sha256 else ""
        rows.append(f"{number}  {stamp(one.made_at)}, {filled}{aware}{case_state}")
    return "".join(f"{visible(row)}\n" for row in rows) or "no version is kept\n"


def _render_options(options: dict[str, Any]) -> RenderOptions:
    encoding = (sys.stdout.encoding or "ascii").lower()
    plain = options["ascii_"] or (options["output"] is None and not encoding.startswith("utf"))
    return RenderOptions(shutil.get_terminal_size((100, 40)).columns, ascii=plain)


def _put(text: str, options: dict[str, Any]) -> None:
    data = text.encode("utf-8", "replace")
    if options["output"] is not None:
        put_file(options["output"], data, force=options["force"])
        return
    sys.stdout.buffer.write(data)
    sys.stdout.flush()


def _say(text: str) -> None:
    click.echo(f"extriage: {visible(text)}", err=True)
