"""Acts of Exchange's audit that PowerShell wrote as CLIXML: each object as a tree of values.

Reference: [MS-PSRP], section 2.2.5, the serialization format.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from extriage.parsers.base import DocumentError
from extriage.parsers.clixml import unescaped
from extriage.parsers.xmlstream import End, Start, elements

MOST_VALUES = 100_000
"""Values of one act."""
_HOLDERS = frozenset({"Props", "MS", "LST", "IE", "QUE", "STK", "DCT", "En", "TN", "TNRef", "Objs"})


@dataclass(slots=True)
class _Object:
    name: str
    line: int
    values: dict[str, Any] = field(default_factory=dict)
    listed: list[Any] = field(default_factory=list)
    text: str = ""

    def value(self) -> Any:
        """Return what the object stands for: its list, its properties, or its text."""
        if self.listed:
            return self.listed
        return self.values or self.text

    def hold(self, name: str, value: Any) -> None:
        if name:
            self.values.setdefault(name, value)
        else:
            self.listed.append(value)


def acts(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line and values of every object at the top, or in a list there.

    DocumentError where the text breaks.
    """
    open_objects: list[_Object] = []
    names: list[str] = []
    count = 0
    for event in elements(data):
        if isinstance(event, Start):
            name = unescaped(event.attributes.get("N", ""))
            names.append(name)
            if event.name == "Obj":
                open_objects.append(_Object(name, event.line))
            continue
        name = names.pop()
        if event.name != "Obj":
            count += _hold(open_objects, event, name)
            if count > MOST_VALUES:
                raise DocumentError(f"an act holds more than {MOST_VALUES:,} values")
            continue
        done = open_objects.pop()
        if open_objects and not _in_list(open_objects, done):
            open_objects[-1].hold(done.name, done.value())
        else:
            count = 0
            if done.values:
                yield done.line, done.values


def _in_list(open_objects: list[_Object], done: _Object) -> bool:
    """Tell whether an object stands in a list that is all of the file."""
    top = len(open_objects) == 1 and not open_objects[0].values
    return top and not done.name and bool(done.values)


def _hold(open_objects: list[_Object], event: End, name: str) -> int:
    if not open_objects or event.name in _HOLDERS or event.name == "T":
        return 0
    if event.name == "ToString":
        open_objects[-1].text = unescaped(event.text)
    else:
        open_objects[-1].hold(name, unescaped(event.text))
    return 1
