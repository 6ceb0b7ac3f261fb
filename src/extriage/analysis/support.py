"""Does the vendor still make security updates for this product, and for this cumulative update?

Source: the support dates of `lifecycle.csv`. After the end of support of Exchange 2016 and 2019,
updates were made for those who paid for Extended Security Updates (ESU), in two periods.
"""

from datetime import date

from extriage.analysis.packages import available, packages, release, served
from extriage.knowledge.lifecycle import milestones
from extriage.model.exchange import Milestone
from extriage.model.host import Support, SupportState

_END = "end of extended support"
_PAID = "ESU period"
_AT_LEAST = "support end"


def support(product: str, cu: str, day: date) -> Support:
    """Return the state of support on a day; the note says when a CU is left out of it."""
    last = end_of_support(product)
    if last is None:
        return _without_end(product, cu, day)
    if day <= last:
        note = f"Exchange {product} gets security updates until {last}"
        return Support(SupportState.SUPPORTED, last, note + _left_out(product, cu, day))
    paid = end_of_paid_updates(product)
    if paid and day <= paid:
        note = (
            f"support of Exchange {product} ended on {last}; until {paid} only customers who pay "
            "for Extended Security Updates get updates"
        )
        return Support(SupportState.PAID, paid, note + _left_out(product, cu, day))
    return Support(SupportState.UNSUPPORTED, None, _over(product, last, paid, day))


def end_of_support(product: str) -> date | None:
    """Return the last day of free security updates; None if none is set."""
    return next((one.end for one in _dates(product) if one.milestone == _END), None)


def end_of_paid_updates(product: str) -> date | None:
    """Return the last day of paid updates; None for products that never had any."""
    ends = [one.end for one in _dates(product) if one.milestone.startswith(_PAID) and one.end]
    return max(ends, default=None)


def free_until(product: str) -> date | None:
    """Return the day after which updates had to be paid for; None if everybody got all of them."""
    return end_of_support(product) if end_of_paid_updates(product) else None


def _dates(product: str) -> list[Milestone]:
    return [one for one in milestones() if one.product == product]


def _without_end(product: str, cu: str, day: date) -> Support:
    found = next((one for one in _dates(product) if one.milestone == _AT_LEAST), None)
    if found is None or (found.end and day > found.end):
        named = f"Exchange {product}" if product else "a product that is not known"
        return Support(SupportState.UNKNOWN, None, f"no support dates are known for {named}")
    note = f"Exchange {product} gets security updates; its support ends {found.note}"
    return Support(SupportState.SUPPORTED, None, note.rstrip("; ") + _left_out(product, cu, day))


def _left_out(product: str, cu: str, day: date) -> str:
    """Say that updates are made for other cumulative updates only."""
    names = served(product, day)
    if not cu or not names or cu in names or not release(product, cu):
        return ""
    return f"; {cu} gets none any more: they are made for {' and '.join(names)} only"


def _over(product: str, last: date, paid: date | None, day: date) -> str:
    note = f"support of Exchange {product} ended on {last}"
    if paid:
        note += f", paid updates on {paid}"
    made = packages(product, day)
    if made:
        note += f"; the last update was {made[-1].cu} {made[-1].su} of {available(made[-1])}"
    return f"{note}; no later vulnerability is fixed or even assessed for it"
