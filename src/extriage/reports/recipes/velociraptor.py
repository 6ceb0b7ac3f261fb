"""A Velociraptor artifact that finds the server's own folders and uploads what is read.

The query is `content/recipes/exchange.yaml`; the table of places is put into it. Reference:
https://docs.velociraptor.app/docs/artifacts/
"""

import csv
import io
from importlib.resources import files

from extriage.knowledge.places import SMALL, Place
from extriage.reports.recipes.choice import Choice, chosen, filled

COLUMNS = ("Place", "Base", "Glob", "Aged", "Small", "Accessor")
_INDENT = " " * 6
_RAW = "$"
"""Begins the names of files that only the raw disk gives."""


def render(choice: Choice) -> str:
    """Return the artifact."""
    text = files("extriage").joinpath("content", "recipes", "exchange.yaml").read_text("utf-8")
    values = {
        "DAYS": str(choice.days),
        "INSTALL": choice.install,
        "IISLOGS": choice.iis_logs,
        "SMALL": str(SMALL),
        "PLACES": _indented(table(choice)),
    }
    return filled(text, values)


def table(choice: Choice) -> str:
    """Return the places as CSV, with a glob of Velociraptor's for each."""
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(COLUMNS)
    for place in chosen(choice):
        raw = place.patterns[0].startswith(_RAW)
        aged, accessor = "Y" if place.since else "N", "ntfs" if raw else "auto"
        writer.writerow((place.id, place.base, _glob(place), aged, "N", accessor))
        if place.served:
            writer.writerow((place.id, place.base, _glob(place, ("*",)), aged, "Y", accessor))
    return made.getvalue()


def _glob(place: Place, patterns: tuple[str, ...] = ()) -> str:
    named = patterns or place.patterns
    folder = f"/{place.folder}" if place.folder else ""
    deep = "/**" if place.deep else ""
    names = named[0] if len(named) == 1 else f"{{{','.join(named)}}}"
    return f"{folder}{deep}/{names}"


def _indented(text: str) -> str:
    return "\n".join(_INDENT + line for line in text.splitlines())
