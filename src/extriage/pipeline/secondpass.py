"""How evidence can be read once more: what a scan hands on to those who judge what it found."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from extriage.model.evidence import Unit
from extriage.pipeline.pack import Content


@dataclass(frozen=True, slots=True)
class SecondPass:
    """What it takes to read some of the evidence again."""

    units: Mapping[str, Unit]
    """By the key under which the ledger has what the first pass found in it."""
    jobs: int
    announce: Callable[[int, int], None]
    """Hears how many bytes of how many logs are read again."""
    progress: Callable[[int], None]
    """Hears that this many more bytes were read."""
    folder: Path | None = None
    """The case folder, where the trail is kept while the scan runs; None if there is none."""
    content: Content | None = None
    """Where the rules are."""
    closing: ExitStack = field(default_factory=ExitStack)
    """What to let go of once the servers are judged: Windows takes no file away that is open."""
