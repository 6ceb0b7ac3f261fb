"""YARA-X compiles rule files: all in one go, each file in a namespace of its own.

What a file defines (private rules, global rules, names) concerns that file alone, as if it were
run alone; a rule that does not compile costs only itself and those that rest on it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from extriage.matchers.yara.sources import YaraFile
from extriage.model.detection import RefusedRule

NOT_OFFERED = (
    *("androguard", "console", "crx", "cuckoo", "dex", "elf", "lnk", "macho", "magic", "time"),
    *("vt", "zip"),
)
"""Modules that say nothing of pages and assemblies; a rule that uses one is refused.

What rules may import: `pe`, `dotnet`, `math`, `hash`, `string`.
"""
EXTERNALS = ("filename", "filepath", "extension", "filetype", "owner", "md5")
"""Names that public rules expect to be told; `filetype` and `owner` are not known here."""
REASON_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Compiled:
    """The rules of some files, ready to be run."""

    rules: Any
    refused: tuple[RefusedRule, ...]


def compile_files(files: Sequence[YaraFile]) -> Compiled:
    """Compile rule files; what does not compile is named with its reason."""
    # NOTE: only who has files to look at, or rules of others, needs YARA-X.
    import yara_x  # noqa: PLC0415

    compiler = yara_x.Compiler(relaxed_re_syntax=True)
    # NOTE: a file that names another by path may be anywhere; who wants both names the folder.
    compiler.enable_includes(False)
    compiler.ignore_invalid_rules(True)
    compiler.max_warnings(1)
    for module in NOT_OFFERED:
        compiler.ignore_module(module)
    for name in EXTERNALS:
        compiler.define_global(name, "")
    refused: list[RefusedRule] = []
    for number, file in enumerate(files):
        refused += _add(compiler, namespace(number), file)
    return Compiled(compiler.build(), tuple(refused))


def namespace(number: int) -> str:
    """Return the namespace of a file by its position."""
    return f"f{number}"


def _add(compiler: Any, space: str, file: YaraFile) -> Iterable[RefusedRule]:
    """Add one file; yield what of it cannot run."""
    if file.problem:
        return [RefusedRule(file.stem, file.stem, file.path, file.problem, broken=True)]
    known, lost = len(compiler.errors()), len(compiler.ignored_rules())
    compiler.new_namespace(space)
    try:
        compiler.add_source(file.text)
    except Exception as error:
        reason = str(error).partition("\n")[0][:REASON_LIMIT]
        return [RefusedRule(file.stem, file.stem, file.path, reason, broken=True)]
    errors = list(compiler.errors()[known:])
    ignored = compiler.ignored_rules()[lost:]
    found = [
        RefusedRule(one.name, one.name, file.path, _ignored(one, errors), broken=_broken(one))
        for one in ignored
    ]
    # NOTE: what is left concerns no single rule: bad syntax, includes, unknown modules.
    rest = dict.fromkeys(map(_said, errors))
    found += [RefusedRule(file.stem, file.stem, file.path, one, broken=True) for one in rest]
    return found


def _broken(ignored: Any) -> bool:
    """Tell a rule that is wrong from one that asks for what is not offered."""
    return str(ignored.reason).endswith("CompileError")


def _ignored(ignored: Any, errors: list[Any]) -> str:
    """Say why a rule was left out, with the place of its error, which is thereby explained."""
    said = str(ignored.message or "does not compile").strip().partition("\n")[0]
    said = said.removeprefix("error: ")
    for at, error in enumerate(errors):
        if error.get("title") == said:
            return _said(errors.pop(at))
    return said[:REASON_LIMIT]


def _said(error: Any) -> str:
    line, labels = error.get("line"), error.get("labels") or [{}]
    place = f"line {line}: " if line else ""
    more = str(labels[0].get("text") or "").partition("\n")[0]
    said = f"{place}{error.get('title') or 'does not compile'}"
    return (f"{said} ({more})" if more else said)[:REASON_LIMIT]
