"""Checks about trust: the hybrid application in Entra ID, and the keys that sign ViewState."""

from extriage.analysis.checks.known import Known, Said, cannot_tell, failed, passed
from extriage.analysis.checks.switches import in_effect, overrides_seen, parameters
from extriage.model.state import Answer, Fact

_HYBRID_SWITCHES = ("exchangeonpremasthirdpartyappid", "enableexchangehybrid3pappfeature")
_SHARED = "00000002-0000-0ff1-ce00-000000000000"
"""The application that all organisations shared."""
_ENTRA = "evosts"
PUBLIC_KEYS = frozenset({"sha256:6d60845874ad370b4c0e1906237bb25eaf3490e22abd71b9c8423f81664e8fe3"})
"""SHA-256 of keys that everybody knows: the one that Exchange shipped until February 2020."""
_BACK_END = ("exchange back end/owa", "exchange back end/ecp")


def hybrid(known: Known) -> Said:
    """Answer the check HYBRIDAPP."""
    servers = known.settings("AuthServer/")
    names = {_server(fact) for fact in servers if _is_entra(fact)}
    entra = [fact for fact in servers if _server(fact) in names]
    present = known.settings("HybridConfiguration/")
    if servers and not entra and not present:
        return Said(Answer.NOT_APPLICABLE, "there is no trust with Entra ID", servers[:1])
    if not entra and not present:
        return cannot_tell("Get-AuthServer and Get-HybridConfiguration, exported, would tell")
    switched = [fact for fact in in_effect(known) if _is_switch(fact)]
    lists = overrides_seen(known)
    if lists and not switched:
        return failed("a hybrid organisation without the override for its own application", lists)
    identities = [f for f in entra if f.name.lower().endswith("/applicationidentifier")]
    own = [f for f in identities if f.value.strip() and f.value.strip().lower() != _SHARED]
    if identities and not own:
        return failed("Exchange still uses the application that is shared by all", identities)
    if switched and own:
        return cannot_tell(
            "the server uses its own application; whether the shared one still holds keys of this "
            "organisation shows in Entra ID only: look there",
            (*switched, *own),
        )
    missing = "Get-SettingOverride" if not lists else "Get-AuthServer"
    return cannot_tell(f"{missing}, exported, would tell", (*present, *switched, *own))


def _server(fact: Fact) -> str:
    return fact.name.lower().split("/")[1]


def _is_entra(fact: Fact) -> bool:
    return _ENTRA in fact.name.lower() or fact.value.lower() == "azuread"


def _is_switch(fact: Fact) -> bool:
    name = f"{fact.name} {fact.text}".lower()
    on = ("enabled", "true") in set(parameters(fact))
    return on and any(switch in name for switch in _HYBRID_SWITCHES)


def machine_keys(known: Known) -> Said:
    """Answer the check MACHINEKEY."""
    keys = known.settings("machineKey/")
    public = [fact for fact in keys if any(key in fact.value for key in PUBLIC_KEYS)]
    if public:
        return failed("the server signs with a key that everybody knows", public)
    explicit = [fact for fact in keys if "sha256:" in fact.value]
    if explicit:
        return cannot_tell(
            "a key is written in the configuration: ask whether it was changed since the last "
            "suspected attack, and compare it with other organisations",
            explicit,
        )
    back = [f for f in known.settings("web.config/") if f.value == "read" and _is_back_end(f)]
    if not back:
        return cannot_tell("web.config of the back end's ecp and owa would tell", keys)
    return passed(
        "keys are generated for each application; after an attack they must be renewed too",
        (*keys, *back),
    )


def _is_back_end(fact: Fact) -> bool:
    return fact.name.lower().removeprefix("web.config/") in _BACK_END
