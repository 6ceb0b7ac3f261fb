"""Indicators in STIX 2.1 bundles: patterns of known object paths, and observables behind them.

Understood: comparisons with `=` and `IN`, joined by AND and OR. Everything else in a pattern (NOT,
LIKE, MATCHES, sequences, unknown paths) is refused by name. Of values joined by AND only hashes
keep their confidence: the others mean less alone than together.
Standard: https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from extriage.knowledge.indicatorintake import Intake, confidence_of, dicts, plain, tlp_of
from extriage.knowledge.indicatorvalues import day_from, day_until
from extriage.model.indicator import Indicator

PATTERN_LIMIT = 1 << 16
_ACTORS = ("intrusion-set", "threat-actor", "malware", "tool")
_PATHS = (
    (r"(?:ipv4-addr|ipv6-addr):value", "ipv4"),
    (r"network-traffic:(?:src|dst)_ref\.value", "ipv4"),
    (r"domain-name:value", "domain"),
    (r"url:value", "url"),
    (r"email-addr:value|email-message:(?:from|sender)_ref\.value", "email"),
    (r"(?:file|artifact):hashes\.'?(?:MD5|SHA-?1|SHA-?256)'?", "hash"),
    (r"file:name|process:(?:image_ref\.)?name", "file-name"),
    (r"directory:path|file:parent_directory_ref\.path", "path"),
    (r"network-traffic:extensions\.'http-request-ext'\.request_header\.'User-Agent'", "user-agent"),
    (r"network-traffic:extensions\.'http-request-ext'\.request_value", "url-path"),
    (r"user-account:(?:account_login|user_id|display_name)", "account"),
)
_KNOWN = tuple((re.compile(pattern, re.IGNORECASE), type) for pattern, type in _PATHS)
_TOKEN = re.compile(
    r"\s+|(?P<text>'(?:[^'\\]|\\.)*')|(?P<path>[a-z0-9-]+:[A-Za-z0-9_.*\[\]-]+(?:'[^']*'[\w.]*)*)|"
    r"(?P<op>!=|<=|>=|[=<>])|(?P<mark>[\[\](),])|(?P<word>[A-Za-z]+)|(?P<other>[^\s\[\](),]+)"
)
_JOINS = {"AND", "OR", "IN"}


def read_bundle(bundle: Mapping[str, Any], intake: Intake) -> None:
    """Read the indicators of a bundle, with what its relationships say of them."""
    objects = dicts(bundle.get("objects"))
    world = _World({one["id"]: one for one in objects if isinstance(one.get("id"), str)})
    for one in objects:
        if one.get("type") == "relationship":
            world.relate(one)
    for at, one in enumerate(objects):
        if one.get("type") == "indicator":
            _indicator(plain(one.get("id"), 80) or f"object {at}", one, world, intake)


@dataclass(slots=True)
class _World:
    """The objects of a bundle by id, and what each indicator is related to."""

    objects: dict[str, Mapping[str, Any]]
    indicates: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    based_on: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def relate(self, one: Mapping[str, Any]) -> None:
        """Take in one relationship of an indicator."""
        target = self.of(one.get("target_ref"))
        kinds = {"indicates": self.indicates, "based-on": self.based_on}
        if (
            target is not None
            and (kind := kinds.get(plain(one.get("relationship_type")))) is not None
        ):
            kind.setdefault(plain(one.get("source_ref")), []).append(target)

    def of(self, id: object) -> Mapping[str, Any] | None:
        """Return the object that an id names, if the bundle has it."""
        return self.objects.get(id) if isinstance(id, str) else None

    def named(self, id: str, types: tuple[str, ...]) -> str:
        """Return what an indicator indicates, of the first of these types that is there."""
        for type in types:
            for one in self.indicates.get(id, ()):
                if one.get("type") == type and (name := plain(one.get("name"))):
                    return name
        return ""

    def tlp(self, one: Mapping[str, Any]) -> str:
        """Return the TLP label among an object's markings."""
        refs = one.get("object_marking_refs")
        for ref in refs if isinstance(refs, list) else ():
            marking = self.of(ref) or {}
            definition = marking.get("definition")
            texts = [marking.get("name"), ref if ref in _TLP_IDS else ""]
            if isinstance(definition, dict):
                texts.append(definition.get("tlp"))
            texts[1] = _TLP_IDS.get(str(texts[1]), "")
            for text in texts:
                if label := tlp_of(text):
                    return label
        return ""


_TLP_IDS = {
    "marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "clear",
    "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
    "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "amber",
    "marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
    "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487": "clear",
    "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb": "green",
    "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421": "amber",
    "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003": "amber+strict",
    "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1": "red",
}
"""Ids that the standards fix: TLP 1.0 in STIX 2.1, section 7.2.1.4, and TLP 2.0 in the OASIS
extension https://github.com/oasis-open/cti-stix-common-objects."""


def _indicator(place: str, one: Mapping[str, Any], world: _World, intake: Intake) -> None:
    if one.get("revoked") is True:
        intake.refuse(place, "it was revoked by its publisher")
        return
    id = plain(one.get("id"))
    said = _said(one, id, world, intake)
    behind = world.based_on.get(id, [])
    for observed in behind:
        _observable(place, observed, said, world, intake)
    kind = plain(one.get("pattern_type")) or "stix"
    pattern = one.get("pattern")
    if kind != "stix" or not isinstance(pattern, str) or len(pattern) > PATTERN_LIMIT:
        if not behind:
            intake.refuse(place, f"pattern of the type {kind!r} that is not read")
        return
    try:
        for type, value, alone in comparisons(pattern):
            weaker = replace(said, confidence="low", note=_partly(said.note))
            intake.take(place, type, value, said if alone else weaker)
    except ValueError as error:
        intake.refuse(place, f"pattern: {error}")


def _partly(note: str) -> str:
    return f"{note}; part of a combination".removeprefix("; ")


def _said(one: Mapping[str, Any], id: str, world: _World, intake: Intake) -> Indicator:
    references = dicts(one.get("external_references"))
    by = world.of(one.get("created_by_ref")) or {}
    blank = intake.blank()
    return replace(
        blank,
        source=plain(by.get("name")) or blank.source,
        confidence=confidence_of(one.get("confidence")),
        cluster=world.named(id, _ACTORS),
        campaign=world.named(id, ("campaign",)),
        first_seen=day_from(plain(one.get("valid_from"))),
        last_seen=day_until(plain(one.get("valid_until"))),
        tlp=world.tlp(one),
        reference=next((plain(r["url"]) for r in references if plain(r.get("url"))), ""),
        note=plain(one.get("name")),
    )


def comparisons(pattern: str) -> Iterator[tuple[str, str, bool]]:
    """Yield type, value, and whether it means as much alone, for each comparison of a pattern.

    ValueError names the first piece that is not understood; nothing of such a pattern is taken.
    """
    tokens = list(_tokens(pattern))
    joined = ("word", "AND") in tokens
    found: list[tuple[str, str]] = []
    path = ""
    for kind, text in tokens:
        if kind == "path":
            path = text
        elif kind == "text":
            found.append((_type_of(path), re.sub(r"\\(.)", r"\1", text[1:-1])))
        elif kind == "other" or (kind == "op" and text != "="):
            raise ValueError(f"{text[:40]!r} is not understood")
        elif kind == "word" and text.upper() not in _JOINS:
            raise ValueError(f"{text[:40].upper()} is not understood")
    if not found:
        raise ValueError("no comparison with a text")
    yield from _put_together(found, joined)


def _put_together(found: list[tuple[str, str]], joined: bool) -> Iterator[tuple[str, str, bool]]:
    """Make one path of a folder and a name that stand together."""
    types = [type for type, _ in found]
    if joined and sorted(types) == ["file-name", "path"]:
        folder, name = (dict(found)[type] for type in ("path", "file-name"))
        yield "path", "\\".join((folder.rstrip("\\/"), name)), True
        return
    for type, value in found:
        yield type, value, not joined or type == "hash"


def _tokens(pattern: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(pattern):
        if match.lastgroup:
            yield match.lastgroup, match.group()


def _type_of(path: str) -> str:
    for pattern, type in _KNOWN:
        if pattern.fullmatch(path):
            return type
    if path.startswith("windows-registry-key:"):
        raise ValueError("keys of the registry are not looked for")
    raise ValueError(f"object path {path[:80]!r} is none that is looked for")


_OBSERVED = {
    "ipv4-addr": ("ipv4", "value"),
    "ipv6-addr": ("ipv4", "value"),
    "domain-name": ("domain", "value"),
    "url": ("url", "value"),
    "email-addr": ("email", "value"),
    "directory": ("path", "path"),
    "user-account": ("account", "account_login"),
}


def _observable(
    place: str, one: Mapping[str, Any], said: Indicator, world: _World, intake: Intake
) -> None:
    type = plain(one.get("type"))
    if type == "observed-data":
        refs = one.get("object_refs")
        for ref in refs if isinstance(refs, list) else ():
            if (inner := world.of(ref)) and inner.get("type") != "observed-data":
                _observable(place, inner, said, world, intake)
    elif type in _OBSERVED:
        kind, key = _OBSERVED[type]
        intake.take(place, kind, one.get(key), said)
    elif type in ("file", "artifact"):
        hashes = one.get("hashes")
        for name, value in hashes.items() if isinstance(hashes, dict) else ():
            if name in ("MD5", "SHA-1", "SHA-256"):
                intake.take(place, "hash", value, said)
        if plain(one.get("name")):
            intake.take(place, "file-name", one["name"], said)
    else:
        intake.refuse(place, f"observable of the type {type[:40]!r}")
