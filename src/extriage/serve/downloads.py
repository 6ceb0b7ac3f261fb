"""The case in a format to keep: what a browser calls the file, and what it may take it for."""

from collections.abc import Mapping

from starlette.responses import Response

from extriage.casefile.whole import zipped
from extriage.model.case import Case
from extriage.reports import RenderOptions, Report

_PLAIN = (".txt", "text/plain; charset=utf-8")
_TYPES: Mapping[str, tuple[str, str]] = {
    "html": (".html", "text/html; charset=utf-8"),
    "json": (".json", "application/json"),
    "navigator": (".json", "application/json"),
    "stix": (".json", "application/json"),
    "misp": (".json", "application/json"),
    "timesketch": (".jsonl", "application/x-ndjson"),
    "ocsf": (".jsonl", "application/x-ndjson"),
    "csv-set": (".zip", "application/zip"),
    "csv": (".csv", "text/csv; charset=utf-8"),
    "persistence-csv": (".csv", "text/csv; charset=utf-8"),
    "exposures-csv": (".csv", "text/csv; charset=utf-8"),
    "markdown": (".md", "text/markdown; charset=utf-8"),
    "plan": (".md", "text/markdown; charset=utf-8"),
    "plan-powershell": (".ps1", "text/plain; charset=utf-8"),
}


def download(report: Report, case: Case, options: RenderOptions) -> Response:
    """Return a report as a file that is saved, never opened in the browser beside this server."""
    suffix, kind = _TYPES.get(report.format, _PLAIN)
    name = f"extriage-{report.format}"
    headers = {
        "Content-Type": kind,
        "Content-Disposition": f'attachment; filename="{name}{suffix}"',
    }
    return Response(_bytes(report, case, options, name), headers=headers)


def _bytes(report: Report, case: Case, options: RenderOptions, name: str) -> bytes:
    if report.files is None:
        return report.render(case, options).encode("utf-8", "replace")
    files = report.files(case, options)
    return zipped(name, {one: text.encode("utf-8", "replace") for one, text in files.items()})
