"""Parameters of an Exchange cmdlet: the text that logs hold, and each value under its own name.

Exchange writes `-Name "value"`, lists as `("a","b")`, tables as `@{…}`, nothing as `$null`, and
cuts a value after 200 characters with `[...]`. Quotes inside a value are not marked: a value ends
at the quote behind which another parameter or nothing follows. The same form is made from logs
that hold parameters as pairs. Times and units are those of the cmdlet.
"""

import re
from collections.abc import Iterable, Iterator

from extriage.model.evidence import Fields

PREFIX = "Parameters."
MOST = 100
"""Parameters of one cmdlet; no cmdlet has so many."""

_NAME = re.compile(r" ?-([A-Za-z]\w{0,63})(?::| |\Z)")
_FOLLOWS = r"(?=\s*\Z| -[A-Za-z]\w{0,63}(?: |\Z))"
_ENDS = {
    '"': re.compile('"' + _FOLLOWS),
    "(": re.compile(r"\)" + _FOLLOWS),
    "@": re.compile(r"\}" + _FOLLOWS),
}
_BARE = re.compile(r"\S*")


def parameters(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield name and values of each parameter in the text of a log; a switch has no value."""
    at = 0
    for _ in range(MOST):
        found = _NAME.match(text, at)
        if found is None:
            return
        at = found.end()
        value, at = ("", at) if _NAME.match(text, at - 1) else _value(text, at)
        yield found[1], _values(value)


def _value(text: str, at: int) -> tuple[str, int]:
    """Return a value as it stands at a place, and where it ends; a cut text ends its value."""
    end = _ENDS.get(text[at : at + 1])
    if end is None:
        found = _BARE.match(text, at)
        assert found is not None
        return found[0], found.end()
    found = end.search(text, at + 1)
    return (text[at : found.end()], found.end()) if found else (text[at:], len(text))


def _values(value: str) -> tuple[str, ...]:
    if value.startswith("("):
        inner = value.removeprefix("(").removesuffix(")")
        return tuple(inner.removeprefix('"').removesuffix('"').split('","'))
    return (value.removeprefix('"').removesuffix('"') if value != '"' else "",)


def add_parameters(fields: Fields, pairs: Iterable[tuple[str, tuple[str, ...]]]) -> None:
    """Give each parameter a field of its own, `Parameters.<Name>`; several values stay several."""
    told: dict[str, tuple[str, ...]] = {}
    for name, values in pairs:
        told[name] = told.get(name, ()) + values
    for name, values in told.items():
        fields.setdefault(PREFIX + name, values[0] if len(values) == 1 else values)


def rendered(pairs: Iterable[tuple[str, str]]) -> str:
    """Write parameters that a log holds as pairs the way that the other logs write them."""
    return " ".join(f'-{name} "{value}"' for name, value in pairs)
