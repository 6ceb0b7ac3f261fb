"""The coverage map: which evidence was there when, beside the time in which the server was open.

Logs and days in one picture: above, when which campaign could have come in, hatched where nobody
could have seen it; then a row for each kind of evidence, what the verdict needs first and empty
where it is missing; below, what was found. So a reader sees at once what "nothing found" is worth.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from extriage.knowledge.evidence import describe
from extriage.model.detection import Finding, Stage
from extriage.model.evidence import Period
from extriage.model.host import Coverage, Host
from extriage.reports.neutral import cut
from extriage.reports.pictures.axis import Axis, Span, axis
from extriage.reports.pictures.blindness import Opening, kinds_of, openings, remaining
from extriage.reports.pictures.reading import band_words, blind_words, reading
from extriage.reports.pictures.shapes import (
    HEAD,
    LABEL,
    ROW,
    Mark,
    Strip,
    bars,
    day,
    joined,
    minute,
    short,
    stage_marks,
    strip,
)

BANDS, ROWS = 7, 24
"""Open windows and kinds of evidence that are drawn at the most; the rest is counted."""
BINS = 44
_LEAST = timedelta(minutes=2)
_NEAR = 0.003
"""Shares of the drawing's width that nobody can tell apart."""
_GROUPS = {
    "httpproxy": "web", "iis": "web", "iis-native": "web", "httperr": "web",
    "ecp-server": "exchange", "ecp-activity": "exchange", "oab-generator": "exchange",
    "ews": "exchange", "rps-http": "exchange", "rps-cmdlet": "exchange",
    "message-tracking": "exchange", "smtp": "exchange", "connectivity": "exchange",
    "agent": "exchange", "audit": "exchange", "imap-pop": "exchange", "exchange-log": "exchange",
    "events": "events",
}  # fmt: skip
_TITLES = {
    "web": "Web logs",
    "exchange": "Exchange logs",
    "events": "Windows events",
    "files": "Files and settings",
}


@dataclass(frozen=True, slots=True)
class Band:
    """One campaign's open window."""

    label: str
    words: str
    """Since when, and how sure that is; stands in the band."""
    strip: Strip
    blind: tuple[Strip, ...]
    since: float | None
    """Where it begins; None if that lies before the drawing."""
    still_open: bool
    y: int


@dataclass(frozen=True, slots=True)
class KindRow:
    """One kind of evidence."""

    label: str
    note: str
    """What the bars do not say: `missing`, `3 files, no times`, `1 file damaged`."""
    needed: bool
    missing: bool
    early: bool
    """Whether it reaches back further than the drawing."""
    bars: tuple[Strip, ...]
    y: int


@dataclass(frozen=True, slots=True)
class Group:
    """Kinds of evidence that belong together."""

    title: str
    rows: tuple[KindRow, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the table that says the same in words."""

    kind: str
    use: str
    files: int
    records: int
    first: str
    last: str
    gaps: str
    note: str


@dataclass(frozen=True, slots=True)
class CoverageMap:
    """The picture, and the same in words."""

    axis: Axis | None
    bands: tuple[Band, ...]
    groups: tuple[Group, ...]
    zones: tuple[Strip, ...]
    """Where no log that is needed has anything while the server was open."""
    marks: tuple[Mark, ...]
    sessions: tuple[Strip, ...]
    top: int
    """Where the rows of evidence begin."""
    bottom: int
    """Where they end, and what happened begins."""
    height: int
    """Where the axis is drawn."""
    reading: str
    notes: tuple[str, ...]
    table: tuple[Listed, ...]
    told: tuple[str, ...]
    """The open windows in words."""
    legend: frozenset[str]
    """Styles of strips that occur."""


def coverage_map(host: Host) -> CoverageMap:
    """Return the coverage map of a server; without an axis if nothing carries a time."""
    opened = openings(host)
    kinds = _ordered(host)
    drawn = _axis(host, opened)
    shown = kinds[:ROWS]
    bands = tuple(_bands(drawn, opened)) if drawn else ()
    top = HEAD + ROW * len(bands) if bands else 0
    groups = tuple(_groups(drawn, shown, top))
    bottom = top + sum(HEAD + ROW * len(one.rows) for one in groups)
    marks = stage_marks(drawn, _steps(host), BINS) if drawn else ()
    sessions = joined(drawn, _visits(host), "visit") if drawn else ()
    below = HEAD + ROW * (bool(marks) + bool(sessions)) if marks or sessions else 0
    return CoverageMap(
        *(drawn, bands, groups, _zones(drawn, opened, kinds), marks, sessions),
        *(top, bottom, bottom + below, reading(host, opened)),
        tuple(_notes(drawn, opened, kinds, bands)),
        tuple(_listed(*one) for one in kinds[:200]),
        tuple(_told(one) for one in opened[:40]),
        _styles(bands, groups),
    )


def _styles(bands: Sequence[Band], groups: Sequence[Group]) -> frozenset[str]:
    rows = [row for group in groups for row in group.rows]
    found = {one.style for row in rows for one in row.bars}
    found |= {one.style for band in bands for one in (band.strip, *band.blind)}
    return frozenset(found | ({"nothing"} if any(row.missing for row in rows) else set()))


def _ordered(host: Host) -> list[tuple[Coverage, bool]]:
    """Return what a verdict needs first, there or not, then the rest; without what parts repeat."""
    needed = dict.fromkeys(
        kind for campaign in host.campaigns for cve in campaign.coverage for kind in kinds_of(cve)
    )
    there = {one.kind: one for one in host.coverage}
    absent = [Coverage(kind, 0, 0, 0, None, None, ()) for kind in needed if kind not in there]
    rows = [one for one in host.coverage if not _repeated(one.kind, needed, there)]
    return sorted(
        ((one, one.kind in needed) for one in (*rows, *absent)),
        key=lambda row: (not row[1], row[0].files == 0, not row[0].first, row[0].kind),
    )


def _repeated(kind: str, needed: Iterable[str], there: Iterable[str]) -> bool:
    """Tell whether a row says what others say: a part nobody needs, the whole of needed parts."""
    if kind in needed:
        return False
    base, _, part = kind.partition(":")
    if part:
        return base != "events" and base in there
    return any(one.startswith(f"{kind}:") and one in there for one in needed)


def _axis(host: Host, opened: Sequence[Opening]) -> Axis | None:
    """Reach from the earliest time that counts to the end of the evidence."""
    covered = [(one.first, one.last) for one in host.coverage if one.first and one.last]
    found = [(time, time) for time, _, _ in _steps(host)]
    visits = list(_visits(host))
    asked = [one for one in opened if one.seen] or [one for one in opened if one.weighs] or opened
    windows = [(one.start, one.end) for one in asked]
    if windows and covered:
        ends = [last for _, last in covered]
        windows.append((min(one[0] for one in windows), max(*ends, min(one[0] for one in windows))))
    busy = [span for one in host.coverage for span in _pieces(one)]
    return axis([*(windows or covered), *found, *visits], [*busy, *found, *visits], _LEAST)


def _pieces(row: Coverage) -> Iterator[Span]:
    if row.first and row.last:
        at = row.first
        for gap in row.gaps:
            yield at, max(gap["from"], at)
            at = gap["to"]
        yield at, max(row.last, at)


def _bands(drawn: Axis, opened: Sequence[Opening]) -> Iterator[Band]:
    inside = [one for one in opened if one.end > drawn.start and one.start < drawn.end]
    for number, one in enumerate(inside[:BANDS]):
        style = "proved" if one.proved else "unproved"
        words = band_words(one)
        blind = [strip(drawn, gap["from"], gap["to"], "blind") for gap in one.blind]
        partly = [strip(drawn, gap["from"], gap["to"], "partly") for gap in one.partly]
        yield Band(
            *(short(one.campaign), words, strip(drawn, one.start, one.end, style, words)),
            (*_few(partly), *_few(blind)),
            drawn.place(one.start) if one.start >= drawn.start else None,
            not one.closed and one.end <= drawn.end,
            HEAD + ROW * number,
        )


def _few(strips: Sequence[Strip]) -> list[Strip]:
    """Join pieces that nobody can tell apart, so that a picture stays small."""
    kept: list[Strip] = []
    for one in strips:
        if kept and one.left - kept[-1].right < _NEAR:
            first = kept.pop()
            kept.append(Strip(first.left, one.right - first.left, one.style, one.title))
        else:
            kept.append(one)
    return kept


def _groups(
    drawn: Axis | None, shown: Sequence[tuple[Coverage, bool]], top: int
) -> Iterator[Group]:
    y = top
    for name, title in _TITLES.items():
        members = [row for row in shown if _group(row[0].kind) == name]
        if not members:
            continue
        y += HEAD
        rows = []
        for coverage, needed in members:
            rows.append(_row(drawn, coverage, y, needed=needed))
            y += ROW
        yield Group(title, tuple(rows))


def _group(kind: str) -> str:
    return _GROUPS.get(kind.partition(":")[0], "files")


def _row(drawn: Axis | None, one: Coverage, y: int, *, needed: bool) -> KindRow:
    missing = not one.files and not one.records
    pieces: tuple[Strip, ...] = ()
    if drawn and one.first and one.last:
        pieces = bars(drawn, one.first, one.last, one.gaps)
    early = bool(drawn and one.first and one.first < drawn.start)
    # NOTE: the group says that they are events; on a phone there is no room to say it again.
    name = cut(label(one.kind).removesuffix(" events"), LABEL, head=0.3)
    return KindRow(name, _note(one, drawn), needed, missing, early, pieces, y)


def label(kind: str) -> str:
    """Return what a kind is called beside its row; long names of channels lose what says little."""
    name = describe(kind).replace("/Operational events", " events")
    return name.removeprefix("Microsoft-Windows-").removeprefix("Microsoft-Exchange-")


def _note(one: Coverage, drawn: Axis | None) -> str:
    """Say what the bars do not."""
    if not one.files and not one.records:
        return "missing"
    words = [f"{one.unreadable} of {one.files} damaged"] if one.unreadable else []
    if one.first is None or one.last is None:
        words.append(f"{one.files:,} found, without times")
    elif drawn and one.last < drawn.start:
        words.append(f"ends before this, on {day(one.last)}")
    return ", ".join(words)


def _zones(
    drawn: Axis | None, opened: Sequence[Opening], kinds: Sequence[tuple[Coverage, bool]]
) -> tuple[Strip, ...]:
    """Return where the server was open and no log that is needed has anything at all."""
    if drawn is None:
        return ()
    there: list[Period] = [
        {"from": start, "to": end} for one, needed in kinds if needed for start, end in _pieces(one)
    ]
    windows = [one for one in opened if one.weighs] or opened
    empty = [
        (gap["from"], gap["to"])
        for one in windows
        for gap in remaining({"from": one.start, "to": one.end}, there)
    ]
    return tuple(one for one in joined(drawn, empty, "zone") if one.width > _NEAR)


def _steps(host: Host) -> Iterator[tuple[datetime, Stage, str]]:
    """Yield every timed line that proves a stage, with what it is called."""
    for one in host.findings:
        if one.stage is not None and not one.raw:
            for time in _times(one):
                yield time, one.stage, one.title


def _times(finding: Finding) -> set[datetime]:
    times = (finding.first, finding.last, *(line.time for line in finding.evidence))
    return {time for time in times if time}


def _visits(host: Host) -> Iterator[Span]:
    """Yield when intruders were there."""
    yield from ((one.first, one.last) for one in host.sessions if one.intruder)


def _notes(
    drawn: Axis | None,
    opened: Sequence[Opening],
    kinds: Sequence[tuple[Coverage, bool]],
    bands: Sequence[Band],
) -> Iterator[str]:
    """Say what a reader must know of the drawing itself."""
    if drawn is None:
        return
    if drawn.broken:
        tight = [one for one in drawn.stretches if one.squeezed]
        spans = " and ".join(f"{day(one.start)} to {day(one.end)}" for one in tight[:3])
        yield (
            f"The scale of time changes at the zigzag lines: {spans} is squeezed, "
            "so that the rest can be seen."
        )
    if len(opened) > len(bands):
        yield f"{len(opened) - len(bands)} more open windows are in the list below."
    if len(kinds) > ROWS:
        yield f"{len(kinds) - ROWS} more kinds of evidence are in the table below."


def _listed(one: Coverage, needed: bool) -> Listed:
    gaps = ", ".join(f"{minute(gap['from'])} to {minute(gap['to'])}" for gap in one.gaps[:5])
    more = f" and {len(one.gaps) - 5} more" if len(one.gaps) > 5 else ""
    return Listed(
        kind=short(label(one.kind), 80),
        use="needed" if needed else "",
        files=one.files,
        records=one.records,
        first=minute(one.first),
        last=minute(one.last),
        gaps=gaps + more,
        note=_note(one, None),
    )


def _told(one: Opening) -> str:
    blind = f"; {blind_words(one)}" if one.blind else "; an attack would have been seen"
    return short(f"{one.campaign}: {band_words(one)}{blind}", 300)
