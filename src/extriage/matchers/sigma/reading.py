"""Rule files, read with pySigma: each document becomes a draft, or a refusal with its reason.

NOTE: pySigma takes long to import, so only who reads rule files comes here.
"""

import re
from collections.abc import Iterator, Sequence
from importlib.resources.abc import Traversable
from typing import Any

from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.modifiers import (
    SigmaContainsModifier,
    SigmaEndswithModifier,
    SigmaRegularExpressionModifier,
    SigmaStartswithModifier,
)
from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import RE2RegexEngine, RegexPattern
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaRule
from sigma.types import SigmaRegularExpression, SigmaString

from extriage.knowledge.logsources import LogSources
from extriage.matchers.sigma.documents import Document, read_documents
from extriage.matchers.sigma.draft import Detection, Draft, Read
from extriage.matchers.sigma.joints import joint_of
from extriage.matchers.sigma.metadata import rule_of
from extriage.matchers.sigma.parts import RefusalError, UnfitError
from extriage.matchers.sigma.regexes import compile_quietly
from extriage.matchers.sigma.trees import conditions_of
from extriage.model.detection import RefusedRule

_LONGEST_CONDITION = 4000
_DEEPEST_PARENTHESES = 20


class _QuietEngine(RE2RegexEngine):
    """What pySigma checks patterns with."""

    def compile(self, pattern: str, flags: int = 0) -> RegexPattern:
        compiled: RegexPattern = compile_quietly(pattern)
        return compiled


_POLICY = SigmaPolicy(regex_engine=_QuietEngine())
"""Makes pySigma use quiet patterns, whatever its default is."""


def read_rules(paths: Sequence[Traversable], logsources: LogSources) -> Iterator[Read]:
    """Return what the rule files below some paths hold, in a fixed order."""
    for document in read_documents(paths):
        try:
            yield _read(document, logsources)
        except RefusalError as problem:
            yield _refused(document, problem)


def _refused(document: Document, problem: RefusalError) -> RefusedRule:
    content = document.content if isinstance(document.content, dict) else {}
    rule_id = content.get("name") or content.get("id") or document.stem
    title = content.get("title") or document.stem
    reason = f"line {document.line}: {problem}"
    return RefusedRule(str(rule_id), str(title), document.path, reason, problem.broken)


def _read(document: Document, logsources: LogSources) -> Draft:
    """Read one document; whatever pySigma trips over is the document's fault."""
    if document.problem:
        raise RefusalError(document.problem)
    try:
        return _draft(document, logsources)
    except SigmaError as problem:
        raise RefusalError(str(problem).partition("\n")[0]) from problem
    except RecursionError as problem:
        raise RefusalError("nested too deeply") from problem
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as problem:
        raise RefusalError(f"not a Sigma rule: {problem}") from problem


def _draft(document: Document, logsources: LogSources) -> Draft:
    content: dict[str, Any] = dict(document.content)
    for key in ("action", "filter"):
        if key in content:
            raise UnfitError(f"documents with `{key}` are not supported")
    fallback = document.stem if document.line == 1 else f"{document.stem}-{document.line}"
    if "correlation" in content:
        correlation = SigmaCorrelationRule.from_dict(content, policy=_POLICY)
        rule = rule_of(correlation, document.path, fallback)
        return Draft(rule, _id(correlation), document.line, joint_of(correlation))
    if "detection" in content:
        content["detection"] = _detection(content["detection"])
    sigma = SigmaRule.from_dict(content, policy=_POLICY)
    rule = rule_of(sigma, document.path, fallback)
    named = sigma.logsource
    source = (named.category or "", named.product or "", named.service or "")
    if not logsources.targets(*source):
        raise UnfitError(logsources.reason(*source))
    _anchor_patterns(sigma)
    conditions, fields = conditions_of(sigma)
    return Draft(rule, _id(sigma), document.line, Detection(source, fields, conditions))


def _id(sigma: SigmaRule | SigmaCorrelationRule) -> str:
    return str(sigma.id or "")


def _detection(detection: Any) -> Any:
    """Return a detection with the names of modifiers that pySigma knows, within bounds."""
    if not isinstance(detection, dict):
        return detection
    conditions = detection.get("condition", "")
    for condition in conditions if isinstance(conditions, list) else [conditions]:
        _check_condition(str(condition))
    return {key: _renamed(value) for key, value in detection.items() if key != "timeframe"}


def _check_condition(condition: str) -> None:
    if "|" in condition:
        raise UnfitError("conditions with `|` are gone from Sigma; correlation rules count now")
    if len(condition) > _LONGEST_CONDITION:
        raise RefusalError(f"the condition is longer than {_LONGEST_CONDITION} characters")
    depth = deepest = 0
    for char in condition:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    if deepest > _DEEPEST_PARENTHESES:
        raise RefusalError(f"more than {_DEEPEST_PARENTHESES} parentheses inside each other")


def _renamed(value: Any) -> Any:
    if isinstance(value, list):
        return [_renamed(one) for one in value]
    if isinstance(value, dict):
        return {_modern(key): _renamed(one) for key, one in value.items()}
    return value


def _modern(key: Any) -> Any:
    """Return a field with modifiers, `utf16le` by the other name that it has."""
    return re.sub(r"\|utf16le(?=\||$)", "|wide", key) if isinstance(key, str) else key


def _anchor_patterns(sigma: SigmaRule) -> None:
    """Make `re|startswith` and `re|endswith` mean what they say.

    NOTE: pySigma only adds `.*` at the open end, which changes nothing in a search.
    """
    for item in _items(list(sigma.detection.detections.values())):
        modifiers = set(item.modifiers)
        if SigmaRegularExpressionModifier not in modifiers or SigmaContainsModifier in modifiers:
            continue
        head = r"\A" if SigmaStartswithModifier in modifiers else ""
        tail = r"\z" if SigmaEndswithModifier in modifiers else ""
        for value in item.value if head or tail else ():
            if isinstance(value, SigmaRegularExpression):
                anchored = f"{head}(?:{value.regexp}){tail}"
                value.regexp = SigmaString(anchored, escape=False)


def _items(detections: Sequence[SigmaDetection]) -> Iterator[SigmaDetectionItem]:
    for detection in detections:
        for item in detection.detection_items:
            if isinstance(item, SigmaDetection):
                yield from _items([item])
            else:
                yield item
