"""Read one artifact: recognise it, hand it to the reader of its shape, account for it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from extriage import parsers as parsing
from extriage.errors import SourceError
from extriage.model.evidence import Artifact, ByteStream, Entry, EntryStatus, Tally
from extriage.model.reading import ArtifactResult
from extriage.parsers import KINDS, Kind, recognise
from extriage.parsers.filemarks import USUAL_ENTRY, entry_size
from extriage.parsers.recognise import looks_like_events
from extriage.parsers.text import open_text
from extriage.pipeline.account import Counts
from extriage.pipeline.around import ALONE, Around
from extriage.pipeline.audits import AuditReader
from extriage.pipeline.collect import Collector
from extriage.pipeline.digest import Digest
from extriage.pipeline.events import EventReader
from extriage.pipeline.filejournal import JournalReader
from extriage.pipeline.filetable import TableReader
from extriage.pipeline.lines import LineReader
from extriage.pipeline.pack import Pack
from extriage.pipeline.pages import KIND, PAGE_LIMIT, PageReader
from extriage.pipeline.settings import Settings
from extriage.pipeline.traces import Traces

DRAIN = 1 << 20
HASHED = 64 << 20
"""Bytes of a file of no known kind that are read for its hash alone: programs are smaller."""
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".7z", ".xz", ".txz", ".bz2", ".tbz2",
             ".zst")  # fmt: skip

Progress = Callable[[int], None]


def read_artifact(
    artifact: Artifact,
    stream: ByteStream,
    pack: Pack,
    progress: Progress,
    around: Around = ALONE,
    collector: Collector | None = None,
) -> ArtifactResult:
    """Read one artifact to its end and return what was found in it.

    `around` gets at the files that belong to it. `collector` takes the matches, if they are not to
    be kept as those of rules.
    """
    source = Digest(stream)
    collector = collector or Collector(joined=pack.joined, suppressor=pack.suppressor)
    try:
        head, text, note = open_text(source)
    except SourceError as error:
        entry = Entry(artifact.path, artifact.size, "", "unreadable", str(error))
        return ArtifactResult(entry)
    kind = KINDS.get(recognise(head, artifact.path))
    if kind is None:
        known = _hashed(source, artifact.size)
        entry = _unknown(artifact, max(artifact.size, source.size), head)
        return ArtifactResult(replace(entry, sha256=known), first=source.first)
    reader = {
        "lines": _read_lines,
        "events-binary": _read_binary,
        "events-json": _read_json,
        "acts": _read_acts,
        "page": _read_page,
        "document": _read_document,
        "records": _read_records,
        "file-table": _read_table,
        "file-journal": _read_journal,
    }[kind.shape]
    reading = _Reading(artifact, kind, source, pack, collector, progress, [note] if note else [])
    reading.around = around
    result = reader(reading, text)
    result.first = source.first
    return result


def _hashed(source: Digest, size: int) -> str:
    """Return the hash of a file that is no evidence by itself; empty if it is large or damaged."""
    if size > HASHED:
        return ""
    try:
        while source.size <= HASHED:
            if not source.read(DRAIN):
                return source.hexdigest()
    except SourceError:
        return ""
    return ""


def _unknown(artifact: Artifact, size: int, head: bytes) -> Entry:
    """Name a file that is not read; one that should have been evidence counts as unreadable."""
    status: EntryStatus = "skipped"
    reason = "empty file" if not head else "no evidence that this version reads"
    if head and not head.strip(b"\0"):
        status, reason = "unreadable", "holds nothing but zero bytes"
    elif looks_like_events(head):
        status = "unreadable"
        reason = "events in a form that is not read: export them as JSON lines or EVTX"
    elif head and artifact.path.lower().endswith(_ARCHIVES):
        # NOTE: bytes in front, or a damaged head, must not make a collection pass for no evidence.
        status, reason = "unreadable", "is called an archive, but cannot be opened as one"
    return Entry(artifact.path, size, "", status, reason)


@dataclass(slots=True)
class _Reading:
    """One artifact while it is read: what every shape of reader needs, and how it ends."""

    artifact: Artifact
    kind: Kind
    source: Digest
    pack: Pack
    collector: Collector
    progress: Progress
    reasons: list[str]
    failed: bool = False
    around: Around = ALONE

    def attempt(self, read: Callable[[], None]) -> None:
        """Run a reader; keep why it ended early."""
        try:
            read()
            while self.source.read(DRAIN):
                pass
        except SourceError as error:
            self.failed = True
            self.reasons.append(str(error))

    def unsearched(self, what: Iterable[str]) -> None:
        """Keep what was not searched, and why: the artifact was then read in part only."""
        found = list(what)
        self.failed = self.failed or bool(found)
        self.reasons += found

    def result(
        self, tallies: list[Tally], counts: dict[str, int], notes: list[str], *, any_read: bool
    ) -> ArtifactResult:
        """Close the account of the artifact."""
        status: EntryStatus = "read"
        if self.failed:
            status = "partial" if any_read else "unreadable"
        entry = Entry(
            self.artifact.path,
            max(self.artifact.size, self.source.size),
            self.kind.name,
            status,
            "; ".join(self.reasons),
            self.source.hexdigest(),
            **counts,
        )
        kept = list(self.collector.kept.values())
        collector = self.collector
        notes = notes + collector.notes()
        return ArtifactResult(
            entry, tallies, kept, collector.joins, notes, knocks=collector.knocks()
        )


def _read_lines(reading: _Reading, text: ByteStream) -> ArtifactResult:
    assert reading.kind.format is not None
    prefilter = reading.pack.prefilter(reading.kind.name)
    reader = LineReader(reading.artifact.path, reading.kind.format, prefilter, reading.collector)
    reading.attempt(lambda: reader.read(text, reading.progress, reading.artifact.size))
    counts = reader.counts
    if why := reasons(counts):
        reading.reasons.append(why)
    if reader.mixed:
        reading.failed = True
        reading.reasons.append("holds logs of several kinds: only the first is read as what it is")
    tallies = list(reader.tallies.values())
    return reading.result(tallies, counts.account(), [], any_read=counts.lines > 0)


def reasons(counts: Counts) -> str:
    """Say what is to be known about how a log's lines were read."""
    found = []
    if counts.cut:
        found.append("the last line is cut off")
    if counts.long:
        found.append(f"{counts.long:,} over-long lines were searched as text")
    if counts.rejected:
        found.append(f"{counts.rejected:,} lines hold control bytes only")
    return "; ".join(found)


def _events(reading: _Reading) -> EventReader:
    pack = reading.pack
    return EventReader(
        reading.artifact.path, pack.prefilter("events"), reading.collector, pack.envelopes()
    )


def _read_binary(reading: _Reading, text: ByteStream) -> ArtifactResult:
    reader = _events(reading)
    reading.attempt(lambda: reader.read_binary(text))
    return _close_events(reading, reader)


def _read_json(reading: _Reading, text: ByteStream) -> ArtifactResult:
    reader = _events(reading)
    reading.attempt(lambda: reader.read_json(text, reading.progress))
    return _close_events(reading, reader)


def _close_events(reading: _Reading, reader: EventReader) -> ArtifactResult:
    reading.reasons += reader.remarks
    if reader.troubles:
        reading.failed = True
        first = reader.troubles[0]
        reading.reasons.append(f"{len(reader.troubles):,} damaged places, the first: {first}")
    result = reading.result(
        list(reader.tallies.values()),
        reader.counts.account(),
        reader.notes,
        any_read=reader.counts.parsed > 0,
    )
    result.facts = reader.facts
    return result


def _read_acts(reading: _Reading, text: ByteStream) -> ArtifactResult:
    prefilter = reading.pack.prefilter("audit")
    reader = AuditReader(reading.artifact.path, prefilter, reading.collector)
    reading.attempt(lambda: reader.read(text, reading.progress))
    if reader.troubles:
        reading.failed = True
        reading.reasons += reader.troubles[:1]
    tallies = list(reader.tallies.values())
    numbers, any_read = reader.counts.account(), reader.counts.parsed > 0
    return reading.result(tallies, numbers, reader.notes(), any_read=any_read)


def _read_table(reading: _Reading, text: ByteStream) -> ArtifactResult:
    """Read the raw table of a volume's files."""
    reader = TableReader(reading.artifact.path, reading.pack, reading.collector)
    size = entry_size(reading.source.beginning()) or USUAL_ENTRY
    reading.attempt(lambda: reader.read(text, size, reading.progress))
    return _close_files(reading, reader)


def _read_journal(reading: _Reading, text: ByteStream) -> ArtifactResult:
    """Read the raw journal of a volume's changes."""
    reader = JournalReader(reading.artifact.path, reading.pack, reading.collector)
    reader.learn(reading.around.table)
    reading.attempt(lambda: reader.read(text, reading.progress))
    return _close_files(reading, reader)


def _close_files(reading: _Reading, reader: TableReader | JournalReader) -> ArtifactResult:
    reading.unsearched(reader.reasons())
    reading.reasons += reader.remarks()
    counts, any_read = reader.counts.account(), reader.counts.parsed > 0
    return reading.result([reader.tally], counts, [], any_read=any_read)


def _read_page(reading: _Reading, text: ByteStream) -> ArtifactResult:
    path, source = reading.artifact.path, reading.source
    # NOTE: a page is looked at as it is in the evidence; its reader knows more encodings.
    data = bytearray(source.beginning())

    def read() -> None:
        while len(data) < PAGE_LIMIT and (more := source.read(PAGE_LIMIT - len(data))):
            data.extend(more)
        reading.progress(len(data))

    reading.attempt(read)
    if len(data) >= PAGE_LIMIT and max(reading.artifact.size, source.size) > PAGE_LIMIT:
        reading.failed = True
        reading.reasons.append(f"only its first {PAGE_LIMIT:,} bytes were looked at")
    reader = PageReader(reading.pack, reading.collector)
    reader.read(path, bytes(data), source.hexdigest())
    reading.unsearched(reader.reasons)
    tally = Tally(KIND, path, "", records=1)
    return reading.result([tally], {"lines": 1, "parsed": 1}, [], any_read=True)


def _read_document(reading: _Reading, text: ByteStream) -> ArtifactResult:
    """Read a whole file for the facts in it; what was read before it broke off counts."""
    reader = reading.kind.reader
    assert reader is not None
    data = _whole(reading, text, reader.limit)
    settings = Settings(reading.pack, reading.collector)
    try:
        if not reading.failed:
            artifact = reading.artifact
            beside = reading.around.siblings
            document = parsing.Document(artifact.path, data, artifact.modified, beside)
            for fact in reader.read(document):
                settings.see(fact)
    except parsing.DocumentError as error:
        reading.failed = True
        reading.reasons.append(str(error))
    settings.close()
    result = reading.result([], {}, [], any_read=settings.seen)
    result.facts = settings.facts
    return result


def _read_records(reading: _Reading, text: ByteStream) -> ArtifactResult:
    """Read a whole file for the records in it; what was read before it broke off counts."""
    reader, artifact = reading.kind.records, reading.artifact
    assert reader is not None
    data = _whole(reading, text, reader.limit)
    traces = Traces(reading.kind.name, artifact.path, reading.pack, reading.collector)
    try:
        if not reading.failed:
            beside = reading.around.siblings
            document = parsing.Document(artifact.path, data, artifact.modified, beside)
            for record in reader.read(document):
                traces.see(record)
    except parsing.DocumentError as error:
        reading.failed = True
        reading.reasons.append(str(error))
    traces.close()
    reading.unsearched(traces.look(data))
    return reading.result([traces.tally], {}, [], any_read=traces.tally.records > 0)


def _whole(reading: _Reading, text: ByteStream, limit: int) -> bytes:
    data = bytearray()

    def read() -> None:
        while len(data) <= limit and (more := text.read(DRAIN)):
            data.extend(more)
            reading.progress(len(more))

    reading.attempt(read)
    if len(data) > limit:
        reading.failed = True
        reading.reasons.append(f"is larger than the {limit:,} bytes that are read of such a file")
    return bytes(data)
