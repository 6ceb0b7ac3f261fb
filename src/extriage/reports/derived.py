"""What a case gives to be looked for elsewhere, as CSV, as STIX 2.1 and as a MISP event.

Made to be handed to others: no name of a server or of a victim is in it. Ids and times follow from
the case alone, so the same case gives the same document, byte for byte.
Formats: https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html and
https://www.misp-standard.org/rfc/misp-standard-core.html
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.model.detection import Certainty
from extriage.model.indicator import Derived
from extriage.reports.mispparts import Heading, attribute, event
from extriage.reports.sheet import joined, sheet_of, stamp
from extriage.reports.stix.indicators import derived_indicator, derived_sighting, has_pattern
from extriage.reports.stix.parts import Frame, Object, bundled

# NOTE: names of clusters mean something in their own case only, so no reader takes them for names.
COLUMNS = (
    *("type", "value", "confidence", "first_seen", "last_seen", "case_cluster", "tlp", "certainty"),
    *("note", "look_alikes"),
)
_CONFIDENCE = {Certainty.CONFIRMED: "high", Certainty.LIKELY: "medium", Certainty.POSSIBLE: "low"}


@dataclass(frozen=True, slots=True)
class Sharing:
    """How derived indicators are handed on."""

    tlp: str
    title: str
    """What a MISP event is called."""
    made: datetime
    """The last time that the case knows of, in UTC."""


def as_csv(found: Sequence[Derived], sharing: Sharing) -> str:
    """Return a table that `scan --indicators` reads, safe to open in a spreadsheet."""
    rows = (
        (
            *(one.type, one.value, _CONFIDENCE[one.certainty]),
            *(stamp(one.first_seen), stamp(one.last_seen), joined(one.clusters)),
            *(sharing.tlp, one.certainty.value, one.because, joined(one.look_alikes)),
        )
        for one in found
    )
    return sheet_of(COLUMNS, rows)


def without_pattern(found: Sequence[Derived]) -> int:
    """Return how many indicators STIX has no pattern for: passwords of shells."""
    return sum(not has_pattern(one.type) for one in found)


def as_stix(found: Sequence[Derived], sharing: Sharing) -> str:
    """Return a bundle of indicators, each with the time in which it was sighted."""
    frame = Frame(sharing.made, sharing.tlp)
    objects: list[Object] = []
    for one in found:
        if has_pattern(one.type):
            indicator = derived_indicator(one, frame)
            objects += [indicator, derived_sighting(one, indicator["id"], frame)]
    return bundled(objects, sharing.tlp)


def as_misp(found: Sequence[Derived], sharing: Sharing) -> str:
    """Return one MISP event, not published, for the own organisation only."""
    attributes = [attribute(one, sharing.made) for one in found]
    ids = [str(one["uuid"]) for one in attributes]
    return event(
        Heading(("event", *ids), sharing.title, sharing.made, sharing.tlp), Attribute=attributes
    )


FORMATS: Mapping[str, Callable[[Sequence[Derived], Sharing], str]] = {
    "csv": as_csv,
    "stix": as_stix,
    "misp": as_misp,
}
"""The formats of `extriage indicators export`."""
