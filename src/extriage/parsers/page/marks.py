"""Where in the code data of a request stands, and whose it is."""

from dataclasses import dataclass, field, replace

_MOST_LOOKED_AT = 40


@dataclass(frozen=True, slots=True)
class Taint:
    """Data that came in with a request, and the way it took."""

    source: str
    line: int
    through: tuple[str, ...] = ()
    file_name: bool = False
    """True if only a bare file name is left of it."""
    within: bool = False
    """True if the page puts a folder in front of it."""

    def via(self, name: str) -> "Taint":
        """Return the same data, kept in a variable."""
        if name in self.through or name == self.source or len(self.through) >= 4:
            return self
        return replace(self, through=(*self.through, name))


@dataclass(slots=True)
class Marks:
    """Taints by the place of the word that brings them in, found fast in any range."""

    size: int
    _marks: list[Taint | None] = field(default_factory=list)
    _next: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._marks = [None] * (self.size + 1)
        self._next = list(range(1, self.size + 2))

    def begin(self, start: int, end: int) -> None:
        """Forget what is known of a statement."""
        self._marks[start:end] = [None] * (end - start)
        self._next[start:end] = range(start + 1, end + 1)

    def put(self, at: int, taint: Taint) -> None:
        """Mark a word; only in front of everything that was asked for since `begin`."""
        self._marks[at] = taint

    def first(self, start: int, end: int) -> Taint | None:
        """Return the first taint of a range, rather one that is more than a file name."""
        found: Taint | None = None
        at = start
        for _ in range(_MOST_LOOKED_AT):
            at = self._from(at, end)
            taint = self._marks[at] if at < end else None
            if taint is None or not taint.file_name:
                return taint or found
            found = found or taint
            at += 1
        return found

    def _from(self, start: int, end: int) -> int:
        at, passed = start, []
        while at < end and self._marks[at] is None:
            passed.append(at)
            at = self._next[at]
        for one in passed:
            self._next[one] = at
        return at

    def clear(self, start: int, end: int) -> None:
        """Take the taints off a range: what is made of it holds nothing of them."""
        at = self._from(start, end)
        while at < end:
            self._marks[at] = None
            at = self._from(at + 1, end)

    def only_file_names(self, start: int, end: int) -> None:
        """Note that nothing but a file name is left of what stands in a range."""
        at = self._from(start, end)
        while at < end:
            taint = self._marks[at]
            if taint is not None and not taint.file_name:
                self._marks[at] = replace(taint, file_name=True)
            at = self._from(at + 1, end)
