"""Findings that hang together: who did what, in which order.

Lines with the same request, canary, session or page belong together; so do lines of one address or
one account within half an hour, and what the server itself did within a minute of being asked. A
chain proves more than its parts: what a single line only hints at counts once the same intruder is
shown to have got in, and what two kinds of evidence tell alike is surer than what one tells.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from extriage.knowledge.campaigns import campaigns
from extriage.knowledge.joins import is_inside, join_keys
from extriage.model.detection import Certainty, Evidence, Finding, Stage
from extriage.model.host import Chain, Step

BESIDE = timedelta(seconds=60)
"""What the server did itself names no address; it is joined to what it was asked just before."""
KEYS_TOLD = 12
STEPS_TOLD = 200
"""Of more steps the earliest and the latest are told."""
CHAINS_TOLD = 50
_CONCLUDED = {"page-life", "page-comparison"}
_NAMED = ("address", "account", "page")
"""Keys that say who and what; the others only join."""
_PASSING = ("request", "activity", "process", "logon", "sid")
"""Keys of a single request or process, of which there are too many to be told; a SID stands beside
the name of the account."""
_OWNED = ("account", "sid")
"""Keys that stay their owner's when somebody has stolen them."""


@dataclass(frozen=True, slots=True)
class _Node:
    """One line of a finding."""

    finding: Finding
    line: Evidence

    @property
    def values(self) -> dict[str, str]:
        return dict(self.line.keys)

    @property
    def place(self) -> tuple[str, int, int]:
        return (self.line.path, self.line.line, self.line.offset)


def chains(findings: Sequence[Finding]) -> tuple[Chain, ...]:
    """Return the chains of one host that join two rules or more, the furthest first."""
    nodes = sorted(_nodes(findings), key=lambda node: (node.line.time, node.place, node.finding.id))
    groups = _groups(nodes)
    found = [_chain(group) for group in groups if len({node.finding.rule for node in group}) > 1]
    known = [one for one in found if one is not None]
    known.sort(key=lambda one: (-one.stage.rank, -one.certainty.rank, one.first, one.id))
    return tuple(known[:CHAINS_TOLD])


def _nodes(findings: Iterable[Finding]) -> Iterator[_Node]:
    for finding in findings:
        if (finding.stage or finding.hints) and not finding.raw:
            for line in finding.evidence:
                if line.time is not None:
                    yield _Node(finding, line)


def _groups(nodes: Sequence[_Node]) -> list[list[_Node]]:
    """Join lines that belong together; the nodes are in order of time."""
    parent = list(range(len(nodes)))

    def root(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    for one, other in (*_alike(nodes), *_beside(nodes)):
        parent[max(root(one), root(other))] = min(root(one), root(other))
    groups: dict[int, list[_Node]] = defaultdict(list)
    for at, node in enumerate(nodes):
        groups[root(at)].append(node)
    return list(groups.values())


def _alike(nodes: Sequence[_Node]) -> Iterator[tuple[int, int]]:
    """Return neighbours in time that share the value of a key, or are one and the same line."""
    spans = {key.name: timedelta(minutes=key.minutes) for key in join_keys() if key.minutes}
    before: dict[tuple[object, ...], int] = {}
    for at, node in enumerate(nodes):
        time = node.line.time
        assert time is not None
        same = before.setdefault(node.place, at)
        if same != at:
            yield same, at
        for name, value in _joining(node):
            last = before.get((name, value))
            before[name, value] = at
            if last is None or name not in spans:
                continue
            earlier = nodes[last].line.time
            assert earlier is not None
            if time - earlier <= spans[name]:
                yield last, at


def _joining(node: _Node) -> Iterator[tuple[str, str]]:
    """Return the keys of a line that tell whose it is.

    A private address alone may stand for everybody behind a proxy, and anybody may knock with the
    name of an account.
    """
    agent = node.values.get("agent", "")
    for name, value in node.line.keys:
        if name == "address" and is_inside(value):
            yield name, f"{value} {agent}"
        elif name != "account" or node.finding.stage is not Stage.PROBED:
            yield name, value


def _beside(nodes: Sequence[_Node]) -> Iterator[tuple[int, int]]:
    """Join what the server did itself to what was proved shortly before.

    Only lines that prove more than a knock are joined so: the internet knocks all day, and an
    administrator works all day.
    """
    before: int | None = None
    for at, node in enumerate(nodes):
        stage = node.finding.stage
        if stage is None or stage is Stage.PROBED:
            continue
        if before is not None and not node.values.get("address"):
            earlier, time = nodes[before].line.time, node.line.time
            assert earlier is not None
            assert time is not None
            if time - earlier <= BESIDE:
                yield before, at
        before = at


def _chain(group: Sequence[_Node]) -> Chain | None:
    findings = list({node.finding.id: node.finding for node in group}.values())
    proved = [one for one in findings if one.stage is not None]
    if all(_rank(one) < Stage.REACHED.rank for one in proved):
        return None
    stage, certainty, why = _raised(findings, proved, group)
    first, last = group[0].line.time, group[-1].line.time
    assert first is not None
    assert last is not None
    names = _campaigns(findings)
    told = tuple(_steps(group))
    half = STEPS_TOLD // 2
    steps = told if len(told) <= STEPS_TOLD else told[:half] + told[-half:]
    text = "\0".join(f"{step.path}:{step.line}:{step.finding}" for step in steps)
    return Chain(
        "c-" + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16],
        names[0] if names else "",
        tuple(names),
        tuple(
            sorted({cve for one in proved if _rank(one) >= Stage.REACHED.rank for cve in one.cves})
        ),
        stage,
        certainty,
        first,
        last,
        _keys(group),
        why,
        steps,
    )


def _raised(
    findings: Sequence[Finding], proved: Sequence[Finding], group: Sequence[_Node]
) -> tuple[Stage, Certainty, str]:
    """Say how far the findings got together, and how sure that is."""
    top = max(proved, key=lambda one: (_rank(one), one.certainty.rank))
    assert top.stage is not None
    stage, certainty = top.stage, top.certainty
    inside = [one for one in proved if _rank(one) >= Stage.REACHED.rank]
    sure = [one for one in inside if one.certainty is not Certainty.POSSIBLE]
    why: list[str] = []
    hint, far = _furthest_hint(findings, group, stage)
    if sure and hint is not None and far is not None:
        stage, certainty = far, Certainty.LIKELY
        why.append(f"what alone would be a hint ({hint.title}) comes after a proven way in")
    elif len(inside) > 1 and len(_kinds(group)) > 1 and certainty is not Certainty.CONFIRMED:
        certainty = Certainty.CONFIRMED if certainty is Certainty.LIKELY else Certainty.LIKELY
        why.append("two kinds of evidence tell it alike")
    return stage, certainty, "; ".join(why)


def _furthest_hint(
    findings: Sequence[Finding], group: Sequence[_Node], proved: Stage
) -> tuple[Finding | None, Stage | None]:
    """Return the hint that goes furthest beyond what is proved, and how far it may lift.

    The owner of a stolen account goes on with his work: what only shares the account with the proof
    lifts by one stage at most.
    """
    keys = {key for node in group if node.finding.stage for key in _joining(node)}
    near = {
        node.finding.id
        for node in group
        if any(key in keys and key[0] not in _OWNED for key in _joining(node))
        or not any(name == "account" for name, _ in node.line.keys)
    }
    best: tuple[int, Finding] | None = None
    for one in findings:
        rank = one.hints.rank if one.hints else 0
        rank = rank if one.id in near else min(rank, proved.rank + 1)
        if rank > proved.rank and (best is None or rank > best[0]):
            best = (rank, one)
    return (best[1], list(Stage)[best[0] - 1]) if best else (None, None)


def _rank(finding: Finding) -> int:
    return finding.stage.rank if finding.stage else 0


def _kinds(group: Iterable[_Node]) -> set[str]:
    """Return the kinds of evidence that prove more than a probe.

    What was concluded from all lines of a page is no evidence of its own.
    """
    proving = (node for node in group if _rank(node.finding) >= Stage.REACHED.rank)
    return {node.line.kind for node in proving} - _CONCLUDED


def _campaigns(findings: Sequence[Finding]) -> list[str]:
    """Return the campaigns of a chain: those with a hole of their own first, the furthest first."""
    order = {one.id: at for at, one in enumerate(campaigns())}
    holes = {one.id for one in campaigns() if one.since}
    furthest: dict[str, int] = {}
    for one in findings:
        rank = max(_rank(one), one.hints.rank if one.hints else 0)
        furthest[one.campaign] = max(rank, furthest.get(one.campaign, 0))
    named = [name for name in furthest if name]
    return sorted(named, key=lambda n: (n not in holes, -furthest[n], order.get(n, len(order)), n))


def _keys(group: Sequence[_Node]) -> tuple[tuple[str, str], ...]:
    """Return who and what the chain is about, then what else joins it.

    What proves most lines comes first: a stranger who asks for the page too may have more lines.
    """
    counts = Counter(key for node in group for key in node.line.keys)
    proved = Counter(key for node in group if _more_than_a_knock(node) for key in node.line.keys)
    told = [
        (name not in _NAMED, -proved[name, value], -many, name, value)
        for (name, value), many in counts.items()
        if name in _NAMED or (many > 1 and name not in _PASSING)
    ]
    return tuple((name, value) for *_, name, value in sorted(told)[:KEYS_TOLD])


def _more_than_a_knock(node: _Node) -> bool:
    rank = max(_rank(node.finding), node.finding.hints.rank if node.finding.hints else 0)
    return rank >= Stage.REACHED.rank


def _steps(group: Sequence[_Node]) -> Iterator[Step]:
    """Tell the lines in order; lines of one finding that follow each other are one step."""
    run: list[_Node] = []
    for node in _once([node for node in group if _proves(node)]):
        if run and run[-1].finding.id != node.finding.id:
            yield _step(run)
            run = []
        run.append(node)
    if run:
        yield _step(run)


def _proves(node: _Node) -> bool:
    """Tell whether the line is no mere earlier step of what its finding proves."""
    assert node.line.time is not None
    return node.finding.first is None or node.line.time >= node.finding.first


def _once(group: Sequence[_Node]) -> Iterator[_Node]:
    """Return each line once, as the finding that says most about it."""
    best: dict[tuple[str, int, int], _Node] = {}
    for node in group:
        known = best.get(node.place)
        if known is None or _weight(node.finding) > _weight(known.finding):
            best[node.place] = node
    return iter(best.values())


def _weight(finding: Finding) -> tuple[int, int, str]:
    hinted = finding.hints.rank if finding.hints else 0
    return (max(_rank(finding), hinted), finding.certainty.rank, finding.rule)


def _step(run: Sequence[_Node]) -> Step:
    finding, line = run[0].finding, run[0].line
    last = run[-1].line.time
    assert line.time is not None
    assert last is not None
    return Step(
        line.time,
        last,
        finding.title,
        finding.id,
        finding.stage or finding.hints,
        finding.stage is not None,
        len(run),
        line.path,
        line.line,
        line.summary,
    )


def furthest_of(found: Iterable[Chain]) -> Mapping[str, Chain]:
    """Return for each campaign the chain that got furthest."""
    best: dict[str, Chain] = {}
    for chain in found:
        known = best.get(chain.campaign)
        new = (chain.stage.rank, chain.certainty.rank)
        if known is None or new > (known.stage.rank, known.certainty.rank):
            best[chain.campaign] = chain
    return best
