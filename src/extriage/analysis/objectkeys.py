r"""When are two names one object? A page on disk and the URL path that it answers to are one.

Each log calls a thing by another name: the disk by its path, the web log by its URL, a share by
`\\127.0.0.1\c$\…`, a cmdlet by what was typed. The key of an object is the name that all share.
"""

import re
from collections.abc import Sequence

from extriage.analysis.pageurl import Directory, page_of, url_of
from extriage.knowledge.executed import ANY_ENDING
from extriage.knowledge.persistence import PersistenceKind
from extriage.knowledge.shipped import is_shipped_url
from extriage.parsers.file_name import server_path

_COMPILED = re.compile(rf"^(.{{1,200}}{ANY_ENDING})\.[0-9a-f]{{6,16}}\.compiled$")
_SHARE = re.compile(r"^//[^/]+/([a-z])\$/")
_DRIVE = re.compile(r"^(?://[?.]/)?[a-z]:/")
_NEEDED = ("web.config", "global.asax")
_EXPANDED = {
    "%windir%": "/windows",
    "%systemroot%": "/windows",
    "%systemdrive%": "",
    "%programdata%": "/programdata",
    "%programfiles%": "/program files",
}
_DOMAIN = re.compile(r"@[\w.-]+|(?<![\\:\w.])[\w.]{1,64}\\(?=[\w$.-]+(?:[^\\\w$.-]|$))")
"""What follows an account's name or stands before it; paths have more than one backslash."""
_LIBRARY = re.compile(r"([^\\/\s\"'()=,;|<>]{1,120}\.(?:dll|exe|sys|ocx))\b")
_CANONICAL = re.compile(r"\b[\w-]{1,63}(?:\.[\w-]{1,63})+/(?:[^/,]{1,64}/){0,8}")
_COMMON_NAME = re.compile(
    r"\bcn=([^,]{1,100})(?:,(?:cn|ou)=[^,]{1,100}){0,20}(?:,dc=[\w-]{1,63}){0,20}"
)


def key_of(form: str, name: str, served: Sequence[Directory] = ()) -> str:
    """Return the name by which lines of different evidence are told to speak of one object."""
    if form == "page":
        return page_key(name, served)
    return {"path": path_key, "library": library_key, "name": name_key}[form](name)


def page_key(name: str, served: Sequence[Directory] = ()) -> str:
    """Return the URL path of a page in small letters; a path or bare name if no URL is known.

    `served` are folders that the configuration of IIS names besides those of every Exchange.
    """
    base = re.split(r"[\\/]", name.lower())[-1]
    if compiled := _COMPILED.match(base):
        return compiled[1]
    if _is_file(name):
        return url_of(name, served) or path_key(name)
    return page_of(name) or name.lower().partition("?")[0]


def is_served(name: str, served: Sequence[Directory] = ()) -> bool:
    """Tell whether the name of a page says which URL it answers to."""
    return bool(url_of(name, served)) if _is_file(name) else bool(page_of(name))


def is_needed(kind: PersistenceKind, name: str) -> bool:
    """Tell whether Exchange cannot do without an object, whatever was put into it."""
    if kind.form != "page":
        return kind.brings(name)
    page = page_key(name)
    return base_name(page) in _NEEDED or is_shipped_url(page) is True


def _is_file(name: str) -> bool:
    """Tell a path of the disk, or of the evidence, from a URL."""
    return "\\" in name or ":" in name[:4] or not name.startswith("/")


def path_key(name: str) -> str:
    """Return a file's path without drive and share, in small letters, with `/`.

    The path of a file in the evidence is that of the file on the server.
    """
    text = server_path(name.strip().strip("\"'")).replace("\\", "/").lower()
    for variable, folder in _EXPANDED.items():
        text = text.replace(variable, folder)
    return _DRIVE.sub("/", _SHARE.sub("/", text))


def library_key(name: str) -> str:
    """Return the file name of a library or program, in whatever folder; else the name itself."""
    found = _LIBRARY.findall(name.lower())
    return found[-1] if found else name_key(name)


def name_key(name: str) -> str:
    r"""Return a name in small letters without domain: `CONTOSO\jdoe` and `jdoe@contoso.example`."""
    text = " ".join(name.strip().strip("\"'").casefold().split())
    text = _COMMON_NAME.sub(r"\1", text)
    text = _CANONICAL.sub("", _DOMAIN.sub("", text))
    return text.strip("\\ ").rstrip("/") or name.casefold()


def base_name(key: str) -> str:
    """Return the last part of a key."""
    return key.rpartition("/")[2]
