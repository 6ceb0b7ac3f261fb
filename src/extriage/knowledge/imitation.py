"""Names that imitate one of Microsoft's pages, so that a foreign page is overlooked in a list.

Published incidents show: a letter changed or doubled (`errorEE`), a word exchanged
(`RedirSuiteServerProxy` for `RedirSuiteServiceProxy`), something put behind (`logon2`), 0 for O and
1 for l, letters of other alphabets. A short name looks like any other, so there is a shortest one.
Source: CISA AA21-062A, https://attack.mitre.org/techniques/T1036/005/
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from extriage.knowledge.content import own_yaml
from extriage.knowledge.shippedfiles import page_names

SHORTEST = 5
"""Letters of a name from which on it can imitate another one."""
TWO_CHANGES = 8
"""Letters of a name from which on it may differ in two places."""
_LONGEST = 64
_LONG_ENOUGH = 5
"""Letters that stay when a word is exchanged."""
_WORD = re.compile(r"[a-z]{2,12}")
_ADDED = re.compile(
    r"[-_. ()]{0,3}(?:\d{1,4}|copy|old|new|bak|backup|pages?|test|[a-z]{1,3})[-_)]?"
)
_PUT_BEFORE = re.compile(r"(?:copy[-_ ]?of|new|my|old|x|_|-|\d{1,3})[-_ ]?")
_IMITATED = ("aspx", "ashx", "asmx", "svc")
"""Extensions of pages that people know by name."""

NOTHING = ("", "")


@dataclass(frozen=True, slots=True)
class _Stems:
    """The names of shipped pages without their extensions."""

    names: Mapping[str, str]
    """Stem to the whole name; an `.aspx` comes before all others."""
    by_length: Mapping[int, tuple[tuple[str, int], ...]]
    """Length to stems, each with a set of its letters."""
    words: tuple[tuple[str, ...], ...]
    first: frozenset[str]
    """Names that are imitated first of all: those that are cut into words."""
    alike: tuple[frozenset[str], ...]
    letters: Mapping[int, str]
    digits: tuple[tuple[str, str], ...]


def imitated(name: str, executed: bool = True) -> tuple[str, str]:
    """Return the shipped page that a foreign name imitates, and how; two empty texts if none.

    `name` is a file name with its extension; `executed` tells whether a server would run it, as
    only then it is looked at. Whether the name is itself a shipped one is for the caller to know.
    """
    return _imitated(name.lower()) if executed and len(name) <= _LONGEST else NOTHING


@lru_cache(maxsize=4096)
def _imitated(name: str) -> tuple[str, str]:
    stem, _, extension = name.rpartition(".")
    known = _stems(extension)
    plain = _plain(stem, known)
    if plain != stem and plain in known.names:
        return known.names[plain], "letters of another alphabet"
    if len(plain) < SHORTEST:
        return NOTHING
    for found, how in _ways(plain, known):
        return known.names[found], how if plain == stem else f"{how}, letters of another alphabet"
    return NOTHING


def _ways(stem: str, known: _Stems) -> Iterator[tuple[str, str]]:
    """Yield shipped stems that a stem may imitate and how, the plainest way first."""
    if stem in known.names:
        yield stem, "another extension"
    for found in _undigited(stem, known.digits):
        if found in known.names:
            yield found, "a digit for a letter"
    near = sorted(_near(stem, known), key=lambda one: (one[0], one[1] not in known.first, one[1]))
    for distance, found in near:
        if distance == 1:
            yield found, _change(found, stem)
    yield from _added(stem, known)
    yield from _exchanged(stem, known)
    for _, found in near:
        yield found, "two letters changed"


def _near(stem: str, known: _Stems) -> Iterator[tuple[int, str]]:
    """Yield shipped stems of at most two changes, with how many."""
    most = 2 if len(stem) >= TWO_CHANGES else 1
    mask = _mask(stem)
    for length in range(len(stem) - most, len(stem) + most + 1):
        for other, letters in known.by_length.get(length, ()):
            # NOTE: one change alters the set of letters by two at most.
            if (mask ^ letters).bit_count() <= 2 * most:
                found = distance(stem, other, most)
                if 0 < found <= most:
                    yield found, other


def distance(one: str, other: str, most: int) -> int:
    """Count letters put in, left out, changed or swapped; `most` + 1 if there are more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before, row = list[int](), list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        older, before, row = before, row, [i]
        for j, b in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)


def _change(shipped: str, stem: str) -> str:
    """Name the one change between two names."""
    if len(stem) < len(shipped):
        return "a letter left out"
    if len(stem) == len(shipped):
        swapped = sorted(stem) == sorted(shipped)
        return "two letters swapped" if swapped else "a letter changed"
    if stem.startswith(shipped):
        last = stem[-1]
        if last.isdigit():
            return "something put behind"
        return "a letter doubled" if last == shipped[-1] else "a letter put in"
    doubled = any(a == b and stem[:at] + stem[at + 1 :] == shipped for at, (a, b) in _pairs(stem))
    return "a letter doubled" if doubled else "a letter put in"


def _pairs(stem: str) -> Iterable[tuple[int, tuple[str, str]]]:
    return enumerate(pairwise(stem))


def _undigited(stem: str, digits: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the stem with digits read as the letters that they look like."""
    readings = [stem]
    for written, letter in digits:
        if written in stem:
            readings += [one.replace(written, letter) for one in readings][:16]
    yield from readings[1:]


def _added(stem: str, known: _Stems) -> Iterator[tuple[str, str]]:
    for length in range(len(stem) - 1, SHORTEST - 1, -1):
        head, tail = stem[:length], stem[-length:]
        if head in known.names and _ADDED.fullmatch(stem[length:]):
            yield head, "something put behind"
        if tail in known.names and _PUT_BEFORE.fullmatch(stem[:-length]):
            yield tail, "something put in front"


def _exchanged(stem: str, known: _Stems) -> Iterator[tuple[str, str]]:
    """Yield shipped stems of which one word was exchanged."""
    for words in known.words:
        for at, word in enumerate(words):
            front, behind = "".join(words[:at]), "".join(words[at + 1 :])
            stays = len(front) + len(behind)
            if not stays or not (stem.startswith(front) and stem.endswith(behind)):
                continue
            other = stem[len(front) : len(stem) - len(behind)]
            alike = any(word in group and other in group for group in known.alike)
            if other != word and (alike or (stays >= _LONG_ENOUGH and _WORD.fullmatch(other))):
                yield "".join(words), "a word exchanged"


def _plain(stem: str, known: _Stems) -> str:
    """Return a stem with letters of other alphabets read as those that they look like."""
    if stem.isascii():
        return stem
    folded = unicodedata.normalize("NFKD", stem).translate(known.letters)
    return "".join(one for one in folded if one.isascii()).lower()


def _mask(stem: str) -> int:
    mask = 0
    for letter in stem:
        mask |= 1 << (ord(letter) & 63)
    return mask


@cache
def _stems(extension: str) -> _Stems:
    """Return what a name of this extension may imitate: pages of the same one, and all `.aspx`."""
    wanted = ("aspx", extension) if extension in _IMITATED else ("aspx",)
    names: dict[str, str] = {}
    for one in wanted:
        for name in sorted(page_names()):
            if name.endswith(f".{one}"):
                names.setdefault(name.rpartition(".")[0], name)
    by_length: dict[int, list[tuple[str, int]]] = {}
    for stem in names:
        if len(stem) >= SHORTEST:
            by_length.setdefault(len(stem), []).append((stem, _mask(stem)))
    facts = own_yaml("knowledge", "shipped.yml")
    words = [tuple(one) for one in facts["words"] if "".join(one) in names]
    return _Stems(
        names,
        {length: tuple(sorted(stems)) for length, stems in by_length.items()},
        tuple(words),
        frozenset("".join(one) for one in words),
        tuple(frozenset(group) for group in facts["alike"]),
        {ord(letter): plain for letter, plain in facts["letters"].items()},
        tuple((written, one) for written, letters in facts["digits"].items() for one in letters),
    )
