"""Rules in plain data: what pySigma read, in words of our own, and nothing compiled yet.

A draft is all that a rule says. It can be written to a file and read back without pySigma, which
takes longer to import than everything else that a scan does before it reads its first line.
"""

from enum import IntEnum
from typing import Literal, TypeAlias

from msgspec import Struct

from extriage.model.detection import RefusedRule, Rule


class Wildcard(IntEnum):
    """What stands for unknown text in a value."""

    ANY = 1
    """Any text, the empty one too (`*`)."""
    ONE = 2
    """One character (`?`)."""


ANY, ONE = Wildcard.ANY, Wildcard.ONE

Tokens: TypeAlias = tuple[str | Wildcard, ...]
"""A value of a rule: texts and wildcards in turn."""

Source: TypeAlias = tuple[str, str, str]
"""Category, product and service of a log source; empty where the rule does not name one."""


class _Data(Struct, frozen=True, array_like=True):
    """Written as a list: its name, then its values."""


class Unfit(_Data, frozen=True, tag="unfit"):
    """Something that cannot run, where it stands in the rule."""

    reason: str
    broken: bool = False
    """True if the rule is wrong; False if it asks for something that is not supported."""


class Texts(_Data, frozen=True, tag="text"):
    """Texts of which one must be met."""

    values: tuple[Tokens, ...]
    cased: bool = False


class Pattern(_Data, frozen=True, tag="re"):
    """A regular expression that must be found, with its flags (of `ims`, sorted)."""

    text: str
    flags: str = ""


class Network(_Data, frozen=True, tag="cidr"):
    """A network that an address must lie in."""

    network: str


class Comparison(_Data, frozen=True, tag="compare"):
    """A number that a field's number is compared with."""

    sign: Literal["lt", "lte", "gt", "gte"]
    number: int | float


class TimePart(_Data, frozen=True, tag="time"):
    """A part of a time, such as the hour, that must be this number."""

    part: Literal["minute", "hour", "day", "week", "month", "year"]
    number: int | float


class Exists(_Data, frozen=True, tag="exists"):
    """The field is there, or is not."""

    wanted: bool


class Null(_Data, frozen=True, tag="null"):
    """The field is absent or empty."""


class Reference(_Data, frozen=True, tag="field"):
    """Another field whose value must be met: the same, its beginning, its end, or any part."""

    name: str
    head: bool = False
    tail: bool = False


Value: TypeAlias = (
    Texts | Pattern | Network | Comparison | TimePart | Exists | Null | Reference | Unfit
)


class And(_Data, frozen=True, tag="and"):
    """All parts hold."""

    parts: tuple["Node", ...]


class Or(_Data, frozen=True, tag="or"):
    """At least one part holds."""

    parts: tuple["Node", ...]


class Not(_Data, frozen=True, tag="not"):
    """The part does not hold."""

    part: "Node"


class Ask(_Data, frozen=True, tag="is"):
    """A field, or the whole record if no field is named, meets at least one value."""

    field: str
    values: tuple[Value, ...]


Node: TypeAlias = And | Or | Not | Ask | Unfit


class Detection(_Data, frozen=True, tag="detection"):
    """What a rule asks of a single record."""

    source: Source
    fields: tuple[str, ...]
    """The fields that it asks for, in the order of the rule."""
    conditions: tuple[Node, ...]
    """Alternatives."""


class Count(_Data, frozen=True, tag="count"):
    """How many records, values or rules a correlation demands."""

    sign: Literal["lt", "lte", "gt", "gte", "eq", "neq"]
    number: int | float
    fields: tuple[str, ...] = ()
    """The fields whose values are counted."""


class Terms(_Data, frozen=True, tag="terms"):
    """Sets of rules of which one must be complete."""

    terms: tuple[tuple[str, ...], ...]


class Joint(_Data, frozen=True, tag="correlation"):
    """What a correlation demands of several records; it names rules by name or by id."""

    kind: str
    rules: tuple[str, ...]
    condition: Count | Terms | Unfit
    group_by: tuple[str, ...]
    aliases: tuple[tuple[str, str, str], ...]
    """Rule, alias, and the field that the alias stands for in that rule."""
    seconds: int
    generate: bool


class Draft(_Data, frozen=True):
    """A rule as it was read."""

    rule: Rule
    sigma_id: str
    """The rule's `id`; correlations may join it by that, or by its name."""
    line: int
    """Where it begins in its file."""
    body: Detection | Joint
    tried: bool = False
    """True if it is known to compile; what is in it can then wait until it is needed."""


Read: TypeAlias = Draft | RefusedRule
