r"""Rows of the file system's own tables as records: the same fields as exports of analysts' tools.

The columns are those of MFTECmd, so that a rule need not know whether the table came raw or as CSV.
Beside them stand `FolderKnown`, which is `no` where the path does not begin at the root, and
`Content`, the text of a small file that its entry in `$MFT` holds, even after it was deleted.
"""

import re
from dataclasses import dataclass
from typing import Any

from extriage.model.evidence import Fields, Origin, Record
from extriage.parsers.file_name import server_path
from extriage.parsers.filesystem import CHANGES, FILES, decode_change, decode_file
from extriage.parsers.foldertree import Lying
from extriage.parsers.rawblocks import moment, written
from extriage.parsers.text import text_of, utf16
from extriage.parsers.usnjournal import reasons

_DRIVE = re.compile(r"[A-Za-z]:")
_TIMES = ("Created", "LastModified", "LastRecordChange", "LastAccess")
_ATTRIBUTES = (
    *((0x1, "ReadOnly"), (0x2, "Hidden"), (0x4, "System"), (0x10, "Directory")),
    *((0x20, "Archive"), (0x80, "Normal"), (0x100, "Temporary"), (0x200, "SparseFile")),
    *((0x400, "ReparsePoint"), (0x800, "Compressed"), (0x1000, "Offline"), (0x4000, "Encrypted")),
)
_ENTRY = (1 << 48) - 1


@dataclass(frozen=True, slots=True)
class Listed:
    """One name in the table of files, and where it lies."""

    numbers: Any
    """A row as `mftfile.Rows` has them."""
    name: str
    content: bytes
    lying: Lying


@dataclass(frozen=True, slots=True)
class Changed:
    """One record of the journal, and where its file lies."""

    numbers: Any
    """A row as `usnjournal.Changes` has them."""
    name: str
    lying: Lying
    line: int
    """Position among the records of the journal, counted from 1."""


def drive_of(path: str) -> str:
    """Return the drive whose table a file of the evidence is, `C:`; empty if nothing tells it."""
    place = server_path(path)
    return place[:2] if _DRIVE.match(place) else ""


def listed_text(row: Listed, drive: str) -> str:
    """Return what rules' texts are searched in: the path, and the content if it is there."""
    content = f"\n{_text(row.content)}" if row.content else ""
    return f"{row.lying.path(row.name, drive)}{content}"


def changed_text(row: Changed, drive: str) -> str:
    """Return what rules' texts are searched in: the path, and what was done."""
    return f"{row.lying.path(row.name, drive)} {reasons(int(row.numbers['reason']))}"


def listed_record(row: Listed, path: str, drive: str, size: int) -> Record:
    """Make the record of a name in the table `path`, whose entries have `size` bytes."""
    numbers = row.numbers
    entry, parent = int(numbers["entry"]), int(numbers["parent"])
    fields: Fields = {
        "EntryNumber": str(entry),
        "SequenceNumber": str(numbers["sequence"]),
        "InUse": str(bool(numbers["used"])),
        "ParentEntryNumber": str(parent & _ENTRY),
        "ParentSequenceNumber": str(parent >> 48),
        "ParentPath": _folder(row.lying, drive),
        "FileName": row.name,
        "FileSize": str(numbers["size"]) if numbers["size"] >= 0 else "",
        "IsDirectory": str(bool(numbers["folder"])),
        "HasAds": str(bool(numbers["streams"])),
    }
    said, named = numbers["said"].tolist(), numbers["named"].tolist()
    for word, first, second in zip(_TIMES, said, named, strict=True):
        fields[f"{word}0x10"], fields[f"{word}0x30"] = written(first), written(second)
    fields["SI<FN"] = str(0 < said[0] < named[0])
    fields["FolderKnown"] = "yes" if row.lying.known else "no"
    if row.content:
        fields["Content"] = _text(row.content)
    decode_file(fields, "")
    state = "in use" if numbers["used"] else "deleted"
    told = f"entry {entry}-{numbers['sequence']}, {state}, 0x10 {written(said[0])}, "
    text = f"{told}0x30 {written(named[0])}: {listed_text(row, drive)}"
    time = moment(named[0]) or moment(said[0])
    return Record(FILES, time, Origin(path, entry, entry * size), fields, text)


def changed_record(row: Changed, path: str, drive: str) -> Record:
    """Make the record of a change in the journal `path`."""
    numbers = row.numbers
    file, parent = int(numbers["file"]), int(numbers["parent"])
    attributes = int(numbers["attributes"])
    usn, ticks = int(numbers["usn"]), int(numbers["time"])
    fields: Fields = {
        "Name": row.name,
        "EntryNumber": str(file & _ENTRY),
        "SequenceNumber": str(file >> 48),
        "ParentEntryNumber": str(parent & _ENTRY),
        "ParentSequenceNumber": str(parent >> 48),
        "ParentPath": _folder(row.lying, drive),
        "UpdateSequenceNumber": str(usn),
        "UpdateTimestamp": written(ticks),
        "UpdateReasons": reasons(int(numbers["reason"])),
        "FileAttributes": "|".join(name for bit, name in _ATTRIBUTES if attributes & bit),
        "FolderKnown": "yes" if row.lying.known else "no",
    }
    decode_change(fields, "")
    text = f"{written(ticks)} {changed_text(row, drive)} (USN {usn}, entry {file & _ENTRY})"
    origin = Origin(path, row.line, int(numbers["offset"]))
    return Record(CHANGES, moment(ticks), origin, fields, text)


def _folder(lying: Lying, drive: str) -> str:
    r"""Return the folder as MFTECmd writes it, `.\inetpub`, or with its drive if that is known."""
    if not lying.known:
        return lying.folder.removesuffix("?")
    return f"{drive or '.'}{lying.folder}"


def _text(content: bytes) -> str:
    encoding, mark = utf16(content)
    return content[mark:].decode(encoding, "replace") if encoding else text_of(content)
