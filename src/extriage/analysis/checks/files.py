"""Checks that a file answers: versions of Windows' libraries, and the malware filter's settings.

Floors of versions are those of Microsoft's updates: .NET of June 2020 (CVE-2020-1147), Windows of
August to October 2023 (CVE-2023-36434).
"""

from collections.abc import Iterable

from extriage.analysis.checks.known import (
    Known,
    Said,
    cannot_tell,
    failed,
    listed,
    passed,
)
from extriage.knowledge.builds import number
from extriage.model.state import Fact, Subject

TOKEN_CACHE = "TokenCacheModule"
_LIBRARY = "cachtokn.dll"
_TOKEN_FLOORS = {9200: 24514, 9600: 21613, 14393: 6343, 17763: 4968, 20348: 2029}
"""By the build of Windows: the first fixed revision."""
_NOT_AFFECTED = 26100
"""Build of Windows Server 2025, which came with the fix."""
_DOTNET = ("system.data.dll", "system.configuration.dll")
_DOTNET_48, _DOTNET_OLDER = 4190, 3630
"""First fixed builds of .NET Framework 4.8 and of the versions before."""

_SWITCHED_OFF = "CVE-2024-26198"
"""Fixed by the update of March 2024, which switched the document module off (ADV24199947)."""


def token_cache(known: Known) -> Said:
    """Answer the check TOKENCACHE."""
    modules = known.about(Subject.IIS_MODULE)
    versions = _versions(known, (_LIBRARY,))
    loaded = [fact for fact in modules if fact.name.lower() == TOKEN_CACHE.lower()]
    if modules and not loaded:
        return passed(
            f"{TOKEN_CACHE} is not loaded: most likely an administrator ran Microsoft's script",
            modules[:1],
        )
    if not versions:
        what = f"the version of {_LIBRARY}" if loaded else f"applicationHost.config and {_LIBRARY}"
        return cannot_tell(f"{what} in System32\\inetsrv would tell", loaded)
    judged = [_token_library(fact) for fact in versions]
    if None in judged:
        return cannot_tell(f"{_LIBRARY} is of a Windows build whose fix is not known", versions)
    if all(judged):
        return passed(f"{_LIBRARY} {versions[0].value} has the fix", (*loaded, *versions))
    if not modules:
        return cannot_tell(
            f"{_LIBRARY} is old; applicationHost.config would tell whether it is loaded", versions
        )
    return failed(f"{TOKEN_CACHE} is loaded and {_LIBRARY} lacks the fix", (*loaded, *versions))


def _token_library(fact: Fact) -> bool | None:
    found = number(fact.value)
    if found is None:
        return None
    _, _, build, revision = found
    if build >= _NOT_AFFECTED:
        return True
    return revision >= _TOKEN_FLOORS[build] if build in _TOKEN_FLOORS else None


def dotnet(known: Known) -> Said:
    """Answer the check DOTNET."""
    versions = _versions(known, _DOTNET)
    if not versions:
        return cannot_tell("the version of .NET's System.Data.dll would tell")
    old = [fact for fact in versions if not _fixed_dotnet(fact)]
    if old:
        names = listed(f"{fact.name} {fact.value}" for fact in old)
        return failed(f"the .NET Framework lacks the update of June 2020: {names}", old)
    return passed("the .NET Framework has the update of June 2020", versions)


def _fixed_dotnet(fact: Fact) -> bool:
    found = number(fact.value)
    return found is not None and found[2] >= (_DOTNET_48 if found[1] >= 8 else _DOTNET_OLDER)


def fip_fs(known: Known) -> Said:
    """Answer the check FIPFS."""
    overrides = known.settings("FIP-FS/override")
    read = known.settings("FIP-FS/Configuration.xml")
    fixed = False if known.product == "2013" else known.has_fix(_SWITCHED_OFF)
    if fixed is False:
        return failed("the build still uses the module that the update of March 2024 switched off")
    if overrides:
        return failed("the document module was switched on again for some types", overrides)
    if not read:
        return cannot_tell("Configuration.xml of FIP-FS would tell")
    if fixed is None:
        return cannot_tell("no type is switched on again, but the build is not known", read)
    return passed("no document type is switched on again", read)


def _versions(known: Known, names: Iterable[str]) -> tuple[Fact, ...]:
    low = frozenset(names)
    found = (fact for fact in known.about(Subject.FILE_VERSION) if fact.name.lower() in low)
    seen: dict[tuple[str, str], Fact] = {}
    for fact in found:
        seen.setdefault((fact.name.lower(), fact.value), fact)
    return tuple(seen.values())
