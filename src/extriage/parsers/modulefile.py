r"""Libraries that IIS, Exchange's transport or LSASS would load, by what they are made for.

What a library offers tells its role: a native module of IIS must export `RegisterModule`, an ISAPI
filter `HttpFilterProc`, a module of .NET implements `IHttpModule`. Looked at are libraries below
inetsrv, the web roots, the transport agents and folders that everybody can write to. `Signature`
says whether the file carries an Authenticode signature, which nobody verified here; many files of
Windows carry none because a catalog signs them. `Built` is the linker's own stamp, in UTC: anybody
can set it. References: Microsoft, "PE Format" and "Native-Code Development Overview" of IIS;
ECMA-335, partition II.
"""

import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from extriage.model.state import Fact, Subject
from extriage.parsers.base import Document, DocumentError, DocumentReader
from extriage.parsers.binary import resource_text, version_resource
from extriage.parsers.statement import Source

KIND = "module-file"
NONE, EMBEDDED, DAMAGED = "none", "embedded, not verified", "damaged"
_PLACES = re.compile(
    r"[\\/](?:inetsrv|frontend[\\/]httpproxy|clientaccess|inetpub|aspnet_client"
    r"|transportroles[\\/]agents|windows[\\/]temp|temp|perflogs|users[\\/]public|\$recycle\.bin"
    r"|programdata(?![\\/](?:microsoft|package cache)[\\/]))[\\/]",
    re.IGNORECASE,
)
_COMPILED = re.compile(
    r"[\\/]temporary asp\.net files[\\/]|[\\/]app_[a-z]{3,20}[._-]", re.IGNORECASE
)
_EXPORTS = {
    "RegisterModule": "iis-native-module",
    "HttpFilterProc": "isapi-filter",
    "HttpExtensionProc": "isapi-extension",
    "InitializeChangeNotify": "password-filter",
    "SpLsaModeInitialize": "security-package",
    "NPLogonNotify": "network-provider",
}
_BASES = {
    "IHttpModule": "iis-net-module",
    "IHttpHandler": "iis-net-handler",
    "IHttpAsyncHandler": "iis-net-handler",
    "IHttpHandlerFactory": "iis-net-handler",
    "VirtualPathProvider": "virtual-path-provider",
    "SmtpReceiveAgentFactory": "transport-agent",
    "RoutingAgentFactory": "transport-agent",
    "DeliveryAgentFactory": "transport-agent",
}
_MARKS = {name: f"\0{name}\0".encode() for name in _BASES}
_NET_LIMIT = 16 << 20
"""Larger assemblies are not looked into; back doors are small."""
_ROWS = 50_000
_EXPORT, _SECURITY, _NET = 0, 4, 14
"""Places among the data directories."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CERTIFICATE = struct.Struct("<IHH")


def accepts(head: bytes, path: str) -> bool:
    """Tell a library in a place from which IIS or Exchange loads code, or where none belongs."""
    if not head.startswith(b"MZ") or not path.lower().endswith(".dll"):
        return False
    place = f"/{path}"
    return bool(_PLACES.search(place)) and not _COMPILED.search(place)


def read(document: Document) -> Iterator[Fact]:
    """Yield what the library is; DocumentError if it is no readable program file."""
    import pefile  # noqa: PLC0415  # only needed when such a file is met

    try:
        image = pefile.PE(data=document.data, fast_load=True)
        properties = _described(image, document.data)
    except Exception as error:
        # NOTE: the library is not proof against every damaged header.
        raise DocumentError(f"is no readable program file ({type(error).__name__})") from error
    path = document.path.replace("/", "\\")
    told = {"Path": path, "FileName": path.rpartition("\\")[2], **properties}
    value = f"{told['Role']}; signature {told['Signature']}; {told['Company'] or 'no company'}"
    yield Source(KIND, document.path).told(Subject.PROGRAM_FILE, path, value, 1, told)


def _described(image: Any, data: bytes) -> dict[str, str]:
    try:
        resource = version_resource(image)
    except DocumentError:
        resource = b""
    roles = {*_exported(image)} or {*_implemented(image, data)}
    return {
        "Role": ", ".join(sorted(roles)) or "library",
        "Signature": _signature(image, data),
        "Company": resource_text(resource, "CompanyName"),
        "OriginalName": resource_text(resource, "OriginalFilename"),
        "Built": _built(image.FILE_HEADER.TimeDateStamp),
    }


def _exported(image: Any) -> Iterator[str]:
    """Yield the roles that the exported functions give a native library."""
    image.parse_data_directories(directories=[_EXPORT])
    table = getattr(image, "DIRECTORY_ENTRY_EXPORT", None)
    for symbol in table.symbols if table else ():
        role = _EXPORTS.get((symbol.name or b"").decode("latin-1"))
        if role:
            yield role


def _implemented(image: Any, data: bytes) -> Iterator[str]:
    """Yield the roles that the types of an assembly give it."""
    if not image.OPTIONAL_HEADER.DATA_DIRECTORY[_NET].VirtualAddress or len(data) > _NET_LIMIT:
        return
    named = [name for name, mark in _MARKS.items() if mark in data]
    if not named:
        return
    import dnfile  # noqa: PLC0415  # slow to import, rarely needed

    make: Any = dnfile.dnPE
    tables = make(data=data, clr_lazy_load=True).net.mdtables
    for row in _rows(tables.InterfaceImpl):
        yield from _role(row.Interface)
    for row in _rows(tables.TypeDef):
        yield from _role(row.Extends)


def _rows(table: Any) -> Iterator[Any]:
    for count, row in enumerate(table.rows if table else ()):
        if count == _ROWS:
            return
        yield row


def _role(reference: Any) -> Iterator[str]:
    named = getattr(getattr(reference, "row", None), "TypeName", "")
    if role := _BASES.get(str(named)):
        yield role


def _signature(image: Any, data: bytes) -> str:
    """Tell whether a signature is in the file; whether it holds is not looked at."""
    directory = image.OPTIONAL_HEADER.DATA_DIRECTORY[_SECURITY]
    at, size = directory.VirtualAddress, directory.Size
    if not at or not size:
        return NONE
    if at + _CERTIFICATE.size > len(data):
        return DAMAGED
    length, _, kind = _CERTIFICATE.unpack_from(data, at)
    return EMBEDDED if kind == 2 and 8 < length <= len(data) - at else DAMAGED


def _built(stamp: int) -> str:
    built = _EPOCH + timedelta(seconds=stamp)
    return built.strftime("%Y-%m-%dT%H:%M:%SZ") if 1995 <= built.year <= 2040 else ""


READER = DocumentReader(accepts, read, 64 << 20)
