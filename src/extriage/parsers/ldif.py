"""LDIF: objects of Active Directory as `ldifde` or `ldapsearch` exported them (RFC 2849).

Of interest are the schema class and version that Exchange needs, the container that Exchange keeps
in each domain, groups, and virtual directories, whose URLs outlive the files that were made of
them. They are handed out like the same objects of PowerShell.
"""

import base64
import binascii
import io
import re
from collections.abc import Iterator

from extriage.parsers.clixml import Bag, Values
from extriage.parsers.text import text_of

_DN = re.compile(
    rb"(?:version:[^\n]{0,20}\n)?(?:#[^\n]{0,200}\n|\r?\n){0,20}dn::? ?\S", re.IGNORECASE
)
_SCHEMA = re.compile(r"CN=ms-Exch-(?:Storage-Group|Schema-Version-Pt),CN=Schema,", re.IGNORECASE)
_CONTAINER = re.compile(r"CN=Microsoft Exchange System Objects,(DC=.{1,500})$", re.IGNORECASE)
_SERVER = re.compile(r",CN=Protocols,CN=([^,=]{1,63}),CN=Servers,", re.IGNORECASE)
_URLS = {"internalurl": "msexchinternalhostname", "externalurl": "msexchexternalhostname"}
_DIRECTORIES = {
    "msexchoabvirtualdirectory": "ADOabVirtualDirectory",
    "msexchowavirtualdirectory": "ADOwaVirtualDirectory",
    "msexchecpvirtualdirectory": "ADEcpVirtualDirectory",
    "msexchwebservicesvirtualdirectory": "ADWebServicesVirtualDirectory",
    "msexchmobilevirtualdirectory": "ADMobileVirtualDirectory",
    "msexchautodiscovervirtualdirectory": "ADAutodiscoverVirtualDirectory",
    "msexchmapivirtualdirectory": "ADMapiVirtualDirectory",
    "msexchpowershellvirtualdirectory": "ADPowerShellVirtualDirectory",
    "msexchrpchttpvirtualdirectory": "ADRpcHttpVirtualDirectory",
}
"""How the directory calls the classes of virtual directories, and how PowerShell does."""
_MANY = 2_000
"""Values of one object that are read."""


def is_ldif(head: bytes) -> bool:
    """Tell whether a text begins like an export of a directory."""
    return _DN.match(head.lstrip()) is not None


def ldif_bags(data: bytes) -> Iterator[Bag]:
    """Yield the objects of interest."""
    for line, entry in _entries(text_of(data)):
        bag = _bag(line, entry)
        if bag is not None:
            yield bag


def _entries(text: str) -> Iterator[tuple[int, Values]]:
    entry: Values = {}
    start, count, last = 1, 0, ""
    for number, raw in enumerate(io.StringIO(f"{text}\n\n"), start=1):
        row = raw.rstrip("\r\n")
        if not row.strip():
            if entry:
                yield start, entry
            entry, count, last = {}, 0, ""
        elif row[0] == " " and last:
            entry[last][-1] = (entry[last][-1] + row[1:])[:8192]
        elif row[0] != "#" and ":" in row and count < _MANY:
            start = start if entry else number
            name, _, value = row.partition(":")
            last, count = name.strip().lower(), count + 1
            entry.setdefault(last, []).append(value.lstrip())


def _bag(line: int, entry: Values) -> Bag | None:
    values = {name: [_plain(value) for value in held] for name, held in entry.items()}
    dn = values.get("dn", [""])[0]
    if _SCHEMA.match(dn):
        held = {f"properties.{name}": value for name, value in values.items()}
        return Bag(frozenset({"SearchResult"}), line, {"path": [f"LDAP://{dn}"], **held})
    found = _CONTAINER.match(dn)
    if found and "objectversion" in values:
        name = found[1][3:].replace(",DC=", ".").replace(",dc=", ".")
        version = values["objectversion"]
        shape = {"domainname": [name], "domaindn": [found[1]], "mesoobject.objectversion": version}
        return Bag(frozenset(), line, shape)
    classes = {kind.lower() for kind in values.get("objectclass", [])}
    if "group" in classes:
        name = values.get("samaccountname", [dn.split(",", 1)[0][3:]])[0]
        return Bag(frozenset({"ADGroup"}), line, {"name": [name]})
    if any(name in values for name in _URLS.values()) or classes & _DIRECTORIES.keys():
        return _virtual_directory(line, dn, values, classes)
    return None


def _virtual_directory(line: int, dn: str, values: Values, classes: set[str]) -> Bag:
    kinds = {kind for name, kind in _DIRECTORIES.items() if name in classes}
    told = {name: values[attribute] for name, attribute in _URLS.items() if attribute in values}
    told["identity"], told["name"] = [dn], values.get("name", [dn.split(",", 1)[0][3:]])
    if server := _SERVER.search(dn):
        told["server"] = [server[1]]
    return Bag(frozenset(kinds or {"VirtualDirectory"}), line, {**values, **told})


def _plain(value: str) -> str:
    """Decode what stands behind a second colon: it is base64."""
    if not value.startswith(":"):
        return value
    try:
        return base64.b64decode(value[1:].strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
