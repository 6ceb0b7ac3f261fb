"""Extended Protection: does every directory bind a Windows logon to its TLS connection?

Without it a logon can be relayed (CVE-2024-21410 and five of 2022), patched or not. Which value
each directory of each site needs is Microsoft's list, in its documentation of Extended Protection
for Exchange and in the script that sets it. The front end's Autodiscover and PowerShell stay at
`None` by design; a back end's EWS may stay at `None` when only listed addresses reach it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from extriage.analysis.checks.known import (
    Known,
    Said,
    cannot_tell,
    failed,
    in_force,
    listed,
    passed,
)
from extriage.model.state import Fact, Subject

FRONT, BACK = "default web site", "exchange back end"
_RANK = {"none": 0, "allow": 1, "require": 2}
_WORDS = ("None", "Allow", "Require")
NEEDED: Mapping[str, int] = {
    **dict.fromkeys((f"{FRONT}/{name}" for name in ("owa", "ecp", "api", "mapi", "rpc")), 2),
    **dict.fromkeys(
        (f"{FRONT}/{name}" for name in ("ews", "microsoft-server-activesync", "oab")), 1
    ),
    f"{FRONT}/autodiscover": 0,
    f"{FRONT}/powershell": 0,
    **dict.fromkeys(
        (
            f"{BACK}/{name}"
            for name in ("api", "ecp", "ews", "microsoft-server-activesync", "oab", "owa")
            + ("powershell", "rpc", "rpcwithcert", "pushnotifications", "mapi/emsmdb", "mapi/nspi")
        ),
        2,
    ),
    f"{BACK}/autodiscover": 0,
}
"""The lowest value that protects, by directory."""
FILTERED = f"{BACK}/ews"
"""The one directory for which Microsoft supports a filter of addresses instead."""
_FILE = "applicationHost.config (%windir%\\System32\\inetsrv\\config) tells"
_SINCE = "CVE-2022-21979"
"""Fixed by the update of August 2022, the first that supports Extended Protection."""


class Setup(StrEnum):
    """How Extended Protection is set up on a server."""

    CONFIGURED = "configured"
    FILTERED = "configured, with a filter of addresses"
    MISCONFIGURED = "misconfigured"
    NOT_CONFIGURED = "not configured"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Protection:
    """What the directories say together."""

    setup: Setup
    judged: tuple[Fact, ...] = ()
    weak: tuple[Fact, ...] = ()
    """Directories below what protects."""
    filtered: tuple[Fact, ...] = ()
    plain: tuple[str, ...] = ()
    """Directories that demand the binding and yet do not demand TLS."""


def judge_protection(facts: Iterable[Fact]) -> Protection:
    """Judge the directories of one server's IIS."""
    return _judge(in_force(tuple(facts)))


def _judge(known: Sequence[Fact]) -> Protection:
    values = _values(known)
    judged = tuple(values[name] for name in NEEDED if name in values)
    if not judged:
        return Protection(Setup.UNKNOWN)
    filters = _filters(known)
    weak, filtered = list[Fact](), list[Fact]()
    for fact in judged:
        name = fact.name.lower()
        if _RANK.get(fact.value.lower(), 0) < NEEDED[name]:
            safe = name == FILTERED and name in filters
            (filtered if safe else weak).append(filters[name] if safe else fact)
    setup = _setup(judged, weak, filtered)
    return Protection(setup, judged, tuple(weak), tuple(filtered), _plain(known, judged))


def _setup(judged: tuple[Fact, ...], weak: list[Fact], filtered: list[Fact]) -> Setup:
    if all(fact.value.lower() == "none" for fact in judged):
        return Setup.NOT_CONFIGURED
    if weak:
        return Setup.MISCONFIGURED
    return Setup.FILTERED if filtered else Setup.CONFIGURED


def _values(facts: Iterable[Fact]) -> dict[str, Fact]:
    """Return one value for each directory: the file's before a script's, the weaker of two."""
    found: dict[str, Fact] = {}
    for fact in facts:
        if fact.subject is Subject.EXTENDED_PROTECTION:
            name = fact.name.lower()
            found[name] = min(found.get(name, fact), fact, key=_weight)
    return found


def _weight(fact: Fact) -> tuple[bool, int]:
    return fact.evidence != "iis-config", _RANK.get(fact.value.lower(), 0)


def _filters(facts: Iterable[Fact]) -> dict[str, Fact]:
    return {
        fact.name.lower().removeprefix("iis/").removesuffix("/ipsecurity"): fact
        for fact in facts
        if fact.name.lower().endswith("/ipsecurity")
        and fact.value.lower().startswith("allowunlisted=false")
    }


def _plain(facts: Iterable[Fact], judged: Iterable[Fact]) -> tuple[str, ...]:
    flags = {
        fact.name.lower().removeprefix("iis/").removesuffix("/sslflags"): fact.value.lower()
        for fact in facts
        if fact.name.lower().endswith("/sslflags")
    }
    bound = [fact.name for fact in judged if fact.value.lower() != "none"]
    words = {
        name: {part.strip() for part in flags.get(name.lower(), "").split(",")} for name in bound
    }
    # NOTE: PowerShell's front end is reached without TLS by design.
    return tuple(
        name
        for name in bound
        if name.lower() in flags
        and "ssl" not in words[name]
        and name.lower() != f"{FRONT}/powershell"
    )


def extended_protection(known: Known) -> Said:
    """Answer the check EP."""
    found = _judge(known.facts)
    supported = known.has_fix(_SINCE)
    if found.setup is Setup.UNKNOWN:
        return cannot_tell(f"no evidence shows Extended Protection: {_FILE} it")
    suppressed = [f for f in known.settings("", "/SuppressExtendedProtection") if f.value != "0"]
    if suppressed:
        return failed("Windows suppresses Extended Protection on this server", suppressed)
    if found.setup is Setup.NOT_CONFIGURED:
        return failed("Extended Protection is set on no directory", found.judged)
    if found.weak:
        names = listed(_wanting(fact) for fact in found.weak)
        return failed(f"Extended Protection is not set as it must be: {names}", found.weak)
    if supported is False:
        return failed(
            "Extended Protection is set, but the build is older than the update of August 2022 "
            "that supports it",
            found.judged,
        )
    broken = known.settings("IIS/complete")
    if any(fact.origin.path == found.judged[0].origin.path for fact in broken):
        return cannot_tell("the configuration file breaks off before all directories", broken)
    return passed(_good_note(found), (*found.filtered, *found.judged))


def _wanting(fact: Fact) -> str:
    needed = _WORDS[NEEDED[fact.name.lower()]]
    return f"{fact.name} is {fact.value}, needs {needed}"


def _good_note(found: Protection) -> str:
    note = f"Extended Protection is set as it must be on {len(found.judged)} directories"
    if found.filtered:
        note += "; EWS of the back end is None, but only listed addresses reach it"
    if found.plain:
        note += f"; TLS is not demanded for {listed(found.plain)}"
    return note
