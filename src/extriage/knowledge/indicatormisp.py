"""Indicators in MISP JSON: attributes of events and of their objects, with tags and galaxies.

Attributes that are not meant for detection (`to_ids` false) or that were deleted are refused by
name, like types that are not looked for. Format: https://www.misp-standard.org/rfc/
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from extriage.knowledge.indicatorintake import Intake, confidence_of, dicts, plain, tlp_of
from extriage.knowledge.indicatorvalues import day_from, day_until
from extriage.model.indicator import Indicator

_TYPES = {
    "ip-src": "ipv4",
    "ip-dst": "ipv4",
    "ip": "ipv4",
    "domain": "domain",
    "hostname": "domain",
    "url": "url",
    "uri": "url-path",
    "link": "",
    "md5": "md5",
    "sha1": "sha1",
    "sha256": "sha256",
    "filename": "file-name",
    "filepath": "path",
    "user-agent": "user-agent",
    "email": "email",
    "email-src": "email",
    "email-dst": "email",
    "email-reply-to": "email",
    "target-email": "",
    "target-user": "",
    "github-username": "",
    "port": "",
}
_NAMED = {one: one for one in ("account", "shell-parameter", "shell-password-sha256")}
"""Types that MISP lacks: `indicators export` writes them as texts that name the type first."""
_TYPES |= _NAMED
_GALAXIES = ("threat-actor", "mitre-intrusion-set", "microsoft-activity-group", "mitre-malware")
_TAG = re.compile(r"misp-galaxy:([a-z0-9-]+)=\"([^\"]+)\"", re.IGNORECASE)
_CONFIDENCE = re.compile(
    r"confidence[^=]*=\"?(?:completely-|usually-|fairly-)?(\w+)", re.IGNORECASE
)


def is_misp(document: object) -> bool:
    """Tell whether a JSON document is one MISP event or several."""
    return next(_events(document), None) is not None


def read_events(document: object, intake: Intake) -> None:
    """Read all attributes of all events."""
    for number, event in enumerate(_events(document), 1):
        said = _said(event, intake)
        place = plain(event.get("uuid"), 40) or f"event {number}"
        for one in _attributes(event):
            _attribute(f"{place}, attribute {plain(one.get('uuid'), 40)}", one, said, intake)


def _events(document: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(document, dict):
        if isinstance(document.get("Event"), dict):
            yield document["Event"]
        elif "response" in document:
            inner = document["response"]
            yield from _events(inner if isinstance(inner, list) else [inner])
        elif "Attribute" in document and ("info" in document or "Object" in document):
            yield document
    elif isinstance(document, list):
        for one in document:
            if isinstance(one, dict) and ("Event" in one or "Attribute" in one):
                yield from _events(one)


def _attributes(event: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from dicts(event.get("Attribute"))
    for one in dicts(event.get("Object")):
        if one.get("deleted") is not True:
            yield from dicts(one.get("Attribute"))


def _said(event: Mapping[str, Any], intake: Intake) -> Indicator:
    by = event.get("Orgc")
    names = [plain(by.get("name")) if isinstance(by, dict) else "", plain(event.get("info"), 120)]
    day = day_from(plain(event.get("date")))
    said = replace(intake.blank(), first_seen=day)
    if any(names):
        said = replace(said, source=": ".join(filter(None, names)))
    return _tagged(event, said)


def _tagged(one: Mapping[str, Any], said: Indicator) -> Indicator:
    """Add what tags and galaxies say: TLP, confidence, who."""
    for name in (plain(tag.get("name")) for tag in dicts(one.get("Tag"))):
        if name.lower().startswith("tlp:") and (label := tlp_of(name)):
            said = replace(said, tlp=label)
        elif (found := _TAG.match(name)) and found[1].lower() in _GALAXIES:
            said = replace(said, cluster=said.cluster or found[2])
        elif (match := _CONFIDENCE.search(name)) and (word := confidence_of(match[1])):
            said = replace(said, confidence=word)
    for galaxy in dicts(one.get("Galaxy")):
        if plain(galaxy.get("type")) in _GALAXIES and not said.cluster:
            clusters = (plain(c.get("value")) for c in dicts(galaxy.get("GalaxyCluster")))
            said = replace(said, cluster=next(filter(None, clusters), ""))
    return said


def _attribute(place: str, one: Mapping[str, Any], event: Indicator, intake: Intake) -> None:
    word, value = plain(one.get("type"), 60), one.get("value")
    if one.get("deleted") is True:
        intake.refuse(place, "it was deleted by its publisher")
        return
    if one.get("to_ids") in (False, 0, "0"):
        intake.refuse(place, f"{word}: its publisher does not mean it for detection (to_ids)")
        return
    said = _tagged(one, event)
    first, last = day_from(plain(one.get("first_seen"))), day_until(plain(one.get("last_seen")))
    note = plain(one.get("comment")) or said.note
    said = replace(said, first_seen=first or said.first_seen, last_seen=last, note=note)
    word = _NAMED.get(note.partition(":")[0], word) if word == "text" else word
    names, values = word.lower().split("|"), [value]
    if len(names) > 1:
        values = list(value.split("|")) if isinstance(value, str) else []
    if len(values) != len(names) or not any(_TYPES.get(name) for name in names):
        intake.refuse(place, f"type {word!r} is none that is looked for")
        return
    for name, part in zip(names, values, strict=True):
        if type := _TYPES.get(name):
            intake.take(place, type, part, said)
