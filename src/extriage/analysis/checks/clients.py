"""Checks that the settings of virtual directories answer: download domains, OWA Light, MRSProxy."""

import re
from collections.abc import Iterable

from extriage.analysis.checks.known import Known, Said, cannot_tell, failed, is_true, listed, passed
from extriage.model.state import Fact

_FIRST_WITH_DOWNLOADS = {(15, 1): 2106, (15, 2): 721}
"""Third number of 2016 CU18 and 2019 CU7."""
_HOST = re.compile(r"https?://([^/:\s]{1,255})", re.IGNORECASE)


def downloads(known: Known) -> Said:
    """Answer the check DOWNLOADDOM."""
    least = _FIRST_WITH_DOWNLOADS.get(known.build[:2]) if known.build else None
    if known.build and least and known.build[2] < least:
        return failed("this cumulative update has no download domains yet")
    enabled = known.settings("OrganizationConfig/EnableDownloadDomains")
    if not enabled:
        return cannot_tell(
            "Get-OrganizationConfig and Get-OwaVirtualDirectory, exported, would tell"
        )
    off = [fact for fact in enabled if not is_true(fact)]
    if off:
        return failed("download domains are not enabled", off)
    hosts = known.settings("OwaVirtualDirectory/", "DownloadHostName")
    front = [f for f in hosts if "default web site" in f.name.lower() or "(" not in f.name]
    if not front:
        return cannot_tell("Get-OwaVirtualDirectory, exported, would tell the host names", enabled)
    own = _hosts(known.settings("OwaVirtualDirectory/", "Url"))
    empty = [fact for fact in front if not fact.value.strip()]
    if empty:
        names = listed(fact.name.rsplit("/", 1)[-1] for fact in empty)
        return failed(f"download domains are enabled, but not set: {names}", (*empty, *enabled))
    same = [fact for fact in front if fact.value.strip().lower() in own]
    if same:
        return failed("the download domain is OWA's own name", (*same, *enabled))
    return passed("download domains are enabled and have a name of their own", (*front, *enabled))


def _hosts(facts: Iterable[Fact]) -> set[str]:
    found = (_HOST.match(fact.value.strip()) for fact in facts)
    return {match[1].lower() for match in found if match}


def light(known: Known) -> Said:
    """Answer the check OWALIGHT."""
    if known.has_fix("CVE-2026-62914"):
        return passed("the build switches OWA Light off for good")
    found = known.settings("Owa", "/OWALightEnabled")
    if not found:
        return cannot_tell("Get-OwaVirtualDirectory and Get-OwaMailboxPolicy, exported, would tell")
    on = [fact for fact in found if is_true(fact)]
    if on:
        return failed("OWA Light is enabled", on)
    return passed("OWA Light is disabled", found)


def mailbox_moves(known: Known) -> Said:
    """Answer the check MRSPROXY."""
    found = known.settings("WebServicesVirtualDirectory/", "/MRSProxyEnabled")
    on = [fact for fact in found if is_true(fact)]
    if known.has_fix("CVE-2026-62911"):
        more = "; MRSProxy is enabled, which moves of mailboxes need" if on else ""
        return passed(f"the build has the fix{more}", on)
    if on:
        return failed("MRSProxy is enabled and the build lacks the fix", on)
    if found:
        return passed("MRSProxy is disabled", found)
    return cannot_tell("Get-WebServicesVirtualDirectory, exported, would tell")
