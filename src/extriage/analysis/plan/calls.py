"""What calls for a step: the findings, ways back, exposures, answers and settings that it names.

A reason is an id of the host: of a finding, a way back, an exposure, a configuration check, a
vulnerability; or `answer:<group>`, `log:<kind>`, `campaign:<id>`, `verdict:<status>`,
`build:<build>`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice

from extriage.analysis.persistence import is_sure
from extriage.analysis.plan.gaps import missing_logs
from extriage.analysis.plan.names import is_person
from extriage.knowledge.exposures import exposure_kinds
from extriage.knowledge.plan import ANY, Call, PlanStep
from extriage.model.detection import Certainty, Stage
from extriage.model.exposure import Exposed, Exposure
from extriage.model.host import Host, State
from extriage.model.persistence import Persistence, Presence

REASONS = 30
"""Reasons that an action names."""
OPEN = (Presence.PRESENT, Presence.UNKNOWN)
_LOGON_PAGE = "/owa/auth/logon.aspx"
_RUNNING = (Stage.EXECUTED, Stage.ACTED)
_CODE_RAN = "server-secrets"
"""Kind of exposure: what whoever ran code on the server could have."""
_OPEN_STATES = (State.OPEN, State.OPEN_NO_PACKAGE, State.UNSUPPORTED)


def reasons(step: PlanStep, host: Host) -> tuple[str, ...]:
    """Return why a step is called for; nothing if it is not."""
    found = (reason for call in step.calls for reason in _called(call, host))
    return tuple(islice(dict.fromkeys(found), REASONS))


def open_ways(host: Host, *, sure: bool) -> tuple[Persistence, ...]:
    """Return the ways back to be taken out (`sure`), or those whose owner is asked for."""
    return tuple(
        one
        for one in host.persistence
        if one.state in OPEN and is_sure(one.level, one.certainty) is sure
    )


def exposed(call: Call, host: Host) -> list[Exposure]:
    """Return the exposures of the kinds, and with the duties, that a call names."""
    kinds = exposure_kinds()
    return [
        one
        for one in host.exposures
        if _of(one.kind, call.exposures or (ANY,))
        and (one.state in call.states if call.states else one.state is not Exposed.ATTEMPTED)
        and (not call.tied or one.intruders or one.certainty is not Certainty.POSSIBLE)
        and (not call.by_account or any(map(is_person, one.by)))
        and (not call.renews or (one.kind in kinds and {*kinds[one.kind].renew} & {*call.renews}))
    ]


def _called(call: Call, host: Host) -> list[str]:
    """Return the reasons of one call; nothing if anything of it does not hold."""
    if not _holds(call, host):
        return []
    told: list[str] = []
    for asked, answer in _QUESTIONS:
        if asked(call):
            found = list(answer(call, host))
            if not found:
                return []
            told += found
    return told or [f"verdict:{host.verdict.status.value}"]


def _holds(call: Call, host: Host) -> bool:
    """Tell whether what gives no reason of its own is so."""
    if call.verdicts and host.verdict.status.value not in call.verdicts:
        return False
    if call.absent and _THERE[call.absent](host):
        return False
    return not call.updated or _is_updated(host)


def _has_pages(host: Host) -> bool:
    """Tell whether the web folders of Exchange are in the evidence, by a page that each has."""
    paths = (one.path for one in host.manifest.entries if one.kind == "web-file")
    return any(path.replace("\\", "/").lower().endswith(_LOGON_PAGE) for path in paths)


def _has_build(host: Host) -> bool:
    return bool(host.patch.build or host.patch.action)


_THERE: Mapping[str, Callable[[Host], bool]] = {"pages": _has_pages, "build": _has_build}
"""What evidence may tell, or not."""


def _is_updated(host: Host) -> bool:
    """Tell whether the build of today closes all holes that were used."""
    used = {cve for one in host.findings if one.stage and one.stage.rank > 1 for cve in one.cves}
    states = {row.cve: row.state for row in host.patch.advisories}
    return bool(used) and all(states.get(cve) is State.FIXED for cve in used)


def _stages(call: Call, host: Host) -> Iterable[str]:
    """Return the findings that prove how far it got, or the chain's that do together."""
    stage = host.verdict.stage
    if stage is None or stage.value not in call.stages:
        return ()
    proved = [one.id for one in host.findings if one.stage is stage]
    steps = (step for chain in host.chains if chain.stage is stage for step in chain.steps)
    led = [step.finding for step in steps if step.stage is not None and step.stage is stage]
    return proved or led or [f"verdict:{host.verdict.status.value}"]


def _campaigns(call: Call, host: Host) -> Iterable[str]:
    for one in host.campaigns:
        reached = one.stage is not None and (not call.stages or one.stage.value in call.stages)
        if reached and one.campaign in call.campaigns:
            yield from one.findings or (f"campaign:{one.campaign}",)


def _ways(call: Call, host: Host) -> Iterable[str]:
    states = call.states or tuple(state.value for state in OPEN)
    for one in host.persistence:
        fits = _of(one.kind, call.ways) and one.state.value in states
        if fits and call.sure in (None, is_sure(one.level, one.certainty)):
            yield one.id


def _exposures(call: Call, host: Host) -> Iterable[str]:
    return (one.id for one in exposed(call, host))


def _answers(call: Call, host: Host) -> Iterable[str]:
    for one in host.exposure_answers:
        if _of(one.kind, call.answers) and one.answer.value in call.say:
            yield f"answer:{one.kind}"


def _attack(call: Call, host: Host) -> Iterable[str]:
    reached = (one for one in host.findings if one.stage or one.hints)
    return (one.id for one in reached if {*one.attack} & {*call.attack})


def _cves(call: Call, host: Host) -> Iterable[str]:
    for campaign in host.campaigns:
        for cve in campaign.coverage:
            if cve.cve in call.cves and cve.answer.value in call.say:
                yield cve.cve


def _ran(_call: Call, host: Host) -> Iterable[str]:
    """Return what proves that code ran: findings, steps of chains, and the ledger."""
    yield from (one.id for one in host.findings if one.stage in _RUNNING)
    steps = (step for chain in host.chains for step in chain.steps)
    yield from (step.finding for step in steps if step.proved and step.stage in _RUNNING)
    reach = (one for one in host.exposures if one.kind == _CODE_RAN)
    yield from (one.id for one in reach if one.state is not Exposed.ATTEMPTED)


def _patching(call: Call, host: Host) -> Iterable[str]:
    if any(_of(one.id, call.patching) for one in host.patch.action if one.id != "nothing"):
        yield from patch_reasons(host)


def patch_reasons(host: Host) -> tuple[str, ...]:
    """Return what is open on the build, what is used by attackers first; else the build itself."""
    rows = [row for row in host.patch.advisories if row.state in _OPEN_STATES]
    rows.sort(key=lambda row: not (row.exploited_since or row.kev))
    return tuple(row.cve for row in rows[:REASONS]) or (f"build:{host.patch.build}",)


def _gaps(_call: Call, host: Host) -> Iterable[str]:
    return (f"log:{kind}" for kind in missing_logs(host))


def _of(name: str, wanted: Sequence[str]) -> bool:
    return ANY in wanted or name in wanted


_Asked = Callable[[Call], object]
_Told = Callable[[Call, Host], Iterable[str]]
_QUESTIONS: tuple[tuple[_Asked, _Told], ...] = (
    (lambda call: call.stages and not call.campaigns, _stages),
    (lambda call: call.campaigns, _campaigns),
    (lambda call: call.ways, _ways),
    (lambda call: call.exposures or call.renews, _exposures),
    (lambda call: call.answers, _answers),
    (lambda call: call.attack, _attack),
    (lambda call: call.cves, _cves),
    (lambda call: call.ran, _ran),
    (lambda call: call.patching, _patching),
    (lambda call: call.gaps, _gaps),
)
"""What a call may ask for, and what answers it with reasons."""
