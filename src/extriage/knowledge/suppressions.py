"""Suppress files: what an organisation knows of its own traffic and does not want to be shown.

A file of YAML with two lists. `suppress` has entries that name lines (rule, campaign, address,
account, path, sha256, user-agent, host, from, to) and give a reason; `scanners` names the
organisation's own vulnerability scanners. `docs/suppress.md` explains every key.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from extriage.errors import UsageError
from extriage.model.suppression import Suppression

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

LARGEST = 1 << 20
LONGEST = 1000
"""Characters of one value."""
MOST = 10_000
"""Values of one key."""
_MAPPED = 96
"""Bits before the IPv4 address in `::ffff:192.0.2.7`."""
_LINE = "\0line"
_SELECTING = {
    "rule": "rules",
    "campaign": "campaigns",
    "address": "addresses",
    "account": "accounts",
    "path": "paths",
    "sha256": "sha256",
    "user-agent": "agents",
    "host": "hosts",
}
_SCANNING = {"addresses": "addresses", "agents": "agents", "hosts": "hosts"}
_ABOUT = ("reason", "by", "expires", "from", "to")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_BY_SCANNER = "own vulnerability scanner"


class _Loader(yaml.SafeLoader):
    """Remembers on which line a map begins, and refuses a key that stands there twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set[str]()
        for key, _ in node.value:
            if str(key.value) in seen:
                problem = f"{str(key.value)[:40]!r} stands there twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(str(key.value))
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        made[_LINE] = node.start_mark.line + 1
        return made


@dataclass(frozen=True, slots=True)
class _Row:
    """One map of a suppress file, and where it stands."""

    values: dict[str, Any]
    place: str
    today: date

    def refuse(self, what: str) -> UsageError:
        return UsageError(f"{self.place}: {what}")


def read_suppressions(paths: Sequence[Path], today: date) -> tuple[Suppression, ...]:
    """Read suppress files, entries in the order in which they stand there, scanners last.

    Entries whose last day was before `today` are not in force. UsageError names file and line of
    the first thing that is wrong.
    """
    found: list[Suppression] = []
    for path, name in zip(paths, _apart(path.name for path in paths), strict=True):
        entries, scanners = _document(path, name)
        places = list(_apart(f"{name}:{row[_LINE]}" for row in (*entries, *scanners)))
        found += [_entry(_Row(*one, today)) for one in zip(entries, places, strict=False)]
        rest = places[len(entries) :]
        found += [_scanner(_Row(*one, today)) for one in zip(scanners, rest, strict=True)]
    return tuple(sorted(found, key=lambda one: bool(one.scanner)))


def _apart(names: Iterable[str]) -> Iterator[str]:
    """Tell apart files of the same name, and entries on the same line."""
    seen = Counter[str]()
    for name in names:
        seen[name] += 1
        yield name if seen[name] == 1 else f"{name}({seen[name]})"


def _document(path: Path, name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    content = _content(path, name)
    if isinstance(content, list):
        content = {"suppress": content}
    if not isinstance(content, dict):
        raise UsageError(f"{name} is no suppress file: it needs a list `suppress` or `scanners`")
    unknown = content.keys() - {"suppress", "scanners", _LINE}
    if unknown:
        raise UsageError(f"{name} has `suppress` and `scanners`, but no {_listed(unknown)}")
    lists = []
    for key in ("suppress", "scanners"):
        rows = content.get(key) or []
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise UsageError(f"{name}: `{key}` must be a list of entries, each with its keys")
        lists.append(rows)
    return lists[0], lists[1]


def _content(path: Path, name: str) -> Any:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise UsageError(f"{name} is larger than {LARGEST:,} bytes: too large a suppress file")
        # NOTE: a safe loader; no object is ever made from a tag.
        return yaml.load(data.decode("utf-8-sig"), Loader=_Loader)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except RecursionError as error:
        raise UsageError(f"{name} is nested too deeply") from error
    except (yaml.YAMLError, UnicodeError, ValueError, TypeError) as error:
        raise UsageError(f"{name} is no valid YAML: {_said(error)}") from error


def _said(error: Exception) -> str:
    """Put what the YAML library says into one line."""
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}: " if mark else ""
    problem = getattr(error, "problem", None) or str(error)
    return where + " ".join(str(problem).split())[:200]


def _entry(row: _Row) -> Suppression:
    _check_keys(row, {*_SELECTING, *_ABOUT})
    if not row.values.get("reason"):
        raise row.refuse("an entry needs a `reason`")
    selected = {own: _values(row, key) for key, own in _SELECTING.items()}
    if not any(selected.values()):
        raise row.refuse(f"an entry that names nothing would suppress all: add {_SELECTED}")
    return _made(row, "", selected)


_SELECTED = ", ".join(list(_SELECTING)[:-1]) + " or host"


def _scanner(row: _Row) -> Suppression:
    _check_keys(row, {"name", *_SCANNING, *_ABOUT})
    name = _text(row, "name")
    selected = {own: _values(row, key) for key, own in _SCANNING.items()}
    if not name or not selected["addresses"]:
        raise row.refuse("a scanner needs a `name` and its `addresses`")
    return _made(row, name, selected)


def _check_keys(row: _Row, known: set[str]) -> None:
    unknown = row.values.keys() - known - {_LINE}
    if unknown:
        raise row.refuse(f"there is no key {_listed(unknown)}; there are {_listed(known)}")


def _made(row: _Row, scanner: str, selected: dict[str, tuple[str, ...]]) -> Suppression:
    for address in selected.get("addresses", ()):
        _check_address(row, address)
    hashes = tuple(one.lower() for one in selected.get("sha256", ()))
    if wrong := next((one for one in hashes if not _SHA256.fullmatch(one)), None):
        raise row.refuse(f"{wrong!r} is no SHA-256: 64 hexadecimal digits")
    since, until = _moment(row, "from"), _moment(row, "to")
    if since and until and until < since:
        raise row.refuse("`to` lies before `from`")
    expires = _day(row, "expires")
    return Suppression(
        row.place,
        _text(row, "reason") or _BY_SCANNER,
        scanner,
        _text(row, "by"),
        expires,
        expires is None or row.today <= expires,
        since=since,
        until=until,
        **{**selected, "sha256": hashes},
    )


def network_of(text: str) -> Network:
    """Read an address or a CIDR block; ValueError if it is none."""
    found = ipaddress.ip_network(text, strict=False)
    mapped = getattr(found.network_address, "ipv4_mapped", None)
    if mapped is None or found.prefixlen < _MAPPED:
        return found
    return ipaddress.ip_network((mapped, found.prefixlen - _MAPPED))


def _check_address(row: _Row, address: str) -> None:
    try:
        network_of(address)
    except ValueError:
        raise row.refuse(
            f"{address!r} is no address: write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"
        ) from None


def _values(row: _Row, key: str) -> tuple[str, ...]:
    found = row.values.get(key)
    values = found if isinstance(found, list) else [] if found is None else [found]
    if len(values) > MOST:
        raise row.refuse(f"`{key}` has more than {MOST:,} values")
    if (found is not None and not values) or not all(map(_plain, values)):
        raise row.refuse(f"`{key}` must be a text or a list of texts; put numbers into quotes")
    return tuple(value.strip() for value in values)


def _plain(value: Any) -> bool:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= LONGEST:
        return False
    # NOTE: YAML can write half of a surrogate pair, which no file can hold.
    return not any("\ud800" <= char <= "\udfff" for char in value)


def _text(row: _Row, key: str) -> str:
    value = row.values.get(key)
    if value is None:
        return ""
    if not _plain(value):
        raise row.refuse(f"`{key}` must be a short text")
    return " ".join(str(value).split())


def _day(row: _Row, key: str) -> date | None:
    moment = _time(row, key)
    return moment.date() if isinstance(moment, datetime) else moment


def _moment(row: _Row, key: str) -> datetime | None:
    """Read a point in time, UTC unless it names a zone; a day as `to` lasts until its end."""
    found = _time(row, key)
    if found is None or isinstance(found, datetime):
        return found
    start = datetime.combine(found, time(), UTC)
    return start + timedelta(days=1, microseconds=-1) if key == "to" else start


def _time(row: _Row, key: str) -> date | datetime | None:
    value = row.values.get(key)
    try:
        if isinstance(value, str):
            text = value.strip()
            value = date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)
        if isinstance(value, datetime):
            return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        value = ""
    if value is not None and not isinstance(value, date):
        raise row.refuse(f"`{key}` is no time: write 2026-12-31 or 2026-12-31T08:00Z")
    return value


def _listed(keys: set[Any]) -> str:
    return ", ".join(sorted(f"`{str(key)[:40]}`" for key in keys))
