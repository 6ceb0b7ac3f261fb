"""The list of what is read of a server: where it lies, how large it grows, and what it tells."""

from collections.abc import Iterable, Iterator

from extriage.knowledge.places import SMALL, Place, bases, exports, groups
from extriage.reports.imprint import counted
from extriage.reports.recipes.choice import Choice, chosen, folders

_FEW = 6
"""Patterns that are named one by one."""
_DAYS = 30


def render(choice: Choice) -> str:
    """Return the list as text: by chapter, with an estimate of the size at the end."""
    return "\n".join(_lines(choice)) + "\n"


def megabytes(places: Iterable[Place], days: int) -> float:
    """Estimate how large a collection of some days of logs becomes, in megabytes (10^6 bytes)."""
    return sum(place.mb + place.mb_per_day * days for place in places)


def spelled(amount: float) -> str:
    """Write megabytes for a reader: `450 MB`, `13 GB`."""
    if amount >= 10_000:
        return f"{amount / 1000:.0f} GB"
    return f"{amount / 1000:.1f} GB" if amount >= 1000 else f"{max(amount, 1):.0f} MB"


def windows(folder: str) -> str:
    r"""Write a path as Windows does: `C:\inetpub`."""
    return folder.replace("/", "\\")


def _lines(choice: Choice) -> Iterator[str]:
    taken = chosen(choice)
    yield "What extriage reads of an Exchange server, and where it lies"
    for group, title in groups().items():
        having = [place for place in taken if place.group == group]
        if having:
            yield from ("", f"{title[0].upper()}{title[1:]}")
            for place in having:
                yield from _place(choice, place)
    if not choice.only:
        yield from _exports()
    yield from _size(choice, taken)


def _place(choice: Choice, place: Place) -> Iterator[str]:
    many = f"{place.mb_per_day:g} MB a day" if place.mb_per_day else spelled(place.mb)
    yield f"  {place.id:26} {place.title}, about {many}"
    found = [one for one in folders(choice) if one.place.id == place.id]
    for one in found:
        star = "\\**" if one.deep else ""
        yield f"  {'':26} {windows(one.folder)}{star}\\{_names(one.patterns)}"
    if place.served:
        yield f"  {'':26} and files of any other name up to {SMALL >> 20} MB"
    if bases()[place.base].several or not found:
        yield f"  {'':26} {bases()[place.base].title}"
    yield f"  {'':26} {place.why}"


def _names(patterns: tuple[str, ...]) -> str:
    if len(patterns) <= _FEW:
        return " ".join(patterns)
    return f"{' '.join(patterns[:_FEW])} and {len(patterns) - _FEW} more patterns"


def _exports() -> Iterator[str]:
    yield from ("", "Written by a command, on the server or from any other computer")
    for export in exports().values():
        yield f"  {export.kind:26} {export.how}"
        yield f"  {'':26} {export.why}"


def _size(choice: Choice, taken: tuple[Place, ...]) -> Iterator[str]:
    days = choice.days or _DAYS
    daily = sum(place.mb_per_day for place in taken)
    fixed = sum(place.mb for place in taken)
    yield ""
    if not daily:
        yield f"About {spelled(fixed)}. Servers differ tenfold: look at the folders first."
        return
    yield (
        f"About {spelled(daily)} of logs a day and {spelled(fixed)} besides: "
        f"{spelled(megabytes(taken, days))} with {counted(days, 'day')} of logs. "
        "Servers differ tenfold: look at the folders first."
    )
    yield (
        "Exchange keeps most logs for about 30 days; IIS never deletes its own, and they reach "
        "furthest back."
    )
