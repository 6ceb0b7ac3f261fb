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

_LINKS = 63
"""Junctions behind junctions that are followed; Windows follows as many."""
_MOST_LINKS = 1_000
"""Junctions that are followed in search of one path; some lead to each other."""
_DEEPEST = 260
_READ = 1 << 20
_SHORT = re.compile(r"([^~.]{2,6})~[1-9][0-9]?(?:\.[^.]{1,3})?")
_LEFT_OUT = re.compile(r"[\s.]")


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
        self._left = 0

    def items(self, folder: str) -> list[Item]:
        """Return what a folder holds in a fixed order; nothing if it cannot be read."""
        if folder not in self._listed:
            try:
                found = self.tree.listed(folder)
            except SourceError as error:
                self.troubles[folder] = str(error)
                found = []
            self._listed[folder] = sorted(found, key=lambda item: (item.name.lower(), item.name))
        return self._listed[folder]

    def drive(self, path: str) -> str:
        """Return the drive of a path as the tree names it; empty if it has no such drive."""
        low = path.partition("/")[0].lower()
        low = self.letters.get(low, low)
        return next((drive for drive in self.drives if drive.lower() == low), "")

    def folder(self, path: str) -> str:
        """Return the true path of a folder; empty if there is none."""
        found = self.matching(path, folders=True, literal=True)
        return next((place for place, _ in found), "")

    def file(self, path: str) -> str:
        """Return the true path of a file; empty if there is none."""
        found = self.matching(path, literal=True)
        return next((place for place, item in found if item and not item.folder), "")

    def matching(
        self, path: str, *, folders: bool = False, literal: bool = False, links: int = _LINKS
    ) -> list[tuple[str, Item | None]]:
        """Return what there is under a path whose parts may have `*` and `?`; None for a drive.

        What evidence names is `literal`: an intruder may write what he likes into a setting.
        """
        if links == _LINKS:
            self._left = _MOST_LINKS
        drive = self.drive(path)
        found: dict[str, tuple[str, Item | None]] = {drive: (drive, None)} if drive else {}
        parts = [part for part in path.split("/")[1:] if part]
        for at, part in enumerate(parts):
            last = at + 1 == len(parts)
            into = folders or not last
            found = {
                place: (place, item)
                for folder, _ in found.values()
                for place, item in self._named(folder, part, literal, links)
                if item is None or item.folder or not into
            }
        return list(found.values())

    def _named(
        self, folder: str, part: str, literal: bool, links: int
    ) -> Iterator[tuple[str, Item | None]]:
        for item in self._fitting(folder, part, literal):
            if not item.link:
                yield f"{folder}/{item.name}", item
            elif item.target and links and self._left:
                self._left -= 1
                yield from self.matching(plain(item.target), literal=True, links=links - 1)

    def _fitting(self, folder: str, part: str, literal: bool) -> list[Item]:
        """Return what a folder holds under a name; a short name, `PROGRA~1`, fits all of its sort.

        Which one Windows gave it to stands nowhere where it can be asked.
        """
        items = self.items(folder)
        if not literal:
            return [item for item in items if matches(item.name, (part,))]
        low = part.lower()
        found = [item for item in items if item.name.lower() == low]
        short = _SHORT.fullmatch(low)
        if found or not short:
            return found
        return [item for item in items if _squeezed(item.name).startswith(short[1])]

    def within(self, folder: str, *, deep: bool) -> Iterator[tuple[str, Item]]:
        """Yield the files of a folder, those below it too if `deep`, and links that lead nowhere.

        A link to a folder elsewhere on the server is followed, each folder is looked at once.
        """
        pending, seen = [(folder, 0)], {folder}
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
                if deep and depth == _DEEPEST:
                    self.troubles[path] = "is too deep: nothing below it was read"
                    continue
                for place in places if deep else ():
                    if place not in seen:
                        seen.add(place)
                        inner.append((place, depth + 1))
            pending.extend(reversed(inner))

    def _behind(self, item: Item, start: str) -> list[str]:
        """Return the folder that a link leads to, unless that lies around the start: a loop."""
        if not item.target:
            return []
        places = self.matching(plain(item.target), folders=True, literal=True)
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


def _squeezed(name: str) -> str:
    """Return a name without what a short name leaves out."""
    return _LEFT_OUT.sub("", name.lower())


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    parts = (re.escape(part) for part in re.split(r"([*?])", text))
    made = "".join({r"\*": ".*", r"\?": "."}.get(part, part) for part in parts)
    return re.compile(made, re.IGNORECASE | re.DOTALL)
