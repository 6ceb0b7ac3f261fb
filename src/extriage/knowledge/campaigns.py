"""Campaigns: their vulnerabilities, who was open to them since when, what shows them, what to do.

Source: `content/knowledge/campaigns/`, one file each, where every date and claim has its reference;
what every campaign calls for stands in `content/knowledge/campaigns.yml`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from extriage.errors import ContentError
from extriage.knowledge.content import own_yaml
from extriage.model.detection import Stage
from extriage.model.host import Action, Status

FOLDER = "campaigns"
_LAST = date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class CveFacts:
    """What must be known of a vulnerability to judge that nothing was found."""

    id: str
    products: tuple[str, ...]
    exploited_since: datetime
    """Start of the first known exploitation, in UTC."""
    needs: tuple[str, ...]
    """Kinds of evidence of which any one shows the exploitation; empty if none on a server does."""
    why: str


@dataclass(frozen=True, slots=True)
class StagedAction:
    """An action, the stages that call for it, and its place among all actions."""

    action: Action
    stages: frozenset[Stage]
    place: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Campaign:
    """One wave of attacks, or one way of attacking that many waves share."""

    id: str
    title: str
    text: str
    since: date | None
    """First day that matters; None for ways of attacking that need no hole of their own."""
    cves: tuple[CveFacts, ...]
    actions: tuple[StagedAction, ...]
    """What it calls for besides the standard actions."""


@cache
def campaigns() -> tuple[Campaign, ...]:
    """Load all campaigns, the earliest first; those that need no hole of their own come last."""
    folder = files("extriage").joinpath("content", "knowledge", FOLDER)
    found = [_load(one.name) for one in folder.iterdir() if one.name.endswith(".yml")]
    return tuple(sorted(found, key=lambda one: (one.since or _LAST, one.id)))


def actions_for(stages: Iterable[tuple[Campaign, Stage]]) -> tuple[Action, ...]:
    """Return what to do, in order, when campaigns got this far."""
    wanted: dict[str, StagedAction] = {}
    for campaign, stage in stages:
        for staged in (*_standard(), *campaign.actions):
            if stage in staged.stages:
                wanted.setdefault(staged.action.id, staged)
    ordered = sorted(wanted.values(), key=lambda staged: staged.place)
    return tuple(staged.action for staged in ordered)


@cache
def general_actions(status: Status) -> tuple[Action, ...]:
    """Return what to do for a verdict, whatever the campaign."""
    rows = _document()["actions"].get(status.value, [])
    return tuple(_action(row) for row in rows)


def knowledge_as_of() -> str:
    """Return the date up to which the knowledge of this version goes."""
    return str(_document()["as_of"])


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = own_yaml("knowledge", "campaigns.yml")
    return document


@cache
def _standard() -> tuple[StagedAction, ...]:
    return tuple(_staged(row, (at, 0)) for at, row in enumerate(_document()["standard"]))


def _load(name: str) -> Campaign:
    try:
        return _campaign(own_yaml("knowledge", FOLDER, name))
    except (KeyError, TypeError, ValueError, StopIteration) as error:
        raise ContentError(f"campaigns/{name}: {error!r}") from error


def _campaign(row: dict[str, Any]) -> Campaign:
    return Campaign(
        row["id"],
        row["title"],
        row["text"].strip(),
        row.get("since"),
        tuple(_cve(cve) for cve in row.get("cves", ())),
        tuple(_own(action, at) for at, action in enumerate(row.get("actions", ()), start=1)),
    )


def _cve(row: dict[str, Any]) -> CveFacts:
    return CveFacts(
        row["id"],
        tuple(map(str, row["products"])),
        _start(row["exploited_since"]),
        tuple(row["needs"]),
        row.get("why", "").strip(),
    )


def _start(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _own(row: dict[str, Any], at: int) -> StagedAction:
    """Read an action of one campaign; `after` names the standard action that it follows."""
    names = [staged.action.id for staged in _standard()]
    return _staged(row, (names.index(row["after"]), at))


def _staged(row: dict[str, Any], place: tuple[int, int]) -> StagedAction:
    return StagedAction(_action(row), frozenset(Stage(stage) for stage in row["stages"]), place)


def _action(row: dict[str, Any]) -> Action:
    return Action(row["id"], row["title"], row["text"].strip())
