"""The reports: each makes one document from a whole case, without the evidence.

A new format is a module with `render(case, options) -> str` and one line in `REPORTS`. The modules
are imported when they are asked for, so that the command line starts without their libraries.
"""

from extriage.model.case import Case
from extriage.reports.base import RenderOptions, Report

__all__ = ["REPORTS", "RenderOptions", "Report"]


def _text(case: Case, options: RenderOptions) -> str:
    from extriage.reports import terminal  # noqa: PLC0415  # rich is slow to import

    return terminal.render(case, options)


def _json(case: Case, options: RenderOptions) -> str:
    from extriage.reports import jsonfile  # noqa: PLC0415

    return jsonfile.render(case, options)


def _html(case: Case, options: RenderOptions) -> str:
    from extriage.reports import html  # noqa: PLC0415  # jinja2 is slow to import

    return html.render(case, options)


def _csv(case: Case, options: RenderOptions) -> str:
    from extriage.reports import csvfile  # noqa: PLC0415

    return csvfile.render(case, options)


def _ways_back(case: Case, options: RenderOptions) -> str:
    from extriage.reports import waysbackcsv  # noqa: PLC0415

    return waysbackcsv.render(case, options)


def _exposures(case: Case, options: RenderOptions) -> str:
    from extriage.reports import exposurescsv  # noqa: PLC0415

    return exposurescsv.render(case, options)


def _navigator(case: Case, options: RenderOptions) -> str:
    from extriage.reports import navigator  # noqa: PLC0415

    return navigator.render(case, options)


def _plan(case: Case, options: RenderOptions) -> str:
    from extriage.reports import plan  # noqa: PLC0415

    return plan.render(case, options)


def _plan_script(case: Case, options: RenderOptions) -> str:
    from extriage.reports import planscript  # noqa: PLC0415

    return planscript.render(case, options)


REPORTS: dict[str, Report] = {
    report.format: report
    for report in (
        Report(
            "text", "one screen for a server: verdict, reason, proof, coverage, next steps", _text
        ),
        Report("html", "a page to read and to hand on: one file, opened without a network", _html),
        Report("json", "the whole case as one document (schema extriage.case/1)", _json),
        Report("csv", "one row for each line of evidence, safe to open in a spreadsheet", _csv),
        Report("persistence-csv", "one row for each way back in, as safe as csv", _ways_back),
        Report("exposures-csv", "one row for each exposure of data and each answer", _exposures),
        Report("navigator", "a layer for the ATT&CK Navigator: the techniques seen", _navigator),
        Report("plan", "what to do, in order, with reasons and commands (Markdown)", _plan),
        Report("plan-powershell", "the plan's commands as a file to review", _plan_script),
    )
}
"""Every format by its name, in the order in which the help text lists them."""
