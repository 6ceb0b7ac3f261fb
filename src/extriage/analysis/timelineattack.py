"""What intruders did, as moments: findings, sessions, ways back, data that went."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from extriage.analysis.lifestory import BEFORE
from extriage.analysis.timelinetold import Told, later, place, some, title, weight
from extriage.knowledge.joins import is_somebody
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.case import Moment
from extriage.model.detection import Certainty, Evidence, Finding, Sign, Stage
from extriage.model.exposure import Exposed, Exposure
from extriage.model.host import Host
from extriage.model.persistence import Episode, Persistence, Role
from extriage.model.session import Session, SessionStep

_STRONG = ("request", "activity")
"""Keys by which lines of several logs are one act."""
_GUARD = "Windows Defender"
_HEAD = 600
_TOLD = {
    "planted": Stage.PLANTED,
    "used": Stage.EXECUTED,
    "compiled": None,
    "changed": None,
    "removed": None,
    "missing": None,
    "detected": None,
}
"""Chapters of a story that are told, with the stage that they prove where the way is confirmed."""
_VISITORS = (Role.INTRUDER, Role.OWNER, Role.INFORMED)
_GOT = {
    Exposed.TAKEN: Stage.TAKEN,
    Exposed.READ: Stage.TAKEN,
    Exposed.LEAKING: Stage.TAKEN,
}


def attack_told(host: Host) -> Iterator[Told]:
    """Yield everything that intruders did, and what was seen of it."""
    intruding = (one for one in host.sessions if one.intruder and _is_sure(one))
    theirs = frozenset(address for one in intruding for address in one.addresses)
    for finding in host.findings:
        yield from _finding(host.name, finding, theirs)
    for session in host.sessions:
        yield from _session(host.name, session)
    for way in host.persistence:
        for episode in way.story:
            own = episode.what in _TOLD and not episode.text.startswith(BEFORE)
            if own and episode.time:
                yield _episode(host.name, way, episode, episode.time)
    for exposure in host.exposures:
        yield from _exposure(host.name, exposure)


def _is_sure(session: Session) -> bool:
    """Tell whether none of it may have been somebody else."""
    return all(step.sure for step in session.steps)


def _finding(host: str, finding: Finding, theirs: frozenset[str]) -> Iterator[Told]:
    timed = [line for line in finding.evidence if line.time and _source(finding, line, theirs)]
    certainty = finding.certainty if finding.stage else None
    heavy = weight(finding.stage, certainty, 5 + finding.level.rank)
    for line in timed:
        if line.time is not None:
            moment = Moment(
                line.time, host, finding.stage, title(finding.title), finding.id, line.path,
                line.line, _source(finding, line, theirs), "", None, 1, _who(line),
            )  # fmt: skip
            yield Told(moment, heavy, _same(line))
    untold = finding.count - len(finding.evidence)
    between = timed[len(timed) // 2] if timed else None
    if untold > 0 and between is not None and between.time is not None:
        # NOTE: lines that are counted and not kept lie between the earliest and the latest kept.
        text = title(f"{finding.title}: {untold:,} further lines")
        until = later(between.time, finding.last)
        source = _source(finding, between, theirs)
        moment = Moment(
            between.time, host, finding.stage, text, finding.id, "", 0, source, "", until, untold
        )
        yield Told(moment, heavy)


def _source(finding: Finding, line: Evidence, theirs: frozenset[str]) -> str:
    """Say what a line speaks of; empty for what makes no claim and names nobody.

    `theirs` are addresses of intruders: an account that comes from there is stolen.
    """
    seen = line.summary[:_HEAD] + line.text[:_HEAD]
    if line.sign is Sign.DETECTED or line.kind == "antivirus-log" or _GUARD in seen:
        return "antivirus" if finding.stage is None or line.sign is Sign.DETECTED else "attack"
    if finding.stage is not None:
        return "attack"
    keys = dict(line.keys)
    named = line.actor or keys.get("account", "")
    if keys.get("address") in theirs:
        return "attack"
    return "administrator" if is_somebody(named) and finding.hints is None else ""


def _who(line: Evidence) -> str:
    keys = dict(line.keys)
    return (line.actor or keys.get("account") or keys.get("address") or "")[:200]


def _same(line: Evidence) -> frozenset[tuple[object, ...]]:
    strong = {(name, value) for name, value in line.keys if name in _STRONG}
    copies = {("copy", line.sha256, line.time)} if line.sha256 else set()
    return place(line.path, line.line) | strong | copies


def _session(host: str, session: Session) -> Iterator[Told]:
    if session.role not in _VISITORS:
        return
    source, by = _visitor(session)
    told = Moment(
        session.first, host, session.stage, title(session.summary), session.id, "", 0, source,
        "", later(session.first, session.last), max(session.requests.low, 1), by,
    )  # fmt: skip
    yield Told(told, weight(session.stage, session.certainty, 9))
    for step in session.steps:
        # NOTE: a step with findings is told by these; what no rule knows tells nobody anything.
        if step.deed and not step.findings:
            yield _step(host, session, step)


def _visitor(session: Session) -> tuple[str, str]:
    """Return what a session is told as, and whose it is: that of an account, if nothing is sure."""
    named = next(iter((*session.accounts, *session.addresses)), "")
    if session.stage is None and session.steps and not any(one.sure for one in session.steps):
        return "administrator", named
    return "attack", session.intruder or named


def _step(host: str, session: Session, step: SessionStep) -> Told:
    source, by = _visitor(session)
    proof = step.proofs[0] if step.proofs else None
    path, line = (proof.path, proof.line) if proof else ("", 0)
    moment = Moment(
        step.time, host, step.stage, title(step.text), session.id, path, line, source, "",
        later(step.time, step.until), max(step.requests, 1), by,
    )  # fmt: skip
    if not step.stage and step.done and session.stage:
        phase = "inside" if session.stage.rank > Stage.REACHED.rank else "way-in"
        moment = replace(moment, phase=phase)
    sure = Certainty.LIKELY if step.sure else Certainty.POSSIBLE
    return Told(moment, weight(step.stage, sure, 2 if step.done else 0), place(path, line))


def _episode(host: str, way: Persistence, episode: Episode, time: datetime) -> Told:
    kind = persistence_kinds().get(way.kind)
    name = f"{kind.title if kind else way.kind} {way.object}"
    stage = _TOLD[episode.what]
    source, phase = "persistence", ""
    if episode.what == "detected":
        source = "antivirus"
    if episode.what in ("removed", "missing"):
        phase = "response"
    by = some(episode.by, 2)
    moment = Moment(
        time, host, stage, title(f"{name}: {episode.text}"), way.id, episode.path, episode.line,
        source, phase, later(time, episode.until), 1, by,
    )  # fmt: skip
    certainty = way.certainty if stage else None
    return Told(moment, weight(stage, certainty, 4), place(episode.path, episode.line))


def _exposure(host: str, one: Exposure) -> Iterator[Told]:
    if one.first is None:
        return
    proof = one.proofs[0] if one.proofs else None
    path, line = (proof.path, proof.line) if proof else ("", 0)
    count = max(one.requests.low, 1) if one.requests else 1
    by = next(iter((*one.intruders, *one.by)), "")
    stage = _GOT.get(one.state)
    # NOTE: what no intruder is tied to is no part of the story yet.
    phase = "taking" if one.intruders or stage else ""
    moment = Moment(
        one.first, host, stage, title(one.text), one.id, path, line, "exposure", phase,
        later(one.first, one.last), count, by,
    )  # fmt: skip
    # NOTE: the ledger speaks of the data and the finding of the deed: both are told.
    yield Told(moment, weight(stage, one.certainty, 8))
    export = one.export
    if export and export.finished and export.finished != one.first:
        text = f"Export of {export.mailbox} to {export.file}: {export.outcome}"
        done = Moment(
            export.finished, host, None, title(text), one.id, path, line, "exposure", phase
        )
        yield Told(done, weight(None, one.certainty, 8))
