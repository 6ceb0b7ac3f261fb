"""Peer: unpack a gz, zip or tar.gz file with the fastest library that is here, and count the bytes.

Nothing is done with what comes out. Prints the bytes and the library.

    python benchmarks/peer_unpack.py FILE
"""

import importlib
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

CHUNK = 64 << 10
MOST = 1 << 20
LIBRARIES = ("isal.isal_zlib", "zlib_ng.zlib_ng", "zlib")
_ZIP_HEAD = struct.Struct("<4s5H3I2H")


def library() -> Any:
    """Return the fastest library for deflate that is installed; all speak as zlib does."""
    for name in LIBRARIES:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise SystemExit("no library for deflate")


def unpacked(file: BinaryIO, windows: int, zlib: Any) -> Iterator[bytes]:
    """Yield what a deflated stream holds; `windows` is zlib's word for its frame."""
    inflater = zlib.decompressobj(windows)
    while not inflater.eof and (data := file.read(CHUNK)):
        while data and not inflater.eof:
            yield inflater.decompress(data, MOST)
            data = inflater.unconsumed_tail


def main(path: Path) -> None:
    """Unpack one file."""
    zlib = library()
    with path.open("rb") as file:
        windows = 31
        if path.suffix == ".zip":
            head = _ZIP_HEAD.unpack(file.read(_ZIP_HEAD.size))
            file.seek(head[9] + head[10], 1)
            windows = -15
        size = sum(len(piece) for piece in unpacked(file, windows, zlib))
    print(f"{size} {zlib.__name__}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
