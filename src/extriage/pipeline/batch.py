"""Show rules what is no line of a log: names of files, settings; many in one go.

Their texts are searched for the rules' literals together; only what was hit becomes a record. With
the prefilter off all of them do, and the same rules are met.
"""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from extriage.matchers.prefilter import Prefilter, Watch
from extriage.model.evidence import Record

Item = TypeVar("Item")
Met = Callable[[Watch, Record, bytes], None]

SIZE = 1 << 20
"""Bytes of text that wait to be searched."""


@dataclass(slots=True)
class Batch(Generic[Item]):
    """What waits to be shown to the rules of one kind of evidence."""

    prefilter: Prefilter
    make: Callable[[Item], Record]
    met: Met
    """Gets the rule, the record that it is met by, and the text."""
    texts: list[bytes] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    size: int = 0

    def add(self, text: str, item: Item) -> None:
        """Take one in; its record's text must hold what `text` holds."""
        data = text.encode("utf-8", "backslashreplace")
        self.texts.append(data)
        self.items.append(item)
        self.size += len(data)
        if self.size >= SIZE:
            self.flush()

    def flush(self) -> None:
        """Show the rules all that waits."""
        for position, literals in sorted(self._hit().items()):
            text = self.texts[position]
            watches = self.prefilter.candidates(literals, text.lower())
            if not watches:
                continue
            record = self.make(self.items[position])
            for watch in watches:
                if watch.target.matches(record):
                    self.met(watch, record, text)
        self.texts, self.items, self.size = [], [], 0

    def _hit(self) -> dict[int, set[int]]:
        """Return what is to be looked at, each with the literals found in it."""
        if self.prefilter.always:
            every = range(len(self.prefilter.literals))
            return {position: set(every) for position in range(len(self.texts))}
        starts, at = [], 0
        for text in self.texts:
            starts.append(at)
            at += len(text) + 1
        found: dict[int, set[int]] = {}
        for end, literal in self.prefilter.hits(b"\n".join(self.texts)):
            found.setdefault(bisect_right(starts, end - 1) - 1, set()).add(literal)
        return found


def itself(record: Record) -> Record:
    """Return a record that was made beforehand."""
    return record
