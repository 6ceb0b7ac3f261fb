"""What still goes out: forwardings, rights to mailboxes, pages that spy; and what went since."""

from collections.abc import Iterator, Sequence

from extriage.analysis.comparing.side import Pair
from extriage.knowledge.exposures import leaks_by
from extriage.knowledge.persistence import tells_target
from extriage.model.comparison import Change, DataChange, LeakChange, WayChange
from extriage.model.exposure import Exposed, Exposure

_WENT = (Exposed.TAKEN, Exposed.READ, Exposed.READY)


def leak_changes(pair: Pair, ways: Sequence[WayChange]) -> tuple[LeakChange, ...]:
    """Return what leaked in either case; each is a way back, too, and shares its answer."""
    before, after = _leaks(pair.before.host.exposures), _leaks(pair.after.host.exposures)
    found = []
    for way in ways:
        kind = leaks_by(way.kind)
        old, new = before.get((kind, way.object)), after.get((kind, way.object))
        if kind and (old or new) and way.change not in (Change.STILL_GONE, Change.CAME_AND_WENT):
            found.append(
                LeakChange(
                    *(way.change, kind, way.object, _text(pair, way), way.sure),
                    old.id if old else "",
                    new.id if new else "",
                )
            )
    return tuple(found)


def _leaks(exposures: Sequence[Exposure]) -> dict[tuple[str, str], Exposure]:
    return {
        (one.kind, one.object): one for one in exposures if one.state is Exposed.LEAKING
    }  # fmt: skip


def _text(pair: Pair, way: WayChange) -> str:
    """Say where it goes, and what became of it."""
    if way.change is Change.GONE:
        return "Nothing goes out there any more."
    known = [*pair.after.host.persistence, *pair.before.host.persistence]
    reasons = (
        reason for one in known if one.id in (way.after_id, way.before_id) for reason in one.reasons
    )
    return " ".join(filter(None, (next(filter(tells_target, reasons), ""), way.text)))


def data_changes(pair: Pair) -> tuple[DataChange, ...]:
    """Return the data that went after the moment that counts, or that only the later case shows."""
    known = {(one.kind, one.object): one for one in pair.before.host.exposures}
    found = [change for one in pair.after.host.exposures for change in _data(pair, known, one)]
    return tuple(sorted(found, key=lambda one: (one.change.rank, one.kind, one.object)))


def _data(
    pair: Pair, known: dict[tuple[str, str], Exposure], one: Exposure
) -> Iterator[DataChange]:
    if one.state not in _WENT:
        return
    old = known.get((one.kind, one.object))
    if pair.is_later(one.last or one.first):
        change = Change.NEW
    elif old is None or old.state not in _WENT:
        change = Change.NEWLY_VISIBLE
    else:
        return
    facts = (one.kind, one.object, one.text, one.certainty, one.first, one.last, one.id)
    yield DataChange(change, *facts)
