"""Sightings on the screen: which published values the evidence holds, the weightiest first."""

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from extriage.model.detection import Level
from extriage.model.host import Host
from extriage.model.indicator import Sighting
from extriage.reports.paper import Paper, Part, period

SHOWN = 4
_LABEL = 11
_STYLE = {Level.HIGH: "bold red", Level.MEDIUM: "yellow", Level.LOW: "dim"}
_WHERE = {
    "file": "content of a file",
    "file-name": "name of a file",
    "log": "in the logs",
    "finding": "in lines of findings",
    "session": "in lines of suspects",
    "persistence": "in a way back",
}


def sightings_block(paper: Paper, host: Host, most: int = SHOWN) -> list[Text]:
    """List the sightings of a server in a few lines; nothing if there are none."""
    return sighting_lines(paper, host.sightings, most) if host.sightings else []


def sighting_lines(paper: Paper, found: Sequence[Sighting], most: int) -> list[Text]:
    """List sightings: values first that weigh more, one line of caution for each."""
    many = Counter(one.level for one in found)
    told = ", ".join(f"{many[level]} {level.value}" for level in _STYLE if many[level])
    lines = [paper.heading("Indicators sighted", f"{told}; a sighting alone proves nothing")]
    for one in found[:most]:
        lines += _sighting(paper, one)
    if len(found) > most:
        rest = f"and {len(found) - most:,} more in the case (sightings)"
        lines.append(paper.line(f"{' ' * _LABEL}{rest}"))
    return lines


def _sighting(paper: Paper, one: Sighting) -> list[Text]:
    known = one.indicator
    head: list[Part] = [(f"  {one.level.value:9}", _STYLE.get(one.level, "dim"))]
    when = f", {period(paper, one.first, one.last)}" if one.first else ""
    value = paper.fit(known.value, max(paper.width // 2, 20))
    text = f"{known.type} {value} {_WHERE.get(one.where, one.where)}{when}; {known.source}"
    lines = paper.paragraph(head, text, lines=2, indent=_LABEL)
    return [*lines, *paper.paragraph([" " * _LABEL], one.text, lines=2, indent=_LABEL)]
