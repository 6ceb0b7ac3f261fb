"""Title and text of a step, with what this case puts into them."""

from collections.abc import Callable, Collection, Mapping, Sequence

from extriage.analysis.objectkeys import is_needed
from extriage.analysis.persistence import ITEMS
from extriage.analysis.plan.calls import open_ways
from extriage.analysis.plan.gaps import gap_sentences, lasting
from extriage.analysis.plan.names import accounts, listing, mailboxes, objects
from extriage.knowledge.evidence import describe
from extriage.knowledge.persistence import persistence_kinds
from extriage.knowledge.plan import PLACE, PlanStep
from extriage.model.detection import Certainty, Stage
from extriage.model.exposure import Exposed, Shown
from extriage.model.host import Host
from extriage.model.persistence import Persistence, Presence

NAMED = 3
_PROVED = Stage.REACHED
_LEFT = (Exposed.TAKEN, Exposed.READ)
_TIME = "%Y-%m-%d %H:%M UTC"
_NAME_LIMIT, _HEAD = 100, 60
_TOLD = 4
_GONE = 10
_FORGES_TICKETS = {
    "T1003.003": "The directory's database was copied.",
    "T1003.006": "Somebody asked for the hashes of the directory (DCSync).",
    "T1558.001": "A ticket that no domain controller gave was used.",
}


def step_title(step: PlanStep, host: Host) -> str:
    """Return the title of a step."""
    sure = step.id == "remove-ways-back"
    gone = [one for one in host.persistence if one.state is Presence.REMOVED]
    told = {
        "ways": lambda: _which(open_ways(host, sure=sure), sure=sure),
        "gone": lambda: _names(gone),
    }
    return _filled(step.title, told)


def step_text(step: PlanStep, host: Host, because: Collection[str]) -> str:
    """Return the text of a step, in which values of the evidence stand as they are."""
    told: Mapping[str, Callable[[], str]] = {
        "logs": lambda: lasting(host),
        "there": lambda: _there(open_ways(host, sure=True)),
        "known": lambda: _known(host),
        "clock": lambda: _clock(host),
        "gaps": lambda: _unanswered(host),
        "missing": lambda: " ".join(gap_sentences(host)),
        "why": lambda: _why_tickets(host, because),
        "clean": lambda: _clean(host),
        "build": lambda: _way_from(host),
        "names": lambda: _about(step, host, because),
    }
    return " ".join(_filled(step.text, told).split(" ")).strip()


def called(one: Persistence) -> str:
    """Name a way back so that a hurried reader knows what is meant."""
    kind, name = persistence_kinds().get(one.kind), _cut(one.object)
    if kind is None:
        return f"{one.kind} {name}"
    # NOTE: Exchange brings some of them along and needs them; nobody shall delete these in a hurry.
    caution = " (put right, do not delete)" if is_needed(kind, one.object) else ""
    return (name if kind.form in ("page", "path") else f"{kind.title} {name}") + caution


def _plainly(one: Persistence) -> str:
    kind = persistence_kinds().get(one.kind)
    return f"{kind.title if kind else one.kind} {_cut(one.object)}"


def _cut(name: str) -> str:
    """Take the middle out of a long name: what tells two of them apart often stands last."""
    return name if len(name) <= _NAME_LIMIT else f"{name[:_HEAD]} ... {name[_HEAD - _NAME_LIMIT :]}"


def _filled(text: str, told: Mapping[str, Callable[[], str]]) -> str:
    return PLACE.sub(lambda place: told[place[1]]() if place[1] in told else place[0], text)


def _which(ways: Sequence[Persistence], *, sure: bool) -> str:
    many = len(ways)
    if sure:
        which = "the way back" if many == 1 else f"these {many} ways back"
        which += " and all others like them" if many >= ITEMS else ""
        return f"{which}: {_names(ways)}"
    return f"{'this is' if many == 1 else f'these {many} are'}: {_names(ways)}"


def _names(ways: Sequence[Persistence]) -> str:
    more = f" and {len(ways) - NAMED} more" if len(ways) > NAMED else ""
    return ", ".join(called(one) for one in ways[:NAMED]) + more


def _there(ways: Sequence[Persistence]) -> str:
    present = sum(one.state is Presence.PRESENT for one in ways)
    unknown = len(ways) - present
    first = f"{present} of them {'is' if present == 1 else 'are'} in the evidence"
    they = "it is" if unknown == 1 else "they are"
    rest = f", of {unknown} nobody can tell whether {they} still there"
    return first + (rest if unknown else "") + "."


def _way_from(host: Host) -> str:
    if host.patch.action:
        build = f"build {host.patch.build}" if host.patch.build else "an unknown build"
        return f"The steps below are the way from {build}, in this order."
    return "The evidence does not tell the build: read it first (extriage version ExSetup.exe)."


def _about(step: PlanStep, host: Host, because: Collection[str]) -> str:
    places = frozenset(place for order in step.commands for place in order.places)
    if "accounts" in places:
        names = accounts(host, because)
    elif "mailboxes" in places:
        names = mailboxes(host, because) or objects(host, because)
    else:
        names = objects(host, because)
    return f" Named in this case: {listing(names)}." if names else ""


def _known(host: Host) -> str:
    """Say in a few sentences what the ledger holds, and which questions it cannot answer."""
    done = (one for one in host.exposures if one.state is not Exposed.ATTEMPTED)
    real = [one for one in done if one.intruders or one.certainty is not Certainty.POSSIBLE]
    told = [one.text if one.text.endswith(".") else f"{one.text}." for one in real[:_TOLD]]
    more = [f"{len(real) - _TOLD} more stand in the case."] if len(real) > _TOLD else []
    text = " ".join([*told, *more])
    return f" Known so far: {text}" * bool(text) + _unanswered(host)


def _clock(host: Host) -> str:
    """Say from when a limit may run: no log tells it, but what the logs tell bears on it."""
    proved = [one for one in host.findings if one.stage and one.stage.rank >= _PROVED.rank]
    traces = [one.first for one in proved if one.first]
    data = [one.first for one in host.exposures if one.state in _LEFT and one.first]
    told = [f"first proof of the break-in {min(traces):{_TIME}}"] if traces else []
    told += [f"first trace of data that left {min(data):{_TIME}}"] if data else []
    logs = f" In the logs: {', '.join(told)}." if told else ""
    return (
        " The clock starts when the organisation becomes aware of it; no log tells when that was. "
        f"Whoever reads this is aware: write the time down, and any earlier warning.{logs}"
    )


def _unanswered(host: Host) -> str:
    open_ = [one.title for one in host.exposure_answers if one.answer is Shown.CANNOT_TELL]
    return f" Nobody can tell: {', '.join(open_)}." if open_ else ""


def _why_tickets(host: Host, because: Collection[str]) -> str:
    """Say why krbtgt is in doubt: by what was done, else by the ledger and the ways back."""
    seen = {one for finding in host.findings if finding.id in because for one in finding.attack}
    told = [text for attack, text in _FORGES_TICKETS.items() if attack in seen]
    told += [one.text for one in host.exposures if one.id in because][:2]
    ways = [called(one) for one in host.persistence if one.id in because]
    told += [f"There is, or was, {', '.join(ways[:NAMED])}."] if ways else []
    return " ".join(told) or "Somebody gave himself rights on the domain."


def _clean(host: Host) -> str:
    """Say what must read clean in the next scan, by name and id."""
    ways = [*open_ways(host, sure=True), *open_ways(host, sure=False)]
    last = max((one.last for one in host.findings if one.last), default=None)
    told = []
    if ways:
        more = f" and {len(ways) - _GONE} more" if len(ways) > _GONE else ""
        named = ", ".join(f"{_plainly(one)} ({one.id})" for one in ways[:_GONE])
        told.append(f"Not present any more, or with an owner: {named}{more}.")
    if last:
        told.append(
            f"No finding later than the clean-up; the last so far is of {last:%Y-%m-%d %H:%M} UTC."
        )
    missing = [row.kind for row in host.coverage if row.unreadable]
    if missing:
        told.append(f"Readable this time: {', '.join(map(describe, missing[:5]))}.")
    return " ".join(told)
