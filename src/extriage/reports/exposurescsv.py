"""Exposed data as one CSV table, safe to open in a spreadsheet.

One row for each entry of the ledger, then one for each question that is answered. Columns:

- `host`, `verdict`: the server and what is said about all of it
- `row`: `entry` or `answer`
- `state`: of an entry taken, read, ready, leaking, reachable or attempted; of an answer shown,
  possible, not-shown-while-covered or cannot-tell
- `kind`, `object`: what it is and what it is called; `certainty`: how sure that is
- `text`: one sentence; `first`, `last`: UTC times, ISO 8601; of an answer the time it is about
- `who`: addresses and accounts; `intruders`, `sessions`: whose it was
- `requests_low` to `bytes_high`: bounds; an empty upper bound is not known
- `how`: operations or methods
- `mailbox`, `file`, `outcome`, `finished`, `fetched`, `on_disk`, `removed`: of an export; empty
  where nobody can tell
- `unknown`: what cannot be told and which log would tell; of an answer the logs that are missing
- `looked`: of an answer the logs that were looked at
- `id`, `findings`: as in the JSON report

Several values in one cell are divided by ` | `. Line breaks and control characters are visible
escapes; what would start a formula has an apostrophe in front. The exact texts are in the JSON
report.
"""

from collections.abc import Iterator

from extriage.model.case import Case
from extriage.model.exposure import Export, Exposure, ExposureAnswer
from extriage.model.host import Host
from extriage.model.session import Amount
from extriage.reports.base import RenderOptions
from extriage.reports.sheet import joined, sheet_of, stamp

COLUMNS = (
    *("host", "verdict", "row", "state", "kind", "object", "certainty", "text", "first", "last"),
    *("who", "intruders", "sessions"),
    *("requests_low", "requests_high", "items_low", "items_high", "bytes_low", "bytes_high"),
    *("how", "mailbox", "file", "outcome", "finished", "fetched", "on_disk", "removed"),
    *("unknown", "looked", "id", "findings"),
)


def render(case: Case, options: RenderOptions) -> str:
    """Return the table with its header, rows in the order of the case."""
    return sheet_of(COLUMNS, (row for host in case.hosts for row in _rows(host)))


def _rows(host: Host) -> Iterator[tuple[str, ...]]:
    yield from (_entry(host, one) for one in host.exposures)
    yield from (_answer(host, one) for one in host.exposure_answers)


def _entry(host: Host, one: Exposure) -> tuple[str, ...]:
    return (
        *(host.name, host.verdict.status.value, "entry", one.state.value, one.kind, one.object),
        *(one.certainty.value, one.text, stamp(one.first), stamp(one.last)),
        *(joined(one.by), joined(one.intruders), joined(one.sessions)),
        *(*_bounds(one.requests), *_bounds(one.items), *_bounds(one.bytes_out)),
        *(joined(one.how), *_export(one.export)),
        *(joined(one.unknown), "", one.id, joined(one.findings)),
    )


def _answer(host: Host, one: ExposureAnswer) -> tuple[str, ...]:
    first = stamp(one.window["from"]) if one.window else ""
    last = stamp(one.window["to"]) if one.window else ""
    return (
        *(host.name, host.verdict.status.value, "answer", one.answer.value, one.kind, one.title),
        *("", one.text, first, last, "", "", "", *[""] * 6, "", *[""] * 7),
        *(joined(one.missing), joined(one.looked), joined(one.exposures), ""),
    )


def _export(one: Export | None) -> tuple[str, ...]:
    if one is None:
        return ("",) * 7
    told = {True: "yes", False: "no", None: ""}
    return (
        *(one.mailbox, one.file, one.outcome, stamp(one.finished)),
        *(told[one.fetched], told[one.on_disk], told[one.request_removed]),
    )


def _bounds(many: Amount | None) -> tuple[str, str]:
    if many is None:
        return "", ""
    return str(many.low), "" if many.high is None else str(many.high)
