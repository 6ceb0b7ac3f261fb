"""The action plan as rows of `case.db`: what to do, in order, and the commands for review."""

from collections.abc import Iterable, Iterator

from extriage.casefile.cells import Row, listed
from extriage.model.host import Host

TABLES = """
CREATE TABLE actions (
  host TEXT, position INTEGER, id TEXT, title TEXT, text TEXT, due TEXT, because TEXT,
  verify TEXT, needs TEXT);
CREATE TABLE action_commands (
  host TEXT, action TEXT, position INTEGER, purpose TEXT, text TEXT, changes INTEGER);
"""
"""`due` is when it is to be done; `because` and `needs` are JSON lists of ids."""


def plan_rows(host: Host) -> Iterator[tuple[str, Iterable[Row]]]:
    """Return the tables of the plan with their rows, in the order of the plan."""
    name = host.name
    yield (
        "actions",
        [
            (name, at, one.id, one.title, one.text, one.when, listed(one.because))
            + (one.verify, listed(one.needs))
            for at, one in enumerate(host.actions, 1)
        ],
    )
    yield (
        "action_commands",
        [
            (name, one.id, at, command.purpose, command.text, int(command.changes))
            for one in host.actions
            for at, command in enumerate(one.commands, 1)
        ],
    )
