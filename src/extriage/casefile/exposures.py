"""The ledger of exposed data as rows of `case.db`: entries, their lines, and the answers."""

from collections.abc import Iterable, Iterator

from extriage.casefile.cells import Row, iso, listed
from extriage.model.exposure import Exposure, ExposureAnswer
from extriage.model.host import Host
from extriage.model.session import Amount

TABLES = """
CREATE TABLE exposures (host TEXT, id TEXT, position INTEGER, kind TEXT, object TEXT, state TEXT,
  certainty TEXT, text TEXT, first TEXT, last TEXT, who TEXT, sessions TEXT, intruders TEXT,
  findings TEXT, requests_low INTEGER, requests_high INTEGER, items_low INTEGER,
  items_high INTEGER, bytes_low INTEGER, bytes_high INTEGER, how TEXT, unknown TEXT,
  export_mailbox TEXT, export_by TEXT, export_filter TEXT, export_file TEXT, export_name TEXT,
  export_outcome TEXT, export_finished TEXT, export_fetched INTEGER, export_on_disk INTEGER,
  export_request_removed INTEGER);
CREATE TABLE exposure_proofs (host TEXT, exposure TEXT, path TEXT, line INTEGER, text TEXT);
CREATE TABLE exposure_answers (host TEXT, position INTEGER, kind TEXT, title TEXT, answer TEXT,
  text TEXT, looked TEXT, missing TEXT, window_from TEXT, window_to TEXT, exposures TEXT);
"""


def exposure_rows(host: Host) -> Iterator[tuple[str, Iterable[Row]]]:
    """Return the tables about exposed data with their rows, in the order of the case."""
    name, items = host.name, host.exposures
    yield "exposures", [_item(name, at, one) for at, one in enumerate(items, 1)]
    yield (
        "exposure_proofs",
        [(name, one.id, p.path, p.line, p.text) for one in items for p in one.proofs],
    )
    answers = enumerate(host.exposure_answers, 1)
    yield "exposure_answers", [_answer(name, at, one) for at, one in answers]


def _item(host: str, at: int, one: Exposure) -> Row:
    return (
        (host, one.id, at, one.kind, one.object, one.state, one.certainty, one.text)
        + (iso(one.first), iso(one.last), listed(one.by), listed(one.sessions))
        + (listed(one.intruders), listed(one.findings))
        + (*_bounds(one.requests), *_bounds(one.items), *_bounds(one.bytes_out))
        + (listed(one.how), listed(one.unknown), *_export(one))
    )


def _bounds(many: Amount | None) -> Row:
    return (many.low, many.high) if many else (None, None)


def _export(one: Exposure) -> Row:
    export = one.export
    if export is None:
        return (None,) * 10
    return (
        (export.mailbox, export.by, export.filter, export.file, export.name, export.outcome)
        + (iso(export.finished), _told(export.fetched), _told(export.on_disk))
        + (int(export.request_removed),)
    )  # fmt: skip


def _told(value: bool | None) -> int | None:
    return None if value is None else int(value)


def _answer(host: str, at: int, one: ExposureAnswer) -> Row:
    window = one.window
    return (
        (host, at, one.kind, one.title, one.answer, one.text, listed(one.looked))
        + (listed(one.missing), iso(window["from"]) if window else None)
        + (iso(window["to"]) if window else None, listed(one.exposures))
    )
