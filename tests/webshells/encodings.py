"""Bytes of a page: encodings that the server is told of, or knows by the first bytes."""

import base64
import re
from collections.abc import Callable

_DIRECTIVE = re.compile(r"^\s*<%@\s*\w*")
_PLAIN = re.compile(r"[^A-Za-z0-9 \r\n]+")
_SWAPPED = bytes.maketrans(b"\xba\xbb\xb0\x5f\xad\xbd", b"\xad\xbd\x5f\xb0\xba\xbb")
"""IBM1047 differs from IBM037 in brackets, caret and the signs in whose places these stand."""


def _utf_7(text: str) -> bytes:
    def coded(match: re.Match[str]) -> str:
        part = base64.b64encode(match[0].encode("utf-16-be")).decode().rstrip("=")
        return f"+{part}-"

    return _PLAIN.sub(coded, text).encode("ascii")


def _declared(codepage: int, encode: Callable[[str], bytes]) -> Callable[[str], bytes]:
    """Keep a directive that names the code page readable; encode all after it."""

    def encoded(text: str) -> bytes:
        classic = not re.match(r"\s*<%@\s*(?:page|webhandler|webservice|control)", text, re.I)
        name = "" if classic else " Page"
        head = f'<%@{name} CodePage="{codepage}" %>' if not classic else f"<%@CODEPAGE={codepage}%>"
        return head.encode("ascii") + encode(text)

    return encoded


def _lossy(codec: str) -> Callable[[str], bytes]:
    return lambda text: text.encode(codec, "replace")


def _1047(text: str) -> bytes:
    return text.encode("cp037", "replace").translate(_SWAPPED)


ENCODINGS: dict[str, Callable[[str], bytes]] = {
    "utf-8": lambda text: text.encode(),
    "utf-8-bom": lambda text: b"\xef\xbb\xbf" + text.encode(),
    "utf-16-le-bom": lambda text: b"\xff\xfe" + text.encode("utf-16-le"),
    "utf-16-be-bom": lambda text: b"\xfe\xff" + text.encode("utf-16-be"),
    "utf-16-le": lambda text: text.encode("utf-16-le"),
    "utf-16-be": lambda text: text.encode("utf-16-be"),
    "utf-32-le-bom": lambda text: b"\xff\xfe\0\0" + text.encode("utf-32-le"),
    "utf-32-be-bom": lambda text: b"\0\0\xfe\xff" + text.encode("utf-32-be"),
    "utf-7": _declared(65000, _utf_7),
    "utf-7-undeclared": _utf_7,
    "ibm037": _declared(37, _lossy("cp037")),
    "ibm037-undeclared": _lossy("cp037"),
    "ibm500": _declared(500, _lossy("cp500")),
    "ibm1047": _declared(1047, _1047),
    "utf-16-declared": _declared(1200, lambda text: text.encode("utf-16-le")),
    "cp1252": lambda text: text.replace("</", "\u00a0</").encode("cp1252", "replace"),
    "gb2312": lambda text: _declared(936, _lossy("gb2312"))(text + "<!-- \u9875\u9762 -->"),
}
LINES: dict[str, Callable[[str], str]] = {
    "crlf": lambda text: text.replace("\n", "\r\n"),
    "cr": lambda text: text.replace("\n", "\r"),
    "tabs": lambda text: text.replace(" ", "\t"),
}
