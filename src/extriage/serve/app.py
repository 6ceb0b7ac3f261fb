"""The routes: what can be asked of a case, all of it read-only.

`/` is the report, `/rows/<table>` hands out rows by the page, `/trail` and `/record` are the trail
of the suspects, `/line` is one line of evidence, `/report.<format>` the case in a format to keep.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from extriage.casefile import load
from extriage.casefile.searched import has_trail
from extriage.errors import CaseError
from extriage.model.case import Case
from extriage.reports import REPORTS, RenderOptions
from extriage.reports.html.page import render
from extriage.reports.html.tables import case_tables, host_tables
from extriage.reports.neutral import visible
from extriage.serve import pages
from extriage.serve.downloads import download
from extriage.serve.guard import Guard, known_as
from extriage.serve.held import HeldRows
from extriage.serve.question import (
    Question,
    QuestionError,
    Source,
    number,
    once,
    read_question,
    read_words,
    shown,
)
from extriage.serve.token import Token
from extriage.serve.trail import TrailRows


@dataclass(frozen=True, slots=True)
class Served:
    """A case on its way to readers."""

    case: Case
    options: RenderOptions
    report: str
    """The report as a page, whose tables ask for their rows."""
    sources: dict[str, Source]
    trail: TrailRows | None


def open_case(path: Path, options: RenderOptions) -> Served:
    """Read a case folder, or a `case.json`; UsageError if that cannot be."""
    case = load(path)
    folder = path if path.is_dir() else path.parent
    database = folder / "case.db"
    trail = TrailRows(database) if has_trail(database) else None
    tables = [
        *(
            table
            for at, host in enumerate(case.hosts)
            for table in host_tables(host, at, case).values()
        ),
        *case_tables(case).values(),
    ]
    sources: dict[str, Source] = {table.id: HeldRows(table) for table in tables}
    if trail is not None:
        sources["trail"] = trail
    return Served(case, options, render(case, options, remote=True), sources, trail)


def application(
    served: Served, host: str, names: Collection[str] = (), token: Token | None = None
) -> ASGIApp:
    """Return the whole server for an address, behind its guard."""
    answers = Answers(served)
    routes = [
        Route("/", answers.report),
        Route("/rows/{table}", answers.rows),
        Route("/more", answers.more),
        Route("/trail", answers.trail),
        Route("/record", answers.record),
        Route("/line", answers.line),
        Route("/report.{form}", answers.download),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: _missing,
            QuestionError: _senseless,
            CaseError: _changed,
            Exception: _broken,
        },
    )
    app.router.redirect_slashes = False
    return Guard(app, known_as(host, names), token)


@dataclass(frozen=True, slots=True)
class Answers:
    """The answer to each route; in threads, so that a long search does not hold up the rest."""

    served: Served
    one_at_a_time: Lock = field(default_factory=Lock)
    """A format is made of the whole case: of many at once each would need that much memory."""

    # NOTE: without a thread, because all of them may be taken by searches.
    async def report(self, _: Request) -> Response:
        """Show the report."""
        return pages.page(self.served.report)

    def rows(self, request: Request) -> Response:
        """Hand out rows of a table, or the values of one of its columns."""
        source = self.served.sources.get(request.path_params["table"])
        if source is None:
            raise HTTPException(404)
        asked = request.query_params.multi_items()
        column = read_words(source.columns, asked)
        if column is not None:
            return JSONResponse({"words": shown(tuple(source.words(column)))})
        answer = source.answer(read_question(source.columns, asked))
        rows = [shown(row) for row in answer.rows]
        return JSONResponse({"rows": rows, "matched": answer.matched, "page": answer.page})

    def more(self, _: Request) -> Response:
        """Show what else can be had."""
        return pages.page(pages.more_page(len(self.served.trail) if self.served.trail else 0))

    def trail(self, _: Request) -> Response:
        """Show the trail."""
        trail = self._trail()
        first = trail.answer(Question(size=pages.PRINTED)).rows
        return pages.page(pages.trail_page(trail.columns, first, len(trail)))

    def record(self, request: Request) -> Response:
        """Show one record of the trail with what stands around it."""
        trail = self._trail()
        row = number("row", once(request.query_params.multi_items()).get("row", ""), 0, 10**9)
        record = trail.record(row)
        if record is None:
            raise HTTPException(404)
        path, line, time = record["path"], record["line"], record["time"]
        beside = trail.beside(str(path), line if isinstance(line, int) else 0)
        around = trail.around(str(record["host"]), time) if isinstance(time, datetime) else ()
        return pages.page(pages.record_page(record, pages.near(beside), pages.near(around, row)))

    def line(self, request: Request) -> Response:
        """Show one line of a finding with what stands around it in the trail."""
        asked = once(request.query_params.multi_items())
        at = number("host", asked.get("host", ""), 0, 10**9)
        position = number("at", asked.get("at", ""), 1, 10**9)
        hosts = self.served.case.hosts[at : at + 1]
        # NOTE: addresses are made by the page, which has ids as they are shown.
        named = visible(asked.get("finding", ""))
        found = [one for host in hosts for one in host.findings if visible(one.id) == named]
        if not found or position > len(found[0].evidence):
            raise HTTPException(404)
        line, trail = found[0].evidence[position - 1], self.served.trail
        beside = pages.near(trail.beside(line.path, line.line)) if trail else []
        around = pages.near(trail.around(hosts[0].name, line.time)) if trail and line.time else []
        text = pages.evidence_page(at, found[0], line, (beside, around), trail=bool(trail))
        return pages.page(text)

    def download(self, request: Request) -> Response:
        """Hand out the case in a format to keep."""
        report = REPORTS.get(request.path_params["form"])
        if report is None:
            raise HTTPException(404)
        with self.one_at_a_time:
            return download(report, self.served.case, self.served.options)

    def _trail(self) -> TrailRows:
        if self.served.trail is None:
            raise HTTPException(404)
        return self.served.trail


async def _missing(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return pages.told(status, "There is no such page here, or the case holds no such thing.")


async def _senseless(request: Request, error: Exception) -> Response:
    if request.url.path.startswith("/rows/"):
        return JSONResponse({"error": str(error)}, 400)
    return pages.told(400, f"The address makes no sense: {error}.")


async def _changed(_: Request, error: Exception) -> Response:
    return pages.told(410, f"{error}.")


async def _broken(_: Request, error: Exception) -> Response:
    return pages.told(500, f"Internal error ({type(error).__name__}); please report it.")
