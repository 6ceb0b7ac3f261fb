"""What methods on constants give: the few with which pages hide words.

Each takes its arguments, the object first, and returns kind, text and the sign of the trick it is,
or None for what it cannot compute. Bytes are kept as text of one letter each (Latin-1).
"""

import base64
import binascii
import html
import re
import zlib
from collections.abc import Callable
from typing import TypeAlias

from extriage.parsers.page.tokens import Token

Value: TypeAlias = tuple[str, str, str]
Method: TypeAlias = Callable[[list[Token], str], Value | None]

LARGEST = 1 << 20
LONGEST_SPLIT = 4096
"""Letters of a text that is taken apart letter by letter."""
TRICKS = {
    "+": "split-text",
    "#": "character-codes",
    "p": "replaced-text",
    "r": "reversed-text",
    "b": "base64-text",
    "h": "hex-text",
    "u": "encoded-text",
}
"""Signs of tricks, as they stand in `low` of a text that was put together."""
HIDDEN = re.compile(
    r"eval|unsafe|system\.|process|assembly|cmd|powershell|script|shell|request|adodb|invoke|"
    r"execute|load|start|frombase64|createobject|reflection|win32_"
)
"""Words that somebody would hide."""
_EDGE = 14
_B64 = re.compile(r"[^A-Za-z0-9+/]")
_CODED = re.compile(r"%(?:u([0-9a-f]{4})|([0-9a-f]{2}))", re.I)
_FORMAT = re.compile(r"\{(\d{1,2})(?:[,:][^}]{0,20})?\}")


def hides(before: str, after: str) -> bool:
    """Tell whether a word that somebody would hide comes to be where two texts are joined."""
    left, right = before[-_EDGE:].lower(), after[:_EDGE].lower()
    found = HIDDEN.search(left + right)
    return found is not None and not HIDDEN.search(left) and not HIDDEN.search(right)


def is_value(token: Token) -> bool:
    """Tell whether a word is a constant."""
    return token.kind in "sdba"


def _items(token: Token) -> list[str]:
    return token.text.split("\0")


def _letter(arguments: list[Token], _name: str) -> Value | None:
    if not arguments or any(one.kind != "d" for one in arguments):
        return None
    codes = [min(int(one.text), 0x10FFFF) for one in arguments[:LARGEST]]
    return "s", "".join(map(chr, codes)), "#"


def _concat(arguments: list[Token], _name: str) -> Value | None:
    pieces: list[str] = []
    for one in arguments:
        pieces += _items(one) if one.kind == "a" else [one.text]
    return "s", "".join(pieces)[:LARGEST], ""


def _join(arguments: list[Token], _name: str) -> Value | None:
    lists = [one for one in arguments if one.kind == "a"]
    texts = [one for one in arguments if one.kind == "s"]
    if lists:
        mark = texts[0].text if texts else " "
        return "s", mark.join(_items(lists[0]))[:LARGEST], ""
    if len(texts) > 2:
        return "s", texts[0].text.join(one.text for one in texts[1:])[:LARGEST], ""
    return None


def _replace(arguments: list[Token], _name: str) -> Value | None:
    if len(arguments) < 3 or any(one.kind != "s" for one in arguments[:3]) or not arguments[1].text:
        return None
    text, old, new = (one.text for one in arguments[:3])
    if len(text) + text.count(old) * len(new) > LARGEST:
        return None
    return "s", text.replace(old, new), "p"


def _reverse(arguments: list[Token], _name: str) -> Value | None:
    if len(arguments) != 1:
        return None
    one = arguments[0]
    text = "\0".join(reversed(_items(one))) if one.kind == "a" else one.text[::-1]
    return one.kind, text, "r"


def _same(arguments: list[Token], _name: str) -> Value | None:
    return (arguments[0].kind, arguments[0].text, "") if len(arguments) == 1 else None


def _lower(arguments: list[Token], _name: str) -> Value | None:
    return ("s", arguments[0].text.lower(), "") if len(arguments) == 1 else None


def _upper(arguments: list[Token], _name: str) -> Value | None:
    return ("s", arguments[0].text.upper(), "") if len(arguments) == 1 else None


def _substring(arguments: list[Token], _name: str) -> Value | None:
    if len(arguments) < 2 or any(one.kind != "d" for one in arguments[1:]):
        return None
    start = int(arguments[1].text)
    end = start + int(arguments[2].text) if len(arguments) > 2 else None
    text = arguments[0].text[start:end]
    # NOTE: nobody writes a word longer than it is, to cut it at once, unless a search must miss it.
    return "s", text, "+" if text != arguments[0].text and HIDDEN.search(text.lower()) else ""


def _mid(arguments: list[Token], name: str) -> Value | None:
    if len(arguments) < 2 or arguments[1].kind != "d" or int(arguments[1].text) < 1:
        return None
    start = arguments[1]._replace(text=str(int(arguments[1].text) - 1))
    return _substring([arguments[0], start, *arguments[2:]], name)


def _base64(arguments: list[Token], _name: str) -> Value | None:
    if len(arguments) != 1 or arguments[0].kind != "s":
        return None
    raw = from_base64(arguments[0].text)
    return None if raw is None else ("b", raw.decode("latin-1"), "b")


def from_base64(text: str) -> bytes | None:
    """Decode base64, with blanks and without padding; None if nothing comes of it."""
    digits = _B64.sub("", text[: LARGEST + LARGEST // 2])
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4)) or None
    except (binascii.Error, ValueError):
        return None


def _hex(arguments: list[Token], _name: str) -> Value | None:
    try:
        raw = bytes.fromhex(arguments[0].text[: 2 * LARGEST]) if arguments else b""
    except ValueError:
        return None
    return ("b", raw.decode("latin-1"), "h") if raw else None


def _get_string(arguments: list[Token], name: str) -> Value | None:
    if len(arguments) != 1 or arguments[0].kind == "s":
        return None
    raw = _bytes(arguments[0])
    if raw is None:
        return None
    wide = "unicode" in name or "utf16" in name
    return "s", _text_of(raw, wide=wide), "" if arguments[0].kind == "b" else "#"


def _bytes(token: Token) -> bytes | None:
    if token.kind == "b":
        return token.text.encode("latin-1", "replace")
    if token.kind == "a" and token.low == "d":
        return bytes(int(one) & 255 for one in _items(token))
    return None


def _text_of(raw: bytes, *, wide: bool) -> str:
    if wide or raw[1:8:2] == b"\0" * 4:
        return raw.decode("utf-16-le", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _get_bytes(arguments: list[Token], _name: str) -> Value | None:
    if len(arguments) != 1 or arguments[0].kind != "s":
        return None
    return "b", arguments[0].text.encode("utf-8", "replace").decode("latin-1"), ""


def _string(arguments: list[Token], _name: str) -> Value | None:
    if len(arguments) != 1:
        return None
    one = arguments[0]
    if one.kind == "a":
        items = _items(one)
        codes = one.low == "d"
        text = "".join(chr(min(int(item), 0x10FFFF)) for item in items) if codes else "".join(items)
        return "s", text, "#"
    return ("s", one.text, "") if one.kind == "s" else None


def _format(arguments: list[Token], _name: str) -> Value | None:
    if len(arguments) < 2 or arguments[0].kind != "s" or len(arguments[0].text) > 4096:
        return None
    values = [one.text for one in arguments[1:]]

    def put(found: re.Match[str]) -> str:
        at = int(found[1])
        return values[at][:4096] if at < len(values) else found[0]

    return "s", _FORMAT.sub(put, arguments[0].text)[:LARGEST], ""


def _unquote(arguments: list[Token], _name: str) -> Value | None:
    if len(arguments) != 1 or arguments[0].kind != "s":
        return None
    text = arguments[0].text
    plain = html.unescape(_CODED.sub(_decoded, text)) if len(text) < LARGEST else text
    return "s", plain, "u" if plain != text else ""


def _decoded(found: re.Match[str]) -> str:
    return chr(int(found[1] or found[2], 16))


def _split(arguments: list[Token], _name: str) -> Value | None:
    if len(arguments) != 2 or arguments[0].kind != "s":
        return None
    if not arguments[1].text:
        return "a", "\0".join(arguments[0].text[:LONGEST_SPLIT]), ""
    text, mark = arguments[0].text, arguments[1].text
    # NOTE: one mark in JScript and Visual Basic, a set of letters in older C#.
    return "a", text.replace(mark if mark in text else mark[:1], "\0"), ""


def _insert(arguments: list[Token], _name: str) -> Value | None:
    if [one.kind for one in arguments] != ["s", "d", "s"]:
        return None
    text, at, more = arguments[0].text, int(arguments[1].text), arguments[2].text
    return "s", (text[:at] + more + text[at:])[:LARGEST], ""


def _remove(arguments: list[Token], _name: str) -> Value | None:
    kinds = "".join(one.kind for one in arguments)
    if kinds not in ("sd", "sdd"):
        return None
    text, at = arguments[0].text, int(arguments[1].text)
    rest = text[at + int(arguments[2].text) :] if kinds == "sdd" else ""
    return "s", text[:at] + rest, "p"


def _list(arguments: list[Token], _name: str) -> Value | None:
    if not arguments or any(one.kind not in "sd" for one in arguments):
        return None
    return "a", "\0".join(one.text for one in arguments), ""


METHODS: dict[str, Method] = {
    **dict.fromkeys(("chr", "chrw", "tochar", "convertfromutf32", "fromcharcode"), _letter),
    "concat": _concat,
    "join": _join,
    "replace": _replace,
    **dict.fromkeys(("strreverse", "reverse"), _reverse),
    **dict.fromkeys(("tostring", "trim", "tochararray", "cstr", "toarray", "intern"), _same),
    **dict.fromkeys(("tolower", "lcase", "tolowerinvariant", "tolowercase"), _lower),
    **dict.fromkeys(("toupper", "ucase", "toupperinvariant", "touppercase"), _upper),
    "substring": _substring,
    "mid": _mid,
    **dict.fromkeys(("frombase64string", "atob"), _base64),
    "fromhexstring": _hex,
    "getstring": _get_string,
    "getbytes": _get_bytes,
    "string": _string,
    "format": _format,
    **dict.fromkeys(
        ("unescape", "urldecode", "htmldecode", "unescapedatastring", "decodeuricomponent"),
        _unquote,
    ),
    "split": _split,
    "insert": _insert,
    "remove": _remove,
    "array": _list,
}


def unpacked(raw: bytes) -> bytes:
    """Return what compressed bytes hold, up to a bound; the bytes themselves if they are not."""
    if raw[:2] != b"\x1f\x8b":
        return raw
    try:
        return zlib.decompressobj(31).decompress(raw, LARGEST)
    except zlib.error:
        return raw
