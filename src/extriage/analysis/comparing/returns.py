"""Did anybody come back? Intruders at work after the moment that counts, and whose hand it is.

An intruder of the later case is one of the earlier case if both are the same by what joins
clusters: a canary, a shell's password, a file, an address that is no proxy's. One who is no
intruder any more, because nothing worked, is known by the address or canary of his lines.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from extriage.analysis.absence import absence, need
from extriage.analysis.comparing.side import Pair
from extriage.analysis.joining import joined
from extriage.analysis.presence import told
from extriage.analysis.traits import traits_of
from extriage.model.comparison import ActivityAnswer, Return
from extriage.model.detection import Stage
from extriage.model.host import Absence, Host
from extriage.model.persistence import Role
from extriage.model.session import Intruder, Session, SessionStep

_BEFORE = "before"
"""What his server is called in the earlier case, while both are compared."""
_STRONG = ("address", "canary")
_NAMED = 3
_EVERY_REQUEST = "iis"
_PROXIED = "httpproxy"
"""It has the requests to Exchange alone: a page in another web folder answers without it."""


def activity(pair: Pair, returns: Sequence[Return]) -> ActivityAnswer:
    """Say whether the later evidence would show it if somebody came back."""
    if pair.since is None or pair.until is None:
        return ActivityAnswer(Absence.CANNOT_TELL, "No log of one of the cases has a time.")
    if any(one.got_in for one in returns):
        return ActivityAnswer(Absence.SEEN, f"Somebody was at work after {told(pair.since)}.")
    if pair.window is None:
        text = f"The new evidence has no record after {told(pair.since)}"
        return ActivityAnswer(Absence.CANNOT_TELL, f"{text}: nothing tells what happened since.")
    coverage = pair.after.host.coverage
    answer, text = absence([need(_EVERY_REQUEST, coverage, pair.window)], pair.window)
    proxied = need(_PROXIED, coverage, pair.window).log
    if answer is Absence.CANNOT_TELL and proxied.covered:
        text += f"; {proxied.note}, and do not show pages outside of Exchange's own folders"
    return ActivityAnswer(answer, f"{text[:1].upper()}{text[1:]}.")


def returns(pair: Pair) -> tuple[Return, ...]:
    """Return who was active after the moment that counts, those who got in first."""
    same = _same_hands(pair)
    found = [
        back
        for one in pair.after.host.intruders
        if pair.is_later(one.last)
        for back in _back(pair, one, same.get(one.id, ""))
    ]
    found += _traces(pair, {one.same_as for one in found})
    return tuple(sorted(found, key=lambda one: (not one.got_in, one.first, one.intruder)))


def _same_hands(pair: Pair) -> Mapping[str, str]:
    """Return which intruder of the earlier case an intruder of the later one is."""
    before, after = pair.before.host, pair.after.host
    earlier = traits_of(replace(before, name=f"{_BEFORE}\0{before.name}"))
    later = traits_of(after)
    traits = [*earlier, *later]
    found: dict[str, str] = {}
    for part in joined(traits).parts if traits else ():
        old = [before.intruders[at].id for at in part if at < len(earlier)]
        new = [at - len(earlier) for at in part if at >= len(earlier)]
        found |= {after.intruders[at].id: old[0] for at in new if old}
    return found


@dataclass(frozen=True, slots=True)
class _Work:
    """What one visitor did after the moment that counts."""

    sessions: tuple[Session, ...]
    steps: tuple[SessionStep, ...]

    @property
    def worked(self) -> tuple[SessionStep, ...]:
        """Return the steps that worked and mean something."""
        return tuple(
            step
            for step in self.steps
            if step.done and step.sure and (_reached(step.stage) or step.items or step.mailbox)
        )

    @property
    def stage(self) -> Stage | None:
        """Return the furthest stage of what worked, else of what was tried."""
        steps = self.worked or self.steps
        stages = [step.stage for step in steps if step.stage]
        return max(stages, key=lambda stage: stage.rank, default=None)


def _reached(stage: Stage | None) -> bool:
    return stage is not None and stage.rank >= Stage.REACHED.rank


def _work(pair: Pair, sessions: Iterable[Session]) -> _Work:
    later = [one for one in sessions if pair.is_later(one.last)]
    steps = (step for one in later for step in one.steps if pair.is_later(step.until))
    return _Work(tuple(later), tuple(steps))


def _back(pair: Pair, one: Intruder, same_as: str) -> Iterator[Return]:
    own = frozenset(one.sessions)
    work = _work(pair, (session for session in pair.after.host.sessions if session.id in own))
    proved = _proved(pair, one)
    if not work.sessions and proved is None:
        return
    times = [step.time for step in work.worked or work.steps if pair.is_later(step.time)]
    times += [session.first for session in work.sessions if pair.is_later(session.first)]
    first = min([*times, *([proved[0]] if proved else [])], default=one.last)
    got_in = bool(work.worked) or proved is not None
    stage = work.stage if work.stage or proved is None else proved[1]
    yield Return(
        *(one.id, same_as, got_in, stage, first, one.last, len(work.sessions), _names(one)),
        _sentence(one, same_as, work, got_in=got_in),
    )


def _proved(pair: Pair, one: Intruder) -> tuple[datetime, Stage] | None:
    """Return the first step of his chains, after the moment that counts, that proves something."""
    own = frozenset(one.chains)
    found = [
        (step.time, step.stage)
        for chain in pair.after.host.chains
        if chain.id in own
        for step in chain.steps
        if step.proved and step.stage and _reached(step.stage) and pair.is_later(step.time)
    ]
    return min(found) if found else None


def _names(one: Intruder) -> tuple[str, ...]:
    kinds = ("address", "account")
    return tuple(value for kind, value, _ in one.keys if kind in kinds)[: 2 * _NAMED]


def _sentence(one: Intruder, same_as: str, work: _Work, *, got_in: bool) -> str:
    who = "Somebody whom the earlier case does not know"
    if same_as:
        who = f"{_called(same_as)} of the earlier case"
    if same_as != one.id:
        who += f", now {_called(one.id).lower()}"
    addresses = [value for kind, value, _ in one.keys if kind == "address"]
    place = f", from {', '.join(addresses[:_NAMED])}" if addresses else ""
    if not got_in:
        return f"{who}{place}: came by and got nothing."
    telling = sorted(work.worked, key=lambda step: -(step.stage.rank if step.stage else 0))
    first = dict.fromkeys(step.text.rstrip(".") for step in telling)
    what = "; ".join([*first][:_NAMED])
    return f"{who}{place}: {what or one.summary.rstrip('.')}."


def _called(intruder: str) -> str:
    return f"Intruder {intruder.rpartition('-')[2]}"


def _traces(pair: Pair, known: set[str]) -> Iterator[Return]:
    """Yield intruders of the earlier case of whom the later one has only lines or visits."""
    shared = {*pair.before.host.shared, *pair.after.host.shared}
    for one in pair.before.host.intruders:
        if one.id in known:
            continue
        keys = {
            (kind, value) for kind, value, _ in one.keys if kind in _STRONG and value not in shared
        }
        if times := sorted(_seen(pair, keys)):
            names = sorted({value for _, value in keys if value})
            addresses = [value for kind, value in sorted(keys) if kind == "address"]
            text = f"{_called(one.id)} of the earlier case"
            text += f", from {', '.join(addresses[:_NAMED])}" if addresses else ""
            text += ": lines of him are in the new evidence; nothing shows that he got in."
            yield Return(
                *("", one.id, False, None, times[0], times[-1], 0, tuple(names[:_NAMED])), text
            )


def _seen(pair: Pair, keys: set[tuple[str, str]]) -> Iterator[datetime]:
    """Yield when somebody with these keys was seen after the moment that counts."""
    host = pair.after.host
    addresses = {value for kind, value in keys if kind == "address"}
    for finding in host.findings:
        for line in finding.evidence:
            if line.time is not None and pair.is_later(line.time) and keys & {*line.keys}:
                yield line.time
    for session in host.sessions:
        other = session.role is not Role.ORGANISATION and not session.intruder
        if other and pair.is_later(session.last) and addresses & {*session.addresses}:
            yield session.last
    yield from _sighted(pair, host, addresses)


def _sighted(pair: Pair, host: Host, addresses: set[str]) -> Iterator[datetime]:
    for sighting in host.sightings:
        if sighting.indicator.value in addresses and pair.is_later(sighting.last):
            assert sighting.last is not None
            yield sighting.last
    for way in host.persistence:
        for visitor in way.life.visitors if way.life else ():
            if visitor.address in addresses and pair.is_later(visitor.last):
                yield visitor.last
