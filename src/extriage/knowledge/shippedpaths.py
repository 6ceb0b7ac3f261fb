r"""Where below the web folders of a server a file lies, told from its path in the evidence.

The installation may lie on any drive and in any folder (`D:\Mail\FrontEnd\HttpProxy`), the
collector may have put anything in front and may have encoded names (`C%3A`), and what lies in
archives has their path in front. So the place is told from the folders that Exchange always has.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from extriage.knowledge.shippedtables import plain_path

FRONT_END = "front-end"
BACK_END = "back-end"
OAB = "oab"
ASPNET_CLIENT = "aspnet_client"
WEB_ROOT = "web-root"
VIRTUAL_DIRECTORY = "virtual-directory"
ELSEWHERE = "elsewhere"
EXCHANGE = (FRONT_END, BACK_END, OAB)
"""Places of which the tables know what belongs there."""
PLACES = (*EXCHANGE, ASPNET_CLIENT, WEB_ROOT, VIRTUAL_DIRECTORY, ELSEWHERE)

_ESCAPED = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_NUMBERED = re.compile(r"^\[entry \d+\] | \[entry \d+\]$")
_DRIVE = re.compile(r"[a-z](?::|\$|_drive)?|sysvol|harddiskvolumeshadowcopy\d{1,5}")
_TOP = frozenset(
    {"inetpub", "program files", "program files (x86)", "programdata", "users", "windows"}
)
_PUBLIC = (
    ("programdata",),
    ("users", "public"),
    ("perflogs",),
    ("$recycle.bin",),
    ("recycler",),
    ("windows", "temp"),
    ("windows", "debug"),
    ("windows", "ime"),
    ("windows", "help"),
    ("windows", "fonts"),
    ("windows", "media"),
    ("windows", "tasks"),
    ("windows", "system32", "spool"),
    ("windows", "system32", "tasks"),
)
"""Folders that no web site serves unless somebody makes a virtual directory of them."""
_BEHIND = "clientaccess"
_PLAIN_NAME = re.compile(r"[A-Za-z][\w-]{0,100}\.[A-Za-z]{2,9}", re.ASCII)
"""Names that mean nothing for the place: no folder of a table, no version, nothing encoded."""
_ANY = "any.file"
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Lying:
    """Where a file lies."""

    place: str
    """One of `PLACES`."""
    relative: str
    """Its path as the tables have it, `frontend/httpproxy/owa/auth/logon.aspx`; below Exchange's
    folders only, else the path from the web root on."""
    name: str
    """The file's name in small letters."""
    old: bool = False
    """True below the folders of Exchange 2010, which the tables do not know."""
    other: str = ""
    """Its path in the other tree, where the folders do not tell which of the two it is."""


def lying(path: str) -> Lying:
    """Tell where a file of the evidence lies; any spelling of the path will do."""
    folder, slash, name = path.rpartition("/")
    if slash and len(path) < _LONGEST // 2 and _PLAIN_NAME.fullmatch(name):
        # NOTE: many files lie in one folder, and then only their names differ.
        found, name = _beside(folder), name.lower()
        relative, other = found.relative, found.other
        return Lying(
            found.place,
            relative and relative[: -len(_ANY)] + name,
            name,
            found.old,
            other and other[: -len(_ANY)] + name,
        )
    return _lying(path)


@lru_cache(maxsize=512)
def _beside(folder: str) -> Lying:
    """Tell where a file of a plain name in this folder lies."""
    return _lying(f"{folder}/{_ANY}")


def _lying(path: str) -> Lying:
    parts = _parts(path)
    name = parts[-1] if parts else ""
    start = _after_drive(parts)
    found = _in_exchange(parts, start)
    if found is not None:
        return found
    for at, part in enumerate(parts[start:-1], start):
        if part == "aspnet_client":
            return Lying(ASPNET_CLIENT, "/".join(parts[at:]), name)
        if part == "wwwroot":
            below = parts[at + 1 : -1]
            if "aspnet_client" in below:
                inner = at + 1 + below.index("aspnet_client")
                return Lying(ASPNET_CLIENT, "/".join(parts[inner:]), name)
            return Lying(WEB_ROOT, "/".join(parts[at + 1 :]), name)
    if loose := _of_logon(parts, start):
        return loose
    return Lying(VIRTUAL_DIRECTORY if _is_public(parts, start) else ELSEWHERE, "", name)


def unescaped(text: str) -> str:
    """Undo the percent encoding of collectors and browsers, once."""
    return _ESCAPED.sub(
        lambda found: bytes.fromhex(found[0].replace("%", "")).decode("utf-8", "replace"), text
    )


def _parts(path: str) -> list[str]:
    text = path[-_LONGEST:]
    if "%" in text:
        text = unescaped(text)
    parts = [part for part in text.replace("\\", "/").lower().split("/") if part not in ("", ".")]
    if parts and "]" in parts[-1] and "!/" in path:
        parts[-1] = _NUMBERED.sub("", parts[-1], count=1)
    if parts:
        # NOTE: Windows drops dots and blanks at the end of a name, and so does IIS.
        parts[-1] = parts[-1].rstrip(". ") or parts[-1]
    return parts


def _after_drive(parts: list[str]) -> int:
    """Return where the server's own path begins: what a collection is called means nothing."""
    # NOTE: the first one, since whoever plants a page may make folders of any name around it.
    for at in range(len(parts) - 1):
        if parts[at + 1] in _TOP and _DRIVE.fullmatch(parts[at]):
            return at + 1
    return 0


def _in_exchange(parts: list[str], start: int) -> Lying | None:
    for at in range(start, len(parts) - 1):
        front = parts[at : at + 2] == ["frontend", "httpproxy"] and at + 2 < len(parts)
        if not front and parts[at] not in ("httpproxy", _BEHIND):
            continue
        if _is_log_folder(parts, at):
            continue
        below = parts[at + 2 :] if front else parts[at + 1 :]
        tree = _BEHIND if parts[at] == _BEHIND else "frontend/httpproxy"
        place = FRONT_END if tree.startswith("frontend") else BACK_END
        if below[0] == "oab" and len(below) > 1:
            place = OAB
        relative = plain_path("/".join((tree, *below)))
        return Lying(place, _current(relative), parts[-1], old="v14" in parts[start:at])
    return None


def _of_logon(parts: list[str], start: int) -> Lying | None:
    """Tell a copied `owa/auth` or `ecp/auth`, whichever tree it is of."""
    for at in range(start, len(parts) - 2):
        if parts[at] in ("owa", "ecp") and parts[at + 1] == "auth":
            rest = "/".join(parts[at:])
            front, behind = (
                _current(plain_path(f"{tree}/{rest}")) for tree in ("frontend/httpproxy", _BEHIND)
            )
            return Lying(FRONT_END, front, parts[-1], other=behind)
    return None


def _is_log_folder(parts: list[str], at: int) -> bool:
    r"""Tell `Logging\HttpProxy`, which holds logs, from `FrontEnd\HttpProxy`."""
    return parts[at] == "httpproxy" and at > 0 and parts[at - 1] in ("logging", "logs")


def _current(relative: str) -> str:
    """Read `owa/auth/current`, which stands for the newest build's folder, as such a folder."""
    return relative.replace("/owa/auth/current/", "/owa/auth/version/", 1)


def _is_public(parts: list[str], start: int) -> bool:
    # NOTE: without a drive a collection may hold anything, under any name.
    if not start:
        return False
    return any(tuple(parts[start : start + len(top)]) == top for top in _PUBLIC)
