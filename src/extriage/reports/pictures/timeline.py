"""The attack in one picture: who did what when, beside what happened to the server and the world.

One lane for each intruder, for each stage, and for what is no step of an attack; for all servers of
a case, one lane a server. The drawing gathers what is too close to be told apart, so its size has a
bound; the moments themselves ride along for the page's script, as many as a page can carry.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from extriage.model.case import Case, Moment
from extriage.model.host import Host
from extriage.reports.anchors import anchors, moment_anchor
from extriage.reports.meanings import badness
from extriage.reports.pictures.axis import Axis, Span, axis
from extriage.reports.pictures.shapes import ROW, STAGES, Mark, Strip, joined, minute, short
from extriage.reports.pictures.telling import (
    SOURCES,
    Choice,
    Row,
    Told,
    choices,
    most_telling,
    notes,
    reading,
    script_data,
    style,
    table_rows,
    tells,
)

PAGE = 3_000
"""Moments that the page carries for all servers together."""
LEAST, MOST = 12, 1_500
"""Moments of one server that it carries at least and at most."""
LANES = 30
"""Servers that get a lane of their own in the picture of all."""
INTRUDERS = 4
BINS = (26, 64)
"""Marks in a lane, on narrow and on wide screens."""
_ATTACK = ("attack", "persistence", "exposure")
_SPAN = timedelta(minutes=1)
_MARGIN = 0.02
_VISITS = 300
"""Sessions that the script draws at the most."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One line of the picture."""

    key: str
    """What the script knows it by: a stage, a source, or the position of a server."""
    label: str
    words: str
    """What stands in it, in full."""
    strips: tuple[Strip, ...]
    marks: tuple[tuple[Mark, ...], ...]
    """For each of `BINS`."""
    y: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """The picture of a server's moments, or of all servers'."""

    axis: Axis | None
    lanes: tuple[Lane, ...]
    sources: tuple[Choice, ...]
    stages: tuple[Choice, ...]
    phases: tuple[Choice, ...]
    total: int
    drawn: int
    """Moments that are in the picture; of more than a page can carry the most telling."""
    height: int
    reading: str
    notes: tuple[str, ...]
    rows: tuple[Row, ...]
    several: bool
    legend: Mapping[str, str]
    """The stages that occur, and what they mean."""
    data: dict[str, object]
    """What the page's script needs: the scale, the lanes, and the moments."""


def attack_timeline(case: Case, host: Host | None) -> Timeline:
    """Return the timeline of a server of the case, or with None that of all servers."""
    positions = {one.name: at for at, one in reversed(list(enumerate(case.hosts)))}
    own = positions.get(host.name) if host else None
    shown = enumerate(case.hosts) if host is None else [(own or 0, host)]
    places = {position: dict(anchors(one, position)) for position, one in shown}
    found = [
        (at, one)
        for at, one in enumerate(case.timeline)
        if host is None or positions.get(one.host) == own
    ]
    bound = PAGE if host is None else min(max(PAGE // max(len(case.hosts), 1), LEAST), MOST)
    kept = most_telling(found, bound)
    lanes = _server_lanes(case, kept) if host is None else _lanes(kept)
    told = [_told(at, one, positions, places, several=host is None) for at, one in kept]
    told = [one for one in told if one.lane in lanes]
    return _picture(host, told, lanes, len(found))


def _told(
    at: int,
    one: Moment,
    positions: Mapping[str, int],
    places: Mapping[int, Mapping[str, str]],
    *,
    several: bool,
) -> Told:
    """Say in which lane a moment stands, and where on the page its proof is."""
    lane, host = _lane(one, positions, several=several), positions.get(one.host)
    own = "" if host is None else places[host].get(one.finding, "")
    link = own or ("" if host is None else moment_anchor(host, at))
    return Told(at, one, lane, link, one.host if several else "")


def _lane(one: Moment, positions: Mapping[str, int], *, several: bool) -> str:
    if several:
        return str(positions.get(one.host, ""))
    if one.source in _ATTACK and one.stage:
        return one.stage.value
    return one.source if one.source in SOURCES else "attack"


_LANES: Mapping[str, tuple[str, str]] = {
    "published": ("in the world", "what was published of these holes"),
    "window": ("opened or closed", "days on which the server became open, or closed"),
    "patch": ("updates", "builds as they were first seen"),
    "log": ("logs begin or end", "where logs begin, end and are silent"),
    "administrator": ("administrators", "what named accounts did"),
    "antivirus": ("antivirus", "what a protection programme said"),
    "attack": ("steps, stage unproved", "what intruders did that proves no stage by itself"),
    "probed": ("tried (probed)", "somebody tried"),
    "reached": ("got through (reached)", "the hole answered"),
    "planted": ("left something (planted)", "something of theirs was written"),
    "executed": ("ran code (executed)", "their code ran"),
    "acted": ("went on (acted)", "they went on: credentials, accounts, other servers"),
    "taken": ("took data (taken)", "data left"),
    "persistence": ("ways back", "ways back in, where nothing proves a stage"),
    "exposure": ("data", "data within reach"),
}


def _lanes(kept: Sequence[tuple[int, Moment]]) -> dict[str, tuple[str, str]]:
    """Return the lanes that have something in them, from the world down to the data."""
    there = {_lane(one, {}, several=False) for _, one in kept}
    return {key: words for key, words in _LANES.items() if key in there}


def _server_lanes(case: Case, kept: Sequence[tuple[int, Moment]]) -> dict[str, tuple[str, str]]:
    """Return a lane for each server that has moments, worst first."""
    there = {one.host for _, one in kept}
    ranked = sorted(
        ((at, one) for at, one in enumerate(case.hosts) if one.name in there),
        key=lambda one: (badness(one[1]), one[0]),
    )
    return {
        str(at): (short(one.name, 30), f"{short(one.name, 60)}: {one.verdict.status.value}")
        for at, one in ranked[:LANES]
    }


def _picture(
    host: Host | None, told: Sequence[Told], lanes: Mapping[str, tuple[str, str]], total: int
) -> Timeline:
    moments = [one.moment for one in told]
    visits = _visits(host) if host else {}
    spans = [(one.time, one.until or one.time) for one in moments]
    spans += [span for some in visits.values() for span in some]
    drawn = axis(spans, _busy(moments, visits), _SPAN, _MARGIN)
    rows = tuple(_drawn(drawn, told, lanes, visits)) if drawn else ()
    sources, stages, phases = choices(moments)
    return Timeline(
        axis=drawn,
        lanes=rows,
        sources=sources,
        stages=stages,
        phases=phases,
        total=total,
        drawn=len(told),
        height=ROW * (len(rows) + 1),
        reading=reading(moments, several=host is None),
        notes=tuple(notes(drawn, total, len(told))),
        rows=table_rows(told, several=host is None),
        several=host is None,
        legend={one.key: STAGES[one.key] for one in stages if one.key},
        data=_data(drawn, rows, told, visits) if drawn else {},
    )


def _data(
    drawn: Axis, rows: Sequence[Lane], told: Sequence[Told], visits: Mapping[str, Sequence[Span]]
) -> dict[str, object]:
    lanes = [(one.key, one.y, one.label) for one in rows]
    own = [(at, span) for at, some in enumerate(visits.values()) for span in some]
    return script_data(drawn, lanes, told, own[:_VISITS])


def _busy(moments: Iterable[Moment], visits: Mapping[str, Sequence[Span]]) -> list[Span]:
    """Return what must be seen well: the attack; without one, everything."""
    found = list(moments)
    attack = [one for one in found if one.source in _ATTACK or one.stage]
    spans = [(one.time, one.time) for one in attack or found]
    return spans + [span for some in visits.values() for span in some]


def _visits(host: Host) -> dict[str, list[Span]]:
    """Return when each intruder was there; of many, the last ones together."""
    found: dict[str, list[Span]] = defaultdict(list)
    for one in host.sessions:
        if one.intruder:
            known = one.intruder in found or len(found) < INTRUDERS
            found[one.intruder if known else "others"].append((one.first, one.last))
    return found


def _drawn(
    drawn: Axis,
    told: Sequence[Told],
    lanes: Mapping[str, tuple[str, str]],
    visits: Mapping[str, Sequence[Span]],
) -> Iterator[Lane]:
    y = ROW
    for name, spans in visits.items():
        label = short(name.replace("-", " "), 24)
        strips = joined(drawn, spans, "visit")
        yield Lane(f"visit:{label}", label, f"sessions of {label}", strips, ((), ()), y)
        y += ROW
    members: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        members[one.lane].append(one)
    for key, (label, words) in lanes.items():
        lasting = [(one.moment.time, one.moment.until) for one in members[key]]
        strips = joined(drawn, ((first, last) for first, last in lasting if last), "lasting")
        marks = tuple(_marks(drawn, members[key], bins) for bins in BINS)
        yield Lane(key, label, words, strips, marks, y)
        y += ROW


def _marks(drawn: Axis, told: Sequence[Told], bins: int) -> tuple[Mark, ...]:
    found: dict[int, list[Told]] = defaultdict(list)
    for one in told:
        found[min(int(drawn.place(one.moment.time) * bins), bins - 1)].append(one)
    return tuple(_mark(drawn, found[at]) for at in sorted(found))


def _mark(drawn: Axis, told: Sequence[Told]) -> Mark:
    best = min(told, key=lambda one: (*tells(one.moment), one.moment.time, one.at)).moment
    more = f" (and {len(told) - 1} more)" if len(told) > 1 else ""
    text = f"{minute(best.time)} UTC {short(best.title, 110)}{more}"
    return Mark(drawn.place(best.time), style(best), len(told), text)
