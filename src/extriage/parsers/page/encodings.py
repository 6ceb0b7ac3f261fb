"""In which encoding a page is written: by its mark, its bytes, or what it says about itself.

ASP.NET reads a page in the encoding of `fileEncoding` in web.config, classic ASP in that of
`CodePage`; both may be one that no scanner looks into. Tried are marks of UTF-8, 16 and 32, the
same without a mark, UTF-7 (code page 65000), EBCDIC code pages, and the code page that the page
names. What is left is UTF-8 or cp1252. Sources:
https://learn.microsoft.com/previous-versions/dotnet/netframework-4.0/hy4kkhe0(v=vs.100),
https://learn.microsoft.com/windows/win32/intl/code-page-identifiers.
"""

import base64
import codecs
import re
from dataclasses import dataclass

from extriage.parsers.text import BOM, utf16

_SAMPLE = 64 * 1024
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (BOM, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_EBCDIC = ("cp037", "cp500", "cp1047", "cp1140", "cp273", "cp875", "cp1026", "cp424")
_SERVER_CODE = re.compile(r"<%|<script\b|runat\s{0,9}=", re.I)
_UTF7_SIGN = re.compile(rb"\+(?:ADw|A[DC][A-Za-z0-9+/]{1,2}AJQ|ACU|/v[89+/])")
_UTF7_RUN = re.compile(r"\+([A-Za-z0-9+/]{2,})-?|\+-")
_DECLARED = re.compile(
    rb"\b(?:codepage|responseencoding|fileencoding|requestencoding|charset)\s{0,9}=\s{0,9}"
    rb"[\"']?([A-Za-z0-9_:.-]{1,40})",
    re.I,
)
_NUMBERED = {"65000": "utf-7", "65001": "utf-8", "1200": "utf-16-le", "1201": "utf-16-be"}
_FIRST = re.compile(
    rb"\s{0,40}<%@[^%]{0,400}?\bcodepage\s{0,9}=\s{0,9}[\"']?(\d{2,5})[^%]{0,400}%>", re.I
)
_PARTED = {
    "37": "cp037",
    "500": "cp500",
    "875": "cp875",
    "1026": "cp1026",
    "1047": "cp1047",
    "1140": "cp1140",
    "1200": "utf-16-le",
    "1201": "utf-16-be",
    "12000": "utf-32-le",
    "12001": "utf-32-be",
    "20273": "cp273",
    "20424": "cp424",
}
"""Code pages in which a page can be written behind a directive in plain letters."""
_UNUSUAL = frozenset({"utf-7", "utf-32-le", "utf-32-be", *_EBCDIC})


@dataclass(frozen=True, slots=True)
class Decoding:
    """The text of a page, the encoding it was read in, and what is odd about that."""

    text: str
    encoding: str
    tricks: tuple[str, ...] = ()


def decode(data: bytes, *, cut: bool = False) -> Decoding:
    """Decode a page; never fails. With `cut` the last character may be broken off."""
    # NOTE: the way of nearly all pages, and the reason why it is tried first.
    if data[:1] != b"\xef" and b"\0" not in data and b"<" in data[:_SAMPLE]:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            return _utf7(text, data) if b"+A" in data else Decoding(text, "utf-8")
    return _marked(data, cut=cut) or _parted(data) or _unmarked(data, cut=cut)


def _marked(data: bytes, *, cut: bool) -> Decoding | None:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            body = data[len(mark) :]
            if encoding == "utf-8":
                return _rest(body, cut=cut)
            text = body.decode(encoding, "replace")
            return Decoding(text, encoding, _odd(encoding))
    return None


def _parted(data: bytes) -> Decoding | None:
    """Read a page whose first directive says in plain letters how all else is written."""
    found = _FIRST.match(data)
    encoding = _PARTED.get(found[1].decode().lstrip("0"), "") if found else ""
    if not found or not encoding:
        return None
    body = data[found.end() :]
    text = _read(body, encoding) if encoding in _EBCDIC else body.decode(encoding, "replace")
    if not _SERVER_CODE.search(text[:_SAMPLE]):
        return None
    tricks = _odd(encoding) or ("unmarked-encoding",)
    return Decoding(found[0].decode("latin-1") + text, encoding, tricks)


def _unmarked(data: bytes, *, cut: bool) -> Decoding:
    wide = _wide(data[:_SAMPLE]) if b"\0" in data[:_SAMPLE] else ""
    if wide:
        return Decoding(data.decode(wide, "replace"), wide, ("unmarked-encoding",))
    return _ebcdic(data) or _rest(data, cut=cut)


def _odd(encoding: str) -> tuple[str, ...]:
    return ("unusual-encoding",) if encoding in _UNUSUAL else ()


def _wide(head: bytes) -> str:
    """Tell UTF-32 and UTF-16 without a mark by where the NULs stand."""
    size = len(head) & ~3
    if size >= 16:
        for encoding, letters in (("utf-32-le", 0), ("utf-32-be", 3)):
            zeros = sum(head[at:size:4].count(0) for at in range(4) if at != letters)
            if zeros >= 0.95 * size * 0.75 and head[letters:size:4].count(0) < size // 40:
                return encoding
    return utf16(head)[0]


def _ebcdic(data: bytes) -> Decoding | None:
    """Decode EBCDIC, if server code comes to light; there `<` is a byte that ASCII calls L."""
    head = data[:_SAMPLE]
    if head.count(b"<") > len(head) // 500 or b"L" not in head:
        return None
    readings = [(_strange(text := _read(head, name)), at, text) for at, name in enumerate(_EBCDIC)]
    strange, at, text = min(readings)
    if strange > len(text) // 12 or not _SERVER_CODE.search(text):
        return None
    name = _EBCDIC[at]
    return Decoding(_read(data, name), name, _odd(name))


_TO_1047 = {0xAD: "[", 0xBD: "]", 0xBA: "\u00dd", 0xBB: "\u00a8", 0x5F: "^", 0xB0: "\u00ac"}
_CP037 = bytes(range(256)).decode("cp037")
_CP1047 = "".join(_TO_1047.get(at, char) for at, char in enumerate(_CP037))


def _read(data: bytes, name: str) -> str:
    if name == "cp1047":
        text = codecs.charmap_decode(data, "replace", _CP1047)[0]
    else:
        text = data.decode(name, "replace")
    return text.replace("\x85", "\n")


_PLAIN = re.compile(r"[\t\n\r\x20-\x7e]")


def _strange(text: str) -> int:
    return len(_PLAIN.sub("", text))


def _rest(data: bytes, *, cut: bool) -> Decoding:
    """Read UTF-8, the code page that the page names, or cp1252."""
    try:
        return _utf7(data.decode("utf-8"), data)
    except UnicodeDecodeError:
        pass
    if cut:
        # NOTE: a page cut inside a character is still UTF-8.
        whole, _ = codecs.utf_8_decode(data, "ignore", False)
        if len(whole.encode()) >= len(data) - 3:
            return Decoding(whole, "utf-8")
    declared = _declared(data)
    if declared:
        return Decoding(data.decode(declared, "replace"), declared)
    return _utf7(data.decode("cp1252", "replace"), data, "cp1252")


def _declared(data: bytes) -> str:
    for found in _DECLARED.finditer(data[:_SAMPLE]):
        name = found[1].decode("ascii").lower()
        name = _NUMBERED.get(name, f"cp{name}" if name.isdigit() else name)
        try:
            known = codecs.lookup(name).name
        except LookupError:
            continue
        if known not in ("utf-8", "utf-7", "ascii") and known[:2] in ("cp", "gb", "is", "bi", "sh"):
            return known
    return ""


def _utf7(text: str, data: bytes, encoding: str = "utf-8") -> Decoding:
    """Take UTF-7 off, if markup comes to light by that."""
    if not _UTF7_SIGN.search(data):
        return Decoding(text, encoding)
    plain = _UTF7_RUN.sub(_shifted, text)
    if len(_SERVER_CODE.findall(plain)) <= len(_SERVER_CODE.findall(text)):
        return Decoding(text, encoding)
    return Decoding(plain, "utf-7", _odd("utf-7"))


def _shifted(found: re.Match[str]) -> str:
    if found[1] is None:
        return "+"
    digits = found[1][: len(found[1]) // 4 * 4 + (0, 0, 2, 3)[len(found[1]) % 4]]
    raw = base64.b64decode(digits + "=" * (-len(digits) % 4))
    return raw[: len(raw) & ~1].decode("utf-16-be", "replace")
