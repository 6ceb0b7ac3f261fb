"""The parts of a page: directives, code that the server runs, controls it gives names to, comments.

Code stands in `<% %>`, in script blocks with `runat=server`, in handlers and services behind their
directive, in Razor pages anywhere. Everything else is markup that a browser reads.
https://learn.microsoft.com/previous-versions/aspnet/fy30at8h(v=vs.100)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

MOST_PARTS = 4000
MOST_DIRECTIVES = 100
LONGEST_TAG = 2000
_NEAR = 400
_CAREFUL = 200

_PART = re.compile(r"<%(--|[@=:#$!]?)|<script\b", re.I)
"""What a part begins with; its end is then looked for, which is faster than one pattern."""
_TAG = re.compile(r"(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>")
_ATTRIBUTE = re.compile(
    r"([A-Za-z_:][\w:.-]{0,60})\s{0,60}(?:=\s{0,60}(?:\"([^\"]{0,2000})\"?|'([^']{0,2000})'?|"
    r"([^\s\"'>]{1,400})))?"
)
_SERVER = re.compile(r"\brunat\s{0,20}=\s{0,20}[\"']?\s{0,20}server", re.I)
_END = re.compile(r"</script\b", re.I)
_CONTROL = re.compile(r"<(asp:\w{1,40}|input|textarea|select|object|button)\b([^<>]{0,1000})", re.I)
_WHOLE = frozenset({"webhandler", "webservice", "servicehost"})
_CODE_FILES = frozenset({"ashx", "asmx", "svc", "soap", "rem"})
NOTHING_BUT_CODE = {"cshtml": "c#", "vbhtml": "vb", "cs": "c#", "vb": "vb"}
"""Extensions of files that are code as a whole, and its language."""
_CLASSIC = frozenset({"asp", "asa", "cer", "cdx", "config"})
_LANGUAGES = {
    **dict.fromkeys(("c#", "cs", "csharp", "c#v3.5", "c#v4.0"), "c#"),
    **dict.fromkeys(("vb", "visualbasic", "vbs", "vbscript"), "vb"),
    **dict.fromkeys(("js", "jscript", "javascript", "ecmascript", "jscript.net"), "jscript"),
}
_VB_WORD = re.compile(
    r"(?im)^\s{0,40}(?:dim|sub|function|set|if\b.{0,200}\bthen|end (?:if|sub|function)|next|wend|"
    r"imports|public (?:sub|function)|protected sub|on error resume)\b|\bexecuteglobal\b|"
    r"\b(?:eval|execute)\s{1,9}request\b|\bcreateobject\s{0,9}\("
)
_VB_NEEDS = (
    *("dim", "sub", "function", "set", "then", "end if", "next", "wend", "imports"),
    *("on error", "execute", "request", "createobject"),
)
"""Of these Visual Basic needs one in lower case; to look for them is fast."""
_C_WORD = re.compile(r"[;{}]\s{0,9}(?:$|\n|\r)|\b(?:new|var|using)\s{1,9}\w|;\s{0,9}\}|\);")


@dataclass(frozen=True, slots=True)
class Directive:
    """One `<%@ … %>`."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    text: str

    def get(self, name: str) -> str:
        """Return an attribute by its name in lower case; empty if there is none."""
        return next((value for key, value in self.attributes if key == name), "")


@dataclass(frozen=True, slots=True)
class Block:
    """Code of a page."""

    text: str
    line: int
    language: str
    """c#, vb or jscript; empty if nobody says."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page taken apart."""

    directives: tuple[Directive, ...]
    blocks: tuple[Block, ...]
    controls: tuple[tuple[str, str], ...]
    """Name and kind of the controls that code can ask: `cmd`, `asp:textbox`."""
    language: str
    """c#, vb, vbscript or jscript, as declared, or as the code looks; empty without code."""
    tricks: tuple[str, ...] = ()
    declared: bool = False
    """True if the page itself says its language."""


def take_apart(text: str, extension: str, *, closely: bool = True) -> Page:
    """Take a page apart; unclosed parts go to the end, and never more than a bound is kept.

    Controls are only looked for `closely`, and blocks only then all have a language.
    """
    lines = _Lines(text)
    directives, blocks, tricks, end = _parts(text, lines)
    if extension in NOTHING_BUT_CODE:
        blocks = [Block(text, 1, NOTHING_BUT_CODE[extension])]
    elif directives and (extension in _CODE_FILES or any(one.name in _WHOLE for one in directives)):
        blocks = [Block(text[end:], lines.at(end), ""), *blocks]
    declared = _declared(directives, blocks)
    language = declared or ("vb" if blocks and extension in _CLASSIC else _looks(blocks))
    if closely:
        blocks = [block if block.language else _with(block, language) for block in blocks]
    if language == "vb" and (extension in _CLASSIC):
        language = "vbscript"
    if len(blocks) > MOST_PARTS:
        tricks.append("too-much-to-read")
    kept = tuple(blocks[:MOST_PARTS])
    controls = _controls(text) if closely else ()
    return Page(tuple(directives), kept, controls, language, tuple(tricks), bool(declared))


def _with(block: Block, language: str) -> Block:
    return Block(block.text, block.line, language)


class _Lines:
    """Line numbers of offsets."""

    __slots__ = ("_line", "_offset", "_text")

    def __init__(self, text: str) -> None:
        self._text, self._offset, self._line = text, 0, 1

    def at(self, offset: int) -> int:
        """Return the line of an offset; fast if each is behind the one before."""
        if offset < self._offset:
            self._offset, self._line = 0, 1
        self._line += self._text.count("\n", self._offset, offset)
        self._offset = offset
        return self._line


def _parts(text: str, lines: _Lines) -> tuple[list[Directive], list[Block], list[str], int]:
    """Return directives, blocks, tricks, and where the last directive ends."""
    directives: list[Directive] = []
    blocks: list[Block] = []
    tricks: list[str] = []
    at = end = 0
    while len(blocks) <= MOST_PARTS and (found := _PART.search(text, at)):
        mark, start = found[1], found.end()
        if mark is None:
            at = _script(text, found.start(), blocks, lines)
            continue
        stop, at = _closed(text, start, "--%>" if mark == "--" else "%>")
        if mark == "@":
            end = at
            if len(directives) >= MOST_DIRECTIVES:
                continue
            directive = _directive(text[start : min(stop, start + LONGEST_TAG)])
            tricks += _odd_directive(directive, directives)
            directives.append(directive)
        elif mark not in ("--", "$"):
            blocks.append(Block(text[start:stop], lines.at(start), ""))
    return directives, blocks, tricks, end


def _closed(text: str, start: int, mark: str) -> tuple[int, int]:
    """Return where a part ends, and where to go on; without an end it goes to that of the page."""
    stop = text.find(mark, start)
    return (stop, stop + len(mark)) if stop >= 0 else (len(text), len(text))


def _script(text: str, start: int, blocks: list[Block], lines: _Lines) -> int:
    """Keep a script block of the server; return where to go on."""
    if "runat" not in text[start : start + _NEAR].lower():
        return start + 7
    end = _tag_end(text, start, careful=len(blocks) < _CAREFUL)
    if end < 0:
        return start + LONGEST_TAG - _NEAR
    tag = text[start:end]
    if not _SERVER.search(tag):
        return start + 7
    close = _END.search(text, end)
    stop = close.start() if close else len(text)
    language = dict(_attributes(tag[7:])).get("language", "").lower()
    blocks.append(Block(text[end:stop], lines.at(end), _LANGUAGES.get(language, "")))
    return stop


def _tag_end(text: str, start: int, *, careful: bool) -> int:
    """Return where a tag ends, with regard to quotes as long as these are closed; -1 if nowhere."""
    limit = start + LONGEST_TAG
    plain = text.find(">", start, limit) + 1
    if not plain:
        return -1
    tag = _TAG.match(text, start, limit) if careful and '"' in text[start:plain] else None
    return tag.end() if tag else plain


@lru_cache(maxsize=256)
def _directive(text: str) -> Directive:
    """Read a directive, cut to `LONGEST_TAG`; the pages of a site have many in common."""
    attributes = tuple(_attributes(text))
    name = attributes[0][0] if attributes and not attributes[0][1] else "page"
    return Directive(name, attributes, " ".join(text.split())[:400])


def _odd_directive(directive: Directive, before: list[Directive]) -> Iterator[str]:
    """Notice a directive that is spread over several, or said twice."""
    if directive.name == "page" and any(one.name == "page" for one in before):
        yield "split-directives"


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    for found in _ATTRIBUTE.finditer(text):
        yield found[1].lower(), (found[2] or found[3] or found[4] or "").strip()


def _declared(directives: list[Directive], blocks: list[Block]) -> str:
    named = [one.get("language").lower() for one in directives]
    known = next((_LANGUAGES[name] for name in named if name in _LANGUAGES), "")
    return known or next((block.language for block in blocks if block.language), "")


def _looks(blocks: list[Block]) -> str:
    """Tell the language from the code; the words of Visual Basic against the marks of C."""
    code = "\n".join(block.text[:8192] for block in blocks[:20])
    if not code.strip():
        return ""
    lowered = code.lower()
    if code.isascii() and not any(word in lowered for word in _VB_NEEDS):
        return "c#"
    basic = len(_VB_WORD.findall(code))
    return "vb" if basic and basic > len(_C_WORD.findall(code)) else "c#"


def _controls(text: str) -> tuple[tuple[str, str], ...]:
    found = []
    for tag in _CONTROL.finditer(text):
        if "runat" not in tag[2].lower():
            continue
        attributes = dict(_attributes(tag[2]))
        if name := attributes.get("id", ""):
            kind = tag[1].lower()
            if kind == "object":
                kind = "com:" + (attributes.get("progid") or attributes.get("classid", ""))
            found.append((name, kind.lower()))
        if len(found) >= MOST_PARTS:
            break
    return tuple(found)
