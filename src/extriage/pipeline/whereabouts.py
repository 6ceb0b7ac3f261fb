"""Where the evidence of a case lies now: each path that a scan was given, found again by its name.

A copy lies elsewhere, under another name, or among other files; a case that was made on Windows is
checked on Linux. What counts are the names in the case, which are the same on any system.
"""

import os
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from extriage.casefile import runlog
from extriage.model.custody import Chain, Root
from extriage.model.evidence import Entry
from extriage.pipeline.containers import INSIDE, files_of
from extriage.pipeline.planning.drives import REGISTRY, Given
from extriage.pipeline.recorded import Recorded
from extriage.sources.directory import labels, shown

_SOME = 200
"""Files of a folder that are looked for, to tell it from others."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The evidence of a case, as far as it was found."""

    roots: tuple[Root, ...]
    """Where it lies, under the names of the case."""
    lost: tuple[str, ...] = ()
    """The names in the case of what lies in none of the places that were named."""
    strangers: tuple[str, ...] = ()
    """Files in these places that were not part of the case."""


def roots_of(paths: Sequence[Path]) -> list[Root]:
    """Return where these paths lead to, and their names in the case; UsageError if one is gone."""
    names = labels(paths)
    return [Root(str(path.resolve()), name) for path, name in zip(paths, names, strict=True)]


def recorded_roots(chain: Chain) -> list[Root]:
    """Return the paths that the scan of a case was given, as its run log has them."""
    given = _asked(chain).get("evidence")
    return [
        Root(str(one.get("path", "")), str(one.get("shown", "")))
        for one in (given if isinstance(given, list) else ())
        if isinstance(one, dict)
    ]


def recorded_drives(chain: Chain) -> Given:
    """Return the drives that the scan was given, and whether it read all files."""
    facts = _asked(chain)
    drives = facts.get("drives")
    listed = drives if isinstance(drives, list) else ()
    named = tuple(one for one in listed if isinstance(one, str) and "\0" not in one)
    return Given(facts.get("live") is True, named, facts.get("everything") is True)


def _asked(chain: Chain) -> Mapping[str, object]:
    """Return what the scan was given that made the case: the last one that came to its end."""
    last: Mapping[str, object] = {}
    begun: Mapping[str, object] = {}
    for line in chain.lines:
        if line.what == "scan-started":
            begun = line.facts
        elif line.what == "scan-finished":
            last = begun
    return last or begun


def is_here(path: str) -> bool:
    """Tell whether a path of the run log is one of this machine, and there is something."""
    place = Path(path)
    return place.is_absolute() and _there(place)


def is_elsewhere(path: str) -> bool:
    r"""Tell a path that another computer answers for: `\\server\share`, `//?/UNC/server/share`."""
    # NOTE: Windows takes either slash for the other.
    return path[:2].replace("\\", "/") == "//"


def found_again(roots: Sequence[Root], paths: Sequence[Path], known: Recorded) -> Whereabouts:
    """Return where the evidence lies now, in the places that the user names.

    As many paths as the scan was given stand for them, by their names or in the same order, if they
    can: a file for a file, a folder for a folder that holds something of it. Else each is looked
    for in the folders: by its name, or by its SHA-256. UsageError if a path is not there.
    """
    now = roots_of(paths)
    looked = [_Sought.of(root, known) for root in roots or _guessed(known, now)]
    if len(now) == len(looked):
        if {one.shown for one in now} == {one.shown for one in looked}:
            by_name = {one.shown: one for one in now}
            pairs = [(one, Path(by_name[one.shown].path)) for one in looked]
        else:
            pairs = [(one, Path(root.path)) for one, root in zip(looked, now, strict=True)]
        if all(one.fits(place) for one, place in pairs):
            return Whereabouts(tuple(Root(str(place), one.shown) for one, place in pairs))
    return _searched(looked, [Path(root.path) for root in now], known)


@dataclass(frozen=True, slots=True)
class _Sought:
    """One path that the scan was given, and what tells it from others."""

    shown: str
    is_file: bool
    sha256: str
    size: int
    tops: frozenset[str]
    """Names of what lies directly in the folder."""
    some: tuple[str, ...]
    """The paths in it of some files on disk."""

    @classmethod
    def of(cls, root: Root, known: Recorded) -> "_Sought":
        """Say what the case knows of a path."""
        start = f"{root.shown}/" if root.shown else ""
        every = (*known.rows, *known.containers)
        below = [path[len(start) :] for path in every if path.startswith(start)]
        tops = frozenset(path.partition("/")[0].removesuffix("!") for path in below)
        some = tuple(islice((path for path in below if INSIDE not in path), _SOME))
        row = known.containers.get(root.shown) or known.rows.get(root.shown)
        size, sha256 = (row.size, row.sha256) if row else (-1, "")
        is_file = not tops and row is not None and not _is_folder(row)
        return cls(root.shown, is_file, sha256, size, tops, some)

    @property
    def name(self) -> str:
        """Return the last part of its name."""
        return self.shown.rpartition("/")[2]

    def fits(self, place: Path) -> bool:
        """Tell whether a place can be it."""
        if self.is_file:
            return not place.is_dir()
        if not self.tops:
            return True
        with suppress(OSError):
            return place.is_dir() and any(shown(one.name) in self.tops for one in place.iterdir())
        return True  # a folder that cannot be listed: comparing it will say so

    def within(self, places: Sequence[Path], taken: set[Path]) -> Path | None:
        """Look for it in some places: the place itself, its name below, its bytes below."""
        parts = self.shown.split("/")
        tails = [Path(*parts[at:]) for at in range(len(parts))]
        near = (*places, *(place / tail for tail in tails for place in places))
        found = [one for one in near if one not in taken and _there(one) and self.fits(one)]
        named = [one for one in found if shown(one.name) == self.name]
        if not self.is_file:
            best = max(found if self.tops else named, key=self._held, default=None)
            if best is not None and self._held(best):
                return best
            deeper = (one for one in _every(places, folders=True) if shown(one.name) == self.name)
            fitting = [one for one in deeper if one not in taken and self.fits(one)]
            return max(fitting, key=self._held, default=best)
        return named[0] if named else self._deeper(places, taken)

    def _deeper(self, places: Sequence[Path], taken: set[Path]) -> Path | None:
        every = [one for one in _every(places, folders=False) if one not in taken]
        named = [one for one in every if shown(one.name) == self.name]
        if len(named) == 1:
            return named[0]
        return next(filter(self._is_same, named or every), named[0] if named else None)

    def _held(self, place: Path) -> int:
        """Count how many of its files lie there, of a few."""
        return sum(os.path.lexists(place / name) for name in self.some)

    def _is_same(self, place: Path) -> bool:
        with suppress(OSError):
            if self.sha256 and place.stat().st_size == self.size:
                return runlog.sha256_of(place) == self.sha256
        return False


def _is_folder(row: object) -> bool:
    """Tell the row of a folder that could not be listed."""
    return isinstance(row, Entry) and row.reason.startswith("folder: ")


def _searched(looked: Sequence[_Sought], places: list[Path], known: Recorded) -> Whereabouts:
    taken: set[Path] = set()
    found: list[Root] = []
    lost: list[str] = []
    for one in looked:
        place = one.within(places, taken)
        if place is None and len(looked) == len(places):
            place = _stands(one, places[looked.index(one)], taken)
        if place is None:
            lost.append(one.shown)
        else:
            taken.add(place)
            found.append(Root(str(place), one.shown))
    return Whereabouts(tuple(found), tuple(lost), _strangers(places, taken))


def _stands(one: _Sought, place: Path, taken: set[Path]) -> Path | None:
    """Take a place for what it was named for, though it holds nothing of it: all is missing."""
    alike = place.is_dir() != one.is_file or shown(place.name) == one.name
    return place if alike and place not in taken else None


def _strangers(places: Sequence[Path], taken: set[Path]) -> tuple[str, ...]:
    """Name the files that were not part of the case, as the user would."""
    own = {*taken, *(part for one in taken if one.is_file() for part in files_of(str(one)))}
    found = []
    for place in places:
        if place in taken:
            continue
        every = _below(place, folders=False, leave=own) if place.is_dir() else (place,)
        found += [str(one) for one in every if one not in own]
    return tuple(sorted(found))


def _below(place: Path, *, folders: bool, leave: Container[Path] = ()) -> Iterator[Path]:
    """Yield all files, or all folders, below a place in order; links are not followed."""
    waiting = [place]
    while waiting:
        inner = []
        with suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda one: one.name):
                path = Path(entry.path)
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder == folders:
                    yield path
                if is_folder and path not in leave:
                    inner.append(path)
        waiting += reversed(inner)


def _every(places: Sequence[Path], *, folders: bool) -> Iterator[Path]:
    return (one for place in places for one in _below(place, folders=folders))


def _there(place: Path) -> bool:
    with suppress(OSError, ValueError):
        return place.exists()
    return False


def _guessed(known: Recorded, now: Sequence[Root]) -> list[Root]:
    """Return what the scan was given, where no run log says it: by the first parts of the names."""
    paths = [*known.rows, *known.containers]

    def is_known(name: str) -> bool:
        return any(path == name or path.startswith((f"{name}/", f"{name}!")) for path in paths)

    if all(is_known(one.shown) for one in now):
        return list(now)
    first = {path.partition("/")[0].removesuffix("!") for path in paths} - {REGISTRY}
    return [Root("", name) for name in sorted(first)]
