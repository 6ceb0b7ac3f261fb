"""Which web files does Microsoft ship, where, with what content, in which builds?

The tables know 131 builds, from 15.0.516.32 (Exchange 2013) to 15.2.858.5 (2019 CU9, March 2021).
Of later builds nothing is known: a page or a content that is not in the tables is unknown then, not
bad. Below `FrontEnd/HttpProxy` there are ten `.aspx` in all these builds, and in `aspnet_client`
none.
Source: microsoft/CSS-Exchange (MIT), see `content/NOTICE.md`.
"""

import re
from collections.abc import Mapping
from functools import cache

from extriage.knowledge.content import own_yaml
from extriage.knowledge.executed import ANY_ENDING
from extriage.knowledge.imitation import imitated
from extriage.knowledge.shippedfiles import (
    PAGES_AND_PARTS,
    builds_of,
    known_builds,
    page_names,
    table_for,
)
from extriage.knowledge.shippedpaths import (
    ASPNET_CLIENT,
    ELSEWHERE,
    EXCHANGE,
    Lying,
    lying,
    unescaped,
)
from extriage.knowledge.shippedtables import plain_path
from extriage.model.evidence import Fields
from extriage.model.exchange import BuildNumber

KNOWN_KINDS = PAGES_AND_PARTS | {"config", "htm", "html", "dll", "exe"}
"""Extensions of which the tables list every file."""
SCRIPTS = frozenset({"flogon.js", "fexppw.js"})
"""The scripts of the logon page: the only ones in the tables."""
_MOST_PLACES = 5
_LONGEST = 2048
"""Characters of a URL path that are looked at."""
_COOKIELESS = re.compile(r"\([a-z]\(.*\)\)")
_WITHIN = ("calendar", "integrated", "oma")
"""Applications of IIS that answer from the folder of `/owa`."""
_ADDRESSED = re.compile(r"[^/]*@[^/]*")
_PAGE = re.compile(rf"(/[^?#]*?{ANY_ENDING})(?=[/?#;]|$)")


def shipped_fields(path: str, sha256: str) -> Fields:
    """Return what the tables say of a file in the evidence, as fields for rules.

    `Place` is always set. `ShippedPath` is `yes` or `no` below Exchange's web folders, else empty.
    `ShippedHash` is `yes` (this content, at this path, in some build), `other-place` (Microsoft's
    content, at a path where no build has it), `no` (of no build up to March 2021), or empty where
    no table can know, and for an empty `sha256`. `ShippedAs` names the paths where a file of this
    content, else of this name, belongs. `Imitates` and `ImitatesHow` are set for a page whose name
    looks like one that is shipped.
    """
    place = lying(path)
    known = ships(place)
    homes = _homes(place, sha256)
    fields: Fields = {
        "Place": place.place,
        "ShippedPath": "" if known is None else "yes" if known else "no",
        "ShippedHash": _of_hash(place, sha256.lower(), known=known),
        "ShippedAs": homes,
        "Imitates": "",
        "ImitatesHow": "",
    }
    if place.place != ELSEWHERE and not known and place.name not in page_names():
        found = imitated(place.name, place.name.rpartition(".")[2] in PAGES_AND_PARTS)
        fields["Imitates"], fields["ImitatesHow"] = found
    return fields


def ships(place: Lying) -> bool | None:
    """Tell whether some build has a file at this path; None where no table can know."""
    extension = place.name.rpartition(".")[2]
    if place.old:
        return None
    if place.place == ASPNET_CLIENT:
        return False if extension in PAGES_AND_PARTS else None
    if place.place not in EXCHANGE:
        return None
    if extension not in KNOWN_KINDS and place.name not in SCRIPTS:
        return None
    known = table_for(place.relative).hashes
    return place.relative in known or place.other in known


def is_shipped_url(url_path: str) -> bool | None:
    """Tell whether some build answers a page at a URL path; None if no table can know.

    The front end hands requests on to the back end, so both trees count, and the pages that code
    answers without a file. None is the answer for what is no page (`/ecp/x.js`), and for addresses
    that are not Exchange's (`/shop/x.aspx`, `/x.aspx`).
    """
    page = _page_of(url_path)
    application, _, rest = page.lstrip("/").partition("/")
    folders = _facts()["applications"].get(application)
    if folders is None or not rest:
        return None
    table = table_for(page).hashes
    if any(f"{folder}/{rest}" in table for folder in folders):
        return True
    answered = _facts()["answered"].get(application, ())
    return rest in answered or f"*/{rest.rpartition('/')[2]}" in answered


def shipped_builds(relpath: str, sha256: str) -> tuple[BuildNumber, ...]:
    """Return the builds that ship a file of this content at a path, in order; none if none does."""
    path = plain_path(relpath)
    runs = table_for(path).hashes.get(path, {}).get(sha256.lower(), "")
    return builds_of(runs, path.partition("/")[0])


def hashes_of(relpath: str, build: BuildNumber) -> frozenset[str]:
    """Return the hashes of a path in one build: none if it has no such file or is not known."""
    path = plain_path(relpath)
    tree = path.partition("/")[0]
    if build not in known_builds(tree):
        return frozenset()
    found = table_for(path).hashes.get(path, {})
    return frozenset(sha256 for sha256, runs in found.items() if build in builds_of(runs, tree))


def newest_known() -> BuildNumber:
    """Return the newest build of which files are known."""
    return max(known_builds())


def _of_hash(place: Lying, sha256: str, *, known: bool | None) -> str:
    if not sha256:
        return ""
    table = table_for(place.name)
    if known and any(sha256 in table.hashes.get(path, ()) for path in _paths(place)):
        return "yes"
    if sha256 in table.places:
        return "other-place"
    return "" if known is None else "no"


def _homes(place: Lying, sha256: str) -> tuple[str, ...]:
    """Return where a file of this content, else of this name, belongs; none if it lies there."""
    extension = place.name.rpartition(".")[2]
    if place.old or place.place == ELSEWHERE or extension not in PAGES_AND_PARTS:
        homes: tuple[str, ...] = ()
    else:
        homes = page_names().get(place.name, ())
    homes = table_for(place.name).places.get(sha256.lower(), homes) if sha256 else homes
    return () if any(path in homes for path in _paths(place)) else homes[:_MOST_PLACES]


def _paths(place: Lying) -> tuple[str, str]:
    return place.relative, place.other


@cache
def _facts() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    return {
        table: {name: tuple(values) for name, values in rows.items()}
        for table, rows in own_yaml("knowledge", "shipped.yml").items()
        if table in ("applications", "answered")
    }


def _page_of(url_path: str) -> str:
    """Return the page of a URL path as the tables would have it, empty if there is none."""
    text = unescaped(url_path[:_LONGEST]) if "%" in url_path else url_path[:_LONGEST]
    parts = [
        part
        for part in text.replace("\\", "/").lower().split("/")
        if part not in ("", ".", "~") and not _COOKIELESS.fullmatch(part)
    ]
    if len(parts) > 2 and parts[1] in _WITHIN:
        del parts[1]
    # NOTE: `/owa/user@contoso.example/…` opens somebody else's mailbox by the same pages.
    if len(parts) > 2 and _ADDRESSED.fullmatch(parts[1]):
        del parts[1]
    found = _PAGE.match("/" + "/".join(parts))
    if not found:
        return ""
    page = "/" + plain_path(found[1])
    return page.replace("/owa/auth/current/", "/owa/auth/version/", 1)
