r"""What a server's own settings say of where it keeps things: registry, IIS, Exchange.

SOFTWARE names the installation (`ExchangeServer\v15\Setup`), the folders of Windows and of every
user, SYSTEM the environment, the services and the files of event logs, applicationHost.config the
folders of sites and of their logs, and Exchange's own configuration files the logs that were moved
one by one. Everything is told as it is written; nothing is looked for here.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from extriage.knowledge.installation import expanded, is_local, plain
from extriage.model.state import Fact, Subject
from extriage.parsers import iisconfig
from extriage.parsers.autostart import Keys
from extriage.parsers.base import Document, DocumentError
from extriage.parsers.hive import open_hive
from extriage.parsers.xmlstream import Start, elements

SOFTWARE, SYSTEM = "SOFTWARE", "SYSTEM"
_WINDOWS = r"Microsoft\Windows NT\CurrentVersion"
_PROFILES = rf"{_WINDOWS}\ProfileList"
_ENVIRONMENT = r"Control\Session Manager\Environment"
_COMPUTER = r"Control\ComputerName\ComputerName"
_POLICIES = r"Policies\Microsoft\Windows\EventLog"
_SERVICE = re.compile(r'"?([^"]{1,400}?)[\\/]bin[\\/][^\\/"]{1,100}\.exe\b', re.IGNORECASE)
_WEB = re.compile(r"(.{3,400}?)/(?:FrontEnd/HttpProxy|ClientAccess)/.{1,200}", re.IGNORECASE)
_LOG_KEY = re.compile(r"log.{0,40}(?:path|folder|directory|location)", re.IGNORECASE)
_DATABASE = re.compile(r"database|queue|\.edb", re.IGNORECASE)
"""Transaction logs of a database are no logs that anybody reads."""
_SELF = ("localhost", "127.0.0.1", "::1", "--1.ipv6-literal.net", ".")
_SHARE = re.compile(r"//([^/]{1,255})/([^/]{1,255})(/.*)?", re.DOTALL)
_DRIVE = re.compile(r"[a-z]\$")
"""The share of a drive that every Windows has, `//localhost/c$/web`: IIS takes that as well."""
_SHARED = re.compile(r"(?:^|;)Path=([^;]{2,400})", re.IGNORECASE)
MOST = 2_000
"""Folders of one sort that are kept; a hostile file could name any number."""


@dataclass(slots=True)
class Said:
    """Folders by what they are for, as settings name them; plain paths, variables put in."""

    variables: dict[str, str] = field(default_factory=dict)
    folders: dict[str, dict[str, str]] = field(default_factory=dict)
    """Base to folders, each with who names it: `IIS writes its logs to`."""
    shares: dict[str, str] = field(default_factory=dict)
    """Shares of the server itself, by their names in small letters."""
    beyond: dict[str, str] = field(default_factory=dict)
    """Base to the first folder that was not kept, because there were too many."""

    def place(self, text: str) -> str:
        """Return a folder that a setting names as a plain path, on a drive if it is one of ours."""
        path = plain(expanded(text, self.variables))
        found = _SHARE.fullmatch(path)
        if found and found[1].lower() in (*_SELF, self.variables.get("computername", "").lower()):
            name, rest = found[2].lower(), found[3] or ""
            drive = f"{name[0]}:" if _DRIVE.fullmatch(name) else ""
            if folder := drive or self.shares.get(name, ""):
                return plain(f"{folder}{rest}")
        return path

    def add(self, base: str, text: str, who: str) -> None:
        """Take in a folder as a setting writes it."""
        path = self.place(text)
        kept = self.folders.setdefault(base, {})
        if path and (path in kept or len(kept) < MOST):
            kept.setdefault(path, who)
        elif path:
            self.beyond.setdefault(base, path)

    def at(self, base: str) -> Mapping[str, str]:
        """Return the folders of one base; variables that were told later are put in."""
        found: dict[str, str] = {}
        for path, who in self.folders.get(base, {}).items():
            found.setdefault(self.place(path), who)
        return found


def hive_keys(data: bytes, logs: list[bytes]) -> Keys:
    """Open a hive; DocumentError if it is none."""
    return open_hive(data, logs)


def see_software(said: Said, keys: Keys) -> None:
    """Take in what SOFTWARE says of folders; DocumentError if the hive is damaged."""
    values = _values(keys, _WINDOWS)
    if root := str(values.get("systemroot", "")):
        for name, value in (("systemroot", root), ("windir", root), ("systemdrive", root[:2])):
            # NOTE: there may be a second Windows, on a disk that was put in; the first counts.
            said.variables.setdefault(name, value)
    current = _values(keys, r"Microsoft\Windows\CurrentVersion")
    for name, variable in (
        ("programfilesdir", "programfiles"),
        ("programfilesdir (x86)", "programfiles(x86)"),
        ("commonfilesdir", "commonprogramfiles"),
    ):
        if name in current:
            said.variables.setdefault(variable, str(current[name]))
    _profiles(said, keys)
    for version in ("v15", "v14"):
        path = str(_values(keys, rf"Microsoft\ExchangeServer\{version}\Setup").get(
            "msiinstallpath", ""))  # fmt: skip
        said.add("install", path, "Setup installed Exchange to")
    web = str(_values(keys, r"Microsoft\InetStp").get("pathwwwroot", ""))
    said.add("web", web, "IIS was set up with")
    _event_logs(said, keys, _POLICIES)


def _profiles(said: Said, keys: Keys) -> None:
    listed = _values(keys, _PROFILES)
    for name in ("ProgramData", "Public"):
        if text := str(listed.get(name.lower(), "")):
            said.variables.setdefault(name.lower(), text)
    said.variables.setdefault("allusersprofile", said.variables.get("programdata", ""))
    key = keys.key(_PROFILES)
    for one in keys.subkeys(key) if key else ():
        path = str(keys.values(one).get("profileimagepath", ""))
        said.add("users", path, "Windows keeps a user's profile in")
    said.add("user-folders", str(listed.get("profilesdirectory", "")), "Windows keeps users in")


def see_system(said: Said, keys: Keys) -> None:
    """Take in what SYSTEM says of folders; DocumentError if the hive is damaged."""
    current = _values(keys, "Select").get("current")
    control = f"ControlSet{current:03d}" if isinstance(current, int) else "CurrentControlSet"
    named = str(_values(keys, rf"{control}\{_COMPUTER}").get("computername", ""))
    said.variables.setdefault("computername", named)
    for name, value in _values(keys, rf"{control}\{_ENVIRONMENT}").items():
        said.variables.setdefault(name, str(value))
    if path := said.variables.get("exchangeinstallpath", ""):
        said.add("install", path, "Setup installed Exchange to")
    for name in ("MSExchangeServiceHost", "MSExchangeADTopology", "MSExchangeTransport"):
        image = str(_values(keys, rf"{control}\Services\{name}").get("imagepath", ""))
        if found := _SERVICE.match(image):
            said.add("install", found[1], f"the service {name} runs from")
    for name, value in _values(keys, rf"{control}\Services\LanmanServer\Shares").items():
        if found := _SHARED.search(str(value)):
            said.shares.setdefault(name, found[1])
    _event_logs(said, keys, rf"{control}\Services\EventLog")


def _event_logs(said: Said, keys: Keys, path: str) -> None:
    key = keys.key(path)
    for one in keys.subkeys(key) if key else ():
        file = plain(str(keys.values(one).get("file", "")))
        folder, _, name = file.rpartition("/")
        if folder and name.lower().endswith(".evtx"):
            said.add("event-logs", folder, f"Windows writes the event log {one.name} to")


def _values(keys: Keys, path: str) -> dict[str, str | int]:
    key = keys.key(path)
    return keys.values(key) if key else {}


def see_iis(said: Said, document: Document) -> None:
    """Take in sites, virtual directories and log folders; what stands before damage counts."""
    own: set[str] = set()
    sites: set[str] = set()
    defaults = list[str]()
    for fact in _facts(document):
        told = dict(fact.properties)
        if fact.subject is Subject.VIRTUAL_DIRECTORY:
            sites.add(str(told.get("Site", "")))
            said.add("web", fact.value, f"IIS serves {fact.name} from")
            if found := _WEB.fullmatch(said.place(fact.value)):
                said.add("install", found[1], "IIS serves Exchange from")
        elif fact.subject is Subject.LOGGING and told.get("Setting") == "directory":
            site = str(told.get("Location", ""))
            own.add(site)
            if site == iisconfig.EVERYWHERE:
                defaults.append(fact.value)
            else:
                said.add("iis-logs", fact.value, f"IIS writes the logs of {site} to")
    for default in defaults if not sites <= own else ():
        said.add("iis-logs", default, "IIS writes its logs to")


def _facts(document: Document) -> Iterator[Fact]:
    try:
        yield from iisconfig.read(document)
    except DocumentError:
        return


def see_redirection(said: Said, data: bytes) -> None:
    """Take in where IIS has its configuration, if it is shared with others."""
    try:
        for event in elements(data):
            if isinstance(event, Start) and event.name == "configurationRedirection":
                told = event.attributes
                if told.get("enabled", "").lower() == "true" and told.get("path"):
                    said.add("iis-config", told["path"], "IIS has its configuration in")
    except DocumentError:
        return  # what stands before damage counts


def see_configuration(said: Said, data: bytes) -> None:
    """Take in a configuration file of Exchange or of ASP.NET: moved logs, moved compile folders."""
    try:
        for event in elements(data):
            if isinstance(event, Start):
                _element(said, event)
    except DocumentError:
        return  # reading it as evidence says what is wrong with it


def _element(said: Said, event: Start) -> None:
    low = {name.lower(): value for name, value in event.attributes.items()}
    if event.name == "compilation" and low.get("tempdirectory"):
        said.add("temp-aspnet", low["tempdirectory"], "ASP.NET compiles into")
    key = low.get("key", "") or low.get("name", "")
    pairs = [(key, low.get("value", ""))] if key else list(low.items())
    for name, value in pairs:
        if _LOG_KEY.search(name) and not _DATABASE.search(name + value):
            path = said.place(value)
            if is_local(path):
                said.add("exchange-logs", path, f"Exchange ({name}) writes to")
