"""Regular expressions of rules, on RE2: no pattern can make a search explode, and none is noisy.

RE2 would write its complaints, with the rule's text in them, straight to standard error.
"""

from collections.abc import Callable
from typing import Any

import re2

from extriage.matchers.sigma.parts import RefusalError


def compile_quietly(pattern: str) -> Any:
    """Compile a pattern; `re2.error` says in plain text what is wrong with it."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as problem:
        said = problem.args[0] if problem.args else "not valid"
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise re2.error(text) from None


def searcher(pattern: str) -> Callable[[str], object]:
    """Return what searches a text for a regular expression."""
    try:
        search = compile_quietly(pattern).search
    except re2.error as problem:
        raise RefusalError(f"regular expression {pattern[:80]!r}: {problem}") from problem

    def found(text: str) -> object:
        try:
            return search(text)
        except UnicodeEncodeError:
            # NOTE: JSON may hold half of a surrogate pair, which has no UTF-8 form.
            return search(text.encode("utf-8", "replace").decode("utf-8"))

    return found
