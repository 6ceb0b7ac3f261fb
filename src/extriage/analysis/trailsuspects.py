r"""Who and what is followed through all logs: the keys of those who got in, and what they left.

Keys come from lines that prove, likely or surely, that somebody reached the server or went further,
alone or in a chain. Whoever only knocked is not followed. A private address may be a proxy that
everybody comes through, so it is followed together with the agent. What turns out to be everybody's
is told when the logs were read, in `analysis.crowds`; so is who only hunted for other people's
pages, from the lives of these.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice
from typing import TypeAlias

from extriage.analysis.pageurl import Directory, file_of, url_of
from extriage.analysis.suspects import STEM, Suspect, SuspectKind, pages_in, tells_of_page
from extriage.knowledge.executed import is_executed
from extriage.knowledge.joins import Keys, is_inside, keys_of
from extriage.matchers.sigma import RuleSet
from extriage.model.detection import Certainty, Evidence, Finding, Stage
from extriage.model.evidence import Fields
from extriage.model.host import Chain
from extriage.model.persistence import PageLife, Role

Visit: TypeAlias = tuple[str, str]
"""A page and an address that asked for it."""

MOST = 2000
"""Suspects of one server that are followed."""
ORDER = (
    *(SuspectKind.ADDRESS, SuspectKind.VISITOR, SuspectKind.ACCOUNT, SuspectKind.CANARY),
    *(SuspectKind.FILE, SuspectKind.RULE, SuspectKind.AGENT, SuspectKind.SID),
    *(SuspectKind.SESSION, SuspectKind.PROCESS, SuspectKind.LOGON, SuspectKind.ACTIVITY),
    SuspectKind.REQUEST,
)
"""What is followed first, if there is more than can be."""
_SIMPLE = {
    kind.value: kind
    for kind in ORDER
    if kind not in (SuspectKind.VISITOR, SuspectKind.FILE, SuspectKind.RULE)
}
"""Kinds that are called as the key is whose value they are."""
_WEB = ("iis", "httpproxy")
_EVERYBODYS = ("/oab/",)
_PARTS_OF_PAGES = frozenset(
    {"css", "gif", "htm", "html", "ico", "jpeg", "jpg", "js", "json", "map", "png", "svg", "ttf"}
    | {"wav", "woff", "woff2", "xml"}
)
"""Files that a browser fetches with every page, or that Exchange's own addresses look like."""
_TEXT = 4000
_PATHS = 20
_PATH = re.compile(
    r"(?:(?<![A-Za-z])[A-Za-z]:\\|\\{1,2}(?=[\w.]))[^\"'<>|*?\r\n\t;,=]{3,300}?\.[A-Za-z0-9]{1,8}(?![\w\\.])"
)


@dataclass(frozen=True, slots=True)
class Followed:
    """Who and what is followed on one server, in a fixed order."""

    suspects: tuple[Suspect, ...] = ()
    left: tuple[Suspect, ...] = ()
    """Those beyond `MOST`."""
    doubts: Mapping[Suspect, frozenset[Visit]] = field(default_factory=dict)
    """Those that only requests for suspect pages show: whoever made these may be a stranger."""


def trail_suspects(
    findings: Sequence[Finding],
    told: Iterable[Chain],
    ruleset: RuleSet,
    served: Sequence[Directory] = (),
) -> Followed:
    """Return what the findings and chains of one server ask to be followed, without pages.

    `served` are the folders that the server's own configuration names.
    """
    found, sure = Counter[Suspect](), set[Suspect]()
    doubts: dict[Suspect, set[Visit]] = {}
    chained = _chained(told)
    exposing = _exposing(ruleset)
    telling = {one.rule.id for one in ruleset.rules if tells_of_page(one.rule)}
    for finding in findings:
        exposes = finding.rule in exposing
        for line in _proving(finding, chained):
            keys = of_keys(line.keys)
            found.update(keys)
            visits = _visits(line) if finding.rule in telling else frozenset()
            sure |= set() if visits else keys
            for key in keys if visits else ():
                doubts.setdefault(key, set()).update(visits)
            found.update(_files(line, served, exposes=exposes))
        if exposes:
            found.update(Suspect(SuspectKind.RULE, rule) for rule in exposing[finding.rule])
            lines = (line for line in finding.evidence if not finding.raw)
            found.update({file for line in lines for file in _files(line, served, exposes=True)})
    left = {one: frozenset(visits) for one, visits in doubts.items() if one not in sure}
    return replace(bounded(found), doubts=left)


def strangers(followed: Followed, lives: Sequence[PageLife]) -> set[Suspect]:
    """Return who is followed only because he asked for pages, and turned out to be no visitor.

    Owners of the pages stay, and so does who knew exactly one name.
    """
    meant = {
        (life.page, visitor.address)
        for life in lives
        for visitor in life.visitors
        if visitor.role in (Role.OWNER, Role.INFORMED)
    }
    told = {life.page for life in lives}
    return {
        suspect
        for suspect, visits in followed.doubts.items()
        if all(page in told for page, _ in visits) and meant.isdisjoint(visits)
    }


def _visits(line: Evidence) -> frozenset[Visit]:
    """Return for which suspect pages a line asks, and from where; nothing for any other line."""
    if line.kind not in _WEB:
        return frozenset()
    address = dict(line.keys).get("address", "")
    pages = (one.value for one in pages_in(line) if one.kind is SuspectKind.PAGE)
    return frozenset((page, address) for page in pages)


def bounded(found: Counter[Suspect], most: int = MOST) -> Followed:
    """Return as many suspects as are followed, the more telling kinds first."""
    ordered = sorted(found, key=lambda one: (ORDER.index(one.kind), -found[one], one.value))
    return Followed(tuple(sorted(ordered[:most])), tuple(sorted(ordered[most:])))


def owners(lives: Iterable[PageLife]) -> Iterator[Suspect]:
    """Yield who gave orders to a page that was left behind."""
    for life in lives:
        for visitor in life.visitors:
            if visitor.role is Role.OWNER:
                for agent in visitor.agents or ("",):
                    fields: Fields = {"c-ip": visitor.address, "cs-username": visitor.account}
                    yield from of_keys(keys_of(fields | {"cs(User-Agent)": agent}))


def of_keys(keys: Keys) -> set[Suspect]:
    """Return what is followed because of one line that is theirs."""
    found, values = set[Suspect](), dict(reversed(keys))
    agent = agent_of(values.get("agent", ""))
    for name, value in values.items():
        if name == "agent":
            found |= {Suspect(SuspectKind.AGENT, agent)} if agent else set()
        elif name == "address":
            found |= set(of_address(value, agent))
        elif name == "process":
            found |= {Suspect(SuspectKind.PROCESS, one) for one in started(keys)}
        elif name in _SIMPLE:
            found.add(Suspect(_SIMPLE[name], value))
    return found


def started(keys: Keys) -> tuple[str, ...]:
    """Return the process that a line shows to be started, if it does.

    What acts in other lines may be the system itself, or a worker of IIS that serves everybody.
    """
    found = [value for name, value in keys if name == "process"]
    return tuple(found[:1]) if len(found) > 1 else ()


def of_address(address: str, agent: str) -> Iterator[Suspect]:
    """Yield an address as it is followed: a private one only together with its agent."""
    if not is_inside(address):
        yield Suspect(SuspectKind.ADDRESS, address)
    if agent:
        yield Suspect(SuspectKind.VISITOR, f"{address} {agent}")


def agent_of(agent: str) -> str:
    """Return an agent as all logs write it: Exchange's own put blanks for commas."""
    return agent.replace(",", " ")


def _proving(
    finding: Finding, chained: dict[str, list[tuple[datetime, datetime]]]
) -> Iterator[Evidence]:
    """Yield the lines of a finding that show somebody who got in."""
    if finding.raw:
        return
    sure = finding.certainty.rank >= Certainty.LIKELY.rank
    if sure and finding.stage and finding.stage.rank >= Stage.REACHED.rank:
        yield from finding.evidence
        return
    spans = chained.get(finding.id, [])
    for line in finding.evidence:
        if line.time and any(first <= line.time <= last for first, last in spans):
            yield line


def _chained(told: Iterable[Chain]) -> dict[str, list[tuple[datetime, datetime]]]:
    """Return by finding when it stands in a chain that got in, and says more than a knock."""
    found: dict[str, list[tuple[datetime, datetime]]] = {}
    for chain in told:
        if chain.stage.rank < Stage.REACHED.rank or chain.certainty is Certainty.POSSIBLE:
            continue
        for step in chain.steps:
            if step.stage and step.stage.rank >= Stage.REACHED.rank:
                found.setdefault(step.finding, []).append((step.time, step.until))
    return found


def _exposing(ruleset: RuleSet) -> dict[str, tuple[str, ...]]:
    """Return the rules about data within reach, each with those that read single records for it."""
    found = {one.rule.id: (one.rule.id,) for one in ruleset.rules if one.rule.exposes}
    return found | {
        one.rule.id: tuple(one.plan.rules) for one in ruleset.correlations if one.rule.exposes
    }


def _files(line: Evidence, served: Sequence[Directory], *, exposes: bool) -> set[Suspect]:
    """Return the files that a line names, which are no pages and which the server hands out."""
    if line.kind in _WEB:
        asked = (line.object, *STEM.findall(line.summary)) if exposes else ()
        named = {url for stem in asked if (url := file_of(stem)) and _telling(url)}
    else:
        texts = (line.object, line.summary, line.text[:_TEXT])
        paths = (path[0] for text in texts for path in _PATH.finditer(text.replace("\\\\", "\\")))
        named = {
            file_of(url_of(path, served)) for path in islice(paths, _PATHS) if not is_executed(path)
        }
    return {Suspect(SuspectKind.FILE, url) for url in named if url}


def _telling(url: str) -> bool:
    ending = url.rpartition(".")[2]
    return ending not in _PARTS_OF_PAGES and not url.startswith(_EVERYBODYS)
