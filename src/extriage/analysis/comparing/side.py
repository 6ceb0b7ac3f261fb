"""One server in one of two cases, with what a comparison asks of it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from extriage.analysis.comparing.places import Places, place_key, places_of
from extriage.analysis.objectkeys import base_name, key_of
from extriage.analysis.pageurl import url_of
from extriage.analysis.persistence import is_sure
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.case import Case, Tool
from extriage.model.detection import Evidence
from extriage.model.evidence import Period
from extriage.model.host import Host
from extriage.model.persistence import Persistence, Presence

OPEN = (Presence.PRESENT, Presence.UNKNOWN)


@dataclass(frozen=True, slots=True)
class View:
    """One server as one case tells it."""

    host: Host
    tool: Tool
    places: Places
    last: datetime | None
    """The last record of its evidence."""
    foreign: frozenset[str]
    """Places of the files of all ways back, compiled pages too."""


@dataclass(frozen=True, slots=True)
class Pair:
    """One server in both cases."""

    before: View
    after: View
    since: datetime | None
    """What is later counts as after the clean-up."""

    @property
    def until(self) -> datetime | None:
        """Return the last record of the later evidence."""
        return self.after.last

    @property
    def window(self) -> Period | None:
        """Return the time that the later evidence adds; None if it adds none."""
        if self.since is None or self.until is None or self.until <= self.since:
            return None
        return {"from": self.since, "to": self.until}

    def is_later(self, time: datetime | None) -> bool:
        """Tell whether a time is after the moment that counts."""
        return time is not None and self.since is not None and time > self.since


def view(case: Case, host: Host) -> View:
    """Return what a comparison asks of one server of a case."""
    entries = [*host.manifest.entries, *case.unassigned]
    foreign = frozenset(place_key(path) for way in host.persistence for path in way.paths)
    return View(host, case.tool, places_of(entries), last_record(host), foreign)


def last_record(host: Host) -> datetime | None:
    """Return the time of a server's last record; of its last finding if no log has times."""
    lasts = [row.last for row in host.coverage if row.last]
    lasts = lasts or [one.last for one in host.findings if one.last]
    return max(lasts, default=None)


def way_key(way: Persistence) -> tuple[str, str]:
    """Return the name by which one way back is known in every case."""
    return way.kind, key_by_kind(way.kind, way.object)


def key_by_kind(kind: str, name: str) -> str:
    """Return a name in the form in which names of one kind of way back are compared."""
    return key_of(_form(kind), name)


def way_lines(host: Host, way: Persistence) -> Iterator[Evidence]:
    """Yield the lines of findings that speak of a way back."""
    wanted = way_key(way)[1]
    ids, paths = frozenset(way.findings), frozenset(way.paths)
    for finding in host.findings:
        if finding.id not in ids:
            continue
        # NOTE: of several steps that belong together only some name the object.
        naming = [line for line in finding.evidence if line.object]
        for line in naming or finding.evidence:
            same = not line.object or key_by_kind(way.kind, line.object) == wanted
            if same or line.path in paths:
                yield line


def file_places(way: Persistence) -> tuple[str, ...]:
    """Return where the file that a way back is lies or lay, the evidence's own places first.

    What is set up and only names a file, such as a service, is no file.
    """
    return tuple(dict.fromkeys(place_key(path) for path in file_paths(way)))


def file_paths(way: Persistence) -> tuple[str, ...]:
    """Return the paths of the file that a way back is, as they are spelt.

    Others of its paths are where something is told of it: a compiled form, a setting, a list.
    """
    if _form(way.kind) == "name":
        return ()
    name = base_name(way_key(way)[1])
    return tuple(path for path in way.paths if re.split(r"[\\/]", path)[-1].lower() == name)


def url(way: Persistence) -> str:
    """Return the URL path that a page answers to; empty for everything else."""
    if not _is_page(way):
        return ""
    return way.object.lower() if way.object.startswith("/") else url_of(way.object)


def called(kind: str, name: str) -> str:
    """Name a way back so that a hurried reader knows what is meant."""
    known = persistence_kinds().get(kind)
    if known is None:
        return f"{kind} {name}"
    return name if known.form in ("page", "path") else f"{known.title} {name}"


def is_tied(host: Host, way: Persistence) -> bool:
    """Tell what is an intruder's from what administrators set up as well."""
    owned = any(way.id in one.ways for one in host.intruders)
    return owned or is_sure(way.level, way.certainty)


def _is_page(way: Persistence) -> bool:
    return _form(way.kind) == "page"


def _form(kind: str) -> str:
    known = persistence_kinds().get(kind)
    return known.form if known else "name"
