"""Words of code, whatever the language of the page: names, texts, numbers, marks.

Comments fall away here, and what is written to deceive the eye or a search is written plainly:
escaped letters in names, invisible characters, letters of other alphabets, `@` in front of names.
Each such thing that was found is named. One pass, no backtracking: a page may hold megabytes of
opened comments. C#: https://learn.microsoft.com/dotnet/csharp/language-reference/language-specification/lexical-structure.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

MOST_TOKENS = 40_000


class Token(NamedTuple):
    """One word of code: a name (n), text (s), bytes (b), number (d), list (a) or mark (p)."""

    kind: str
    text: str
    low: str
    line: int


_INVISIBLE = re.compile("[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_IN_NAME = re.compile("\\w[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]|"
                      "[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]\\w")  # fmt: skip
_NAME = (
    r"(?:[^\W\d]|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8})(?:\w|\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8})*"
)
_C_LIKE = (
    r"(?P<w>[\s\x00]+)|(?P<c>//[^\n]*|/\*[\s\S]*?(?:\*/|\Z))"
    r"|(?P<v>(?:@\$?|\$@)\"(?:[^\"]|\"\")*(?:\"|\Z))"
    r"|(?P<s>\$?\"(?:[^\"\\\n]|\\[\s\S])*(?:\"|(?=\n)|\\?\Z)|QUOTED)"
    rf"|(?P<n>@?{_NAME})"
    r"|(?P<d>0[xX][0-9a-fA-F]+|\d+(?:\.\d+)?[a-zA-Z]?)"
    r"|(?P<p>=>|==|!=|<=|>=|[-+*|&^]=|&&|\|\||\?\.|\?\?|::|\+\+|--|[\s\S])"
)
# NOTE: in C# a quotation mark holds one letter; in Razor pages apostrophes stand in the markup.
_C = re.compile(_C_LIKE.replace("QUOTED", r"'(?:[^'\\\n]|\\[^\n]{1,9}?)'"))
_JS = re.compile(_C_LIKE.replace("QUOTED", r"'(?:[^'\\\n]|\\[\s\S])*(?:'|(?=\n)|\\?\Z)"))
_HOLE = re.compile(r"\{([^{}\"]{1,200})\}")
_PART = re.compile(rf"(?P<n>@?{_NAME})|(?P<p>[.,()\[\]])")
_VB = re.compile(
    r"(?P<w>[^\S\n]+(?:_[^\S\n]*\r?\n[^\S\n]*)?|\x00+)|(?P<c>'[^\n]*|\brem\b[^\n]*)"
    r"|(?P<v>[\"\u201c\u201d](?:[^\"\n\u201c\u201d]|\"\")*(?:[\"\u201c\u201d]c?|(?=\n)|\Z))"
    r"|(?P<s>(?!))|(?P<n>\[?[^\W\d]\w*\]?[%$!#@]?(?=[^\w]|\Z))"
    r"|(?P<d>&h[0-9a-f]+&?|\d+(?:\.\d+)?)"
    r"|(?P<p><>|<=|>=|:=|[-+&*^]=|[\s\S])",
    re.I,
)
_ESCAPE = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{1,4})|([0-7]{1,3})|([\s\S]))"
)
_SHORT = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\n": ""}
_JUNK = re.compile(r"/\*[^\s*]{0,40}\*/")
_ALPHABETS = re.compile("[\u0370-\u052f\u2100-\u214f\uff00-\uff60]|[^\x00-\uffff]")
_CASE = re.compile(r"[a-z][A-Z][a-z][A-Z]|[A-Z][a-z][A-Z][a-z][A-Z]|^[a-z]+[A-Z]{2,}[a-z]+[A-Z]")
_ORDINARY_AT = frozenset(
    {"class", "event", "object", "string", "params", "default", "new", "this", "base", "ref"}
    | {"out", "in", "is", "as", "for", "if", "else", "do", "while", "checked", "lock"}
    | {"namespace", "operator", "readonly", "const", "static", "void", "return", "switch"}
    | {"case", "register"}
)
_LIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u04bb\u0410\u0412\u0415"
    "\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0425\u0405\u0406\u03bf\u03b1\u03c1\u03bd\u0391"
    "\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a7\u0131",
    "aeopcyxijsdhABEKMHOPCTXSIoapvABEZHIKMNOPTXi",
)


class Tokens:
    """The words of one block, and the tricks that were seen on the way."""

    def __init__(self, text: str, line: int, language: str) -> None:
        self.tricks: dict[str, int] = {}
        self.cut = False
        self._basic = language == "vb"
        self._pattern = {"vb": _VB, "jscript": _JS}.get(language, _C)
        self._line = line
        self._text = self._visible(text)

    def _visible(self, text: str) -> str:
        if text.isascii():
            return text
        if found := _IN_NAME.search(text):
            self._trick("format-characters", self._line + text.count("\n", 0, found.start()))
        text = _INVISIBLE.sub("", text)
        return text if text.isascii() else _plain_letters(text, self)

    def _trick(self, name: str, line: int) -> None:
        self.tricks.setdefault(name, line)

    def read(self) -> Iterator[Token]:
        """Yield the words, at most `MOST_TOKENS`."""
        text, line, count = self._text, self._line, 0
        for found in self._pattern.finditer(text):
            kind = found.lastgroup or "p"
            word = found[0]
            if kind == "p":
                count += 1
                yield self._mark(word, line)
            elif kind == "n":
                count += 1
                yield self._name(word, line)
            elif kind == "c":
                self._comment(found, line)
            elif kind != "w":
                for token in self._values(kind, word, line):
                    count += 1
                    yield token
            if count >= MOST_TOKENS:
                self.cut = True
                return
            if "\n" in word:
                line += word.count("\n")

    def _mark(self, word: str, line: int) -> Token:
        if self._basic and word in ("\n", ":"):
            word = ";"
        elif word in ("?.", "::"):
            word = "."
        return Token("p", word, word, line)

    def _name(self, word: str, line: int) -> Token:
        if "\\" in word:
            self._trick("escaped-names", line)
            word = _ESCAPE.sub(_character, word)
        if self._basic:
            word = word.strip("[]%$!#@")
            word = word if word else "_"
        elif word[0] == "@":
            word = word[1:]
            if word not in _ORDINARY_AT and len(word) > 2:
                self._trick(f"@{word.lower()}", line)
        if len(word) < 40 and _CASE.search(word):
            self._trick(f"~{word}", line)
        return Token("n", word, word.lower(), line)

    def _values(self, kind: str, word: str, line: int) -> Iterator[Token]:
        """Yield a text or number; behind a text with holes (`$"… {x}"`) what stands in these."""
        yield self._literal(kind, word, line)
        if "$" not in word[:2] or self._basic:
            return
        for hole in _HOLE.finditer(word[: 1 << 16]):
            yield Token("p", "+", "+", line)
            yield Token("p", "(", "(", line)
            for part in _PART.finditer(hole[1]):
                named = part.lastgroup == "n"
                yield self._name(part[0], line) if named else Token("p", part[0], part[0], line)
            yield Token("p", ")", ")", line)

    def _literal(self, kind: str, word: str, line: int) -> Token:
        if kind == "d":
            return Token("d", str(_number(word)), "", line)
        if kind == "v":
            body = word.lstrip("@$")[1:]
            body = body.rstrip("cC") if self._basic and body[-2:-1] in '"\u201d' else body
            body = body[:-1] if body[-1:] in '"\u201c\u201d' else body
            return Token("s", body.replace('""', '"'), "", line)
        quote = word.lstrip("$")[:1]
        body = word.lstrip("$")[1:]
        body = body[:-1] if body.endswith(quote) else body
        if "\\" in body:
            if body.count("\\x") + body.count("\\u") > 3:
                self._trick("escaped-text", line)
            body = _ESCAPE.sub(_character, body)
        return Token("s", body, "", line)

    def _comment(self, found: re.Match[str], line: int) -> None:
        if self._basic or len(found[0]) > 400:
            return
        text, start, end = found.string, found.start(), found.end()
        before, after = text[max(start - 1, 0) : start], text[end : end + 1]
        if found[0][1:2] != "*":
            # NOTE: behind a bracket such comments are usual: that is how long calls are explained.
            named = before.isalnum() and text[end : end + 40].lstrip()[:1] in ("(", "[", ".")
            if before == "." or named:
                self._trick("comment-splicing", line)
            return
        beside = (before.isalnum() or before in ".)]([") and (after in ".([" or before == ".")
        junk = _JUNK.fullmatch(found[0]) and after.isalnum()
        if (beside and after and before) or (junk and not before.isspace()):
            self._trick("comment-splicing", line)


def _plain_letters(text: str, tokens: Tokens) -> str:
    """Write letters that look like others as those; only in words that hold both."""

    def plain(found: re.Match[str]) -> str:
        word = found[0]
        if word.isascii():
            return word
        folded = unicodedata.normalize("NFKC", word).translate(_LIKE)
        if not folded.isascii() or (word.translate(_LIKE) == word and folded == word):
            return word
        tokens.tricks.setdefault("look-alike-letters", 0)
        return folded

    return re.sub(r"\w+", plain, text) if _ALPHABETS.search(text) or "\u0131" in text else text


def _character(found: re.Match[str]) -> str:
    digits = found[1] or found[2] or found[3]
    if digits:
        code = int(digits, 16)
        return chr(code) if code < 0x110000 else ""
    if found[4]:
        return chr(int(found[4], 8))
    return _SHORT.get(found[5], found[5])


def _number(word: str) -> int:
    low = word.lower().rstrip("&lumdf" if word[:2].lower() not in ("0x", "&h") else "&")
    try:
        if low.startswith(("0x", "&h")):
            return int(low[2:][:16] or "0", 16)
        return int(low.split(".")[0][:16] or "0")
    except ValueError:
        return 0
