"""Builds of Exchange as people and programs write them, read without guessing.

A build of four numbers shows the security update. The version that Get-ExchangeServer displays,
three numbers, a packed number from a cookie or the name of a cumulative update (CU) show only the
CU: a server that is called so may have any of its updates.
"""

import difflib
import re
from dataclasses import dataclass

from extriage.errors import UsageError
from extriage.knowledge.builds import RELEASES, build_table, number, spell
from extriage.model.exchange import Build, BuildNumber

LIMIT = 120
"""Characters of a name that are looked at."""
_DISPLAYED = re.compile(r"(?:version\s*)?(\d{1,2})\.(\d{1,2})\s*\(build\s*(\d{1,5})\.(\d{1,5})\)")
_SERIAL = 30_000
"""The directory stores build 2375 as 32375, and some tools display it so."""
_PREFIX = re.compile(r"(?:build|version|v)?[ .:]*(?=\d)")
_SHORT = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{1,5})")
_LONG = re.compile(r"\d{1,2}(?:\s*[.,]\s*\d{1,5}){3}")
_PACKED = re.compile(r"\d{8,10}")

_PRODUCT = re.compile(r"\b(2007|2010|2013|2016|2019|se|subscription edition)\b")
_CU = re.compile(r"\b(?:(cu|cumulative update|sp|service pack) ?(\d{1,2})|(rtm)|(preview))\b")
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_SU = re.compile(rf"\b({_MONTHS})[a-z]* ?(?:20)?(\d\d) ?(su|hu)(?: ?v(\d))?\b")
_RU = re.compile(r"\b(?:ru|ur|update rollup|rollup) ?(\d{1,2})(?: ?v(\d))?\b")
_KB = re.compile(r"\bkb ?(\d{6,7})\b")
_NOISE = re.compile(r"\b(microsoft|exchange|server)\b|[\s.]+")


@dataclass(frozen=True, slots=True)
class Resolved:
    """A build as it was asked for, and how exactly it was named."""

    asked: str
    build: BuildNumber
    precision: str
    """`su`: the security update is known; `cu`: only the cumulative update is."""


def resolve(text: str) -> Resolved:
    """Read a build in any common spelling; UsageError with the nearest builds for all others."""
    asked = text.strip()
    if len(asked) > LIMIT:
        raise UsageError(f"{asked[:40]!r}… is too long for the name of a build")
    found = _numbers(asked.casefold()) or _packed(asked)
    if found is None:
        found = _named(asked)
    build, precision = found
    if not build_table().product(build) and build <= _newest():
        raise UsageError(f"{asked!r} is no build of Exchange that is known; {_nearest(build)}")
    return Resolved(asked, build, precision)


def _newest() -> BuildNumber:
    return max(one.number for one in build_table().builds)


def _numbers(text: str) -> tuple[BuildNumber, str] | None:
    if shown := _DISPLAYED.fullmatch(text):
        major, minor, build, revision = map(int, shown.groups())
        build -= _SERIAL if build > _SERIAL else 0
        return (major, minor, build, revision), "cu"
    text = _PREFIX.sub("", text, count=1)
    if _LONG.fullmatch(text):
        found = number(text)
        if found:
            return found, "cu" if _unrevised(found) else "su"
    if short := _SHORT.fullmatch(text):
        major, minor, build = map(int, short.groups())
        return _of_three(major, minor, build)
    return None


def _unrevised(build: BuildNumber) -> bool:
    """Tell whether the last number is a mere filler, as in the versions that proxies name."""
    table = build_table()
    known = any(one.number == build for one in table.builds)
    return build[3] == 0 and not known and table.name(build) is not None


def _of_three(major: int, minor: int, build: int) -> tuple[BuildNumber, str]:
    """Complete three numbers: before Exchange 2013 they tell the rollup, later only the CU."""
    same = [one for one in build_table().builds if one.number[:3] == (major, minor, build)]
    if not same:
        return (major, minor, build, 0), "cu"
    if major < 15:
        return same[-1].number, "su"
    return next((one for one in same if one.kind in RELEASES), same[0]).number, "cu"


def _packed(text: str) -> tuple[BuildNumber, str] | None:
    """Unpack the number that Exchange writes into cookies and anchors, such as 1942063431."""
    if not _PACKED.fullmatch(text):
        return None
    whole = int(text)
    major, minor, build = (whole >> 22) & 63, (whole >> 16) & 63, whole & 0x7FFF
    if major not in (8, 14, 15):
        raise UsageError(f"{text} is no packed version of Exchange: it would be {major}.{minor}")
    return _of_three(major, minor, build)


def _named(asked: str) -> tuple[BuildNumber, str]:
    """Read a name such as `Exchange 2019 CU14 Mar24SU`; UsageError for what is left over."""
    text = re.sub(r"[\s_,;:/()\[\]+-]+", " ", asked.casefold())
    text = re.sub(r"\b(exchange|server)(?=\d)", r"\1 ", text)
    text = re.sub(r"(?<=\d)(?=(?:cu|sp|rtm) ?\d?)", " ", text)
    words, rest = _words(text)
    if rest or not any(words.values()):
        raise UsageError(f"{asked!r} is no build or name of Exchange that is known; {_like(asked)}")
    if not words["product"] and not words["kb"]:
        raise UsageError(f"{asked!r} names no product; {_like(asked)}")
    return _find(asked, words)


def _words(text: str) -> tuple[dict[str, str], str]:
    """Return product, CU, update and KB that a text names, and what it says besides."""
    words = dict.fromkeys(("product", "cu", "su", "kb"), "")

    def take(name: str, pattern: re.Pattern[str]) -> re.Match[str] | None:
        nonlocal text
        found = pattern.search(text)
        if found and not words[name]:
            text = f"{text[: found.start()]} {text[found.end() :]}"
            return found
        return None

    if found := take("su", _SU):
        month, year, kind, version = found.groups()
        words["su"] = f"{month.capitalize()}{year}{kind.upper()}" + (
            f"v{version}" if version else ""
        )
    elif found := take("su", _RU):
        words["su"] = f"RU{found[1]}" + (f"v{found[2]}" if found[2] else "")
    if found := take("kb", _KB):
        words["kb"] = found[1]
    if found := take("cu", _CU):
        kind = "SP" if (found[1] or "").startswith("s") else "CU"
        words["cu"] = f"{kind}{found[2]}" if found[2] else found[0].upper()
    if found := take("product", _PRODUCT):
        words["product"] = "SE" if found[1].startswith("s") else found[1]
    return words, _NOISE.sub("", text)


def _find(asked: str, words: dict[str, str]) -> tuple[BuildNumber, str]:
    fitting = [one for one in build_table().builds if _fits(one, words)]
    if words["su"] or words["kb"]:
        lines = {(one.product, one.cu) for one in fitting}
        if len(lines) == 1:
            return max(one.number for one in fitting), "su"
    else:
        releases = [one for one in fitting if one.kind in (*RELEASES, "Preview")]
        if len(releases) == 1:
            return releases[0].number, "cu"
        fitting = releases
    if fitting:
        named = ", ".join(_call(one) for one in fitting[-3:])
        raise UsageError(f"{asked!r} may be several builds: name the CU as well, such as {named}")
    raise UsageError(f"{asked!r} is no build of Exchange that is known; {_like(asked)}")


def _fits(build: Build, words: dict[str, str]) -> bool:
    return (
        words["product"] in ("", build.product)
        and words["cu"].casefold() in ("", build.cu.casefold(), build.kind.casefold())
        and (not words["su"] or words["su"].casefold() == build.su.casefold())
        and words["kb"] in ("", build.kb)
    )


def _call(build: Build) -> str:
    return f"{build.product} {build.cu} {build.su}".rstrip()


def _like(asked: str) -> str:
    """Name the builds whose names look most alike."""
    names = {_call(one): one for one in build_table().builds if one.su != "?"}
    text = re.sub(r"\b(microsoft|exchange|server)\b", "", asked.casefold()).strip()
    lowered = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(text, lowered, 3, 0.4)
    shown = [f"{spell(names[lowered[name]].number)} ({lowered[name]})" for name in near]
    return _nearby(shown)


def _nearest(build: BuildNumber) -> str:
    """Name the builds whose numbers are closest."""
    known = [one for one in build_table().builds if one.su != "?"]
    near = sorted(
        known, key=lambda one: [abs(a - b) for a, b in zip(one.number, build, strict=True)]
    )
    return _nearby([f"{spell(one.number)} ({_call(one)})" for one in near[:3]])


def _nearby(shown: list[str]) -> str:
    nearest = f"nearest: {', '.join(shown)}; " if shown else ""
    return f'{nearest}write a build like 15.1.2375.7 or a name like "2016 CU22 Nov22SU"'
