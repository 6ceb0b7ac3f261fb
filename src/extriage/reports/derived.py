"""What a case gives to be looked for elsewhere, as CSV, as STIX 2.1 and as a MISP event.

Made to be handed to others: no name of a server or of a victim is in it. Ids and times follow from
the case alone, so the same case gives the same document, byte for byte.
Formats: https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html and
https://www.misp-standard.org/rfc/misp-standard-core.html
"""

import csv
import io
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from extriage.model.detection import Certainty
from extriage.model.indicator import Derived
from extriage.reports.neutral import cell

NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://extriage.invalid/indicators")
TLP = ("clear", "green", "amber", "amber+strict", "red")
# NOTE: names of clusters mean something in their own case only, so no reader takes them for names.
COLUMNS = (
    *("type", "value", "confidence", "first_seen", "last_seen", "case_cluster", "tlp", "certainty"),
    *("note", "look_alikes"),
)
_CONFIDENCE = {Certainty.CONFIRMED: "high", Certainty.LIKELY: "medium", Certainty.POSSIBLE: "low"}
_NUMBER = {Certainty.CONFIRMED: 90, Certainty.LIKELY: 60, Certainty.POSSIBLE: 20}


@dataclass(frozen=True, slots=True)
class Sharing:
    """How derived indicators are handed on."""

    tlp: str
    title: str
    """What a MISP event is called."""
    made: datetime
    """The last time that the case knows of, in UTC."""


def as_csv(found: Sequence[Derived], sharing: Sharing) -> str:
    """Return a table that `scan --indicators` reads, safe to open in a spreadsheet."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    writer.writerow(COLUMNS)
    for one in found:
        row = (
            *(one.type, one.value, _CONFIDENCE[one.certainty]),
            *(_time(one.first_seen), _time(one.last_seen), " | ".join(one.clusters)),
            *(sharing.tlp, one.certainty.value, one.because, " | ".join(one.look_alikes)),
        )
        writer.writerow([cell(value) for value in row])
    return table.getvalue()


_PATTERNS: Mapping[str, str] = {
    "sha256": "file:hashes.'SHA-256'",
    "file-name": "file:name",
    "ipv4": "ipv4-addr:value",
    "ipv6": "ipv6-addr:value",
    "domain": "domain-name:value",
    "email": "email-addr:value",
    "account": "user-account:account_login",
    "url-path": "network-traffic:extensions.'http-request-ext'.request_value",
    "user-agent": "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'",
}
_TLP_1 = {
    "clear": ("613f2e26-407d-48c7-9eca-b8e91df99dc9", "white"),
    "green": ("34098fce-860f-48ae-8e50-ebd3cc5e41da", "green"),
    "amber": ("f88d31f6-486f-44da-b317-01333bde0b82", "amber"),
    "red": ("5e57c739-391a-4eb3-b6be-7d15ca92d5ed", "red"),
}
"""The objects that STIX 2.1 fixes in section 7.2.1.4."""
_STRICT = {
    "type": "marking-definition",
    "spec_version": "2.1",
    "id": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "created": "2022-10-01T00:00:00.000Z",
    "name": "TLP:AMBER+STRICT",
    "extensions": {
        "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {
            "extension_type": "property-extension",
            "tlp_2_0": "amber+strict",
        }
    },
}
"""TLP 2.0 has it, STIX 2.1 does not: https://github.com/oasis-open/cti-stix-common-objects."""


def without_pattern(found: Sequence[Derived]) -> int:
    """Return how many indicators STIX has no pattern for: passwords of shells."""
    return sum(one.type not in _PATTERNS for one in found)


def as_stix(found: Sequence[Derived], sharing: Sharing) -> str:
    """Return a bundle of indicators, each with the time in which it was sighted."""
    marking = _marking(sharing.tlp)
    objects: list[dict[str, Any]] = [marking]
    for one in found:
        if one.type in _PATTERNS:
            indicator = _indicator(one, sharing, marking["id"])
            objects += [indicator, _sighting(one, indicator, sharing)]
    ids = " ".join(str(one["id"]) for one in objects)
    bundle = {"type": "bundle", "id": f"bundle--{_uuid('bundle', ids)}", "objects": objects}
    return json.dumps(bundle, indent=1, ensure_ascii=True) + "\n"


def _marking(tlp: str) -> dict[str, Any]:
    if tlp not in _TLP_1:
        return dict(_STRICT)
    number, word = _TLP_1[tlp]
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": f"marking-definition--{number}",
        "created": "2017-01-20T00:00:00.000Z",
        "definition_type": "tlp",
        "name": f"TLP:{word.upper()}",
        "definition": {"tlp": word},
    }


def _indicator(one: Derived, sharing: Sharing, marking: str) -> dict[str, Any]:
    value = one.value.replace("\\", "\\\\").replace("'", "\\'")
    sure = one.certainty is not Certainty.POSSIBLE
    stamp = _milliseconds(sharing.made)
    return {
        "type": "indicator",
        "spec_version": "2.1",
        "id": f"indicator--{_uuid(one.type, one.value)}",
        "created": stamp,
        "modified": stamp,
        "name": f"{one.type} {one.value}"[:200],
        "description": " ".join((one.because, *one.look_alikes)),
        "indicator_types": ["malicious-activity" if sure else "anomalous-activity"],
        "pattern": f"[{_PATTERNS[one.type]} = '{value}']",
        "pattern_type": "stix",
        "pattern_version": "2.1",
        "valid_from": _milliseconds(one.first_seen or sharing.made),
        "confidence": _NUMBER[one.certainty],
        "object_marking_refs": [marking],
    }


def _sighting(one: Derived, indicator: Mapping[str, Any], sharing: Sharing) -> dict[str, Any]:
    stamp = _milliseconds(sharing.made)
    times = {"first_seen": one.first_seen, "last_seen": one.last_seen}
    return {
        "type": "sighting",
        "spec_version": "2.1",
        "id": f"sighting--{_uuid('sighting', one.type, one.value)}",
        "created": stamp,
        "modified": stamp,
        **{name: _milliseconds(time) for name, time in times.items() if time},
        "sighting_of_ref": indicator["id"],
        "object_marking_refs": indicator["object_marking_refs"],
    }


_MISP: Mapping[str, tuple[str, str, bool]] = {
    "sha256": ("sha256", "Payload delivery", True),
    "file-name": ("filename", "Payload delivery", True),
    "ipv4": ("ip-src", "Network activity", True),
    "ipv6": ("ip-src", "Network activity", True),
    "domain": ("domain", "Network activity", True),
    "email": ("email", "Payload delivery", True),
    "url-path": ("uri", "Network activity", True),
    "user-agent": ("user-agent", "Network activity", True),
}
"""Type, category, and whether others should search for it; the rest are texts of a named type."""


_JUDGED = "estimative-language:confidence-in-analytic-judgment"
_MISP_WORDS = {
    Certainty.CONFIRMED: "high",
    Certainty.LIKELY: "moderate",
    Certainty.POSSIBLE: "low",
}


def as_misp(found: Sequence[Derived], sharing: Sharing) -> str:
    """Return one MISP event, not published, for the own organisation only."""
    stamp = str(int(sharing.made.timestamp()))
    attributes = [_attribute(one, stamp) for one in found]
    event = {
        "uuid": _uuid("event", *(str(one["uuid"]) for one in attributes)),
        "info": sharing.title,
        "date": sharing.made.date().isoformat(),
        "timestamp": stamp,
        "threat_level_id": "2",
        "analysis": "2",
        "distribution": "0",
        "published": False,
        "Tag": [{"name": f"tlp:{sharing.tlp}"}],
        "Attribute": attributes,
    }
    return json.dumps({"Event": event}, indent=1, ensure_ascii=True) + "\n"


def _attribute(one: Derived, stamp: str) -> dict[str, Any]:
    # NOTE: MISP has no type for it; our own reader knows such a text by how its comment begins.
    type, category, search = _MISP.get(one.type, ("text", "Other", True))
    times = {"first_seen": one.first_seen, "last_seen": one.last_seen}
    said = (one.because, *one.look_alikes)
    comment = " ".join(said if type != "text" else (f"{one.type}:", *said))
    return {
        "uuid": _uuid("attribute", one.type, one.value),
        "type": type,
        "category": category,
        "value": one.value,
        "to_ids": search and one.certainty is not Certainty.POSSIBLE,
        "comment": comment,
        "timestamp": stamp,
        "distribution": "5",
        **{name: time.astimezone(UTC).isoformat() for name, time in times.items() if time},
        "Tag": [{"name": f'{_JUDGED}="{_MISP_WORDS[one.certainty]}"'}],
    }


def _uuid(*parts: str) -> str:
    return str(uuid.uuid5(NAMESPACE, "\0".join(parts)))


def _time(moment: datetime | None) -> str:
    return moment.isoformat().replace("+00:00", "Z") if moment else ""


def _milliseconds(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


FORMATS: Mapping[str, Callable[[Sequence[Derived], Sharing], str]] = {
    "csv": as_csv,
    "stix": as_stix,
    "misp": as_misp,
}
"""The formats of `extriage indicators export`."""
