"""Disk images: the volumes in them, their file systems and shadow copies, read in place.

What goes wrong in the library, whatever it is, comes out as `SourceError`; loops and endless
structures are cut off (`sources.images.handle`).
"""

from extriage.errors import SourceError
from extriage.sources.images.careful import tame
from extriage.sources.images.containers import Disk
from extriage.sources.images.diskformats import Parts
from extriage.sources.images.filesystem import FileSystem, Foreign, Node
from extriage.sources.images.handle import Files, Metered, Placed, Purse, guarded
from extriage.sources.images.library import library
from extriage.sources.images.partitions import Partition, Volume, fill_in, partitions

_SHADOWS = 0x1E00
_SHADOW_MARK = b"\x6b\x87\x08\x38\x76\xc1\x48\x4e\xb7\xae\x04\x04\x6e\x6c\xc7\x52"
_MOST_SHADOWS = 512


class Image:
    """An open disk image."""

    def __init__(self, parts: Parts) -> None:
        """Open it; SourceError if it cannot be, or if the library for it is not installed."""
        library("dissect.target.filesystem")
        self._files = Files()
        self._purse = Purse()
        self._copies: dict[int, Foreign] = {}
        try:
            with guarded(self._purse):
                disk = Disk(parts, self._files, self._purse)
                self.cut = disk.cut
                """Bytes that its files lack of what they should hold."""
                self._disk = disk.data
                self._partitions = partitions(self._disk)
        except BaseException:
            self._files.close()
            raise

    def __enter__(self) -> "Image":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its files."""
        self._files.close()

    @property
    def size(self) -> int:
        """Return the size of the disk in bytes."""
        return self._disk.size

    def volumes(self) -> list[Volume]:
        """Return all volumes as they are now; those that cannot be read say why."""
        return [self.volume(number) for number in range(1, len(self._partitions) + 1)]

    def volume(self, number: int, copy: int = 0) -> Volume:
        """Open a volume or one of its shadow copies; what is wrong is in its `trouble`."""
        if not 0 < number <= len(self._partitions):
            return Volume(number, copy, 0, b"", trouble="is not in the image any more")
        part = self._partitions[number - 1]
        made = Volume(number, copy, part.size, part.identity, cut=part.cut)
        try:
            with guarded(self._purse):
                if copy:
                    store = self._stores(number)[copy - 1 :][0]
                    made.created = (store.creation_time - 116_444_736_000_000_000) * 100
                    fill_in(made, store.open(), self._purse, part)
                else:
                    fill_in(made, self._plain(part), self._purse, part)
        except SourceError as error:
            made.trouble = str(error)
        return made

    def shadows(self, number: int) -> int:
        """Return how many shadow copies a volume has; SourceError if that cannot be told."""
        with guarded(self._purse):
            return len(self._stores(number))

    def _plain(self, part: Partition) -> Placed:
        return Metered(self._disk, part.size, self._purse, part.offset)

    def _stores(self, number: int) -> Foreign:
        if number not in self._copies:
            fh = self._plain(self._partitions[number - 1])
            fh.seek(_SHADOWS)
            head = fh.read(56)
            stores = []
            if head[:16] == _SHADOW_MARK and head[48:] not in (b"", bytes(8)):
                module = library("dissect.volume.vss")
                stores = module.VSS(fh).catalog.stores
                tame(module, stores)
            if len(stores) > _MOST_SHADOWS:
                raise SourceError("has more shadow copies than Windows makes")
            self._copies[number] = stores
        return self._copies[number]


def registry_values(files: FileSystem, hive: Node, key: str) -> dict[str, bytes | str]:
    """Return the texts and bytes of a key of a registry hive; SourceError if that cannot be."""
    source = files.opened(hive).source
    with guarded(files.purse):
        found = library("dissect.regf.regf").RegistryHive(source).open(key).values()
        values = {str(value.name).lower(): value.value for value in found}
    return {name: value for name, value in values.items() if isinstance(value, bytes | str)}
