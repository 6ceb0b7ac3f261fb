"""What the configuration of a server shows besides builds and checks, in one sentence each.

Suspicious modules of IIS come first: every request passes them. Traces of defence follow, so that
nobody takes a mitigation for an attack.
"""

from collections.abc import Iterator, Sequence

from extriage.analysis.checks import defences
from extriage.analysis.checks.known import known
from extriage.analysis.modules import ModuleVerdict, judge_modules
from extriage.model.exchange import BuildNumber
from extriage.model.state import Fact

MOST = 20
_EFFECT = {True: "in force", False: "in place but not effective", None: "in place"}


def remarks(build: BuildNumber | None, product: str, facts: Sequence[Fact]) -> tuple[str, ...]:
    """Return what a reader must know of modules and mitigations, each with its place."""
    found = dict.fromkeys([*_modules(facts), *_defences(build, product, facts)])
    return tuple(found)[:MOST]


def _modules(facts: Sequence[Fact]) -> Iterator[str]:
    for module in judge_modules(facts):
        if module.verdict is ModuleVerdict.SUSPICIOUS:
            place = f" ({module.proofs[0].path})" if module.proofs else ""
            yield f"suspicious IIS module {module.name}, {module.path}: {module.reason}{place}"


def _defences(build: BuildNumber | None, product: str, facts: Sequence[Fact]) -> Iterator[str]:
    for defence in defences(known(build, product, facts)):
        note = f": {defence.note}" if defence.note else ""
        effect = _EFFECT[defence.effective]
        yield f"defence, not attack: {defence.what} ({defence.by}) is {effect}{note}"
