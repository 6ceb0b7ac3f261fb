"""Which builds did this server run, since when, and which is to be believed now?

Rows of logs beat everything for what ran when. For today the installed files count, unless rows
show that a newer build ran. What lists and notes say is believed only where nothing better is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from extriage.analysis.disagreement import disagreements
from extriage.analysis.sightings import How, Sighting, same_line, side_log, sightings
from extriage.knowledge.builds import family, spell
from extriage.model.evidence import BuildSeen, Entry, Tally
from extriage.model.exchange import BuildNumber
from extriage.model.state import Fact
from extriage.parsers.binary import SETUP

_NEVER = datetime(1, 1, 1, tzinfo=UTC)
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


def history(
    tallies: Sequence[Tally], facts: Sequence[Fact], entries: Iterable[Entry] = ()
) -> History:
    """Return what the evidence of one server tells of its builds."""
    found = sightings(tallies, facts, entries)
    now = current(found)
    believed = [one for one in found if not _refuted(one, now)]
    return History(
        tuple(_seen(one) for one in sorted(believed, key=_order)),
        _seen(now) if now else None,
        tuple(disagreements(found, now, facts)),
    )


def build_history(tallies: Iterable[Tally]) -> list[BuildSeen]:
    """Return every build that rows named, with its first and last time, in order."""
    found = sightings(tuple(tallies), (), ())
    return [_seen(one) for one in sorted(found, key=_order)]


def current(found: Sequence[Sighting]) -> Sighting | None:
    """Choose the build to believe now."""
    ran, installed = _newest(found, How.RAN), _installed(found)
    if installed:
        return ran if ran and ran.build > installed.build else installed
    noted = _highest(found, How.NOTED) or _highest(found, How.FOLDER)
    if ran:
        later = [_newest(found, How.ANSWERED), noted if noted and _newer_line(noted, ran) else None]
        return next((one for one in later if one and _ended(one) > _ended(ran)), ran)
    exact = _highest(found, How.ANSWERED, How.LISTED)
    if exact and noted and _newer_line(noted, exact):
        return noted
    return exact or noted


def _ended(one: Sighting) -> datetime:
    return one.last or _NEVER


def _newer_line(one: Sighting, other: Sighting) -> bool:
    """Tell a build of a newer cumulative update; within one, what shows no update tells less."""
    return one.build > other.build and not same_line(one.build, other.build)


def _newest(found: Iterable[Sighting], how: How) -> Sighting | None:
    """Return the latest; logs that often differ in the last number only where no others are."""
    told = [one for one in found if one.how is how and family(one.build)]
    main = [one for one in told if not side_log(one)]
    return max(main or told, key=lambda one: (_ended(one), one.build), default=None)


def _installed(found: Sequence[Sighting]) -> Sighting | None:
    """Return the build of the installed files: the lowest, if an update replaced only some.

    Of several copies of one file, that is believed which the registry or the directory knows.
    """
    files = [one for one in found if one.how is How.FILE]
    setup = [one for one in files if one.name.lower() == SETUP.lower()] or files
    noted = [one for one in found if one.how is How.NOTED and one.last is None]
    known = [one for one in setup if any(same_line(one.build, other.build) for other in noted)]
    newest = max(known or setup, key=lambda one: one.build, default=None)
    if newest is None or newest.build[0] < 15:
        return newest
    same = [one for one in files if same_line(one.build, newest.build)]
    others = [one for one in same if one.name != newest.name]
    return min([newest, *others], key=lambda one: (one.build, one.name != newest.name))


def _highest(found: Iterable[Sighting], *how: How) -> Sighting | None:
    fitting = [one for one in found if one.how in how]
    return max(fitting, key=lambda one: (one.build, one.last or _NEVER), default=None)


def _refuted(one: Sighting, now: Sighting | None) -> bool:
    """Tell an update that is listed although the installed files are older."""
    return bool(one.how is How.LISTED and now and now.how is How.FILE and one.build > now.build)


def _seen(one: Sighting) -> BuildSeen:
    return BuildSeen(spell(one.build), one.name, one.first, one.last, one.precision)


def _order(one: Sighting) -> tuple[datetime, BuildNumber, str]:
    return one.first or _ALWAYS, one.build, one.name
