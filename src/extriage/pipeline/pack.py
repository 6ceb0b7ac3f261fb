"""The rule pack: all rules, compiled and sorted by the evidence that they read."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from extriage.analysis.suppression import Suppressor, suppressor
from extriage.errors import UsageError
from extriage.knowledge.active import knowledge_digest
from extriage.knowledge.logsources import load_logsources
from extriage.matchers.prefilter import Prefilter, Watch, build
from extriage.matchers.sigma import RuleSet, load_rules
from extriage.model.suppression import Suppression


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


@dataclass(slots=True)
class Pack:
    """The rules, ready to run; the search for a kind's literals is prepared when it is needed."""

    ruleset: RuleSet
    watches: dict[str, list[Watch]]
    joined: frozenset[str]
    """Rules whose matches correlation rules need."""
    sha256: str
    enabled: bool = True
    suppressor: Suppressor = field(default_factory=Suppressor)
    _prefilters: dict[str, Prefilter] = field(default_factory=dict)

    def prefilter(self, kind: str) -> Prefilter:
        """Return the prefilter of a kind; an empty one when no rule reads it."""
        if kind not in self._prefilters:
            watches = self.watches.get(kind, ())
            self._prefilters[kind] = build(kind, watches, enabled=self.enabled)
        return self._prefilters[kind]

    def slow(self) -> tuple[str, ...]:
        """Return the rules that make every line of a kind be parsed."""
        watches = (watch for kind in self.watches.values() for watch in kind)
        slow = {w.rule.rule.id for w in watches if not (self.enabled and w.target.clauses)}
        return tuple(sorted(slow))


@cache
def load_pack(content: Content) -> Pack:
    """Read and compile the rules; one that is wrong or cannot run is named in `refused`."""
    ruleset = load_rules(rule_paths(content), load_logsources())
    by_kind: dict[str, list[Watch]] = {}
    for rule in ruleset.rules:
        for target in rule.targets:
            by_kind.setdefault(target.kind, []).append(Watch(rule, target))
    joined = frozenset(name for c in ruleset.correlations for name in c.plan.rules)
    asked = suppressor(content.suppressions, ruleset)
    return Pack(ruleset, by_kind, joined, content_digest(content), content.prefilter, asked)


def rule_paths(content: Content) -> list[Path | Traversable]:
    """Return the places that rules are read from; UsageError for one that does not exist."""
    paths: list[Path | Traversable] = []
    if content.builtin:
        paths.append(files("extriage").joinpath("content", "rules"))
    for name in content.rules:
        if not Path(name).exists():
            raise UsageError(f"there are no rules at {name}; name a folder or a Sigma file")
        paths.append(Path(name))
    return paths


@cache
def content_digest(content: Content) -> str:
    """Return the SHA-256 over all content that can change a result."""
    digest = hashlib.sha256()
    roots: list[Path | Traversable] = [files("extriage").joinpath("content")]
    roots += [Path(name) for name in content.rules]
    for root in roots:
        for name, data in _files(root, ""):
            digest.update(f"{name}\0{len(data)}\0".encode())
            digest.update(data)
    digest.update(str(content.builtin).encode())
    digest.update(repr(content.suppressions).encode("utf-8", "surrogatepass"))
    digest.update(knowledge_digest().encode())
    return digest.hexdigest()


def _files(root: Path | Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    if root.is_file():
        yield name, root.read_bytes()
    elif root.is_dir():
        for item in sorted(root.iterdir(), key=lambda item: item.name):
            if item.name != "__pycache__":
                yield from _files(item, f"{name}/{item.name}")
