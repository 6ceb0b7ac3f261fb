"""Chains of names in code: `System.Diagnostics.Process.Start(…)`, `Request.Form["a"]`, `new X(…)`.

Also which brackets belong together. Each word is looked at a few times at most, so a page full of
brackets takes no longer than one full of words.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from extriage.parsers.page.tokens import Token

MOST_ELEMENTS = 60
_PAIRS = {")": "(", "]": "[", "}": "{"}
_COMMON = frozenset(
    {"return", "if", "else", "for", "foreach", "while", "do", "switch", "case", "break"}
    | {"continue", "new", "in", "is", "as", "using", "try", "catch", "finally", "throw"}
    | {"public", "private", "protected", "internal", "static", "readonly", "const", "class"}
    | {"struct", "enum", "interface", "namespace", "null", "true", "false", "nothing"}
    | {"delegate", "function", "var", "void", "operator", "where", "goto", "await", "async"}
    | {"override", "virtual", "abstract", "sealed", "partial", "extern", "unsafe"}
)
_C_ONLY = frozenset({"lock", "ref", "out", "params", "import", "package"})
_BASIC_ONLY = frozenset(
    {"then", "elseif", "end", "sub", "dim", "set", "let", "call", "loop", "until", "next"}
    | {"each", "to", "step", "and", "or", "not", "andalso", "orelse", "xor", "mod", "byval"}
    | {"byref", "optional", "select", "with", "imports", "shared", "friend", "of", "wend"}
    | {"exit", "redim", "property", "overrides", "implements", "inherits", "on", "error"}
    | {"resume", "addressof", "paramarray"}
)
C_WORDS = _COMMON | _C_ONLY
BASIC_WORDS = (_COMMON | _BASIC_ONLY) - {"delegate", "extern", "unsafe", "lock"}


@dataclass(frozen=True, slots=True)
class Element:
    """A name with its brackets; the name is empty for a second pair of brackets."""

    name: str
    at: int
    open: int = -1
    close: int = -1
    """The words between are the arguments; -1 if there are none."""


@dataclass(slots=True)
class Chain:
    """Names joined by dots."""

    at: int
    end: int
    """The word behind the last."""
    new: bool
    elements: list[Element] = field(default_factory=list)
    group: tuple[int, int] | None = None
    """The brackets that the chain begins with: `((Process)x).Start()`."""
    declares: bool = False
    """True for the name of a method where it is written, and of a variable."""


def brackets(words: Sequence[Token]) -> list[int]:
    """Return for each bracket the one that belongs to it; -1 for all else and for those alone."""
    match = [-1] * len(words)
    stack: list[int] = []
    for at, word in enumerate(words):
        if word.kind != "p":
            continue
        if word.text in "([{":
            stack.append(at)
        elif word.text in _PAIRS:
            # NOTE: a curly bracket closes forgotten round ones, else one typing error hides a page.
            while stack and words[stack[-1]].text != _PAIRS[word.text]:
                if word.text != "}":
                    break
                stack.pop()
            if stack and words[stack[-1]].text == _PAIRS[word.text]:
                opened = stack.pop()
                match[opened], match[at] = at, opened
    return match


def chains(words: Sequence[Token], match: list[int], *, basic: bool) -> list[Chain]:
    """Return all chains in the order in which they begin."""
    keywords = BASIC_WORDS if basic else C_WORDS
    found: list[Chain] = []
    for at, word in enumerate(words):
        before = words[at - 1] if at else None
        if word.kind == "n":
            # NOTE: only Visual Basic does not mind the case; `Do` and `Function` are names in C#.
            if before is not None and before.kind == "p" and before.text == ".":
                continue
            if (word.low if basic else word.text) in keywords:
                continue
            new = before is not None and before.low == "new" and before.kind == "n"
            found.append(_chain(words, match, at, Chain(at, at, new)))
        elif word.text == "(" and match[at] > 0 and not _is_call(before, keywords):
            close = match[at]
            if close + 1 < len(words) and words[close + 1].text == ".":
                chain = Chain(at, close + 1, False, group=(at, close))
                found.append(_chain(words, match, close + 1, chain))
        elif word.kind == "p" and word.text == "." and basic and _leads(before):
            found.append(_chain(words, match, at, Chain(at, at + 1, False, group=(at, at))))
    return found


def _is_call(before: Token | None, keywords: frozenset[str]) -> bool:
    if before is None:
        return False
    if before.kind == "n":
        return before.low not in keywords and before.text not in keywords
    return before.text in (")", "]")


def _leads(before: Token | None) -> bool:
    return before is None or (before.kind == "p" and before.text in ";=(,&+") or before.low == "set"


def _chain(words: Sequence[Token], match: list[int], at: int, chain: Chain) -> Chain:
    size = len(words)
    if chain.group is not None:
        at += 1
    while at < size and words[at].kind == "n" and len(chain.elements) < MOST_ELEMENTS:
        name, named = words[at].low, at
        at += 1
        if at < size and words[at].text == "<" and words[at].kind == "p":
            at = _past_generic(words, at)
        opened = False
        while (
            at < size and words[at].text in ("(", "[") and words[at].kind == "p" and match[at] > 0
        ):
            chain.elements.append(Element("" if opened else name, named, at, match[at]))
            at, opened = match[at] + 1, True
        if not opened:
            chain.elements.append(Element(name, named))
        chain.end = at
        if at + 1 < size and words[at].text == "." and words[at + 1].kind == "n":
            at += 1
        else:
            break
    return chain


def _past_generic(words: Sequence[Token], at: int) -> int:
    """Return where to go on behind `<T>`; at the same place if it is a comparison."""
    depth = 0
    for end in range(at, min(at + 16, len(words))):
        word = words[end]
        if word.text == "<":
            depth += 1
        elif word.text == ">":
            depth -= 1
            if depth == 0:
                after = words[end + 1] if end + 1 < len(words) else None
                ends = after is not None and (
                    after.kind == "n" or after.text in ("(", "{", ".", "[")
                )
                return end + 1 if ends else at
        elif word.kind != "n" and word.text not in (".", ",", "[", "]"):
            return at
    return at
