"""Read a web log once more for suspects only: blocks without a trace of them are not even counted.

Lines that name a suspect are cut out, split by the columns that hold there, and handed on as
requests. So are requests for other foreign pages: whoever walks a list of names is told by it. What
the first reading said of the file's lines stays as it is.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, cast

import numpy as np

from extriage import parsers as parsing
from extriage.analysis.linefit import LineFit
from extriage.analysis.visits import Counter, request_of
from extriage.knowledge.executed import ENDING
from extriage.knowledge.joins import is_shipped_name
from extriage.matchers.compiled import compiled
from extriage.model.detection import Evidence
from extriage.model.evidence import ByteStream, Origin, Record
from extriage.model.state import Proof
from extriage.model.suppression import Suppression
from extriage.parsers import Clock, Columns, LineFormat
from extriage.parsers.text import text_of
from extriage.pipeline.blocks import OVERLAP, blocks
from extriage.pipeline.census import Census

TEXT_LIMIT = 1000
_SHORTEST = 6
_NONE = np.zeros(0, dtype=np.int64)
_UNCOUNTED = Census(_NONE, _NONE, _NONE.astype(bool), _NONE, _NONE.astype(np.uint16), None)
_FOREIGN = rb"/(?:owa/auth|ecp/auth|aspnet_client|oab)/[^ ,?\r\n]*" + ENDING.encode() + rb"[ ,?/;]"
_NEW_HEAD = (rb"\n#", rb"\ndatetime,")
"""What stands in a block in which columns or the date may change."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; small enough to hand to every worker."""

    pages: frozenset[str]
    names: frozenset[str]
    scanners: tuple[tuple[int, Suppression], ...] = ()
    """Entries of suppress files that name the organisation's own scanners, with their position."""


@dataclass(frozen=True, slots=True)
class Hunt:
    """The search, ready to run."""

    wanted: Wanted
    database: Any
    certain: int
    """How many expressions find lines that are wanted; what follows also finds others."""
    fits: tuple[tuple[int, LineFit], ...]


@cache
def hunt(wanted: Wanted) -> Hunt:
    """Prepare the search."""
    found = sorted({_literal(page) for page in (*wanted.pages, *wanted.names)})
    expressions = [*(re.escape(text) for text in found), *_NEW_HEAD, _FOREIGN]
    fits = tuple((at, LineFit(entry)) for at, entry in wanted.scanners)
    return Hunt(wanted, compiled(expressions), len(found) + len(_NEW_HEAD), fits)


def _literal(page: str) -> bytes:
    """Return what every line with the page holds, whatever the case of its plain letters."""
    name = page.rpartition("/")[2]
    # NOTE: only plain letters are found in either case, and logs encode others in several ways.
    pieces = re.findall(r"[!-~]+", name)
    best = max(pieces, key=len, default="")
    text = best if len(best) >= _SHORTEST else ".as" if ".as" in name else best
    if is_shipped_name(name):
        text = "/".join(page.split("/")[-2:])
    return text.encode()


@dataclass(slots=True)
class SecondReader:
    """The state of reading one log again."""

    path: str
    format: LineFormat
    hunt: Hunt
    counter: Counter
    columns: Columns | None = None
    lines: int = 0
    """Lines before the one in hand."""
    offset: int = 0
    """Of the block in hand."""
    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        """Let the clock know the file name, which may be all that tells the day."""
        self.clock = Clock(self.path)

    def read(self, stream: ByteStream, progress: Callable[[int], None], size: int = -1) -> None:
        """Read the stream to its end; SourceError when it breaks off, with all counts kept."""
        long = first = False
        for piece in blocks(stream, self.format.delimiter[0], size, _uncounted):
            progress(piece.read)
            if piece.census is None:
                # NOTE: no browser sends, and no server logs, a URL of a megabyte.
                self.lines += not long
                long = not piece.ends_line
                self.offset += len(piece.data) + (-OVERLAP if long else 1)
                continue
            self._block(piece.data, head=not first)
            self.offset += len(piece.data)
            first = True

    def _block(self, block: memoryview, *, head: bool) -> None:
        data = cast("bytearray", block.obj)
        at, end = 0, len(block)
        for start in self._starts(data, block, head=head):
            if start < at:
                continue
            self.lines += data.count(b"\n", at, start)
            stop = data.find(b"\n", start, end)
            self._line(bytes(block[start:stop]).rstrip(b"\r"), self.offset + start)
            self.lines += 1
            at = stop + 1
        self.lines += data.count(b"\n", at, end)

    def _starts(self, data: bytearray, block: memoryview, *, head: bool) -> Iterable[int]:
        """Return where the lines begin that are to be looked at, in order."""
        if self._undated():
            yield from _every(data, len(block))
            return
        found: set[int] = set()
        foreign = self.hunt.certain

        def keep(number: int, _start: int, end: int, _flags: int, _context: object) -> None:
            if number >= foreign and _ordinary(data[data.rfind(b"/", 0, end - 1) + 1 : end - 1]):
                return
            found.add(data.rfind(b"\n", 0, end) + 1)

        self.hunt.database.scan(block, match_event_handler=keep)
        if head:
            found |= set(_head(data, len(block)))
        yield from sorted(found)

    def _undated(self) -> bool:
        """Tell whether the date of a row follows from the rows before it."""
        return self.columns is not None and not {"date", "DateTime"} & set(self.columns[:1])

    def _line(self, raw: bytes, offset: int) -> None:
        columns = parsing.header(self.format, raw)
        if raw.startswith(b"#"):
            self.clock.see(raw)
        if columns is not None:
            self.columns = columns
        elif not raw.startswith(b"#") and raw:
            self._row(raw, offset)

    def _row(self, raw: bytes, offset: int) -> None:
        columns = self.columns
        values = parsing.split(self.format, columns, raw) if columns else None
        if values is None:
            columns = parsing.fallback_columns(self.format, raw)
            values = parsing.split(self.format, columns, raw) if columns else None
        if columns is None or values is None:
            return
        time = parsing.line_time(self.format, columns, raw, self.clock)
        if time is None:
            return
        fields = dict(zip(columns, values, strict=True))
        proof = Proof(self.path, self.lines + 1, text_of(raw)[:TEXT_LIMIT])
        request = request_of(self.format.kind, fields, time, proof, (offset, raw))
        if request is not None:
            scanners = self._scanners(fields, proof, request.time) if self.hunt.fits else []
            self.counter.add(request, scanners)

    def _scanners(self, fields: dict[str, str], proof: Proof, time: Any) -> list[int]:
        """Return the organisation's own scanners that this request may have come from."""
        origin = Origin(proof.path, proof.line)
        record = Record(self.format.kind, time, origin, dict(fields), proof.text)
        line = Evidence(proof.path, proof.line, 0, proof.text, "", time)
        return [at for at, fit in self.hunt.fits if fit.late(record, line) is False]


def _uncounted(_block: Any, _delimiter: int) -> Census:
    """Stand for the census of a block: hardly any block needs one."""
    return _UNCOUNTED


def _every(data: bytearray, end: int) -> Iterable[int]:
    start = 0
    while start < end:
        yield start
        start = data.find(b"\n", start, end) + 1 or end


def _head(data: bytearray, end: int) -> Iterable[int]:
    """Return the lines up to the first row."""
    for start in _every(data, end):
        yield start
        if data[start] not in b"#\xef\r\n":
            return


def _ordinary(name: bytearray) -> bool:
    """Tell whether the name of a page is one that every server has."""
    return _known(bytes(name))


@lru_cache(4096)
def _known(name: bytes) -> bool:
    return is_shipped_name(name.decode("ascii", "replace").lower())
