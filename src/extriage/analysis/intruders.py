"""Intruders: which of the lines are one hand's, and how far did each of them get?

Lines belong to one intruder if they share what only one hand has (`intrudertraces`). Who gave
orders to a page is the one who planted it, unless he broke in by himself; of a page that nobody is
seen to plant, two who give orders may be two intruders, and stay apart unless they use the same
password. What the server did without naming anybody goes to the one who was busy within a minute;
what nobody can be named for is an unknown hand's, if something was left behind. Who only knocked is
no intruder.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from extriage.analysis.chains import BESIDE
from extriage.analysis.intrudertraces import STRONG, Groups, Trace, traces_of, who_keys
from extriage.analysis.silentlines import given
from extriage.knowledge.joins import keys_of
from extriage.model.detection import Certainty, Finding, Stage
from extriage.model.host import Chain
from extriage.model.persistence import Persistence
from extriage.model.session import Intruder

MOST = 50
"""Intruders of one server that are told; of more those who got furthest."""
KEYS = 200
"""Keys of one intruder that are told, the commonest of each kind first."""
_RANKED = ("address", "canary", "session", "password", "page", "account", "agent", "activity")


@dataclass(slots=True)
class _Hand:
    """All that is known of one intruder while he is put together."""

    traces: list[Trace] = field(default_factory=list)
    known: bool = True
    """False for an unknown hand."""
    several: bool = False
    """Whether an unknown hand may as well be more than one."""
    chains: list[Chain] = field(default_factory=list)

    @property
    def first(self) -> datetime:
        return min(one.time for one in self.traces)

    @property
    def last(self) -> datetime:
        return max(one.until for one in self.traces)

    @property
    def rank(self) -> int:
        return max(one.rank for one in self.traces)

    def order(self) -> tuple[object, ...]:
        """Return what intruders are numbered by."""
        return (self.first, min((one.time, one.place, one.keys) for one in self.traces))


def intruders(
    host: str, findings: Sequence[Finding], chains: Sequence[Chain], ways: Sequence[Persistence]
) -> tuple[Intruder, ...]:
    """Return who got in or left something behind on one server, the earliest first.

    `findings`, `chains` and `ways` may come in any order; the result is the same.
    """
    traces = traces_of(findings, chains, ways)
    groups = Groups(traces)
    _join_alike(groups)
    _join_own_accounts(groups)
    _join_owners(groups)
    hands = [one for one in _hands(groups) if _counts(one)]
    _give_chains(hands, chains)
    hands.sort(key=lambda one: (-one.rank, one.order()))
    kept = sorted(hands[:MOST], key=_Hand.order)
    named = _ways_of(kept, ways)
    return tuple(
        _intruder(f"intruder-{at}", one, named[at - 1], host) for at, one in enumerate(kept, 1)
    )


def _join_alike(groups: Groups) -> None:
    """Join traces that share what only one hand has."""
    before: dict[tuple[str, str], int] = {}
    for at, trace in enumerate(groups.traces):
        for key in who_keys(trace):
            groups.join(before.setdefault(key, at), at)


def _join_own_accounts(groups: Groups) -> None:
    """Join whoever uses an account to the one who made it."""
    makers: dict[str, int] = {}
    for at, trace in enumerate(groups.traces):
        for name in _made_accounts(trace):
            makers.setdefault(name, at)
    for at, trace in enumerate(groups.traces):
        maker = makers.get(trace.one("account"))
        if maker is not None and trace.says_who:
            groups.join(maker, at)


def _made_accounts(trace: Trace) -> Iterator[str]:
    """Yield accounts that a line says to have been made, in the form of keys."""
    finding = trace.finding
    if finding and finding.persistence == "account" and trace.planted:
        for line in finding.evidence:
            if (line.path, line.line, line.offset) == trace.place and line.object:
                yield from (value for _, value in keys_of({"User": line.object}))


def _join_owners(groups: Groups) -> None:
    """Join who gave orders to a page to the one who planted it, unless he broke in himself."""
    planters, owners = _claims(groups)
    members = groups.members()
    for page in sorted(owners):
        claims = {groups.root(at) for at in planters.get(page, ())}
        for owner in sorted({groups.root(at) for at in owners[page]} - claims):
            if len(claims) == 1 and not _broke_in(groups, members.get(owner, ()), page):
                groups.join(min(claims), owner)
                claims = {groups.root(owner)}


def _broke_in(groups: Groups, members: Iterable[int], page: str) -> bool:
    """Tell whether lines prove a way in that is not this page."""
    traces = (groups.traces[at] for at in members)
    return any(one.finding and one.rank and one.one("page") != page for one in traces)


def _claims(groups: Groups) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """Return by page who planted it, and who gave it orders."""
    planters: dict[str, list[int]] = {}
    owners: dict[str, list[int]] = {}
    busy: int | None = None
    for at, trace in enumerate(groups.traces):
        if trace.says_who and trace.rank:
            busy = at
        page = trace.one("page")
        # NOTE: the server writes the file itself, right after it was told to.
        planter = busy if busy is None or _beside(groups.traces[busy], trace) else None
        if page and trace.planted and planter is not None:
            planters.setdefault(page, []).append(planter)
        for name in trace.pages:
            owners.setdefault(name, []).append(at)
    return planters, owners


def _beside(one: Trace, later: Trace) -> bool:
    return later.time - one.time <= BESIDE


def _hands(groups: Groups) -> list[_Hand]:
    """Make hands of the groups; what the server did itself goes to one of them."""
    hands: dict[int, _Hand] = {}
    silent: list[Trace] = []
    _join_back_ends(groups)
    for root, members in groups.members().items():
        traces = [groups.traces[at] for at in members]
        if any(one.says_who for one in traces):
            hands[root] = _Hand(traces)
        else:
            silent += traces
    silent.sort(key=lambda one: (one.time, one.place, one.keys))
    found = list(hands.values())
    left = list(given(silent, [one.traces for one in found if one.rank]))
    return found + list(_unknown(left))


def _join_back_ends(groups: Groups) -> None:
    """Join what has a canary but no address to the one with an address who was busy just then.

    The back end writes no address; where the front end's log of the canary is missing, its rows
    would else be somebody of their own.
    """
    members = groups.members()
    placed = {
        root: {groups.traces[at].one("address") for at in of} - {""} for root, of in members.items()
    }
    busy = [
        (groups.traces[at].time, root)
        for root, of in members.items()
        for at in of
        if placed[root] and groups.traces[at].rank
    ]
    busy.sort()
    for root, of in members.items():
        traces = [groups.traces[at] for at in of]
        if placed[root] or not any(one.says_who for one in traces):
            continue
        first = min(one.time for one in traces)
        begin, end = (bisect_left(busy, (first + by, -1)) for by in (-BESIDE, BESIDE))
        near = {one for _, one in busy[begin:end]}
        agents = {one.one("agent") for one in traces} - {""}
        if len(near) == 1 and agents <= _agents(groups, members[min(near)]):
            groups.join(min(near), root)


def _agents(groups: Groups, members: Iterable[int]) -> set[str]:
    return {groups.traces[at].one("agent") for at in members}


def _unknown(left: Sequence[Trace]) -> Iterator[_Hand]:
    """Make unknown hands of what is nobody's: what shares a page, a process or a minute."""
    groups = Groups(left)
    before: dict[tuple[str, str], int] = {}
    for at, trace in enumerate(left):
        for key in trace.keys:
            if key[0] in (*STRONG, "page", "process", "logon", "account"):
                groups.join(before.setdefault(key, at), at)
        if at and trace.time - left[at - 1].time <= BESIDE:
            groups.join(at - 1, at)
    hands = [_Hand([left[at] for at in of], known=False) for of in groups.members().values()]
    telling = [one for one in hands if any(map(_tells_apart, one.traces))]
    others = [one for one in hands if not any(map(_tells_apart, one.traces))]
    # NOTE: nothing speaks for a second one where nothing tells him from the first.
    if len(telling) > 1 or not telling:
        telling, others = [*telling, *others[:1]], others[1:]
    for one in others:
        telling[-1].traces += one.traces
        telling[-1].several = True
    yield from telling


def _tells_apart(trace: Trace) -> bool:
    return any(name in (*STRONG, "page", "account") for name, _ in trace.keys)


def _counts(hand: _Hand) -> bool:
    """Tell whether somebody got in; an unknown hand must have left something behind."""
    return hand.rank >= (Stage.REACHED if hand.known else Stage.PLANTED).rank


def _give_chains(hands: Sequence[_Hand], chains: Sequence[Chain]) -> None:
    for chain in sorted(chains, key=lambda one: (one.first, one.id)):
        places = {(step.path, step.line) for step in chain.steps}
        for hand in hands:
            if any(one.place[:2] in places for one in hand.traces if one.finding):
                hand.chains.append(chain)


def _ways_of(hands: Sequence[_Hand], ways: Sequence[Persistence]) -> list[list[str]]:
    """Return for each hand the ids of the ways back that are its own."""
    found: list[list[str]] = [[] for _ in hands]
    for way in sorted(ways, key=lambda one: one.id):
        for at in _theirs(hands, way):
            found[at].append(way.id)
    return found


def _theirs(hands: Sequence[_Hand], way: Persistence) -> list[int]:
    name = way.object.replace("\\", "/").rpartition("/")[2].lower()
    proofs = {(proof.path, proof.line) for proof in way.proofs}
    weights = []
    for at, hand in enumerate(hands):
        by_page = any(name in (*one.pages, one.one("page")) for one in hand.traces if name)
        by_line = any(one.place[:2] in proofs for one in hand.traces if one.finding)
        if by_page or by_line:
            planted = any(one.planted and one.one("page") == name for one in hand.traces)
            weights.append((planted, at))
    sure = [at for planted, at in weights if planted]
    return sure or [at for _, at in weights]


def _intruder(name: str, hand: _Hand, ways: Sequence[str], host: str) -> Intruder:
    stage, certainty = _furthest(hand)
    found = {one.finding.id for one in hand.traces if one.finding}
    return Intruder(
        name,
        hand.first,
        hand.last,
        stage,
        certainty,
        tuple(_keys(hand)),
        tuple(sorted({one.id for one in hand.chains})),
        tuple(sorted(found)),
        tuple(ways),
        (),
        _called(hand, host),
    )


def _called(hand: _Hand, host: str) -> str:
    """Return what an unknown hand is called; others are called by their addresses."""
    if hand.known:
        return ""
    return f"An unknown hand{', or more than one,' * hand.several} on {host or 'the server'}"


def _furthest(hand: _Hand) -> tuple[Stage, Certainty]:
    """Return how far he got, and how sure that is; his own chain may say more than its parts."""
    best = (Stage.REACHED, Certainty.POSSIBLE)
    own = {one.finding.id for one in hand.traces if one.finding}
    said = [(one.stage, one.certainty) for one in hand.chains if _alone(one, own)]
    for trace in hand.traces:
        if trace.finding is None:
            said.append((Stage.EXECUTED, Certainty.LIKELY))
        elif trace.finding.stage is not None:
            said.append((trace.finding.stage, trace.finding.certainty))
    return max([best, *said], key=lambda one: (one[0].rank, one[1].rank))


def _alone(chain: Chain, own: set[str]) -> bool:
    """Tell whether all that a chain proves or hints at stands in lines of one hand."""
    return all(step.finding in own for step in chain.steps if step.stage is not Stage.PROBED)


def _keys(hand: _Hand) -> Iterator[tuple[str, str, int]]:
    """Yield kind, value and lines of his keys, the most telling kinds first."""
    counts = Counter(key for one in hand.traces for key in dict.fromkeys(one.keys))
    order: Mapping[str, int] = {name: at for at, name in enumerate(_RANKED)}
    ranked = sorted(
        counts.items(), key=lambda one: (order.get(one[0][0], len(order)), -one[1], one[0])
    )
    for (name, value), many in ranked[:KEYS]:
        yield name, value, many
