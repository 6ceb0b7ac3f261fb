"""Words of the ledger: ids, sums, who and how often, in plain sentences."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from extriage.knowledge.joins import is_somebody
from extriage.model.detection import Certainty
from extriage.model.session import Amount
from extriage.model.state import Proof
from extriage.model.trail import TrailRecord

NAMED = 3
TEXT = 1000
NAME = 300
SHORT = 60
_KILO = 1024


def exposure_id(host: str, *parts: str) -> str:
    """Return an id that is the same in every scan of the same evidence."""
    text = "\0".join((host, *parts))
    return "x-" + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]


def weaker(one: Certainty, other: Certainty) -> Certainty:
    """Return the less sure of two."""
    return min(one, other, key=lambda certainty: certainty.rank)


def moment(time: datetime | None) -> str:
    """Write a UTC time for a sentence; empty if there is none."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else ""


def by_whom(names: Sequence[str]) -> str:
    """Write who did it, to follow a verb; empty if nobody is named."""
    known = [name for name in names if is_somebody(name)] or list(names)
    if not known:
        return ""
    more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
    return f" by {', '.join(shortened(name) for name in known[:NAMED])}{more}"


def shortened(name: str, most: int = SHORT) -> str:
    """Take out the middle of a long name, so that a sentence stays readable."""
    half = (most - 1) // 2
    return name if len(name) <= most else f"{name[:half]}…{name[-half:]}"


def amount(many: Amount, one: str, several: str) -> str:
    """Write a number with its bounds: `3 requests`, `3 to 9 requests`, `at least 3 requests`."""
    word = one if many.low == 1 and many.high == 1 else several
    if many.high == many.low:
        return f"{many.low:,} {word}"
    if many.high is None:
        return f"at least {many.low:,} {word}"
    return f"{many.low:,} to {many.high:,} {word}"


def volume(many: Amount) -> str:
    """Write bytes with their bounds."""
    low = _size(many.low)
    if many.high is None:
        return f"at least {low}" if many.low else "an unknown number of bytes"
    return low if many.high == many.low else f"{low} to {_size(many.high)}"


def _size(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < _KILO or unit == "GB":
            return f"{count:,} bytes" if unit == "bytes" else f"{size:,.1f} {unit}"
        size /= _KILO
    return ""


def proof_of(record: TrailRecord) -> Proof:
    """Return the line of a record."""
    return Proof(record.path, record.line, record.text[:TEXT])


def ordered(values: Iterable[str], most: int = 50) -> tuple[str, ...]:
    """Return texts once each, in order, at most so many."""
    return tuple(sorted({one for one in values if one}))[:most]
