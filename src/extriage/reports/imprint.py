"""What every document for another system says of itself: by which tool, as of when, for whom.

Nothing here looks at a clock. A document is as old as the last record that the case knows of, so
that the same case gives the same document, and a later scan of the same server a later one.
"""

import uuid
from datetime import UTC, datetime

from extriage.model.case import Case
from extriage.model.detection import Certainty
from extriage.reports.neutral import cut

TLP = ("clear", "green", "amber", "amber+strict", "red")
"""The marks of the Traffic Light Protocol 2.0 (https://www.first.org/tlp/), mildest first."""

CONFIDENCE = {Certainty.CONFIRMED: 90, Certainty.LIKELY: 60, Certainty.POSSIBLE: 20}
"""Certainty as a number of 100: high, medium and low in the first scale of STIX 2.1, appendix A."""

_NOTES, _SAID = 10, 400
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://extriage.invalid/indicators")
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def made(case: Case) -> datetime:
    """Return the last time that the evidence knows of, in UTC; 1970 if it knows none."""
    lasts = [row.last for host in case.hosts for row in host.coverage if row.last]
    lasts += [one.last for host in case.hosts for one in host.findings if one.last]
    return max(lasts, default=_NEVER)


def identifier(*parts: str) -> str:
    """Return the UUID (version 5) that these parts always have."""
    return str(uuid.uuid5(_NAMESPACE, "\0".join(map(exact, parts))))


def exact(text: str) -> str:
    r"""Return a text as it is, to be compared by a program; what is no Unicode becomes `\udc80`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def mark(tlp: str) -> str:
    """Return the mark as it is printed, `TLP:AMBER+STRICT`; empty if nobody said."""
    return f"TLP:{tlp.upper()}" if tlp else ""


def milliseconds(moment: datetime) -> str:
    """Return a time in UTC as `2021-03-14T06:41:02.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tool(case: Case) -> str:
    """Name the tool and the content that the case was made with."""
    content = f", content {case.tool.content_sha256[:12]}" if case.tool.content_sha256 else ""
    text = f"extriage {case.tool.version}, knowledge as of {case.tool.knowledge_as_of}{content}"
    return cut(text, 120)


def handled(case: Case) -> list[tuple[str, str]]:
    """Return who did the scan and what was noted, by label; nothing if nobody said."""
    custody = case.custody
    rows = [("Case id", custody.case_id), ("Operator", custody.operator)]
    rows += [("Remark", note) for note in custody.notes[:_NOTES]]
    found = [(label, cut(text, _SAID)) for label, text in rows if text]
    left = len(custody.notes) - _NOTES
    return [*found, ("Remark", f"and {left} more in case.json")] if left > 0 else found


def counted(many: int, word: str) -> str:
    """Return `1 server`, `2 servers`."""
    return f"{many:,} {word}{'' if many == 1 else 's'}"
