"""What Exchange's cmdlets said, saved as text: `Format-List`, `Export-Csv` and `ConvertTo-Json`.

Administrators send such files more often than PowerShell's own XML. They do not say what an object
is, so its properties must tell; lists are written `{a, b}`.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import msgspec

from extriage.parsers.base import DocumentError
from extriage.parsers.clixml import BAG_DEPTH, Bag, Values, short_type
from extriage.parsers.text import text_of

TELLING = (
    ("OrganizationConfig", ("enabledownloaddomains",)),
    ("OrganizationConfig", ("mitigationsenabled", "isdehydrated")),
    ("ADWebServicesVirtualDirectory", ("mrsproxyenabled",)),
    ("ADOwaVirtualDirectory", ("externaldownloadhostname",)),
    ("ADOwaVirtualDirectory", ("owalightenabled", "internalurl")),
    ("OwaMailboxPolicy", ("owalightenabled",)),
    ("SettingOverride", ("componentname", "sectionname", "parameters")),
    ("ExchangeServer", ("admindisplayversion", "serverrole")),
    ("ExchangeServer", ("mitigationsapplied",)),
    ("ExchangeServer", ("mitigationsenabled", "name")),
    ("ExchangeServer", ("admindisplayversion", "name")),
    ("AuthServer", ("applicationidentifier", "issueridentifier", "type")),
    ("PartnerApplication", ("applicationidentifier", "useauthserver")),
    ("HybridConfiguration", ("receivingtransportservers",)),
    ("AuthConfig", ("currentcertificatethumbprint",)),
    ("Win32_QuickFixEngineering", ("hotfixid",)),
    ("Signature", ("signercertificate", "status", "path")),
    ("ADGroup", ("groupcategory", "groupscope", "samaccountname")),
    ("FileVersionInfo", ("filename", "fileversion", "productversion")),
    ("InboxRule", ("forwardto", "redirectto")),
    ("InboxRule", ("forwardasattachmentto",)),
    ("InboxRule", ("ruleidentity", "priority")),
    ("InboxRule", ("mailboxownerid", "enabled")),
    ("InboxRule", ("subjectorbodycontainswords", "deletemessage")),
    ("TransportAgent", ("transportagentfactory",)),
    ("TransportAgent", ("assemblypath", "enabled")),
    ("TransportRule", ("redirectmessageto",)),
    ("TransportRule", ("blindcopyto", "state")),
    ("TransportRule", ("ruleversion", "state")),
    ("JournalRule", ("journalemailaddress", "scope")),
    ("SendConnector", ("addressspaces", "smarthosts")),
    ("SendConnector", ("sourcetransportservers",)),
    ("ReceiveConnector", ("remoteipranges", "bindings")),
    ("ReceiveConnector", ("permissiongroups", "remoteipranges")),
    ("InboundConnector", ("senderdomains", "connectortype")),
    ("OutboundConnector", ("recipientdomains", "connectortype")),
    ("RemoteDomain", ("autoforwardenabled", "domainname")),
    ("MailboxFolderPermission", ("foldername", "accessrights", "user")),
    ("ADPermission", ("extendedrights", "user")),
    ("MailboxPermission", ("accessrights", "deny", "user")),
    ("MailboxPermission", ("accessrights", "isinherited", "user")),
    ("ManagementRoleAssignment", ("roleassigneename", "role")),
    ("ManagementRoleAssignment", ("roleassignee", "role")),
    ("ManagementScope", ("scoperestrictiontype",)),
    ("ManagementScope", ("recipientroot", "recipientfilter", "exclusive")),
    ("RoleGroup", ("roleassignments", "managedby")),
    ("MailboxExportRequest", ("filepath", "requestguid")),
    ("MailboxExportRequest", ("filepath", "mailbox", "status")),
    ("Mailbox", ("forwardingsmtpaddress",)),
    ("Mailbox", ("delivertomailboxandforward",)),
    ("VirtualDirectory", ("internalurl", "externalurl")),
)
"""Properties by which an object is known, in lower case; the first that fits counts."""
_WORDS = frozenset(word for _, words in TELLING for word in words)
_NAMES = re.compile(rb"^([A-Za-z_]\w{0,80})[ \t]{0,60}:(?:[ \t]|\r?$)", re.MULTILINE)
_KEYS = re.compile(rb'"([A-Za-z_]\w{0,80})"[ \t\r\n]{0,10}:')
_PAIR = re.compile(r"([A-Za-z_][\w.]{0,80})[ \t]{0,60}:(?:[ \t](.*))?$")
_TYPED = b"#type "
_MANY = 20_000
"""Properties of one object, and objects of one file, that are read."""


def accepts_list(head: bytes) -> bool:
    """Tell whether a text seems to be what cmdlets said, in one of the three forms."""
    low = head[:4096].lstrip().lower()
    if low.startswith(_TYPED):
        return True
    first = low.split(b"\n", 1)[0]
    if low.startswith((b"[", b"{")):
        found = _KEYS.findall(head)
    elif first.count(b",") > 1:
        found = [column.strip(b' "\r') for column in first.split(b",")]
    else:
        found = _NAMES.findall(head)
    names = {name.lower().decode("utf-8", "replace") for name in found}
    return bool(guess(names))


def bags(data: bytes) -> Iterator[Bag]:
    """Yield the objects; DocumentError for JSON that is malformed."""
    low = data[:4096].lstrip().lower()
    if low.startswith((b"[", b"{")):
        return _from_json(data)
    first = low.split(b"\n", 1)[0]
    if low.startswith(_TYPED) or first.count(b",") > 1:
        return _from_csv(text_of(data))
    return _from_list(text_of(data))


def guess(names: Iterable[str]) -> str:
    """Name the kind of an object by its properties (in lower case); empty if none is known."""
    return _kind(_WORDS.intersection(names))


@lru_cache(maxsize=256)
def _kind(told: frozenset[str]) -> str:
    return next((kind for kind, words in TELLING if told.issuperset(words)), "")


def _bag(values: Values, line: int, kind: str = "") -> Bag | None:
    kind = kind or guess(values)
    return Bag(frozenset({kind}), line, values) if kind else None


def _values(text: str) -> list[str]:
    """Take a list apart: `{a, b}`; what is cut with an ellipsis keeps what is shown."""
    if text.startswith("{") and text.endswith("}"):
        return [item.strip() for item in text[1:-1].split(",") if item.strip()][:_MANY]
    return [text]


def _from_list(text: str) -> Iterator[Bag]:
    values: Values = {}
    start, name = 1, ""
    for number, line in enumerate(io.StringIO(f"{text}\n\n"), start=1):
        row = line.rstrip("\r\n")
        found = _PAIR.match(row)
        if found and len(values) < _MANY:
            start = start if values else number
            name = found[1].lower()
            values[name] = [(found[2] or "").strip()]
        elif row[:1].isspace() and row.strip() and name:
            values[name] = [(values[name][0] + " " + row.strip())[:8192]]
        elif not row.strip() and values:
            whole = {key: _values(value[0]) for key, value in values.items()}
            if bag := _bag(whole, start):
                yield bag
            values, name = {}, ""


def _from_csv(text: str) -> Iterator[Bag]:
    lines = io.StringIO(text)
    kind, skipped = "", 0
    if text[:6].lower() == "#type ":
        kind, skipped = short_type(lines.readline()[6:].strip()), 1
    known = {name for name, _ in TELLING}
    reader = csv.reader(lines)
    columns: list[str] = []
    try:
        for row in reader:
            if not columns:
                columns = [name.strip().lower() for name in row[:_MANY]]
                continue
            values = {name: _values(value) for name, value in zip(columns, row, strict=False)}
            if bag := _bag(values, skipped + reader.line_num, kind if kind in known else ""):
                yield bag
    except csv.Error as error:
        raise DocumentError(f"broken at line {skipped + reader.line_num}: {error}") from error


def _from_json(data: bytes) -> Iterator[Bag]:
    try:
        document = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise DocumentError(f"is no well-formed JSON: {error}"[:300]) from error
    for item in (document if isinstance(document, list) else [document])[:_MANY]:
        if isinstance(item, dict):
            values: Values = {}
            _flat(item, "", values)
            if bag := _bag(values, 1):
                yield bag


def _flat(value: Any, path: str, values: Values) -> None:
    if len(values) >= _MANY or path.count(".") >= BAG_DEPTH:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            _flat(inner, f"{path}.{name.lower()}".strip("."), values)
    elif isinstance(value, list):
        values.setdefault(path, [])
        for inner in value[:_MANY]:
            _flat(inner, path, values)
    else:
        values.setdefault(path, []).append("" if value is None else str(value)[:8192])
