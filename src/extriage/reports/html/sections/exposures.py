"""Data exposure: each kind of data answered, then the ledger. Nothing says that none was taken."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from extriage.knowledge.exposures import exposure_kinds
from extriage.model.evidence import Period
from extriage.model.exposure import Export, Exposed, Exposure, ExposureAnswer, Shown
from extriage.model.host import Host
from extriage.model.state import Proof
from extriage.reports.anchors import finding_anchor
from extriage.reports.html.sections.amounts import bounded, bounded_size
from extriage.reports.html.sections.bounds import Bounds, brief, prose
from extriage.reports.html.sections.links import Link, targets

ANSWERS = {
    Shown.SHOWN: ("shown", "bad"),
    Shown.POSSIBLE: ("possible", "warn"),
    Shown.CANNOT_TELL: ("cannot tell", "unsure"),
    Shown.NOT_SHOWN: ("not shown", "plain"),
}
"""How an answer is written, and its tone. Not even the best is good: it holds for a time only."""
STATES = {
    Exposed.TAKEN: ("taken", "bad", "it left the server"),
    Exposed.READ: ("read", "bad", "the server handed it out or opened it"),
    Exposed.READY: ("ready", "warn", "it was put where it could be fetched; no fetch is seen"),
    Exposed.LEAKING: ("leaking", "bad", "it still goes out unless somebody stops it"),
    Exposed.REACHABLE: ("reachable", "unsure", "within reach; nothing shows that it was taken"),
    Exposed.ATTEMPTED: ("tried", "plain", "somebody tried and failed"),
}
_NAMED = 8


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One kind of data."""

    title: str
    answer: str
    tone: str
    text: str
    looked: tuple[str, ...]
    missing: tuple[str, ...]
    window: Period | None
    rows: tuple[Link, ...]
    rows_left: int


@dataclass(frozen=True, slots=True)
class ExposureView:
    """One row of the ledger."""

    anchor: str
    state: str
    tone: str
    state_means: str
    kind: str
    object: str
    means: str
    certainty: str
    text: str
    first: datetime | None
    last: datetime | None
    facts: tuple[tuple[str, str], ...]
    export: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]
    links: tuple[Link, ...]
    proofs: tuple[Proof, ...]


@dataclass(frozen=True, slots=True)
class DataExposure:
    """All that is said of data."""

    answers: tuple[AnswerView, ...]
    ledger: tuple[ExposureView, ...]
    left: int
    total: str


def data_exposure(host: Host, at: int, bounds: Bounds) -> DataExposure:
    """Return the answers, worst first, and the ledger in the order of the case."""
    order = list(ANSWERS)
    answers = sorted(host.exposure_answers, key=lambda one: order.index(one.answer))
    places = targets(host, at)
    titles = {finding.id: finding.title for finding in host.findings}
    return DataExposure(
        answers=tuple(_answer(one, host, places) for one in answers),
        ledger=tuple(
            _exposure(one, (at, place), tuple(_links(one, at, titles, places)), bounds)
            for place, one in enumerate(host.exposures[: bounds.exposures])
        ),
        left=max(len(host.exposures) - bounds.exposures, 0),
        total=total(host),
    )


def total(host: Host) -> str:
    """Count the kinds of data by their answer, such as `2 shown, 4 cannot tell`."""
    return ", ".join(counted(host))


def counted(host: Host) -> tuple[str, ...]:
    """Return how many kinds of data have each answer, worst first."""
    counts = Counter(one.answer for one in host.exposure_answers)
    words = {answer: name for answer, (name, _) in ANSWERS.items()}
    words[Shown.NOT_SHOWN] += " where logs cover the time"
    return tuple(f"{counts[answer]} {name}" for answer, name in words.items() if counts[answer])


def _answer(one: ExposureAnswer, host: Host, places: Mapping[str, str]) -> AnswerView:
    words, tone = ANSWERS[one.answer]
    named = [item for item in host.exposures if item.id in one.exposures]
    return AnswerView(
        title=brief(one.title),
        answer=words,
        tone=tone,
        text=prose(one.text),
        looked=tuple(map(brief, one.looked)),
        missing=tuple(map(brief, one.missing)),
        window=one.window,
        rows=tuple(Link(brief(item.object), places.get(item.id, "")) for item in named[:_NAMED]),
        rows_left=max(len(named) - _NAMED, 0),
    )


def _exposure(
    one: Exposure, place: tuple[int, int], links: tuple[Link, ...], bounds: Bounds
) -> ExposureView:
    kind = exposure_kinds().get(one.kind)
    state, tone, means = STATES[one.state]
    return ExposureView(
        anchor=f"h{place[0]}-exposure-{place[1]}",
        state=state,
        tone=tone,
        state_means=means,
        kind=kind.title if kind else brief(one.kind),
        object=brief(one.object),
        means=kind.means if kind else "",
        certainty=one.certainty.value,
        text=prose(one.text),
        first=one.first,
        last=one.last,
        facts=tuple(_facts(one, bounds)),
        export=tuple(_export(one.export)) if one.export else (),
        unknown=tuple(prose(text) for text in one.unknown[:_NAMED]),
        links=links,
        proofs=one.proofs[: bounds.proofs],
    )


def _facts(one: Exposure, bounds: Bounds) -> Iterable[tuple[str, str]]:
    if one.requests:
        yield "Requests", bounded(one.requests, "request")
    if one.items:
        yield "Items", bounded(one.items, "item")
    if one.bytes_out:
        yield "Size of the answers", bounded_size(one.bytes_out)
    for words, values in (("By", one.by), ("How", one.how)):
        if values:
            left = len(values) - bounds.values
            named = ", ".join(brief(value) for value in values[: bounds.values])
            yield words, named + (f" and {left} more" if left > 0 else "")


def _export(one: Export) -> Iterable[tuple[str, str]]:
    yield "Mailbox", brief(one.mailbox)
    yield "Asked for by", brief(one.by) or "not told"
    yield "Part of it", brief(one.filter) or "all of it"
    yield "Written to", brief(one.file) or "not told"
    yield "Name of the request", brief(one.name) or "none"
    yield "Outcome", brief(one.outcome)
    if one.finished:
        yield "Finished", f"{one.finished:%Y-%m-%d %H:%M:%S} UTC"
    yield "Fetched", _told(one.fetched, "no fetch in the logs", "no log tells")
    yield "File in the evidence", _told(one.on_disk, "no", "the evidence has no such folder")
    yield "Request removed afterwards", "yes" if one.request_removed else "not seen"


def _told(known: bool | None, no: str, unknown: str) -> str:
    if known is None:
        return unknown
    return "yes" if known else no


def _links(
    one: Exposure, at: int, titles: Mapping[str, str], places: Mapping[str, str]
) -> Iterable[Link]:
    """Lead to who did it, when, and to the findings that show it."""
    for intruder in one.intruders[:3]:
        yield Link(brief(intruder).replace("intruder-", "Intruder "), places.get(intruder, ""))
    for session in one.sessions[:3]:
        if session in places:
            yield Link("session", places[session])
    for name in one.findings[:3]:
        if name in titles:
            yield Link(brief(titles[name]), finding_anchor(at, name))
