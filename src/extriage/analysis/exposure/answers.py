"""Every kind of data, answered: shown, possible, not shown while covered, or cannot tell.

What was not shown holds for the time that the logs cover, and for nothing else. The time that
counts begins with the first sign of a break-in and ends with the evidence; without such a sign it
is that in which the server stood open, else all that the logs cover.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from extriage.analysis.absence import Need, absence, need
from extriage.analysis.exposure.seen import Seen
from extriage.analysis.exposure.wording import SHORT, shortened
from extriage.analysis.shortfall import stretch
from extriage.knowledge.evidence import describe
from extriage.knowledge.exposures import ExposureGroup, exposure_groups, exposure_kinds
from extriage.model.detection import Certainty, Stage
from extriage.model.evidence import Period
from extriage.model.exposure import Exposed, Exposure, ExposureAnswer, Shown
from extriage.model.host import Absence, AdvisoryState, Coverage

NAMED = 3
SHORTEST = timedelta(hours=1)
"""Evidence of less time answers nothing by its silence, unless it shows a break-in."""
_FROM_ENTRY = "since the first sign of a break-in"
_SHOWN = (Exposed.TAKEN, Exposed.READ, Exposed.READY, Exposed.LEAKING)


def answers(seen: Seen, items: Sequence[Exposure]) -> tuple[ExposureAnswer, ...]:
    """Answer every question, also those that the ledger has nothing of."""
    window, why = _window(seen)
    return tuple(
        _answer(seen, group, [one for one in items if _belongs(one, group)], (window, why))
        for group in exposure_groups().values()
    )


def _belongs(one: Exposure, group: ExposureGroup) -> bool:
    """Tell whether an entry answers a question; an export that was fetched is a file, too."""
    fetched = one.export is not None and bool(one.export.fetched)
    return exposure_kinds()[one.kind].group == group.id or (fetched and group.id == "files")


def _window(seen: Seen) -> tuple[Period | None, str]:
    """Return the time that counts, and why it is that."""
    end = max((row.last for row in seen.coverage if row.last), default=None)
    entries = [one.first for one in seen.intruders]
    entries += [one.first for one in seen.chains if _got_in(one.stage, one.certainty)]
    if end is None:
        return None, ""
    if entries and min(entries) <= end:
        return {"from": min(entries), "to": end}, _FROM_ENTRY
    opened = [row.window["from"] for row in _advisories(seen) if row.window]
    if opened and min(opened) < end:
        return {"from": min(opened), "to": end}, "since the server stood open"
    start = min((row.first for row in seen.coverage if row.first), default=end)
    return {"from": start, "to": end}, "of the evidence"


def _advisories(seen: Seen) -> Sequence[AdvisoryState]:
    return seen.patch.advisories if seen.patch else ()


def _got_in(stage: Stage, certainty: Certainty) -> bool:
    return stage.rank >= Stage.REACHED.rank and certainty is not Certainty.POSSIBLE


def _answer(
    seen: Seen, group: ExposureGroup, items: Sequence[Exposure], time: tuple[Period | None, str]
) -> ExposureAnswer:
    window, why = time
    needs = [need(kind, seen.coverage, window) for kind in group.needs]
    shown, text = _told(group, items, needs, window, why)
    return ExposureAnswer(
        group.id,
        group.title,
        shown,
        text,
        tuple(_looked(group, seen.coverage)),
        tuple(_missing(needs, window, why)),
        window,
        tuple(one.id for one in items),
    )


def _told(
    group: ExposureGroup,
    items: Sequence[Exposure],
    needs: Sequence[Need],
    window: Period | None,
    why: str,
) -> tuple[Shown, str]:
    sure = [one for one in items if one.state in _SHOWN and one.certainty is not Certainty.POSSIBLE]
    if sure:
        return Shown.SHOWN, f"{_names(sure)}. {_beyond(needs, window)}"
    maybe = [one for one in items if one.state is not Exposed.ATTEMPTED]
    if maybe:
        return Shown.POSSIBLE, f"{_names(maybe)}. {_beyond(needs, window)}"
    tried = f" What was tried and failed: {_names(items)}." if items else ""
    if window is None:
        return Shown.CANNOT_TELL, f"No log of this server tells of any time.{tried}"
    answer, note = absence(needs, window)
    span = f"in the time {why} ({stretch(window)})"
    if answer is Absence.NOT_SEEN and _is_a_moment(window, why):
        answer, note = Absence.CANNOT_TELL, "the evidence is too short for that"
    if answer is Absence.NOT_SEEN:
        return Shown.NOT_SHOWN, f"The logs show nothing of it {span}: {note}.{tried} {group.asks}"
    return Shown.CANNOT_TELL, f"Nobody can tell {span}: {note}.{tried} {group.asks}"


def _is_a_moment(window: Period, why: str) -> bool:
    """Tell whether the time that counts is too short for silence to say anything."""
    length = window["to"] - window["from"]
    return length <= timedelta(seconds=1) if why == _FROM_ENTRY else length < SHORTEST


def _beyond(needs: Sequence[Need], window: Period | None) -> str:
    """Say whether there may have been more."""
    if window is None or not needs or window["to"] <= window["from"]:
        return "There may have been more: the evidence ends there."
    if absence(needs, window)[0] is not Absence.NOT_SEEN:
        return "There may have been more: the logs do not cover all of the time."
    return "The logs cover the time."


def _names(items: Sequence[Exposure]) -> str:
    kinds = exposure_kinds()
    named = [
        f"{shortened(one.object, 2 * SHORT)}: {kinds[one.kind].title} ({one.state.value})"
        for one in items[:NAMED]
    ]
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return "; ".join(named) + more


def _parts(group: ExposureGroup) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for one in group.needs for part in one.split("+")))


def _looked(group: ExposureGroup, coverage: Sequence[Coverage]) -> Iterator[str]:
    """Name the logs that were looked at, with their time and how many holes they have."""
    by_kind = {row.kind: row for row in coverage}
    for kind in _parts(group):
        row = by_kind.get(kind)
        if row is not None and row.first and row.last:
            holes = len(row.gaps)
            gaps = f", {holes} gap{'s' if holes > 1 else ''}" if holes else ""
            yield f"{describe(kind)}, {_day(row.first)} to {_day(row.last)}{gaps}"


def _missing(needs: Sequence[Need], window: Period | None, why: str) -> Iterator[str]:
    if window is not None and _is_a_moment(window, why):
        yield f"evidence of {stretch(window)} only"
    yield from dict.fromkeys(one.log.note for one in needs if not one.log.covered)


def _day(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M}"
