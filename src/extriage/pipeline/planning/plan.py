"""Which files of a server are worth reading: a disk holds 10^5, a triage needs some hundreds.

`plan` asks the server itself where it keeps things (`settings`), looks at the usual places
of every drive too, lays the table of places over what it found, and lists only those folders. A
folder that settings name and that is not there is told: nobody may take it for read.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO

from extriage.errors import SourceError
from extriage.knowledge.installation import (
    EXCHANGE_LOGS,
    Installation,
    Wanted,
    below,
    is_local,
    plain,
    wanted,
)
from extriage.knowledge.places import places
from extriage.model.evidence import Entry, EntryStatus
from extriage.parsers.autostart import Keys
from extriage.parsers.base import Document, DocumentError
from extriage.parsers.registry import LIMIT
from extriage.parsers.text import open_text
from extriage.pipeline.planning.folders import Folders, inside, matches
from extriage.pipeline.planning.looking import look
from extriage.pipeline.planning.settings import (
    MOST,
    SOFTWARE,
    SYSTEM,
    Said,
    hive_keys,
    see_configuration,
    see_iis,
    see_redirection,
    see_software,
    see_system,
)
from extriage.sources.tree import Item, Tree

_CONFIGURATION = 16 << 20
_PAGE = 4 << 20
"""Bytes up to which any file in a web folder is read, whatever its name is."""
_SERVED = {"web-file", "web-config"}
"""Kinds of the places that IIS serves."""
_BLOCK = 1 << 20
_HIVE_LOG = 64 << 20
_OWN = ("Bin/*.exe.config", "FrontEnd/HttpProxy/*/web.config", "ClientAccess/*/web.config",
        "ClientAccess/*/*/web.config", "TransportRoles/*/*.config")  # fmt: skip
_COMPILED = "Microsoft.NET/Framework*/v*/Temporary ASP.NET Files"
_FOLDER = "; that folder is not in the evidence"
_AWAY = ", on another computer; that is not in the evidence"
_UNCLEAR = "; where that is cannot be told: --everything reads all files"
_BEYOND = f"settings name more than {MOST:,} folders; from this one on none was read: --everything"
_WRITTEN = ("iis-config", "iis-logs", "event-logs")
"""Folders that are in use all the time: one that is gone was lost or deleted."""
_LOST = ("iis-config", "install", "iis-logs", EXCHANGE_LOGS, "event-logs")
"""Folders without which a scan is not whole; a site may well name a folder that was never made."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What is to be read of one server."""

    installation: Installation
    wanted: tuple[Wanted, ...]
    files: tuple[tuple[str, int, int], ...]
    """Path, size and time of change (nanoseconds) of every file to read, by path."""
    entries: tuple[Entry, ...]
    """What cannot be read: folders, links, and what settings name but the evidence lacks."""


@dataclass(slots=True)
class _Server:
    """One server while it is looked at."""

    folders: Folders
    said: Said = field(default_factory=Said)
    windows: tuple[str, ...] = ()
    entries: dict[str, Entry] = field(default_factory=dict)

    def tell(self, path: str, reason: str, *, lost: bool) -> None:
        """Say of a place why it is not read."""
        status: EntryStatus = "unreadable" if lost else "skipped"
        known = self.entries.get(path)
        if known is None or (known.status != status and lost):
            self.entries[path] = Entry(path, 0, "", status, reason)


def plan(tree: Tree, registry: Mapping[str, Keys] | None = None) -> Planned:
    """Find what is to be read of a server; `registry` stands for its hives SOFTWARE and SYSTEM.

    Nothing but `tree` is asked, and of it only what is needed. What cannot be listed is told as an
    entry; nothing is raised for evidence, however damaged.
    """
    server = _Server(Folders(tree))
    server.windows = tuple(_windows(server.folders))
    _ask_registry(server, registry or {})
    _ask_iis(server)
    bases = _bases(server)
    for path in _configurations(server.folders, bases.get("install", ())):
        _ask(server, path, partial(see_configuration, server.said), _CONFIGURATION)
    _forget_own(server, bases.get("install", ()))
    for base in (EXCHANGE_LOGS, "temp-aspnet"):
        bases[base] = _there(server, base, bases.get(base, ()))
    _tell_missing(server, bases)
    installation = Installation({base: found for base, found in bases.items() if found})
    listed = wanted(places(), installation)
    files = _files(server, listed, installation)
    for folder, reason in server.folders.troubles.items():
        server.tell(folder, f"folder: {reason}", lost=True)
    entries = tuple(server.entries[path] for path in sorted(server.entries))
    return Planned(installation, listed, files, entries)


def everything(tree: Tree) -> Planned:
    """List all files of all drives instead; for whoever wants to be sure that nothing is missed."""
    folders, entries = Folders(tree), dict[str, Entry]()
    files: dict[str, tuple[str, int, int]] = {}
    for drive in folders.drives:
        for path, item in folders.within(drive, deep=True):
            _take(files, entries, path, item)
    for folder, reason in folders.troubles.items():
        entries[folder] = Entry(folder, 0, "", "unreadable", f"folder: {reason}")
    ordered = tuple(entries[path] for path in sorted(entries))
    listed = tuple(files[path] for path in sorted(files, key=_order))
    return Planned(Installation(), (), listed, ordered)


def _windows(folders: Folders) -> list[str]:
    """Return the folders of Windows, the usual names first."""
    found: dict[str, None] = {}
    for name in ("Windows", "WINNT", "*"):
        for drive in folders.drives:
            if name == "*" and found:
                break
            for place, _ in folders.matching(f"{drive}/{name}/System32/config", folders=True):
                found.setdefault(place.rsplit("/", 2)[0])
    usual = (f"{drive}/{name}" for name in ("Windows", "WINNT") for drive in folders.drives)
    for one in usual:
        # NOTE: hives may be lost or held back; logs and compiled pages lie there all the same.
        if place := folders.folder(one):
            found.setdefault(place)
    return list(found)


def _ask_registry(server: _Server, registry: Mapping[str, Keys]) -> None:
    asked: tuple[tuple[str, Callable[[Said, Keys], None]], ...] = (
        (SOFTWARE, see_software),
        (SYSTEM, see_system),
    )
    for windows in server.windows[:4]:
        for name, see in asked:
            if name == SYSTEM:
                _settle(server, windows)
            keys = registry.get(name) or _hive(server, f"{windows}/System32/config/{name}")
            try:
                if keys:
                    see(server.said, keys)
            except DocumentError:
                continue  # reading it as evidence says what is wrong with it
        if registry:
            break
    _settle(server, server.windows[0] if server.windows else "C:/Windows")


def _settle(server: _Server, windows: str) -> None:
    """Fill in what SOFTWARE did not tell, and which drive is the one that it calls its own."""
    drive = windows.partition("/")[0]
    root = server.said.variables.get("systemdrive", "C:").lower()
    if not server.folders.drive(root):
        # NOTE: settings know the letter that a drive had on the running server.
        server.folders.letters[root] = drive.lower()
    for name, value in (
        ("systemdrive", drive),
        ("systemroot", windows),
        ("windir", windows),
        ("programfiles", f"{drive}/Program Files"),
        ("programdata", f"{drive}/ProgramData"),
        ("allusersprofile", f"{drive}/ProgramData"),
    ):
        if not server.said.variables.get(name):
            server.said.variables[name] = value


def _hive(server: _Server, path: str) -> Keys | None:
    found = server.folders.file(path)
    if not found:
        return None
    try:
        data = server.folders.content(found, LIMIT)
        names = (server.folders.file(f"{path}{suffix}") for suffix in (".LOG1", ".LOG2", ".LOG"))
        logs = [server.folders.content(name, _HIVE_LOG) for name in names if name]
        return hive_keys(data, [log for log in logs if log])
    except (SourceError, DocumentError):
        return None  # reading it as evidence says what is wrong with it


def _ask_iis(server: _Server) -> None:
    own = [f"{windows}/System32/inetsrv/config" for windows in server.windows]
    for folder in own:
        if path := server.folders.file(f"{folder}/redirection.config"):
            _ask(server, path, partial(see_redirection, server.said), _CONFIGURATION)
    for folder in (*own, *server.said.at("iis-config")):
        path = server.folders.file(f"{folder}/applicationHost.config")
        if path:

            def see(data: bytes, path: str = path) -> None:
                see_iis(server.said, Document(path, data))

            _ask(server, path, see, _CONFIGURATION)


def _ask(server: _Server, path: str, see: Callable[[bytes], None], most: int) -> None:
    try:
        _, text, _ = open_text(BytesIO(server.folders.content(path, most)))
        see(b"".join(iter(lambda: text.read(_BLOCK), b"")))
    except SourceError as error:
        server.tell(path, str(error), lost=True)


def _bases(server: _Server) -> dict[str, tuple[str, ...]]:
    """Return the folders of every base that are there."""
    drives, windows = server.folders.drives, server.windows
    homes = [server.folders.folder(path) for path in server.said.at("user-folders")]
    homes = [*filter(None, homes), *(f"{drive}/Users" for drive in drives)]
    looked = look(server.folders)
    usual = {
        "install": [f"{drive}/Program Files/Microsoft/Exchange Server/{version}"
                    for drive in drives for version in ("V15", "V14")] + looked.installs,
        "iis-logs": [f"{drive}/inetpub/logs/LogFiles" for drive in drives] + looked.site_logs,
        "iis-config": [f"{one}/System32/inetsrv/config" for one in windows],
        "inetpub": [f"{drive}/inetpub" for drive in drives],
        "web": [],
        "windows": list(windows),
        "temp-aspnet": [f"{one}/{_COMPILED}" for one in windows],
        "event-logs": [f"{one}/System32/winevt/Logs" for one in windows],
        "defender": [f"{server.said.variables['programdata']}/Microsoft/Windows Defender"],
        "drive": list(drives),
        "setup-logs": [f"{drive}/ExchangeSetupLogs" for drive in drives],
        "users": [f"{one}/*" for one in homes],
        EXCHANGE_LOGS: looked.exchange_logs,
    }  # fmt: skip
    return {base: _there(server, base, folders) for base, folders in usual.items()}


def _there(server: _Server, base: str, usual: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Return which folders of a base there are, by their true paths: named ones and usual ones."""
    found: set[str] = set()
    for path in server.said.at(base):
        found.update(
            place for place, _ in server.folders.matching(path, folders=True, literal=True)
        )
    for path in usual:
        found.update(place for place, _ in server.folders.matching(path, folders=True))
    return tuple(sorted(found, key=_order))


def _order(path: str) -> tuple[str, str]:
    return path.lower(), path


def _configurations(folders: Folders, installs: tuple[str, ...]) -> list[str]:
    found = (
        place
        for install in installs
        for pattern in _OWN
        for place, item in folders.matching(below(install, pattern))
        if item and not item.folder
    )
    return sorted(set(found))


def _forget_own(server: _Server, installs: tuple[str, ...]) -> None:
    """Leave out log folders inside the installation: the table of places knows those."""
    named = server.said.folders.get(EXCHANGE_LOGS, {})
    homes = (*installs, *server.said.at("install"))
    for path in [path for path in named if any(inside(path, home) for home in homes)]:
        del named[path]


def _tell_missing(server: _Server, bases: Mapping[str, tuple[str, ...]]) -> None:
    """Tell the folders that settings name and that are not there; not those inside of one told."""
    gone = set[str]()
    for base in (*_LOST, "web"):
        for path, who in server.said.at(base).items():
            where = _missing(server.folders, path)
            if not where or any(one in gone for one in _around(path.lower())):
                continue
            gone.add(path.lower())
            away = where is not _FOLDER
            lost = base in _WRITTEN or (base in _LOST and not bases.get(base))
            server.tell(path, f"{who} {path}{where}", lost=lost or away)
    for path in server.said.beyond.values():
        server.tell(path, _BEYOND, lost=True)


def _around(path: str) -> Iterator[str]:
    """Yield a path and the folders that it lies in."""
    while path:
        yield path
        path = path.rpartition("/")[0]


def _missing(folders: Folders, path: str) -> str:
    """Say in what way a folder is not there; empty if it is."""
    if folders.drive(path):
        return "" if folders.folder(path) else _FOLDER
    if is_local(path):
        return f"; the drive {path[:2]} is not in the evidence"
    return _AWAY if path.startswith("//") else _UNCLEAR


def _files(
    server: _Server, listed: tuple[Wanted, ...], installation: Installation
) -> tuple[tuple[str, int, int], ...]:
    """List the wanted folders, each once, and keep the files whose names count."""
    files: dict[str, tuple[str, int, int]] = {}
    whole = {drive.lower() for drive in server.folders.drives}
    whole |= {folder.lower() for folder in installation.at("windows")}
    server.folders.barred = whole
    walked: dict[tuple[str, ...], set[str]] = {}
    for one in listed:
        folder = server.folders.folder(one.folder)
        done = walked.setdefault(one.patterns, set())
        if not folder or any(outer in done for outer in _around(folder)):
            continue
        deep = one.deep
        if deep and folder.lower() in whole:
            # NOTE: an intruder may serve all of a drive; what lies there is 10^5 files of no use.
            reason = "a site serves all of it; only files right in it were read: --everything"
            server.tell(folder, reason, lost=True)
            deep = False
        if deep:
            done.add(folder)
        _list(server, files, one, folder, deep=deep)
    return tuple(files[path] for path in sorted(files, key=_order))


def _list(
    server: _Server, files: dict[str, tuple[str, int, int]], one: Wanted, folder: str, *, deep: bool
) -> None:
    """Keep what counts in one folder; a page may have any name, if a handler is made for it."""
    served, large = set(one.place.kinds) >= _SERVED, 0
    for path, item in server.folders.within(folder, deep=deep):
        if item.link:
            _follow(server, files, path, item)
        elif matches(item.name, one.patterns) or (served and item.size <= _PAGE):
            _take(files, server.entries, path, item)
        elif served and path not in files:
            large += 1
    if large:
        reason = f"files of other names, over {_PAGE >> 20} MiB each, not read: {large:,}"
        server.tell(f"{folder}/", reason, lost=False)


def _follow(server: _Server, files: dict[str, tuple[str, int, int]], path: str, item: Item) -> None:
    """Read what a link to a file leads to, and tell of the link."""
    found = server.folders.matching(plain(item.target), literal=True) if item.target else []
    for place, behind in found:
        if behind is not None and not behind.folder:
            _take(files, server.entries, place, behind)
    _take(files, server.entries, path, item)


def _take(
    files: dict[str, tuple[str, int, int]], entries: dict[str, Entry], path: str, item: Item
) -> None:
    if not item.link:
        files.setdefault(path, (path, item.size, item.modified))
        return
    to = f" to {item.target}" if item.target else ""
    reason = f"link or junction{to}: not followed"
    entries.setdefault(path, Entry(path, 0, "", "skipped", reason))
