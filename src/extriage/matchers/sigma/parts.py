"""Parts of a compiled condition: a test of rows, and a test of raw text.

Raw text is a line that fits no columns. Nothing is known of its fields, so a part answers with
three values: its text is missing, nothing can be said, or its text was found there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from extriage.matchers.sigma.draft import Unfit
from extriage.matchers.sigma.views import Row

Test: TypeAlias = Callable[[Row], bool]
RawTest: TypeAlias = Callable[[str], int]

MISSING, UNKNOWN, FOUND = 0, 1, 2


class RefusalError(Exception):
    """A rule is wrong; the text says what is wrong with it."""

    broken = True


class UnfitError(RefusalError):
    """A rule that may be right asks for something that is not there or not supported."""

    broken = False


def refusal(unfit: Unfit) -> RefusalError:
    """Return the error that says what a draft says of a piece that cannot run."""
    return RefusalError(unfit.reason) if unfit.broken else UnfitError(unfit.reason)


@dataclass(frozen=True, slots=True)
class Part:
    """A condition or a piece of one."""

    test: Test
    raw: RawTest


def unknown(_text: str) -> int:
    """Say nothing about raw text."""
    return UNKNOWN


def all_of(parts: Sequence[Part]) -> Part:
    """Return the part that holds if all parts hold."""
    if len(parts) == 1:
        return parts[0]
    tests = tuple(part.test for part in parts)
    raws = tuple(part.raw for part in parts if part.raw is not unknown)

    def test(row: Row) -> bool:
        for one in tests:  # noqa: SIM110 - a generator costs more than most of these tests
            if not one(row):
                return False
        return True

    def raw(text: str) -> int:
        found = UNKNOWN
        for one in raws:
            answer = one(text)
            if answer == MISSING:
                return MISSING
            found = max(found, answer)
        return found

    return Part(test, raw if raws else unknown)


def any_of(parts: Sequence[Part]) -> Part:
    """Return the part that holds if at least one part holds."""
    if len(parts) == 1:
        return parts[0]
    tests = tuple(part.test for part in parts)
    raws = tuple(dict.fromkeys(part.raw for part in parts))

    def test(row: Row) -> bool:
        for one in tests:  # noqa: SIM110 - a generator costs more than most of these tests
            if one(row):
                return True
        return False

    def raw(text: str) -> int:
        return max(one(text) for one in raws)

    return Part(test, raw)


def none_of(part: Part) -> Part:
    """Return the part that holds if a part does not; raw text can never show that."""
    inner = part.test

    def test(row: Row) -> bool:
        return not inner(row)

    return Part(test, unknown)
