"""What all objects of a STIX 2.1 bundle have in common: ids, times, markings, relationships.

Ids of observables follow the specification (section 2.9: UUIDv5 in its own namespace), so that an
address has the same id whoever reports it. Ids of all else are UUIDv5 of what the object is about,
so that a later scan of the same server brings new versions of the same objects.
TLP 2.0: the fixed objects of https://github.com/oasis-open/cti-stix-common-objects, in
extension-definition-specifications/tlp-2.0; STIX 2.1 itself (section 7.2.1.4) knows TLP 1.0 only.
"""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from extriage.reports.imprint import exact, identifier, mark, milliseconds
from extriage.reports.neutral import cut

Object: TypeAlias = dict[str, Any]

_OBSERVABLES = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
_MARKINGS = {
    "clear": "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    "green": "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    "amber": "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    "amber+strict": "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    "red": "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
_NAME = 250
_TEXT = 4_000
_FACTS = "2021-03-02T00:00:00.000Z"
"""The date of what does not come from a case: the tool, techniques, vulnerabilities."""
MOST = 999_999_999
"""The largest count that STIX allows for sightings and observed data."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a document's objects share."""

    made: datetime
    """The last time that the case knows of, in UTC."""
    tlp: str = ""
    author: str = ""
    """Id of the identity that made the objects."""

    def new(
        self, type: str, key: Sequence[str], first: datetime | None = None, **fields: object
    ) -> Object:
        """Return an object whose id follows from its key; fields without a value are left out.

        It was created when the evidence first shows it, and modified when the evidence ends.
        """
        end = milliseconds(self.made)
        return {
            **_head(type, f"{type}--{identifier(*key)}"),
            **({"created_by_ref": self.author} if self.author else {}),
            "created": min(milliseconds(first), end) if first else end,
            "modified": end,
            **filled(fields),
            **marked(self.tlp),
        }

    def fact(self, type: str, key: Sequence[str], **fields: object) -> Object:
        """Return an object that is the same in every case: public, so neither dated nor marked."""
        return {
            **_head(type, f"{type}--{identifier(*key)}"),
            "created": _FACTS,
            "modified": _FACTS,
            **filled(fields),
        }

    def relationship(self, source: str, kind: str, target: str, description: str = "") -> Object:
        """Return what joins two objects of the bundle."""
        return self.new(
            *("relationship", ("relationship", source, kind, target)),
            relationship_type=kind,
            description=description,
            source_ref=source,
            target_ref=target,
        )

    def note(
        self,
        key: Sequence[str],
        title: str,
        lines: Iterable[str],
        about: Sequence[str],
        confidence: int | None = None,
    ) -> Object:
        """Return a text for people about other objects."""
        return self.new(
            *("note", ("note", *key)),
            abstract=name(title),
            content="\n".join(lines),
            object_refs=[*about],
            confidence=confidence,
        )


def observable(type: str, identity: Object, tlp: str, **fields: object) -> Object:
    """Return an observable; `identity` holds the properties that make its id."""
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    id = f"{type}--{uuid.uuid5(_OBSERVABLES, canonical)}"
    return {**_head(type, id), **identity, **filled(fields), **marked(tlp)}


def marking(tlp: str) -> Object:
    """Return the object that stands for a mark of TLP 2.0, as OASIS fixed it."""
    return {
        **_head("marking-definition", _MARKINGS[tlp]),
        "created": "2022-10-01T00:00:00.000Z",
        "name": mark(tlp),
        "extensions": {_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp}},
    }


def marked(tlp: str) -> Object:
    """Return the field that points at a marking; nothing if nobody said who may see it."""
    return {"object_marking_refs": [_MARKINGS[tlp]]} if tlp in _MARKINGS else {}


def bundled(objects: Iterable[Object], tlp: str = "") -> str:
    """Return a bundle as JSON, each object once, with the markings that they point at."""
    unique: dict[str, Object] = {}
    for one in objects:
        unique.setdefault(one["id"], one)
    used = {ref for one in unique.values() for ref in one.get("object_marking_refs", ())}
    used |= set(marked(tlp).get("object_marking_refs", ()))
    marks = [marking(known) for known, id in _MARKINGS.items() if id in used]
    everything = [*marks, *unique.values()]
    ids = " ".join(one["id"] for one in everything)
    bundle = {"type": "bundle", "id": f"bundle--{identifier('bundle', ids)}"}
    return json.dumps(bundle | filled({"objects": everything}), indent=1, ensure_ascii=True) + "\n"


def name(value: str) -> str:
    """Return a text from evidence as a short name that is never empty."""
    return cut(value, _NAME) or "-"


def words(*values: str) -> str:
    """Return texts as one harmless description."""
    return cut(" ".join(filter(None, values)), _TEXT)


def filled(fields: Object) -> Object:
    """Leave out what has no value; times become texts."""
    return {
        key: milliseconds(value) if isinstance(value, datetime) else value
        for key, value in fields.items()
        if value is not None and value not in ("", [], {})
    }


def value_of(text: str) -> str:
    """Return a value that programs compare; it is never empty."""
    return exact(text) or "-"


def _head(type: str, id: str) -> Object:
    return {"type": type, "spec_version": "2.1", "id": id}
