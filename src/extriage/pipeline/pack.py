"""The rule pack: all rules, compiled and sorted by the evidence that they read."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from extriage.analysis.suppression import Suppressor, suppressor
from extriage.knowledge.active import knowledge_digest
from extriage.knowledge.indicators import indicators_digest
from extriage.knowledge.logsources import LogSources, load_logsources
from extriage.matchers.envelope import Envelopes
from extriage.matchers.indicator import Book, book_of
from extriage.matchers.prefilter import Prefilter, Watch, build, with_sought
from extriage.matchers.sigma import (
    CompiledRule,
    Read,
    RuleSet,
    compile_rules,
    read_rules,
    unbundle,
)
from extriage.matchers.sought import literals_of, sought_in
from extriage.matchers.yara import YaraFile, YaraRule, YaraRules, load_yara, yara_files
from extriage.matchers.yara import unbundle as unbundle_yara
from extriage.model.indicator import Indicator
from extriage.model.suppression import Suppression
from extriage.pipeline.beginning import rules_place

RULES = "rules"
BUNDLE = "rules.jsonl"
"""Our own rules, read beforehand; used only if it was made from the very files that are there."""
YARA = "yara"
YARA_BUNDLE = "yara.jsonl"
"""What our own YARA rules say about themselves, read beforehand, in the same way."""
_NO_RESULT = ("cases",)
"""Folders of content that no result of a scan depends on."""


@dataclass(frozen=True, slots=True)
class Content:
    """Which rules a scan uses; small enough to hand to every worker."""

    rules: tuple[str, ...] = ()
    """Folders or files of the user's own rules."""
    builtin: bool = True
    prefilter: bool = True
    """Off only to prove that it changes nothing."""
    suppressions: tuple[Suppression, ...] = ()
    """Entries of suppress files, read once: workers must not see a file that changed meanwhile."""
    yara: tuple[str, ...] = ()
    """Folders or files of the user's own YARA rules."""
    indicators: tuple[Indicator, ...] = ()
    """Indicators to look for, read once like `suppressions`."""


@dataclass(slots=True)
class Pack:
    """The rules, ready to run; the search for a kind's literals is prepared when it is needed."""

    ruleset: RuleSet
    """All rules; those in YARA have no targets, for they are run by `yara`."""
    watches: dict[str, list[Watch]]
    joined: frozenset[str]
    """Rules whose matches correlation rules need."""
    sha256: str
    enabled: bool = True
    suppressor: Suppressor = field(default_factory=Suppressor)
    yara: YaraRules = field(default_factory=YaraRules)
    indicators: tuple[Indicator, ...] = ()
    """Those that the scan was given, not those that are shipped."""
    book: Book = field(default_factory=Book)
    """The same, ready to be looked up."""
    _prefilters: dict[str, Prefilter] = field(default_factory=dict)
    _envelopes: Envelopes | None = None

    def prefilter(self, kind: str) -> Prefilter:
        """Return the prefilter of a kind; an empty one when no rule reads it."""
        if kind not in self._prefilters:
            watches = self.watches.get(kind, ())
            found = build(kind, watches, enabled=self.enabled)
            if literals := literals_of(kind, self.book):
                watch = sought_in(kind, self.book)
                found = with_sought(found, watch, literals, enabled=self.enabled)
            self._prefilters[kind] = found
        return self._prefilters[kind]

    def envelopes(self) -> Envelopes | None:
        """Return what tells the rules for events apart; None if the prefilter is off."""
        if self._envelopes is None and self.enabled:
            self._envelopes = Envelopes(self.prefilter("events").watches)
        return self._envelopes

    def slow(self) -> tuple[str, ...]:
        """Return the rules that make every line of a kind be parsed."""
        watches = (watch for kind in self.watches.values() for watch in kind)
        slow = {w.rule.rule.id for w in watches if not self.enabled or w.target.slow()}
        return tuple(sorted(slow))


@cache
def load_pack(content: Content) -> Pack:
    """Read and compile the rules; one that is wrong or cannot run is named in `refused`.

    Raises UsageError for a place of rules that does not exist.
    """
    logsources = load_logsources()
    own = [rules_place(name, "Sigma") for name in content.rules]
    read: list[Read] = list(bundled_rules(logsources)) if content.builtin else []
    read += read_rules(own, logsources) if own else ()
    compiled = compile_rules(read, logsources)
    yara = _yara(content, compiled)
    ruleset = _together(compiled, yara)
    by_kind: dict[str, list[Watch]] = {}
    for rule in ruleset.rules:
        for target in rule.targets:
            by_kind.setdefault(target.kind, []).append(Watch(rule, target))
    joined = frozenset(name for c in ruleset.correlations for name in c.plan.rules)
    asked = suppressor(content.suppressions, ruleset)
    digest = content_digest(content)
    given = content.indicators
    return Pack(
        *(ruleset, by_kind, joined, digest, content.prefilter, asked, yara),
        indicators=given,
        book=book_of(given),
    )


def _together(compiled: RuleSet, yara: YaraRules) -> RuleSet:
    """Return all rules, whatever language they are written in."""
    found = (*compiled.rules, *(CompiledRule(one.rule, ()) for one in yara.rules))
    refused = sorted(
        (*compiled.refused, *yara.refused), key=lambda one: (one.path, one.id, one.reason)
    )
    return replace(compiled, rules=found, refused=tuple(refused))


def _yara(content: Content, others: RuleSet) -> YaraRules:
    """Read the YARA rules; without the user's own none is compiled before it is needed."""
    places = [rules_place(name, "YARA") for name in content.yara]
    strange = [file for place in places for file in yara_files(place)]
    own = own_yara() if content.builtin else ()
    known = bundled_yara() if content.builtin else ()
    taken = [one.rule.id for one in others.rules]
    taken += [one.rule.id for one in others.correlations]
    return load_yara(own, known, strange, taken)


def own_yara() -> tuple[YaraFile, ...]:
    """Return the files of our own YARA rules."""
    return tuple(yara_files(content_folder() / YARA))


def bundled_yara() -> tuple[YaraRule, ...] | None:
    """Return what our own YARA rules say, from the bundle if it fits; None if it does not."""
    file = content_folder() / YARA_BUNDLE
    return unbundle_yara(file.read_bytes(), yara_digest()) if file.is_file() else None


def bundled_rules(logsources: LogSources) -> Iterable[Read]:
    """Return our own rules, from the bundle if it fits; else they are read as other rules are."""
    file = content_folder() / BUNDLE
    drafts = unbundle(file.read_bytes(), rules_digest()) if file.is_file() else None
    return read_rules([content_folder() / RULES], logsources) if drafts is None else drafts


def content_folder() -> Traversable:
    """Return the place of everything that an analyst could have written."""
    return files("extriage") / "content"


@cache
def rules_digest() -> str:
    """Return the SHA-256 over our own rule files, their names and their bytes."""
    return _digest(content_folder() / RULES)


@cache
def yara_digest() -> str:
    """Return the SHA-256 over our own YARA files, their names and their bytes."""
    return _digest(content_folder() / YARA)


@cache
def content_digest(content: Content) -> str:
    """Return the SHA-256 over all content that can change a result."""
    digest = hashlib.sha256(f"{content.builtin} {knowledge_digest()} {rules_digest()}".encode())
    parts = sorted(content_folder().iterdir(), key=lambda part: part.name)
    for part in parts:
        if part.name not in (RULES, *_NO_RESULT):
            digest.update(f"{part.name} {_digest(part)}".encode())
    for name in (*content.rules, "", *content.yara):
        digest.update(_digest(Path(name)).encode() if name else b"yara")
    digest.update(repr(content.suppressions).encode("utf-8", "surrogatepass"))
    if content.indicators:
        digest.update(f"indicators {indicators_digest(content.indicators)}".encode())
    return digest.hexdigest()


def _digest(root: Traversable) -> str:
    digest = hashlib.sha256()
    for name, data in _files(root, ""):
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def _files(root: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    """Return names and bytes of files, in a fixed order."""
    if root.is_file():
        yield name, root.read_bytes()
    elif root.is_dir():
        for item in sorted(root.iterdir(), key=lambda item: item.name):
            if item.name != "__pycache__":
                yield from _files(item, f"{name}/{item.name}")
