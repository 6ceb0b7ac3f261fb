"""Kinds of data that an intruder can get: what each means, which logs show it, what to renew.

Source: `content/knowledge/exposures.yml`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from extriage.errors import ContentError
from extriage.knowledge.content import own_yaml
from extriage.model.detection import Certainty
from extriage.model.exposure import Exposed

FILE = "exposures.yml"
_PLACE = re.compile(r"\{(\w*)\}")
_PLACES = frozenset({"object", "by", "many"})


@dataclass(frozen=True, slots=True)
class ExposureGroup:
    """One question that is always answered."""

    id: str
    title: str
    needs: tuple[str, ...]
    """Kinds of evidence that show it; `a+b` are needed together."""
    asks: str
    """What else to look at, one sentence."""


@dataclass(frozen=True, slots=True)
class ExposureKind:
    """One kind of data."""

    id: str
    title: str
    group: str
    means: str
    """What it means for the victim, one sentence."""
    state: Exposed
    """What a line that meets a rule of the kind says of it."""
    at_most: Certainty
    """How sure such a line alone can make it."""
    of: str
    """Kind that it is told as: itself, or that of which it is a step."""
    text: str
    object: tuple[str, ...]
    """Fields that name it, the first that a line has; `=text` stands for itself."""
    renew: tuple[str, ...]
    ways: tuple[str, ...]
    """Kinds of ways back in that leak it as long as they are there."""


@cache
def exposure_groups() -> Mapping[str, ExposureGroup]:
    """Load the questions by id, in their order; ContentError says which is wrong."""
    return {name: _group(name, row) for name, row in _document()["groups"].items()}


@cache
def exposure_kinds() -> Mapping[str, ExposureKind]:
    """Load the kinds by id; ContentError says which is wrong."""
    kinds = {name: _kind(name, row) for name, row in _document()["kinds"].items()}
    for kind in kinds.values():
        _check(kind, kinds)
    return kinds


@cache
def renewals() -> Mapping[str, str]:
    """Load what can be called for: id and sentence."""
    return {str(name): str(text) for name, text in _document()["renew"].items()}


@cache
def operations() -> Mapping[str, tuple[str, bool]]:
    """Return by operation, in small letters: its kind, and whether it hands out whole items."""
    found: dict[str, tuple[str, bool]] = {}
    for kind, row in _document()["operations"].items():
        if kind not in exposure_kinds():
            raise ContentError(f"{FILE}: operations: {kind!r} is no kind")
        found |= dict.fromkeys(map(str, row.get("others", ())), (kind, False))
        found |= dict.fromkeys(map(str, row.get("items", ())), (kind, True))
    return found


@cache
def data_endings() -> tuple[str, ...]:
    """Return the endings of files that hold data when they are fetched."""
    return tuple(map(str, _document()["fetched"]))


def leaks_by(way: str) -> str:
    """Return the kind of data that a kind of way back in leaks; empty if it leaks none."""
    return next((kind.id for kind in exposure_kinds().values() if way in kind.ways), "")


def sentence(kind: ExposureKind, name: str, by: str = "", many: str = "") -> str:
    """Put a name, who did it and how often into the sentence of a kind."""
    told = {"object": name, "by": by, "many": many}
    return _PLACE.sub(lambda place: told[place[1]], kind.text)


def _document() -> dict[str, Any]:
    document: dict[str, Any] = _loaded()
    return document


@cache
def _loaded() -> Any:
    return own_yaml("knowledge", FILE)


def _group(name: str, row: Mapping[str, Any]) -> ExposureGroup:
    try:
        return ExposureGroup(name, row["title"], tuple(row["needs"]), row["asks"])
    except (KeyError, TypeError, ValueError) as error:
        raise ContentError(f"{FILE}: {name}: {error!r}") from error


def _kind(name: str, row: Mapping[str, Any]) -> ExposureKind:
    try:
        return ExposureKind(
            name,
            row["title"],
            row["group"],
            row["means"],
            Exposed(row["state"]),
            Certainty(row.get("at_most", "likely")),
            row.get("of", name),
            row["text"],
            tuple(row["object"]),
            tuple(row.get("renew", ())),
            tuple(row.get("ways", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ContentError(f"{FILE}: {name}: {error!r}") from error


def _check(kind: ExposureKind, kinds: Mapping[str, ExposureKind]) -> None:
    wrong = [one for one in kind.renew if one not in renewals()]
    wrong += [one for one in (kind.group,) if one not in exposure_groups()]
    wrong += [one for one in (kind.of,) if one not in kinds or kinds[one].of != one]
    wrong += [f"{{{one}}}" for one in _PLACE.findall(kind.text) if one not in _PLACES]
    if wrong:
        raise ContentError(f"{FILE}: {kind.id}: nothing is called {', '.join(wrong)}")
