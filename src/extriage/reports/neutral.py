r"""Evidence is written by attackers: the one place that makes its text harmless to look at.

A user agent or a file name may carry terminal commands (ESC, C1), marks that turn the reading
direction around, characters that nobody sees, or a spreadsheet formula. They are shown as visible
escapes (`\x1b`, `\u202e`), so that the reader sees that they are there. A backslash of the evidence
stays single, because Windows paths are full of them; the exact text is in `case.json`.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import accumulate, takewhile

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}

_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that print as nothing although Unicode does not call them controls."""

_MARKS_IN_A_ROW = 3
"""More accents than this on one letter belong to no language; they climb over the lines above."""

_FORMULA = "=+-@|\uff1d\uff0b\uff0d\uff20"
"""What starts a formula or a DDE call; spreadsheets also take the full-width forms."""

_FORMULA_START = re.compile(rf"[\s\"]*[{re.escape(_FORMULA)}]")
_FORMULA_AFTER_SEMICOLON = re.compile(rf";(?=[\s\"']*[{re.escape(_FORMULA)}])")

CELL_LIMIT = 32_000
"""Characters in a spreadsheet cell; above 32,767 Excel spills the text into other rows."""


def visible(text: str, *, ascii_only: bool = False) -> str:
    r"""Show everything that a screen would obey or hide as an escape such as `\x1b`.

    The result has no line break, tab, control, direction mark or zero-width character, and is not
    changed when it is made harmless once more.
    """
    if text.isascii() and text.isprintable():
        return text
    if ascii_only:
        return "".join(map(_typed, text))
    shown = "".join(map(_shown, text))
    return shown if shown.isascii() else _calm_marks(shown)


def cut(text: str, cells: int, *, head: float = 0.5, ascii_only: bool = False) -> str:
    """Make text harmless and take out its middle, so that it fills no more than `cells` columns.

    `head` is the share of the room that the beginning gets.
    """
    cells = max(cells, 0)
    # A letter carries three marks at most, so that this many characters fill the room either way.
    far = (_MARKS_IN_A_ROW + 1) * (cells + 1)
    shown = visible(
        text if len(text) <= 2 * far else text[:far] + text[-far:], ascii_only=ascii_only
    )
    if width(shown) <= cells:
        return shown
    gap = "..." if ascii_only else "\u2026"
    if cells < 4 * len(gap):
        return _start(shown, cells)
    room = cells - len(gap)
    first = int(room * head)
    return _start(shown, first) + gap + _end(shown, room - first)


def cell(text: str) -> str:
    """Make text harmless for a cell of a CSV file that is opened in a spreadsheet.

    A text that would start a formula gets an apostrophe in front. So does one after a semicolon,
    because spreadsheets of many countries split cells there.
    """
    shown = visible(text)
    if len(shown) > CELL_LIMIT:
        half = CELL_LIMIT // 2
        shown = f"{shown[:half]} [{len(shown) - 2 * half} characters left out] {shown[-half:]}"
    shown = _FORMULA_AFTER_SEMICOLON.sub(";'", shown)
    return f"'{shown}" if _FORMULA_START.match(shown) else shown


def width(text: str) -> int:
    """Count the columns that harmless text fills on a screen."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


@lru_cache(maxsize=4096)
def _columns(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _start(text: str, cells: int) -> str:
    if text.isascii():
        return text[:cells]
    count = sum(1 for _ in takewhile(lambda used: used <= cells, accumulate(map(_columns, text))))
    return text[:count]


def _end(text: str, cells: int) -> str:
    if text.isascii():
        return text[len(text) - cells :]
    used = accumulate(map(_columns, reversed(text)))
    count = sum(1 for _ in takewhile(lambda total: total <= cells, used))
    return text[len(text) - count :]


@lru_cache(maxsize=4096)
def _shown(char: str) -> str:
    return _escape(char) if _hidden(char) else char


@lru_cache(maxsize=4096)
def _typed(char: str) -> str:
    return _escape(char) if _hidden(char) or char > "~" else char


def _hidden(char: str) -> bool:
    return not char.isprintable() or _INVISIBLE.match(char) is not None


def _calm_marks(text: str) -> str:
    """Escape accents that stand on nothing or pile up on one letter."""
    shown: list[str] = []
    marks = _MARKS_IN_A_ROW
    for char in text:
        marks = marks + 1 if _columns(char) == 0 else 0
        shown.append(_escape(char) if marks > _MARKS_IN_A_ROW else char)
    return "".join(shown)


def _escape(char: str) -> str:
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
