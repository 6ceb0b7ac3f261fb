"""What is read of an Exchange server and where it lies: what to look for, what to collect.

Source: `content/knowledge/places.yml`. One table serves images, live servers, collectors' recipes
and the hints of reports, so that what is asked for is what is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from extriage.errors import ContentError
from extriage.knowledge.content import own_yaml

GENERATIONS = ("2010", "2013", "2016", "2019", "SE")
"""Products, oldest first."""
SMALL = 4 << 20
"""Bytes up to which any file in a folder that IIS serves is read, whatever its name is."""
_SERVED = frozenset({"web-file", "web-config"})


@dataclass(frozen=True, slots=True)
class Base:
    """Where places start: a folder, or several of one sort, that a server may have moved."""

    id: str
    title: str
    """What it is, in words."""
    default: str
    """Where Setup puts it: `C:/inetpub`."""
    default_2010: str
    """The same for Exchange 2010."""
    several: bool = False
    """Whether a server has several: one a site, one a virtual directory, one a user, one a disk."""

    def at(self, generation: str) -> str:
        """Return where Setup of a product puts it."""
        return self.default_2010 if generation == GENERATIONS[0] else self.default


@dataclass(frozen=True, slots=True)
class Place:
    """Files of one sort that the readers read, and where they lie on a server."""

    id: str
    title: str
    base: str
    folder: str
    """Below the base, with `/` between parts; empty for the base itself."""
    patterns: tuple[str, ...]
    """Names of files with `*` and `?`; case does not count."""
    deep: bool
    """Whether subfolders count too."""
    kinds: tuple[str, ...]
    """What the readers make of it."""
    since: bool
    """Whether an age filter applies: a log of which only the last days may be wanted."""
    mb_per_day: float
    """Megabytes (10^6 bytes) that a server of a few hundred mailboxes writes a day; an estimate."""
    mb: float
    """Megabytes of what does not grow with the days; an estimate."""
    generations: tuple[str, ...]
    """Products that have it."""
    why: str
    """What it tells."""
    group: str = ""
    """The chapter in which recipes have it."""

    @property
    def served(self) -> bool:
        """Tell a folder that IIS serves, where a handler makes a page of a file of any name."""
        return _SERVED.issubset(self.kinds)


@dataclass(frozen=True, slots=True)
class Export:
    """Evidence that lies in no file of the server: a command writes it."""

    kind: str
    how: str
    """The command."""
    why: str
    """What it tells."""


@cache
def places() -> tuple[Place, ...]:
    """Return all places, what tells most first; ContentError if the table is wrong."""
    try:
        found = tuple(
            _place(row, group) for group, rows in _table()["places"].items() for row in rows
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ContentError(f"places.yml: {error!r}") from error
    if len({place.id for place in found}) < len(found):
        raise ContentError("places.yml: two places have the same id")
    for place in found:
        if place.base not in bases():
            raise ContentError(f"places.yml: {place.id} starts at {place.base!r}, which is no base")
        if place.group not in groups():
            raise ContentError(f"places.yml: there is no group {place.group!r}")
    return found


@cache
def groups() -> Mapping[str, str]:
    """Return the chapters of recipes: what each is called, by id."""
    found: Mapping[str, str] = _table()["groups"]
    return found


@cache
def bases() -> Mapping[str, Base]:
    """Return where places start, by id; ContentError if the table is wrong."""
    try:
        return {id: _base(id, row) for id, row in _table()["bases"].items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise ContentError(f"places.yml: {error!r}") from error


@cache
def exports() -> Mapping[str, Export]:
    """Return what only a command writes, by kind; ContentError if the table is wrong."""
    try:
        rows = _table()["exports"].items()
        return {kind: Export(kind, row["how"].strip(), row["why"].strip()) for kind, row in rows}
    except (AttributeError, KeyError, TypeError) as error:
        raise ContentError(f"places.yml: {error!r}") from error


@cache
def for_kind(kind: str) -> tuple[Place, ...]:
    """Return the places of one kind of evidence, or of one log of it (`httpproxy:Ecp`)."""
    whole = kind.partition(":")[0]
    return tuple(place for place in places() if whole in place.kinds)


def of_generation(generation: str) -> tuple[Place, ...]:
    """Return the places that a product has; all of them for an empty name."""
    return tuple(place for place in places() if not generation or generation in place.generations)


@cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = own_yaml("knowledge", "places.yml")
    return table


def _base(id: str, row: Mapping[str, Any]) -> Base:
    older = row.get("default_2010", row["default"])
    return Base(id, row["is"], row["default"], older, bool(row.get("several", False)))


def _place(row: Mapping[str, Any], group: str) -> Place:
    generations = tuple(row.get("generations", GENERATIONS))
    if unknown := set(generations) - set(GENERATIONS):
        raise ValueError(f"{row['id']}: no product is called {min(unknown)!r}")
    return Place(
        row["id"],
        row["title"],
        row["base"],
        row.get("folder", ""),
        tuple(row["patterns"]),
        bool(row.get("deep", False)),
        tuple(row["kinds"]),
        bool(row.get("since", False)),
        float(row.get("mb_per_day", 0)),
        float(row.get("mb", 0)),
        generations,
        row["why"],
        group,
    )
