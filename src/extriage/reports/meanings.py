"""What the words of a verdict mean, for every report that somebody reads: said once, the same.

The words themselves are those of the model; here are their plain sentences, and which verdict is
the worst.
"""

from extriage.model.detection import Certainty, Stage
from extriage.model.host import Host, Status
from extriage.model.persistence import Persistence, Presence

STATUS_NAMES = {
    Status.COMPROMISED: "COMPROMISED",
    Status.TARGETED: "TARGETED",
    Status.CANNOT_TELL: "CANNOT TELL",
    Status.NO_SIGN: "NO SIGN",
}
"""The verdicts, worst first."""

STATUS_MEANS = {
    Status.COMPROMISED: "the attack worked",
    Status.TARGETED: "attacked; nothing proves that it worked",
    Status.CANNOT_TELL: "the evidence that would show an attack is missing or falls short",
    Status.NO_SIGN: "no sign of an attack in evidence that would show one",
}
STAGE_MEANS = {
    Stage.PROBED: "somebody tried; no sign that it worked",
    Stage.REACHED: "the hole answered, at most with a logon that it gave",
    Stage.PLANTED: "something of theirs was written on the server",
    Stage.EXECUTED: "their code ran on the server",
    Stage.ACTED: "they went on: passwords, accounts or other machines",
    Stage.TAKEN: "data left the server",
}
CERTAINTY_MEANS = {
    Certainty.CONFIRMED: "the evidence proves it",
    Certainty.LIKELY: "the evidence points to it, a last proof is missing",
    Certainty.POSSIBLE: "the evidence allows it, a person must check it",
}
_WORST_FIRST = list(STATUS_NAMES)


def badness(host: Host) -> tuple[int, int, int, str]:
    """Return what servers are sorted by, the worst first: verdict, stage, certainty, name."""
    verdict = host.verdict
    return (
        _WORST_FIRST.index(verdict.status),
        -(verdict.stage.rank if verdict.stage else 0),
        -(verdict.certainty.rank if verdict.certainty else 0),
        host.name,
    )


def is_open(ways: tuple[Persistence, ...]) -> bool:
    """Tell whether one of the ways back is there or may be there."""
    return any(one.state in (Presence.PRESENT, Presence.UNKNOWN) for one in ways)


def looks_like(host: Host) -> Status:
    """Return the status whose colour a verdict gets.

    No sign of an attack is no good news above a list of ways back in.
    """
    status = host.verdict.status
    open_ways = status is Status.NO_SIGN and is_open(host.persistence)
    return Status.CANNOT_TELL if open_ways else status


def means(host: Host) -> str:
    """Return the meaning of a server's verdict as a sentence, without its full stop."""
    text = STATUS_MEANS[host.verdict.status]
    return text[:1].upper() + text[1:]
