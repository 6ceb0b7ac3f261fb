r"""Which URL does a file of the server answer to, and which page does a URL name?

The front end serves `FrontEnd\HttpProxy`, the back end `ClientAccess`, both sites
`inetpub\wwwroot`; applicationHost.config may add folders of any place. A file is told by the part
of its path that stays the same wherever Exchange was installed and however the evidence was
collected. Sources: https://learn.microsoft.com/en-us/exchange/clients/default-virtual-directory-settings
and, for what IIS never serves,
https://learn.microsoft.com/en-us/iis/configuration/system.webserver/security/requestfiltering/hiddensegments/
"""

import posixpath
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from extriage.knowledge.executed import ENDING
from extriage.model.state import Fact, Subject
from extriage.parsers.file_name import server_path

_LONGEST = 1000
_PAGE_END = re.compile(rf"{ENDING}(?=[/;]|$)")
_HIDDEN = frozenset(
    {"bin", "app_code", "app_data", "app_browsers", "app_globalresources"}
    | {"app_localresources", "app_webreferences", "web.config"}
)
_NEVER_SERVED = (".ascx", ".asax", ".master", ".skin", ".browser", ".sitemap", ".config")
_STREAM = re.compile(r":[^/:]*(?::\$data)?$")
_COMPILED = "/temporary asp.net files/"
_SYSTEM_DRIVE = re.compile(r"^(?:%systemdrive%|[a-z]:)/")

_FRONT_END = {"sync": "microsoft-server-activesync", "rest": "api"}
_BACK_END = {
    "exchweb/ews": "ews",
    "sync": "microsoft-server-activesync",
    "powershell-proxy": "powershell",
    "rpcproxy": "rpc",
}
_ROOTS: tuple[tuple[re.Pattern[str], dict[str, str], bool], ...] = tuple(
    (re.compile(rf"(?:^|/){mark}/"), names, inside)
    for mark, names, inside in (
        ("frontend/httpproxy", _FRONT_END, True),
        ("clientaccess", _BACK_END, True),
        ("inetpub/wwwroot", {}, False),
    )
)
"""How a served folder ends, what its folders are called in URLs, and whether only what lies in one
of them is served."""
_LOOSE = re.compile(r"(?:^|/)(?:wwwroot/|(?=(?:aspnet_client|owa/auth|ecp/auth)/))")
"""What tells the place of a file of which only the last folders are known."""


@dataclass(frozen=True, slots=True)
class Directory:
    """A folder that IIS serves by its configuration."""

    folder: str
    """In small letters, with `/`, without drive and final `/`."""
    url: str
    """In small letters, without final `/`; empty for a whole site."""


def directories(facts: Iterable[Fact]) -> tuple[Directory, ...]:
    """Return the folders that the configuration names, the deepest first."""
    found = set[Directory]()
    for fact in facts:
        if fact.subject is Subject.VIRTUAL_DIRECTORY and fact.value:
            folder = _SYSTEM_DRIVE.sub("", _plain(fact.value)).strip("/")
            _, slash, below = fact.name.lower().partition("/")
            if folder and "%" not in folder:
                found.add(Directory(folder, f"{slash}{below}".rstrip("/")))
    return tuple(sorted(found, key=lambda one: (-len(one.folder), one.folder, one.url)))


def url_of(path: str, served: Sequence[Directory] = ()) -> str:
    """Return the URL path of a file in small letters; empty if it cannot be asked for.

    `path` is that of a file in the evidence or on the server, in any spelling: with drive, share
    or neither, `/` or a backslash between folders, below a collector's own folders.
    """
    plain = _normal(_plain(server_path(path[:_LONGEST])))
    if _COMPILED in f"/{plain}":
        return ""
    url = _configured(plain, served) or _usual(plain)
    parts = url.split("/")
    if not url or not _HIDDEN.isdisjoint(parts) or parts[-1].endswith(_NEVER_SERVED):
        return ""
    return url


@lru_cache(4096)
def page_of(stem: str) -> str:
    """Return the page that a requested URL path names, in small letters; empty if none.

    What follows the page's name is no part of it: `/oab/x.aspx/y` is answered by `/oab/x.aspx`.
    """
    if not stem.startswith(("/", "\\")):
        return ""
    url = f"/{_normal(stem[:_LONGEST].replace(chr(92), '/').lower()).strip('/')}"
    end = _PAGE_END.search(url)
    return url[: end.end()] if end else ""


@lru_cache(4096)
def file_of(stem: str) -> str:
    """Return the URL path of a file that is no page, in small letters; empty for anything else."""
    if not stem.startswith(("/", "\\")) or page_of(stem):
        return ""
    url = f"/{_normal(stem[:_LONGEST].replace(chr(92), '/').lower()).strip('/')}"
    return url if "." in url.rpartition("/")[2] else ""


def _plain(path: str) -> str:
    return path.replace("\\", "/").lower()


def _normal(path: str) -> str:
    """Undo `..`, doubled slashes, and what Windows ignores at the end of a name."""
    path = posixpath.normpath(path.rstrip(". \0/") or "/")
    folder, slash, name = path.rpartition("/")
    return f"{folder}{slash}{_STREAM.sub('', name).rstrip('. ')}"


def _configured(plain: str, served: Sequence[Directory]) -> str:
    for one in served:
        before, found, rest = f"/{plain}".partition(f"/{one.folder}/")
        # NOTE: above a folder of the configuration there is but a drive or a collector's folder.
        if found and rest and not before.endswith(("httpproxy", "clientaccess")):
            return f"{one.url}/{rest}"
    return ""


def _usual(plain: str) -> str:
    """Return the URL of a file by the folders of every Exchange server; the outermost counts."""
    found = [
        (match.start(), match.end(), names, inside)
        for mark, names, inside in _ROOTS
        if (match := mark.search(plain))
    ]
    if found:
        _, end, names, inside = min(found, key=lambda one: one[0])
        rest = plain[end:]
        return _renamed(rest, names) if not inside or "/" in rest else ""
    loose = _LOOSE.search(plain)
    return f"/{plain[loose.end() :]}" if loose else ""


def _renamed(rest: str, names: dict[str, str]) -> str:
    for folder, url in names.items():
        if rest.startswith(f"{folder}/"):
            return f"/{url}{rest[len(folder) :]}"
    return f"/{rest}"
