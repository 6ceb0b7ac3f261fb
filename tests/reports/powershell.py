"""Strings of PowerShell as its own tokenizer reads them, for tests: what is a value, what is code.

Source: https://github.com/PowerShell/PowerShell (MIT): a string in single quotes ends at the first
quote that no other quote follows; U+2018 to U+201B are quotes as well.
"""

import re

QUOTES = "'\u2018\u2019\u201a\u201b"
DOUBLE = '"\u201c\u201d\u201e'
VALUE = "\0"
"""Stands for a string in code."""
_CHAR = r"\[char\]0x([0-9a-f]{4})|\[char\]::ConvertFromUtf32\(0x([0-9a-f]{5,6})\)"
_JOINED = re.compile(rf"\(\0(?: \+ (?:\0|{_CHAR}))+\)")
_PIECE = re.compile(rf"\0|{_CHAR}")
_LIST = re.compile(r"@\(\0(?:, \0)*\)")
_BEFORE = frozenset(" \n{}()|;,=")


def read(text: str) -> tuple[str, list[str]]:
    """Return the code with a mark for each string, and the strings; joined ones are one.

    AssertionError for what these commands must not have: strings in double quotes, backticks,
    comments, an open string, letters beyond ASCII in code.
    """
    code, values = _scan(text)
    assert VALUE not in text
    return _join(code, values)


def one_list(code: str) -> str:
    """Return code in which a list of strings counts as a list of one."""
    return _LIST.sub(f"@({VALUE})", code)


def _scan(text: str) -> tuple[str, list[str]]:
    code, values, at = "", list[str](), 0
    while at < len(text):
        char = text[at]
        if char in QUOTES and code[-1:] in {"", *_BEFORE}:
            value, at = _string(text, at + 1)
            values.append(value)
            code += VALUE
        else:
            assert char not in QUOTES, f"a quote within a word: {text[:at]!r}"
            assert char not in DOUBLE
            assert char not in "`#", f"{char!r} in the code {code!r}"
            assert char == "\n" or " " <= char <= "~", f"{char!r} in the code {code!r}"
            code += char
            at += 1
    return code, values


def _string(text: str, at: int) -> tuple[str, int]:
    value = ""
    while True:
        assert at < len(text), f"the string has no end: {text!r}"
        if text[at] in QUOTES:
            if at + 1 == len(text) or text[at + 1] not in QUOTES:
                return value, at + 1
            at += 1
        value += text[at]
        at += 1


def _join(code: str, values: list[str]) -> tuple[str, list[str]]:
    """Make one string of those that are put together with `+` in parentheses."""
    left, found = iter(values), list[str]()
    done, at = "", 0
    for match in _JOINED.finditer(code):
        before = code[at : match.start()]
        found += [next(left) for _ in range(before.count(VALUE))]
        whole = ""
        for piece in _PIECE.finditer(match[0]):
            number = piece[1] or piece[2]
            whole += chr(int(number, 16)) if number else next(left)
        found.append(whole)
        done += before + VALUE
        at = match.end()
    return done + code[at:], [*found, *left]
