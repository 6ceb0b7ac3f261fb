"""Builds that Exchange leaves elsewhere: in folder names, mail headers, answers to browsers.

`/owa/auth/15.1.2507/` and its like are made by each cumulative update and stay when the next one
comes. A mail's `Received:` line names the build of the server that wrote it, long after that
server's own logs are gone; so do the headers and manifests of saved answers. Times are brought to
UTC from the zone that stands beside them.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from extriage.knowledge.builds import number, spell
from extriage.model.evidence import Origin
from extriage.model.state import Fact, Subject
from extriage.parsers.base import Document, DocumentReader

FOLDER = "version-folder"
MAIL = "mail-headers"
ANSWER = "http-response"
MAIL_LIMIT = 64 << 20
ANSWER_LIMIT = 4 << 20
MOST = 2000
"""Builds that are told of one file; a mailbox file may hold a million."""
LONGEST = 2000
"""Bytes of one header that are looked at."""
FOLDED = 100
"""Lines of one header that are looked at; servers fold one into three or four."""

_TOP = 64 * 1024
_TEXT = 300
_FOLDER = re.compile(
    r"/(?P<name>owa/auth|owa/prem|owa|ecp)/(?P<build>1[45]\.\d{1,2}\.\d{1,5}(?:\.\d{1,5})?)(?=/)",
    re.IGNORECASE,
)
_ON_PREMISES = ((14, 0), (14, 1), (14, 2), (14, 3), (15, 0), (15, 1), (15, 2))
"""Exchange Online counts on from 15.20."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SMTP = re.compile(rb"Microsoft\s{1,4}SMTP\s{1,4}Server")
_HEADER_LINE = re.compile(rb"(?:From |[!-9;-~]{1,70}:[ \t])")
_RECEIVED = re.compile(
    # NOTE: without a bound the regular expression engine remembers every line of a forged header.
    rb"^Received:[^\n]*+(?:\n[ \t][^\n]*+){0,%d}+" % FOLDED,
    re.IGNORECASE | re.MULTILINE,
)
_BY = re.compile(r"\bby\s+([A-Za-z0-9_][A-Za-z0-9_.-]{0,252})\s", re.IGNORECASE)
_WITH = re.compile(r"\bwith\s+(?:Microsoft\s+SMTP\s+Server|mapi)\b", re.IGNORECASE)
_ID = re.compile(r"\bid\s+([\d.]{8,24})", re.IGNORECASE)
_DATE = re.compile(
    rb"(?P<day>\d{1,2})\s+(?P<month>[A-Za-z]{3})\s+(?P<year>\d{4})\s+"
    rb"(?P<clock>\d\d:\d\d(?::\d\d)?)\s*(?P<zone>[+-]\d{4}|GMT|UTC)?"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OWA_VERSION = re.compile(rb"^X-OWA-Version:[ \t]*([\d.]{5,24})", re.IGNORECASE | re.MULTILINE)
_SERVER = re.compile(rb"^X-FEServer:[ \t]*([A-Za-z0-9_.-]{1,63})", re.IGNORECASE | re.MULTILINE)
_ANSWERED = re.compile(rb"^Date:([^\r\n]{1,60})", re.IGNORECASE | re.MULTILINE)
_EXPORT_TOOL = re.compile(
    rb"<(?:\w{1,10}:)?assemblyIdentity\b[^>]{0,400}"
    rb"microsoft\.exchange\.ediscovery\.exporttool[^>]{0,400}>",
    re.IGNORECASE,
)
_VERSION = re.compile(rb"\bversion=[\"']([\d.]{5,24})[\"']", re.IGNORECASE)
_EWS = re.compile(rb"<(?:\w{1,10}:)?ServerVersionInfo\b([^>]{1,600})>")
_EWS_PARTS = ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber")


def path_facts(path: str) -> Iterator[Fact]:
    """Yield the build that a folder of Outlook on the web or of the control panel is named after.

    The last number is 0 where the folder does not tell it: `15.1.2507.0` stands for the whole
    cumulative update.
    """
    found = _FOLDER.search(path.replace("\\", "/"))
    if not found:
        return
    told = found["build"]
    build = _on_premises(told if told.count(".") == 3 else f"{told}.0")
    if build:
        text = f"folder {found[0]}/"
        yield Fact(
            Subject.CU_BUILD, found["name"].lower(), build, FOLDER, Origin(path, 1), text=text
        )


def _on_premises(text: str) -> str:
    """Return a build of Exchange Server in short; empty for anything else."""
    build = number(text)
    return spell(build) if build and build[:2] in _ON_PREMISES and build[2] else ""


def is_mail(head: bytes, path: str) -> bool:
    """Tell a mail, a file of mails or an Outlook message that went through an Exchange server."""
    if head.startswith(_OLE):
        return _SMTP.search(head.replace(b"\0", b"")) is not None
    return _HEADER_LINE.match(head) is not None and _SMTP.search(head) is not None


def read_mail(document: Document) -> Iterator[Fact]:
    """Yield the builds that the mail's `Received:` lines name, each server's with its time."""
    # NOTE: an Outlook message keeps its headers as UTF-16; without zeros they are plain again.
    wide = document.data.startswith(_OLE)
    data = document.data.replace(b"\0", b"") if wide else document.data
    line, at, told = 1, 0, 0
    for found in _RECEIVED.finditer(data):
        line += data.count(b"\n", at, found.start())
        at = found.start()
        header = data[at : min(found.end(), at + LONGEST)]
        hop = header.decode("latin-1")
        name, build = _hop(hop)
        if build:
            time = _time(header.rpartition(b";")[2])
            origin = Origin(document.path, 1 if wide else line)
            text = " ".join(hop.split())[:_TEXT]
            yield Fact(Subject.BUILD, name, build, MAIL, origin, time, _label(name), text)
            told += 1
        if told >= MOST:
            return


def _hop(text: str) -> tuple[str, str]:
    """Return the server that wrote a `Received:` line and its build; empty for other programs."""
    by, program = _BY.search(text), _WITH.search(text)
    build = _ID.search(text, program.end()) if program else None
    if by is None or build is None:
        return "", ""
    return by[1].rstrip("."), _on_premises(build[1])


def _label(name: str) -> str:
    """Return the name that a server calls itself by in its own logs, without its domain."""
    return name if name.replace(".", "").isdecimal() else name.partition(".")[0]


def _time(text: bytes) -> datetime | None:
    """Read the time of a header, `Tue, 23 Mar 2021 07:57:49 -0700`, as UTC."""
    found = _DATE.search(text)
    if not found or found["month"].lower().decode() not in _MONTHS:
        return None
    month = _MONTHS.index(found["month"].lower().decode()) + 1
    hour, minute, second = (int(part) for part in (found["clock"] + b":00").split(b":")[:3])
    zone = (found["zone"] or b"+0000").decode().replace("GMT", "+0000").replace("UTC", "+0000")
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    try:
        day, year = int(found["day"]), int(found["year"])
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        return local + offset if zone[0] == "-" else local - offset
    except (ValueError, OverflowError):
        return None


def is_answer(head: bytes, path: str) -> bool:
    """Tell a saved answer of an Exchange server that names its build."""
    if head.startswith(b"HTTP/") and _OWA_VERSION.search(head):
        return True
    if not head.startswith((b"<", b"HTTP/")):
        return False
    return _EXPORT_TOOL.search(head) is not None or _EWS.search(head) is not None


def read_answer(document: Document) -> Iterator[Fact]:
    """Yield the builds that a saved answer names."""
    top = document.data[:_TOP]
    server, answered = _SERVER.search(top), _ANSWERED.search(top)
    computer = server[1].decode() if server else ""
    time = _time(answered[1]) if answered else None
    for name, build, place in _named_in(top):
        line = top.count(b"\n", 0, place) + 1
        text = top[place : place + _TEXT].split(b"\n")[0].decode("utf-8", "replace").strip()
        origin = Origin(document.path, line)
        yield Fact(Subject.BUILD, name, build, ANSWER, origin, time, computer, text)


def _named_in(top: bytes) -> Iterator[tuple[str, str, int]]:
    found = _OWA_VERSION.search(top)
    if found and (build := _on_premises(found[1].decode())):
        yield "X-OWA-Version", build, found.start()
    for tool in _EXPORT_TOOL.finditer(top):
        version = _VERSION.search(tool[0])
        if version and (build := _on_premises(version[1].decode())):
            yield "eDiscovery export tool", build, tool.start()
            break
    info = _EWS.search(top)
    if info:
        told = [re.search(rb'\b%s="(\d{1,5})"' % part.encode(), info[1]) for part in _EWS_PARTS]
        numbers = ".".join(part[1].decode() for part in told if part)
        if build := _on_premises(numbers):
            yield "ServerVersionInfo", build, info.start()


MAIL_READER = DocumentReader(is_mail, read_mail, MAIL_LIMIT)
ANSWER_READER = DocumentReader(is_answer, read_answer, ANSWER_LIMIT)
