"""Which builds did this server run, since when, and which is to be believed now?

Rows of logs beat everything for what ran when. For today the installed files count; a file that
may be a copy never tells a newer build than ran. What lists, answers and notes say is believed only
where nothing better is: in doubt a server is not called patched.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from extriage.analysis.disagreement import disagreements
from extriage.analysis.installed import installed, raises
from extriage.analysis.sightings import NEVER, How, Sighting, same_line, side_log, sightings
from extriage.knowledge.builds import family, spell
from extriage.model.evidence import BuildSeen, Entry, Tally
from extriage.model.exchange import BuildNumber
from extriage.model.state import Fact

_ALWAYS = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class History:
    """The builds of one server."""

    seen: tuple[BuildSeen, ...]
    """In order of time; what only tells the state on the day of collection comes last."""
    current: BuildSeen | None
    """The build to believe now; None if nothing names one."""
    conflicts: tuple[str, ...]
    """Sources that disagree, updates and set-ups that failed: each in one sentence."""
    sightings: tuple[Sighting, ...] = ()
    """What `seen` tells, with its places in the evidence."""
    now: Sighting | None = None
    """What `current` tells, with its place."""


def history(
    tallies: Sequence[Tally], facts: Sequence[Fact], entries: Iterable[Entry] = ()
) -> History:
    """Return what the evidence of one server tells of its builds."""
    found = sightings(tallies, facts, entries)
    now = current(found)
    believed = [one for one in found if not _refuted(one, now)]
    ordered = sorted(believed, key=_order)
    return History(
        tuple(dict.fromkeys(_seen(one) for one in ordered)),
        _seen(now) if now else None,
        tuple(dict.fromkeys(disagreements(found, now, facts))),
        tuple(ordered),
        now,
    )


def build_history(tallies: Iterable[Tally]) -> list[BuildSeen]:
    """Return every build that rows named, with its first and last time, in order."""
    found = sightings(tuple(tallies), (), ())
    return [_seen(one) for one in sorted(found, key=_order)]


def current(found: Sequence[Sighting]) -> Sighting | None:
    """Choose the build to believe now."""
    ran = _newest(found, How.RAN)
    file = installed(found, ran)
    noted = _highest(found, How.NOTED) or _highest(found, How.FOLDER)
    if file and raises(file):
        return _surely(file, ran)
    if ran:
        return _loosely(file, ran, noted)
    if file:
        return noted if noted and _newer_line(file, noted) else file
    exact = _told(found)
    if exact and noted and _newer_line(noted, exact):
        return noted
    return exact or noted


def _surely(file: Sighting, ran: Sighting | None) -> Sighting:
    """Believe the installed file, even if what ran was newer: an update can be taken off.

    Rollups of Exchange 2010 replace only the files that changed.
    """
    return ran if ran and file.build[0] < 15 and ran.build > file.build else file


def _loosely(file: Sighting | None, ran: Sighting, noted: Sighting | None) -> Sighting:
    """Believe what ran; a file that may be a copy can tell that its update was taken off.

    A cumulative update cannot be taken off, but one can be installed after the last row.
    """
    if file and file.build < ran.build and same_line(file.build, ran.build):
        return file if file.build[0] >= 15 else ran
    later = noted and _newer_line(noted, ran) and _ended(noted) > _ended(ran)
    return noted if noted and later else ran


def _told(found: Sequence[Sighting]) -> Sighting | None:
    """Return what is said where nothing shows it: the last word of a process, or of a list."""
    answered, listed = _newest(found, How.ANSWERED), _highest(found, How.LISTED)
    if answered and listed and listed.last and _ended(answered) >= listed.last:
        return answered
    return listed or answered


def _ended(one: Sighting) -> datetime:
    return one.last or NEVER


def _newer_line(one: Sighting, other: Sighting) -> bool:
    """Tell a build of a newer cumulative update; within one, what shows no update tells less."""
    return one.build > other.build and not same_line(one.build, other.build)


def _newest(found: Iterable[Sighting], how: How) -> Sighting | None:
    """Return the latest; logs that often differ in the last number only where no others are."""
    told = [one for one in found if one.how is how and family(one.build)]
    main = [one for one in told if not side_log(one)]
    return max(main or told, key=lambda one: (_ended(one), one.build), default=None)


def _highest(found: Iterable[Sighting], how: How) -> Sighting | None:
    fitting = [one for one in found if one.how is how]
    return max(fitting, key=lambda one: (one.build, _ended(one)), default=None)


def _refuted(one: Sighting, now: Sighting | None) -> bool:
    """Tell what is only said to be newer than the installed files and what ran."""
    if one.how is How.DOUBTFUL:
        return True
    said = one.how in (How.LISTED, How.ANSWERED)
    return bool(said and now and now.how in (How.FILE, How.RAN) and one.build > now.build)


def _seen(one: Sighting) -> BuildSeen:
    return BuildSeen(spell(one.build), one.name, one.first, one.last, one.precision)


def _order(one: Sighting) -> tuple[datetime, BuildNumber, str]:
    return one.first or _ALWAYS, one.build, one.name
