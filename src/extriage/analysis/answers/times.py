"""Since when it has been known, by when something is due, and whether that time has passed."""

from extriage.analysis.answers.asking import Asking, Circumstances, answered, left_open
from extriage.analysis.answers.attacked import inside
from extriage.analysis.answers.deadlines import local
from extriage.analysis.answers.looking import evidence_end, first_in, first_try, last_sign
from extriage.analysis.answers.saying import bullets, name_of, when
from extriage.model.answer import Answer, Deadline
from extriage.model.host import Host

ASK = "give --aware-at"


def awareness(asking: Asking) -> Answer:
    """Set the first signs in the evidence beside the moment that a person gave."""
    hosts, aware = asking.case.hosts, asking.circumstances.aware
    facts = [one for host in hosts for one in _signs(host)]
    starts = [(time, inside(host)) for host in hosts if (time := first_in(host))]
    if aware is None:
        facts.insert(0, f"When you became aware is not given: {ASK}.")
        return left_open(bullets(facts, 20))
    text = f"Became aware: {local(aware.at, aware.zone)}, as was given."
    if not starts:
        return left_open(bullets([text, *facts], 20))
    start, sure = min(starts, key=lambda one: one[0])
    if aware.at >= start:
        days = (aware.at - start).total_seconds() / 86_400
        text += f" That is {days:,.1f} days after the first sign that somebody got in."
    else:
        text += " That is before the first sign of a break-in: check the time and its zone."
    value = f"Aware {when(aware.at)}; first sign inside {when(start)}"
    return answered(value, sure, text, known=bullets(facts, 20))


def _signs(host: Host) -> list[str]:
    name, start, tried, end = name_of(host), first_in(host), first_try(host), evidence_end(host)
    facts = [f"{name}: first sign that somebody got in {when(start)}."] if start else []
    if start and (last := last_sign(host)):
        facts.append(f"{name}: last sign of somebody inside {when(last)}.")
    if tried and tried != start:
        facts.append(f"{name}: first attempt, which may be anybody's, {when(tried)}.")
    if not start:
        status = host.verdict.status.value
        facts.append(f"{name}: nothing proves that somebody got in ({status}).")
    facts += [f"{name}: the evidence ends on {when(end)}."] if end else []
    return facts


def delay(asking: Asking) -> Answer:
    """Say whether the time to notify has passed, and that reasons are then to be given."""
    circumstances = asking.circumstances
    facts = [_passed(one, circumstances) for one in asking.deadlines]
    return left_open(facts or ["This form has no deadline."])


def _passed(one: Deadline, circumstances: Circumstances) -> str:
    if one.due is None or not one.started:
        return f"{one.title}: nobody can tell whether it is late: {ASK}."
    moment = one.met or circumstances.now
    done = "It was notified" if one.met else "It is now"
    if moment <= one.due:
        return f"{one.title}: due {one.local}. {done} {when(moment)}, which is in time."
    late = "which is late" if one.met else "which is late if it is not notified yet"
    return (
        f"{one.title}: was due {one.local}. {done} {when(moment)}, {late}: give the reasons for "
        "the delay."
    )


def notifications(asking: Asking) -> Answer:
    """List what may be due by when; a person decides which of it applies."""
    facts = [
        f"{one.title} ({one.basis}): {one.local or 'not yet counted'}. {one.counted}"
        for one in asking.deadlines
    ]
    if asking.circumstances.aware is None:
        return left_open([f"When you became aware is not given: {ASK}.", *facts])
    return left_open(["Which of these laws apply, a person decides.", *facts])
