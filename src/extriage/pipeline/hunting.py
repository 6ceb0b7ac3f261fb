"""What is searched for in the blocks of a second reading: suspects as logs write them.

All suspects of all servers are one search for each kind of log. A hit only says that a line is
worth being taken apart; whether it is a suspect's record is told by the record's own keys.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from extriage import parsers as parsing
from extriage.analysis.linefit import LineFit
from extriage.analysis.suspects import Suspect, SuspectKind
from extriage.knowledge.executed import ENDING
from extriage.knowledge.joins import address_of, is_shipped_name
from extriage.matchers.compiled import compiled
from extriage.matchers.prefilter import Prefilter, build
from extriage.model.suppression import Suppression
from extriage.pipeline.pack import Content, load_pack

WEB = ("iis", "httpproxy")
"""Logs that say who asked for which page, with a time that can be relied on."""
EVENTS = "events"
_SHORTEST = 6
_FOREIGN = rb"/(?:owa/auth|ecp/auth|aspnet_client|oab)/[^ ,?\r\n]*" + ENDING.encode() + rb"[ ,?/;]"
_PLAIN = re.compile(r"[!-~]+")
_GLUE = rb"[ +,]{1,3}"
"""What stands between the words of an agent: IIS writes `+`, Exchange a blank for a comma."""
_BEFORE, _AFTER = rb"(?:^|[\\,\s\"'=:;>|/(])", rb"(?:$|[@,\s\"'<;|)\\])"
"""What stands around the name of an account."""
_ONLY_EVENTS = (SuspectKind.PROCESS, SuspectKind.LOGON)
_ONLY_WEB = (SuspectKind.FILE,)
_LONGEST = 200
"""Keys are not longer than this; what was cut has no end to be searched for."""


@dataclass(frozen=True, slots=True)
class Trailing:
    """Who and what is followed, with the numbers in the store; small enough for every worker."""

    suspects: tuple[tuple[int, Suspect], ...] = ()
    content: Content | None = None
    """Where the rules are that are followed."""
    folder: str = ""
    """Where readers leave what they found."""
    round: int = 0
    """How often the logs were read again before."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; small enough to hand to every worker."""

    pages: frozenset[str]
    names: frozenset[str]
    scanners: tuple[tuple[int, Suppression], ...] = ()
    """Entries of suppress files that name the organisation's own scanners, with their position."""
    trail: Trailing = Trailing()


@dataclass(frozen=True, slots=True)
class Hunt:
    """The search in one kind of log, ready to run."""

    wanted: Wanted
    kind: str
    database: Any
    marks: tuple["Mark", ...]
    """What each expression of the database finds."""
    fits: tuple[tuple[int, LineFit], ...]
    numbers: dict[tuple[str, str], tuple[int, ...]]
    """Kind and value of what is followed to its number."""
    prefilter: Prefilter
    """The rules that are followed."""
    counting: bool
    """Whether requests for pages are counted."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a place in a block means."""

    page: bool = False
    """It may be a suspect page."""
    foreign: bool = False
    """It may be a foreign page."""
    suspects: tuple[int, ...] = ()
    beside: tuple[tuple[int, int], ...] = ()
    """Expression that must stand in the same line, and the suspect that the two together tell."""
    literal: int = -1
    """Literal of the rules that are followed."""


@cache
def hunt(wanted: Wanted, kind: str = "iis") -> Hunt:
    """Prepare the search."""
    format = parsing.KINDS[kind].format if kind in parsing.KINDS else None
    found = _Search(_edges(format))
    counting = kind in WEB and bool(wanted.pages or wanted.names)
    for page in sorted({*wanted.pages, *wanted.names}) if counting else ():
        found.add(re.escape(_literal(page)), Mark(page=True))
    for number, suspect in wanted.trail.suspects:
        if _may_stand(suspect, kind):
            found.follow(number, suspect)
    prefilter = _rules(wanted.trail, kind)
    for at, literal in enumerate(prefilter.literals):
        found.add(re.escape(literal), Mark(literal=at))
    for start in _heads(format):
        found.add(start, Mark())
    if counting:
        found.add(_FOREIGN, Mark(foreign=True))
    numbers: dict[tuple[str, str], tuple[int, ...]] = {}
    for number, one in wanted.trail.suspects:
        for name, value in _compared(one, kind):
            numbers[name, value] = (*numbers.get((name, value), ()), number)
    fits = tuple((at, LineFit(entry)) for at, entry in wanted.scanners)
    return Hunt(
        *(wanted, kind, compiled(found.expressions), tuple(found.marks), fits, numbers),
        *(prefilter, counting),
    )


@dataclass(slots=True)
class _Search:
    expressions: list[bytes]
    marks: list[Mark]
    edges: tuple[bytes, bytes]
    """What stands before and behind a value that fills its column."""
    _known: dict[bytes, int]

    def __init__(self, edges: tuple[bytes, bytes]) -> None:
        self.expressions, self.marks, self._known = [], [], {}
        self.edges = edges

    def add(self, expression: bytes, mark: Mark) -> int:
        """Add an expression; return its number. One that is there only means more."""
        at = self._known.setdefault(expression, len(self.expressions))
        if at == len(self.expressions):
            self.expressions.append(expression)
            self.marks.append(mark)
            return at
        old = self.marks[at]
        self.marks[at] = Mark(
            old.page or mark.page,
            old.foreign or mark.foreign,
            old.suspects + mark.suspects,
            old.beside + mark.beside,
            max(old.literal, mark.literal),
        )
        return at

    def follow(self, number: int, suspect: Suspect) -> None:
        """Search for a suspect."""
        if suspect.kind is SuspectKind.VISITOR:
            address, _, agent = suspect.value.partition(" ")
            other = self.add(self._whole(agent), Mark())
            for form in _addresses(address):
                self.add(form, Mark(beside=((other, number),)))
            return
        if suspect.kind is SuspectKind.AGENT:
            self.add(self._whole(suspect.value), Mark(suspects=(number,)))
            return
        for form in _forms(suspect):
            self.add(form, Mark(suspects=(number,)))

    def _whole(self, agent: str) -> bytes:
        """Return an agent as it fills a column: many others begin with the same words."""
        before, after = self.edges
        return before + _agent(agent) + (after if len(agent) < _LONGEST else b"")


def _may_stand(suspect: Suspect, kind: str) -> bool:
    if suspect.kind in _ONLY_EVENTS:
        return kind == EVENTS
    if suspect.kind in _ONLY_WEB:
        return kind in WEB
    return suspect.kind is not SuspectKind.RULE


def _forms(suspect: Suspect) -> Iterator[bytes]:
    """Yield how logs write a suspect; a line of his holds one of these."""
    kind, value = suspect.kind, suspect.value
    if kind in (SuspectKind.PAGE, SuspectKind.PAGE_NAME, SuspectKind.FILE):
        yield re.escape(_literal(value))
    elif kind is SuspectKind.ADDRESS:
        yield from _addresses(value)
    elif kind is SuspectKind.ACCOUNT:
        yield from _account(value)
    else:
        yield re.escape(max(_PLAIN.findall(value), key=len, default=value).encode())


def _addresses(value: str) -> Iterator[bytes]:
    """Yield an address as it may be written: IPv6 short, whole, or without leading zeros."""
    read = address_of(value)
    whole = read.exploded if read else value
    bare = re.sub(r"\b0{1,3}(?=[0-9a-f])", "", whole) if ":" in whole else whole
    for text in dict.fromkeys((value, whole, bare)):
        yield rb"\b" + re.escape(text.encode()) + rb"\b"


def _agent(value: str) -> bytes:
    """Return an agent as both IIS and Exchange write it."""
    if not _PLAIN.search(value.replace("+", " ").replace(",", " ")):
        return re.escape(value.encode())
    return _GLUE.join(_pieces(word) for word in re.split(r"[ +,]+", value) if word)


def _pieces(word: str) -> bytes:
    """Return a word whose letters beyond ASCII may stand in any encoding."""
    return rb"".join(
        re.escape(piece.encode()) if piece.isascii() and piece.isprintable() else rb"[^\n]{0,24}"
        for piece in re.split(r"([!-~]+)", word)
        if piece
    )


def _account(value: str) -> Iterator[bytes]:
    """Yield the name of an account with what logs write around it."""
    if value.isascii() and value.isprintable():
        words = [re.escape(word.encode()) for word in value.split(" ") if word]
        yield _BEFORE + rb"[ +]".join(words) + _AFTER
        return
    longest = max(re.findall(r"[!-~]+", value), key=len, default="")
    if len(longest) >= _SHORTEST // 2:
        yield re.escape(longest.encode())
        return
    # NOTE: letters beyond ASCII are not found in either case, so both are searched for.
    for text in {value, value.upper(), value.title()}:
        yield re.escape(text.encode("utf-8", "replace"))
        yield re.escape(text.encode("cp1252", "replace"))
        yield re.escape(text.encode("ascii", "backslashreplace"))


def _literal(page: str) -> bytes:
    """Return what every line with the page holds, whatever the case of its plain letters."""
    name = page.rpartition("/")[2]
    # NOTE: only plain letters are found in either case, and logs encode others in several ways.
    pieces = _PLAIN.findall(name)
    best = max(pieces, key=len, default="")
    text = best if len(best) >= _SHORTEST else ".as" if ".as" in name else best
    if is_shipped_name(name):
        text = "/".join(page.split("/")[-2:])
    return (text or name or page).encode("utf-8", "replace")


def _edges(format: parsing.LineFormat | None) -> tuple[bytes, bytes]:
    if format is None:
        return b"", b""
    one = re.escape(format.delimiter[:1])
    return rb"[\"%s][ +]?" % one, rb"[ +]?[\"\r\n%s]" % one


def _heads(format: parsing.LineFormat | None) -> Iterator[bytes]:
    """Yield what stands where columns or the date may change."""
    if format is None:
        return
    yield rb"\n#"
    for start in format.header_starts:
        yield rb"\n\"?" + re.escape(start.rstrip(b",")) + rb"\"?,"


def _rules(trail: Trailing, kind: str) -> Prefilter:
    rules = {one.value for _, one in trail.suspects if one.kind is SuspectKind.RULE}
    if not rules or trail.content is None:
        return build("", ())
    pack = load_pack(trail.content)
    found = [one for one in pack.watches.get(kind, ()) if one.rule.rule.id in rules]
    return build(kind, found, enabled=pack.enabled)


def _compared(suspect: Suspect, kind: str) -> Iterator[tuple[str, str]]:
    """Yield the keys by which a record is told to be the suspect's; `name` is that of a page.

    Web logs say which page it is; other evidence has paths of files, of which the name is compared.
    """
    if suspect.kind is SuspectKind.PAGE and kind not in WEB:
        yield "page-name", suspect.value.rpartition("/")[2]
    else:
        yield suspect.kind.value, suspect.value


@lru_cache(4096)
def known_name(name: bytes) -> bool:
    """Tell whether the name of a page is one that every server has."""
    return is_shipped_name(name.decode("ascii", "replace").lower())
