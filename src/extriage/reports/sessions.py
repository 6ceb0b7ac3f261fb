"""Visitors on the screen: each intruder, his sessions with their most telling steps, the others."""

from collections.abc import Iterable, Sequence

from rich.text import Text

from extriage.model.detection import Stage
from extriage.model.host import Host
from extriage.model.persistence import Role
from extriage.model.session import Intruder, Session, SessionStep
from extriage.reports.paper import STAGE_STYLE, Paper, Part, period, standing, when

_SHOWN = {1: (3, 4), 2: (2, 2)}
"""Sessions of each intruder, and steps of each session, by how many intruders are told."""
_OF_MANY = (1, 2)
_INDENT = 11
_SUMMARY = 6
_PLAIN = ("web_request", "web_refused", "owa_logon_page", "web_start_page", "windows_event", "")
"""Deeds that tell least."""


def sessions_block(paper: Paper, host: Host, most: int = 3) -> list[Text]:
    """Tell at most `most` intruders with the sessions that tell most; count the others."""
    if not host.intruders and not host.sessions and host.strangers is None:
        return []
    lines = [paper.heading("Who came, and what they did", _sum(host))]
    by_id = {one.id: one for one in host.sessions}
    for intruder in host.intruders[:most]:
        his = [by_id[name] for name in intruder.sessions if name in by_id]
        told = min(len(host.intruders), most)
        lines += _intruder(paper, intruder, his, *_SHOWN.get(told, _OF_MANY))
    if len(host.intruders) > most:
        left = len(host.intruders) - most
        lines.append(paper.line(f"{' ' * _INDENT}and {left} more in the case (intruders)"))
    return lines + _others(paper, host)


def _sum(host: Host) -> str:
    his = [one for one in host.sessions if one.intruder]
    sure = sum(map(_is_sure, his))
    told = f"{_many(len(host.intruders), 'intruder')}, {_many(sure, 'session')}"
    unsure = len(his) - sure
    return f"{told}, {unsure} more that may be somebody else's" if unsure else told


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _is_sure(session: Session) -> bool:
    return any(step.sure for step in session.steps)


def _intruder(
    paper: Paper, one: Intruder, his: Sequence[Session], most: int, steps: int
) -> list[Text]:
    number = one.id.rpartition("-")[2]
    style = STAGE_STYLE.get(one.stage, "")
    head: list[Part] = [(f"  Intruder {number:2}", style)]
    level = standing(one.stage, one.certainty)
    lines = paper.paragraph(head, f"{level}. {one.summary}", lines=_SUMMARY, indent=_INDENT)
    sure = [session for session in his if _is_sure(session)]
    telling = sorted(sure, key=lambda session: (-_weight(session), session.first))[:most]
    for session in sorted(telling, key=lambda session: session.first):
        lines += _session(paper, session, steps)
    if left := len(sure) - len(telling):
        lines.append(paper.line(f"{' ' * _INDENT}and {_many(left, 'more session')} in the case"))
    return lines


def _weight(session: Session) -> int:
    return (session.stage.rank if session.stage else 0) * 10_000 + min(session.steps_total, 9999)


def _session(paper: Paper, session: Session, most: int) -> list[Text]:
    span = period(paper, session.first, session.last)
    steps = _telling(session.steps, most)
    all_steps = (
        f"{_many(session.steps_total, 'step')}, such as" if session.steps_total > len(steps) else ""
    )
    facts = ", ".join(filter(None, [_traffic(session), all_steps]))
    told = f"{span}: {facts}" if facts else span
    lines = paper.paragraph([f"  {'session':9}"], told, lines=2, indent=_INDENT)
    for step in steps:
        mark = paper.glyphs.proven if step.done else paper.glyphs.unproven
        style = STAGE_STYLE.get(step.stage, "") if step.stage else ""
        head: list[Part] = [f"  {when(step.time)[11:19]} ", (f"{mark} ", style)]
        lines += paper.paragraph(head, step.text, lines=2, indent=_INDENT + 2)
    return lines


def _traffic(session: Session) -> str:
    """Say how many requests there were, and how many bytes went out as far as the logs tell."""
    if not session.requests.low:
        return ""
    out, asked = session.bytes_out, _many(session.requests.low, "request")
    if out.high is None:
        went = f"at least {out.low:,} bytes out" if out.low else "bytes out not logged"
        return f"{asked}, {went}"
    upto = "" if out.low == out.high else f" to {out.high:,}"
    return f"{asked}, {out.low:,}{upto} bytes out"


def _telling(steps: Iterable[SessionStep], most: int) -> list[SessionStep]:
    """Choose what each stage was reached by, then what else proves most; in order of time."""
    first: dict[tuple[str, str], SessionStep] = {}
    for step in steps:
        first.setdefault((step.deed, step.object or step.mailbox), step)
    ranked = sorted(
        first.values(),
        key=lambda one: (-_worth(one), not one.done, one.deed in _PLAIN, one.time, one.deed),
    )
    best = {_worth(one): one for one in reversed(ranked) if _worth(one) >= Stage.REACHED.rank}
    chosen = sorted(best.values(), key=ranked.index)
    deeds = {one.deed for one in chosen}
    chosen += [one for one in ranked if one not in chosen and one.deed not in deeds]
    chosen += [one for one in ranked if one not in chosen]
    return sorted(chosen[:most], key=lambda one: (one.time, one.deed))


def _worth(step: SessionStep) -> int:
    """Say how much a step tells: by its stage, or because mail was read in it."""
    if step.items:
        return Stage.TAKEN.rank
    stage = step.stage.rank if step.stage else 0
    return max(stage, Stage.REACHED.rank) if step.mailbox else stage


def _others(paper: Paper, host: Host) -> list[Text]:
    lines: list[Text] = []
    informed = [one for one in host.sessions if one.role is Role.INFORMED]
    if informed:
        names = sorted({address for one in informed for address in one.addresses})
        shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        text = f"{shown} knew a page's exact name and asked for it without giving orders."
        lines += paper.paragraph([("  Informed ", "bold")], text, lines=2, indent=_INDENT)
    if any(one.role is Role.ORGANISATION for one in host.sessions):
        text = "The organisation's own scanner came too."
        lines += paper.paragraph([("  Own      ", "bold")], text, lines=1, indent=_INDENT)
    if host.strangers:
        head: list[Part] = [("  Strangers", "bold"), "  "]
        lines += paper.paragraph(head, host.strangers.text, lines=3, indent=_INDENT)
    return lines
