"""Makeshifts until the update: rewrite rules and Microsoft's Emergency Mitigation Service (EEMS).

Four revisions of the rule against CVE-2022-41040 were published within ten days; only the last
cannot be got around by another spelling of the request. All of them guard Autodiscover alone: none
stops OWASSRF (CVE-2022-41080). Against CVE-2026-42897 an outbound rule adds a content security
policy to OWA's pages. Sources: MSRC's guidance of September and October 2022; Microsoft's EOMT.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from extriage.analysis.checks.known import (
    Known,
    Said,
    cannot_tell,
    failed,
    is_true,
    listed,
    passed,
)
from extriage.model.state import Answer, Fact, Subject
from extriage.parsers.rewrite import RewriteRule, rule_of

_AUTODISCOVER = re.compile(r"autodiscover.{0,200}powershell", re.IGNORECASE)
STRONG = "(?=.*autodiscover)(?=.*powershell)"
REVISIONS: Mapping[str, str] = {
    r".*autodiscover\.json.*\@.*powershell.*": "revision 1 demands an @, which a request can spell "
    "otherwise",
    r".*autodiscover\.json.*powershell.*": "revision 2 demands one order of the words",
    r"(?=.*autodiscover\.json)(?=.*powershell)": "revision 3 demands the name autodiscover.json",
    STRONG: "",
}
"""Published patterns in lower case, and what is weak in them."""
_DECODED = "{urldecode:{request_uri}}"
_STOPPING = ("abortrequest", "customresponse")
_POLICY = "script-src-attr 'none'"
_FRONT = "default web site"
_OWA = f"{_FRONT}/owa"
_INTERIM = "CVE-2022-41040"
_SCRIPTING = "CVE-2026-42897"
MITIGATIONS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^EEMS M1(\.|\b)", re.IGNORECASE), "Emergency Mitigation Service, CVE-2022-41040"),
    (re.compile(r"^EEMS M2(\.|\b)", re.IGNORECASE), "Emergency Mitigation Service, CVE-2026-42897"),
    (re.compile(r"^EEMS ", re.IGNORECASE), "Emergency Mitigation Service"),
    (re.compile(r"^X-AnonResource-Backend Abort", re.IGNORECASE), "EOMT, CVE-2021-26855"),
    (re.compile(r"^X-BEResource Abort", re.IGNORECASE), "EOMT, CVE-2021-26855"),
    (re.compile(r"^PowerShell - inbound", re.IGNORECASE), "EOMTv2, CVE-2022-41040"),
    (re.compile(r"^EOMT ", re.IGNORECASE), "EOMT, CVE-2026-42897"),
    (re.compile(r"^RequestBlockingRule\d", re.IGNORECASE), "made by hand, CVE-2022-41040"),
)
"""Who writes rules of this name, and against what."""


@dataclass(frozen=True, slots=True)
class Defence:
    """A trace of defence: somebody guarded this server, or undid the guard."""

    what: str
    by: str
    effective: bool | None
    """None if that cannot be told from the trace."""
    note: str
    fact: Fact


def guards_autodiscover(rule: RewriteRule) -> str | None:
    """Say why a rule against CVE-2022-41040 is weak; empty if it is not, None if it is no such."""
    about = [c for c in rule.conditions if _AUTODISCOVER.search(c.pattern)]
    pattern = about[0].pattern if about else rule.match
    if rule.direction == "outbound" or not _AUTODISCOVER.search(pattern):
        return None
    if not rule.enabled:
        return "the rule is disabled"
    if rule.action.lower() not in _STOPPING:
        return f"its action {rule.action or 'None'} does not stop the request"
    if rule.syntax.lower() == "wildcard" or rule.negate or any(c.negate for c in rule.conditions):
        return "its pattern is not applied as it was meant"
    weakness = REVISIONS.get(pattern.lower(), "its pattern is none that Microsoft published")
    if weakness:
        return weakness
    if not about or about[0].input.lower() != _DECODED:
        return "the request is not decoded before it is compared"
    if len(rule.conditions) > 1 or rule.match not in (".*", "(.*)", ""):
        return "it holds for some requests only"
    return ""


def adds_policy(rule: RewriteRule) -> str | None:
    """Say why a rule against CVE-2026-42897 is weak; empty if it is not, None if it is no such."""
    header = rule.match.lower().replace("_", "-")
    if rule.direction != "outbound" or header != "response-content-security-policy":
        return None
    if not rule.enabled:
        return "the rule is disabled"
    if rule.action.lower() != "rewrite" or _POLICY not in rule.value.lower():
        return "it does not forbid scripts in attributes"
    return ""


def rewrite_rule(known: Known) -> Said:
    """Answer the check URLREWRITE."""
    found = [
        (fact, weakness)
        for fact, rule in _rules(known)
        if (weakness := guards_autodiscover(rule)) is not None
    ]
    found = [(fact, weakness or _too_narrow(fact)) for fact, weakness in found]
    good = [fact for fact, weakness in found if not weakness]
    if known.has_fix(_INTERIM):
        leftover = "; the rule is a leftover of the defence" if found else ""
        note = f"the build has the fix, no rule is needed{leftover}"
        return Said(Answer.NOT_APPLICABLE, note, tuple(fact for fact, _ in found))
    if good and (undone := _undone(known, good)):
        return failed("the rule is there, but directories below take it away", (*undone, *good))
    if good:
        return passed(
            "the rule guards Autodiscover; it does not stop OWASSRF, so the update is needed", good
        )
    if found:
        names = listed(f"{fact.name}: {weakness}" for fact, weakness in found)
        return failed(f"the rule is weak: {names}", [fact for fact, _ in found])
    read = _read(known, (_FRONT,))
    if not read:
        return cannot_tell("web.config of the Default Web Site (inetpub\\wwwroot) would tell")
    return failed("no rewrite rule guards Autodiscover", read)


def emergency(known: Known) -> Said:
    """Answer the check EEMS."""
    rules = [
        (fact, weakness)
        for fact, rule in _rules(known)
        if (weakness := adds_policy(rule)) is not None
    ]
    if known.has_fix(_SCRIPTING):
        leftover = "; the policy rule stays behind and is harmless" if rules else ""
        return passed(f"the build has the fix{leftover}", [fact for fact, _ in rules])
    good = [fact for fact, weakness in rules if not weakness]
    if good:
        return passed("the policy rule is in place until the update is installed", good)
    states = [f for f in known.about(Subject.MITIGATION) if f.name.upper().startswith("M2")]
    applied = [fact for fact in states if fact.value == "applied"]
    blocked = [fact for fact in states if fact.value == "blocked"]
    if applied and not blocked:
        return passed("the Emergency Mitigation Service applied M2", applied)
    off = [*blocked, *_switched_off(known)]
    if off:
        return failed("the Emergency Mitigation Service is blocked or off", off)
    read = _read(known, (_OWA,))
    if rules:
        return failed(f"the policy rule is weak: {rules[0][1]}", [fact for fact, _ in rules])
    if read:
        return failed("neither the update nor the policy rule is there", read)
    return cannot_tell("web.config of the front end's owa, or Get-ExchangeServer, would tell")


def _switched_off(known: Known) -> list[Fact]:
    states = (
        *known.settings("OrganizationConfig/MitigationsEnabled"),
        *known.settings("ExchangeServer/", "/MitigationsEnabled"),
    )
    services = known.settings("Service/MSExchangeMitigation/")
    dead = [fact for fact in services if fact.value.lower() in ("stopped", "disabled")]
    return [*(fact for fact in states if not is_true(fact)), *dead]


def defences(known: Known) -> tuple[Defence, ...]:
    """Return the traces of defence, so that nobody takes them for those of an attack."""
    found = [_of_rule(fact, rule) for fact, rule in _rules(known)]
    for fact in known.about(Subject.MITIGATION):
        note = "what a tool changed, kept so that it can be taken back"
        if fact.evidence != "exchange-config":
            note = f"the service reports it as {fact.value}"
        found.append(Defence(fact.name, "Microsoft's mitigations", None, note, fact))
    modules = known.about(Subject.IIS_MODULE)
    if modules and not any(fact.name.lower() == "tokencachemodule" for fact in modules):
        note = "Microsoft's script for CVE-2023-21709 removes it"
        found.append(Defence("TokenCacheModule removed", "administrator", True, note, modules[0]))
    return tuple(one for one in found if one is not None)


def _of_rule(fact: Fact, rule: RewriteRule) -> Defence | None:
    by = next((who for pattern, who in MITIGATIONS if pattern.match(rule.name)), "")
    weakness = guards_autodiscover(rule)
    weakness = adds_policy(rule) if weakness is None else weakness
    if weakness is None:
        if not by:
            return None
        return Defence(rule.name, by, None if rule.enabled else False, "", fact)
    return Defence(rule.name, by or "made by hand", not weakness, weakness, fact)


def _rules(known: Known) -> list[tuple[Fact, RewriteRule]]:
    facts = known.about(Subject.REWRITE_RULE)
    return [(fact, rule) for fact in facts if (rule := rule_of(fact)) is not None]


def _too_narrow(fact: Fact) -> str:
    """Say where a rule stands, if it does not hold for the whole front end."""
    where = _where(fact)
    narrow = where.startswith((f"{_FRONT}/", "exchange"))
    return "it stands in one directory only" if narrow else ""


def _undone(known: Known, good: list[Fact]) -> list[Fact]:
    """Return where directories below take a rule away that they would inherit."""
    places = {_where(fact) for fact in good}
    names = {fact.name.split(": ", 1)[-1].lower() for fact in good}
    return [
        fact
        for fact, rule in _rules(known)
        if _where(fact) not in places
        and rule.direction == "inbound"
        and (rule.action == "clear" or (rule.action == "remove" and rule.name.lower() in names))
    ]


def _where(fact: Fact) -> str:
    return fact.name.lower().split(": ", 1)[0]


def _read(known: Known, places: tuple[str, ...]) -> tuple[Fact, ...]:
    files = (f for f in known.settings("web.config/") if f.value == "read")
    return tuple(f for f in files if f.name.lower().removeprefix("web.config/") in places)
