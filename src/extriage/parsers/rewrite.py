"""Rules of IIS URL Rewrite, as applicationHost.config and web.config hold them.

Mitigations of Exchange's holes are such rules: Microsoft's mitigation service (EEMS), its tools
(EOMT, EOMTv2) and administrators write them. Reference: the `system.webServer/rewrite` section in
Microsoft's IIS documentation.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from extriage.model.state import Fact, Subject
from extriage.parsers.statement import VALUE_LIMIT, Source
from extriage.parsers.xmlstream import End, Start

_SECTIONS = {"rules": "inbound", "outboundRules": "outbound", "globalRules": "global"}
_MANY = 50
"""Conditions kept of one rule."""
_RULES = 1_000
"""Rules that may wait for what they name."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must match besides the path; `{UrlDecode:{REQUEST_URI}}` against a pattern."""

    input: str
    pattern: str
    negate: bool = False


@dataclass(slots=True)
class RewriteRule:
    """One rule; the action `clear` or `remove` takes away what was inherited."""

    direction: str = "inbound"
    name: str = ""
    enabled: bool = True
    stops: bool = False
    syntax: str = ""
    match: str = ""
    """Pattern of the path, or the name of the response header for outbound rules."""
    negate: bool = False
    conditions: list[Condition] = field(default_factory=list)
    """For outbound rules: those of the precondition that it names."""
    precondition: str = ""
    action: str = ""
    value: str = ""


@dataclass(slots=True)
class RuleReader:
    """Picks the rules out of a stream of elements."""

    source: Source
    _rule: RewriteRule | None = None
    _line: int = 0
    _preconditions: dict[str, list[Condition]] = field(default_factory=dict)
    _precondition: list[Condition] | None = None
    _waiting: list[tuple[str, RewriteRule, int]] = field(default_factory=list)

    def see(self, event: Start | End, where: str) -> Iterator[Fact]:
        """Take in one element; `where` is the site or directory that the section is for."""
        section = _section(event.path)
        if not section:
            return
        if isinstance(event, Start):
            yield from self._start(event, section, where)
        elif event.name == "rule" and self._rule is not None:
            rule, self._rule = self._rule, None
            if rule.precondition and len(self._waiting) < _RULES:
                self._waiting.append((where, rule, self._line))
            else:
                yield self._fact(where, rule, self._line)
        elif event.name == "preCondition":
            self._precondition = None

    def rest(self) -> Iterator[Fact]:
        """Yield the outbound rules, which may name preconditions that stand after them."""
        for where, rule, line in self._waiting:
            rule.conditions = self._preconditions.get(rule.precondition, [])
            yield self._fact(where, rule, line)
        self._waiting.clear()

    def _start(self, event: Start, section: str, where: str) -> Iterator[Fact]:
        attributes = event.attributes
        if event.name == "rule":
            self._rule, self._line = _rule(attributes, section), event.line
        elif event.name in ("clear", "remove") and event.path[-2] in _SECTIONS:
            gone = RewriteRule(section, attributes.get("name", ""), action=event.name)
            yield self._fact(where, gone, event.line)
        elif event.name == "preCondition" and len(self._preconditions) < _MANY:
            name = attributes.get("name", "")
            self._precondition = self._preconditions.setdefault(name, [])
        elif event.name == "add":
            self._condition(attributes, inside=event.path[-2])
        elif self._rule is not None:
            _fill(self._rule, event)

    def _condition(self, attributes: dict[str, str], *, inside: str) -> None:
        held = self._precondition
        if inside == "conditions" and self._rule is not None:
            held = self._rule.conditions
        if held is not None and len(held) < _MANY:
            held.append(
                Condition(
                    attributes.get("input", ""),
                    attributes.get("pattern", "")[:1024],
                    attributes.get("negate", "").lower() == "true",
                )
            )

    def _fact(self, where: str, rule: RewriteRule, line: int) -> Fact:
        value = msgspec.json.encode(rule).decode()
        if len(value) > VALUE_LIMIT:
            rule.conditions, rule.value = rule.conditions[:1], rule.value[:256]
            value = msgspec.json.encode(rule).decode()
        name = f"{where}: {rule.name}"
        return self.source.fact(Subject.REWRITE_RULE, name, value, line, spelled(rule))


def rule_of(fact: Fact) -> RewriteRule | None:
    """Read a rule back from the value of its fact; None if it was cut."""
    try:
        return msgspec.json.decode(fact.value, type=RewriteRule)
    except msgspec.DecodeError:
        return None


def spelled(rule: RewriteRule) -> str:
    """Write a rule on one line, for a reader."""
    if rule.action in ("clear", "remove"):
        return f"{rule.direction} rules: <{rule.action}> {rule.name}".rstrip()
    tests = [f"{one.input} ~ {one.pattern}" for one in rule.conditions]
    state = "" if rule.enabled else " (disabled)"
    return f"{rule.name}: {rule.action} {rule.value} if {' and '.join(tests)}{state}"


def _section(path: tuple[str, ...]) -> str:
    for at, name in enumerate(path):
        if name == "rewrite" and at + 1 < len(path):
            return _SECTIONS.get(path[at + 1], "")
    return ""


def _rule(attributes: dict[str, str], section: str) -> RewriteRule:
    return RewriteRule(
        section,
        attributes.get("name", "")[:256],
        attributes.get("enabled", "true").lower() != "false",
        attributes.get("stopProcessing", "").lower() == "true",
        attributes.get("patternSyntax", ""),
        precondition=attributes.get("preCondition", ""),
    )


def _fill(rule: RewriteRule, event: Start) -> None:
    attributes = event.attributes
    if event.name == "match":
        rule.match = (attributes.get("serverVariable") or attributes.get("url", ""))[:1024]
        rule.negate = attributes.get("negate", "").lower() == "true"
    elif event.name == "action":
        rule.action = attributes.get("type", "")
        told = (attributes.get(name) for name in ("value", "url", "statusCode"))
        rule.value = next(filter(None, told), "")[:1024]
