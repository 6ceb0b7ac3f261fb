"""The one line on top, and whether the server may go back: made of everything else.

What is left of the intruders weighs most, then holes that attackers use, then what nobody can tell.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from extriage.analysis.comparing.patching import OPEN
from extriage.analysis.comparing.side import called
from extriage.analysis.comparing.ways import THERE
from extriage.analysis.presence import told
from extriage.model.comparison import (
    ActivityAnswer,
    Change,
    DataChange,
    Done,
    FindingChange,
    HoleChange,
    LeakChange,
    Outcome,
    PatchChange,
    Return,
    StepChange,
    WayChange,
)
from extriage.model.detection import Certainty, Stage
from extriage.model.host import Absence, State
from extriage.model.persistence import Presence

_NAMED = 2


@dataclass(frozen=True, slots=True)
class Parts:
    """What the answer on one server is made of."""

    ways: Sequence[WayChange]
    leaks: Sequence[LeakChange]
    data: Sequence[DataChange]
    returns: Sequence[Return]
    findings: Sequence[FindingChange]
    activity: ActivityAnswer
    patch: PatchChange
    same: bool
    """Both cases tell the same of this server."""
    swapped: bool
    """The later case ends before the earlier one."""
    later: bool
    """The later evidence has records of the time since."""

    def sure(self, *changes: Change) -> list[WayChange]:
        """Return the ways back of intruders that changed so."""
        return [one for one in self.ways if one.sure and one.change in changes]

    def holes(self, *, used_here: bool) -> list[HoleChange]:
        """Return the holes that are open now and used by attackers."""
        return [one for one in self.patch.holes if one.after in OPEN and one.used_here is used_here]


def outcome_of(parts: Parts) -> Outcome:
    """Return what it comes to."""
    if any(_left(parts)):
        return Outcome.NOT_CLEAN
    if any(_open(parts)):
        return Outcome.STILL_OPEN
    return Outcome.CANNOT_TELL if any(_unsure(parts)) else Outcome.NOTHING_LEFT


def sentence(parts: Parts) -> str:
    """Return the answer in one line."""
    left, still_open, unsure = (list(ask(parts)) for ask in (_left, _open, _unsure))
    same = "Nothing changed: both cases tell the same. " if parts.same else ""
    if parts.swapped:
        same = "The second case ends before the first: were they named in the wrong order? "
    rest = f" It cannot tell {_and(unsure)}." if unsure else ""
    match outcome_of(parts):
        case Outcome.NOT_CLEAN:
            text = f"Not clean: {_and([*left, *still_open])}.{_gone(parts)}"
        case Outcome.STILL_OPEN if unsure:
            whole = _and(still_open)
            text = f"{whole[:1].upper()}{whole[1:]}.{_gone(parts)}"
        case Outcome.STILL_OPEN:
            clean = "Nothing that was found is left, as far as this evidence shows"
            text = f"{clean}; but {_and(still_open)}."
        case Outcome.CANNOT_TELL:
            return f"{same}Cannot tell {_and(unsure)}.{_gone(parts)}"
        case Outcome.NOTHING_LEFT:
            found = any(one.before for one in parts.ways)
            what = "Nothing that was found is left" if found else "Nothing is new"
            text = f"{what}, as far as this evidence shows."
    return f"{same}{text}{rest}"


def advice(parts: Parts, steps: Sequence[StepChange]) -> str:
    """Say whether the server may go back to the network, as far as the comparison goes."""
    again = "then collect and compare again"
    match outcome_of(parts):
        case Outcome.NOT_CLEAN:
            first = "Take out what is still there, back or new, find out how it came"
            return f"No. {first}, {again}."
        case Outcome.STILL_OPEN:
            return f"Not yet. Close these holes first, {again}."
        case Outcome.CANNOT_TELL:
            return "Not on this evidence. Collect what is named below, scan it, and compare again."
    unsure = sum(one.done is Done.CANNOT_TELL for one in steps)
    people = sum(one.done is Done.BY_HAND for one in steps)
    rest = [
        f"people must confirm {_many(people, 'step')} of the plan that no log tells"
        if people
        else "",
        f"{_many(unsure, 'step')} this evidence cannot tell" if unsure else "",
    ]
    told_of = ", and ".join(part for part in rest if part)
    text = "This evidence holds nothing against it"
    return f"{text}; but {told_of}." if told_of else f"{text}."


def _left(parts: Parts) -> Iterator[str]:
    """Yield what is left of intruders, or came since."""
    still, known = parts.sure(Change.STILL_THERE), parts.sure(*Change)
    total = sum(one.before in (Presence.PRESENT, Presence.UNKNOWN) for one in known)
    if still:
        yield f"{len(still)} of {_ways(total)} {_is(still)} still there ({_few(still)})"
    for changes, one_way, more in (
        ((Change.BACK,), "way back that was gone is there again", "ways back that were gone are"
         " there again"),
        ((Change.NEW,), "way back is new", "ways back are new"),
        ((Change.NEWLY_VISIBLE,), "way back was not seen before", "ways back were not seen before"),
        ((Change.CAME_AND_WENT,), "way back came and went", "ways back came and went"),
    ):  # fmt: skip
        if ways := _which(parts, changes):
            yield f"{len(ways)} {one_way if len(ways) == 1 else more} ({_few(ways)})"
    yield from _came(parts)
    leaking = [one for one in parts.leaks if one.sure and one.change in THERE]
    if leaking:
        yield f"data still goes out through {len(leaking)} of them"
    if new := _went(parts, sure=True):
        yield f"data went since then ({_few(new)})"


def _went(parts: Parts, *, sure: bool) -> list[DataChange]:
    new = (one for one in parts.data if one.change is Change.NEW)
    return [one for one in new if (one.certainty is not Certainty.POSSIBLE) is sure]


def _which(parts: Parts, changes: tuple[Change, ...]) -> list[WayChange]:
    return [one for one in parts.sure(*changes) if not _is_old_news(one)]


def _is_old_news(one: WayChange) -> bool:
    """Tell what only the later case knows, and what was gone before the later evidence ends."""
    return one.after is Presence.REMOVED and one.change is not Change.CAME_AND_WENT


def _came(parts: Parts) -> Iterator[str]:
    """Yield who came back, and what findings prove beyond that."""
    got_in = [one for one in parts.returns if one.got_in]
    for one in got_in[:_NAMED]:
        who = f"intruder {one.same_as.rpartition('-')[2]} came back" if one.same_as else (
            "somebody who was not known got in")  # fmt: skip
        yield f"{who} on {told(one.first)[:16]} UTC"
    if len(got_in) > _NAMED:
        yield f"{len(got_in) - _NAMED} more got in"
    since = [one for one in parts.findings if one.change is Change.NEW and one.proves]
    if since and not got_in:
        yield f"{_many(len(since), 'finding')} of the time since then {_prove(since)} an attack"


def _prove(found: Sequence[object]) -> str:
    return "proves" if len(found) == 1 else "prove"


def _open(parts: Parts) -> Iterator[str]:
    """Yield holes that are open and that attackers use."""
    here, others = parts.holes(used_here=True), parts.holes(used_here=False)
    if here:
        names = ", ".join(one.cve for one in here[: 2 * _NAMED])
        more = f" and {len(here) - 2 * _NAMED} more" if len(here) > 2 * _NAMED else ""
        yield f"the way in is still open: {names}{more}"
    if others:
        verb = "is" if len(others) == 1 else "are"
        count = _many(len(others), "more hole" if here else "hole")
        yield f"{count} that attackers use {verb} open"


def _unsure(parts: Parts) -> Iterator[str]:
    """Yield what nobody can tell, to follow "cannot tell"."""
    if lost := [one for one in parts.ways if one.change is Change.CANNOT_TELL]:
        verb = "is" if len(lost) == 1 else "are"
        yield f"whether {_ways(len(lost))} {verb} gone ({_few(lost)})"
    asked = [one for one in parts.ways if not one.sure and one.change in THERE]
    asked = [one for one in asked if not _is_old_news(one)]
    if asked:
        these = "this way back is" if len(asked) == 1 else "these ways back are"
        yield f"whether {these} your own: {_few(asked)}"
    if parts.activity.answer is Absence.CANNOT_TELL:
        why = "the logs do not show all of the time since"
        yield f"whether anybody came back: {why if parts.later else 'no record is later'}"
    if went := _went(parts, sure=False):
        yield f"whether it was an intruder who had {_few(went)} since then"
    since = [one for one in parts.findings if one.change is Change.NEW and _may_be(one)]
    if since and not any(one.got_in for one in parts.returns):
        yield f"what {_many(len(since), 'finding')} of the time since mean"
    unknown = [one.cve for one in parts.patch.holes if one.used_here and _cannot_tell(one)]
    if not parts.patch.after:
        yield "which build is installed"
    elif unknown:
        yield f"whether {', '.join(unknown[: 2 * _NAMED])} is closed"


def _may_be(one: FindingChange) -> bool:
    return not one.proves and one.stage is Stage.REACHED


def _cannot_tell(one: HoleChange) -> bool:
    return one.after is State.CANNOT_TELL


def _gone(parts: Parts) -> str:
    gone = parts.sure(Change.GONE)
    return f" Gone: {_few(gone)}." if gone else ""


def _ways(count: int) -> str:
    return _many(count, "way back", "ways back")


def _many(count: int, word: str, words: str = "") -> str:
    return f"{count:,} {word if count == 1 else words or f'{word}s'}"


def _is(found: Sequence[object]) -> str:
    return "is" if len(found) == 1 else "are"


def _few(found: Sequence[WayChange] | Sequence[DataChange]) -> str:
    names = [*dict.fromkeys(map(_name, found))]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _name(one: WayChange | DataChange) -> str:
    return called(one.kind, one.object) if isinstance(one, WayChange) else one.object


def _and(parts: Sequence[str]) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{'; '.join(parts[:-1])}; and {parts[-1]}"
