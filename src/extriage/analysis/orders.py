"""Who gave orders to a page that was found to be a web shell: what rules are shown of its life.

There is one record for each owner of each suspect page; it points at the line of his first order
that the page answered. `Grounds` says how sure the findings are that the page was left behind:
`confirmed`, `likely`, `possible`, or `hint` if none of them claims it alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from extriage.analysis.visits import Log, OrderLine, PageTally, VisitorTally
from extriage.model.evidence import Fields, Origin, Record
from extriage.model.persistence import PageLife, Role

KIND = "page-life"
FIELDS = (
    ("Grounds", "Orders", "Requests", "Answered", "Gone", "cs-uri-stem", "c-ip", "cs-username")
    + ("cs(User-Agent)",)
)  # fmt: skip
"""Fields of the record; what a log has too is called as in IIS logs."""
HINT = "hint"


@dataclass(frozen=True, slots=True)
class Order:
    """The first order of an owner that a page answered, and how many there were."""

    fields: Fields
    line: OrderLine


def orders(
    tallies: Iterable[PageTally], lives: Iterable[PageLife], grounds: Mapping[str, str]
) -> Iterator[Order]:
    """Yield what the owners of pages did; `grounds` are those of pages, by URL or by name."""
    visits: dict[tuple[str, str, str], dict[Log, list[VisitorTally]]] = {}
    for tally in tallies:
        for one in tally.visitors.values():
            key = (tally.page, one.address, one.account.lower())
            visits.setdefault(key, {}).setdefault(tally.log, []).append(one)
    for life in lives:
        for visitor in life.visitors:
            key = (life.page, visitor.address, visitor.account.lower())
            if visitor.role is Role.OWNER and (first := _first(visits[key])):
                fields: Fields = {
                    "Grounds": grounds.get(life.page) or _by_name(life.page, grounds),
                    "Orders": str(max(sum(v.orders for v in one) for one in visits[key].values())),
                    "Requests": str(visitor.requests),
                    "Answered": str(visitor.answered),
                    "Gone": "yes" if life.gone_before else "",
                    "cs-uri-stem": life.page,
                    "c-ip": visitor.address,
                    "cs-username": visitor.account,
                    "cs(User-Agent)": visitor.agents[0] if visitor.agents else "",
                }
                yield Order(fields, first)


def _by_name(page: str, grounds: Mapping[str, str]) -> str:
    return grounds.get(page.rpartition("/")[2], HINT)


def _first(visits: Mapping[Log, Sequence[VisitorTally]]) -> OrderLine | None:
    """Return the line of the first order that was answered; IIS's own where both logs have it."""
    found = [
        (
            one.order.time,
            list(Log).index(log),
            one.order.proof.path,
            one.order.proof.line,
            one.order,
        )
        for log, those in visits.items()
        for one in those
        if one.order
    ]
    return min(found, key=lambda one: one[:4])[-1] if found else None


def record_of(fields: Fields) -> Record:
    """Make the record of an order from its fields; its text holds all of them."""
    return Record(KIND, None, Origin("", 1), fields, said(fields))


def order_record(order: Order) -> Record:
    """Make the record of an order; its text is the line of the log."""
    line = order.line
    origin = Origin(line.proof.path, line.proof.line, line.offset)
    return replace(record_of(order.fields), time=line.time, origin=origin, text=line.proof.text)


def said(fields: Fields) -> str:
    """Return the text that rules' words are searched in."""
    return " ".join(f"{name}={value}" for name, value in fields.items() if value)
