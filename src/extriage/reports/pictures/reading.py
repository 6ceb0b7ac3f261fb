"""The sentence below the coverage map: what the picture says, computed from the same numbers."""

from collections.abc import Sequence
from datetime import timedelta

from extriage.analysis.absence import need
from extriage.knowledge.evidence import describe
from extriage.model.evidence import Period
from extriage.model.host import Coverage, Host
from extriage.reports.pictures.axis import long_words
from extriage.reports.pictures.blindness import Opening
from extriage.reports.pictures.shapes import day


def reading(host: Host, opened: Sequence[Opening]) -> str:
    """Say in a sentence or two from when on an attack would have been seen, and what is hidden."""
    if not opened:
        return _without_windows(host)
    lead = opened[0]
    window: Period = {"from": lead.start, "to": lead.end}
    if not lead.blind:
        text = (
            f"{lead.campaign} {_was_open(lead)} from {day(lead.start)} to {day(lead.end)}: "
            "the logs that would show an attack reach over all of it."
        )
        return text + _partly(lead)
    if lead.blind == (window,):
        return (
            f"{lead.campaign} {_was_open(lead)} from {day(lead.start)} to {day(lead.end)}: "
            f"in none of these {_days(lead.end - lead.start)} could an attack have been seen. "
            + _want(host, lead, window)
        )
    begun = _begin(host, lead, window)
    hidden = f"{_days(lead.long_blind)} in which an attack could not have been seen"
    return f"{begun}{lead.campaign} {_was_open(lead)} since {day(lead.start)}: {hidden}."


def band_words(one: Opening) -> str:
    """Say from when to when a campaign could come in; not that it did."""
    until = f"to {day(one.end)}" if one.closed else f"and still on {day(one.end)}"
    return f"{_was_open(one)} from {day(one.start)} {until}"


def blind_words(one: Opening) -> str:
    """Say for how long nobody could have seen it."""
    return f"for {_days(one.long_blind)} an attack could not have been seen"


def _was_open(one: Opening) -> str:
    return "was open" if one.proved else "may have been open"


def _days(long: timedelta) -> str:
    if long < timedelta(days=2):
        return long_words(long)
    # NOTE: begun days, as in the windows of advisories.
    return f"{-(-long // timedelta(days=1)):,} days"


def _partly(lead: Opening) -> str:
    return " Parts of it could not have been seen at times." if lead.partly else ""


def _begin(host: Host, lead: Opening, window: Period) -> str:
    """Name the log that reaches back the furthest, if the hidden time is the time before it."""
    rows = {one.kind: one for one in host.coverage}
    firsts = [
        (row.first, row.kind)
        for kind in lead.kinds
        if (row := rows.get(kind)) and row.first and row.first > window["from"]
    ]
    if not firsts or lead.blind[0]["from"] != window["from"]:
        return ""
    first, kind = min(firsts)
    return f"The {describe(kind)} reach back to {day(first)}; "


def _want(host: Host, lead: Opening, window: Period) -> str:
    """Say why: what is missing, or what each log lacks."""
    notes = [need(kind, host.coverage, window).log.note for kind in lead.kinds]
    reasons = "; ".join(dict.fromkeys(notes[:4]))
    more = f"; and {len(notes) - 4} more" if len(notes) > 4 else ""
    return f"Why: {reasons}{more}." if notes else ""


def _without_windows(host: Host) -> str:
    timed: list[Coverage] = [one for one in host.coverage if one.first and one.last]
    if not timed:
        return "Nothing in the evidence carries a time: nobody can tell what it would have shown."
    first = min(one.first for one in timed if one.first)
    last = max(one.last for one in timed if one.last)
    return (
        f"The evidence reaches from {day(first)} to {day(last)}. No time is known in which this "
        "server was open to a campaign, so nothing is drawn above the logs."
    )
