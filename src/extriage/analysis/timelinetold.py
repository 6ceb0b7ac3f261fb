"""A moment on its way into the timeline: what it weighs, and by what it is told to be the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from extriage.model.case import Moment
from extriage.model.detection import Certainty, Stage

TITLE = 500
"""Characters of a title: it may hold values from the evidence."""


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that the timeline may tell."""

    moment: Moment
    weight: int
    """What is left out first has the least."""
    keys: frozenset[tuple[object, ...]] = frozenset()
    """Two that share one are the same: a place in a log, a request, a copied line."""


def weight(stage: Stage | None, certainty: Certainty | None, extra: int = 0) -> int:
    """Return how much a moment tells: first by its stage, then by how sure that is."""
    return (stage.rank * 100 if stage else 0) + (certainty.rank * 10 if certainty else 0) + extra


def title(text: str) -> str:
    """Return a title of bounded length."""
    return text if len(text) <= TITLE else f"{text[: TITLE - 1]}\u2026"


def place(path: str, line: int) -> frozenset[tuple[object, ...]]:
    """Return the key of a place in a log; none for what stands in no log."""
    return frozenset({("place", path, line)}) if path else frozenset()


def later(first: datetime, last: datetime | None) -> datetime | None:
    """Return the last time of something that lasts; None if it is a moment."""
    return last if last and last > first else None


def some(names: Iterable[str], most: int = 6) -> str:
    """Name some of many."""
    found = list(names)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more
