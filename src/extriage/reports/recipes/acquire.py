"""Arguments for acquire, as a file that it reads itself: `acquire @exchange.args`.

One argument a line, so that blanks in paths need no quotes on any shell. acquire does not look at
the age of files; of folders with many sorts of files it takes all. Reference: https://docs.dissect.tools/en/latest/tools/acquire.html
"""

from collections.abc import Iterator

from extriage.reports.recipes.choice import Choice, folders

_METADATA = frozenset({"$MFT", "$UsnJrnl:$J"})
_ALL = ("*",)
_FEW = 3
"""Patterns that are looked for in a tree one by one; acquire walks it once for each."""


def render(choice: Choice) -> str:
    """Return the arguments, one a line; the file must hold nothing else."""
    return "".join(f"{argument}\n" for argument in arguments(choice))


def arguments(choice: Choice) -> Iterator[str]:
    """Yield the arguments: no profile of acquire's own, and every folder that is read."""
    # NOTE: "=" keeps a value that begins with a dash a value.
    yield "--profile=none"
    yield "--volatile-profile=none"
    metadata = False
    for one in folders(choice):
        if _METADATA.intersection(one.patterns):
            metadata = True
        elif one.deep and (one.patterns == _ALL or len(one.patterns) > _FEW):
            yield f"--path={one.folder}"
        else:
            deep = "/**" if one.deep else ""
            yield from (f"--glob={one.folder}{deep}/{pattern}" for pattern in one.patterns)
    if metadata:
        yield "--ntfs"
