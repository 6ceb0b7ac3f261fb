"""A script for PowerShell 2 and later that copies what is read, for servers without a collector.

The script is `content/recipes/exchange.ps1`, kept short enough to be reviewed; the table of places
is put into it. What only the raw disk gives cannot be copied by a script: it says so in its log.
"""

from collections.abc import Iterator
from importlib.resources import files

from extriage.knowledge.places import SMALL, Place
from extriage.reports.recipes.choice import Choice, chosen, filled
from extriage.reports.recipes.listing import windows

_RAW = "$"
"""Begins the names of files that only the raw disk gives."""


def render(choice: Choice) -> str:
    """Return the script: in ASCII, for PowerShell 2 reads other letters only behind a mark."""
    text = files("extriage").joinpath("content", "recipes", "exchange.ps1").read_text("utf-8")
    values = {
        "DAYS": str(choice.days),
        "INSTALL": windows(choice.install),
        "IISLOGS": windows(choice.iis_logs),
        "SMALL": str(SMALL),
        "PLACES": ",\n".join(f"    '{row}'" for row in rows(choice)),
        "MISSING": "\n".join(_missing(choice)),
    }
    made = filled(text, values)
    return made if made.isascii() else f"\ufeff{made}"


def rows(choice: Choice) -> Iterator[str]:
    """Yield one line for each place that the script copies."""
    for place in chosen(choice):
        if not _is_raw(place):
            depth = "deep" if place.deep else "flat"
            age = "aged" if place.since else "any" if place.served else "all"
            names = ";".join(place.patterns)
            yield "|".join((place.id, place.base, windows(place.folder), depth, age, names))


def _missing(choice: Choice) -> Iterator[str]:
    for place in chosen(choice):
        if _is_raw(place):
            yield (
                f"Write-Told 'NOT COPIED {place.title}: only a collector that reads the raw disk "
                "can (KAPE, Velociraptor, acquire)'"
            )


def _is_raw(place: Place) -> bool:
    return place.patterns[0].startswith(_RAW)
