"""Rules and records for the tests of the Sigma engine, written in a line or two."""

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from extriage.knowledge.logsources import LogSources, load_logsources
from extriage.matchers.sigma import RuleSet, Target, load_rules
from extriage.model.evidence import Origin, Record

LOGSOURCES: LogSources = load_logsources()

HTTPPROXY = {"product": "exchange", "service": "httpproxy"}


def record(
    kind: str,
    fields: Mapping[str, str | tuple[str, ...]] | None = None,
    text: str = "",
    **more: Any,
) -> Record:
    """Return a record of some kind with these fields."""
    origin = more.pop("origin", Origin("log", 1))
    return Record(kind, more.pop("time", None), origin, dict(fields or {}), text, **more)


def loaded(folder: Path, *documents: str | dict[str, Any]) -> RuleSet:
    """Load rules from one file with these documents."""
    texts = [
        textwrap.dedent(one) if isinstance(one, str) else yaml.safe_dump(one, sort_keys=False)
        for one in documents
    ]
    file = folder / "rules.yml"
    file.write_text("\n---\n".join(texts), encoding="utf-8")
    return load_rules([file], LOGSOURCES)


def rule_document(
    detection: dict[str, Any], logsource: dict[str, str] | None = None, **more: Any
) -> dict[str, Any]:
    """Return a rule with this detection; the condition is `selection` unless one is given."""
    detection = {"condition": "selection", **detection}
    return {
        "title": "Case",
        "name": "case",
        "logsource": logsource or HTTPPROXY,
        "detection": detection,
        **more,
    }


def target_of(folder: Path, detection: dict[str, Any], **more: Any) -> Target:
    """Return the first target of a rule with this detection."""
    rules = loaded(folder, rule_document(detection, **more))
    assert not rules.refused, rules.refused
    return rules.rules[0].targets[0]


def refusal_of(folder: Path, detection: dict[str, Any], **more: Any) -> str:
    """Return the reason why a rule with this detection is refused."""
    rules = loaded(folder, rule_document(detection, **more))
    assert not rules.rules
    return rules.refused[0].reason


def holds(target: Target, **fields: str | tuple[str, ...]) -> bool:
    """Tell whether a target is met by a record with these fields."""
    return target.matches(record(target.kind, fields))
