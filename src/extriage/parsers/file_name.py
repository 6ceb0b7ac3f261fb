r"""The name of a file in the evidence: where it lay on the server, whatever it holds.

Collectors keep a server's folders below one that stands for the drive: `C/`, `C:/`, `C%3A/`
(Velociraptor), `C_drive/`, `C$/`, `%5C%5C.%5CC%3A/` (its NTFS accessor), `sysvol/` (acquire). From
there on the path is the server's. Without such a folder the drive cannot be told, and the path of
the evidence stands, with backslashes, so that a rule may always ask for `\ProgramData\it.zip`.
There is no time: copying changes those of files.
"""

import re
from functools import lru_cache

from extriage.knowledge.shipped import KNOWN_KINDS, shipped_fields
from extriage.knowledge.shippedpaths import unescaped
from extriage.model.evidence import Fields, Origin, Record

KIND = "file-name"
_OF_PLACE = ("Place", "ShippedPath", "ShippedAs", "Imitates", "ImitatesHow")
"""Fields that tell whether Exchange has such a file at such a place; empty for other kinds."""

_MARKED = re.compile(r"(?:\\\\[.?]\\)?([A-Za-z])[:$]")
_SHADOW = re.compile(
    r"(?:\\\\[.?]\\)?(?:GLOBALROOT\\Device\\)?HarddiskVolumeShadowCopy\d{1,5}", re.I
)
_NUMBERED = re.compile(r"^\[entry \d+\] | \[entry \d+\]$")
_SYSTEM = "sysvol"
_OF_WINDOWS = frozenset(
    {"windows", "users", "program files", "program files (x86)", "programdata", "inetpub"}
    | {"perflogs", "exchangesetuplogs", "$recycle.bin", "system volume information"}
)
"""Folders at the root of a drive: what follows them is the server's own, never a drive again."""
_DEEPEST = 12
"""Folders of a collection above its drives that are looked at."""
_ARCHIVES = 4
"""Archives around a file that are looked at."""


def file_name_record(path: str, size: int = -1, first: bytes = b"") -> Record:
    """Make a record of a name; `size` is -1 where nothing tells it, `first` begins the file."""
    place = server_path(path)
    folder, _, name = place.rpartition("\\")
    _, dot, extension = name.rpartition(".")
    fields: Fields = {
        "Path": place,
        "EvidencePath": path,
        "FileName": name,
        "Extension": f".{extension.lower()}" if dot else "",
        "Folder": folder,
        "Size": str(size) if size >= 0 else "",
        "FirstBytes": first[:8].hex(),
    }
    told = shipped_fields(path, "") if dot and extension.lower() in KNOWN_KINDS else {}
    fields |= {name: told.get(name, "") for name in _OF_PLACE}
    return Record(KIND, None, Origin(path, 1), fields, file_name_text(path))


def file_name_text(path: str) -> str:
    """Return what rules' texts are searched in: the path on the server, and in the evidence."""
    return f"{server_path(path)} ({path})"


def server_path(path: str) -> str:
    r"""Return a path as the server had it, `C:\inetpub\x.aspx`, else the evidence's, with `\`."""
    folder, slash, name = path.rpartition("/")
    drive, encoded = _folder(folder) if slash else ("", False)
    if "]" in name and "!/" in path:
        name = _NUMBERED.sub("", name, count=1)
    if encoded and "%" in name:
        name = unescaped(name)
    return f"{drive}\\{name}" if drive else path.replace("/", "\\")


@lru_cache(maxsize=256)
def _folder(path: str) -> tuple[str, bool]:
    """Return a folder as the server had it, and whether its names are encoded; else nothing."""
    outer, *inner = path.rsplit("!/", _ARCHIVES)
    segments = [outer, *inner]
    # NOTE: a member's own folders tell more than those of the archive around it.
    for count in range(1, len(segments) + 1):
        place = _below_drive("!/".join(segments[-count:]))
        if place[0]:
            return place
    return "", False


def _below_drive(path: str) -> tuple[str, bool]:
    parts = path.replace("\\", "/").split("/", _DEEPEST)
    found, encoded = "", False
    for at, part in enumerate(parts):
        plain = unescaped(part) if part.startswith("%") or part[1:2] == "%" else part
        if plain.lower() in _OF_WINDOWS:
            break
        below = parts[at + 1].lower() if at + 1 < len(parts) else ""
        drive, sure = _drive(plain, below)
        if drive and (sure or not found):
            encoded = plain != part
            rest = "".join(f"/{one}" for one in parts[at + 1 :]).replace("/", "\\")
            found = drive + (unescaped(rest) if encoded else rest)
        if sure:
            break
    return found, encoded


def _drive(folder: str, below: str) -> tuple[str, bool]:
    """Return the drive that a folder stands for, `C:`, and whether that is sure."""
    sure = below in _OF_WINDOWS
    letter = folder[:1] if folder[1:].lower() in ("", "_drive") else ""
    if letter.isascii() and letter.isalpha() and (letter.isupper() or sure):
        return f"{letter.upper()}:", sure
    if found := _MARKED.fullmatch(folder):
        return f"{found[1].upper()}:", True
    if folder.lower() == _SYSTEM and sure:
        return "C:", True
    return (folder, True) if _SHADOW.fullmatch(folder) else ("", False)
