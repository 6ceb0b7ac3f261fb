"""Sentences with words from evidence in Markdown, for tickets, mails and wikis of any make.

Escapes are not enough there: a ticket system makes links, mentions (`@name`), references (`#12`)
and pictures of what the renderer leaves as text. So a word that could mean anything to one of them
stands in a code span, which all of them leave alone, and only plain words stand free. Web addresses
are broken (`http[:]//`), because mail programs make links even of code.
"""

import re
from collections.abc import Iterable
from itertools import groupby

from extriage.reports.neutral import cut

_PLAIN = re.compile(r"[A-Za-z0-9.,;:()'\"/%?+=…–-]+")  # noqa: RUF001  # our own dash
_TELLING = re.compile(
    r"//|^/|\.[A-Za-z]|:[A-Za-z+_-][\w+-]*:|%[^.,;:)]|[0-9A-Fa-f]{7,}|(?<!CVE)\b(?!CVE-)[A-Z][A-Z0-9]+-[0-9]+",
)
"""What is plain by its letters, but a link, a name, an emoji or a reference to some system."""

_AFTER = re.compile(r"(.*?)([.,;:]*)", re.DOTALL)
_BACKTICKS = re.compile("`+")
_BROKEN = (("://", "[:]//"), ("www.", "www[.]"), ("WWW.", "WWW[.]"), ("[~", "[ ~"))


def prose(text: str, room: int = 300) -> str:
    """Return a sentence that shows as it is; words that could mean more are code."""
    words = broken(cut(text, room)).split(" ")
    parts: list[str] = []
    for plain, group in groupby(words, key=_is_plain):
        joined = " ".join(group)
        parts.append(joined if plain else _spanned(joined))
    return " ".join(parts).strip() or "-"


def code(text: str, room: int = 300) -> str:
    """Return a value as a code span that nothing in it can end."""
    shown = broken(cut(text, room)).strip() or "-"
    longest = max((len(run) for run in _BACKTICKS.findall(shown)), default=0)
    bars = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{bars}{pad}{shown}{pad}{bars}"


def fenced(lines: Iterable[str], room: int = 300) -> list[str]:
    """Return lines as a code block that nothing in them can end."""
    shown = [broken(cut(line, room, head=0.7)) for line in lines]
    runs = [len(run) for line in shown for run in _BACKTICKS.findall(line)]
    bars = "`" * max(3, max(runs, default=0) + 1)
    return [f"{bars}text", *shown, bars]


def broken(text: str) -> str:
    """Break web addresses, so that no program makes a link of them."""
    for whole, harmless in _BROKEN:
        text = text.replace(whole, harmless)
    return text


def _is_plain(word: str) -> bool:
    if not word:
        return True
    return bool(_PLAIN.fullmatch(word)) and not _TELLING.search(word)


def _spanned(words: str) -> str:
    """Return words as code; the full stop behind them is ours."""
    found = _AFTER.fullmatch(words)
    inner, after = (found[1], found[2]) if found else (words, "")
    return f"{code(inner, 10 * len(inner) + 10)}{after}" if inner.strip() else words
