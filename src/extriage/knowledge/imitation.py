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
from functools import cache, lru_cache, reduce
from itertools import pairwise
from operator import or_

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
    near: Mapping[int, tuple[int, tuple[tuple[str, int], ...]]]
    """Length of a name to the set of all letters, and the stems, each with a set of its letters,
    of which few enough changes could make a name of this length."""
    first: frozenset[str]
    """Names that are imitated first of all: those that are cut into words."""
    frames: tuple["_Frame", ...]
    fronts: tuple[str, ...]
    """What stands before a word that may be exchanged, where anything does."""
    ends: tuple[str, ...]
    """What stands behind such a word where nothing stands before it."""
    letters: Mapping[int, str]
    digits: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Frame:
    """A shipped name without one of its words."""

    front: str
    behind: str
    word: str
    whole: str
    alike: frozenset[str]
    """Words that may stand for this one, however little else there is."""


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
    most = _changes(len(stem))
    mask = _mask(stem)
    letters, others = known.near.get(len(stem), (0, ()))
    # NOTE: each letter that no stem has, such as most digits, takes a change of its own.
    if (mask & ~letters).bit_count() > most:
        return
    # NOTE: one change alters the set of letters by two at most.
    for other in [one for one, its in others if (mask ^ its).bit_count() <= 2 * most]:
        found = distance(stem, other, most)
        if 0 < found <= most:
            yield found, other


def _changes(length: int) -> int:
    """Return in how many places a name of this length may differ."""
    return 2 if length >= TWO_CHANGES else 1


def distance(one: str, other: str, most: int) -> int:
    """Count letters put in, left out, changed or swapped; `most` + 1 if there are more."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    one, other = _apart(one, other)
    if not one or not other:
        return min(len(one) + len(other), most + 1)
    if not most:
        return 1
    least = min(
        distance(one[1:], other, most - 1),
        distance(one, other[1:], most - 1),
        distance(one[1:], other[1:], most - 1),
    )
    if len(one) > 1 and len(other) > 1 and one[0] == other[1] and one[1] == other[0]:
        least = min(least, distance(one[2:], other[2:], most - 1))
    return 1 + least


def _apart(one: str, other: str) -> tuple[str, str]:
    """Return two names without what both begin and end with, which adds no change."""
    shortest = min(len(one), len(other))
    start = end = 0
    while start < shortest and one[start] == other[start]:
        start += 1
    while end < shortest - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return one[start : len(one) - end], other[start : len(other) - end]


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
    # NOTE: nearly all names end here; to go through all frames takes ten times as long.
    if not (stem.startswith(known.fronts) or stem.endswith(known.ends)):
        return
    for frame in known.frames:
        front, behind = frame.front, frame.behind
        if not (stem.startswith(front) and stem.endswith(behind)):
            continue
        other = stem[len(front) : len(stem) - len(behind)]
        plain = len(front) + len(behind) >= _LONG_ENOUGH and _WORD.fullmatch(other)
        if other != frame.word and (other in frame.alike or plain):
            yield frame.whole, "a word exchanged"


def _frames(names: Iterable[tuple[str, ...]], groups: Iterable[list[str]]) -> Iterator[_Frame]:
    """Yield all names that were cut into words, each time without one of them."""
    for words in names:
        for at, word in enumerate(words):
            front, behind = "".join(words[:at]), "".join(words[at + 1 :])
            alike = frozenset(one for group in groups if word in group for one in group)
            if front or behind:
                yield _Frame(front, behind, word, "".join(words), alike)


def _plain(stem: str, known: _Stems) -> str:
    """Return a stem with letters of other alphabets read as those that they look like."""
    if stem.isascii():
        return stem
    folded = unicodedata.normalize("NFKD", stem).translate(known.letters)
    return "".join(one for one in folded if one.isascii()).lower()


def _mask(stem: str) -> int:
    mask = 0
    for letter in stem:
        mask |= 1 << (ord(letter) & 127)
    return mask


def _neighbours(stems: Iterable[str]) -> dict[int, tuple[int, tuple[tuple[str, int], ...]]]:
    """Return for each length the letters and stems that names of this length can be near to."""
    by_length: dict[int, list[tuple[str, int]]] = {}
    for stem in stems:
        for length in range(len(stem) - 2, len(stem) + 3):
            if abs(length - len(stem)) <= _changes(length):
                by_length.setdefault(length, []).append((stem, _mask(stem)))
    return {
        length: (reduce(or_, (letters for _, letters in near)), tuple(near))
        for length, near in by_length.items()
    }


@cache
def _stems(extension: str) -> _Stems:
    """Return what a name of this extension may imitate: pages of the same one, and all `.aspx`."""
    wanted = ("aspx", extension) if extension in _IMITATED else ("aspx",)
    names: dict[str, str] = {}
    for one in wanted:
        for name in sorted(page_names()):
            if name.endswith(f".{one}"):
                names.setdefault(name.rpartition(".")[0], name)
    facts = own_yaml("knowledge", "shipped.yml")
    words = [tuple(one) for one in facts["words"] if "".join(one) in names]
    frames = tuple(_frames(words, facts["alike"]))
    return _Stems(
        names,
        _neighbours(name for name in names if len(name) >= SHORTEST),
        frozenset("".join(one) for one in words),
        frames,
        tuple({frame.front for frame in frames} - {""}),
        tuple({frame.behind for frame in frames if not frame.front}),
        {ord(letter): plain for letter, plain in facts["letters"].items()},
        tuple((written, one) for written, letters in facts["digits"].items() for one in letters),
    )
