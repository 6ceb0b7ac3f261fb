"""Read one large log in parts, so that several workers share it.

Parts depend on the file alone, never on the number of workers, and each begins with a record. All
but the first take their columns from the file's head; if an earlier part ends with other columns,
or anything at all goes wrong, the file is read whole instead. What comes out is the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import numpy as np

from extriage import parsers as parsing
from extriage.model.detection import Evidence, Held, Match
from extriage.model.evidence import Entry, Tally, Unit
from extriage.model.reading import ArtifactResult, Kept, Knocks
from extriage.parsers.text import BOM, utf16
from extriage.pipeline import census
from extriage.pipeline.account import Counts
from extriage.pipeline.artifact import Progress, reasons
from extriage.pipeline.collect import Collector
from extriage.pipeline.digest import LARGE
from extriage.pipeline.knocking import together
from extriage.pipeline.lines import LineReader
from extriage.pipeline.pack import Pack
from extriage.pipeline.search import simple
from extriage.sources import read_range

PART = 32 << 20
HEAD = 1 << 16
SEARCH = 1 << 20
"""How far from its ideal place a boundary may lie."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines of a large log, from one record to another."""

    unit: Unit
    kind: str
    start: int
    end: int
    columns: parsing.Columns
    log_type: bytes
    """What the file's head calls the log."""


@dataclass(frozen=True, slots=True)
class PartResult:
    """What reading a part gave; lines are counted from the part's own first one."""

    counts: Counts
    tallies: list[Tally]
    kept: list[Kept]
    joins: list[Match]
    notes: list[str]
    columns: parsing.Columns | None
    """The columns that hold at its end."""
    knocks: list[Knocks] = field(default_factory=list)


def plan(unit: Unit) -> list[Part]:
    """Return the parts of a large line log; empty for everything else."""
    if not unit.whole or unit.size < LARGE:
        return []
    head = _piece(unit, 0, HEAD)
    kind = parsing.KINDS.get(parsing.recognise(head, unit.path))
    if kind is None or kind.format is None or head.startswith(BOM) or utf16(head)[0]:
        return []
    columns = _columns(kind.format, head)
    if columns is None:
        return []
    edges = [0]
    for ideal in range(PART, unit.size - PART // 2, PART):
        edge = _record_start(unit, kind.format, ideal)
        if edge is not None:
            edges.append(edge)
    edges.append(unit.size)
    named = next(filter(None, map(parsing.log_type, head.split(b"\n"))), b"")
    return [Part(unit, kind.name, start, end, columns, named) for start, end in pairwise(edges)]


def _piece(unit: Unit, start: int, size: int) -> bytes:
    with read_range(unit, start, min(start + size, unit.size)) as stream:
        return stream.read(size)


def _columns(format: parsing.LineFormat, head: bytes) -> parsing.Columns | None:
    """Return the columns that hold after the head; None if its rows carry no ISO time."""
    columns = None
    for line in head.split(b"\n")[:-1]:
        columns = parsing.header(format, line.rstrip(b"\r")) or columns
    whole = head[: head.rfind(b"\n") + 1]
    if columns is None or not whole:
        return None
    counted = census.take(bytearray(whole), format.delimiter[0])
    return columns if bool(np.any(counted.stamped)) else None


def _record_start(unit: Unit, format: parsing.LineFormat, ideal: int) -> int | None:
    piece = _piece(unit, ideal, SEARCH)
    at = piece.find(b"\n") + 1
    while 0 < at < len(piece):
        line = piece[at : at + 64]
        if line[:1].isdigit() and parsing.starts_record(format, line):
            return ideal + at
        at = piece.find(b"\n", at) + 1
    return None


def prepare(parts: Iterable[Part], pack: Pack) -> None:
    """Make ready what every worker needs for these parts: copies of this process have it then."""
    for kind in sorted({part.kind for part in parts}):
        format = parsing.KINDS[kind].format
        if format is not None and simple(format):
            pack.prefilter(kind).together(format.delimiter, LARGE)


def read_part(part: Part, pack: Pack, progress: Progress) -> PartResult:
    """Read one part; SourceError when it breaks off."""
    format = parsing.KINDS[part.kind].format
    assert format is not None
    collector = Collector(joined=pack.joined, suppressor=pack.suppressor)
    reader = LineReader(part.unit.path, format, pack.prefilter(part.kind), collector)
    reader.columns = part.columns if part.start else None
    reader.log_type = part.log_type if part.start else b""
    reader.offset = part.start
    with read_range(part.unit, part.start, part.end) as stream:
        reader.read(stream, progress)
    return PartResult(
        reader.counts,
        list(reader.tallies.values()),
        list(collector.kept.values()),
        collector.joins,
        collector.notes(),
        reader.columns,
        collector.knocks(),
    )


def fit_together(parts: list[Part], results: list[PartResult]) -> bool:
    """Tell whether every part began with the columns that the one before ended with."""
    return all(result.columns == parts[0].columns for result in results[:-1])


def put_together(parts: list[Part], results: list[PartResult], sha256: str) -> ArtifactResult:
    """Make one result of all parts: lines are counted from the file's first one."""
    counts, kept, joins = Counts(), dict[tuple[str, str, bool, Held], Kept](), list[Match]()
    tallies: dict[tuple[str, str], Tally] = {}
    notes: set[str] = set()
    for result in results:
        for one in result.kept:
            one.move(partial(_moved, lines=counts.lines))
            fresh = Kept(one.rule, one.computer, one.raw, held=one.held)
            kept.setdefault(one.key, fresh).merge(one)
        joins += [replace(m, evidence=_moved(m.evidence, counts.lines)) for m in result.joins]
        for tally in result.tallies:
            name = (tally.computer, tally.part)
            empty = Tally(tally.kind, tally.path, tally.computer, tally.part)
            tallies.setdefault(name, empty).merge(tally)
        notes.update(result.notes)
        counts.add(result.counts)
    unit = parts[0].unit
    entry = Entry(
        unit.path, unit.size, parts[0].kind, "read", reasons(counts), sha256, **counts.account()
    )
    knocks = together(result.knocks for result in results)
    lines = list(kept.values())
    return ArtifactResult(entry, list(tallies.values()), lines, joins, sorted(notes), knocks=knocks)


def _moved(line: Evidence, lines: int) -> Evidence:
    return replace(line, line=line.line + lines)
