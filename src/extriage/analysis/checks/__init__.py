"""The configuration checks: what decides, besides the build, whether a server is open.

Each check of the table `config_checks.csv` is answered from what the evidence says, with the
places that the answer rests on. Nothing is assumed: what no evidence shows is `cannot-tell`, and
the note names the evidence that would answer it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from extriage.analysis.checks import clients, directory, files, switches, trust
from extriage.analysis.checks.known import Known, Said, known
from extriage.analysis.checks.mitigation import Defence, defences, emergency, rewrite_rule
from extriage.analysis.checks.protection import (
    Protection,
    Setup,
    extended_protection,
    judge_protection,
)
from extriage.knowledge.checks import config_checks
from extriage.model.exchange import BuildNumber, ConfigCheck
from extriage.model.state import Answer, CheckAnswer, Fact, Proof

MOST_PROOFS = 12
_LATER = frozenset({"2016", "2019", "SE"})
_ALL = _LATER | {"2013"}


@dataclass(frozen=True, slots=True)
class Check:
    """How one check is answered, and which products it concerns."""

    answer: Callable[[Known], Said | tuple[Said, ...]]
    products: frozenset[str]


CHECKS: Mapping[str, Check] = {
    "EP": Check(extended_protection, _ALL),
    "TOKENCACHE": Check(files.token_cache, _ALL),
    "SERIAL": Check(switches.signing, _ALL),
    "SCHEMA": Check(directory.schema, _ALL),
    "PREPDOMAIN": Check(directory.domain, _ALL),
    "DOWNLOADDOM": Check(clients.downloads, _LATER),
    "FIPFS": Check(files.fip_fs, _ALL),
    "HYBRIDAPP": Check(trust.hybrid, _LATER),
    "MACHINEKEY": Check(trust.machine_keys, _ALL | {"2010"}),
    "URLREWRITE": Check(rewrite_rule, _ALL),
    "EEMS": Check(emergency, _LATER),
    "OWALIGHT": Check(clients.light, _LATER),
    "OVERRIDES": Check(switches.overrides, _LATER),
    "LEGACYGROUPS": Check(directory.old_groups, _ALL | {"2010"}),
    "DOTNET": Check(files.dotnet, _ALL | {"2010"}),
    "MRSPROXY": Check(clients.mailbox_moves, _LATER),
    "AMSI": Check(switches.scanning, _LATER),
}
"""By the id in the table. `MARCHSPECIAL` is a matter of the build alone."""


def answer_checks(
    build: BuildNumber | None, product: str, facts: Sequence[Fact]
) -> tuple[CheckAnswer, ...]:
    """Answer every check of the table for one server.

    An answer that holds for some of a check's vulnerabilities only stands beside another one.
    """
    server = known(build, product, facts)
    answers: list[CheckAnswer] = []
    for check in config_checks().values():
        if check.id in CHECKS:
            answers.extend(_answers(check, CHECKS[check.id], server))
    return tuple(answers)


def _answers(row: ConfigCheck, check: Check, server: Known) -> list[CheckAnswer]:
    if server.product and server.product not in check.products:
        note = f"does not concern Exchange {server.product}"
        return [_answer(row, Said(Answer.NOT_APPLICABLE, note))]
    said = _asked(check, server)
    if server.copies and all(one.answer is Answer.CANNOT_TELL for one in said):
        said = _with_copies(check, server, said)
    return [_answer(row, one) for one in said]


def _asked(check: Check, server: Known) -> tuple[Said, ...]:
    said = check.answer(server)
    return said if isinstance(said, tuple) else (said,)


def _with_copies(check: Check, server: Known, said: tuple[Said, ...]) -> tuple[Said, ...]:
    """Say that there are copies which would answer, if they were what is in use."""
    everything = replace(server, facts=(*server.facts, *server.copies), copies=())
    copies = frozenset(server.copies)
    told = [
        fact
        for one in _asked(check, everything)
        if one.answer in (Answer.PASSED, Answer.FAILED)
        for fact in one.facts
        if fact in copies
    ]
    if not told:
        return said
    note = "copies were found, which do not tell what is in use"
    return tuple(
        replace(one, note=f"{one.note}; {note}", facts=(*one.facts, *told)) for one in said
    )


def _answer(row: ConfigCheck, said: Said) -> CheckAnswer:
    proofs = dict.fromkeys(
        Proof(fact.origin.path, fact.origin.line, fact.text) for fact in said.facts
    )
    cves = row.cves if said.cves is None else tuple(c for c in row.cves if c in said.cves)
    return CheckAnswer(row.id, row.title, cves, said.answer, said.note, tuple(proofs)[:MOST_PROOFS])


__all__ = [
    "CHECKS",
    "Defence",
    "Protection",
    "Setup",
    "answer_checks",
    "defences",
    "judge_protection",
    "known",
]
