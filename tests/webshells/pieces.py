"""What every specimen is made of: broken words made whole, bodies, and the tokens of their code."""

import re
from dataclasses import dataclass

BREAK = "\u00a6"
"""Stands inside tell-tale words of the sources; taken out when a page is made."""

SENTINEL = {
    "C#": "Inert.Specimen();",
    "VB": "Inert.Specimen()",
    "JScript": "Inert Specimen;",
    "VBScript": "Next Inert",
}
"""A statement that no compiler of the language takes: it keeps the whole page from running."""


@dataclass(frozen=True, slots=True)
class Body:
    """What a page does, as statements of one language, before it is wrapped and disguised.

    `$(name)` stands for a string that comes with the request.
    """

    technique: str
    form: str
    language: str
    code: str
    members: str = ""
    """Declarations beside the method that holds the statements."""
    imports: tuple[str, ...] = ()
    markup: str = ""
    """Server controls that the statements need."""
    wrappers: tuple[str, ...] = ()
    """The only wrappers that fit; empty for all of the language."""
    benign: bool = False


def body(
    language: str,
    technique: str,
    form: str,
    code: str,
    *imports: str,
    members: str = "",
    markup: str = "",
    wrappers: tuple[str, ...] = (),
) -> Body:
    """Note what one form of a technique does."""
    return Body(technique, form, language, code, members, imports, markup, wrappers)


def whole(text: str) -> str:
    """Make broken words whole."""
    return text.replace(BREAK, "")


_TOKENS = {
    "C#": re.compile(
        r'(?P<string>@"(?:[^"]|"")*"|"(?:[^"\\\n]|\\.)*")'
        r"|(?P<char>'(?:[^'\\\n]|\\.)*')"
        r"|(?P<comment>//[^\n]*|/\*.*?\*/)"
        r"|(?P<word>[A-Za-z_]\w*)|(?P<space>\s+)|(?P<other>\d[\w.]*|=>|[=!<>+\-*/|&]=|\+\+|&&|"
        r"\|\||\?\?|::|.)",
        re.S,
    ),
    "VB": re.compile(
        r'(?P<string>"(?:[^"\n]|"")*")|(?P<comment>\'[^\n]*)'
        r"|(?P<word>[A-Za-z_]\w*)|(?P<space>\s+)|(?P<other>\d[\w.]*|<>|[<>]=|.)",
        re.S,
    ),
}
_TOKENS["JScript"] = re.compile(
    r"(?P<string>\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
    r"|(?P<comment>//[^\n]*|/\*.*?\*/)"
    r"|(?P<word>[A-Za-z_]\w*)|(?P<space>\s+)|(?P<other>\d[\w.]*|[=!<>+]=|\+\+|&&|\|\||.)",
    re.S,
)
_TOKENS["VBScript"] = _TOKENS["VB"]

Token = tuple[str, str]


def tokens(code: str, language: str) -> list[Token]:
    """Split code into (kind, text)."""
    return [(match.lastgroup or "", match[0]) for match in _TOKENS[language].finditer(code)]


def untokened(parts: list[Token]) -> str:
    """Put code together again."""
    return "".join(text for _, text in parts)


KEYWORDS = frozenset(
    [
        "abstract",
        "as",
        "base",
        "bool",
        "break",
        "byte",
        "case",
        "catch",
        "char",
        "class",
        "const",
        "continue",
        "default",
        "delegate",
        "do",
        "double",
        "else",
        "enum",
        "event",
        "extern",
        "false",
        "finally",
        "fixed",
        "for",
        "foreach",
        "function",
        "goto",
        "if",
        "implements",
        "implicit",
        "in",
        "int",
        "interface",
        "internal",
        "is",
        "lock",
        "long",
        "namespace",
        "new",
        "null",
        "object",
        "operator",
        "out",
        "override",
        "package",
        "params",
        "private",
        "protected",
        "public",
        "readonly",
        "ref",
        "return",
        "sbyte",
        "sealed",
        "short",
        "static",
        "string",
        "struct",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "uint",
        "ulong",
        "unsafe",
        "ushort",
        "using",
        "var",
        "virtual",
        "void",
        "volatile",
        "while",
        "async",
        "await",
        "dynamic",
        "from",
        "where",
        "select",
        "get",
        "set",
    ]
)
"""Words of C# and JScript that are no identifiers."""
