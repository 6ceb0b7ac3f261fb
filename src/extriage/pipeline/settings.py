"""Show rules what a document says of the server's state, and keep what the verdict needs of it."""

from dataclasses import dataclass, field

from extriage.model.evidence import Record
from extriage.model.state import FOR_RULES, Fact
from extriage.parsers import setting_record
from extriage.parsers.setting import KIND
from extriage.pipeline.batch import Batch, itself
from extriage.pipeline.collect import Collector
from extriage.pipeline.pack import Pack


@dataclass(slots=True)
class Settings:
    """The facts of one document on their way to the rules."""

    pack: Pack
    collector: Collector
    facts: list[Fact] = field(default_factory=list)
    """Those that are asked for once all evidence was read."""
    seen: bool = False
    """True once the document said anything."""
    _batch: Batch[Record] | None = None

    def __post_init__(self) -> None:
        """Make records only if there is a rule that asks for them."""
        prefilter = self.pack.prefilter(KIND)
        if prefilter.watches:
            self._batch = Batch(prefilter, itself, self.collector.add)

    def see(self, fact: Fact) -> None:
        """Take in one fact."""
        self.seen = True
        if fact.subject not in FOR_RULES:
            self.facts.append(fact)
        if self._batch is not None:
            record = setting_record(fact)
            self._batch.add(record.text, record)

    def close(self) -> None:
        """Show the rules what still waits."""
        if self._batch is not None:
            self._batch.flush()
