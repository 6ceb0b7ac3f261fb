r"""Registry hives: which build Setup installed, which updates are listed, what was switched.

Only named keys of a few hives are opened. SOFTWARE holds what Setup and Windows Installer noted
(`Microsoft\ExchangeServer\v15\Setup`, updates by their KB number), SYSTEM the computer's name and
services that a broken update left disabled. Numbers of Setup tell the cumulative update only, and
an update that is listed need not have replaced every file. For rules there are all services with
their programs, what else Windows starts or loads, scheduled tasks, ports that are handed on
(`netsh interface portproxy`), and requests for certificates that were never answered, with the
text that stands in them. Of users' hives only what they start is told. Times are UTC.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

from extriage.knowledge.builds import number, spell
from extriage.model.evidence import Origin
from extriage.model.state import Fact, Subject
from extriage.parsers import autostart, taskcache
from extriage.parsers.base import Document, DocumentError, DocumentReader
from extriage.parsers.hive import Key, open_hive
from extriage.parsers.hivelog import header
from extriage.parsers.statement import with_properties

KIND = "registry-hive"
LIMIT = 256 << 20
PENDING = (
    "was not cleanly closed; its transaction logs were not applied: newer values may be missing"
)
SERVICES = (
    "MSExchangeADTopology",
    "MSExchangeIS",
    "MSExchangeServiceHost",
    "MSExchangeTransport",
    "MSExchangeFrontEndTransport",
    "MSExchangeMailboxReplication",
    "FMS",
    "W3SVC",
    "IISADMIN",
    "Winmgmt",
)
"""Services that an update disables while it runs, and that a broken one leaves disabled."""
DISABLED = 4

_PARTS = ("MsiProductMajor", "MsiProductMinor", "MsiBuildMajor", "MsiBuildMinor")
_PRODUCTS = ("AE1D439464EB1B8488741FFA028E291C", "442189DC8B9EA5040962A6BED9EC1F1F")
"""How Windows Installer calls Exchange: 2010 and 2013, then 2016 and later."""
_INSTALLER = r"Microsoft\Windows\CurrentVersion\Installer\UserData\S-1-5-18\Products"
_UNINSTALL = (
    r"Microsoft\Windows\CurrentVersion\Uninstall",
    r"WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall",
)
_UPDATES = ("2013", "2016", "2019", "SE")
_PATCH_STATES = {1: "installed", 2: "superseded", 4: "obsolete"}
_TEXT = 300
_OF_SERVICE = ("ImagePath", "DisplayName", "ObjectName", "Start", "Type", "FailureCommand")
_LETTERS = re.compile(rb"(?:[\x20-\x7e]\x00){4,}|(?:\x00[\x20-\x7e]){4,}|[\x20-\x7e]{4,}")
_CONTENT = 8192
_KB = re.compile(r"\bKB ?(\d{6,8})\b", re.IGNORECASE)
_BUILD = re.compile(r"(?<![\d.])1[45]\.\d{1,2}\.\d{1,5}\.\d{1,5}(?![\d.])")
_HIVES = re.compile(r"(?:^|[\\/])(?:software|system|ntuser\.dat|usrclass\.dat)$", re.IGNORECASE)
_OF_USER = re.compile(
    r"(?:^|[\\/])(?:users|documents and settings|serviceprofiles)[\\/]([^\\/]{1,80})[\\/]",
    re.IGNORECASE,
)
_DOMAIN_NAME = re.compile(r"CN=([^,\\]{1,63}),", re.IGNORECASE)

_Reader = Callable[["Reading"], Iterator[Fact]]


def accepts(head: bytes, path: str) -> bool:
    """Tell a hive that may be one of the four; logs and other hives are left alone."""
    found = header(head)
    return (
        found is not None
        and found.type == 0
        and (not found.name or bool(_HIVES.search(found.name)))
    )


class Reading:
    """One hive while it is read: what every group of keys needs to make facts."""

    def __init__(self, hive: autostart.Keys, path: str) -> None:
        self.hive = hive
        self.path = path
        self.computer = ""
        self.user = ""

    def values(self, path: str) -> dict[str, str | int]:
        """Return the values of a key, none if there is no such key."""
        key = self.hive.key(path)
        return self.hive.values(key) if key else {}

    def fact(
        self, subject: Subject, name: str, value: str, text: str, time: datetime | None = None
    ) -> Fact:
        """Make a fact of this hive."""
        origin = Origin(self.path, 1)
        return Fact(subject, name, value, KIND, origin, time, self.computer, text[:_TEXT])


def read(document: Document) -> Iterator[Fact]:
    """Yield what the hive tells; DocumentError at the end if a part of it was not to be read."""
    name = document.path.rpartition("/")[2]
    logs = [document.siblings(f"{name}{suffix}") for suffix in (".LOG1", ".LOG2", ".LOG")]
    hive = open_hive(document.data, [log for log in logs if log])
    reading = Reading(hive, document.path)
    if user := _OF_USER.search(document.path):
        reading.user = user[1]
    yield from told(reading, [PENDING] if hive.pending else [])


def told(reading: Reading, known: list[str]) -> Iterator[Fact]:
    """Yield what one hive tells; DocumentError at the end with its troubles, those known last."""
    troubles: list[str] = []
    for reader in _READERS:
        try:
            yield from reader(reading)
        except DocumentError as error:
            troubles.append(str(error))
    if troubles or known:
        raise DocumentError("; ".join(dict.fromkeys([*troubles, *known])))


def _computer(reading: Reading) -> Iterator[Fact]:
    """Learn the computer's name first: from SYSTEM, or from the group policies in SOFTWARE."""
    control = _control_set(reading)
    name = reading.values(rf"{control}\Control\ComputerName\ComputerName").get("computername")
    if isinstance(name, str) and name:
        reading.computer = name
        yield reading.fact(Subject.SETTING, "ComputerName", name, f"computer name {name}")
    else:
        policies = r"Microsoft\Windows\CurrentVersion\Group Policy\State\Machine"
        named = _DOMAIN_NAME.match(str(reading.values(policies).get("distinguished-name", "")))
        reading.computer = named[1] if named else ""
    yield from _services(reading, rf"{control}\Services")
    yield from _started(reading, autostart.entries(reading.hive, autostart.SYSTEM, control))
    yield from _started(reading, autostart.providers(reading.hive, control))
    yield from _port_proxies(reading, rf"{control}\Services\PortProxy")


def _control_set(reading: Reading) -> str:
    """Return the control set in force; exports call it by the name that programs use."""
    current = reading.values("Select").get("current")
    if isinstance(current, int):
        return f"ControlSet{current:03d}"
    return "CurrentControlSet" if reading.hive.key("CurrentControlSet") else "ControlSet001"


def _autostart(reading: Reading) -> Iterator[Fact]:
    """Read what SOFTWARE or a user's hive starts or loads, and the tasks of the computer."""
    hive = reading.hive
    yield from _started(reading, autostart.entries(hive, autostart.SOFTWARE))
    yield from _started(reading, autostart.entries(hive, autostart.USER))
    yield from _started(reading, autostart.entries(hive, autostart.CLASSES))
    yield from _started(reading, autostart.entries(hive, autostart.CLASSES, r"Software\Classes"))
    for task in taskcache.tasks(hive):
        command = f"{task.command} {task.arguments}".strip() or task.class_id
        fact = reading.fact(
            Subject.SCHEDULED_TASK, task.name, command[:_TEXT], command, task.key.written
        )
        properties = {
            "Uri": task.name,
            "Author": task.author,
            "Command": task.command,
            "Arguments": task.arguments,
            "WorkingDirectory": task.folder,
            "ClassId": task.class_id,
            "Descriptor": taskcache.HIDDEN if task.hidden else "",
        }
        yield with_properties(fact, properties)


def _started(reading: Reading, found: Iterator[autostart.Entry]) -> Iterator[Fact]:
    for entry in found:
        name = rf"{entry.path}\{entry.name}" if entry.name else entry.path
        value = entry.command[:_TEXT]
        fact = reading.fact(
            Subject.AUTOSTART, name[:_TEXT], value, f"{name}: {value}", entry.key.written
        )
        properties = {
            "Place": entry.place,
            "Key": entry.path,
            "Entry": entry.name,
            "Command": entry.command,
            "User": reading.user,
        }
        yield with_properties(fact, properties)


def _services(reading: Reading, place: str) -> Iterator[Fact]:
    """Read what Windows starts: which of Exchange's services do not, and what all others are."""
    own = {name.lower(): name for name in SERVICES}
    for key, values in _below(reading, place):
        name = own.get(key.name.lower(), key.name)
        if values.get("start") == DISABLED and key.name.lower() in own:
            text = f"service {name} is disabled"
            yield reading.fact(Subject.SETTING, f"Service/{name}/Start", "Disabled", text)
        library = _library(reading, key, values)
        told = {other: str(values.get(other.lower(), "")) for other in _OF_SERVICE}
        if told["ImagePath"] or library:
            image = told["ImagePath"][:_TEXT]
            fact = reading.fact(Subject.SERVICE, name, image, f"{name}: {image}", key.written)
            yield with_properties(fact, {**told, "ServiceDll": library})


def _library(reading: Reading, key: Key, values: dict[str, str | int]) -> str:
    """Return the library of a service that runs inside a shared process."""
    image = str(values.get("imagepath", "")).lower()
    # NOTE: Windows looks at Parameters first; a harmless value in the key itself would be a decoy.
    inner = reading.hive.child(key, "Parameters") if "svchost" in image or not image else None
    found = reading.hive.values(inner) if inner else {}
    return str(found.get("servicedll", "") or values.get("servicedll", ""))


def _port_proxies(reading: Reading, place: str) -> Iterator[Fact]:
    """Read which connections are handed on to another address."""
    for way in ("v4tov4", "v4tov6", "v6tov4", "v6tov6"):
        for protocol in ("tcp", "udp"):
            key = reading.hive.key(rf"{place}\{way}\{protocol}")
            for listen, connect in (reading.hive.values(key) if key else {}).items():
                told = {"Protocol": f"{way}/{protocol}", "Listen": listen, "Connect": str(connect)}
                text = f"{listen}: {connect}"
                time = key.written if key else None
                fact = reading.fact(Subject.PORT_PROXY, listen, str(connect)[:_TEXT], text, time)
                yield with_properties(fact, told)


def _certificate_requests(reading: Reading) -> Iterator[Fact]:
    """Read requests for certificates; the text in one may be a web shell."""
    key = reading.hive.key(r"Microsoft\SystemCertificates\REQUEST\Certificates")
    for one in reading.hive.subkeys(key) if key else ():
        content = _readable(reading.hive.binary(one, "Blob"))
        fact = reading.fact(
            Subject.CERTIFICATE_REQUEST, one.name, "", f"request {one.name}", one.written
        )
        yield with_properties(fact, {"Content": content})


def _readable(data: bytes) -> str:
    """Return the text that stands in binary data, in one or two bytes for a letter."""
    found = [part.decode("ascii").replace("\0", "") for part in _LETTERS.findall(data)]
    return " ".join(found)[:_CONTENT]


def _setup(reading: Reading) -> Iterator[Fact]:
    """Read what Setup noted of its last run."""
    for version in ("v14", "v15"):
        base = rf"Microsoft\ExchangeServer\{version}"
        values = reading.values(rf"{base}\Setup")
        parts = [values.get(part.lower()) for part in _PARTS]
        if all(isinstance(part, int) for part in parts):
            build = ".".join(map(str, parts))
            yield reading.fact(Subject.CU_BUILD, "MsiBuild", build, f"{version} Setup: {build}")
        yield from _build(reading, "OwaVersion", values)
        yield from _setting(reading, "Setup/MsiInstallPath", values)
        tools = reading.values(rf"{base}\AdminTools")
        for name in ("ConfiguredVersion", "UnpackedVersion", "PostSetupVersion"):
            yield from _build(reading, name, tools)
        diagnostics = reading.values(rf"{base}\Diagnostics")
        for name in ("EnableSerializationDataSigning", "DisableBaseTypeCheckForDeserialization"):
            yield from _setting(reading, f"Diagnostics/{name}", diagnostics)


def _build(reading: Reading, name: str, values: dict[str, str | int]) -> Iterator[Fact]:
    build = number(str(values.get(name.lower(), "")))
    if build:
        yield reading.fact(Subject.CU_BUILD, name, spell(build), f"{name} {spell(build)}")


def _setting(reading: Reading, name: str, values: dict[str, str | int]) -> Iterator[Fact]:
    value = values.get(name.rpartition("/")[2].lower())
    if value is not None:
        yield reading.fact(Subject.SETTING, name, str(value)[:_TEXT], f"{name} = {value}")


def _patches(reading: Reading) -> Iterator[Fact]:
    """Read the patches that Windows Installer keeps for Exchange."""
    for product in _PRODUCTS:
        for key, values in _below(reading, rf"{_INSTALLER}\{product}\Patches"):
            state = values.get("state", 1)
            word = _PATCH_STATES.get(state, "unknown") if isinstance(state, int) else "unknown"
            title = str(values.get("displayname", ""))
            yield from _update(reading, title, word, key, str(values.get("installed", "")))


def _uninstall(reading: Reading) -> Iterator[Fact]:
    """Read the updates that the list of installed programs names."""
    for path in _UNINSTALL:
        for key, values in _below(reading, path):
            title = str(values.get("displayname", ""))
            day = str(values.get("installdate", ""))
            yield from _update(reading, title, "installed", key, day)
    for product in _UPDATES:
        base = rf"Microsoft\Updates\Exchange {product}"
        for path in (base, rf"{base}\SP1"):
            for key, values in _below(reading, path):
                title = str(values.get("packagename", "")) or f"Exchange Server {key.name}"
                yield from _update(reading, title, "installed", key, "")


def _below(reading: Reading, path: str) -> Iterator[tuple[Key, dict[str, str | int]]]:
    key = reading.hive.key(path)
    if key is None:
        return
    for sub in reading.hive.subkeys(key):
        yield sub, reading.hive.values(sub)


def _update(reading: Reading, title: str, word: str, key: Key, day: str) -> Iterator[Fact]:
    """Make facts of one update; its build too, where its title tells it."""
    kb = _KB.search(title) or _KB.search(key.name)
    if kb is None or "exchange server" not in title.lower():
        return
    name = f"KB{kb[1]}"
    time = _when(key.written, day)
    text = f"{title}: {word}{f' on {day}' if day else ''}"
    yield reading.fact(Subject.UPDATE, name, word, text, time)
    build = _BUILD.search(title)
    if build and word == "installed" and (numbers := number(build[0])):
        yield reading.fact(Subject.BUILD, name, spell(numbers), text, time)


def _when(written: datetime | None, day: str) -> datetime | None:
    """Return when an update was installed: the key's own time, if it is of the day it names.

    The day is local; the key's time is UTC, but moves when the key is changed later.
    """
    if written is None or not re.fullmatch(r"\d{8}", day):
        return None
    try:
        named = date(int(day[:4]), int(day[4:6]), int(day[6:]))
    except ValueError:
        return None
    noon = datetime(named.year, named.month, named.day, 12, tzinfo=UTC)
    return written if abs(written - noon) <= timedelta(hours=28) else None


_READERS: tuple[_Reader, ...] = (
    _computer,
    _setup,
    _patches,
    _uninstall,
    _certificate_requests,
    _autostart,
)

READER = DocumentReader(accepts, read, LIMIT)
