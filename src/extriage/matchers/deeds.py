"""Deeds: what one record means, told for people who do not read logs.

The rules of `content/deeds` are Sigma rules that are no findings. Of those that a record meets, the
one with the highest level tells it; of these, the first by name. So `informational` is for words
that fit everything of a log, `critical` for what is told whatever else is true. Like the rules of
detection they come read beforehand, in `content/deeds.jsonl`.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from itertools import groupby

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
from extriage.matchers.sigma.columnsread import columns_read
from extriage.model.detection import DeedWords
from extriage.model.evidence import Record
from extriage.model.trail import Deed

FOLDER = "deeds"
BUNDLE = "deeds.jsonl"
LONGEST = 300
"""Characters that are kept of what a deed was done to."""

_SEARCHED = 8000
_REMEMBERED = 1024
"""Records with values of their own whose deed is remembered: an intruder repeats himself."""
_RARE = 3
"""A column that less than one deed of so many reads may well differ from record to record."""
_LONGEST_REMEMBERED = 1000
"""Characters of such values, so that what is remembered stays small."""
_EMPTY = frozenset({"", "-", "<null>", "<empty>"})
_VALUE_ENDS = re.compile(r"[&;#?\s'\"]")
_MARKED = re.compile(r"(\S+) (>=?) (\S+)")
_PIECES = re.compile(r"\[([^\[\]]*)\]|([^\[\]]+)")
_NAMES = re.compile(r"\{(object|mailbox|items)\}")


@dataclass(frozen=True, slots=True)
class _Known:
    """One deed and its test."""

    name: str
    words: DeedWords
    target: Target

    def first(self, record: Record) -> "_Known | None":
        """Return the deed if a record meets it."""
        return self if self.target.matches(record) else None


@dataclass(frozen=True, slots=True)
class _Run:
    """Deeds that are tried one after the other, and what came of it for values seen before."""

    parts: tuple["_Known | _Run", ...]
    columns: tuple[str, ...]
    """What these deeds read; nothing if the answer is not to be remembered."""
    _answers: dict[tuple[str | tuple[str, ...] | None, ...], _Known | None] = field(
        default_factory=dict
    )

    def first(self, record: Record) -> _Known | None:
        """Return the first deed that a record meets."""
        if not self.columns:
            return self._tried(record)
        fields = record.fields
        values = tuple([fields.get(name) for name in self.columns])
        try:
            return self._answers[values]
        except KeyError:
            found = self._tried(record)
        if _length(values) <= _LONGEST_REMEMBERED:
            if len(self._answers) >= _REMEMBERED:
                self._answers.clear()
            self._answers[values] = found
        return found

    def _tried(self, record: Record) -> _Known | None:
        for one in self.parts:
            found = one.first(record)
            if found is not None:
                return found
        return None


def _length(values: Iterable[str | tuple[str, ...] | None]) -> int:
    length = 0
    for value in values:
        if value:
            length += len(value) if isinstance(value, str) else sum(map(len, value))
    return length


class Deeds:
    """All deeds, sorted by the evidence that they read; a test is made when it is first needed."""

    def __init__(self, rules: Iterable[CompiledRule]) -> None:
        self._words: dict[str, DeedWords] = {}
        self._kinds: dict[str, list[_Known]] = {}
        self._runs: dict[str, _Run] = {}
        for one in sorted(rules, key=lambda one: (-one.rule.level.rank, one.rule.id)):
            words = one.rule.deed
            if words is None:
                raise ContentError(f"{one.rule.path}: a deed needs `extriage: deed`")
            self._words[one.rule.id] = words
            for target in one.targets:
                known = _Known(one.rule.id, words, target)
                self._kinds.setdefault(target.kind, []).append(known)

    def of(self, record: Record) -> Deed:
        """Tell what a record means; a deed without id if no rule knows it."""
        one = None if record.raw else self._run(record.kind).first(record)
        return Deed("") if one is None else _deed(one.name, one.words, record)

    def _run(self, kind: str) -> _Run:
        found = self._runs.get(kind)
        if found is None:
            found = self._runs[kind] = _run(self._kinds.get(kind, ()))
        return found

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


def _run(deeds: Iterable[_Known]) -> _Run:
    """Put the deeds of one kind of log together, in their order.

    What only some of them read, such as a query, may be another value in every record. So deeds
    beside each other that read the same of that are remembered by themselves as well.
    """
    listed = [(one, columns_read(one.target)) for one in deeds]
    readers = Counter(column for _, columns in listed for column in columns or ())
    rare = {column for column, count in readers.items() if count * _RARE < len(listed)}
    runs = []
    for _, group in groupby(listed, lambda one: one[1] and one[1] & rare):
        some = list(group)
        runs.append(_Run(tuple(one for one, _ in some), _together(columns for _, columns in some)))
    return _Run(tuple(runs), _together(columns for _, columns in listed))


def _together(found: Iterable[frozenset[str] | None]) -> tuple[str, ...]:
    """Return all columns; nothing if one deed reads the whole text."""
    columns = set[str]()
    for one in found:
        if one is None:
            return ()
        columns |= one
    return tuple(sorted(columns))


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
    # NOTE: the back end calls whoever came through the front end by the computer's name.
    mailbox = "" if mailbox.rstrip().endswith("$") else mailbox
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
