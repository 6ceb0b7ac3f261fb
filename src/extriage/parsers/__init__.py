"""The readers of evidence: what a file is, and how its lines, events or text become records.

Every kind of evidence has one line in the register `KINDS`.
"""

from extriage.parsers import (
    audit,
    ecp,
    exchange,
    filesystem,
    httpproxy,
    iis,
    oabgenerator,
)
from extriage.parsers.auditexports import first_act
from extriage.parsers.base import (
    Columns,
    Document,
    DocumentError,
    DocumentReader,
    Kind,
    LineFormat,
    RecordReader,
    no_sibling,
)
from extriage.parsers.clock import Clock
from extriage.parsers.clockcheck import ClockCheck
from extriage.parsers.documents import DOCUMENTS
from extriage.parsers.event import System, event_record, event_system, raw_event
from extriage.parsers.evtx import EventTrouble, events_binary
from extriage.parsers.file_name import file_name_record
from extriage.parsers.lines import (
    build,
    computer,
    fallback_columns,
    header,
    joined,
    line_time,
    log_type,
    part,
    raw_record,
    record,
    split,
    starts_record,
)
from extriage.parsers.page import page_record
from extriage.parsers.recognise import recognise
from extriage.parsers.setting import setting_record
from extriage.parsers.text import open_text
from extriage.parsers.tracekinds import TRACES

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("httpproxy", "lines", True, "HttpProxy log", httpproxy.FORMAT),
        Kind("iis", "lines", False, "IIS log (W3C)", iis.FORMAT),
        Kind("iis-native", "lines", False, "IIS log (native, local time)", iis.NATIVE),
        Kind("httperr", "lines", False, "HTTP.sys error log", iis.HTTPERR),
        Kind("ecp-server", "lines", True, "ECP server log", ecp.SERVER),
        Kind("ecp-activity", "lines", True, "ECP activity log", ecp.ACTIVITY),
        Kind("oab-generator", "lines", True, "OABGenerator log", oabgenerator.FORMAT),
        Kind("rps-http", "lines", True, "Remote PowerShell HTTP log", exchange.RPS_HTTP),
        Kind("rps-cmdlet", "lines", True, "PowerShell cmdlet log", exchange.RPS_CMDLET),
        Kind("ews", "lines", True, "Exchange Web Services log", exchange.EWS),
        Kind("message-tracking", "lines", True, "Message tracking", exchange.MESSAGE_TRACKING),
        Kind("smtp", "lines", True, "SMTP protocol log", exchange.SMTP),
        Kind("connectivity", "lines", True, "Connectivity log", exchange.CONNECTIVITY),
        Kind("agent", "lines", True, "Transport agent log", exchange.AGENT),
        Kind("audit", "lines", True, "Audit queue file", audit.QUEUE),
        Kind("audit-export", "acts", True, "Audit exported as XML, CLIXML, JSON or CSV"),
        Kind("imap-pop", "lines", True, "IMAP4/POP3 protocol log", exchange.IMAP_POP),
        Kind("exchange-log", "lines", True, "Other Exchange log", exchange.OTHER),
        Kind("events", "events-binary", False, "Windows event log (EVTX)"),
        Kind("events-json", "events-json", False, "Windows events exported as JSON or CSV"),
        Kind("web-file", "page", False, "Server-executed web file"),
        Kind("file-record", "lines", False, "Table of files ($MFT)", filesystem.MFT),
        Kind("file-change", "lines", False, "Journal of changes ($J)", filesystem.JOURNAL),
        Kind("file-table", "file-table", False, "Table of files ($MFT) as on the disk"),
        Kind("file-journal", "file-journal", False, "Journal of changes ($J) as on the disk"),
        *TRACES,
        *DOCUMENTS,
    )
}
"""Every kind of evidence that is read."""

__all__ = [
    "KINDS",
    "Clock",
    "ClockCheck",
    "Columns",
    "Document",
    "DocumentError",
    "DocumentReader",
    "EventTrouble",
    "Kind",
    "LineFormat",
    "RecordReader",
    "System",
    "build",
    "computer",
    "event_record",
    "event_system",
    "events_binary",
    "fallback_columns",
    "file_name_record",
    "first_act",
    "header",
    "joined",
    "line_time",
    "log_type",
    "no_sibling",
    "open_text",
    "page_record",
    "part",
    "raw_event",
    "raw_record",
    "recognise",
    "record",
    "setting_record",
    "split",
    "starts_record",
]
