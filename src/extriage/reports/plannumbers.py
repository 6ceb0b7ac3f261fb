"""Numbers of actions: the same on the screen, on the page and in the plan, so that people can talk.

An action counts within all of its server, those that are due first before the others. What is a
part of an action, such as one of several ways back to take out, is numbered below it: `4.1`.
"""

from collections import Counter
from collections.abc import Sequence

from extriage.model.host import Action, When

_DUE = list(When)


def numbered(actions: Sequence[Action]) -> tuple[str, ...]:
    """Return the number of each action of a server, in the order given: `4`, or `4.1` of a part."""
    known = {one.id for one in actions}
    order = sorted(enumerate(actions), key=lambda item: (_DUE.index(item[1].when), item[0]))
    places: dict[int, str] = {}
    numbers: dict[str, str] = {}
    for place, action in order:
        if not _whole(action, known):
            places[place] = str(len(places) + 1)
            numbers.setdefault(action.id, places[place])
    parts: Counter[str] = Counter()
    for place, action in enumerate(actions):
        if whole := _whole(action, known):
            parts[whole] += 1
            places[place] = f"{numbers[whole]}.{parts[whole]}"
    return tuple(places[place] for place in range(len(actions)))


def _whole(action: Action, known: set[str]) -> str:
    whole, mark, _ = action.id.partition("/")
    return whole if mark and whole in known else ""
