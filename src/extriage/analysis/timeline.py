"""What happened when, on all servers of the case, in one row?

Attack steps, ways back, data that went, updates, the days on which the server became open, what a
protection programme said, what named accounts did, where logs begin, end and are silent, and what
was going on in the world. A line, or an act that stands in several logs, is told once, with the
furthest thing that it proves. Times are UTC.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from extriage.analysis.timelineattack import attack_told
from extriage.analysis.timelineserver import server_told
from extriage.analysis.timelinetold import Told
from extriage.model.case import Moment
from extriage.model.detection import Stage
from extriage.model.host import Host

MOST = 5000
"""Moments of one host; of more the most telling are kept, and the last one counts the others."""

PAUSE = timedelta(minutes=10)
"""The same act of the same person after a shorter pause is no moment of its own."""

_OF_STAGE = {
    Stage.PROBED: "before",
    Stage.REACHED: "way-in",
    Stage.PLANTED: "foothold",
    Stage.EXECUTED: "inside",
    Stage.ACTED: "inside",
    Stage.TAKEN: "taking",
}
_ANSWERS = ("antivirus", "patch")


def timeline(hosts: Sequence[Host]) -> tuple[Moment, ...]:
    """Return the moments of all hosts in the order of time; what has no time is left out."""
    return tuple(sorted((one for host in hosts for one in _of_host(host)), key=_order))


def _of_host(host: Host) -> list[Moment]:
    told = _runs(_once([*attack_told(host), *server_told(host)]))
    kept = told
    if len(told) > MOST:
        kept = sorted(told, key=lambda one: (-one.weight, _order(one.moment)))[: MOST - 1]
    moments = sorted((one.moment for one in kept), key=_order)
    moments = list(_phased(moments))
    if len(told) > len(kept):
        moments.append(_left_out(host.name, len(told) - len(kept), moments[-1].time))
    return moments


def _left_out(host: str, count: int, time: datetime) -> Moment:
    title = f"{count:,} further moments that tell less are left out of the timeline"
    return Moment(time, host, None, title, "", "", 0, "log", "", None, count)


def _order(moment: Moment) -> tuple[datetime, str, int, int, str, str, int, str]:
    rank = moment.stage.rank if moment.stage else 0
    place = (moment.source, moment.path, moment.line, moment.title)
    # NOTE: of one second a session is told before what happened in it, and then what it gave.
    turn = 0 if _whole_session(moment) else 2 if moment.source == "exposure" else 1
    return (moment.time, moment.host, turn, rank, *place)


def _whole_session(moment: Moment) -> bool:
    return moment.finding.startswith("s-") and not moment.path


def _once(told: Iterable[Told]) -> list[Told]:
    """Tell what several moments say of the same line, or of the same act, in one."""
    groups: dict[object, int] = {}
    members: dict[int, list[Told]] = {}
    for number, one in enumerate(told):
        known = sorted({groups[key] for key in one.keys if key in groups})
        group = known[0] if known else number
        members.setdefault(group, []).append(one)
        for other in known[1:]:
            members[group] += members.pop(other)
        keys = one.keys if len(known) < 2 else {k for m in members[group] for k in m.keys}
        groups.update(dict.fromkeys(keys, group))
    return [_merged(found) for found in members.values()]


def _merged(found: list[Told]) -> Told:
    """Return the furthest of several, from the first time on."""
    best = max(found, key=lambda one: (one.weight, -one.moment.time.timestamp(), one.moment.title))
    if len(found) == 1:
        return best
    first = min(one.moment.time for one in found)
    untils = [one.moment.until for one in found if one.moment.until]
    until = max(untils, default=None)
    by = best.moment.by or next((one.moment.by for one in found if one.moment.by), "")
    count = max(one.moment.count for one in found)
    until = until if until and until > first else None
    moment = replace(best.moment, time=first, until=until, count=count, by=by)
    return replace(best, moment=moment)


def _runs(told: Iterable[Told]) -> list[Told]:
    """Tell what somebody did again and again without a longer pause in one moment."""
    runs: dict[tuple[object, ...], Told] = {}
    done: list[Told] = []
    for one in sorted(told, key=lambda one: _order(one.moment)):
        moment = one.moment
        act = (moment.finding, moment.title, moment.by, moment.source, moment.stage)
        before = runs.get(act) if moment.finding else None
        if before and moment.time - (before.moment.until or before.moment.time) <= PAUSE:
            last = max(moment.until or moment.time, before.moment.until or before.moment.time)
            count = before.moment.count + moment.count
            until = last if last > before.moment.time else None
            runs[act] = replace(before, moment=replace(before.moment, until=until, count=count))
        elif moment.finding:
            if before:
                done.append(before)
            runs[act] = one
        else:
            done.append(one)
    return [*done, *runs.values()]


def _phased(moments: Sequence[Moment]) -> Iterator[Moment]:
    """Say of each moment which part of the story it belongs to."""
    steps = [one for one in moments if one.stage and one.stage is not Stage.PROBED]
    # NOTE: a session has its stage from its first request on, a line when it is proven.
    lines = [one.time for one in steps if not _whole_session(one)]
    entered = min(lines or [one.time for one in steps], default=None)
    for moment in moments:
        yield replace(moment, phase=_phase(moment, entered))


def _phase(moment: Moment, entered: datetime | None) -> str:
    inside = entered is not None and moment.time >= entered
    if moment.phase:
        return moment.phase if inside else "before"
    if moment.source in _ANSWERS:
        return "response" if inside else "before"
    if moment.stage is Stage.PROBED:
        return "way-in" if inside else "before"
    if moment.stage is not None:
        return _OF_STAGE[moment.stage]
    return "" if inside else "before"
