"""Requests in disguise: URLs written in a way that the server reads and a filter does not.

No client encodes letters, encodes twice, or sends a query in EBCDIC; who wants to pass a filter
does all of that. Letters may be percent-encoded (`%70owershell`, `%2570owershell`, `%u0070`), have
NULs between them (UTF-16), or stand in code page 037: ASP.NET reads a query in the code page that
the request names, also in a header `x-up-devcap-post-charset` beside an agent that begins with
`UP`. Sources: https://github.com/microsoft/CSS-Exchange/pull/1270 (letters),
https://soroush.me/blog/x-up-devcap-post-charset-header-in-aspnet-to-bypass-wafs-again (code page),
https://www.mdsec.co.uk/2021/09/nsa-meeting-proposal-for-proxyshell/ (both, on Exchange).
"""

import re
from dataclasses import dataclass

from extriage.parsers.percent import LIMIT, decoded, plainly

_FLAGS = re.IGNORECASE | re.ASCII
_LETTER = r"3[0-9]|[46][1-9a-f]|[57][0-9a]|2e(?=json|svc|ecp|as[hmp])"
_OVERLONG = r"c[01]%[89ab][0-9a-f]"
_UNICODE = r"u(?:00|ff)[0-9a-f]{2}"
# NOTE: a percent sign before all of it lets the search leap from one to the next.
_SIGNS = (
    "%(?:"
    + "|".join(
        (
            _LETTER,
            _OVERLONG,
            _UNICODE,
            r"25(?:[0-9a-f]{2}|u)",
            r"00",
            # NOTE: others encode a slash or an @ as well, but not before these words, or a path.
            r"2f(?:powershell|mapi|ews|autodiscover)(?![a-z0-9_.-])",
            r"40[a-z0-9.-]*(?:[/?]|%2f|%3f)",
            # NOTE: never UTF-8: three bytes that only continue a letter, two that only begin one.
            r"[89ab][0-9a-f](?:%[89ab][0-9a-f]){2}",
            r"[c-f][0-9a-f]%[c-f][0-9a-f]",
        )
    )
    + ")"
)
SIGNS = re.compile(_SIGNS.encode(), re.IGNORECASE)
"""What a raw line holds if a URL in it can be read in another way than it is written."""
_SIGN = re.compile(_SIGNS, _FLAGS)

_NAMED = tuple(
    (name, re.compile(f"%{pattern}", _FLAGS))
    for name, pattern in (
        ("percent", f"(?:{_LETTER})"),
        ("double-percent", f"(?:25)+(?:{_LETTER})"),
        ("unicode-percent", f"(?:25)*{_UNICODE}"),
        ("overlong", _OVERLONG),
        ("null-bytes", "00"),
    )
)
CODE_PAGE = "cp037"
_EBCDIC = bytes(range(256)).decode(CODE_PAGE)
_CODED_BYTE = re.compile(r"%([0-9a-f]{2})", _FLAGS)
_HIGH = re.compile(r"%[89a-f][0-9a-f]", _FLAGS)
_FEWEST = 3
"""Coded letters that a piece of a query must have to be tried as EBCDIC."""
_LONGEST_RUN = 3
"""Plain characters in a row that may be bytes of EBCDIC: `a` is its `/`, `zaa` its `://`."""
_WORD = re.compile(r"[a-z0-9._~-]{3,80}", _FLAGS)
_MOST_WORDS = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """What a part of a URL says."""

    written: str
    variants: tuple[str, ...] = ()
    """Other texts that it may stand for, the plainest last; none where nothing is disguised."""
    names: tuple[str, ...] = ()
    """The disguises; empty where only such characters are encoded as clients encode too."""

    @property
    def plain(self) -> str:
        """Return the plainest text."""
        return self.variants[-1] if self.variants else self.written

    def words(self) -> tuple[str, ...]:
        """Return the words that can only be seen when the encodings are off, in lower case."""
        if not self.names:
            return ()
        written = self.written.lower()
        found = dict.fromkeys(word[0].lower() for word in _WORD.finditer(self.plain))
        return tuple(word for word in found if word not in written)[:_MOST_WORDS]


def has_sign(text: str) -> bool:
    """Tell whether a text can be read in another way than it is written."""
    return "%" in text and _SIGN.search(text) is not None


def read(written: str) -> Reading:
    """Read a stem or a query; nothing is tried on text without a sign of disguise."""
    if not has_sign(written):
        return Reading(written)
    whole = written[:LIMIT].replace("%00", "")
    variants = [plainly(whole), decoded(whole)]
    ebcdic = _ebcdic(written[:LIMIT])
    names = [name for name, mark in _NAMED if mark.search(ebcdic)]
    if ebcdic != written[:LIMIT]:
        names.append(CODE_PAGE)
        variants.append(decoded(ebcdic))
    others = dict.fromkeys(one for one in variants if one != written)
    return Reading(written, tuple(others), tuple(names))


def _ebcdic(query: str) -> str:
    """Decode the pieces of a query that are EBCDIC; what Exchange adds to it is plain."""
    return "".join(_piece(piece) for piece in re.split(r"([&=?])", query))


def _piece(piece: str) -> str:
    if len(_HIGH.findall(piece)) < _FEWEST:
        return piece
    text = _CODED_BYTE.sub(lambda found: _EBCDIC[int(found[1], 16)], _unescaped(piece))
    return text if text.isascii() and text.isprintable() else piece


def _unescaped(piece: str) -> str:
    """Read what stands between the encoded bytes: for a server these characters are bytes too."""
    parts = re.split(r"((?:%[0-9a-fA-F]{2})+)", piece)
    return "".join(
        "".join(map(_byte, part)) if not at % 2 and len(part) <= _LONGEST_RUN else part
        for at, part in enumerate(parts)
    )


def _byte(char: str) -> str:
    read_as = _EBCDIC[ord(char)] if "@" <= char <= "~" else char
    return read_as if read_as.isascii() and read_as.isprintable() else char


def line_text(text: str) -> str:
    """Return what a line that fits no columns says besides; empty without a disguise."""
    reading = read(text)
    return "\n".join((*reading.variants, *reading.names))
