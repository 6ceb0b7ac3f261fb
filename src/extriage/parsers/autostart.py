r"""Places of the registry from which Windows starts programs or loads libraries.

Run keys, the programs of the logon, debuggers that are started in the place of a program, libraries
that go into every process or into LSASS, monitors of the print spooler, .NET profilers: one fact
for each entry, with the key and the time of its last change in UTC. Windows has entries of its own
in most of them; rules tell them apart. The classes of COM of the whole computer are too many to be
looked at, those that a user put in front of them are told. References: MITRE ATT&CK T1546, T1547;
Microsoft's documentation of these keys.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from extriage.parsers.hive import Key

Values = Mapping[str, str | int]

_CURRENT = r"Microsoft\Windows\CurrentVersion"
_NT = r"Microsoft\Windows NT\CurrentVersion"
_PROFILER = ("COR_PROFILER", "COR_PROFILER_PATH", "COR_PROFILER_PATH_64", "CORECLR_PROFILER")
_HIDDEN_USERS = rf"{_NT}\Winlogon\SpecialAccounts\UserList"
_DEBUGGERS = ("Debugger", "VerifierDlls")
_EXCLUDED = ("Paths", "Extensions", "Processes")
_EXCLUDING = (
    r"Microsoft\Windows Defender\Exclusions",
    r"Policies\Microsoft\Windows Defender\Exclusions",
)
_MANY = 200
"""Parts kept of one value that is a list."""


class Keys(Protocol):
    """A hive, or what was exported of one, whose keys are opened by name."""

    def key(self, path: str) -> Key | None:
        """Open a key by its path below the root; None if there is none."""

    def child(self, parent: Key, name: str) -> Key | None:
        """Open a key right below another one; None if there is none."""

    def subkeys(self, key: Key) -> Iterator[Key]:
        """Yield the keys below one."""

    def values(self, key: Key) -> dict[str, str | int]:
        """Return the values of a key that are texts or numbers, by their names in lower case."""

    def binary(self, key: Key, wanted: str) -> bytes:
        """Return a value as its bytes; none if there is no such value."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place: which values of which keys are commands or libraries."""

    name: str
    """How rules call it: `run`, `winlogon`, `debugger` …"""
    key: str
    """Below the root of the hive; for SYSTEM below its control set."""
    values: tuple[str, ...] = ()
    """Names of the values; all of them if none is named."""
    below: bool = False
    """True if each key right below holds the values, not the key itself."""
    inner: str = ""
    """Name of the key inside each of them that does."""
    split: bool = False
    """True if the value is a list whose parts stand for themselves."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is started or loaded."""

    place: str
    path: str
    """Key, below the root of the hive."""
    name: str
    """Of the value; empty for the key's own."""
    command: str
    key: Key


def _both(place: str, path: str, *values: str, below: bool = False) -> tuple[Place, ...]:
    """Name a key of SOFTWARE and the one that programs of 32 bits see in its place."""
    wide = "WOW6432Node\\" + path
    return (Place(place, path, values, below), Place(place, wide, values, below))


SOFTWARE = (
    *_both("run", rf"{_CURRENT}\Run"),
    *_both("run-once", rf"{_CURRENT}\RunOnce"),
    *_both("run-once", rf"{_CURRENT}\RunOnceEx", below=True),
    *_both("run", rf"{_CURRENT}\Policies\Explorer\Run"),
    Place("winlogon", rf"{_NT}\Winlogon", ("Shell", "Userinit", "Taskman", "GinaDLL", "System")),
    Place("run-once", rf"{_CURRENT}\RunOnceEx", below=True, inner="Depend"),
    *_both("debugger", rf"{_NT}\Image File Execution Options", *_DEBUGGERS, below=True),
    Place("exit-monitor", rf"{_NT}\SilentProcessExit", ("MonitorProcess",), below=True),
    *_both("app-init", rf"{_NT}\Windows", "AppInit_DLLs"),
    *_both("command-processor", r"Microsoft\Command Processor", "AutoRun"),
    Place("netsh-helper", r"Microsoft\NetSh"),
    Place("hidden-user", _HIDDEN_USERS),
    *(Place("exclusion", rf"{top}\{what}") for top in _EXCLUDING for what in _EXCLUDED),
    *_both("active-setup", r"Microsoft\Active Setup\Installed Components", "StubPath", below=True),
)
"""Places of SOFTWARE."""
_LSA = ("Security Packages", "Authentication Packages", "Notification Packages")
SYSTEM = (
    Place("lsa", r"Control\Lsa", _LSA, split=True),
    Place("lsa", r"Control\Lsa\OSConfig", ("Security Packages",), split=True),
    Place("security-provider", r"Control\SecurityProviders", ("SecurityProviders",), split=True),
    Place("print-monitor", r"Control\Print\Monitors", ("Driver",), below=True),
    Place("print-monitor", r"Control\Print\Providers", ("Name",), below=True),
    Place("boot", r"Control\Session Manager", ("BootExecute", "SetupExecute"), split=True),
    Place("app-cert", r"Control\Session Manager\AppCertDlls"),
    Place("environment", r"Control\Session Manager\Environment", _PROFILER),
    Place("environment", "Services", ("Environment",), below=True, split=True),
    Place("lsa", r"Services\NTDS", ("LsaDbExtPt", "DirectoryServiceExtPt")),
    Place("time-provider", r"Services\W32Time\TimeProviders", ("DllName",), below=True),
    Place("remote-desktop", r"Control\Terminal Server\Wds\rdpwd", ("StartupPrograms",)),
)
"""Places of SYSTEM, below the control set in force."""
USER = (
    Place("run", rf"Software\{_CURRENT}\Run"),
    Place("run-once", rf"Software\{_CURRENT}\RunOnce"),
    Place("run", rf"Software\{_CURRENT}\Policies\Explorer\Run"),
    Place("run", rf"Software\{_NT}\Windows", ("Load", "Run")),
    Place("winlogon", rf"Software\{_NT}\Winlogon", ("Shell", "Userinit")),
    Place("command-processor", r"Software\Microsoft\Command Processor", ("AutoRun",)),
    Place("logon-script", "Environment", ("UserInitMprLogonScript",)),
    Place("environment", "Environment", _PROFILER),
    Place("screen-saver", r"Control Panel\Desktop", ("SCRNSAVE.EXE",)),
)
"""Places of a user's NTUSER.DAT."""
CLASSES = tuple(
    Place("com-class", key, ("",), below=True, inner=inner)
    for key in ("CLSID", r"WOW6432Node\CLSID")
    for inner in ("InprocServer32", "LocalServer32", "ScriptletURL")
)
"""Places of a user's UsrClass.dat; in NTUSER.DAT they lie below `Software\\Classes`."""


def entries(keys: Keys, places: tuple[Place, ...], root: str = "") -> Iterator[Entry]:
    """Yield what stands in the places that there are; `root` is a path that goes before them."""
    for place in places:
        path = rf"{root}\{place.key}" if root else place.key
        key = keys.key(path)
        for inner, found in _holders(keys, key, path, place) if key else ():
            yield from _of_key(keys, place, inner, found)


def providers(keys: Keys, root: str) -> Iterator[Entry]:
    """Yield the network providers in force: each gets name and password at every logon."""
    order = keys.key(rf"{root}\Control\NetworkProvider\Order")
    names = str(keys.values(order).get("providerorder", "")) if order else ""
    for name in names.split(",")[:_MANY]:
        path = rf"{root}\Services\{name.strip()}\NetworkProvider"
        key = keys.key(path) if name.strip() else None
        if key:
            place = Place("network-provider", path, ("ProviderPath",))
            yield from _of_key(keys, place, key, path)


def _holders(keys: Keys, key: Key, path: str, place: Place) -> Iterator[tuple[Key, str]]:
    if not place.below:
        yield key, path
        return
    for below in keys.subkeys(key):
        inner = keys.child(below, place.inner) if place.inner else below
        if inner:
            yield inner, "\\".join(filter(None, (path, below.name, place.inner)))


def _of_key(keys: Keys, place: Place, key: Key, path: str) -> Iterator[Entry]:
    values = keys.values(key)
    wanted = {name.lower(): name for name in place.values} or {name: name for name in values}
    for low, name in wanted.items():
        text = str(values.get(low, "")).strip()
        parts = text.replace(",", ";").split(";")[:_MANY] if place.split else [text]
        for part in filter(None, (part.strip().strip('"') for part in parts)):
            yield Entry(place.name, path, name, part if place.split else text, key)
