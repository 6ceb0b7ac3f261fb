"""What to do about the ways back that were found: take them out, or ask whose they are."""

from collections.abc import Sequence

from extriage.knowledge.persistence import persistence_kinds
from extriage.model.detection import Certainty, Level
from extriage.model.host import Action
from extriage.model.persistence import Persistence, Presence

NAMED = 3
STEPS_TOLD = 40
_NAME_LIMIT = 60
_AFTER = ("preserve", "isolate")
"""Standard actions after which it comes, the later ones first."""
_OPEN = (Presence.PRESENT, Presence.UNKNOWN)


def with_removal(actions: Sequence[Action], ways: Sequence[Persistence]) -> tuple[Action, ...]:
    """Put what to do about the ways back among the actions: after the evidence is kept."""
    there = [one for one in ways if one.state in _OPEN]
    sure = [one for one in there if _sure(one)]
    unsure = [one for one in there if not _sure(one)]
    added = []
    if sure:
        added.append(_remove(sure))
    if unsure:
        added.append(_ask(unsure))
    ids = [action.id for action in actions]
    at = next((ids.index(name) + 1 for name in _AFTER if name in ids), 0)
    return (*actions[:at], *added, *actions[at:])


def _sure(one: Persistence) -> bool:
    """Tell whether it is taken out rather than asked about."""
    return one.level.rank >= Level.HIGH.rank and one.certainty is not Certainty.POSSIBLE


def _remove(ways: Sequence[Persistence]) -> Action:
    present = sum(one.state is Presence.PRESENT for one in ways)
    many = len(ways)
    title = f"Take out {'the way back' if many == 1 else f'these {many} ways back'}: {_names(ways)}"
    text = (
        f"{present} of them {'is' if present == 1 else 'are'} in the evidence, of {many - present} "
        "nobody can tell whether they are still there. Keep a copy of each first, take all of them "
        "out at the same time on all servers, and renew what they saw. "
    )
    return Action("remove-ways-back", title, text + _steps(ways))


def _ask(ways: Sequence[Persistence]) -> Action:
    many = len(ways)
    title = f"Ask whose {'this is' if many == 1 else f'these {many} are'}: {_names(ways)}"
    text = (
        "Administrators set up such things too. What nobody can name an owner and a reason for is "
        "taken out: keep a copy first. "
    )
    return Action("ask-about-ways-back", title, text + _steps(ways))


def _names(ways: Sequence[Persistence]) -> str:
    named = [one.object[:_NAME_LIMIT] for one in ways[:NAMED]]
    more = f" and {len(ways) - NAMED} more" if len(ways) > NAMED else ""
    return ", ".join(named) + more


def _steps(ways: Sequence[Persistence]) -> str:
    """Return the steps of each, in order, as far as there is room for them."""
    told, left = [], STEPS_TOLD
    for one in ways:
        if len(one.removal) > left:
            break
        left -= len(one.removal)
        steps = " ".join(
            f"({at}) {step if step.endswith('.') else step + '.'}"
            for at, step in enumerate(one.removal, 1)
        )
        title = persistence_kinds()[one.kind].title
        told.append(f"{title[:1].upper()}{title[1:]} {one.object[:_NAME_LIMIT]}: {steps}")
    missing = len(ways) - len(told)
    more = f" The steps for {missing} more stand with them in the case." if missing else ""
    return " ".join(told) + more
