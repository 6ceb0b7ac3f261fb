"""Answers that were kept: `CASE/answers/<form>-<n>.json`, one file for each version.

What was sent to an authority often cannot be taken back, only corrected. So a version is never
changed; a new one is written when an answer is another than in the last one.
"""

import hashlib
import re
from dataclasses import replace
from pathlib import Path

import msgspec

from extriage.casefile.document import check_zones
from extriage.casefile.folder import ANSWERS
from extriage.casefile.named import document_of
from extriage.casefile.whole import write_whole
from extriage.errors import CaseError, UsageError
from extriage.model.answer import SCHEMA, FormAnswers

_INSTEAD = "; move it elsewhere, or add --no-keep"


def case_sha256(case: Path) -> str:
    """Return the hash of a case's document, which says which state of it was answered from."""
    file = document_of(case)
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror})") from error


def versions(case: Path, form: str, step: str = "") -> tuple[int, ...]:
    """Return the numbers of the kept versions of a form, the oldest first."""
    named = re.compile(rf"{re.escape(_key(form, step))}-(\d{{1,9}})\.json")
    try:
        names = [item.name for item in (case / ANSWERS).iterdir()] if case.is_dir() else []
    except OSError:
        return ()
    return tuple(sorted(int(found[1]) for name in names if (found := named.fullmatch(name))))


def load_version(case: Path, form: str, step: str, number: int) -> FormAnswers:
    """Read a kept version; UsageError says why it is none, and what to do."""
    known = versions(case, form, step)
    if number not in known:
        there = f"there are {', '.join(map(str, known))}" if known else "none is kept"
        raise UsageError(f"{case} has no version {number} of {_key(form, step)}; {there}")
    file = _file(case, form, step, number)
    try:
        data = file.read_bytes()
        found = msgspec.json.decode(data, type=FormAnswers)
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}){_INSTEAD}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{file} holds no answers of this version: {error}{_INSTEAD}") from error
    if found.schema != SCHEMA:
        text = f"{file} has schema {found.schema!r}; this version reads {SCHEMA!r}{_INSTEAD}"
        raise UsageError(text)
    check_zones(data, found, str(file))
    return found


def last_version(case: Path, form: str, step: str = "") -> FormAnswers | None:
    """Read the newest kept version; None if there is none."""
    known = versions(case, form, step)
    return load_version(case, form, step, known[-1]) if known else None


def keep(case: Path, answers: FormAnswers) -> FormAnswers:
    """Keep answers as a new version, unless the last one says the same; return what is kept.

    CaseError if the folder cannot be written.
    """
    last = last_version(case, answers.form, answers.step)
    if last is not None and same(last, answers):
        return replace(answers, version=last.version)
    kept = replace(answers, version=last.version + 1 if last else 1)
    file = _file(case, kept.form, kept.step, kept.version)
    try:
        file.parent.mkdir(exist_ok=True)
        write_whole(file, msgspec.json.format(msgspec.json.encode(kept), indent=1) + b"\n")
    except OSError as error:
        raise CaseError(f"{file} cannot be written ({error.strerror})") from error
    return kept


def kept_file(case: Path, answers: FormAnswers) -> Path:
    """Return where a version of answers is kept."""
    return _file(case, answers.form, answers.step, answers.version)


def same(one: FormAnswers, other: FormAnswers) -> bool:
    """Tell whether two versions say the same, whenever they were made."""
    return replace(one, version=0, made_at=other.made_at) == replace(other, version=0)


def _key(form: str, step: str) -> str:
    return f"{form}-{step}" if step else form


def _file(case: Path, form: str, step: str, number: int) -> Path:
    return case / ANSWERS / f"{_key(form, step)}-{number}.json"
