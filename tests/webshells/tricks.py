"""Disguises of code: the same statements in spellings that keyword searches do not know."""

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random

from webshells.literals import SPELLINGS, UN_C_SHARP, UN_VBSCRIPT
from webshells.pieces import KEYWORDS, Body, Token, tokens, untokened

Trick = Callable[[str, str, Random], str]
_FORMAT = ("\u200d", "\u200c", "\u00ad", "\u2060")


def _rename(change: Callable[[str, Random], str]) -> Trick:
    def apply(code: str, language: str, rng: Random) -> str:
        return untokened(
            [
                (kind, change(text, rng))
                if kind == "word" and text not in KEYWORDS and len(text) > 1
                else (kind, text)
                for kind, text in tokens(code, language)
            ]
        )

    return apply


def _escaped(word: str, rng: Random) -> str:
    place = rng.randrange(len(word))
    return f"{word[:place]}\\u{ord(word[place]):04x}{word[place + 1 :]}"


def _all_escaped(word: str, _rng: Random) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in word)


def _long_escaped(word: str, rng: Random) -> str:
    place = rng.randrange(len(word))
    return f"{word[:place]}\\U{ord(word[place]):08x}{word[place + 1 :]}"


def _formatted(word: str, rng: Random) -> str:
    place = rng.randrange(1, len(word))
    return word[:place] + rng.choice(_FORMAT) + word[place:]


def _between(make: Callable[[Random], str]) -> Trick:
    """Put something between tokens where blanks may stand."""

    def apply(code: str, language: str, rng: Random) -> str:
        made: list[Token] = []
        for token in tokens(code, language):
            made.append(token)
            if token[0] == "word" or token[1] in ".([,":
                made.append(("space", make(rng)))
        return untokened(made)

    return apply


def _comment(rng: Random) -> str:
    words = "".join(rng.choices("abcdefgh ()*.;\u4e2d\u6587", k=rng.randint(0, 9)))
    return f"/*{words}*/"


def _line_comment(rng: Random) -> str:
    return f"//{rng.randint(100, 999)} }} ;\n"


def _wide(rng: Random) -> str:
    return rng.choice(("\n", "\t", "  ", "\n\n\t", " "))


def _continued(code: str, language: str, rng: Random) -> str:
    made: list[Token] = []
    for token in tokens(code, language):
        made.append(token)
        if token[1] in "(&," and rng.random() < 0.8:
            made.append(("space", " _\n"))
    return untokened(made)


def _mixed_case(code: str, language: str, rng: Random) -> str:
    def mix(text: str) -> str:
        return "".join(rng.choice((char.lower(), char.upper())) for char in text)

    return untokened(
        [(kind, mix(text) if kind == "word" else text) for kind, text in tokens(code, language)]
    )


def _spelled(name: str) -> Trick:
    def apply(code: str, language: str, rng: Random) -> str:
        spell = SPELLINGS[language][name]
        return untokened(
            [
                (kind, spell(_value(text, language), rng))
                if _may_spell(kind, text)
                else (kind, text)
                for kind, text in tokens(code, language)
            ]
        )

    return apply


def _may_spell(kind: str, text: str) -> bool:
    fixed = "32" in text and "cm" not in text and "Proc" not in text
    return kind == "string" and 5 <= len(text) <= 70 and not fixed


def _value(text: str, language: str) -> str:
    if language in ("VB", "VBScript"):
        return text[1:-1].replace('""', '"')
    if text.startswith("@"):
        return text[2:-1].replace('""', '"')
    return re.sub(r"\\(.)", r"\1", text[1:-1])


_JUNK = {
    "C#": "int junk{n} = {n} * 3; if (junk{n} < 0) {{ junk{n} = junk{n} / 2; }}\n",
    "JScript": "var junk{n} = {n} * 3; if (junk{n} < 0) {{ junk{n} = junk{n} / 2; }}\n",
    "VB": "Dim junk{n} As Integer = {n} * 3\n",
    "VBScript": "junk{n} = {n} * 3\n",
}


def _junk(code: str, language: str, rng: Random) -> str:
    lines = code.split("\n")
    whole_lines = [i for i, line in enumerate(lines) if line.endswith(";") or language[0] == "V"]
    for place in reversed(whole_lines[:-1]):
        if _opens_here(lines[: place + 1]):
            lines.insert(place + 1, _JUNK[language].format(n=rng.randint(100, 9999)).rstrip("\n"))
    return _JUNK[language].format(n=rng.randint(1, 99)) * 1 + "\n".join(lines)


def _opens_here(lines: list[str]) -> bool:
    text = "\n".join(lines)
    return text.count("(") == text.count(")") and not re.search(r"\b(Case|Then|Else)\s*$", text)


def _one_line(code: str, language: str, rng: Random) -> str:
    joint = " : " if language[0] == "V" and " Then\n" not in code and "Case" not in code else " "
    if language[0] == "V" and joint == " ":
        return code
    return joint.join(line.strip() for line in code.split("\n") if line.strip())


def _far_right(code: str, language: str, rng: Random) -> str:
    return " " * 4000 + code.replace("\n", "\n" + " " * 900)


def _commented(code: str, language: str, rng: Random) -> str:
    mark = "'" if language[0] == "V" else "// "
    words = (
        "sum of the quarter",
        "see the manual, page 7",
        "colours of the chart",
        "keeps the list short",
    )
    made = [f"{mark}{rng.choice(words)}\n{line}" for line in code.split("\n")]
    return "\n".join(made) if language[0] != "V" else f"{mark}{words[1]}\n{code}"


def _region(code: str, language: str, rng: Random) -> str:
    return f"#if !INERT\n#region Layout\n{code}\n#endregion\n#endif\n"


def _statements(code: str, language: str, rng: Random) -> str:
    return (
        f"try {{ if (1 + 1 == 2) {{ do {{\n{code}\n}} while (false); }} }} catch (Exception) {{ }}"
    )


_BRACES = ("C#", "JScript")
TRICKS: dict[str, tuple[tuple[str, ...], Trick]] = {
    "unicode-escapes": (_BRACES, _rename(_escaped)),
    "all-unicode-escapes": (_BRACES, _rename(_all_escaped)),
    "long-unicode-escapes": (("C#",), _rename(_long_escaped)),
    "format-characters": (_BRACES, _rename(_formatted)),
    "verbatim-identifiers": (("C#",), _rename(lambda word, _rng: "@" + word)),
    "comment-splicing": (_BRACES, _between(_comment)),
    "line-comment-splicing": (_BRACES, _between(_line_comment)),
    "spread": (_BRACES, _between(_wide)),
    "continued-lines": (("VB", "VBScript"), _continued),
    "mixed-case": (("VB", "VBScript"), _mixed_case),
    "junk-code": (("C#", "JScript", "VB", "VBScript"), _junk),
    "junk-comments": (("C#", "JScript", "VB", "VBScript"), _commented),
    "one-line": (("C#", "JScript", "VB", "VBScript"), _one_line),
    "far-right": (("C#", "JScript", "VB", "VBScript"), _far_right),
    "region": (("C#",), _region),
    "try-and-if": (("C#",), _statements),
}
for _language, _spellings in SPELLINGS.items():
    for _name in _spellings:
        _known = TRICKS.get(_name, ((), _spelled(_name)))
        TRICKS[_name] = ((*_known[0], _language), _known[1])


def disguised(body: Body, trick: str, rng: Random) -> Body:
    """Disguise the statements, and what is declared beside them."""
    apply = TRICKS[trick][1]
    simple = trick in ("junk-code", "region", "try-and-if", "one-line")
    members = (
        body.members
        if simple or not body.members.strip()
        else apply(body.members, body.language, rng)
    )
    extra = ""
    if trick == "xor-helper":
        extra = UN_C_SHARP if body.language == "C#" else UN_VBSCRIPT
    imports = body.imports + (("System.Linq",) if trick == "reversed" else ())
    return replace(
        body, code=apply(body.code, body.language, rng), members=members + extra, imports=imports
    )
