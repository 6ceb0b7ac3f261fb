"""The commands of a step: templates with the accounts and mailboxes that it is about."""

from collections.abc import Collection, Iterable

from extriage.analysis.plan.gaps import gap_of, missing_logs
from extriage.analysis.plan.names import accounts, mailboxes
from extriage.analysis.plan.powershell import array, fill
from extriage.knowledge.plan import Order, PlanStep, spoken
from extriage.model.host import Command, Host

_CLOSES_GAPS = "close-log-gaps"


def step_commands(
    step: PlanStep, host: Host, because: Collection[str]
) -> tuple[tuple[Command, ...], str]:
    """Return the commands of a step, and a sentence if names had to be left out of them."""
    asked = (*step.commands, *(_gap_orders(host) if step.id == _CLOSES_GAPS else ()))
    orders = spoken(asked, host.patch.product)
    values, refused = dict[str, str](), 0
    for place, found in (("accounts", accounts), ("mailboxes", mailboxes)):
        if any(place in order.places for order in orders):
            text, left = array(found(host, because))
            refused += left
            if text:
                values[place] = text
    return commands(orders, values), unspeakable(refused)


def commands(orders: Iterable[Order], values: dict[str, str]) -> tuple[Command, ...]:
    """Fill the templates; one whose place has no value is left out, so is one that is there."""
    found: dict[str, Command] = {}
    for order in orders:
        if order.places <= values.keys():
            text = fill(order.text, values)
            found.setdefault(text, Command(text, order.purpose, order.changes))
    return tuple(found.values())


def unspeakable(many: int) -> str:
    """Say that names are not in the commands, because of what is in them."""
    if not many:
        return ""
    names = "One name holds" if many == 1 else f"{many} names hold"
    return (
        f"{names} characters that a command must not hold (line breaks, controls, wildcards, "
        "marks that turn the reading direction): find it by hand, by what the case tells of it."
    )


def _gap_orders(host: Host) -> tuple[Order, ...]:
    gaps = (gap_of(kind) for kind in missing_logs(host))
    return tuple(order for gap in gaps if gap for order in gap.commands)
