"""Indicators in records and texts: every value is compared as what it is.

An address matches as an address (`10.0.0.1` is not in `110.0.0.1`), a domain by its labels, a hash
as a whole, a file name at the end of a path. Looking up takes the same time for ten indicators and
for ten thousand.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from extriage.knowledge.joins import address_of, join_keys, keys_of
from extriage.model.evidence import Fields, Record
from extriage.model.indicator import Indicator

Key: TypeAlias = tuple[str, str]
"""Type and value in small letters."""

TEXT_LIMIT = 1 << 16
"""Characters of one field that are looked through."""
HASHES = frozenset({"sha256", "sha1", "md5"})
NAMES = frozenset({"file-name", "path"})

_ADDRESS = re.compile(
    r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)|(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f.]{0,15}",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?<![\w-])(?:[a-z0-9_-]{1,63}\.){1,20}[a-z0-9-]{2,60}", re.IGNORECASE)
_HASH = re.compile(r"(?<![0-9a-z])(?:[0-9a-f]{64}|[0-9a-f]{40}|[0-9a-f]{32})(?![0-9a-z])", re.I)
_EMAIL = re.compile(r"[^\s@<>\"',;:()=&?/\[\]]{1,64}@[a-z0-9.-]{3,253}", re.IGNORECASE)
_PARAMETER = re.compile(r"(?:^|[?&;\s])([^=&?;\s]{1,80})=")
_WORD = re.compile(r"[\w-]")
_NAME = re.compile(r"[\w.-]")
_DRIVE = re.compile(r"^(?:[a-z]:|%\w+%|\\\\[?.]\\[a-z]:)(?=\\)", re.IGNORECASE)


@dataclass(slots=True)
class Book:
    """Indicators by value, ready to be looked up."""

    keys: dict[Key, tuple[Indicator, ...]] = field(default_factory=dict)
    networks: dict[tuple[int, int], dict[int, Key]] = field(default_factory=dict)
    """By IP version and prefix length: the networks by their number."""
    names: dict[str, list[Key]] = field(default_factory=dict)
    """File names and paths by the last name in them."""
    texts: tuple[tuple[str, Key], ...] = ()
    """Values that are searched as they are, each with its key."""
    types: frozenset[str] = frozenset()

    def of(self, key: Key) -> tuple[Indicator, ...]:
        """Return the indicators of one value."""
        return self.keys.get(key, ())

    def in_record(self, record: Record) -> list[Key]:
        """Return the values that a record holds, each once, in order."""
        if record.raw or not record.fields:
            return list(dict.fromkeys(self.in_text(record.text)))
        return list(dict.fromkeys(self._in_fields(record.fields)))

    def in_text(self, text: str) -> Iterator[Key]:
        """Yield the values that a text without fields holds; accounts cannot be told in it."""
        text = text[:TEXT_LIMIT]
        for types, find in _FINDERS:
            if types & self.types:
                yield from find(self, text)
        yield from self._searched(text, _ALL)

    def _in_fields(self, fields: Fields) -> Iterator[Key]:
        for name, value in fields.items():
            for one in (value,) if isinstance(value, str) else value:
                text = one[:TEXT_LIMIT]
                for types, find in _FINDERS:
                    if types & self.types:
                        yield from find(self, text)
                yield from self._searched(text, _types_of(name))
        if "account" in self.types:
            yield from self.accounts(keys_of(fields))

    def accounts(self, keys: Iterable[tuple[str, str]]) -> Iterator[Key]:
        """Yield the accounts among keys that join lines."""
        for name, value in keys:
            if name == "account" and ("account", value) in self.keys:
                yield ("account", value)

    def addresses(self, text: str) -> Iterator[Key]:
        """Yield the addresses in a text, and the networks that they lie in."""
        for found in _ADDRESS.finditer(text):
            yield from self.address(found.group())

    def address(self, text: str) -> Iterator[Key]:
        """Yield what is known of one address."""
        address = address_of(text)
        if address is None:
            return
        key = (f"ipv{address.version}", str(address))
        if key in self.keys:
            yield key
        number = int(address)
        for (version, length), known in self.networks.items():
            if version == address.version and number >> (address.max_prefixlen - length) in known:
                yield known[number >> (address.max_prefixlen - length)]

    def hosts(self, text: str) -> Iterator[Key]:
        """Yield the domains that names of hosts in a text lie in."""
        for found in _HOST.finditer(text):
            labels = found.group().lower().split(".")
            for at in range(len(labels) - 1):
                key = ("domain", ".".join(labels[at:]))
                if key in self.keys:
                    yield key

    def hashes(self, text: str) -> Iterator[Key]:
        """Yield the hashes in a text."""
        for found in _HASH.finditer(text):
            yield from self.hash(found.group())

    def hash(self, text: str) -> Iterator[Key]:
        """Yield what is known of one hash."""
        key = (_HASH_OF[len(text)], text.lower()) if len(text) in _HASH_OF else ("", "")
        if key in self.keys:
            yield key

    def emails(self, text: str) -> Iterator[Key]:
        """Yield the mail addresses in a text."""
        for found in _EMAIL.finditer(text.replace("%40", "@")):
            key = ("email", found.group().lower().rstrip("."))
            if key in self.keys:
                yield key

    def files(self, text: str) -> Iterator[Key]:
        """Yield the file names and paths that stand in a text."""
        lowered = text.lower().replace("/", "\\")
        for name in re.split(r"[\\\"'<>|*?,;=&()\[\]]|\s(?=[a-z]:)", lowered):
            for key in self.names.get(name.strip(), ()) or self.names.get(_first_word(name), ()):
                if key[0] == "file-name" or _at_edge(lowered, tail_of(key[1]), _NAME):
                    yield key

    def _searched(self, text: str, types: frozenset[str]) -> Iterator[Key]:
        lowered = ""
        for wanted, key in self.texts:
            if key[0] in types:
                lowered = lowered or text.lower()
                if _holds(key[0], wanted, lowered):
                    yield key


_FINDERS: tuple[tuple[frozenset[str], Callable[[Book, str], Iterator[Key]]], ...] = (
    (frozenset({"ipv4", "ipv6", "network"}), Book.addresses),
    (frozenset({"domain"}), Book.hosts),
    (HASHES, Book.hashes),
    (frozenset({"email"}), Book.emails),
    (NAMES, Book.files),
)
_HASH_OF = {64: "sha256", 40: "sha1", 32: "md5"}
_SEARCHED = frozenset({"url", "url-path", "user-agent", "shell-parameter", "text"})
_ALL = _SEARCHED - {"shell-parameter", "url-path"}
_STEMS = frozenset({"cs-uri-stem", "UrlStem", "unmasked-stem", "unmasked", "FileName", "S:URL"})
_QUERIES = frozenset({"cs-uri-query", "UrlQuery", "unmasked-query"})


def book_of(indicators: Iterable[Indicator]) -> Book:
    """Put indicators in order; those whose type is looked for nowhere are left out."""
    found: dict[Key, list[Indicator]] = {}
    for one in indicators:
        found.setdefault((one.type, _key_value(one)), []).append(one)
    book = Book({key: tuple(some) for key, some in found.items()})
    texts = []
    for key in book.keys:
        type, value = key
        if type == "network":
            network = ipaddress.ip_network(value)
            bits = network.max_prefixlen - network.prefixlen
            place = book.networks.setdefault((network.version, network.prefixlen), {})
            place[int(network.network_address) >> bits] = key
        elif type in NAMES:
            book.names.setdefault(last_name(value), []).append(key)
        elif type in _SEARCHED:
            texts.append((_wanted(type, value), key))
    book.texts = tuple(texts)
    book.types = frozenset(type for type, _ in book.keys)
    return book


def last_name(path: str) -> str:
    """Return the name of a file or of a folder, without the folders around it."""
    return path.replace("/", "\\").rstrip("\\").rpartition("\\")[2]


def _key_value(one: Indicator) -> str:
    value = one.value.lower()
    if one.type == "account":
        return value.rpartition("\\")[2].partition("@")[0]
    return value.replace("/", "\\") if one.type == "path" else value


def _wanted(type: str, value: str) -> str:
    if type == "url":
        return value.partition("://")[2].rstrip("/")
    if type == "user-agent":
        return value.replace("+", " ")
    return value


def _holds(type: str, wanted: str, lowered: str) -> bool:
    if type == "text":
        return wanted in lowered
    if type == "url":
        return _at_edge(lowered, wanted, _NAME)
    if type == "url-path":
        return lowered.partition("?")[0] == wanted.partition("?")[0] and wanted in lowered
    if type == "shell-parameter":
        return any(found[1] == wanted for found in _PARAMETER.finditer(lowered))
    return _at_edge(lowered.replace("+", " ").replace("%20", " "), wanted, _WORD)


def _at_edge(text: str, wanted: str, part: re.Pattern[str]) -> bool:
    """Tell whether a value stands in a text, and is not a piece of a longer one."""
    at = text.find(wanted)
    while at >= 0:
        end = at + len(wanted)
        before = at > 0 and part.match(wanted) and part.match(text[at - 1])
        after = end < len(text) and part.match(text[end]) and part.match(wanted[-1])
        if not before and not after:
            return True
        at = text.find(wanted, at + 1)
    return False


def _first_word(name: str) -> str:
    return name.strip().partition(" ")[0]


@lru_cache(maxsize=65536)
def tail_of(path: str) -> str:
    r"""Return a path without its drive, as paths in any collection end: `\\inetpub\\x.aspx`."""
    tail = _DRIVE.sub("", path.lower().replace("/", "\\"))
    return tail if tail.startswith("\\") else f"\\{tail}"


@lru_cache(maxsize=4096)
def _types_of(name: str) -> frozenset[str]:
    """Return which values are searched in a field as they are."""
    found = {"text", "url"}
    if name in _agent_fields():
        found.add("user-agent")
    if name in _STEMS:
        found.add("url-path")
    if name in _QUERIES:
        found.add("shell-parameter")
    return frozenset(found)


@lru_cache(maxsize=1)
def _agent_fields() -> frozenset[str]:
    return frozenset(
        name for key in join_keys() if key.name == "agent" for name, mark in key.fields if not mark
    )


def indicators_of(keys: Iterable[Key], book: Book) -> Mapping[Key, tuple[Indicator, ...]]:
    """Return the indicators of several values."""
    return {key: book.of(key) for key in keys}
