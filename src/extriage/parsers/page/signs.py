"""What single words of a page's code say, and the code written plainly for a reader."""

from collections.abc import Iterator

from extriage.parsers.page.behaviours import Sign, Table
from extriage.parsers.page.state import Finding
from extriage.parsers.page.tokens import Token

LONGEST_TEXT = 4096


def signs(words: list[Token], known: Table) -> Iterator[Finding]:
    """Tell what single words and texts say, each thing once."""
    by_name = {one: sign for sign in known.names for one in sign.any}
    told: set[str] = set()
    for word in words:
        if word.kind == "n":
            sign = by_name.get(word.low)
            said = [Finding(sign.id, word.line, f"{word.text} {sign.says}")] if sign else []
        else:
            said = _text_signs(word, known.literals) if word.kind == "s" else []
        for one in said:
            if one.id not in told:
                told.add(one.id)
                yield one


def _text_signs(word: Token, signs: tuple[Sign, ...]) -> list[Finding]:
    low = word.text[:65536].lower() if len(word.text) > 6 else ""
    hits = [(sign, next((one for one in sign.any if one in low), "")) for sign in signs]
    return [Finding(sign.id, word.line, f'"{hit}" {sign.says}') for sign, hit in hits if hit]


def imported(words: list[Token], aliases: dict[str, str]) -> None:
    """Learn the real names of functions that are imported under others."""
    for at, word in enumerate(words):
        if word.low not in ("dllimport", "declare") or word.kind != "n":
            continue
        near = words[at : at + 40]
        entry = [i for i, one in enumerate(near) if one.low in ("entrypoint", "alias")]
        named = [i for i, one in enumerate(near) if one.low in ("extern", "function", "sub")]
        if not entry or not named:
            continue
        texts = [one.text for one in near[entry[0] : entry[0] + 3] if one.kind == "s"]
        rest = near[named[0] :]
        opened = next((i for i, one in enumerate(rest) if one.text == "("), 0)
        if word.low == "declare":
            aliases.setdefault(rest[1].low, texts[0].lower()) if texts else None
        elif texts and opened:
            aliases.setdefault(rest[opened - 1].low, texts[0].lower())


def plainly(words: list[Token], limit: int) -> str:
    """Write code without its tricks: comments gone, names plain, constants put together."""
    parts: list[str] = []
    left, before = limit, ""
    for word in words:
        text = word.text[:LONGEST_TEXT]
        if word.kind in "sba":
            text = f'"{text}"'
        elif word.kind in "nd" and before in ("n", "d"):
            text = f" {text}"
        elif text == ";":
            text = ";\n"
        left -= len(text)
        if left < 0:
            break
        parts.append(text)
        before = word.kind
    return "".join(parts)
