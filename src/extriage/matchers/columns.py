"""Tell by the bare columns of a row that it cannot meet a rule, before a record is made of it.

A record costs ten times what this does, and most rows with a rule's literals fail for something
plain: another method or status, a known program, an address of the own network.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from extriage.matchers.sigma import Target
from extriage.matchers.sigma.values import network_check
from extriage.matchers.sigma.ways import Bar, Way

Places: TypeAlias = Mapping[str, int]
"""Where each column stands in a row."""


def open_to(target: Target, places: Places, cells: Sequence[bytes]) -> bool:
    """Tell whether the columns of a row, in lower case, let it meet a rule."""
    for bar in target.bars():
        at = places.get(bar.column)
        if at is not None and _BARRED[bar.how](bar, cells[at]):
            return False
    return any(_fits(way, places, cells) for way in target.ways())


def _fits(way: Way, places: Places, cells: Sequence[bytes]) -> bool:
    for column, values in way.exact:
        at = places.get(column)
        # NOTE: a field that is no column may be made when the row is read.
        if at is not None and cells[at] not in values:
            return False
    return True


def _said(bar: Bar, cell: bytes) -> bytes:
    return cell.replace(b"+", b" ") if bar.blanks else cell


@lru_cache(maxsize=4096)
def _lies_in(network: bytes, cell: bytes) -> bool:
    return bool(network_check(network.decode())(cell.decode("ascii", "replace")))


_BARRED: dict[str, Callable[[Bar, bytes], bool]] = {
    "is": lambda bar, cell: _said(bar, cell) == bar.text,
    "starts": lambda bar, cell: _said(bar, cell).startswith(bar.text),
    "ends": lambda bar, cell: _said(bar, cell).endswith(bar.text),
    "holds": lambda bar, cell: bar.text in _said(bar, cell),
    "lies in": lambda bar, cell: _lies_in(bar.text, cell),
}
