"""The reports: each makes a document, or a folder of files, from a case, without the evidence.

A new format is a module with `render(case, options) -> str` and one line in `REPORTS`. The modules
are imported when they are asked for, so that the command line starts without their libraries.
"""

from collections.abc import Mapping, Sequence

from extriage.errors import UsageError
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


def _ticket(case: Case, options: RenderOptions) -> str:
    from extriage.reports import ticket  # noqa: PLC0415

    return ticket.render(case, options)


def _stix(case: Case, options: RenderOptions) -> str:
    from extriage.reports import stix  # noqa: PLC0415

    return stix.render(case, options)


def _misp(case: Case, options: RenderOptions) -> str:
    from extriage.reports import mispevent  # noqa: PLC0415

    return mispevent.render(case, options)


def _timesketch(case: Case, options: RenderOptions) -> str:
    from extriage.reports import timesketch  # noqa: PLC0415

    return timesketch.render(case, options)


def _ocsf(case: Case, options: RenderOptions) -> str:
    from extriage.reports import ocsf  # noqa: PLC0415

    return ocsf.render(case, options)


def _csv_set(case: Case, options: RenderOptions) -> str:
    raise UsageError("csv-set is several files: name a folder, --format csv-set=FOLDER")


def _csv_files(case: Case, options: RenderOptions) -> Mapping[str, str]:
    from extriage.reports import csvset  # noqa: PLC0415

    return csvset.files(case, options)


def _csv_names() -> Sequence[str]:
    from extriage.reports import csvset  # noqa: PLC0415

    return csvset.NAMES


REPORTS: dict[str, Report] = {
    report.format: report
    for report in (
        Report("text", "one screen for a server: verdict, reason, proof, next steps", _text),
        Report("html", "a page to read and to hand on: one file, opened without a network", _html),
        Report("markdown", "a short text for a ticket, a mail or a wiki", _ticket),
        Report("plan", "what to do, in order, with reasons and commands (Markdown)", _plan),
        Report("plan-powershell", "the plan's commands as a file to review", _plan_script),
        Report("json", "the whole case as one document (schema extriage.case/1)", _json),
        Report("csv", "one row for each line of evidence, safe in a spreadsheet", _csv),
        Report("persistence-csv", "one row for each way back in, as safe", _ways_back),
        Report("exposures-csv", "one row for each exposure of data and each answer", _exposures),
        Report(
            "csv-set",
            "a folder or .zip of tables: findings, lines, timeline, files and so on",
            _csv_set,
            files=_csv_files,
            names=_csv_names,
        ),
        Report("stix", "a STIX 2.1 bundle for a threat intelligence platform", _stix),
        Report("misp", "a MISP event with objects, galaxies and a report", _misp),
        Report("timesketch", "events for Timesketch, as JSON lines", _timesketch),
        Report("ocsf", "findings for a SIEM or a data lake (OCSF 1.5.0), as JSON lines", _ocsf),
        Report("navigator", "a layer for the ATT&CK Navigator: the techniques seen", _navigator),
    )
}
"""Every format by its name, in the order in which the help text lists them: for people first."""
