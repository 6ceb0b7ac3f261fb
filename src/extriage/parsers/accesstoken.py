"""Exchange's own access token in a URL: who the caller of remote PowerShell claimed to be.

The back end takes a serialised `CommonAccessToken` from the parameter `X-Rps-CAT` and believes it,
because only its front end should be able to send one. ProxyShell (CVE-2021-34523) sends a forged
one: the SID of a mailbox's owner beside the group of administrators (S-1-5-32-544).

Layout, all numbers little-endian, texts UTF-8 behind a length of seven bits a byte, each part
behind its letter: `V` version (16 bits), `T` type of token, `C` compressed (one byte; then the rest
is gzip). A Windows token goes on with `A` authentication type, `L` logon name, `U` user SID, `G`
groups and `R` restricted groups (count, and for each its attributes and its SID), `E` extensions
(count, keys and values); others have extensions alone. The whole is base64.
Sources: https://www.zerodayinitiative.com/blog/2021/8/17/from-pwn2own-2021-a-new-attack-surface-on-microsoft-exchange-proxyshell,
https://y4y.space/2021/08/12/my-steps-of-reproducing-proxyshell/.
"""

import binascii
import re
import zlib
from collections.abc import Callable
from contextlib import suppress

from extriage.model.evidence import Fields
from extriage.parsers.percent import decoded

PREFIX = "CommonAccessToken."
SHORTEST = len("X-Rps-CAT=VgEAVAdXaW5kb3dzQwA=")
"""Characters of a query with the smallest token of interest."""
LONGEST = 1 << 16
"""Bytes of a token, also of one that was compressed."""
MOST_LISTED = 100
"""Groups or extensions that are kept."""
MOST_TEXT = 1000

_EXCHANGE_TAKES = 3000
_PARAMETER = re.compile(r"x-rps-cat=([^&;]{8,200000})", re.IGNORECASE | re.ASCII)
_BASE64 = re.compile(r"[A-Za-z0-9+/]+")


class _EndError(Exception):
    """The token is cut off or is none."""


class _Bytes:
    """The bytes of a token on their way."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next bytes."""
        found = self._data[self._at : self._at + count]
        if len(found) < count:
            raise _EndError
        self._at += count
        return found

    def number(self, size: int = 4) -> int:
        """Return the next number."""
        return int.from_bytes(self.take(size), "little")

    def text(self) -> str:
        """Return the next text."""
        length = shift = 0
        while True:
            byte = self.number(1)
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return self.take(length).decode("utf-8", "replace")[:MOST_TEXT]
            if shift > 21:
                raise _EndError

    def letter(self) -> str:
        """Return the letter of the next part; empty at the end."""
        return self.take(1).decode("latin-1") if self._at < len(self._data) else ""

    def expect(self, letter: str) -> None:
        """Pass over the letter of a part that must come now."""
        if self.letter() != letter:
            raise _EndError

    def rest(self) -> bytes:
        """Return all that is left."""
        return self.take(len(self._data) - self._at)


def claims(query: str) -> Fields:
    """Return what the token in a query says, as fields; none without a token.

    Of a token that is cut off or wrong, what stands before the damage is returned.
    """
    found: Fields = {}
    if "rps-cat" not in query.lower():
        return found
    for parameter in _PARAMETER.finditer(query):
        with suppress(_EndError, zlib.error):
            _read(_Bytes(_token(parameter[1])), found)
        if found:
            break
    return found


def _token(text: str) -> bytes:
    """Decode base64 as logs keep it: percent-encoded, `+` written as a blank, perhaps cut off."""
    text = decoded(text).replace(" ", "+")
    found = _BASE64.match(text)
    digits = found[0][: LONGEST // 3 * 4] if found else ""
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return binascii.a2b_base64(digits + "=" * (-len(digits) % 4))


def _read(data: _Bytes, found: Fields) -> None:
    data.expect("V")
    version = data.number(2)
    data.expect("T")
    kind = data.text()
    data.expect("C")
    compressed = data.number(1)
    found[PREFIX + "Version"] = str(version)
    found[PREFIX + "Type"] = kind
    rest = data.rest()
    if compressed:
        rest = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(rest, LONGEST)
    data = _Bytes(rest)
    if kind.lower() == "windows":
        for letter, name in (("A", "AuthenticationType"), ("L", "LogonName"), ("U", "UserSid")):
            data.expect(letter)
            found[PREFIX + name] = data.text()
    _read_lists(data, found)


def _read_lists(data: _Bytes, found: Fields) -> None:
    while letter := data.letter():
        match letter:
            case "G":
                _read_list(data, found, "Groups", _group)
            case "R":
                _read_list(data, found, "RestrictedGroups", _group)
            case "E":
                _read_list(data, found, "Extensions", _extension)
            case _:
                raise _EndError


def _read_list(data: _Bytes, found: Fields, name: str, read_one: Callable[[_Bytes], str]) -> None:
    """Keep the members of a list, also if it breaks off."""
    values: list[str] = []
    try:
        for _ in range(min(data.number(), _EXCHANGE_TAKES)):
            values.append(read_one(data))  # noqa: PERF401 - what was read must outlive the end
    finally:
        if values:
            found[PREFIX + name] = values[0] if len(values) == 1 else tuple(values[:MOST_LISTED])


def _group(data: _Bytes) -> str:
    data.number()
    return data.text()


def _extension(data: _Bytes) -> str:
    key = data.text()
    return f"{key}={data.text()}"[:MOST_TEXT]
