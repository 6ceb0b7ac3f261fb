"""Show rules the name of every file that was seen, whatever became of its content.

Names are looked at when all evidence was read, because only then is it known which server a path
belongs to. A file that has two names (a hard link, a folder given twice) counts once, and so does
a server's path that lies in the evidence twice. An archive is a file too, though its members are
what was read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from extriage.analysis.hosts import HostNames
from extriage.matchers.prefilter import Prefilter, Watch
from extriage.model.evidence import Entry, Record
from extriage.model.reading import ArtifactResult
from extriage.parsers import file_name_record
from extriage.parsers.file_name import KIND, file_name_text
from extriage.pipeline.batch import Batch
from extriage.pipeline.collect import Collector
from extriage.pipeline.pack import Pack

_ARCHIVE = "!/"
_NUMBERED = "!/[entry "
_DEEPEST = 4
"""Archives around a file that are looked at."""


@dataclass(frozen=True, slots=True)
class _File:
    path: str
    size: int
    first: bytes


@dataclass(slots=True)
class FileNames:
    """Names on their way to the rules, and what was met on which host."""

    pack: Pack
    names: HostNames
    same: Mapping[str, str]
    """Path to the path under which this very file was met before."""
    found: dict[str, Collector] = field(default_factory=dict)
    """Host to the rules that its files met."""
    _batch: Batch[_File] | None = None
    _inside: str = ""
    """The archive that the last file lay in."""
    _met: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Look at names only if there is a rule that asks for them."""
        prefilter = self.pack.prefilter(KIND)
        if prefilter.watches:
            self._batch = Batch(_narrowed(prefilter), _record, self._keep)

    def see(self, path: str, size: int, first: bytes = b"") -> None:
        """Take in one path of the evidence; the archives around it are files as well."""
        if self._batch is None:
            return
        if _ARCHIVE in path:
            self._archives(path)
        self._batch.add(file_name_text(path), _File(path, size, first))

    def results(self) -> Iterator[tuple[str, ArtifactResult]]:
        """Show the rules what still waits; yield what was met, by host."""
        if self._batch is not None:
            self._batch.flush()
        for host, collector in sorted(self.found.items()):
            entry = Entry("", -1, KIND, "read")
            kept = list(collector.kept.values())
            yield host, ArtifactResult(entry, [], kept, collector.joins, collector.notes())

    def _archives(self, path: str) -> None:
        assert self._batch is not None
        whole, numbered, _ = path.partition(_NUMBERED)
        parts = whole.rsplit(_ARCHIVE, _DEEPEST)
        outer = ""
        for part in parts if numbered else parts[:-1]:
            outer = f"{outer}{_ARCHIVE}{part}" if outer else part
            if not f"{self._inside}{_ARCHIVE}".startswith(f"{outer}{_ARCHIVE}"):
                self._batch.add(file_name_text(outer), _File(outer, -1, b""))
        self._inside = outer

    def _keep(self, watch: Watch, record: Record, text: bytes) -> None:
        path = record.origin.path
        host = self.names.of(path)
        rule = watch.rule.rule.id
        place = str(record.fields["Path"]).lower()
        # NOTE: numbers for the names themselves: a million of these would be hundreds of megabytes.
        marks = {hash((rule, self.same.get(path, path))), hash((rule, host, place))}
        if marks.isdisjoint(self._met):
            fresh = Collector(self.pack.joined, self.pack.suppressor)
            collector = self.found.setdefault(host, fresh)
            collector.add(watch, record, text)
        self._met |= marks


def _narrowed(prefilter: Prefilter) -> Prefilter:
    """Ask a name for what stands beside a rule's folder as well, however short: `.7z`, `.pst`."""
    # NOTE: a folder alone lets every page of a web root become a record, which takes far longer.
    numbers = {clause: number for number, clause in enumerate(prefilter.clauses)}
    others = []
    for at, (watch, asked) in enumerate(zip(prefilter.watches, prefilter.others, strict=True)):
        beside = tuple(sorted({second for _, second in watch.target.pairs}))
        wanted = {numbers.setdefault(beside, len(numbers))} - {*asked} if beside else set[int]()
        others.append(asked if at in prefilter.always else (*wanted, *asked))
    return replace(prefilter, clauses=tuple(numbers), others=tuple(others))


def _record(file: _File) -> Record:
    return file_name_record(file.path, file.size, file.first)
