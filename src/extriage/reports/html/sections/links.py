"""Where a thing stands on the page: ids made of positions, and links from a reason to its proof."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from extriage.model.host import Host
from extriage.reports.anchors import anchors


@dataclass(frozen=True, slots=True)
class Link:
    """Words, and the id that they lead to; without one they are words only."""

    words: str
    target: str = ""


def targets(host: Host, at: int) -> Mapping[str, str]:
    """Return for every reason that an action can have the id of the place that shows it."""
    return dict(_targets(host, at))


def _targets(host: Host, at: int) -> Iterator[tuple[str, str]]:
    yield f"verdict:{host.verdict.status.value}", f"h{at}-sec-verdict"
    yield f"build:{host.patch.build}", f"h{at}-sec-patch"
    for advisory in host.patch.advisories:
        yield advisory.cve, f"h{at}-sec-patch"
    for campaign in host.campaigns:
        yield f"campaign:{campaign.campaign}", f"h{at}-sec-ladder"
        for cve in campaign.coverage:
            yield cve.cve, f"h{at}-sec-ladder"
            yield from ((f"log:{row.kind}", f"h{at}-sec-coverage") for row in cve.logs)
    for answer in host.exposure_answers:
        yield f"answer:{answer.kind}", f"h{at}-sec-data"
    yield from anchors(host, at)
