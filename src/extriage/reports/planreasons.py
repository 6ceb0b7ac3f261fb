"""Why an action is in a plan: its reasons in words, for people who read the plan."""

from collections.abc import Iterable, Iterator, Mapping

from extriage.knowledge.evidence import describe
from extriage.knowledge.exposures import exposure_groups
from extriage.knowledge.persistence import persistence_kinds
from extriage.model.host import Action, Host

SHOWN = 4
_LIMIT = 160


def reason_words(host: Host) -> Mapping[str, str]:
    """Return every reason that a host can give for an action, by its id, in words."""
    return dict(_words(host))


def why(action: Action, words: Mapping[str, str]) -> str:
    """Return the reasons of an action in words: the first few, and how many more."""
    told = list(dict.fromkeys(short(words.get(one, one)) for one in action.because))
    more = f"; and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    return "; ".join(told[:SHOWN]) + more


def short(text: str) -> str:
    """Return a reason without its full stop; a long one ends after a whole word."""
    plain = text.removesuffix(".")
    if len(plain) <= _LIMIT:
        return plain
    return plain[:_LIMIT].rpartition(" ")[0] + " ..." if " " in plain[:_LIMIT] else plain[:_LIMIT]


def _words(host: Host) -> Iterator[tuple[str, str]]:
    kinds = persistence_kinds()
    yield f"verdict:{host.verdict.status.value}", f"the server is {host.verdict.status.value}"
    yield f"build:{host.patch.build}", f"build {host.patch.build or 'not known'}"
    for finding in host.findings:
        since = f", first {finding.first:%Y-%m-%d %H:%M} UTC" if finding.first else ""
        yield finding.id, f"{finding.title}{since}"
    for way in host.persistence:
        title = kinds[way.kind].title if way.kind in kinds else way.kind
        yield way.id, f"{title} {way.object}: {way.state.value}"
    for exposure in host.exposures:
        yield exposure.id, exposure.text
    for answer in host.exposure_answers:
        yield f"answer:{answer.kind}", f"{answer.title}: {answer.answer.value}"
        group = exposure_groups().get(answer.kind)
        yield from _logs(group.needs if group else ())
    for campaign in host.campaigns:
        yield f"campaign:{campaign.campaign}", campaign.title
        for cve in campaign.coverage:
            yield cve.cve, f"{cve.cve}: {cve.answer.value}"
            yield from _logs(row.kind for row in cve.logs)
    for advisory in host.patch.advisories:
        yield advisory.cve, f"{advisory.cve} {advisory.state.value}"
    for check in host.patch.checks:
        yield check.id, f"check {check.id} ({check.title}): {check.answer.value}"


def _logs(kinds: Iterable[str]) -> Iterator[tuple[str, str]]:
    for kind in (one.strip() for asked in kinds for one in asked.split("+")):
        yield f"log:{kind}", f"{describe(kind)} missing, or not for all of the time"
