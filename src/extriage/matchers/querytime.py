"""Times as a responder writes them: a day, an hour, a minute, each a stretch of time in UTC."""

import re
from datetime import UTC, datetime, timedelta

from extriage.errors import UsageError

_SHAPE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:\.(\d{1,6}))?)?)?)?)?)?"
    r"(Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)


def period(text: str) -> tuple[datetime, datetime]:
    """Return where the stretch of time begins, and the first moment after it.

    `2021-03` is a month, `2021-03-02T04` an hour. Without a zone it is UTC. UsageError for what is
    no time.
    """
    found = _SHAPE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text[:40]!r} is no time; write 2021-03-02 or 2021-03-02T04:00Z")
    try:
        return _period(found)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{text[:40]!r} is no time: {error}") from error


def _period(found: re.Match[str]) -> tuple[datetime, datetime]:
    numbers = [int(part) for part in found.groups()[:6] if part is not None]
    fraction = int((found[7] or "0").ljust(6, "0"))
    year, month, day, hour, minute, second = (*numbers, *(1, 1, 1, 0, 0, 0)[len(numbers) :])
    local = datetime(year, month, day, hour, minute, second, fraction, tzinfo=UTC)
    start = local - _zone(found[8])
    lasts = {
        3: timedelta(days=1),
        4: timedelta(hours=1),
        5: timedelta(minutes=1),
        6: timedelta(microseconds=10 ** (6 - len(found[7]))) if found[7] else timedelta(seconds=1),
    }
    if len(numbers) > 2:
        return start, start + lasts[len(numbers)]
    whole = 12 if len(numbers) == 1 else 1
    after = year * 12 + month - 1 + whole
    end = datetime(after // 12, after % 12 + 1, 1, tzinfo=UTC)
    return start, end - _zone(found[8])


def _zone(text: str | None) -> timedelta:
    if not text or text in "Zz":
        return timedelta(0)
    hours, minutes = int(text[1:3]), int(text[-2:])
    away = timedelta(hours=hours, minutes=minutes)
    return -away if text[0] == "-" else away
