"""How much of a hostile archive is read before it is called a bomb.

The caps concern only what decompression makes out of the evidence: a large file on disk is read
whole, a small archive that grows without end is not. They hold for one unit of work (a file, or a
share of a large zip archive), so that an honest collection of any size is read. The change journal
of NTFS is a sparse file: the zeros at its head count only against what a unit may expand to in all.
"""

from dataclasses import dataclass

from extriage.errors import SourceError

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

DEEPEST = 2
"""Archives inside archives are read this deep: an archive in an archive."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The caps of one unit; the defaults are far above what log collections need."""

    ratio: int = 200
    """Expanded bytes for each compressed byte, for streams that expand beyond `ratio_from`."""
    ratio_from: int = 100 * MIB
    entries: int = 1_000_000
    total: int = 50 * GIB
    """Expanded bytes of one unit, all archives in it together."""
    file: int = 8 * GIB
    """Bytes read of one file inside an archive."""
    unit: int = 64 * MIB
    """Compressed bytes that one unit of a split zip archive should hold."""
    unit_entries: int = 20_000
    """Entries that one unit of a split zip archive may hold."""


DEFAULT = Limits()


class Budget:
    """What one unit has used up of its limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.sparse = False
        """Whether the file that is read just now is one of which honest ones are mostly zeros."""
        self._entries = 0
        self._expanded = 0

    def entry(self) -> None:
        """Count one entry of an archive; raise when there are too many."""
        self._entries += 1
        if self._entries > self.limits.entries:
            raise SourceError(
                f"holds more than {self.limits.entries:,} entries: the rest was not read"
            )

    def spares(self, data: bytes) -> bool:
        """Tell whether bytes are the hole of a sparse file: they expand, and are no bomb yet."""
        return self.sparse and not data.strip(b"\0")

    def expanded(self, count: int, produced: int, consumed: int) -> None:
        """Count new bytes of a stream that made `produced` of `consumed`; raise on a bomb."""
        self._expanded += count
        limits = self.limits
        if produced > limits.ratio_from and produced > limits.ratio * max(consumed, 1):
            raise SourceError(
                f"expands more than {limits.ratio} to 1 (a decompression bomb?): "
                f"read no further than {produced:,} bytes"
            )
        if self._expanded > limits.total:
            raise SourceError(
                f"expands to more than {limits.total:,} bytes in all: the rest was not read"
            )
