"""The patch history: which build ran when, which holes stood open meanwhile, and what came in.

Only holes that somebody was known to use are drawn, those that opened and closed together in one
row. A solid bar is proved by builds that were seen; a dashed one is the longest that it can have
been.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from extriage.knowledge.builds import build_table, number
from extriage.model.detection import Stage
from extriage.model.evidence import BuildSeen
from extriage.model.host import AdvisoryState, Host, OpenWindow
from extriage.reports.ladder import short_names
from extriage.reports.pictures.axis import Axis, Span, axis
from extriage.reports.pictures.shapes import (
    HEAD,
    ROW,
    Mark,
    Strip,
    day,
    joined,
    minute,
    short,
    stage_marks,
    strip,
)

BUILDS, ROWS = 10, 20
BINS = 44
_LEAST = timedelta(hours=1)
_MARGIN = 0.02


@dataclass(frozen=True, slots=True)
class BuildRow:
    """One build, and when records named it."""

    label: str
    words: str
    strips: tuple[Strip, ...]
    y: int


@dataclass(frozen=True, slots=True)
class HoleRow:
    """Holes that stood open in the same time."""

    label: str
    cves: str
    days: str
    words: str
    strip: Strip
    still_open: bool
    proved: bool
    marks: tuple[Mark, ...]
    note: str
    y: int


@dataclass(frozen=True, slots=True)
class PatchHistory:
    """The picture, and the same in words."""

    axis: Axis | None
    builds: tuple[BuildRow, ...]
    holes: tuple[HoleRow, ...]
    support: float | None
    """Where support ended, if that lies in the drawing."""
    holes_top: int
    height: int
    reading: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Family:
    """Advisories with one and the same window."""

    rows: tuple[AdvisoryState, ...]
    window: OpenWindow


def patch_history(host: Host) -> PatchHistory:
    """Return the patch history of a server; without an axis if nothing of it has a time."""
    families = _families(host.patch.advisories)
    timed = _by_build(host.patch.sources)
    drawn = _axis(host, families, timed)
    builds = tuple(_builds(drawn, timed)) if drawn else ()
    top = HEAD + ROW * len(builds) if builds else 0
    holes = tuple(_holes(drawn, host, families, top)) if drawn else ()
    height = top + (HEAD + ROW * len(holes) if holes else 0)
    return PatchHistory(
        axis=drawn,
        builds=builds,
        holes=holes,
        support=_support(drawn, host.patch.support.until),
        holes_top=top,
        height=height,
        reading=_reading(host, families),
        notes=tuple(_notes(host, drawn, families, timed)),
    )


def _families(advisories: Iterable[AdvisoryState]) -> list[_Family]:
    """Gather what opened and closed together; what is still open first, then by its beginning."""
    found: dict[tuple[datetime, datetime, bool, bool], list[AdvisoryState]] = defaultdict(list)
    windows: dict[tuple[datetime, datetime, bool, bool], OpenWindow] = {}
    for one in advisories:
        if one.window and one.window["from"] <= one.window["to"]:
            window = one.window
            key = (window["from"], window["to"], window["closed"], window["proved"])
            found[key].append(one)
            windows[key] = window
    order = sorted(found, key=lambda key: (key[2], not key[3], key[0], key[1]))
    return [_Family(tuple(found[key]), windows[key]) for key in order]


def _by_build(sources: Sequence[BuildSeen]) -> dict[str, list[Span]]:
    """Return when records named each build, the oldest build first."""
    found: dict[str, list[Span]] = defaultdict(list)
    for one in sources:
        if one.first and one.last and one.first <= one.last:
            found[one.build].append((one.first, one.last))
    return dict(sorted(found.items(), key=lambda one: (number(one[0]) or (), one[0])))


def _axis(host: Host, families: Sequence[_Family], timed: dict[str, list[Span]]) -> Axis | None:
    seen = [span for spans in timed.values() for span in spans]
    windows = [(one.window["from"], one.window["to"]) for one in families[:ROWS]]
    steps = [(at, at) for at, _, _, _ in _steps(host)] if windows or seen else []
    return axis([*seen, *windows, *steps], [*seen, *steps], _LEAST, _MARGIN)


def _steps(host: Host) -> Iterator[tuple[datetime, Stage, str, tuple[str, ...]]]:
    """Yield the timed lines that prove a stage of an attack through a named hole."""
    for one in host.findings:
        if one.stage is not None and one.cves and not one.raw:
            for line in one.evidence:
                if line.time:
                    yield line.time, one.stage, one.title, one.cves


def _builds(drawn: Axis, timed: dict[str, list[Span]]) -> Iterator[BuildRow]:
    for at, (build, spans) in enumerate(list(timed.items())[-BUILDS:]):
        first, last = min(one[0] for one in spans), max(one[1] for one in spans)
        words = f"seen {minute(first)} to {minute(last)} UTC"
        yield BuildRow(_build(build), words, joined(drawn, spans, "there"), HEAD + ROW * at)


def _build(build: str) -> str:
    parts = number(build)
    known = build_table().name(parts) if parts else None
    name = (known.su or known.cu) if known and known.number == parts else ""
    return short(f"{build} ({name})" if name else build, 36)


def _holes(drawn: Axis, host: Host, families: Sequence[_Family], top: int) -> Iterator[HoleRow]:
    steps = list(_steps(host))
    for at, one in enumerate(families[:ROWS]):
        cves = {row.cve for row in one.rows}
        own = [(time, stage, title) for time, stage, title, of in steps if cves & set(of)]
        window = one.window
        words = _words(window)
        style = "proved" if window["proved"] else "unproved"
        yield HoleRow(
            label=short(_label(one.rows), 40),
            cves=short(short_names(sorted(cves)[:6]), 80) + _more(len(cves) - 6),
            days=_days(window),
            words=words,
            strip=strip(drawn, window["from"], window["to"], style, words),
            still_open=not window["closed"],
            proved=window["proved"],
            marks=stage_marks(drawn, own, BINS),
            note=short(window["note"], 400),
            y=top + HEAD + ROW * at,
        )


def _label(rows: Sequence[AdvisoryState]) -> str:
    """Call holes by the name that people know, if they share one; else by the CVE."""
    names = dict.fromkeys(row.name.partition(":")[0] for row in rows if ":" in row.name)
    if len(rows) == 1:
        return next(iter(names), "") or rows[0].cve
    if len(names) == 1:
        return f"{next(iter(names))} ({len(rows)} CVEs)"
    return f"{rows[0].cve}{_more(len(rows) - 1)}"


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""


def _words(window: OpenWindow) -> str:
    """Say how long holes stood open."""
    end = "closed on" if window["closed"] else "still open on"
    return f"{_days(window)}, {end} {day(window['to'])}"


def _days(window: OpenWindow) -> str:
    days = f"{window['days']:,} {'day' if window['days'] == 1 else 'days'}"
    return days if window["proved"] else f"at most {days}"


def _support(drawn: Axis | None, until: date | None) -> float | None:
    if drawn is None or until is None:
        return None
    end = datetime.combine(until, time(), UTC)
    return drawn.place(end) if drawn.start <= end <= drawn.end else None


def _reading(host: Host, families: Sequence[_Family]) -> str:
    """Say how many holes in use stood open at the end, since when, and what build that was."""
    build = host.patch.build
    ran = f"Build {_build(build)}: " if build else "No build was seen: "
    still = [one for one in families if not one.window["closed"]]
    if not families:
        return f"{ran}no hole that somebody was known to use can be shown to have stood open."
    if not still:
        last = max(one.window["to"] for one in families)
        return f"{ran}{_holes_words(families)} in use stood open, all closed by {day(last)}."
    first = min(still, key=lambda one: one.window["from"]).window
    return (
        f"{ran}{_holes_words(still)} that attackers use stood open when the evidence ends "
        f"({day(first['to'])}), the longest since {day(first['from'])}, {first['days']:,} days."
    )


def _holes_words(families: Sequence[_Family]) -> str:
    count = sum(len(one.rows) for one in families)
    return f"{count} {'hole' if count == 1 else 'holes'}"


def _notes(
    host: Host, drawn: Axis | None, families: Sequence[_Family], timed: dict[str, list[Span]]
) -> Iterator[str]:
    if drawn is not None and drawn.broken:
        yield "The scale of time changes at the zigzag lines: grey stretches are squeezed."
    if len(families) > ROWS:
        yield f"{len(families) - ROWS} more rows of open holes are in the list of advisories."
    if len(timed) > BUILDS:
        yield f"{len(timed) - BUILDS} older builds are not drawn."
    silent = dict.fromkeys(one.build for one in host.patch.sources if one.build not in timed)
    if silent:
        names = ", ".join(_build(one) for one in list(silent)[:4])
        yield f"Named by files without a time: {names}{_more(len(silent) - 4)}."
    if host.patch.support.note:
        note = short(host.patch.support.note, 300)
        yield f"{note[:1].upper()}{note[1:]}."
