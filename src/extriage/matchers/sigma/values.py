"""Values of a rule that are not plain texts: numbers, networks, regular expressions, other fields.

Semantics as in the Sigma specification 2.1, appendix on modifiers. A value that is absent meets
nothing but `null` and `exists: false`.
"""

import operator
import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TypeAlias

from sigma.types import (
    CompareOperators,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaFieldReference,
    SigmaNull,
    SigmaRegularExpression,
    SigmaTimestampPart,
    SigmaType,
    TimestampPart,
)

from extriage.matchers.sigma.literals import FieldTexts, need_clauses
from extriage.matchers.sigma.parts import (
    FOUND,
    MISSING,
    Part,
    RawTest,
    Test,
    UnfitError,
    unknown,
)
from extriage.matchers.sigma.patterns import needs_of
from extriage.matchers.sigma.regexes import searcher
from extriage.matchers.sigma.strings import Check, over
from extriage.matchers.sigma.views import Lens, Row, View

Address: TypeAlias = IPv4Address | IPv6Address

_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_COMPARE = {
    CompareOperators.LT: operator.lt,
    CompareOperators.LTE: operator.le,
    CompareOperators.GT: operator.gt,
    CompareOperators.GTE: operator.ge,
}
_TIME_PARTS: dict[TimestampPart, Callable[[datetime], int]] = {
    TimestampPart.MINUTE: lambda time: time.minute,
    TimestampPart.HOUR: lambda time: time.hour,
    TimestampPart.DAY: lambda time: time.day,
    TimestampPart.WEEK: lambda time: time.isocalendar().week,
    TimestampPart.MONTH: lambda time: time.month,
    TimestampPart.YEAR: lambda time: time.year,
}
# NOTE: without case, RE2 lets these two match the ASCII letters k and s. A literal in the raw bytes
# would then miss what a rule matches.
_FOLDING = str.maketrans({"\u212a": "\ufdd0", "\u017f": "\ufdd1"})


def value_part(view: View, value: SigmaType, lens: Lens) -> Part:
    """Return the part that holds if a field meets a value."""
    match value:
        case SigmaNull():
            return Part(_null(view), (), unknown)
        case SigmaExists():
            return Part(_exists(view, wanted=value.exists), (), unknown)
        case SigmaRegularExpression():
            return pattern_part(view, value)
        case SigmaCIDRExpression():
            return Part(over(view, _network_check(value), cased=True), (), unknown)
        case SigmaCompareExpression():
            return Part(over(view, _compare_check(value), cased=True), (), unknown)
        case SigmaTimestampPart():
            return Part(over(view, _time_check(value), cased=True), (), unknown)
        case SigmaFieldReference():
            return Part(_reference(view, lens.view(value.field), value), (), unknown)
        case _:
            raise UnfitError(f"values of the type {type(value).__name__} are not supported")


def _null(view: View) -> Test:
    own = view.own
    return lambda row: not any(own(row.record))


def _exists(view: View, *, wanted: bool) -> Test:
    own = view.own
    return lambda row: bool(own(row.record)) is wanted


def pattern_part(view: View, value: SigmaRegularExpression) -> Part:
    """Return the part that holds if a field contains a match of a regular expression."""
    pattern = str(value.regexp)
    if value.contains_placeholder():
        raise UnfitError("a placeholder has no values here (modifier expand)")
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    search = searcher(f"(?{flags}){pattern}" if flags else pattern)
    if "i" in flags or re.search(r"\(\?\w*i", pattern):
        search = _without_case(search)
    clauses = need_clauses(needs_of(pattern), view.cut)
    texts: FieldTexts = ()
    if view.column:
        texts = tuple((view.column, one) for one in need_clauses(needs_of(pattern), view.bits))
    return Part(over(view, search, cased=True), clauses, _raw(clauses), texts)


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


def _network_check(value: SigmaCIDRExpression) -> Check:
    network = value.network

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


def _compare_check(value: SigmaCompareExpression) -> Check:
    compare = _COMPARE.get(value.op)
    if compare is None:
        raise UnfitError(f"comparison {value.op.name} is not supported")
    limit = value.number.number

    def check(text: str) -> bool:
        return bool(_NUMBER.fullmatch(text)) and bool(compare(_number(text), limit))

    return check


def _number(text: str) -> int | float:
    # NOTE: Python refuses to read integers of many thousand digits; such a number is huge anyway.
    return float(text) if "." in text or len(text) > 300 else int(text)


def _time_check(value: SigmaTimestampPart) -> Check:
    part, wanted = _TIME_PARTS[value.timestamp_part], value.number

    def check(text: str) -> bool:
        try:
            return part(datetime.fromisoformat(text)) == wanted
        except ValueError:
            return False

    return check


def _reference(view: View, other: View, value: SigmaFieldReference) -> Test:
    compare = _reference_check(value)

    def test(row: Row) -> bool:
        others = row.folded(other)
        return any(compare(mine, theirs) for mine in row.folded(view) for theirs in others)

    return test


def _reference_check(value: SigmaFieldReference) -> Callable[[str, str], bool]:
    if value.starts_with and value.ends_with:
        return lambda mine, theirs: theirs in mine
    if value.starts_with:
        return str.startswith
    if value.ends_with:
        return str.endswith
    return operator.eq
