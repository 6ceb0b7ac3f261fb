"""How much of a server the page tells, so that it stays a file that a mail can carry.

The tables have their own budget. What is left out is counted on the page, and `case.json` has it.
"""

from dataclasses import dataclass

from extriage.reports.neutral import cut

HOSTS_IN_FULL = 25
"""Servers with a page of their own, the worst; the table has all that it can hold."""
HOSTS_LISTED = 1_000
"""Rows in the table of servers: about 400 kB."""
PROOF_CHARACTERS = 400
"""Of a line in a story; the evidence table has more of it."""
TEXT_CHARACTERS = 1_200
"""Of any other text: longer ones are damaged or hostile."""
NAME_CHARACTERS = 300
"""Of a name, a path or an address."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Rows that one server gets in the stories, with about what each of them weighs."""

    sessions: int = 40
    steps: int = 600
    """Over all sessions: up to 1.2 kB each with their lines."""
    ways: int = 60
    """Up to 6 kB each with story, visitors and lines."""
    episodes: int = 30
    visitors: int = 12
    exposures: int = 80
    """Up to 1.5 kB each."""
    actions: int = 60
    """Steps of one kind, such as ways back to take out: up to 6 kB each with their commands."""
    campaigns: int = 12
    proofs: int = 4
    values: int = 6
    """Values of one kind in a row of keys or addresses."""
    files: int = 60
    """Damaged files that are named."""
    sightings: int = 40
    clusters: int = 30

    @classmethod
    def shared_by(cls, hosts: int) -> "Bounds":
        """Return the bounds of one of several servers, which share what one alone would fill."""
        if hosts < 2:
            return cls()
        part = min(hosts, HOSTS_IN_FULL)
        return cls(
            sessions=max(40 // part, 6),
            steps=max(600 // part, 60),
            ways=max(60 // part, 8),
            exposures=max(80 // part, 10),
            actions=max(60 // part, 6),
            files=max(60 // part, 10),
            sightings=max(40 // part, 6),
        )


def brief(text: str) -> str:
    """Return a name, a path or an address of the evidence as the page can show it."""
    return cut(text, NAME_CHARACTERS)


def prose(text: str) -> str:
    """Return any other text of the evidence as the page can show it; its beginning tells most."""
    return cut(text, TEXT_CHARACTERS, head=0.7)
