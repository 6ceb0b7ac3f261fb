"""Numbers in words: how many, how much, from what to what, and what is not known."""

from extriage.model.session import Amount

_STEP = 1024
_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def many(count: int, word: str, plural: str = "") -> str:
    """Return `1 session`, `4 sessions`; `plural` is for words that take more than an s."""
    return f"{count:,} {word if count == 1 else plural or f'{word}s'}"


def size(count: int) -> str:
    """Return bytes as the texts of a case say them: `30.0 MB`, of 1024 times 1024 bytes."""
    value, unit = float(count), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return many(count, "byte") if unit == 0 else f"{value:,.1f} {_UNITS[unit]}"


def bounded(amount: Amount, word: str) -> str:
    """Return a count within its bounds: `4 requests`, `4 to 9 requests`, `at least 4 requests`."""
    if amount.high is None:
        return f"at least {many(amount.low, word)}" if amount.low else f"{word}s not known"
    if amount.high == amount.low:
        return many(amount.low, word)
    return f"{amount.low:,} to {many(amount.high, word)}"


def bounded_size(amount: Amount) -> str:
    """Return bytes within their bounds; what no log gives is `not logged`."""
    if amount.high is None:
        return f"at least {size(amount.low)}" if amount.low else "not logged"
    if amount.high == amount.low:
        return size(amount.low)
    return f"{size(amount.low)} to {size(amount.high)}"
