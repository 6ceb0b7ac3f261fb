"""What all MISP documents of ours have in common: the event, its attributes, objects and tags.

Format: https://www.misp-standard.org/rfc/misp-standard-core.html. An event is not published and for
the own organisation only (distribution 0); what is in it inherits that (5). Ids are UUIDv5 of what
they stand for, so an event that is imported again replaces the old one.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from extriage.model.detection import Certainty
from extriage.model.indicator import Derived
from extriage.reports.imprint import exact, identifier
from extriage.reports.neutral import cut

Part: TypeAlias = dict[str, Any]

INHERIT = "5"
_COMMENT = 1_000
_TYPES: Mapping[str, tuple[str, str]] = {
    "sha256": ("sha256", "Payload delivery"),
    "sha1": ("sha1", "Payload delivery"),
    "md5": ("md5", "Payload delivery"),
    "file-name": ("filename", "Payload delivery"),
    "ipv4": ("ip-src", "Network activity"),
    "ipv6": ("ip-src", "Network activity"),
    "network": ("ip-src", "Network activity"),
    "domain": ("domain", "Network activity"),
    "url": ("url", "Network activity"),
    "email": ("email", "Payload delivery"),
    "url-path": ("uri", "Network activity"),
    "user-agent": ("user-agent", "Network activity"),
}
"""Type and category in MISP of our types of indicators; the rest are texts of a named type."""

_JUDGED = "estimative-language:confidence-in-analytic-judgment"
_WORDS = {Certainty.CONFIRMED: "high", Certainty.LIKELY: "moderate", Certainty.POSSIBLE: "low"}


@dataclass(frozen=True, slots=True)
class Heading:
    """What an event says of itself."""

    key: tuple[str, ...]
    """What its id follows from."""
    info: str
    made: datetime
    tlp: str = ""
    day: datetime | None = None
    """When it began, if that is not when it was made."""
    threat: str = "2"
    """1 high, 2 medium, 3 low, 4 undefined."""
    analysis: str = "2"
    """0 initial, 1 ongoing, 2 complete."""


def event(heading: Heading, **parts: object) -> str:
    """Return an event as JSON."""
    tags = [tag(f"tlp:{heading.tlp}")] if heading.tlp else []
    more = parts.pop("Tag", [])
    document = {
        "uuid": identifier(*heading.key),
        "info": cut(heading.info, 250) or "-",
        "date": (heading.day or heading.made).date().isoformat(),
        "timestamp": seconds(heading.made),
        "threat_level_id": heading.threat,
        "analysis": heading.analysis,
        "distribution": "0",
        "published": False,
        "Tag": [*tags, *(more if isinstance(more, list) else [])],
        **parts,
    }
    return json.dumps({"Event": document}, indent=1, ensure_ascii=True) + "\n"


def attribute(one: Derived, made: datetime) -> Part:
    """Return an indicator that a case gave; others search for it from `likely` on."""
    comment = " ".join((one.because, *one.look_alikes))
    key = ("attribute", one.type, one.value)
    return {
        **typed(one.type, one.value, comment, key, made),
        "to_ids": one.certainty is not Certainty.POSSIBLE,
        **seen(one.first_seen, one.last_seen),
        "Tag": [judged(one.certainty)],
    }


def typed(type: str, value: str, comment: str, key: tuple[str, ...], made: datetime) -> Part:
    """Return an attribute for a value of one of our types, not to be searched for."""
    # NOTE: MISP has no type for it; our own reader knows such a text by how its comment begins.
    found, category = _TYPES.get(type, ("text", "Other"))
    told = comment if found != "text" else f"{type}: {comment}"
    return bare(found, category, value, key, made) | {"comment": cut(told, _COMMENT)}


def bare(type: str, category: str, value: str, key: tuple[str, ...], made: datetime) -> Part:
    """Return an attribute by MISP's own type and category, not to be searched for."""
    return {
        "uuid": identifier(*key),
        "type": type,
        "category": category,
        "value": exact(value).strip() or "-",
        "to_ids": False,
        "comment": "",
        "timestamp": seconds(made),
        "distribution": INHERIT,
    }


def seen(first: datetime | None, last: datetime | None) -> Part:
    """Return from when to when something was seen."""
    last = max(first, last) if first and last else last
    times = {"first_seen": first, "last_seen": last}
    return {name: time.astimezone(UTC).isoformat() for name, time in times.items() if time}


def seconds(moment: datetime) -> str:
    """Return a time as MISP's stamps are written."""
    return str(int(moment.timestamp()))


def tag(name: str) -> Part:
    """Return a tag by its name."""
    return {"name": name}


def judged(certainty: Certainty) -> Part:
    """Return the tag that says how sure something is."""
    return tag(f'{_JUDGED}="{_WORDS[certainty]}"')
