"""Texts that a page puts together: pieces joined, letters given as numbers, base64, replacements.

What a page computes from constants alone is computed here, so that what follows sees the name
that the server will see. Only constants: nothing of a page is run.
"""

from collections.abc import Iterable, Sequence

from extriage.parsers.page.constants import HIDDEN, METHODS, Method, hides, is_value
from extriage.parsers.page.tokens import Token

_JOINS = frozenset({"+", "&"})
_ENDS = {")": "(", "]": "[", "}": "{"}
_WORDS = frozenset({"return", "and", "or", "not", "in", "case", "if", "while", "await", "throw"})
_SETS = frozenset({"=", "+=", "&="})
_CHANGES = frozenset({"-=", "*=", "|=", "^="})
_BEFORE_NAME = frozenset({"new", "else", "then", "to", "set"})
LONGEST_JOINED = 16 * 1024
MOST_ARGUMENTS = 5000
MOST_MADE = 4 << 20
"""Letters that constants may be worth; a page could write many large ones in a few words."""
ROUNDS = 3


def fold(tokens: Sequence[Token], *, basic: bool) -> list[Token]:
    """Put constants together, also those that are kept in a name.

    The signs of the tricks (`constants.TRICKS`) stand in `low` of the texts that come of it.
    """
    words = list(tokens)
    for _ in range(ROUNDS):
        words = _Folder().work(join_texts(words))
        known = _kept(words, basic=basic)
        if not known:
            break
        words = _put_in(words, known, basic=basic)
    return words


class _Folder:
    """Works through the words once, on a stack of open brackets."""

    def __init__(self) -> None:
        self._out: list[Token] = []
        self._open: list[int] = []
        self._left = MOST_MADE
        self._dot = False

    def work(self, tokens: Sequence[Token]) -> list[Token]:
        """Return the words with all constants put together."""
        for at, token in enumerate(tokens, start=1):
            self._dot = at < len(tokens) and tokens[at].text == "."
            if token.kind != "p":
                self._push(token)
            elif token.text in "([{":
                self._open.append(len(self._out))
                self._out.append(token)
            elif token.text in ")]}":
                self._close(token)
            else:
                self._out.append(token)
        return self._out

    def _push(self, token: Token) -> None:
        out = self._out
        if token.kind == "d" and self._cast_to_char():
            del out[-3:]
            token = Token("s", chr(min(int(token.text), 0xFFFF)), "#", token.line)
        # NOTE: a method behind the value is its own: "a" + "b".ToUpper()
        if len(out) >= 2 and out[-1].kind == "p" and is_value(token) and not self._dot:
            joined = self._joined(out[-2], out[-1].text, token)
            if joined:
                del out[-2:]
                token = joined
        out.append(token)

    def _cast_to_char(self) -> bool:
        last = self._out[-3:]
        return [one.low for one in last] == ["(", "char", ")"]

    def _joined(self, before: Token, sign: str, token: Token) -> Token | None:
        if sign in _JOINS and before.kind == "s" and token.kind in "sd":
            if len(before.text) + len(token.text) > LONGEST_JOINED:
                return None
            signs = _signs((before, token), hidden=hides(before.text, token.text))
            return Token("s", before.text + token.text, signs, before.line)
        if before.kind == token.kind == "d" and sign in "+-*^" and self._starts_here():
            result = _calculated(int(before.text), sign, int(token.text))
            return Token("d", str(result), "", token.line)
        return None

    def _starts_here(self) -> bool:
        """Tell whether the number before the sign begins the sum."""
        out = self._out
        return len(out) < 3 or (out[-3].kind == "p" and out[-3].text in "([{,=")

    def _close(self, token: Token) -> None:
        out = self._out
        if not self._open or out[self._open[-1]].text != _ENDS[token.text]:
            out.append(token)
            return
        at = self._open.pop()
        arguments = _arguments(out, at + 1)
        value = self._value(at, token.text, arguments) if arguments is not None else None
        if value is None:
            out.append(token)
            return
        start, made = value
        del out[start:]
        self._push(made)

    def _value(self, at: int, closing: str, arguments: list[Token]) -> tuple[int, Token] | None:
        """Return where the value begins that ends here, and the value."""
        if closing == ")":
            return self._call(at, arguments)
        if closing == "}":
            return self._list(at, arguments)
        before = self._out[at - 1] if at else None
        if arguments and (before is None or (before.kind == "p" and before.text in "=(,[+?:")):
            return at, _listed(arguments, self._out[at].line)
        return None

    def _list(self, at: int, arguments: list[Token]) -> tuple[int, Token] | None:
        out = self._out
        if not arguments or not at:
            return None
        made = _listed(arguments, out[at].line)
        if out[at - 1].text in ("]", ")"):
            for start in range(at - 1, max(at - 10, -1), -1):
                if out[start].low == "new":
                    return start, made
            return None
        return (at, made) if out[at - 1].text in ("=", "(", ",") else None

    def _call(self, at: int, arguments: list[Token]) -> tuple[int, Token] | None:
        out = self._out
        before = out[at - 1] if at else None
        alone = (at, arguments[0]) if len(arguments) == 1 else None
        if before is None or (before.kind == "p" and before.text not in ")]"):
            return alone
        if before.kind != "n":
            return alone if self._char_cast(at) else None
        if before.low in _WORDS:
            return alone
        method = METHODS.get(before.low)
        return self._called(at, method, arguments) if method else None

    def _char_cast(self, at: int) -> bool:
        return [one.low for one in self._out[max(at - 3, 0) : at]] == ["(", "char", ")"]

    def _called(self, at: int, method: Method, arguments: list[Token]) -> tuple[int, Token] | None:
        out = self._out
        start = at - 1
        qualifiers = []
        while start >= 2 and out[start - 1].text == "." and out[start - 2].kind == "n":
            start -= 2
            qualifiers.append(out[start].low)
        if start >= 2 and out[start - 1].text == ".":
            if not is_value(out[start - 2]):
                return None
            arguments = [out[start - 2], *arguments]
            start -= 2
        elif start >= 1 and out[start - 1].low == "new":
            start -= 1
        made = method(arguments, ".".join(reversed(qualifiers)))
        if made is None:
            return None
        kind, text, sign = made
        self._left -= len(text)
        if self._left < 0:
            return None
        hidden = not sign and _made_up(text, arguments)
        signs = "".join(sorted({*_signs(arguments, hidden=hidden), *sign}))
        return start, Token(kind, text, "d" if kind == "a" else signs, out[start].line)


def _made_up(text: str, arguments: Iterable[Token]) -> bool:
    """Tell whether a word that somebody would hide is in a text, but in none of its pieces."""
    pieces = "\1".join(one.text[:LONGEST_JOINED] for one in arguments).lower()
    words = set(HIDDEN.findall(text[:LONGEST_JOINED].lower()))
    return any(word not in pieces for word in words)


def _signs(pieces: Iterable[Token], *, hidden: bool) -> str:
    """Return the signs of tricks of all pieces, and that of joining if it hides a word."""
    found = {sign for one in pieces if one.kind in "sb" for sign in one.low}
    return "".join(sorted(found | {"+"} if hidden else found))


def _calculated(left: int, sign: str, right: int) -> int:
    results = {"+": left + right, "-": left - right, "*": left * right, "^": left ^ right}
    return results[sign] & 0xFFFFFFFF


def _arguments(out: list[Token], start: int) -> list[Token] | None:
    """Return the constants between brackets; None if there is anything else between them."""
    found: list[Token] = []
    wanted = True
    if len(out) - start > 2 * MOST_ARGUMENTS:
        return None
    for at in range(start, len(out)):
        token = out[at]
        if wanted and not is_value(token):
            return None
        if wanted:
            found.append(token)
        elif token.text != "," or token.kind != "p":
            return None
        wanted = not wanted
    return found


def _listed(arguments: list[Token], line: int) -> Token:
    numbers = all(one.kind == "d" for one in arguments)
    return Token("a", "\0".join(one.text for one in arguments), "d" if numbers else "s", line)


def join_texts(tokens: Sequence[Token]) -> list[Token]:
    """Join runs of texts first: in one step each, however many the pieces are."""
    out: list[Token] = []
    at, size = 0, len(tokens)
    while at < size:
        token = tokens[at]
        if token.kind == "s" and at + 2 < size and tokens[at + 1].text in _JOINS:
            pieces = [token]
            while at + 2 < size and tokens[at + 2].kind == "s" and _joins(tokens[at + 1]):
                if at + 3 < size and tokens[at + 3].text == ".":
                    break
                pieces.append(tokens[at + 2])
                at += 2
            token = _joined(pieces)
        out.append(token)
        at += 1
    return out


def _joins(token: Token) -> bool:
    return token.kind == "p" and token.text in _JOINS


def _joined(pieces: list[Token]) -> Token:
    if len(pieces) == 1:
        return pieces[0]
    hidden = any(hides(one.text, pieces[at].text) for at, one in enumerate(pieces[:-1], start=1))
    signs = _signs(pieces, hidden=hidden)
    return Token("s", "".join(one.text for one in pieces), signs, pieces[0].line)


def _kept(words: list[Token], *, basic: bool) -> dict[str, Token]:
    """Return names that hold a constant from their only assignment on."""
    made: dict[str, list[Token]] = {}
    spoilt: set[str] = set()
    depth = 0
    for at, word in enumerate(words):
        before = words[at - 1] if at else word
        if word.kind == "n" and before.low in ("ref", "out", "in"):
            spoilt.add(_name(word, basic=basic))
        if word.kind != "p":
            continue
        if word.text in "()[]":
            depth = max(depth + (1 if word.text in "([" else -1), 0)
        elif word.text in _SETS and before.kind == "n":
            name, alone = _assigned(words, at, basic=basic)
            if depth or not alone or not _is_constant(words, at, first=name not in made):
                spoilt.add(name)
            else:
                made.setdefault(name, []).append(words[at + 1])
        elif word.text in _CHANGES:
            spoilt.add(_name(before, basic=basic))
    return {name: _joined(values) for name, values in made.items() if name not in spoilt}


def _name(word: Token, *, basic: bool) -> str:
    return word.low if basic else word.text


def _assigned(words: list[Token], at: int, *, basic: bool) -> tuple[str, bool]:
    """Return the name that is assigned to, and whether it stands alone, in front of no dot."""
    place = at - 1
    if place >= 2 and words[place - 1].low in ("as", ":"):
        place -= 2
    member = place >= 1 and words[place - 1].text == "."
    return _name(words[place], basic=basic), not member


def _is_constant(words: list[Token], at: int, *, first: bool) -> bool:
    """Tell whether a constant is assigned here, in a way that can be followed."""
    value = words[at + 1] if at + 1 < len(words) else None
    ends = words[at + 2].text if at + 2 < len(words) else ";"
    if value is None or value.kind not in "sba" or ends not in (";", ","):
        return False
    if (words[at].text == "=") is not first:
        return False
    return words[at].text == "=" or value.kind == "s"


def _put_in(words: list[Token], known: dict[str, Token], *, basic: bool) -> list[Token]:
    """Write the constants where their names are read."""
    out = []
    left = MOST_MADE
    for at, word in enumerate(words):
        value = known.get(_name(word, basic=basic)) if word.kind == "n" else None
        if value is None or _is_written(words, at):
            out.append(word)
            continue
        left -= len(value.text)
        out.append(value._replace(line=word.line) if left > 0 else word)
    return out


def _is_written(words: list[Token], at: int) -> bool:
    after = words[at + 1].text if at + 1 < len(words) else ""
    before = words[at - 1] if at else None
    if after in ("=", "+=", "&=", ":") or (before is not None and before.text == "."):
        return True
    declared = before is not None and before.kind == "n" and before.low not in _WORDS
    return declared and before is not None and before.low not in _BEFORE_NAME
