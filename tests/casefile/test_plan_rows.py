"""The plan in `case.db`: one row for each action and each command, in order."""

import json
import sqlite3

from plans import PATCH, host, way

from extriage.analysis.plan import plan
from extriage.casefile.plan import TABLES, plan_rows


def test_actions_and_commands_fit_their_tables() -> None:
    actions = plan(host(persistence=(way(), way("service", "o'x", id="p-2")), patch=PATCH))
    one = host(actions=actions)
    connection = sqlite3.connect(":memory:")
    connection.executescript(TABLES)
    for table, rows in plan_rows(one):
        for row in rows:
            marks = ",".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)
    told = connection.execute(
        "SELECT id, due, because, verify, needs FROM actions ORDER BY position"
    ).fetchall()
    assert [row[0] for row in told] == [action.id for action in actions]
    for row, action in zip(told, actions, strict=True):
        assert row[1] == action.when
        assert json.loads(row[2]) == list(action.because)
        assert row[3] == action.verify
        assert json.loads(row[4]) == list(action.needs)
    commands = connection.execute(
        "SELECT text, changes FROM action_commands WHERE action = ? ORDER BY position",
        ["remove-ways-back/p-2"],
    ).fetchall()
    (expected,) = (one for one in actions if one.id == "remove-ways-back/p-2")
    assert commands == [(one.text, one.changes) for one in expected.commands]
    connection.close()
