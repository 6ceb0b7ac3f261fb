"""What an exported object of PowerShell says of a server's state, by the kind of object.

The same objects come as CLIXML, as lists, as CSV or JSON, from the cmdlets themselves or inside
HealthChecker's file. Settings keep Microsoft's names: `OrganizationConfig/EnableDownloadDomains`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from extriage.model.state import Fact, Subject
from extriage.parsers.clixml import Bag
from extriage.parsers.directory import domain, group, schema_class
from extriage.parsers.exportobjects import noun, object_facts
from extriage.parsers.overrides import diagnostics, setting_override
from extriage.parsers.statement import Source, short_name

_VERSION = re.compile(r"Version (\d{1,3})\.(\d{1,3}) \(Build (\d{1,6})\.(\d{1,6})\)")
_SERIAL = 30_000
"""The directory stores build 2375 as 32375."""
_LONGEST = 300
"""Characters of a file's path that are kept."""
_NUMBERS = re.compile(r"\s*(\d{1,5})\.(\d{1,5})\.(\d{1,5})\.(\d{1,5})")
_PARTS = ("FileMajorPart", "FileMinorPart", "FileBuildPart", "FilePrivatePart")

Reading = Callable[[Bag, Source], Iterator[Fact]]


@dataclass(frozen=True, slots=True)
class Exported:
    """Which properties of a kind of object are told, and which server it belongs to."""

    label: str
    properties: tuple[str, ...]
    identity: str = ""
    """The property that tells objects of the kind apart."""
    server: str = ""


EXPORTED: Mapping[str, Exported] = {
    "OrganizationConfig": Exported(
        "OrganizationConfig",
        ("EnableDownloadDomains", "MitigationsEnabled", "ObjectVersion"),
    ),
    "ADOwaVirtualDirectory": Exported(
        "OwaVirtualDirectory",
        ("ExternalDownloadHostName", "InternalDownloadHostName", "ExternalUrl", "InternalUrl")
        + ("OWALightEnabled", "ExtendedProtectionTokenChecking"),
        "Name",
        "Server",
    ),
    "ADWebServicesVirtualDirectory": Exported(
        "WebServicesVirtualDirectory",
        ("MRSProxyEnabled", "ExtendedProtectionTokenChecking"),
        "Name",
        "Server",
    ),
    "OwaMailboxPolicy": Exported("OwaMailboxPolicy", ("OWALightEnabled",), "Name"),
    "ExchangeServer": Exported(
        "ExchangeServer", ("MitigationsEnabled", "ServerRole", "IsEdgeServer"), "Name", "Name"
    ),
    "AuthConfig": Exported(
        "AuthConfig", ("CurrentCertificateThumbprint", "NextCertificateEffectiveDate")
    ),
    "AuthServer": Exported(
        "AuthServer", ("ApplicationIdentifier", "Type", "Enabled", "AuthMetadataUrl"), "Name"
    ),
    "PartnerApplication": Exported(
        "PartnerApplication", ("ApplicationIdentifier", "Enabled", "UseAuthServer"), "Name"
    ),
    "HybridConfiguration": Exported("HybridConfiguration", ("Name", "Features", "ServiceInstance")),
}
"""By the short name of the class."""


def _properties(kind: Exported) -> Reading:
    def read(bag: Bag, source: Source) -> Iterator[Fact]:
        server = short_name(bag.one(kind.server)) if kind.server else ""
        source = replace(source, computer=server or source.computer)
        yield from _admin_version(bag, source)
        yield from _mitigations(bag, source)
        identity = bag.one(kind.identity) if kind.identity else ""
        label = f"{kind.label}/{identity}" if identity else kind.label
        for name in kind.properties:
            if bag.has(name):
                value = ", ".join(bag.all(name)[:20])
                yield source.fact(Subject.SETTING, f"{label}/{name}", value, bag.at(name))

    return read


def _admin_version(bag: Bag, source: Source) -> Iterator[Fact]:
    """Read `Version 15.1 (Build 2375.7)`, which never shows a security update."""
    text = bag.one("AdminDisplayVersion")
    if found := _VERSION.search(text):
        major, minor, build, revision = map(int, found.groups())
        build -= _SERIAL if build > _SERIAL else 0
        value = f"{major}.{minor}.{build}.{revision}"
        yield source.fact(
            Subject.CU_BUILD, "AdminDisplayVersion", value, bag.at("AdminDisplayVersion"), text
        )


def _mitigations(bag: Bag, source: Source) -> Iterator[Fact]:
    for name, state in (("MitigationsApplied", "applied"), ("MitigationsBlocked", "blocked")):
        for mitigation in bag.all(name)[:50]:
            if mitigation:
                yield source.fact(Subject.MITIGATION, mitigation, state, bag.at(name))


def _emergency_service(bag: Bag, source: Source) -> Iterator[Fact]:
    """Read what HealthChecker saw of the Emergency Mitigation Service."""
    server = source.computer or "server"
    names = (
        ("MitigationServiceOrgState", "OrganizationConfig/MitigationsEnabled"),
        ("MitigationServiceSrvState", f"ExchangeServer/{server}/MitigationsEnabled"),
        ("MitigationWinServiceState", "Service/MSExchangeMitigation/Status"),
    )
    for name, setting in names:
        if bag.one(name):
            yield source.fact(Subject.SETTING, setting, bag.one(name), bag.at(name))
    yield from _mitigations(bag, source)


def _file_version(bag: Bag, source: Source) -> Iterator[Fact]:
    path = (bag.one("FileName") or bag.one("OriginalFilename")).replace("/", "\\")
    name = path.rsplit("\\", 1)[-1] or ("ExSetup.exe" if bag.key == "exsetup" else "")
    exchange = "exchange" in bag.one("ProductName").lower()
    for fact in _version(bag, source, name, exchange=exchange):
        # NOTE: where the file lies tells whether it is the installed one.
        version = fact.text.rpartition(": ")[2]
        yield replace(fact, text=f"{path[:_LONGEST] or name}: {version}")


def _version(bag: Bag, source: Source, name: str, exchange: bool) -> Iterator[Fact]:
    numbers = [bag.one(part) for part in _PARTS]
    found = _NUMBERS.match(bag.one("FileVersion"))
    if found and not all(number.isdecimal() for number in numbers):
        numbers = [*found.groups()]
    if name and all(number.isdecimal() and len(number) < 6 for number in numbers):
        own = exchange or name.lower() == "exsetup.exe"
        subject = Subject.BUILD if own else Subject.FILE_VERSION
        value = ".".join(str(int(number)) for number in numbers)
        text = f"{name}: {bag.one('FileVersion') or value}"
        yield source.fact(subject, name, value, bag.at("FileBuildPart"), text)


def _setup(bag: Bag, source: Source) -> Iterator[Fact]:
    """Read HealthChecker's own note of ExSetup.exe."""
    yield from _version(bag, source, "ExSetup.exe", exchange=True)


def _library(bag: Bag, source: Source) -> Iterator[Fact]:
    """Read a version that is filed under the name of a library: `System.Data.dll`."""
    if not bag.key.endswith((".dll", ".exe")):
        return
    inner = {
        name.removeprefix("versioninfo."): values
        for name, values in bag.values.items()
        if name.startswith("versioninfo.")
    }
    yield from _version(replace(bag, values=inner), source, bag.key, exchange=False)


def _hotfix(bag: Bag, source: Source) -> Iterator[Fact]:
    source = replace(source, computer=short_name(bag.one("CSName")) or source.computer)
    name = bag.one("HotFixID")
    if re.fullmatch(r"KB\d{1,9}", name):
        text = f"{name}, {bag.one('Description')}, installed on {bag.one('InstalledOn')}"
        yield source.fact(Subject.UPDATE, name, "installed", bag.at("HotFixID"), text)


def _signature(bag: Bag, source: Source) -> Iterator[Fact]:
    path, status = bag.one("Path"), bag.one("Status")
    signer = _signer(bag.one("SignerCertificate"))
    if path and status:
        value = "; ".join(filter(None, (status, signer)))
        yield source.fact(Subject.SIGNATURE, path, value, bag.at("Status"))


def _signer(text: str) -> str:
    r"""Take the subject out of a certificate as text: `[Subject]\r\n  CN=…\r\n\r\n[Issuer] …`."""
    found = re.match(r"\[Subject\]\s{1,20}([^\r\n]{1,500})", text)
    return found[1].strip() if found else text.strip()[:500]


def _module(bag: Bag, source: Source) -> Iterator[Fact]:
    """Read one native module of IIS as HealthChecker lists it."""
    name, path = bag.one("Name"), bag.one("Path")
    yield source.fact(Subject.IIS_MODULE, name, path, bag.at("Path"))
    signed = bag.one("Signed").lower()
    status = bag.one("SignatureDetails.SignatureStatus") or (
        "" if signed == "true" else "NotSigned"
    )
    signer = bag.one("SignatureDetails.Signer")
    if signed:
        value = "; ".join(filter(None, (status, signer)))
        yield source.fact(
            Subject.SIGNATURE, path, value, bag.at("Signed"), f"{name} {path}: {value}"
        )


def _protection(bag: Bag, source: Source) -> Iterator[Fact]:
    """Read one directory's Extended Protection as HealthChecker lists it."""
    if bag.one("Configuration.ValidPath").lower() != "false":
        name = bag.one("VirtualDirectoryName")
        value = bag.one("ExtendedProtection") or "None"
        yield source.fact(Subject.EXTENDED_PROTECTION, name, value, bag.at("ExtendedProtection"))
        flags = bag.one("Configuration.SslSettings.Value")
        if flags:
            yield source.fact(Subject.SETTING, f"IIS/{name}/sslFlags", flags, bag.line)
        unlisted = bag.one("Configuration.MitigationSettings.AllowUnlisted")
        if unlisted:
            listed = f"allowUnlisted={unlisted}"
            yield source.fact(Subject.SETTING, f"IIS/{name}/ipSecurity", listed, bag.line)


def _service(bag: Bag, source: Source) -> Iterator[Fact]:
    name = bag.one("ServiceName") or bag.one("Name")
    if name.lower() != "msexchangemitigation":
        return
    source = replace(source, computer=short_name(bag.one("MachineName")) or source.computer)
    for part in ("Status", "StartType"):
        if bag.one(part):
            yield source.fact(
                Subject.SETTING, f"Service/{name}/{part}", bag.one(part), bag.at(part)
            )


READINGS: Mapping[str, Reading] = {
    **{name: _properties(kind) for name, kind in EXPORTED.items()},
    "SettingOverride": setting_override,
    "ExchangeDiagnosticInfoResult": diagnostics,
    "FileVersionInfo": _file_version,
    "Win32_QuickFixEngineering": _hotfix,
    "SearchResult": schema_class,
    "Signature": _signature,
    "ServiceController": _service,
    "ADGroup": group,
}
"""By the short name of the class."""
SHAPES: tuple[tuple[frozenset[str], Reading], ...] = (
    (frozenset({"name", "path", "signed", "signaturedetails"}), _module),
    (frozenset({"virtualdirectoryname", "extendedprotection", "configuration"}), _protection),
    (frozenset({"lastwritetimeutc", "versioninfo"}), _library),
    (frozenset({"domainname", "domaindn", "mesoobject"}), domain),
    (frozenset({"name", "distinguishedname", "scope", "membercount"}), group),
    (frozenset({"mitigationservicesrvstate", "mitigationsapplied"}), _emergency_service),
)
"""Objects without a class of their own, by the properties that they have."""
_SHARED = frozenset({*EXPORTED, "SettingOverride", "SearchResult", "ADGroup"})
"""Objects of the directory, which any server can hand out."""
_SETUP = "exsetup", "exchangesetup"


def wanted(types: frozenset[str], names: frozenset[str]) -> bool:
    """Tell whether an object says anything that is asked for."""
    if not types.isdisjoint(READINGS) or noun(types):
        return True
    return "filebuildpart" in names or any(shape <= names for shape, _ in SHAPES)


def _asked(bag: Bag) -> str:
    """Return the server that an object was fetched from by `Invoke-Command`, if it is about it.

    Exchange's own remote shell names the server that it talked to in the same property, and what
    that one says of the organisation and of other servers is as true of all.
    """
    if not bag.types.isdisjoint(_SHARED):
        return ""
    name = bag.one("PSComputerName")
    plain = name.replace(".", "").isdecimal() or name.lower() == "localhost"
    return "" if plain else short_name(name)


def facts(bag: Bag, source: Source) -> Iterator[Fact]:
    """Yield what one object says, and the object itself if rules ask for such."""
    yield from object_facts(bag, source)
    if asked := _asked(bag):
        source = replace(source, computer=asked)
    for kind in sorted(bag.types & READINGS.keys()):
        yield from READINGS[kind](bag, source)
        return
    names = frozenset(name.split(".", 1)[0] for name in bag.values)
    for shape, reading in SHAPES:
        if shape <= names:
            yield from reading(bag, source)
            return
    if bag.key in _SETUP:
        yield from _setup(bag, source)


def collected(fact: Fact, time: datetime | None) -> Fact:
    """Date a fact by the moment at which it was collected, if it has no time of its own."""
    known = time is not None and fact.time is None
    return replace(fact, time=time.astimezone(UTC)) if known and time else fact
