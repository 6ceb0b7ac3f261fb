"""What was planted, is it still there, and can they come back?"""

from collections import Counter
from collections.abc import Sequence

from extriage.analysis.answers.asking import Asking, answered, cannot_tell, left_open, not_seen
from extriage.analysis.answers.attacked import way_told
from extriage.analysis.answers.looking import covers, reach
from extriage.analysis.answers.proving import of_exposures, of_ways
from extriage.analysis.answers.saying import bullets, count, listed, sentence
from extriage.model.answer import Answer, Certain
from extriage.model.detection import Certainty
from extriage.model.exposure import Exposed, Exposure
from extriage.model.host import Host
from extriage.model.persistence import Persistence, Presence

PLACES = {
    "web pages": ("web-file",),
    "changes of Exchange's settings": ("events:MSExchange Management", "rps-cmdlet", "audit"),
    "tasks, services and accounts": ("events:Security", "events:System"),
}
"""Where ways back stand, and the evidence of which any one shows them."""
_THERE = (Presence.PRESENT, Presence.UNKNOWN)
_OPENING = ("machine-keys", "role-that-reads-all", "delegate-access", "hybrid-trust")
_SURE = {Presence.PRESENT: "there", Presence.UNKNOWN: "perhaps there", Presence.REMOVED: "gone",
         Presence.ATTEMPTED: "only tried"}  # fmt: skip


def _value(ways: Sequence[Persistence]) -> str:
    many = Counter(one.state for one in ways)
    return ", ".join(f"{many[state]:,} {word}" for state, word in _SURE.items() if many[state])


def planted(host: Host, asking: Asking) -> Answer:
    """Say what was planted and whether it is still there."""
    ways = host.persistence
    if not ways:
        return _nothing(host)
    sure = max((one.certainty for one in ways), key=lambda c: c.rank)
    text = "As of the end of the evidence."
    asked = [one for one in ways if one.certainty is Certainty.POSSIBLE]
    if asked:
        text += f" {count(len(asked), 'thing')} may be an administrator's own: ask whose."
    return answered(
        _value(ways), sure, text, of_ways(host, ways), bullets([*map(way_told, ways)], 20)
    )


def _nothing(host: Host) -> Answer:
    """Say that no way back was found: not seen only if every place could be looked at."""
    could = {name: [kind for kind in kinds if covers(host, kind)] for name, kinds in PLACES.items()}
    blind = [name for name, kinds in could.items() if not kinds]
    kinds = [kind for place in PLACES.values() for kind in place]
    facts = bullets([sentence(one) for one in reach(host, kinds)])
    if blind:
        return cannot_tell(
            f"No way back was found; the evidence cannot tell of {listed(blind)}.", facts
        )
    return not_seen("No way back was found, and the evidence shows the places where they stand.",
                    known=facts)  # fmt: skip


def come_back(host: Host, asking: Asking) -> Answer:
    """Tell whether an intruder could come back, as of the end of the evidence."""
    ways = [one for one in host.persistence if one.state in _THERE]
    open_still = [one for one in host.exposures if _opens(one)]
    facts = [*map(way_told, ways), *(sentence(one.text) for one in open_still)]
    if not facts:
        return _gone(host) if host.persistence else _nothing(host)
    present = [one for one in ways if one.state is Presence.PRESENT]
    sure = max((one.certainty for one in present), key=lambda c: c.rank, default=Certainty.POSSIBLE)
    value = "Yes, unless it is taken out" if sure is not Certainty.POSSIBLE else "Perhaps"
    lines = of_ways(host, ways) if ways else of_exposures(host, open_still)
    text = (
        f"Ways back: {_value(ways) or 'none'}; access or secrets that open the server or its "
        f"mailboxes: {len(open_still):,}. As of the end of the evidence."
    )
    return answered(value, sure, text, lines, bullets(facts, 20))


def _gone(host: Host) -> Answer:
    """Say that all that was found is gone; whether there is more only whole evidence tells."""
    told = bullets([*map(way_told, host.persistence)])
    rest = _nothing(host)
    lost = "What was found is gone or was only tried."
    if rest.certainty is Certain.CANNOT_TELL:
        return cannot_tell(f"{lost} {rest.text.replace('No way', 'No other way')}", told)
    text = f"{lost} {rest.text.replace('No way', 'No other way')}"
    return not_seen(text, "Nothing seen that is still there", told)


def _opens(one: Exposure) -> bool:
    live = one.state in (Exposed.LEAKING, Exposed.REACHABLE)
    return live or (one.kind in _OPENING and one.state is not Exposed.ATTEMPTED)


def ways_identified(host: Host, asking: Asking) -> Answer:
    """List accounts and ways back that were found; only people know what they removed."""
    if not host.persistence:
        found = _nothing(host)
        return left_open([found.text, *found.known])
    facts = [f"Identified in the evidence: {_value(host.persistence)}."]
    facts += map(way_told, host.persistence)
    return left_open(bullets(facts, 20), of_ways(host, host.persistence))


def changes_seen(host: Host, asking: Asking) -> Answer:
    """List the accounts, groups or roles of which the evidence shows that they were changed."""
    found = [one for one in host.persistence if one.kind in asking.about("ways")]
    if not found:
        return left_open(["The evidence shows no change of them; that is no review."])
    facts = ["Changes that the review must come to:", *map(way_told, found)]
    return left_open(bullets(facts), of_ways(host, found))
