"""Does one entry of a suppress file fit a line? Every thing that it names must; of a list any one.

Which fields of a log hold an address, an account, a path or a user agent stands in
`content/joins.yml`. Case plays no part; `*` stands for any text and `?` for one character.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cache, lru_cache

import re2

from extriage.knowledge.joins import address_of, join_keys
from extriage.knowledge.suppressions import network_of
from extriage.matchers.sigma.regexes import searcher
from extriage.model.detection import Evidence, Rule
from extriage.model.evidence import Record
from extriage.model.suppression import Suppression

Test = Callable[[str], bool]

_SEARCHED = 16_384
_TOGETHER = 50
"""Patterns that are searched for at once: RE2 has a bound on the size of one."""
_DOMAIN = ("\\", "@", "/")


class LineFit:
    """One entry, made ready to be compared with many lines."""

    __slots__ = (
        *("_accounts", "_addresses", "_agents", "_campaigns", "_entry", "_hosts", "_paths"),
        "_rules",
    )

    def __init__(self, entry: Suppression) -> None:
        self._entry = entry
        self._rules = wildcards(entry.rules)
        self._campaigns = wildcards(entry.campaigns)
        self._addresses = _networks(entry.addresses)
        self._accounts = _accounts(entry.accounts)
        self._paths = wildcards(map(_slashed, entry.paths))
        self._agents = wildcards(map(_blanked, entry.agents))
        self._hosts = wildcards(entry.hosts)

    def covers(self, rule: Rule) -> bool:
        """Tell whether the entry is about this rule."""
        entry = self._entry
        return (not entry.rules or self._rules(rule.id)) and (
            not entry.campaigns or self._campaigns(rule.campaign)
        )

    def on(self, host: str) -> bool:
        """Tell whether the entry holds for this server, by its name with or without domain."""
        return not self._entry.hosts or self._hosts(host) or self._hosts(host.partition(".")[0])

    def late(self, record: Record, evidence: Evidence) -> bool | None:
        """Tell whether a line fits: None if not, True if only its file's hash is still to be seen.

        A line that fits no columns names no address, account or agent.
        """
        entry = self._entry
        fits = (
            self._in_time(evidence)
            and (not entry.addresses or any(map(self._addresses, _values(record, "address"))))
            and (not entry.accounts or any(map(self._accounts, _values(record, "account"))))
            and (
                not entry.agents or any(map(self._agents, map(_blanked, _values(record, "agent"))))
            )
            and (not entry.paths or any(map(self._paths, map(_slashed, _paths(record)))))
        )
        if not fits:
            return None
        return bool(entry.sha256) and evidence.sha256 not in entry.sha256

    def _in_time(self, evidence: Evidence) -> bool:
        since, until = self._entry.since, self._entry.until
        if since is None and until is None:
            return True
        time = evidence.time
        return time is not None and (not since or since <= time) and (not until or time <= until)


def wildcards(patterns: Iterable[str]) -> Test:
    """Return the test that holds for a text that one of the patterns stands for."""
    plain, wild = set[str](), []
    for pattern in patterns:
        if "*" in pattern or "?" in pattern:
            wild.append(_expression(pattern.lower()))
        else:
            plain.add(pattern.lower())
    searches = [
        searcher(rf"(?s)\A(?:{'|'.join(wild[at : at + _TOGETHER])})\z")
        for at in range(0, len(wild), _TOGETHER)
    ]

    def fits(text: str) -> bool:
        # NOTE: no pattern fits a text that is longer than any real one; it is shown instead.
        lowered = text.lower() if len(text) <= _SEARCHED else ""
        return lowered in plain or (bool(lowered) and any(find(lowered) for find in searches))

    return fits


def _expression(pattern: str) -> str:
    words = {"*": ".*", "?": "."}
    return "".join(words.get(char) or str(re2.escape(char)) for char in pattern)


def _networks(addresses: Iterable[str]) -> Test:
    networks = [network_of(one) for one in addresses]
    hosts = {one.network_address for one in networks if one.prefixlen == one.max_prefixlen}
    wide = [one for one in networks if one.prefixlen < one.max_prefixlen]

    @lru_cache(4096)
    def fits(text: str) -> bool:
        address = address_of(text)
        return address in hosts or (address is not None and any(address in one for one in wide))

    return fits


def _accounts(names: Iterable[str]) -> Test:
    """Compare a name with its domain if the entry gives one, else without."""
    listed = list(names)
    whole = wildcards(one for one in listed if any(mark in one for mark in _DOMAIN))
    bare = wildcards(one for one in listed if not any(mark in one for mark in _DOMAIN))

    def fits(text: str) -> bool:
        name = text.strip()
        alone = name.rpartition("\\")[2].partition("@")[0].rpartition("/")[2]
        return whole(name) or bare(alone)

    return fits


@cache
def _fields(key: str) -> tuple[str, ...]:
    """Return the fields of all logs in which something stands."""
    found = next(one for one in join_keys() if one.name == key)
    return tuple(name for name, mark in found.fields if not mark)


def _values(record: Record, key: str) -> Iterator[str]:
    for name in _fields(key):
        value = record.fields.get(name, ())
        yield from (value,) if isinstance(value, str) else value


def _paths(record: Record) -> Iterator[str]:
    yield from _values(record, "page")
    yield record.origin.path


def _slashed(path: str) -> str:
    return path.replace("\\", "/")


def _blanked(agent: str) -> str:
    return agent.replace("+", " ")
