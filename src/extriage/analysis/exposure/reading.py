"""What a record of the trail says of data: which mailbox, which operation, how much.

Paths that were forged count as what they led to: an anchor `ServerInfo~…/ews/…`, or a second path
behind `autodiscover.json`. The columns of the EWS log are those of Exchange 2013 to 2019; one more
in front of them does not matter.
"""

import csv
import re
from dataclasses import replace
from datetime import datetime

from extriage.analysis.exposure.requests import Asked
from extriage.analysis.exposure.wording import NAME, proof_of
from extriage.knowledge.exposures import operations
from extriage.knowledge.joins import address_of, is_somebody
from extriage.model.trail import TrailRecord
from extriage.parsers.percent import decoded

WEB = ("httpproxy", "iis", "iis-native")
_WORD = re.compile(r"[^,\s/]+/?")
_SERVER = re.compile(r"(?i)\bServer(?:Info)?~")
_PATH = re.compile(r"/[A-Za-z][^,\s]{0,500}")
_ANCHOR_LENGTH = 320
_CONFUSED = re.compile(r"(?i)(/(?:mapi|ews|oab|owa|powershell)/[^\s]{0,300})")
_VALUE = re.compile(r"[?&;](action|cmd|user|ae)=([^&;\s]{1,200})", re.I)
_SMTP = re.compile(r"(?i)\bSmtp~([^\s,;~]{3,200})")
_OPENED = re.compile(
    r"^/owa/([^/@\s]{1,100}@[^/\s]{1,150})/"
    r"|^/(?:api|rest)/.{0,40}/users(?:/|\(')([^/@\s']{1,100}@[^/\s')]{1,150})"
)
_GOOD = ("200", "201", "206", "207", "241")
_PROTOCOLS = (
    ("/ews", "ews"),
    ("/mapi/nspi", "nspi"),
    ("/mapi", "mapi"),
    ("/microsoft-server-activesync", "eas"),
    ("/owa", "owa"),
    ("/oab/", "oab"),
    ("/api/", "rest"),
    ("/rest/", "rest"),
    ("/rpc", "rpc"),
)
_OLDER = {"item": "openitem", "folder": "openfolder"}
_BARE = frozenset({"ews", "mapi", "rpc", "nspi"})
"""Protocols of which web logs tell no operation."""


def asked_of(record: TrailRecord) -> Asked | None:
    """Return the request for data that a record tells; None for everything else."""
    if record.kind == "ews":
        return _of_ews(record)
    if record.kind in WEB:
        return _of_web(record)
    if record.kind in ("audit", "imap-pop"):
        return _of_words(record)
    if record.kind == "message-tracking":
        return _of_tracking(record)
    return None


def file_asked(record: TrailRecord, url: str) -> Asked:
    """Return the request for a file."""
    return _asked(record, url, "get", "", None, done=is_sent(record), named=False)


def is_sent(record: TrailRecord) -> bool:
    """Tell whether a file was sent; 241 is the answer to a forged route, and of no file."""
    return record.status in ("200", "206") and record.method.upper() == "GET"


def is_answered(record: TrailRecord) -> bool:
    """Tell whether a web request was answered with what it asked for."""
    return record.status in _GOOD


def path_of(record: TrailRecord) -> str:
    """Return the URL path of a web request, in small letters."""
    path = record.target.partition("?")[0].lower()
    return decoded(path) if "%" in path else path


def _of_ews(record: TrailRecord) -> Asked | None:
    told = _ews_cells(record.text)
    operation = _operation(record) or told.get("operation", "")
    if operation not in operations():
        return None
    whose = told.get("mailbox", "") or record.deed.mailbox or record.target or record.account
    items = record.deed.items
    if items is None and told.get("items", "").isdigit():
        items = int(told["items"][:9])
    done = (record.status or told.get("status", "")) in _GOOD and not told.get("error")
    mailbox = whose if is_somebody(whose) or "@" in whose else ""
    asked = _asked(record, "ews", operation, mailbox, items, done=done, named=True)
    return replace(asked, spelling=_spelling(operation, record.method, told.get("spelling", "")))


def _operation(record: TrailRecord) -> str:
    """Return the operation of the log of a service: its method, or the first word of its target."""
    known = operations()
    words = (record.method, record.target.split(" ", 1)[0], record.target.rpartition("/")[2])
    return next((word for one in words if (word := _plain(one)) in known), "")


def _spelling(operation: str, *words: str) -> str:
    return next((word[:60] for word in words if _plain(word) == operation), operation)


def _plain(text: str) -> str:
    return text[:60].lower().removeprefix("m:").removesuffix("request").strip("\"' ")


def _ews_cells(text: str) -> dict[str, str]:
    """Read operation, status, error, mailbox and items out of a line of the EWS log."""
    try:
        cells = next(csv.reader([text]), [])
    except csv.Error:
        return {}
    known = operations()
    at = next((n for n, cell in enumerate(cells[:40]) if n > 10 and _plain(cell) in known), -1)
    if at < 0:
        return {}
    row = dict(enumerate(cells[at : at + 16]))
    whose = (row.get(n, "").strip() for n in (5, 6, 7))
    return {
        "operation": _plain(row[0]),
        "spelling": row[0],
        "status": row.get(1, ""),
        "error": row.get(4, "").strip(),
        "mailbox": next((one for one in whose if one), ""),
        "items": row.get(15, "").strip(),
    }


def _of_web(record: TrailRecord) -> Asked | None:
    url = _meant(record)
    path = url.partition("?")[0].lower()
    protocol = next((name for start, name in _PROTOCOLS if path.startswith(start)), "")
    if not protocol:
        return None
    values = {name.lower(): value for name, value in _VALUE.findall(url[:2000])}
    operation = _web_operation(protocol, path, values, record.method)
    if not operation and protocol not in _BARE:
        return None
    named, mailbox = _web_mailbox(record, path, values)
    items = record.deed.items
    done = is_answered(record)
    asked = _asked(record, protocol, operation, mailbox, items, done=done, named=named)
    words = (values.get("action", ""), values.get("cmd", ""), url.partition("?")[0].rsplit("/")[-1])
    return replace(asked, spelling=_spelling(operation, *words))


def _meant(record: TrailRecord) -> str:
    """Return the URL that a request was led to, whatever it named first."""
    if record.kind == "httpproxy" and "~" in record.text:
        path = _forged(record.text)
        if path:
            return path
    target = record.target[:2000]
    if "autodiscover.json" in target.lower():
        inner = _CONFUSED.search(decoded(target).replace("+", " "), 1)
        return inner[1] if inner else target
    return target


def _forged(text: str) -> str:
    """Return the path of an anchor `ServerInfo~host~version/path`; empty if there is none."""
    # NOTE: word by word, so that a line full of anchors without a path is read once.
    for word in _WORD.finditer(text):
        path = _PATH.match(text, word.end() - 1)
        start = max(word.start(), word.end() - _ANCHOR_LENGTH)
        if path and _SERVER.search(text, start, word.end()):
            return path[0]
    return ""


def _web_operation(protocol: str, path: str, values: dict[str, str], method: str) -> str:
    known = operations()
    match protocol:
        case "owa":
            name = "downloadattachment" if path.endswith("attachment.ashx") else ""
            # NOTE: Exchange 2010 has `?ae=Item` for what is opened, `?ae=Folder` for a list.
            name = name or _OLDER.get(values.get("ae", "").lower(), "")
            name = name or _plain(values.get("action", "") or path.rpartition("/")[2])
        case "eas":
            name = _plain(values.get("cmd", ""))
        case "rest":
            name = next((one for one in ("messages", "mailfolders") if f"/{one}" in path), "")
        case "oab":
            name = "oab" if path.endswith(".lzx") and method.upper() == "GET" else ""
        case _:
            name = ""
    return name if name in known else ""


def _web_mailbox(record: TrailRecord, path: str, values: dict[str, str]) -> tuple[bool, str]:
    """Return whether the mailbox is named, and its name as the record has it."""
    anchor = _SMTP.search(record.text) if record.kind == "httpproxy" else None
    opened = _OPENED.match(path)
    whose = next(filter(None, opened.groups()), "") if opened else ""
    told = (anchor[1] if anchor else "", whose, values.get("user", ""))
    named = next((decoded(one).replace("+", " ") for one in told if one), "")
    if named:
        return True, named
    whose = record.deed.mailbox or record.account
    return False, whose if is_somebody(whose) else ""


def _of_words(record: TrailRecord) -> Asked | None:
    operation = _operation(record)
    if not operation:
        return None
    done = record.status.lower() not in ("failed", "failure", "false", "error")
    mailbox = record.deed.mailbox or record.account
    return _asked(record, record.kind, operation, mailbox, record.deed.items, done=done, named=True)


def _of_tracking(record: TrailRecord) -> Asked | None:
    """Return what was sent from a mailbox; the owner sends too, so it may all be his.

    The request that made the message stands in other logs as well, so that it must not count twice.
    """
    if record.method.upper() != "SUBMIT":
        return None
    mailbox = record.deed.mailbox or record.account
    asked = _asked(record, record.kind, "submit", mailbox, None, done=True, named=True)
    return replace(asked, sure=False, bytes_out=0, spelling="SUBMIT")


def _asked(
    record: TrailRecord,
    protocol: str,
    operation: str,
    mailbox: str,
    items: int | None,
    **flags: bool,
) -> Asked:
    known = [value for kind, value in record.keys if kind == "address"]
    address = known[0] if known else record.address if not _is_own(record.address) else ""
    who = tuple(one for one in (address, record.account) if is_somebody(one))
    return Asked(
        _layer(record),
        record.time,
        next((value for kind, value in record.keys if kind == "request"), ""),
        protocol,
        operation,
        mailbox[:NAME],
        flags["named"],
        items,
        record.bytes_out,
        flags["done"],
        record.session,
        record.sure,
        who,
        proof_of(record),
        tuple(value for kind, value in record.hits if kind == "rule"),
    )


def _is_own(address: str) -> bool:
    """Tell whether an address is that of the server itself."""
    found = address_of(address)
    return found is not None and (found.is_loopback or found.is_link_local)


def _layer(record: TrailRecord) -> str:
    if record.kind == "httpproxy":
        # NOTE: a request goes through one protocol of the front end.
        return "httpproxy"
    return f"{record.kind}:{record.part}" if record.part else record.kind


def spelled(mailbox: str) -> str:
    """Return a mailbox in comparable form: an address in small letters, else a name."""
    name = mailbox.strip().strip("\"'").lower()
    return name if "@" in name else name.rpartition("\\")[2].rpartition("/")[2]


def later(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the later of two times that may be unknown."""
    return max((time for time in (one, other) if time), default=None)
