"""Where on the page a thing of a server stands: ids made of positions, never of evidence."""

import re
from collections.abc import Iterator

from extriage.model.host import Host

_PLAIN_ID = re.compile(r"[A-Za-z0-9._-]{1,80}")


def finding_anchor(at: int, finding: str) -> str:
    """Return the id of a finding's row; empty if its own id is no plain word."""
    return f"h{at}-finding-{finding}" if _PLAIN_ID.fullmatch(finding) else ""


def moment_anchor(at: int, moment: int) -> str:
    """Return the id of a moment's row in the timeline table of a server."""
    return f"h{at}-moment-{moment}"


def anchors(host: Host, at: int) -> Iterator[tuple[str, str]]:
    """Yield the things of a server that a reader can be led to, each with its id on the page."""
    for prefix, ids in (
        ("way", [one.id for one in host.persistence]),
        ("exposure", [one.id for one in host.exposures]),
        ("check", [one.id for one in host.patch.checks]),
        ("session", [one.id for one in host.sessions]),
        ("intruder", [one.id for one in host.intruders]),
    ):
        yield from ((name, f"h{at}-{prefix}-{place}") for place, name in enumerate(ids))
    for finding in host.findings:
        yield finding.id, finding_anchor(at, finding.id)
