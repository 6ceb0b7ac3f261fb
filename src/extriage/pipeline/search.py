"""Search a block of lines: plain rows for what stands together, all others for literals."""

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from extriage.matchers.columns import Places
from extriage.matchers.prefilter import Prefilter
from extriage.parsers import Columns, LineFormat
from extriage.pipeline.census import Bools, Census

Hits: TypeAlias = list[tuple[int, int]]
"""Line, and the number of what was found in it."""

_MANY = 4
"""If every fourth line is to be searched alone, it is faster to search the block."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Rows without quotes that fit their columns."""

    lines: Bools
    delimiter: bytes


def hits(
    prefilter: Prefilter, block: memoryview, lines: Census, plain: Plain | None
) -> tuple[Hits, Hits]:
    """Return literals by line, and positions of watches by line, for which the line is worth it."""
    together = prefilter.together(plain.delimiter, len(block)) if plain else None
    if plain is None or together is None:
        return _placed(prefilter.hits(block), lines), []
    others = np.flatnonzero(~plain.lines)
    if len(others) * _MANY > len(plain.lines):
        return _placed(prefilter.hits(block), lines), []
    found = _placed(together.hits(block), lines)
    kept = [(line, number) for line, number in found if plain.lines[line]]
    watches = [(line, one) for line, number in kept for one in together.watches[number]]
    literals = _placed(prefilter.sought_hits(block), lines)
    for line in others.tolist():
        row = block[lines.starts[line] : lines.ends[line]]
        literals += ((line, literal) for _, literal in prefilter.hits(row))
    return literals, watches


def _placed(found: Hits, lines: Census) -> Hits:
    """Return line instead of end offset."""
    at = lines.line_of(np.array([end - 1 for end, _ in found], dtype=np.int64)).tolist()
    return [(line, number) for line, (_, number) in zip(at, found, strict=True)]


def simple(format: LineFormat) -> bool:
    """Tell whether columns are what stands between delimiters, in rows without quotes."""
    return format.decode is None and not format.local_time and not format.free


def row(format: LineFormat, columns: Columns, lowered: bytes) -> tuple[Places, list[bytes]] | None:
    """Return where columns stand, and the bare columns of a row; None if that is not plain."""
    if b'"' in lowered or not simple(format):
        return None
    places, cells = _where(columns), lowered.split(format.delimiter)
    if format.delimiter == b" ":
        if len(cells) > len(columns):
            cells = [cell for cell in cells if cell]
        cells = [b"" if cell == b"-" else cell for cell in cells]
    return (places, cells) if len(cells) == len(columns) == len(places) else None


@lru_cache(maxsize=8)
def _where(columns: Columns) -> Places:
    return {name: at for at, name in enumerate(columns)}
