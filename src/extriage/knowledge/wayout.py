"""What to do about a server that is open, in words: updates, moves to newer products, settings.

Source: `content/knowledge/wayout.yml`, where every claim has its reference. The texts are
templates; the analysis fills in builds, dates and counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from extriage.errors import ContentError
from extriage.knowledge.content import own_yaml


class Role(StrEnum):
    """What a configuration check means for a vulnerability whose update is installed."""

    DECIDES = "decides"
    """The update alone does not close it: unanswered, nobody can tell."""
    REOPENS = "reopens"
    """The update closes it, but a failed check opens it again."""
    INTERIM = "interim"
    """A makeshift until the update is there; it neither fixes nor opens anything."""
    HARDENS = "hardens"
    """It decides no vulnerability of Exchange; a failed one is worth a step."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; title and text may hold places such as `{build}`."""

    id: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What a configuration check means, and what to do when it fails or is not answered."""

    check: str
    role: Role
    name: str
    """The setting in a few words: `Extended Protection`."""
    question: str
    """Title of the step while nobody knows whether the setting is right."""
    step: Step


@dataclass(frozen=True, slots=True)
class WayOut:
    """All texts."""

    steps: Mapping[str, Step]
    moves: Mapping[str, Step]
    """By product that is out of support: where to, and how."""
    settings: Mapping[str, Setting]
    """By id of the configuration check, in the order in which they are to be done."""


@cache
def way_out_texts() -> WayOut:
    """Load the texts; ContentError if the file is wrong."""
    document = own_yaml("knowledge", "wayout.yml")
    try:
        return WayOut(
            {name: _step(name, row) for name, row in document["steps"].items()},
            {str(name): _step(f"leave-{name}", row) for name, row in document["moves"].items()},
            {name: _setting(name, row) for name, row in document["settings"].items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ContentError(f"wayout.yml: {error!r}") from error


def role_of(check: str) -> Role | None:
    """Return what a check means; None for one that decides nothing about a build."""
    found = way_out_texts().settings.get(check_id(check))
    return found.role if found else None


def check_id(text: str) -> str:
    """Return the id in `config_checks.csv` that an advisory's entry means.

    Advisories name one override of several: `OVERRIDE:AppIdBasedAudienceValidation`.
    """
    return "OVERRIDES" if text.startswith("OVERRIDE:") else text


def _step(name: str, row: dict[str, Any]) -> Step:
    return Step(name, row["title"].strip(), row["text"].strip())


def _setting(name: str, row: dict[str, Any]) -> Setting:
    step = _step(f"setting-{name.lower()}", row)
    return Setting(name, Role(row["role"]), row["name"], row["question"], step)
