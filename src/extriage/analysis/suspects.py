"""What is to be looked for once more in the logs, because findings speak of it: pages first.

A suspect is a kind of thing and its value. Pages are followed by their URL; a page of which only
the file's name is known is followed by that name wherever it is asked for. Names that every server
has are not followed by name, and pages that Exchange ships in their own place not at all: they
would bring the whole day's traffic. Who and what else is followed is told in `trailsuspects`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from extriage.analysis.pageurl import Directory, page_of, url_of
from extriage.knowledge.executed import ENDING
from extriage.knowledge.joins import is_shipped_name
from extriage.knowledge.shipped import is_shipped_url
from extriage.matchers.sigma import RuleSet
from extriage.model.detection import About, Certainty, Evidence, Rule, Stage
from extriage.model.reading import Kept

MOST = 2000
"""Suspects of one server that are followed."""
_TEXT = 4000
_PATH = 320
_PAGE = re.compile(rf"[^\\/:*?\"'<>|\s=,;]{ENDING}(?![a-z0-9_-])", re.IGNORECASE)
_EDGES = re.compile(r"[\"'<>|*?\r\n\t;,=]")
_START = re.compile(r"(?:^|[^a-z])([a-z]:\\)", re.IGNORECASE)
STEM = re.compile(r"(?:^|\s)(?:cs-uri-stem|UrlStem|unmasked)=(\S+)")
"""Where the summary of a line says what was asked for."""
_WEB = ("iis", "httpproxy", "iis-native", "httperr")
_FILES = ("web-file", "file-name")
_COMPILED = re.compile(rf"([^\\/]{{1,200}}{ENDING})\.[0-9a-f]{{6,16}}\.compiled", re.IGNORECASE)


class SuspectKind(StrEnum):
    """What kind of thing is followed."""

    PAGE = "page"
    """A URL path in small letters."""
    PAGE_NAME = "page-name"
    """The last part of a URL path, in small letters."""
    ADDRESS = "address"
    VISITOR = "visitor"
    """An address with its agent, a blank between them: many may share the address alone."""
    ACCOUNT = "account"
    SID = "sid"
    REQUEST = "request"
    CANARY = "canary"
    SESSION = "session"
    ACTIVITY = "activity"
    PROCESS = "process"
    LOGON = "logon"
    FILE = "file"
    """URL path, in small letters, of a file that is no page: an export, an archive."""
    AGENT = "agent"
    RULE = "rule"
    """All records that meet a rule about data within reach."""


@dataclass(frozen=True, slots=True, order=True)
class Suspect:
    """One thing to follow."""

    kind: SuspectKind
    value: str


@dataclass(frozen=True, slots=True)
class Suspects:
    """What is followed on one server."""

    followed: tuple[Suspect, ...] = ()
    left: tuple[Suspect, ...] = ()
    """Those beyond `MOST`."""
    grounds: Mapping[str, str] = field(default_factory=dict)
    """By value, how sure the findings are that it was left behind; none where they only hint."""

    @property
    def pages(self) -> frozenset[str]:
        """URLs of pages."""
        return frozenset(one.value for one in self.followed if one.kind is SuspectKind.PAGE)

    @property
    def names(self) -> frozenset[str]:
        """Names of pages of which nothing else is known."""
        return frozenset(one.value for one in self.followed if one.kind is SuspectKind.PAGE_NAME)


def suspects(ruleset: RuleSet, kept: Iterable[Kept], served: Sequence[Directory] = ()) -> Suspects:
    """Return what the matches of one server ask to be followed, the same in every scan.

    `served` are the folders that the server's own configuration names.
    """
    telling = {one.rule.id: one.rule for one in ruleset.rules if tells_of_page(one.rule)}
    found: dict[Suspect, int] = {}
    sure: dict[str, Certainty] = {}
    for one in kept:
        if one.rule not in telling or one.raw:
            continue
        claim = _claim(telling[one.rule])
        for suspect in (page for line in one.told() for page in pages_in(line, served)):
            found[suspect] = found.get(suspect, 0) + 1
            if claim and claim.rank > (sure[suspect.value].rank if suspect.value in sure else 0):
                sure[suspect.value] = claim
    whole = {one.value.rpartition("/")[2] for one in found if one.kind is SuspectKind.PAGE}
    names = (one for one in found if one.kind is SuspectKind.PAGE or one.value not in whole)
    ordered = sorted(names, key=lambda one: (one.kind is not SuspectKind.PAGE, -found[one], one))
    grounds = {value: claim.value for value, claim in sure.items()}
    return Suspects(tuple(sorted(ordered[:MOST])), tuple(sorted(ordered[MOST:])), grounds)


def _claim(rule: Rule) -> Certainty | None:
    """Return how sure a rule is that something was left behind; None if it only hints at it."""
    planted = rule.stage is not None and rule.stage.rank >= Stage.PLANTED.rank
    return rule.certainty if planted else None


def tells_of_page(rule: Rule) -> bool:
    """Tell whether a rule says that something was left on the server, or hints at it."""
    stages = [stage.rank for stage in (rule.stage, rule.hints) if stage]
    planted = max(stages, default=0) >= Stage.PLANTED.rank
    return planted or rule.about is About.PERSISTENCE or bool(rule.persistence)


def pages_in(line: Evidence, served: Sequence[Directory] = ()) -> tuple[Suspect, ...]:
    """Return the pages that a line speaks of: those asked for, or files that are pages."""
    if line.kind in _WEB:
        found = {page_of(stem) for stem in (line.object, *STEM.findall(line.summary))}
        return _sorted(Suspect(SuspectKind.PAGE, page) for page in found if page)
    if line.kind in _FILES:
        return _sorted(_of_path(line.path, served))
    texts = (line.object, line.summary, line.text[:_TEXT])
    return _sorted(one for text in texts for one in _of_text(text, served))


@lru_cache(8192)
def is_shipped(page: str) -> bool:
    """Tell whether a page is one that Exchange brings along: a URL, or a name that all have."""
    return is_shipped_url(page) is True if page.startswith("/") else is_shipped_name(page)


def _sorted(found: Iterable[Suspect]) -> tuple[Suspect, ...]:
    whole = set(found)
    return tuple(sorted(one for one in whole if not is_shipped(one.value)))


def _of_path(path: str, served: Sequence[Directory]) -> Iterator[Suspect]:
    """Yield the page that a file is: by its URL, else by its name if the place is not known."""
    url = page_of(url_of(path, served))
    name = path.replace("\\", "/").rpartition("/")[2].lower()
    if compiled := _COMPILED.search(name):
        name = compiled[1]
    elif not url and not _PAGE.search(name):
        return
    if url:
        yield Suspect(SuspectKind.PAGE, url)
    elif name and len(name) <= _PATH:
        yield Suspect(SuspectKind.PAGE_NAME, name)


def _of_text(text: str, served: Sequence[Directory]) -> Iterator[Suspect]:
    """Yield the pages whose paths stand in a text."""
    for match in _PAGE.finditer(text):
        start = max(0, match.start() - _PATH)
        # NOTE: events are JSON, in which every backslash is doubled.
        path = _EDGES.split(text[start : match.end()].replace("\\\\", "\\"))[-1]
        starts = [found.start(1) for found in _START.finditer(path)]
        path = path[starts[-1] :] if starts else path.rpartition(" ")[2]
        if path.startswith("/"):
            if page := page_of(path):
                yield Suspect(SuspectKind.PAGE, page)
        elif "\\" in path or "/" in path:
            yield from _of_path(path, served)
