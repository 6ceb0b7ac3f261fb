"""What an Exchange server's public pages tell of its version.

- `X-OWA-Version`: the full build, in answers of Outlook on the web
- the manifest of the eDiscovery export tool: the full build in its `assemblyIdentity`
- links of the logon page: `/owa/auth/15.1.2507/…`, the cumulative update (2013 and later);
  `/owa/14.3.513.0/…`, the full build (2010 and earlier)
- `X-FEServer`: the server's name

Reading only; `fingerprint` does the asking. What a server says is bounded and not trusted.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import islice

from extriage.model.exchange import BuildNumber
from extriage.model.fingerprint import (
    HTTPS,
    Asked,
    Fingerprint,
    Precision,
    Sign,
    Target,
    Trouble,
)

_TEXT, _NAME = 160, 64
_SIGNS, _NAMES = 8, 4
_BUILD = r"(\d{1,2})\.(\d{1,2})\.(\d{1,5})(?:\.(\d{1,5}))?"
_HEADER = re.compile(_BUILD)
_LINK = re.compile(rf"/owa/(auth/|prem/)?{_BUILD}/", re.IGNORECASE)
_IDENTITY = re.compile(
    r"<(?:\w{1,20}:)?assemblyIdentity\s[^<>]{0,600}?ediscovery\.exporttool[^<>]{0,600}>",
    re.IGNORECASE,
)
_IDENTITY_VERSION = re.compile(rf"""\sversion=["']{_BUILD}["']""")
_LOGON_FORM = ("/owa/auth.owa", "owaauth.dll", "flogon.js")
"""What the logon pages of all versions since 2007 refer to, and no other page does."""
_EXCHANGE_HEADERS = ("x-owa-version", "x-feserver", "x-calculatedbetarget", "x-beserver")
_PLACE = re.compile(r"(?:(?P<scheme>\w+:)?//(?P<server>[^/?#\\]*))?(?P<path>/[^?#]*)")
_CLOUD = (15, 20)
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back on one request."""

    path: str
    """The page that was asked for."""
    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    """The page, as Latin-1 so that every byte can be read; empty unless the status is 200."""
    tls: str

    def header(self, name: str) -> list[str]:
        """Return the values of a header."""
        return [value.strip() for key, value in self.headers if key.lower() == name]

    @property
    def location(self) -> str:
        """Where it sends the caller, bounded; empty if nowhere."""
        places = self.header("location") if self.status in _REDIRECTS else []
        return places[0][: 2 * _TEXT] if places else ""


@dataclass(slots=True)
class Heard:
    """What one server has said so far."""

    signs: list[Sign] = field(default_factory=list)
    servers: list[str] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    tls: str = ""
    exchange: bool = False
    """True when something in an answer is Exchange's, be it without a version."""
    cloud: str = ""
    """The version of Exchange Online, if it is that."""
    software: str = ""
    """The `Server` header of the last answer."""
    away: str = ""
    """A place outside the pages that may be asked for, to which it sends callers."""

    @property
    def best(self) -> Sign | None:
        """The sign that tells most; of two alike the first."""
        full = [sign for sign in self.signs if sign.precision is Precision.SU]
        return next(iter(full + self.signs), None)

    @property
    def settled(self) -> bool:
        """True when asking further would tell nothing more."""
        best = self.best
        return bool(self.cloud) or (best is not None and best.precision is Precision.SU)


def read_answer(heard: Heard, answer: Answer) -> None:
    """Add what one answer tells."""
    heard.asked.append(Asked(answer.path, answer.status, answer.location))
    heard.tls = answer.tls or heard.tls
    heard.software = "".join(answer.header("server"))[:_NAME]
    heard.exchange = heard.exchange or _is_exchange(answer)
    names = [name[:_NAME] for name in answer.header("x-feserver") if name]
    heard.servers = list(dict.fromkeys([*heard.servers, *names]))[:_NAMES]
    for sign in islice(_signs(answer), _SIGNS):
        if sign.build[:2] == _CLOUD:
            heard.cloud = sign.text
        elif len(heard.signs) < _SIGNS:
            heard.signs.append(sign)


def next_page(target: Target, answer: Answer, pages: Iterable[str]) -> str:
    """Return the page of the same server that it sends callers to, if that may be asked for."""
    place = _PLACE.match(answer.location)
    if place is None or not _same_server(target, place):
        return ""
    path = place["path"].lower()
    return next((page for page in pages if page.lower() in (path, f"{path}/")), "")


def elsewhere(target: Target, answer: Answer, pages: Iterable[str]) -> str:
    """Return the place that it sends callers to, if that may not be asked for."""
    if not answer.location or next_page(target, answer, pages):
        return ""
    place = _PLACE.match(answer.location)
    return (place[0] if place else answer.location)[:_TEXT]


def conclude(heard: Fingerprint, told: Heard, failure: tuple[Trouble, str] | None) -> Fingerprint:
    """Choose the best sign, or say why there is none; `failure` is what ended the asking."""
    heard = replace(
        heard,
        tls=told.tls,
        asked=tuple(told.asked),
        signs=tuple(told.signs),
        servers=tuple(told.servers),
    )
    best = told.best
    if best is None:
        trouble, reason = _trouble(told, failure)
        return replace(heard, trouble=trouble, reason=reason)
    notes = tuple(_notes(told, best, failure[1] if failure else ""))
    return replace(heard, build=best.build, precision=best.precision, notes=notes)


def _trouble(told: Heard, failure: tuple[Trouble, str] | None) -> tuple[Trouble, str]:
    if told.cloud:
        return Trouble.CLOUD, f"Exchange Online ({told.cloud}): Microsoft keeps it up to date"
    if told.exchange:
        return Trouble.HIDDEN, "Exchange answers, but something takes its version away"
    if failure is not None:
        return failure
    if told.away:
        return Trouble.ELSEWHERE, f"it sends callers to {told.away}, which was not asked"
    codes = ", ".join(str(asked.status) for asked in told.asked)
    about = f" (Server: {told.software})" if told.software else ""
    return Trouble.NOT_EXCHANGE, f"no sign of Exchange: it answered {codes}{about}"


def _notes(told: Heard, best: Sign, failure: str) -> Iterable[str]:
    if len(told.servers) > 1:
        names = ", ".join(told.servers)
        yield f"several servers answer to this name ({names}); the build is that of one of them"
    if len({sign.build[:3] for sign in told.signs}) > 1:
        yield "its answers name different cumulative updates: several servers, or stored old pages"
    if told.tls in {"TLS 1.0", "TLS 1.1"}:
        yield f"it speaks nothing newer than {told.tls}"
    if failure and best.precision is Precision.CU:
        yield f"the security update stayed unknown: {failure}"


def _signs(answer: Answer) -> Iterable[Sign]:
    for value in answer.header("x-owa-version"):
        found = _HEADER.fullmatch(value)
        if found and found[4]:
            yield from _sign("X-OWA-Version", answer.path, found)
    for element in islice(_IDENTITY.finditer(answer.body), _SIGNS):
        version = _IDENTITY_VERSION.search(element[0])
        if version and version[4]:
            yield from _sign("export tool manifest", answer.path, version)
    seen = set[str]()
    for link in _LINK.finditer(answer.body):
        if link[0].lower() not in seen:
            seen.add(link[0].lower())
            yield from _sign("link in the page", answer.path, link, groups=(2, 3, 4, 5))


def _sign(
    place: str, path: str, found: re.Match[str], groups: tuple[int, ...] = (1, 2, 3, 4)
) -> Iterable[Sign]:
    major, minor, build, revision = (int(found[group] or 0) for group in groups)
    # NOTE: from 2013 on folders are named after the cumulative update; a fourth number there is
    # not that of a security update.
    full = bool(found[groups[3]]) and (place != "link in the page" or major < 15)
    number: BuildNumber = (major, minor, build, revision if full else 0)
    if _plausible(number):
        precision = Precision.SU if full else Precision.CU
        yield Sign(place, path, found[0].strip()[:_TEXT], number, precision)


def _plausible(build: BuildNumber) -> bool:
    """Tell builds of Exchange from other numbers, such as the constant 15.0.0.0 of assemblies."""
    return 8 <= build[0] <= 19 and build[2] > 0


def _is_exchange(answer: Answer) -> bool:
    if any(answer.header(name) for name in _EXCHANGE_HEADERS):
        return True
    if answer.status == 200:
        return any(mark in answer.body for mark in _LOGON_FORM)
    return "/owa/auth/logon.aspx?" in answer.location.lower()


def _same_server(target: Target, place: re.Match[str]) -> bool:
    if place["server"] is None:
        return True
    if (place["scheme"] or "https:").lower() != "https:":
        return False
    return place["server"].lower() in (target.spelled, f"{target.spelled}:{HTTPS}")
