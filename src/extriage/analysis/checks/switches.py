"""Checks that setting overrides answer: signing of payloads, fixes switched off, AMSI.

An override counts for this server when it names it or no server, and when the build lies within
the bounds that it may give. Signing of PowerShell's payloads came with the update of January 2023,
to be switched on, and is on by default since November 2023.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from extriage.analysis.checks.known import Known, Said, cannot_tell, failed, passed
from extriage.knowledge.builds import number
from extriage.model.state import Answer, Fact, Subject

_EXPORT = "Get-SettingOverride, exported, would tell"
_SIGNING = "data/enableserializationdatasigning"
_SCANNING = "cafe/httprequestfiltering"
_SIGNS_SINCE, _SIGNS_BY_DEFAULT = "CVE-2023-21745", "CVE-2023-36039"
"""Fixed by the updates of January and November 2023."""
_SENDERS = "transport/noncompliantsendersettings"
SWITCHES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("CVE-2024-49040", _SENDERS, ("addp2fromregexmatchheader",)),
    ("CVE-2025-25005", "oauth/appidbasedaudiencevalidation", ("enabled",)),
    ("CVE-2025-25006", _SENDERS, ("blocknullbytesinfromheader",)),
    ("CVE-2025-25007", _SENDERS, ("blockcharactersafterunquotedsemicolon",)),
    ("CVE-2025-33051", "cafe/removebackendcookiefromautodiscoverv2response", ("enabled",)),
    ("CVE-2025-53782", "global/cattokenauthorizationcheck", ("enabled",)),
    (
        "CVE-2025-59248",
        _SENDERS,
        ("blockemailwithmultiplep2fromheaders", "inboundmimeheaderparsercheckgroupaddresses"),
    ),
    ("CVE-2025-59248", "transport/parsegroupemailaddressesinpartnerutils", ("enabled",)),
    (
        "CVE-2025-59248",
        "contentconversion/inboundmimeheaderparsercheckgroupaddresses",
        ("enabled",),
    ),
)
"""Vulnerability, override (component/section) and the parameters that switch its fix off."""


def in_effect(known: Known) -> tuple[Fact, ...]:
    """Return the overrides that count for this build."""
    overrides = known.about(Subject.SETTING_OVERRIDE)
    return tuple(fact for fact in overrides if _counts(fact, known))


def _counts(fact: Fact, known: Known) -> bool:
    if fact.value.startswith("not in force"):
        return False
    bounds = dict(parameters(fact))
    low, high = number(bounds.get("minversion", "")), number(bounds.get("maxversion", ""))
    if known.build is None:
        return True
    return (low is None or known.build >= low) and (high is None or known.build <= high)


def parameters(fact: Fact) -> Iterator[tuple[str, str]]:
    """Yield an override's parameters, in lower case."""
    for part in fact.value.lower().split(";"):
        name, equals, value = part.partition("=")
        if equals:
            yield name.strip(), value.strip()


def _set_to(facts: Iterable[Fact], section: str, names: Iterable[str], value: str) -> list[Fact]:
    wanted = {(name, value) for name in names}
    return [
        fact
        for fact in facts
        if fact.name.lower() == section and not wanted.isdisjoint(parameters(fact))
    ]


def overrides_seen(known: Known) -> tuple[Fact, ...]:
    """Return the places that list all overrides of the organisation or of a process."""
    return known.settings("SettingOverrides/listed")


def signing(known: Known) -> Said:
    """Answer the check SERIAL."""
    if known.product == "2013":
        return _signing_2013(known)
    overrides = in_effect(known)
    off = _set_to(overrides, _SIGNING, ("enabled",), "false")
    on = _set_to(overrides, _SIGNING, ("enabled",), "true")
    if off:
        return failed("an override switches the signing of PowerShell payloads off", off)
    able, default = known.has_fix(_SIGNS_SINCE), known.has_fix(_SIGNS_BY_DEFAULT)
    if able is False:
        return failed("the build cannot sign PowerShell payloads: it needs an update first")
    if on and able:
        return passed("an override switches the signing of PowerShell payloads on", on)
    listed = overrides_seen(known)
    if not listed or able is None:
        return cannot_tell(_unseen(able, default), listed)
    if default:
        return passed("signing is on by default and no override switches it off", listed)
    return failed("signing is off by default in this build and no override switches it on", listed)


def _unseen(able: bool | None, default: bool | None) -> str:
    if able is None:
        return f"the build is not known; with it, {_EXPORT}"
    state = "on by default since November 2023" if default else "off by default in this build"
    return f"signing is {state}; {_EXPORT} whether that was changed"


def _signing_2013(known: Known) -> Said:
    found = known.settings("Diagnostics/EnableSerializationDataSigning")
    if not found:
        return cannot_tell("the SOFTWARE hive (ExchangeServer\\v15\\Diagnostics) would tell")
    if any(fact.value == "1" for fact in found):
        return passed("the registry switches the signing of PowerShell payloads on", found)
    return failed("the registry does not switch the signing of PowerShell payloads on", found)


def overrides(known: Known) -> tuple[Said, ...]:
    """Answer the check OVERRIDES, apart for what is switched off and for the rest."""
    found: dict[str, list[Fact]] = {}
    for cve, section, names in SWITCHES:
        found.setdefault(cve, []).extend(_set_to(in_effect(known), section, names, "false"))
    off = tuple(cve for cve, facts in found.items() if facts)
    rest = tuple(cve for cve in found if cve not in off)
    listed = overrides_seen(known)
    said = list[Said]()
    if off:
        bad = tuple(dict.fromkeys(fact for cve in off for fact in found[cve]))
        note = f"overrides switch off the fix of {', '.join(off)}"
        said.append(Said(Answer.FAILED, note, bad, off))
    if rest and (listed or off):
        note = "no override switches off the fix"
        said.append(Said(Answer.PASSED, note, listed, rest if off else None))
    return tuple(said) or (cannot_tell(_EXPORT),)


def scanning(known: Known) -> Said:
    """Answer the check AMSI: are requests shown to the malware scanner of Windows?"""
    off = _set_to(in_effect(known), _SCANNING, ("enabled",), "false")
    if off:
        return failed("an override keeps requests from the malware scanner (AMSI)", off)
    modules = known.settings("web.config/", "/modules/HttpRequestFilteringModule")
    front = [fact for fact in modules if "default web site" in fact.name.lower()]
    listed = overrides_seen(known)
    if front and listed:
        return passed(
            "the front end shows requests to the malware scanner (AMSI)", [*front, *listed]
        )
    what = "web.config of the front end" if not front else "Get-SettingOverride, exported,"
    return replace(cannot_tell(f"{what} would tell"), facts=tuple(front))
