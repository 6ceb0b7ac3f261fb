"""What lines of different logs have in common: request, canary, session, page, address, account.

Source: `content/joins.yml`. The same request stands in several logs under other names; these keys
are how findings of one intruder are told to belong together.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeAlias

from extriage.knowledge.content import own_yaml
from extriage.knowledge.executed import is_executed
from extriage.model.evidence import Fields

Keys = tuple[tuple[str, str], ...]
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_LONGEST = 200
_SEARCHED = 16_384
_END = re.compile(r"[&;#\s'\"]")
_SID = re.compile(r"\bS-1-5-21(?:-[0-9]{1,10}){4}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class JoinKey:
    """One thing that lines can have in common."""

    name: str
    minutes: int
    """In this time two lines with the same value belong together; 0: never by this alone."""
    fields: tuple[tuple[str, str], ...]
    """Names of fields, each with the mark that the value follows, or an empty one."""
    shape: Callable[[str], str]
    every: bool = False
    """Whether all fields count, and not only the first that is there."""
    unless: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Fields that make the key say nothing when they end so."""


@cache
def join_keys() -> tuple[JoinKey, ...]:
    """Load the keys, in the order of the file."""
    rows: Mapping[str, dict[str, Any]] = own_yaml("joins.yml")["keys"]
    return tuple(
        JoinKey(
            name,
            int(row["within"]),
            tuple(_field(one) for one in row["fields"]),
            _SHAPES[row["shape"]],
            bool(row.get("every", False)),
            tuple((field, tuple(ends)) for field, ends in row.get("unless", {}).items()),
        )
        for name, row in rows.items()
    )


@cache
def _words(name: str) -> frozenset[str]:
    return frozenset(map(str, own_yaml("joins.yml")[name]))


def keys_of(fields: Fields) -> Keys:
    """Return the keys of a record, each with its value in comparable form."""
    found: list[tuple[str, str]] = []
    for key, present in _asked(tuple(fields)):
        if key.unless and _silenced(fields, key):
            continue
        values: list[str] = []
        for name, mark in present:
            value = _value(fields, name, mark)
            shaped = _shaped(key.shape, value) if value else ""
            if shaped and shaped not in values:
                values.append(shaped)
                if not key.every:
                    break
        found += [(key.name, value) for value in values]
    return tuple(found)


def _shaped(shape: Callable[[str], str], value: str) -> str:
    """Return a value in comparable form; those of an intruder come again and again."""
    return _shaped_before(shape, value) if len(value) <= _LONGEST else shape(value)[:_LONGEST]


@lru_cache(maxsize=4096)
def _shaped_before(shape: Callable[[str], str], value: str) -> str:
    return shape(value)[:_LONGEST]


@lru_cache(maxsize=1024)
def _asked(names: tuple[str, ...]) -> tuple[tuple[JoinKey, tuple[tuple[str, str], ...]], ...]:
    """Return the keys that a record with these fields can have; lines of a log have the same."""
    there = frozenset(names)
    rows = ((key, tuple(one for one in key.fields if one[0] in there)) for key in join_keys())
    return tuple((key, present) for key, present in rows if present)


def _silenced(fields: Fields, key: JoinKey) -> bool:
    return any(_value(fields, name, "").lower().endswith(ends) for name, ends in key.unless)


def _field(one: str | dict[str, str]) -> tuple[str, str]:
    return (one, "") if isinstance(one, str) else (one["field"], one["after"].lower())


def _value(fields: Fields, name: str, mark: str) -> str:
    found = fields.get(name, "")
    value = found if isinstance(found, str) else next(iter(found), "")
    value = value[:_SEARCHED]
    if not mark or not value:
        return value
    at = value.lower().find(mark)
    return _END.split(value[at + len(mark) :], maxsplit=1)[0] if at >= 0 else ""


def _text(value: str) -> str:
    found = value.strip().lower()
    return "" if found in {"-", "<empty>", "<null>"} else found


@lru_cache(maxsize=4096)
def address_of(text: str) -> Address | None:
    """Read an address as logs write it, with or without port, brackets and scope."""
    text = text.strip().lower().removeprefix("::ffff:")
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


_INSIDE = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
"""Networks of organisations (RFC 1918, RFC 4193), and what providers share out (RFC 6598)."""


@lru_cache(maxsize=4096)
def is_inside(text: str) -> bool:
    """Tell whether an address may stand for many: one of an inner network, or none at all."""
    found = address_of(text)
    return found is None or any(found in network for network in _INSIDE)


def _address(value: str) -> str:
    found = address_of(value)
    if found is None or found.is_loopback or found.is_link_local or found.is_unspecified:
        return ""
    return str(found)


def _account(value: str) -> str:
    text = value.strip().lower()
    name = text.rpartition("\\")[2].partition("@")[0].rpartition("/")[2].strip()
    quiet = name.replace(" ", "") in _words("system_accounts")
    machine = name.endswith("$") or name.startswith(("healthmailbox", "systemmailbox", "extest_"))
    return "" if quiet or machine else name


def is_somebody(name: str) -> bool:
    """Tell addresses and people from the system, from computers and from health probes."""
    return bool(_account(name)) or address_of(name) is not None


def is_shipped_name(name: str) -> bool:
    """Tell whether every server has a page of this name."""
    return name in _words("shipped_pages")


def _page(value: str) -> str:
    name = re.split(r"[\\/]", value.strip().lower())[-1]
    return name if is_executed(name) and name not in _words("shipped_pages") else ""


def _logon(value: str) -> str:
    name = _text(value)
    return "" if name in _words("system_logons") else name


def _agent(value: str) -> str:
    return _text(value.replace("+", " "))


def _sid(value: str) -> str:
    found = _SID.search(value)
    return found[0].lower() if found else ""


_SHAPES: dict[str, Callable[[str], str]] = {
    "text": _text,
    "address": _address,
    "account": _account,
    "page": _page,
    "agent": _agent,
    "logon": _logon,
    "sid": _sid,
}
