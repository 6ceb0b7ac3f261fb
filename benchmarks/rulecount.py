"""What does a rule cost: the same scan with ten, a hundred and a thousand rules?

The rules are made up, of the kinds that people write against web logs (a page in a folder, a tool's
name as user agent and a method, one of several queries), and few ordinary lines meet them. Reading
them, from YAML, is part of the time.

    python benchmarks/rulecount.py [--rounds 3] [--scale 1]
"""

import random
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from contests import Contest, Goal, Maker, Row
from running import main
from scan import LOGS, bytes_of, write_logs
from stopwatch import MB, ours, scan

SIZE = 1_000_000_000
MANY = (10, 100, 1000)
FOLDERS = ("/owa/auth/", "/ecp/", "/aspnet_client/", "/owa/auth/current/", "/ews/")
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def rule(number: int) -> dict[str, Any]:
    """Return one made-up rule."""
    chance = random.Random(number)
    words = ["".join(chance.choices(LETTERS, k=chance.randrange(5, 12))) for _ in range(4)]
    folder = chance.choice(FOLDERS)
    selections: list[Mapping[str, object]] = [
        {"cs-uri-stem|contains": [f"{folder}{word}.aspx" for word in words]},
        {"c-useragent|contains": words[0], "cs-method": "POST", "sc-status": 200},
        {"cs-uri-query|contains|all": words[:2], "cs-uri-stem|startswith": folder},
        {"cs-uri-stem|endswith": f"/{words[0]}.ashx"},
    ]
    return {
        "title": f"Made-up rule {number}",
        "id": f"00000000-0000-4000-8000-{number:012}",
        "status": "experimental",
        "description": "Measures what a rule costs.",
        "logsource": {"category": "webserver"},
        "detection": {"selection": selections[number % 4], "condition": "selection"},
        "level": "low",
    }


def contest(place: Path, scale: float) -> Contest:
    """Write the logs and three folders of rules."""
    folder = place / "evidence"
    write_logs(folder, LOGS, int(SIZE * scale))
    size = bytes_of(folder)
    sides = {}
    for many in MANY:
        rules = place / f"rules{many}"
        rules.mkdir()
        for number in range(many):
            text = yaml.safe_dump(rule(number), sort_keys=False)
            (rules / f"made_up_{number:04}.yml").write_text(text, "utf-8")
        more = ["--no-builtin-rules", "--rules", str(rules)]
        command = scan(folder, case=place / f"case{many}", more=more)
        sides[str(many)] = ours(f"scan with {many:,} rules", command)
    goal = Goal("times as long", 1.5)
    rows = [
        Row("rules-100", "100", "10", Goal("times as long", 1.5), by="cpu"),
        Row("rules-1000", "1000", "10", goal, by="cpu"),
    ]
    return Contest("many rules beside ten", size / MB, "MB", sides, rows)


CONTESTS: dict[str, Maker] = {"rules": contest}

if __name__ == "__main__":
    sys.exit(main(CONTESTS, __doc__))
