"""The life story of a way back: put there, used and by whom, noticed, taken away, there or not."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from extriage.analysis.presence import Line, told
from extriage.knowledge.joins import address_of, is_inside, is_somebody
from extriage.model.detection import Sign, Stage
from extriage.model.host import Chain, Step
from extriage.model.persistence import Episode, PageLife, Presence, Role, Visitor
from extriage.model.state import Proof

EACH = 6
"""Lines of one kind that are chapters of their own; of more the earliest and the latest."""
ACTORS = 10
TITLES = 3
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)
_WORDS = {
    Sign.PLANTED: "Put there",
    Sign.COMPILED: "Compiled, so it was there and was asked for",
    Sign.USED: "Used",
    Sign.ASKED: "Asked for",
    Sign.DETECTED: "Named by a protection programme",
    Sign.CHANGED: "Changed",
    Sign.REMOVED: "Removed",
    Sign.ATTEMPTED: "Tried in vain",
    Sign.PRESENT: "There at the end of the evidence",
}
_ORDER = [sign.value for sign in Sign]
_ACTING = (Sign.PLANTED, Sign.CHANGED, Sign.ATTEMPTED)
_WHO = ("account", "address")
_IN = (Stage.REACHED, Stage.PLANTED)
JUST_BEFORE = timedelta(minutes=2)
BEFORE_TOLD = 3
BEFORE = "Just before, in the same chain: "
"""Begins the chapters about steps that are findings of their own."""


def story(
    lines: Sequence[Line], life: PageLife | None, state: Presence, chains: Iterable[Chain] = ()
) -> tuple[Episode, ...]:
    """Return the chapters in order of time; what has no time comes last."""
    chapters: list[Episode] = []
    for sign in Sign:
        if not (life is not None and sign in (Sign.USED, Sign.ASKED)):
            chapters += _chapters(sign, [line for line in lines if line.sign is sign])
    chapters += _way_in(lines, chains)
    if life is not None:
        chapters += _of_page(life, planted=any(line.sign is Sign.PLANTED for line in lines))
    if state is Presence.PRESENT:
        chapters = [one for one in chapters if one.what != "missing"]
    once = {
        (one.what, one.time, one.text): one for one in sorted(chapters, key=_order, reverse=True)
    }
    return tuple(sorted(once.values(), key=_order))


def _order(one: Episode) -> tuple[datetime, int, str, int]:
    place = _ORDER.index(one.what) if one.what in _ORDER else len(_ORDER)
    return (one.time or _NEVER, place, one.path, one.line)


def _chapters(sign: Sign, lines: Sequence[Line]) -> Iterator[Episode]:
    """Tell the lines of one sign; one place that several rules met is one chapter."""
    places: dict[tuple[str, int], list[Line]] = {}
    for line in sorted(lines, key=lambda one: -one.finding.level.rank):
        place = (line.evidence.path, line.evidence.line)
        places.setdefault(place, []).append(line)
    shown = sorted(places.values(), key=lambda met: _moment(met[0]))
    half = EACH // 2
    for met in shown if len(shown) <= EACH else shown[:half] + shown[-half:]:
        yield _chapter(sign, met)


def _moment(line: Line) -> tuple[datetime, str, int]:
    return (line.time or _NEVER, line.evidence.path, line.evidence.line)


def _chapter(sign: Sign, met: Sequence[Line]) -> Episode:
    evidence, time = met[0].evidence, met[0].time
    titles = list(dict.fromkeys(line.finding.title for line in met))
    more = f" and {len(titles) - TITLES} more rules" if len(titles) > TITLES else ""
    word = "Made, as the table of files has it" if met[0].made else _WORDS[sign]
    text = f"{word}: {'; '.join(titles[:TITLES])}{more}"
    by = tuple(_who(met))
    text += f", by {', '.join(by)}." if by else "."
    return Episode(sign.value, time, None, text, by, evidence.path, evidence.line)


def _of_page(life: PageLife, *, planted: bool) -> Iterator[Episode]:
    """Tell what the web logs say of a page."""
    path, line = _place(life)
    if life.first_answered and life.missing_until and not planted:
        text = (
            f"Put there after {told(life.missing_until)}, when it was still missing, and before "
            f"{told(life.first_answered)}, when it first answered."
        )
        yield Episode("planted", life.missing_until, life.first_answered, text, (), path, line)
    if life.first_answered:
        yield _answers(life, path, line)
    strangers = [one for one in life.visitors if one.role in (Role.STRANGER, Role.INFORMED)]
    if strangers:
        yield _asked(strangers, life, path, line)
    if life.gone_before:
        until = f"It answered until {told(life.gone_after)}; " if life.gone_after else ""
        text = f"{until}{'f' if until else 'F'}rom {told(life.gone_before)} on it was missing."
        last = life.proofs[-1] if life.proofs else Proof(path, line, "")
        since = life.gone_after or life.gone_before
        yield Episode("missing", since, life.gone_before, text, (), last.path, last.line)


def _place(life: PageLife) -> tuple[str, int]:
    return (life.proofs[0].path, life.proofs[0].line) if life.proofs else ("", 0)


def _answers(life: PageLife, path: str, line: int) -> Episode:
    methods = ", ".join(f"{count:,} {method}" for method, count in life.methods)
    text = f"Answered {life.answered:,} of {life.requests:,} requests"
    text += f" ({methods})" if methods else ""
    text += f" from {told(life.first_answered)} to {told(life.last_answered)}"
    amounts = (("sent to it", life.bytes_in), ("sent back", life.bytes_out))
    sent = [f"{amount:,} bytes {word}" for word, amount in amounts if amount is not None]
    text += f"; {' and '.join(sent)}" if sent else ""
    owners = [one for one in life.visitors if one.role is Role.OWNER]
    by = tuple(_names(owners))
    text += f". Orders came from {', '.join(by)}" if by else ""
    if inner := [one.address for one in owners if _is_inner(one.address)]:
        text += (
            f". {inner[0]} is an inner address: a load balancer, a proxy or the server itself may "
            "stand there for clients of whom the log says nothing"
        )
    return Episode("used", life.first_answered, life.last_answered, f"{text}.", by, path, line)


def _is_inner(address: str) -> bool:
    """Tell whether an address is one of the organisation's own network, or of the server."""
    found = address_of(address)
    return found is not None and (is_inside(address) or found.is_loopback or found.is_link_local)


def _asked(visitors: Sequence[Visitor], life: PageLife, path: str, line: int) -> Episode:
    by = tuple(_names(visitors))
    apart = [one for one in life.visitors if one not in visitors]
    many = life.requests - sum(one.requests for one in apart)
    others = life.visitors_total - len(apart)
    found = Counter("late" if not one.answered else one.role for one in visitors)
    words = {
        Role.STRANGER: "who hunted for known names",
        Role.INFORMED: "who knew its name and gave no orders",
        "late": "whom it did not answer",
    }
    who = ", ".join(f"{found[role]} {word}" for role, word in words.items() if found[role])
    plural = "s" if many > 1 else ""
    kept = f"; told apart are {len(visitors)}" if others > len(visitors) else ""
    text = f"{many:,} request{plural} by {others:,} other{'s' * (others > 1)}{kept}: {who}."
    first = min(one.first for one in visitors)
    return Episode("asked", first, max(one.last for one in visitors), text, by, path, line)


def _names(visitors: Iterable[Visitor]) -> Iterator[str]:
    for one in list(visitors)[:ACTORS]:
        yield f"{one.address} as {one.account}" if one.account else one.address


def _who(lines: Iterable[Line]) -> Iterator[str]:
    """Return who did it as the lines name him, and from which address."""
    found = dict[str, None]()
    for line in lines:
        keys = dict(line.evidence.keys)
        account = line.evidence.actor or keys.get("account", "")
        object_too = account.casefold() == line.name.casefold()
        for name in ("" if object_too else account, keys.get("address", "")):
            if name:
                found[name] = None
    yield from list(found)[:ACTORS]


def actors(
    lines: Sequence[Line], life: PageLife | None, chains: Iterable[Chain]
) -> tuple[str, ...]:
    """Return who put it there or gave it orders: addresses and accounts, as far as it is told."""
    acting = [line for line in lines if line.sign in _ACTING]
    names = list(_who(acting))
    owners = [one for one in life.visitors if one.role is Role.OWNER] if life else []
    names += [one.address for one in owners]
    if not any(map(is_somebody, names)):
        names += _who(line for line in lines if line.sign is Sign.USED)
    if not any(map(is_somebody, names)):
        names += _of_chains(acting or lines, chains)
    told_first = sorted(dict.fromkeys(names), key=lambda one: not is_somebody(one))
    return tuple(told_first)[:ACTORS]


def _way_in(lines: Sequence[Line], chains: Iterable[Chain]) -> Iterator[Episode]:
    """Tell what the same intruder did just before it was put there."""
    times = [one.time for one in lines if one.sign in (Sign.PLANTED, Sign.CHANGED)]
    planted = min((time for time in times if time), default=None)
    if planted is None:
        return
    ids = {line.finding.id for line in lines}
    own = {(line.evidence.path, line.evidence.line) for line in lines}
    for chain in chains:
        if ids & {step.finding for step in chain.steps}:
            by = tuple(value for name, value in chain.keys if name in _WHO)[:ACTORS]
            before = [one for one in _before(chain, planted) if (one.path, one.line) not in own]
            for step in before[-BEFORE_TOLD:]:
                text = f"{BEFORE}{step.title}."
                yield Episode("planted", step.time, None, text, by, step.path, step.line)


def _before(chain: Chain, moment: datetime) -> Iterator[Step]:
    """Return the steps that prove a way in shortly before."""
    for step in chain.steps:
        near = timedelta() <= moment - step.time <= JUST_BEFORE
        if near and step.proved and step.stage in _IN:
            yield step


def _of_chains(lines: Sequence[Line], chains: Iterable[Chain]) -> Iterator[str]:
    """Return who stands in a chain in which it was put there."""
    ids = {line.finding.id for line in lines}
    for chain in chains:
        within = any(
            line.evidence.time and chain.first <= line.evidence.time <= chain.last for line in lines
        )
        if within and chain.stage is not Stage.PROBED and ids & {s.finding for s in chain.steps}:
            yield from (value for name, value in chain.keys if name in _WHO)
