"""Values of a rule that are not plain texts: numbers, networks, regular expressions, other fields.

Semantics as in the Sigma specification 2.1, appendix on modifiers. A value that is absent meets
nothing but `null` and `exists: false`.
"""

import operator
import re
from collections.abc import Callable
from datetime import datetime
from functools import cache, lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

from extriage.matchers.sigma.draft import (
    Comparison,
    Exists,
    Network,
    Null,
    Pattern,
    Reference,
    TimePart,
)
from extriage.matchers.sigma.literals import need_clauses
from extriage.matchers.sigma.parts import FOUND, MISSING, Part, RawTest, Test, unknown
from extriage.matchers.sigma.patterns import needs_of
from extriage.matchers.sigma.regexes import searcher
from extriage.matchers.sigma.strings import Check, over
from extriage.matchers.sigma.views import Lens, Row, View

Single: TypeAlias = Network | Comparison | TimePart | Exists | Null | Reference
"""A value that is neither text nor a regular expression."""

Address: TypeAlias = IPv4Address | IPv6Address

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_COMPARE = {"lt": operator.lt, "lte": operator.le, "gt": operator.gt, "gte": operator.ge}
_TIME_PARTS: dict[str, Callable[[datetime], int]] = {
    "minute": lambda time: time.minute,
    "hour": lambda time: time.hour,
    "day": lambda time: time.day,
    "week": lambda time: time.isocalendar().week,
    "month": lambda time: time.month,
    "year": lambda time: time.year,
}
# NOTE: without case, RE2 lets these two match the ASCII letters k and s. A literal in the raw bytes
# would then miss what a rule matches.
_FOLDING = str.maketrans({"\u212a": "\ufdd0", "\u017f": "\ufdd1"})


def value_part(view: View, value: Single, lens: Lens) -> Part:
    """Return the part that holds if a field meets a value; raw text says nothing of it."""
    match value:
        case Null():
            return Part(_null(view), unknown)
        case Exists():
            return Part(_exists(view, wanted=value.wanted), unknown)
        case Network():
            return Part(over(view, network_check(value.network), cased=True), unknown)
        case Comparison():
            return Part(over(view, _compare_check(value), cased=True), unknown)
        case TimePart():
            return Part(over(view, _time_check(value), cased=True), unknown)
        case Reference():
            return Part(_reference(view, lens.view(value.name), value), unknown)


def _null(view: View) -> Test:
    own = view.own
    return lambda row: not any(own(row.record))


def _exists(view: View, *, wanted: bool) -> Test:
    own = view.own
    return lambda row: bool(own(row.record)) is wanted


def pattern_part(view: View, value: Pattern) -> Part:
    """Return the part that holds if a field contains a match of a regular expression."""
    search = searcher(f"(?{value.flags}){value.text}" if value.flags else value.text)
    if "i" in value.flags or re.search(r"\(\?\w*i", value.text):
        search = _without_case(search)
    clauses = need_clauses(needs_of(value.text), view.cut)
    return Part(over(view, search, cased=True), _raw(clauses))


def _without_case(search: Check) -> Check:
    return lambda text: search(text if text.isascii() else text.translate(_FOLDING))


def _raw(clauses: tuple[frozenset[bytes], ...]) -> RawTest:
    if not clauses:
        return unknown
    wanted = tuple(tuple(literal.decode() for literal in sorted(clause)) for clause in clauses)

    def raw(text: str) -> int:
        found = all(any(literal in text for literal in clause) for clause in wanted)
        return FOUND if found else MISSING

    return raw


@cache
def network_check(written: str) -> Check:
    """Return the test whether an address in a text lies in a network."""
    network = ip_network(written)

    def check(text: str) -> bool:
        for part in text.replace(",", " ").split():
            address = _address(part)
            if address is not None and address.version == network.version and address in network:
                return True
        return False

    return check


@lru_cache(maxsize=8192)
def _address(text: str) -> Address | None:
    """Read an address; a scope id is dropped, and IPv4 in IPv6 clothes is IPv4."""
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address


def _compare_check(value: Comparison) -> Check:
    compare, limit = _COMPARE[value.sign], value.number

    def check(text: str) -> bool:
        return bool(_NUMBER.fullmatch(text)) and bool(compare(_number(text), limit))

    return check


def _number(text: str) -> int | float:
    # NOTE: Python refuses to read integers of many thousand digits; such a number is huge anyway.
    return float(text) if "." in text or len(text) > 300 else int(text)


def _time_check(value: TimePart) -> Check:
    part, wanted = _TIME_PARTS[value.part], value.number

    def check(text: str) -> bool:
        try:
            return part(datetime.fromisoformat(text)) == wanted
        except ValueError:
            return False

    return check


def _reference(view: View, other: View, value: Reference) -> Test:
    compare = _reference_check(value)

    def test(row: Row) -> bool:
        others = row.folded(other)
        return any(compare(mine, theirs) for mine in row.folded(view) for theirs in others)

    return test


def _reference_check(value: Reference) -> Callable[[str, str], bool]:
    if value.head and value.tail:
        return lambda mine, theirs: theirs in mine
    if value.head:
        return str.startswith
    if value.tail:
        return str.endswith
    return operator.eq
