"""Show rules the records of a file that is read whole, and let coverage grow by them."""

from dataclasses import dataclass, field

from extriage.matchers.yara.ruleset import KINDS
from extriage.model.evidence import Origin, Record, Tally
from extriage.pipeline.batch import Batch, itself
from extriage.pipeline.collect import Collector
from extriage.pipeline.pack import Pack
from extriage.pipeline.pages import look, with_texts


@dataclass(slots=True)
class Traces:
    """The records of one file on their way to the rules."""

    kind: str
    path: str
    pack: Pack
    collector: Collector
    tally: Tally = field(init=False)
    first: Record | None = None
    _batch: Batch[Record] = field(init=False)

    def __post_init__(self) -> None:
        """Prepare the search for what the rules of this kind ask for."""
        self.tally = Tally(self.kind, self.path)
        self._batch = Batch(self.pack.prefilter(self.kind), itself, self.collector.add)

    def see(self, record: Record) -> None:
        """Take in one record."""
        self.first = self.first or record
        self.tally.records += 1
        if record.time is not None:
            self.tally.see(record.time)
        self._batch.add(record.text, record)

    def look(self, data: bytes) -> tuple[str, ...]:
        """Run the YARA rules, also over what gave no record; return what was not searched."""
        if self.kind not in KINDS:
            return ()
        bare = Record(self.kind, None, Origin(self.path, 1), {"Path": self.path}, self.path)
        return look(self.pack, self.collector, with_texts(self.first or bare, data))

    def close(self) -> None:
        """Show the rules what still waits."""
        self._batch.flush()
