"""At a glance: the few numbers that everybody asks for, each a link to where it is told."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from extriage.model.host import Host, State
from extriage.model.persistence import Presence
from extriage.reports.html.sections.amounts import many
from extriage.reports.html.sections.bounds import brief
from extriage.reports.html.sections.exposures import ANSWERS, counted
from extriage.reports.html.sections.patch import open_tone, open_windows, used_open
from extriage.reports.html.sections.unsure import damaged_files, missing_kinds


@dataclass(frozen=True, slots=True)
class Tile:
    """One number with its words."""

    label: str
    value: str
    note: str
    tone: str
    target: str


def glance(host: Host, at: int) -> tuple[Tile, ...]:
    """Return the tiles of a server; nothing is called good because it was not seen."""
    return (
        _ways(host, at),
        _data(host, at),
        _who(host, at),
        _strangers(host, at),
        _times(host, at),
        _holes(host, at),
        _days(host, at),
        _gaps(host, at),
    )


def _ways(host: Host, at: int) -> Tile:
    counts = Counter(one.state for one in host.persistence)
    there, perhaps = counts[Presence.PRESENT], counts[Presence.UNKNOWN]
    gone, tried = counts[Presence.REMOVED], counts[Presence.ATTEMPTED]
    tone = "bad" if there else "unsure" if perhaps else "plain"
    value = f"{there} there" if there or not perhaps else f"{perhaps} perhaps"
    words = [f"{perhaps} perhaps there"] if perhaps and there else []
    words += [f"{gone} gone"] if gone else []
    words += [f"{tried} only tried"] if tried else []
    if not host.persistence:
        value = "none seen"
    return Tile("Ways back in", value, ", ".join(words), tone, f"h{at}-sec-ways")


def _data(host: Host, at: int) -> Tile:
    counts = Counter(one.answer for one in host.exposure_answers)
    tone = next((tone for answer, (_, tone) in ANSWERS.items() if counts[answer]), "plain")
    words = counted(host)
    value = words[0] if words else "not asked"
    return Tile("Kinds of data", value, ", ".join(words[1:]), tone, f"h{at}-sec-data")


def _who(host: Host, at: int) -> Tile:
    count = len(host.intruders)
    visits = sum(bool(one.intruder) for one in host.sessions)
    note = f"in {many(visits, 'session')}" if visits else ""
    value = many(count, "intruder") if count else "no intruder seen"
    return Tile("Who came", value, note, "bad" if count else "plain", f"h{at}-sec-sessions")


def _strangers(host: Host, at: int) -> Tile:
    found = host.strangers
    value = many(found.addresses, "stranger") if found else "none seen"
    note = f"{many(found.requests, 'request')}, and got nothing" if found else ""
    return Tile("Who only knocked", value, note, "plain", f"h{at}-sec-sessions")


def _times(host: Host, at: int) -> Tile:
    firsts = [one.first for one in host.campaigns if one.first]
    lasts = [one.last for one in host.campaigns if one.last]
    if not firsts or not lasts:
        return Tile("First attack", "none seen", "", "plain", f"h{at}-sec-ladder")
    note = f"last {max(lasts):%Y-%m-%d %H:%M} UTC"
    value = f"{min(firsts):%Y-%m-%d %H:%M}"
    return Tile("First attack (UTC)", value, note, "plain", f"h{at}-sec-timeline")


def _holes(host: Host, at: int) -> Tile:
    rows = host.patch.advisories
    still, used = used_open(rows)
    target = f"h{at}-sec-patch"
    if not host.patch.build:
        return Tile("Known holes", "not known", "no build in this evidence", "unsure", target)
    unsure = sum(row.state is State.CANNOT_TELL for row in rows)
    notes = [f"{used} of them used by attackers"] if used else []
    notes += [f"{unsure} cannot tell"] if unsure and still else []
    notes += [] if notes else [f"build {brief(host.patch.build)}"]
    value = f"{still} open" if still else f"{unsure} cannot tell" if unsure else "none open"
    return Tile("Known holes", value, ", ".join(notes), open_tone(rows), target)


def _days(host: Host, at: int) -> Tile:
    found = open_windows(host.patch.advisories)
    target = f"h{at}-sec-patch"
    if not found:
        return Tile("Open to known attacks", "not known", "", "plain", target)
    window, cves = found[0]
    most = "" if window["proved"] else "at most "
    end = "closed" if window["closed"] else "still open"
    note = f"{end} on {window['to']:%Y-%m-%d}, {many(len(cves), 'hole')}"
    days = f"{most}{many(window['days'], 'day')}"
    return Tile("Open to known attacks", days, note, "warn", target)


def _gaps(host: Host, at: int) -> Tile:
    parts = tuple(_gap_words(host))
    value = parts[0] if parts else "none known"
    tone = "unsure" if parts else "plain"
    return Tile("Gaps in the evidence", value, ", ".join(parts[1:]), tone, f"h{at}-sec-unsure")


def _gap_words(host: Host) -> Iterable[str]:
    if missing := len(missing_kinds(host)):
        yield many(missing, "log missing", "logs missing")
    if holes := sum(len(one.gaps) for one in host.coverage):
        yield many(holes, "gap in time", "gaps in time")
    if damaged := len(damaged_files(host.manifest.entries)):
        yield many(damaged, "damaged file")
