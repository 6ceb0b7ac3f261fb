"""Guards put around the library that reads disk images, where it trusts an image too much.

They change the library's own modules when those are loaded: decompression stops at a size that no
honest image reaches, and the reader of shadow copies neither prints nor leaves out blocks. The
modules are handed in; this one knows none of them.
"""

import zlib
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from extriage.errors import SourceError
from extriage.sources.limits import MIB

PIECE = 64 * MIB
"""What one compressed piece of an image may expand to: real ones are far smaller."""


class CarefulZlib:
    """What the library uses of zlib, for pieces that are no decompression bombs."""

    def decompress(self, data: bytes, wbits: int = zlib.MAX_WBITS, *_: object) -> bytes:
        """Decompress; SourceError if more comes out than an honest image holds in one piece."""
        machine = zlib.decompressobj(wbits)
        found = machine.decompress(data, PIECE)
        if machine.unconsumed_tail:
            raise SourceError("is damaged or forged: a piece of it expands without end")
        if not machine.eof:
            raise SourceError("is damaged: a piece of it cannot be decompressed")
        return found

    def __getattr__(self, name: str) -> object:
        return getattr(zlib, name)


def careful(module: ModuleType) -> None:
    """Let a module of the library decompress with care."""
    if not isinstance(vars(module)["zlib"], CarefulZlib):
        vars(module)["zlib"] = CarefulZlib()


class NothingFree:
    """Stands for the maps of free blocks of a shadow copy, which files never lie in.

    The library takes such a map the wrong way round; without any, a block that was free is read as
    it is now, as Windows does. https://github.com/libyal/libvshadow/blob/main/documentation/
    """

    def in_use(self, block: int) -> bool:
        """Say no: no block is left out."""
        return False


def tame(module: ModuleType, stores: Iterable[Any]) -> None:
    """Let the reader of shadow copies print nothing, and read blocks without maps of free ones."""
    vars(module).setdefault("print", lambda *_: None)
    for store in stores:
        store.bitmap = store.previous_bitmap = NothingFree()
