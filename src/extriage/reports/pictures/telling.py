"""What the timeline's picture says in words, offers to choose from, and hands to its script."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.model.case import Moment
from extriage.model.detection import Stage
from extriage.reports.pictures.axis import Axis, Span
from extriage.reports.pictures.shapes import day, minute, short

ROWS = 40
"""Rows of the table that stands for the picture."""
SOURCES: Mapping[str, str] = {
    "attack": "attack",
    "persistence": "ways back",
    "exposure": "data",
    "antivirus": "antivirus",
    "administrator": "administrators",
    "patch": "updates",
    "window": "holes opened or closed",
    "log": "logs begin or end",
    "published": "in the world",
}
"""Where moments come from, as the filters and lanes call it."""
PHASES: Mapping[str, str] = {
    "before": "before",
    "way-in": "way in",
    "foothold": "foothold",
    "inside": "inside",
    "taking": "taking data",
    "response": "response",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that the reader can show or hide."""

    key: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Row:
    """A moment in words."""

    time: str
    stage: str
    title: str
    by: str
    server: str
    link: str


@dataclass(frozen=True, slots=True)
class Told:
    """A moment, its position in the case, its lane and where a click leads."""

    at: int
    moment: Moment
    lane: str
    link: str
    host: str
    """Empty in the picture of one server."""


def most_telling(found: Sequence[tuple[int, Moment]], bound: int) -> list[tuple[int, Moment]]:
    """Keep what proves most if there is too much; in the order of time."""
    if len(found) <= bound:
        return list(found)
    best = sorted(found, key=lambda one: (*tells(one[1]), one[0]))[:bound]
    return sorted(best)


def tells(one: Moment) -> tuple[int, int]:
    """Sort key: what proves most first."""
    sources = list(SOURCES)
    place = sources.index(one.source) if one.source in sources else len(sources)
    return (-one.stage.rank if one.stage else 0, place)


def style(one: Moment) -> str:
    """Return the symbol of a moment: its stage, or that of what is no step of an attack."""
    return one.stage.value if one.stage else "note"


def choices(moments: Sequence[Moment]) -> tuple[tuple[Choice, ...], ...]:
    """Return what can be shown or hidden: by source, by stage, by part of the story."""
    sources = Counter(one.source for one in moments)
    stages = Counter(one.stage.value if one.stage else "" for one in moments)
    phases = Counter(one.phase for one in moments)
    named = {stage.value: stage.value for stage in Stage} | {"": "no stage"}
    return (
        tuple(Choice(key, name, sources[key]) for key, name in SOURCES.items() if sources[key]),
        tuple(Choice(key, name, stages[key]) for key, name in named.items() if stages[key]),
        tuple(
            Choice(key, name, phases[key])
            for key, name in (*PHASES.items(), ("", "no phase"))
            if phases[key]
        ),
    )


def reading(moments: Sequence[Moment], *, several: bool) -> str:
    """Say in a sentence from when to when, and what came first and furthest."""
    steps = [one for one in moments if one.stage and one.stage is not Stage.PROBED]
    if not moments:
        return "Nothing in this case has a time: there is no timeline."
    if not steps:
        return (
            f"{len(moments):,} moments from {day(moments[0].time)} to {day(moments[-1].time)}; "
            "none of them shows that an attack worked."
        )
    furthest = min(steps, key=tells)
    servers = len({one.host for one in steps})
    where = f" on {servers} servers" if several else ""
    name = furthest.stage.value if furthest.stage else ""
    first, last = minute(steps[0].time), minute(max(one.until or one.time for one in steps))
    if first == last:
        return f"What worked is seen at {first} UTC{where}; the furthest stage is {name}."
    return (
        f"The first step that worked is seen at {first} UTC, the last at {last} UTC{where}; "
        f"the furthest stage, {name}, at {minute(furthest.time)} UTC."
    )


def notes(drawn: Axis | None, total: int, kept: int) -> Iterator[str]:
    """Say what a reader must know of the drawing itself."""
    if drawn is not None and drawn.broken:
        yield (
            "The scale of time changes at the zigzag lines: grey stretches are squeezed, so that "
            "the rest can be seen."
        )
    if kept < total:
        yield (
            f"{total - kept:,} of {total:,} moments, those that tell least, are not in the "
            "picture; the case has all of them (extriage timeline)."
        )


def table_rows(told: Sequence[Told], *, several: bool) -> tuple[Row, ...]:
    """Return the most telling moments in words, in the order of time."""
    best = sorted(told, key=lambda one: (*tells(one.moment), one.moment.time))[:ROWS]
    return tuple(
        Row(
            *(minute(one.moment.time), one.moment.stage.value if one.moment.stage else ""),
            *(short(one.moment.title, 160), short(one.moment.by, 60)),
            *(short(one.moment.host, 40) if several else "", one.link),
        )
        for one in sorted(best, key=lambda one: one.at)
    )


def script_data(
    drawn: Axis,
    lanes: Sequence[tuple[str, int, str]],
    told: Sequence[Told],
    visits: Sequence[tuple[int, Span]],
) -> dict[str, object]:
    """Return what the script draws: times in milliseconds since 1970.

    `lanes` are what each is known by, where it lies, and what it is called; `visits` are those of
    intruders, each with the position of its lane.
    """
    order = {key: at for at, (key, _, _) in enumerate(lanes)}
    return {
        "scale": [
            [_ms(one.start), _ms(one.end), round(one.left, 5), round(one.right, 5), one.squeezed]
            for one in drawn.stretches
        ],
        "lanes": [[y, short(name, 30)] for _, y, name in lanes],
        "visits": [[lane, _ms(start), _ms(end)] for lane, (start, end) in visits],
        "moments": [_packed(one, order) for one in told],
    }


def _packed(told: Told, order: Mapping[str, int]) -> list[object]:
    one = told.moment
    return [
        *(_ms(one.time), _ms(one.until) if one.until else 0, order[told.lane], style(one)),
        *(one.source if one.source in SOURCES else "", one.phase if one.phase in PHASES else ""),
        *(short(one.title, 140), short(one.by, 50), one.count, told.at, told.link),
        short(told.host, 40),
    ]


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)
