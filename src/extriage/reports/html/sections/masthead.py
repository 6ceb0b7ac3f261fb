"""The head of the page: for whom it is, which servers, which time, and by what it was made."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from extriage.model.case import Case
from extriage.model.host import Host
from extriage.reports.base import RenderOptions
from extriage.reports.html.sections.bounds import brief

_TLP = {
    "clear": (
        "TLP:CLEAR",
        "Recipients can spread this to the world, there is no limit on disclosure.",
    ),
    "green": (
        "TLP:GREEN",
        "Limited disclosure, recipients can spread this within their community.",
    ),
    "amber": (
        "TLP:AMBER",
        "Limited disclosure, recipients can only spread this on a need-to-know basis within their "
        "organization and its clients.",
    ),
    "amber+strict": (
        "TLP:AMBER+STRICT",
        "Limited disclosure, recipients can only spread this on a need-to-know basis within their "
        "organization.",
    ),
    "red": (
        "TLP:RED",
        "For the eyes and ears of individual recipients only, no further disclosure.",
    ),
}
"""Marks and their words, as FIRST's Traffic Light Protocol 2.0 gives them."""
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Masthead:
    """What stands on top of the page."""

    title: str
    names: str
    mark: str
    """`TLP:AMBER`; empty if nobody said."""
    mark_class: str
    mark_words: str
    first: datetime | None
    last: datetime | None
    as_of: str
    version: str


def masthead(case: Case, options: RenderOptions) -> Masthead:
    """Return the head: servers by name, and the time from the first to the last record."""
    mark, words = _TLP.get(options.tlp, ("", ""))
    first, last = evidence_period(case.hosts)
    return Masthead(
        title=_title(case.hosts),
        names=_names(case.hosts),
        mark=mark,
        mark_class=f"tlp-{options.tlp.partition('+')[0]}" if mark else "",
        mark_words=words,
        first=first,
        last=last,
        as_of=brief(case.tool.knowledge_as_of),
        version=brief(case.tool.version),
    )


def evidence_period(
    hosts: Iterable[Host],
) -> tuple[datetime | None, datetime | None]:
    """Return the first and the last record of all evidence that has times."""
    rows = [row for host in hosts for row in host.coverage]
    first = min((row.first for row in rows if row.first), default=None)
    return first, max((row.last for row in rows if row.last), default=None)


def _title(hosts: tuple[Host, ...]) -> str:
    if len(hosts) == 1:
        return brief(hosts[0].name) or "A server without a name"
    return f"{len(hosts)} Exchange servers" if hosts else "No Exchange server"


def _names(hosts: tuple[Host, ...]) -> str:
    if len(hosts) < 2:
        return ""
    named = ", ".join(brief(host.name) for host in hosts[:_NAMED])
    return named + (f" and {len(hosts) - _NAMED} more" if len(hosts) > _NAMED else "")
