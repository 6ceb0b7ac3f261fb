"""`extriage indicators`: what others published, on an old case; and what this case gives others."""

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from extriage.analysis.derived import derived
from extriage.analysis.indicators import Searched, in_case
from extriage.casefile import load
from extriage.casefile.searched import has_trail, trail_records
from extriage.cli.writing import put_file
from extriage.knowledge.active import active
from extriage.knowledge.indicatorintake import IndicatorFile
from extriage.knowledge.indicators import read_indicators, shipped_indicators
from extriage.model.case import Case
from extriage.model.detection import Certainty
from extriage.model.indicator import Indicator, Sighting
from extriage.reports.base import RenderOptions
from extriage.reports.derived import FORMATS, Sharing, without_pattern
from extriage.reports.imprint import TLP, made
from extriage.reports.neutral import visible
from extriage.reports.paper import printed, sheet
from extriage.reports.sightings import sighting_lines

_SHOWN_REFUSALS = 10
_LISTED = 200


@click.group()
def indicators() -> None:
    """Look for published values in a case, and hand on what a case gave."""


@indicators.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def listing(*, as_json: bool) -> None:
    """List the indicators that are shipped, with their day, publishers and licences."""
    known, as_of = shipped_indicators(), active().as_of.isoformat()
    if as_json:
        document = {"as_of": as_of, "indicators": [msgspec.to_builtins(one) for one in known]}
        click.echo(json.dumps(document, indent=1))
        return
    click.echo(f"{len(known)} indicators, as of {as_of}; all of them: --json")
    for title, values in (
        ("type", (one.type for one in known)),
        ("cluster", (one.cluster for one in known)),
        ("source", (f"{one.source} ({one.licence})" for one in known)),
    ):
        click.echo(f"\nby {title}:")
        for value, many in sorted(Counter(values).items(), key=lambda one: (-one[1], one[0])):
            click.echo(f"{many:6}  {visible(value)}")


@indicators.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def check(case: Path, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Look for new indicators in an old case, without its evidence.

    CASE is the folder that `scan` wrote; FILE is CSV, STIX 2.1 or MISP JSON. A case keeps the
    lines of findings and suspects, hashes and names of files, but not every line of every log:
    what is not sighted here may still be in the evidence. Exit codes: 1 sighted, 0 not, 2 wrong
    usage, 3 not sighted, but parts of a FILE were not understood.
    """
    read = [read_indicators(path) for path in files]
    given = tuple(dict.fromkeys(one for file in read for one in file.indicators))
    answer = _answer(case, given)
    if as_json:
        click.echo(json.dumps(_document(answer, read), indent=1))
    else:
        _print(answer, read)
    refused = any(file.refusals for file in read)
    sys.exit(1 if answer.sightings else 3 if refused else 0)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a case says of some indicators."""

    given: tuple[Indicator, ...]
    sightings: tuple[Sighting, ...]
    limits: tuple[str, ...]
    """What the case cannot answer, one sentence each."""

    def missing(self) -> int:
        """Return how many indicators were not sighted."""
        return len(set(self.given) - {one.indicator for one in self.sightings})


def _answer(place: Path, given: tuple[Indicator, ...]) -> _Answer:
    case = load(place)
    database = (place if place.is_dir() else place.parent) / "case.db"
    trail = has_trail(database)
    found: list[Sighting] = []
    for host in case.hosts:
        searched = Searched(
            *(host.name, host.manifest.entries, host.findings, host.persistence),
            records=partial(trail_records, database, host.name) if trail else tuple,
            sessions=() if trail else host.sessions,
        )
        found += in_case(searched, given)
    found += in_case(Searched("", case.unassigned), given)
    return _Answer(given, tuple(found), tuple(_limits(case, given, trail=trail)))


def _limits(case: Case, given: Iterable[Indicator], *, trail: bool) -> Iterable[str]:
    if not trail and case.hosts:
        yield "The case has no trail (case.db): only lines of findings and sessions were looked at."
    types = Counter(one.type for one in given)
    if short := types["md5"] + types["sha1"]:
        yield (
            f"Files are kept with SHA-256 only: {short:,} MD5 and SHA-1 hashes could be found in "
            "lines of findings alone."
        )


def _document(answer: _Answer, read: Sequence[IndicatorFile]) -> dict[str, Any]:
    return {
        "indicators": len(answer.given),
        "not_in_what_the_case_keeps": answer.missing(),
        "sightings": [msgspec.to_builtins(one) for one in answer.sightings],
        "limits": list(answer.limits),
        "files": [
            {
                "path": file.path,
                "indicators": len(file.indicators),
                "not_understood": file.refusals,
                "refused": [list(one) for one in file.refused],
            }
            for file in read
        ],
    }


def _print(answer: _Answer, read: Sequence[IndicatorFile]) -> None:
    encoding = (sys.stdout.encoding or "ascii").lower()
    width = shutil.get_terminal_size((100, 40)).columns
    options = RenderOptions(width, False, not encoding.startswith("utf"), "", False)
    paper = sheet(options)
    if answer.sightings:
        lines = sighting_lines(paper, answer.sightings, _LISTED)
        click.echo(printed(paper, lines, color=False), nl=False)
    missing = answer.missing()
    click.echo(
        f"{missing:,} of {len(answer.given):,} indicators are not in what the case keeps: lines of "
        "findings and suspects, hashes and names of files, but not every line of every log."
    )
    for text in answer.limits:
        click.echo(text)
    if missing:
        names = " ".join(f"--indicators {Path(file.path).name}" for file in read)
        click.echo(f"To search all evidence: extriage scan PATH {visible(names)}")
    for file in read:
        _refusals(file)


def _refusals(file: IndicatorFile) -> None:
    if not file.refusals:
        return
    name = Path(file.path).name
    click.echo(f"extriage: {visible(name)}: {file.refusals:,} not understood", err=True)
    for place, reason in file.refused[:_SHOWN_REFUSALS]:
        click.echo(f"  {visible(place)}: {visible(reason)}", err=True)
    if file.refusals > _SHOWN_REFUSALS:
        click.echo("  and more; --json lists a thousand", err=True)


@indicators.command()
@click.argument("case", type=click.Path(path_type=Path))
@click.option(
    "--format", "format_", type=click.Choice(list(FORMATS)), default="csv", show_default=True,
    help="Format of the list.",
)  # fmt: skip
@click.option(
    "--tlp", type=click.Choice(TLP), default="amber", show_default=True,
    help="How far the list may be handed on (https://www.first.org/tlp/).",
)  # fmt: skip
@click.option(
    "--min-certainty", type=click.Choice([one.value for one in Certainty]), default="likely",
    show_default=True, help="Leave out what is less sure.",
)  # fmt: skip
@click.option(
    "--with-passwords", is_flag=True, help="The passwords of shells too, not only hashes."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write to a file.")
@click.option("--force", is_flag=True, help="Overwrite the file named by --output.")
def export(case: Path, **options: Any) -> None:
    """Hand on what a case gave: hashes, names, addresses, accounts of the intruders.

    CASE is the folder that `scan` wrote. The list names no server of yours; read it all the same
    before you give it to others.
    """
    read = load(case)
    least = Certainty(options["min_certainty"]).rank
    everything = derived(read.hosts, read.clusters, passwords=bool(options["with_passwords"]))
    found = [one for one in everything if one.certainty.rank >= least]
    sharing = Sharing(options["tlp"], "Traces of intruders on Exchange servers", made(read))
    text = FORMATS[options["format_"]](found, sharing)
    output: Path | None = options["output"]
    if output is None:
        click.echo(text, nl=False)
    else:
        put_file(output, text.encode("utf-8"), force=bool(options["force"]))
    if len(found) < len(everything):
        left = len(everything) - len(found)
        click.echo(f"extriage: {left:,} less sure ones left out (--min-certainty)", err=True)
    if options["format_"] == "stix" and (none := without_pattern(found)):
        click.echo(f"extriage: {none:,} have no pattern in STIX: passwords of shells", err=True)
