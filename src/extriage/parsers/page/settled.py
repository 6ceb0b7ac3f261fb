"""What a page itself settles: expressions of constants, numbers and settings, of nothing else.

`Process.Start("convert.exe", number.ToString())` does the same for every visitor, whatever he
sends. Whatever is not understood counts as open.
"""

from collections.abc import Iterator

from extriage.parsers.page.chains import BASIC_WORDS, C_WORDS, Chain
from extriage.parsers.page.outline import Assignment, Key
from extriage.parsers.page.state import Call, Flow

_DEPTH = 6
_ARGUMENTS = 200
"""Words that are looked back over for the call that something is an argument of."""
_OPENING, _CLOSING = ("(", "[", "{"), (")", "]", "}")
_KEYWORDS = BASIC_WORDS | C_WORDS
_ORDERS = frozenset({"filename", "arguments", "startinfo"})
_OPEN = frozenset({"argumentlist", "standardinput", "environmentvariables", "environment"})


def is_settled(flow: Flow, call: Call, ranges: list[tuple[int, int]]) -> bool:
    """Tell whether the page settles everything that a call works with, its object included."""
    if call.by_name or not all(_range(flow, start, end, 0) for start, end in ranges):
        return False
    if not call.depth or call.chain.group is not None:
        return call.chain.group is None
    first = call.chain.elements[0]
    if call.head is None or not _assigned(flow, call.head):
        return first.open < 0 or _arguments(flow, call.chain, 0)
    return _variable(flow, call.head, 0)


def _range(flow: Flow, start: int, end: int, depth: int) -> bool:
    """Look at each word of an expression."""
    outline, at = flow.state.outline, start
    while at < end:
        word, chain = outline.words[at], outline.by_start.get(at)
        after = outline.words[at + 1].text if at + 1 < end else ""
        if word.kind != "n" or word.low in _KEYWORDS or after in ("=", ":="):
            at += 1
        elif chain is None or not _chain(flow, chain, depth):
            return False
        else:
            at = chain.end
    return True


def _chain(flow: Flow, chain: Chain, depth: int) -> bool:
    """Tell whether the page settles what a chain of names gives."""
    outline, table = flow.state.outline, flow.state.table
    key = outline.key(chain.at)
    names = [one.name for one in chain.elements if one.name]
    last, owner = names[-1], names[-2] if len(names) > 1 else ""
    pairs = zip(["*", *names], names, strict=False)
    if outline.is_number(key) or any(
        f"{before}.{name}" in table.cleans or f"*.{name}" in table.cleans for before, name in pairs
    ):
        return True
    if depth >= _DEPTH:
        return False
    if _assigned(flow, key) and not chain.new:
        return _variable(flow, key, depth + 1)
    known = chain.new or any(name in table.settles for name in (last, f"{owner}.{last}"))
    return known and _arguments(flow, chain, depth + 1)


def _arguments(flow: Flow, chain: Chain, depth: int) -> bool:
    return all(
        _range(flow, one.open + 1, one.close, depth) for one in chain.elements if one.open >= 0
    )


def _variable(flow: Flow, key: Key, depth: int) -> bool:
    """Tell whether nothing open is ever put into a variable, or given to what it holds."""
    if key in flow.settled:
        return flow.settled[key]
    flow.settled[key] = True
    flow.settled[key] = _is_settled_variable(flow, key, depth)
    return flow.settled[key]


def _is_settled_variable(flow: Flow, key: Key, depth: int) -> bool:
    if key in flow.state.taints or key[1] in _parameters(flow, key[0]):
        return False
    for chain in flow.uses(key):
        if not _OPEN.isdisjoint(one.name for one in chain.elements) or _is_handed_on(flow, chain):
            return False
    return all(_range(flow, one.start, one.end, depth + 1) for one in _assigned(flow, key))


def _is_handed_on(flow: Flow, chain: Chain) -> bool:
    """Tell whether a method of the page itself gets it, and may put anything into it."""
    outline, depth = flow.state.outline, 0
    own = {method.name.lower() for method in outline.methods}
    for at in range(chain.at - 1, max(0, chain.at - _ARGUMENTS), -1):
        text = outline.words[at].text
        if text == ";" and not depth:
            return False
        if text in _CLOSING:
            depth += 1
        elif text in _OPENING and depth:
            depth -= 1
        elif text in _OPENING:
            return text == "(" and outline.words[at - 1].low in own
    return False


def _parameters(flow: Flow, number: int) -> Iterator[str]:
    if number:
        yield from (name for name, _ in flow.state.outline.methods[number - 1].parameters)


def _assigned(flow: Flow, key: Key) -> list[Assignment]:
    """Return what is put into a variable, or into what of it says what is to be done."""
    return [
        one
        for one in flow.assigned(key)
        if len(one.target.elements) == 1 or one.target.elements[-1].name in _ORDERS
    ]
