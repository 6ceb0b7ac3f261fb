"""Clusters on the screen: how many hands there were, what joins them, and whom they are like."""

from collections.abc import Sequence

from rich.text import Text

from extriage.model.case import Case
from extriage.model.cluster import Cluster
from extriage.reports.paper import Paper, period

SHOWN = 3
_LABEL = 12


def clusters_block(paper: Paper, case: Case) -> list[Text]:
    """List the clusters that join intruders or resemble somebody, and count the others with them.

    Intruders who are all alone and like nobody have no block: each stands among the sessions.
    """
    found = case.clusters
    telling = [one for one in found if len(one.members) > 1 or one.resembles]
    if not telling:
        return []
    lines = [paper.heading("Clusters", _sum(found))]
    shown = telling[:SHOWN]
    for one in shown:
        lines += _cluster(paper, one)
    left = len(found) - len(shown)
    if left:
        others = "clusters of one intruder" if len(telling) <= SHOWN else "more clusters"
        if left == 1:
            others = others.replace("clusters", "cluster")
        lines.append(paper.line(f"{' ' * _LABEL}{left} {others} in the case (clusters)"))
    return lines


def _sum(found: Sequence[Cluster]) -> str:
    intruders = sum(len(one.members) for one in found)
    hosts = len({host for one in found for host in one.hosts})
    servers = "1 server" if hosts == 1 else f"{hosts} servers"
    many = "1 cluster" if len(found) == 1 else f"{len(found)} clusters"
    who = "1 intruder" if intruders == 1 else f"{intruders} intruders"
    return f"{who} on {servers}, {many}"


def _cluster(paper: Paper, one: Cluster) -> list[Text]:
    letter = one.name.removeprefix("cluster ")
    when = period(paper, one.first, one.last)
    head: list[str | tuple[str, str]] = [(f"  {letter:{_LABEL - 3}} ", "bold")]
    text = one.text.partition(". It resembles")[0].rstrip(".")
    lines = paper.paragraph(head, f"{text}; {when}.", lines=3, indent=_LABEL)
    for alike in one.resembles[:1]:
        said = f"It {alike.text}: {alike.confidence.value}, and no word on who it was."
        lines += paper.paragraph([" " * _LABEL], said, lines=2, indent=_LABEL)
    return lines
