"""Installations of updates, as Windows Installer, Windows Update and Setup report them.

The same sentences stand in event logs and in the logs of Windows Installer. That an update was
installed does not prove that its files were replaced: the build is learnt elsewhere. Event times
are UTC. Reference: Microsoft, "Windows Installer Application Servicing" (events 1019 to 1037).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.knowledge.builds import number, spell
from extriage.model.evidence import Fields, Origin
from extriage.model.state import Fact, Subject
from extriage.parsers.event import event_record

EXCHANGE = "Microsoft Exchange Server"
INSTALLED, FAILED, REMOVED, BEGUN, ENDED = "installed", "failed", "removed", "begun", "ended"
RECONFIGURED = "reconfigured"
"""Said of the product when it is checked or repaired: nothing new was installed."""
TEXT = 400

_PROVIDERS = (b"MsiInstaller", b"WindowsUpdateClient", b"MSExchangeSetup")
_KB = re.compile(r"\bKB ?(\d{6,8})(?!\d)", re.IGNORECASE)
_BUILD = re.compile(r"(?<![\d.])1[45]\.\d{1,2}\.\d{1,5}\.\d{1,5}(?![\d.]*\d)")
_PATCH = re.compile(
    r"Product: (?P<product>[^\r\n]{1,120}?) - Update '(?P<title>[^'\r\n]{1,300})' "
    r"(?P<result>installed successfully|could not be installed|was successfully removed"
    r"|could not be removed)(?:\. Error code (?P<code>\d{1,10}))?"
)
_STATUS = re.compile(
    r"Windows Installer (?P<act>installed|removed|reconfigured) (?:an update|the product)\. "
    r"Product Name: (?P<product>[^\r\n]{1,120}?)\. Product Version: (?P<version>[\d.]{1,40})\. "
    r"Product Language: \d{1,6}\.(?: Manufacturer: [^\r\n]{0,120}?\.)?"
    r"(?: Update Name: (?P<title>[^\r\n]{1,300}?)\.)?"
    r" \w{1,20} success or error status: (?P<code>\d{1,10})"
)
_WINDOWS = re.compile(r"update(?: with error (?P<code>0x[0-9A-Fa-f]{1,8}))?: (?P<title>.{1,300})")
_RESULTS = {
    "installed successfully": INSTALLED,
    "could not be installed": FAILED,
    "was successfully removed": REMOVED,
    "could not be removed": FAILED,
}
_PATCH_EVENTS = {1019: REMOVED, 1020: FAILED, 1021: FAILED, 1022: INSTALLED}
_PATCH_EVENTS |= {1023: FAILED, 1024: FAILED, 1025: FAILED}
_STATUS_EVENTS = {1036: INSTALLED, 1037: REMOVED, 1033: INSTALLED, 1034: REMOVED}
_STATUS_EVENTS |= {1035: RECONFIGURED}
_TRANSACTIONS = {1040: BEGUN, 1042: ENDED}
_WINDOWS_EVENTS = {19: INSTALLED, 20: FAILED, 43: BEGUN}
_SETUP_EVENTS = {1000: BEGUN, 1001: INSTALLED, 1002: FAILED}


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that an installer did or tried: to an update, or to the product itself."""

    word: str
    title: str
    """The update as it calls itself; empty if the product itself was meant."""
    version: str = ""
    """Version of the product as Windows Installer knows it, which no update changes."""
    code: str = ""
    """The error, if it failed."""


def kb_number(title: str) -> str:
    """Return the number of the knowledge base article, `KB5000871`; empty if there is none."""
    found = _KB.search(title)
    return f"KB{found[1]}" if found else ""


def build_in(title: str) -> str:
    """Return the build that the title of an update names; empty if it names none."""
    found = _BUILD.search(title)
    build = number(found[0]) if found else None
    return spell(build) if build else ""


def acts_in(text: str) -> Iterator[Act]:
    """Yield what the sentences of Windows Installer in a text say of Exchange."""
    for found in _PATCH.finditer(text):
        if "exchange server" in f"{found['product']} {found['title']}".lower():
            yield Act(_RESULTS[found["result"]], found["title"], code=found["code"] or "")
    for found in _STATUS.finditer(text):
        if found["product"] == EXCHANGE:
            yield _judged(found["act"], found["title"] or "", found["version"], found["code"])


def _judged(word: str, title: str, version: str, code: str) -> Act:
    """Return what a status code makes of an act; 3010 only asks for a restart."""
    failed = code not in ("0", "3010", "1641")
    return Act(FAILED if failed else word, title, version, code if failed else "")


def wants(document: bytes) -> bool:
    """Tell cheaply whether an event may speak of an installation of Exchange."""
    return b"xchange" in document and any(name in document for name in _PROVIDERS)


def event_facts(document: bytes, path: str, line: int) -> Iterator[Fact]:
    """Yield what one event says of installations of Exchange and its updates."""
    record = event_record(document, path, line)
    fields = record.fields
    act = _act(_one(fields, "Provider_Name"), _one(fields, "EventID"), fields)
    if act is not None:
        evidence = f"events:{_one(fields, 'Channel')}"
        yield from act_facts(act, evidence, record.origin, record.time, record.computer)


def act_facts(
    act: Act, evidence: str, origin: Origin, time: datetime | None = None, computer: str = ""
) -> Iterator[Fact]:
    """Make facts of an act: the update, and the build that it is known to have led to."""
    error = f", error {act.code}" if act.code else ""
    text = f"{act.title or f'{EXCHANGE} {act.version}'}: {act.word}{error}"[:TEXT]

    def fact(subject: Subject, name: str, value: str) -> Fact:
        return Fact(subject, name, value, evidence, origin, time, computer, text)

    name = kb_number(act.title) or act.title[:80] or f"{EXCHANGE} {act.version}"
    if act.word != RECONFIGURED:
        yield fact(Subject.UPDATE, name, act.word)
    if act.word not in (INSTALLED, RECONFIGURED):
        return
    if build := build_in(act.title):
        yield fact(Subject.BUILD, name, build)
    if build := build_in(act.version):
        yield fact(Subject.CU_BUILD, EXCHANGE, build)


def _act(provider: str, event: str, fields: Fields) -> Act | None:
    identity = int(event) if event.isascii() and event.isdigit() and len(event) < 9 else -1
    message = _one(fields, "Message")
    if provider == "MsiInstaller":
        return next(acts_in(message), None) or _installer(identity, _data(fields))
    if provider.endswith("WindowsUpdateClient"):
        return _windows_update(identity, fields, message)
    return _setup(identity, message, _data(fields)) if provider == "MSExchangeSetup" else None


def _installer(identity: int, data: Sequence[str]) -> Act | None:
    """Read the unnamed data of Windows Installer's events."""
    if identity in _TRANSACTIONS and data:
        name = data[0].replace("\\", "/").rpartition("/")[2]
        return Act(_TRANSACTIONS[identity], name) if "exchange" in name.lower() else None
    if not data or "exchange server" not in " ".join(data[:6]).lower():
        return None
    if identity in _PATCH_EVENTS and len(data) > 1:
        code = data[2] if _PATCH_EVENTS[identity] == FAILED and len(data) > 2 else ""
        return Act(_PATCH_EVENTS[identity], data[1], code=code if code.isdigit() else "")
    if identity in _STATUS_EVENTS and len(data) > 3 and data[0] == EXCHANGE:
        return _status(identity, data)
    return None


def _status(identity: int, data: Sequence[str]) -> Act | None:
    """Read name, version, language, then in changing order the update, the status, the maker."""
    rest = [text for text in data[3:] if text and text != "(NULL)"]
    code = next((text for text in rest if text.isascii() and text.isdigit()), "")
    title = next((t for t in rest if kb_number(t) or t.startswith("{")), "")
    if not code or (identity in (1036, 1037) and not title):
        return None
    update = title if identity in (1036, 1037) else ""
    return _judged(_STATUS_EVENTS[identity], update, data[1], code)


def _windows_update(identity: int, fields: Fields, message: str) -> Act | None:
    word = _WINDOWS_EVENTS.get(identity)
    found = _WINDOWS.search(message)
    title = _one(fields, "updateTitle") or (found["title"] if found else "")
    if word is None or "exchange server" not in title.lower():
        return None
    code = _one(fields, "errorCode") or (found["code"] if found else "") or ""
    return Act(word, title.strip(), code=code if word == FAILED else "")


def _setup(identity: int, message: str, data: Sequence[str]) -> Act | None:
    """Read the events of Setup, which speak of one component: `15.1.2507.6:Languages`."""
    word = _SETUP_EVENTS.get(identity)
    told = build_in(message) or build_in(data[0].partition(":")[0] if data else "")
    if word is None or not told:
        return None
    part = re.search(rf"{re.escape(told)}:(\w{{1,60}})", f"{message} {' '.join(data)}")
    return Act(word, f"Setup {told}: {part[1] if part else 'component'}")


def _data(fields: Fields) -> tuple[str, ...]:
    value = fields.get("Data", ())
    return (value,) if isinstance(value, str) else value


def _one(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else next(iter(value), "")
