"""Script blocks that PowerShell logged in parts: rules see the whole script, not its pieces.

Event 4104 holds at most some ten thousand characters of a script; a longer one is logged as parts
with the same `ScriptBlockId`, and what an intruder wrote may stand across the edge of two of them.
Parts are held until all are there, within bounds; what is missing then is left out. Reference:
https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_logging_windows
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from extriage.model.evidence import Record

EVENT = 4104
MOST_BLOCKS = 64
"""Blocks that wait for their other parts."""
MOST_IN_HAND = 16 << 20
MOST_TEXT = 4 << 20
"""Characters of one script that are looked at in one go."""
_SINGLE = re.compile(rb'"MessageTotal"\s{0,4}:\s{0,4}"?1"?\s{0,4}[,}]')
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """One event of a block."""

    record: Record
    raw: bytes
    document: bytes


@dataclass(slots=True)
class Block:
    """The parts of one script that were met."""

    total: int
    parts: dict[int, Part] = field(default_factory=dict)
    size: int = 0

    def ordered(self) -> list[Part]:
        """Return the parts in the order of the script."""
        return [part for _, part in sorted(self.parts.items())]

    def joined(self) -> Record:
        """Return the first part's record with the text of the whole script."""
        parts = self.ordered()
        text = "".join(_text(part.record) for part in parts)
        first = parts[0].record
        return replace(first, fields={**first.fields, "ScriptBlockText": text})


@dataclass(slots=True)
class ScriptBlocks:
    """The blocks of one event log whose parts are not all there yet."""

    waiting: dict[_Key, Block] = field(default_factory=dict)
    size: int = 0

    def take(self, part: Part) -> list[Block] | None:
        """Take a part; give the blocks that are to be looked at now. None for what is no part."""
        place = _place(part.record)
        if place is None:
            return None
        key, number, total = place
        ready: list[Block] = []
        block = self.waiting.get(key)
        # NOTE: logs repeat a block when the same script runs again; a new round begins then.
        if block is not None and number in block.parts:
            ready.append(self._release(key))
            block = None
        if block is None:
            block = self.waiting[key] = Block(total)
        block.parts[number] = part
        size = len(_text(part.record)) + len(part.document)
        block.size += size
        self.size += size
        if len(block.parts) >= block.total or block.size > MOST_TEXT:
            ready.append(self._release(key))
        while len(self.waiting) > MOST_BLOCKS or self.size > MOST_IN_HAND:
            ready.append(self._release(next(iter(self.waiting))))
        return ready

    def rest(self) -> Iterator[Block]:
        """Give the blocks whose other parts never came."""
        while self.waiting:
            yield self._release(next(iter(self.waiting)))

    def _release(self, key: _Key) -> Block:
        block = self.waiting.pop(key)
        self.size -= block.size
        return block


def is_single(document: bytes) -> bool:
    """Tell whether an event 4104 plainly says that it is all of its script."""
    return _SINGLE.search(document) is not None


def _place(record: Record) -> tuple[_Key, int, int] | None:
    fields = record.fields
    identity, text = fields.get("ScriptBlockId"), fields.get("ScriptBlockText")
    number, total = _number(fields.get("MessageNumber")), _number(fields.get("MessageTotal"))
    if not isinstance(identity, str) or not isinstance(text, str) or total < 2:
        return None
    return (record.computer, identity), number, total


def _number(value: object) -> int:
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 7 else 0


def _text(record: Record) -> str:
    text = record.fields.get("ScriptBlockText", "")
    return text if isinstance(text, str) else ""
