"""Indicators while logs are read: the literals that tell which lines to look at, and the look.

The literals have a database of their own beside that of the rules, so that the search for rules is
as fast as without, and a line is only parsed where a value may stand. What stands in it is then
compared as what it is (`indicator.py`).
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from extriage.knowledge.logsources import LogTarget
from extriage.matchers.indicator import Book, Key, last_name
from extriage.matchers.prefilter import Watch
from extriage.matchers.sigma import CompiledRule, Target
from extriage.matchers.sigma.views import Lens
from extriage.matchers.sigma.ways import Bar, Way
from extriage.model.detection import Certainty, Level, Rule
from extriage.model.evidence import Record

RULE = "indicator"
PREFIX = f"{RULE}:"
"""Begins what is kept of a value: `indicator:ipv4:203.0.113.7` in the place of a rule."""
SHORTEST = 4
_FILE_KINDS = frozenset({"file-name"})
"""Kinds that hold nothing but names."""
_MADE = frozenset({"page-life", "page-comparison"})
"""Kinds of records that we made of others: what stands in them was seen already."""
_RUN = re.compile(r"[a-z0-9_.:-]+")
_MOST_PREFIXES = 256


class SoughtTarget(Target):
    """All indicators for one kind of evidence, as readers of logs ask for them."""

    __slots__ = ("_last", "book")

    def __init__(self, kind: str, book: Book) -> None:
        super().__init__(Lens(LogTarget(kind)), (), ())
        self.book = book
        self._last: tuple[Record, list[Key]] | None = None

    def ways(self) -> tuple[Way, ...]:
        """Return one way that promises nothing."""
        return (Way(),)

    def bars(self) -> tuple[Bar, ...]:
        """Return nothing: any column may hold a value."""
        return ()

    def needs(self) -> tuple[tuple[frozenset[bytes], ...], frozenset[tuple[bytes, bytes]]]:
        """Return nothing: the literals are searched apart from those of rules."""
        return (), frozenset()

    def slow(self) -> bool:
        """Tell that no line is parsed without a literal."""
        return False

    def matches(self, record: Record) -> bool:
        """Tell whether a record holds any value."""
        return bool(self.keys(record))

    def matches_raw(self, text: str) -> bool:
        """Tell whether a line that fits no columns holds any value."""
        return next(self.book.in_text(text), None) is not None

    def keys(self, record: Record) -> list[Key]:
        """Return the values that a record holds."""
        if self._last is None or self._last[0] is not record:
            self._last = (record, self.book.in_record(record))
        return self._last[1]


def sought_in(kind: str, book: Book) -> Watch:
    """Return the watch for all indicators in one kind of evidence."""
    target = SoughtTarget(kind, book)
    return Watch(CompiledRule(_rule(kind), (target,)), target)


def key_of(rule: str) -> Key:
    """Return the value that was kept under the name of a rule."""
    type, _, value = rule.removeprefix(PREFIX).partition(":")
    return type, value


def rule_of(key: Key) -> str:
    """Return the name under which a value is kept."""
    return f"{PREFIX}{key[0]}:{key[1]}"


@lru_cache(maxsize=64)
def _rule(kind: str) -> Rule:
    title = "Indicator that the scan was given"
    return Rule(
        RULE, title, "", Level.LOW, None, Certainty.POSSIBLE, "", (), (), (kind,), (), (), "", ""
    )


def literals_of(kind: str, book: Book) -> tuple[bytes, ...]:
    """Return texts, in small letters, of which one stands in each raw line that holds a value."""
    found: set[str] = set()
    for key in book.keys if kind not in _MADE else ():
        if kind not in _FILE_KINDS or key[0] in {"file-name", "path", "text"}:
            found.update(one for one in _literals(key) if len(one) >= SHORTEST)
    return tuple(sorted(one.encode("ascii") for one in found))


def _literals(key: Key) -> Iterable[str]:
    type, value = key
    if type == "ipv6":
        address = ipaddress.ip_address(value)
        return (value, address.exploded)
    if type == "network":
        return _prefixes(value)
    if type == "email":
        return (_run(value), _run(value.replace("@", "%40", 1)))
    if type in {"file-name", "path"}:
        name = _run(last_name(value))
        return (name if len(name) >= SHORTEST else _run(value),)
    if type == "shell-parameter":
        return (f"{value}=",) if _RUN.fullmatch(value) else ()
    if type == "url":
        return (_run(value.partition("://")[2]),)
    if type == "user-agent":
        return (_agent(value),)
    return (_run(value),)


def _run(value: str) -> str:
    """Return the longest piece of a value that every log writes as it is."""
    return max(_RUN.findall(value), key=len, default="")


def _agent(value: str) -> str:
    """Return the piece of an agent that tells it from others: versions late in the text do."""
    pieces = re.findall(r"[a-z0-9_.:/-]+", value)
    common = ("mozilla/", "applewebkit/", "safari/", "gecko")
    rare = [one for one in pieces if not one.startswith(common)]
    return max(rare or pieces, key=lambda one: (any(map(str.isdigit, one)), len(one)), default="")


def _prefixes(value: str) -> Iterator[str]:
    """Yield what every address of a network begins with, up to a dot."""
    network = ipaddress.ip_network(value)
    if network.version == 6:
        groups = network.network_address.exploded.split(":")[: network.prefixlen // 16]
        plain = [group.lstrip("0") for group in groups]
        whole = plain[: plain.index("")] if "" in plain else plain
        yield "".join(f"{group}:" for group in whole)
        return
    octets = min(-(-network.prefixlen // 8), 3)
    wanted = max(octets * 8, network.prefixlen) if octets < 3 else 24
    if network.prefixlen > 24:
        yield ".".join(str(network.network_address).split(".")[:3]) + "."
        return
    for _, part in zip(range(_MOST_PREFIXES), network.subnets(new_prefix=wanted), strict=False):
        yield "".join(f"{octet}." for octet in str(part.network_address).split(".")[:octets])
