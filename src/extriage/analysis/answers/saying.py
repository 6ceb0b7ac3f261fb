"""How answers write times, lists and numbers; texts of a case are cut, never changed otherwise."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from extriage.model.host import Host
from extriage.model.session import Amount

LONGEST = 1200
"""Characters of one text from a case; the case has all of it."""
MOST = 12
"""Entries of a list; of more the first are told, and how many are left."""
_KILO = 1024


def when(time: datetime | None) -> str:
    """Write a UTC time to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC" if time else "at a time that no line tells"


def span(first: datetime | None, last: datetime | None) -> str:
    """Write the time from one moment to another."""
    if first is None or last is None or f"{first:%Y%m%d%H%M}" == f"{last:%Y%m%d%H%M}":
        return when(first or last)
    return f"{first:%Y-%m-%d %H:%M} to {when(last)}"


def short(text: str, most: int = LONGEST) -> str:
    """Cut a long text of the case after a whole word, and say so."""
    if len(text) <= most:
        return text
    kept = text[:most].rpartition(" ")[0] if " " in text[:most] else text[:most]
    return f"{kept} [cut]"


def sentence(text: str) -> str:
    """Return a text with a capital letter and exactly one full stop."""
    plain = short(text).strip().rstrip(".")
    first = plain.partition(" ")[0].rstrip(",:;")
    start = plain[:1].upper() if first.isalpha() else plain[:1]
    return f"{start}{plain[1:]}." if plain else ""


def count(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def listed(values: Iterable[str], most: int = MOST) -> str:
    """Write the first of several texts in a row, and how many more there are."""
    found = list(dict.fromkeys(short(one, 200) for one in values))
    more = f" and {len(found) - most:,} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def bullets(values: Sequence[str], most: int = MOST) -> tuple[str, ...]:
    """Return the first of several facts, and one that says how many more the case has."""
    found = list(dict.fromkeys(short(one) for one in values if one))
    if len(found) <= most:
        return tuple(found)
    return (*found[:most], f"and {len(found) - most:,} more in the case")


def name_of(host: Host) -> str:
    """Return what a server is called."""
    return short(host.name, 200) or "a server without a name"


def bounds(many: Amount, one: str, several: str) -> str:
    """Write a number that is known within bounds."""
    word = one if many.low == many.high == 1 else several
    if many.high is None:
        return f"at least {many.low:,} {word}"
    return (
        f"{many.low:,} {word}" if many.low == many.high else f"{many.low:,} to {many.high:,} {word}"
    )


def volume(many: Amount) -> str:
    """Write bytes within their bounds."""
    if many.high is None:
        return f"at least {_size(many.low)}"
    return _size(many.low) if many.low == many.high else f"{_size(many.low)} to {_size(many.high)}"


def _size(number: int) -> str:
    size = float(number)
    for unit in ("bytes", "KB", "MB"):
        if size < _KILO:
            return f"{number:,} bytes" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= _KILO
    return f"{size:,.1f} GB"


def total(amounts: Iterable[Amount | None]) -> Amount:
    """Add amounts; what is not known within bounds leaves the sum open above."""
    low, high, opened = 0, 0, False
    for one in amounts:
        low += one.low if one else 0
        opened = opened or one is None or one.high is None
        high += one.high if one and one.high is not None else 0
    return Amount(low, None if opened else high)
