"""What the text of a line says of an intruder's habits: passwords, routing, programs, domains.

Lines of evidence are hostile and were cut short; what is read here is bounded, and every pattern
runs in time that grows with the text only.
"""

import hashlib
import re
from collections.abc import Iterator

from extriage.analysis.objectkeys import path_key
from extriage.knowledge.clusterfeatures import is_common_place, is_generic
from extriage.knowledge.executed import is_executed

TEXT_LIMIT = 4000
VALUE_LIMIT = 200
_EACH = 20
"""So many values of one kind are taken from one text."""

_QUOTES = (("&quot;", '"'), ("&#34;", '"'), ("&#39;", "'"), ("%22", '"'), ("%27", "'"))
_ESCAPED = re.compile(r"\\{1,4}([\"'])|\\{1,4}u00(22|27|3c|3e)")
_DOUBLED = re.compile(r'"{2,4}|\'{2,4}')
_PARAMETER = re.compile(
    r"\brequest\s{0,4}(?:\.\s{0,4}(?:item|form|querystring|params|headers|cookies)\s{0,4})?"
    r"[\[(]\s{0,4}([\"'])([^\"'\r\n]{1,200})\1",
    re.IGNORECASE,
)
_JUNK_HOST = re.compile(r"https?://([\w.-]{1,100})/?#[^\s]{0,40}<", re.IGNORECASE)
_PREFIX = re.compile(r"\b(?:ServerInfo|Server)~([^\s@/:~,;\"]{1,40}@|localhost\b)", re.IGNORECASE)
_VERSION = re.compile(r"TargetServerVersion=([\w.]{1,30})|#?~(19[0-9]{8})(?![0-9])")
_PROGRAM = re.compile(
    r"\b(?:Image|NewProcessName|ProcessName|TargetFilename|ImagePath|ServiceName|ObjectName|Path)"
    r"=\"?([a-z]:\\[^\"<>|*?\r\n=]{1,220}?\.(?:exe|dll|ps1|bat|cmd|vbs|sys|msi|hta))\b",
    re.IGNORECASE,
)
_TYPED = re.compile(
    r"([a-z]:\\[^\"'<>|*?\r\n= ,;]{1,220}?\.(?:exe|dll|ps1|bat|cmd|vbs|sys|msi|hta))\b",
    re.IGNORECASE,
)
_COMMAND = re.compile(r"\b(?:CommandLine|ScriptBlockText|HostApplication)=", re.IGNORECASE)
_ADDRESS_OF_COMMAND = re.compile(r"\b(?:https?|ftp)://([\w.-]{4,253})", re.IGNORECASE)
_EXPORT = re.compile(
    r"\bFilePath(?:Name)?[ =:]{1,3}[\"']{0,2}([^\"'\r\n<>|*?]{1,300}?\.[a-z0-9]{1,8})"
    r"(?=[\"'\s;]|$)",
    re.IGNORECASE,
)
_IMAGE = re.compile(
    r"\b(?:Image|ImageLoaded|NewProcessName)=\"?([a-z]:\\[^\"<>|*?\r\n=]{1,220}?\.\w{3})\b", re.I
)
_SHA256 = re.compile(r"\bSHA256=([0-9a-f]{64})(?![0-9a-f])", re.IGNORECASE)
_EMPTY_HOST = re.compile(r"^[\d.]+$")


def digest_of(value: str) -> str:
    """Return the SHA-256 of a value, to be told where the value itself must not be."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()


def parameters_in(text: str) -> Iterator[str]:
    """Yield the names by which a page takes its orders from a request: a shell's password."""
    text = text[:TEXT_LIMIT]
    if "equest" not in text.lower():
        return
    for at, found in enumerate(_PARAMETER.finditer(_unquoted(text))):
        if at >= _EACH:
            return
        if value := found[2].strip().rstrip("\\"):
            yield value


def routing_in(summary: str) -> Iterator[tuple[str, str]]:
    """Yield what forged routing shows of the tool: the junk before the host, the target version."""
    text = summary[:TEXT_LIMIT]
    if "~" not in text or "erver" not in text:
        return
    prefix = _PREFIX.search(text)
    if prefix is None:
        return
    yield "routing-prefix", prefix[1].lower()
    for found in _VERSION.finditer(text[:TEXT_LIMIT]):
        yield "routing-version", found[1] or found[2]
        return


def planted_hosts_in(text: str) -> Iterator[str]:
    """Yield the host of a URL with markup behind it, as it was planted in a virtual directory."""
    text = text[:TEXT_LIMIT]
    if "://" not in text or "<" not in text:
        return
    found = _JUNK_HOST.search(text)
    if found:
        yield found[1].lower()


def programs_in(summary: str) -> Iterator[tuple[str, str]]:
    """Yield programs that a line names, by name and by place, but for those of the system."""
    text = summary[:TEXT_LIMIT]
    if ":\\" not in text:
        return
    for at, found in enumerate((*_PROGRAM.finditer(text), *_TYPED.finditer(text))):
        if at >= _EACH:
            return
        path = path_key(found[1])[:VALUE_LIMIT]
        if not is_common_place(path):
            yield "tool", path.rpartition("/")[2]
            yield "tool-path", path


def domains_in(summary: str) -> Iterator[str]:
    """Yield the hosts of addresses in a command."""
    text = summary[:TEXT_LIMIT]
    command = _COMMAND.search(text) if "://" in text else None
    if command is None:
        return
    for at, found in enumerate(_ADDRESS_OF_COMMAND.finditer(text, command.end())):
        host = found[1].lower().strip(".-")
        if at < _EACH and "." in host and not _EMPTY_HOST.match(host):
            yield host


def exports_in(summary: str) -> Iterator[str]:
    """Yield the names of files that a cmdlet was to write a mailbox to; pages are none of them."""
    text = summary[:TEXT_LIMIT]
    if "ilePath" not in text and "filepath" not in text.lower():
        return
    for at, found in enumerate(_EXPORT.finditer(text)):
        name = re.split(r"[\\/]", found[1])[-1].lower()
        if at < _EACH and name and not is_executed(name):
            yield name


def content_in(summary: str, text: str) -> str:
    """Return the SHA-256 that an event tells of the program that it is about; empty if none.

    What Windows and administrators bring is left out: it is the same on every server.
    """
    text = text[:TEXT_LIMIT]
    found = _SHA256.search(text) if "SHA256=" in text else None
    image = _IMAGE.search(summary[:TEXT_LIMIT]) if found else None
    if found is None or image is None or is_generic("tool-path", path_key(image[1])):
        return ""
    return found[1].lower()


def _unquoted(text: str) -> str:
    """Write quotes as the page has them: logs double, escape or encode them."""
    for written, plain in _QUOTES:
        if written in text:
            text = text.replace(written, plain)
    if "\\" in text:
        text = _ESCAPED.sub(_plain, text)
    return _DOUBLED.sub(lambda found: found[0][0], text)


def _plain(found: re.Match[str]) -> str:
    return found[1] or {"22": '"', "27": "'", "3c": "<", "3e": ">"}[found[2].lower()]
