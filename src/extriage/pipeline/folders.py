"""Folders of one server, found whatever their case, and through the junctions that lead to them.

Windows does not mind upper and lower case, and administrators move folders by putting a junction
in their place. Every folder has one true path here, so nothing is listed twice.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from extriage.errors import SourceError
from extriage.knowledge.installation import plain
from extriage.sources.tree import Item, Tree

_LINKS = 8
"""Junctions behind junctions that are followed."""
_DEEPEST = 60
_READ = 1 << 20


class Folders:
    """The folders of a tree; what was listed once is not listed again."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.drives = sorted(tree.drives())
        self.letters: dict[str, str] = {}
        """Drives that settings name otherwise than the tree does: `c:` to `volume2:`."""
        self.troubles: dict[str, str] = {}
        """Folders that cannot be read, and why."""
        self.barred: set[str] = set()
        """Folders (small letters) into which no link is followed: they hold all of a drive."""
        self._listed: dict[str, list[Item]] = {}

    def items(self, folder: str) -> list[Item]:
        """Return what a folder holds in a fixed order; nothing if it cannot be read."""
        low = folder.lower()
        if low not in self._listed:
            try:
                found = self.tree.listed(folder)
            except SourceError as error:
                self.troubles[folder] = str(error)
                found = []
            self._listed[low] = sorted(found, key=lambda item: (item.name.lower(), item.name))
        return self._listed[low]

    def drive(self, path: str) -> str:
        """Return the drive of a path as the tree names it; empty if it has no such drive."""
        low = path.partition("/")[0].lower()
        low = self.letters.get(low, low)
        return next((drive for drive in self.drives if drive.lower() == low), "")

    def folder(self, path: str) -> str:
        """Return the true path of a folder; empty if there is none."""
        return next((place for place, _ in self.matching(path, folders=True)), "")

    def file(self, path: str) -> str:
        """Return the true path of a file; empty if there is none."""
        return next((place for place, item in self.matching(path) if item and not item.folder), "")

    def matching(
        self, path: str, *, folders: bool = False, links: int = _LINKS
    ) -> list[tuple[str, Item | None]]:
        """Return what there is under a path whose parts may have `*` and `?`; None for a drive."""
        drive = self.drive(path)
        found: dict[str, tuple[str, Item | None]] = {drive: (drive, None)} if drive else {}
        parts = [part for part in path.split("/")[1:] if part]
        for at, part in enumerate(parts):
            last = at + 1 == len(parts)
            into = folders or not last
            found = {
                place.lower(): (place, item)
                for folder, _ in found.values()
                for place, item in self._named(folder, part, links)
                if item is None or item.folder or not into
            }
        return list(found.values())

    def _named(self, folder: str, part: str, links: int) -> Iterator[tuple[str, Item | None]]:
        for item in self.items(folder):
            if not matches(item.name, (part,)):
                continue
            if not item.link:
                yield f"{folder}/{item.name}", item
            elif item.target and links:
                yield from self.matching(plain(item.target), links=links - 1)

    def within(self, folder: str, *, deep: bool) -> Iterator[tuple[str, Item]]:
        """Yield the files of a folder, those below it too if `deep`, and links that lead nowhere.

        A link to a folder elsewhere on the server is followed, each folder is looked at once.
        """
        pending, seen = [(folder, 0)], {folder.lower()}
        while pending:
            at, depth = pending.pop()
            inner: list[tuple[str, int]] = []
            for item in self.items(at):
                path = f"{at}/{item.name}"
                if not item.folder and not item.link:
                    yield path, item
                    continue
                places = [path] if not item.link else self._behind(item, folder)
                if item.link and not places:
                    yield path, item
                for place in places if deep and depth < _DEEPEST else ():
                    if place.lower() not in seen:
                        seen.add(place.lower())
                        inner.append((place, depth + 1))
            pending.extend(reversed(inner))

    def _behind(self, item: Item, start: str) -> list[str]:
        """Return the folder that a link leads to, unless that lies around the start: a loop."""
        places = self.matching(plain(item.target), folders=True) if item.target else []
        return [
            place
            for place, _ in places
            if place.lower() not in self.barred and not inside(start, place)
        ]

    def content(self, path: str, most: int) -> bytes:
        """Return a file of at most so many bytes; SourceError if that cannot be."""
        parts, size = list[bytes](), 0
        with self.tree.open(path) as stream:
            while more := stream.read(_READ):
                parts.append(more)
                size += len(more)
                if size > most:
                    raise SourceError(f"is larger than the {most:,} bytes that are read of it")
        return b"".join(parts)


def inside(path: str, folder: str) -> bool:
    """Tell whether a path lies in a folder, or is that folder; case does not count."""
    return f"{path}/".lower().startswith(f"{folder}/".lower())


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a name fits one of the patterns; case does not count."""
    return any(_pattern(pattern).fullmatch(name) for pattern in patterns)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    parts = (re.escape(part) for part in re.split(r"([*?])", text))
    made = "".join({r"\*": ".*", r"\?": "."}.get(part, part) for part in parts)
    return re.compile(made, re.IGNORECASE | re.DOTALL)
