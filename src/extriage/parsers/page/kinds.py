"""Types and texts of single expressions: what a cast, a constructor, an identifier of COM says."""

from extriage.parsers.page.chains import Element
from extriage.parsers.page.outline import Key, arguments
from extriage.parsers.page.state import State

LONGEST_SHOWN = 80
_DEPTH = 6
_MOST_WORDS = 400
"""Words of an expression that are looked through."""
_STORES = frozenset({"session", "application", "cache", "viewstate", "items", "tempdata"})


def as_type(state: State, kind: str) -> str:
    """Return a type; all that a request object may be called are one."""
    return "request" if kind in state.table.request_types else kind


def store_key(state: State, element: Element) -> Key:
    """Return the variable that a named value of a store is."""
    return 0, f"{element.name}[{literal(state, element, 0).lower()}]"


def is_store(element: Element) -> bool:
    """Tell whether an element is a store that is asked for a name."""
    return element.name in _STORES and element.open >= 0


def written(state: State, element: Element) -> str:
    """Return how an element is written, with its argument if that is a text."""
    words = state.outline.words
    name = words[element.at].text if element.name else ""
    if element.open < 0:
        return name[:LONGEST_SHOWN]
    text = literal(state, element, 0)
    brackets = ("[", "]") if words[element.open].text == "[" else ("(", ")")
    return f'{name}{brackets[0]}"{text[:40]}"{brackets[1]}' if text else name[:LONGEST_SHOWN]


def literal(state: State, element: Element, number: int) -> str:
    """Return the text that an argument is; empty if it is none."""
    if element.open < 0:
        return ""
    for place, (start, end) in enumerate(
        arguments(state.outline, element.open, element.close, number + 1)
    ):
        if place == number and end == start + 1 and state.outline.words[start].kind == "s":
            return state.outline.words[start].text
    return ""


def com_type(state: State, text: str) -> str:
    """Return the type of an object that is made by its name in the registry, or by its class id."""
    low = text.lower().strip()
    for prefix in ("new:", "clsid:", "com:"):
        low = low.removeprefix(prefix)
    if low.startswith("winmgmts"):
        return "com:winmgmts"
    low = state.table.classids.get(low.strip("{}"), low)
    while low and low.rpartition(".")[2].isdigit():
        low = low.rpartition(".")[0]
    return f"com:{low}" if low else ""


def hides_text(state: State, start: int, end: int) -> bool:
    """Tell whether a method of the page makes a text readable here that was written otherwise."""
    for at in range(start, min(end, start + _MOST_WORDS)):
        chain = state.outline.by_start.get(at)
        number = state.methods.get(state.outline.name(at)) if chain else None
        if chain and number and literal(state, chain.elements[0], 0):
            method = state.outline.methods[number - 1]
            words = state.outline.words[method.start : min(method.end, method.start + 400)]
            if any(word.low in state.table.decodes for word in words):
                return True
    return False


def in_folder(state: State, start: int, end: int) -> bool:
    """Tell whether a folder stands among what an expression is put together from."""
    words = state.outline.words[start : min(end, start + _MOST_WORDS)]
    return any(word.kind == "s" and ("/" in word.text or "\\" in word.text) for word in words)


def own_name(name: str) -> str:
    """Return a type's own name: without namespace, assembly and the types it is made of."""
    plain = name.partition(",")[0].partition("[")[0].partition("`")[0].strip()
    return plain.rpartition(".")[2].lower()


def kind_of_range(state: State, start: int, end: int) -> str:
    """Return the type of an expression: a cast, a constructor, a chain read before, a text."""
    words = state.outline.words
    for _ in range(_DEPTH):
        if start >= end:
            return ""
        word = words[start]
        if word.kind == "n" and word.low in ("new", "await"):
            start += 1
        elif word.text == "(" and word.kind == "p" and start not in state.kinds:
            close = state.outline.match[start]
            if close > 0 and close + 1 < end and words[close - 1].kind == "n":
                return as_type(state, words[close - 1].low)
            start += 1
        else:
            break
    return state.kinds.get(start) or (
        own_name(words[start].text) if words[start].kind == "s" else ""
    )


def kind_of(state: State, start: int, end: int) -> str:
    """Return the type of an expression, empty if nothing says it."""
    words = state.outline.words
    for at in range(end - 2, max(start, end - 6), -1):
        if words[at].kind == "n" and words[at].low == "as" and words[at + 1].kind == "n":
            return as_type(state, words[end - 1].low)
    return kind_of_range(state, start, end)
