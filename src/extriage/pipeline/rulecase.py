"""Rule cases: lines that a rule must find, and benign look-alikes that it must leave alone.

A case file (`<campaign>/<rule>.yml`, one or more YAML documents) names the artifact and its header
and lists raw lines as the server writes them under `match` and `no_match`; correlations have
`match_sequence` and `no_match_sequence`, read one line after the other. A line may also be

* a mapping of the log's fields, from which a line is built (`path` and `content` for a file, with
  its first bytes as hex in `first` if they are no text),
* `join: [piece, ...]`, the text in pieces, so that no antivirus takes the case for the real thing.

`header` is a `#Fields:` line, the name of one in `headers.yml`, or empty. Instead of both,
`kind: file-name` says that each text is a path, and `kind: setting` that each mapping holds the
fields of a setting; a text is then the document that says it, which `artifact` names. `kind:
compiled-assembly` and other kinds of files that are read whole do the same, and so does `kind:
page-comparison` and `kind: page-life`. Beside a page's content may stand the `sha256` that it is to
have.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from extriage import parsers
from extriage.analysis import majority, orders
from extriage.errors import ContentError
from extriage.knowledge.content import Loader
from extriage.matchers.sigma import RuleSet, correlate
from extriage.matchers.yara import YaraRules, scan_bytes
from extriage.model.detection import Evidence, Match
from extriage.model.evidence import Origin, Record
from extriage.model.state import Subject
from extriage.parsers import file_name, setting
from extriage.parsers.text import HEAD
from extriage.parsers.tracetext import trace_record
from extriage.pipeline.pages import KIND, known_page, with_texts

CASES = Path(str(files("extriage").joinpath("content", "cases")))
HEADERS = "headers.yml"

Item: TypeAlias = str | dict[str, Any]

_IIS_ROW = {
    "date": "2021-03-03",
    "time": "05:01:02",
    "s-ip": "10.0.0.5",
    "s-port": "443",
    "c-ip": "203.0.113.9",
    "cs(User-Agent)": "Mozilla/5.0",
    "sc-substatus": "0",
    "sc-win32-status": "0",
    "time-taken": "31",
}
_PROXY_ROW = {
    "DateTime": "2021-03-03T05:01:02.345Z",
    "RequestId": "29d1a846-41f6-4da6-9dbf-dd8a9151ce59",
    "MajorVersion": "15",
    "MinorVersion": "1",
    "BuildVersion": "2106",
    "RevisionVersion": "2",
    "UrlHost": "mail.contoso.example",
    "ClientIpAddress": "203.0.113.9",
    "ServerHostName": "EX01",
}
_ECP_PAIRS = {"S:TIME": "13", "S:CMD": "", "S:URL": "/ecp/", "S:EX": "", "S:BLD": "15.1.2106.2"}
_EVENT = {
    "Hostname": "EX01.contoso.example",
    "TimeCreated": "2021-03-03T05:01:11.402Z",
    "@timestamp": "2021-03-03T05:01:11.402Z",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one side of one case ended."""

    name: str
    problem: str = ""
    """Why it failed; empty when it passed."""


@dataclass(frozen=True, slots=True)
class RuleCase:
    """One document of a case file."""

    rule: str
    artifact: str
    header: str
    items: dict[str, list[Item]]
    kind: str = ""
    """Set for what no log holds: `file-name` or `setting`."""

    def records(self, item: Item, line: int = 2) -> list[Record]:
        """Read one item; a document says many things, all else is one record."""
        if self.kind == file_name.KIND:
            return [_file_name(self.text(item), item)]
        if self.kind == setting.KIND and isinstance(item, dict) and "Subject" in item:
            return [_setting(self.rule, item)]
        if self.kind == majority.KIND and isinstance(item, dict):
            return [_comparison(self.rule, item)]
        if self.kind == orders.KIND and isinstance(item, dict):
            return [_order(self.rule, item)]
        if self.kind in _TRACES and isinstance(item, dict) and not item.keys() & _WHOLE:
            return [_trace(self.rule, self.kind, item)]
        path = item["path"] if isinstance(item, dict) and "path" in item else self.artifact
        said = _document(path, self.text(item).encode()) if not self.header else None
        return [self.record(item, line)] if said is None else said

    def record(self, item: Item, line: int = 2) -> Record:
        """Read one item as its parser would read it in a file that has only this line."""
        path = item["path"] if isinstance(item, dict) and "path" in item else self.artifact
        text = self.text(item)
        head = f"{self.header}\n{text}\n" if self.header else f"{text}\n"
        kind = parsers.recognise(head.encode(), path)
        if not kind:
            raise ContentError(f"{self.rule}: {self.artifact} is not recognised by its content")
        if kind == "web-file":
            return _page(path, _first(item) + text.encode(), item)
        layout = parsers.KINDS[kind].format
        if parsers.KINDS[kind].shape == "acts":
            return parsers.first_act(head.encode(), path)
        if layout is None:
            return parsers.event_record(text.encode(), path, line)
        columns = parsers.header(layout, self.header.encode()) if self.header else None
        columns = columns or parsers.fallback_columns(layout, text.encode()) or ()
        origin = Origin(path, line)
        return parsers.record(layout, columns, text.encode(), origin, parsers.Clock())

    def met(self, item: Item, yara: YaraRules) -> set[str]:
        """Return the YARA rules that a page meets; none are met by a line of a log."""
        if self.header or self.kind:
            return set()
        data = _first(item) + self.text(item).encode()
        found = set[str]()
        for record in self.records(item):
            texts = list(with_texts(record, data).texts) if record.kind == KIND else []
            scanned = scan_bytes(yara, data, texts, record.kind, record.origin.path)
            found |= {match.rule.id for match in scanned.matches}
        return found

    def text(self, item: Item) -> str:
        """Give the raw line of an item."""
        if isinstance(item, str):
            return item
        if "content" in item:
            return _joined(item["content"])
        if "join" in item:
            return _joined(item)
        if self.kind == file_name.KIND:
            return _joined(item["path"])
        if self.kind == setting.KIND and "Subject" in item:
            return setting.setting_text(_setting(self.rule, item).fields)
        if self.kind in (*_TRACES, majority.KIND, orders.KIND):
            return self.records(item)[0].text
        fields = {key: _joined(value) for key, value in item.items()}
        if "Channel" in fields:
            return json.dumps({**_EVENT, **fields, "EventID": int(fields["EventID"])})
        columns = self.header.removeprefix("#Fields: ")
        return _ecp_line(fields) if "EventData" in columns else _row_line(columns, fields)


def load_cases(path: Path) -> list[RuleCase]:
    """Read one case file; ContentError names what is wrong with it."""
    try:
        documents = list(yaml.load_all(path.read_text("utf-8"), Loader=Loader))
        named = headers() | _own_headers(path)
        return [
            RuleCase(
                path.stem,
                document["artifact"] if "kind" not in document else document.get("artifact", ""),
                named.get(header := _header(document), header),
                {key: value for key, value in document.items() if key not in _NO_SIDES},
                _kind(document),
            )
            for document in documents
        ]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, OSError, UnicodeError) as error:
        raise ContentError(f"{path} is no rule case: {error!r}") from error


_NO_SIDES = ("artifact", "header", "kind")
_TRACES = tuple(kind.name for kind in parsers.KINDS.values() if kind.shape == "records")
_WHOLE = {"path", "content", "join"}
"""Keys of an item that is a whole file, not the fields of its record."""


def _header(document: dict[str, Any]) -> str:
    return str(document["header"] if "kind" not in document else "")


def _kind(document: dict[str, Any]) -> str:
    kind = str(document.get("kind", ""))
    if kind not in ("", file_name.KIND, setting.KIND, majority.KIND, orders.KIND, *_TRACES):
        raise KeyError(f"kind {kind}")
    return kind


@cache
def headers() -> dict[str, str]:
    """Return the real header lines that cases may name."""
    table: dict[str, str] = yaml.load((CASES / HEADERS).read_text("utf-8"), Loader=Loader)
    return table


def _own_headers(path: Path) -> dict[str, str]:
    for folder in path.parents[:2]:
        if folder != CASES and (folder / HEADERS).is_file():
            table: dict[str, str] = yaml.load((folder / HEADERS).read_text("utf-8"), Loader=Loader)
            return table
    return {}


def run_cases(
    ruleset: RuleSet, paths: Iterable[Path], yara: YaraRules | None = None
) -> list[Outcome]:
    """Run case files, or all below folders, against their rules."""
    found: list[Path] = []
    for path in paths:
        found += sorted(path.rglob("*.yml")) if path.is_dir() else [path]
    outcomes: list[Outcome] = []
    for path in found:
        if path.name != HEADERS:
            outcomes += _outcomes(ruleset, path, yara or YaraRules())
    return outcomes


def _outcomes(ruleset: RuleSet, path: Path, yara: YaraRules) -> list[Outcome]:
    known = {one.rule.id for one in ruleset.rules} | {one.rule.id for one in yara.rules}
    known |= {one.rule.id for one in ruleset.correlations}
    if path.stem not in known:
        return [Outcome(path.stem, "there is no rule of this name that can run")]
    outcomes = []
    try:
        for case in load_cases(path):
            for side, items in case.items.items():
                expected = not side.startswith("no_")
                for number, lines in enumerate(_runs(side, items), start=1):
                    met = path.stem in fired(ruleset, case, lines, yara)
                    problem = "" if met is expected else _problem(case, lines, met=met)
                    outcomes.append(Outcome(f"{path.stem} {side} {number}", problem))
    except ContentError as error:
        outcomes.append(Outcome(path.stem, str(error)))
    return outcomes


def _runs(side: str, items: list[Item]) -> list[list[Item]]:
    return [items] if side.endswith("sequence") else [[item] for item in items]


def _problem(case: RuleCase, lines: list[Item], *, met: bool) -> str:
    return f"{'matches' if met else 'does not match'}: {case.text(lines[0])[:200]}"


def fired(
    ruleset: RuleSet, case: RuleCase, items: list[Item], yara: YaraRules | None = None
) -> set[str]:
    """Return the rules, correlations and YARA rules too, that these lines meet."""
    records = [one for line, item in enumerate(items, start=2) for one in case.records(item, line)]
    matches = matches_of(ruleset, records)
    met = {match.rule for match in matches}
    met |= {correlation.rule.id for correlation, _ in correlate(ruleset, matches)}
    if yara is not None:
        met |= {name for item in items for name in case.met(item, yara)}
    return met


def matches_of(ruleset: RuleSet, records: Iterable[Record]) -> list[Match]:
    """Return every match of a single rule by these records."""
    found = []
    for record in records:
        origin = record.origin
        evidence = Evidence(origin.path, origin.line, 0, record.text, "", record.time)
        for rule, target in ruleset.targets(record.kind):
            if target.matches(record):
                kept = target.kept(record)
                found.append(Match(rule.rule.id, record.kind, "", evidence, kept))
    return found


def _first(item: Item) -> bytes:
    """Return what a page has before its text and no text can hold; the case gives it as hex."""
    return bytes.fromhex(str(item.get("first", ""))) if isinstance(item, dict) else b""


def _page(path: str, data: bytes, item: Item) -> Record:
    """Read a page as the scan does; `sha256` may stand beside the content that it stands for."""
    known = str(item.get("sha256", "")) if isinstance(item, dict) else ""
    return known_page(path, data, known or hashlib.sha256(data).hexdigest())


def _joined(value: Any) -> str:
    return "".join(value["join"]) if isinstance(value, dict) else str(value)


def _file_name(path: str, item: Item) -> Record:
    """Read a path as the scan does; `size` and `first` (in hex) may stand beside it."""
    known = item if isinstance(item, dict) else {}
    first = bytes.fromhex(str(known.get("first", "")))
    return parsers.file_name_record(path.replace("\\", "/"), int(known.get("size", -1)), first)


def _setting(rule: str, item: dict[str, Any]) -> Record:
    """Make the record of a setting from its fields; ContentError for one that there never is."""
    try:
        subject = Subject(item["Subject"])
    except ValueError as error:
        raise ContentError(f"{rule}: {error}") from error
    fields = {key: _value(value) for key, value in item.items()}
    unknown = fields.keys() - set(setting.fields_of(subject))
    if unknown and subject is not Subject.OBJECT:
        raise ContentError(f"{rule}: a {subject} has no {', '.join(sorted(unknown))}")
    return Record(setting.KIND, None, Origin("", 1), fields, setting.setting_text(fields))


def _comparison(rule: str, item: dict[str, Any]) -> Record:
    """Make the record of a comparison from its fields; ContentError for one that there never is."""
    if unknown := item.keys() - set(majority.FIELDS):
        raise ContentError(f"{rule}: a comparison has no {', '.join(sorted(unknown))}")
    return majority.record_of({key: _value(value) for key, value in item.items()})


def _order(rule: str, item: dict[str, Any]) -> Record:
    """Make the record of an owner's orders; ContentError for a field that it never has."""
    if unknown := item.keys() - set(orders.FIELDS):
        raise ContentError(f"{rule}: orders to a page have no {', '.join(sorted(unknown))}")
    return orders.record_of({key: _value(value) for key, value in item.items()})


def _value(value: Any) -> str | tuple[str, ...]:
    return tuple(map(_joined, value)) if isinstance(value, list) else _joined(value)


def _trace(rule: str, kind: str, item: dict[str, Any]) -> Record:
    """Make a record of a file that is read whole; ContentError for a field that it never has."""
    reader = parsers.KINDS[kind].records
    fields = {key: _value(value) for key, value in item.items()}
    known = reader.fields if reader else ()
    if unknown := fields.keys() - set(known):
        raise ContentError(f"{rule}: a {kind} has no {', '.join(sorted(unknown))}")
    return trace_record(kind, None, Origin("", 1), fields, known)


def _document(path: str, data: bytes) -> list[Record] | None:
    """Read a whole document; None if it is of another kind, ContentError if it is damaged."""
    kind = parsers.KINDS.get(parsers.recognise(data[:HEAD], path))
    document = parsers.Document(path, data)
    try:
        if kind is not None and kind.records is not None:
            return list(kind.records.read(document))
        if kind is not None and kind.reader is not None:
            return [parsers.setting_record(fact) for fact in kind.reader.read(document)]
    except parsers.DocumentError as error:
        raise ContentError(f"{path}: {error}") from error
    return None


def _ecp_line(fields: dict[str, str]) -> str:
    """Pack pairs as the control panel does: quotes doubled inside, then doubled by the CSV."""
    packed = []
    for key, value in {**_ECP_PAIRS, **fields}.items():
        pair = f"{key}={value}"
        packed.append("'" + pair.replace("'", "''") + "'" if "'" in pair or ";" in pair else pair)
    data = ";".join(packed).replace('"', '""')
    return f'2021-03-03T05:01:11.402Z,EX01,ECP.Request,"{data}"'


def _row_line(columns: str, fields: dict[str, str]) -> str:
    iis = "," not in columns
    names = columns.split(" " if iis else ",")
    usual = _IIS_ROW if iis else _PROXY_ROW if "DateTime" in names else {}
    values = {**usual, **fields}
    unknown = values.keys() - set(names)
    if unknown:
        raise ContentError(f"the header has no {', '.join(sorted(unknown))}")
    cells = [values.get(name, "-" if iis else "") for name in names]
    return " ".join(cells) if iis else ",".join(cell.replace(",", " ") for cell in cells)
