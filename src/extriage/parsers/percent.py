"""Percent encodings of URLs, taken off as a server would, and some that only look as if.

Facts: RFC 3986 for `%70`; `%u0070` is ASP.NET's own form. Overlong UTF-8 (`%c0%af` for `/`) is
refused by every server of today, and still sent.
"""

import re

ROUNDS = 3
"""Encodings over each other that are taken off."""
LIMIT = 16_384
"""Characters of a URL that are looked at: HTTP.sys takes no longer request (`MaxRequestBytes`)."""

_BYTE = re.compile(rb"%([0-9A-Fa-f]{2})")
_TWICE = re.compile(r"%25(?=[0-9a-f]{2}|u[0-9a-f]{4})", re.IGNORECASE | re.ASCII)
_CODE_UNIT = re.compile(r"%u([0-9a-f]{4})", re.IGNORECASE | re.ASCII)
_CODED = re.compile(r"%([0-9a-f]{2})", re.IGNORECASE | re.ASCII)
_OVERLONG = re.compile(
    rb"[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}"
)
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def decoded(text: str) -> str:
    """Take off all percent encodings, also those over each other, up to `ROUNDS` deep."""
    text = text[:LIMIT]
    for _ in range(ROUNDS):
        if "%" not in text:
            break
        text = _decoded_once(text)
    return text


def _decoded_once(text: str) -> str:
    data = _CODE_UNIT.sub(_code_unit, text).encode("utf-8", "replace")
    data = _BYTE.sub(lambda found: bytes((int(found[1], 16),)), data)
    return _OVERLONG.sub(_shortest, data).decode("utf-8", "replace")


def _code_unit(found: re.Match[str]) -> str:
    """Read `%uXXXX`; the wide forms of ASCII become ASCII, as code pages make them."""
    number = int(found[1], 16)
    if 0xFF01 <= number <= 0xFF5E:
        number -= 0xFEE0
    return found[0] if 0xD800 <= number <= 0xDFFF else chr(number)


def _shortest(found: re.Match[bytes]) -> bytes:
    number = 0
    for byte in found[0]:
        number = number << 6 | byte & 0x3F
    return chr(number & 0xFFFF).encode("utf-8", "replace")


def plainly(text: str) -> str:
    """Return the URL as an ordinary client writes it: only what needs no encoding is decoded."""
    text = text[:LIMIT]
    for _ in range(ROUNDS):
        before = text
        text = _CODED.sub(_unreserved, _CODE_UNIT.sub(_unreserved_unit, _TWICE.sub("%", text)))
        if text == before:
            break
    return text


def _unreserved(found: re.Match[str]) -> str:
    char = chr(int(found[1], 16))
    return char if char in _UNRESERVED else found[0]


def _unreserved_unit(found: re.Match[str]) -> str:
    char = _code_unit(found)
    return char if char in _UNRESERVED else found[0]
