"""`run.jsonl`: what was done with a case, line by line, each line naming the hash of the last.

A scan, a report that was written and answers that were kept add a line; no line is ever changed.
`previous` is the SHA-256 of the bytes of the line before (without its newline), so a line cannot
be changed, taken out or put in without breaking all that follow. Whoever may write the folder can
still write a whole new log: note the hash of the last line elsewhere, `extriage verify --seal`
compares it. Times are UTC by the clock of the machine, which nobody vouches for.
"""

import errno
import hashlib
import json
import os
import stat
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from extriage.errors import CaseError
from extriage.model.custody import Chain, Line

NAME = "run.jsonl"
LONGEST = 16 << 20
"""Bytes of a line that are read: the arguments of no scan are as long."""
_TAIL = 1 << 16
_OWN = ("number", "previous", "at", "what")
_LOCK_PLACE = 0x7FFF0000
"""Windows locks bytes, also such as are not there; nobody reads these."""


def append(folder: Path, what: str, at: str, facts: Mapping[str, object]) -> str:
    """Add a line and make it lasting; return its SHA-256. CaseError if it cannot be written."""
    file = folder / NAME
    try:
        if os.path.lexists(file):
            # NOTE: in a case folder from elsewhere it may be a link to any file of this machine.
            _plain(file, links=False)
        with file.open("ab+") as log, _alone(log):
            number, previous, torn = _end(log)
            own = {"number": number + 1, "previous": previous, "at": at, "what": what}
            again = {"after_cut": True} if torn else {}
            line = json.dumps(own | again | dict(facts), ensure_ascii=True).encode()
            log.seek(0, os.SEEK_END)
            log.write((b"\n" if torn else b"") + line + b"\n")
            log.flush()
            os.fsync(log.fileno())
    except OSError as error:
        raise CaseError(f"{file} cannot be written: {error.strerror}") from error
    return hashlib.sha256(line).hexdigest()


def read(folder: Path) -> Chain:
    """Read the log and follow its hashes; an empty chain if there is no log.

    CaseError if the file is there and cannot be read.
    """
    file = folder / NAME
    try:
        _plain(file)
        with file.open("rb") as log:
            return _followed(log)
    except FileNotFoundError:
        return Chain()
    except OSError as error:
        raise CaseError(f"{file} cannot be read: {error.strerror}") from error


def sha256_of(file: Path) -> str:
    """Return the SHA-256 of a file; OSError if it cannot be read."""
    _plain(file)
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hashes(folder: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the SHA-256 of those files of a folder that are there, by their names."""
    found = {}
    for name in filter(is_own, names):
        with suppress(OSError):
            found[name] = sha256_of(folder / name)
    return found


def recorded(chain: Chain) -> dict[str, str]:
    """Return the files of the case folder with the hash that the log gave them last."""
    known: dict[str, str] = {}
    for line in chain.lines:
        files = line.facts.get("files")
        if isinstance(files, dict):
            known |= {str(name): str(sha256) for name, sha256 in files.items()}
    return known


def is_own(name: str) -> bool:
    """Tell the name of a file below the case folder from one that leads out of it."""
    parts = PureWindowsPath(name)
    whole = parts.anchor or PurePosixPath(name).is_absolute()
    return bool(name) and not whole and ".." not in parts.parts and "\0" not in name


def _plain(file: Path, *, links: bool = True) -> None:
    """Refuse a pipe or a device, which would be read for ever, and a link if asked; OSError."""
    if not stat.S_ISREG(file.stat(follow_symlinks=links).st_mode):
        raise OSError(errno.EINVAL, "it is no plain file")


def _followed(log: IO[bytes]) -> Chain:
    lines: list[Line] = []
    remarks: list[str] = []
    previous, torn = "", 0
    for number, raw in enumerate(_raw_lines(log), 1):
        digest = hashlib.sha256(raw).hexdigest()
        try:
            facts = _facts(raw)
        except ValueError:
            if torn:
                return Chain(tuple(lines), f"line {torn} is not as it was written", tuple(remarks))
            torn, previous = number, digest
            continue
        if trouble := _trouble(facts, number, previous, torn):
            return Chain(tuple(lines), trouble, tuple(remarks))
        if torn:
            remarks.append(
                f"line {torn} was cut off while it was written (power or disk); line {number} "
                "vouches for it"
            )
        own = {key: value for key, value in facts.items() if key not in _OWN}
        lines.append(Line(number, str(facts["at"]), str(facts["what"]), digest, own))
        previous, torn = digest, 0
    broken = f"line {torn} is cut off or changed, and no line follows it" if torn else ""
    return Chain(tuple(lines), broken, tuple(remarks))


def _trouble(facts: Mapping[str, object], number: int, previous: str, torn: int) -> str:
    """Say why a line does not follow the one before; empty if it does."""
    if facts.get("previous") != previous:
        before = number - 1
        if not before:
            return "line 1 names a line before it: the beginning of the log is missing"
        return (
            f"line {number} does not follow line {before}: one of them was changed, or lines were "
            "taken out or put in"
        )
    if facts.get("number") != number:
        return f"line {number} calls itself line {str(facts.get('number'))[:20]}"
    if torn and facts.get("after_cut") is not True:
        return f"line {torn} is not as it was written"
    return ""


def _raw_lines(log: IO[bytes]) -> Iterator[bytes]:
    while raw := log.readline(LONGEST):
        yield raw.removesuffix(b"\n")


def _facts(raw: bytes) -> dict[str, object]:
    """Read one line; ValueError if it is none of ours."""
    try:
        found = json.loads(raw)
    except RecursionError as error:
        raise ValueError from error
    if not isinstance(found, dict) or not all(key in found for key in _OWN):
        raise ValueError
    return found


def _end(log: IO[bytes]) -> tuple[int, str, bool]:
    """Return number and hash of the last line, and whether its writing was cut off."""
    size = log.seek(0, os.SEEK_END)
    if not size:
        return 0, "", False
    reach = _TAIL
    while True:
        start = max(size - reach, 0)
        log.seek(start)
        tail = log.read(size - start)
        torn = not tail.endswith(b"\n")
        body = tail.removesuffix(b"\n")
        if not start or b"\n" in body:
            break
        reach *= 4
    last = body.rpartition(b"\n")[2]
    log.seek(0)
    number = sum(piece.count(b"\n") for piece in iter(lambda: log.read(_TAIL), b"")) + torn
    return number, hashlib.sha256(last).hexdigest(), torn


@contextmanager
def _alone(log: IO[bytes]) -> Iterator[None]:
    """Hold the log so that two programs do not add a line at once; a kill lets go of it."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        log.seek(_LOCK_PLACE)
        for attempt in range(50):
            try:
                msvcrt.locking(log.fileno(), msvcrt.LK_NBLCK, 1)
                break
            except OSError:
                if attempt == 49:
                    raise
                time.sleep(0.1)
        try:
            yield
        finally:
            log.seek(_LOCK_PLACE)
            msvcrt.locking(log.fileno(), msvcrt.LK_UNLCK, 1)
    else:
        import fcntl  # noqa: PLC0415

        # NOTE: some network file systems know no locks, and one writer at a time needs none.
        with suppress(OSError):
            fcntl.flock(log, fcntl.LOCK_EX)
        yield
