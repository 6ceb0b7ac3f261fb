"""What a rule says about itself: title, level, stage, CVEs, techniques, look-alikes."""

import re
from collections.abc import Mapping
from typing import Any

from sigma.rule import SigmaRuleBase

from extriage.knowledge.exposures import exposure_kinds
from extriage.knowledge.persistence import persistence_kinds
from extriage.matchers.sigma.parts import RefusalError
from extriage.model.detection import About, Certainty, DeedWords, Level, Rule, Sign, Stage

_TECHNIQUE = re.compile(r"t\d{4}(?:\.\d{3})?")
_OWN_KEYS = {"campaign", "stage", "certainty", "hints", "about", "persistence", "exposes", "deed"}
_WAY_BACK_KEYS = {"kind", "sign", "object"}
_DEED_KEYS = {"text", "done", "object", "mailbox", "items"}


def rule_of(parsed: SigmaRuleBase, path: str, fallback_id: str) -> Rule:
    """Return what a parsed rule says about itself; its kinds of evidence are filled in later."""
    own = _own(parsed.custom_attributes.get("extriage", {}))
    if own.get("stage") and own.get("hints"):
        raise RefusalError("`stage` is what a match proves, `hints` what it does not: name one")
    way_back = _way_back(own.get("persistence", ""))
    tags = [(tag.namespace.lower(), tag.name.lower()) for tag in parsed.tags]
    return Rule(
        id=parsed.name or (str(parsed.id) if parsed.id else fallback_id),
        title=parsed.title or fallback_id,
        description=(parsed.description or "").strip(),
        level=Level(parsed.level.name.lower()) if parsed.level else Level.MEDIUM,
        stage=_member(Stage, own["stage"]) if own.get("stage") else None,
        certainty=_member(Certainty, own.get("certainty", "possible")),
        campaign=str(own.get("campaign", "")),
        cves=tuple(sorted({f"CVE-{name}".upper() for space, name in tags if space == "cve"})),
        attack=tuple(sorted({name.upper() for space, name in tags if _technique(space, name)})),
        kinds=(),
        references=tuple(map(str, parsed.references)),
        look_alikes=tuple(map(str, parsed.falsepositives)),
        author=parsed.author or "",
        path=path,
        hints=_member(Stage, own["hints"]) if own.get("hints") else None,
        about=_member(About, own["about"]) if own.get("about") else None,
        persistence=way_back["kind"],
        sign=_member(Sign, way_back["sign"]) if way_back.get("sign") else None,
        object=_fields(way_back.get("object", ())),
        exposes=_exposes(own.get("exposes", "")),
        deed=_deed(own["deed"]) if own.get("deed") else None,
    )


def _technique(space: str, name: str) -> bool:
    return space == "attack" and _TECHNIQUE.fullmatch(name) is not None


def _own(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not _OWN_KEYS.issuperset(value):
        raise RefusalError(f"`extriage` must be a map of {', '.join(sorted(_OWN_KEYS))}")
    return value


def _way_back(value: Any) -> Mapping[str, Any]:
    """Read what a rule says of a way back in: its kind, or a map of kind, sign and fields."""
    found = value if isinstance(value, dict) else {"kind": value}
    if not _WAY_BACK_KEYS.issuperset(found) or not isinstance(found.get("kind"), str):
        raise RefusalError("`persistence` must be a kind, or a map of kind, sign, object")
    if found["kind"] and found["kind"] not in persistence_kinds():
        raise RefusalError(f"persistence {found['kind']!r} is no kind of persistence.yml")
    return found


def _exposes(value: Any) -> str:
    if value and value not in exposure_kinds():
        raise RefusalError(f"exposes {value!r} is no kind of exposures.yml")
    return str(value)


def _deed(value: Any) -> DeedWords:
    if not isinstance(value, dict) or not _DEED_KEYS.issuperset(value) or "text" not in value:
        raise RefusalError(f"`deed` must be a map of {', '.join(sorted(_DEED_KEYS))}")
    named = (_fields(value.get(key, ())) for key in ("object", "mailbox", "items"))
    return DeedWords(str(value["text"]), bool(value.get("done", True)), *named)


def _fields(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


def _member(words: type[Stage] | type[Certainty] | type[About] | type[Sign], value: Any) -> Any:
    try:
        return words(value)
    except ValueError:
        allowed = ", ".join(words)
        raise RefusalError(f"{words.__name__.lower()} {value!r} is none of {allowed}") from None
