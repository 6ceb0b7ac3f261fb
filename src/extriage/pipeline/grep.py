"""Search evidence for a query: every log type, in the order of paths and lines.

The readers are those of a scan, with a prefilter of one watch. Matches are handed on as they are
found; workers write theirs to a temporary folder of this machine, so that memory stays bounded.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from extriage.errors import SourceError
from extriage.matchers.query import Query, both, parse, show
from extriage.matchers.queryfields import plain_targets
from extriage.matchers.querytarget import query_watch, sought
from extriage.matchers.sigma import RuleSet
from extriage.model.evidence import ByteStream, Entry, Unit
from extriage.parsers import KINDS, Kind, recognise
from extriage.parsers.text import open_text
from extriage.pipeline import parts as splitting
from extriage.pipeline.around import around
from extriage.pipeline.artifact import read_artifact
from extriage.pipeline.matches import Hit, Matches, Wanted
from extriage.pipeline.pack import Pack
from extriage.pipeline.parts import Part
from extriage.pipeline.skim import Skimmer
from extriage.pipeline.unit import failure
from extriage.sources import Opened, read, read_range

Take = Callable[[Hit], None]

_SHAPES = {
    "events-binary": "events",
    "events-json": "events",
    "acts": "audit",
    "document": "setting",
    "file-table": "file-record",
    "file-journal": "file-change",
}
"""Kinds of records by the shape of their files, where that is not the file's own kind."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; small enough to hand to every worker."""

    query: str
    wanted: Wanted = field(default_factory=Wanted)
    prefilter: bool = True
    """Off only to prove that it changes nothing."""
    debug: bool = False


class Looked(msgspec.Struct, frozen=True, array_like=True):
    """What became of one file, or of a part of it."""

    path: str
    found: int
    status: str
    """As in the manifest: `read`, `partial`, `skipped`, `unreadable`."""
    reason: str


@dataclass(slots=True)
class Outcome:
    """What reading some evidence gave, besides the matches."""

    files: list[Looked] = field(default_factory=list)
    columns: Any = None
    """For a part of a log: the columns that hold at its end."""
    lines: int = 0
    """For a part of a log: its lines."""


def search_of(
    queries: list[str],
    columns: tuple[str, ...],
    format: str,
    options: Mapping[str, Any],
    *,
    debug: bool,
) -> Search:
    """Make a search of queries that must all hold; UsageError if one of them cannot run."""
    query = both([parse(text) for text in queries])
    check(query)
    silent = bool(options["count"] or options["files"] or options["quiet"])
    most = 1 if options["files"] or options["quiet"] else options["max_count"] or 0
    everything = format == "jsonl" and not columns
    wanted = Wanted(columns, everything, most, silent, tuple(sought(query)))
    return Search(show(query), wanted, not options["no_prefilter"], debug)


def record_kind(kind: Kind) -> str:
    """Return the kind of the records that files of a kind hold."""
    return _SHAPES.get(kind.shape, kind.name)


@cache
def record_kinds() -> frozenset[str]:
    """Return every kind of record that evidence or a case holds."""
    return frozenset(map(record_kind, KINDS.values())) | frozenset(plain_targets())


def check(query: Query) -> None:
    """Raise UsageError if a query cannot run."""
    for kind in ("iis", "events"):
        query_watch(query, kind, record_kinds())


@cache
def query_pack(search: Search) -> Pack:
    """Make a query ready to run on every kind of evidence that can meet it."""
    query = parse(search.query)
    found = {kind: query_watch(query, kind, record_kinds()) for kind in sorted(record_kinds())}
    watches = {kind: [watch] for kind, watch in found.items() if watch}
    return Pack(RuleSet(()), watches, frozenset(), "", search.prefilter)


def search_unit(unit: Unit, search: Search, take: Take) -> Outcome:
    """Search everything in one unit; what cannot be read is told, never raised."""
    outcome = Outcome()
    opened: Opened | None = None
    try:
        for item in read(unit):
            if isinstance(item, Entry):
                outcome.files.append(Looked(item.path, 0, item.status, item.reason))
                continue
            opened = item
            outcome.files.append(_search_file(item, unit, search, take))
            opened = None
    except SourceError as error:
        outcome.files.append(_failed(unit, opened, str(error)))
    except Exception as error:
        if search.debug or isinstance(error, OSError):
            raise
        reason = f"the reader failed ({type(error).__name__}); please report it"
        outcome.files.append(_failed(unit, opened, reason))
    return outcome


def _failed(unit: Unit, opened: Opened | None, reason: str) -> Looked:
    entry = failure(unit, opened, reason).entry
    return Looked(entry.path, 0, entry.status, entry.reason)


@dataclass(slots=True)
class _Again:
    """A stream whose beginning can be read a second time."""

    stream: ByteStream
    kept: list[bytes] = field(default_factory=list)
    recording: bool = True

    def again(self) -> None:
        """Begin anew; from now on nothing is kept."""
        self.recording = False

    def go_on(self) -> None:
        """Go on where it is; from now on nothing is kept."""
        self.recording = False
        self.kept.clear()

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        if self.recording:
            self.kept.append(self.stream.read(size))
            return self.kept[-1]
        if not self.kept:
            return self.stream.read(size)
        block = self.kept.pop(0)
        if 0 <= size < len(block):
            self.kept.insert(0, block[size:])
            block = block[:size]
        return block or self.read(size)

    def readinto(self, buffer: memoryview) -> int:
        """Fill a buffer with the next bytes."""
        if not self.recording and not self.kept:
            return self.stream.readinto(buffer) or 0
        block = self.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def readline(self, limit: int = -1) -> bytes:
        """Return the next line; nothing asks for it before the stream begins anew."""
        if not self.kept:
            return self.stream.readline(limit)
        block = self.read()
        line, end, rest = block.partition(b"\n")
        self.kept.insert(0, rest)
        return line + end


def _search_file(item: Opened, unit: Unit, search: Search, take: Take) -> Looked:
    artifact, pack = item.artifact, query_pack(search)
    matches = Matches(wanted=search.wanted, take=take)
    stream = _Again(item.stream)
    try:
        head, text, _ = open_text(stream)
    except SourceError as error:
        return Looked(artifact.path, 0, "unreadable", str(error))
    kind = KINDS.get(recognise(head, artifact.path))
    if kind is not None and not pack.watches.get(record_kind(kind)):
        return Looked(artifact.path, 0, "read", "")
    if kind is None or kind.format is None:
        stream.again()
        matches.at_once = True
        beside = around(unit, artifact.path)
        entry = read_artifact(artifact, stream, pack, _unheard, beside, matches).entry
        return Looked(artifact.path, matches.found, entry.status, entry.reason)
    stream.go_on()
    reader = Skimmer(artifact.path, kind.format, pack.prefilter(kind.name), matches)
    try:
        reader.skim(text, matches, artifact.size)
    except SourceError as error:
        return Looked(artifact.path, matches.found, "partial", str(error))
    mixed = "holds logs of several kinds: only the first is read as what it is"
    status, reason = ("partial", mixed) if reader.mixed else ("read", "")
    return Looked(artifact.path, matches.found, status, reason)


def _unheard(_count: int) -> None:
    """Tell nobody of progress."""


def search_part(part: Part, search: Search, take: Take) -> Outcome:
    """Search one part of a large log; its lines are counted from its own first one."""
    format = KINDS[part.kind].format
    assert format is not None
    matches = Matches(wanted=search.wanted, take=take)
    reader = Skimmer(part.unit.path, format, query_pack(search).prefilter(part.kind), matches)
    reader.columns = part.columns if part.start else None
    reader.log_type = part.log_type if part.start else b""
    reader.offset = part.start
    try:
        with read_range(part.unit, part.start, part.end) as stream:
            reader.skim(stream, matches)
        looked = Looked(part.unit.path, matches.found, "read", "")
    except SourceError as error:
        looked = Looked(part.unit.path, matches.found, "partial", str(error))
    return Outcome([looked], reader.columns, reader.counts.lines)


def parts_of(unit: Unit, search: Search) -> list[Part]:
    """Return the parts in which a large log is searched; empty for all else."""
    if search.wanted.most and not search.wanted.count:
        return []
    try:
        parts = splitting.plan(unit)
    except SourceError:
        return []
    return parts if len(parts) > 1 else []


def ordered(units: Iterator[Unit] | list[Unit]) -> list[Unit]:
    """Return units in the order in which their matches are told."""
    return sorted(units, key=lambda unit: unit.place)


def search_alone(units: list[Unit], search: Search, take: Take) -> list[Looked]:
    """Search all units in this process."""
    files: list[Looked] = []
    for unit in ordered(units):
        files += search_unit(unit, search, take).files
    return files


def spooled(part: Part | None, units: tuple[Unit, ...], search: Search, place: str) -> bytes:
    """Search in a worker: matches go to a file in `place`, all else is returned, encoded."""
    name = ""
    with tempfile.NamedTemporaryFile(dir=place, delete=False) as file:
        name = file.name
        encoder = msgspec.msgpack.Encoder()

        def take(hit: Hit) -> None:
            data = encoder.encode(hit)
            file.write(len(data).to_bytes(4, "big") + data)

        if part is not None:
            outcome = search_part(part, search, take)
        else:
            outcome = Outcome()
            for unit in units:
                outcome.files += search_unit(unit, search, take).files
    return msgspec.msgpack.encode((name, outcome))


def unspooled(data: bytes, lines: int, take: Take) -> Outcome:
    """Hand on what a worker found; lines are counted from `lines` on."""
    name, outcome = msgspec.msgpack.decode(data, type=tuple[str, Outcome])
    decoder = msgspec.msgpack.Decoder(Hit)
    path = Path(name)
    with path.open("rb") as file:
        while size := file.read(4):
            hit = decoder.decode(file.read(int.from_bytes(size, "big")))
            take(msgspec.structs.replace(hit, line=hit.line + lines) if lines else hit)
    path.unlink()
    return outcome


def moved(part: Part, columns: Any) -> Part:
    """Return a part that begins with other columns than its log's head names."""
    return replace(part, columns=tuple(columns or ()))
