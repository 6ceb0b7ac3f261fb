"""Nothing was found: would the logs have shown it, at every hour of the time that counts?

One log that covers the whole window is enough. Several may share it, as long as no hour is without
one of them; what each of them carried is said. A log that stops while others go on is named even
when another one fills its hole: somebody may have taken its files away.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from extriage.analysis.coverage import common, either, uncovered
from extriage.analysis.shortfall import interruption, shortfall, stretch
from extriage.knowledge.evidence import describe
from extriage.model.evidence import Period
from extriage.model.host import Absence, Coverage, LogCoverage

NAMED = 4
"""Stretches of time that a note names one by one."""


@dataclass(frozen=True, slots=True)
class Need:
    """One kind of evidence, or several that are needed together, and what of a window it lacks."""

    log: LogCoverage
    holes: tuple[Period, ...]
    interrupted: tuple[str, ...] = ()
    """Where it stops while other logs go on, in words."""


def need(kind: str, coverage: Sequence[Coverage], window: Period | None) -> Need:
    """Tell how a kind of log, or several that are needed together, cover the window."""
    if "+" in kind:
        parts = [need(one.strip(), coverage, window) for one in kind.split("+")]
        worst = next((part for part in parts if not part.log.covered), parts[0])
        holes = either(hole for part in parts for hole in part.holes)
        interrupted = tuple(text for part in parts for text in part.interrupted)
        return Need(replace(worst.log, kind=kind), holes, interrupted)
    name = describe(kind)
    row = next((row for row in coverage if row.kind == kind), None)
    everything = (window,) if window else ()
    if row is None or row.first is None or row.last is None:
        return Need(LogCoverage(kind, False, None, None, f"no {name} in the evidence"), everything)
    if window is None:
        return Need(LogCoverage(kind, False, row.first, row.last, f"{name} are there"), ())
    problem = shortfall(row, coverage, window)
    note = f"{name} {problem}" if problem else f"{name} cover the time"
    stops = interruption(row, coverage, window)
    return Need(
        LogCoverage(kind, not problem, row.first, row.last, note),
        uncovered(row, window),
        (f"{name} {stops}",) if stops else (),
    )


def absence(needs: Sequence[Need], window: Period) -> tuple[Absence, str]:
    """Say whether there was nothing to be seen or nobody can tell, and why."""
    everything: tuple[Period, ...] = (window,)
    missing = reduce(common, (one.holes for one in needs), everything)
    partly = [one for one in needs if one.holes != everything]
    if missing or not needs:
        return Absence.CANNOT_TELL, _missing(needs, partly, missing)
    alone = next((one for one in needs if one.log.covered), None)
    text = alone.log.note if alone else _shared(partly, window)
    stops = dict.fromkeys(stop for one in needs for stop in one.interrupted)
    return Absence.NOT_SEEN, text + "".join(f"; but {stop}" for stop in stops)


def _shared(needs: Sequence[Need], window: Period) -> str:
    """Say which log carries which part of a window that none carries alone."""
    parts = list(_parts(needs, window))
    texts = [f"{describe(one.log.kind)} {stretch(part)}" for one, part in parts[:NAMED]]
    more = len(parts) - NAMED
    rest = f", and so on in {more} more parts" if more > 0 else ""
    return f"together they cover the time: {', '.join(texts)}{rest}"


def _parts(needs: Sequence[Need], window: Period) -> Iterator[tuple[Need, Period]]:
    """Walk along a window, always with the log that carries on the furthest."""
    at = window["from"]
    ahead = [0] * len(needs)
    while at < window["to"]:
        reach = []
        for number, one in enumerate(needs):
            while ahead[number] < len(one.holes) and one.holes[ahead[number]]["to"] <= at:
                ahead[number] += 1
            rest = one.holes[ahead[number] : ahead[number] + 1]
            reach.append((rest[0]["from"] if rest else window["to"], -number))
        end, number = max(reach)
        assert end > at, "only for windows without a common hole"
        yield needs[-number], {"from": at, "to": end}
        at = end


def _missing(needs: Sequence[Need], partly: Sequence[Need], missing: Sequence[Period]) -> str:
    """Say what nobody can tell, and what of the logs is missing."""
    if len(partly) > 1:
        where = ", ".join(stretch(period) for period in missing[:NAMED])
        more = f" and {len(missing) - NAMED} more stretches" if len(missing) > NAMED else ""
        return f"no log carries {where}{more}: {'; '.join(one.log.note for one in partly)}"
    notes = [needs[0].log.note, *(one.log.note for one in partly if one is not needs[0])]
    told = {needs[0].log.kind, *(one.log.kind for one in partly)}
    others = " or ".join(describe(one.log.kind) for one in needs if one.log.kind not in told)
    return ", and ".join(notes) + (f"; nor can {others} tell" if others else "")
