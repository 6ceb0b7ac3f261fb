"""What is known of a page's variables and calls while its data is followed."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from extriage.parsers.page.behaviours import Table
from extriage.parsers.page.chains import Chain, Element
from extriage.parsers.page.marks import Marks, Taint
from extriage.parsers.page.outline import Assignment, Key, Method, Outline


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was understood."""

    key: str
    chain: Chain
    element: Element
    taint: Taint | None
    """Whose data its object holds."""
    head: Key | None
    depth: int
    """How many names stand in front of it."""
    by_name: bool = False
    """True if the name was given as text."""


@dataclass(slots=True)
class State:
    """What is known of a page's variables so far."""

    outline: Outline
    table: Table
    methods: Mapping[str, int]
    taints: dict[Key, Taint] = field(default_factory=dict)
    types: dict[Key, str] = field(default_factory=dict)
    returns: dict[int, Taint] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    controls: dict[str, str] = field(default_factory=dict)
    kinds: dict[int, str] = field(default_factory=dict)
    """By where a chain begins: the type of what it gives."""
    marks: Marks = field(default_factory=lambda: Marks(0))
    end: int = 0
    """Where the statement ends that is being read."""
    within: tuple[str, Key | None] = ("", None)
    """Type and variable of the object that `With` names in Visual Basic."""
    evals: bool = False
    """True if `eval` runs code in the language of the page, and is no data binding."""
    changed: bool = False

    def between(self, opened: int, close: int) -> Taint | None:
        """Return whose data stands between two brackets, as far as the statement goes."""
        return self.marks.first(opened + 1, min(close, self.end))

    def method(self, name: str) -> Method | None:
        """Return a method of the page by its name."""
        number = self.methods.get(name)
        return self.outline.methods[number - 1] if number else None


@dataclass(slots=True)
class Finding:
    """What a page does, with the sentence that shows it."""

    id: str
    line: int
    text: str


@dataclass(slots=True)
class Flow:
    """The walk through one page's code."""

    state: State
    by_statement: list[list[Assignment]]
    chains_of: list[range]
    found: dict[tuple[str, int], Finding] = field(default_factory=dict)
    references: dict[Key, int] = field(default_factory=dict)
    """Variables that hold a method of the page."""
    lambdas: dict[Key, tuple[Key, ...]] = field(default_factory=dict)
    """Variables that hold `x => …`, and its parameters."""
    owners: dict[Key, Key] = field(default_factory=dict)
    """Variables that are a part of another one: `var info = process.StartInfo`."""
    settled: dict[Key, bool] = field(default_factory=dict)
    """Whether the page settles what is in a variable, as far as that was asked in this round."""
    _assigned: dict[Key, list[Assignment]] | None = None
    _uses: dict[Key, list[Chain]] | None = None
    spelled: dict[str, str] = field(default_factory=dict)
    """How the page writes a name that is known in lower case."""

    def assigned(self, key: Key) -> list[Assignment]:
        """Return the assignments to a variable and to its members."""
        if self._assigned is None:
            self._assigned = {}
            for one in self.state.outline.assignments:
                name = self.state.outline.key(one.target.at)
                self._assigned.setdefault(name, []).append(one)
        return self._assigned.get(key, [])

    def uses(self, key: Key) -> list[Chain]:
        """Return the chains that begin with a variable."""
        if self._uses is None:
            self._uses = {}
            for chain in self.state.outline.chains:
                if len(chain.elements) > 1:
                    name = self.state.outline.key(chain.at)
                    self._uses.setdefault(name, []).append(chain)
        return self._uses.get(key, [])


def begin(outline: Outline, table: Table) -> State:
    """Return what is known of a page before it is followed."""
    methods: dict[str, int] = {}
    for number, method in enumerate(outline.methods, start=1):
        methods.setdefault(method.name, number)
    return State(outline, table, methods, marks=Marks(len(outline.words)))
