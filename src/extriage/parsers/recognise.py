"""Recognise what a file is by its first bytes; names lie, collectors rename and drives move.

The one exception is the extension of a page that IIS would execute: a web shell may look like
anything, and it is its name that makes the server run it.
"""

import re

from extriage.knowledge.executed import is_executed
from extriage.knowledge.shippedpaths import ELSEWHERE, VIRTUAL_DIRECTORY, lying
from extriage.parsers.auditexports import audit_form
from extriage.parsers.documents import document_kind
from extriage.parsers.eventexports import export_form, foreign_table
from extriage.parsers.filemarks import named_kind, table_kind
from extriage.parsers.filesystem import form_in_json
from extriage.parsers.tracekinds import trace_kind

_QUOTING_EXTENSIONS = frozenset(
    {"ps1", "psm1", "psd1", "yar", "yara", "yml", "yaml", "md", "rst", "json", "csv", "py", "cs"}
)

_LOG_TYPE = re.compile(rb"^\xef?\xbb?\xbf?#log-type:[ \t]*([^\r\n]{1,80})", re.I | re.M)
_SOFTWARE = re.compile(rb"^\xef?\xbb?\xbf?#software:[ \t]*([^\r\n]{1,80})", re.I | re.M)
_FIELDS = re.compile(rb"^\xef?\xbb?\xbf?#fields:[ \t]*([^\r\n]{1,8192})", re.I | re.M)

_LOG_TYPES: tuple[tuple[bytes, str], ...] = (
    (b"httpproxy logs", "httpproxy"),
    (b"rps http logs", "rps-http"),
    (b"rps cmdlet logs", "rps-cmdlet"),
    (b"ews logs", "ews"),
    (b"ecp server log", "ecp-server"),
    (b"ecp activity context log", "ecp-activity"),
    (b"message tracking log", "message-tracking"),
    (b"smtp receive protocol log", "smtp"),
    (b"smtp send protocol log", "smtp"),
    (b"transport connectivity log", "connectivity"),
    (b"agent log", "agent"),
    (b"audit", "audit"),
)
_SOFTWARES = (
    (b"microsoft http api", "httperr"),
    (b"microsoft internet information services", "iis"),
)
_EXCHANGE = b"microsoft exchange"
_TOP = 32 * 1024
_OAB_TYPE = re.compile(rb"oab.{0,3}generator")
_OAB_LINE = b"download failed and temporary file"

_HEADERS: tuple[tuple[tuple[bytes, ...], str], ...] = (
    ((b"datetime,requestid,majorversion", b"protocolaction,authenticationtype"), "httpproxy"),
    ((b"cmdlet,parameters,cmdletuniqueid",), "rps-cmdlet"),
    ((b"managedorganization", b"failfast", b"datetime,"), "rps-http"),
    ((b"soapaction", b"impersonateduser", b"datetime,"), "ews"),
    ((b"internal-message-id,message-id",), "message-tracking"),
    ((b"timestamp,server,tenantid,recordtype,data",), "audit"),
    ((b"datetime,sessionid,seqnumber,sip,cip,user",), "imap-pop"),
    ((b"timestamp,sessionid,localendpoint,remoteendpoint,enteredorgfromip",), "agent"),
    ((b"date-time,connector-id,session-id,sequence-number",), "smtp"),
    ((b"date-time,session,source,destination,direction",), "connectivity"),
    ((b"entrynumber,", b"created0x10,created0x30"), "file-record"),
    ((b"name,extension,entrynumber,", b"updatereasons"), "file-change"),
    ((b"timestamp,filename,", b",reason,", b",usn"), "file-change"),
)
"""Words that must all stand in a `#Fields:` line or bare header row (lower case, no quotes)."""

_TIME = rb'"?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z"?,'
_GUID = rb'"?[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}"?,'
_BUILD = rb'(?:"?\d{1,5}"?,){4}'
_PROTOCOLS = (
    rb"(?:Autodiscover|Eas|Ecp|Ews|Mapi|Oab|OwaCalendar|Owa|PowerShell|RpcHttp|Rest|"
    rb"Microsoft-Server-ActiveSync)"
)
_ROWS: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.I), kind)
    for pattern, kind in (
        (_TIME + _GUID + _BUILD + rb'[^,]*,"?' + _PROTOCOLS + rb'"?,', "httpproxy"),
        (_TIME + _TIME + _GUID + _BUILD, "rps-http"),
        (_TIME + _TIME + _GUID + rb"[^,]*," + _BUILD + rb"[^,]*,\d+,[^,]*#", "rps-cmdlet"),
        (_TIME + rb"[^,]{1,64},ECP\.[A-Za-z]{1,40},\"?'?S:", "ecp-server"),
        (_TIME + rb"[^,]{1,64},Request,\"?'?(?:S|I32|Dbl|F):", "ecp-activity"),
        (_TIME + rb'[^,]*,[^,]*,[^,]*,"?\{.{0,4000}""Workload"":""Exchange""', "audit"),
        (_TIME + rb".{0,400}download failed and temporary file", "oab-generator"),
        (
            rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (?:\S+ )?[0-9A-Fa-f.:%]+ [A-Z_]{2,30} /\S* ",
            "iis",
        ),
        (
            rb"[0-9A-Fa-f.:%]+, [^,]*, \d\d?[/.]\d\d?[/.]\d\d(?:\d\d)?, \d\d?:\d\d:\d\d[^,]*,"
            rb" W3SVC\d+, ",
            "iis-native",
        ),
    )
)
_ROWS_TRIED = 200
_DIRECTIVE = re.compile(
    rb"<%@\s*(?:page|control|webhandler|webservice|servicehost|application|master|import|assembly"
    rb"|language)\b|<script\b[^>]{0,200}\brunat\s*=|\brunat\s*=\s*[\"']?server",
    re.I,
)


_CONFIG_CODE = re.compile(
    rb"<%[^$\"'<>]|<%\s|<script\b[^>]{0,200}\brunat\s{0,9}=\s{0,9}[\"']?server", re.I
)
_CODE_INSIDE = re.compile(
    rb"<%\s{0,40}@|<script\b[^>]{0,200}\brunat\s{0,9}=\s{0,9}[\"']?server"
    rb"|<%[^>]{0,200}\b(?:request|execute|eval)\b",
    re.I,
)
_SERVED_AS = frozenset(
    {"gif", "jpg", "jpeg", "png", "ico", "bmp", "svg", "css", "txt", "htm", "html", "xml"}
    | {"htr", "idc", "stm", "shtm", "shtml", "inc", "pdf", "woff", "ttf"}
)
"""Names that a handler of its own, or a page that includes it, makes a page of."""
_SOURCES = frozenset({"cs", "vb"})
_PAGE_START = re.compile(rb"(?:\xef\xbb\xbf)?\s{0,400}(?:<%|<script\b|name\s{1,80}:)", re.I)
_EVENT_MARK = re.compile(rb'"(?:EventID|EventId|event_id|Event)"\s{0,8}:')
_EVENT_XML = re.compile(
    rb"<Event\s{1,8}xmlns\s{0,8}=\s{0,8}[\"']http://schemas\.microsoft\.com/win/"
)
_EVENT_VIEWER = re.compile(rb"(?:\xef\xbb\xbf)?Level,Date and Time,Source,Event ID")


def looks_like_events(head: bytes) -> bool:
    """Tell whether a file seems to hold Windows events in a form that is not read."""
    if head.lstrip()[:1] in (b"[", b"{"):
        return _EVENT_MARK.search(head) is not None
    marked = _EVENT_XML.search(head[:_TOP]) or _EVENT_VIEWER.match(head)
    return marked is not None or foreign_table(head)


def recognise(head: bytes, name: str) -> str:
    """Name the kind of evidence from a file's first 64 KiB (UTF-8); empty if it is none."""
    # NOTE: IIS runs a page whatever it begins with, be it the head of a log or of an event log.
    if is_executed(name):
        return "web-file"
    if head.startswith((b"ElfFile\0", b"ElfChnk\0")):
        return "events"
    if table := table_kind(head, name):
        return table
    # NOTE: the texts inside a program may quote any log, and an intruder compiles his own.
    if head.startswith(b"MZ") and (kind := trace_kind(head, name) or document_kind(head, name)):
        return kind
    # NOTE: events come first, since their texts may quote any log.
    if export_form(head):
        return "events-json"
    if audit_form(head):
        return "audit-export"
    kind = form_in_json(head) or _by_header(head) or _by_rows(head) or trace_kind(head, name)
    if kind:
        return kind
    # NOTE: pages first: a web shell that begins like a mail or a set-up log is a web shell.
    page = "web-file" if _is_page(head, name) else document_kind(head, name)
    return page or named_kind(name)


def _extension(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _is_page(head: bytes, name: str) -> bool:
    extension = _extension(name)
    # NOTE: the logon form's script runs in every visitor's browser: password loggers sit there.
    if extension == "js" and b"clkLgn" in head:
        return True
    # NOTE: mapped to classic ASP by its own handlers, a web.config runs the code in its comments.
    if extension == "config" and _CONFIG_CODE.search(head):
        return True
    if _runs_in_its_folder(head, name, extension):
        return True
    # NOTE: rules and scripts against web shells quote them, and nothing executes such files.
    if extension in _QUOTING_EXTENSIONS or b"\0" in head[:4096]:
        return False
    # NOTE: mails and reports about web shells quote them too, but do not begin like one.
    return _PAGE_START.match(head) is not None and _DIRECTIVE.search(head) is not None


def _runs_in_its_folder(head: bytes, name: str, extension: str) -> bool:
    """Tell code that a web folder runs under another name: sources, pictures, `x.asp/y.jpg`."""
    if extension in _SOURCES:
        # NOTE: ASP.NET compiles App_Code, and what the Src of a page names, at the first request.
        return b"\0" not in head[:4096] and _is_served(name)
    if extension in _SERVED_AS or b"<%" in head[:64]:
        return _CODE_INSIDE.search(head) is not None and _is_served(name)
    return False


def _is_served(name: str) -> bool:
    return lying(name).place not in (ELSEWHERE, VIRTUAL_DIRECTORY)


def _by_header(head: bytes) -> str:
    low = head.lower()
    log_type, software, fields = (found.search(low) for found in (_LOG_TYPE, _SOFTWARE, _FIELDS))
    kind = _of_log_type(log_type[1].strip()) if log_type else ""
    kind = kind or (_of_software(software[1]) if software else "")
    kind = kind or (_of_fields(fields[1]) if fields else "")
    if kind or _OAB_LINE in low:
        return kind or "oab-generator"
    for line in low[:_TOP].replace(b'"', b"").split(b"\n", 12)[:12]:
        if b"," in line and (kind := _of_columns(line)):
            return kind
    if not software or not software[1].startswith(_EXCHANGE):
        return ""
    return "exchange-log" if log_type else _by_rows(head) or "exchange-log"


def _of_software(software: bytes) -> str:
    for start, kind in _SOFTWARES:
        if software.startswith(start):
            return kind
    return ""


def _of_log_type(log_type: bytes) -> str:
    for known, kind in _LOG_TYPES:
        if log_type == known:
            return kind
    return "oab-generator" if _OAB_TYPE.search(log_type) else ""


def _of_fields(fields: bytes) -> str:
    if b"s-reason" in fields:
        return "httperr"
    if b"cs-method" in fields or b"cs-uri-stem" in fields:
        return "iis"
    return _of_columns(fields.replace(b'"', b""))


def _of_columns(row: bytes) -> str:
    for words, kind in _HEADERS:
        if all(word in row for word in words):
            return kind
    return ""


def _by_rows(head: bytes) -> str:
    for line in head.split(b"\n", _ROWS_TRIED)[:_ROWS_TRIED]:
        start = line[:8192]
        for pattern, kind in _ROWS:
            if pattern.match(start):
                return kind
    return ""
