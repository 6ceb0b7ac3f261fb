"""What reading all evidence gave, on its way from the scan to the verdict."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from extriage.casefile import Ledger
from extriage.model.evidence import Entry
from extriage.pipeline.secondpass import SecondPass


@dataclass(frozen=True, slots=True)
class Results:
    """What all units gave, in a fixed order, and what was seen but not read."""

    ledger: Ledger
    order: list[str]
    entries: Iterable[Entry]
    same: Mapping[str, str] = field(default_factory=dict)
    """Path to the path under which this very file was met before."""
    together: tuple[tuple[str, ...], ...] = ()
    """Disk images that hold the drives of one server each."""
    second: SecondPass | None = None
    """How the evidence can be read once more; None if it cannot."""
