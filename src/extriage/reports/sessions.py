"""Visitors on the screen: each intruder, his sessions with their most telling steps, the others."""

from collections.abc import Iterable, Sequence

from rich.text import Text

from extriage.model.host import Host
from extriage.model.persistence import Role
from extriage.model.session import Intruder, Session, SessionStep
from extriage.reports.paper import STAGE_STYLE, Paper, Part, period, standing, when

_STEPS = 5
_INDENT = 11
_PLAIN = ("web_request", "web_refused", "owa_logon_page", "web_start_page", "windows_event", "")
"""Deeds that tell least."""


def sessions_block(paper: Paper, host: Host, most: int = 3) -> list[Text]:
    """Tell the intruders and at most `most` sessions of each; others have a line together."""
    if not host.intruders and not host.sessions and host.strangers is None:
        return []
    lines = [paper.heading("Who came, and what they did", _sum(host))]
    by_id = {one.id: one for one in host.sessions}
    for intruder in host.intruders[:most]:
        his = [by_id[name] for name in intruder.sessions if name in by_id]
        lines += _intruder(paper, intruder, his, most)
    if len(host.intruders) > most:
        left = len(host.intruders) - most
        lines.append(paper.line(f"{' ' * _INDENT}and {left} more in the case (intruders)"))
    return lines + _others(paper, host)


def _sum(host: Host) -> str:
    many, sessions = len(host.intruders), sum(bool(one.intruder) for one in host.sessions)
    who = f"{many} intruder{'' if many == 1 else 's'}"
    return f"{who}, {sessions} session{'' if sessions == 1 else 's'}"


def _intruder(paper: Paper, one: Intruder, his: Sequence[Session], most: int) -> list[Text]:
    number = one.id.rpartition("-")[2]
    style = STAGE_STYLE.get(one.stage, "")
    head: list[Part] = [(f"  Intruder {number:2}", style)]
    level = standing(one.stage, one.certainty)
    lines = paper.paragraph(head, f"{level}. {one.summary}", lines=4, indent=_INDENT)
    sure = [session for session in his if any(step.sure for step in session.steps)]
    telling = sorted(sure, key=lambda session: (-_weight(session), session.first))[:most]
    for session in sorted(telling, key=lambda session: session.first):
        lines += _session(paper, session)
    left = [f"{len(sure) - len(telling)} more sessions"] if len(sure) > len(telling) else []
    unsure = len(his) - len(sure)
    left += [f"{unsure} that may be somebody else's"] if unsure else []
    if left:
        lines.append(paper.line(f"{' ' * _INDENT}and {', '.join(left)} in the case (sessions)"))
    return lines


def _weight(session: Session) -> int:
    return (session.stage.rank if session.stage else 0) * 10_000 + min(session.steps_total, 9999)


def _session(paper: Paper, session: Session) -> list[Text]:
    span = period(paper, session.first, session.last)
    facts = f"{span}: {session.requests.low:,} requests{_bytes(session)}"
    lines = [paper.line(f"  {'session':9}", facts)]
    steps = _telling(session.steps)
    for step in steps:
        mark = paper.glyphs.proven if step.done else paper.glyphs.unproven
        style = STAGE_STYLE.get(step.stage, "") if step.stage else ""
        head: list[Part] = [f"  {when(step.time)[11:19]} ", (f"{mark} ", style)]
        lines += paper.paragraph(head, step.text, lines=2, indent=_INDENT + 2)
    if session.steps_total > len(steps):
        left = session.steps_total - len(steps)
        lines.append(paper.line(f"{' ' * _INDENT}and {left} more steps in the case"))
    return lines


def _bytes(session: Session) -> str:
    """Say how much went out: at least, or exactly, as far as the logs have sizes."""
    out = session.bytes_out
    if out.high is None:
        return f", at least {out.low:,} bytes out" if out.low else ", bytes out not logged"
    upto = "" if out.low == out.high else f" to {out.high:,}"
    return f", {out.low:,}{upto} bytes out"


def _telling(steps: Iterable[SessionStep]) -> list[SessionStep]:
    """Choose the steps that prove most, in order of time, each sort once."""
    first: dict[tuple[str, str], SessionStep] = {}
    for step in steps:
        first.setdefault((step.deed, step.object or step.mailbox), step)
    ranked = sorted(
        first.values(),
        key=lambda one: (
            -(one.stage.rank if one.stage else 0),
            not one.done,
            one.deed in _PLAIN,
            one.time,
            one.deed,
        ),
    )
    return sorted(ranked[:_STEPS], key=lambda one: (one.time, one.deed))


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
