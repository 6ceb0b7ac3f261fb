"""Deeds: what one record means, told for people who do not read logs.

The rules of `content/deeds` are Sigma rules that are no findings. Of those that a record meets, the
one with the highest level tells it; of these, the first by name. So `informational` is for words
that fit everything of a log, `critical` for what is told whatever else is true. Like the rules of
detection they come read beforehand, in `content/deeds.jsonl`.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from extriage.errors import ContentError
from extriage.knowledge.logsources import LogSources, load_logsources
from extriage.matchers.sigma import (
    CompiledRule,
    Read,
    Target,
    bundle,
    compile_rules,
    read_rules,
    unbundle,
)
from extriage.model.detection import DeedWords, Rule
from extriage.model.evidence import Record
from extriage.model.trail import Deed

FOLDER = "deeds"
BUNDLE = "deeds.jsonl"
LONGEST = 300
"""Characters that are kept of what a deed was done to."""

_SEARCHED = 8000
_EMPTY = frozenset({"", "-", "<null>", "<empty>"})
_VALUE_ENDS = re.compile(r"[&;#?\s'\"]")
_MARKED = re.compile(r"(\S+) (>=?) (\S+)")
_PIECES = re.compile(r"\[([^\[\]]*)\]|([^\[\]]+)")
_NAMES = re.compile(r"\{(object|mailbox|items)\}")


class Deeds:
    """All deeds, sorted by the evidence that they read; a test is made when it is first needed."""

    def __init__(self, rules: Iterable[CompiledRule]) -> None:
        self._words: dict[str, DeedWords] = {}
        self._kinds: dict[str, list[tuple[Rule, DeedWords, Target]]] = {}
        for one in sorted(rules, key=lambda one: (-one.rule.level.rank, one.rule.id)):
            words = one.rule.deed
            if words is None:
                raise ContentError(f"{one.rule.path}: a deed needs `extriage: deed`")
            self._words[one.rule.id] = words
            for target in one.targets:
                self._kinds.setdefault(target.kind, []).append((one.rule, words, target))

    def of(self, record: Record) -> Deed:
        """Tell what a record means; a deed without id if no rule knows it."""
        if not record.raw:
            for rule, words, target in self._kinds.get(record.kind, ()):
                if target.matches(record):
                    return _deed(rule.id, words, record)
        return Deed("")

    def ids(self) -> tuple[str, ...]:
        """Return the names of all deeds."""
        return tuple(sorted(self._words))

    def kinds(self) -> tuple[str, ...]:
        """Return the kinds of evidence that deeds read."""
        return tuple(sorted(self._kinds))

    def sentence(self, deed: Deed) -> str:
        """Say what was done, without who did it; values stand in it as the evidence has them."""
        words = self._words.get(deed.id)
        return "" if words is None else worded(words.text, deed)


def worded(text: str, deed: Deed) -> str:
    """Fill `{object}`, `{mailbox}` and `{items}`; `[…]` is left out if a value in it is unknown."""
    items = "" if deed.items is None else f"{deed.items:,}"
    values = {"object": deed.object, "mailbox": deed.mailbox, "items": items}
    said = []
    for optional, plain in _PIECES.findall(text):
        piece = optional or plain
        if plain or all(values[name] for name in _NAMES.findall(piece)):
            said.append(_NAMES.sub(lambda name: values[name[1]] or "?", piece))
    return "".join(said)


def _deed(name: str, words: DeedWords, record: Record) -> Deed:
    count = _first(record, words.items)
    items = int(count) if count.isascii() and count.isdigit() and len(count) < 10 else None
    found, mailbox = _first(record, words.object), _first(record, words.mailbox)
    return Deed(name, words.done, found[:LONGEST], mailbox[:LONGEST], items)


def _first(record: Record, fields: tuple[str, ...]) -> str:
    for name in fields:
        value = _value(record, name)
        if value not in _EMPTY:
            return value
    return ""


def _value(record: Record, name: str) -> str:
    """Read a field; `field > mark` is what follows a mark in it, `field >= mark` with the mark."""
    column, sign, mark = _parts(name)
    found = record.fields.get(column, "")
    value = found if isinstance(found, str) else ", ".join(found)
    if not sign or not value:
        return value.strip()
    value = value[:_SEARCHED]
    at = value.lower().find(mark)
    if at < 0:
        return ""
    told = _VALUE_ENDS.split(value[at + len(mark) :], maxsplit=1)[0]
    return value[at : at + len(mark)] + told if sign == ">=" else told


@cache
def _parts(name: str) -> tuple[str, str, str]:
    found = _MARKED.fullmatch(name)
    return (found[1], found[2], found[3].lower()) if found else (name, "", "")


@cache
def load_deeds() -> Deeds:
    """Load all deeds; pySigma is needed only if their bundle was made from other files.

    Raises ContentError for a deed that cannot run.
    """
    logsources = load_logsources()
    ruleset = compile_rules(_read(logsources), logsources)
    for refused in ruleset.refused:
        raise ContentError(f"{refused.path}: {refused.reason}")
    return Deeds(ruleset.rules)


def deeds_bundle() -> bytes:
    """Return all deeds as a scan reads them; ValueError if one is refused."""
    return bundle(read_rules([_content() / FOLDER], load_logsources()), deeds_digest())


def _read(logsources: LogSources) -> Iterable[Read]:
    file = _content() / BUNDLE
    drafts = unbundle(file.read_bytes(), deeds_digest()) if file.is_file() else None
    return read_rules([_content() / FOLDER], logsources) if drafts is None else drafts


@cache
def deeds_digest() -> str:
    """Return the SHA-256 over the files of the deeds, their names and their bytes."""
    digest = hashlib.sha256()
    for name, data in _files():
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def _files() -> Iterator[tuple[str, bytes]]:
    found = (_content() / FOLDER).iterdir()
    for file in sorted(found, key=lambda one: one.name):
        if file.name.endswith(".yml"):
            yield file.name, file.read_bytes()


def _content() -> Traversable:
    return files("extriage") / "content"
