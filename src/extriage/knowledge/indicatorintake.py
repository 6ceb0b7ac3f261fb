"""What the readers of indicator files share: one value taken in, or refused with place and reason.

Nothing is dropped in silence. What is listed of refusals is bounded, their number is not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from extriage.knowledge.active import active
from extriage.knowledge.indicatorvalues import shaped
from extriage.knowledge.joins import is_shipped_name
from extriage.knowledge.rejected import load_rejected
from extriage.model.indicator import Indicator

FILE_LIMIT = 64 << 20
MOST = 200_000
"""Indicators of one file."""
MOST_REFUSED = 1000
"""Refusals that are listed one by one."""
TEXT = 300
"""Characters of a note or a name."""

_TLP = {
    "white": "clear",
    "clear": "clear",
    "green": "green",
    "amber": "amber",
    "amberstrict": "amber+strict",
    "red": "red",
}
_WORDS = {"high": "high", "medium": "medium", "med": "medium", "moderate": "medium", "low": "low"}


@dataclass(frozen=True, slots=True)
class IndicatorFile:
    """The indicators of one file, and what of it was not understood."""

    path: str
    indicators: tuple[Indicator, ...]
    refused: tuple[tuple[str, str], ...]
    """Place and reason; the first thousand."""
    refusals: int
    """How many there were."""


@dataclass(slots=True)
class Intake:
    """The indicators of one file while it is read."""

    path: Path
    found: dict[tuple[str, str, str], Indicator] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)
    refusals: int = 0

    def blank(self) -> Indicator:
        """Return an indicator that says nothing but which file it is from."""
        return Indicator("", "", plain(self.path.name))

    def take(self, place: str, type: str, value: object, said: Indicator) -> None:
        """Take in one value with what the file says of it; an empty type is told by its shape."""
        if not isinstance(value, str):
            self.refuse(place, "the value is no text")
            return
        try:
            if len(self.found) >= MOST:
                self.refuse(place, f"more than {MOST:,} indicators in one file")
                return
            kind, spelled = shaped(type, value)
        except ValueError as error:
            self.refuse(place, f"{plain(value, 80)!r}: {error}")
            return
        self._keep(place, replace(said, type=kind, value=spelled))

    def _keep(self, place: str, one: Indicator) -> None:
        rejected = load_rejected(active())
        if reason := rejected.indicators.get(one.value.lower()):
            self.refuse(place, f"{one.value!r}: {reason}")
            return
        if one.type == "file-name" and is_shipped_name(one.value.lower()):
            self.refuse(place, f"{one.value!r}: every server has a file of this name")
            return
        if reason := rejected.of_cluster(one):
            self.refuse(place, f"{one.value!r} is taken, but not as of {one.cluster}: {reason}")
            one = replace(one, cluster="")
        self.found.setdefault((one.type, one.value.lower(), one.cluster), one)

    def refuse(self, place: str, reason: str) -> None:
        """Keep what was not understood."""
        self.refusals += 1
        if len(self.refused) < MOST_REFUSED:
            self.refused.append((place, reason))

    def gives_up(self, place: str) -> bool:
        """Tell whether so much was refused that the rest is not worth the time, and say so."""
        if self.refusals < MOST:
            return False
        self.refused[-1:] = [(place, "too much was not understood: the rest was not read")]
        return True

    def file(self) -> IndicatorFile:
        """Return what was read, in the order of the file."""
        found = tuple(self.found.values())
        return IndicatorFile(str(self.path), found, tuple(self.refused), self.refusals)


def plain(value: object, most: int = TEXT) -> str:
    """Return a text of the file on one line, cut short; empty for what is no text."""
    return " ".join(value.split())[:most] if isinstance(value, str) else ""


def confidence_of(value: object) -> str:
    """Return high, medium or low for a word or for a number up to 100; empty for anything else.

    Numbers follow the scale of STIX 2.1, appendix A: from 70 on high, from 30 on medium.
    """
    text = str(value).strip().lower() if isinstance(value, str | int) else ""
    if text.isdecimal() and len(text) < 4:
        number = int(text)
        return "high" if number >= 70 else "medium" if number >= 30 else "low"
    return _WORDS.get(text, "")


def tlp_of(value: object) -> str:
    """Return the TLP label that a text means (`TLP:White` is `clear`); empty if it is none."""
    text = plain(value, 40).lower().removeprefix("tlp:").strip()
    return _TLP.get("".join(char for char in text if char.isalpha()), "")


def dicts(value: object) -> list[Mapping[str, Any]]:
    """Return the maps in a list of a JSON document; none if it is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
