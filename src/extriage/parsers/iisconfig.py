"""applicationHost.config: the sites of IIS, its native modules and who must authenticate how.

It lies in the folder `inetsrv/config` of System32; IIS keeps dated copies in `inetpub/history`.
Facts are given for Extended Protection, TLS and address filters of each directory, native and
managed modules, ISAPI filters, handlers, rewrite rules, accounts of application pools, request
filters, the folder of every virtual directory, and for what switches logging off or moves it.
Reference: Microsoft's IIS configuration reference. A file that breaks off gives what stands before.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from extriage.model.state import Fact, Subject
from extriage.parsers.base import Document, DocumentError, DocumentReader
from extriage.parsers.iiselements import element_facts, logging_fact
from extriage.parsers.rewrite import RuleReader
from extriage.parsers.statement import Source, bounded
from extriage.parsers.xmlstream import End, Start, elements, root_of

KIND = "iis-config"
_MARK = b"system.applicationhost"
_NAME = "applicationhost.config"
EVERYWHERE = "all sites"
LOG_FOLDER = "IIS/log folder/"
"""How the setting is called that keeps where a site's logs are written; the site follows."""
_CENTRAL = {"centralw3c": "centralW3CLogFile", "centralbinary": "centralBinaryLogFile"}
_MANY = 5_000
"""Directories that are kept; a large farm has some hundreds."""


@dataclass(slots=True)
class _Directory:
    """What one location says of itself; None where it inherits."""

    path: str
    line: int
    located: bool = False
    """True once its own section was seen; a site's list of applications only names it."""
    tokens: str | None = None
    tokens_line: int = 0
    ssl: str | None = None
    ssl_line: int = 0
    unlisted: str | None = None
    addresses: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Config:
    """The file while it is read."""

    source: Source
    rules: RuleReader
    directories: dict[str, _Directory] = field(default_factory=dict)
    location: str = ""
    site: str = ""
    application: str = ""
    pool: str = ""
    central: str = ""
    """The element that says where one log for all sites is written; empty if each has its own."""

    def see(self, event: Start | End) -> Iterator[Fact]:
        """Take in one element."""
        yield from self.rules.see(event, self.location or EVERYWHERE)
        if isinstance(event, End):
            self._leave(event.name)
            return
        parent = event.path[-2] if len(event.path) > 1 else ""
        if event.name in ("location", "site", "application"):
            self._enter(event)
        elif "authentication" in event.path or "security" in event.path:
            self._protect(event, parent)
            yield from element_facts(self.source, event, self.location or EVERYWHERE)
        elif "applicationPools" in event.path:
            yield from self._pool(event, parent)
        else:
            yield from self._setting(event, parent)

    def _enter(self, event: Start) -> None:
        if event.name == "location":
            self.location = event.attributes.get("path", "").strip("/")
            here = self._directory(self.location, event.line)
            here.line, here.located = event.line, True
        elif event.name == "site":
            self.site = event.attributes.get("name", "")
        else:
            self.application = event.attributes.get("path", "").rstrip("/")

    def _leave(self, name: str) -> None:
        if name == "location":
            self.location = ""
        elif name == "site":
            self.site = ""

    def _directory(self, path: str, line: int) -> _Directory:
        key = path.lower()
        if key not in self.directories and len(self.directories) >= _MANY:
            return _Directory(path, line)
        return self.directories.setdefault(key, _Directory(path, line))

    def _protect(self, event: Start, parent: str) -> None:
        here, attributes = self._directory(self.location, event.line), event.attributes
        if event.name == "extendedProtection" and "tokenChecking" in attributes:
            here.tokens, here.tokens_line = attributes["tokenChecking"], event.line
        elif event.name == "access" and "sslFlags" in attributes:
            here.ssl, here.ssl_line = attributes["sslFlags"], event.line
        elif event.name == "ipSecurity" and "allowUnlisted" in attributes:
            here.unlisted = attributes["allowUnlisted"]
        elif event.name == "add" and parent == "ipSecurity" and len(here.addresses) < 200:
            allowed = attributes.get("allowed", "false")
            here.addresses.append(f"{attributes.get('ipAddress', '')}={allowed}")

    def _setting(self, event: Start, parent: str) -> Iterator[Fact]:
        attributes, line = event.attributes, event.line
        if event.name == "add" and parent == "globalModules":
            yield self._module(attributes, line)
        elif event.name == "virtualDirectory" and self.site:
            yield self._folder(attributes, line)
        elif event.name == "logFile" and parent in ("site", "siteDefaults"):
            site = self.site if parent == "site" else EVERYWHERE
            for name in sorted({"enabled", "directory", "logExtFileFlags"} & attributes.keys()):
                yield logging_fact(self.source, site, f"logFile/{name}", attributes[name], line)
            if folder := attributes.get("directory", ""):
                yield self._say(f"{LOG_FOLDER}{site}", folder, line)
        elif event.name == "log" and parent == "system.applicationHost":
            self.central = _CENTRAL.get(attributes.get("centralLogFileMode", "").lower(), "")
        elif event.name == self.central and parent == "log" and attributes.get("directory"):
            # NOTE: one log for all sites; its folder stands there unused where each has its own.
            folder = attributes["directory"]
            yield logging_fact(self.source, EVERYWHERE, f"{event.name}/directory", folder, line)
            yield self._say(f"{LOG_FOLDER}{EVERYWHERE}", folder, line)
        else:
            yield from element_facts(self.source, event, self.location or EVERYWHERE)

    def _pool(self, event: Start, parent: str) -> Iterator[Fact]:
        if parent == "applicationPools":
            self.pool = event.attributes.get("name", "") or "all pools"
        elif event.name == "processModel" and "identityType" in event.attributes:
            identity = event.attributes["identityType"]
            properties = {"Identity": identity, "UserName": event.attributes.get("userName", "")}
            subject = Subject.APPLICATION_POOL
            yield self.source.told(subject, self.pool, identity, event.line, properties)
        else:
            yield from element_facts(self.source, event, self.pool)

    def _say(self, name: str, value: str, line: int) -> Fact:
        return self.source.fact(Subject.SETTING, name, value, line)

    def _module(self, attributes: dict[str, str], line: int) -> Fact:
        name, image = attributes.get("name", ""), attributes.get("image", "")
        text = f'<add name="{name}" image="{image}" />'
        return self.source.fact(Subject.IIS_MODULE, name, image, line, text)

    def _folder(self, attributes: dict[str, str], line: int) -> Fact:
        below = attributes.get("path", "")
        place = f"{self.site}{self.application}{below.rstrip('/')}"
        self._directory(place, line)
        folder = attributes.get("physicalPath", "")
        properties = {
            "Site": self.site,
            "Application": self.application or "/",
            "VirtualPath": below,
            "PhysicalPath": folder,
            "UserName": attributes.get("userName", ""),
        }
        return self.source.told(Subject.VIRTUAL_DIRECTORY, place, folder, line, properties)

    def protections(self, *, broken: bool) -> Iterator[Fact]:
        """Yield what is in force for each directory, its own or inherited.

        Of a file that broke off, only what was seen: the rest may say otherwise.
        """
        for here in self.directories.values():
            if "/" not in here.path or (broken and not here.located):
                continue
            tokens = self._inherited(here, "tokens")
            line = tokens.tokens_line if tokens else here.line
            value = (tokens.tokens if tokens else None) or "None"
            text = f'{here.path}: <extendedProtection tokenChecking="{value}" />'
            yield self.source.fact(Subject.EXTENDED_PROTECTION, here.path, value, line, text)
            ssl = self._inherited(here, "ssl")
            if ssl and value != "None":
                yield self._say(f"IIS/{here.path}/sslFlags", ssl.ssl or "None", ssl.ssl_line)
            if here.unlisted is not None:
                listed = "; ".join([f"allowUnlisted={here.unlisted}", *here.addresses])
                yield self._say(f"IIS/{here.path}/ipSecurity", listed, here.line)

    def _inherited(self, here: _Directory, name: str) -> _Directory | None:
        parts = here.path.lower().split("/")[:16]
        for depth in range(len(parts), -1, -1):
            found = self.directories.get("/".join(parts[:depth]))
            if found and getattr(found, name) is not None:
                return found
        return None


def accepts(head: bytes, path: str) -> bool:
    """Tell whether a file is IIS's main configuration."""
    # NOTE: a long comment may push all that it says beyond what is looked at here.
    named = path.replace("\\", "/").lower().rpartition("/")[2] == _NAME
    return root_of(head) == b"configuration" and (named or _MARK in head.lower())


def read(document: Document) -> Iterator[Fact]:
    """Yield the facts; DocumentError where the file breaks off, after what stands before."""
    return bounded(_read(document))


def _read(document: Document) -> Iterator[Fact]:
    source = Source(KIND, document.path)
    config = _Config(source, RuleReader(source))
    broken: DocumentError | None = None
    try:
        for event in elements(document.data):
            yield from config.see(event)
    except DocumentError as error:
        broken = error
    yield from config.rules.rest()
    yield from config.protections(broken=broken is not None)
    if broken:
        yield source.fact(Subject.SETTING, "IIS/complete", "False", 1, str(broken))
        raise broken


READER = DocumentReader(accepts, read, 16 << 20)
