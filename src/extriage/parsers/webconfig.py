"""web.config: what one web directory of Exchange runs, and how its requests are rewritten.

Some name the server in a response header, `X-FEServer` or `X-BEServer`. Mitigations write their
rewrite rules here, so the file tells of defence more often than of attack.
"""

import re
from collections.abc import Iterator

from extriage.model.state import Fact, Subject
from extriage.parsers.base import Document, DocumentError, DocumentReader
from extriage.parsers.iiselements import element_facts
from extriage.parsers.rewrite import RuleReader
from extriage.parsers.statement import Source, bounded, short_name
from extriage.parsers.text import BOM
from extriage.parsers.xmlstream import Start, elements, root_of

KIND = "web-config"
FRONT, BACK = "Default Web Site", "Exchange Back End"
_SERVER = re.compile(rb'name="X-(?:FE|BE)Server"\s{1,40}value="([^"<>]{1,64})"', re.I)
_PROTOCOL = re.compile(rb'key="HttpProxy\.ProtocolType"\s{1,40}value="(\w{1,40})"')
_SECTIONS = (b"<system.web>", b"<system.web ", b"<system.webserver", b"appdomainmanager")
_NAMES = ("web.config", "webconfig.config")
_PARTS = frozenset(
    {b"handlers", b"httpHandlers", b"modules", b"httpModules", b"isapiFilters", b"compilation"}
)
"""Sections that a web.config may keep in a file of their own (`configSource`)."""
_PATHS = (
    (re.compile(r"/frontend/httpproxy/([\w/.-]+)/web\.config$"), FRONT),
    (re.compile(r"(?:^|/)clientaccess/([\w/.-]+)/web\.config$"), BACK),
    (re.compile(r"/inetpub/wwwroot()/web\.config$"), FRONT),
)
_FOLDERS = {
    "owa": "owa",
    "ecp": "ecp",
    "ews": "EWS",
    "oab": "OAB",
    "autodiscover": "Autodiscover",
    "powershell": "PowerShell",
    "powershell-proxy": "PowerShell",
    "mapi": "mapi",
    "sync": "Microsoft-Server-ActiveSync",
    "eas": "Microsoft-Server-ActiveSync",
    "rest": "API",
    "rpc": "Rpc",
    "rpchttp": "Rpc",
    "rpcproxy": "Rpc",
    "owacalendar": "owa/Calendar",
    "exchweb/ews": "EWS",
}
"""The virtual directory of a folder, or of a protocol's name."""
_MARKS = (
    (b"OwaJavascriptRedirectModule", FRONT),
    (b"<rbacConfig", f"{BACK}/ecp"),
    (b'"ClientsCommonModule"', f"{BACK}/owa"),
)
"""What only one of the directories runs, for files that lost their path."""


def accepts(head: bytes, path: str) -> bool:
    """Tell whether a file is the configuration of a web directory, or a section of one."""
    root, name = root_of(head), path.lower()
    if root == b"configuration":
        low = head.lower()
        return name.endswith(_NAMES) or any(mark in low for mark in _SECTIONS)
    # NOTE: a long comment in front of the root hides it; IIS reads the file all the same.
    hidden = not root and head.removeprefix(BOM).lstrip().startswith((b"<!--", b"<?xml"))
    return (hidden and name.endswith(_NAMES)) or (root in _PARTS and name.endswith(".config"))


def read(document: Document) -> Iterator[Fact]:
    """Yield the facts; DocumentError where the file breaks off, after what stands before."""
    return bounded(_read(document))


def _read(document: Document) -> Iterator[Fact]:
    server = _SERVER.search(document.data)
    name = short_name(server[1].decode("utf-8", "replace")) if server else ""
    source, where = Source(KIND, document.path, name), directory(document)
    rules = RuleReader(source)
    broken: DocumentError | None = None
    try:
        for event in elements(document.data):
            yield from rules.see(event, where)
            if isinstance(event, Start):
                yield from _setting(source, event, where)
    except DocumentError as error:
        broken = error
    yield from rules.rest()
    # NOTE: only a file that was read to its end shows that a rule is not in it.
    yield source.fact(Subject.SETTING, f"web.config/{where}", "broken" if broken else "read", 1)
    if broken:
        raise broken


def directory(document: Document) -> str:
    """Name the virtual directory that a file is for, else the file: `Default Web Site/owa`."""
    low = "/" + document.path.replace("\\", "/").lower()
    for pattern, site in _PATHS:
        if found := pattern.search(low):
            folder = _FOLDERS.get(found[1], found[1])
            return f"{site}/{folder}".rstrip("/")
    if protocol := _PROTOCOL.search(document.data):
        folder = protocol[1].decode()
        return f"{FRONT}/{_FOLDERS.get(folder.lower(), folder)}"
    for mark, place in _MARKS:
        if mark in document.data:
            return place
    return document.path.replace("\\", "/").rsplit("/", 1)[-1]


def _setting(source: Source, event: Start, where: str) -> Iterator[Fact]:
    yield from element_facts(source, event, where)
    if event.name == "add" and event.path[-2:-1] == ("modules",):
        name = f"web.config/{where}/modules/{event.attributes.get('name', '')}"
        yield source.fact(Subject.SETTING, name, event.attributes.get("type", ""), event.line)


READER = DocumentReader(accepts, read, 16 << 20)
