"""Rule files: found, read within bounds, and cut into YAML documents.

Rule files come from strangers too. A file is refused when it is too large, nested so deeply that
the YAML library would fall over its own stack, or full of aliases that explode when they are
walked; only that file (or document) is lost, with its place and the reason.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import yaml
from sigma.exceptions import SigmaError
from sigma.rule.base import SigmaYAMLLoader, check_alias_expansion

from extriage.matchers.sigma.parts import RefusalError

LARGEST = 1024 * 1024
DEEPEST = 64
SUFFIXES = (".yml", ".yaml")


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document of a rule file, or the reason why it could not be read."""

    path: str
    stem: str
    line: int
    content: Any = None
    problem: str = ""


def read_documents(paths: Sequence[Traversable]) -> Iterator[Document]:
    """Return the documents of all rule files, in a fixed order."""
    for root in paths:
        for path, file in _rule_files(root, root.name):
            yield from _documents(path, file)


def _rule_files(place: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    if not place.is_dir():
        yield path, place
        return
    for child in sorted(place.iterdir(), key=lambda one: one.name):
        linked = isinstance(child, Path) and child.is_symlink()
        if (child.is_dir() and not linked) or child.name.lower().endswith(SUFFIXES):
            yield from _rule_files(child, f"{path}/{child.name}")


def _documents(path: str, file: Traversable) -> Iterator[Document]:
    stem = file.name.rpartition(".")[0] or file.name
    lines: list[int] = []
    number = 0
    try:
        text = _text(file)
        lines = _document_lines(text)
        for number, content in enumerate(yaml.load_all(text, Loader=SigmaYAMLLoader)):
            if content is not None:
                yield _checked(Document(path, stem, lines[number], content))
    except (OSError, RefusalError, yaml.YAMLError, ValueError, TypeError) as problem:
        line = lines[number] if number < len(lines) else 1
        yield Document(path, stem, _line(problem, line), problem=_said(problem))


def _text(file: Traversable) -> str:
    with file.open("rb") as stream:
        data = stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise RefusalError(f"the file is larger than {LARGEST} bytes")
    return data.decode("utf-8-sig")


def _document_lines(text: str) -> list[int]:
    """Return the line of each document, after a look at the nesting, which costs no stack."""
    lines: list[int] = []
    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.DocumentStartEvent):
                lines.append(event.start_mark.line + 1 if event.start_mark else 1)
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise RefusalError(f"nested deeper than {DEEPEST} levels")
    except yaml.YAMLError:
        # NOTE: loading breaks off at the same place and says so; what stands before it counts.
        return lines
    return lines


def _checked(document: Document) -> Document:
    try:
        check_alias_expansion(document.content)
    except SigmaError as problem:
        return Document(document.path, document.stem, document.line, problem=_said(problem))
    if not isinstance(document.content, dict):
        return Document(document.path, document.stem, document.line, problem="not a YAML map")
    return document


def _line(problem: Exception, otherwise: int) -> int:
    if isinstance(problem, yaml.MarkedYAMLError) and problem.problem_mark is not None:
        return int(problem.problem_mark.line) + 1
    return otherwise


def _said(problem: Exception) -> str:
    if isinstance(problem, yaml.MarkedYAMLError):
        return f"bad YAML: {problem.problem or problem.context}"
    if isinstance(problem, OSError):
        return f"cannot be read: {problem.strerror or problem}"
    return str(problem).partition("\n")[0][:300] or type(problem).__name__
