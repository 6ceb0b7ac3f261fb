"""What MITRE ATT&CK calls the techniques that rules stand for.

Source: `content/attack.csv`, names as of ATT&CK 16.1 (https://attack.mitre.org/versions/v16/).
A technique that a user's own rule names and the table does not know keeps its id as its name.
"""

import csv
import io
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

VERSION = "16.1"
TECHNIQUE = re.compile(r"T[0-9]{4}(\.[0-9]{3})?")
"""How an id of a technique, or of a sub-technique, is written."""


@cache
def technique_names() -> Mapping[str, str]:
    """Return the names of techniques by their ids."""
    text = files("extriage").joinpath("content", "attack.csv").read_text("utf-8")
    return {row["technique"]: row["name"] for row in csv.DictReader(io.StringIO(text))}


def technique_url(technique: str) -> str:
    """Return the page of a technique on MITRE's site; ValueError for what is no id."""
    if not TECHNIQUE.fullmatch(technique):
        raise ValueError(technique)
    return f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/"
