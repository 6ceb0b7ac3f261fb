"""Spellings of a string literal that the page puts together when it runs."""

import base64
from collections.abc import Callable
from itertools import pairwise
from random import Random

Spelling = Callable[[str, Random], str]


def quoted(text: str) -> str:
    """Return a C# or JScript literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def basic(text: str) -> str:
    """Return a literal of VB and VBScript."""
    return '"' + text.replace('"', '""') + '"'


def parts(text: str, rng: Random) -> list[str]:
    """Cut a text into two to four pieces."""
    many = min(len(text), rng.randint(2, 4))
    cuts = sorted(rng.sample(range(1, len(text)), many - 1))
    ends = [0, *cuts, len(text)]
    return [text[a:b] for a, b in pairwise(ends)]


def _codes(text: str) -> list[int]:
    return [ord(char) for char in text]


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _from_base64(text: str, _rng: Random) -> str:
    inner = f'System.Convert.FromBase64String("{_coded(text)}")'
    return f"System.Text.Encoding.UTF8.GetString({inner})"


def _characters(text: str, _rng: Random) -> str:
    marks = ", ".join("'" + char.replace("\\", "\\\\").replace("'", "\\'") + "'" for char in text)
    return f"new string(new char[] {{ {marks} }})"


def _substring(text: str, rng: Random) -> str:
    lead = "".join(rng.choices("qwxz", k=3))
    return f"{quoted(lead + text)}.Substring(3)"


def _format(text: str, rng: Random) -> str:
    pieces = parts(text, rng)
    places = "".join(f"{{{i}}}" for i in range(len(pieces)))
    return f'string.Format("{places}", {", ".join(map(quoted, pieces))})'


def _shifted(text: str, _rng: Random) -> str:
    return f'Un("{"".join(f"{ord(char) ^ 7:02x}" for char in text)}")'


def _inserted(text: str, _rng: Random) -> str:
    middle = len(text) // 2
    return f"{quoted(text[:middle] + text[middle + 1 :])}.Insert({middle}, {quoted(text[middle])})"


UN_C_SHARP = """static string Un(string s) { string t = "";
for (int i = 0; i < s.Length; i += 2) {
t += (char)(System.Convert.ToInt32(s.Substring(i, 2), 16) ^ 7); }
return t; }
"""
UN_VBSCRIPT = """Function Un(s)
For i = 1 To Len(s) Step 2
Un = Un & Chr(CInt("&H" & Mid(s, i, 2)) Xor 7)
Next
End Function
"""

C_SHARP: dict[str, Spelling] = {
    "plus": lambda text, rng: "(" + " + ".join(map(quoted, parts(text, rng))) + ")",
    "concat": lambda text, rng: f"string.Concat({', '.join(map(quoted, parts(text, rng)))})",
    "join": lambda text, rng: (
        f'string.Join("", new string[] {{ {", ".join(map(quoted, parts(text, rng)))} }})'
    ),
    "characters": _characters,
    "character-codes": lambda text, _rng: (
        '("" + ' + " + ".join(f"(char){code}" for code in _codes(text)) + ")"
    ),
    "replaced": lambda text, rng: f'{quoted("~#".join(parts(text, rng)))}.Replace("~#", "")',
    "reversed": lambda text, _rng: f"new string({quoted(text[::-1])}.Reverse().ToArray())",
    "substring": _substring,
    "format": _format,
    "inserted": _inserted,
    "base64-literal": _from_base64,
    "xor-helper": _shifted,
    "string-escapes": lambda text, _rng: (
        '"' + "".join(f"\\u{code:04x}" for code in _codes(text)) + '"'
    ),
    "hex-escapes": lambda text, _rng: (
        '"' + "".join(f"\\x{code:04x}" for code in _codes(text)) + '"'
    ),
}
JSCRIPT: dict[str, Spelling] = {
    "plus": lambda text, rng: "(" + " + ".join(map(quoted, parts(text, rng))) + ")",
    "character-codes": lambda text, _rng: (
        f"String.fromCharCode({', '.join(map(str, _codes(text)))})"
    ),
    "replaced": lambda text, rng: f'{quoted("~#".join(parts(text, rng)))}.split("~#").join("")',
    "reversed": lambda text, _rng: f'{quoted(text[::-1])}.split("").reverse().join("")',
    "string-escapes": C_SHARP["string-escapes"],
    "hex-escapes": lambda text, _rng: (
        '"' + "".join(f"\\x{code:02x}" for code in _codes(text)) + '"'
    ),
    "base64-literal": _from_base64,
}
VISUAL_BASIC: dict[str, Spelling] = {
    "plus": lambda text, rng: "(" + " & ".join(map(basic, parts(text, rng))) + ")",
    "character-codes": lambda text, _rng: (
        "(" + " & ".join(f"Chr({code})" for code in _codes(text)) + ")"
    ),
    "replaced": lambda text, rng: f'Replace({basic("~#".join(parts(text, rng)))}, "~#", "")',
    "reversed": lambda text, _rng: f"StrReverse({basic(text[::-1])})",
    "substring": lambda text, _rng: f"Mid({basic('qwx' + text)}, 4)",
    "join": lambda text, rng: f'Join(Array({", ".join(map(basic, parts(text, rng)))}), "")',
}
SPELLINGS: dict[str, dict[str, Spelling]] = {
    "C#": C_SHARP,
    "JScript": JSCRIPT,
    "VB": VISUAL_BASIC
    | {
        "base64-literal": _from_base64,
        "join": lambda text, rng: f"String.Concat({', '.join(map(basic, parts(text, rng)))})",
    },
    "VBScript": VISUAL_BASIC | {"xor-helper": _shifted},
}
