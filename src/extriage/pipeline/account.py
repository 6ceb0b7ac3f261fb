"""The account of a log: how many lines there are, and what became of each."""

from dataclasses import dataclass


@dataclass(slots=True)
class Counts:
    """The account of a file's lines."""

    lines: int = 0
    parsed: int = 0
    raw: int = 0
    rejected: int = 0
    comment: int = 0
    blank: int = 0
    long: int = 0
    cut: bool = False
    """The last line has no newline and does not fit its columns: the file was cut off."""

    def account(self) -> dict[str, int]:
        """Return what stands in the manifest: all lines, and what became of them."""
        names = ("lines", "parsed", "raw", "rejected", "comment", "blank")
        return {name: getattr(self, name) for name in names}

    def add(self, other: "Counts") -> None:
        """Take in the lines that follow."""
        for name in (*self.account(), "long"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.cut = other.cut
