"""One server given as its drives, live or mounted here: what of them becomes work for a scan.

A plan of the server says which files count; each is a unit with the server's own path. On a live
server the registry is asked before anything is listed, and what it said is kept in the case folder,
because it can never be asked again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from extriage.casefile.folder import REGISTRY as KEPT_REGISTRY
from extriage.errors import CaseError, UsageError
from extriage.knowledge.installation import plain
from extriage.model.evidence import Entry, Unit
from extriage.parsers.autostart import Keys
from extriage.pipeline.beginning import Beginning
from extriage.pipeline.planning.folders import inside
from extriage.pipeline.planning.plan import Planned, everything, plan
from extriage.pipeline.planning.registry import live_registry
from extriage.sources import Survey
from extriage.sources.directory import shown
from extriage.sources.drive import MountedDrives, mounted
from extriage.sources.live import fixed_drives

REGISTRY = "live-registry.reg"
"""How the registry of a live server is called among the evidence."""
KEPT = KEPT_REGISTRY
"""How it is called in the case folder."""
INSTEAD = f"in use by Windows: its keys were asked from the running registry ({REGISTRY})"
_HIVES = ("software", "system")
_OF_USER = ("ntuser.dat", "appdata/local/microsoft/windows/usrclass.dat")


@dataclass(frozen=True, slots=True)
class Given:
    """How the user named a server's drives."""

    live: bool = False
    """This machine is the server."""
    drives: tuple[str, ...] = ()
    """Mounted drives of another one: `C=/mnt/c`."""
    whole: bool = False
    """Read everything, not only what the table of places names."""

    def __bool__(self) -> bool:
        """Tell whether there is such a server."""
        return self.live or bool(self.drives)


def with_server(begun: Beginning, given: Given, case: Path) -> Beginning:
    """Add a server's drives to what is to be read; the case folder must be there already.

    UsageError for drives that are not there, or if the case would lie in what is read.
    """
    found = _live(case, given) if given.live else _survey(mounted(given.drives), given, case)
    units = (*begun.found.units, *found.units)
    entries = (*begun.found.entries, *found.entries)
    ordered = tuple(sorted(units, key=lambda unit: unit.place))
    told = tuple(sorted(entries, key=lambda entry: entry.path))
    return replace(begun, found=replace(begun.found, units=ordered, entries=told))


def _live(case: Path, given: Given) -> Survey:
    tree, registry = MountedDrives(fixed_drives()), live_registry()
    file = case / KEPT
    try:
        file.unlink(missing_ok=True)  # it may be a link, in a folder from elsewhere
        file.write_bytes(registry.export)
    except OSError as error:
        raise CaseError(f"{file} cannot be written: {error.strerror}") from error
    found = _survey(tree, given, case, registry.hives, registry.users)
    unit = Unit(str(file), REGISTRY, len(registry.export))
    return Survey((unit, *found.units), found.entries)


def _survey(
    tree: MountedDrives,
    given: Given,
    case: Path,
    registry: Mapping[str, Keys] | None = None,
    users: tuple[str, ...] = (),
) -> Survey:
    planned = everything(tree) if given.whole else plan(tree, registry)
    own = str(case.resolve())
    _refuse_inside(tree, planned, own)
    locked = {plain(f"{user}/{name}").lower() for user in users for name in _OF_USER}
    units, entries = list[Unit](), list(planned.entries)
    for path, size, modified in planned.files:
        place = tree.place(path)
        if registry is not None and (_is_machine(path) or path.lower() in locked):
            entries.append(Entry(shown(path), size, "registry-hive", "skipped", INSTEAD))
        elif not inside(place.replace("\\", "/"), own.replace("\\", "/")):
            units.append(Unit(place, shown(path), size, modified))
    entries = [replace(entry, path=shown(entry.path)) for entry in entries]
    return Survey(tuple(units), tuple(entries))


def _is_machine(path: str) -> bool:
    folder, _, name = path.lower().rpartition("/")
    return folder.endswith("/system32/config") and name.partition(".")[0] in _HIVES


def _refuse_inside(tree: MountedDrives, planned: Planned, case: str) -> None:
    """Refuse a case folder in a place that is read: nothing is ever written there."""
    for one in planned.wanted:
        place = tree.place(one.folder)
        whole = one.folder in tree.drives() or not one.deep
        if place and not whole and inside(case.replace("\\", "/"), place.replace("\\", "/")):
            raise UsageError(
                f"the case folder lies inside the evidence {one.folder}; "
                "nothing is ever written there: name another place with --case"
            )
