"""Which of the program files that were found tells the installed build?

An update that broke off leaves files of two builds, and a drive holds copies. What cannot be
decided is taken for the lowest: a server is never called patched for a file that may be a copy.
"""

from collections.abc import Iterable, Sequence

from extriage.analysis.places import Place
from extriage.analysis.sightings import How, Sighting, same_line
from extriage.model.exchange import BuildNumber
from extriage.parsers.binary import SETUP


def installed(found: Sequence[Sighting], ran: Sighting | None) -> Sighting | None:
    """Return the file whose build is that of the installation; None if no file can tell it."""
    folders: dict[str, list[Sighting]] = {}
    for one in _latest([one for one in found if one.how is How.FILE], ran):
        folders.setdefault(one.home, []).append(one)
    told = [_of_folder(files) for files in folders.values()]
    noted = [one.build for one in found if one.how is How.NOTED and one.last is None]
    return min(_agreeing(told, ran, noted), key=_low, default=None)


def _latest(files: Sequence[Sighting], ran: Sighting | None) -> Sequence[Sighting]:
    """Leave out what older reports say; those that have a time are from before the collection."""
    now = [one for one in files if one.last is None]
    if now:
        return now
    end = max((one.last for one in files if one.last), default=None)
    if end and ran and ran.last and ran.last > end:
        return ()
    return [one for one in files if one.last == end]


def raises(file: Sighting) -> bool:
    """Tell whether a file lies so surely that it may tell a newer build than all other evidence."""
    return file.place >= Place.BIN


def _of_folder(files: Sequence[Sighting]) -> Sighting:
    """Return the lowest, for an update that replaced only some; rollups replace only some."""
    newest = max(files, key=lambda one: one.build)
    if newest.build[0] >= 15:
        return min(files, key=_low)
    setup = [one for one in files if one.name.lower() == SETUP.lower()]
    return max(setup, key=lambda one: one.build) if setup else newest


def _agreeing(
    told: Sequence[Sighting], ran: Sighting | None, noted: Iterable[BuildNumber]
) -> Sequence[Sighting]:
    """Keep the folders that agree with what ran, else with what the registry knows."""
    same = [one for one in told if ran and one.build == ran.build]
    same = same or [one for one in told if ran and same_line(one.build, ran.build)]
    known = tuple(noted)
    return same or [one for one in told if any(same_line(one.build, it) for it in known)] or told


def _low(one: Sighting) -> tuple[BuildNumber, bool, str]:
    return one.build, one.name.lower() != SETUP.lower(), one.name
