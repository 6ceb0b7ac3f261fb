r"""Values of the evidence in commands of PowerShell: they stay values, whatever is in them.

A text becomes a string in single quotes, in which PowerShell obeys nothing but the quote itself:
no `$`, no backtick, no `;`. Commands hold ASCII only. Other letters are written as
`[char]0x…`, for two reasons: PowerShell takes the typographic quotes U+2018 to U+201B for quotes,
and a file whose encoding is guessed wrong turns bytes of other letters into such quotes.
Texts with line breaks, control characters or marks that turn the reading direction around have no
literal: no command is made of them.

Source: https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_quoting_rules
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import groupby

from extriage.knowledge.plan import PLACE

LIMIT = 1_000
"""Characters of a value; nothing that Windows or Exchange names is longer in practice."""
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Controls, marks that print as nothing or turn the direction, halves of characters."""
_WILD = re.compile(r"[*?\[\]`]")
_BMP = 0xFFFF


def literal(text: str) -> str | None:
    """Return the expression that is this text and nothing else; None if there is none to trust."""
    if not text or len(text) > LIMIT or any(unicodedata.category(c) in _REFUSED for c in text):
        return None
    if text.isascii():
        return _quoted(text)
    parts = [_part("".join(run), plain) for plain, run in groupby(text, str.isascii)]
    first = [] if text[0].isascii() else ["''"]
    return f"({' + '.join([*first, *parts])})"


def name_literal(text: str) -> str | None:
    """Return the literal of a name for a cmdlet that reads wildcards; None if it has some."""
    return None if _WILD.search(text) else literal(text)


def array(texts: Iterable[str]) -> tuple[str, int]:
    """Return a list of literals as an expression, and how many texts have none."""
    known = list(dict.fromkeys(texts))
    literals = [one for one in map(name_literal, known) if one]
    return (f"@({', '.join(literals)})" if literals else "", len(known) - len(literals))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put expressions into the places of a template, each once: values are not read again."""
    return PLACE.sub(lambda place: values.get(place[1], place[0]), template)


def _part(run: str, plain: bool) -> str:
    return _quoted(run) if plain else " + ".join(map(_char, run))


def _char(char: str) -> str:
    code = ord(char)
    return f"[char]0x{code:04x}" if code <= _BMP else f"[char]::ConvertFromUtf32(0x{code:x})"


def _quoted(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"
