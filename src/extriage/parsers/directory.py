"""What the directory says: the schema that Exchange needs, and the rights that it has in a domain.

Two holes are closed in Active Directory only: CVE-2021-34470 (the class `ms-Exch-Storage-Group`
may stand below a computer) and CVE-2022-21978 (Exchange's groups may write attributes of computers
in the domain).
"""

import re
from collections.abc import Iterator

from extriage.model.state import Fact, Subject
from extriage.parsers.clixml import Bag
from extriage.parsers.statement import Source

_CLASS = re.compile(r"CN=(ms-Exch-[\w-]{1,80}),CN=Schema", re.IGNORECASE)
_USER_CERTIFICATE = "bf967a7f-0de6-11d0-a285-00aa003049e2"
_MANAGED_BY = "0296c120-40da-11d1-a9c0-0000f80367c1"
_COMPUTER = "bf967a86-0de6-11d0-a285-00aa003049e2"
_DENY = re.compile(
    rf"\(OD;[A-Z]{{0,20}};[A-Z]{{0,40}}WP[A-Z]{{0,40}};({_USER_CERTIFICATE}|{_MANAGED_BY});{_COMPUTER};",
    re.IGNORECASE,
)
_DENIED = (("userCertificate", _USER_CERTIFICATE), ("managedBy", _MANAGED_BY))


def schema_class(bag: Bag, source: Source) -> Iterator[Fact]:
    """Read a class or attribute of the schema, as a search of the directory returned it."""
    found = _CLASS.search(bag.one("Path"))
    if not found:
        return
    name = found[1]
    # NOTE: an object that was exported in part may have superiors that are not shown.
    whole = bag.has("Properties.governsID") or bag.has("Properties.possSuperiors")
    if name.lower() == "ms-exch-storage-group" and whole:
        superiors = ", ".join(bag.all("Properties.possSuperiors")[:50])
        yield source.fact(
            Subject.SETTING,
            f"Schema/{name}/possSuperiors",
            superiors,
            bag.at("Properties.possSuperiors"),
        )
    if version := bag.one("Properties.rangeUpper"):
        yield source.fact(
            Subject.SETTING, f"Schema/{name}/rangeUpper", version, bag.at("Properties.rangeUpper")
        )


def group(bag: Bag, source: Source) -> Iterator[Fact]:
    """Read a security group by its name."""
    if name := bag.one("SamAccountName") or bag.one("Name"):
        yield source.fact(Subject.SETTING, f"Group/{name}", "present", bag.line)


def domain(bag: Bag, source: Source) -> Iterator[Fact]:
    """Read a domain's access list and the version of its Exchange container."""
    name = bag.one("DomainName")
    version = bag.one("MesoObject.ObjectVersion")
    if version:
        setting = f"Domain/{name}/objectVersion"
        yield source.fact(Subject.SETTING, setting, version, bag.at("MesoObject.ObjectVersion"))
    lists = bag.all("Permissions.Acl.Sddl")
    if not lists:
        return
    at = _position(bag, name)
    denied = {found.lower() for found in _DENY.findall(lists[at])} if at < len(lists) else set()
    for attribute, guid in _DENIED:
        setting = f"Domain/{name}/Exchange may not write {attribute} of computers"
        yield source.fact(
            Subject.SETTING, setting, str(guid in denied), bag.at("Permissions.Acl.Sddl")
        )


def _position(bag: Bag, name: str) -> int:
    """Find the access list of the domain itself among those of its containers."""
    own = bag.one("DomainDN").lower() or ",".join(f"dc={part}" for part in name.lower().split("."))
    names = [item.lower() for item in bag.all("Permissions.DN")]
    return names.index(own) if own in names else 0
