"""The page of a case: what it holds, in which order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from extriage.model.case import Case
from extriage.model.host import Host
from extriage.reports.base import RenderOptions
from extriage.reports.html.sections.actions import Due, actions
from extriage.reports.html.sections.basis import basis
from extriage.reports.html.sections.bounds import (
    HOSTS_IN_FULL,
    NAME_CHARACTERS,
    PROOF_CHARACTERS,
    Bounds,
)
from extriage.reports.html.sections.exposures import DataExposure, data_exposure
from extriage.reports.html.sections.glance import Tile, glance
from extriage.reports.html.sections.hands import SightingView, hands, sightings
from extriage.reports.html.sections.ladders import Ladders, ladders
from extriage.reports.html.sections.masthead import masthead
from extriage.reports.html.sections.patch import PatchView, patch_view
from extriage.reports.html.sections.servers import in_full, servers
from extriage.reports.html.sections.sessions import Visitors, visitors
from extriage.reports.html.sections.unsure import Unsure, case_wide, unsure
from extriage.reports.html.sections.verdict import VerdictView, verdict
from extriage.reports.html.sections.ways import WaysBack, ways_back
from extriage.reports.html.shell import document
from extriage.reports.html.tables import Table, tables_of
from extriage.reports.neutral import cut
from extriage.reports.pictures import (
    attack_timeline,
    case_overview,
    coverage_map,
    patch_history,
)


@dataclass(frozen=True, slots=True)
class ServerPage:
    """Everything that the page tells of one server."""

    at: int
    """Position in the case; all ids of this server begin with `h<at>-`."""
    level: int
    """Level of its sections' headings."""
    name: str
    verdict: VerdictView
    due: tuple[Due, ...]
    tiles: tuple[Tile, ...]
    ladders: Ladders
    visitors: Visitors
    ways: WaysBack
    data: DataExposure
    patch: PatchView
    sightings: tuple[SightingView, ...]
    sightings_left: int
    unsure: Unsure
    tables: Mapping[str, Table]
    pictures: Mapping[str, Any]
    """The drawings: `coverage`, `timeline`, `patch`."""


def render(case: Case, options: RenderOptions, *, remote: bool = False) -> str:
    """Return the whole case as one HTML document.

    With `remote` the tables ask the server that the page came from for their rows.
    """
    chosen = [at for at, _ in in_full(case.hosts)]
    tables = tables_of(case, hosts=chosen, remote=remote)
    several = len(case.hosts) > 1
    bounds = Bounds.shared_by(len(case.hosts))
    pages = [
        _server(case, at, tables.hosts[at], bounds, level=3 if several else 2) for at in chosen
    ]
    context = {
        "masthead": masthead(case, options),
        "several": several,
        "pages": pages,
        "pages_left": max(len(case.hosts) - HOSTS_IN_FULL, 0),
        "servers": servers(case.hosts) if several else None,
        "hands": hands(case, bounds),
        "overview": case_overview(case) if several else None,
        "together": attack_timeline(case, None) if several else None,
        "whole": case_wide(case, bounds),
        "basis": basis(case, options),
        "tables": tables.case,
        "remote": remote,
        "cut": cut,
        "proof_characters": PROOF_CHARACTERS,
    }
    page = document("report.html.j2", context, data={"tables": tables.island}, remote=remote)
    return page + "\n"


def _server(
    case: Case, at: int, tables: Mapping[str, Table], bounds: Bounds, *, level: int
) -> ServerPage:
    host = case.hosts[at]
    return ServerPage(
        at=at,
        level=level,
        name=cut(host.name, NAME_CHARACTERS) or "A server without a name",
        verdict=verdict(host),
        due=actions(host, at, bounds),
        tiles=glance(host, at),
        ladders=ladders(host, bounds),
        visitors=visitors(host, at, bounds),
        ways=ways_back(host, at, bounds),
        data=data_exposure(host, at, bounds),
        patch=patch_view(host.patch, at, bounds),
        sightings=sightings(host, bounds),
        sightings_left=max(len(host.sightings) - bounds.sightings, 0),
        unsure=unsure(host, case, bounds),
        tables=tables,
        pictures=_pictures(case, host),
    )


def _pictures(case: Case, host: Host) -> Mapping[str, Any]:
    return {
        "coverage": coverage_map(host),
        "timeline": attack_timeline(case, host),
        "patch": patch_history(host),
    }
