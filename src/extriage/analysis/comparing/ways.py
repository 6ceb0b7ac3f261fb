"""What became of each way back in: still there, gone, back, new, or not to be told.

What only the later case has is new if it came after the earlier evidence ends, or if the earlier
evidence would have shown it; else it may have been there before.
"""

from collections.abc import Iterator, Mapping

from extriage.analysis.comparing.side import Pair, View, is_tied, way_key
from extriage.analysis.comparing.stillthere import Question, Said, digests
from extriage.analysis.objectkeys import is_served
from extriage.analysis.presence import told
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.comparison import Change, WayChange
from extriage.model.persistence import Persistence, Presence

THERE = (Change.STILL_THERE, Change.BACK, Change.NEW, Change.NEWLY_VISIBLE)
"""What is on the server now, as far as the later evidence shows."""


def way_changes(pair: Pair) -> tuple[WayChange, ...]:
    """Return the ways back of both cases, the worst change first."""
    before, after = _by_key(pair.before), _by_key(pair.after)
    found = [_known(Question(pair, one, after.get(key))) for key, one in before.items()]
    found += [
        change
        for key, one in after.items()
        if key not in before
        for change in _unknown(pair, one)
    ]  # fmt: skip
    return tuple(sorted(found, key=_order))


def _by_key(side: View) -> Mapping[tuple[str, str], Persistence]:
    """Return the ways back of one case that ever were there, by name."""
    found: dict[tuple[str, str], Persistence] = {}
    for one in side.host.persistence:
        if one.state is not Presence.ATTEMPTED:
            found.setdefault(way_key(one), one)
    return found


def _order(one: WayChange) -> tuple[int, bool, int, str, str]:
    return one.change.rank, not one.sure, -one.level.rank, one.kind, one.object


def _known(asked: Question) -> WayChange:
    """Say what became of a way back that the earlier case knows."""
    one, match, pair = asked.one, asked.match, asked.pair
    change, text = _after_removal(asked) if one.state is Presence.REMOVED else asked.answer()
    tied = is_tied(pair.before.host, one)
    return WayChange(
        *(change, one.kind, one.object, text, one.state, match.state if match else None),
        sure=tied or (match is not None and is_tied(pair.after.host, match)),
        level=max((one.level, (match or one).level), key=lambda level: level.rank),
        first=one.first,
        last=(match or one).last,
        paths=tuple(dict.fromkeys((*(match.paths if match else ()), *one.paths))),
        before_id=one.id,
        after_id=match.id if match else "",
    )


def _after_removal(asked: Question) -> Said:
    """Say whether what was gone stayed so, if the later evidence would show it."""
    was = "It was gone in the earlier case"
    change, text = asked.answer()
    match change:
        case Change.STILL_THERE:
            return Change.BACK, f"{was}. {text}"
        case Change.GONE:
            return Change.STILL_GONE, f"{was}, and is not there. {text}"
    if asked.held is None and asked.would_show():
        return Change.STILL_GONE, f"{was}, and nothing shows it since."
    return Change.CANNOT_TELL, f"{was}; whether it came back is open. {text}"


def _unknown(pair: Pair, one: Persistence) -> Iterator[WayChange]:
    """Say whether a way back that only the later case has is new, or only seen now."""
    change, text = _newness(pair, one)
    known = _of_same_content(pair, one)
    copy = bool(known) and not _is_served(one)
    if known:
        text += f" It has the content of {known}."
    if copy:
        text += " The web server does not hand it out from there: is it a copy that was kept?"
    yield WayChange(
        *(change, one.kind, one.object, text, None, one.state),
        sure=is_tied(pair.after.host, one) and not copy,
        level=one.level,
        first=one.first,
        last=one.last,
        paths=one.paths,
        after_id=one.id,
    )


def _newness(pair: Pair, one: Persistence) -> Said:
    later = pair.is_later(one.first)
    if one.state is Presence.REMOVED:
        return (Change.CAME_AND_WENT if later else Change.STILL_GONE), one.state_note
    if later:
        return Change.NEW, f"It came at {told(one.first)}. {one.state_note}"
    mirror = Question(Pair(pair.after, pair.before, pair.after.last), one, None)
    held = mirror.held
    if held and held.sha256 and not {held.sha256} & digests(pair.after, one):
        return Change.NEW, f"The file had other content in the earlier evidence. {one.state_note}"
    match mirror.answer()[0]:
        case Change.GONE:
            return Change.NEW, f"The earlier evidence would have shown it. {one.state_note}"
        case Change.STILL_THERE:
            was = "The same was in the earlier evidence, and the earlier scan did not list it."
            return Change.NEWLY_VISIBLE, f"{was} {one.state_note}"
    was = "It may have been there before: the earlier evidence could not show it."
    return Change.NEWLY_VISIBLE, f"{was} {one.state_note}"


def _of_same_content(pair: Pair, one: Persistence) -> str:
    """Return the name of the earlier way back whose content a new file has."""
    mine = digests(pair.after, one)
    known = pair.before.host.persistence if mine else ()
    return next((way.object for way in known if mine & digests(pair.before, way)), "")


def _is_served(one: Persistence) -> bool:
    kind = persistence_kinds().get(one.kind)
    page = kind is not None and kind.form == "page"
    return not page or any(map(is_served, (one.object, *one.paths)))
