"""A sheet that persons fill in: YAML or JSON with the questions that a case cannot answer.

It holds a list `answers`; each has `question`, `text` and `by`, a `server` where a question is
asked for each server, and a `value` where the form accepts certain words only. What the sheet says
besides (what is asked, what the case tells) is there to be read, and is not taken in.
"""

import textwrap
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from extriage.errors import UsageError
from extriage.model.answer import Answer, Filled, Question

LARGEST = 1 << 20
LONGEST = 10_000
_READ = ("question", "server", "value", "text", "by")
_SHOWN = ("asked", "accepted", "what_the_case_tells")


def read_sheet(path: Path, form: str) -> tuple[tuple[str, str, Filled], ...]:
    """Read question, server and answer of each row that is filled in; UsageError says where not."""
    name = path.name
    document = _document(path)
    if not isinstance(document, dict) or not isinstance(document.get("answers"), list):
        raise UsageError(f"{name} is no sheet of answers: it needs a list `answers`")
    if document.get("form") not in (None, form):
        raise UsageError(f"{name} is for the form {document['form']!r}, not for {form}")
    rows = [_row(row, f"{name}: answer {at}") for at, row in enumerate(document["answers"], 1)]
    return tuple(row for row in rows if row)


def _document(path: Path) -> Any:
    name = path.name
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise UsageError(f"{name} is larger than {LARGEST:,} bytes: too large for a sheet")
        return yaml.load(data.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except RecursionError as error:
        raise UsageError(f"{name} is nested too deeply") from error
    except (yaml.YAMLError, UnicodeError, ValueError, TypeError) as error:
        said = " ".join(str(getattr(error, "problem", None) or error).split())[:200]
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        raise UsageError(f"{name} is no valid YAML: {where}{said}") from error


def _row(row: object, place: str) -> tuple[str, str, Filled] | None:
    if not isinstance(row, dict):
        raise UsageError(f"{place} is no map with `question`, `text` and `by`")
    strange = sorted(str(key) for key in row if key not in (*_READ, *_SHOWN))
    if strange:
        raise UsageError(
            f"{place}: there is no key {strange[0][:40]!r}; there are {', '.join(_READ)}"
        )
    found = {key: _text(row, key, place) for key in _READ}
    if not found["question"]:
        raise UsageError(f"{place} names no `question`")
    if not found["text"] and not found["value"]:
        return None
    if not found["by"]:
        raise UsageError(f"{place} ({found['question'][:40]}): `by` must say who answered")
    return found["question"], found["server"], Filled(found["text"], found["by"], found["value"])


def _text(row: Mapping[Any, Any], key: str, place: str) -> str:
    value = row.get(key)
    # NOTE: YAML reads a bare Yes as true.
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if value is not None and not isinstance(value, str | int | float):
        raise UsageError(f"{place}: `{key}` must be one text")
    text = "" if value is None else str(value).strip()
    if len(text) > LONGEST:
        raise UsageError(f"{place}: `{key}` has more than {LONGEST:,} characters")
    return text


def sheet(form: str, asked: Iterable[tuple[Question, Answer]]) -> str:
    """Return a sheet with the questions that wait for a person, to be filled in."""
    head = textwrap.fill(
        "Fill in `text` and `by` (who answered), and `value` where certain words are accepted; "
        "leave empty what is not known yet. Then: extriage answers CASE --form FORM --fill FILE",
        width=96,
        initial_indent="# ",
        subsequent_indent="# ",
    )
    rows = [_blank(question, one) for question, one in asked]
    body = yaml.safe_dump(
        {"form": form, "answers": rows}, sort_keys=False, allow_unicode=True, width=96
    )
    return f"{head}\n{body}"


def _blank(question: Question, one: Answer) -> dict[str, Any]:
    row: dict[str, Any] = {"question": question.id}
    if one.server:
        row["server"] = one.server
    row["asked"] = f"{question.number}: {question.text}"
    if question.options:
        row["accepted"] = list(question.options)
        row["value"] = ""
    known = [one.value, one.text, *one.known] if one.value else [one.text, *one.known]
    if told := [text for text in known if text]:
        row["what_the_case_tells"] = told
    return {**row, "text": "", "by": ""}
