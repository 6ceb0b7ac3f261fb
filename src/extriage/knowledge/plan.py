"""The steps of an action plan: what calls for each, its words, and commands for review.

Source: `content/knowledge/plan.yml`, where every fact of others has its reference.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from extriage.errors import ContentError
from extriage.knowledge.content import own_yaml
from extriage.model.host import When

FILE = "plan.yml"
ANY = "any"
LIST_PLACES = frozenset({"accounts", "mailboxes"})
OBJECT_PLACES = frozenset({"file", "page", "name", "kept"})
TEXT_PLACES = frozenset(
    {
        "names",
        "logs",
        "ways",
        "there",
        "gone",
        "known",
        "clock",
        "gaps",
        "missing",
        "why",
        "clean",
        "build",
    }
)
SHOWN_BY = frozenset({"", "ways", "leaks", "holes", "scan"})
"""What of a later scan shows whether a step was done."""
PLACE = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, slots=True)
class Call:
    """What must be so that a step is called for; all that is not empty must hold."""

    verdicts: tuple[str, ...]
    stages: tuple[str, ...]
    campaigns: tuple[str, ...]
    ways: tuple[str, ...]
    exposures: tuple[str, ...]
    renews: tuple[str, ...]
    answers: tuple[str, ...]
    attack: tuple[str, ...]
    cves: tuple[str, ...]
    patching: tuple[str, ...]
    states: tuple[str, ...]
    say: tuple[str, ...]
    absent: str
    sure: bool | None
    ran: bool
    """Code of an intruder ran: proved, not only implied by a further stage."""
    tied: bool
    """Exposures that an intruder has to do with, not what administrators do as well."""
    by_account: bool
    """Exposures that were made with an account, not through a hole alone."""
    updated: bool
    gaps: bool


@dataclass(frozen=True, slots=True)
class Order:
    """A command with places such as `{file}` that quoted values go into."""

    purpose: str
    text: str
    changes: bool = False
    removes: bool = False
    """It takes an object out: not for what Exchange or Windows needs."""
    only: re.Pattern[str] | None = None
    """The name of the object must have it."""

    @property
    def places(self) -> frozenset[str]:
        """Return the places of the text."""
        return frozenset(PLACE.findall(self.text))


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One thing to do."""

    id: str
    place: int
    """Its order among all steps."""
    when: When
    title: str
    text: str
    calls: tuple[Call, ...]
    """Any of them calls for it."""
    commands: tuple[Order, ...]
    verify: str
    needs: tuple[str, ...]
    references: tuple[str, ...]
    shown_by: str
    """What of a later scan shows whether it was done, one of `SHOWN_BY`."""


@dataclass(frozen=True, slots=True)
class Removal:
    """How a kind of way back is looked at, kept and taken out."""

    commands: tuple[Order, ...]
    parts: re.Pattern[str] | None
    """Takes the name of an object apart; its groups are places."""
    verify: str


@dataclass(frozen=True, slots=True)
class Gap:
    """How a kind of log comes to be missing, and what to do about it."""

    text: str
    commands: tuple[Order, ...]
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Patching:
    """How the way to a safe build becomes part of a plan."""

    compromised: When
    exploited: When
    otherwise: When
    left_out: frozenset[str]
    with_preserve: frozenset[str]
    """Steps that the first step of the plan does already."""
    if_compromised: frozenset[str]
    """Steps that are left out after a break-in."""
    later: tuple[str, ...]
    """How ids of steps begin that can wait some days."""
    verify: str
    checked: str
    commands: Mapping[str, tuple[Order, ...]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the commands of one product differ from those of the newest."""

    lacks: tuple[str, ...]
    """Cmdlets that it does not have: a command with one of them is left out."""
    instead: Mapping[str, str]
    """Pieces of templates, and what stands there for this product."""

    def order(self, order: Order) -> Order | None:
        """Return a template as this product understands it; None if it has no such cmdlet."""
        if any(cmdlet in order.text for cmdlet in self.lacks):
            return None
        text = order.text
        for piece, other in self.instead.items():
            text = text.replace(piece, other)
        return replace(order, text=text)


@dataclass(frozen=True, slots=True)
class PlanTable:
    """All of it."""

    steps: tuple[PlanStep, ...]
    removals: Mapping[str, Removal]
    keep: tuple[tuple[str, str], ...]
    """Kind of log that does not last, and how long it does."""
    gaps: Mapping[str, Gap]
    patching: Patching
    products: Mapping[str, Dialect]
    """Products whose commands differ, by the name that a host's patch state gives."""


@cache
def plan_table() -> PlanTable:
    """Load the table; ContentError says what is wrong with it."""
    document: dict[str, Any] = own_yaml("knowledge", FILE)
    try:
        steps = tuple(_step(at, row) for at, row in enumerate(document["steps"]))
        known = {one.id for one in steps}
        for one in steps:
            _known(one.id, one.needs, known)
        return PlanTable(
            steps,
            {kind: _removal(kind, row) for kind, row in document["removals"].items()},
            tuple((row["kind"], row["lasts"]) for row in document["keep"]),
            {kind: _gap(kind, row) for kind, row in document["gaps"].items()},
            _patching(document["patching"]),
            {name: _dialect(row) for name, row in document["products"].items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError, re.error) as error:
        raise ContentError(f"{FILE}: {error!r}") from error


@cache
def plan_steps() -> Mapping[str, PlanStep]:
    """Return the steps by id."""
    return {one.id: one for one in plan_table().steps}


def references(action: str) -> tuple[str, ...]:
    """Return where the facts of an action come from; nothing for those that need no source."""
    found = plan_steps().get(action)
    return found.references if found else ()


def _step(at: int, row: Mapping[str, Any]) -> PlanStep:
    name = row["id"]
    title, text = row["title"].strip(), " ".join(row["text"].split())
    _known(name, PLACE.findall(title + text), TEXT_PLACES)
    shown_by = row.get("shown_by", "")
    _known(name, [shown_by], SHOWN_BY)
    return PlanStep(
        *(name, at, When(row["when"]), title, text),
        tuple(_call(name, one) for one in row["if"]),
        tuple(_order(name, one, LIST_PLACES) for one in row.get("commands", ())),
        row["verify"].strip(),
        tuple(row.get("needs", ())),
        tuple(row.get("references", ())),
        shown_by,
    )


def _call(name: str, row: Mapping[str, Any]) -> Call:
    _known(name, row, (one.name for one in fields(Call)))

    def listed(key: str) -> tuple[str, ...]:
        return tuple(map(str, row.get(key, ())))

    return Call(
        verdicts=listed("verdicts"),
        stages=listed("stages"),
        campaigns=listed("campaigns"),
        ways=listed("ways"),
        exposures=listed("exposures"),
        renews=listed("renews"),
        answers=listed("answers"),
        attack=listed("attack"),
        cves=listed("cves"),
        patching=listed("patching"),
        states=listed("states"),
        say=listed("say"),
        absent=row.get("absent", ""),
        sure=row.get("sure"),
        ran=row.get("ran", False),
        tied=row.get("tied", False),
        by_account=row.get("by_account", False),
        updated=row.get("updated", False),
        gaps=row.get("gaps", False),
    )


def _order(name: str, row: Mapping[str, Any], places: frozenset[str]) -> Order:
    order = Order(
        row["purpose"].strip(),
        row["text"].strip(),
        row.get("changes", False),
        row.get("removes", False),
        re.compile(row["only"]) if "only" in row else None,
    )
    _known(name, order.places, places)
    return order


def _removal(kind: str, row: Mapping[str, Any]) -> Removal:
    parts = re.compile(row["parts"]) if "parts" in row else None
    places = OBJECT_PLACES | frozenset(parts.groupindex if parts else ())
    commands = tuple(_order(kind, one, places) for one in row["commands"])
    return Removal(commands, parts, row["verify"].strip())


def _gap(kind: str, row: Mapping[str, Any]) -> Gap:
    commands = tuple(_order(kind, one, frozenset()) for one in row.get("commands", ()))
    return Gap(row["text"].strip(), commands, tuple(row.get("references", ())))


def _dialect(row: Mapping[str, Any]) -> Dialect:
    return Dialect(tuple(row["lacks"]), dict(row["instead"]))


def spoken(orders: Iterable[Order], product: str) -> tuple[Order, ...]:
    """Return templates as a product understands them, without those that it cannot run."""
    dialect = plan_table().products.get(product)
    known = (dialect.order(one) if dialect else one for one in orders)
    return tuple(one for one in known if one)


def _patching(row: Mapping[str, Any]) -> Patching:
    when = row["when"]
    return Patching(
        When(when["compromised"]),
        When(when["exploited"]),
        When(when["otherwise"]),
        frozenset(row["left_out"]),
        frozenset(row["with_preserve"]),
        frozenset(row["if_compromised"]),
        tuple(row["later"]),
        row["verify"].strip(),
        row["checked"].strip(),
        {
            name: tuple(_order(name, one, frozenset()) for one in orders)
            for name, orders in row["steps"].items()
        },
    )


def _known(name: str, used: Any, known: Any) -> None:
    strange = sorted(set(used) - set(known))
    if strange:
        raise ContentError(f"{FILE}: {name}: nothing is called {', '.join(strange)}")
