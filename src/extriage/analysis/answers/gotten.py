"""What they got: mailboxes, files and secrets, with bounds; mailboxes are not people."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from extriage.analysis.answers.asking import (
    Asking,
    Lines,
    answered,
    cannot_tell,
    left_open,
    not_seen,
)
from extriage.analysis.answers.attacked import attacked
from extriage.analysis.answers.looking import first_in
from extriage.analysis.answers.proving import MOST, of_exposures
from extriage.analysis.answers.saying import (
    bounds,
    bullets,
    count,
    listed,
    name_of,
    sentence,
    total,
    volume,
)
from extriage.analysis.objectkeys import name_key
from extriage.knowledge.exposures import exposure_kinds
from extriage.model.answer import Answer, Certain
from extriage.model.detection import Certainty
from extriage.model.exposure import Exposed, Exposure, ExposureAnswer, Shown
from extriage.model.host import Host, Status

SECRETS = "credentials"
_MAILBOXES = frozenset({"mailboxes-exported", "mailboxes-read", "forwarding"})
_WENT = (Exposed.TAKEN, Exposed.READ)
_NEVER = "That nothing shows does not mean that nothing was taken."
_STATES = {
    Exposed.TAKEN: "taken",
    Exposed.READ: "read",
    Exposed.READY: "made ready to be taken",
    Exposed.LEAKING: "open to others",
    Exposed.REACHABLE: "within reach",
}


def group_of(one: Exposure) -> str:
    """Return which question of the ledger an entry answers."""
    kind = exposure_kinds().get(one.kind)
    return kind.group if kind else ""


def is_theirs(one: Exposure) -> bool:
    """Tell what a break-in has to do with from what administrators do as well."""
    return bool(one.intruders) or one.certainty is not Certainty.POSSIBLE


def _real(host: Host) -> list[Exposure]:
    return [one for one in host.exposures if one.state is not Exposed.ATTEMPTED]


def _told(one: Exposure) -> str:
    asked = "" if is_theirs(one) else " Ask who did it."
    unknown = f" {' '.join(one.unknown)}" if one.unknown else ""
    return f"{_STATES.get(one.state, one.state.value).capitalize()}, {one.certainty.value}: " + (
        sentence(f"{one.text}{unknown}") + asked
    )


def what_they_got(host: Host, asking: Asking) -> Answer:
    """List what was taken, read or within reach, surest and worst first."""
    real = _real(host)
    if not real:
        return _absent(host, host.exposure_answers)
    return _ledger(host, real)


def _ledger(host: Host, real: Sequence[Exposure]) -> Answer:
    theirs, ask = _parted(real)
    parts = _by_state(theirs)
    parts += [f"{len(ask):,} to be asked about"] if ask else []
    sure = _worst(theirs or ask)
    text = f"{_NEVER} The number of mailboxes is not the number of people."
    facts = bullets([_told(one) for one in (*theirs, *ask)], 20)
    return answered(", ".join(parts), sure, text, of_exposures(host, real), facts)


def _parted(real: Iterable[Exposure]) -> tuple[list[Exposure], list[Exposure]]:
    """Tell what a break-in has to do with from what must be asked about, each worst first."""
    ordered = sorted(real, key=lambda one: list(Exposed).index(one.state))
    return [one for one in ordered if is_theirs(one)], [o for o in ordered if not is_theirs(o)]


def _by_state(items: Sequence[Exposure]) -> list[str]:
    """Count by state, and how many of each are how sure."""
    parts = []
    for state, word in _STATES.items():
        sure = Counter(one.certainty for one in items if one.state is state)
        ordered = sorted(sure, key=lambda one: -one.rank)
        told = [f"{sure[one]:,} {one.value}" if len(sure) > 1 else one.value for one in ordered]
        if told:
            parts.append(f"{sure.total():,} {word} ({', '.join(told)})")
    return parts


def _surest(items: Iterable[Exposure]) -> Certainty:
    return max((one.certainty for one in items), key=lambda one: one.rank)


def _worst(items: Sequence[Exposure]) -> Certainty:
    """Return how sure the worst of it is: what was taken, before what was only within reach."""
    state = min((one.state for one in items), key=list(Exposed).index)
    return _surest(one for one in items if one.state is state)


def keys_within_reach(host: Host, asking: Asking) -> Answer:
    """List passwords, keys and certificates that were taken or within reach."""
    found = [one for one in _real(host) if group_of(one) == SECRETS]
    if found:
        return _ledger(host, found)
    return _absent(host, [one for one in host.exposure_answers if one.kind == SECRETS])


def _absent(host: Host, answers: Sequence[ExposureAnswer]) -> Answer:
    """Say that the ledger has nothing: not seen only if every question of it could be answered."""
    blind = [one for one in answers if one.answer is Shown.CANNOT_TELL]
    facts = bullets([_question(one) for one in answers])
    if blind or not answers:
        if not blind:
            return cannot_tell("Nothing was found, and the case has no answer about it.", facts)
        what = listed(one.title.lower() for one in blind)
        return cannot_tell(f"Nothing was found, and nobody can tell of {what}.", facts)
    return not_seen(f"The logs cover the time and show nothing of it. {_NEVER}", known=facts)


def _question(one: ExposureAnswer) -> str:
    return f"{one.title}: {one.answer.value.replace('-', ' ')}. {sentence(one.text)}"


def data_unseen(host: Host, asking: Asking) -> Answer:
    """Name the kinds of data of which nobody can tell whether they were taken."""
    if not host.exposure_answers:
        return cannot_tell("The case has no answer about any kind of data.")
    blind = [one for one in host.exposure_answers if one.answer is Shown.CANNOT_TELL]
    quiet = [one for one in host.exposure_answers if one.answer is Shown.NOT_SHOWN]
    facts = bullets([_question(one) for one in (*blind, *quiet)])
    if not blind:
        return answered("None of those that are looked for", Certain.CONFIRMED, _NEVER, known=facts)
    value = count(len(blind), "kind of data", "kinds of data")
    return answered(
        value, Certain.CANNOT_TELL, "The logs that would show it are missing.", known=facts
    )


class Mailboxes(NamedTuple):
    """The mailboxes that the case names, each with the worst that is known of it."""

    states: dict[str, Exposure]
    everywhere: list[str]
    """Servers on which every mailbox was within reach."""


def mailboxes(hosts: Iterable[Host]) -> Mailboxes:
    r"""Gather the mailboxes of all servers; the same name on two servers is one mailbox.

    `CONTOSO\jdoe` is the mailbox `jdoe@contoso.example`, if that is named, too: better one too few
    than one that is none.
    """
    order = list(Exposed)
    named: list[Exposure] = []
    everywhere = []
    for host in hosts:
        for one in filter(is_theirs, _real(host)):
            if group_of(one) in _MAILBOXES and one.object:
                named.append(one)
            elif one.kind in ("server-secrets", "role-that-reads-all"):
                everywhere.append(f"{name_of(host)} ({one.certainty.value})")
    known = {name_key(one.object): one.object.casefold() for one in named if "@" in one.object}
    found: dict[str, Exposure] = {}
    for one in sorted(named, key=lambda one: (order.index(one.state), -one.certainty.rank)):
        address = "@" in one.object
        name = one.object.casefold() if address else name_key(one.object)
        found.setdefault(name if address else known.get(name, name), one)
    return Mailboxes(found, list(dict.fromkeys(everywhere)))


def people_concerned(asking: Asking) -> Answer:
    """Give the number of mailboxes that the case shows; people must be counted by a person."""
    hosts = asking.case.hosts
    found = mailboxes(hosts)
    facts = ["Mailboxes are not people: mail names senders, recipients and others."]
    if found.everywhere:
        facts.append(
            f"Every mailbox was within reach on {listed(found.everywhere)}: count all of them "
            "(Get-Mailbox -ResultSize Unlimited), shared and resource mailboxes too."
        )
    if not found.states:
        return _nobody(hosts, facts)
    theirs = list(found.states.values())
    sure = min((one.certainty for one in theirs), key=lambda one: one.rank)
    names = [
        f"{one.object}: {_STATES.get(one.state, one.state.value)} ({one.certainty.value})"
        for one in theirs
    ]
    many = count(len(theirs), "mailbox", "mailboxes")
    least = "At least " if sure is not Certainty.POSSIBLE else ""
    value = f"{least}{many}: {', '.join(_by_state(theirs))}"
    text = "The number of mailboxes that the evidence names, not of people. There may be more."
    return answered(value, sure, text, _lines(hosts), bullets([*facts, *names], 40))


def _nobody(hosts: Sequence[Host], facts: list[str]) -> Answer:
    if any(first_in(host) for host in hosts):
        text = "The evidence names no mailbox. Somebody was inside, so this is no number of people."
        return cannot_tell(text, facts)
    if not hosts or not all(map(_mail_is_covered, hosts)):
        return cannot_tell("The evidence names no mailbox, and could not have shown all.", facts)
    return not_seen("The evidence names no mailbox that somebody got at.", known=facts)


def _mail_is_covered(host: Host) -> bool:
    """Tell whether the logs would show it if somebody had got at a mailbox, and do not."""
    answers = [one.answer for one in host.exposure_answers if one.kind in _MAILBOXES]
    quiet = host.verdict.status is Status.NO_SIGN
    return quiet and bool(answers) and all(one is Shown.NOT_SHOWN for one in answers)


def _lines(hosts: Iterable[Host]) -> Lines:
    found = [of_exposures(host, [one for one in _real(host) if is_theirs(one)]) for host in hosts]
    lines = [one for each in found for one in each.listed]
    return Lines(tuple(lines[:MOST]), sum(one.more for one in found) + max(len(lines) - MOST, 0))


def records_concerned(asking: Asking) -> Answer:
    """Give items and bytes with their bounds, as far as the logs tell."""
    hosts = asking.case.hosts
    went = [one for host in hosts for one in _real(host) if one.state in _WENT and is_theirs(one)]
    went = [one for one in went if group_of(one) != SECRETS]
    facts = ["Categories of data that are in mail and files are known to people only."]
    if not went and mailboxes(hosts).states:
        text = "No log shows that any of it went out or was read, or how much."
        return cannot_tell(f"{text} Mailboxes were within reach or made ready.", facts)
    if not went:
        return _nobody(hosts, facts)
    items, size = total(one.items for one in went), total(one.bytes_out for one in went)
    parts = [volume(size) if size.low else "bytes: no log gives a number"]
    parts += [bounds(items, "item", "items") if items.low else "items: no log gives a number"]
    text = (
        f"Of {count(len(went), 'thing')} that went out or {'was' if len(went) == 1 else 'were'} "
        "read. Items are messages, appointments and contacts that were asked for or handed out; "
        "bytes are those of the answers that were logged."
    )
    sure = min((one.certainty for one in went), key=lambda one: one.rank)
    return answered(
        "; ".join(parts), sure, text, _lines(hosts), bullets([*facts, *map(_told, went)], 20)
    )


def weight_of_data(host: Host, asking: Asking) -> Answer:
    """Give what helps to weigh the risk for people."""
    found = what_they_got(host, asking)
    what = found.value or f"{found.certainty.value.replace('-', ' ')}. {found.text}"
    verdict = sentence(f"Verdict {host.verdict.status.value}. {host.verdict.reason}")
    return left_open([verdict, f"Data: {sentence(what)}"])


def effects(host: Host, asking: Asking) -> Answer:
    """Say what each kind of data that was exposed means; the consequences a person weighs."""
    kinds = exposure_kinds()
    real = [one for one in _real(host) if is_theirs(one) and one.kind in kinds]
    facts = [f"{kinds[name].title.capitalize()}: {kinds[name].means}" for name in
             dict.fromkeys(one.kind for one in real)]  # fmt: skip
    return left_open(bullets(facts) or [f"The ledger of data has nothing. {_NEVER}"])


def across_borders(asking: Asking) -> Answer:
    """Give the mail domains of the mailboxes that are named; impact across borders people know."""
    found = mailboxes(asking.case.hosts).states
    domains = sorted({name.rpartition("@")[2] for name in found if "@" in name})
    facts = ["Where an address of an attacker is says nothing about where the impact is."]
    facts += (
        [f"Mail domains of the mailboxes that are named: {listed(domains)}."] if domains else []
    )
    return left_open(facts)


def nature(host: Host, asking: Asking) -> Answer:
    """Say what kind of breach it is and what happened, in a few sentences."""
    found, got = attacked(host, asking), what_they_got(host, asking)
    if first_in(host) is None:
        return found
    surely = [one for one in host.exposures if one.certainty is not Certainty.POSSIBLE]
    went = any(one.state in _WENT for one in surely)
    kind = "Confidentiality" if went else "Confidentiality at risk"
    had = "may have had" if found.certainty is Certain.POSSIBLE else "had"
    value = f"{kind}: somebody {had} unauthorised access to a mail server"
    data = sentence(f"Data: {got.value}" if got.value else f"Data: {got.text}")
    lines = Lines(found.references, found.more_references)
    facts = (*found.known, data, _NEVER)
    return answered(value, found.certainty, found.text, lines, facts)
