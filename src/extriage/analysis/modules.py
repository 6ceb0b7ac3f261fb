r"""Native modules of IIS: DLLs that see every request, a favourite place to come back from.

A module is suspicious when its file is not signed, when the signature does not hold, when somebody
other than Microsoft signed it, or, without any signature at hand, when it lies where neither
Windows nor Exchange puts modules. Vendors of filters and monitors sign theirs: a suspicion asks for
a look, it is no proof.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from extriage.model.state import Fact, Proof, Subject

_VARIABLES = (
    (re.compile(r"%(?:windir|systemroot)%", re.IGNORECASE), r"c:\\windows"),
    (re.compile(r"%systemdrive%", re.IGNORECASE), "c:"),
    (re.compile(r"%programfiles%", re.IGNORECASE), r"c:\\program files"),
)
_INETSRV = re.compile(r"^[a-z]:\\windows\\(?:system32|syswow64)\\inetsrv\\([^\\]+)$")
_USUAL = re.compile(
    r"^[a-z]:\\windows\\microsoft\.net\\framework(?:64)?\\v[\d.]+\\webengine4?\.dll$"
    r"|^[a-z]:\\windows\\(?:system32|syswow64)\\(?:rpcproxy\\rpcproxy|wsmsvc)\.dll$"
)
_OF_EXCHANGE = (
    r"\bin\kerbauth.dll",
    r"\frontend\httpproxy\bin\exppw.dll",
    r"\clientaccess\owa\auth\exppw.dll",
)
"""Exchange's own modules, below the folder where it is installed."""
_INSTALLED = re.compile(r"^(.{1,200}?)\\(?:frontend\\httpproxy|clientaccess)(?:\\|$)")
_DEFAULT_INSTALL = r"c:\program files\microsoft\exchange server\v15"
_OF_WINDOWS = re.compile(
    r"(?:alprovider|auth(?:anon|bas|cert|map|md5|sspi)|cach(?:file|http|tokn|uri)|cgi|comp(?:dyn|stat)"
    r"|custerr|defdoc|(?:d?iprestr)|dirlist|filter|iis(?:_ssi|etw|fcgi|freb|reqs|wsock)"
    r"|isapi|log(?:cust|http)|modrqflt|protsup|redirect|requestrouter|rewrite|static|urlauthz|validcfg"
    r"|warmup|webdav)\.dll"
)
"""Modules that Windows and Microsoft's own extensions put into inetsrv."""
_MICROSOFT = re.compile(r"(?:^|,)\s{0,4}O=\"?Microsoft Corporation\"?\s{0,4}(?:,|$)")
VALID = "valid"


class ModuleVerdict(StrEnum):
    """What is to be thought of a native module."""

    SUSPICIOUS = "suspicious"
    MICROSOFT = "signed-by-microsoft"
    USUAL = "usual-place"
    """Known name in its usual place; no signature was at hand."""
    CANNOT_TELL = "cannot-tell"


@dataclass(frozen=True, slots=True)
class Module:
    """A native module, or a signature of a file that may be one."""

    name: str
    path: str
    verdict: ModuleVerdict
    reason: str
    proofs: tuple[Proof, ...]


def judge_modules(facts: Iterable[Fact]) -> tuple[Module, ...]:
    """Judge every native module of a server, and every signature that was exported alone."""
    known = tuple(facts)
    signatures: dict[str, list[Fact]] = {}
    for fact in known:
        if fact.subject is Subject.SIGNATURE:
            signatures.setdefault(_plain(fact.name), []).append(fact)
    modules: dict[tuple[str, str], Module] = {}
    usual, used = _places(known), set[str]()
    for fact in known:
        if fact.subject is Subject.IIS_MODULE:
            place = _plain(fact.value)
            used.add(place)
            signed = signatures.get(place, [])
            module = _judge(fact.name, fact.value, signed, fact, usual=place in usual)
            modules.setdefault((fact.name, place), module)
    for place, signed in signatures.items():
        if place not in used:
            name = place.rsplit("\\", 1)[-1]
            modules.setdefault((name, place), _judge(name, signed[0].name, signed, None))
    return tuple(modules[key] for key in sorted(modules))


def _places(facts: Iterable[Fact]) -> set[str]:
    """Return where Exchange's modules lie, below where the sites show that it is installed."""
    folders = (
        _INSTALLED.match(_plain(fact.value))
        for fact in facts
        if fact.subject is Subject.VIRTUAL_DIRECTORY
    )
    installs = {found[1] for found in folders if found} | {_DEFAULT_INSTALL}
    return {install + own for install in installs for own in _OF_EXCHANGE}


def _judge(
    name: str, path: str, signed: list[Fact], loaded: Fact | None, *, usual: bool = False
) -> Module:
    sources = (*([loaded] if loaded else []), *signed)
    proofs = tuple(Proof(fact.origin.path, fact.origin.line, fact.text) for fact in sources)
    if signed:
        reasons = [reason for fact in signed if (reason := _unsigned(fact.value))]
        if reasons:
            return Module(name, path, ModuleVerdict.SUSPICIOUS, reasons[0], proofs)
        return Module(name, path, ModuleVerdict.MICROSOFT, "signed by Microsoft", proofs)
    verdict, reason = _by_place(_plain(path), usual=usual)
    return Module(name, path, verdict, reason, proofs)


def _unsigned(value: str) -> str:
    """Say what is wrong with a signature; empty if nothing is."""
    status, _, signer = value.partition(";")
    if status.strip().lower() == "notsigned":
        return "the file is not signed"
    if status.strip().lower() != VALID:
        return f"its signature does not hold: {status.strip()}"
    if not _MICROSOFT.search(signer):
        return f"signed by somebody other than Microsoft: {signer.strip() or 'unknown'}"
    return ""


def _by_place(path: str, *, usual: bool) -> tuple[ModuleVerdict, str]:
    inside = _INETSRV.match(path)
    if usual or _USUAL.match(path) or (inside and _OF_WINDOWS.fullmatch(inside[1])):
        return ModuleVerdict.USUAL, "known name in its usual place; its signature was not seen"
    if inside:
        return (
            ModuleVerdict.CANNOT_TELL,
            "in the folder of IIS, but no known module of Windows: its signature would tell",
        )
    return ModuleVerdict.SUSPICIOUS, "lies where neither Windows nor Exchange keeps modules"


def _plain(path: str) -> str:
    """Write a path in one way, so that module and signature meet."""
    text = path.strip().strip('"').replace("/", "\\")
    for variable, value in _VARIABLES:
        text = variable.sub(value, text)
    return text.lower()
