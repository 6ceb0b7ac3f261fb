"""Tables of facts: how a set of them is read, and how a bad row is named.

A set of tables is a folder of CSV files (UTF-8, comma, header row) and a `manifest.json` with the
day up to which they go. One set comes with the package; a newer one can be installed in its place.
Every table has a column that says where the row comes from.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from extriage.errors import ContentError

FORMAT = 1
"""Version of the tables' columns; a pack of another format is refused."""
MANIFEST = "manifest.json"
TABLES = (
    "advisories.csv",
    "builds.csv",
    "clusters.csv",
    "config_checks.csv",
    "do_not_import.csv",
    "fixes.csv",
    "indicators.csv",
    "lifecycle.csv",
    "sources.csv",
    "timeline.csv",
)
"""All files of a complete set, in the order in which they are hashed."""
TABLE_LIMIT = 8 << 20
LINE_LIMIT = 50_000
BUNDLED = "the tables bundled with extriage"

_CVE = re.compile(r"CVE-\d{4}-\d{4,7}|ADV\d{6,9}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLAIN = bytes([10, 13, *range(32, 127), *range(128, 256)])
_CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)")


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """One complete set of tables."""

    place: str
    """Where it came from, in words for the user."""
    as_of: date
    """The day up to which the facts go."""
    tables: Mapping[str, bytes] = field(repr=False)

    def digest(self) -> str:
        """Return the SHA-256 over the date and all tables."""
        found = hashlib.sha256(f"{FORMAT} {self.as_of}\0".encode())
        for name in TABLES:
            found.update(f"{name}\0{len(self.tables[name])}\0".encode())
            found.update(self.tables[name])
        return found.hexdigest()


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table, and its place."""

    file: str
    line: int
    cells: Mapping[str, str] = field(repr=False)

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def wrong(self, reason: str) -> ContentError:
        """Return the error that names this row."""
        return ContentError(f"{self.file}, line {self.line}: {reason}")

    def day(self, column: str) -> date | None:
        """Return the date in a column, None if it is empty; ContentError if it is no date."""
        text = self.cells[column]
        if not text:
            return None
        found = day(text)
        if found is None:
            raise self.wrong(f"{column} is {_short(text)}, not a day like 2021-03-02")
        return found

    def cve(self, column: str) -> str:
        """Return the vulnerability in a column; ContentError if it is none."""
        text = self.cells[column]
        if not is_cve(text):
            raise self.wrong(f"{column} is {_short(text)}, which is no CVE or ADV number")
        return text

    def cves(self, column: str) -> tuple[str, ...]:
        """Return the vulnerabilities in a column, which are separated by `;`."""
        found = tuple(part.strip() for part in self.cells[column].split(";") if part.strip())
        for one in found:
            if not is_cve(one):
                raise self.wrong(f"{column} has {_short(one)}, which is no CVE or ADV number")
        return found

    def one_of(self, column: str, known: Iterable[str]) -> str:
        """Return the word in a column; ContentError if it is none of those that are known."""
        text = self.cells[column]
        if text not in known:
            raise self.wrong(f"{column} is {_short(text)}, not one of {', '.join(known)}")
        return text

    def filled(self, column: str) -> str:
        """Return the text in a column; ContentError if there is none."""
        text = self.cells[column]
        if not text:
            raise self.wrong(f"{column} is empty")
        return text


@lru_cache(maxsize=4096)
def is_cve(text: str) -> bool:
    """Tell whether a text is a CVE, or the number of an advisory of Microsoft without one."""
    return _CVE.fullmatch(text) is not None


@lru_cache(maxsize=4096)
def day(text: str) -> date | None:
    """Return the date that a text is, None if it is no ISO day."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def rows(knowledge: Knowledge, file: str, columns: tuple[str, ...]) -> list[Row]:
    """Return the rows of a table that must have these columns; ContentError names what is bad."""
    text = _text(knowledge.tables[file], file)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[Row] = []
    try:
        header = _header(next(reader, []), file, columns)
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if before > line:
                raise ContentError(f"{file}, line {line}: a cell goes over the end of the line")
            if line > LINE_LIMIT:
                raise ContentError(f"{file}: more than {LINE_LIMIT} lines")
            if cells and len(cells) != len(header):
                raise ContentError(
                    f"{file}, line {line}: {len(cells)} cells, but the header has {len(header)}"
                )
            if cells:
                found.append(Row(file, line, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise ContentError(f"{file}, line {reader.line_num}: {error}") from error
    return found


def unique(found: Iterable[Row], *columns: str) -> None:
    """Refuse a second row with the same text in these columns; ContentError names both lines."""
    lines: dict[tuple[str, ...], int] = {}
    for row in found:
        key = tuple(row[column] for column in columns)
        first = lines.setdefault(key, row.line)
        if first != row.line:
            raise row.wrong(f"{' '.join(key)} stands in line {first} already")


def from_folder(folder: Path | Traversable, place: str) -> Knowledge:
    """Read a folder with all tables and a manifest; ContentError if one is missing or too big."""
    manifest = read_manifest(_bytes(folder, MANIFEST))
    return Knowledge(place, manifest[0], {name: _bytes(folder, name) for name in TABLES})


def bundled() -> Knowledge:
    """Read the tables that came with this version."""
    return from_folder(files("extriage").joinpath("content", "knowledge"), BUNDLED)


def read_manifest(data: bytes) -> tuple[date, Mapping[str, object]]:
    """Return the as-of date and the whole manifest; ContentError if it is not one of ours."""
    try:
        document = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ContentError(f"{MANIFEST}: not JSON ({type(error).__name__})") from error
    if not isinstance(document, dict) or type(document.get("format")) is not int:
        raise ContentError(f"{MANIFEST}: no format number, so this is not knowledge of extriage")
    if document["format"] != FORMAT:
        raise ContentError(
            f"{MANIFEST}: format {document['format']}, but this version reads format {FORMAT}"
        )
    text = document.get("as_of")
    as_of = day(text) if isinstance(text, str) else None
    if as_of is None:
        raise ContentError(f"{MANIFEST}: as_of is not a day like 2021-03-02")
    return as_of, document


def _bytes(folder: Path | Traversable, name: str) -> bytes:
    try:
        with folder.joinpath(name).open("rb") as file:
            data: bytes = file.read(TABLE_LIMIT + 1)
    except OSError as error:
        raise ContentError(f"{name}: cannot be read ({error.strerror})") from error
    if len(data) > TABLE_LIMIT:
        raise ContentError(f"{name}: larger than {TABLE_LIMIT >> 20} MiB")
    return data


def _text(data: bytes, file: str) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ContentError(f"{file}, line {line}: not UTF-8") from error
    # NOTE: taking all plain bytes away is far faster than a search, and leaves nothing mostly.
    odd = data.translate(None, _PLAIN) or data.count(b"\r") != data.count(b"\r\n")
    if odd and (found := _CONTROL.search(text)):
        line = text.count("\n", 0, found.start()) + 1
        raise ContentError(f"{file}, line {line}: a control character")
    return text


def _header(cells: list[str], file: str, columns: tuple[str, ...]) -> list[str]:
    missing = [column for column in columns if column not in cells]
    if missing:
        raise ContentError(f"{file}, line 1: no column {missing[0]}")
    if len(set(cells)) != len(cells):
        raise ContentError(f"{file}, line 1: two columns have the same name")
    return cells


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
