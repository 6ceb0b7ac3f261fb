"""How evidence can be read once more: what a scan hands on to those who judge what it found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from extriage.model.evidence import Unit


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
