"""Methods of a page with their parameters, which word belongs to which, and the types of variables.

Told from how they are written, in C#, Visual Basic and JScript alike: `string Run(string c) {`,
`Function Run(c As String)`, `function run(c) {`, `Dim p As New Process`.
"""

from collections.abc import Iterator, Sequence

from extriage.parsers.page.chains import BASIC_WORDS, C_WORDS, Chain
from extriage.parsers.page.outline import Method, Outline, arguments
from extriage.parsers.page.tokens import Token

_NO_METHODS = frozenset(
    {"if", "for", "foreach", "while", "switch", "using", "lock", "catch", "fixed"}
)


def find_methods(made: Outline, attributes: frozenset[str]) -> list[Method]:
    """Find the methods; those with one of the attributes are called by clients."""
    found = []
    recent = _Attributes(attributes)
    for chain in made.chains:
        recent.see(chain)
        method = _basic_method(made, chain) if made.basic else _c_method(made, chain)
        if method is not None:
            chain.declares = True
            method.open_to_all = recent.take(chain.at)
            found.append(method)
    return found


class _Attributes:
    """Notices `[WebMethod]` in front of a method."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._at = -1

    def see(self, chain: Chain) -> None:
        if chain.elements and chain.elements[-1].name.removesuffix("attribute") in self._names:
            self._at = chain.at

    def take(self, at: int) -> bool:
        near = self._at >= 0 and at - self._at < 60
        self._at = -1
        return near


def _c_method(made: Outline, chain: Chain) -> Method | None:
    """Tell `T name(…) {`, `function name(…) {`, `T name {` (a property) and `T name(…) =>`."""
    words, at = made.words, chain.at
    if len(chain.elements) != 1 or chain.new or chain.group or at == 0:
        return None
    element, before = chain.elements[0], words[at - 1]
    typed = before.kind == "n" and before.low not in (
        "new",
        "return",
        "else",
        "in",
        "await",
        "case",
    )
    if not (typed or before.text in ("]", ">", "*") or (at > 1 and before.text == "=")):
        return None
    after = chain.end
    if element.open >= 0 and words[element.open].text == "(" and element.name not in _NO_METHODS:
        start = _body(made, after)
        parameters = list(_parameters(made, element.open, element.close))
    elif element.open < 0 and _is_property(words, after):
        start, parameters = after, []
    else:
        return None
    if start < 0:
        nearby = [word.low for word in words[max(at - 8, 0) : at]]
        chain.declares = typed and "extern" in nearby
        return None
    end = made.match[start] if words[start].text == "{" else start
    return Method(made.name(at), at, parameters, start, end if end > start else len(words))


def _body(made: Outline, at: int) -> int:
    """Return where the body of a method begins; -1 if none does."""
    words = made.words
    if at < len(words) and words[at].text == ":":
        for later in range(at, min(at + 40, len(words))):
            if words[later].text in ("{", ";"):
                at = later
                break
    if at >= len(words):
        return -1
    if words[at].text == "{" and made.match[at] > 0:
        return at
    return -1


def _is_property(words: Sequence[Token], at: int) -> bool:
    if at + 1 >= len(words) or words[at].text != "{":
        return False
    first = [word.low for word in words[at + 1 : at + 3]]
    return first[0] in ("get", "set") or first[-1] in ("get", "set")


def _basic_method(made: Outline, chain: Chain) -> Method | None:
    words, at = made.words, chain.at
    kinds = ("sub", "function", "property", "get")
    if at == 0 or words[at - 1].low not in kinds or len(chain.elements) != 1:
        return None
    if at > 1 and words[at - 2].low in ("end", "exit", "declare"):
        return None
    element = chain.elements[0]
    parameters = list(_parameters(made, element.open, element.close)) if element.open >= 0 else []
    return Method(made.name(at), at, parameters, chain.end, -1)


def _parameters(made: Outline, opened: int, close: int) -> Iterator[tuple[str, str]]:
    for start, end in arguments(made, opened, close):
        names = []
        for at in range(start, min(end, start + 40)):
            word = made.words[at]
            if word.text in ("=", ":"):
                break
            if word.kind == "n" and word.low in ("byval", "byref", "optional", "paramarray"):
                continue
            if word.kind == "n":
                names.append(at)
        yield from _parameter(made, names, start, end)


def _parameter(made: Outline, names: list[int], start: int, end: int) -> Iterator[tuple[str, str]]:
    if not names:
        return
    lows = [made.words[at].low for at in names]
    if "as" in lows[1:]:
        place = lows.index("as", 1)
        yield made.name(names[place - 1]), lows[-1]
    elif made.words[min(names[-1] + 1, end - 1)].text == ":":
        yield made.name(names[0]), made.words[end - 1].low
    else:
        yield made.name(names[-1]), lows[-2] if len(lows) > 1 else ""
    del start


def number_words(made: Outline) -> list[int]:
    """Give each word the number of its innermost method."""
    scope = [0] * len(made.words)
    if made.basic:
        return _basic_scopes(made, scope)
    order = sorted(range(len(made.methods)), key=lambda one: made.methods[one].start)
    stack: list[int] = []
    upcoming = 0
    for at in range(len(scope)):
        while stack and made.methods[stack[-1]].end <= at:
            stack.pop()
        while upcoming < len(order) and made.methods[order[upcoming]].start <= at:
            stack.append(order[upcoming])
            upcoming += 1
        scope[at] = stack[-1] + 1 if stack else 0
    return scope


def _basic_scopes(made: Outline, scope: list[int]) -> list[int]:
    starts = {method.at: number for number, method in enumerate(made.methods, start=1)}
    number = 0
    for at, word in enumerate(made.words):
        number = starts.get(at, number)
        scope[at] = number
        ends = (
            word.low in ("sub", "function", "property") and at and made.words[at - 1].low == "end"
        )
        if ends:
            if number:
                made.methods[number - 1].end = at
            number = 0
    return scope


def declare(made: Outline) -> None:
    """Note variables with their types: parameters, `T x`, `Dim x As T`."""
    for number, method in enumerate(made.methods, start=1):
        for name, kind in method.parameters:
            made.local.add((number, name))
            if kind:
                made.types[number, name] = kind
    keywords = BASIC_WORDS if made.basic else C_WORDS
    for chain in made.chains:
        if made.basic:
            _declare_basic(made, chain)
        elif chain.end < len(made.words) and not chain.declares:
            _declare_c(made, chain, keywords)


def _declare_c(made: Outline, chain: Chain, keywords: frozenset[str]) -> None:
    after, before = made.words[chain.end], made.words[chain.at - 1] if chain.at else None
    if before is not None and before.low == "var" and len(chain.elements) == 1:
        made.local.add((made.scope[chain.at], made.name(chain.at)))
        if after.text == ":" and chain.end + 1 in made.by_start:
            typed = made.by_start[chain.end + 1].elements[-1].name
            made.types[made.key(chain.at)] = typed
        return
    if after.kind != "n" or after.text in keywords or chain.new or chain.group:
        return
    if any(
        e.open >= 0 and e.close > e.open + 1 and made.words[e.open].text == "("
        for e in chain.elements
    ):
        return
    key = (made.scope[chain.end], made.name(chain.end))
    made.local.add(key)
    kind = next((e.name for e in reversed(chain.elements) if e.name), "")
    if kind not in ("object", "dynamic", "string"):
        made.types[key] = kind + "[]" if made.words[chain.end - 1].text == "]" else kind


def _declare_basic(made: Outline, chain: Chain) -> None:
    words, at = made.words, chain.at
    if at and words[at - 1].low in ("dim", "static", "const") and chain.elements:
        made.local.add((made.scope[at], made.name(at)))
    if at < 2 or chain.group:
        return
    place = at - 1 if words[at - 1].low == "as" else at - 2
    if words[place].low != "as" or (place == at - 2 and words[at - 1].low != "new"):
        return
    named = place - 1
    while named > 0 and words[named].text in (")", "("):
        named -= 1
    kind = next((e.name for e in reversed(chain.elements) if e.name), "")
    if words[named].kind == "n" and kind not in ("object", "string", ""):
        key = (made.scope[named], made.name(named))
        if key[0]:
            made.local.add(key)
        made.types[key] = kind
