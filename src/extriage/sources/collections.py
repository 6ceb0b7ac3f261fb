r"""What collectors tell of their own work: files that they could not take, and what they left out.

A collection holds what its collector managed to copy. Its logs name the rest: KAPE (`_SkipLog.csv`,
`_ConsoleLog.txt`), Velociraptor (`uploads.json`), acquire (`report.json`). What they name is
missing evidence: it gets rows in the manifest, under the path that the server had, beside the log.
Sources: https://ericzimmerman.github.io/KapeDocs/#!Pages/4.-Log-files.md,
https://docs.velociraptor.app/docs/deployment/offline_collections/collection_data/, and for acquire
its `collector.py`, https://github.com/fox-it/acquire.
"""

import csv
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache

from extriage.errors import SourceError
from extriage.knowledge.executed import is_executed
from extriage.knowledge.places import bases, places
from extriage.model.evidence import EntryStatus
from extriage.sources.limits import KIB, MIB
from extriage.sources.stream import CHUNK, Stream

LONGEST = 32 * MIB
"""Bytes of such a log that are read."""
LONGEST_REPORT = 8 * MIB
"""Characters of one that can only be read as a whole."""
MOST = 1_000
"""Files that are named one by one; more are counted."""
LINE = 64 * KIB
HEAD = 512
BOM = b"\xef\xbb\xbf"
_NAMES = re.compile(
    r"(?:_(?P<skip>SkipLog)\.csv(?:\.csv)?|_(?P<console>ConsoleLog)\.txt|(?:^|/)(?P<uploads>uploads)\.json"
    r"|(?P<report>report)\.json)$",
    re.IGNORECASE,
)
_SKIP_HEAD = b"SourceFile,SourceFileSha1,Reason"
_CONSOLE_LINE = re.compile(rb"\[?\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.\d]* \| (?:INF|I) ?[\]|]")
_NOT_COPIED, _TO, _ERROR = "Could not copy file ", " to ", ". Error: "
_NOT_THERE, _GONE = " File ", " does not exist! Skipping!"
_EMPTY = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709"
_DRIVE = re.compile(r"[A-Za-z]:$")


@dataclass(frozen=True, slots=True)
class Missing:
    """A file of the server that its collector did not take, or not wholly."""

    path: str
    """As the server has it, with `/` between folders: `C:/inetpub/x.aspx`."""
    status: EntryStatus
    """`skipped` if its content is in the collection all the same, else `unreadable`."""
    reason: str
    size: int = -1


@dataclass(frozen=True, slots=True)
class Told:
    """All that one log of a collector says."""

    missing: tuple[Missing, ...]
    """What matters here: files that hold evidence of a kind that is read."""
    reason: str
    """What the log is, and how many files it names in all."""
    sha256: str
    size: int
    status: EntryStatus = "read"


@dataclass(frozen=True, slots=True)
class _Log:
    title: str
    begins: Callable[[bytes], bool]
    rows: Callable[[Iterator[str]], Iterator[Missing]]


def tells(path: str, stream: Stream) -> bool:
    """Tell whether a file is a collector's own log, from its name and its first bytes."""
    return _NAMES.search(path) is not None and _log(path, stream.peek(HEAD)) is not None


def told(path: str, stream: Stream) -> Told:
    """Read a collector's log to its end; what breaks off on the way is said in the result."""
    log = _log(path, stream.peek(HEAD))
    assert log is not None
    reading = _Reading(stream)
    count, kept = 0, list[Missing]()
    status: EntryStatus = "read"
    trouble = ""
    try:
        for row in log.rows(reading.lines()):
            count += 1
            if len(kept) < MOST and matters(row.path):
                kept.append(replace(row, path=_sound(row.path), reason=_sound(row.reason)))
    except SourceError as error:
        status, trouble = "partial", f"; not read to its end: {error}"
    except (csv.Error, ValueError, RecursionError):
        status, trouble = "partial", f"; damaged after {count:,} files: not read to its end"
    reason = f"{log.title}: names {count:,} file{'s' * (count != 1)}"
    if count:
        reason += f" that it did not take, {len(kept):,} of them of a kind that is read here"
    missing = tuple(dict.fromkeys(kept))
    return Told(missing, reason + trouble, reading.digest.hexdigest(), reading.size, status)


def _sound(text: str) -> str:
    """Return text that a case can hold: names on NTFS may be no valid Unicode."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _log(path: str, head: bytes) -> _Log | None:
    named = _NAMES.search(path)
    if named is None:
        return None
    log = _LOGS[str(named.lastgroup)]
    return log if log.begins(head.removeprefix(BOM)) else None


class _Reading:
    """The lines of a log, and the hash of all its bytes."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()
        self.size = 0

    def lines(self) -> Iterator[str]:
        begun = b"" if self._stream.peek(3) != BOM else self._taken(3)[:0]
        while data := self._taken(CHUNK):
            *whole, begun = (begun + data).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "replace").rstrip("\r")
            if len(begun) > LINE:
                raise SourceError(f"a line of it is longer than {LINE:,} bytes")
        if begun:
            yield begun.decode("utf-8", "replace").rstrip("\r")

    def _taken(self, size: int) -> bytes:
        data = self._stream.some(size)
        self.digest.update(data)
        self.size += len(data)
        if self.size > LONGEST:
            raise SourceError(f"larger than {LONGEST:,} bytes: the rest was not read")
        return data


def _skipped(lines: Iterator[str]) -> Iterator[Missing]:
    """Read KAPE's list of what it left out."""
    next(lines, "")
    for line in lines:
        row = next(csv.reader([line]), [])
        if row and len(row) < 3:
            row = [row[0].partition(",")[0], "", "its row in the log is damaged"]
        elif not row:
            continue
        path, sha1, reason = row[0], row[1], row[2]
        if reason.lower() != "deduped":
            yield Missing(
                _plain(path), "unreadable", f"KAPE did not take it: {reason or 'no reason'}"
            )
        elif sha1.upper() == _EMPTY:
            yield Missing(_plain(path), "skipped", "KAPE did not take it: it is empty", 0)
        else:
            same = f"its content is that of another file which KAPE took (SHA-1 {sha1[:40]})"
            yield Missing(_plain(path), "skipped", f"KAPE did not take it: {same}")


def _console(lines: Iterator[str]) -> Iterator[Missing]:
    """Read what KAPE wrote to its console about copies that failed."""
    for line in lines:
        _, failed, copy = line.partition(_NOT_COPIED)
        _, there, name = line.partition(_NOT_THERE)
        if failed:
            paths, _, error = copy.rpartition(_ERROR)
            reason = f"KAPE could not copy it: {error[:300] or 'no reason given'}"
            yield Missing(_plain(_source(paths or copy)), "unreadable", reason)
        elif there and name.endswith(_GONE):
            gone = "was gone when KAPE came to copy it"
            yield Missing(_plain(name.removesuffix(_GONE)), "unreadable", gone)


def _source(paths: str) -> str:
    """Return the first of two paths with `to` between them, which may stand in both as well."""
    parts = paths.split(_TO)
    return _TO.join(parts[: max(1, len(parts) // 2)])


def _uploads(lines: Iterator[str]) -> Iterator[Missing]:
    """Read Velociraptor's list of uploads for files of which it took only a part."""
    for line in lines:
        row = json.loads(line) if line.strip() else {}
        if not isinstance(row, dict) or row.get("Type"):
            continue  # an index of a sparse file, not a file of the server
        whole, sent = _number(row, "file_size"), _number(row, "uploaded_size")
        path = _upload_path(row)
        if 0 <= sent < whole and "$" not in path.rpartition("/")[2]:
            part = f"Velociraptor took only {sent:,} of its {whole:,} bytes"
            yield Missing(path, "unreadable", part, whole)


def _number(row: Mapping[str, object], name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) else -1


def _upload_path(row: Mapping[str, object]) -> str:
    parts = row.get("_Components")
    if isinstance(parts, list) and parts:
        return "/".join(str(part) for part in parts)
    return str(row.get("vfs_path", "")).replace("\\", "/").strip("/")


def _report(lines: Iterator[str]) -> Iterator[Missing]:
    """Read acquire's report for files that it failed to copy."""
    text = "\n".join(lines)
    if len(text) > LONGEST_REPORT:
        raise SourceError(f"larger than {LONGEST_REPORT:,} bytes: not read")
    report = json.loads(text) if text.strip() else {}
    for outcomes in report.values() if isinstance(report, dict) else ():
        failures = outcomes.get("failure") if isinstance(outcomes, dict) else None
        for row in failures if isinstance(failures, list) else ():
            if isinstance(row, dict) and row.get("artifact_type") in ("file", "path", "dir"):
                path = _plain(str(row.get("artifact_value", "")))
                details = str(row.get("details") or "no reason given")[:300]
                yield Missing(path, "unreadable", f"acquire could not copy it: {details}")


def _plain(path: str) -> str:
    return path.replace("\\", "/").strip("/ ")


_LOGS = {
    "skip": _Log(
        "KAPE's list of what it left out", lambda head: head.startswith(_SKIP_HEAD), _skipped
    ),
    "console": _Log(
        "what KAPE wrote to its console",
        lambda head: b"KAPE " in head and _CONSOLE_LINE.match(head) is not None,
        _console,
    ),
    "uploads": _Log(
        "Velociraptor's list of uploads",
        lambda head: head.startswith(b"{") and b'"vfs_path"' in head,
        _uploads,
    ),
    "report": _Log(
        "acquire's report",
        lambda head: head.startswith(b"{") and b'"modules-successful"' in head,
        _report,
    ),
}


def matters(path: str) -> bool:
    """Tell whether a path of the server is of evidence that is read: the table of places says."""
    low = f"/{path.lower()}"
    name = low.rpartition("/")[2]
    return is_executed(name) or any(
        anchor in low and fnmatchcase(name, pattern) for anchor, pattern in _patterns()
    )


@cache
def _patterns() -> tuple[tuple[str, str], ...]:
    """Return folders and names of all places; a base that was moved is known by its last folder."""
    found = []
    for place in places():
        base = bases()[place.base]
        for default in {base.default, base.default_2010}:
            last = default.rpartition("/")[2]
            anchor = place.folder or ("" if _DRIVE.match(last) else last)
            lead = f"/{anchor.lower()}/" if anchor else "/"
            found += [(lead, pattern.lower()) for pattern in place.patterns]
    return tuple(dict.fromkeys(found))


def beside(log: str, path: str) -> str:
    """Return the path in the evidence of a file that a collector's log names."""
    folder, slash, _ = log.rpartition("/")
    return f"{folder}/{path}" if slash else path


_SCHEMES = {
    "x509": "its key is the server's: velociraptor --config server.config.yaml unzip "
    "--dump_dir FOLDER CONTAINER, or import it on the server",
    "pgp": "its password is encrypted in metadata.json: decode EncryptedPass there with gpg "
    "--decrypt, then 7z x -pPASSWORD data.zip",
    "password": "open it with the password of the collector: 7z x -pPASSWORD data.zip",
}
_CONTAINER = "Velociraptor's encrypted container"


def container_scheme(metadata: bytes) -> str:
    """Return how a container of Velociraptor is encrypted, from its `metadata.json`; else ""."""
    found = re.search(rb'"scheme"\s*:\s*"(\w{1,20})"', metadata, re.IGNORECASE)
    if found:
        return found[1].decode().lower()
    return "unknown" if b"EncryptedPass" in metadata else ""


def how_to_open(scheme: str) -> str:
    """Say which command opens an encrypted container of Velociraptor."""
    if command := _SCHEMES.get(scheme):
        return f"{_CONTAINER}: {command}; then give what is inside"
    return f"{_CONTAINER}: open it with velociraptor unzip or its password, and give what is inside"
