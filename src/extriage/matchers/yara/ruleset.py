"""The YARA rules of one run: what they say, which were refused, and how they get compiled."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from extriage.matchers.yara.compiling import EXTERNALS, compile_files, namespace
from extriage.matchers.yara.metadata import Place, WrongMetaError, YaraRule, rule_of
from extriage.matchers.yara.sources import YaraFile
from extriage.model.detection import RefusedRule

KINDS = ("web-file", "compiled-assembly")
"""Kinds of evidence that YARA rules look at."""

_ASKS_OUTSIDE = re.compile(rf"\b(?:{'|'.join(EXTERNALS)})\b")


@dataclass(slots=True)
class YaraRules:
    """The rules; they are compiled when the first file is looked at, if not before."""

    rules: tuple[YaraRule, ...] = ()
    refused: tuple[RefusedRule, ...] = ()
    files: tuple[YaraFile, ...] = ()
    externals: bool = False
    """True if a rule asks for the name, the place or the MD5 of a file."""
    compiled: Any = None
    scanner: Any = None
    """The scanner of this process; see `scanning`."""
    by_key: dict[tuple[str, str], YaraRule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Index the rules."""
        self.by_key = {one.key: one for one in self.rules}

    def ready(self) -> Any:
        """Return the compiled rules."""
        if self.compiled is None:
            self.compiled = compile_files(self.files).rules
        return self.compiled


def load_yara(
    files: Iterable[YaraFile],
    known: Sequence[YaraRule] | None = None,
    others: Iterable[YaraFile] = (),
    taken: Iterable[str] = (),
) -> YaraRules:
    """Return the rules of some files.

    `known` is what our own `files` say about themselves if that was read beforehand; then they are
    compiled only when they are needed, unless there are `others`. Names that are `taken` by rules
    in other languages are given to no rule again.
    """
    own, strange = tuple(files), tuple(others)
    every = (*own, *strange)
    if known is not None and not strange:
        return YaraRules(tuple(known), files=own)
    if not every:
        return YaraRules()
    done = compile_files(every)
    reader = _Reader(every, set(taken))
    rules = tuple(reader.read(done.rules))
    refused = sorted((*done.refused, *reader.refused), key=lambda o: (o.path, o.id, o.reason))
    asks = any(_ASKS_OUTSIDE.search(file.text) for file in strange)
    return YaraRules(rules, tuple(refused), every, asks, done.rules)


@dataclass(slots=True)
class _Reader:
    """Makes rules of what was compiled."""

    files: tuple[YaraFile, ...]
    taken: set[str]
    refused: list[RefusedRule] = field(default_factory=list)

    def read(self, compiled: Iterable[Any]) -> Iterator[YaraRule]:
        """Yield every rule that can be a finding, under a name of its own."""
        by_space = {namespace(number): file for number, file in enumerate(self.files)}
        silent = {space: file.silent() for space, file in by_space.items()}
        for one in compiled:
            space, name = str(one.namespace), str(one.identifier)
            file = by_space[space]
            if name in silent[space]:
                continue
            tags = tuple(map(str, one.tags))
            try:
                rule = rule_of(one.metadata, Place(file.path, space, name, name, tags), KINDS)
                yield self._named(rule, file)
            except WrongMetaError as problem:
                self._refuse(name, file, str(problem))

    def _named(self, one: YaraRule, file: YaraFile) -> YaraRule:
        for name in (one.identifier, f"{file.stem}:{one.identifier}"):
            if name not in self.taken:
                self.taken.add(name)
                return replace(one, rule=replace(one.rule, id=name))
        raise WrongMetaError("another rule of this name, in a file of this name, was read before")

    def _refuse(self, name: str, file: YaraFile, reason: str) -> None:
        self.refused.append(RefusedRule(name, name, file.path, reason, broken=True))
