"""What happened to the server, as moments: updates, open windows, logs, and the world around it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from extriage.analysis.timelinetold import Told, later, some, title
from extriage.knowledge.timeline import Grade, Marker, markers
from extriage.model.case import Moment
from extriage.model.host import Coverage, Host

AROUND = timedelta(days=30)
"""Published events are told if they lie within the covered time, or this much around it."""
GAPS = 200
_PATCH, _WINDOW, _LOG, _GAP, _WORLD = 60, 50, 30, 20, 10
_GRADES = {
    Grade.TARGETED: "Published: attacks on chosen targets begin",
    Grade.MASS: "Published: attacks on every server begin",
    Grade.AFTER_PATCH: "Published: the update can be had",
}


def server_told(host: Host) -> Iterator[Told]:
    """Yield what happened to the server, and where its logs begin and end."""
    yield from _builds(host)
    yield from _windows(host)
    yield from _logs(host)
    yield from _published(host)


def _builds(host: Host) -> Iterator[Told]:
    """Tell when each build was seen first: a change is an update that somebody installed."""
    firsts: dict[str, tuple[datetime, str]] = {}
    for seen in host.patch.sources:
        if seen.first and (seen.build not in firsts or seen.first < firsts[seen.build][0]):
            firsts[seen.build] = (seen.first, seen.evidence)
    before = ""
    for build, (first, evidence) in sorted(firsts.items(), key=lambda one: (one[1], one[0])):
        now = (
            f"Build {build} is seen for the first time"
            if not before
            else (f"Build changes from {before} to {build}")
        )
        text = title(f"{now} ({evidence})")
        yield Told(Moment(first, host.name, None, text, "", "", 0, "patch"), _PATCH)
        before = build


def _windows(host: Host) -> Iterator[Told]:
    """Tell the first vulnerable day, and when that ended, one moment a day for many CVEs."""
    opened: dict[datetime, list[str]] = defaultdict(list)
    closed: dict[datetime, list[str]] = defaultdict(list)
    for advisory in host.patch.advisories:
        window = advisory.window
        if window is None:
            continue
        name = f"{advisory.cve} ({advisory.name})" if advisory.name else advisory.cve
        opened[window["from"]].append(name)
        if window["closed"]:
            closed[window["to"]].append(name)
    for times, words in (
        (opened, "Open from this day on, while it was being attacked elsewhere"),
        (closed, "No longer open"),
    ):
        for day in _by_day(times):
            names = [name for time in day for name in times[time]]
            text = title(f"{words}: {some(names)}")
            moment = Moment(
                day[0], host.name, None, text, "", "", 0, "window", "",
                later(day[0], day[-1]), len(names),
            )  # fmt: skip
            yield Told(moment, _WINDOW)


def _by_day(times: dict[datetime, list[str]]) -> list[list[datetime]]:
    days: dict[object, list[datetime]] = defaultdict(list)
    for time in sorted(times):
        days[time.date()].append(time)
    return list(days.values())


def _logs(host: Host) -> Iterator[Told]:
    kinds = [one for one in host.coverage if _whole(one.kind)]
    begins: dict[datetime, list[str]] = defaultdict(list)
    ends: dict[datetime, list[str]] = defaultdict(list)
    for one in kinds:
        if one.first and one.last:
            begins[one.first].append(one.kind)
            ends[one.last].append(one.kind)
    for times, words in ((begins, "Logs begin"), (ends, "Logs end")):
        for day in _by_day(times):
            names = [name for time in day for name in times[time]]
            moment = Moment(
                day[0], host.name, None, title(f"{words}: {some(names)}"), "", "", 0, "log", "",
                later(day[0], day[-1]), len(names),
            )  # fmt: skip
            yield Told(moment, _LOG)
    yield from _gaps(host.name, kinds)


def _whole(kind: str) -> bool:
    """Tell kinds from their parts, which `coverage` lists too: `httpproxy:Ecp`."""
    base, _, part = kind.partition(":")
    return not part or base == "events"


def _gaps(host: str, kinds: Sequence[Coverage]) -> Iterator[Told]:
    """Tell gaps, the longest if there are many."""
    found = [(gap["to"] - gap["from"], gap["from"], one.kind) for one in kinds for gap in one.gaps]
    for long, start, kind in sorted(found, reverse=True)[:GAPS]:
        hours = int(long.total_seconds() // 3600)
        words = f"{hours // 24} days" if hours >= 48 else f"{hours} hours"
        text = f"No record in {kind} for {words}"
        moment = Moment(start, host, None, title(text), "", "", 0, "log", "", start + long)
        yield Told(moment, _GAP)


def _published(host: Host) -> Iterator[Told]:
    """Tell what was published of the campaigns that concern this server, as context."""
    times = [time for one in host.coverage for time in (one.first, one.last) if time]
    concerned = _concerned(host)
    if not times or not concerned:
        return
    for marker in markers():
        inside = min(times) - AROUND <= marker.start <= max(times) + AROUND
        names = [cve for cve in marker.cves if cve in concerned]
        if inside and names and marker.grade:
            yield Told(_marked(host.name, marker, names), _WORLD)


def _concerned(host: Host) -> frozenset[str]:
    """Return the vulnerabilities of campaigns that were seen, or that the server was open to."""
    seen = {cve for one in host.campaigns if one.stage is not None for cve in one.cves}
    opened = {row.cve for row in host.patch.advisories if row.window is not None}
    return frozenset(seen | opened)


def _marked(host: str, marker: Marker, names: list[str]) -> Moment:
    words = _GRADES[marker.grade] if marker.grade else "Published"
    text = f"{words} ({some(names, 4)}): {marker.event}"
    return Moment(marker.start, host, None, title(text), "", "", 0, "published", "", None, 1)
