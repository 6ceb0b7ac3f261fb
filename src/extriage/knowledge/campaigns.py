"""Campaigns: their vulnerabilities, who was open to them since when, and what shows them.

Source: `content/knowledge/campaigns/`, one file each, where every date and claim has its reference.
What they call for stands in `content/knowledge/plan.yml`.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from extriage.errors import ContentError
from extriage.knowledge.content import own_yaml

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
class Campaign:
    """One wave of attacks, or one way of attacking that many waves share."""

    id: str
    title: str
    text: str
    since: date | None
    """First day that matters; None for ways of attacking that need no hole of their own."""
    cves: tuple[CveFacts, ...]


@cache
def campaigns() -> tuple[Campaign, ...]:
    """Load all campaigns, the earliest first; those that need no hole of their own come last."""
    folder = files("extriage").joinpath("content", "knowledge", FOLDER)
    found = [_load(one.name) for one in folder.iterdir() if one.name.endswith(".yml")]
    return tuple(sorted(found, key=lambda one: (one.since or _LAST, one.id)))


def knowledge_as_of() -> str:
    """Return the date up to which the knowledge of this version goes."""
    return str(_document()["as_of"])


@cache
def _document() -> dict[str, Any]:
    document: dict[str, Any] = own_yaml("knowledge", "campaigns.yml")
    return document


def _load(name: str) -> Campaign:
    try:
        return _campaign(own_yaml("knowledge", FOLDER, name))
    except (KeyError, TypeError, ValueError) as error:
        raise ContentError(f"campaigns/{name}: {error!r}") from error


def _campaign(row: dict[str, Any]) -> Campaign:
    return Campaign(
        row["id"],
        row["title"],
        row["text"].strip(),
        row.get("since"),
        tuple(_cve(cve) for cve in row.get("cves", ())),
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
