"""What the user names as a case: the folder or its `case.json`, and why it may be none.

Everything that is wrong is told in one sentence: what, where, and what to do. Nothing is written.
"""

from pathlib import Path

from extriage.casefile.document import decode, is_document
from extriage.errors import UsageError
from extriage.model.case import Case

DOCUMENT, DATABASE = "case.json", "case.db"
_OF_SCAN = ("scan.ledger", "scan.trail", f".tmp-{DATABASE}", f".tmp-{DOCUMENT}")
"""What a scan leaves that was interrupted."""
_PARTS = (DATABASE, "run.json", *_OF_SCAN)
_HEAD = 1000


def load(path: Path) -> Case:
    """Read the case in a case folder, or the named `case.json`; UsageError says why it is none."""
    file = document_of(path)
    try:
        return decode(file.read_bytes(), str(file))
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read ({error.strerror}): take an account that may, or a copy"
        ) from error
    except MemoryError as error:
        raise UsageError(
            f"{file} does not fit into this machine's memory: read it on a larger one"
        ) from error


def is_case(path: Path) -> bool:
    """Tell a case, finished or not, from evidence: a case folder, or a `case.json`."""
    try:
        if path.is_dir():
            own = (path / DATABASE).is_file() or any((path / one).exists() for one in _OF_SCAN)
            return own or is_case(path / DOCUMENT)
        if path.name != DOCUMENT or not path.is_file():
            return False
        with path.open("rb") as file:
            return is_document(file.read(_HEAD))
    except OSError:
        return False


def database(path: Path) -> Path:
    """Return the `case.db` of a named case; UsageError if it is not there."""
    folder = path if path.is_dir() else path.parent
    file = folder / DATABASE
    if file.is_file():
        return file
    if not (folder / DOCUMENT).is_file():
        raise UsageError(_missing(folder))
    raise UsageError(
        f"{folder} has no {DATABASE}, only a part of a case: copy the whole folder that `scan` "
        "wrote, or run the scan again"
    )


def document_of(path: Path) -> Path:
    """Return the `case.json` of a named case; UsageError says why there is none."""
    file = path / DOCUMENT if path.is_dir() else path
    try:
        if file.is_file():
            return file
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read ({error.strerror}): take an account that may, or a copy"
        ) from error
    raise UsageError(_missing(path))


def _missing(path: Path) -> str:
    """Say why there is no case to be read."""
    if path.name in _PARTS and path.parent.is_dir() and path.exists():
        return f"{path} is a part of a case: name its folder, {path.parent}"
    if path.is_dir():
        if any((path / one).exists() for one in _OF_SCAN):
            return (
                f"{path} holds a scan that was not finished: run the same scan command again to "
                "finish it"
            )
        return (
            f"{path} holds no case (no {DOCUMENT}); if it is evidence, scan it first: "
            f"extriage scan {path}"
        )
    if path.exists():
        return f"{path} is no file that can be read; name the folder that `scan` wrote"
    return f"there is no {path}; name the folder that `scan` wrote"
