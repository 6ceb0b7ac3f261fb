"""Cases to look at in a browser: one with all there is, hostile ones, a huge one."""

from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import chain as joined
from itertools import islice
from typing import TypeVar, cast

from cases import CASES, CVES, at, evidence, finding, flooded, suppressed_case

from extriage.model.case import Case
from extriage.model.detection import Finding, Level, Stage
from extriage.model.evidence import BuildSeen
from extriage.model.host import (
    Action,
    AdvisoryState,
    Command,
    OpenWindow,
    Patch,
    State,
    Support,
    SupportState,
    When,
)
from extriage.model.state import Answer, CheckAnswer, Proof
from extriage.reports import REPORTS, RenderOptions

T = TypeVar("T")


def page_of(case: Case, tlp: str = "amber") -> str:
    """Return the page of a case as `report --format html` writes it."""
    for name, one in CASES_TO_SEE.items():
        if one is case:
            return _page_named(name, tlp)
    return REPORTS["html"].render(case, RenderOptions(tlp=tlp))


@cache
def _page_named(name: str, tlp: str) -> str:
    return REPORTS["html"].render(CASES_TO_SEE[name], RenderOptions(tlp=tlp))


@cache
def everything() -> Case:
    """Return a case of one server on which every part of the page has something to show."""
    (robbed,) = CASES["robbed"].hosts
    quiet = suppressed_case()
    server = replace(
        robbed,
        patch=_patch(),
        suppressed=quiet.hosts[0].suppressed,
        notes=(*robbed.notes, "The logs of two days were copied twice; they were read once."),
        actions=(*robbed.actions, *_actions()),
    )
    return replace(
        CASES["robbed"],
        hosts=(server,),
        unassigned=quiet.unassigned,
        suppressions=quiet.suppressions,
    )


def _actions() -> tuple[Action, ...]:
    look = Command(
        "Get-ChildItem 'C:\\inetpub' -Recurse |\n  Select-Object FullName", "Look.", False
    )
    take = Command("Remove-Item -LiteralPath 'C:\\inetpub\\x.aspx' -WhatIf", "Take it out.", True)
    shells = Action("shells", "Remove the web shells", "Each one.", When.BEFORE_RECONNECTING)
    shell = Action(
        *("shells/1", "Remove /owa/auth/ohyeah.aspx", "Keep a copy.", When.BEFORE_RECONNECTING),
        because=("f-proxylogon-iis-shell-used",),
        commands=(look, take),
        verify="Asking for the page gives 404.",
        needs=("preserve",),
    )
    return (shells, shell)


def _patch() -> Patch:
    opened = OpenWindow(
        {
            "from": at("2021-01-03"),
            "to": at("2021-03-16 12:00"),
            "days": 73,
            "closed": False,
            "proved": True,
            "note": "No fixed build was seen.",
        }
    )
    states = [
        AdvisoryState(
            name,
            state,
            note="The check of extended protection is not answered.",
            name=name.replace("CVE", "Known as"),
            severity="Critical",
            cvss=9.8,
            exploited_since="2021-01-03",
            kev=date(2021, 11, 3),
            window=opened if state is State.OPEN else None,
        )
        for name, state in zip(
            CVES, (State.OPEN, State.OPEN_NO_PACKAGE, State.FIXED, State.OPEN), strict=True
        )
    ]
    return Patch(
        *("15.1.2176.2", "2016", "CU19", ""),
        sources=(
            BuildSeen("15.1.2106.2", "httpproxy", at("2021-01-02"), at("2021-02-11 22:00")),
            BuildSeen("15.1.2176.2", "httpproxy, ews", at("2021-02-11 23:30"), at("2021-03-16 12")),
            BuildSeen("15.1.2176.0", "ExSetup.exe", None, None, "cu"),
        ),
        advisories=(
            *states,
            AdvisoryState("CVE-2021-34473", State.CANNOT_TELL),
            AdvisoryState("CVE-2024-21410", State.UNSUPPORTED),
        ),
        support=Support(SupportState.UNSUPPORTED, date(2021, 6, 15), "Support of CU19 ended."),
        conflicts=("ExSetup.exe says 15.1.2176.0, HttpProxy says 15.1.2176.2.",),
        checks=tuple(
            CheckAnswer(
                *(f"CHECK{n}", f"Question {n} about the server", CVES[:n], answer),
                "Read in applicationHost.config.",
                (Proof("EXCH01/Windows/System32/inetsrv/config/applicationHost.config", 9, "a"),),
            )
            for n, answer in enumerate(Answer, 1)
        ),
        action=(Action("cu", "Install CU23", "The last one.", When.THIS_WEEK),),
    )


@cache
def three_servers() -> Case:
    """Return a case of three servers, one of them with everything."""
    (full,) = everything().hosts
    others = islice(CASES["three-hosts"].hosts, 2)
    return replace(everything(), hosts=(*others, full))


_PLAIN = ("targeted", "no-sign", "cannot-tell", "no-host", "suppressed")

CASES_TO_SEE: dict[str, Case] = {
    "everything": everything(),
    "three": three_servers(),
    **{
        name: CASES[name]
        for name in ("targeted", "no-sign", "cannot-tell", "no-host", "suppressed")
    },
}
"""Everybody who opens a page sees one of these kinds, by name."""


def crowd(payloads: Sequence[str]) -> Case:
    """Return a case with one server for each payload, which stands in every text of that server.

    What belongs to the whole case is there once for each payload too; what a case has only one of,
    such as the version of the tool, holds all of them in a row.
    """
    whole = slim(everything(), 1)
    copies = [flooded(whole, payload) for payload in payloads]
    tools = [one.tool for one in copies]
    return replace(
        whole,
        tool=replace(
            flooded(whole.tool, " ".join(payloads)),
            refused_rules=_all(one.refused_rules for one in tools),
            slow_rules=tuple(payloads),
        ),
        hosts=_all(one.hosts for one in copies),
        unassigned=_all(one.unassigned for one in copies),
        clusters=_all(one.clusters for one in copies),
        indicators=_all(one.indicators for one in copies),
        timeline=_all(one.timeline for one in copies),
        suppressions=_all(one.suppressions for one in copies),
    )


def slim(value: T, most: int = 2) -> T:
    """Return the same value with no more than so many of each thing that it holds several of."""
    if isinstance(value, tuple):
        many = value if any(isinstance(one, str | int) for one in value) else value[:most]
        return cast("T", tuple(slim(one, most) for one in many))
    if is_dataclass(value) and not isinstance(value, type):
        new = {one.name: slim(getattr(value, one.name), most) for one in fields(value)}
        return cast("T", replace(value, **new))
    return value


def _all(many: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(joined.from_iterable(many))


@cache
def huge(findings: int = 10_000) -> Case:
    """Return a case of one server with so many findings, as a flood of scanners leaves them."""
    full = everything()
    (server,) = full.hosts
    return replace(full, hosts=(replace(server, findings=(*server.findings, *_flood(findings))),))


def _flood(count: int) -> Iterable[Finding]:
    start = at("2021-03-02 00:00:00")
    for n in range(count - 7):
        when = f"{start + timedelta(seconds=97 * n):%Y-%m-%d %H:%M:%S}"
        lines = [
            evidence(
                *("EXCH01/inetpub/logs/LogFiles/W3SVC1/u_ex2103.log", 3_000 + 7 * n + k, when),
                f"{when} 10.0.0.5 GET /owa/auth/page{n}.aspx cmd=needle{n}x&k={k} 443 - "
                f"198.51.{n // 250}.{n % 250} Mozilla/5.0+(Windows+NT+10.0;+Win64) - 404 0 2 6",
            )
            for k in range(2)
        ]
        yield finding(f"flood-{n}", Stage.PROBED, lines, level=Level.MEDIUM)
