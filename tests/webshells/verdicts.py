"""What the product says about each variant: the rules it meets, and which kind they are of."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from extriage.knowledge.content import own_yaml
from extriage.model.detection import Level, Rule
from extriage.model.evidence import Artifact
from extriage.pipeline.artifact import read_artifact
from extriage.pipeline.pack import Content, Pack, load_pack
from webshells.corpus import Variant

Source = Literal["rules", "structure", "words", "place"]
"""YARA rules; rules over what the page does or how it hides; over words in it, and over settings;
over where it lies and whether anybody ships it."""
_DONE = frozenset({"Behaviours", "Tricks", "Wrapped", "Reasons", "Decoded"})
_PLACED = frozenset({"Place", "ShippedPath", "ShippedAs", "Imitates"})


@dataclass(frozen=True, slots=True)
class Met:
    """A rule that a page meets."""

    rule: str
    level: Level
    source: Source
    reason: str
    """What the finding shows an analyst."""


def met(variants: Iterable[Variant]) -> dict[str, tuple[Met, ...]]:
    """Read each variant as a scan reads it; return the rules it meets by the variant's name."""
    pack = load_pack(Content())
    return {variant.name: _met(variant, pack) for variant in variants}


def _met(variant: Variant, pack: Pack) -> tuple[Met, ...]:
    artifact = Artifact(variant.path, len(variant.data))
    result = read_artifact(artifact, io.BytesIO(variant.data), pack, lambda _size: None)
    rules = rules_of(pack)
    return tuple(
        Met(kept.rule, rules[kept.rule].level, _source(rules[kept.rule]), kept.lines[0].summary)
        for kept in result.kept
    )


def rules_of(pack: Pack) -> dict[str, Rule]:
    return {one.rule.id: one.rule for one in pack.ruleset.rules}


def _source(rule: Rule) -> Source:
    if rule.path.endswith((".yar", ".yara")):
        return "rules"
    fields = _fields(rule.path)
    if fields & _DONE:
        return "structure"
    return "place" if fields & _PLACED else "words"


@cache
def _fields(path: str) -> frozenset[str]:
    """Return the fields that a Sigma rule of ours asks for."""
    parts = path.replace("\\", "/").split("/")
    return frozenset(_names(own_yaml("rules", *parts[-2:])["detection"]))


def _names(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            yield str(key).split("|")[0]
            yield from _names(value)
    elif isinstance(part, list):
        for value in part:
            yield from _names(value)
