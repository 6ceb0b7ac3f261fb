"""Campaigns: their vulnerabilities, who was open to them since when, what shows them, what to do.

Source: `content/knowledge/campaigns.yml`, where every date and claim has its reference.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from extriage.errors import ContentError
from extriage.knowledge.content import own_yaml
from extriage.model.detection import Stage
from extriage.model.host import Action, Status


@dataclass(frozen=True, slots=True)
class CveFacts:
    """What must be known of a vulnerability to judge that nothing was found."""

    id: str
    products: tuple[str, ...]
    exploited_since: datetime
    """Start of the first known exploitation, in UTC."""
    needs: tuple[str, ...]
    """Kinds of evidence of which any one shows the exploitation."""
    why: str


@dataclass(frozen=True, slots=True)
class StagedAction:
    """An action and the stages that call for it."""

    action: Action
    stages: frozenset[Stage]


@dataclass(frozen=True, slots=True)
class Campaign:
    """One wave of attacks."""

    id: str
    title: str
    text: str
    cves: tuple[CveFacts, ...]
    actions: tuple[StagedAction, ...]

    def actions_for(self, stage: Stage | None) -> tuple[Action, ...]:
        """Return what to do, in order, when the campaign got this far."""
        return tuple(staged.action for staged in self.actions if stage in staged.stages)


@cache
def campaigns() -> tuple[Campaign, ...]:
    """Load all campaigns."""
    try:
        return tuple(_campaign(row) for row in _document()["campaigns"])
    except (KeyError, TypeError, ValueError) as error:
        raise ContentError(f"campaigns.yml: {error!r}") from error


@cache
def general_actions(status: Status) -> tuple[Action, ...]:
    """Return what to do for a verdict, whatever the campaign."""
    rows = _document()["actions"].get(status.value, [])
    return tuple(Action(row["id"], row["title"], row["text"].strip()) for row in rows)


def knowledge_as_of() -> str:
    """Return the date up to which the knowledge of this version goes."""
    return str(_document()["as_of"])


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = own_yaml("knowledge", "campaigns.yml")
    return document


def _campaign(row: dict[str, Any]) -> Campaign:
    return Campaign(
        row["id"],
        row["title"],
        row["text"].strip(),
        tuple(_cve(cve) for cve in row["cves"]),
        tuple(_action(action) for action in row["actions"]),
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


def _action(row: dict[str, Any]) -> StagedAction:
    return StagedAction(
        Action(row["id"], row["title"], row["text"].strip()),
        frozenset(Stage(stage) for stage in row["stages"]),
    )
