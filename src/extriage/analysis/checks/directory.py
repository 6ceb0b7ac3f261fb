"""Checks that Active Directory answers: the schema, rights in the domain, groups of old times.

Versions of the schema and of the domain's Exchange container are Microsoft's published values for
the cumulative updates.
"""

from extriage.analysis.checks.known import Known, Said, cannot_tell, failed, is_true, listed, passed

_SCHEMA = ((15334, 17000), (17003, 1 << 31))
"""From which schema on the class is repaired: 2016 CU21, then 2019 CU10."""
_REPAIRED = {(15, 1): 2308, (15, 2): 922}
"""Third number of the first build whose setup cannot run without the repaired schema."""
_PREPARED = {"2013": 13238}
_PREPARED_LATER = 13243
_OLD_GROUPS = ("exchange domain servers", "exchange enterprise servers")


def schema(known: Known) -> Said:
    """Answer the check SCHEMA."""
    found = known.settings("Schema/ms-Exch-Storage-Group/possSuperiors")
    bad = [f for f in found if "computer" in {part.strip() for part in f.value.lower().split(",")}]
    if bad:
        return failed("ms-Exch-Storage-Group may stand below a computer: extend the schema", bad)
    if found:
        return passed("ms-Exch-Storage-Group may not stand below a computer", found)
    versions = known.settings("Schema/ms-Exch-Schema-Version-Pt/rangeUpper")
    if any(_is_repaired(fact.value) for fact in versions):
        return passed("the schema is of an update that repaired the class", versions)
    if versions:
        return failed("the schema is older than the repair of the class", versions)
    if known.product == "SE" or _by_build(known):
        return passed("the setup of this cumulative update extends the schema first")
    return cannot_tell("an export of the schema class ms-Exch-Storage-Group would tell")


def _is_repaired(text: str) -> bool:
    version = int(text) if text.isdecimal() and len(text) < 10 else 0
    return any(low <= version < high for low, high in _SCHEMA)


def _by_build(known: Known) -> bool:
    least = _REPAIRED.get(known.build[:2]) if known.build else None
    return least is not None and known.build is not None and known.build[2] >= least


def domain(known: Known) -> Said:
    """Answer the check PREPDOMAIN."""
    rights = known.settings("Domain/", " of computers")
    versions = known.settings("Domain/", "/objectVersion")
    if not rights and not versions:
        return cannot_tell("the access list of each domain, or its Exchange container, would tell")
    least = _PREPARED.get(known.product, _PREPARED_LATER)
    old = [f for f in versions if not (f.value.isdecimal() and int(f.value[:9]) >= least)]
    lacking = [fact for fact in rights if not is_true(fact)]
    if old or lacking:
        domains = listed(sorted({fact.name.split("/")[1] for fact in (*old, *lacking)}))
        return failed(f"/PrepareDomain of May 2022 has not run in {domains}", (*lacking, *old))
    if not rights:
        return cannot_tell("only the container's version is known, not the access list", versions)
    return passed("/PrepareDomain of May 2022 has run in each domain seen", (*rights, *versions))


def old_groups(known: Known) -> Said:
    """Answer the check LEGACYGROUPS."""
    groups = known.settings("Group/")
    left = [f for f in groups if f.name.lower().removeprefix("group/") in _OLD_GROUPS]
    if left:
        return failed("groups of Exchange 2000 and 2003 are left over", left)
    if any(f.name.lower() == "group/domain admins" for f in groups):
        return passed("no group of Exchange 2000 or 2003 is left over", groups[:1])
    return cannot_tell("an export of the domain's groups would tell")
