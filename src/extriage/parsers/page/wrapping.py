"""What a page is wrapped in: a file of another kind that was made to carry it, or made it.

A mailbox export writes a PST (`!BDN`), a certificate request DER (`30 82`), the reset of a virtual
directory a list of its properties: each of the holes of 2021 left its wrapping round the page.
Picture headers are put in front by intruders to pass an upload check.
"""

import re

_STARTS = (
    (b"!BDN", "pst"),
    (b"\x30\x82", "der"),
    (b"-----BEGIN ", "certificate"),
    (b"GIF8", "image"),
    (b"\x89PNG", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"BM6", "image"),
    (b"%PDF-", "pdf"),
    (b"PK\x03\x04", "zip"),
    (b"Rar!", "archive"),
    (b"MZ", "program"),
    (b"\xd0\xcf\x11\xe0", "office"),
    (b"{\\rtf", "rtf"),
    (b"SQLite format 3", "database"),
)
_ANY_START = tuple(start for start, _ in _STARTS)
_PROPERTY = re.compile(r"^[ \t]{0,40}([A-Za-z]{3,60}) {0,60}:[ \t]", re.M)
_DUMP = 32 * 1024
_DIRECTORY = frozenset(
    {"internalurl", "externalurl", "metabasepath", "internalauthenticationmethods", "adminname"}
    | {"externalauthenticationmethods", "exchangeversion", "distinguishedname", "objectcategory"}
    | {"extendedprotectiontokenchecking", "websitename", "originatingserver", "whenchanged"}
)
_ADDRESS_BOOK = frozenset({"pollinterval", "offlineaddressbooks"})


def wrapping(data: bytes, text: str) -> str:
    """Name what a page is wrapped in; empty for a plain page."""
    if data.startswith(_ANY_START):
        return next(name for start, name in _STARTS if data.startswith(start))
    head = text[:_DUMP]
    return _dump(head) if "Url" in head or "PollInterval" in head else ""


def _dump(head: str) -> str:
    """Tell the properties of a virtual directory; their names are the same in every language."""
    names = {name.lower() for name in _PROPERTY.findall(head)}
    if len(names & _DIRECTORY) < 3:
        return ""
    return "oab-dump" if names & _ADDRESS_BOOK else "virtual-directory-dump"
