"""Statements and assignments of a page's code, and the outline that is made of all.

Braces and semicolons end a statement, lines in Visual Basic; braces round a list of values do not.
"""

from collections.abc import Iterator, Sequence

from extriage.parsers.page.chains import Chain, brackets, chains
from extriage.parsers.page.declarations import declare, find_methods, number_words
from extriage.parsers.page.outline import Assignment, Outline
from extriage.parsers.page.tokens import Token

_ASSIGNS = frozenset({"=", "+=", "&="})


def outline(words: Sequence[Token], *, basic: bool, attributes: frozenset[str]) -> Outline:
    """Take code apart; `attributes` are those of methods that clients call."""
    match = brackets(words)
    made = Outline(words, basic, match, chains(words, match, basic=basic))
    made.by_start = {chain.at: chain for chain in made.chains}
    made.methods = find_methods(made, attributes)
    made.scope = number_words(made)
    declare(made)
    made.statements = list(_statements(made))
    made.assignments = _assignments(made)
    return made


def _statements(made: Outline) -> Iterator[tuple[int, int]]:
    """Yield where statements begin and end; the braces of a list of values end none."""
    words = made.words
    inner = _value_braces(made)
    start = 0
    for at, word in enumerate(words):
        ends = word.kind == "p" and (
            word.text == ";" or (word.text in "{}" and at not in inner and word.text)
        )
        if made.basic and word.kind == "n" and word.low in ("then", "else"):
            ends = True
        if ends:
            if at > start:
                yield start, at
            start = at + 1
    if start < len(words):
        yield start, len(words)


def _value_braces(made: Outline) -> set[int]:
    found: set[int] = set()
    ends = {chain.end for chain in made.chains if chain.new}
    for at, word in enumerate(made.words):
        if word.kind != "p" or word.text != "{" or made.match[at] < 0:
            continue
        before = made.words[at - 1] if at else None
        plain = before is not None and before.kind == "p" and before.text in "=(,]["
        listed = before is not None and before.text == "{" and at - 1 in found
        made_new = before is not None and before.low in ("new", "return", "with", "from")
        if at in ends or plain or listed or made_new:
            found.update((at, made.match[at]))
    return found


def _assignments(made: Outline) -> list[Assignment]:
    """Find assignments, and where their right side ends, in one pass."""
    by_end = {chain.end: chain for chain in made.chains}
    found: list[Assignment] = []
    for start, end in made.statements:
        found += _in_statement(made, start, end, by_end)
    return found


def _in_statement(
    made: Outline, start: int, end: int, by_end: dict[int, Chain]
) -> Iterator[Assignment]:
    waiting: list[list[tuple[Chain, int]]] = [[]]
    compares = made.basic and made.words[start].low in (
        "if", "elseif", "while", "until", "case", "return", "loop", "do",
    )  # fmt: skip
    seen = False
    for at in range(start, end):
        word = made.words[at]
        if word.kind == "p" and word.text in "([{":
            waiting.append([])
        elif word.kind == "p" and word.text in ")]},":
            for target, begun in waiting[-1]:
                yield Assignment(target, begun, begun + 1, at)
            waiting[-1].clear()
            if word.text != "," and len(waiting) > 1:
                waiting.pop()
        elif _assigns(made, at, len(waiting)) and not (made.basic and (compares or seen)):
            chain = _target(made, at, by_end)
            if chain is not None and not (word.text == "=>" and waiting[-1]):
                waiting[-1].append((chain, at))
                seen = word.low not in ("in", "as")
    for level in waiting:
        for target, begun in level:
            yield Assignment(target, begun, begun + 1, end)


def _assigns(made: Outline, at: int, depth: int) -> bool:
    """Tell whether a value follows for what stands in front: also behind `As New`, and `In`."""
    word = made.words[at]
    if word.kind == "p":
        return word.text in _ASSIGNS or (word.text == "=>" and depth == 1)
    if made.basic and word.low == "as":
        return at + 1 < len(made.words) and made.words[at + 1].low == "new"
    return word.kind == "n" and word.low == "in"


def _target(made: Outline, at: int, by_end: dict[int, Chain]) -> Chain | None:
    """Return what is assigned to; behind it may stand a type."""
    chain = by_end.get(at)
    if chain is None:
        return None
    before = made.words[chain.at - 1] if chain.at else None
    if before is not None and (before.low == "as" or (before.text == ":" and not made.basic)):
        return by_end.get(chain.at - 1)
    return chain
