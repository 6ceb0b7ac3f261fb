"""A query made ready to run on one kind of evidence, in the form of a rule's target.

The query becomes a condition like that of a Sigma rule, so that prefilter, disguised URLs, events
and damaged lines are treated exactly as in a scan.
"""

from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache
from ipaddress import IPv4Network, ip_address, ip_network
from typing import Literal, TypeAlias

import re2

from extriage.errors import UsageError
from extriage.matchers.prefilter import Watch
from extriage.matchers.query import Either, Every, Field, Found, No, Query, Said
from extriage.matchers.queryfields import (
    ADDRESS,
    OF_RECORD,
    OF_TOKEN,
    TOKEN_MARK,
    QueryLens,
    query_lens,
)
from extriage.matchers.querytime import period
from extriage.matchers.sigma import CompiledRule, Target
from extriage.matchers.sigma.draft import (
    ANY,
    And,
    Ask,
    Comparison,
    Exists,
    Network,
    Node,
    Not,
    Null,
    Or,
    Pattern,
    Texts,
    Tokens,
    Wildcard,
)
from extriage.matchers.sigma.draft import Value as Asked
from extriage.model.detection import Certainty, Level, Rule

Settled: TypeAlias = Node | bool
Sign: TypeAlias = Literal["lt", "lte", "gt", "gte"]
"""A condition, or what is true of all records of a kind."""

RULE = Rule(
    "query", "query", "", Level.INFORMATIONAL, None, Certainty.POSSIBLE, "", (), (), (), (), (),
    "", "",
)  # fmt: skip
_COMPARED: dict[str, Sign] = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}
_OCTET, _OCTETS = 8, 4


def query_watch(query: Query, kind: str, kinds: frozenset[str]) -> Watch | None:
    """Return what watches one kind of evidence for a query; None if nothing there can meet it.

    UsageError if the query names a kind that does not exist.
    """
    lens = query_lens(kind, frozenset(_names(query)))
    node = _settled(query, lens, kinds)
    if node is False:
        return None
    target = Target(lens, (And(()) if node is True else node,), ())
    return Watch(CompiledRule(RULE, (target,)), target)


def _names(query: Query) -> Iterator[str]:
    match query:
        case Every(parts) | Either(parts):
            for part in parts:
                yield from _names(part)
        case No(part):
            yield from _names(part)
        case Field(name):
            yield name.lower()
        case _:
            yield ""


def _settled(query: Query, lens: QueryLens, kinds: frozenset[str]) -> Settled:
    match query:
        case Every(parts):
            return _all([_settled(part, lens, kinds) for part in parts])
        case Either(parts):
            return _any([_settled(part, lens, kinds) for part in parts])
        case No(part):
            return _not(_settled(part, lens, kinds))
        case Said(text):
            return Ask("", (Texts((_anywhere(text),)),))
        case Found(pattern):
            return Ask("", (Pattern(pattern, "i"),))
        case Field(name, op, value):
            return _compared(name.lower(), op, value, lens, kinds)


def _all(parts: list[Settled]) -> Settled:
    if False in parts:
        return False
    nodes = tuple(part for part in parts if not isinstance(part, bool))
    return And(nodes) if nodes else True


def _any(parts: list[Settled]) -> Settled:
    if True in parts:
        return True
    nodes = tuple(part for part in parts if not isinstance(part, bool))
    return Or(nodes) if nodes else False


def _not(part: Settled) -> Settled:
    return not part if isinstance(part, bool) else Not(part)


def _compared(name: str, op: str, value: str, lens: QueryLens, kinds: frozenset[str]) -> Settled:
    if op in ("!=", "!~"):
        same = _compared(name, op[1], value, lens, kinds)
        there = True if name in OF_RECORD else _asked(name, Exists(True), lens)
        return _all([there, _not(same)])
    if name == "kind":
        return _kind(value, lens.target.kind, kinds)
    if name == "time":
        return _time(op, value)
    if op == "~":
        return _asked(name, Pattern(value, "i"), lens)
    if op in _COMPARED:
        number = float(value) if "." in value else int(value)
        return _asked(name, Comparison(_COMPARED[op], number), lens)
    if not value:
        return Ask(name, (Null(),))
    if (network := _network(value)) and name not in OF_RECORD:
        return _in_network(name, network, lens)
    return _asked(name, Texts((_tokens(value),)), lens)


def _kind(value: str, kind: str, kinds: frozenset[str]) -> bool:
    met = False
    for one in filter(None, (part.strip().lower() for part in value.split(","))):
        if not any(fnmatchcase(known, one) for known in kinds):
            raise UsageError(
                f"there is no kind of evidence {one!r}; there are {', '.join(sorted(kinds))}"
            )
        met = met or fnmatchcase(kind, one)
    return met


def _time(op: str, value: str) -> Node:
    start, end = period(value)
    match op:
        case ">=":
            return _when("gte", start)
        case ">":
            return _when("gte", end)
        case "<":
            return _when("lt", start)
        case "<=":
            return _when("lt", end)
        case _:
            return And((_when("gte", start), _when("lt", end)))


def _when(sign: Sign, time: datetime) -> Node:
    return Ask("time", (Comparison(sign, time.timestamp()),))


def _network(value: str) -> str:
    """Return the network that a value names; empty if it is none, or one IPv4 address."""
    try:
        if "/" in value:
            return str(ip_network(value, strict=False))
        if ":" in value:
            return str(ip_network(ip_address(value)))
    except ValueError:
        return ""
    return ""


def _in_network(name: str, written: str, lens: QueryLens) -> Node:
    network = ip_network(written)
    parts: list[Node] = [_asked(ADDRESS + name, Network(written), lens)]
    if isinstance(network, IPv4Network) and network.prefixlen >= _OCTET:
        whole = network.prefixlen // _OCTET
        octets = str(network.network_address).split(".")[:whole]
        start = ".".join(octets) + ("." if whole < _OCTETS else "")
        parts.insert(0, _asked(name, Texts(((ANY, start, ANY),)), lens))
    return And(tuple(parts))


def _asked(name: str, value: Asked, lens: QueryLens) -> Node:
    """Ask for a field; what is read out of a token is asked for where there is a token only."""
    tokens, others = lens.divided(name)
    if not tokens:
        return Ask(name, (value,))
    marked = Ask("", (Texts(((ANY, TOKEN_MARK, ANY),)),))
    read = And((marked, Ask(name + OF_TOKEN, (value,))))
    return Or((Ask(name, (value,)), read)) if others else read


@cache
def _tokens(text: str) -> Tokens:
    parts = text.split("*")
    found: list[str | Wildcard] = []
    for position, part in enumerate(parts):
        if position and (not found or found[-1] is not ANY):
            found.append(ANY)
        if part:
            found.append(part)
    return tuple(found)


def _anywhere(text: str) -> Tokens:
    return _tokens(f"*{text}*")


def sought(query: Query) -> Iterator[str]:
    """Yield the regular expressions of the texts that a query asks for anywhere in a record."""
    match query:
        case Every(parts) | Either(parts):
            for part in parts:
                yield from sought(part)
        case Said(text):
            yield ".*".join(str(re2.escape(piece)) for piece in text.split("*"))
        case Found(pattern):
            yield pattern
