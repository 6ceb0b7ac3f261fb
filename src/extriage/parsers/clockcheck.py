"""Is the time of an export what it says? Local time labelled `Z` moves every event by hours.

Sysmon writes UTC into its events (`UtcTime`); where an export has such events, its own time
stamps must agree with them.
"""

import re
from collections import Counter
from datetime import timedelta

from extriage.parsers.clock import iso_time
from extriage.parsers.event import event_system

_UTC_TIME = re.compile(
    rb'UtcTime(?:: |\\*"\s*(?::|\}?\s*,\s*\\*"#text\\*"\s*:)\s*\\*")'
    rb"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,9})?)(?!\d)"
)
"""As a value of its own, as an item with a name, in a rendered message; in JSON inside JSON too."""
_QUARTER = 15 * 60
_TOLERANCE = 2 * 60
_NEEDED = 3
_PLENTY = 256
_THEN_EVERY = 32

UNCHECKED = "no event allows a check of this export's clock: its times may be local, not UTC"
TOO_FEW = "too few events allow a check of this export's clock: its times may be local, not UTC"
CONFLICT = "the events of this export disagree about its clock: its times cannot be trusted"


class ClockCheck:
    """Compares an export's time stamps with the UTC time inside its Sysmon events."""

    def __init__(self) -> None:
        """Start without any opinion."""
        self._quarters: Counter[int] = Counter()
        self._odd = 0
        self._met = 0

    def see(self, document: bytes) -> None:
        """Take note of one event, as the JSON document that the export holds."""
        found = _UTC_TIME.search(document)
        if not found:
            return
        self._met += 1
        if self._met > _PLENTY and self._met % _THEN_EVERY:
            return
        system = event_system(document)
        utc = iso_time(found[1])
        if not utc or not system or not system.time or "Sysmon" not in system.provider:
            return
        seconds = (utc - system.time).total_seconds()
        quarters = round(seconds / _QUARTER)
        if abs(seconds - quarters * _QUARTER) <= _TOLERANCE:
            self._quarters[quarters] += 1
        else:
            self._odd += 1

    def verdict(self) -> tuple[timedelta | None, str]:
        """Give what must be added to the export's times, if anything, and a sentence if needed."""
        total = sum(self._quarters.values()) + self._odd
        if not total:
            return None, UNCHECKED
        if not self._quarters:
            return None, CONFLICT
        quarters, agreeing = self._quarters.most_common(1)[0]
        if agreeing * 10 < total * 9 or abs(quarters) >= 60:
            return None, CONFLICT
        if agreeing < _NEEDED:
            return None, TOO_FEW
        if not quarters:
            return None, ""
        minutes = 15 * quarters
        sign = "behind" if minutes > 0 else "ahead of"
        hours = f"{abs(minutes) // 60}:{abs(minutes) % 60:02d}"
        note = f"times are {hours} hours {sign} UTC by {agreeing} Sysmon events: corrected"
        return timedelta(minutes=minutes), note
