r"""The file system's own account, as analysts' tools export it: `$MFT` and the change journal `$J`.

The tables themselves, as they are on the disk, are read by `mftfile` and `usnjournal`.

Of a web shell that is gone the table of files may still hold the entry, and the journal tells when
it was made, renamed and deleted. Read are the tables of MFTECmd and the rows of Velociraptor's
`Windows.NTFS.MFT` and `Windows.Forensics.Usn`, as CSV or as one JSON object on each line. Times are
UTC. A row keeps the tool's own columns; beside them stand fields that are called the same whatever
the tool. Primary sources: https://github.com/EricZimmerman/MFTECmd and
https://docs.velociraptor.app/artifact_references/pages/windows.forensics.usn/.
"""

import re

import msgspec

from extriage.model.evidence import Fields
from extriage.parsers.base import LineFormat
from extriage.parsers.clock import iso_time
from extriage.parsers.shippedpage import PLACE_FIELDS, place_of

FILES = "file-record"
CHANGES = "file-change"
_NAMED = ("Path", "FileName", "Extension", *PLACE_FIELDS)
FILE_FIELDS = (*_NAMED, "Deleted", "DaysBackdated")
CHANGE_FIELDS = (*_NAMED, "Changes")
_PATHS = ("OSPath", "FullPath")
_NAMES = ("FileName", "Filename", "Name")
_REASONS = {
    "filecreate": "created",
    "filedelete": "deleted",
    "renameoldname": "renamed-from",
    "renamenewname": "renamed-to",
    "dataextend": "written",
    "dataoverwrite": "written",
    "datatruncation": "written",
    "basicinfochange": "attributes",
    "securitychange": "rights",
    "streamchange": "stream",
    "nameddataextend": "stream",
}
"""What the journal calls a change, without underscores, and how rules ask for it."""
_DEVICE = re.compile(r"^(?:\\\\[.?]\\)?(?:GLOBALROOT\\Device\\[^\\]{1,80}\\)?", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z_]{4,40}")
_ROOTED = re.compile(r"\\|\?\\|[A-Za-z]:")
"""A path from the root, or one of which only the end is known."""
_MOST_KEYS = 100
_LONGEST = 4096
_DAY = 86_400


def decode_file(fields: Fields, text: str) -> None:
    """Add what every tool tells of a file, under the same names."""
    _name(fields, text)
    if told := _text(fields, "InUse"):
        fields["Deleted"] = "no" if told.lower() == "true" else "yes"
    fields["DaysBackdated"] = str(_backdated(fields))


def decode_change(fields: Fields, text: str) -> None:
    """Add what every tool tells of a change, under the same names."""
    _name(fields, text)
    told = fields.get("UpdateReasons") or fields.get("Reason") or ""
    words = _WORD.findall(told if isinstance(told, str) else "|".join(told))
    names = (word.replace("_", "").lower() for word in words)
    fields["Changes"] = tuple(dict.fromkeys(_REASONS[name] for name in names if name in _REASONS))


def _name(fields: Fields, text: str) -> None:
    if fields.keys() == {"Message"} and (told := _object(text)):
        del fields["Message"]
        fields.update(told)
    name = next(filter(None, (_text(fields, one) for one in _NAMES)), "")
    path = next(filter(None, (_text(fields, one) for one in _PATHS)), "")
    folder = _text(fields, "ParentPath")
    if not path and folder:
        path = f"{folder}\\{name}"
    path = _DEVICE.sub("", path.replace("/", "\\"), count=1).removeprefix(".")
    if path and not _ROOTED.match(path):
        path = f"\\{path}"
    name = name or path.rpartition("\\")[2]
    _, dot, extension = name.rpartition(".")
    fields["Path"], fields["FileName"] = path or name, name
    fields["Extension"] = f".{extension.lower()}" if dot else ""
    fields.update(place_of(path))


def _object(text: str) -> Fields:
    """Read a JSON object; what is no text becomes one, and nothing of what is damaged."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(key): _plain(value) for key, value in list(found.items())[:_MOST_KEYS]}


def _plain(value: object) -> str | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(one)[:_LONGEST] for one in value[:_MOST_KEYS])
    return "" if value is None else str(value)[:_LONGEST]


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def _backdated(fields: Fields) -> int:
    """Count whole days by which a file says to be older than the name that it was given."""
    said, named = (
        iso_time(_text(fields, name).encode("ascii", "replace"))
        for name in ("Created0x10", "Created0x30")
    )
    # NOTE: MFTECmd leaves the second time empty if it is the same.
    if said is None or named is None:
        return 0
    return max(0, int((named - said).total_seconds() // _DAY))


def form_in_json(head: bytes) -> str:
    """Name the kind of rows that a text of JSON lines holds; empty if they are of none of these."""
    line = head.lstrip().split(b"\n", 1)[0]
    if not line.startswith(b"{"):
        return ""
    if b'"EntryNumber"' in line and b'"Created0x10"' in line:
        return FILES
    return CHANGES if b'"Usn"' in line and b'"Reason"' in line and b'"Filename"' in line else ""


MFT = LineFormat(
    kind=FILES,
    delimiter=b",",
    header_starts=(b"entrynumber,",),
    decode=decode_file,
    made=FILE_FIELDS,
    free=True,
    undated="none",
    time_fields=("Created0x30", "Created0x10"),
)
JOURNAL = LineFormat(
    kind=CHANGES,
    delimiter=b",",
    header_starts=(b"name,extension,entrynumber,", b"timestamp,filename,"),
    decode=decode_change,
    made=CHANGE_FIELDS,
    free=True,
    undated="time",
    time_fields=("UpdateTimestamp", "Timestamp"),
)
