"""Public lists of builds and vulnerabilities, read from files that the user fetched.

Recognised by what is in them, not by their name: Microsoft's build list
(microsoft/Get-ExchangeBuildNumber, CSV), the JSON files of righel/ms-exchange-version-nse (names
of builds; builds with their vulnerabilities; vulnerabilities with the products affected), and
CISA's catalogue of known exploited vulnerabilities (JSON). They become claims, which the import
weighs; what is not understood is refused by name.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from extriage.errors import ContentError
from extriage.knowledge.builds import family, line, number
from extriage.knowledge.tables import day, is_cve
from extriage.model.exchange import BuildNumber

FEED_LIMIT = 32 << 20
BUILD_LIMIT = 5_000
CLAIM_LIMIT = 50_000
_RIGHEL = "righel/ms-exchange-version-nse"
CELL_LIMIT = 400
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PRODUCT = re.compile(r"(?:Microsoft )?Exchange (?:Server |Version )?(\d{4}|SE)\b\s*(.*)")
_ROLLUP = re.compile(r"Update Rollup (\d+)(?:-?(v\d))? for (.*)")
_TOKENS = re.compile(
    r"(?P<cu>RTM|Preview|SP\d(?: RTM)?|CU\d{1,2})?\s*(?:\(\d{4}H\d\))?\s*"
    r"(?P<su>RU\d{1,2}(?:[ -]?v\d)?|[A-Z][a-z]{2}\d\d[SH]U(?:v\d)?)?"
)
_LONG_DAY = re.compile(r"([A-Z][a-z]{2})[a-z]* (\d{1,2}), (\d{4})")
_US_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_KB = re.compile(r"(?:KB|kbid=|kb/|help/)?(\d{6,7})", re.IGNORECASE)
_IMPACT = re.compile(r"Microsoft Exchange Server ([A-Z][A-Za-z ]{3,40}) Vulnerability")


@dataclass(frozen=True, slots=True)
class BuildClaim:
    """A list says that this build was released."""

    product: str
    cu: str
    su: str
    kind: str
    number: BuildNumber
    released: str
    """ISO date; empty when the list does not say the day."""
    kb: str
    blog: str


@dataclass(frozen=True, slots=True)
class FixClaim:
    """A list says that a vulnerability of one CU was fixed, on a day or by a build."""

    cve: str
    line: tuple[int, ...]
    """The first numbers of the builds that were open."""
    fixed: date | BuildNumber | None
    """None: it was open, and the list names nothing that fixes it."""
    cvss: str = ""
    impact: str = ""


@dataclass(frozen=True, slots=True)
class ExploitedClaim:
    """CISA says that a vulnerability is exploited."""

    cve: str
    added: str
    due: str
    ransomware: str
    exchange: bool
    """Whether the catalogue lists it under Exchange Server."""


@dataclass(slots=True)
class Feed:
    """One list, as claims."""

    source: str
    """Whose list it is, as in `sources.csv`."""
    licence: str
    used_for: str
    authority: bool = False
    """Whether it is the vendor's own, which corrects facts that were computed."""
    as_of: date | None = None
    builds: list[BuildClaim] = field(default_factory=list)
    fixes: list[FixClaim] = field(default_factory=list)
    exploited: list[ExploitedClaim] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def read_feed(data: bytes) -> Feed:
    """Recognise a public list and read its claims; ContentError if it is none that is known."""
    if len(data) > FEED_LIMIT:
        raise ContentError(f"larger than {FEED_LIMIT >> 20} MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ContentError("not UTF-8, so it is none of the lists that can be imported") from error
    if text.lstrip()[:1] not in ("{", "["):
        return _bounded(_build_list(text))
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ContentError(f"not JSON ({type(error).__name__})") from error
    for accepts, read in _DOCUMENTS:
        if accepts(document):
            return _bounded(read(document))
    raise ContentError("none of the lists that can be imported")


def _bounded(feed: Feed) -> Feed:
    if len(feed.builds) > BUILD_LIMIT or len(feed.fixes) + len(feed.exploited) > CLAIM_LIMIT:
        raise ContentError("far more entries than such a list has")
    return feed


def named_build(name: str, build: str) -> BuildClaim:
    """Read what a list calls a build: `Exchange 2016 CU22 Nov21SU`; ValueError if unclear."""
    rollup = _ROLLUP.fullmatch(" ".join(name.split()))
    plain = rollup[3] if rollup else " ".join(name.split())
    found = _PRODUCT.fullmatch(plain)
    tokens = _TOKENS.fullmatch(found[2]) if found else None
    numbers = number(build)
    if found is None or tokens is None or numbers is None:
        raise ValueError(f"{name[:80]!r} {build[:40]!r} is no name and build that is understood")
    cu, su = (tokens["cu"] or "RTM").removesuffix(" RTM"), tokens["su"] or ""
    if rollup:
        su = f"RU{rollup[1]}{rollup[2] or ''}"
    su = re.sub(r"[ -]|v1$", "", su)
    if family(numbers) != found[1]:
        raise ValueError(f"{build[:40]} is no build of Exchange {found[1]}")
    return BuildClaim(found[1], cu, su, _kind(cu, su), numbers, "", "", "")


def _kind(cu: str, su: str) -> str:
    if su:
        return "RU" if su.startswith("RU") else su[5:7]
    return cu if cu in ("RTM", "Preview") else cu[:2]


def _build_list(text: str) -> Feed:
    """Read Microsoft's list: product name, build number, date, KB, blog."""
    try:
        reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
        columns = {_column(name): name for name in reader.fieldnames or ()}
        if not {"name", "build", "date"} <= columns.keys():
            raise ContentError("neither JSON nor a list of builds with name, build and date")
        feed = Feed("microsoft/Get-ExchangeBuildNumber", "MIT", "builds (imported)", authority=True)
        for row in reader:
            cells = {
                key: (row.get(name) or "").strip()[:CELL_LIMIT] for key, name in columns.items()
            }
            _add_build(feed, cells)
    except csv.Error as error:
        raise ContentError(f"not CSV ({error})") from error
    return _dated(feed)


def _column(name: str) -> str:
    plain = re.sub(r"[^a-z]", "", name.lower())
    for key, words in (
        ("name", ("product",)),
        ("build", ("build", "version")),
        ("date", ("date",)),
        ("kb", ("kb",)),
        ("blog", ("blog",)),
    ):
        if any(word in plain for word in words):
            return key
    return plain


def _add_build(feed: Feed, cells: Mapping[str, str]) -> None:
    try:
        claim = named_build(cells["name"], cells["build"])
        released = _day(cells["date"])
    except ValueError as error:
        feed.refused.append(str(error))
        return
    kb, blog = _KB.search(cells.get("kb", "")), cells.get("blog", "")
    feed.builds.append(
        BuildClaim(
            claim.product,
            claim.cu,
            claim.su,
            claim.kind,
            claim.number,
            released,
            kb[1] if kb else "",
            blog if re.fullmatch(r"https://[!-~]+", blog) else "",
        )
    )


def _day(text: str) -> str:
    """Return a date as ISO day; empty for a month, ValueError for what is no date."""
    try:
        if us := _US_DAY.fullmatch(text):
            return date(int(us[3]), int(us[1]), int(us[2])).isoformat()
        if (long := _LONG_DAY.fullmatch(text)) and long[1] in _MONTHS:
            return date(int(long[3]), _MONTHS.index(long[1]) + 1, int(long[2])).isoformat()
    except ValueError as error:
        raise ValueError(f"{text[:40]!r} is no date") from error
    if day(text) is not None:
        return text
    if text and not re.fullmatch(r"[A-Z][a-z]+,? \d{4}", text):
        raise ValueError(f"{text[:40]!r} is no date")
    return ""


def _dated(feed: Feed) -> Feed:
    days = [found for claim in feed.builds if (found := day(claim.released))]
    days += [claim.fixed for claim in feed.fixes if isinstance(claim.fixed, date)]
    feed.as_of = max(days, default=None)
    return feed


def _objects(document: Any, key: str) -> bool:
    """Tell whether all values of a JSON object are objects, some of them with this key."""
    return (
        isinstance(document, dict)
        and all(isinstance(value, dict) for value in document.values())
        and any(key in value for value in document.values())
    )


def _names(document: dict[str, dict[str, Any]]) -> Feed:
    """Read build -> name, release date, links."""
    feed = Feed(_RIGHEL, "Apache-2.0", "builds (imported)")
    for build, value in document.items():
        urls = value.get("urls")
        link = next((str(url) for url in urls), "") if isinstance(urls, list) else ""
        cells = {
            "name": str(value.get("name", ""))[:CELL_LIMIT],
            "build": str(build)[:CELL_LIMIT],
            "date": str(value.get("release_date", ""))[:CELL_LIMIT],
            "kb": link[:CELL_LIMIT] if "download" not in link else "",
        }
        if re.match(r"[0-7]\.", cells["build"]):
            continue  # NOTE: Exchange 2003 and older are in no table of ours.
        _add_build(feed, cells)
    return _dated(feed)


def _vulnerable(document: dict[str, dict[str, Any]]) -> Feed:
    """Read build -> the vulnerabilities that it is open to.

    What it does not list says nothing: the source is known to lose vulnerabilities again.
    """
    feed = Feed(_RIGHEL, "Apache-2.0", "open builds (imported)")
    listed: dict[tuple[int, ...], dict[BuildNumber, set[str]]] = {}
    facts: dict[str, tuple[str, str]] = {}
    for text, value in document.items():
        build, cves = number(str(text)[:CELL_LIMIT]), value.get("cves")
        if build is None or not isinstance(cves, list):
            feed.refused.append(f"{str(text)[:40]!r} is no build with a list of vulnerabilities")
            continue
        names = dict(_cve_facts(one) for one in cves if isinstance(one, dict))
        facts |= names
        listed.setdefault(line(family(build), build), {})[build] = set(names)
    for cve in sorted(facts):
        if is_cve(cve):
            feed.fixes += _fixed_after(cve, listed, *facts[cve])
    return feed


def _cve_facts(value: Mapping[str, Any]) -> tuple[str, tuple[str, str]]:
    score, summary = (
        value.get("cvss"),
        _IMPACT.fullmatch(str(value.get("summary", ""))[:CELL_LIMIT]),
    )
    good = isinstance(score, int | float) and not isinstance(score, bool) and 0 < score <= 10
    cvss = f"{score:.1f}" if good else ""
    return str(value.get("id", ""))[:40], (cvss, summary[1] if summary else "")


def _fixed_after(
    cve: str,
    listed: Mapping[tuple[int, ...], Mapping[BuildNumber, set[str]]],
    cvss: str,
    impact: str,
) -> Iterator[FixClaim]:
    for start, builds in listed.items():
        still_open = [build for build, cves in builds.items() if cve in cves]
        if still_open:
            above = [build for build in builds if build > max(still_open)]
            yield FixClaim(cve, start, min(above, default=None), cvss, impact)


def _affected(document: dict[str, dict[str, Any]]) -> Feed:
    """Read vulnerability -> first three numbers of the CU -> day of the fix."""
    feed = Feed(_RIGHEL, "Apache-2.0", "affected products (imported)")
    for cve, value in document.items():
        for start, product in value.items():
            three = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{1,5})", str(start)[:40])
            said = product.get("releaseDate") if isinstance(product, dict) else None
            if not three or not is_cve(str(cve)[:40]) or not isinstance(said, str):
                feed.refused.append(f"{str(cve)[:40]!r} {str(start)[:40]!r} is not understood")
                continue
            numbers = (int(three[1]), int(three[2]), int(three[3]))
            feed.fixes.append(FixClaim(cve, numbers, day(said[:10])))
    return _dated(feed)


def _exploited(document: dict[str, Any]) -> Feed:
    """Read CISA's catalogue of known exploited vulnerabilities."""
    feed = Feed("cisagov/kev-data", "CC0 (US government)", "KEV (imported)")
    feed.as_of = day(str(document.get("dateReleased", ""))[:10])
    for value in document["vulnerabilities"]:
        cve = str(value.get("cveID", ""))[:40] if isinstance(value, dict) else ""
        added = day(str(value.get("dateAdded", ""))[:10]) if cve else None
        if not is_cve(cve) or added is None:
            feed.refused.append(f"an entry {cve!r} without a CVE or without the day it was added")
            continue
        due = day(str(value.get("dueDate", ""))[:10])
        known = str(value.get("knownRansomwareCampaignUse", ""))
        product = f"{value.get('vendorProject', '')} {value.get('product', '')}"[
            :CELL_LIMIT
        ].lower()
        feed.exploited.append(
            ExploitedClaim(
                cve,
                added.isoformat(),
                due.isoformat() if due else "",
                known if known in ("Known", "Unknown") else "",
                "microsoft" in product and "exchange" in product,
            )
        )
    return feed


_DOCUMENTS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Feed]], ...] = (
    (lambda d: isinstance(d, dict) and isinstance(d.get("vulnerabilities"), list), _exploited),
    (lambda d: _objects(d, "name"), _names),
    (lambda d: _objects(d, "cves"), _vulnerable),
    (
        lambda d: (
            isinstance(d, dict)
            and bool(d)
            and all(is_cve(str(key)[:40]) and isinstance(d[key], dict) for key in d)
        ),
        _affected,
    ),
)
