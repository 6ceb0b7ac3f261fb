"""Several servers: how many of each verdict, and a table of them, the worst first."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from extriage.model.exposure import Shown
from extriage.model.host import Host, State
from extriage.model.persistence import Presence
from extriage.reports.html.sections.bounds import HOSTS_IN_FULL, HOSTS_LISTED, brief
from extriage.reports.html.sections.patch import open_tone, used_open
from extriage.reports.html.sections.verdict import TONES
from extriage.reports.meanings import STATUS_MEANS, STATUS_NAMES, badness, looks_like


@dataclass(frozen=True, slots=True)
class ServerRow:
    """One server in the table."""

    name: str
    target: str
    """Id of its page; empty if it has none."""
    status: str
    tone: str
    standing: str
    first: datetime | None
    ways: str
    ways_tone: str
    data: str
    data_tone: str
    build: str
    open: str
    open_tone: str


@dataclass(frozen=True, slots=True)
class Servers:
    """All servers of a case."""

    counts: tuple[tuple[str, str, str, int], ...]
    """Verdict, tone, meaning, and how many servers have it."""
    rows: tuple[ServerRow, ...]
    left: int


def in_full(hosts: Sequence[Host]) -> tuple[tuple[int, Host], ...]:
    """Return the servers that get a page, the worst first, each with its position in the case."""
    ranked = sorted(enumerate(hosts), key=lambda item: (*badness(item[1]), item[0]))
    return tuple(ranked[:HOSTS_IN_FULL])


def servers(hosts: Sequence[Host]) -> Servers:
    """Return the table of all servers, the worst first."""
    counts = Counter(host.verdict.status for host in hosts)
    ranked = sorted(enumerate(hosts), key=lambda item: (*badness(item[1]), item[0]))
    return Servers(
        counts=tuple(
            (STATUS_NAMES[status], TONES[status], STATUS_MEANS[status], counts[status])
            for status in STATUS_NAMES
        ),
        rows=tuple(
            _row(host, f"host-{at}" if place < HOSTS_IN_FULL else "")
            for place, (at, host) in enumerate(ranked[:HOSTS_LISTED])
        ),
        left=max(len(ranked) - HOSTS_LISTED, 0),
    )


def _row(host: Host, target: str) -> ServerRow:
    verdict = host.verdict
    states = Counter(one.state for one in host.persistence)
    there, perhaps = states[Presence.PRESENT], states[Presence.UNKNOWN]
    kinds = Counter(one.answer for one in host.exposure_answers)
    shown, possible, blind = (
        kinds[one] for one in (Shown.SHOWN, Shown.POSSIBLE, Shown.CANNOT_TELL)
    )
    still, used = used_open(host.patch.advisories)
    unsure = sum(row.state is State.CANNOT_TELL for row in host.patch.advisories)
    words = [word.value for word in (verdict.stage, verdict.certainty) if word]
    known = bool(host.patch.build)
    return ServerRow(
        name=brief(host.name) or "A server without a name",
        target=target,
        status=STATUS_NAMES[verdict.status],
        tone=TONES[looks_like(host)],
        standing=", ".join(words) or STATUS_NAMES[verdict.status].lower(),
        first=min((one.first for one in host.campaigns if one.first), default=None),
        ways=_counted((there, "there"), (perhaps, "perhaps")),
        ways_tone="bad" if there else "unsure" if perhaps else "plain",
        data=_counted((shown, "shown"), (possible, "possible"), (blind, "cannot tell")),
        data_tone="bad" if shown else "warn" if possible else "unsure" if blind else "plain",
        build=brief(host.patch.build) or "not seen",
        open=_holes(still, used, unsure) if known else "not known",
        open_tone=open_tone(host.patch.advisories) if known else "unsure",
    )


def _holes(still: int, used: int, unsure: int) -> str:
    if still:
        return f"{still} open, {used} used by attackers"
    return f"{unsure} cannot tell" if unsure else "none open"


def _counted(*parts: tuple[int, str]) -> str:
    return ", ".join(f"{count} {word}" for count, word in parts if count) or "none seen"
