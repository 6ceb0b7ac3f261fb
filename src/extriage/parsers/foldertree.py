r"""Where the folders of a volume lie: what its table of files and its journal say of them.

A file of NTFS names its folder by a number and a use count. When a folder is deleted its number is
given to another file and the count grows, so a path is told only as far as the counts fit: the
folder that holds the number now may be another one. Such a path begins with `?\`.
Primary source: https://learn.microsoft.com/windows/win32/api/winioctl/ns-winioctl-usn_record_v2.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from extriage.parsers.rawblocks import Bools, Ints

ROOT = 5
UNKNOWN = "?"
_ENTRY = (1 << 48) - 1
_DEEPEST = 255
_MOST_FOLDERS = 1_000_000
_MOST_CHANGED = 200_000
_MOST_CACHED = 50_000
_MOST_TEXT = 16 << 20
"""Characters of paths that are kept to be asked for again; long ones are an intruder's."""
_LONGEST = 32_767
"""Characters of the longest path that Windows takes."""


@dataclass(frozen=True, slots=True)
class Lying:
    r"""Where something lies: `\inetpub\wwwroot`, empty for the root, `?\auth` or `?` if unknown."""

    folder: str
    settled: bool = True
    """False as long as entries that are not read yet could tell."""
    known: bool = True
    """Whether the path begins at the root."""

    def path(self, name: str, drive: str = "") -> str:
        """Return the path of a file there; its bare name if nothing is known of its folder."""
        if self.known:
            return f"{drive}{self.folder}\\{name}"
        return name if self.folder == UNKNOWN else f"{self.folder}\\{name}"


@dataclass(slots=True)
class Folders:
    """The folders of one volume, as far as they are known."""

    seen: int = 0
    """Entries of the table that were read."""
    complete: bool = False
    """True at the end of the table: what is not known by then stays so."""
    forgotten: int = 0
    """Folders beyond those that are remembered."""
    _names: dict[int, str] = field(default_factory=dict)
    _parents: dict[int, int] = field(default_factory=dict)
    _counts: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(1 << 16, dtype=np.uint16))
    _used: Bools = field(default_factory=lambda: np.zeros(1 << 16, dtype=np.bool_))
    _changed: dict[int, tuple[int, str]] = field(default_factory=dict)
    """Reference to folder and name, as the journal told them last."""
    _cache: dict[int, Lying] = field(default_factory=dict)
    _text: int = 0
    """Characters that the cache holds."""
    _passed: set[int] = field(default_factory=set)
    """Folders that answers in the cache rest on."""

    def see(self, counts: Ints, used: Bools) -> None:
        """Take in the use counts of the next entries, and which of them are in use."""
        end = self.seen + len(counts)
        while end > len(self._counts):
            self._counts = np.concatenate((self._counts, np.zeros_like(self._counts)))
            self._used = np.concatenate((self._used, np.zeros_like(self._used)))
        self._counts[self.seen : end] = counts
        self._used[self.seen : end] = used
        self.seen = end

    def add(self, entry: int, parent: int, name: str) -> None:
        """Remember a folder of the table."""
        if len(self._names) >= _MOST_FOLDERS:
            self.forgotten += 1
            return
        self._names[entry], self._parents[entry] = name, parent

    def change(self, reference: int, parent: int, name: str) -> None:
        """Remember what the journal says of a folder; from then on it is called so."""
        if self._changed.get(reference) == (parent, name):
            return
        if len(self._changed) >= _MOST_CHANGED:
            del self._changed[next(iter(self._changed))]
        self._changed[reference] = (parent, name)
        if reference in self._passed:
            self._forget()

    def told_of(self, reference: int) -> bool:
        """Tell whether the journal told of a folder so far."""
        return reference in self._changed

    def end(self) -> None:
        """Say that the whole table was read."""
        self.complete = True
        self._forget()

    def lying(self, reference: int) -> Lying:
        """Tell the path of a folder by its number and use count."""
        known = self._cache.get(reference)
        if known is None:
            known = self._climb(reference)
            if known.settled or self.complete:
                if len(self._cache) >= _MOST_CACHED or self._text >= _MOST_TEXT:
                    self._forget()
                self._cache[reference] = known
                self._text += len(known.folder)
        return known

    def _forget(self) -> None:
        self._cache.clear()
        self._text = 0
        self._passed.clear()

    def _climb(self, reference: int) -> Lying:
        names: list[str] = []
        settled, length = True, 0
        for _ in range(_DEEPEST):
            if reference & _ENTRY == ROOT:
                return Lying("".join(f"\\{name}" for name in reversed(names)))
            self._passed.add(reference)
            step = self._step(reference)
            if step is None:
                settled = self.complete or not self._may_come(reference)
                break
            reference, name = step
            length += len(name) + 1
            if length > _LONGEST:
                break
            names.append(name)
        return Lying("\\".join((UNKNOWN, *reversed(names))), settled, known=False)

    def _step(self, reference: int) -> tuple[int, str] | None:
        """Return what a folder lies in, and its name."""
        if (told := self._changed.get(reference)) is not None:
            return told
        entry, count = reference & _ENTRY, reference >> 48
        if entry not in self._names or not self._fits(entry, count):
            return None
        return self._parents[entry], self._names[entry]

    def _fits(self, entry: int, count: int) -> bool:
        if entry >= self.seen:
            return False
        now = int(self._counts[entry])
        # NOTE: deleting raises the count, so the entry of a deleted folder is one ahead.
        return now == count or (not self._used[entry] and now == (count + 1) & 0xFFFF)

    def _may_come(self, reference: int) -> bool:
        """Tell whether entries to come could name a folder."""
        entry = reference & _ENTRY
        return entry >= self.seen or (
            entry not in self._names and self._fits(entry, reference >> 48)
        )
