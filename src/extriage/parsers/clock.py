"""Time as the logs write it, and what has to be known of a file to read it.

Exchange writes UTC in ISO 8601 with `Z`, IIS writes UTC without a mark, sometimes without a date:
then the date stands in the `#Date:` line above, or only in the file's name.
"""

import re
from datetime import UTC, date, datetime, timedelta

_ISO = re.compile(
    rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:[.,](\d{1,9})\d*)?(Z|[+-]\d\d:?\d\d)?(?![\d:])"
)
_TIME = re.compile(rb"(\d\d):(\d\d):(\d\d)(?![\d:])")
_DATE = re.compile(rb"(\d{4})-(\d\d)-(\d\d)(?![\d-])")
_NAMED = re.compile(r"ex(\d\d)(\d\d)(\d\d)(?:\d\d)?(?:_[^/]*)?\.log", re.IGNORECASE)
_HALF_DAY = 12 * 3600
_PLAIN = (20, 24, 27)
"""Lengths of times in UTC without a fraction, with one of three digits, and of six."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_time(text: bytes) -> datetime | None:
    """Read an ISO 8601 time at the start of `text` as UTC; a time without zone counts as UTC."""
    if len(text) in _PLAIN and text[-1:] == b"Z" and _plain(text):
        # NOTE: five times as fast, and what nearly every event has.
        try:
            return datetime.fromisoformat(text.decode())
        except ValueError:
            pass
    found = _ISO.match(text)
    if not found:
        return None
    stamp, fraction, zone = found.groups()
    try:
        time = datetime.fromisoformat(stamp.decode()).replace(
            microsecond=int((fraction or b"0").ljust(6, b"0")[:6]), tzinfo=UTC
        )
        if zone and zone != b"Z":
            time -= _offset(zone)
    except (ValueError, OverflowError):
        return None
    return time


def _plain(text: bytes) -> bool:
    """Tell `2021-03-03T04:48:17.468200Z` from what Python reads besides."""
    dashes, colons = text[4:8:3] == b"--", text[13:17:3] == b"::"
    return dashes and colons and text[10:11] in b"T " and text[19:20] in b".Z"


def _offset(zone: bytes) -> timedelta:
    sign = -1 if zone[:1] == b"-" else 1
    digits = zone[1:].replace(b":", b"")
    return sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))


def since_epoch(seconds: float) -> datetime | None:
    """Return the time so many seconds after 1970 began in UTC; None for one before that."""
    try:
        time = EPOCH + timedelta(milliseconds=round(seconds * 1000))
    except OverflowError:
        return None
    return time if time >= EPOCH else None


def day_of(text: bytes) -> date | None:
    """Read `2021-03-14` at the start of `text`."""
    found = _DATE.match(text)
    if not found:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


class Clock:
    """The date that rows without a date belong to; feed it every `#Date:` line in file order."""

    def __init__(self, path: str = "") -> None:
        """Take the date from a file name such as `u_ex210314.log` until a `#Date:` line comes."""
        self._day = _named_day(path)
        self._last = 0

    def see(self, line: bytes) -> None:
        """Take the date from a `#Date:` line; other lines change nothing."""
        if line[:6].lower() != b"#date:":
            return
        stamp = line[6:].strip()
        day = day_of(stamp)
        if day is None:
            return
        self._day = day
        time = iso_time(stamp)
        self._last = 0 if time is None else time.hour * 3600 + time.minute * 60 + time.second

    def at(self, text: bytes) -> datetime | None:
        """Read `hh:mm:ss` on the current day; going back by half a day or more is midnight."""
        found = _TIME.match(text)
        if not found or self._day is None:
            return None
        hour, minute, second = (int(part) for part in found.groups())
        if hour > 23 or minute > 59 or second > 59:
            return None
        seconds = hour * 3600 + minute * 60 + second
        if self._last - seconds >= _HALF_DAY:
            try:
                self._day += timedelta(days=1)
            except OverflowError:
                return None
            self._last = seconds
        self._last = max(self._last, seconds)
        return datetime(
            self._day.year, self._day.month, self._day.day, hour, minute, second, tzinfo=UTC
        )


def _named_day(path: str) -> date | None:
    found = _NAMED.search(path.rsplit("/", 1)[-1])
    if not found:
        return None
    year, month, day = (int(part) for part in found.groups())
    try:
        return date(1900 + year if year >= 90 else 2000 + year, month, day)
    except ValueError:
        return None
