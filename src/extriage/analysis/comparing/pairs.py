"""Which server of one case is which of the other: by name, or as the user says."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from extriage.errors import UsageError
from extriage.model.case import Case
from extriage.model.host import Host


@dataclass(frozen=True, slots=True)
class Paired:
    """The servers of two cases, told apart."""

    pairs: tuple[tuple[Host, Host], ...]
    only_before: tuple[Host, ...]
    only_after: tuple[Host, ...]


def paired(
    before: Case, after: Case, given: Mapping[str, str], wanted: Sequence[str] = ()
) -> Paired:
    """Pair the servers of two cases; `given` says which name became which.

    `wanted` names the servers to compare, all of them if it is empty. UsageError names a server
    that neither case has.
    """
    old, new = list(before.hosts), list(after.hosts)
    pairs = []
    for was, now in given.items():
        pair = _the(old, was, "earlier"), _the(new, now, "later")
        old.remove(pair[0])
        new.remove(pair[1])
        pairs.append(pair)
    for same in (_name, _short):
        names = {same(one.name): one for one in new if _alone(same(one.name), new, same)}
        for one in [one for one in old if _alone(same(one.name), old, same)]:
            if match := names.get(same(one.name)):
                pairs.append((one, match))
                old.remove(one)
                new.remove(match)
    found = Paired(tuple(pairs), tuple(old), tuple(new))
    return _chosen(found, wanted) if wanted else found


def _name(name: str) -> str:
    return name.casefold()


def _short(name: str) -> str:
    return name.casefold().partition(".")[0]


def _alone(name: str, hosts: Iterable[Host], same: Callable[[str], str]) -> bool:
    return sum(same(one.name) == name for one in hosts) == 1


def _the(hosts: Sequence[Host], name: str, case: str) -> Host:
    for same in (_name, _short):
        found = [one for one in hosts if same(one.name) == same(name)]
        if len(found) == 1:
            return found[0]
    known = ", ".join(one.name for one in hosts) or "none that is not paired yet"
    raise UsageError(f"the {case} case has no server {name!r}; it has {known}")


def _chosen(found: Paired, wanted: Sequence[str]) -> Paired:
    names = {same(one) for one in wanted for same in (_name, _short)}

    def asked(*hosts: Host) -> bool:
        return any(names & {_name(one.name), _short(one.name)} for one in hosts)

    chosen = Paired(
        tuple(pair for pair in found.pairs if asked(*pair)),
        tuple(one for one in found.only_before if asked(one)),
        tuple(one for one in found.only_after if asked(one)),
    )
    every = [*(one for pair in found.pairs for one in pair), *found.only_before, *found.only_after]
    there = {same(one.name) for one in every for same in (_name, _short)}
    for name in wanted:
        if _name(name) not in there:
            known = ", ".join(sorted({one.name for one in every})) or "none"
            raise UsageError(f"neither case has a server {name!r}; they have {known}")
    return chosen
