r"""Would this evidence hold that file, if it were on the server?

A file that is missing in the later evidence is gone only if the later evidence was collected where
it lay. That is told by what lies beside it: its folder holds other files, no fewer than half of
those that the other evidence has there. A folder that held nothing else is told by the folder
around it, if that was collected with what is below it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from extriage.analysis.objectkeys import path_key
from extriage.analysis.pageurl import url_of
from extriage.model.evidence import Entry
from extriage.parsers.file_name import server_path

_CLIMBED = 3
"""Folders around an empty one that are asked."""
_COPIES = ("shadowcopy", "/windows.old/", "/$recycle.bin/")
"""Places of files that were served once."""
_BROKEN = ("partial", "unreadable")


@dataclass(frozen=True, slots=True)
class Places:
    """The files of one server's evidence, by where they lay on the server."""

    files: Mapping[str, Entry]
    urls: Mapping[str, Entry]
    """Files that the web server hands out, by URL path in small letters."""
    folders: Mapping[str, frozenset[str]]
    """Folder to the keys of the files that lie directly in it."""
    above: Mapping[str, frozenset[str]]
    """Folder to the folders directly in it that hold a file somewhere below."""
    broken: tuple[str, ...]
    """Archives, as `x.zip!/`, that were not read to their end: what they lack is not gone."""

    def file(self, key: str, url: str = "") -> Entry | None:
        """Return the file at a place, or that answers to a URL."""
        return self.files.get(key) or (self.urls.get(url) if url else None)

    def is_broken(self, keys: Iterable[str]) -> bool:
        """Tell whether one of these files comes out of an archive that was not read to its end."""
        paths = [self.files[key].path for key in keys if key in self.files]
        return any(path.startswith(self.broken) for path in paths) if self.broken else False


def places_of(entries: Iterable[Entry]) -> Places:
    """Sort the files of one server's evidence by their places."""
    files: dict[str, Entry] = {}
    urls: dict[str, Entry] = {}
    folders: dict[str, set[str]] = defaultdict(set)
    above: dict[str, set[str]] = defaultdict(set)
    broken = []
    for entry in entries:
        key = place_key(entry.path)
        files.setdefault(key, entry)
        folders[_folder(key)].add(key)
        if (url := url_of(entry.path)) and not any(mark in key for mark in _COPIES):
            urls.setdefault(url, entry)
        if entry.status in _BROKEN:
            broken.append(f"{entry.path}!/")
    for folder in list(folders):
        inner = folder
        while outer := _folder(inner):
            above[outer].add(inner)
            inner = outer
    return Places(
        files, urls, _frozen(folders), _frozen(above), tuple(dict.fromkeys(broken))
    )  # fmt: skip


def place_key(path: str) -> str:
    r"""Return where a file lay, whatever the collection is called: `/inetpub/wwwroot/x.aspx`.

    `path` is that of a file in the evidence or on the server. Where no folder tells the drive, the
    path below what was scanned stands for it.
    """
    if "\\" in path or server_path(path)[1:2] == ":":
        return "/" + path_key(path).lstrip("/")
    return "/" + (path.partition("/")[2] or path).lower()


def would_hold(key: str, here: Places, there: Places, foreign: Iterable[str] = ()) -> bool:
    """Tell whether `here` would hold a file that `there` holds, or held, if it were on the server.

    `foreign` are files of intruders: nobody expects them to be still in their folders, and one of
    them does not show that its folder was collected.
    """
    apart = frozenset(foreign) | {key}
    inner, folder = key, _folder(key)
    for climbed in range(_CLIMBED + 1):
        if not folder:
            return False
        mine, theirs = (one.folders.get(folder, frozenset()) - apart for one in (here, there))
        if mine or theirs:
            whole = 2 * len(mine & theirs) >= len(theirs) and not here.is_broken(mine)
            return (
                bool(mine) and whole and (not climbed or _with_folders(folder, inner, here, there))
            )
        inner, folder = folder, _folder(folder)
    return False


def _with_folders(folder: str, inner: str, here: Places, there: Places) -> bool:
    """Tell whether a folder was collected with the folders in it."""
    others = there.above.get(folder, frozenset()) - {inner}
    return bool(here.above.get(folder)) or not others


def _folder(key: str) -> str:
    return key.rpartition("/")[0]


def _frozen(found: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(values) for name, values in found.items()}
