"""By when something is due: periods counted strictly, from the moment that a person gave.

Hours are counted from the very minute, weekends and holidays included: Regulation (EEC, Euratom)
No 1182/71 leaves out the hour in which the event falls and excludes no holiday from periods in
hours, so that this is the earlier reading. A month ends on the same date of the next month, or on
its last day where there is no such date, at the same time of day in the zone that was given.
"""

import calendar
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from extriage.analysis.answers.asking import Circumstances
from extriage.errors import UsageError
from extriage.knowledge.forms import DeadlineRule, Form
from extriage.model.answer import Clock, Deadline

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HOURS = (
    "Counted in hours from that minute; weekends and holidays count. The law may leave out the "
    "first, begun hour (Regulation 1182/71); do not rely on it."
)
_DATES = (
    "It ends on the same date of the month, or on its last day, at the same time of day; weekends "
    "and holidays count. The law may give until the end of that day or of the next working day "
    "(Regulation 1182/71); do not rely on it."
)


def zone_of(name: str) -> tzinfo:
    """Return the zone of a name or an offset; UsageError if there is none of that name."""
    if name in ("UTC", "Z"):
        return UTC
    if name[:1] in "+-":
        found = datetime.fromisoformat(f"2021-01-01T00:00{name}").utcoffset()
        return timezone(found or timedelta(0))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(
            f"{name!r} is no time zone; write one such as Europe/Berlin or +01:00"
        ) from error


def local(at: datetime, zone: str) -> str:
    """Write a moment with its weekday in a zone, and in UTC."""
    there = at.astimezone(zone_of(zone))
    text = f"{_DAYS[there.weekday()]} {there:%Y-%m-%d %H:%M}"
    if zone == "UTC":
        return f"{text} UTC"
    offset = f"{there:%z}"
    name = f" {zone}" if not zone.startswith(("+", "-")) else ""
    return f"{text} {offset[:3]}:{offset[3:5]}{name} ({at.astimezone(UTC):%Y-%m-%d %H:%M} UTC)"


def deadlines(form: Form, circumstances: Circumstances) -> tuple[Deadline, ...]:
    """Return the deadlines of a form, or of one step of it."""
    step = circumstances.step
    rules = [one for one in form.deadlines if not step or step in one.steps]
    return tuple(_deadline(one, circumstances) for one in rules)


def _deadline(rule: DeadlineRule, given: Circumstances) -> Deadline:
    about = (rule.id, rule.title, rule.basis)
    note = f" {rule.note}" if rule.note else ""
    if rule.at is not None:
        text = f"A fixed time.{note}"
        return Deadline(*about, rule.at, local(rule.at, "UTC"), text, started=False)
    clock = given.aware if rule.since == "aware" else given.notified
    period = f"{rule.amount} {rule.unit if rule.amount != 1 else rule.unit[:-1]}"
    how = _HOURS if rule.unit == "hours" else _DATES
    if clock is None:
        missing = "you became aware: give --aware-at" if rule.since == "aware" else (
            "the notification was submitted: give --notified-at"
        )  # fmt: skip
        text = f"{period}, counted from when {missing}.{note}"
        return Deadline(*about, None, "", text, started=False)
    due = end_of(clock, rule.amount, rule.unit)
    event = "awareness" if rule.since == "aware" else "the notification"
    text = f"{period} from {event}, {local(clock.at, clock.zone)}. {how}{note}"
    met = given.notified.at if rule.met and given.notified else None
    return Deadline(*about, due, local(due, clock.zone), text, started=True, met=met)


def end_of(clock: Clock, amount: int, unit: str) -> datetime:
    """Return when a period of `hours`, `days` or `months` is over, in UTC."""
    if unit == "hours":
        return clock.at + timedelta(hours=amount)
    there = clock.at.astimezone(zone_of(clock.zone))
    if unit == "days":
        return (there + timedelta(days=amount)).astimezone(UTC)
    months = there.month - 1 + amount
    year, month = there.year + months // 12, months % 12 + 1
    day = min(there.day, calendar.monthrange(year, month)[1])
    return there.replace(year=year, month=month, day=day, fold=0).astimezone(UTC)
