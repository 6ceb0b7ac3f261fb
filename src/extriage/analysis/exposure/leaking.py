"""What still goes out: forwardings, rules for all mail, rights to mailboxes, a page that spies.

They are ways back in, too: their state is that of `host.persistence`, so that it is told once.
"""

from collections.abc import Iterator

from extriage.analysis.exposure.seen import Seen
from extriage.analysis.exposure.wording import (
    SHORT,
    by_whom,
    exposure_id,
    moment,
    ordered,
    shortened,
    weaker,
)
from extriage.knowledge.exposures import ExposureKind, exposure_kinds, leaks_by
from extriage.knowledge.persistence import tells_target
from extriage.model.exposure import Exposed, Exposure
from extriage.model.persistence import Persistence, Presence

_STATES = {
    Presence.PRESENT: Exposed.LEAKING,
    Presence.UNKNOWN: Exposed.LEAKING,
    Presence.REMOVED: Exposed.REACHABLE,
    Presence.ATTEMPTED: Exposed.ATTEMPTED,
}


def leaks(seen: Seen) -> Iterator[Exposure]:
    """Yield what leaks, or leaked as long as it was there."""
    for way in seen.ways:
        kind = exposure_kinds().get(leaks_by(way.kind))
        if kind is not None:
            yield _exposure(seen, way, kind)


def _exposure(seen: Seen, way: Persistence, kind: ExposureKind) -> Exposure:
    certainty = weaker(way.certainty, kind.at_most)
    intruders = [one.id for one in seen.intruders if way.id in one.ways]
    unknown = {
        Presence.UNKNOWN: ("Whether it is still there: the settings of today would tell.",),
        Presence.REMOVED: ("What went out until then: message tracking logs would tell.",),
        Presence.PRESENT: ("What went out so far: message tracking logs would tell.",),
    }
    return Exposure(
        exposure_id(seen.name, kind.id, way.id),
        kind.id,
        way.object,
        _STATES[way.state],
        certainty,
        _text(way, kind),
        way.first,
        way.last,
        way.by,
        (),
        ordered(intruders),
        way.findings,
        None,
        None,
        None,
        (way.kind,),
        unknown.get(way.state, ()),
        way.proofs[:4],
    )


def _text(way: Persistence, kind: ExposureKind) -> str:
    since = f" since {moment(way.first)}" if way.first else ""
    title = f"{kind.title[:1].upper()}{kind.title[1:]}"
    target = next(filter(tells_target, way.reasons), "")
    name = shortened(way.object, 2 * SHORT)
    # NOTE: intruders like names of one dot, which nobody finds in a sentence.
    head = f"{title}: {name if name[:1].isalnum() else repr(name)}{by_whom(way.by)}"
    match way.state:
        case Presence.PRESENT:
            return f"{head}{since} is still there. {target or kind.means}"
        case Presence.UNKNOWN:
            return f"{head}{since} may still be there. {target or kind.means}"
        case Presence.REMOVED:
            return f"{head}{since} was there and is gone; what it gave until then is out."
    return f"{head} was tried and failed."
